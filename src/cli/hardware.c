/* webinfer hardware: what would run a model, on what and why. */
#include "cli/cli.h"
#include "cli/table.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_value(const char *format, const json_t *answer, const char *path)
{
    struct wi_buffer cell = {0};

    wi_table_cell(&cell, wi_json_at(answer, path), NULL);
    printf(format, cell.text);
    wi_buffer_clear(&cell);
}

static void put_table(const struct wi_column *columns, const json_t *rows)
{
    struct wi_buffer text = {0};

    if (json_array_size(rows) == 0)
        return;
    wi_table(&text, columns, rows);
    printf("\n%s", text.text);
    wi_buffer_clear(&text);
}

static void put_decision(const json_t *answer)
{
    const char *decision = json_string_value(json_object_get(answer, "decision"));

    if (decision && strcmp(decision, "run") == 0) {
        put_value("%s would run ", answer, "model_name");
        put_value("on %s", answer, "would_run.browser");
        put_value("/%s ", answer, "would_run.platform");
        put_value("of %s", answer, "would_run.node");
    } else if (decision && strcmp(decision, "wait") == 0) {
        put_value("%s would wait", answer, "model_name");
    } else {
        put_value("%s cannot run", answer, "model_name");
    }
    put_value(": %s\n", answer, "why");
    if (json_is_object(json_object_get(answer, "probe"))) {
        put_value("beside it, to be checked or measured: %s", answer, "probe.browser");
        put_value("/%s\n", answer, "probe.platform");
    }
    put_value("preferences: %s\n", answer, "preferences");
}

/* A language model's tokens per second, where they were measured. */
static void set_rate(json_t *row, const char *name, const json_t *rate)
{
    if (json_is_number(rate))
        json_object_set_new(row, name, json_sprintf("%.1f/s", json_number_value(rate)));
}

/* What was lost so far by not running there, and at how much the model moves there. */
static void set_moves(json_t *row)
{
    const json_t *moves = json_object_get(row, "moves");

    if (json_is_object(moves))
        json_object_set_new(row, "_moves",
            json_sprintf("%.0f of %.0f ms", json_number_value(json_object_get(moves, "lost_ms")),
                json_number_value(json_object_get(moves, "at_ms"))));
}

static json_t *absent_rows(const json_t *kinds)
{
    json_t *rows = json_array(), *kind;
    size_t i;

    json_array_foreach(kinds, i, kind)
    {
        json_t *row = json_copy(kind);
        set_moves(row);
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *option_rows(const json_t *options)
{
    json_t *rows = json_array(), *option;
    size_t i;

    json_array_foreach(options, i, option)
    {
        json_t *row = json_copy(option);
        double rate = json_number_value(wi_json_at(option, "estimate.failure_rate"));
        if (wi_json_at(option, "estimate.failure_rate"))
            json_object_set_new(row, "_failures", json_sprintf("%.0f %%", rate * 100));
        set_rate(row, "_reads", wi_json_at(option, "estimate.prompt_tokens_per_second"));
        set_rate(row, "_writes", wi_json_at(option, "estimate.tokens_per_second"));
        set_moves(row);
        json_array_append_new(rows, row);
    }
    return rows;
}

static void print_hardware(const struct wi_cli *cli, const json_t *answer)
{
    static const struct wi_column options[] = {{"BROWSER", "browser", NULL},
        {"VERSION", "browser_version", NULL}, {"PLATFORM", "platform", NULL},
        {"STANDING", "standing", NULL}, {"EXPECTED", "expected_ms", " ms"},
        {"QUEUE", "queue_ms", " ms"}, {"LOAD", "load_ms", " ms"}, {"RUN", "run_ms", " ms"},
        {"READS", "_reads", NULL}, {"WRITES", "_writes", NULL}, {"MEASURED", "measured", NULL},
        {"FAILURES", "_failures", NULL}, {"VERDICT", "verdict", NULL}, {"LOST", "_moves", NULL},
        {"WHY", "why", NULL}, {0}};
    static const struct wi_column absent[] = {
        {"NOT THERE", "browser", NULL}, {"LOST", "_moves", NULL}, {"WHY", "why", NULL}, {0}};
    json_t *rows = option_rows(json_object_get(answer, "options"));
    json_t *kinds = absent_rows(json_object_get(answer, "passed_over"));

    put_decision(answer);
    put_table(options, rows);
    put_table(absent, kinds);
    json_decref(rows);
    json_decref(kinds);
}

/* Appends "&name=value" where the option was given, with what a query does not take escaped. */
static void add_argument(
    struct wi_buffer *path, char separator, const char *name, const char *value)
{
    if (!value)
        return;
    wi_buffer_printf(path, "%c%s=", separator, name);
    for (const unsigned char *c = (const unsigned char *)value; *c; c++)
        wi_buffer_printf(
            path, strchr("&=+#%?\"<>\\^`{}| ", *c) || *c < 0x20 || *c > 0x7e ? "%%%02X" : "%c", *c);
}

enum wi_exit wi_cli_hardware(struct wi_cli *cli)
{
    static const struct {
        const char *option, *parameter;
    } pins[] = {{"type", "model_type"}, {"platform", "platform"}, {"browser", "browser"},
        {"node", "node"}, {"precision", "precision"}};
    const struct wi_arguments *arguments = &cli->arguments;
    struct wi_buffer path = {0};
    enum wi_exit result;

    wi_buffer_puts(&path, "/v1/hardware");
    add_argument(&path, '?', "model_name", arguments->positionals[0]);
    for (size_t i = 0; i < sizeof pins / sizeof *pins; i++)
        add_argument(&path, '&', pins[i].parameter, wi_argument(arguments, pins[i].option));
    if (wi_argument_given(arguments, "no-fallback"))
        add_argument(&path, '&', "fallback", "false");
    result = wi_cli_show(cli, path.text, print_hardware);
    wi_buffer_clear(&path);
    return result;
}
