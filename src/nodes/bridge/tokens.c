/* One-time and renewed secrets; see tokens.h. */
#include "nodes/bridge/tokens.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wi_expected {
    unsigned char hash[WI_HASH_SIZE];
    double expires_ms;
    struct wi_spent owner;
};

static void token_drop(struct wi_tokens *tokens, size_t index)
{
    tokens->items[index] = tokens->items[--tokens->count];
}

void wi_tokens_expect(struct wi_tokens *tokens, const char *session, const char *kind,
    const char *version, const char *gpu, double now_ms, int64_t ttl_ms, char token[WI_TOKEN_SIZE])
{
    wi_tokens_revoke(tokens, session);
    tokens->items = wi_realloc_array(tokens->items, tokens->count + 1, sizeof *tokens->items);
    struct wi_expected *item = &tokens->items[tokens->count++];
    memset(item, 0, sizeof *item);
    wi_token_new(token);
    wi_hash(token, strlen(token), item->hash);
    item->expires_ms = now_ms + (double)ttl_ms;
    snprintf(item->owner.session, sizeof item->owner.session, "%s", session);
    snprintf(item->owner.kind, sizeof item->owner.kind, "%s", kind);
    snprintf(item->owner.version, sizeof item->owner.version, "%s", version);
    snprintf(item->owner.gpu, sizeof item->owner.gpu, "%s", gpu);
}

int wi_tokens_spend(
    struct wi_tokens *tokens, const char *token, double now_ms, struct wi_spent *spent)
{
    unsigned char hash[WI_HASH_SIZE];
    size_t found = SIZE_MAX;
    wi_hash(token, strlen(token), hash);
    for (size_t i = 0; i < tokens->count; i++)
        if (wi_hash_equal(tokens->items[i].hash, hash))
            found = i;
    if (found == SIZE_MAX)
        return -1;
    int expired = tokens->items[found].expires_ms < now_ms;
    *spent = tokens->items[found].owner;
    token_drop(tokens, found);
    return expired ? -1 : 0;
}

void wi_tokens_revoke(struct wi_tokens *tokens, const char *session)
{
    for (size_t i = tokens->count; i-- > 0;)
        if (strcmp(tokens->items[i].owner.session, session) == 0)
            token_drop(tokens, i);
}

void wi_tokens_clear(struct wi_tokens *tokens)
{
    free(tokens->items);
    memset(tokens, 0, sizeof *tokens);
}

void wi_renewed_new(struct wi_renewed *secret, char token[WI_TOKEN_SIZE])
{
    memcpy(secret->previous, secret->current, WI_HASH_SIZE);
    secret->has_previous = secret->has_current;
    wi_token_new(token);
    wi_hash(token, strlen(token), secret->current);
    secret->has_current = 1;
}

int wi_renewed_matches(const struct wi_renewed *secret, const unsigned char hash[WI_HASH_SIZE])
{
    int current = wi_hash_equal(secret->current, hash) & secret->has_current;
    int previous = wi_hash_equal(secret->previous, hash) & secret->has_previous;
    return current | previous;
}
