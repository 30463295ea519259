/* What tokens of nodes are for; see joins.h. */
#include "nodes/bridge/joins/joins.h"

#include "base/clock.h"
#include "base/text.h"
#include "nodes/bridge/joins/joins_private.h"
#include "nodes/bridge/joins/shared_joins.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- join tokens ------------------------------------------------------------------------------ */

/* How many nodes are joined with it, here or at all members. */
static size_t join_joined(const struct wi_join *join)
{
    return join->is_shared ? wi_joins_everywhere(join) : join->joined;
}

/* No node may join any more, and none is left. */
static int join_is_over(const struct wi_join *join, double now_ms)
{
    return join->expires_ms < now_ms && join->joined == 0 && join_joined(join) == 0;
}

static size_t join_devices(const struct wi_joins *joins, const struct wi_join *join)
{
    return joins->count_devices ? joins->count_devices(joins->devices, join->id) : 0;
}

/* Forgets tokens that are over and have no devices; those that members share go by their rows. */
static void joins_tidy(struct wi_joins *joins, double now_ms)
{
    for (size_t i = joins->count; i-- > 0;)
        if (!joins->items[i]->is_shared && join_is_over(joins->items[i], now_ms) &&
            join_devices(joins, joins->items[i]) == 0)
            wi_joins_drop(joins, joins->items[i]);
}

static int is_node_token(const struct wi_join *join)
{
    return *join->name != '\0';
}

int wi_joins_add(struct wi_joins *joins, const struct wi_join_terms *terms, double now_ms,
    char id[WI_ID_SIZE], char token[WI_TOKEN_SIZE])
{
    size_t join_tokens = 0;
    joins_tidy(joins, now_ms);
    for (size_t i = 0; i < joins->count; i++)
        join_tokens += !is_node_token(joins->items[i]) && !join_is_over(joins->items[i], now_ms);
    if (join_tokens >= WI_JOINS_MAX)
        return -1;
    struct wi_join *join = wi_joins_make(joins, 0);
    memcpy(id, join->id, sizeof join->id);
    wi_token_new(token);
    wi_hash(token, strlen(token), join->hash);
    join->expires_ms = now_ms + (double)terms->ttl_ms;
    join->nodes = terms->nodes;
    join->shareable = terms->shareable;
    wi_text_copy(join->label, sizeof join->label, terms->label);
    if (joins->rows)
        wi_joins_publish(joins, join, wi_wall_ms() + terms->ttl_ms);
    return 0;
}

/* The cluster may have a token that this daemon does not know while the servers are away. */
static enum wi_join_verdict unknown_verdict(const struct wi_joins *joins)
{
    return joins->rows && !wi_rows_is_ready(joins->rows) ? WI_JOIN_AWAY : WI_JOIN_UNKNOWN;
}

static enum wi_join_verdict join_take_place(struct wi_joins *joins, struct wi_join *join)
{
    if (join->is_shared)
        return wi_joins_ask(joins, join);
    if (join->joined >= join->nodes)
        return WI_JOIN_FULL;
    join->joined++;
    return WI_JOIN_OK;
}

enum wi_join_verdict wi_joins_take(
    struct wi_joins *joins, const char *token, double now_ms, char id[WI_ID_SIZE])
{
    unsigned char hash[WI_HASH_SIZE];
    struct wi_join *found = NULL;
    wi_hash(token, strlen(token), hash);
    for (size_t i = 0; i < joins->count; i++) /* a node token goes first */
        if (wi_hash_equal(joins->items[i]->hash, hash) && !(found && is_node_token(found)))
            found = joins->items[i];
    if (!found)
        return unknown_verdict(joins);
    if (found->expires_ms < now_ms || found->state != WI_JOIN_IS_KNOWN)
        return WI_JOIN_UNKNOWN;
    memcpy(id, found->id, sizeof found->id);
    return join_take_place(joins, found);
}

struct wi_reading_token *wi_joins_reading(const struct wi_joins *joins, const char *id)
{
    return wi_joins_find(joins, id)->reading;
}

const char *wi_joins_name(const struct wi_joins *joins, const char *id)
{
    const struct wi_join *join = wi_joins_find(joins, id);
    return join ? join->name : "";
}

const char *wi_joins_label(const struct wi_joins *joins, const char *id)
{
    const struct wi_join *join = wi_joins_find(joins, id);
    return join ? join->label : "";
}

int wi_joins_is_shareable(const struct wi_joins *joins, const char *id)
{
    const struct wi_join *join = wi_joins_find(joins, id);
    return join && join->shareable;
}

void wi_joins_release(struct wi_joins *joins, const char *id)
{
    struct wi_join *join = wi_joins_find(joins, id);
    if (!join || join->joined == 0)
        return; /* it ended, and may have come again */
    join->joined--;
    /* Else it settles once the change has ended; no node waits but then. */
    if (join->is_shared && join->change != WI_JOIN_CHANGING)
        wi_joins_settle(joins, id);
}

