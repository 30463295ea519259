/*
 * A task of the borrowing daemon from its arrival to its end: one request to the own daemon, whose
 * answer is the task's. The task is answered once, here or in stream.c.
 */
#include "uplink/uplink.h"

#include "base/memory.h"
#include "base/net/http.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a problem document that are read. */
#define PROBLEM_MAX ((size_t)64 * 1024)
/* Of the tensors, before the borrowing daemon has said what it takes. */
#define ANSWER_MAX ((uint64_t)512 * 1024 * 1024)

static struct wi_uplink_run *run_of(const struct wi_worker_task *task)
{
    const struct wi_uplink_line *line = wi_worker_service(task->worker)->context;
    return line->run;
}

/* --- the answer as it comes ------------------------------------------------------------------- */

static uint64_t answer_most(const struct wi_uplink_task *own)
{
    uint64_t most = wi_worker_max_answer(own->task->worker);
    return own->status >= 400 ? PROBLEM_MAX : WI_UPLINK_JSON_MAX + (most ? most : ANSWER_MAX);
}

static int refuse_size(struct wi_uplink_task *own, uint64_t most)
{
    wi_error_set(&own->failure, WI_ANSWER_TOO_LARGE, NULL,
        "the lending daemon's answer has more than %llu bytes", (unsigned long long)most);
    return -1;
}

static int on_head(void *context, const struct wi_http_call *call, int status)
{
    struct wi_uplink_task *own = context;
    uint64_t json = 0, length = 0;
    const char *head = wi_http_call_header(call, "Inference-Header-Content-Length");
    if (head && wi_parse_length(head, &json) == 0)
        own->json_size = (size_t)json;
    head = wi_http_call_header(call, "Content-Length");
    own->status = status;
    own->is_events = own->is_stream && wi_media_type_is(wi_http_call_header(call, "Content-Type"),
                                           "text/event-stream");
    if (!head || wi_parse_length(head, &length) != 0)
        length = 0;
    if (length > answer_most(own))
        return refuse_size(own, answer_most(own));
    own->blob = own->is_events ? NULL : wi_blob_new(own->run->budget, (size_t)length);
    if (own->is_events || own->blob)
        return 0;
    wi_error_set(&own->failure, WI_MEMORY_BUDGET, NULL, "the relay has no memory for the answer");
    return -1;
}

static enum wi_http_verdict events_take(struct wi_uplink_task *own, const char *bytes, size_t size)
{
    if (own->parts) {
        own->is_paused = 1;
        return WI_HTTP_PAUSE;
    }
    if (wi_uplink_stream_take(own, bytes, size) != 0)
        return WI_HTTP_END;
    wi_uplink_stream_flush(own);
    return WI_HTTP_TAKEN;
}

static enum wi_http_verdict on_data(void *context, const char *bytes, size_t size)
{
    struct wi_uplink_task *own = context;
    if (own->is_events)
        return events_take(own, bytes, size);
    if (size > answer_most(own) - own->blob->size)
        return refuse_size(own, answer_most(own)) ? WI_HTTP_END : WI_HTTP_TAKEN;
    if (wi_blob_append(own->blob, bytes, size) == 0)
        return WI_HTTP_TAKEN;
    wi_error_set(&own->failure, WI_MEMORY_BUDGET, NULL, "the relay has no memory for the answer");
    return WI_HTTP_END;
}

/* --- its end ---------------------------------------------------------------------------------- */

static void answer_whole(struct wi_uplink_task *own)
{
    struct wi_uplink_answer read;
    struct wi_error error;
    size_t json = own->json_size ? own->json_size : own->blob->size;
    if (wi_uplink_answer_read(&read, own->blob, json, own->task->id, &error) == WI_OK)
        wi_worker_answer(own->task, &read.answer);
    else
        wi_uplink_fail(own->task, "unavailable", 1, error.detail);
    wi_uplink_answer_clear(&read);
}

/* A kind that has lost its last node a moment ago, as after a restart, is not paused yet: the task
 * would be sent here until its attempts are used up. */
static void answer_refuse(struct wi_uplink_task *own)
{
    const char *text = (const char *)own->blob->bytes;
    if (wi_uplink_has_no_node(own->status, text, own->blob->size)) {
        own->look = own->run->looks + 1;
        own->run->look(own->run->own);
    } else {
        wi_uplink_fail_by(own->task, own->status, text, own->blob->size);
    }
}

/* What came last decides. A stream whose end waits for credit is answered later. */
static void answer_give(struct wi_uplink_task *own, const struct wi_http_answer *answer)
{
    const struct wi_error *failure = &own->failure;
    char why[200];
    if (failure->code != WI_OK) {
        wi_uplink_fail(own->task, wi_code_name(failure->code), failure->code != WI_ANSWER_TOO_LARGE,
            failure->detail);
    } else if (own->has_end) {
        wi_uplink_stream_flush(own);
    } else if (answer->end != WI_HTTP_ANSWERED) {
        snprintf(why, sizeof why, "the lending daemon was lost: %.120s",
            answer->failure ? answer->failure : "no answer");
        own->run->doubt(own->run->own);
        wi_uplink_fail(own->task, "unavailable", 1, why);
    } else if (own->is_events) {
        own->run->doubt(own->run->own);
        wi_uplink_fail(own->task, "stream_interrupted", 1,
            "the lending daemon ended the stream without its last event");
    } else if (own->status >= 400) {
        answer_refuse(own);
    } else {
        answer_whole(own);
    }
}

