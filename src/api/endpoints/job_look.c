/*
 * Answers a request about one stored job: with its document, with its answer as that of /v1/infer,
 * or with whether it is cancelled; at once, or when it has ended.
 */
#include "api/endpoints/endpoints.h"
#include "api/endpoints/job.h"

#include "api/http/step.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "wire/describe/schemas.h"
#include <stdlib.h>
#include <string.h>

/* Answers up to this size are read with their record, larger ones once there is memory for them. */
#define READ_AT_ONCE (64 * 1024)
/* How long after its deadline a job's end may be stored: a beat finds it, and it is written. */
#define END_MS 2000

void wi_job_answer_not_found(struct wi_request *request, const char *name)
{
    wi_request_answer_refusal(request, WI_JOB_NOT_FOUND, "id",
        "there is no job %.100s: it never existed, or it ended and is no longer kept", name);
}

void wi_job_scope(const struct wi_request *request, char client[WI_RECORD_CLIENT_MAX + 1])
{
    const char *scope = wi_request_scope(request);
    snprintf(client, WI_RECORD_CLIENT_MAX + 1, "%s", scope ? scope : "");
}

/* --- documents ------------------------------------------------------------------------------- */

static const char *text_if_any(const char *text)
{
    return text && *text ? text : NULL;
}

void wi_job_print(
    struct wi_buffer *out, const struct wi_durable *durable, const struct wi_record *record)
{
    struct wi_durable_now now = {0};
    enum wi_record_state state = record->state;
    if (state == WI_RECORD_RUNNING && !record->elsewhere) {
        wi_durable_look(durable, record->id, &now);
        state =
            now.running ? state : WI_RECORD_QUEUED; /* it is taken before its job is on a node */
    }
    unsigned attempts = now.attempts > record->attempts ? now.attempts : record->attempts;
    int is_tried = attempts > 0 && record->state < WI_RECORD_DONE;
    json_t *job = wi_form_json("StoredJob", record->id, wi_record_state_names[state],
        text_if_any(record->model_name), text_if_any(record->client),
        text_if_any(record->client_id), text_if_any(now.node),
        record->infer ? "/v1/infer" : "/v1/jobs", record->priority, record->runs,
        record->accepted_at, record->deadline_at,
        record->finished_at > 0 ? record->finished_at : -1, is_tried ? (json_int_t)attempts : -1,
        text_if_any(record->state == WI_RECORD_QUEUED ? record->problem : now.problem), NULL, NULL);
    wi_buffer_json(out, job);
    json_decref(job);
    out->text[--out->size] = '\0';
}

/* --- looking at one job ---------------------------------------------------------------------- */

/* A request that looks at a job, and perhaps waits for its end: it reads the record, and as long as
 * that is not finished and there is time left, it waits for the end and reads once more. */
struct look {
    struct wi_record_read op;
    struct wi_durable *durable;
    struct wi_request *request; /* while it waits */
    struct wi_durable_watcher watcher;
    struct wi_timer *timer;
    enum wi_job_form form;
    int replayed;
    double until; /* wi_now_ms(); 0: the job's deadline, not known yet */
};

static void read_record(struct wi_request *request, struct look *look);

static void stop_waiting(struct look *look)
{
    wi_durable_unwatch(look->durable, &look->watcher);
    wi_timer_free(look->timer);
    look->timer = NULL;
}

static void free_look(void *work)
{
    struct look *look = work;
    stop_waiting(look);
    wi_record_clear(&look->op.record);
    free(look);
}

/* An answer in parts, kept until it is sent. */
struct kept {
    struct wi_buffer head;
    struct wi_blob *answer;
};

static void free_kept(void *context)
{
    struct kept *kept = context;
    wi_buffer_clear(&kept->head);
    wi_blob_unref(kept->answer);
    free(kept);
}

/* `head`, the stored JSON, `tail`, and the stored binary tensors. Takes `head`. */
static void answer_kept(struct wi_request *request, struct wi_record *record, int status,
    const char *type, struct wi_buffer *head, const char *tail)
{
    struct kept *kept = wi_alloc(sizeof *kept);
    char length[WI_DIGITS_SIZE];
    uint64_t json = head->size + record->head_size + strlen(tail);
    size_t binary = record->answer_size - record->head_size;
    const char *bytes = record->bytes ? (const char *)record->bytes->bytes : "";
    const char *start = head->text ? head->text : "";
    *kept = (struct kept){*head, record->bytes};
    record->bytes = NULL;
    const struct MHD_IoVec slices[] = {{start, head->size}, {bytes, record->head_size},
        {tail, strlen(tail)}, {bytes + record->head_size, binary}};
    wi_request_answer_slices(request, status, binary > 0 ? "application/octet-stream" : type,
        slices, sizeof slices / sizeof *slices, free_kept, kept);
    if (binary > 0)
        wi_request_add_header(request, "Inference-Header-Content-Length", wi_digits(length, json));
}

static void answer_document(struct wi_request *request, struct look *look)
{
    struct wi_record *record = &look->op.record;
    struct wi_buffer text = {0};
    wi_job_print(&text, look->durable, record);
    if (!record->bytes) {
        wi_buffer_puts(&text, "}\n");
        wi_request_answer_text(request, 200, "application/json", &text);
        return;
    }
    wi_buffer_puts(&text, record->state == WI_RECORD_DONE ? ",\"answer\":" : ",\"error\":");
    answer_kept(request, record, 200, "application/json", &text, "}\n");
}

