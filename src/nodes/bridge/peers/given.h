/*
 * The tickets that a node was given, for as long as they are good: for its ids as a peer, and for
 * files of models. What other nodes say of one of its ids is said of the node, and what it says of
 * a peer counts only for files that it may load. Pure.
 */
#ifndef WI_NODES_BRIDGE_PEERS_GIVEN_H
#define WI_NODES_BRIDGE_PEERS_GIVEN_H

#include "base/hash.h"
#include <stdint.h>

/* A node has so many ids at a time: a page has one, and another when it is loaded again. None is
 * dropped before its ticket has ended, so that no node gets rid of an id by asking for others. */
#define WI_GIVEN_IDS 8
/* So many files are remembered of a node. The oldest is dropped, and then the node cannot accuse a
 * peer for that file until it has asked for a ticket again. */
#define WI_GIVEN_FILES 64

/* Zero-initialise. Times are in ms. */
struct wi_given {
    struct wi_given_ticket {
        char name[WI_HASH_HEX_SIZE]; /* the id or the file's SHA-256; "": none */
        int64_t until;
    } _ids[WI_GIVEN_IDS], _files[WI_GIVEN_FILES];
};

/* Whether the node may have a ticket for that id, good until `until`, which is noted then; not if
 * it has WI_GIVEN_IDS others. */
int wi_given_add_id(struct wi_given *given, const char *id, int64_t now, int64_t until);
int wi_given_has_id(const struct wi_given *given, const char *id, int64_t now);
/* The node gets a ticket for the file with that SHA-256, good until `until`. */
void wi_given_add_file(struct wi_given *given, const char *file, int64_t until);
int wi_given_has_file(const struct wi_given *given, const char *file, int64_t now);

#endif
