/* webinfer list and webinfer show: the models here, and all of one. */
#include "cli/bar.h"
#include "cli/cli.h"
#include "cli/table.h"

#include "base/memory.h"
#include "model/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- both ------------------------------------------------------------------------------------ */

static json_t *to_json(struct wi_buffer *text)
{
    json_t *value = json_string(text->text ? text->text : "");

    wi_buffer_clear(text);
    return value;
}

static json_t *size_of(const json_t *bytes)
{
    struct wi_buffer text = {0};

    if (json_is_integer(bytes))
        wi_bar_bytes(&text, (double)json_integer_value(bytes));
    return to_json(&text);
}

static void put_table(const char *before, const struct wi_column *columns, const json_t *rows)
{
    struct wi_buffer text = {0};

    if (json_array_size(rows) == 0)
        return;
    wi_table(&text, columns, rows);
    printf("%s%s", before, text.text);
    wi_buffer_clear(&text);
}

/* --- list ------------------------------------------------------------------------------------ */

static json_t *list_row(const json_t *model)
{
    json_t *row = json_copy((json_t *)model), *names = json_array();
    const json_t *variant;
    size_t i;

    json_array_foreach(json_object_get(model, "variants"), i, variant)
        json_array_append(names, json_object_get(variant, "name"));
    json_object_set_new(row, "_variants", names);
    json_object_set_new(row, "_size", size_of(json_object_get(model, "bytes")));
    json_object_set_new(row, "_loaded",
        json_integer((json_int_t)json_array_size(json_object_get(model, "loaded"))));
    return row;
}

static json_t *pull_row(const json_t *pull)
{
    json_t *row = json_copy((json_t *)pull);
    struct wi_buffer text = {0};
    const char *state = json_string_value(json_object_get(pull, "state"));

    wi_bar_line(&text, pull, 60);
    if (state && strcmp(state, "failed") == 0) {
        wi_buffer_puts(&text, text.size > 0 ? "; " : "");
        wi_table_cell(&text, wi_json_at(pull, "problem.detail"), NULL);
    }
    json_object_set_new(row, "_progress", to_json(&text));
    return row;
}

static void print_list(const struct wi_cli *cli, const json_t *answer)
{
    static const struct wi_column models[] = {{"MODEL", "name", NULL}, {"SIZE", "_size", NULL},
        {"FORMAT", "format", NULL}, {"TYPE", "type", NULL}, {"VARIANTS", "_variants", NULL},
        {"LOADED", "_loaded", NULL}, {"PULLED FROM", "source.repository", NULL},
        {"PROBLEM", "problem", NULL}, {0}};
    static const struct wi_column pulls[] = {
        {"PULL", "name", NULL}, {"OF", "model", NULL}, {"STATE", "_progress", NULL}, {0}};
    json_t *rows = json_array(), *under_way = json_array();
    const json_t *item;
    size_t i;

    json_array_foreach(json_object_get(answer, "models"), i, item)
    {
        if (!json_is_true(json_object_get(item, "builtin")))
            json_array_append_new(rows, list_row(item));
    }
    json_array_foreach(json_object_get(answer, "pulls"), i, item)
    {
        const char *state = json_string_value(json_object_get(item, "state"));
        if (state && strcmp(state, "done") != 0)
            json_array_append_new(under_way, pull_row(item));
    }
    if (json_array_size(rows) == 0)
        puts("There are no models; webinfer run ORG/NAME brings one.");
    put_table("", models, rows);
    put_table("\n", pulls, under_way);
    json_decref(under_way);
    json_decref(rows);
    (void)cli;
}

enum wi_exit wi_cli_list(struct wi_cli *cli)
{
    return wi_cli_show(cli, "/v1/models", print_list);
}

/* --- show ------------------------------------------------------------------------------------ */

static void put(const char *label, const json_t *value, const char *unit)
{
    struct wi_buffer cell = {0};

    if (!value || json_is_null(value))
        return;
    wi_table_cell(&cell, value, unit);
    printf("%-14s %s\n", label, cell.text);
    wi_buffer_clear(&cell);
}

static void put_bytes(const char *label, const json_t *bytes)
{
    struct wi_buffer text = {0};

    if (!json_is_integer(bytes))
        return;
    wi_bar_bytes(&text, (double)json_integer_value(bytes));
    printf("%-14s %s (%lld bytes)\n", label, text.text, (long long)json_integer_value(bytes));
    wi_buffer_clear(&text);
}

