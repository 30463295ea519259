/*
 * Secrets that the bridge issues. Only their hashes are kept, and every look-up compares all
 * candidates in constant time, so that neither a core dump nor timing reveals one.
 */
#ifndef WI_NODES_BRIDGE_TOKENS_H
#define WI_NODES_BRIDGE_TOKENS_H

#include "base/hash.h"
#include "base/secret.h"
#include "nodes/bridge/bridge_reading.h"
#include "settings/config/api_tokens.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* One-time tokens of sessions that were started and have not announced their node.
 * Zero-initialise. */
struct wi_tokens {
    struct wi_expected *items;
    size_t count;
};

/* The purpose of a spent token. */
struct wi_spent {
    char session[WI_ID_SIZE];
    char kind[32];
    char version[64]; /* of the browser, as its driver reports it; "": use the page's report */
};

/* Makes a new token for the session, which replaces an earlier one. `now_ms` is monotonic. */
void wi_tokens_expect(struct wi_tokens *tokens, const char *session, const char *kind,
    const char *version, double now_ms, int64_t ttl_ms, char token[WI_TOKEN_SIZE]);
/* Returns 0 and the token's purpose, or -1 if the token is unknown, spent, revoked or expired. */
int wi_tokens_spend(
    struct wi_tokens *tokens, const char *token, double now_ms, struct wi_spent *spent);
void wi_tokens_revoke(struct wi_tokens *tokens, const char *session);
void wi_tokens_clear(struct wi_tokens *tokens);

/* A secret that is renewed. Its holder may still present the previous one, because the message with
 * the new one can be lost with the socket. Zero-initialise: it matches nothing. */
struct wi_renewed {
    unsigned char current[WI_HASH_SIZE], previous[WI_HASH_SIZE];
    int has_current, has_previous;
};

void wi_renewed_new(struct wi_renewed *secret, char token[WI_TOKEN_SIZE]);
int wi_renewed_matches(const struct wi_renewed *secret, const unsigned char hash[WI_HASH_SIZE]);

/* --- joins.c: secrets with which nodes join that others have started -------------------------- */

/* There are two kinds. A join token admits a limited number of nodes at a time, until it expires; a
 * node that leaves makes its place free again. A node token, from the tokens file, admits any
 * number of nodes until it is removed from the file. */

#define WI_JOINS_MAX 256 /* join tokens that are valid or in use */

/* Zero-initialise. */
struct wi_joins {
    struct wi_join *items;
    size_t count;
};

enum wi_join_verdict { WI_JOIN_OK, WI_JOIN_UNKNOWN, WI_JOIN_FULL };

/* 0 and the new token with its id, or -1 if there are too many. Times are monotonic. */
int wi_joins_add(struct wi_joins *joins, size_t nodes, double now_ms, int64_t ttl_ms,
    char id[WI_ID_SIZE], char token[WI_TOKEN_SIZE]);
/* Takes a place; on WI_JOIN_OK `id` names the token, for wi_joins_release. */
enum wi_join_verdict wi_joins_take(
    struct wi_joins *joins, const char *token, double now_ms, char id[WI_ID_SIZE]);
/* The loop's time that the nodes of that token, which was taken, have used; borrowed. */
struct wi_reading_token *wi_joins_reading(const struct wi_joins *joins, const char *id);
void wi_joins_release(struct wi_joins *joins, const char *id); /* unknown ids are fine */
int wi_joins_revoke(struct wi_joins *joins, const char *id);   /* 0, or -1: unknown */
/* Makes the entries of `tokens` with the rank WI_RANK_NODE the node tokens. Each former node token
 * that is not among them is revoked, and `on_revoked` is called with its id. Those that remain keep
 * their nodes. */
void wi_joins_set_node_tokens(struct wi_joins *joins, const struct wi_api_tokens *tokens,
    void (*on_revoked)(void *context, const char *id), void *context);
/* The name of a node token in the tokens file, borrowed; "" for a join token and for an unknown
 * id. */
const char *wi_joins_name(const struct wi_joins *joins, const char *id);
/* Whether it is one of the node tokens. */
int wi_joins_is_node_token(const struct wi_joins *joins, const char *token);
/* The join tokens, without the node tokens: [{"id","nodes","joined","expires_at"}]. */
json_t *wi_joins_json(const struct wi_joins *joins, double now_ms);
/* The node tokens: [{"name","joined"}]. */
json_t *wi_joins_node_tokens_json(const struct wi_joins *joins);
void wi_joins_clear(struct wi_joins *joins);

#endif
