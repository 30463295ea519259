/* See invitations.h. */
#include "nodes/bridge/invitations.h"

#include "base/clock.h"
#include "nodes/bridge/devices/devices.h"
#include "nodes/bridge/joins/shared_joins.h"
#include "nodes/bridge/node.h"
#include "nodes/bridge/private.h"
#include <string.h>

/* How often devices that were away for too long are looked for. */
#define DEVICES_MS ((uint64_t)6 * 3600 * 1000)

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
    const struct wi_bridge *bridge = context;
    wi_devices_forget_join(bridge->devices, id);
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

static int is_join_known(void *context, const char *id)
{
    const struct wi_bridge *bridge = context;
    return wi_joins_find(&bridge->joins, id) != NULL;
}

/* Others were revoked while this daemon was away, or are of a time when it was no member. */
static void on_known(void *context)
{
    const struct wi_bridge *bridge = context;
    wi_devices_forget_others(bridge->devices, is_join_known, context);
}

void wi_bridge_share_invitations(struct wi_bridge *bridge, struct wi_rows *rows)
{
    const struct wi_joins_events events = {.on_place = wi_announce_place,
        .on_fewer = on_fewer,
        .on_revoked = on_revoked,
        .on_known = on_known,
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

/* --- remembered devices ----------------------------------------------------------------------- */

/* A token of an earlier daemon is made again for its devices. */
static void on_device_found(void *context, const struct wi_device *device)
{
    struct wi_bridge *bridge = context;
    const struct wi_device_terms *known = &device->terms;
    const struct wi_join_terms terms = {
        .nodes = known->nodes, .shareable = known->shareable, .label = known->label};
    wi_joins_restore(&bridge->joins, known->join, &terms, wi_now_ms());
}

static void on_device_forgotten(void *context, const struct wi_device *device)
{
    const struct wi_bridge *bridge = context;
    for (struct wi_node *node = bridge->nodes; node; node = node->hh.next) {
        if (strcmp(node->info.device, device->id) != 0)
            continue;
        node->info.device[0] = '\0';
        wi_change_tell(bridge->events.listener, WI_CHANGE_NODE, node->info.id, NULL);
    }
}

static size_t count_devices(void *devices, const char *join)
{
    return wi_devices_count(devices, join);
}

static void on_device_time(void *context)
{
    const struct wi_bridge *bridge = context;
    wi_devices_tidy(bridge->devices, wi_wall_ms());
}

void wi_bridge_prepare_devices(struct wi_bridge *bridge)
{
    bridge->devices = wi_devices_new(&(struct wi_devices_events){
        .context = bridge, .on_found = on_device_found, .on_forgotten = on_device_forgotten});
    bridge->joins.devices = bridge->devices;
    bridge->joins.count_devices = count_devices;
}

void wi_bridge_keep_devices(struct wi_bridge *bridge, struct wi_db *db)
{
    wi_devices_keep(bridge->devices, db, wi_wall_ms());
    bridge->device_timer = wi_timer_new(bridge->loop, on_device_time, bridge);
    wi_timer_start(bridge->device_timer, DEVICES_MS, DEVICES_MS);
}

json_t *wi_bridge_devices(const struct wi_bridge *bridge)
{
    return wi_devices_json(bridge->devices, wi_wall_ms());
}

int wi_bridge_forget_device(struct wi_bridge *bridge, const char *id)
{
    struct wi_device *device = wi_devices_by_id(bridge->devices, id);
    if (!device)
        return -1;
    for (struct wi_node *node = bridge->nodes; node; node = node->hh.next)
        if (strcmp(node->info.device, id) == 0 && !node->dropped)
            wi_node_expel(node, "its device was revoked");
    wi_devices_forget(bridge->devices, device);
    return 0;
}
