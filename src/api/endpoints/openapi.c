/* The API's description, out of the tables; see openapi.h. */
#include "api/endpoints/openapi.h"

#include "api/endpoints/kernels.h"
#include "api/endpoints/openapi_errors.h"
#include "api/http/query.h"
#include "api/http/route.h"
#include "base/memory.h"
#include "terms/kernel/builtin.h"
#include "terms/kernel/kernel.h"
#include "terms/lab/lab_run.h"
#include "terms/task/task_table.h"
#include "terms/tensor/tensor.h"
#include "wire/benchmark/benchmark.h"
#include "wire/compute/compute.h"
#include "wire/describe/schemas.h"
#include "wire/kserve/kserve.h"
#include "wire/native/native.h"
#include "wire/ollama/ollama.h"
#include "wire/openai/openai.h"
#include "wire/upload.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* --- forms of requests ----------------------------------------------------------------------- */

/* Lists in lists as types of a finite length: in TypeScript, the list of a type cannot be a part of
 * the same type if both are members of an interface. A tensor has at most 16 dimensions. */
#define FOUR(of, inner) of(of(of(of(inner))))
#define OF_LISTS(inner) "JsonScalar|{JsonValue}|[" inner "]"
#define ROWS "[number|boolean]|[string]"
#define OF_ROWS(inner) ROWS "|[" inner "]"
_Static_assert(WI_TENSOR_MAX_RANK == 16, "TensorData has as many levels");

static const struct wi_schema request_forms[] = {
    {.name = "JsonValue",
        .help = "Any JSON. Lists that are nested directly in each other are described to a depth "
                "of 8.",
        .is = FOUR(OF_LISTS, FOUR(OF_LISTS, "JsonScalar|{JsonValue}"))},
    {.name = "JsonScalar", .is = "null|boolean|number|string"},
    WI_OBJECT("Tensor", {"name", "string", NULL}, {"datatype", "Datatype", NULL},
        {"shape", "[integer]", NULL}, {"data?", "TensorData", "The values, flat or nested."},
        {"parameters?", "(binary_data_size? integer)", NULL}),
    {.name = "TensorData",
        .is = FOUR(OF_ROWS, FOUR(OF_ROWS, FOUR(OF_ROWS, OF_ROWS(OF_ROWS(OF_ROWS(ROWS))))))},
    {.name = "WantedOutput",
        .help = "An output to return, by its name.",
        .is = "string|(name string, parameters? (binary_data? boolean))"},
    {.name = "Inputs",
        .help = "The inputs of a task, as described in x-tasks.",
        .is = "(messages [OpenaiMessage])|(query string, documents [string])|(pairs [[string]])|"
              "(text string, text_pair string)|(question string, context string)|"
              "(text string, labels [string])|(texts string|[string], labels [string])|"
              "(image Bytes)|(image Bytes, labels [string])|(image Bytes, question string)|"
              "(image Bytes, prompt string)|"
              "(audio Bytes, sampling_rate? integer, channels? integer, format? 'f32le'|'s16le', "
              "labels? [string])"},
    {.name = "Bytes",
        .help =
            "A file in base64, or the number of its bytes that follow the JSON in a binary body.",
        .is = "string|(binary_data_size integer)"},
    {.name = "InferRequest",
        .help = "A model's task, its input, and where to run it.",
        .params = wi_native_params},
    {.name = "Relay",
        .help = "What another daemon says of a request that it hands on for a client of its own.",
        .params = wi_native_relay_params},
    {.name = "Continuation",
        .help = "The place where a stream continues.",
        .params = wi_native_continue_params},
    {.name = "ComputeRequest",
        .help = "The kernel to run, its inputs, and where to run it.",
        .params = wi_compute_params},
    {.name = "BenchmarkRequest",
        .help = "The model or kernel to measure, the number of runs, and where to measure it.",
        .params = wi_benchmark_params},
    {.name = "KserveInfer", .params = wi_kserve_infer_params},
    {.name = "KserveGenerate", .params = wi_kserve_generate_params},
    {.name = "KserveParameters", .params = wi_kserve_parameters},
    {.name = "KserveIndexOrder", .params = wi_kserve_index_params},
    {.name = "KserveLoadOrder", .params = wi_kserve_load_params},
    {.name = "PullOrder", .params = wi_pull_params},
    {.name = "QuantizeOrder", .params = wi_quantize_params},
    {.name = "UploadOrder", .params = wi_upload_order_params},
    {.name = "UploadFile", .params = wi_upload_file_params},
    {.name = "UploadQuery", .params = wi_upload_query_params},
    {.name = "SoundOrder", .params = wi_sound_order_params},
    {.name = "SoundQuery", .params = wi_sound_query_params},
    {.name = "LoadOrder", .params = wi_load_params},
    {.name = "UnloadOrder", .params = wi_unload_params},
    {.name = "JoinOrder", .params = wi_join_params},
    {.name = "VerifyOrder", .params = wi_verify_params},
    {.name = "MatrixOrder", .params = wi_matrix_params},
    {.name = "OllamaName",
        .help = "A model's name, in either of the two members.",
        .params = wi_ollama_name_params},
    {.name = "OllamaShow", .params = wi_ollama_show_params},
    {.name = "OllamaPull", .params = wi_ollama_pull_params},
    {.name = "HardwareQuery", .params = wi_hardware_params},
    {.name = "LogsQuery", .params = wi_logs_params},
    {.name = "PageQuery", .params = wi_page_params},
    {.name = "NodesQuery", .params = wi_nodes_params},
    {.name = "HistoryQuery", .params = wi_history_params},
    {.name = "EventsQuery", .params = wi_events_params},
    {.name = "ChannelsQuery", .params = wi_channels_params},
    /* Read by hand, as JobQuery is. */
    WI_OBJECT("RemovalQuery",
        {"force?", "boolean", "Whether the model is removed even if requests are running on it."}),
    {.name = "LabRun",
        .help = "A laboratory run, or further cells for a run.",
        .params = wi_lab_run_params},
    {.name = "LabCell",
        .help = "The measurements of a model at one place.",
        .params = wi_lab_cell_params},
    {.name = "LabResultsQuery", .params = wi_results_params},
    {.name = "LabHistoryQuery", .params = wi_lab_history_params},
    {.name = "LabComparisonQuery", .params = wi_lab_comparison_params},
    {.name = "JobsQuery", .params = wi_jobs_params},
    WI_OBJECT("JobQuery",
        {"wait?", "string", "How long to wait for the job's end, such as 30s; at most 60s."}),
    {0},
};
const struct wi_schema *wi_openapi_schema(const char *name)
{
    const struct wi_schema *form = wi_schema_find(request_forms, name, strlen(name));
    if (!form)
        form = wi_answer_schema(name);
    if (!form)
        abort();
    return form;
}

