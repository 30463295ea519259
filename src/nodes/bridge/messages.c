/*
 * Messages from nodes. Unknown types and fields are ignored, so that a newer page can talk to us;
 * a known field of the wrong kind ends the connection, because guessing would hide a fault.
 */
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/params.h"
#include "base/text.h"
#include "nodes/bridge/devices/devices.h"
#include "nodes/bridge/model_status.h"
#include "nodes/bridge/node.h"
#include "nodes/bridge/person_result.h"
#include "nodes/bridge/pieces.h"
#include "nodes/bridge/private.h"
#include "nodes/bridge/report.h"
#include "nodes/bridge/response.h"
#include "nodes/bridge/task/task_parts.h"
#include "nodes/node/relay.h"
#include <stdlib.h>
#include <string.h>

/* Messages that belong to no attempt of ours; a page sends a handful. */
static const struct wi_rate_rule loose_rule = {.most = 2000, .window_ms = 1000};
static const struct wi_rate_rule lines_rule = {.most = 20, .window_ms = 1000};
static const struct wi_rate_rule tickets_rule = {.most = 1, .window_ms = 1000};
static const struct wi_rate_rule wrong_blocks_rule = {.most = 4, .window_ms = 1000};

typedef enum wi_heard handler_fn(struct wi_node *, struct wi_frame *, struct wi_error *);

static enum wi_heard read_data(const struct wi_param *table, const struct wi_frame *frame,
    void *target, struct wi_error *error)
{
    return wi_params_read(table, frame->data, WI_PARAMS_OPEN, "data.", target, error) == WI_OK
               ? WI_HEARD_LOOSE
               : WI_HEARD_WRONG;
}

/* --- heartbeat ------------------------------------------------------------------------------- */

struct heartbeat {
    const char *reply_to;
    double busy_since_ms;
    int paused, throttled;
};

static const struct wi_param heartbeat_table[] = {
    WI_PARAM(heartbeat, reply_to, STRING, .max = WI_FRAME_ID_MAX),
    WI_PARAM(heartbeat, busy_since_ms, NUMBER, .max = 1e12),
    WI_PARAM(heartbeat, paused, BOOL),
    WI_PARAM(heartbeat, throttled, BOOL),
    WI_PARAM_END,
};

static enum wi_heard on_heartbeat(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct heartbeat heartbeat = {0};
    char expected[32];
    if (read_data(heartbeat_table, frame, &heartbeat, error) == WI_HEARD_WRONG)
        return WI_HEARD_WRONG;
    node->busy_since_ms = heartbeat.busy_since_ms;
    snprintf(expected, sizeof expected, "s-%llu", (unsigned long long)node->heartbeat_id);
    if (heartbeat.reply_to && node->heartbeat_open && strcmp(heartbeat.reply_to, expected) == 0) {
        node->rtt = wi_awake_ms() - node->heartbeat_sent;
        node->heartbeat_open = 0;
    }
    wi_node_throttle(node, heartbeat.throttled);
    wi_node_pause(node, heartbeat.paused);
    return WI_HEARD_LOOSE;
}

/* --- task_accepted --------------------------------------------------------------------------- */

static enum wi_heard on_accepted(struct wi_node *node, const char *id, struct wi_attempt *attempt,
    struct wi_frame *frame, struct wi_error *error)
{
    return attempt && wi_node_accepts(node, attempt) ? WI_HEARD_OURS : WI_HEARD_LOOSE;
}

/* --- model_status, capability_report, log ---------------------------------------------------- */

struct status {
    json_t *models;
};

static const struct wi_param status_table[] = {
    WI_PARAM(status, models, ARRAY, .required = 1, .max = 4096),
    WI_PARAM_END,
};

static enum wi_heard on_model_status(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct status status = {0};
    if (read_data(status_table, frame, &status, error) == WI_HEARD_WRONG)
        return WI_HEARD_WRONG;
    wi_node_set_models(node, wi_model_status_read(status.models));
    const struct wi_bridge_events *events = &node->bridge->events;
    if (events->on_node_models)
        events->on_node_models(events->context, node->info.id, node->models);
    return WI_HEARD_LOOSE;
}

