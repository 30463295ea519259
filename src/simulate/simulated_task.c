/*
 * Handles the tasks of a simulated node: answers at the given rates, at once or later, and streams
 * part by part.
 */
#include "simulate/simulate.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "terms/kernel/builtin.h"
#include <stdlib.h>
#include <string.h>

#define NEVER UINT64_MAX

/* The fate of a task, drawn at random; that of a stream happens somewhere in it. */
enum fate { ANSWER, FAIL, DROP, LATE, CUT };

struct sim_task {
    struct sim *sim;
    struct wi_worker_task *task;
    enum fate fate;
    int twice;
    struct wi_worker_answer answer; /* if it is no stream; else the result after its parts */
    struct wi_timer *timer;         /* until it is due, or the next part is */
    /* A stream. */
    int streams;
    struct wi_count_options count; /* of its parts, their pace and size */
    json_t *parts;                 /* of text; NULL: of builtin/count */
    uint64_t turn;                 /* that of the part before which its fate comes true */
    double began, due;             /* of wi_now_ms() */
};

static enum fate fate_draw(struct sim *sim)
{
    const struct sim_options *options = sim->options;
    double lot = wi_worker_random(&sim->service);

    if ((lot -= options->fail_rate) < 0)
        return FAIL;
    if ((lot -= options->drop_rate) < 0)
        return DROP;
    if ((lot -= options->late_rate) < 0)
        return LATE;
    return lot - options->cut_rate < 0 ? CUT : ANSWER;
}

static void task_cut(struct sim_task *own)
{
    own->fate = ANSWER;
    own->sim->counters.cut++;
    wi_worker_cut(own->task->worker);
}

static void give_answer(struct sim_task *own)
{
    own->sim->counters.answered++;
    if (own->fate == CUT)
        task_cut(own); /* it is sent when the node is back */
    own->answer.executed_on =
        "{\"platform\":\"simulated\",\"engine\":\"simulator\",\"precision\":null,"
        "\"adapter\":null,\"fallbacks\":[],\"simulated\":true}";
    wi_worker_answer(own->task, &own->answer);
    if (own->twice)
        own->sim->counters.duplicated += (uint64_t)wi_worker_repeat(own->task);
}

static void task_fail(struct sim_task *own)
{
    own->answer.retryable = 1;
    wi_error_set(&own->answer.failure, WI_INFERENCE_FAILED, NULL, "the node was told to fail");
}

/* --- streams --------------------------------------------------------------------------------- */

static void end_stream(struct sim_task *own)
{
    own->answer.inference_ms = wi_now_ms() - own->began - own->task->waited_ms;
    own->twice = 0;
    give_answer(own);
}

/* Whether the stream has ended with it. */
static int meets_its_fate(struct sim_task *own)
{
    own->turn = NEVER;
    if (own->fate == CUT) {
        task_cut(own);
        return 0;
    }
    if (own->fate == FAIL) {
        task_fail(own);
        end_stream(own);
    }
    return 1; /* what is dropped is never heard of again */
}

/* Makes the next part; returns the bytes that it counts for. */
static size_t put_part(struct wi_buffer *out, const struct sim_task *own)
{
    const json_t *part = json_array_get(own->parts, (size_t)own->task->next), *value;
    unsigned long long seq = own->task->next;
    const char *key, *before = "";
    size_t length = 0;
    if (!own->parts) {
        char *text = wi_sprintf("%llu ", seq);
        length = strlen(text) < (size_t)own->count.bytes ? (size_t)own->count.bytes : strlen(text);
        wi_buffer_printf(
            out, "\"index\":0,\"text\":\"%-*s\",\"tokens\":[%llu]", (int)length, text, seq);
        free(text);
        return length;
    }
    json_object_foreach((json_t *)part, key, value)
    {
        wi_buffer_strings(out, before, "\"", key, "\":", NULL);
        size_t at = out->size;
        wi_buffer_json(out, value);
        length += strcmp(key, "result") == 0 ? out->size - at : json_string_length(value);
        before = ",";
    }
    return length;
}

void wi_sim_go_on(struct wi_worker_task *task)
{
    struct sim_task *own = task->owner;
    double interval = own->parts ? own->sim->options->token_ms : (double)own->count.interval_ms;

    while (own->task->next < (uint64_t)own->count.count) {
        double now = wi_now_ms();
        if (own->task->next == own->turn && meets_its_fate(own))
            return;
        if (!wi_worker_has_credit(own->task))
            return;
        if (now < own->due) {
            wi_timer_start(own->timer, (uint64_t)(own->due - now) + 1, 0);
            return;
        }
        struct wi_buffer out = {0};
        size_t bytes = put_part(&out, own);
        wi_worker_send_part(own->task, out.text, bytes);
        wi_buffer_clear(&out);
        own->due = own->due + interval > now ? own->due + interval : now;
    }
    end_stream(own);
}

