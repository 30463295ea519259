/*
 * /v1/matrix: what the browsers of each kind can do, found by doing it (nodes/bridge/features.h).
 * POST starts the tests, which take a while and run in the background; GET shows the results so
 * far.
 */
#include "api/endpoints/endpoints.h"
#include "api/endpoints/openapi.h"

#include "api/http/query.h"
#include "api/http/request.h"
#include "base/params.h"
#include "nodes/bridge/features.h"
#include "wire/describe/schemas.h"
#include <stddef.h>
#include <string.h>

/* A table for people has no more columns; others are named to be seen. */
#define MOST_COLUMNS 64

struct wanted {
    const char *node, *browser;
};

const struct wi_param wi_matrix_params[] = {
    WI_PARAM(wanted, node, STRING, .min = 1, .max = WI_ID_SIZE - 1, .help = "Only this node."),
    WI_PARAM(wanted, browser, STRING, .min = 1, .max = 31, .help = "Only browsers of this kind."),
    WI_PARAM_END,
};

/* The nodes that one request is about, one of each kind first. */
struct view {
    const struct wi_api *api;
    struct wanted wanted;
    int (*takes)(const struct view *view, const struct wi_node_info *node); /* in this round */
    json_t *kinds;                      /* those that have a column: {KIND: true} */
    char ids[MOST_COLUMNS][WI_ID_SIZE]; /* the columns' nodes */
    size_t count;
};

static enum wi_look_state state_of(const struct view *view, const struct wi_node_info *node)
{
    return wi_bridge_looked(view->api->deps.bridge, node->id)->state;
}

static int node_is_wanted(const struct view *view, const struct wi_node_info *node)
{
    const struct wanted *wanted = &view->wanted;
    return (!wanted->node || strcmp(wanted->node, node->id) == 0) &&
           (!wanted->browser || strcmp(wanted->browser, node->kind) == 0);
}

static int was_asked(const struct view *view, const struct wi_node_info *node)
{
    return state_of(view, node) != WI_LOOK_NEVER;
}

static int is_first(const struct view *view, const struct wi_node_info *node)
{
    return !json_object_get(view->kinds, node->kind);
}

static int is_first_asked(const struct view *view, const struct wi_node_info *node)
{
    return is_first(view, node) && was_asked(view, node);
}

static int is_first_of_ours(const struct view *view, const struct wi_node_info *node)
{
    return is_first(view, node) && *node->session;
}

static void add_node(void *context, const struct wi_node_info *node)
{
    struct view *view = context;
    if (view->count == MOST_COLUMNS || !node_is_wanted(view, node) || !view->takes(view, node))
        return;
    memcpy(view->ids[view->count++], node->id, WI_ID_SIZE);
    json_object_set_new(view->kinds, node->kind, json_true());
}

/* A round over all nodes for each of `takes`, which ends with NULL. */
static void view_gather(
    struct view *view, int (*const *takes)(const struct view *, const struct wi_node_info *))
{
    for (view->kinds = json_object(); *takes; takes++) {
        view->takes = *takes;
        wi_bridge_each(view->api->deps.bridge, add_node, view);
    }
}

/* --- as JSON ---------------------------------------------------------------------------------- */

static json_t *column_json(const struct wi_node_info *node, const struct wi_look *look)
{
    return wi_form_json("MatrixBrowser", node->kind, node->browser_version, node->id,
        *node->session == '\0', wi_look_names[look->state],
        look->state == WI_LOOK_FAILED ? look->reason : NULL, look->asked_at, look->found_at,
        json_incref(look->found));
}

static void add_absent(const struct view *view, json_t *columns)
{
    const struct wi_config *config = view->api->deps.config;
    for (size_t i = 0; i < config->browser_count && !view->wanted.node; i++) {
        const struct wi_config_browser *browser = &config->browsers[i];
        if (json_object_get(view->kinds, browser->kind) ||
            (view->wanted.browser && strcmp(view->wanted.browser, browser->kind) != 0))
            continue;
        json_array_append_new(
            columns, wi_form_json("MatrixBrowser", browser->kind, NULL, NULL, 0, "absent",
                         browser->max_connections == 0 ? "its max_connections is 0"
                                                       : "no browser of this kind is connected",
                         0, 0, NULL));
    }
}

/* All nodes that were asked, one of each other kind, and the kinds without a node. */
static json_t *matrix_json(const struct wi_api *api, const struct wanted *wanted)
{
    static int (*const takes[])(const struct view *, const struct wi_node_info *) = {
        was_asked, is_first_of_ours, is_first, NULL};
    struct view view = {.api = api, .wanted = *wanted};
    json_t *columns = json_array();
    view_gather(&view, takes);
    for (size_t i = 0; i < view.count; i++)
        json_array_append_new(columns, column_json(wi_bridge_node(api->deps.bridge, view.ids[i]),
                                           wi_bridge_looked(api->deps.bridge, view.ids[i])));
    add_absent(&view, columns);
    json_decref(view.kinds);
    return wi_form_json("Matrix", wi_features_json(), columns);
}

/* --- the endpoints ---------------------------------------------------------------------------- */

void wi_handle_matrix(struct wi_request *request)
{
    struct wanted wanted = {0};
    struct wi_error error;
    json_t *arguments = wi_request_read_query(request, wi_matrix_params, WI_PARAMS_STRICT, &wanted);
    if (!arguments)
        return;
    if (wi_run_check_browser(&request->api->endpoints->runs, wanted.browser, &error) != WI_OK)
        wi_request_answer_error(request, &error);
    else
        wi_request_answer_json(request, 200, matrix_json(request->api, &wanted));
    json_decref(arguments);
}

/* Asks one node of each kind: one that was asked before, else one of our sessions, else any. */
static enum wi_code nodes_ask(
    const struct wi_api *api, const struct wanted *wanted, struct wi_error *error)
{
    static int (*const takes[])(const struct view *, const struct wi_node_info *) = {
        is_first_asked, is_first_of_ours, is_first, NULL};
    struct view view = {.api = api, .wanted = *wanted};
    size_t asked = 0;
    view_gather(&view, takes);
    json_decref(view.kinds);
    for (size_t i = 0; i < view.count; i++)
        asked += wi_bridge_look(api->deps.bridge, view.ids[i]) == WI_OK;
    return asked > 0 ? WI_OK
                     : wi_error_set(error, WI_NODE_NOT_FOUND, wanted->node ? "node" : "",
                           "there is no such node that is connected");
}

void wi_handle_matrix_ask(struct wi_request *request)
{
    struct wanted wanted = {0};
    struct wi_error error;
    json_t *body = wi_request_read_body(request, wi_matrix_params, &wanted);
    if (!body)
        return;
    if (wi_run_check_browser(&request->api->endpoints->runs, wanted.browser, &error) != WI_OK ||
        nodes_ask(request->api, &wanted, &error) != WI_OK)
        wi_request_answer_error(request, &error);
    else
        wi_request_answer_json(request, 202, matrix_json(request->api, &wanted));
    json_decref(body);
}
