/* webinfer list and webinfer nodes: what the daemon has, as tables. */
#include "cli/bar.h"
#include "cli/commands/commands.h"
#include "cli/pages.h"
#include "cli/text_table.h"

/* The number of nodes; a list names some of many nodes and counts the others. */
static void put_loaded(struct wi_buffer *out, const json_t *model)
{
    wi_buffer_printf(out, "%lld",
        (long long)json_array_size(json_object_get(model, "loaded")) +
            (long long)json_integer_value(json_object_get(model, "loaded_more")));
}

/* "chrome/webgpu trusted, firefox/webgpu wrong for x FP32 [3], chrome/webgpu trusted of
 * token-5e1f": the findings of the guard. */
static void put_numerics(struct wi_buffer *out, const json_t *numerics)
{
    const json_t *verdict;
    size_t i;

    wi_table_fill(out, "<unchecked: {exempt}>", numerics);
    json_array_foreach(json_object_get(numerics, "verdicts"), i, verdict)
    {
        wi_buffer_puts(out, out->size ? ", " : "");
        wi_table_fill(out, "<{browser}/>{platform} {verdict}< for {kernel}>", verdict);
        if (wi_json_is(verdict, "scope", "input"))
            wi_table_fill(out, " for {input.shapes}", verdict);
        wi_table_fill(out, "< of {token}>", verdict);
    }
}

/* "Q8_0, 135M parameters, chat, 4 x 2048 tokens in 512 MiB": a GGUF model that was read. */
static void put_gguf(struct wi_buffer *out, const json_t *model)
{
    double parameters = wi_json_number(model, "parameters");
    json_int_t bytes = json_integer_value(wi_json_at(model, "memory.total"));

    if (!json_object_get(model, "memory"))
        return;
    wi_table_fill(out, "{quantization}, ", model);
    wi_buffer_printf(out, "%.4g%c parameters", parameters / (parameters < 1e9 ? 1e6 : 1e9),
        parameters < 1e9 ? 'M' : 'B');
    wi_table_fill(out, "{chat?, chat}, {memory.slots} x {memory.context} tokens", model);
    wi_buffer_printf(out, " in %lld MiB", (long long)(bytes + 1048575) / 1048576);
}

/* "q8, text-classification, 512 tokens, 3 labels": a folder with tasks that was read; or GGUF. */
static void put_language(struct wi_buffer *out, const json_t *model)
{
    if (!json_object_get(model, "tasks")) {
        put_gguf(out, model);
        return;
    }
    wi_table_fill(out,
        json_array_size(json_object_get(model, "tasks")) ? "{dtype}, {tasks}" : "{dtype}", model);
    wi_table_fill(out, "<, {context_length} tokens><, {labels} labels>", model);
}

/* Models of other formats than onnx are hashed before they are read, which takes a while for large
 * ones, so large models are shown with what the list has. */
static int worth_asking(const json_t *model)
{
    static const json_int_t small = 512 << 20;
    if (json_object_get(model, "hash"))
        return 0;
    return wi_json_is(model, "format", "onnx") ||
           ((wi_json_is(model, "format", "gguf") || wi_json_is(model, "format", "huggingface")) &&
               json_integer_value(json_object_get(model, "bytes")) <= small);
}

/* A model of the list with what the server knows once it has read the file, such as its type, tasks
 * and inputs, which a request for this model alone makes it do. A new reference. */
static json_t *model_complete(const struct wi_cli *cli, const json_t *model)
{
    const char *name = wi_json_text(model, "name");
    json_t *read = name && worth_asking(model) ? wi_cli_get(cli, "/v1/models/*", name) : NULL;

    return read ? read : json_copy((json_t *)model);
}

static void print_ignored(const json_t *answer)
{
    static const struct wi_column columns[] = {
        {"NO MODEL", "name", NULL}, {"WHY", "reason", NULL}, {0}};
    const json_t *rows = json_object_get(answer, "ignored");

    wi_table_print("\n", columns, rows, NULL);
    if (json_array_size(rows) > 0 &&
        json_integer_value(json_object_get(answer, "ignored_more")) > 0)
        wi_table_say("and {ignored_more} more\n", answer);
}

/* Prints warnings for the operator about models that run nevertheless. */
static void add_warnings(json_t *rows, const json_t *models)
{
    const json_t *model, *warning;
    size_t i, k;

    json_array_foreach(models, i, model)
    {
        json_array_foreach(json_object_get(model, "warnings"), k, warning) json_array_append_new(
            rows,
            json_pack("{s:O, s:O}", "name", json_object_get(model, "name"), "warning", warning));
    }
}