/* --- answers --------------------------------------------------------------------------------- */

/* An event's name and the JSON of its data, "codes" being an error of those that the route has; a
 * stream as a whole is text. Each line of a stream of lines is an event "line". */
static json_t *events_schema(const struct wi_route *route, const struct wi_codes *codes)
{
    const char *words = route->events;
    char *name, *type;
    json_t *events = json_object();
    while ((name = wi_openapi_next_word(&words)) != NULL &&
           (type = wi_openapi_next_word(&words)) != NULL) {
        json_object_set_new(events, name,
            strcmp(type, "codes") == 0
                ? wi_openapi_error(codes->dialect, json_object_get(codes->by_status, ""))
                : wi_type_json(type));
        free(name);
        free(type);
    }
    return json_pack("{s:{s:s}, s:o}", "schema", "type", "string", "x-events", events);
}

/* The content of one status, whose type is "events" if only streams have that status. */
static json_t *contents_json(
    const struct wi_route *route, const char *type, const struct wi_codes *codes)
{
    const char *also, *stream = wi_dialect_stream_type(route->dialect);
    int apart = strstr(route->answers, " events") != NULL;
    int of_streams = strcmp(type, "events") == 0;
    json_t *content = json_object();
    if (!of_streams)
        json_object_set_new(content, route->produces,
            strcmp(route->produces, "text/event-stream") == 0
                ? events_schema(route, codes)
                : json_pack("{s:o}", "schema", wi_type_json(type)));
    for (size_t i = 0; (also = wi_route_gives(route, i)) != NULL; i++) {
        int streams = strcmp(also, stream) == 0;
        if (apart && streams != of_streams)
            continue;
        json_object_set_new(content, also,
            streams ? events_schema(route, codes)
                    : json_pack("{s:{s:s}}", "schema", "type", "string"));
    }
    return content;
}

static json_t *responses_of(const struct wi_route *route)
{
    struct wi_codes codes = wi_openapi_codes_of(route);
    json_t *responses = json_object();
    const char *words = route->answers;
    char *status, *type;
    while ((status = wi_openapi_next_word(&words)) != NULL &&
           (type = wi_openapi_next_word(&words)) != NULL) {
        json_object_set_new(responses, status,
            json_pack("{s:s, s:o}", "description", route->summary, "content",
                contents_json(route, type, &codes)));
        free(status);
        free(type);
    }
    wi_openapi_add_errors(responses, &codes);
    wi_openapi_clear_codes(&codes);
    return responses;
}

