/*
 * What a request is told about one stored job: its document, its answer as /v1/infer's, or that it
 * is cancelled; at once, or when it has ended.
 */
#include "api/durable.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* Answers up to this size are read with their row, larger ones once there is memory for them. */
#define READ_AT_ONCE (64 * 1024)
/* How long after its deadline a job's end may be stored: a beat finds it, and it is written. */
#define END_MS 2000

void wi_job_not_found(const char *name, struct wi_error *error)
{
    wi_error_set(error, WI_JOB_NOT_FOUND, "id",
        "There is no job %.100s: it never was, or it is done and was kept long enough.", name);
}

void wi_job_scope(const struct wi_request *request, char client[WI_ROW_CLIENT_MAX + 1])
{
    const char *scope = wi_request_scope(request);
    snprintf(client, WI_ROW_CLIENT_MAX + 1, "%s", scope ? scope : "");
}

/* --- documents ------------------------------------------------------------------------------- */

static void add_string(struct wi_buffer *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    wi_buffer_printf(out, ",\"%s\":", name);
    wi_buffer_json_string(out, value);
}

void wi_job_print(struct wi_buffer *out, const struct wi_durable *durable, const struct wi_row *row)
{
    struct wi_durable_now now = {0};
    enum wi_row_state state = row->state;
    if (state == WI_ROW_RUNNING) {
        wi_durable_look(durable, row->id, &now);
        state = now.running ? state : WI_ROW_QUEUED; /* it is taken before its job is on a node */
    }
    wi_buffer_printf(out, "{\"id\":\"%s\",\"state\":\"%s\"", row->id, wi_row_state_names[state]);
    add_string(out, "model_name", row->model_name);
    add_string(out, "client", row->client);
    add_string(out, "client_id", row->client_id);
    add_string(out, "node", now.node);
    wi_buffer_printf(out,
        ",\"endpoint\":\"%s\",\"priority\":%d,\"runs\":%u,\"accepted_at\":%lld,\"deadline_at\":%"
        "lld",
        row->infer ? "/v1/infer" : "/v1/jobs", row->priority, row->runs,
        (long long)row->accepted_at, (long long)row->deadline_at);
    if (row->finished_at > 0)
        wi_buffer_printf(out, ",\"finished_at\":%lld", (long long)row->finished_at);
    unsigned attempts = now.attempts > row->attempts ? now.attempts : row->attempts;
    if (attempts > 0 && row->state < WI_ROW_DONE)
        wi_buffer_printf(out, ",\"attempts\":%u", attempts);
    add_string(out, "problem", row->state == WI_ROW_QUEUED ? row->problem : now.problem);
}

/* --- looking at one job ------------------------------------------------------------------------
 */

/* A request that looks at a job, and perhaps waits for its end. */
struct look {
    struct wi_row_read op; /* first: the writer's `data` */
    struct wi_durable *durable;
    struct wi_request *request; /* NULL once it is gone */
    struct wi_durable_watcher watcher;
    struct wi_timer *timer;
    enum wi_job_form form;
    int replayed;
    double until; /* wi_now_ms(); 0: the job's deadline, not known yet */
    int reading;  /* the writer has `op` */
    int again;    /* it was finished while it was being read */
};

static void read_row(struct look *look);

static void free_look(struct look *look)
{
    wi_durable_unwatch(look->durable, &look->watcher);
    wi_timer_free(look->timer);
    wi_row_clear(&look->op.row);
    free(look);
}

static void cancel_look(void *work)
{
    struct look *look = work;
    look->request = NULL;
    wi_durable_unwatch(look->durable, &look->watcher);
    wi_timer_free(look->timer);
    look->timer = NULL;
    if (!look->reading)
        free_look(look);
}

static void answer_look_error(struct look *look, const struct wi_error *error)
{
    wi_request_answer_error(look->request, error);
    free_look(look);
}

/* An answer in parts, kept until it is sent. */
struct kept {
    struct wi_buffer head;
    struct wi_blob *answer;
    struct MHD_IoVec slices[4];
};

static void free_kept(void *context)
{
    struct kept *kept = context;
    wi_buffer_clear(&kept->head);
    wi_blob_unref(kept->answer);
    free(kept);
}

