/* webinfer models and webinfer nodes: what the daemon has, as tables. */
#include "cli/cli.h"
#include "cli/table.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_rows(const struct wi_column *columns, const json_t *rows, const char *none)
{
    struct wi_buffer text = {0};

    if (json_array_size(rows) == 0) {
        puts(none);
        return;
    }
    wi_table(&text, columns, rows);
    fputs(text.text, stdout);
    wi_buffer_clear(&text);
}

json_t *wi_cli_describe_values(const json_t *values)
{
    struct wi_buffer text = {0};
    const json_t *value;
    size_t i;
    json_t *out;

    json_array_foreach(values, i, value)
    {
        wi_buffer_puts(&text, i ? ", " : "");
        wi_table_cell(&text, json_object_get(value, "name"), NULL);
        wi_buffer_puts(&text, " ");
        wi_table_cell(&text, json_object_get(value, "datatype"), NULL);
        wi_buffer_puts(&text, "[");
        wi_table_cell(&text, json_object_get(value, "shape"), NULL);
        wi_buffer_puts(&text, "]");
    }
    out = json_string(text.size ? text.text : "");
    wi_buffer_clear(&text);
    return out;
}

/* "chrome/webgpu trusted, firefox/webgpu wrong": what the guard found; "" for nothing yet. */
static json_t *describe_numerics(const json_t *numerics)
{
    const json_t *exempt = json_object_get(numerics, "exempt"), *verdict;
    struct wi_buffer text = {0};
    json_t *out;
    size_t i;

    if (json_is_string(exempt)) {
        wi_buffer_puts(&text, "unchecked: ");
        wi_table_cell(&text, exempt, NULL);
    }
    json_array_foreach(json_object_get(numerics, "verdicts"), i, verdict)
    {
        wi_buffer_puts(&text, text.size ? ", " : "");
        if (json_is_string(json_object_get(verdict, "browser"))) {
            wi_table_cell(&text, json_object_get(verdict, "browser"), NULL);
            wi_buffer_puts(&text, "/");
        }
        wi_table_cell(&text, json_object_get(verdict, "platform"), NULL);
        wi_buffer_puts(&text, " ");
        wi_table_cell(&text, json_object_get(verdict, "verdict"), NULL);
    }
    out = json_string(text.size ? text.text : "");
    wi_buffer_clear(&text);
    return out;
}

/* "q8, fp32": the first is what the model's name alone means; "" where there are none. */
static json_t *describe_variants(const json_t *model)
{
    struct wi_buffer text = {0};
    const json_t *variant;
    size_t i;
    json_t *out;

    json_array_foreach(json_object_get(model, "variants"), i, variant)
    {
        wi_buffer_puts(&text, i ? ", " : "");
        wi_table_cell(&text, json_object_get(variant, "name"), NULL);
    }
    out = json_string(text.size ? text.text : "");
    wi_buffer_clear(&text);
    return out;
}

static json_int_t mib_of(const json_t *memory, const char *what)
{
    return (json_integer_value(json_object_get(memory, what)) + 1048575) / 1048576;
}

/* "Q8_0, 135M parameters, chat, 4 x 2048 tokens in 512 MiB": a GGUF model that was read, else "".
 */
static json_t *describe_language(const json_t *model)
{
    const json_t *memory = json_object_get(model, "memory");
    struct wi_buffer text = {0};
    json_t *out;

    if (memory) {
        double parameters = json_number_value(json_object_get(model, "parameters"));
        wi_table_cell(&text, json_object_get(model, "quantization"), NULL);
        wi_buffer_printf(&text, ", %.4g%c parameters%s, %lld x %lld tokens in %lld MiB",
            parameters / (parameters < 1e9 ? 1e6 : 1e9), parameters < 1e9 ? 'M' : 'B',
            json_is_true(json_object_get(model, "chat")) ? ", chat" : "",
            (long long)json_integer_value(json_object_get(memory, "slots")),
            (long long)json_integer_value(json_object_get(memory, "context")),
            (long long)mib_of(memory, "total"));
    }
    out = json_string(text.size ? text.text : "");
    wi_buffer_clear(&text);
    return out;
}

