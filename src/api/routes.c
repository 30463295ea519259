/* The table of routes; how one is found is in route_find.c. */
#include "api/routes.h"

#include "wire/openai.h"

#define SMALL_BODY (64 * 1024)
#define JSON "application/json"

#define OPEN WI_RANK_NONE
#define USER WI_RANK_USER
#define ADMIN WI_RANK_ADMIN
#define NATIVE &wi_dialect_native
/* Of OpenAI's clients, and of both. */
#define OPENAI(name) &wi_dialect_openai_##name
#define RUN (WI_ROUTE_BODY | WI_ROUTE_ADMIT)

const struct wi_route wi_routes[] = {
    {"POST", "/v1/infer", wi_handle_infer, USER,
        WI_ROUTE_BODY | WI_ROUTE_ADMIT | WI_ROUTE_BINARY | WI_ROUTE_FILES | WI_ROUTE_EVENTS, 0,
        JSON, "run a model", NATIVE},
    {"POST", "/v1/chat/completions", wi_handle_infer, USER, RUN | WI_ROUTE_EVENTS, 0, JSON,
        "answer a conversation, as OpenAI's clients ask", OPENAI(chat)},
    {"POST", "/v1/completions", wi_handle_infer, USER, RUN | WI_ROUTE_EVENTS, 0, JSON,
        "continue a text, likewise", OPENAI(completions)},
    {"POST", "/v1/embeddings", wi_handle_infer, USER, RUN, 0, JSON, "turn texts into vectors",
        OPENAI(embeddings)},
    {"POST", "/v1/rerank", wi_handle_infer, USER, RUN, 0, JSON, "rank documents for a query",
        OPENAI(rerank)},
    {"POST", "/v1/tokenize", wi_handle_infer, USER, RUN, 0, JSON, "turn a text into tokens",
        OPENAI(tokenize)},
    {"POST", "/v1/audio/transcriptions", wi_handle_infer, USER,
        RUN | WI_ROUTE_FORM | WI_ROUTE_EVENTS | WI_ROUTE_TEXT, 0, JSON,
        "write down what is said in a sound", OPENAI(transcriptions)},
    {"POST", "/v1/audio/translations", wi_handle_infer, USER,
        RUN | WI_ROUTE_FORM | WI_ROUTE_EVENTS | WI_ROUTE_TEXT, 0, JSON, "the same in English",
        OPENAI(translations)},
    {"POST", "/v1/audio/speech", wi_handle_infer, USER, RUN | WI_ROUTE_VOICE, 0, "audio/wav",
        "speak a text", OPENAI(speech)},
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
    {"GET", "/v1/models", wi_handle_models, USER, 0, 0, JSON, "the models of the store",
        OPENAI(both)},
    {"GET", "/v1/models/{model}", wi_handle_model, USER, 0, 0, JSON, "one model", OPENAI(both)},
    {"DELETE", "/v1/models/{model}", wi_handle_model_remove, ADMIN, 0, 0, JSON,
        "remove a model from the store: ?force=", NATIVE},
    {"POST", "/v1/models/gc", wi_handle_models_gc, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY, JSON,
        "remove what is of no use: old versions, pulls that were given up", NATIVE},
    {"POST", "/v1/models/{model}/load", wi_handle_model_load, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY,
        JSON, "load a model into nodes: {node?, platform?}", NATIVE},
    {"POST", "/v1/models/{model}/unload", wi_handle_model_unload, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY,
        JSON, "unload a model from nodes: {node?}", NATIVE},
    {"POST", "/v1/models/pull", wi_handle_model_pull, ADMIN, WI_ROUTE_BODY | WI_ROUTE_EVENTS,
        SMALL_BODY, JSON,
        "bring a model from a hub: {model, as?, hub?, files?, precision?, stream?}", NATIVE},
    {"POST", "/v1/models/{model}/cancel", wi_handle_model_cancel, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY,
        JSON, "stop bringing it", NATIVE},
    {"POST", "/v1/jobs", wi_handle_job_post, USER, WI_ROUTE_BODY | WI_ROUTE_BINARY | WI_ROUTE_FILES,
        0, JSON, "run a model later: accepted durably", NATIVE},
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

const struct wi_dialect *wi_route_dialect(const struct wi_route *route)
{
    return route ? route->dialect : OPENAI(both);
}