/* `head`, the stored JSON, `tail`, and the stored binary tensors. Takes `head`. */
static void answer_kept(
    struct look *look, int status, const char *type, struct wi_buffer *head, const char *tail)
{
    struct wi_row *row = &look->op.row;
    struct wi_request *request = look->request;
    struct kept *kept = wi_alloc(sizeof *kept);
    unsigned count = 0;
    char length[32];
    uint64_t json = head->size + row->head_size + strlen(tail);
    size_t binary = row->answer_size - row->head_size;
    kept->head = *head;
    kept->answer = row->bytes;
    row->bytes = NULL;
    if (head->size > 0)
        kept->slices[count++] = (struct MHD_IoVec){kept->head.text, kept->head.size};
    if (row->head_size > 0)
        kept->slices[count++] = (struct MHD_IoVec){kept->answer->bytes, row->head_size};
    if (*tail)
        kept->slices[count++] = (struct MHD_IoVec){tail, strlen(tail)};
    if (binary > 0)
        kept->slices[count++] = (struct MHD_IoVec){kept->answer->bytes + row->head_size, binary};
    struct MHD_Response *response =
        MHD_create_response_from_iovec(kept->slices, count, free_kept, kept);
    if (!response)
        abort(); /* out of memory for a small object */
    wi_request_answer_response(
        request, status, binary > 0 ? "application/octet-stream" : type, response, json + binary);
    snprintf(length, sizeof length, "%llu", (unsigned long long)json);
    if (binary > 0)
        wi_request_add_header(request, "Inference-Header-Content-Length", length);
}

static void answer_document(struct look *look)
{
    const struct wi_row *row = &look->op.row;
    struct wi_buffer text = {0};
    wi_job_print(&text, look->durable, row);
    if (!row->bytes) {
        wi_buffer_puts(&text, "}\n");
        wi_request_answer_text(look->request, 200, "application/json", &text);
        return;
    }
    wi_buffer_puts(&text, row->state == WI_ROW_DONE ? ",\"answer\":" : ",\"error\":");
    answer_kept(look, 200, "application/json", &text, "}\n");
}

static void answer_infer(struct look *look)
{
    struct wi_buffer none = {0};
    const struct wi_row *row = &look->op.row;
    struct wi_request *request = look->request;
    char id[WI_ID_SIZE];
    memcpy(id, row->id, sizeof id);
    answer_kept(look, row->status,
        row->state == WI_ROW_DONE ? "application/json" : wi_dialect_native.error_type, &none, "");
    wi_request_add_header(request, "X-Job-Id", id);
    if (look->replayed)
        wi_request_add_header(request, "Idempotency-Replayed", "true");
}

static void answer_cancelling(struct look *look)
{
    const struct wi_row *row = &look->op.row;
    struct wi_error error;
    int ended = row->state == WI_ROW_CANCELLED;
    if (ended || row->state < WI_ROW_DONE) {
        wi_request_answer_json(look->request, ended ? 200 : 202,
            json_pack("{s:s, s:s}", "id", row->id, "state", ended ? "cancelled" : "cancelling"));
        return;
    }
    wi_error_set(&error, WI_CONFLICT, "id", "The job %s is %s, so it cannot be cancelled.", row->id,
        wi_row_state_names[row->state]);
    wi_request_answer_error(look->request, &error);
}

/* The job has no end that could be given out. What was computed but not stored stays here: if the
 * daemon died, the next request with the key would get another answer. */
static void answer_without(struct look *look)
{
    struct wi_durable_now now;
    struct wi_error error, failure;
    int failing = wi_db_health(look->request->api->deps.db, &failure) != WI_OK;
    wi_durable_look(look->durable, look->op.id, &now);
    if (now.stuck || failing) {
        wi_error_set(&error, WI_STORAGE_FAILED, NULL,
            "The answer cannot be given, because it could not be stored: %s. Storing it is tried "
            "again; send the request again with the same Idempotency-Key.",
            failing ? failure.detail : now.problem);
        wi_error_retry_after(&error, 10);
    } else {
        wi_error_set(&error, WI_DEADLINE_EXCEEDED, "timeout_ms",
            "The deadline passed while the job %s was waiting to be run.", look->op.id);
    }
    wi_request_answer_error(look->request, &error);
}