static void print_aliases(const json_t *aliases)
{
    static const struct wi_column columns[] = {{"ALIAS", "name", NULL}, {"OF", "model", NULL}, {0}};
    const char *name;
    json_t *model, *rows = json_array();

    json_object_foreach((json_t *)aliases, name, model)
        json_array_append_new(rows, json_pack("{s:s, s:O}", "name", name, "model", model));
    wi_table_print("\n", columns, rows, NULL);
    json_decref(rows);
}

void wi_cli_put_pull(struct wi_buffer *out, const json_t *pull)
{
    const char *state = wi_json_text(pull, "state");

    wi_bar_line(out, pull, 60);
    if (state && strcmp(state, "failed") == 0)
        wi_table_fill(out, out->size > 0 ? "; {problem.detail}" : "{problem.detail}", pull);
}

static void print_pulls(const json_t *pulls)
{
    static const struct wi_column columns[] = {
        {"PULL", "name", NULL}, {"OF", "model", NULL}, {"STATE", "", wi_cli_put_pull}, {0}};
    json_t *rows = json_array(), *item;
    size_t i;

    json_array_foreach(pulls, i, item)
    {
        const char *state = wi_json_text(item, "state");
        if (state && strcmp(state, "done") != 0)
            json_array_append(rows, item);
    }
    wi_table_print("\n", columns, rows, NULL);
    json_decref(rows);
}

/* The data that is kept from the pages of models until all are printed. */
struct models {
    const struct wi_cli *cli;
    struct wi_sheet sheet;
    int wide;
    json_t *warnings; /* rows */
};

/* Built-in models are no files of the store, so only the wide list has them. The purpose of a model
 * is known once it was read. */
static void print_models(void *context, const json_t *page)
{
    struct models *models = context;
    const json_t *model;
    json_t *rows = json_array();
    size_t i;

    json_array_foreach(json_object_get(page, "models"), i, model)
    {
        if (!models->wide && json_is_true(json_object_get(model, "builtin")))
            continue;
        json_array_append_new(rows, model_complete(models->cli, model));
    }
    wi_sheet_print(&models->sheet, rows);
    add_warnings(models->warnings, rows);
    json_decref(rows);
}

/* What comes below the models: what is wrong with some, other names, pulls, published models. */
static void print_rest(const json_t *rest, const json_t *warned)
{
    static const struct wi_column warnings[] = {
        {"MODEL", "name", NULL}, {"WARNING", "warning", NULL}, {0}};
    static const struct wi_column published[] = {{"PUBLISHED", "name", NULL},
        {"AS", "ipfs://{cid}", NULL},
        {"STATE", "{stale?stale: its files have changed since|whole}", NULL}, {0}};

    wi_table_print("\n", warnings, warned, NULL);
    print_aliases(json_object_get(rest, "aliases"));
    print_ignored(rest);
    print_pulls(json_object_get(rest, "pulls"));
    wi_table_print("\n", published, json_object_get(rest, "published"), NULL);
}

static enum wi_exit show_models(struct wi_cli *cli, struct wi_pages *pages)
{
    static const struct wi_column usual[] = {{"MODEL", "name", NULL}, {"SIZE", "{bytes:B}", NULL},
        {"FORMAT", "format", NULL}, {"TYPE", "type", NULL}, {"TASKS", "tasks", NULL},
        {"VARIANTS", "variants[{name}]", NULL}, {"LOADED", "", put_loaded},
        {"PULLED FROM", "source.repository", NULL}, {"PROBLEM", "problem", NULL}, {0}};
    static const struct wi_column all[] = {{"MODEL", "name", NULL}, {"SIZE", "{bytes:B}", NULL},
        {"FORMAT", "format", NULL}, {"TYPE", "type", NULL}, {"TASKS", "tasks", NULL},
        {"VARIANTS", "variants[{name}]", NULL}, {"LANGUAGE", "", put_language},
        {"INPUTS", "inputs[{name} {datatype}[{shape}]]", NULL},
        {"OUTPUTS", "outputs[{name} {datatype}[{shape}]]", NULL}, {"LOADED", "", put_loaded},
        {"NUMERICS", "numerics", put_numerics}, {"PULLED FROM", "source.repository", NULL},
        {"PROBLEM", "problem", NULL}, {0}};
    int wide = wi_argument_given(&cli->arguments, "wide");
    struct models models = {.cli = cli,
        .sheet = {.columns = wide ? all : usual},
        .wide = wide,
        .warnings = json_array()};

