/*
 * GET /v1/jobs, and GET and DELETE /v1/jobs/ID, where ID is a durable job's. While a request to
 * /v1/infer is running its client does not know the job's id yet, so ID may also be its
 * X-Request-Id, or the `id` that the client gave it.
 */
#include "api/durable.h"
#include "api/problem.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define WAIT_MAX_MS 60000
#define LIST_DEFAULT 100
#define LIST_MAX 1000
/* Answers up to this size are read with their row, larger ones once there is memory for them. */
#define READ_AT_ONCE (64 * 1024)

/* --- what is running for a request ----------------------------------------------------------- */

/* The job's own id for what the client called it; `name` itself if there is nothing better. */
static const char *resolve(const struct wi_api *api, const char *name)
{
    for (const struct wi_request *other = api->requests; other; other = other->next) {
        if (!*other->job)
            continue;
        if (strcmp(other->job, name) == 0 || strcmp(other->id, name) == 0 ||
            (other->alias && strcmp(other->alias, name) == 0))
            return other->job;
    }
    return name;
}

static void not_found(const char *name, struct wi_error *error)
{
    wi_error_set(error, WI_JOB_NOT_FOUND, "id",
        "There is no job %.100s: it never was, or it is done and was kept long enough.", name);
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
    char node[WI_ID_SIZE] = "";
    enum wi_row_state state = row->state;
    /* A row is taken a little before its job is on a node. */
    if (state == WI_ROW_RUNNING && !wi_durable_running(durable, row->id, node))
        state = WI_ROW_QUEUED;
    wi_buffer_printf(out, "{\"id\":\"%s\",\"state\":\"%s\"", row->id, wi_row_state_names[state]);
    add_string(out, "model_name", row->model_name);
    add_string(out, "client_id", row->client_id);
    add_string(out, "node", node);
    wi_buffer_printf(out,
        ",\"endpoint\":\"%s\",\"priority\":%d,\"runs\":%u,\"accepted_at\":%lld,\"deadline_at\":%"
        "lld",
        row->infer ? "/v1/infer" : "/v1/jobs", row->priority, row->runs,
        (long long)row->accepted_at, (long long)row->deadline_at);
    if (row->finished_at > 0)
        wi_buffer_printf(out, ",\"finished_at\":%lld", (long long)row->finished_at);
    add_string(out, "problem", state == WI_ROW_QUEUED ? row->problem : NULL);
}

/* --- looking at one job ------------------------------------------------------------------------
 */

enum form { DOCUMENT, ANSWER, CANCELLING };

/* A request that looks at a job, and perhaps waits for its end. */
struct look {
    struct wi_row_read op; /* first: the writer's `data` */
    struct wi_durable *durable;
    struct wi_request *request; /* NULL once it is gone */
    struct wi_durable_watcher watcher;
    struct wi_timer *timer;
    enum form form;
    int replayed;
    double until; /* wi_now_ms(); 0: as long as it takes */
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
        row->state == WI_ROW_DONE ? "application/json" : WI_PROBLEM_MEDIA_TYPE, &none, "");
    wi_request_add_header(request, "X-Job-Id", id);
    if (look->replayed)
        wi_request_add_header(request, "Idempotency-Replayed", "true");
}

static void answer_cancelling(struct look *look)
{
    const struct wi_row *row = &look->op.row;
    struct wi_error error;
    if (row->state == WI_ROW_CANCELLED) {
        wi_request_answer_json(
            look->request, 200, json_pack("{s:s, s:s}", "id", row->id, "state", "cancelled"));
        return;
    }
    wi_error_set(&error, WI_CONFLICT, "id", "The job %s is %s, so it cannot be cancelled.", row->id,
        wi_row_state_names[row->state]);
    wi_request_answer_error(look->request, &error);
}

