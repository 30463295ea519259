/*
 * webinfer check: which operators of a file have no kernel on which platform, by the engines' own
 * tables. Nothing runs, and no daemon is needed.
 */
#include "cli/commands/commands.h"
#include "cli/plain.h"
#include "cli/text_table.h"

#include "terms/format/onnx_operators.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    enum wi_platform platform;
    const char *name;
} places[] = {{WI_WASM, "wasm"}, {WI_WEBGPU, "webgpu"}, {WI_WEBNN, "webnn"}};
#define PLACES (sizeof places / sizeof *places)

/* --- what is found ---------------------------------------------------------------------------- */

/* "webnn: only supports 4-D input; …", or NULL. Of platforms that have the operator. */
static json_t *operator_notes(const struct wi_onnx_operator *one)
{
    struct wi_buffer text = {0};

    for (size_t i = 0; i < PLACES; i++) {
        const char *note = wi_operator_note(one->domain, one->type, places[i].platform);
        if (note && wi_operator_support(one->domain, one->type, one->opset, places[i].platform) ==
                        WI_SUPPORT_YES)
            wi_buffer_printf(&text, "%s%s: %s", text.size ? "; " : "", places[i].name, note);
    }
    json_t *notes = text.size ? json_string(text.text) : NULL;
    wi_buffer_clear(&text);
    return notes;
}

static json_t *operator_row(const struct wi_onnx_operator *one)
{
    json_t *row = json_pack("{s:s, s:s, s:I, s:I}", "operator", one->type, "domain", one->domain,
        "opset", (json_int_t)one->opset, "nodes", (json_int_t)one->nodes);

    for (size_t i = 0; i < PLACES; i++)
        json_object_set_new(row, places[i].name,
            json_string(wi_support_names[wi_operator_support(
                one->domain, one->type, one->opset, places[i].platform)]));
    json_t *notes = operator_notes(one);
    if (notes)
        json_object_set_new(row, "notes", notes);
    return row;
}

/* The larger, the earlier it is shown: what does not run at all, then what does not run everywhere.
 */
static int operator_weight(const struct wi_onnx_operator *one)
{
    int weight = 0;

    for (size_t i = 0; i < PLACES; i++) {
        enum wi_support support =
            wi_operator_support(one->domain, one->type, one->opset, places[i].platform);
        weight += support == WI_SUPPORT_NO ? 100 : support == WI_SUPPORT_UNKNOWN ? 10 : 0;
        weight += support == WI_SUPPORT_CPU;
    }
    return weight;
}

/* Operators of one weight stay in the file's order. */
static json_t *operator_rows_make(const struct wi_onnx_operators *operators)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < operators->count; i++) {
        int weight = operator_weight(&operators->items[i]);
        size_t at = 0;
        while (at < json_array_size(rows) &&
               json_integer_value(json_object_get(json_array_get(rows, at), "weight")) >= weight)
            at++;
        json_t *row = operator_row(&operators->items[i]);
        json_object_set_new(row, "weight", json_integer(weight));
        json_array_insert_new(rows, at, row);
    }
    for (size_t i = 0; i < json_array_size(rows); i++)
        json_object_del(json_array_get(rows, i), "weight");
    return rows;
}

/* --- for people ------------------------------------------------------------------------------- */

/* The nodes of rows with that word for the platform. */
static json_int_t nodes_with(const json_t *rows, const char *platform, const char *word)
{
    json_int_t nodes = 0;
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row) if (wi_json_is(row, platform, word)) nodes +=
        json_integer_value(json_object_get(row, "nodes"));
    return nodes;
}

static void say_place(const json_t *found, const char *name)
{
    const json_t *rows = json_object_get(found, "operators");
    json_int_t all = json_integer_value(json_object_get(found, "nodes"));
    json_int_t none = nodes_with(rows, name, "no"), unknown = nodes_with(rows, name, "unknown");
    json_int_t on_cpu = nodes_with(rows, name, "cpu");

    printf("%s: ", name);
    if (none > 0)
        printf("the model does not load, because %lld of its %lld nodes have no kernel",
            (long long)none, (long long)all);
    else if (on_cpu > 0)
        printf("%lld of %lld nodes run on the CPU instead", (long long)on_cpu, (long long)all);
    else
        printf(
            "there is a kernel for %s", unknown > 0 ? "all nodes that a table names" : "all nodes");
    if (unknown > 0)
        printf("; of %lld nodes, no table tells", (long long)unknown);
    printf("\n");
}

static void found_print(const json_t *found)
{
    static const struct wi_column columns[] = {{"OPERATOR", "operator", NULL},
        {"DOMAIN", "domain", NULL}, {"NODES", "nodes", NULL}, {"WASM", "wasm", NULL},
        {"WEBGPU", "webgpu", NULL}, {"WEBNN", "webnn", NULL}, {"LIMITS", "notes", NULL}, {0}};

    wi_table_print("", columns, json_object_get(found, "operators"), "The graph has no nodes.\n");
    wi_table_say("\nby the tables of {source}, for opset {opset}:\n", found);
    for (size_t i = 0; i < PLACES; i++)
        say_place(found, places[i].name);
}

/* --- the command ------------------------------------------------------------------------------ */

static ssize_t file_read_window(void *source, void *bytes, size_t size, uint64_t at)
{
    const int *file = source;

    return pread(*file, bytes, size, (off_t)at);
}

/* Reads the operators of a file. WI_OK, or `error` says what is wrong with it. */
static enum wi_code file_read_operators(
    const char *path, struct wi_onnx_operators *operators, struct wi_error *error)
{
    char head[4] = "";
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    enum wi_code code = WI_OK;

    if (file < 0 || fstat(file, &status) != 0)
        code = wi_cli_refuse(error, "%.400s cannot be read: %s", path, strerror(errno));
    else if (!S_ISREG(status.st_mode))
        code = wi_cli_refuse(error, "%.400s is no file; name a model's .onnx file", path);
    else if (pread(file, head, sizeof head, 0) == sizeof head && memcmp(head, "GGUF", 4) == 0)
        code = wi_cli_refuse(error,
            "%.400s is a GGUF file, which has no graph: llama.cpp computes the model as a whole, "
            "on wasm and webgpu",
            path);
    else
        code = wi_onnx_operators_read(
            file_read_window, &file, (uint64_t)status.st_size, NULL, NULL, operators, error);
    if (file >= 0)
        close(file);
    return code;
}

enum wi_exit wi_cli_check_model(struct wi_cli *cli)
{
    const char *path = cli->arguments.positionals[0];
    struct wi_onnx_operators operators = {0};
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;

    if (file_read_operators(path, &operators, &error) == WI_OK) {
        json_t *found = json_pack("{s:s, s:I, s:I, s:o}", "source", wi_operators_source, "opset",
            (json_int_t)operators.opset, "nodes", (json_int_t)operators.nodes, "operators",
            operator_rows_make(&operators));
        int is_bad = nodes_with(json_object_get(found, "operators"), "wasm", "no") > 0;
        result = is_bad ? WI_EXIT_FAILED : WI_EXIT_OK;
        if (cli->json)
            wi_plain_put_json(json_incref(found));
        else
            found_print(found);
        json_decref(found);
    } else {
        wi_cli_complain(&error);
    }
    wi_onnx_operators_clear(&operators);
    return result;
}
