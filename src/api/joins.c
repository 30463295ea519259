/*
 * POST and GET /v1/admin/join, DELETE /v1/admin/join/ID: join tokens, with which pages and programs
 * that somebody else starts become nodes.
 */
#include "api/openapi.h"
#include "api/request.h"

#include "base/clock.h"
#include "base/params.h"
#include <openssl/crypto.h>
#include <stdio.h>

#define MAX_NODES 65536
#define DEFAULT_SECONDS 3600
#define MAX_SECONDS (7 * 24 * 3600)

struct wish {
    int64_t nodes, seconds;
};

const struct wi_param wi_join_params[] = {
    {.name = "nodes",
        .kind = WI_PARAM_INTEGER,
        .offset = offsetof(struct wish, nodes),
        .min = 1,
        .max = MAX_NODES,
        .help = "How many may be there with the token at a time; 1 by default."},
    {.name = "seconds",
        .kind = WI_PARAM_INTEGER,
        .offset = offsetof(struct wish, seconds),
        .min = 1,
        .max = MAX_SECONDS,
        .help = "For how long nodes may come anew; 3600 by default."},
    WI_PARAM_END,
};

void wi_handle_join_new(struct wi_request *request)
{
    struct wi_bridge *bridge = request->api->deps.bridge;
    struct wish wish = {.nodes = 1, .seconds = DEFAULT_SECONDS};
    char id[WI_ID_SIZE], token[WI_TOKEN_SIZE], url[512 + WI_TOKEN_SIZE];
    struct wi_error error;
    json_t *body = wi_request_body_object(request);
    if (!body)
        return;
    enum wi_code code = wi_params_read(wi_join_params, body, WI_PARAMS_STRICT, "", &wish, &error);
    json_decref(body);
    if (code == WI_OK)
        code = wi_bridge_invite(bridge, (size_t)wish.nodes, wish.seconds * 1000, id, token, &error);
    if (code != WI_OK) {
        wi_request_answer_error(request, &error);
        return;
    }
    snprintf(url, sizeof url, "%.500s/#token=%s", wi_bridge_url(bridge), token);
    wi_request_answer_json(request, 201,
        json_pack("{s:s, s:s, s:s, s:I, s:I}", "id", id, "token", token, "url", url, "nodes",
            (json_int_t)wish.nodes, "expires_at",
            (json_int_t)(wi_wall_ms() + wish.seconds * 1000)));
    OPENSSL_cleanse(token, sizeof token);
    OPENSSL_cleanse(url, sizeof url);
}

void wi_handle_joins(struct wi_request *request)
{
    const struct wi_bridge *bridge = request->api->deps.bridge;
    wi_request_answer_json(request, 200,
        json_pack("{s:o, s:o}", "joins", wi_bridge_invitations(bridge), "node_tokens",
            wi_bridge_node_tokens(bridge)));
}

void wi_handle_join_revoke(struct wi_request *request)
{
    struct wi_error error;
    if (wi_bridge_uninvite(request->api->deps.bridge, request->argument) == 0) {
        wi_request_answer_json(
            request, 200, json_pack("{s:s, s:s}", "id", request->argument, "state", "revoked"));
        return;
    }
    wi_error_set(&error, WI_NOT_FOUND, NULL, "there is no join token %.80s", request->argument);
    wi_request_answer_error(request, &error);
}