static void answer_infer(struct wi_request *request, struct look *look)
{
    struct wi_buffer none = {0};
    struct wi_record *record = &look->op.record;
    const char *type = record->state == WI_RECORD_DONE
                           ? "application/json"
                           : wi_dialect_of_errors(record->dialect)->error_type;
    answer_kept(request, record, record->status, type, &none, "");
    wi_request_add_header(request, "X-Job-Id", record->id);
    if (look->replayed)
        wi_request_add_header(request, "Idempotency-Replayed", "true");
}

static void answer_cancelling(struct wi_request *request, const struct look *look)
{
    const struct wi_record *record = &look->op.record;
    int ended = record->state == WI_RECORD_CANCELLED;
    if (ended || record->state < WI_RECORD_DONE) {
        wi_request_answer_verb(
            request, ended ? 200 : 202, record->id, ended ? "cancelled" : "cancelling");
        return;
    }
    wi_request_answer_refusal(request, WI_CONFLICT, "id",
        "the job %s is %s, so it cannot be cancelled", record->id,
        wi_record_state_names[record->state]);
}

/* The job has no result that could be sent. A result that was computed but not stored is not sent:
 * if the daemon died, the next request with the key would get another answer. */
static void answer_without(struct wi_request *request, const struct look *look)
{
    struct wi_durable_now now;
    struct wi_error failure;
    int failing = wi_durable_health(look->durable, &failure) != WI_OK;
    wi_durable_look(look->durable, look->op.id, &now);
    if (now.stuck || failing)
        wi_request_answer_refusal(request, failing ? failure.code : now.stuck, NULL,
            "the answer cannot be sent, because it could not be stored: %s; storing it is retried; "
            "send the request again with the same Idempotency-Key",
            failing ? failure.detail : now.problem);
    else
        wi_request_answer_refusal(request, WI_DEADLINE_EXCEEDED, "timeout_ms",
            "the deadline passed while the job %s was waiting to be run", look->op.id);
}

static void answer_look(struct wi_request *request, struct look *look)
{
    if (look->form == WI_JOB_CANCELLING)
        answer_cancelling(request, look);
    else if (look->form == WI_JOB_ANSWER && look->op.record.state < WI_RECORD_DONE)
        answer_without(request, look);
    else if (look->form == WI_JOB_ANSWER)
        answer_infer(request, look);
    else
        answer_document(request, look);
    free_look(look);
}

/* --- waiting for its end --------------------------------------------------------------------- */

/* The end has come, or the time is over: what the record says now is the answer, or it waits on. */
static void read_again(struct look *look)
{
    stop_waiting(look);
    read_record(look->request, look);
}

static void on_wait_over(void *context)
{
    struct look *look = context;
    look->until = wi_now_ms();
    read_again(look);
}

static void on_job_finished(struct wi_durable_watcher *watcher)
{
    read_again((struct look *)((char *)watcher - offsetof(struct look, watcher)));
}

/* A client that was promised an answer is told at once that it cannot be stored. */
static int is_stuck(const struct look *look)
{
    struct wi_durable_now now;
    if (look->form != WI_JOB_ANSWER)
        return 0;
    wi_durable_look(look->durable, look->op.id, &now);
    return now.stuck;
}

/* The record is not finished: 1 if the request goes on waiting. */
static int wait_on(struct wi_request *request, struct look *look)
{
    double now = wi_now_ms();
    if (look->until == 0)
        look->until = now + (double)(look->op.record.deadline_at - wi_steady_ms()) + END_MS;
    double left = look->until - now;
    if (left <= 0 || is_stuck(look))
        return 0;
    look->request = request;
    wi_durable_watch(look->durable, &look->watcher);
    look->timer = wi_timer_new(request->api->deps.loop, on_wait_over, look);
    wi_timer_start(look->timer, (uint64_t)left + 1, 0);
    wi_request_wait(request, free_look, look);
    return 1;
}

/* --- reading --------------------------------------------------------------------------------- */

/* The record is finished, and its answer is too large to have come with it. */
static void read_answer(struct wi_request *request, struct look *look)
{
    look->op.answer_max = look->op.record.answer_size;
    if (wi_request_reserve(request, look->op.answer_max) == 0) {
        read_record(request, look);
        return;
    }
    wi_request_answer_refusal(request, WI_MEMORY_BUDGET, NULL,
        "there is no memory to read this answer now; try again later");
    free_look(look);
}

static void on_read(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct look *look = work;
    const struct wi_record *record = &look->op.record;
    int finished = record->state >= WI_RECORD_DONE;
    int unread = record->answer_size > 0 && !record->bytes && look->form != WI_JOB_CANCELLING;
    if (failure) {
        wi_request_answer_error(request, failure);
        free_look(look);
    } else if (!look->op.found) {
        wi_job_answer_not_found(request, look->op.id);
        free_look(look);
    } else if (finished && unread) {
        read_answer(request, look);
    } else if (finished || !wait_on(request, look)) {
        answer_look(request, look);
    }
}

static void read_record(struct wi_request *request, struct look *look)
{
    struct wi_step *step = wi_request_step(request, on_read, look, free_look);
    wi_durable_read(look->durable, &look->op, wi_step_end, step);
}

void wi_job_look(struct wi_request *request, const char *id, enum wi_job_form form, int64_t wait_ms,
    int replayed)
{
    struct look *look = wi_alloc(sizeof *look);
    look->durable = request->api->endpoints->durable;
    look->form = form;
    look->replayed = replayed;
    look->op.answer_max = READ_AT_ONCE;
    look->until = form == WI_JOB_ANSWER ? 0 : wi_now_ms() + (double)wait_ms;
    wi_job_scope(request, look->op.client);
    snprintf(look->op.id, sizeof look->op.id, "%s", id);
    memcpy(look->watcher.id, look->op.id, sizeof look->watcher.id);
    look->watcher.on_finished = on_job_finished;
    read_record(request, look);
}
