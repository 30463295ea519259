/*
 * GET /v1/jobs, and GET and DELETE /v1/jobs/ID, where ID is a durable job's. While a request to
 * /v1/infer is running its client does not know the job's id yet, so ID may also be its
 * X-Request-Id, or the `id` that the client gave it.
 */
#include "api/endpoints/endpoints.h"
#include "api/endpoints/job.h"
#include "api/endpoints/openapi.h"
#include "api/endpoints/stream_endpoint.h"

#include "api/http/query.h"
#include "api/http/step.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/text.h"
#include "wire/describe/schemas.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MAX_MS 60000
/* A run that is cancelled ends within moments, or the answer is that it will. */
#define CANCEL_WAIT_MS 2000

/* --- what is running for a request ----------------------------------------------------------- */

/* The name that a client gives to its request is valid only among its own requests: two clients may
 * choose the same. Without tokens there are no clients to tell apart. */
static int has_name(
    const struct wi_request *request, const struct wi_request *other, const char *name)
{
    int own = strcmp(request->token, "-") == 0 ||
              strcmp(wi_request_client(request), wi_request_client(other)) == 0;
    return own &&
           (strcmp(other->id, name) == 0 || (other->alias && strcmp(other->alias, name) == 0));
}

/* The id of the running job that `request` means by `name`: its own id, or the client's name for
 * it. NULL if there is none, or it is another client's. */
static const char *job_resolve(const struct wi_request *request, const char *name)
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

static enum wi_code read_wait(
    const struct wi_request *request, int64_t *wait_ms, struct wi_error *error)
{
    const char *text = MHD_lookup_connection_value(request->mhd, MHD_GET_ARGUMENT_KIND, "wait");
    *wait_ms = 0;
    if (!text || (wi_parse_duration(text, wait_ms) == 0 && *wait_ms >= 0)) {
        if (*wait_ms > WAIT_MAX_MS)
            *wait_ms = WAIT_MAX_MS;
        return WI_OK;
    }
    wi_error_set(error, WI_INVALID_FIELD, "wait", "\"%.40s\" is not a time to wait", text);
    return wi_error_expect(error, "a duration such as 30s, at most 60s");
}

/* A client comes for the events of a stream. */
static void take_up(struct wi_request *request)
{
    if (wi_api_stream_take_up(request, request->argument))
        return;
    wi_request_answer_refusal(request, WI_JOB_NOT_FOUND, "id",
        "there is no stream %.100s: it never existed, or it ended and its client did not reconnect "
        "in time, or it is a job without a stream",
        request->argument);
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
    const char *running = job_resolve(request, request->argument);
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
static void cancel_record(struct wi_request *request)
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
    const char *running = job_resolve(request, request->argument);
    char id[WI_ROUTE_ARGUMENT_MAX];
    /* A copy: cancelling answers the other request, which then forgets its job. */
    strcpy(id, running ? running : "");
    if (running && wi_jobs_cancel(api->deps.jobs, id) == WI_OK) {
        wi_request_answer_verb(request, 200, id, "cancelled");
    } else if (api->endpoints->durable && strlen(request->argument) < WI_ID_SIZE) {
        cancel_record(request);
    } else {
        wi_job_answer_not_found(request, request->argument);
    }
}

/* --- GET /v1/jobs ---------------------------------------------------------------------------- */

struct job_list {
    struct wi_record_list op;
    size_t limit;
    const struct wi_durable *durable;
};

static void free_list(void *work)
{
    struct job_list *list = work;
    for (size_t i = 0; i < list->op.count; i++)
        wi_record_clear(&list->op.records[i]);
    free(list->op.records);
    free(list);
}

static void print_job(struct wi_buffer *out, const void *context, size_t row)
{
    const struct job_list *list = context;
    wi_job_print(out, list->durable, &list->op.records[row]);
    wi_buffer_puts(out, "}");
}

/* Ids are in no order, so it has the time too. */
static void print_key(struct wi_buffer *out, const void *context, size_t row)
{
    const struct wi_record *job = &((const struct job_list *)context)->op.records[row];
    wi_buffer_integer(out, job->accepted_at);
    wi_buffer_strings(out, ".", job->id, NULL);
}

static void on_listed(struct wi_request *request, void *work, const struct wi_error *failure)
{
    const struct job_list *list = work;
    if (failure)
        wi_request_answer_error(request, failure);
    else
        wi_page_answer(request, &(struct wi_page_rows){"jobs", list->op.count, list->limit,
                                    print_job, print_key, list});
    free_list(work);
}

struct job_query {
    int state;
    struct wi_page page;
};

const struct wi_param wi_jobs_params[] = {
    WI_PARAM(job_query, state, ENUM, .names = wi_record_state_names),
    WI_PARAM_AS("limit", job_query, page.limit, INTEGER, .min = 1, .max = WI_PAGE_MAX,
        .help = "100 by default."),
    WI_PARAM_AS("after", job_query, page.after, STRING, .min = 1,
        .max = WI_DIGITS_SIZE + WI_ID_SIZE, .help = "The previous page's next."),
    WI_PARAM_END,
};

/* As print_key has it. */
static enum wi_code read_after(const char *after, struct wi_record_list *op, struct wi_error *error)
{
    const char *rest = wi_page_key(after, &op->before_at);
    if (!rest || *rest != '.' || !rest[1] || strlen(rest + 1) >= WI_ID_SIZE)
        return wi_page_refuse(after, error);
    strcpy(op->before_id, rest + 1);
    return WI_OK;
}

/* The part of the list that the query asks for; NULL with the error. */
static struct job_list *read_listing(const struct wi_request *request, struct wi_error *error)
{
    struct job_query query = {.state = WI_RECORD_STATES, .page.limit = WI_PAGE_DEFAULT};
    struct job_list *list = wi_alloc(sizeof *list);
    json_t *arguments;
    enum wi_code code =
        wi_query_read(request, wi_jobs_params, WI_PARAMS_OPEN, &query, &arguments, error);
    if (code == WI_OK && query.page.after)
        code = read_after(query.page.after, &list->op, error);
    json_decref(arguments);
    list->limit = (size_t)query.page.limit;
    list->op.limit = list->limit + 1;
    list->op.state = (enum wi_record_state)query.state;
    wi_job_scope(request, list->op.client);
    if (code == WI_OK)
        return list;
    free(list);
    return NULL;
}

void wi_handle_jobs(struct wi_request *request)
{
    struct wi_durable *durable = request->api->endpoints->durable;
    struct wi_error error;
    struct job_list *list = read_listing(request, &error);
    if (!list) {
        wi_request_answer_error(request, &error);
    } else if (!durable) {
        wi_request_answer_json(request, 200, wi_form_json("Jobs", json_array(), NULL));
        free(list);
    } else {
        list->durable = durable;
        wi_durable_list(
            durable, &list->op, wi_step_end, wi_request_step(request, on_listed, list, free_list));
    }
}