static void on_answer(void *context, const struct wi_http_answer *answer)
{
    struct wi_uplink_task *own = context;
    own->call = NULL;
    if (!own->blob && !own->is_events)
        own->blob = wi_blob_new(own->run->budget, 0);
    if (!own->task->answered)
        answer_give(own, answer);
}

/* --- its beginning ---------------------------------------------------------------------------- */

static size_t on_send(void *context, uint64_t position, char *out, size_t room)
{
    const struct wi_uplink_task *own = context;
    return wi_uplink_body_copy(&own->body, position, out, room);
}

static void task_start(struct wi_uplink_task *own)
{
    char length[64];
    const char *headers[3] = {own->is_stream ? "Accept: text/event-stream" : NULL};
    snprintf(length, sizeof length, "Inference-Header-Content-Length: %zu", own->body.head.size);
    if (own->body.tensors.count > 0)
        headers[own->is_stream] = length;
    struct wi_http_request request = {.method = "POST",
        .body_size = own->body.size,
        .content_type =
            own->body.tensors.count > 0 ? "application/octet-stream" : "application/json",
        .on_send = on_send,
        .on_head = on_head,
        .on_data = on_data};
    own->call = wi_uplink_call(own->run, "/v1/infer", headers, &request, on_answer, own);
}

/* The name of the task's model at the own daemon; NULL: it has none such. */
static const char *model_name(
    const struct wi_uplink_run *run, const struct wi_worker_request *request)
{
    const json_t *model = json_object_get(request->data, "model");
    const char *hash = json_string_value(json_object_get(model, "hash"));
    if (strncmp(request->model, "builtin/", 8) == 0)
        return request->model;
    return hash ? json_string_value(json_object_get(run->names, hash)) : NULL;
}

void wi_uplink_give_back(struct wi_worker_task *task)
{
    struct wi_uplink_task *own = task->owner;
    if (own && own->call) {
        wi_http_cancel(own->call);
        own->call = NULL;
    }
    if (!task->answered)
        wi_uplink_fail(task, "unavailable", 1, "the lending daemon does not answer");
}

void wi_uplink_settle(struct wi_worker_task *task)
{
    struct wi_uplink_task *own = task->owner;
    if (!own || task->answered || own->look == 0 || own->look > own->run->looks)
        return;
    own->look = 0;
    if (wi_worker_is_paused(task->worker))
        wi_uplink_fail(task, "node_paused", 1, "the lending daemon has no such browser now");
    else
        wi_uplink_fail_by(task, own->status, (const char *)own->blob->bytes, own->blob->size);
}

static void task_accept(struct wi_worker_task *task)
{
    struct wi_buffer members = {0};
    wi_buffer_puts(&members, "\"attempt_id\":");
    wi_buffer_json_string(&members, task->id);
    wi_worker_say(task->worker, "task_accepted", members.text);
    wi_buffer_clear(&members);
}

void wi_uplink_take_task(struct wi_worker_task *task, const struct wi_worker_request *request)
{
    struct wi_uplink_run *run = run_of(task);
    struct wi_uplink_task *own = wi_alloc(sizeof *own);
    const char *name = model_name(run, request);
    struct wi_error error = {0};
    own->run = run;
    own->line = wi_worker_service(task->worker)->context;
    own->task = task;
    own->is_stream = json_is_true(json_object_get(request->data, "stream"));
    task->owner = own;
    if (own->is_stream)
        wi_uplink_stream_begin(own);
    task_accept(task);
    if (run->is_lost)
        wi_uplink_give_back(task);
    else if (!name)
        wi_uplink_fail(task, "model_not_found", 1, "the lending daemon has no such model by now");
    else if (json_object_get(request->data, "task_type"))
        wi_uplink_fail(task, "operator_unsupported", 1, "a relay runs models only");
    else if (wi_uplink_request_make(&own->body, task, request, name, own->line->kind, &error) ==
             WI_OK)
        task_start(own);
    else
        wi_uplink_fail(task, wi_code_name(error.code), 1, error.detail);
}

void wi_uplink_go_on(struct wi_worker_task *task)
{
    struct wi_uplink_task *own = task->owner;
    if (!own || task->answered || !wi_uplink_stream_flush(own) || !own->is_paused || !own->call)
        return;
    own->is_paused = 0;
    wi_http_resume(own->call);
}

void wi_uplink_cancel_task(struct wi_worker_task *task)
{
    struct wi_uplink_task *own = task->owner;
    wi_http_cancel(own->call);
    own->call = NULL;
}

void wi_uplink_end_task(struct wi_worker_task *task)
{
    struct wi_uplink_task *own = task->owner;
    if (!own)
        return; /* its tensors were not there yet */
    wi_http_cancel(own->call);
    wi_uplink_body_clear(&own->body);
    wi_uplink_stream_clear(own);
    wi_blob_unref(own->blob);
    free(own);
}