/* --- requests -------------------------------------------------------------------------------- */

/* Adds a parameter for each {NAME} in the pattern. */
static void add_path_parameters(json_t *parameters, const char *pattern)
{
    while ((pattern = strchr(pattern, '{')) != NULL) {
        size_t length = strcspn(++pattern, "}");
        const char *help = strncmp(pattern, "model}", 6) == 0
                               ? "The model's name; slashes in it are not escaped."
                           : strncmp(pattern, "version}", 8) == 0 ? "One of the model's versions."
                           : strncmp(pattern, "path}", 5) == 0
                               ? "A path, possibly empty; slashes in it are not escaped."
                               : "The id, as shown in lists.";
        json_array_append_new(parameters,
            json_pack("{s:s%, s:s, s:b, s:s, s:{s:s}}", "name", pattern, length, "in", "path",
                "required", 1, "description", help, "schema", "type", "string"));
    }
}

static void add_query(json_t *parameters, const char *name)
{
    json_t *form = wi_schema_json(wi_openapi_schema(name), NULL), *schema, *required;
    const char *member;
    size_t i;
    json_object_foreach(json_object_get(form, "properties"), member, schema)
    {
        json_t *description = json_incref(json_object_get(schema, "description"));
        json_object_del(schema, "description");
        json_t *parameter =
            json_pack("{s:s, s:s, s:O}", "name", member, "in", "query", "schema", schema);
        if (description)
            json_object_set_new(parameter, "description", description);
        json_array_foreach(json_object_get(form, "required"), i, required)
        {
            if (strcmp(json_string_value(required), member) == 0)
                json_object_set_new(parameter, "required", json_true());
        }
        json_array_append_new(parameters, parameter);
    }
    json_decref(form);
}

static json_t *body_schema(const struct wi_route *route)
{
    const struct wi_dialect *dialect = route->dialect;
    struct wi_param rows[WI_PARAMETERS_MAX];
    if (route->body)
        return wi_type_json(route->body);
    if (!dialect->parameters)
        return wi_type_json("object");
    wi_parameters_rows(dialect->parameters, dialect->task, rows);
    return wi_params_json(rows);
}

/* A file in a form. */
static json_t *file_schema(void)
{
    return json_pack("{s:s, s:s}", "type", "string", "format", "binary");
}

/* A form whose parts are the members of what JSON says, and the file. */
static json_t *form_schema(const struct wi_route *route)
{
    json_t *schema = body_schema(route);
    json_object_set_new(json_object_get(schema, "properties"), "file", file_schema());
    json_array_append_new(json_object_get(schema, "required"), json_string("file"));
    return schema;
}

/* A form with a picture or a sound, in the place of `inputs`. */
static json_t *files_schema(void)
{
    json_t *schema = wi_params_json(wi_native_params);
    json_t *beside = wi_params_json(wi_upload_params);
    json_t *properties = json_object_get(schema, "properties");
    json_object_del(properties, "inputs");
    json_object_update(properties, json_object_get(beside, "properties"));
    json_object_set_new(properties, "image", file_schema());
    json_object_set_new(properties, "audio", file_schema());
    json_object_set_new(schema, "required", json_pack("[s]", "model_name"));
    json_decref(beside);
    return schema;
}

static json_t *request_body(const struct wi_route *route)
{
    static const char form[] = "multipart/form-data";
    json_t *content = json_object();
    if (route->flags & (WI_ROUTE_PIECES | WI_ROUTE_BYTES))
        json_object_set_new(content, "application/octet-stream",
            json_pack("{s:{s:s, s:s}}", "schema", "type", "string", "description", "The bytes."));
    else if (route->flags & WI_ROUTE_FORM)
        json_object_set_new(content, form, json_pack("{s:o}", "schema", form_schema(route)));
    else
        json_object_set_new(
            content, "application/json", json_pack("{s:o}", "schema", body_schema(route)));
    if (route->flags & WI_ROUTE_BINARY)
        json_object_set_new(content, "application/octet-stream",
            json_pack("{s:{s:s, s:s}}", "schema", "type", "string", "description",
                "The JSON, whose length is given by Inference-Header-Content-Length, and then the "
                "tensors."));
    if (route->flags & WI_ROUTE_FILES) {
        json_object_set_new(content, form, json_pack("{s:o}", "schema", files_schema()));
        json_object_set_new(content, "image/*", json_pack("{s:{s:s}}", "schema", "type", "string"));
        json_object_set_new(content, "audio/*", json_pack("{s:{s:s}}", "schema", "type", "string"));
    }
    return json_pack(
        "{s:b, s:o}", "required", (route->flags & WI_ROUTE_BODY) != 0, "content", content);
}