/* "512 MB of 2.1 GB: 300 MB weights, 40 MB for each of 4 conversations of 2048 tokens" */
static void put_memory(const json_t *memory)
{
    struct wi_buffer text = {0};

    if (!memory)
        return;
    wi_bar_bytes(&text, json_number_value(json_object_get(memory, "total")));
    wi_buffer_puts(&text, " of ");
    wi_bar_bytes(&text, json_number_value(json_object_get(memory, "limit")));
    wi_buffer_puts(&text, " that a page has: ");
    wi_bar_bytes(&text, json_number_value(json_object_get(memory, "weights")));
    wi_buffer_puts(&text, " of weights, ");
    wi_bar_bytes(&text, json_number_value(json_object_get(memory, "kv_per_slot")));
    wi_buffer_printf(&text, " for each of %lld conversations of %lld tokens%s",
        (long long)json_integer_value(json_object_get(memory, "slots")),
        (long long)json_integer_value(json_object_get(memory, "context")),
        json_is_false(json_object_get(memory, "fits")) ? "; it does not fit" : "");
    printf("%-14s %s\n", "memory", text.text);
    wi_buffer_clear(&text);
}

static void put_files(const json_t *files)
{
    static const struct wi_column columns[] = {
        {"FILE", "path", NULL}, {"SIZE", "_size", NULL}, {"SHA-256", "hash", NULL}, {0}};
    json_t *rows = json_array(), *file;
    size_t i;

    json_array_foreach(files, i, file)
    {
        json_t *row = json_copy(file);
        json_object_set_new(row, "_size", size_of(json_object_get(file, "bytes")));
        json_array_append_new(rows, row);
    }
    put_table("\n", columns, rows);
    json_decref(rows);
}

/* Where it would run, and what is known of each place. */
static void put_places(struct wi_cli *cli, const char *name)
{
    static const struct wi_column columns[] = {{"BROWSER", "browser", NULL},
        {"VERSION", "browser_version", NULL}, {"PLATFORM", "platform", NULL},
        {"MEASURED", "measured", NULL}, {"RUN", "run_ms", " ms"}, {"LOAD", "load_ms", " ms"},
        {"VERDICT", "verdict", NULL}, {0}};
    char *path = wi_sprintf("/v1/hardware?model_name=%s", name);
    json_t *answer = wi_cli_get(cli, path);

    put_table("\n", columns, json_object_get(answer, "options"));
    json_decref(answer);
    free(path);
}

static void put_source(const json_t *source)
{
    struct wi_buffer text = {0};

    if (!source)
        return;
    wi_table_cell(&text, json_object_get(source, "repository"), NULL);
    wi_buffer_puts(&text, " of ");
    wi_table_cell(&text, json_object_get(source, "hub"), NULL);
    wi_buffer_puts(&text, ", commit ");
    wi_table_cell(&text, json_object_get(source, "commit"), NULL);
    printf("%-14s %s\n", "pulled from", text.text);
    wi_buffer_clear(&text);
}

static void print_values(const char *label, const json_t *values)
{
    json_t *text = values ? wi_cli_describe_values(values) : NULL;

    put(label, text, NULL);
    json_decref(text);
}

static void print_model(const struct wi_cli *cli, const json_t *model)
{
    struct wi_buffer line = {0};

    put("model", json_object_get(model, "name"), NULL);
    put("title", json_object_get(model, "title"), NULL);
    put("type", json_object_get(model, "type"), NULL);
    put("format", json_object_get(model, "format"), NULL);
    put("architecture", json_object_get(model, "architecture"), NULL);
    put("parameters", json_object_get(model, "parameters"), NULL);
    put("quantization", json_object_get(model, "quantization"), NULL);
    put("context", json_object_get(model, "context_length"), " tokens");
    put("chat", json_object_get(model, "chat"), NULL);
    put("tasks", json_object_get(model, "tasks"), NULL);
    put("labels", json_object_get(model, "labels"), NULL);
    print_values("inputs", json_object_get(model, "inputs"));
    print_values("outputs", json_object_get(model, "outputs"));
    put_bytes("size", json_object_get(model, "bytes"));
    put("hash", json_object_get(model, "hash"), NULL);
    put("variant", json_object_get(model, "variant"), NULL);
    put_source(json_object_get(model, "source"));
    put_memory(json_object_get(model, "memory"));
    put("warnings", json_object_get(model, "warnings"), NULL);
    if (json_object_get(model, "pulling")) {
        wi_bar_line(&line, json_object_get(model, "pulling"), 60);
        printf("%-14s %s\n", "pulling", line.text);
    }
    wi_buffer_clear(&line);
    put_files(json_object_get(model, "files"));
    (void)cli;
}

enum wi_exit wi_cli_show_model(struct wi_cli *cli)
{
    const char *name = cli->arguments.positionals[0];
    struct wi_error error = {0};
    char *path;
    enum wi_exit result;

    if (wi_model_check_name(name, &error) != WI_OK) {
        wi_cli_complain(&error);
        return WI_EXIT_USAGE;
    }
    path = wi_sprintf("/v1/models/%s", name);
    result = wi_cli_show(cli, path, print_model);
    if (result == WI_EXIT_OK && !cli->json)
        put_places(cli, name);
    free(path);
    return result;
}