struct capabilities {
    json_t *capabilities, *features;
    const char *reply_to;
};

static const struct wi_param capabilities_table[] = {
    WI_PARAM(capabilities, capabilities, OBJECT, .required = 1),
    WI_PARAM(capabilities, features, OBJECT),
    WI_PARAM(capabilities, reply_to, STRING, .max = WI_FRAME_ID_MAX),
    WI_PARAM_END,
};

static enum wi_heard on_capability_report(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct capabilities report = {0};
    json_t *before = node->info.capabilities, *found = NULL;
    int available[WI_PLATFORM_COUNT];
    for (int i = 0; i < WI_PLATFORM_COUNT; i++)
        available[i] = node->info.platforms[i].available;
    if (read_data(capabilities_table, frame, &report, error) == WI_HEARD_WRONG ||
        (report.features && !(found = wi_features_read(report.features, error))))
        return WI_HEARD_WRONG;
    if (wi_report_read(report.capabilities, &node->info, error) != WI_OK) {
        json_decref(found);
        return WI_HEARD_WRONG;
    }
    json_decref(before);
    wi_look_answer(node, report.reply_to, found);
    const struct wi_bridge_events *events = &node->bridge->events;
    if (events->on_node_report)
        events->on_node_report(events->context, &node->info);
    for (int i = 0; i < WI_PLATFORM_COUNT; i++) {
        if (available[i] && !node->info.platforms[i].available && events->on_platform_lost)
            events->on_platform_lost(events->context, node->info.id, (enum wi_platform)i,
                node->info.platforms[i].reason);
    }
    return WI_HEARD_LOOSE;
}

struct line {
    int level;
    const char *message;
};

static const char *const level_names[] = {"error", "warn", "info", "debug", NULL};

static const struct wi_param line_table[] = {
    WI_PARAM(line, level, ENUM, .required = 1, .names = level_names),
    WI_PARAM(line, message, STRING, .required = 1),
    WI_PARAM_END,
};

static enum wi_heard on_log(struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct line line = {0};
    char text[2049];
    if (read_data(line_table, frame, &line, error) == WI_HEARD_WRONG)
        return WI_HEARD_WRONG;
    if (!wi_rate_limit_take(&node->lines, &lines_rule, wi_awake_ms(), NULL))
        return WI_HEARD_LOOSE;
    wi_text_printable(text, sizeof text, line.message);
    /* A page's "error" is about itself; to the operator it is a warning. */
    wi_log(line.level == 0 ? WI_LOG_WARN : (enum wi_level)line.level, "page", node->info.id, "%s",
        text);
    return WI_HEARD_LOOSE;
}

/* --- tuning ---------------------------------------------------------------------------------- */

#define MAX_TUNINGS 64        /* of a node from one welcome to the next */
#define MAX_TUNING_BYTES 4096 /* of one */

struct tuning {
    const char *kernel, *size_class;
    json_t *adapter, *choice, *hung;
};

static const struct wi_param tuning_table[] = {
    WI_PARAM(tuning, kernel, STRING, .required = 1, .min = 1, .max = 64),
    WI_PARAM(tuning, size_class, STRING, .required = 1, .min = 1, .max = WI_KERNEL_CLASS_SIZE - 1),
    WI_PARAM(tuning, adapter, OBJECT),
    WI_PARAM(tuning, choice, OBJECT),
    WI_PARAM(tuning, hung, OBJECT),
    WI_PARAM_END,
};

/* Reads a choice, if there is one; 0, or -1. */
static int read_choice(struct wi_kernel_choice *choice, const json_t *object, const char *where,
    struct wi_error *error)
{
    return object && wi_kernel_choice_read(choice, object, where, error) != WI_OK ? -1 : 0;
}

/* A kernel or a class that is none of ours may be a newer page's: it says nothing to us, as what
 * was measured on another adapter than the node's. */
