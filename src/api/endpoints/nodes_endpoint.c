/* GET /v1/nodes: the pool's and the bridge's knowledge of each node. */
#include "api/http/request.h"

#include "api/endpoints/nodes_endpoint.h"
#include "api/endpoints/openapi.h"
#include "api/endpoints/proof/quarantine_endpoint.h"
#include "api/http/page_gather.h"
#include "api/http/step.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/text.h"
#include "nodes/bridge/invitations.h"
#include "wire/describe/schemas.h"
#include "work/pool/evidence.h"
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

/* Nodes whose rows are made in a turn of the loop, in about two milliseconds. */
#define PART 40

/* --- what a node is --------------------------------------------------------------------------- */

static json_t *platforms_json(const struct wi_node_info *node)
{
    json_t *platforms = json_object();
    for (int i = 0; i < WI_PLATFORM_COUNT; i++) {
        int available = node->platforms[i].available;
        if (i >= WI_NATIVE && !available)
            continue; /* most nodes are browsers */
        json_t *platform = json_pack("{s:b}", "available", available);
        if (!available && *node->platforms[i].reason)
            json_object_set_new(platform, "reason", json_string(node->platforms[i].reason));
        const struct wi_adapter *adapter = &node->platforms[i].adapter;
        if (node->platforms[i].has_adapter)
            json_object_set_new(platform, "adapter",
                wi_form_json("Adapter", adapter->vendor, adapter->architecture,
                    adapter->description, adapter->is_fallback));
        json_object_set_new(platforms, wi_platform_names[i], platform);
    }
    return platforms;
}

static json_t *engines_json(const struct wi_node_info *node)
{
    json_t *engines = json_object();
    for (int i = 0; i < WI_ENGINE_COUNT; i++) {
        if (!node->engines[i].available)
            continue;
        json_t *can = json_array();
        if (node->engines[i].can_continue)
            json_array_append_new(can, json_string("continue"));
        if (node->engines[i].continues_several)
            json_array_append_new(can, json_string("continue_several"));
        if (node->engines[i].on_webgpu)
            json_array_append_new(can, json_string("webgpu"));
        json_object_set_new(engines, wi_engine_names[i],
            wi_form_json("Engine", *node->engines[i].version ? node->engines[i].version : NULL,
                node->engines[i].slots, node->engines[i].short_slots, node->engines[i].queue, can));
    }
    return engines;
}

json_t *wi_api_abilities_json(const struct wi_node_info *info)
{
    return wi_form_json("Abilities", info->browser_version, info->cores, info->memory_gib,
        info->isolated, platforms_json(info), engines_json(info));
}

/* Adds what the pool's row does not have. A user agent may reveal whose browser it is, and a reason
 * what others ask. */
static void add_view(json_t *out, const struct wi_api *api, const char *id, int everything)
{
    const struct wi_bridge *bridge = api->deps.bridge;
    struct wi_node_state state;
    const struct wi_node_info *node = wi_bridge_node(bridge, id);
    if (!node || wi_bridge_node_state(bridge, id, &state) != 0)
        return;
    json_t *view = wi_form_json("Node", everything ? node->user_agent : NULL,
        everything && *node->label ? node->label : NULL,
        everything && *node->device ? node->device : NULL, node->connected_at,
        node->memory_limit ? json_integer(node->memory_limit) : NULL, state.connected,
        state.busy_since_ms, state.last_seen_ms, state.rtt_ms, state.answered, state.failed,
        state.task_ms_p50 < 0 ? json_null() : json_real(state.task_ms_p50), state.heartbeats_lost,
        state.bytes_in, state.bytes_out, json_incref(state.models));
    json_object_update_new(view, wi_api_abilities_json(node));
    json_object_update_new(view, wi_pool_found_json(api->deps.pool, id, everything));
    json_object_update_missing(out, view);
    json_decref(view);
}

json_t *wi_api_node_json(const struct wi_api *api, const char *id, int everything)
{
    json_t *node = wi_pool_node_json(api->deps.pool, id);
    if (node)
        add_view(node, api, id, everything);
    return node;
}

/* Completes the rows of the pool. */
static void add_views(const struct wi_request *request, json_t *nodes)
{
    const struct wi_api *api = request->api;
    int everything = wi_request_scope(request) == NULL;
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        json_t *node = json_array_get(nodes, i);
        const char *id = json_string_value(json_object_get(node, "id"));
        if (id)
            add_view(node, api, id, everything);
    }
}

static void list_part(const struct wi_request *request, struct wi_page_part *part)
{
    part->rows =
        wi_pool_nodes_page_json(request->api->deps.pool, part->after, part->most, &part->more);
    add_views(request, part->rows);
    const json_t *last = json_array_get(part->rows, json_array_size(part->rows) - 1);
    part->last = json_string_value(json_object_get(last, "id"));
}

static void add_tunings(const struct wi_api *api, json_t *answer)
{
    size_t more;
    json_object_set_new(answer, "tuning", wi_pool_tunings_json(api->deps.pool, WI_PAGE_MAX, &more));
    json_object_set_new(answer, "tuning_more", json_integer((json_int_t)more));
}

