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
    uint64_t able;        /* nodes that take work now */
    uint64_t may;         /* browsers that the daemon may start; 0 where it cannot start any */
    const json_t *sample; /* a node that takes work; borrowed; NULL: there is none */
};

/* Reads the rows of GET /v1/nodes and `kinds` of GET /v1/status into a list, which the caller
 * frees. Nodes that are relays themselves are left out. */
struct wi_uplink_kind *wi_uplink_kinds_read(
    const json_t *nodes, const json_t *kinds, size_t *count);
/* How many nodes of the kind can be lent. */
uint64_t wi_uplink_kind_slots(const struct wi_uplink_kind *kind, uint64_t most);
/* The JSON of data.capabilities for a node of that kind: its sample's platforms and engines, with
 * the slots of `slots` nodes. The caller frees. */
char *wi_uplink_kind_capabilities(
    const struct wi_uplink_kind *kind, const char *lender, uint64_t slots);

#endif
