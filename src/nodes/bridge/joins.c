/* Join tokens; see joins.h. */
#include "nodes/bridge/joins.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct wi_join {
    char id[WI_ID_SIZE];
    unsigned char hash[WI_HASH_SIZE];
    double expires_ms; /* INFINITY for a node token */
    size_t nodes, joined;
    struct wi_reading_token *reading;
    char name[WI_TOKEN_NAME_MAX + 1]; /* of a node token; "" for a join token */
    char label[WI_JOIN_LABEL_SIZE];   /* of a join token, or "" */
    int shareable;
    int is_relay; /* a node token of rank relay */
};

static void join_drop(struct wi_joins *joins, struct wi_join *join)
{
    wi_reading_token_unref(join->reading);
    *join = joins->items[--joins->count];
}

/* Forgets expired tokens that no node is using. */
static void joins_tidy(struct wi_joins *joins, double now_ms)
{
    for (size_t i = joins->count; i-- > 0;)
        if (joins->items[i].expires_ms < now_ms && joins->items[i].joined == 0)
            join_drop(joins, &joins->items[i]);
}

static int is_node_token(const struct wi_join *join)
{
    return *join->name != '\0';
}

static struct wi_join *join_add(struct wi_joins *joins, int is_relay)
{
    joins->items = wi_realloc_array(joins->items, joins->count + 1, sizeof *joins->items);
    struct wi_join *join = &joins->items[joins->count++];
    memset(join, 0, sizeof *join);
    wi_id_new(join->id, "join");
    join->is_relay = is_relay;
    join->reading = wi_reading_token_new(is_relay);
    return join;
}

int wi_joins_add(struct wi_joins *joins, const struct wi_join_terms *terms, double now_ms,
    char id[WI_ID_SIZE], char token[WI_TOKEN_SIZE])
{
    size_t join_tokens = 0;
    joins_tidy(joins, now_ms);
    for (size_t i = 0; i < joins->count; i++)
        join_tokens += !is_node_token(&joins->items[i]);
    if (join_tokens >= WI_JOINS_MAX)
        return -1;
    struct wi_join *join = join_add(joins, 0);
    memcpy(id, join->id, sizeof join->id);
    wi_token_new(token);
    wi_hash(token, strlen(token), join->hash);
    join->expires_ms = now_ms + (double)terms->ttl_ms;
    join->nodes = terms->nodes;
    join->shareable = terms->shareable;
    wi_text_copy(join->label, sizeof join->label, terms->label);
    return 0;
}

enum wi_join_verdict wi_joins_take(
    struct wi_joins *joins, const char *token, double now_ms, char id[WI_ID_SIZE])
{
    unsigned char hash[WI_HASH_SIZE];
    struct wi_join *found = NULL;
    wi_hash(token, strlen(token), hash);
    for (size_t i = 0; i < joins->count; i++)
        if (wi_hash_equal(joins->items[i].hash, hash))
            found = &joins->items[i];
    if (!found || found->expires_ms < now_ms)
        return WI_JOIN_UNKNOWN;
    if (found->joined >= found->nodes)
        return WI_JOIN_FULL;
    found->joined++;
    memcpy(id, found->id, sizeof found->id);
    return WI_JOIN_OK;
}

static struct wi_join *join_find(const struct wi_joins *joins, const char *id)
{
    for (size_t i = 0; i < joins->count; i++)
        if (strcmp(joins->items[i].id, id) == 0)
            return &joins->items[i];
    return NULL;
}

struct wi_reading_token *wi_joins_reading(const struct wi_joins *joins, const char *id)
{
    return join_find(joins, id)->reading;
}

const char *wi_joins_name(const struct wi_joins *joins, const char *id)
{
    const struct wi_join *join = join_find(joins, id);
    return join ? join->name : "";
}

const char *wi_joins_label(const struct wi_joins *joins, const char *id)
{
    const struct wi_join *join = join_find(joins, id);
    return join ? join->label : "";
}

int wi_joins_is_shareable(const struct wi_joins *joins, const char *id)
{
    const struct wi_join *join = join_find(joins, id);
    return join && join->shareable;
}

void wi_joins_release(struct wi_joins *joins, const char *id)
{
    struct wi_join *join = join_find(joins, id);
    if (join)
        join->joined--;
}