static void answer_look(struct look *look)
{
    if (look->form == WI_JOB_CANCELLING)
        answer_cancelling(look);
    else if (look->form == WI_JOB_ANSWER && look->op.row.state < WI_ROW_DONE)
        answer_without(look);
    else if (look->form == WI_JOB_ANSWER)
        answer_infer(look);
    else
        answer_document(look);
    free_look(look);
}

static void on_wait_over(void *context)
{
    struct look *look = context;
    wi_timer_free(look->timer);
    look->timer = NULL;
    look->until = wi_now_ms(); /* read it once more: what it says now is the answer */
    if (!look->reading)
        read_row(look);
}

static void on_job_finished(struct wi_durable_watcher *watcher)
{
    struct look *look = (struct look *)((char *)watcher - offsetof(struct look, watcher));
    if (look->reading)
        look->again = 1;
    else
        read_row(look);
}

/* Somebody who was promised an answer learns at once that it cannot be stored. */
static int is_stuck(const struct look *look)
{
    struct wi_durable_now now;
    if (look->form != WI_JOB_ANSWER)
        return 0;
    wi_durable_look(look->durable, look->op.id, &now);
    return now.stuck;
}

/* The row is not finished: 1 if the request goes on waiting. */
static int wait_on(struct look *look)
{
    const struct wi_row *row = &look->op.row;
    double now = wi_now_ms();
    if (look->until == 0)
        look->until = now + (double)(row->deadline_at - wi_wall_ms()) + END_MS;
    double left = look->until - now;
    if (left <= 0 || is_stuck(look))
        return 0;
    if (!look->watcher.watching)
        wi_durable_watch(look->durable, &look->watcher);
    if (!look->timer) {
        look->timer = wi_timer_new(look->request->api->deps.loop, on_wait_over, look);
        wi_timer_start(look->timer, (uint64_t)left + 1, 0);
    }
    return 1;
}

static void on_read(void *data, const struct wi_error *failure)
{
    struct look *look = data;
    struct wi_row *row = &look->op.row;
    struct wi_error error;
    look->reading = 0;
    if (!look->request) {
        free_look(look);
    } else if (failure) {
        answer_look_error(look, failure);
    } else if (!look->op.found) {
        wi_job_not_found(look->op.id, &error);
        answer_look_error(look, &error);
    } else if (look->again) {
        look->again = 0;
        read_row(look);
    } else if (row->state < WI_ROW_DONE) {
        if (!wait_on(look))
            answer_look(look);
    } else if (row->answer_size > 0 && !row->bytes && look->form != WI_JOB_CANCELLING) {
        look->op.answer_max = row->answer_size;
        if (wi_request_reserve(look->request, row->answer_size) == 0) {
            read_row(look);
            return;
        }
        wi_error_set(&error, WI_MEMORY_BUDGET, NULL,
            "There is no memory to read this answer now; try again later.");
        answer_look_error(look, &error);
    } else {
        answer_look(look);
    }
}

static void read_row(struct look *look)
{
    look->reading = 1;
    wi_db_submit(look->request->api->deps.db, wi_row_read, on_read, look);
}

void wi_job_look(struct wi_request *request, const char *id, enum wi_job_form form, int64_t wait_ms,
    int replayed)
{
    struct look *look = wi_alloc(sizeof *look);
    look->durable = request->api->durable;
    look->request = request;
    look->form = form;
    look->replayed = replayed;
    look->op.answer_max = READ_AT_ONCE;
    look->until = form == WI_JOB_ANSWER ? 0 : wi_now_ms() + (double)wait_ms;
    wi_job_scope(request, look->op.client);
    snprintf(look->op.id, sizeof look->op.id, "%s", id);
    memcpy(look->watcher.id, look->op.id, sizeof look->watcher.id);
    look->watcher.on_finished = on_job_finished;
    wi_durable_watch(look->durable, &look->watcher);
    wi_request_wait(request, cancel_look, look);
    read_row(look);
}

void wi_job_answer_with(struct wi_request *request, const char *id, int replayed)
{
    wi_job_look(request, id, WI_JOB_ANSWER, 0, replayed);
}