static enum wi_heard on_tuning(struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    const struct wi_bridge_events *events = &node->bridge->events;
    struct tuning said = {0};
    struct wi_kernel_choice choice, hung;
    if (frame->json_size > MAX_TUNING_BYTES || ++node->tunings > MAX_TUNINGS)
        return WI_HEARD_LOOSE;
    if (read_data(tuning_table, frame, &said, error) == WI_HEARD_WRONG ||
        read_choice(&choice, said.choice, "data.choice.", error) != 0 ||
        read_choice(&hung, said.hung, "data.hung.", error) != 0)
        return WI_HEARD_WRONG;
    const struct wi_kernel *kernel = wi_kernel_find(said.kernel);
    if (!kernel || !wi_kernel_is_size_class(kernel, said.size_class) || !events->on_tuning)
        return WI_HEARD_LOOSE;
    int counts = said.choice && wi_report_is_adapter(said.adapter, &node->info, WI_WEBGPU);
    struct wi_node_tuning tuning = {
        kernel, said.size_class, counts ? &choice : NULL, said.hung ? &hung : NULL};
    events->on_tuning(events->context, node->info.id, &tuning);
    return WI_HEARD_LOOSE;
}

/* --- relay_models ---------------------------------------------------------------------------- */

/* Of a node that is no relay it says nothing. */
static enum wi_heard on_relay_models(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    const struct wi_bridge_events *events = &node->bridge->events;
    if (!node->relay_models)
        return WI_HEARD_LOOSE;
    if (wi_relay_models_update(node->relay_models, frame->data, error) != WI_OK)
        return WI_HEARD_WRONG;
    if (events->on_relay_models)
        events->on_relay_models(events->context, node->info.id);
    return WI_HEARD_LOOSE;
}

/* --- forget_device --------------------------------------------------------------------------- */

/* Its person wants to come back with a link only. The node stays; one that is no remembered device
 * says nothing with it. */
static enum wi_heard on_forget_device(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct wi_devices *devices = node->bridge->devices;
    struct wi_device *device = wi_devices_by_id(devices, node->info.device);
    if (device)
        wi_devices_forget(devices, device);
    return WI_HEARD_LOOSE;
}

/* --- peer ------------------------------------------------------------------------------------ */

struct peer {
    const char *id;
};

static const struct wi_param peer_table[] = {
    WI_PARAM(peer, id, STRING, .required = 1, .max = WI_PEER_ID_SIZE - 1),
    WI_PARAM_END,
};

/* Its page is a peer of that id, too, and asks for a ticket, which is of use only to who has that
 * peer's key. Signing takes time: more than one in a second says nothing, nor does one id too many.
 */
static enum wi_heard on_peer(struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct peer said = {0};
    if (read_data(peer_table, frame, &said, error) == WI_HEARD_WRONG)
        return WI_HEARD_WRONG;
    if (!wi_peer_id_ok(said.id)) {
        wi_error_set(error, WI_BAD_REQUEST, "data.id", "this is no id of a peer");
        return WI_HEARD_WRONG;
    }
    if (!wi_rate_limit_take(&node->tickets, &tickets_rule, wi_awake_ms(), NULL))
        return WI_HEARD_LOOSE;
    char *ticket = wi_node_ticket(node, said.id);
    if (ticket)
        wi_node_send(node, wi_make_ticket(++node->bridge->sequence, ticket));
    free(ticket);
    return WI_HEARD_LOOSE;
}

/* --- wrong_block ----------------------------------------------------------------------------- */

struct wrong_block {
    const char *peer, *file;
};

static const struct wi_param wrong_block_table[] = {
    WI_PARAM(wrong_block, peer, STRING, .required = 1, .max = WI_PEER_ID_SIZE - 1),
    WI_PARAM(wrong_block, file, STRING, .required = 1, .max = 64),
    WI_PARAM_END,
};

/* The nodes whose page that peer is, or was: which one it is cannot be told, but each has vouched
 * for it, by a ticket that it asked for. */
static void tell_liars(const struct wi_bridge *bridge, const char *peer, int64_t now)
{
    const struct wi_bridge_events *events = &bridge->events;
    struct wi_node *node, *next;
    HASH_ITER(hh, bridge->nodes, node, next)
    if (events->on_node_lied && !node->dropped &&
        (wi_given_has_id(&node->given, peer, now) || strcmp(node->peer.name, peer) == 0))
        events->on_node_lied(events->context, node->info.id);
}

