/* What a worker sends of its tasks: parts within their credit, answers, tensors in pieces. */
#include "base/clock.h"
#include "base/memory.h"
#include "nodes/node/pieces_out.h"
#include "nodes/node/worker_private.h"
#include <stdlib.h>
#include <utlist.h>

/* A part that is not acknowledged. */
struct wi_worker_part {
    struct wi_worker_part *prev, *next;
    uint64_t seq;
    struct wi_buffer text;
};

/* What is kept goes as a copy of its head; its tensors' bytes are shared. */
static void send_kept(struct wi_worker *worker, const struct wi_buffer *kept, int binary,
    const struct wi_tensors *tensors)
{
    struct wi_buffer head = {0};
    wi_buffer_add(&head, kept->text, kept->size);
    wi_worker_socket_send(worker, wi_message_new(binary, &head, tensors));
}

static void begin_of(
    struct wi_worker_task *task, struct wi_buffer *out, int binary, const char *type)
{
    wi_worker_begin(task->worker, out, binary, type);
    wi_buffer_puts(out, "\"attempt_id\":");
    wi_buffer_json_string(out, task->id);
}

/* --- parts ----------------------------------------------------------------------------------- */

int wi_worker_has_credit(struct wi_worker_task *task)
{
    int lasts = wi_flow_lasts(&task->_flow);
    task->_streams = 1;
    if (!lasts && task->_blocked == 0)
        task->_blocked = wi_awake_ms();
    return lasts;
}

void wi_worker_send_part(struct wi_worker_task *task, const char *members, size_t bytes)
{
    struct wi_worker_part *part = wi_alloc(sizeof *part);

    begin_of(task, &part->text, 0, "task_part");
    wi_buffer_printf(&part->text, ",\"seq\":%llu,", (unsigned long long)task->next);
    wi_buffer_strings(&part->text, members, "}", NULL);
    wi_frame_end(&part->text, 0);
    part->seq = task->next++;
    DL_APPEND(task->_parts, part);
    wi_flow_add(&task->_flow, bytes);
    task->worker->service->counters.parts++;
    if (task->worker->state == WI_WORKER_UP)
        send_kept(task->worker, &part->text, 0, NULL);
}

void wi_worker_forget_parts(struct wi_worker_task *task, uint64_t before)
{
    while (task->_parts && task->_parts->seq < before) {
        struct wi_worker_part *part = task->_parts;
        DL_DELETE(task->_parts, part);
        wi_buffer_clear(&part->text);
        free(part);
    }
}

static void grant_parts(struct wi_worker_task *task, const json_t *said)
{
    const struct wi_credit credit = {
        .parts = (uint64_t)json_integer_value(json_object_get(said, "parts")),
        .bytes = (uint64_t)json_integer_value(json_object_get(said, "bytes"))};

    (void)wi_flow_grant(&task->_flow, &credit);
    if (task->_blocked == 0 || !wi_flow_lasts(&task->_flow))
        return;
    task->waited_ms += wi_awake_ms() - task->_blocked;
    task->_blocked = 0;
    task->worker->service->events->go_on(task);
}

void wi_worker_progress(struct wi_worker_task *task, const char *members)
{
    struct wi_buffer out = {0};

    if (task->worker->state != WI_WORKER_UP || task->answered)
        return;
    begin_of(task, &out, 0, "task_progress");
    wi_buffer_strings(&out, ",", members, NULL);
    wi_worker_send_text(task->worker, &out);
}

/* --- an answer ------------------------------------------------------------------------------- */

static void put_failure(struct wi_buffer *out, const struct wi_worker_answer *answer)
{
    const char *code = answer->code                                  ? answer->code
                       : answer->failure.code == WI_NODE_PAUSED      ? "node_paused"
                       : answer->retryable                           ? "engine_crashed"
                       : answer->failure.code == WI_ANSWER_TOO_LARGE ? "answer_too_large"
                                                                     : "inference_failed";
    wi_buffer_printf(out, "\"ok\":false,\"retryable\":%s,\"error\":{\"code\":\"%s\",\"message\":",
        answer->retryable ? "true" : "false", code);
    wi_buffer_json_string(out, answer->failure.detail);
    wi_json_member_add(out, "field", answer->failure.field);
    wi_json_member_add(out, "expected", answer->failure.expected);
    wi_buffer_puts(out, "}");
}

static void put_success(struct wi_buffer *out, const struct wi_worker_task *task,
    const struct wi_worker_answer *answer, int in_pieces)
{
    wi_buffer_strings(out, "\"ok\":true,\"executed_on\":", answer->executed_on, NULL);
    wi_buffer_printf(out,
        ",\"performance\":{\"load_ms\":%.3f,\"inference_ms\":%.3f,"
        "\"waited_for_client_ms\":%.3f,\"warm\":%s}",
        answer->load_ms, answer->inference_ms, task->waited_ms,
        answer->load_ms > 0 ? "false" : "true");
    if (answer->result) {
        wi_buffer_puts(out, ",\"result\":");
        wi_buffer_json(out, answer->result);
    }
    if (in_pieces) {
        wi_buffer_puts(out, ",\"in_pieces\":true");
    } else if (answer->outputs.count) {
        wi_buffer_puts(out, ",");
        wi_frame_tensors(out, &answer->outputs);
    }
}

