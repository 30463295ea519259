/*
 * How a request for an inference is read: its framing, its JSON (large JSON on a thread), its
 * model, and whether the two go together.
 */
#include "api/infer.h"

#include "api/pulls.h"
#include "api/stream.h"
#include "base/memory.h"
#include "wire/text.h"
#include <stdlib.h>

/* JSON above this is parsed off the loop: 64 KiB take 0.5 to 2.5 ms, by how small its values are,
 * and 3.8 ms where they are no JSON, which jansson then reads again to say why. */
#define INLINE_JSON_MAX (64 * 1024)
/* Likewise forms, of which only the ends of the parts are looked for. */
#define INLINE_FORM_MAX (2 * 1024 * 1024)
/* What a byte of JSON may take as a tree, where that was not reckoned while it came: only of the
 * head of a binary body, which is at most 1 MiB. */
#define TREE_PER_BYTE 44

struct reading {
    const struct wi_dialect *dialect;
    struct wi_infer infer;
    struct wi_blob *body;
    size_t json_size;
    wi_infer_next_fn *next;
    void *work;
    wi_step_free_fn *free_work;
    enum wi_code code;     /* of parsing; with `late` the thread's while it parses */
    struct wi_error *late; /* only for a thread: with it this would be no small allocation */
};

static void free_reading(void *work)
{
    struct reading *reading = work;
    if (reading->free_work)
        reading->free_work(reading->work);
    wi_infer_clear(&reading->infer);
    wi_blob_unref(reading->body);
    free(reading->late);
    free(reading);
}

static void answer_error(
    struct wi_request *request, struct reading *reading, const struct wi_error *error)
{
    wi_request_answer_error(request, error);
    free_reading(reading);
}

/* --- the model ------------------------------------------------------------------------------- */

static void on_model(struct wi_request *request, void *work, struct wi_model *model)
{
    struct reading *reading = work;
    struct wi_error error;
    const struct wi_config_models *limits = &request->api->deps.config->models;
    if (wi_text_choose_variant(&reading->infer, model)) {
        wi_request_find_model(request, reading->infer.model_name, on_model, reading, free_reading);
        return;
    }
    if (reading->dialect->check(&reading->infer, model, limits, &error) != WI_OK) {
        answer_error(request, reading, &error);
        return;
    }
    reading->free_work = NULL;
    reading->next(request, reading->work, &reading->infer, model);
    free_reading(reading);
}

static void on_pulled(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct reading *reading = work;
    if (failure)
        answer_error(request, reading, failure);
    else
        wi_request_find_model(request, reading->infer.model_name, on_model, reading, free_reading);
}

/* A model that is not here may be pulled. A stream begins meanwhile, so that its client sees how
 * far that is. */
static void on_missing(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct reading *reading = work;
    const char *name = reading->infer.model_name;
    if (!wi_api_may_pull(request->api, name, failure)) {
        answer_error(request, reading, failure);
    } else if (wi_api_stream_is_wanted(request, &reading->infer)) {
        wi_api_stream_begin_pull(request, &reading->infer);
        free_reading(reading);
    } else {
        double timeout_ms = wi_infer_timeout_ms(&reading->infer, wi_model_type_of_name(name));
        wi_request_pull(request, name, timeout_ms, on_pulled, reading, free_reading);
    }
}

enum wi_code wi_api_check_browser(
    const struct wi_api *api, const char *kind, struct wi_error *error)
{
    const struct wi_config *config = api->deps.config;
    if (!kind || wi_config_find_browser(config, kind) || wi_pool_has_kind(api->deps.pool, kind))
        return WI_OK;
    struct wi_buffer kinds = {0};
    for (size_t i = 0; i < config->browser_count; i++)
        wi_buffer_printf(&kinds, "%s%s", i ? ", " : "", config->browsers[i].kind);
    wi_error_set(error, WI_INVALID_FIELD, "browser", "\"%s\" is not a browser kind here", kind);
    wi_error_allow(error, "%s", kinds.text ? kinds.text : "");
    wi_buffer_clear(&kinds);
    return WI_INVALID_FIELD;
}