/* --- operations ------------------------------------------------------------------------------ */

/* "post_v1_models_model_load"; a slash at the end is one more "_" */
static json_t *operation_id(const struct wi_route *route)
{
    char *id = wi_sprintf("%s%s", route->method, route->pattern), *to = id;
    for (const char *from = id; *from; from++) {
        if (isalnum((unsigned char)*from))
            *to++ = (char)tolower((unsigned char)*from);
        else if (to > id && to[-1] != '_' && (from[1] || (*from == '/' && from[-1] != 'T')))
            *to++ = '_';
    }
    json_t *name = json_stringn(id, (size_t)(to - id));
    free(id);
    return name;
}

static json_t *operation_json(const struct wi_route *route)
{
    json_t *parameters = json_array();
    json_t *out = json_pack("{s:o, s:s, s:s, s:O}", "operationId", operation_id(route), "summary",
        route->summary, "x-rank", wi_rank_names[route->rank], "parameters", parameters);
    add_path_parameters(parameters, route->pattern);
    if (route->query)
        add_query(parameters, route->query);
    json_decref(parameters);
    if (route->rank == WI_RANK_NONE)
        json_object_set_new(out, "security", json_array());
    if (route->flags & (WI_ROUTE_BODY | WI_ROUTE_MAYBE))
        json_object_set_new(out, "requestBody", request_body(route));
    json_object_set_new(out, "responses", responses_of(route));
    return out;
}

static json_t *paths_of(const struct wi_route *routes)
{
    json_t *paths = json_object();
    for (const struct wi_route *route = routes; route->method; route++) {
        json_t *path = json_object_get(paths, route->pattern);
        char method[8] = "";
        if (!path) {
            path = json_object();
            json_object_set_new(paths, route->pattern, path);
        }
        for (size_t i = 0; route->method[i] && i + 1 < sizeof method; i++)
            method[i] = (char)tolower((unsigned char)route->method[i]);
        json_object_set_new(path, method, operation_json(route));
    }
    return paths;
}

/* --- schemas --------------------------------------------------------------------------------- */

static json_t *code_schema(void)
{
    json_t *names = json_array();
    for (int code = WI_OK + 1; code < WI_CODE_COUNT; code++)
        json_array_append_new(names, json_string(wi_code_name((enum wi_code)code)));
    return json_pack("{s:s, s:o}", "type", "string", "enum", names);
}

/* The meaning and status of each code. */
static json_t *codes_json(void)
{
    json_t *out = json_object();
    for (int i = WI_OK + 1; i < WI_CODE_COUNT; i++) {
        enum wi_code code = (enum wi_code)i;
        json_t *row = json_pack(
            "{s:i, s:s}", "status", wi_code_status(code), "description", wi_code_help(code));
        if (wi_code_retry_after(code) > 0)
            json_object_set_new(
                row, "retry_after", json_integer((json_int_t)wi_code_retry_after(code)));
        json_object_set_new(out, wi_code_name(code), row);
    }
    return out;
}

static json_t *words_schema(const char *const *words)
{
    json_t *names = json_array();
    for (; *words; words++)
        json_array_append_new(names, json_string(*words));
    return json_pack("{s:s, s:o}", "type", "string", "enum", names);
}

static json_t *task_schema(void)
{
    json_t *names = json_array();
    for (int task = WI_TASK_NONE + 1; task < WI_TASK_COUNT; task++)
        json_array_append_new(names, json_string(wi_task_name((enum wi_task_kind)task)));
    return json_pack("{s:s, s:o}", "type", "string", "enum", names);
}

/* Each task with its inputs and options. */
static json_t *tasks_json(void)
{
    json_t *out = json_object();
    for (int i = WI_TASK_NONE + 1; i < WI_TASK_COUNT; i++) {
        enum wi_task_kind task = (enum wi_task_kind)i;
        json_t *options = wi_params_json(wi_task_options(task, 0));
        json_t *row = json_pack("{s:s, s:s, s:o}", "inputs", wi_task_takes_words(task), "outputs",
            wi_task_outputs(task), "options", options);
        if (wi_tasks[i].gguf_options)
            json_object_set_new(row, "gguf_options", wi_params_json(wi_tasks[i].gguf_options));
        json_object_set_new(out, wi_task_name(task), row);
    }
    return out;
}

