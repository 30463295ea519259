/*
 * A stream of a simulated node: builtin/count, one part for each number, or text word by word.
 * Parts are kept until they are acknowledged, made while the connection is broken as well, and only
 * within the credit.
 */
#include "simulate/simulate.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define NEVER UINT64_MAX

struct part {
    struct part *prev, *next;
    uint64_t seq;
    struct sim_message *message;
};

struct sim_stream {
    struct sim_attempt *attempt;
    sim_stream_end_fn *on_end;
    struct wi_count_options options;
    json_t *text, *result;        /* of text: its parts, and what comes after them; else NULL */
    uint64_t next;                /* seq of the part that is made next */
    uint64_t turn;                /* that of the part before which its fate comes true */
    struct wi_credit made, limit; /* of this attempt */
    struct part *parts;           /* not acknowledged */
    struct wi_timer *timer;       /* until the next part is due */
    double began, due, blocked;   /* of wi_now_ms(); blocked 0: there is credit */
    double waited_ms;
};

static void put_text(struct wi_buffer *out, uint64_t number, int64_t bytes, size_t *length)
{
    static const char spaces[] = "                                                                ";
    char text[32];
    int size = snprintf(text, sizeof text, "%llu ", (unsigned long long)number);
    wi_buffer_add(out, text, (size_t)size);
    *length = (size_t)size;
    while ((int64_t)*length < bytes) {
        size_t left = (size_t)bytes - *length;
        size_t more = left < sizeof spaces - 1 ? left : sizeof spaces - 1;
        wi_buffer_add(out, spaces, more);
        *length += more;
    }
}

/* What is in the next part; the bytes that it counts for. */
static size_t put_content(struct wi_buffer *out, const struct sim_stream *stream)
{
    unsigned long long seq = stream->next;
    const json_t *part = json_array_get(stream->text, (size_t)seq), *value;
    const char *key;
    size_t length = 0;
    if (!stream->text) {
        wi_buffer_puts(out, ",\"index\":0,\"text\":\"");
        put_text(out, seq, stream->options.bytes, &length);
        wi_buffer_printf(out, "\",\"tokens\":[%llu]", seq);
        return length;
    }
    json_object_foreach((json_t *)part, key, value)
    {
        wi_buffer_strings(out, ",\"", key, "\":", NULL);
        size_t before = out->size;
        wi_buffer_json(out, value);
        length += strcmp(key, "result") == 0 ? out->size - before : json_string_length(value);
    }
    return length;
}

static void make_part(struct sim_stream *stream)
{
    struct sim_attempt *attempt = stream->attempt;
    struct sim_node *node = attempt->node;
    struct part *part = wi_alloc(sizeof *part);
    struct wi_buffer out = {0};
    size_t length;

    sim_message_begin(node, &out, 0, "task_part");
    wi_buffer_puts(&out, "\"attempt_id\":");
    wi_buffer_json_string(&out, attempt->id);
    wi_buffer_printf(&out, ",\"seq\":%llu", (unsigned long long)stream->next);
    length = put_content(&out, stream);
    wi_buffer_puts(&out, "}");
    wi_frame_end(&out, 0);
    part->seq = stream->next;
    part->message = sim_message_new(0, &out);
    DL_APPEND(stream->parts, part);
    stream->next++;
    stream->made.parts++;
    stream->made.bytes += length;
    node->sim->counters.parts++;
    if (node->state == SIM_UP)
        sim_link_send(node, part->message);
}

static void end(struct sim_stream *stream, int fails)
{
    struct sim_answer answer = {.parts = stream->next,
        .result = stream->text ? json_incref(stream->result)
                               : json_pack("{s:I}", "count", (json_int_t)stream->options.count),
        .retryable = fails,
        .waited_ms = stream->waited_ms,
        .took_ms = wi_now_ms() - stream->began - stream->waited_ms};
    if (fails)
        wi_error_set(&answer.failure, WI_INFERENCE_FAILED, NULL, "the node was told to fail");
    stream->on_end(stream->attempt, &answer);
    json_decref(answer.result);
}

/* Whether the stream has ended with it. */
static int meets_its_fate(struct sim_stream *stream)
{
    struct sim_attempt *attempt = stream->attempt;
    struct sim *sim = attempt->node->sim;

    stream->turn = NEVER;
    if (attempt->fate == SIM_FAIL)
        end(stream, 1);
    if (attempt->fate != SIM_CUT)
        return 1; /* what is dropped is never heard of again */
    sim->counters.cut++;
    sim_link_cut(attempt->node);
    return 0;
}