static void on_parsed(struct wi_request *request, struct reading *reading, struct wi_error *error)
{
    wi_blob_unref(reading->body); /* binary tensors keep it */
    reading->body = NULL;
    wi_request_note_ignored(request, &reading->infer.ignored);
    if (reading->code != WI_OK ||
        wi_api_check_browser(request->api, reading->infer.asked->browser, error) != WI_OK)
        answer_error(request, reading, error);
    else
        wi_request_look_for_model(
            request, reading->infer.model_name, on_model, on_missing, reading, free_reading);
}

/* --- parsing --------------------------------------------------------------------------------- */

static void parse_off_loop(void *work)
{
    struct reading *reading = work;
    reading->code = reading->dialect->parse(
        &reading->infer, reading->body, reading->json_size, NULL, reading->late);
}

static void on_parsed_off_loop(struct wi_request *request, void *work)
{
    struct reading *reading = work;
    /* What parsing needed is free again; what was converted stays charged to the request. */
    int binary = reading->body->size > reading->json_size;
    size_t converted = binary ? 0 : wi_tensors_bytes(&reading->infer.asked->tensors);
    if (wi_request_reserve(request, converted) != 0 && reading->code == WI_OK)
        reading->code = wi_error_set(reading->late, WI_MEMORY_BUDGET, NULL,
            "there is no memory for these tensors now; try again later");
    on_parsed(request, reading, reading->late);
}

uint64_t wi_infer_parse_cost(const struct wi_request *request, size_t json_size)
{
    if (json_size == 0) /* a form, of which next to nothing is copied */
        return 0;
    uint64_t tree = request->headers.inference_length ? (uint64_t)json_size * TREE_PER_BYTE
                                                      : request->json_cost;
    return tree + 2 * (uint64_t)json_size; /* the strings, and what they are converted into */
}

static int is_long(const struct reading *reading)
{
    return reading->json_size > INLINE_JSON_MAX ||
           (reading->json_size == 0 && reading->body->size > INLINE_FORM_MAX);
}

static void parse(struct wi_request *request, struct reading *reading)
{
    struct wi_error error;
    struct wi_budget *budget = request->api->deps.budget;
    if (!is_long(reading)) {
        reading->code = reading->dialect->parse(
            &reading->infer, reading->body, reading->json_size, budget, &error);
        on_parsed(request, reading, &error);
    } else if (wi_request_reserve(
                   request, (size_t)wi_infer_parse_cost(request, reading->json_size)) != 0) {
        wi_error_set(&error, WI_MEMORY_BUDGET, NULL,
            "there is no memory to read this JSON now; try again later, or send the tensors in "
            "binary");
        answer_error(request, reading, &error);
    } else {
        reading->late = wi_alloc(sizeof *reading->late);
        wi_request_compute(request, parse_off_loop, on_parsed_off_loop, reading, free_reading);
    }
}

/* --- framing --------------------------------------------------------------------------------- */

static enum wi_code find_frame(
    const struct wi_request *request, size_t *json_size, struct wi_error *error)
{
    size_t size = request->body ? request->body->size : 0;
    return wi_request_dialect(request)->frame(
        request->headers.content_type, request->headers.inference_length, size, json_size, error);
}

size_t wi_infer_json_size(const struct wi_request *request)
{
    size_t json_size;
    struct wi_error error;
    if (find_frame(request, &json_size, &error) == WI_OK)
        return json_size;
    return request->body ? request->body->size : 0;
}

void wi_infer_begin(
    struct wi_request *request, wi_infer_next_fn *next, void *work, wi_step_free_fn *free_work)
{
    struct wi_error error;
    struct reading *reading = wi_alloc(sizeof *reading);
    reading->dialect = wi_request_dialect(request);
    reading->infer.lenient = reading->dialect != &wi_dialect_native &&
                             request->api->deps.config->api.unknown_parameters == WI_UNKNOWN_IGNORE;
    reading->body = request->body;
    reading->next = next;
    reading->work = work;
    reading->free_work = free_work;
    enum wi_code code = find_frame(request, &reading->json_size, &error);
    request->body = NULL;
    int is_form = (request->route->flags & WI_ROUTE_FORM) != 0;
    if (code == WI_OK && (!reading->body || (reading->json_size == 0 && !is_form)))
        code = wi_error_set(
            &error, WI_BAD_JSON, NULL, "there is no %s in the body", is_form ? "form" : "JSON");
    if (code == WI_OK)
        parse(request, reading);
    else
        answer_error(request, reading, &error);
}
