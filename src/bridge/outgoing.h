/* Messages from the service to a node: one function for each type of the protocol. */
#ifndef WI_BRIDGE_OUTGOING_H
#define WI_BRIDGE_OUTGOING_H

#include "bridge/private.h"

struct wi_message;

/* `bye`, for wi_link_close to send last. */
struct wi_message *wi_make_bye(struct wi_bridge *bridge, const char *code, const char *reason);
/* Renews the node's secrets and sends them. `cancel` is a list of attempt ids, or NULL. */
void wi_send_welcome(struct wi_node *node, int resumed, const json_t *cancel);
void wi_send_heartbeat(struct wi_node *node);
void wi_send_acks(struct wi_node *node); /* nothing if there are none */
void wi_send_cancel(struct wi_node *node, const char *attempt_id, const char *reason);
void wi_send_model_load(struct wi_node *node, const struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count);
void wi_send_model_unload(struct wi_node *node, const char *model_name);
/* WI_OK, or the failures of wi_bridge_send_task. */
enum wi_code wi_send_task_request(
    struct wi_node *node, const struct wi_task *task, struct wi_error *error);

#endif
