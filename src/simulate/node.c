/* One simulated node's part of the conversation of webinfer-protocol(7). */
#include "simulate/simulate.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define RETRY_FIRST_MS 250.0
#define RETRY_MAX_MS 5000.0
#define LATE_FACTOR                                                                                \
    1.5 /* of an interval: a heartbeat of the service's that comes later is late                   \
         */

/* --- the service's messages ------------------------------------------------------------------ */

static void copy_string(char *out, size_t size, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    snprintf(out, size, "%s", text ? text : "");
}

static void on_welcome(struct sim_node *node, const struct wi_frame *frame)
{
    struct sim *sim = node->sim;
    const json_t *credit = json_object_get(frame->data, "initial_credit");

    copy_string(node->id, sizeof node->id, frame->data, "node");
    copy_string(node->resume_token, sizeof node->resume_token, frame->data, "resume_token");
    node->interval_ms =
        (double)json_integer_value(json_object_get(frame->data, "heartbeat_interval_ms"));
    node->misses = (unsigned)json_integer_value(json_object_get(frame->data, "heartbeat_misses"));
    node->max_frame = (uint64_t)json_integer_value(json_object_get(frame->data, "max_frame_bytes"));
    node->initial_credit =
        (struct wi_credit){(uint64_t)json_integer_value(json_object_get(credit, "parts")),
            (uint64_t)json_integer_value(json_object_get(credit, "bytes"))};
    node->heartbeat_at = wi_now_ms();
    node->retry_ms = RETRY_FIRST_MS;
    node->state = SIM_UP;
    sim->connecting--;
    if (++sim->counters.up > sim->counters.up_peak)
        sim->counters.up_peak = sim->counters.up;
    if (json_is_true(json_object_get(frame->data, "resumed")))
        sim->counters.resumed++;
    else
        sim->counters.welcomed++;
    if (node->models)
        sim_say_models(node);
    sim_attempts_resume(node, frame->data);
}

static void on_heartbeat(struct sim_node *node, const struct wi_frame *frame)
{
    struct sim_counters *counters = &node->sim->counters;
    double now = wi_now_ms(), gap = now - node->heartbeat_at;

    node->heartbeat_at = now;
    counters->heartbeats++;
    counters->late_heartbeats += gap > LATE_FACTOR * node->interval_ms;
    if (gap > counters->worst_gap_ms)
        counters->worst_gap_ms = gap;
    sim_say_heartbeat(node, frame->id);
}

static void on_credit(struct sim_node *node, const json_t *data)
{
    const json_t *bytes = json_object_get(data, "data_bytes");
    struct sim_attempt *attempt =
        sim_attempt_find(node, json_string_value(json_object_get(data, "attempt_id")));

    if (!attempt)
        return; /* it was answered meanwhile */
    if (bytes && attempt->out.tensors.count)
        sim_pieces_credit(attempt, (uint64_t)json_integer_value(bytes));
    else if (attempt->stream)
        sim_stream_credit(attempt->stream, data);
}

static void forget_itself(struct sim_node *node)
{
    while (node->attempts)
        sim_attempt_free(node->attempts);
    json_decref(node->models);
    node->models = NULL;
    node->id[0] = node->resume_token[0] = '\0';
}

static void on_refused(struct sim_node *node, int code, const char *reason)
{
    struct sim_counters *counters = &node->sim->counters;

    if (node->state == SIM_GONE || (code != 1008 && code != 1013))
        return;
    snprintf(counters->why, sizeof counters->why, "%d %s", code, reason);
    if (code == 1013)
        return; /* no room now: comes back later */
    counters->up -= node->state == SIM_UP;
    node->sim->connecting -= node->state == SIM_CONNECTING || node->state == SIM_ANNOUNCING;
    counters->gone++;
    node->state = SIM_GONE;
    forget_itself(node);
}

static void on_bye(struct sim_node *node, const struct wi_frame *frame)
{
    char code[32], reason[160];

    copy_string(code, sizeof code, frame->data, "code");
    copy_string(reason, sizeof reason, frame->data, "reason");
    if (strcmp(code, "resume_unknown") == 0)
        forget_itself(node); /* comes in anew: its join token is good for that */
    else if (strcmp(code, "shutdown") != 0)
        on_refused(node, 1008, reason);
}

