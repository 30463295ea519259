/*
 * Join tokens that the members of a cluster share. Each is a row (cluster/join_row.h): a node may
 * join at any member, and the token's places are those of all together. A daemon takes places and
 * gives them back by the row's revision, so that no place is taken twice. Places that it holds go
 * to its nodes without asking, also while the servers are away. The first living member gives back
 * the places of a member whose claim has lapsed; if that one lives after all, it takes its places
 * again, or sends as many nodes away as have lost theirs.
 */
#ifndef WI_NODES_BRIDGE_SHARED_JOINS_H
#define WI_NODES_BRIDGE_SHARED_JOINS_H

#include "nodes/bridge/joins/joins_private.h"

/* From now on join tokens are those of the rows, which are borrowed until wi_joins_unshare. */
void wi_joins_share(
    struct wi_joins *joins, struct wi_rows *rows, const struct wi_joins_events *events);
void wi_joins_unshare(struct wi_joins *joins);
/* Calls `done` once, on the loop, never from inside, when the members know what was just done with
 * that shared token (wi_joins_add, wi_joins_revoke), or with why they do not. */
void wi_joins_await(struct wi_joins *joins, const char *id, wi_job_store_done_fn *done, void *data);

/* For joins.c. Takes a place. */
enum wi_join_verdict wi_joins_ask(struct wi_joins *joins, struct wi_join *join);
/* After a node has gone. */
void wi_joins_settle(struct wi_joins *joins, const char *id);
/* Tells the members of a new token, which expires then (Unix milliseconds). */
void wi_joins_publish(struct wi_joins *joins, struct wi_join *join, int64_t expires_at);
void wi_joins_withdraw(struct wi_joins *joins, struct wi_join *join);
/* The nodes that have joined with it at all members. */
size_t wi_joins_everywhere(const struct wi_join *join);

#endif
