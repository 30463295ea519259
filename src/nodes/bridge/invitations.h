/*
 * Tokens with which nodes join the bridge that others have started: join tokens, which are made
 * here, and node tokens, which are in the tokens file. joins.h says what they are for. Also the
 * devices that are remembered with join tokens (devices/devices.h).
 */
#ifndef WI_NODES_BRIDGE_INVITATIONS_H
#define WI_NODES_BRIDGE_INVITATIONS_H

#include "cluster/rows.h"
#include "nodes/bridge/bridge.h"
#include "terms/job/job_store.h"

/* Makes a join token, for pages and programs that others start: the page's URL is URL/#token=TOKEN,
 * where it waits for a click, or that with "&start". WI_OK, or WI_CONFLICT if there are too many
 * such tokens. */
enum wi_code wi_bridge_invite(struct wi_bridge *bridge, const struct wi_join_terms *terms,
    char id[WI_ID_SIZE], char token[WI_TOKEN_SIZE], struct wi_error *error);
/* Revokes a join token, disconnects its nodes and forgets its devices. Returns 0, or -1 if there is
 * no such token. */
int wi_bridge_uninvite(struct wi_bridge *bridge, const char *id);
/* The join tokens that are valid, in use or have devices, as wi_joins_json has them; new
 * reference. */
json_t *wi_bridge_invitations(const struct wi_bridge *bridge);

/* From now on the join tokens are those of `rows`, which the members of a cluster share. Called
 * once, at the start; the rows must outlive the bridge. NULL: tokens are kept in memory. */
void wi_bridge_share_invitations(struct wi_bridge *bridge, struct wi_rows *rows);
/* Whether members share them. A new token is then of use once the servers have stored it, and a
 * revoked one is revoked at other members, with its nodes there, once these know it. */
int wi_bridge_shares_invitations(const struct wi_bridge *bridge);
/* Only then, and after wi_bridge_invite or wi_bridge_uninvite for that token: calls `done` once, on
 * the loop, never from inside, when the servers have stored it, or with why they have not. */
void wi_bridge_await_invitation(
    struct wi_bridge *bridge, const char *id, wi_job_store_done_fn *done, void *data);

/* Makes those of `tokens` (copied) whose rank is WI_RANK_NODE the node tokens, each of which admits
 * any number of nodes. The nodes of a token that is no longer among them are disconnected. */
void wi_bridge_take_tokens(struct wi_bridge *bridge, const struct wi_api_tokens *tokens);
/* [{"name","joined"}] of these; new reference. */
json_t *wi_bridge_node_tokens(const struct wi_bridge *bridge);

/* The remembered devices, as wi_devices_json has them; new reference. */
json_t *wi_bridge_devices(const struct wi_bridge *bridge);
/* Forgets a device, and disconnects its nodes. Returns 0, or -1 if there is no such device. */
int wi_bridge_forget_device(struct wi_bridge *bridge, const char *id);
/* For bridge.c. There are no devices at first; from the second call on they are those in `db`. */
void wi_bridge_prepare_devices(struct wi_bridge *bridge);
void wi_bridge_keep_devices(struct wi_bridge *bridge, struct wi_db *db);

#endif
