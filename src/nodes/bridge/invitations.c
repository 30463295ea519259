/* See invitations.h. */
#include "nodes/bridge/invitations.h"

#include "base/clock.h"
#include "nodes/bridge/joins/shared_joins.h"
#include "nodes/bridge/node.h"
#include "nodes/bridge/private.h"
#include <string.h>

/* The nodes that have joined with that token, but the first `most`. */
static void joined_expel(struct wi_bridge *bridge, const char *join, size_t most, const char *why)
{
    size_t stay = 0;
    for (struct wi_node *node = bridge->nodes; node; node = node->hh.next)
        if (strcmp(node->join, join) == 0 && !node->dropped && ++stay > most)
            wi_node_expel(node, why);
}

/* --- join tokens ------------------------------------------------------------------------------ */

enum wi_code wi_bridge_invite(struct wi_bridge *bridge, const struct wi_join_terms *terms,
    char id[WI_ID_SIZE], char token[WI_TOKEN_SIZE], struct wi_error *error)
{
    if (wi_joins_add(&bridge->joins, terms, wi_now_ms(), id, token) == 0)
        return WI_OK;
    return wi_error_set(error, WI_CONFLICT, NULL,
        "there are %d join tokens already; revoke one, or wait until one expires", WI_JOINS_MAX);
}

static void on_revoked(void *context, const char *id)
{
    joined_expel(context, id, 0, "its join token was revoked");
}

int wi_bridge_uninvite(struct wi_bridge *bridge, const char *id)
{
    if (wi_joins_revoke(&bridge->joins, id))
        return -1;
    on_revoked(bridge, id);
    return 0;
}

json_t *wi_bridge_invitations(const struct wi_bridge *bridge)
{
    return wi_joins_json(&bridge->joins, wi_now_ms());
}

/* --- those that members share ----------------------------------------------------------------- */

static void on_fewer(void *context, const char *id, size_t most)
{
    joined_expel(context, id, most, "its place of the join token is another node's");
}

void wi_bridge_share_invitations(struct wi_bridge *bridge, struct wi_rows *rows)
{
    const struct wi_joins_events events = {.on_place = wi_announce_place,
        .on_fewer = on_fewer,
        .on_revoked = on_revoked,
        .context = bridge};
    if (rows)
        wi_joins_share(&bridge->joins, rows, &events);
}

int wi_bridge_shares_invitations(const struct wi_bridge *bridge)
{
    return bridge->joins.rows != NULL;
}

void wi_bridge_await_invitation(
    struct wi_bridge *bridge, const char *id, wi_job_store_done_fn *done, void *data)
{
    wi_joins_await(&bridge->joins, id, done, data);
}

/* --- node tokens ------------------------------------------------------------------------------ */

static void on_token_revoked(void *context, const char *id)
{
    joined_expel(context, id, 0, "its token is no longer in the tokens file");
}

void wi_bridge_take_tokens(struct wi_bridge *bridge, const struct wi_api_tokens *tokens)
{
    wi_joins_set_node_tokens(&bridge->joins, tokens, on_token_revoked, bridge);
}

json_t *wi_bridge_node_tokens(const struct wi_bridge *bridge)
{
    return wi_joins_node_tokens_json(&bridge->joins);
}
