/* A worker's tasks: how they come, whole or in pieces, and what the service says of them. */
#include "base/memory.h"
#include "nodes/node/pieces_in.h"
#include "nodes/node/worker_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* What an announcement may list of tasks; it may have 64 KiB, the rest of it included. */
#define LISTED_MAX 1024
#define LISTED_BYTES_MAX ((size_t)60 * 1024)

struct wi_worker_task *wi_worker_find(struct wi_worker *worker, const char *id)
{
    for (struct wi_worker_task *task = worker->tasks; task; task = task->_next)
        if (id && strcmp(task->id, id) == 0)
            return task;
    return NULL;
}

void wi_worker_each_task(struct wi_worker *worker, void (*visit)(struct wi_worker_task *task))
{
    struct wi_worker_task *task, *following;

    DL_FOREACH_SAFE2(worker->tasks, task, following, _next)
    visit(task);
}

void wi_worker_end(struct wi_worker_task *task)
{
    struct wi_worker *worker = task->worker;

    worker->service->events->end(task);
    DL_DELETE2(worker->tasks, task, _prev, _next);
    wi_worker_clear_answer(task);
    wi_pieces_in_free(task->_in);
    json_decref(task->_request);
    free(task);
}

/* --- coming ---------------------------------------------------------------------------------- */

/* An input that came as a tensor takes its place in the request. 0, or -1 if it is no JSON. */
static int input_read(json_t *data, const struct wi_tensors *tensors)
{
    const json_t *place = json_object_get(json_object_get(data, "input"), "tensor");
    size_t at = (size_t)json_integer_value(place);

    if (!json_is_integer(place))
        return 0;
    if (at >= tensors->count)
        return -1;
    json_t *input = json_loadb(
        (const char *)wi_tensor_bytes(&tensors->items[at]), tensors->items[at].size, 0, NULL);
    json_object_set_new(data, "input", input ? input : json_object());
    return input ? 0 : -1;
}

/* Its tensors are there. */
static void task_hand_over(struct wi_worker_task *task, struct wi_tensors *inputs)
{
    struct wi_worker_service *service = task->worker->service;
    json_t *root = task->_request, *data = json_object_get(root, "data");
    const struct wi_worker_request request = {.data = data,
        .options = json_object_get(root, "options"),
        .model = json_string_value(json_object_get(json_object_get(data, "model"), "name")),
        .inputs = inputs};

    task->_request = NULL;
    service->counters.unexpected += input_read(data, inputs) != 0;
    service->events->task(task, &request);
    json_decref(root);
}

static void hand_over_if_whole(struct wi_worker_task *task)
{
    struct wi_tensors inputs = {0};

    if (task->_in->tensor < task->_in->tensors.count)
        return;
    if (wi_pieces_in_take(task->_in, &inputs, NULL) != WI_OK)
        task->worker->service->counters.unexpected++;
    wi_pieces_in_free(task->_in);
    task->_in = NULL;
    task_hand_over(task, &inputs);
    wi_tensors_clear(&inputs);
}

/* Makes room for the tensors that come in pieces. */
static void task_expect(struct wi_worker_task *task, const json_t *outline)
{
    task->_in = wi_pieces_in_new(outline, NULL, NULL);
    if (task->_in && wi_pieces_in_grant(task->_in, task->_in->bytes) == 0) {
        hand_over_if_whole(task);
        return;
    }
    task->worker->service->counters.unexpected++;
    wi_worker_end(task);
}

/* It has not begun. */
static void give_back(struct wi_worker_task *task)
{
    struct wi_worker_answer answer = {.retryable = 1};

    wi_error_set(&answer.failure, WI_NODE_PAUSED, NULL, "the node is paused");
    task->worker->service->counters.returned++;
    wi_worker_answer(task, &answer);
}