/* The limits of inputs, and of values nested in options. */
static json_t *limits_json(void)
{
    static const struct {
        const char *name;
        int most;
    } limits[] = {{"texts", WI_TEXT_LIST}, {"labels", WI_TEXT_LABELS}, {"label", WI_TEXT_LABEL_MAX},
        {"judged", WI_TEXT_JUDGED}, {"stops", WI_TEXT_STOPS}, {"stop", WI_TEXT_STOP_MAX},
        {"biases", WI_TEXT_BIASES}, {"schema", WI_TEXT_SCHEMA}, {"tools", WI_TEXT_TOOLS},
        {"tool_name", WI_TEXT_TOOL_NAME}, {"depth", WI_TEXT_DEPTH},
        {"sound_seconds", WI_SOUND_SECONDS_MAX}, {"sound_rate_min", WI_SOUND_RATE_MIN},
        {"sound_rate_max", WI_SOUND_RATE_MAX}, {"sound_channels", WI_SOUND_CHANNELS_MAX}};
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        json_object_set_new(out, limits[i].name, json_integer(limits[i].most));
    return out;
}

/* Adds to an object the members that it does not have yet, all of which may be absent. */
static void options_merge(json_t *object, const struct wi_param *rows)
{
    json_t *more = wi_params_json(rows);
    json_object_update_missing(
        json_object_get(object, "properties"), json_object_get(more, "properties"));
    json_array_clear(json_object_get(object, "required"));
    json_decref(more);
}

/* Those of every task. If tasks have different limits, the first of them has the widest. */
static json_t *task_options_json(const struct wi_param *first)
{
    json_t *out = wi_params_json(first);
    for (int task = WI_TASK_NONE + 1; task < WI_TASK_COUNT; task++)
        for (int gguf = 0; gguf <= 1; gguf++)
            options_merge(out, wi_task_options((enum wi_task_kind)task, gguf));
    options_merge(out, wi_builtin_count_options);
    return out;
}

static json_t *kernel_options_json(void)
{
    json_t *out = wi_params_json(wi_kernels->options);
    for (const struct wi_kernel *kernel = wi_kernels; kernel->name; kernel++)
        if (!wi_kernel_is_ours(kernel))
            options_merge(out, kernel->options);
    return out;
}

static json_t *ollama_options_json(enum wi_task_kind task)
{
    struct wi_param rows[WI_PARAMETERS_MAX];
    wi_parameters_rows(&wi_ollama_options, task, rows);
    return wi_params_json(rows);
}

static void add_schemas(json_t *out, const struct wi_schema *forms)
{
    for (const struct wi_schema *form = forms; form->name; form++)
        json_object_set_new(out, form->name, wi_schema_json(form, forms));
}

static json_t *schemas_json(void)
{
    json_t *out = json_object();
    add_schemas(out, request_forms);
    for (size_t i = 0; wi_answer_schemas[i]; i++)
        add_schemas(out, wi_answer_schemas[i]);
    json_object_set_new(out, "Code", code_schema());
    json_object_set_new(out, "Platform", words_schema(wi_platform_names));
    json_object_set_new(out, "Task", task_schema());
    json_object_set_new(out, "TaskOptions", task_options_json(wi_builtin_count_options));
    json_object_set_new(out, "KserveOptions", task_options_json(wi_kserve_parameters));
    json_object_set_new(out, "KernelOptions", kernel_options_json());
    json_object_set_new(out, "OllamaOptions", ollama_options_json(WI_TASK_CHAT));
    json_object_set_new(out, "OllamaEmbedOptions", ollama_options_json(WI_TASK_EMBED));
    return out;
}

/* --- the document ---------------------------------------------------------------------------- */

json_t *wi_openapi(const struct wi_route *routes, const char *version)
{
    json_t *info = json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "title", "webinfer", "version",
        version, "description", "Machine-learning models, served through pooled browsers.",
        "license", "name", "Apache 2.0", "identifier", "Apache-2.0");
    json_t *components = json_pack("{s:o, s:{s:{s:s, s:s}}}", "schemas", schemas_json(),
        "securitySchemes", "token", "type", "http", "scheme", "bearer");
    return json_pack("{s:s, s:o, s:[{s:s}], s:[{s:[]}], s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "openapi", "3.1.0", "info", info, "servers", "url", "http://127.0.0.1:8470", "security",
        "token", "paths", paths_of(routes), "components", components, "x-elsewhere",
        wi_openapi_elsewhere(routes), "x-codes", codes_json(), "x-tasks", tasks_json(), "x-limits",
        limits_json(), "x-kernels", wi_kernels_json(1), "x-kernel-models", wi_kernel_models_json());
}
