/*
 * Secrets that the bridge issues. Only their hashes are kept, and every look-up compares all
 * candidates in constant time, so that neither a core dump nor timing reveals one.
 */
#ifndef WI_NODES_BRIDGE_TOKENS_H
#define WI_NODES_BRIDGE_TOKENS_H

#include "base/hash.h"
#include "base/secret.h"
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
    char gpu[64];     /* the device of the only GPU that it may open; "": any */
};

/* Makes a new token for the session, which replaces an earlier one. `now_ms` is monotonic. */
void wi_tokens_expect(struct wi_tokens *tokens, const char *session, const char *kind,
    const char *version, const char *gpu, double now_ms, int64_t ttl_ms, char token[WI_TOKEN_SIZE]);
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

#endif
