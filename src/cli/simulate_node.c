/* One simulated node's part of the conversation of webinfer-protocol(7). */
#include "cli/simulate.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define RETRY_FIRST_MS 250.0
#define RETRY_MAX_MS 5000.0
#define LATE_FACTOR                                                                                \
    1.5 /* of an interval: a heartbeat of the service's that comes later is late                   \
         */

/* --- attempts -------------------------------------------------------------------------------- */

static void free_attempt(struct sim_attempt *attempt)
{
    DL_DELETE(attempt->node->attempts, attempt);
    wi_timer_free(attempt->timer);
    sim_message_unref(attempt->answer);
    free(attempt);
}

static struct sim_attempt *find_attempt(struct sim_node *node, const char *id)
{
    struct sim_attempt *attempt;

    DL_FOREACH(node->attempts, attempt)
    if (id && strcmp(attempt->id, id) == 0)
        return attempt;
    return NULL;
}

static void send_answer(struct sim_attempt *attempt)
{
    struct sim_node *node = attempt->node;

    attempt->answered = 1;
    node->sim->counters.answered++;
    if (attempt->cut) {
        attempt->cut = 0;
        node->sim->counters.cut++;
        sim_link_cut(node); /* it is sent when the node is back */
        return;
    }
    if (node->state != SIM_UP)
        return; /* likewise */
    sim_link_send(node, attempt->answer);
    if (attempt->twice) {
        node->sim->counters.duplicated++;
        sim_link_send(node, attempt->answer);
    }
}

static void on_due(void *context)
{
    struct sim_attempt *attempt = context;

    wi_timer_free(attempt->timer);
    attempt->timer = NULL;
    send_answer(attempt);
}

static void put_failure(struct wi_buffer *out, const char *code, const char *text, int retryable)
{
    wi_buffer_printf(out, "\"ok\":false,\"retryable\":%s,\"error\":{\"code\":\"%s\",\"message\":",
        retryable ? "true" : "false", code);
    wi_buffer_json_string(out, text);
    wi_buffer_puts(out, "}");
}

static void put_tensors(struct wi_buffer *out, const struct wi_tensors *tensors)
{
    size_t section = 0;

    for (size_t i = 0; i < tensors->count; i++) {
        size_t padding = wi_frame_align(section) - section;
        wi_buffer_add(out, "\0\0\0\0\0\0\0", padding);
        wi_buffer_add(out, wi_tensor_bytes(&tensors->items[i]), tensors->items[i].size);
        section += padding + tensors->items[i].size;
    }
}

/* The head of the task_response, whole; `code` NULL: it went well. The bytes of its JSON. */
static size_t put_answer(struct wi_buffer *out, struct sim_node *node, const struct wi_frame *task,
    const struct sim_attempt *attempt, const struct wi_tensors *outputs, const char *code,
    const char *text, int retryable, double took_ms)
{
    int binary = !code && outputs->count > 0;

    sim_say_begin(node, out, binary, "task_response");
    wi_buffer_puts(out, "\"attempt_id\":");
    wi_buffer_json_string(out, attempt->id);
    wi_buffer_puts(out, ",\"reply_to\":");
    wi_buffer_json_string(out, task->id);
    wi_buffer_puts(out, ",");
    if (code) {
        put_failure(out, code, text, retryable);
    } else {
        wi_buffer_printf(out,
            "\"ok\":true,\"executed_on\":{\"platform\":\"simulated\",\"engine\":\"simulator\","
            "\"precision\":null,\"adapter\":null,\"fallbacks\":[],\"simulated\":true},"
            "\"performance\":{\"load_ms\":0,\"inference_ms\":%.3f,\"warm\":true}",
            took_ms);
        if (binary) {
            wi_buffer_puts(out, ",");
            wi_frame_tensors(out, outputs);
        }
    }
    wi_buffer_puts(out, "}");
    return wi_frame_end(out, binary);
}

