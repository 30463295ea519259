/* The API's description: all routes are in it, with all that they may answer. */
#include "../../test.h"

#include "api/endpoints/openapi.h"
#include "terms/task/task.h"
#include <ctype.h>
#include <string.h>

static int set_up(void **state)
{
    *state = wi_openapi(wi_routes, "1.2.3");
    return 0;
}

static int tear_down(void **state)
{
    json_decref(*state);
    return 0;
}

FIXTURE(set_up, tear_down)

static json_t *at(const json_t *value, const char *first, const char *second)
{
    return json_object_get(json_object_get(value, first), second);
}

static const json_t *operation(const json_t *document, const struct wi_route *route)
{
    char method[8] = "";
    for (size_t i = 0; route->method[i]; i++)
        method[i] = (char)tolower((unsigned char)route->method[i]);
    return json_object_get(at(document, "paths", route->pattern), method);
}

TEST(every_route_is_an_operation_with_an_answer)
{
    for (const struct wi_route *route = wi_routes; route->method; route++) {
        const json_t *found = operation(*state, route);
        const char *status;
        json_t *response;
        int answers = 0;
        if (!found)
            fail_msg("%s %s is not described", route->method, route->pattern);
        json_object_foreach(json_object_get(found, "responses"), status, response)
        {
            answers += *status == '2' || *status == '3';
            assert_true(json_object_size(json_object_get(response, "content")) > 0);
        }
        assert_true(answers > 0);
        assert_string_equal(
            json_string_value(json_object_get(found, "x-rank")), wi_rank_names[route->rank]);
    }
}

/* Of all that is in `value`. */
static void check_references(const json_t *schemas, const json_t *value)
{
    static const char start[] = "#/components/schemas/";
    const char *key, *reference = json_string_value(json_object_get(value, "$ref"));
    json_t *inner;
    size_t i;
    if (reference) {
        assert_memory_equal(reference, start, strlen(start));
        if (!json_object_get(schemas, reference + strlen(start)))
            fail_msg("there is no %s", reference);
    }
    json_array_foreach(value, i, inner)
    {
        check_references(schemas, inner);
    }
    json_object_foreach((json_t *)value, key, inner)
    {
        check_references(schemas, inner);
    }
}

TEST(every_schema_that_is_named_is_there)
{
    check_references(at(*state, "components", "schemas"), *state);
}

/* Of several forms of an error, those of the last. */
static json_t *codes_of(const json_t *responses, const char *status, const char *media_type)
{
    const json_t *content = at(json_object_get(responses, status), "content", media_type);
    const json_t *schema = json_object_get(content, "schema");
    const json_t *forms = json_object_get(schema, "anyOf");
    if (forms)
        schema = json_array_get(forms, json_array_size(forms) - 1);
    json_t *properties = json_object_get(schema, "properties");
    json_t *code = json_object_get(properties, "error")
                       ? at(json_object_get(properties, "error"), "properties", "code")
                       : json_object_get(properties, "code");
    return json_object_get(code, "enum");
}

static int has(const json_t *list, const char *text)
{
    size_t i;
    const json_t *one;
    json_array_foreach(list, i, one)
    {
        if (strcmp(json_string_value(one), text) == 0)
            return 1;
    }
    return 0;
}

TEST(codes_come_with_their_status_as_the_dialect_has_them)
{
    const json_t *infer =
        json_object_get(at(at(*state, "paths", "/v1/infer"), "post", "responses"), "422");
    const json_t *native = at(at(*state, "paths", "/v1/infer"), "post", "responses");
    const json_t *chat = at(at(*state, "paths", "/v1/chat/completions"), "post", "responses");
    const json_t *models = at(at(*state, "paths", "/v1/models"), "get", "responses");
    assert_non_null(infer);
    assert_true(has(codes_of(native, "422", "application/problem+json"), "input_shape"));
    assert_true(has(codes_of(native, "400", "application/problem+json"), "unknown_field"));
    assert_false(has(codes_of(native, "400", "application/problem+json"), "input_shape"));
    assert_null(json_object_get(chat, "422"));
    assert_true(has(codes_of(chat, "400", "application/json"), "input_shape"));
    assert_true(has(codes_of(chat, "400", "application/json"), "unsupported_parameter"));
    assert_true(has(codes_of(chat, "429", "application/json"), "rate_limit_exceeded"));
    assert_true(has(codes_of(models, "401", "application/problem+json"), "unauthorized"));
    assert_null(json_object_get(models, "429"));
    assert_non_null(at(json_object_get(native, "503"), "headers", "Retry-After"));
    assert_null(at(json_object_get(native, "422"), "headers", "Retry-After"));
}

