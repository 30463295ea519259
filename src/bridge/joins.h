/*
 * Join tokens: secrets with which nodes come in that somebody else started. Each is good for so
 * many nodes at a time and until some moment; a node that goes makes its place free again. As with
 * tokens.h only hashes are kept, and every look-up compares all of them in constant time.
 */
#ifndef WI_BRIDGE_JOINS_H
#define WI_BRIDGE_JOINS_H

#include "base/secret.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define WI_JOINS_MAX 256 /* tokens that are good or in use */

/* Zero-initialise. */
struct wi_joins {
    struct wi_join *items;
    size_t count;
};

enum wi_join_verdict { WI_JOIN_OK, WI_JOIN_UNKNOWN, WI_JOIN_FULL };

/* 0 and the new token with its id, or -1 if there are too many. Times are monotonic. */
int wi_joins_add(struct wi_joins *joins, size_t nodes, double now_ms, int64_t ttl_ms,
    char id[WI_ID_SIZE], char token[WI_TOKEN_SIZE]);
/* Takes a place; on WI_JOIN_OK `id` says with which token, for wi_joins_release. */
enum wi_join_verdict wi_joins_take(
    struct wi_joins *joins, const char *token, double now_ms, char id[WI_ID_SIZE]);
void wi_joins_release(struct wi_joins *joins, const char *id); /* unknown ids are fine */
int wi_joins_revoke(struct wi_joins *joins, const char *id);   /* 0, or -1: unknown */
json_t *wi_joins_json(const struct wi_joins *joins, double now_ms);
void wi_joins_clear(struct wi_joins *joins);

#endif