/* Whether it is one: builtin/count, one part for each number, or text word by word. */
static int begin_stream(struct sim_task *own, const struct wi_worker_request *request)
{
    struct sim *sim = own->sim;
    if (wi_task_generates(wi_sim_task_kind(request))) {
        own->parts = wi_sim_text_speak(request, sim->options->token_ms, 1, &own->answer.result);
        own->count.count = (int64_t)json_array_size(own->parts);
    } else if (wi_builtin_of_name(request->model) == WI_BUILTIN_COUNT &&
               wi_builtin_read_count(request->options, "options.", &own->count, NULL) == WI_OK) {
        own->answer.result = json_pack("{s:I}", "count", (json_int_t)own->count.count);
    } else {
        return 0;
    }
    uint64_t left = (uint64_t)own->count.count - own->task->next;
    own->streams = 1;
    own->turn = NEVER;
    if (own->fate != ANSWER && own->task->next < (uint64_t)own->count.count)
        own->turn = own->task->next + (uint64_t)(wi_worker_random(&sim->service) * (double)left);
    sim->counters.streams++;
    sim->counters.continued += json_object_get(request->data, "continue") != NULL;
    return 1;
}

/* --- a task ---------------------------------------------------------------------------------- */

static void on_due(void *context)
{
    struct sim_task *own = context;

    if (own->streams)
        wi_sim_go_on(own->task);
    else
        give_answer(own);
}

static void make_answer(struct sim_task *own, const struct wi_worker_request *request)
{
    if (own->fate == FAIL) {
        task_fail(own);
        return;
    }
    wi_sim_answer(own->sim, request, &own->answer);
    if (own->answer.failure.code == WI_OK)
        wi_sim_note_model(own->task->worker, json_object_get(request->data, "model"));
}

static void busy_note(struct wi_worker_task *task)
{
    const struct sim_task *own = task->owner;
    if (own && own->due > own->sim->busy_until)
        own->sim->busy_until = own->due;
}

/* How long the node has to do with what it was sent before. */
static double busy_ms(struct sim *sim, struct wi_worker *worker, double now)
{
    sim->busy_until = now;
    if (sim->options->serial)
        wi_worker_each_task(worker, busy_note);
    return sim->busy_until - now;
}

void wi_sim_take_task(struct wi_worker_task *task, const struct wi_worker_request *request)
{
    struct sim *sim = wi_worker_service(task->worker)->context;
    struct sim_task *own = wi_alloc(sizeof *own);

    *own =
        (struct sim_task){.sim = sim, .task = task, .fate = fate_draw(sim), .began = wi_now_ms()};
    double wait_ms = busy_ms(sim, task->worker, own->began);
    task->owner = own;
    own->twice = wi_worker_random(&sim->service) < sim->options->duplicate_rate;
    own->timer = wi_timer_new(sim->service.loop, on_due, own);
    own->answer.inference_ms =
        sim->options->latency_ms + wi_worker_random(&sim->service) * sim->options->jitter_ms;
    own->due = own->began + wait_ms + own->answer.inference_ms;
    sim->counters.failed += own->fate == FAIL;
    sim->counters.dropped += own->fate == DROP;
    sim->counters.late += own->fate == LATE;
    if (json_is_true(json_object_get(request->data, "stream")) && begin_stream(own, request)) {
        wi_timer_start(own->timer, 0, 0);
        return;
    }
    make_answer(own, request);
    if (own->fate == DROP || own->fate == LATE)
        return;
    wait_ms += own->answer.inference_ms; /* which a count may have made longer */
    own->due = own->began + wait_ms;
    if (wait_ms < 1)
        give_answer(own);
    else
        wi_timer_start(own->timer, (uint64_t)wait_ms, 0);
}

void wi_sim_cancel_task(struct wi_worker_task *task)
{
    struct sim_task *own = task->owner;

    if (own->fate == LATE && !own->streams)
        give_answer(own);
}

void wi_sim_end_task(struct wi_worker_task *task)
{
    struct sim_task *own = task->owner;

    if (!own)
        return; /* its tensors were not there yet */
    wi_timer_free(own->timer);
    wi_tensors_clear(&own->answer.outputs);
    json_decref(own->answer.result);
    json_decref(own->parts);
    free(own);
}

void wi_sim_note_model(struct wi_worker *worker, const json_t *model)
{
    const char *name = json_string_value(json_object_get(model, "name"));
    const char *hash = json_string_value(json_object_get(model, "hash"));
    const json_t *row, *models = wi_worker_models(worker);
    size_t i;

    if (!name || !hash || !*hash)
        return;
    json_array_foreach(models, i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "hash")), hash) == 0)
            return;
    }
    json_t *more = models ? json_copy((json_t *)models) : json_array();
    json_array_append_new(more, json_pack("{s:s, s:s, s:s, s:s, s:i}", "name", name, "hash", hash,
                                    "platform", "simulated", "state", "loaded", "bytes", 0));
    wi_worker_set_models(worker, more);
}

void wi_sim_drop_model(struct wi_worker *worker, const char *name)
{
    const json_t *row, *models = wi_worker_models(worker);
    json_t *left = json_array();
    size_t i;

    json_array_foreach(models, i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "name")), name) != 0)
            json_array_append(left, (json_t *)row);
    }
    wi_worker_set_models(worker, left);
}