    if (wi_pages_show(pages, print_models, &models) == WI_EXIT_OK && !cli->json) {
        wi_sheet_end(&models.sheet, "There are no models; webinfer run ORG/NAME pulls one.");
        print_rest(pages->rest, models.warnings);
    }
    json_decref(models.warnings);
    return wi_pages_close(pages);
}

static void print_names(void *context, const json_t *page)
{
    const json_t *model;
    size_t i;

    json_array_foreach(json_object_get(page, "models"), i, model) wi_table_say("{name}\n", model);
}

enum wi_exit wi_cli_list(struct wi_cli *cli)
{
    struct wi_pages pages = {.cli = cli, .path = "/v1/models", .member = "models"};

    if (!wi_argument_given(&cli->arguments, "names"))
        return show_models(cli, &pages);
    wi_pages_show(&pages, print_names, NULL);
    return wi_pages_close(&pages);
}

/* "webgpu (software: google swiftshader), wasm" */
static void put_platforms(struct wi_buffer *out, const json_t *platforms)
{
    const char *name;
    json_t *platform;

    json_object_foreach((json_t *)platforms, name, platform)
    {
        const json_t *adapter = json_object_get(platform, "adapter");
        if (!json_is_true(json_object_get(platform, "available")))
            continue;
        wi_buffer_printf(out, "%s%s", out->size ? ", " : "", name);
        if (adapter)
            wi_table_fill(out, " ({is_fallback?software: }{vendor} {architecture})", adapter);
    }
}

static enum wi_exit show_nodes(struct wi_cli *cli)
{
    static const struct wi_column columns[] = {{"NODE", "id", NULL}, {"BROWSER", "browser", NULL},
        {"VERSION", "browser_version", NULL}, {"CONNECTED", "connected", NULL},
        {"PAUSED", "paused", NULL}, {"HELD", "held", NULL}, {"CORES", "cores", NULL},
        {"ATTEMPTS", "attempts", NULL}, {"RTT", "{rtt_ms} ms", NULL}, {"LABEL", "label", NULL},
        {"PLATFORMS", "platforms", put_platforms}, {0}};
    struct wi_pages pages = {.cli = cli, .path = "/v1/nodes", .member = "nodes"};

    return wi_pages_table(&pages, columns, "There are no nodes.");
}

/* "128x2" */
static void put_workgroup(struct wi_buffer *out, const json_t *sides)
{
    wi_buffer_printf(out, "%lldx%lld", (long long)json_integer_value(json_array_get(sides, 0)),
        (long long)json_integer_value(json_array_get(sides, 1)));
}

/* "1.6 times as fast (3.1 ms, not 5)" */
static void put_gain(struct wi_buffer *out, const json_t *tuning)
{
    double ms = wi_json_number(tuning, "ms");
    double usual = wi_json_number(tuning, "default_ms");

    if (ms > 0 && usual > ms)
        wi_buffer_printf(out, "%.2f times as fast (%.3g ms, not %.3g)", usual / ms, ms, usual);
    else if (ms > 0)
        wi_buffer_printf(out, "the default (%.3g ms)", ms);
    else
        wi_buffer_puts(out, "the default");
}

static void print_tuning(const struct wi_cli *cli, const json_t *answer)
{
    static const struct wi_column columns[] = {{"BROWSER", "browser", NULL},
        {"VERSION", "browser_version", NULL}, {"PLATFORM", "platform", NULL},
        {"ADAPTER", "adapter", NULL}, {"NODE", "node", NULL}, {"KERNEL", "kernel", NULL},
        {"SIZES", "size_class", NULL}, {"VARIANT", "variant", NULL},
        {"WORKGROUP", "workgroup", put_workgroup}, {"TIME", "", put_gain}, {0}};

    wi_table_print("", columns, json_object_get(answer, "tuning"), "No kernel has been tuned yet.");
}

/* The page after the last node, since ids are words and digits: it has no nodes, and as many
 * quarantined rows as a page may have. */
#define QUARANTINED "/v1/nodes?after=~&limit=1000"

enum wi_exit wi_cli_nodes(struct wi_cli *cli)
{
    if (wi_argument_given(&cli->arguments, "tuning"))
        return wi_cli_show(cli, "/v1/nodes?tuning=yes", print_tuning);
    if (wi_argument_given(&cli->arguments, "limited"))
        return wi_cli_show_limited(cli);
    if (wi_argument_given(&cli->arguments, "quarantined"))
        return wi_cli_show(cli, QUARANTINED, wi_cli_print_quarantined);
    return show_nodes(cli);
}