struct query {
    struct wi_page page;
    int tuning;
};

static const char *const no_yes[] = {"no", "yes", NULL};

const struct wi_param wi_nodes_params[] = {
    WI_PARAM_AS("limit", query, page.limit, INTEGER, .min = 1, .max = WI_PAGE_MAX,
        .help = WI_PAGE_LIMIT_HELP),
    WI_PARAM_AS("after", query, page.after, STRING, .min = 1, .max = WI_ROUTE_ARGUMENT_MAX,
        .help = WI_PAGE_AFTER_HELP),
    WI_PARAM(query, tuning, ENUM, .names = no_yes,
        .help =
            "Whether the answer also lists the fastest known settings for kernels; no by default."),
    WI_PARAM_END,
};

/* A query, and what its texts lie in. */
struct asked {
    struct query query;
    json_t *arguments;
};

static void free_asked(void *work)
{
    struct asked *asked = work;
    json_decref(asked->arguments);
    free(asked);
}

static void answer_page(struct wi_request *request, void *work, const struct wi_gathered *gathered)
{
    const struct asked *asked = work;
    struct wi_buffer out = {0};
    size_t more;
    json_t *quarantined = wi_api_quarantined_json(request, (size_t)asked->query.page.limit, &more);
    json_t *rest =
        json_pack("{s:o, s:I}", "quarantined", quarantined, "quarantined_more", (json_int_t)more);
    if (asked->query.tuning)
        add_tunings(request->api, rest);
    wi_buffer_strings(
        &out, "{\"nodes\":[", gathered->rows.text ? gathered->rows.text : "", "],\"next\":", NULL);
    wi_gathered_next(gathered, &out);
    wi_buffer_puts(&out, ",");
    wi_page_put_rest(&out, rest);
    wi_buffer_puts(&out, "\n");
    wi_request_answer_text(request, 200, "application/json", &out);
    free_asked(work);
}

void wi_handle_nodes(struct wi_request *request)
{
    struct asked *asked = wi_alloc(sizeof *asked);
    asked->query.page.after = "";
    asked->arguments =
        wi_request_read_query(request, wi_nodes_params, WI_PARAMS_OPEN, &asked->query);
    if (!asked->arguments) {
        free_asked(asked);
        return;
    }
    wi_page_settle(&asked->query.page);
    wi_request_gather(request, &asked->query.page, PART, list_part, answer_page, asked, free_asked);
}

/* --- /v1/admin/join: links with which pages and programs of others become nodes --------------- */

#define DEFAULT_SECONDS 3600
#define MAX_SECONDS (7 * 24 * 3600)

struct requested {
    int64_t nodes, seconds;
    int start, shareable, peers;
    const char *label;
};

const struct wi_param wi_join_params[] = {
    WI_PARAM(requested, nodes, INTEGER, .min = 1, .max = WI_JOIN_NODES_MAX,
        .help = "How many nodes may be connected with the token at a time; 1 by default."),
    WI_PARAM(requested, seconds, INTEGER, .min = 1, .max = MAX_SECONDS,
        .help = "For how many seconds new nodes may join; 3600 by default."),
    WI_PARAM(requested, start, BOOL,
        .help = "Whether a page opened with the link starts work at once, without asking the user; "
                "false by default."),
    WI_PARAM(requested, label, STRING, .min = 1, .max = WI_JOIN_LABEL_SIZE - 1,
        .help = "A text for lists, such as the name of the person who gets the link."),
    WI_PARAM(requested, shareable, BOOL,
        .help = "Whether people who joined with the link may pass it on: the page then offers to "
                "copy the link; false by default."),
    WI_PARAM(requested, peers, BOOL,
        .help =
            "Whether a page opened with the link connects through the service's peers ([bridge] "
            "peers), in their order, and to the service itself if it reaches none of them; "
            "false by default."),
    WI_PARAM_END,
};

/* A token that was made, until its answer. */
struct made_join {
    json_t *body; /* it has the label */
    struct requested requested;
    char id[WI_ID_SIZE], token[WI_TOKEN_SIZE];
};

static void made_free(void *work)
{
    struct made_join *made = work;
    json_decref(made->body);
    OPENSSL_cleanse(made, sizeof *made);
    free(made);
}

/* The link. No address of a peer has a character that a query escapes. */
static void made_print(
    const struct made_join *made, const struct wi_bridge *bridge, struct wi_buffer *url)
{
    const struct wi_strings *peers = wi_bridge_peers(bridge);
    const char *service = wi_bridge_url(bridge);
    wi_buffer_strings(url, service, "/", NULL);
    for (size_t i = 0; made->requested.peers && i < peers->count; i++)
        wi_buffer_strings(url, i ? "," : "?node_endpoints=", peers->items[i], NULL);
    if (made->requested.peers)
        wi_buffer_strings(url, ",", service, NULL);
    wi_buffer_strings(url, "#token=", made->token, made->requested.start ? "&start" : "", NULL);
}

