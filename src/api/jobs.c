/*
 * GET /v1/jobs, and GET and DELETE /v1/jobs/ID, where ID is a durable job's. While a request to
 * /v1/infer is running its client does not know the job's id yet, so ID may also be its
 * X-Request-Id, or the `id` that the client gave it.
 */
#include "api/durable.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define WAIT_MAX_MS 60000
/* A run that is cancelled ends within moments, or the answer is that it will. */
#define CANCEL_WAIT_MS 2000
#define LIST_DEFAULT 100
#define LIST_MAX 1000

/* --- what is running for a request ----------------------------------------------------------- */

/* What clients call their requests means something only among their own: two may choose the same.
 * Without tokens there are no clients to tell apart. */
static int has_name(
    const struct wi_request *request, const struct wi_request *other, const char *name)
{
    int own = strcmp(request->token, "-") == 0 ||
              strcmp(wi_request_client(request), wi_request_client(other)) == 0;
    return own &&
           (strcmp(other->id, name) == 0 || (other->alias && strcmp(other->alias, name) == 0));
}

/* The id of the running job that `request` means by `name`: its own id, or what the client called
 * it. NULL if there is none, or it is somebody else's. */
static const char *resolve(const struct wi_request *request, const char *name)
{
    const struct wi_api *api = request->api;
    const char *scope = wi_request_scope(request);
    const char *client = wi_jobs_client(api->deps.jobs, name);
    if (client && (!scope || strcmp(client, scope) == 0))
        return name;
    for (const struct wi_request *other = api->requests; other; other = other->next)
        if (*other->job && has_name(request, other, name))
            return other->job;
    return NULL;
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
    const char *running = resolve(request, request->argument);
    json_t *job = running ? wi_jobs_describe(api->deps.jobs, running) : NULL;
    if (job) {
        wi_request_answer_json(request, 200, job);
    } else if (api->durable && strlen(request->argument) < WI_ID_SIZE) {
        wi_job_look(request, request->argument, WI_JOB_DOCUMENT, wait_ms, 0);
    } else {
        wi_job_not_found(request->argument, &error);
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
        wi_job_not_found(cancelling->id, &error);
        wi_request_answer_error(request, &error);
    } else if (request) {
        wi_job_look(request, cancelling->id, WI_JOB_CANCELLING, CANCEL_WAIT_MS, 0);
    }
    wi_durable_written(cancelling->durable);
    wi_buffer_clear(&cancelling->problem);
    free(cancelling);
}

/* request->argument is short enough for an id. */
static void cancel_row(struct wi_request *request)
{
    struct cancelling *cancelling = wi_alloc(sizeof *cancelling);
    struct wi_row_finish *end = &cancelling->op.finish;
    struct wi_error error;
    cancelling->request = request;
    cancelling->durable = request->api->durable;
    memcpy(cancelling->id, request->argument, strlen(request->argument) + 1);
    memcpy(end->id, cancelling->id, sizeof end->id);
    wi_job_scope(request, cancelling->op.client);
    wi_error_set(
        &error, WI_CANCELLED, NULL, "the job was cancelled by DELETE /v1/jobs/%s", cancelling->id);
    wi_dialect_native.print_error(&cancelling->problem, &error, NULL);
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
    const char *running = resolve(request, request->argument);
    char id[WI_ROUTE_ARGUMENT_MAX];
    /* A copy: cancelling answers the other request, which then forgets its job. */
    strcpy(id, running ? running : "");
    if (running && wi_jobs_cancel(api->deps.jobs, id) == WI_OK) {
        wi_request_answer_json(
            request, 200, json_pack("{s:s, s:s}", "id", id, "state", "cancelled"));
    } else if (api->durable && strlen(request->argument) < WI_ID_SIZE) {
        cancel_row(request);
    } else {
        wi_job_not_found(request->argument, &error);
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
    wi_job_scope(request, list.client);
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