/* The whole task_response; `failure` NULL: it went well. */
static struct sim_message *make_answer(struct sim_node *node, const struct wi_frame *task,
    const struct sim_attempt *attempt, const struct wi_tensors *outputs,
    const struct wi_error *failure, int retryable, double took_ms)
{
    struct wi_buffer out = {0};
    char text[160];
    const char *code = !failure ? NULL : retryable ? "engine_crashed" : "inference_failed";
    size_t json = put_answer(&out, node, task, attempt, outputs, code,
        failure ? failure->detail : NULL, retryable, took_ms);
    int binary = !failure && outputs->count > 0;
    size_t whole = out.size + (binary ? wi_frame_section(outputs) : 0);

    if (json > WI_FRAME_HEAD_MAX || whole > node->max_frame) {
        wi_buffer_clear(&out);
        snprintf(text, sizeof text, "the answer makes a message of %zu bytes, %zu of them JSON",
            whole, json);
        binary = 0;
        put_answer(&out, node, task, attempt, outputs, "answer_too_large", text, 0, took_ms);
    }
    if (binary)
        put_tensors(&out, outputs);
    return sim_message_new(binary, &out);
}

/* Notes a model as loaded, once. */
static void note_model(struct sim_node *node, const json_t *model)
{
    const char *name = json_string_value(json_object_get(model, "name"));
    const char *hash = json_string_value(json_object_get(model, "hash"));
    const json_t *row;
    size_t i;

    if (!name || !hash || !*hash)
        return;
    json_array_foreach(node->models, i,
        row) if (strcmp(json_string_value(json_object_get(row, "hash")), hash) == 0) return;
    if (!node->models)
        node->models = json_array();
    json_array_append_new(
        node->models, json_pack("{s:s, s:s, s:s, s:s, s:i}", "name", name, "hash", hash, "platform",
                          "simulated", "state", "loaded", "bytes", 0));
    sim_say_models(node);
}

/* The inputs that were asked for, as they came. */
static void echo(const json_t *wanted, struct wi_tensors *inputs, struct wi_tensors *outputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        struct wi_tensors one = {&inputs->items[i], 1};
        if (sim_model_wants(wanted, one.items->name))
            wi_tensors_share(outputs, &one);
    }
}

static enum wi_code compute(struct sim_node *node, struct wi_frame *task, const char *model,
    struct wi_tensors *outputs, struct wi_error *error)
{
    const json_t *wanted = json_object_get(task->data, "outputs");

    if (strcmp(model, "builtin/echo") == 0) {
        echo(wanted, &task->tensors, outputs);
        return WI_OK;
    }
    return sim_model_outputs(node->sim, model, &task->tensors, wanted, outputs, error);
}

/* What is to become of an attempt, by lot. */
enum fate { ANSWER, FAIL, DROP, LATE, CUT };

static enum fate draw(struct sim *sim)
{
    const struct sim_options *options = sim->options;
    double lot = sim_random(sim);

    if ((lot -= options->fail_rate) < 0)
        return FAIL;
    if ((lot -= options->drop_rate) < 0)
        return DROP;
    if ((lot -= options->late_rate) < 0)
        return LATE;
    return lot - options->cut_rate < 0 ? CUT : ANSWER;
}

static void on_task(struct sim_node *node, struct wi_frame *task)
{
    struct sim *sim = node->sim;
    const json_t *model = json_object_get(task->data, "model");
    const char *id = json_string_value(json_object_get(task->data, "attempt_id"));
    const char *name = json_string_value(json_object_get(model, "name"));
    double took = sim->options->latency_ms + sim_random(sim) * sim->options->jitter_ms;
    struct wi_tensors outputs = {0};
    struct wi_error error = {0};
    enum fate fate = draw(sim);

    if (!id || !name || find_attempt(node, id)) {
        sim->counters.unexpected++;
        return;
    }
    struct sim_attempt *attempt = wi_alloc(sizeof *attempt);
    attempt->node = node;
    snprintf(attempt->id, sizeof attempt->id, "%s", id);
    DL_APPEND(node->attempts, attempt);
    sim->counters.attempts++;
    sim->counters.failed += fate == FAIL;
    sim->counters.dropped += fate == DROP;
    sim->counters.late += fate == LATE;
    if (fate == FAIL)
        wi_error_set(&error, WI_INFERENCE_FAILED, NULL, "the node was told to fail");
    else if (compute(node, task, name, &outputs, &error) == WI_OK)
        note_model(node, model);
    attempt->answer = make_answer(
        node, task, attempt, &outputs, error.code != WI_OK ? &error : NULL, fate == FAIL, took);
    wi_tensors_clear(&outputs);
    attempt->late = fate == LATE;
    attempt->cut = fate == CUT;
    attempt->twice = sim_random(sim) < sim->options->duplicate_rate;
    if (fate == DROP || fate == LATE)
        return;
    if (took < 1) {
        send_answer(attempt);
        return;
    }
    attempt->timer = wi_timer_new(sim->loop, on_due, attempt);
    wi_timer_start(attempt->timer, (uint64_t)took, 0);
}