/* "q8, text-classification, 512 tokens, 3 labels": a folder with tasks that was read, else "". */
static json_t *describe_tasks(const json_t *model)
{
    const json_t *tasks = json_object_get(model, "tasks"), *labels, *context, *task;
    struct wi_buffer text = {0};
    size_t i;
    wi_table_cell(&text, json_object_get(model, "dtype"), NULL);
    json_array_foreach(tasks, i, task)
    {
        wi_buffer_puts(&text, text.size ? ", " : "");
        wi_table_cell(&text, task, NULL);
    }
    if ((context = json_object_get(model, "context_length")))
        wi_buffer_printf(&text, ", %lld tokens", (long long)json_integer_value(context));
    if ((labels = json_object_get(model, "labels")))
        wi_buffer_printf(&text, ", %lld labels", (long long)json_integer_value(labels));
    json_t *out = json_string(text.size ? text.text : "");
    wi_buffer_clear(&text);
    return out;
}

/* Models of other formats than onnx are hashed before they are read, which takes a while where they
 * are large: those are shown as far as the list has them. */
static int worth_asking(const json_t *model)
{
    static const json_int_t small = 512 << 20;
    const char *format = json_string_value(json_object_get(model, "format"));

    if (!format || json_object_get(model, "hash"))
        return 0;
    return strcmp(format, "onnx") == 0 ||
           ((strcmp(format, "gguf") == 0 || strcmp(format, "huggingface") == 0) &&
               json_integer_value(json_object_get(model, "bytes")) <= small);
}

/* The server tells a model's inputs once it has read the file, which asking for it alone makes it
 * do. A new reference. */
static json_t *complete(const struct wi_cli *cli, const json_t *model)
{
    const char *name = json_string_value(json_object_get(model, "name"));
    json_t *read = NULL;
    char *path;

    if (name && worth_asking(model)) {
        path = wi_sprintf("/v1/models/%s", name);
        read = wi_cli_get(cli, path);
        free(path);
    }
    return read ? read : json_copy((json_t *)model);
}

/* What lies in the model directory and is no model. */
static void print_ignored(const json_t *answer)
{
    static const struct wi_column columns[] = {
        {"NO MODEL", "name", NULL}, {"WHY", "reason", NULL}, {0}};
    const json_t *rows = json_object_get(answer, "ignored");
    json_int_t more = json_integer_value(json_object_get(answer, "ignored_more"));

    if (json_array_size(rows) == 0)
        return;
    puts("");
    put_rows(columns, rows, "");
    if (more > 0)
        printf("and %lld more\n", (long long)more);
}

/* What an operator should know of models that run all the same. */
static void print_warnings(const json_t *models)
{
    static const struct wi_column columns[] = {
        {"MODEL", "name", NULL}, {"WARNING", "warning", NULL}, {0}};
    const json_t *model, *warning;
    json_t *rows = json_array();
    size_t i, k;

    json_array_foreach(models, i, model)
    {
        json_array_foreach(json_object_get(model, "warnings"), k, warning) json_array_append_new(
            rows,
            json_pack("{s:O, s:O}", "name", json_object_get(model, "name"), "warning", warning));
    }
    if (json_array_size(rows) > 0) {
        puts("");
        put_rows(columns, rows, "");
    }
    json_decref(rows);
}

static void print_aliases(const json_t *aliases)
{
    static const struct wi_column columns[] = {{"ALIAS", "name", NULL}, {"OF", "model", NULL}, {0}};
    const char *name;
    json_t *model, *rows = json_array();

    json_object_foreach((json_t *)aliases, name, model)
        json_array_append_new(rows, json_pack("{s:s, s:O}", "name", name, "model", model));
    if (json_array_size(rows) > 0) {
        puts("");
        put_rows(columns, rows, "");
    }
    json_decref(rows);
}

