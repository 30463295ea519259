/*
 * The kinds of browsers that the own daemon can lend, and what a node of each announces. Pure: it
 * reads answers of the own daemon, and knows no sockets.
 */
#ifndef WI_UPLINK_KINDS_H
#define WI_UPLINK_KINDS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a kind's name, with the NUL, as webinfer-protocol(7) limits a browser's name. */
#define WI_UPLINK_KIND_SIZE 32

/* A kind of browser as the own daemon describes it. */
struct wi_uplink_kind {
    char name[WI_UPLINK_KIND_SIZE];
    uint64_t own, joined; /* nodes that take work now: the daemon's own browsers, and others */
    uint64_t may;         /* own ones that it may have; 0 where it can start none */
    const json_t *sample; /* what says what it can: a node, or `abilities` of the kind; borrowed */
    int rank;             /* of the sample; 0: there is none, so what it can is not known */
};

/* Reads the rows of GET /v1/nodes and the answer of GET /v1/status into a list, which the caller
 * frees. Nodes that are relays themselves are left out. `samples` is an object with the ids of the
 * nodes that were samples in the list before, by kind: they stay so, and those of this list replace
 * them. */
struct wi_uplink_kind *wi_uplink_kinds_read(
    const json_t *nodes, const json_t *status, json_t *samples, size_t *count);
/* How many nodes of the kind can be lent, at most `most`. */
uint64_t wi_uplink_kind_slots(const struct wi_uplink_kind *kind, uint64_t most);
/* The JSON of data.capabilities for a node of that kind: its sample's platforms and engines, with
 * the slots of `slots` nodes. The caller frees. */
char *wi_uplink_kind_capabilities(
    const struct wi_uplink_kind *kind, const char *lender, uint64_t slots);

#endif