static void cancel(struct sim_node *node, const char *id)
{
    struct sim_attempt *attempt = find_attempt(node, id);

    if (!attempt)
        return;
    node->sim->counters.cancelled++;
    if (attempt->late && !attempt->answered)
        send_answer(attempt);
    else
        free_attempt(attempt);
}

static void acknowledge(struct sim_node *node, const json_t *ids)
{
    const json_t *id;
    size_t i;

    json_array_foreach(ids, i, id)
    {
        struct sim_attempt *attempt = find_attempt(node, json_string_value(id));
        if (attempt && attempt->answered)
            free_attempt(attempt);
    }
}

/* --- the service's messages ------------------------------------------------------------------ */

static void copy_string(char *out, size_t size, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    snprintf(out, size, "%s", text ? text : "");
}

static void on_welcome(struct sim_node *node, const struct wi_frame *frame)
{
    struct sim *sim = node->sim;
    struct sim_attempt *attempt;
    const json_t *id;
    size_t i;

    copy_string(node->id, sizeof node->id, frame->data, "node");
    copy_string(node->resume_token, sizeof node->resume_token, frame->data, "resume_token");
    node->interval_ms =
        (double)json_integer_value(json_object_get(frame->data, "heartbeat_interval_ms"));
    node->misses = (unsigned)json_integer_value(json_object_get(frame->data, "heartbeat_misses"));
    node->max_frame = (uint64_t)json_integer_value(json_object_get(frame->data, "max_frame_bytes"));
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
    json_array_foreach(json_object_get(frame->data, "cancel"), i, id)
    {
        attempt = find_attempt(node, json_string_value(id));
        if (attempt)
            free_attempt(attempt);
    }
    if (node->models)
        sim_say_models(node);
    DL_FOREACH(node->attempts, attempt)
    if (attempt->answered)
        sim_link_send(node, attempt->answer);
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

static void forget_itself(struct sim_node *node)
{
    while (node->attempts)
        free_attempt(node->attempts);
    json_decref(node->models);
    node->models = NULL;
    node->id[0] = node->resume_token[0] = '\0';
}

static void on_bye(struct sim_node *node, const struct wi_frame *frame)
{
    char code[32], reason[160];

    copy_string(code, sizeof code, frame->data, "code");
    copy_string(reason, sizeof reason, frame->data, "reason");
    if (strcmp(code, "resume_unknown") == 0)
        forget_itself(node); /* comes in anew: its join token is good for that */
    else if (strcmp(code, "shutdown") != 0)
        sim_node_refused(node, 1008, reason);
}

void sim_node_refused(struct sim_node *node, int code, const char *reason)
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
        acknowledge(node, json_object_get(frame->data, "acknowledged"));
        on_task(node, frame);
    } else if (strcmp(frame->type, "task_ack") == 0) {
        acknowledge(node, json_object_get(frame->data, "attempt_ids"));
    } else if (strcmp(frame->type, "task_cancel") == 0) {
        cancel(node, json_string_value(json_object_get(frame->data, "attempt_id")));
    } else if (strcmp(frame->type, "model_load") == 0) {
        note_model(node, json_object_get(frame->data, "model"));
    } else if (strcmp(frame->type, "model_unload") == 0) {
        json_decref(node->models);
        node->models = NULL;
        sim_say_models(node);
    } else if (strcmp(frame->type, "capability_query") == 0) {
        sim_say_capabilities(node);
    }
}

void sim_node_message(struct sim_node *node, struct wi_blob *blob, int binary)
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

void sim_node_open(struct sim_node *node)
{
    node->state = SIM_ANNOUNCING;
    node->heard = wi_now_ms();
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

void sim_node_closed(struct sim_node *node)
{
    struct sim *sim = node->sim;

    sim_link_clear(node);
    if (node->state == SIM_LEAVING)
        sim_left(sim);
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