static void answer_look(struct look *look)
{
    if (look->form == CANCELLING)
        answer_cancelling(look);
    else if (look->form == ANSWER)
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

/* The row is not finished: 1 if the request goes on waiting. */
static int wait_on(struct look *look)
{
    double left = look->until - wi_now_ms();
    if (look->until > 0 && left <= 0)
        return 0;
    if (look->until > 0 && !look->timer) {
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
        not_found(look->op.id, &error);
        answer_look_error(look, &error);
    } else if (look->again) {
        look->again = 0;
        read_row(look);
    } else if (row->state < WI_ROW_DONE) {
        if (!wait_on(look))
            answer_look(look);
    } else if (row->answer_size > 0 && !row->bytes && look->form != CANCELLING) {
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

static void start_look(
    struct wi_request *request, const char *id, enum form form, int64_t wait_ms, int replayed)
{
    struct look *look = wi_alloc(sizeof *look);
    look->durable = request->api->durable;
    look->request = request;
    look->form = form;
    look->replayed = replayed;
    look->op.answer_max = READ_AT_ONCE;
    look->until = wait_ms < 0 ? 0 : wi_now_ms() + (double)wait_ms;
    snprintf(look->op.id, sizeof look->op.id, "%s", id);
    memcpy(look->watcher.id, look->op.id, sizeof look->watcher.id);
    look->watcher.on_finished = on_job_finished;
    wi_durable_watch(look->durable, &look->watcher);
    wi_request_wait(request, cancel_look, look);
    read_row(look);
}

void wi_job_answer_with(struct wi_request *request, const char *id, int replayed)
{
    start_look(request, id, ANSWER, -1, replayed);
}

/* --- GET /v1/jobs/ID ---------------------------------------------------------------------------
 */

static const char *query(const struct wi_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->mhd, MHD_GET_ARGUMENT_KIND, name);
}

static enum wi_code read_wait(
    const struct wi_request *request, int64_t *wait_ms, struct wi_error *error)
{
    const char *text = query(request, "wait");
    *wait_ms = 0;
    if (!text || (wi_parse_duration(text, wait_ms) == 0 && *wait_ms >= 0)) {
        if (*wait_ms > WAIT_MAX_MS)
            *wait_ms = WAIT_MAX_MS;
        return WI_OK;
    }
    wi_error_set(error, WI_INVALID_FIELD, "wait", "\"%.40s\" is not a time to wait.", text);
    wi_error_expect(error, "a duration such as 30s; at most 60s are waited");
    return WI_INVALID_FIELD;
}

void wi_handle_job_get(struct wi_request *request)
{
    struct wi_api *api = request->api;
    struct wi_error error;
    int64_t wait_ms;
    if (read_wait(request, &wait_ms, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        return;
    }
    json_t *job = wi_jobs_describe(api->deps.jobs, resolve(api, request->argument));
    if (job) {
        wi_request_answer_json(request, 200, job);
    } else if (api->durable && strlen(request->argument) < WI_ID_SIZE) {
        start_look(request, request->argument, DOCUMENT, wait_ms, 0);
    } else {
        not_found(request->argument, &error);
        wi_request_answer_error(request, &error);
    }
}

/* --- DELETE /v1/jobs/ID ------------------------------------------------------------------------
 */

struct cancelling {
    struct wi_row_cancel op; /* first: the writer's `data` */
    struct wi_row_part part;
    struct wi_buffer problem;
    struct wi_durable *durable;
    struct wi_request *request; /* NULL once it is gone: the job is cancelled all the same */
    char id[WI_ID_SIZE];
};

static void leave_cancelling(void *work)
{
    struct cancelling *cancelling = work;
    cancelling->request = NULL;
}

static void on_cancelled(void *data, const struct wi_error *failure)
{
    struct cancelling *cancelling = data;
    struct wi_request *request = cancelling->request;
    const struct wi_row_finish *end = &cancelling->op.finish;
    struct wi_error error;
    if (!failure && end->finished)
        wi_durable_cancelled(cancelling->durable, cancelling->id, end->body_size, end->answer_size);
    else if (!failure && cancelling->op.found && cancelling->op.before == WI_ROW_RUNNING)
        wi_durable_cancel(cancelling->durable, cancelling->id);
    if (request && failure) {
        wi_request_answer_error(request, failure);
    } else if (request && !cancelling->op.found) {
        not_found(cancelling->id, &error);
        wi_request_answer_error(request, &error);
    } else if (request) {
        start_look(request, cancelling->id, CANCELLING, -1, 0);
    }
    wi_durable_written(cancelling->durable);
    wi_buffer_clear(&cancelling->problem);
    free(cancelling);
}

static void cancel_row(struct wi_request *request)
{
    struct cancelling *cancelling = wi_alloc(sizeof *cancelling);
    struct wi_row_finish *end = &cancelling->op.finish;
    struct wi_error error;
    cancelling->request = request;
    cancelling->durable = request->api->durable;
    snprintf(cancelling->id, sizeof cancelling->id, "%s", request->argument);
    memcpy(end->id, cancelling->id, sizeof end->id);
    wi_error_set(
        &error, WI_CANCELLED, NULL, "the job was cancelled by DELETE /v1/jobs/%s", cancelling->id);
    wi_problem_write(&cancelling->problem, &error, NULL);
    cancelling->part = (struct wi_row_part){cancelling->problem.text, cancelling->problem.size};
    end->state = WI_ROW_CANCELLED;
    end->status = wi_code_status(WI_CANCELLED);
    end->now = wi_wall_ms();
    end->parts = &cancelling->part;
    end->part_count = 1;
    wi_request_wait(request, leave_cancelling, cancelling);
    wi_durable_submit(cancelling->durable, wi_row_cancel, on_cancelled, cancelling);
}

void wi_handle_job_delete(struct wi_request *request)
{
    struct wi_api *api = request->api;
    struct wi_error error;
    char id[WI_ROUTE_ARGUMENT_MAX];
    /* A copy: cancelling answers the other request, which then forgets its job. */
    strcpy(id, resolve(api, request->argument));
    if (wi_jobs_cancel(api->deps.jobs, id) == WI_OK) {
        wi_request_answer_json(
            request, 200, json_pack("{s:s, s:s}", "id", id, "state", "cancelled"));
    } else if (api->durable && strlen(request->argument) < WI_ID_SIZE) {
        cancel_row(request);
    } else {
        not_found(request->argument, &error);
        wi_request_answer_error(request, &error);
    }
}

/* --- GET /v1/jobs ------------------------------------------------------------------------------
 */

struct listing {
    struct wi_row_list op; /* first: the writer's `data` */
    struct wi_request *request;
};

static void leave_listing(void *work)
{
    struct listing *listing = work;
    listing->request = NULL;
}

static void on_listed(void *data, const struct wi_error *failure)
{
    struct listing *listing = data;
    struct wi_request *request = listing->request;
    struct wi_buffer text = {0};
    if (request && failure) {
        wi_request_answer_error(request, failure);
    } else if (request) {
        wi_buffer_puts(&text, "{\"jobs\":[");
        for (size_t i = 0; i < listing->op.count; i++) {
            wi_buffer_puts(&text, i > 0 ? ",\n" : "\n");
            wi_job_print(&text, request->api->durable, &listing->op.rows[i]);
            wi_buffer_puts(&text, "}");
        }
        wi_buffer_puts(&text, "]}\n");
        wi_request_answer_text(request, 200, "application/json", &text);
    }
    for (size_t i = 0; i < listing->op.count; i++)
        wi_row_clear(&listing->op.rows[i]);
    free(listing->op.rows);
    free(listing);
}

static enum wi_code read_listing(
    const struct wi_request *request, struct wi_row_list *list, struct wi_error *error)
{
    const char *state = query(request, "state"), *limit = query(request, "limit");
    uint64_t number = LIST_DEFAULT;
    list->state = WI_ROW_STATES;
    for (int i = 0; state && wi_row_state_names[i]; i++)
        if (strcmp(state, wi_row_state_names[i]) == 0)
            list->state = (enum wi_row_state)i;
    if (state && list->state == WI_ROW_STATES) {
        wi_error_set(error, WI_INVALID_FIELD, "state", "\"%.40s\" is not a state.", state);
        wi_error_allow(error, "queued, running, done, failed, cancelled");
        return WI_INVALID_FIELD;
    }
    if (limit && (wi_parse_length(limit, &number) != 0 || number < 1 || number > LIST_MAX)) {
        wi_error_set(error, WI_INVALID_FIELD, "limit", "\"%.40s\" is not a limit.", limit);
        wi_error_expect(error, "1 to %d", LIST_MAX);
        return WI_INVALID_FIELD;
    }
    list->limit = (size_t)number;
    return WI_OK;
}

void wi_handle_jobs(struct wi_request *request)
{
    struct wi_row_list list = {0};
    struct wi_error error;
    if (read_listing(request, &list, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        return;
    }
    if (!request->api->durable) {
        wi_request_answer_json(request, 200, json_pack("{s:[]}", "jobs"));
        return;
    }
    struct listing *listing = wi_alloc(sizeof *listing);
    listing->op = list;
    listing->request = request;
    wi_request_wait(request, leave_listing, listing);
    wi_db_submit(request->api->deps.db, wi_row_list, on_listed, listing);
}
