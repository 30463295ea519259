/* /healthz, /readyz and the same for KServe's clients, and GET /, which says what there is. */
#include "api/request.h"

#include "durable/durable.h"

void wi_handle_healthz(struct wi_request *request)
{
    wi_request_answer_json(request, 200, json_pack("{s:s}", "status", "ok"));
}

static enum wi_code check_ready(const struct wi_api *api, struct wi_error *error)
{
    if (api->closing)
        return wi_error_set(error, WI_SHUTTING_DOWN, NULL, "the server is shutting down");
    return wi_pool_ready(api->deps.pool, error);
}

void wi_handle_readyz(struct wi_request *request)
{
    struct wi_error error;
    struct wi_api *api = request->api;
    if (check_ready(api, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
    } else {
        json_t *answer = json_pack("{s:s}", "status", "ready");
        json_t *unstored = wi_durable_warning(api->durable);
        if (unstored) /* what needs no database goes on */
            json_object_set_new(answer, "warnings", json_pack("[o]", unstored));
        wi_request_answer_json(request, 200, answer);
    }
}

void wi_handle_kserve_live(struct wi_request *request)
{
    wi_request_answer_json(request, 200, json_pack("{s:b}", "live", 1));
}

void wi_handle_kserve_ready(struct wi_request *request)
{
    struct wi_error error;
    if (check_ready(request->api, &error) == WI_OK)
        wi_request_answer_json(request, 200, json_pack("{s:b}", "ready", 1));
    else
        wi_request_answer_error(request, &error);
}

void wi_handle_root(struct wi_request *request)
{
    struct wi_buffer out = {0};
    const struct wi_route *routes = request->api->routes;
    wi_buffer_puts(&out, "{\"name\":\"webinfer\",\"version\":");
    wi_buffer_json_string(&out, request->api->deps.version);
    wi_buffer_puts(&out, ",\"endpoints\":[");
    for (const struct wi_route *route = routes; route->method; route++)
        wi_buffer_printf(&out,
            "%s\n  {\"method\":\"%s\",\"path\":\"%s\",\"rank\":\"%s\",\"for\":\"%s\"}",
            route == routes ? "" : ",", route->method, route->pattern, wi_rank_names[route->rank],
            route->summary);
    wi_buffer_puts(&out, "\n]}\n");
    wi_request_answer_text(request, 200, "application/json", &out);
}
