/*
 * Messages from nodes. Unknown types and fields are ignored, so that a newer page can talk to us;
 * a known field of the wrong kind ends the connection, because guessing would hide a fault.
 */
#include "bridge/messages.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/params.h"
#include "bridge/announce.h"
#include "bridge/link.h"
#include "bridge/node.h"
#include "bridge/report.h"
#include <string.h>

/* Messages a second that belong to no attempt of ours; a page sends a handful. */
#define MAX_LOOSE_PER_SECOND 2000
#define MAX_LOG_PER_SECOND 20

/* What a handler says: a message about an attempt of ours is not counted as loose. */
enum verdict { LOOSE, OURS, WRONG };

typedef enum verdict handler_fn(struct wi_node *, struct wi_frame *, struct wi_error *);

/* clang-format off */
#define ROW(type, name, kind, required, min, max)                                                  \
    {#name, kind, offsetof(struct type, name), required, min, max, NULL}
#define END_ROW {NULL, WI_PARAM_ANY, 0, 0, 0, 0, NULL}
/* clang-format on */

static enum verdict read_data(const struct wi_param *table, const struct wi_frame *frame,
    void *target, struct wi_error *error)
{
    return wi_params_read(table, frame->data, WI_PARAMS_OPEN, "data.", target, error) == WI_OK
               ? LOOSE
               : WRONG;
}

/* --- heartbeat ------------------------------------------------------------------------------- */

struct heartbeat {
    const char *reply_to;
    double busy_since_ms;
};

static const struct wi_param heartbeat_table[] = {
    ROW(heartbeat, reply_to, WI_PARAM_STRING, 0, 0, WI_FRAME_ID_MAX),
    ROW(heartbeat, busy_since_ms, WI_PARAM_NUMBER, 0, 0, 1e12),
    END_ROW,
};

static enum verdict on_heartbeat(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct heartbeat heartbeat = {0};
    char expected[32];
    if (read_data(heartbeat_table, frame, &heartbeat, error) == WRONG)
        return WRONG;
    node->busy_since_ms = heartbeat.busy_since_ms;
    snprintf(expected, sizeof expected, "s-%llu", (unsigned long long)node->heartbeat_id);
    if (heartbeat.reply_to && node->heartbeat_id && strcmp(heartbeat.reply_to, expected) == 0)
        node->rtt = wi_now_ms() - node->heartbeat_sent;
    return LOOSE;
}

/* --- task_accepted, task_progress ------------------------------------------------------------ */

struct about {
    const char *attempt_id;
};

static const struct wi_param about_table[] = {
    ROW(about, attempt_id, WI_PARAM_STRING, 1, 1, WI_FRAME_ID_MAX),
    END_ROW,
};

static enum verdict on_accepted(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct about about = {0};
    struct wi_bridge *bridge = node->bridge;
    if (read_data(about_table, frame, &about, error) == WRONG)
        return WRONG;
    struct wi_attempt *attempt = wi_node_find_attempt(node, about.attempt_id);
    if (!attempt || attempt->accepted)
        return LOOSE;
    attempt->accepted = 1;
    bridge->events.on_accepted(bridge->events.context, node->info.id, about.attempt_id);
    return OURS;
}

static enum verdict on_progress(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct about about = {0};
    /* Loose on purpose: at most four a second are due, so a flood of them is a fault. */
    return read_data(about_table, frame, &about, error);
}

/* --- task_response --------------------------------------------------------------------------- */

struct response {
    const char *attempt_id;
    int ok, retryable;
    json_t *executed_on, *performance, *error, *result;
};

static const struct wi_param response_table[] = {
    ROW(response, attempt_id, WI_PARAM_STRING, 1, 1, WI_FRAME_ID_MAX),
    ROW(response, ok, WI_PARAM_BOOL, 1, 0, 0),
    ROW(response, retryable, WI_PARAM_BOOL, 0, 0, 0),
    ROW(response, executed_on, WI_PARAM_OBJECT, 0, 0, 0),
    ROW(response, performance, WI_PARAM_OBJECT, 0, 0, 0),
    ROW(response, error, WI_PARAM_OBJECT, 0, 0, 0),
    ROW(response, result, WI_PARAM_ANY, 0, 0, 0),
    END_ROW,
};

static const struct wi_param performance_table[] = {
    {"load_ms", WI_PARAM_NUMBER, offsetof(struct wi_answer, load_ms), 0, 0, 1e12, NULL},
    {"inference_ms", WI_PARAM_NUMBER, offsetof(struct wi_answer, inference_ms), 0, 0, 1e12, NULL},
    {"warm", WI_PARAM_BOOL, offsetof(struct wi_answer, warm), 0, 0, 0, NULL},
    END_ROW,
};

struct failure {
    const char *code, *message, *field, *expected;
};

static const struct wi_param failure_table[] = {
    ROW(failure, code, WI_PARAM_STRING, 1, 1, 64),
    ROW(failure, message, WI_PARAM_STRING, 1, 0, 0),
    ROW(failure, field, WI_PARAM_STRING, 0, 0, 0),
    ROW(failure, expected, WI_PARAM_STRING, 0, 0, 0),
    END_ROW,
};

/* A page speaks about the model, its input, and the time that it was given; it may not claim that a
 * queue of ours is full. */
static enum wi_code code_of_page(const char *name)
{
    enum wi_code code = wi_code_from_name(name);
    int known = wi_code_status(code) == 422 || code == WI_CANCELLED || code == WI_DEADLINE_EXCEEDED;
    return known ? code : WI_INFERENCE_FAILED;
}

static enum verdict read_failure(
    const struct response *response, struct wi_answer *answer, struct wi_error *error)
{
    struct failure failure = {0};
    char code[65], message[400];
    if (!response->error) {
        wi_error_set(error, WI_MISSING_FIELD, "data.error", "data.error is missing");
        return WRONG;
    }
    if (wi_params_read(failure_table, response->error, WI_PARAMS_OPEN, "data.error.", &failure,
            error) != WI_OK)
        return WRONG;
    wi_report_text(code, sizeof code, failure.code);
    wi_report_text(message, sizeof message, failure.message);
    enum wi_code known = code_of_page(failure.code);
    if (strcmp(wi_code_name(known), failure.code) == 0)
        wi_error_set(&answer->error, known, NULL, "%s", message);
    else /* e.g. device_lost: a name of the page's own */
        wi_error_set(&answer->error, known, NULL, "%s: %s", code, message);
    wi_report_text(answer->error.field, sizeof answer->error.field, failure.field);
    wi_report_text(answer->error.expected, sizeof answer->error.expected, failure.expected);
    return OURS;
}

static enum verdict read_answer(const struct response *response, struct wi_frame *frame,
    struct wi_answer *answer, struct wi_error *error)
{
    answer->ok = response->ok;
    answer->retryable = response->retryable;
    answer->executed_on = response->executed_on;
    answer->result = response->result;
    if (response->performance && wi_params_read(performance_table, response->performance,
                                     WI_PARAMS_OPEN, "data.performance.", answer, error) != WI_OK)
        return WRONG;
    if (!response->ok)
        return read_failure(response, answer, error);
    if (!response->executed_on) {
        wi_error_set(error, WI_MISSING_FIELD, "data.executed_on", "data.executed_on is missing");
        return WRONG;
    }
    wi_tensors_move(&answer->outputs, &frame->tensors);
    return OURS;
}

/* Nothing simulated goes out unmarked: what a simulated node says is marked whatever it says, and
 * another node that simulates has failed. */
static void check_simulated(const struct wi_node *node, struct wi_answer *answer)
{
    if (!answer->ok)
        return;
    if (node->info.platforms[WI_SIMULATED].available) {
        json_object_set_new(answer->executed_on, "simulated", json_true());
        json_object_set_new(
            answer->executed_on, "platform", json_string(wi_platform_names[WI_SIMULATED]));
    } else if (json_is_true(json_object_get(answer->executed_on, "simulated"))) {
        answer->ok = 0;
        answer->retryable = 1;
        wi_error_set(&answer->error, WI_INFERENCE_FAILED, NULL,
            "the node simulated an answer that was to be computed");
        wi_tensors_clear(&answer->outputs);
    }
}

static enum verdict on_response(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct wi_bridge *bridge = node->bridge;
    struct response response = {0};
    struct wi_answer answer = {0};
    if (read_data(response_table, frame, &response, error) == WRONG)
        return WRONG;
    struct wi_attempt *attempt = wi_node_find_attempt(node, response.attempt_id);
    if (!attempt) {
        /* Cancelled meanwhile, or sent again although it had arrived: the page may forget it. */
        bridge->counters.late_answers++;
        wi_node_acknowledge(node, response.attempt_id, 0);
        return LOOSE;
    }
    if (read_answer(&response, frame, &answer, error) == WRONG)
        return WRONG;
    check_simulated(node, &answer);
    wi_node_remove_attempt(node, attempt);
    /* Before the event, so that the next task_request from inside it carries the acknowledgement.
     */
    wi_node_acknowledge(node, response.attempt_id, wi_tensors_bytes(&answer.outputs));
    bridge->events.on_answer(bridge->events.context, node->info.id, response.attempt_id, &answer);
    wi_tensors_clear(&answer.outputs);
    return OURS;
}

/* --- model_status, capability_report, log ---------------------------------------------------- */

struct status {
    json_t *models;
};

static const struct wi_param status_table[] = {
    ROW(status, models, WI_PARAM_ARRAY, 1, 0, 4096),
    END_ROW,
};

static enum verdict on_model_status(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct status status = {0};
    if (read_data(status_table, frame, &status, error) == WRONG)
        return WRONG;
    json_decref(node->models);
    node->models = wi_report_bounded(status.models);
    const struct wi_bridge_events *events = &node->bridge->events;
    if (events->on_node_models)
        events->on_node_models(events->context, node->info.id, node->models);
    return LOOSE;
}

struct capabilities {
    json_t *capabilities;
};

static const struct wi_param capabilities_table[] = {
    ROW(capabilities, capabilities, WI_PARAM_OBJECT, 1, 0, 0),
    END_ROW,
};

static enum verdict on_capability_report(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct capabilities report = {0};
    json_t *before = node->info.capabilities;
    int available[WI_PLATFORM_COUNT];
    for (int i = 0; i < WI_PLATFORM_COUNT; i++)
        available[i] = node->info.platforms[i].available;
    if (read_data(capabilities_table, frame, &report, error) == WRONG ||
        wi_report_read(report.capabilities, &node->info, error) != WI_OK)
        return WRONG;
    json_decref(before);
    const struct wi_bridge_events *events = &node->bridge->events;
    if (events->on_node_report)
        events->on_node_report(events->context, &node->info);
    for (int i = 0; i < WI_PLATFORM_COUNT; i++) {
        if (available[i] && !node->info.platforms[i].available && events->on_platform_lost)
            events->on_platform_lost(events->context, node->info.id, (enum wi_platform)i,
                node->info.platforms[i].reason);
    }
    return LOOSE;
}

struct line {
    int level;
    const char *message;
};

static const char *const level_names[] = {"error", "warn", "info", "debug", NULL};

static const struct wi_param line_table[] = {
    {"level", WI_PARAM_ENUM, offsetof(struct line, level), 1, 0, 0, level_names},
    ROW(line, message, WI_PARAM_STRING, 1, 0, 0),
    END_ROW,
};

static enum verdict on_log(struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct line line = {0};
    char text[2049];
    double now = wi_now_ms();
    if (read_data(line_table, frame, &line, error) == WRONG)
        return WRONG;
    if (now - node->log_window >= 1000) {
        node->log_window = now;
        node->log_count = 0;
    }
    if (node->log_count++ >= MAX_LOG_PER_SECOND)
        return LOOSE;
    wi_report_text(text, sizeof text, line.message);
    /* A page's "error" is about itself; to the operator it is a warning. */
    wi_log(line.level == 0 ? WI_LOG_WARN : (enum wi_level)line.level, "page", node->info.id, "%s",
        text);
    return LOOSE;
}

/* --- Dispatch -------------------------------------------------------------------------------- */

static const struct {
    const char *type;
    handler_fn *handle;
} handlers[] = {
    {"task_response", on_response},
    {"task_accepted", on_accepted},
    {"task_progress", on_progress},
    {"heartbeat", on_heartbeat},
    {"model_status", on_model_status},
    {"capability_report", on_capability_report},
    {"log", on_log},
};

static enum verdict dispatch(struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++)
        if (strcmp(handlers[i].type, frame->type) == 0)
            return handlers[i].handle(node, frame, error);
    if (strcmp(frame->type, "node_announcement") != 0)
        return LOOSE;
    wi_error_set(error, WI_BAD_REQUEST, "type", "this socket has announced its node already");
    return WRONG;
}