/* Another page has sent this one a block that is not the listed one. What one node says may be a
 * lie itself; it counts for nothing without a ticket for the file, which comes with work for it. */
static enum wi_heard on_wrong_block(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct wi_bridge *bridge = node->bridge;
    struct wrong_block said = {0};
    int64_t now = wi_steady_ms();
    if (read_data(wrong_block_table, frame, &said, error) == WI_HEARD_WRONG)
        return WI_HEARD_WRONG;
    if (!wi_peer_id_ok(said.peer)) {
        wi_error_set(error, WI_BAD_REQUEST, "data.peer", "this is no id of a peer");
        return WI_HEARD_WRONG;
    }
    if (!wi_hash_is_printed(said.file)) {
        wi_error_set(error, WI_BAD_REQUEST, "data.file", "this is no SHA-256 of a file");
        return WI_HEARD_WRONG;
    }
    if (!*node->join || !wi_given_has_file(&node->given, said.file, now) ||
        !wi_rate_limit_take(&node->wrong_blocks, &wrong_blocks_rule, wi_awake_ms(), NULL))
        return WI_HEARD_LOOSE;
    wi_info("bridge", node->info.id, "had a wrong block of a model from the peer %s", said.peer);
    if (wi_accused_add(&bridge->accused, said.peer, node->join, now))
        tell_liars(bridge, said.peer, now);
    return WI_HEARD_LOOSE;
}

/* --- bye ------------------------------------------------------------------------------------- */

struct bye {
    const char *reason;
};

static const struct wi_param bye_table[] = {
    WI_PARAM(bye, reason, STRING),
    WI_PARAM_END,
};

/* The node is gone after this. A browser of ours is only closed or reloaded by ourselves, and then
 * the work on it may well have been why. */
static enum wi_heard on_bye(struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct bye bye = {0};
    char why[128];
    if (read_data(bye_table, frame, &bye, error) == WI_HEARD_WRONG)
        return WI_HEARD_WRONG;
    wi_text_printable(why, sizeof why, bye.reason && *bye.reason ? bye.reason : "it said bye");
    wi_node_leave(node, *node->info.session != '\0', why);
    return WI_HEARD_OURS;
}

/* --- Dispatch -------------------------------------------------------------------------------- */

static const struct {
    const char *type;
    handler_fn *handle;
    wi_attempt_fn *handle_attempt; /* for messages about an attempt */
} handlers[] = {
    {"task_response", NULL, wi_response_handle},
    {"task_outline", NULL, wi_pieces_outline},
    {"task_data", NULL, wi_pieces_data},
    {"task_accepted", NULL, on_accepted},
    {"task_part", NULL, wi_part_handle},
    {"task_progress", NULL, wi_progress_handle},
    {"heartbeat", on_heartbeat, NULL},
    {"model_status", on_model_status, NULL},
    {"capability_report", on_capability_report, NULL},
    {"log", on_log, NULL},
    {"tuning", on_tuning, NULL},
    {"relay_models", on_relay_models, NULL},
    {"forget_device", on_forget_device, NULL},
    {"result", wi_person_result_handle, NULL},
    {"peer", on_peer, NULL},
    {"wrong_block", on_wrong_block, NULL},
    {"bye", on_bye, NULL},
};

static enum wi_heard frame_dispatch(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    const char *id;
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        if (strcmp(handlers[i].type, frame->type) != 0)
            continue;
        if (handlers[i].handle)
            return handlers[i].handle(node, frame, error);
        if (wi_frame_attempt(frame, &id, error) != WI_OK)
            return WI_HEARD_WRONG;
        return handlers[i].handle_attempt(node, id, wi_node_find_attempt(node, id), frame, error);
    }
    if (strcmp(frame->type, "node_announcement") != 0)
        return WI_HEARD_LOOSE;
    wi_error_set(error, WI_BAD_REQUEST, "type", "this socket has announced its node already");
    return WI_HEARD_WRONG;
}