/* What no route is found for is answered in the form of the dialect near by: each is there. */
TEST(what_is_answered_elsewhere_has_each_form_of_an_error)
{
    static const char *const statuses[] = {"400", "401", "403", "404", "405"};
    static const struct {
        const char *type, *forms[2];
    } contents[] = {{"application/problem+json", {"BothErrors", "Problem"}},
        {"application/json", {"OllamaError", "KserveError"}}};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        for (size_t k = 0; k < 2; k++) {
            const json_t *content =
                at(json_object_get(*state, "x-elsewhere"), statuses[i], "content");
            const json_t *forms = json_object_get(at(content, contents[k].type, "schema"), "anyOf");
            assert_int_equal(json_array_size(forms), 2);
            for (size_t n = 0; n < 2; n++) {
                const json_t *form = json_object_get(json_array_get(forms, n), "$ref");
                assert_string_equal(
                    strrchr(json_string_value(form), '/') + 1, contents[k].forms[n]);
            }
        }
}

TEST(every_code_that_clients_see_may_come_from_somewhere)
{
    for (int i = WI_OK + 1; i < WI_CODE_COUNT; i++) {
        const char *name = wi_code_name((enum wi_code)i);
        char status[12];
        int found = 0;
        snprintf(status, sizeof status, "%d", wi_code_status((enum wi_code)i));
        for (const struct wi_route *route = wi_routes; route->method && !found; route++)
            found = has(codes_of(json_object_get(operation(*state, route), "responses"), status,
                            "application/problem+json"),
                name);
        found |= has(
            codes_of(json_object_get(*state, "x-elsewhere"), status, "application/problem+json"),
            name);
        if (!found && i != WI_NODE_BUSY && i != WI_NODE_PAUSED)
            fail_msg("no route may answer %s", name);
    }
}

TEST(what_is_behind_a_path_and_a_question_mark_is_a_parameter)
{
    const json_t *job = at(at(*state, "paths", "/v1/jobs/{id}"), "get", "parameters");
    const json_t *hardware = at(at(*state, "paths", "/v1/hardware"), "get", "parameters");
    assert_int_equal(json_array_size(job), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(job, 0), "in")), "path");
    assert_string_equal(json_string_value(json_object_get(json_array_get(job, 1), "name")), "wait");
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(hardware, 0), "name")), "model_name");
    assert_true(json_is_true(json_object_get(json_array_get(hardware, 0), "required")));
    assert_false(json_is_true(json_object_get(json_array_get(hardware, 1), "required")));
}

TEST(each_placeholder_of_a_path_is_a_parameter)
{
    static const char pattern[] = "/v2/models/{model}/versions/{version}";
    static const char *const names[] = {"model", "version"};
    struct wi_route routes[] = {wi_routes[0], {.method = NULL}};
    routes[0].pattern = pattern;
    json_t *document = wi_openapi(routes, "1"), *parameter;
    const json_t *found = operation(document, routes);
    size_t i;
    assert_string_equal(json_string_value(json_object_get(found, "operationId")),
        "post_v2_models_model_versions_version");
    assert_int_equal(json_array_size(json_object_get(found, "parameters")), 2);
    json_array_foreach(json_object_get(found, "parameters"), i, parameter)
    {
        assert_string_equal(json_string_value(json_object_get(parameter, "name")), names[i]);
        assert_string_equal(json_string_value(json_object_get(parameter, "in")), "path");
        assert_true(json_is_true(json_object_get(parameter, "required")));
        assert_non_null(
            strstr(json_string_value(json_object_get(parameter, "description")), names[i]));
    }
    json_decref(document);
}

TEST(channels_are_events_or_frames)
{
    static const char *const events[] = {"job_completed", "vector_batch", "missed"};
    const json_t *get = json_object_get(at(*state, "paths", "/v1/channels"), "get");
    const json_t *content = at(json_object_get(get, "responses"), "200", "content");
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        assert_non_null(json_object_get(at(content, "text/event-stream", "x-events"), events[i]));
    assert_non_null(json_object_get(content, "application/octet-stream"));
    assert_int_equal(json_array_size(json_object_get(get, "parameters")), 3);
}

