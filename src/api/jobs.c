/*
 * GET and DELETE /v1/jobs/ID. While a request is running its client does not know the job's id
 * yet, so ID may also be the request's X-Request-Id, or the `id` that the client gave it.
 */
#include "api/request.h"

#include <string.h>

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

static void answer_not_found(struct wi_request *request)
{
    struct wi_error error;
    wi_error_set(&error, WI_JOB_NOT_FOUND, "id",
        "There is no job %.100s: it never was, or it is done.", request->argument);
    wi_request_answer_error(request, &error);
}

void wi_handle_job_get(struct wi_request *request)
{
    struct wi_api *api = request->api;
    json_t *job = wi_jobs_describe(api->deps.jobs, resolve(api, request->argument));
    if (job)
        wi_request_answer_json(request, 200, job);
    else
        answer_not_found(request);
}

void wi_handle_job_delete(struct wi_request *request)
{
    struct wi_api *api = request->api;
    char id[WI_ROUTE_ARGUMENT_MAX];
    /* A copy: cancelling answers the other request, which then forgets its job. */
    strcpy(id, resolve(api, request->argument));
    if (wi_jobs_cancel(api->deps.jobs, id) != WI_OK) {
        answer_not_found(request);
        return;
    }
    wi_request_answer_json(request, 200, json_pack("{s:s, s:s}", "id", id, "state", "cancelled"));
}