static void made_answer(struct wi_request *request, struct made_join *made)
{
    const struct requested *requested = &made->requested;
    struct wi_buffer url = {0};
    made_print(made, request->api->deps.bridge, &url);
    wi_request_answer_json(request, 201,
        wi_form_json("Join", made->id, made->token, url.text, requested->label,
            requested->shareable, requested->nodes,
            (json_int_t)(wi_wall_ms() + requested->seconds * 1000)));
    OPENSSL_cleanse(url.text, url.size);
    wi_buffer_clear(&url);
    made_free(made);
}

/* The members of a cluster have it, or do not. */
static void on_made(struct wi_request *request, void *work, const struct wi_error *failure)
{
    if (!failure) {
        made_answer(request, work);
        return;
    }
    wi_request_answer_error(request, failure);
    made_free(work);
}

/* Makes the token, and answers with its link. */
static void join_make(struct wi_request *request, struct made_join *made)
{
    struct wi_bridge *bridge = request->api->deps.bridge;
    const struct wi_join_terms terms = {.nodes = (size_t)made->requested.nodes,
        .ttl_ms = made->requested.seconds * 1000,
        .shareable = made->requested.shareable,
        .label = made->requested.label};
    struct wi_error error;
    if (wi_bridge_invite(bridge, &terms, made->id, made->token, &error) != WI_OK)
        on_made(request, made, &error);
    else if (wi_bridge_shares_invitations(bridge))
        wi_bridge_await_invitation(
            bridge, made->id, wi_step_end, wi_request_step(request, on_made, made, made_free));
    else
        made_answer(request, made);
}

static enum wi_code requested_check(
    const struct requested *requested, const struct wi_bridge *bridge, struct wi_error *error)
{
    if (requested->label && !wi_text_is_plain(requested->label)) {
        wi_error_set(error, WI_INVALID_FIELD, "label", "the label has a control character");
        return wi_error_allow(
            error, "1 to %d bytes of UTF-8 without control characters", WI_JOIN_LABEL_SIZE - 1);
    }
    if (requested->peers && wi_bridge_peers(bridge)->count == 0)
        return wi_error_set(error, WI_INVALID_FIELD, "peers",
            "this service has no peers: list the addresses that webinfer-peer prints in [bridge] "
            "peers");
    return WI_OK;
}

void wi_handle_join_new(struct wi_request *request)
{
    struct requested requested = {.nodes = 1, .seconds = DEFAULT_SECONDS};
    struct wi_error error;
    json_t *body = wi_request_read_body(request, wi_join_params, &requested);
    if (!body)
        return;
    if (requested_check(&requested, request->api->deps.bridge, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        json_decref(body);
        return;
    }
    struct made_join *made = wi_alloc(sizeof *made);
    made->body = body;
    made->requested = requested;
    join_make(request, made);
}

void wi_handle_joins(struct wi_request *request)
{
    const struct wi_bridge *bridge = request->api->deps.bridge;
    wi_request_answer_json(request, 200,
        wi_form_json("Joins", wi_bridge_invitations(bridge), wi_bridge_node_tokens(bridge)));
}

static void on_revoked(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct wi_error error;
    if (!failure) {
        wi_request_answer_verb(request, 200, request->argument, "revoked");
        return;
    }
    wi_error_set(&error, failure->code, NULL,
        "the token is revoked at this member only, and at the others once this daemon can tell "
        "them: %s",
        failure->detail);
    wi_error_retry_after(&error, failure->retry_after_s);
    wi_request_answer_error(request, &error);
}

void wi_handle_join_revoke(struct wi_request *request)
{
    struct wi_bridge *bridge = request->api->deps.bridge;
    if (wi_bridge_uninvite(bridge, request->argument) != 0)
        wi_request_answer_refusal(
            request, WI_NOT_FOUND, NULL, "there is no join token %.80s", request->argument);
    else if (wi_bridge_shares_invitations(bridge))
        wi_bridge_await_invitation(bridge, request->argument, wi_step_end,
            wi_request_step(request, on_revoked, NULL, NULL));
    else
        on_revoked(request, NULL, NULL);
}

/* --- /v1/devices: those that may come back without a link ------------------------------------- */

void wi_handle_devices(struct wi_request *request)
{
    wi_request_answer_json(
        request, 200, wi_form_json("Devices", wi_bridge_devices(request->api->deps.bridge)));
}

void wi_handle_device_revoke(struct wi_request *request)
{
    if (wi_bridge_forget_device(request->api->deps.bridge, request->argument) == 0) {
        wi_info("api", request->id, "%s is forgotten, as requested by %.80s", request->argument,
            wi_request_client(request));
        wi_request_answer_verb(request, 200, request->argument, "forgotten");
        return;
    }
    wi_request_answer_refusal(request, WI_NOT_FOUND, NULL,
        "there is no device %.80s; GET /v1/devices lists all devices", request->argument);
}