static int is_flood(struct wi_link *link)
{
    double now = wi_now_ms();
    if (now - link->flood_window >= 1000) {
        link->flood_window = now;
        link->flood_count = 0;
    }
    return ++link->flood_count > MAX_LOOSE_PER_SECOND;
}

void wi_messages_handle(struct wi_link *link, struct wi_blob *blob, int binary)
{
    struct wi_frame frame;
    struct wi_error error = {0};
    struct wi_bridge *bridge = link->bridge;
    if (wi_frame_parse(blob, binary, &frame, &error) != WI_OK) {
        bridge->counters.malformed++;
        wi_link_fail(link, WI_CLOSE_MALFORMED, error.detail);
        return;
    }
    if (!link->node) {
        if (strcmp(frame.type, "node_announcement") == 0)
            wi_announce(link, &frame);
        else {
            bridge->counters.protocol_errors++;
            wi_link_fail(link, WI_CLOSE_POLICY, "the first message must be a node_announcement");
        }
        wi_frame_clear(&frame);
        return;
    }
    enum verdict verdict = dispatch(link->node, &frame, &error);
    wi_frame_clear(&frame);
    if (link->closing)
        return;
    if (verdict == WRONG) {
        bridge->counters.protocol_errors++;
        wi_link_fail(link, WI_CLOSE_POLICY, error.detail);
    } else if (verdict == LOOSE && is_flood(link)) {
        bridge->counters.protocol_errors++;
        wi_link_fail(link, WI_CLOSE_POLICY, "too many messages in a second");
    }
}