int wi_joins_revoke(struct wi_joins *joins, const char *id)
{
    struct wi_join *join = join_find(joins, id);
    if (!join)
        return -1;
    join_drop(joins, join);
    return 0;
}

/* --- node tokens ----------------------------------------------------------------------------- */

static int rank_joins(enum wi_rank rank)
{
    return rank == WI_RANK_NODE || rank == WI_RANK_RELAY;
}

static enum wi_rank join_rank(const struct wi_join *node_token)
{
    return node_token->is_relay ? WI_RANK_RELAY : WI_RANK_NODE;
}

/* With the same rank: nodes that came with another one are to come again. Here nothing that a peer
 * sent is compared, so that plain comparisons will do. */
static int join_is_in(const struct wi_api_tokens *tokens, const struct wi_join *join)
{
    for (size_t i = 0; i < tokens->count; i++)
        if (tokens->items[i].rank == join_rank(join) &&
            memcmp(tokens->items[i].hash, join->hash, WI_HASH_SIZE) == 0)
            return 1;
    return 0;
}

static struct wi_join *find_hash(
    const struct wi_joins *joins, const unsigned char hash[WI_HASH_SIZE])
{
    for (size_t i = 0; i < joins->count; i++)
        if (memcmp(joins->items[i].hash, hash, WI_HASH_SIZE) == 0)
            return &joins->items[i];
    return NULL;
}

void wi_joins_set_node_tokens(struct wi_joins *joins, const struct wi_api_tokens *tokens,
    void (*on_revoked)(void *context, const char *id), void *context)
{
    for (size_t i = joins->count; i-- > 0;) {
        struct wi_join gone = joins->items[i];
        if (!is_node_token(&gone) || join_is_in(tokens, &gone))
            continue;
        join_drop(joins, &joins->items[i]);
        on_revoked(context, gone.id);
    }
    for (size_t i = 0; i < tokens->count; i++) {
        const struct wi_api_token *token = &tokens->items[i];
        if (!rank_joins(token->rank))
            continue;
        struct wi_join *join = find_hash(joins, token->hash);
        if (!join)
            join = join_add(joins, token->rank == WI_RANK_RELAY);
        memcpy(join->hash, token->hash, sizeof join->hash);
        memcpy(join->name, token->name, sizeof join->name);
        join->expires_ms = INFINITY;
        join->nodes = SIZE_MAX;
    }
}

int wi_joins_is_relay(const struct wi_joins *joins, const char *id)
{
    const struct wi_join *join = join_find(joins, id);
    return join && join->is_relay;
}

int wi_joins_is_node_token(const struct wi_joins *joins, const char *token)
{
    unsigned char hash[WI_HASH_SIZE];
    int found = 0;
    wi_hash(token, strlen(token), hash);
    for (size_t i = 0; i < joins->count; i++)
        found |= wi_hash_equal(joins->items[i].hash, hash) && is_node_token(&joins->items[i]);
    return found;
}

json_t *wi_joins_node_tokens_json(const struct wi_joins *joins)
{
    json_t *list = json_array();
    for (size_t i = 0; i < joins->count; i++)
        if (is_node_token(&joins->items[i]) &&
            (!joins->items[i].is_relay || joins->items[i].joined > 0))
            json_array_append_new(list, json_pack("{s:s, s:I}", "name", joins->items[i].name,
                                            "joined", (json_int_t)joins->items[i].joined));
    return list;
}

/* --- looking --------------------------------------------------------------------------------- */

json_t *wi_joins_json(const struct wi_joins *joins, double now_ms)
{
    json_t *list = json_array();
    for (size_t i = 0; i < joins->count; i++) {
        const struct wi_join *join = &joins->items[i];
        if (is_node_token(join) || (join->expires_ms < now_ms && join->joined == 0))
            continue;
        json_array_append_new(
            list, json_pack("{s:s, s:s?, s:b, s:I, s:I, s:I}", "id", join->id, "label",
                      *join->label ? join->label : NULL, "shareable", join->shareable, "nodes",
                      (json_int_t)join->nodes, "joined", (json_int_t)join->joined, "expires_at",
                      (json_int_t)(wi_wall_ms() + (int64_t)(join->expires_ms - now_ms))));
    }
    return list;
}

void wi_joins_clear(struct wi_joins *joins)
{
    while (joins->count)
        join_drop(joins, &joins->items[joins->count - 1]);
    free(joins->items);
    memset(joins, 0, sizeof *joins);
}