/* Makes the head of the task_response: the bytes of its JSON. */
static size_t put_answer(
    struct wi_worker_task *task, const struct wi_worker_answer *answer, int in_pieces)
{
    struct wi_buffer *out = &task->_answer;

    wi_buffer_clear(out);
    task->_answer_binary = answer->failure.code == WI_OK && answer->outputs.count > 0 && !in_pieces;
    begin_of(task, out, task->_answer_binary, "task_response");
    wi_buffer_puts(out, ",\"reply_to\":");
    wi_buffer_json_string(out, task->_reply_to);
    wi_buffer_printf(out, ",\"parts\":%llu,", (unsigned long long)task->next);
    if (answer->failure.code != WI_OK)
        put_failure(out, answer);
    else
        put_success(out, task, answer, in_pieces);
    wi_buffer_puts(out, "}");
    return wi_frame_end(out, task->_answer_binary);
}

static void task_outline(struct wi_worker_task *task)
{
    struct wi_buffer out = {0};

    task->_out->tensor = task->_out->position = 0;
    begin_of(task, &out, 0, "task_outline");
    wi_buffer_puts(&out, ",");
    wi_frame_outline(&out, &task->_out->tensors);
    wi_worker_send_text(task->worker, &out);
}

static void send_answer(struct wi_worker_task *task)
{
    if (task->worker->state != WI_WORKER_UP)
        return; /* it is sent when the worker is back */
    if (task->_out)
        task_outline(task);
    else
        send_kept(task->worker, &task->_answer, task->_answer_binary, &task->_outputs);
}

void wi_worker_answer(struct wi_worker_task *task, const struct wi_worker_answer *answer)
{
    size_t json = put_answer(task, answer, 0);

    if (json > WI_FRAME_HEAD_MAX) {
        struct wi_worker_answer failed = {0};
        wi_error_set(&failed.failure, WI_ANSWER_TOO_LARGE, NULL,
            "the answer makes a message with %zu bytes of JSON", json);
        put_answer(task, &failed, 0);
    } else if (task->_answer_binary &&
               task->_answer.size + wi_frame_section(&answer->outputs) > task->worker->max_frame) {
        task->_out = wi_pieces_out_new(task->id, &answer->outputs);
        put_answer(task, answer, 1);
    } else if (task->_answer_binary) {
        wi_tensors_share(&task->_outputs, &answer->outputs);
    }
    task->answered = 1;
    send_answer(task);
}

int wi_worker_repeat(struct wi_worker_task *task)
{
    int whole = task->answered && !task->_out && task->worker->state == WI_WORKER_UP;

    if (whole)
        send_answer(task);
    return whole;
}

/* All that there is credit for, and behind the last the answer. */
static void grant_pieces(struct wi_worker_task *task, uint64_t bytes)
{
    struct wi_worker *worker = task->worker;
    struct wi_message *piece;

    while ((piece = wi_pieces_out_next(task->_out, worker->id, bytes, &worker->sequence)))
        wi_worker_socket_send(worker, piece);
    if (task->_out->tensor == task->_out->tensors.count)
        send_kept(worker, &task->_answer, 0, NULL);
}

/* To what the service lacks of the tensors; the credit for them comes again. */
static void go_back(struct wi_pieces_out *out, const json_t *wanted)
{
    uint64_t tensor = (uint64_t)json_integer_value(json_object_get(wanted, "tensor"));
    uint64_t position = (uint64_t)json_integer_value(json_object_get(wanted, "position"));
    size_t count = out->tensors.count;

    out->tensor = tensor < count ? (size_t)tensor : count;
    size_t size = out->tensor < count ? out->tensors.items[out->tensor].size : 0;
    out->position = position < size ? (size_t)position : size;
}

void wi_worker_take_credit(struct wi_worker_task *task, const json_t *said)
{
    const json_t *bytes = json_object_get(said, "data_bytes");

    if (!bytes)
        grant_parts(task, said);
    else if (task->_out)
        grant_pieces(task, (uint64_t)json_integer_value(bytes));
}

void wi_worker_resume_answer(
    struct wi_worker_task *task, const json_t *next, const json_t *credit, const json_t *data)
{
    int answered = task->answered;

    if (json_is_integer(next))
        wi_worker_forget_parts(task, (uint64_t)json_integer_value(next));
    for (struct wi_worker_part *part = task->_parts; part; part = part->next)
        send_kept(task->worker, &part->text, 0, NULL);
    if (task->_streams)
        grant_parts(task, credit);
    if (!answered)
        return; /* or answered just now */
    if (task->_out && data)
        go_back(task->_out, data);
    else
        send_answer(task);
}

void wi_worker_clear_answer(struct wi_worker_task *task)
{
    wi_worker_forget_parts(task, UINT64_MAX);
    wi_buffer_clear(&task->_answer);
    wi_tensors_clear(&task->_outputs);
    wi_pieces_out_free(task->_out);
}