static void print_models(const struct wi_cli *cli, const json_t *answer)
{
    static const struct wi_column columns[] = {{"MODEL", "name", NULL}, {"FORMAT", "format", NULL},
        {"TYPE", "type", NULL}, {"BYTES", "bytes", NULL}, {"VARIANTS", "_variants", NULL},
        {"LANGUAGE", "_language", NULL}, {"INPUTS", "_inputs", NULL}, {"OUTPUTS", "_outputs", NULL},
        {"LOADED", "_loaded", NULL}, {"NUMERICS", "_numerics", NULL}, {"PROBLEM", "problem", NULL},
        {0}};
    const json_t *model;
    json_t *rows = json_array();
    size_t i;

    json_array_foreach(json_object_get(answer, "models"), i, model)
    {
        json_t *row = complete(cli, model);
        json_object_set_new(row, "_inputs", wi_cli_describe_values(json_object_get(row, "inputs")));
        json_object_set_new(
            row, "_outputs", wi_cli_describe_values(json_object_get(row, "outputs")));
        json_object_set_new(row, "_variants", describe_variants(row));
        json_object_set_new(row, "_language",
            json_object_get(row, "tasks") ? describe_tasks(row) : describe_language(row));
        json_object_set_new(row, "_numerics", describe_numerics(json_object_get(row, "numerics")));
        json_object_set_new(row, "_loaded",
            json_integer((json_int_t)json_array_size(json_object_get(row, "loaded"))));
        json_array_append_new(rows, row);
    }
    put_rows(columns, rows, "There are no models.");
    print_warnings(rows);
    print_aliases(json_object_get(answer, "aliases"));
    json_decref(rows);
    print_ignored(answer);
}

static void print_names(const struct wi_cli *cli, const json_t *answer)
{
    const json_t *model;
    size_t i;

    json_array_foreach(json_object_get(answer, "models"), i, model)
    {
        struct wi_buffer name = {0};
        wi_table_cell(&name, json_object_get(model, "name"), NULL);
        puts(name.text);
        wi_buffer_clear(&name);
    }
}

enum wi_exit wi_cli_models(struct wi_cli *cli)
{
    int names = wi_argument_given(&cli->arguments, "names");

    return wi_cli_show(cli, "/v1/models", names ? print_names : print_models);
}

/* "webgpu (software: google swiftshader), wasm" */
static json_t *describe_platforms(const json_t *platforms)
{
    struct wi_buffer text = {0};
    const char *name;
    json_t *platform, *out;

    json_object_foreach((json_t *)platforms, name, platform)
    {
        const json_t *adapter = json_object_get(platform, "adapter");
        if (!json_is_true(json_object_get(platform, "available")))
            continue;
        wi_buffer_printf(&text, "%s%s", text.size ? ", " : "", name);
        if (!adapter)
            continue;
        wi_buffer_puts(
            &text, json_is_true(json_object_get(adapter, "is_fallback")) ? " (software: " : " (");
        wi_table_cell(&text, json_object_get(adapter, "vendor"), NULL);
        wi_buffer_puts(&text, " ");
        wi_table_cell(&text, json_object_get(adapter, "architecture"), NULL);
        wi_buffer_puts(&text, ")");
    }
    out = json_string(text.size ? text.text : "");
    wi_buffer_clear(&text);
    return out;
}

static void print_nodes(const struct wi_cli *cli, const json_t *answer)
{
    static const struct wi_column columns[] = {{"NODE", "id", NULL}, {"BROWSER", "browser", NULL},
        {"VERSION", "browser_version", NULL}, {"CONNECTED", "connected", NULL},
        {"CORES", "cores", NULL}, {"ATTEMPTS", "attempts", NULL}, {"RTT", "rtt_ms", " ms"},
        {"PLATFORMS", "_platforms", NULL}, {0}};
    const json_t *node;
    json_t *rows = json_array();
    size_t i;

    json_array_foreach(json_object_get(answer, "nodes"), i, node)
    {
        json_t *row = json_copy((json_t *)node);
        json_object_set_new(
            row, "_platforms", describe_platforms(json_object_get(node, "platforms")));
        json_array_append_new(rows, row);
    }
    put_rows(columns, rows, "There are no nodes.");
    json_decref(rows);
}

enum wi_exit wi_cli_nodes(struct wi_cli *cli)
{
    return wi_cli_show(cli, "/v1/nodes", print_nodes);
}