static void handle(struct sim_node *node, struct wi_frame *frame)
{
    if (strcmp(frame->type, "welcome") == 0 && node->state == SIM_ANNOUNCING) {
        on_welcome(node, frame);
    } else if (strcmp(frame->type, "bye") == 0) {
        on_bye(node, frame);
    } else if (node->state != SIM_UP) {
        node->sim->counters.unexpected++;
    } else if (strcmp(frame->type, "heartbeat") == 0) {
        on_heartbeat(node, frame);
    } else if (strcmp(frame->type, "task_request") == 0) {
        sim_attempt_acknowledge(node, json_object_get(frame->data, "acknowledged"), NULL);
        sim_attempt_begin(node, frame);
    } else if (strcmp(frame->type, "task_data") == 0) {
        sim_attempt_data(node, frame);
    } else if (strcmp(frame->type, "task_credit") == 0) {
        on_credit(node, frame->data);
    } else if (strcmp(frame->type, "task_ack") == 0) {
        sim_attempt_acknowledge(node, json_object_get(frame->data, "attempt_ids"),
            json_object_get(frame->data, "parts"));
    } else if (strcmp(frame->type, "task_cancel") == 0) {
        sim_attempt_cancel(node, json_string_value(json_object_get(frame->data, "attempt_id")));
    } else if (strcmp(frame->type, "model_load") == 0) {
        sim_attempt_note_model(node, json_object_get(frame->data, "model"));
    } else if (strcmp(frame->type, "model_unload") == 0) {
        json_decref(node->models);
        node->models = NULL;
        sim_say_models(node);
    } else if (strcmp(frame->type, "capability_query") == 0) {
        sim_say_capabilities(node);
    }
}

static void on_message(struct sim_node *node, struct wi_blob *blob, int binary)
{
    struct wi_frame frame;
    struct wi_error error;

    if (wi_frame_parse(blob, binary, &frame, &error) != WI_OK) {
        node->sim->counters.unexpected++;
        sim_link_cut(node);
        return;
    }
    handle(node, &frame);
    wi_frame_clear(&frame);
}

/* --- coming and going ------------------------------------------------------------------------ */

static void on_open(struct sim_node *node)
{
    node->state = SIM_ANNOUNCING;
    node->heard = wi_now_ms();
    sim_attempts_fit(node);
    sim_say_announcement(node);
}

int sim_node_leave(struct sim_node *node)
{
    if (node->state != SIM_UP)
        return 0;
    node->state = SIM_LEAVING;
    sim_say_bye(node);
    return 1;
}

static void on_closed(struct sim_node *node)
{
    struct sim *sim = node->sim;

    sim_link_clear(node);
    if (node->state == SIM_LEAVING)
        sim->on_left(sim);
    if (sim->ending || node->state == SIM_GONE || node->state == SIM_IDLE)
        return;
    if (node->state == SIM_UP)
        sim->counters.up--;
    else
        sim->connecting--;
    sim->counters.broken++;
    node->state = SIM_IDLE;
    node->retry_at = wi_now_ms() + sim_random(sim) * node->retry_ms;
    node->retry_ms = node->retry_ms * 2 < RETRY_MAX_MS ? node->retry_ms * 2 : RETRY_MAX_MS;
}

const struct sim_link_events sim_node_events = {on_open, on_message, on_closed, on_refused};

void sim_node_beat(struct sim_node *node, double now)
{
    if (node->state == SIM_IDLE && now >= node->retry_at)
        sim_link_connect(node);
    if (node->state != SIM_UP)
        return;
    if (now - node->heard > node->interval_ms * node->misses)
        sim_link_cut(node);
    else if (now - node->said >= node->interval_ms)
        sim_say_heartbeat(node, NULL);
}

void sim_node_free(struct sim_node *node)
{
    forget_itself(node);
    sim_link_clear(node);
}