/* --- what requests have ----------------------------------------------------------------------- */

static const json_t *body_of(const json_t *document, const char *path, const char *type)
{
    const json_t *post = json_object_get(at(document, "paths", path), "post");
    return json_object_get(at(json_object_get(post, "requestBody"), "content", type), "schema");
}

TEST(what_a_body_has_to_have_is_required)
{
    static const struct {
        const char *path, *type, *member;
    } rows[] = {
        {"/v1/chat/completions", "application/json", "messages"},
        {"/v1/completions", "application/json", "prompt"},
        {"/v1/embeddings", "application/json", "input"},
        {"/v1/rerank", "application/json", "query"},
        {"/v1/rerank", "application/json", "documents"},
        {"/v1/audio/speech", "application/json", "input"},
        {"/v1/audio/transcriptions", "multipart/form-data", "file"},
        {"/v1/infer", "multipart/form-data", "model_name"},
        {"/v1/messages", "application/json", "messages"},
        {"/v1/messages", "application/json", "max_tokens"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const json_t *body = body_of(*state, rows[i].path, rows[i].type);
        assert_non_null(at(body, "properties", rows[i].member));
        if (!has(json_object_get(body, "required"), rows[i].member))
            fail_msg("%s does not say that it needs %s", rows[i].path, rows[i].member);
    }
    const json_t *tokenize = body_of(*state, "/v1/tokenize", "application/json");
    assert_false(has(json_object_get(tokenize, "required"), "prompt")); /* or content */
}

static const json_t *option_of(const json_t *document, const char *form, const char *option)
{
    const json_t *schemas = at(document, "components", "schemas");
    return at(json_object_get(schemas, form), "properties", option);
}

/* The task of a request is not known from its form, so that each option's limits are the widest. */
TEST(options_are_those_of_all_tasks)
{
    for (int task = WI_TASK_NONE + 1; task < WI_TASK_COUNT; task++)
        for (const struct wi_param *row = wi_task_options((enum wi_task_kind)task, 0); row->name;
             row++) {
            const json_t *known = option_of(*state, "TaskOptions", row->name);
            const json_t *most = json_object_get(known, "maximum");
            assert_non_null(known);
            assert_true(!most || json_number_value(most) >= row->max);
            assert_non_null(option_of(*state, "KserveOptions", row->name));
        }
    assert_non_null(option_of(*state, "TaskOptions", "interval_ms"));
    assert_non_null(option_of(*state, "KserveOptions", "priority"));
    assert_non_null(option_of(*state, "KernelOptions", "epsilon"));
    assert_null(option_of(*state, "KernelOptions", "seed")); /* of a kernel for the service alone */
    assert_int_equal(
        json_array_size(at(at(*state, "components", "schemas"), "TaskOptions", "required")), 0);
}

TEST(a_parameter_has_the_type_of_its_task)
{
    static const struct {
        const char *path, *type, *member;
        size_t words;
    } rows[] = {{"/v1/audio/transcriptions", "multipart/form-data", "response_format", 5},
        {"/v1/audio/speech", "application/json", "response_format", 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const json_t *body = body_of(*state, rows[i].path, rows[i].type);
        const json_t *member = at(body, "properties", rows[i].member);
        assert_int_equal(json_array_size(json_object_get(member, "enum")), rows[i].words);
    }
    static const char *const options[][2] = {{"/api/chat", "#/components/schemas/OllamaOptions"},
        {"/api/embed", "#/components/schemas/OllamaEmbedOptions"}};
    for (size_t i = 0; i < 2; i++) {
        const json_t *body = body_of(*state, options[i][0], "application/json");
        const json_t *reference = json_object_get(at(body, "properties", "options"), "$ref");
        assert_string_equal(json_string_value(reference), options[i][1]);
    }
}

TEST(a_form_has_the_members_of_the_request_and_a_file)
{
    const json_t *form = body_of(*state, "/v1/infer", "multipart/form-data");
    assert_null(at(form, "properties", "inputs"));
    assert_non_null(at(form, "properties", "timeout_ms"));
    assert_non_null(at(form, "properties", "labels"));
    assert_string_equal(
        json_string_value(json_object_get(at(form, "properties", "image"), "format")), "binary");
    assert_null(json_object_get(at(json_object_get(at(*state, "paths", "/v1/audio/speech"), "post"),
                                    "requestBody", "content"),
        "multipart/form-data"));
}
