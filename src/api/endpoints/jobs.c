/*
 * GET /v1/jobs, and GET and DELETE /v1/jobs/ID, where ID is a durable job's. While a request to
 * /v1/infer is running its client does not know the job's id yet, so ID may also be its
 * X-Request-Id, or the `id` that the client gave it.
 */
#include "api/endpoints/jobs.h"
#include "api/endpoints/endpoints.h"
#include "api/endpoints/openapi.h"
#include "api/endpoints/stream.h"

#include "api/http/step.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/params.h"
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

/* --- GET /v1/jobs/ID ------------------------------------------------------------------------- */

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
    wi_error_set(error, WI_INVALID_FIELD, "wait", "\"%.40s\" is not a time to wait", text);
    wi_error_expect(error, "a duration such as 30s; at most 60s are waited");
    return WI_INVALID_FIELD;
}

/* Somebody comes for the events of a stream. */
static void take_up(struct wi_request *request)
{
    struct wi_error error;
    if (wi_api_stream_take_up(request, request->argument))
        return;
    wi_error_set(&error, WI_JOB_NOT_FOUND, "id",
        "there is no stream %.100s: it never was, or it is over and nobody came back in time, or "
        "it is a job without a stream",
        request->argument);
    wi_request_answer_error(request, &error);
}

void wi_handle_job_get(struct wi_request *request)
{
    struct wi_api *api = request->api;
    struct wi_error error;
    int64_t wait_ms;
    if (wi_api_stream_is_accepted(request)) {
        take_up(request);
        return;
    }
    if (read_wait(request, &wait_ms, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        return;
    }
    const char *running = resolve(request, request->argument);
    json_t *job = running ? wi_jobs_describe(api->deps.jobs, running) : NULL;
    if (job) {
        wi_request_answer_json(request, 200, job);
    } else if (api->endpoints->durable && strlen(request->argument) < WI_ID_SIZE) {
        wi_job_look(request, request->argument, WI_JOB_DOCUMENT, wait_ms, 0);
    } else {
        wi_job_answer_not_found(request, request->argument);
    }
}

/* --- DELETE /v1/jobs/ID ---------------------------------------------------------------------- */

static void on_cancelled(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct wi_durable_cancel *op = work;
    if (failure)
        wi_request_answer_error(request, failure);
    else if (op->found)
        wi_job_look(request, op->id, WI_JOB_CANCELLING, CANCEL_WAIT_MS, 0);
    else
        wi_job_answer_not_found(request, op->id);
    free(op);
}

/* request->argument is short enough for an id. */
static void cancel_row(struct wi_request *request)
{
    struct wi_durable_cancel *op = wi_alloc(sizeof *op);
    snprintf(op->id, sizeof op->id, "%.*s", (int)sizeof op->id - 1, request->argument);
    wi_job_scope(request, op->client);
    wi_durable_cancel(request->api->endpoints->durable, op, wi_step_end,
        wi_request_step(request, on_cancelled, op, free));
}

void wi_handle_job_delete(struct wi_request *request)
{
    struct wi_api *api = request->api;
    const char *running = resolve(request, request->argument);
    char id[WI_ROUTE_ARGUMENT_MAX];
    /* A copy: cancelling answers the other request, which then forgets its job. */
    strcpy(id, running ? running : "");
    if (running && wi_jobs_cancel(api->deps.jobs, id) == WI_OK) {
        wi_request_answer_json(
            request, 200, json_pack("{s:s, s:s}", "id", id, "state", "cancelled"));
    } else if (api->endpoints->durable && strlen(request->argument) < WI_ID_SIZE) {
        cancel_row(request);
    } else {
        wi_job_answer_not_found(request, request->argument);
    }
}

/* --- GET /v1/jobs ---------------------------------------------------------------------------- */

static void free_list(void *work)
{
    struct wi_row_list *op = work;
    for (size_t i = 0; i < op->count; i++)
        wi_row_clear(&op->rows[i]);
    free(op->rows);
    free(op);
}

static void print_list(
    struct wi_buffer *out, const struct wi_durable *durable, const struct wi_row_list *op)
{
    wi_buffer_puts(out, "{\"jobs\":[");
    for (size_t i = 0; i < op->count; i++) {
        wi_buffer_puts(out, i > 0 ? ",\n" : "\n");
        wi_job_print(out, durable, &op->rows[i]);
        wi_buffer_puts(out, "}");
    }
    wi_buffer_puts(out, "]}\n");
}

static void on_listed(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct wi_buffer text = {0};
    if (failure) {
        wi_request_answer_error(request, failure);
    } else {
        print_list(&text, request->api->endpoints->durable, work);
        wi_request_answer_text(request, 200, "application/json", &text);
    }
    free_list(work);
}

const struct wi_param wi_jobs_params[] = {
    {.name = "state", .kind = WI_PARAM_ENUM, .names = wi_row_state_names},
    {.name = "limit",
        .kind = WI_PARAM_INTEGER,
        .min = 1,
        .max = LIST_MAX,
        .help = "100 by default."},
    {0},
};

/* As the table has it; a query has nothing but text. */
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
        wi_error_set(error, WI_INVALID_FIELD, "state", "\"%.40s\" is not a state", state);
        wi_error_allow(error, "queued, running, done, failed, cancelled");
        return WI_INVALID_FIELD;
    }
    if (limit && (wi_parse_length(limit, &number) != 0 || number < 1 || number > LIST_MAX)) {
        wi_error_set(error, WI_INVALID_FIELD, "limit", "\"%.40s\" is not a limit", limit);
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
    if (!request->api->endpoints->durable) {
        wi_request_answer_json(request, 200, json_pack("{s:[]}", "jobs"));
        return;
    }
    struct wi_row_list *op = wi_alloc(sizeof *op);
    *op = list;
    wi_durable_list(request->api->endpoints->durable, op, wi_step_end,
        wi_request_step(request, on_listed, op, free_list));
}