static int has_credit(const struct sim_stream *stream)
{
    return stream->made.parts < stream->limit.parts && stream->made.bytes < stream->limit.bytes;
}

static void go_on(struct sim_stream *stream)
{
    double interval = (double)stream->options.interval_ms;
    uint64_t count = (uint64_t)stream->options.count;

    while (stream->next < count) {
        double now = wi_now_ms();
        if (stream->next == stream->turn && meets_its_fate(stream))
            return;
        if (!has_credit(stream)) {
            stream->blocked = stream->blocked > 0 ? stream->blocked : now;
            return;
        }
        if (now < stream->due) {
            wi_timer_start(stream->timer, (uint64_t)(stream->due - now) + 1, 0);
            return;
        }
        make_part(stream);
        stream->due = stream->due + interval > now ? stream->due + interval : now;
    }
    end(stream, 0);
}

static void on_due(void *context)
{
    go_on(context);
}

/* --- for attempt.c ------------------------------------------------------------------ */

static void read_credit(const json_t *said, struct wi_credit *credit)
{
    uint64_t parts = (uint64_t)json_integer_value(json_object_get(said, "parts"));
    uint64_t bytes = (uint64_t)json_integer_value(json_object_get(said, "bytes"));
    credit->parts = parts > credit->parts ? parts : credit->parts;
    credit->bytes = bytes > credit->bytes ? bytes : credit->bytes;
}

struct sim_stream *sim_stream_new(struct sim_attempt *attempt, const struct sim_task *task,
    double delay_ms, sim_stream_end_fn *on_end)
{
    struct sim *sim = attempt->node->sim;
    const json_t *from = json_object_get(task->data, "continue");
    struct wi_count_options options = {0};
    json_t *text = NULL, *result = NULL;
    if (sim_task_kind(task) != WI_TASK_NONE) {
        text = sim_text_speak(
            task, json_object_get(task->data, "input"), sim->options->token_ms, 1, &result);
        options.count = (int64_t)json_array_size(text);
        options.interval_ms = (int64_t)sim->options->token_ms;
    } else if (wi_builtin_read_count(task->options, &options, NULL) != WI_OK) {
        return NULL;
    }
    struct sim_stream *stream = wi_alloc(sizeof *stream);
    stream->attempt = attempt;
    stream->on_end = on_end;
    stream->options = options;
    stream->text = text;
    stream->result = result;
    stream->next = (uint64_t)json_integer_value(json_object_get(from, "seq"));
    stream->limit = attempt->node->initial_credit;
    stream->began = wi_now_ms();
    stream->due = stream->began + delay_ms;
    stream->turn = NEVER;
    if (attempt->fate != SIM_ANSWER && stream->next < (uint64_t)options.count)
        stream->turn = stream->next + (uint64_t)(sim_random(sim) *
                                                 (double)((uint64_t)options.count - stream->next));
    sim->counters.streams++;
    sim->counters.continued += from != NULL;
    stream->timer = wi_timer_new(sim->loop, on_due, stream);
    wi_timer_start(stream->timer, 0, 0);
    return stream;
}

void sim_stream_free(struct sim_stream *stream)
{
    if (!stream)
        return;
    sim_stream_forget(stream, NEVER);
    wi_timer_free(stream->timer);
    json_decref(stream->text);
    json_decref(stream->result);
    free(stream);
}

uint64_t sim_stream_next(const struct sim_stream *stream)
{
    return stream->next;
}

void sim_stream_forget(struct sim_stream *stream, uint64_t seq)
{
    while (stream->parts && stream->parts->seq < seq) {
        struct part *part = stream->parts;
        DL_DELETE(stream->parts, part);
        sim_message_unref(part->message);
        free(part);
    }
}

void sim_stream_credit(struct sim_stream *stream, const json_t *said)
{
    double now = wi_now_ms();
    read_credit(said, &stream->limit);
    if (stream->blocked == 0 || !has_credit(stream))
        return;
    stream->waited_ms += now - stream->blocked;
    stream->blocked = 0;
    go_on(stream);
}

void sim_stream_resume(struct sim_stream *stream, const json_t *next, const json_t *credit)
{
    struct part *part;
    if (json_is_integer(next))
        sim_stream_forget(stream, (uint64_t)json_integer_value(next));
    DL_FOREACH(stream->parts, part)
    sim_link_send(stream->attempt->node, part->message);
    sim_stream_credit(stream, credit);
}