int wi_joins_revoke(struct wi_joins *joins, const char *id)
{
    struct wi_join *join = wi_joins_find(joins, id);
    if (!join || join->state != WI_JOIN_IS_KNOWN)
        return -1;
    if (join->is_shared)
        wi_joins_withdraw(joins, join);
    else
        wi_joins_drop(joins, join);
    return 0;
}

/* --- remembered devices ----------------------------------------------------------------------- */

enum wi_join_verdict wi_joins_take_again(struct wi_joins *joins, const char *id)
{
    struct wi_join *join = wi_joins_find(joins, id);
    if (!join)
        return unknown_verdict(joins);
    return join->state != WI_JOIN_IS_KNOWN ? WI_JOIN_UNKNOWN : join_take_place(joins, join);
}

struct wi_join_terms wi_joins_terms(const struct wi_joins *joins, const char *id)
{
    const struct wi_join *join = wi_joins_find(joins, id);
    return (struct wi_join_terms){
        .nodes = join->nodes, .shareable = join->shareable, .label = join->label};
}

void wi_joins_restore(
    struct wi_joins *joins, const char *id, const struct wi_join_terms *terms, double now_ms)
{
    if (joins->rows || wi_joins_find(joins, id))
        return;
    struct wi_join *join = wi_joins_make(joins, 0);
    wi_text_copy(join->id, sizeof join->id, id);
    wi_text_copy(join->label, sizeof join->label, terms->label);
    join->nodes = terms->nodes;
    join->shareable = terms->shareable;
    join->expires_ms = now_ms - 1; /* no secret has this hash, either */
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

static struct wi_join *node_token_find(
    const struct wi_joins *joins, const unsigned char hash[WI_HASH_SIZE])
{
    for (size_t i = 0; i < joins->count; i++)
        if (is_node_token(joins->items[i]) &&
            memcmp(joins->items[i]->hash, hash, WI_HASH_SIZE) == 0)
            return joins->items[i];
    return NULL;
}

void wi_joins_set_node_tokens(struct wi_joins *joins, const struct wi_api_tokens *tokens,
    void (*on_revoked)(void *context, const char *id), void *context)
{
    for (size_t i = joins->count; i-- > 0;) {
        struct wi_join *join = joins->items[i];
        char id[WI_ID_SIZE];
        if (!is_node_token(join) || join_is_in(tokens, join))
            continue;
        memcpy(id, join->id, sizeof id);
        wi_joins_drop(joins, join);
        on_revoked(context, id);
    }
    for (size_t i = 0; i < tokens->count; i++) {
        const struct wi_api_token *token = &tokens->items[i];
        if (!rank_joins(token->rank))
            continue;
        struct wi_join *join = node_token_find(joins, token->hash);
        if (!join)
            join = wi_joins_make(joins, token->rank == WI_RANK_RELAY);
        memcpy(join->hash, token->hash, sizeof join->hash);
        memcpy(join->name, token->name, sizeof join->name);
        join->expires_ms = INFINITY;
        join->nodes = SIZE_MAX;
    }
}

int wi_joins_is_relay(const struct wi_joins *joins, const char *id)
{
    const struct wi_join *join = wi_joins_find(joins, id);
    return join && join->is_relay;
}

int wi_joins_is_node_token(const struct wi_joins *joins, const char *token)
{
    unsigned char hash[WI_HASH_SIZE];
    int found = 0;
    wi_hash(token, strlen(token), hash);
    for (size_t i = 0; i < joins->count; i++)
        found |= wi_hash_equal(joins->items[i]->hash, hash) && is_node_token(joins->items[i]);
    return found;
}

json_t *wi_joins_node_tokens_json(const struct wi_joins *joins)
{
    json_t *list = json_array();
    for (size_t i = 0; i < joins->count; i++)
        if (is_node_token(joins->items[i]) &&
            (!joins->items[i]->is_relay || joins->items[i]->joined > 0))
            json_array_append_new(list, json_pack("{s:s, s:I}", "name", joins->items[i]->name,
                                            "joined", (json_int_t)joins->items[i]->joined));
    return list;
}

/* --- looking --------------------------------------------------------------------------------- */

json_t *wi_joins_json(const struct wi_joins *joins, double now_ms)
{
    json_t *list = json_array();
    for (size_t i = 0; i < joins->count; i++) {
        const struct wi_join *join = joins->items[i];
        size_t devices = join_devices(joins, join);
        if (is_node_token(join) || join->state != WI_JOIN_IS_KNOWN ||
            (join_is_over(join, now_ms) && devices == 0))
            continue;
        json_array_append_new(
            list, json_pack("{s:s, s:s?, s:b, s:I, s:I, s:I, s:I}", "id", join->id, "label",
                      *join->label ? join->label : NULL, "shareable", join->shareable, "nodes",
                      (json_int_t)join->nodes, "joined", (json_int_t)join_joined(join), "devices",
                      (json_int_t)devices, "expires_at",
                      (json_int_t)(wi_wall_ms() + (int64_t)(join->expires_ms - now_ms))));
    }
    return list;
}

void wi_joins_clear(struct wi_joins *joins)
{
    while (joins->count)
        wi_joins_drop(joins, joins->items[joins->count - 1]);
    free(joins->items);
    memset(joins, 0, sizeof *joins);
}