void wi_worker_take_task(struct wi_worker *worker, struct wi_frame *frame)
{
    const json_t *model = json_object_get(frame->data, "model");
    const json_t *outline = json_object_get(frame->data, "outline");
    const json_t *from = json_object_get(frame->data, "continue");
    const char *id = json_string_value(json_object_get(frame->data, "attempt_id"));

    wi_worker_take_acks(worker, json_object_get(frame->data, "acknowledged"), NULL);
    if (!id || !json_string_value(json_object_get(model, "name")) || wi_worker_find(worker, id)) {
        worker->service->counters.unexpected++;
        return;
    }
    struct wi_worker_task *task = wi_alloc(sizeof *task);
    task->worker = worker;
    task->_request = json_incref(frame->root);
    task->next = (uint64_t)json_integer_value(json_object_get(from, "seq"));
    task->_flow.granted = worker->initial_credit;
    snprintf(task->id, sizeof task->id, "%s", id);
    snprintf(task->_reply_to, sizeof task->_reply_to, "%s", frame->id);
    DL_APPEND2(worker->tasks, task, _prev, _next);
    worker->service->counters.tasks++;
    if (worker->paused)
        give_back(task);
    else if (outline)
        task_expect(task, outline);
    else
        task_hand_over(task, &frame->tensors);
}

void wi_worker_take_data(struct wi_worker *worker, const struct wi_frame *frame)
{
    const json_t *tensor = json_object_get(frame->data, "tensor");
    const json_t *position = json_object_get(frame->data, "position");
    struct wi_worker_task *task =
        wi_worker_find(worker, json_string_value(json_object_get(frame->data, "attempt_id")));

    if (!task || !task->_in || task->answered)
        return; /* it was cancelled, or given back before it was there */
    if (wi_pieces_in_add(task->_in, (uint64_t)json_integer_value(tensor),
            (uint64_t)json_integer_value(position), &frame->tensors, NULL) == WI_OK)
        hand_over_if_whole(task);
    else
        worker->service->counters.unexpected++;
}

/* --- going ----------------------------------------------------------------------------------- */

void wi_worker_take_cancel(struct wi_worker *worker, const char *id)
{
    struct wi_worker_task *task = wi_worker_find(worker, id);

    if (!task)
        return;
    int answered = task->answered;
    worker->service->counters.cancelled++;
    if (!answered && !task->_in)
        worker->service->events->cancel(task);
    if (answered || !task->answered)
        wi_worker_end(task);
}

void wi_worker_take_acks(struct wi_worker *worker, const json_t *ids, const json_t *parts)
{
    struct wi_worker_task *task;
    const char *key;
    json_t *value;
    size_t i;

    json_object_foreach((json_t *)parts, key, value)
    {
        task = wi_worker_find(worker, key);
        if (task)
            wi_worker_forget_parts(task, (uint64_t)json_integer_value(value));
    }
    json_array_foreach(ids, i, value)
    {
        task = wi_worker_find(worker, json_string_value(value));
        if (task && task->answered)
            wi_worker_end(task);
    }
}

/* --- coming back ----------------------------------------------------------------------------- */

/* Bytes that it has in an announcement, at most. */
static size_t listed_bytes(const struct wi_worker_task *task)
{
    size_t key = strlen(task->id) + 4;
    size_t next = task->_streams ? key + 10 : 0, piece = task->_in ? key + 64 : 0;

    return key + next + piece;
}

void wi_worker_fit(struct wi_worker *worker)
{
    struct wi_worker_task *task, *following;
    size_t count = 0, bytes = 0;

    DL_FOREACH_SAFE2(worker->tasks, task, following, _next)
    {
        bytes += listed_bytes(task);
        if (++count > LISTED_MAX || bytes > LISTED_BYTES_MAX)
            wi_worker_end(task);
    }
}

void wi_worker_resume(struct wi_worker *worker, const json_t *welcome)
{
    const json_t *next = json_object_get(welcome, "next");
    const json_t *credit = json_object_get(welcome, "credit");
    const json_t *data = json_object_get(welcome, "data");
    struct wi_worker_task *task, *following;

    const json_t *list = json_object_get(welcome, "cancel");
    for (size_t i = 0; i < json_array_size(list); i++) {
        task = wi_worker_find(worker, json_string_value(json_array_get(list, i)));
        if (task)
            wi_worker_end(task);
    }
    DL_FOREACH_SAFE2(worker->tasks, task, following, _next)
    wi_worker_resume_answer(task, json_object_get(next, task->id),
        json_object_get(credit, task->id), json_object_get(data, task->id));
}
