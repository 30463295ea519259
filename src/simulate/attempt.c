/*
 * What becomes of the attempts that a simulated node is sent: answers by the rates that were asked
 * for, in one message or in pieces. Streams are stream.c's.
 */
#include "simulate/simulate.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* What an announcement may list of attempts; it may have 64 KiB, the rest of it included. */
#define LISTED_MAX 1024
#define LISTED_BYTES_MAX ((size_t)60 * 1024)

/* --- life ------------------------------------------------------------------------------------ */

void sim_attempt_free(struct sim_attempt *attempt)
{
    DL_DELETE(attempt->node->attempts, attempt);
    wi_timer_free(attempt->timer);
    sim_message_unref(attempt->answer);
    sim_stream_free(attempt->stream);
    wi_pieces_in_free(attempt->in);
    json_decref(attempt->request);
    wi_tensors_clear(&attempt->out.tensors);
    free(attempt);
}

struct sim_attempt *sim_attempt_find(struct sim_node *node, const char *id)
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
    if (attempt->out.tensors.count) {
        sim_pieces_outline(attempt);
        return;
    }
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

/* --- answers --------------------------------------------------------------------------------- */

static void put_failure(struct wi_buffer *out, const struct wi_error *failure, int retryable)
{
    const char *code = retryable                              ? "engine_crashed"
                       : failure->code == WI_ANSWER_TOO_LARGE ? "answer_too_large"
                                                              : "inference_failed";
    wi_buffer_printf(out, "\"ok\":false,\"retryable\":%s,\"error\":{\"code\":\"%s\",\"message\":",
        retryable ? "true" : "false", code);
    wi_buffer_json_string(out, failure->detail);
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

static void put_success(struct wi_buffer *out, const struct sim_answer *answer, int binary)
{
    wi_buffer_printf(out,
        "\"ok\":true,\"executed_on\":{\"platform\":\"simulated\",\"engine\":\"simulator\","
        "\"precision\":null,\"adapter\":null,\"fallbacks\":[],\"simulated\":true},"
        "\"performance\":{\"load_ms\":0,\"inference_ms\":%.3f,\"waited_for_client_ms\":%.3f,"
        "\"warm\":true}",
        answer->took_ms, answer->waited_ms);
    if (answer->result) {
        wi_buffer_puts(out, ",\"result\":");
        wi_buffer_json(out, answer->result);
    }
    if (answer->in_pieces)
        wi_buffer_puts(out, ",\"in_pieces\":true");
    if (binary) {
        wi_buffer_puts(out, ",");
        wi_frame_tensors(out, &answer->outputs);
    }
}

static int is_binary(const struct sim_answer *answer)
{
    return answer->failure.code == WI_OK && !answer->in_pieces && answer->outputs.count > 0;
}

/* The head of the task_response, whole; the bytes of its JSON. */
static size_t put_answer(
    struct wi_buffer *out, const struct sim_attempt *attempt, const struct sim_answer *answer)
{
    int binary = is_binary(answer);
    wi_buffer_clear(out);
    sim_message_begin(attempt->node, out, binary, "task_response");
    wi_buffer_puts(out, "\"attempt_id\":");
    wi_buffer_json_string(out, attempt->id);
    wi_buffer_puts(out, ",\"reply_to\":");
    wi_buffer_json_string(out, attempt->reply_to);
    wi_buffer_printf(out, ",\"parts\":%llu,", (unsigned long long)answer->parts);
    if (answer->failure.code != WI_OK)
        put_failure(out, &answer->failure, answer->retryable);
    else
        put_success(out, answer, binary);
    wi_buffer_puts(out, "}");
    return wi_frame_end(out, binary);
}

/* The whole task_response, or what is said once its tensors have gone in pieces. */
static struct sim_message *make_answer(struct sim_attempt *attempt, struct sim_answer *answer)
{
    struct wi_buffer out = {0};
    size_t json = put_answer(&out, attempt, answer);
    size_t whole = out.size + (is_binary(answer) ? wi_frame_section(&answer->outputs) : 0);
    if (json <= WI_FRAME_HEAD_MAX && whole > attempt->node->max_frame && is_binary(answer)) {
        wi_tensors_share(&attempt->out.tensors, &answer->outputs);
        answer->in_pieces = 1;
        put_answer(&out, attempt, answer);
    } else if (json > WI_FRAME_HEAD_MAX) {
        answer->retryable = 0;
        wi_error_set(&answer->failure, WI_ANSWER_TOO_LARGE, NULL,
            "the answer makes a message with %zu bytes of JSON", json);
        put_answer(&out, attempt, answer);
    }
    if (is_binary(answer))
        put_tensors(&out, &answer->outputs);
    return sim_message_new(is_binary(answer), &out);
}

static void on_stream_end(struct sim_attempt *attempt, struct sim_answer *answer)
{
    attempt->answer = make_answer(attempt, answer);
    send_answer(attempt);
}

/* --- what is computed ------------------------------------------------------------------------ */

void sim_attempt_note_model(struct sim_node *node, const json_t *model)
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

static enum wi_code count(const json_t *options, struct sim_answer *answer)
{
    struct wi_count_options read;
    enum wi_code code = wi_builtin_read_count(options, &read, &answer->failure);
    answer->result = json_pack("{s:I}", "count", (json_int_t)read.count);
    answer->took_ms += (double)((read.count - 1) * read.interval_ms);
    return code;
}

static enum wi_code compute(struct sim_node *node, const struct sim_task *task,
    struct wi_tensors *inputs, struct sim_answer *answer)
{
    const json_t *wanted = json_object_get(task->data, "outputs");
    if (sim_task_kind(task) != WI_TASK_NONE)
        return sim_text_answer(task, node->sim->options->token_ms, answer);
    switch (wi_builtin_of_name(task->model)) {
    case WI_BUILTIN_ECHO:
        echo(wanted, inputs, &answer->outputs);
        return WI_OK;
    case WI_BUILTIN_COUNT:
        return count(task->options, answer);
    default:
        return sim_model_outputs(
            node->sim, task->model, inputs, wanted, &answer->outputs, &answer->failure);
    }
}

/* --- a task ---------------------------------------------------------------------------------- */

static void answer_at_once(struct sim_attempt *attempt, const struct sim_task *task,
    struct wi_tensors *inputs, double took)
{
    struct sim_node *node = attempt->node;
    struct sim_answer answer = {.took_ms = took};

    if (attempt->fate == SIM_FAIL) {
        answer.retryable = 1;
        wi_error_set(&answer.failure, WI_INFERENCE_FAILED, NULL, "the node was told to fail");
    } else if (compute(node, task, inputs, &answer) == WI_OK) {
        sim_attempt_note_model(node, json_object_get(task->data, "model"));
    }
    took = answer.took_ms;
    attempt->answer = make_answer(attempt, &answer);
    wi_tensors_clear(&answer.outputs);
    json_decref(answer.result);
    attempt->cut = attempt->fate == SIM_CUT;
    if (attempt->fate == SIM_DROP || attempt->fate == SIM_LATE)
        return;
    if (took < 1) {
        send_answer(attempt);
        return;
    }
    attempt->timer = wi_timer_new(node->sim->loop, on_due, attempt);
    wi_timer_start(attempt->timer, (uint64_t)took, 0);
}

/* Its tensors are there. */
static void run(struct sim_attempt *attempt, struct wi_tensors *inputs)
{
    struct sim *sim = attempt->node->sim;
    const json_t *data = json_object_get(attempt->request, "data");
    const struct sim_task task = {data, json_object_get(attempt->request, "options"),
        json_string_value(json_object_get(json_object_get(data, "model"), "name"))};
    double took = sim->options->latency_ms + sim_random(sim) * sim->options->jitter_ms;

    if (json_is_true(json_object_get(data, "stream")) &&
        (wi_builtin_of_name(task.model) == WI_BUILTIN_COUNT ||
            wi_task_generates(sim_task_kind(&task))))
        attempt->stream = sim_stream_new(attempt, &task, took, on_stream_end);
    if (!attempt->stream)
        answer_at_once(attempt, &task, inputs, took);
    json_decref(attempt->request);
    attempt->request = NULL;
}

static void run_if_whole(struct sim_attempt *attempt)
{
    struct wi_tensors inputs = {0};

    if (!sim_pieces_are_whole(attempt, &inputs))
        return;
    run(attempt, &inputs);
    wi_tensors_clear(&inputs);
}

static void expect(struct sim_attempt *attempt, const json_t *outline)
{
    if (sim_pieces_expect(attempt, outline) == 0)
        run_if_whole(attempt);
    else
        sim_attempt_free(attempt);
}

void sim_attempt_data(struct sim_node *node, const struct wi_frame *frame)
{
    struct sim_attempt *attempt =
        sim_attempt_find(node, json_string_value(json_object_get(frame->data, "attempt_id")));

    if (attempt && attempt->in && sim_pieces_take(attempt, frame) == 0)
        run_if_whole(attempt); /* else it was cancelled */
}

void sim_attempt_begin(struct sim_node *node, struct wi_frame *task)
{
    struct sim *sim = node->sim;
    const json_t *model = json_object_get(task->data, "model");
    const char *id = json_string_value(json_object_get(task->data, "attempt_id"));
    enum sim_fate fate = sim_draw(sim);

    if (!id || !json_string_value(json_object_get(model, "name")) || sim_attempt_find(node, id)) {
        sim->counters.unexpected++;
        return;
    }
    struct sim_attempt *attempt = wi_alloc(sizeof *attempt);
    attempt->node = node;
    attempt->fate = fate;
    attempt->twice = sim_random(sim) < sim->options->duplicate_rate;
    attempt->request = json_incref(task->root);
    snprintf(attempt->id, sizeof attempt->id, "%s", id);
    snprintf(attempt->reply_to, sizeof attempt->reply_to, "%s", task->id);
    DL_APPEND(node->attempts, attempt);
    sim->counters.attempts++;
    sim->counters.failed += fate == SIM_FAIL;
    sim->counters.dropped += fate == SIM_DROP;
    sim->counters.late += fate == SIM_LATE;
    if (json_object_get(task->data, "outline"))
        expect(attempt, json_object_get(task->data, "outline"));
    else
        run(attempt, &task->tensors);
}

void sim_attempt_cancel(struct sim_node *node, const char *id)
{
    struct sim_attempt *attempt = sim_attempt_find(node, id);

    if (!attempt)
        return;
    node->sim->counters.cancelled++;
    if (attempt->fate == SIM_LATE && attempt->answer && !attempt->answered)
        send_answer(attempt);
    else
        sim_attempt_free(attempt);
}

void sim_attempt_acknowledge(struct sim_node *node, const json_t *ids, const json_t *parts)
{
    const char *key;
    json_t *value;
    size_t i;

    json_object_foreach((json_t *)parts, key, value)
    {
        struct sim_attempt *attempt = sim_attempt_find(node, key);
        if (attempt && attempt->stream)
            sim_stream_forget(attempt->stream, (uint64_t)json_integer_value(value));
    }
    json_array_foreach(ids, i, value)
    {
        struct sim_attempt *attempt = sim_attempt_find(node, json_string_value(value));
        if (attempt && attempt->answered)
            sim_attempt_free(attempt);
    }
}

/* Bytes that it has in an announcement, at most. */
static size_t listed_bytes(const struct sim_attempt *attempt)
{
    size_t key = strlen(attempt->id) + 4;
    size_t next = attempt->stream ? key + 10 : 0, piece = attempt->in ? key + 64 : 0;

    return key + next + piece;
}

void sim_attempts_fit(struct sim_node *node)
{
    struct sim_attempt *attempt, *following;
    size_t count = 0, bytes = 0;

    DL_FOREACH_SAFE(node->attempts, attempt, following)
    {
        bytes += listed_bytes(attempt);
        if (++count > LISTED_MAX || bytes > LISTED_BYTES_MAX)
            sim_attempt_free(attempt);
    }
}

void sim_attempts_resume(struct sim_node *node, const json_t *welcome)
{
    const json_t *next = json_object_get(welcome, "next");
    const json_t *credit = json_object_get(welcome, "credit");
    const json_t *data = json_object_get(welcome, "data");
    struct sim_attempt *attempt, *later;
    const json_t *id;
    size_t i;

    json_array_foreach(json_object_get(welcome, "cancel"), i, id)
    {
        attempt = sim_attempt_find(node, json_string_value(id));
        if (attempt)
            sim_attempt_free(attempt);
    }
    DL_FOREACH_SAFE(node->attempts, attempt, later)
    {
        int answered = attempt->answered;
        if (attempt->stream)
            sim_stream_resume(attempt->stream, json_object_get(next, attempt->id),
                json_object_get(credit, attempt->id));
        if (answered && attempt->out.tensors.count)
            sim_pieces_resume(attempt, json_object_get(data, attempt->id));
        else if (answered)
            sim_link_send(node, attempt->answer);
    }
}