/* Books the time from `began` until now, which is returned, in which a message was read: 8 MiB of
 * JSON take 60 to 310 ms, by how small its values are. A node that has used too much of it only has
 * to wait, because answers may occasionally need that. */
static double note_cost(struct wi_node *node, double began)
{
    double now = wi_awake_ms();
    double wait = wi_reading_pay(&node->reading, now, now - began);
    if (wait > 0)
        wi_link_rest(node->link, (uint64_t)wait + 1);
    return now;
}

static void fail_unread(struct wi_node *node, enum wi_close code, const char *reason)
{
    node->bridge->counters.malformed++;
    wi_node_give_up(node, code, reason);
}

static void fail_rules(struct wi_node *node, const char *reason)
{
    node->bridge->counters.protocol_errors++;
    wi_node_give_up(node, WI_CLOSE_POLICY, reason);
}

/* Messages that belong to no attempt of ours must be few and small. Exempt are messages that were
 * in transit when we ended their attempt. */
static void judge_loose(struct wi_node *node, size_t size, double now)
{
    const char *why = NULL;
    if (!wi_rate_limit_take(&node->loose, &loose_rule, now, NULL))
        why = "too many messages in a second";
    else if (*node->join && size > WI_LOOSE_MAX && node->late_large == 0)
        why = "a message that belongs to no attempt may have at most 65536 bytes";
    else if (*node->join && size > WI_LOOSE_MAX)
        node->late_large--;
    if (why)
        fail_rules(node, why);
}

static void on_message(void *context, struct wi_link *link, struct wi_blob *blob, int binary)
{
    struct wi_node *node = context;
    struct wi_frame frame;
    struct wi_error error = {0};
    double began = wi_awake_ms();
    if (node->quarantined)
        return; /* it is about to be closed */
    enum wi_code read = wi_frame_parse(blob, binary, &frame, &error);
    double parsed = note_cost(node, began);
    if (read != WI_OK) {
        fail_unread(node, WI_CLOSE_MALFORMED, error.detail);
        return;
    }
    enum wi_heard heard = frame_dispatch(node, &frame, &error);
    wi_frame_clear(&frame);
    if (wi_link_is_closing(link))
        return; /* and the node may be gone */
    if (heard == WI_HEARD_WRONG) {
        fail_rules(node, error.detail);
    } else if (heard == WI_HEARD_LOOSE) {
        double now = note_cost(node, parsed);
        judge_loose(node, blob->size, now);
    }
}

static void on_refused(void *context, struct wi_link *link, const struct wi_link_refused *refused)
{
    struct wi_node *node = context;
    char reason[WI_LINK_REASON_SIZE];
    if (refused->fault) {
        fail_unread(node, WI_CLOSE_PROTOCOL, refused->fault);
        return;
    }
    if (!refused->limit) {
        wi_node_fail(node, WI_CLOSE_TRY_LATER, "the service's memory is used up");
        return;
    }
    snprintf(reason, sizeof reason, "%s may have at most %zu bytes, not %zu",
        refused->binary ? "a message (welcome.max_frame_bytes)" : "a text message", refused->limit,
        refused->whole);
    fail_unread(node, WI_CLOSE_TOO_BIG, reason);
}

static void on_late(void *context, struct wi_link *link)
{
    struct wi_node *node = context;
    node->bridge->counters.protocol_errors++;
    wi_node_fail(node, WI_CLOSE_SILENT, "a message that had begun did not arrive in time");
}

static void on_room(void *context, struct wi_link *link)
{
    const struct wi_node *node = context;
    const struct wi_bridge_events *events = &node->bridge->events;
    if (events->on_node_room)
        events->on_node_room(events->context, node->info.id);
}

const struct wi_link_events wi_messages_events = {
    .on_message = on_message,
    .on_refused = on_refused,
    .on_late = on_late,
    .on_left = wi_node_on_left,
    .on_drained = wi_pieces_next,
    .on_room = on_room,
    .on_gone = wi_node_on_gone,
};
