/*
 * webinfer check: which operators of an ONNX file have no kernel on which platform, by the engines'
 * own tables; and whether llama.cpp knows a GGUF file, and has the memory for it. Nothing runs, and
 * no daemon is needed.
 */
#include "cli/commands/commands.h"
#include "cli/plain.h"
#include "cli/text_table.h"

#include "terms/format/gguf_memory.h"
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

/* As JSON, or for people by `print`. Takes `found` over. */
static enum wi_exit found_show(
    const struct wi_cli *cli, json_t *found, void (*print)(const json_t *found), int is_bad)
{
    if (cli->json)
        wi_plain_put_json(json_incref(found));
    else
        print(found);
    json_decref(found);
    return is_bad ? WI_EXIT_FAILED : WI_EXIT_OK;
}

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

static void onnx_print(const json_t *found)
{
    static const struct wi_column columns[] = {{"OPERATOR", "operator", NULL},
        {"DOMAIN", "domain", NULL}, {"NODES", "nodes", NULL}, {"WASM", "wasm", NULL},
        {"WEBGPU", "webgpu", NULL}, {"WEBNN", "webnn", NULL}, {"LIMITS", "notes", NULL}, {0}};

    wi_table_print("", columns, json_object_get(found, "operators"), "The graph has no nodes.\n");
    wi_table_say("\nby the tables of {source}, for opset {opset}:\n", found);
    for (size_t i = 0; i < PLACES; i++)
        say_place(found, places[i].name);
}

static enum wi_exit onnx_show(struct wi_cli *cli, const struct wi_onnx_operators *operators)
{
    json_t *found = json_pack("{s:s, s:I, s:I, s:o}", "source", wi_operators_source, "opset",
        (json_int_t)operators->opset, "nodes", (json_int_t)operators->nodes, "operators",
        operator_rows_make(operators));
    int is_bad = nodes_with(json_object_get(found, "operators"), "wasm", "no") > 0;

    return found_show(cli, found, onnx_print, is_bad);
}

/* --- a GGUF file ------------------------------------------------------------------------------ */

/* The least that it takes: one conversation. The file of a set does not tell the others' sizes. */
static json_t *gguf_memory_make(const struct wi_gguf_info *info, uint64_t size)
{
    struct wi_gguf_memory memory;

    if (info->split_count > 1)
        return json_null();
    wi_gguf_plan(
        info, size, &(struct wi_gguf_limits){.memory = WI_GGUF_HEAP_MAX, .slots = 1}, &memory);
    return json_pack("{s:I, s:I, s:I, s:b}", "total", (json_int_t)memory.total, "limit",
        (json_int_t)memory.limit, "context", (json_int_t)memory.context, "fits", memory.fits);
}

static json_t *gguf_make(const struct wi_gguf_info *info, uint64_t size)
{
    json_t *memory = gguf_memory_make(info, size);
    const char *fits = json_is_null(memory)                            ? "unknown"
                       : json_is_true(json_object_get(memory, "fits")) ? "yes"
                                                                       : "no";

    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:s?, s:s, s:s, s:s}", "source", WI_GGUF_LLAMA,
        "architecture", info->architecture, "type", wi_model_type_name(wi_gguf_model_type(info)),
        "quantization", wi_gguf_quantization(info), "parameters", (json_int_t)info->parameters,
        "memory", memory, "notes", wi_gguf_slow(info), "wasm", fits, "webgpu", fits, "webnn", "no");
}

static void gguf_print(const json_t *found)
{
    static const struct wi_column lines[] = {{"architecture", "{architecture} ({type})", NULL},
        {"quantization", "quantization", NULL}, {"parameters", "parameters", NULL},
        {"memory", "{memory.total:B} of {memory.limit:B}, with {memory.context} tokens", NULL},
        {"slow", "notes", NULL}, {0}};
    const char *fits = wi_json_text(found, "wasm");
    const char *answer = strcmp(fits, "yes") == 0 ? "the model loads"
                         : strcmp(fits, "no") == 0
                             ? "the model does not load, because WebAssembly's memory is too small"
                             : "the model loads if all files of its set fit into WebAssembly's "
                               "memory";

    wi_table_lines(lines, found);
    wi_table_say("\n{source} computes the model as a whole, and knows its architecture and the "
                 "types of its weights:\n",
        found);
    printf("wasm: %s\n", answer);
    printf("webgpu: %s, where the adapter has shader-f16 and the browser can suspend WebAssembly "
           "(JSPI)\n",
        answer);
    printf("webnn: llama.cpp does not compute there\n");
}

/* What llama.cpp does not know is refused when the file is read. */
static enum wi_exit gguf_check(struct wi_cli *cli, int file, uint64_t size)
{
    struct wi_gguf_info info;
    struct wi_error error = {0};

    if (wi_gguf_read(file, size, cli->arguments.positionals[0], WI_GGUF_MODEL, &info, &error) !=
        WI_OK)
        return wi_cli_complain(&error);
    json_t *found = gguf_make(&info, size);
    return found_show(cli, found, gguf_print, wi_json_is(found, "wasm", "no"));
}

/* --- the command ------------------------------------------------------------------------------ */

static ssize_t file_read_window(void *source, void *bytes, size_t size, uint64_t at)
{
    const int *file = source;

    return pread(*file, bytes, size, (off_t)at);
}

static enum wi_exit onnx_check(struct wi_cli *cli, int file, uint64_t size)
{
    struct wi_onnx_operators operators = {0};
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;

    if (wi_onnx_operators_read(file_read_window, &file, size, NULL, NULL, &operators, &error) ==
        WI_OK)
        result = onnx_show(cli, &operators);
    else
        wi_cli_complain(&error);
    wi_onnx_operators_clear(&operators);
    return result;
}

enum wi_exit wi_cli_check_model(struct wi_cli *cli)
{
    const char *path = cli->arguments.positionals[0];
    char head[4] = "";
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    enum wi_exit result;

    if (file < 0 || fstat(file, &status) != 0)
        result = wi_cli_fail(WI_EXIT_USAGE, "%.400s cannot be read: %s", path, strerror(errno));
    else if (!S_ISREG(status.st_mode))
        result = wi_cli_fail(
            WI_EXIT_USAGE, "%.400s is no file; name a model's .onnx or .gguf file", path);
    else if (pread(file, head, sizeof head, 0) == sizeof head && memcmp(head, "GGUF", 4) == 0)
        result = gguf_check(cli, file, (uint64_t)status.st_size);
    else
        result = onnx_check(cli, file, (uint64_t)status.st_size);
    if (file >= 0)
        close(file);
    return result;
}
