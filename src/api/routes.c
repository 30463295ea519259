/*
 * Which request goes where. Some twenty rows and a linear walk: a match costs less than a
 * microsecond, and what the walk leaves behind (the path fits, the method does not) is the 405.
 */
#include "api/routes.h"

#include <stdio.h>
#include <string.h>

#define SMALL_BODY (64 * 1024)
#define JSON "application/json"

#define OPEN WI_RANK_NONE
#define USER WI_RANK_USER
#define ADMIN WI_RANK_ADMIN
#define NATIVE &wi_dialect_native

const struct wi_route wi_routes[] = {
    {"POST", "/v1/infer", wi_handle_infer, USER,
        WI_ROUTE_BODY | WI_ROUTE_ADMIT | WI_ROUTE_BINARY | WI_ROUTE_EVENTS, 0, JSON, "run a model",
        NATIVE},
    {"GET", "/v1/status", wi_handle_status, USER, 0, 0, JSON, "the whole picture", NATIVE},
    {"GET", "/v1/nodes", wi_handle_nodes, USER, 0, 0, JSON, "the pages that compute", NATIVE},
    {"POST", "/v1/nodes/{id}/drain", wi_handle_node_drain, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY, JSON,
        "give a node no more work", NATIVE},
    {"POST", "/v1/nodes/{id}/undrain", wi_handle_node_undrain, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY,
        JSON, "give a node work again", NATIVE},
    {"POST", "/v1/sessions/{id}/recycle", wi_handle_session_recycle, ADMIN, WI_ROUTE_MAYBE,
        SMALL_BODY, JSON, "replace a browser by a fresh one", NATIVE},
    {"GET", "/v1/hardware", wi_handle_hardware, USER, 0, 0, JSON,
        "what would run a model, on what and why: ?model_name=", NATIVE},
    {"GET", "/v1/models", wi_handle_models, USER, 0, 0, JSON, "the models of the store", NATIVE},
    {"GET", "/v1/models/{model}", wi_handle_model, USER, 0, 0, JSON, "one model", NATIVE},
    {"POST", "/v1/models/{model}/load", wi_handle_model_load, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY,
        JSON, "load a model into nodes: {node?, platform?}", NATIVE},
    {"POST", "/v1/models/{model}/unload", wi_handle_model_unload, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY,
        JSON, "unload a model from nodes: {node?}", NATIVE},
    {"POST", "/v1/jobs", wi_handle_job_post, USER, WI_ROUTE_BODY | WI_ROUTE_BINARY, 0, JSON,
        "run a model later: accepted durably", NATIVE},
    {"GET", "/v1/jobs", wi_handle_jobs, USER, 0, 0, JSON,
        "accepted jobs: ?state=, ?limit=", NATIVE},
    {"GET", "/v1/jobs/{id}", wi_handle_job_get, USER, WI_ROUTE_BINARY | WI_ROUTE_EVENTS, 0, JSON,
        "how far a job is, and its answer: ?wait=; a stream's events", NATIVE},
    {"DELETE", "/v1/jobs/{id}", wi_handle_job_delete, USER, 0, 0, JSON, "cancel a job", NATIVE},
    {"POST", "/v1/admin/join", wi_handle_join_new, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY, JSON,
        "let nodes of others in: {nodes?, seconds?}", NATIVE},
    {"GET", "/v1/admin/join", wi_handle_joins, ADMIN, 0, 0, JSON, "the join tokens", NATIVE},
    {"DELETE", "/v1/admin/join/{id}", wi_handle_join_revoke, ADMIN, 0, 0, JSON,
        "revoke a join token and send its nodes away", NATIVE},
    {"GET", "/metrics", wi_handle_metrics, ADMIN, 0, 0, "text/plain", "Prometheus text", NATIVE},
    {"GET", "/healthz", wi_handle_healthz, OPEN, WI_ROUTE_ALWAYS, 0, JSON, "the daemon lives",
        NATIVE},
    {"GET", "/readyz", wi_handle_readyz, OPEN, 0, 0, JSON, "a node can take work", NATIVE},
    {"GET", "/", wi_handle_root, USER, 0, 0, JSON, "this list", NATIVE},
    {NULL, NULL, NULL, OPEN, 0, 0, NULL, NULL, NULL},
};

#undef OPEN
#undef USER
#undef ADMIN

size_t wi_route_count(void)
{
    return sizeof wi_routes / sizeof *wi_routes - 1;
}

const struct wi_dialect *wi_route_dialect(const struct wi_route *route)
{
    return route ? route->dialect : NATIVE;
}

/* Whether `path` ends as the rest of a pattern says; a rest has no further {…}. */
static size_t argument_length(const char *path, const char *rest, int slashes)
{
    size_t length = strlen(path);
    size_t tail = strlen(rest);
    if (length <= tail || strcmp(path + length - tail, rest) != 0)
        return 0;
    size_t argument = length - tail;
    int found = 0;
    for (size_t i = 0; i < argument; i++) {
        if (path[i] != '/')
            continue;
        if (++found > slashes || i == 0 || i + 1 == argument)
            return 0;
    }
    return argument;
}

static int matches(const char *pattern, const char *path, char *argument)
{
    argument[0] = '\0';
    const char *brace = strchr(pattern, '{');
    if (!brace)
        return strcmp(pattern, path) == 0;
    size_t prefix = (size_t)(brace - pattern);
    if (strncmp(pattern, path, prefix) != 0)
        return 0;
    const char *rest = strchr(brace, '}') + 1;
    size_t length = argument_length(path + prefix, rest, strncmp(brace, "{model}", 7) == 0);
    if (length == 0 || length >= WI_ROUTE_ARGUMENT_MAX)
        return 0;
    memcpy(argument, path + prefix, length);
    argument[length] = '\0';
    return 1;
}

/* "GET" → "GET, HEAD", "GET, HEAD, DELETE" … */
static void add_method(char *allowed, size_t size, const char *method)
{
    size_t used = strlen(allowed);
    snprintf(allowed + used, size - used, "%s%s%s", used ? ", " : "", method,
        strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

const struct wi_route *wi_route_find(const char *method, const char *path,
    char argument[WI_ROUTE_ARGUMENT_MAX], struct wi_error *error)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    char allowed[64] = "";
    for (const struct wi_route *route = wi_routes; route->method; route++) {
        if (!matches(route->pattern, path, argument))
            continue;
        if (strcmp(route->method, wanted) == 0)
            return route;
        add_method(allowed, sizeof allowed, route->method);
    }
    argument[0] = '\0';
    if (*allowed) {
        wi_error_set(
            error, WI_METHOD_NOT_ALLOWED, NULL, "This address does not answer to %.16s.", method);
        wi_error_allow(error, "%s", allowed);
    } else {
        wi_error_set(
            error, WI_NOT_FOUND, NULL, "There is nothing here; GET / lists what there is.");
    }
    return NULL;
}
