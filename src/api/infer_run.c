/* The body of a request for an inference: how it is framed, what reading it takes, and its run. */
#include "api/infer.h"

/* What a byte of JSON may take as a tree, where that was not reckoned while it came: only of the
 * head of a binary body, which is at most 1 MiB. */
#define TREE_PER_BYTE 44

static enum wi_code find_frame(
    const struct wi_request *request, size_t *json_size, struct wi_error *error)
{
    size_t size = request->body ? request->body->size : 0;
    return wi_request_dialect(request)->frame(
        request->headers.content_type, request->headers.inference_length, size, json_size, error);
}

static uint64_t parse_cost(const struct wi_request *request, size_t json_size)
{
    if (json_size == 0) /* a form, of which next to nothing is copied */
        return 0;
    uint64_t tree = request->headers.inference_length ? (uint64_t)json_size * TREE_PER_BYTE
                                                      : request->json_cost;
    return tree + 2 * (uint64_t)json_size; /* the strings, and what they are converted into */
}

uint64_t wi_infer_measure(const struct wi_request *request, size_t *json_size)
{
    struct wi_error error;
    if (find_frame(request, json_size, &error) != WI_OK)
        *json_size = request->body ? request->body->size : 0;
    return parse_cost(request, *json_size);
}

struct wi_run *wi_infer_run(struct wi_request *request, enum wi_run_kind kind,
    const struct wi_run_owner *owner, struct wi_error *error)
{
    const struct wi_dialect *dialect = wi_request_dialect(request);
    struct wi_run_request asked = {.kind = kind,
        .dialect = dialect,
        .body = request->body,
        .lenient = dialect != &wi_dialect_native &&
                   request->api->deps.config->api.unknown_parameters == WI_UNKNOWN_IGNORE,
        .model = *request->argument ? request->argument : NULL,
        .version = *request->second ? request->second : NULL,
        .client = wi_request_client(request),
        .accepted_at = request->read};
    int is_form = (request->route->flags & WI_ROUTE_FORM) != 0;
    enum wi_code code = find_frame(request, &asked.json_size, error);
    request->body = NULL;
    if (code == WI_OK && (!asked.body || (asked.json_size == 0 && !is_form)))
        code = wi_error_set(
            error, WI_BAD_JSON, NULL, "there is no %s in the body", is_form ? "form" : "JSON");
    if (code != WI_OK) {
        wi_blob_unref(asked.body);
        return NULL;
    }
    asked.parse_cost = parse_cost(request, asked.json_size);
    return wi_run_new(&request->api->runs, &asked, owner);
}

int wi_infer_charge(void *context, uint64_t bytes)
{
    struct wi_request *const *request = context;
    return wi_request_reserve(*request, (size_t)bytes);
}
