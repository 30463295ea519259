/*
 * webinfer profile: where the time of a model's runs goes, by operator and by node; as a trace for
 * Chrome's viewers, and against an earlier profile.
 */
#include "cli/commands/commands.h"
#include "cli/commands/lab/lab.h"
#include "cli/plain.h"
#include "cli/text_table.h"

#include "terms/lab/profile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (64 << 20)
#define PROFILE_MAX (16 << 20)
/* As the service allows by default, and some for the way. */
#define EXCHANGE_MS 610000

/* --- the request ------------------------------------------------------------------------------ */

static enum wi_code order_add_runs(json_t *order, const char *text, struct wi_error *error)
{
    char *end;
    long runs = strtol(text, &end, 10);

    if (end == text || *end || runs < 1 || runs > WI_PROFILE_RUNS_MAX)
        return wi_cli_refuse(error, "--runs is a whole number from 1 to %d, not \"%.40s\"",
            WI_PROFILE_RUNS_MAX, text);
    json_object_set_new(order, "runs", json_integer(runs));
    return WI_OK;
}

/* The file's inputs, or its members `inputs`, `options` and `task`. */
static enum wi_code order_add_input(json_t *order, const char *path, struct wi_error *error)
{
    static const char *const members[] = {"inputs", "options", "task"};
    size_t size;
    char *text = wi_cli_read_file(path, INPUT_MAX, &size, error);

    if (!text)
        return error->code;
    json_t *read = json_loadb(text, size, 0, NULL);
    free(text);
    if (!read)
        return wi_cli_refuse(
            error, "--input needs a JSON file: the inputs, or an object with inputs and options");
    if (!json_object_get(read, "inputs"))
        json_object_set(order, "inputs", read);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (json_object_get(order, "inputs") != read && json_object_get(read, members[i]))
            json_object_set(order, members[i], json_object_get(read, members[i]));
    json_decref(read);
    return WI_OK;
}

static enum wi_code order_make(
    json_t *order, const struct wi_arguments *arguments, struct wi_error *error)
{
    static const char *const places[] = {"platform", "browser", "node", "precision"};
    const char *runs = wi_argument(arguments, "runs"), *input = wi_argument(arguments, "input");

    if (json_object_set_new(order, "model_name", json_string(arguments->positionals[0])) != 0)
        return wi_cli_refuse(error, "the model's name is not UTF-8");
    json_object_set_new(order, "profile", json_true());
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *place = wi_argument(arguments, places[i]);
        if (place && json_object_set_new(order, places[i], json_string(place)) != 0)
            return wi_cli_refuse(error, "--%s is not UTF-8", places[i]);
    }
    enum wi_code code = runs ? order_add_runs(order, runs, error) : WI_OK;
    return code == WI_OK && input ? order_add_input(order, input, error) : code;
}

/* --- an earlier one --------------------------------------------------------------------------- */

/* The profile in what this command prints with --json; borrowed, NULL if there is none. */
static json_t *profile_in(const json_t *document)
{
    const json_t *answer = json_object_get(document, "answer");

    return json_object_get(json_object_get(answer ? answer : document, "result"), "profile");
}

/* A new reference, or NULL once the error is printed. */
static json_t *profile_load(const char *path)
{
    struct wi_error error = {0};
    size_t size;
    char *text = wi_cli_read_file(path, PROFILE_MAX, &size, &error);
    json_t *document = text ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    json_t *profile = json_incref(profile_in(document));

    if (!text)
        wi_cli_complain(&error);
    else if (!json_is_object(profile))
        wi_cli_fail(WI_EXIT_USAGE,
            "%s is not a profile; webinfer profile MODEL --json prints one for --against", path);
    else if (wi_profile_settle(profile, -1, "result.profile.", &error) != WI_OK)
        wi_cli_fail(WI_EXIT_USAGE, "%s is not a profile that can be read: %s", path, error.detail);
    int is_good = text && json_is_object(profile) && error.code == WI_OK;
    json_decref(document);
    free(text);
    if (is_good)
        return profile;
    json_decref(profile);
    return NULL;
}

/* --- for people ------------------------------------------------------------------------------- */

/* A row with the times of a mean run. */
static json_t *row_per_run(const json_t *row, double runs)
{
    json_t *copy = json_copy((json_t *)row);

    json_object_set_new(copy, "run_ms", json_real(wi_json_number(row, "ms") / runs));
    json_object_set_new(copy, "run_calls", json_real(wi_json_number(row, "calls") / runs));
    return copy;
}

static json_t *rows_per_run(const json_t *rows, double runs)
{
    json_t *list = json_array();
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row) json_array_append_new(list, row_per_run(row, runs));
    return list;
}

/* What is not an operator's, so that the shares are all of the run. */
static void add_rest(json_t *rows, const json_t *profile, double runs)
{
    double run_ms = wi_json_number(profile, "run_ms");
    double left_ms = wi_json_number(profile, "left_out.ms");

    if (wi_json_number(profile, "left_out.nodes") > 0)
        json_array_append_new(
            rows, json_pack("{s:s, s:f, s:f, s:s}", "operator", "(nodes left out)", "run_ms",
                      left_ms / runs, "share", run_ms > 0 ? left_ms / run_ms : 0, "reason",
                      "the answer has no room for them"));
    json_array_append_new(rows,
        json_pack("{s:s, s:f, s:f, s:O*}", "operator", "(other)", "run_ms",
            wi_json_number(profile, "other.ms") / runs, "share",
            wi_json_number(profile, "other.share"), "reason", wi_json_at(profile, "other.what")));
}

#define RAN_ON "{platform}{fell_back? (fell back)|}"

static void operators_print(const json_t *profile, double runs)
{
    static const struct wi_column columns[] = {{"OPERATOR", "operator", NULL},
        {"RAN ON", RAN_ON, NULL}, {"NODES", "nodes", NULL}, {"CALLS", "{run_calls:3g}", NULL},
        {"TIME", "{run_ms:3g} ms", NULL}, {"SHARE", "{share:1%}", NULL},
        {"COPIED", "{copied_bytes:B}", NULL}, {"WHY", "reason", NULL}, {0}};
    json_t *rows = rows_per_run(json_object_get(profile, "operators"), runs);

    add_rest(rows, profile, runs);
    wi_table_print("\n", columns, rows, NULL);
    json_decref(rows);
}

static void nodes_print(const json_t *profile, double runs)
{
    static const struct wi_column columns[] = {{"NODE", "name", NULL},
        {"OPERATOR", "operator", NULL}, {"RAN ON", RAN_ON, NULL}, {"CALLS", "{run_calls:3g}", NULL},
        {"TIME", "{run_ms:3g} ms", NULL}, {"SHARE", "{share:1%}", NULL},
        {"COPIED", "{copied_bytes:B}", NULL}, {"SHAPES", "shapes", NULL}, {"WHY", "reason", NULL},
        {0}};
    json_t *rows = rows_per_run(json_object_get(profile, "nodes"), runs);

    wi_table_print("\n", columns, rows, NULL);
    json_decref(rows);
}

static void comparison_show(const json_t *comparison)
{
    static const struct wi_column columns[] = {{"OPERATOR", "operator", NULL},
        {"RAN ON", "platform", NULL}, {"BEFORE", "{before_ms:3g} ms", NULL},
        {"NOW", "{now_ms:3g} ms", NULL}, {"MORE", "{difference_ms:3g} ms", NULL},
        {"CHANGE", "change", NULL}, {0}};

    wi_table_print("\n", columns, comparison, "\nThe profiles have no operators.");
}

static void capture_print(const json_t *capture)
{
    struct wi_buffer text = {0};

    if (!capture)
        return;
    wi_buffer_puts(&text, "graph capture: ");
    wi_cli_put_capture(&text, capture);
    wi_buffer_puts(&text, "\n");
    wi_plain_flush(stdout, &text);
}

static void profile_print(
    const struct wi_cli *cli, const json_t *answer, const json_t *profile, const json_t *comparison)
{
    double runs = wi_json_number(profile, "runs");
    json_t *head = json_pack("{s:f, s:b}", "mean_ms", wi_json_number(profile, "run_ms") / runs,
        "is_gpu", wi_json_is(profile, "clock", "gpu"));

    json_object_update(head, (json_t *)answer);
    wi_table_say("{model_name}< in {executed_on.browser}> on {executed_on.platform}", head);
    wi_table_say("<, {executed_on.engine}>: {result.profile.runs} runs of {mean_ms:3g} ms; times "
                 "are of a mean run, by the clock of the {is_gpu?GPU|CPU}\n",
        head);
    json_decref(head);
    capture_print(json_object_get(profile, "capture"));
    operators_print(profile, runs);
    if (wi_argument_given(&cli->arguments, "nodes"))
        nodes_print(profile, runs);
    if (comparison)
        comparison_show(comparison);
}

/* --- the command ------------------------------------------------------------------------------ */

static enum wi_exit trace_write(const struct wi_cli *cli, const json_t *profile)
{
    struct wi_buffer text = {0};

    if (!wi_argument_given(&cli->arguments, "chrome-trace"))
        return WI_EXIT_OK;
    json_t *trace = wi_profile_trace(profile, cli->arguments.positionals[0]);
    wi_buffer_json(&text, trace);
    enum wi_exit result = wi_cli_lab_write(cli, "chrome-trace", &text);
    wi_buffer_clear(&text);
    json_decref(trace);
    return result;
}

/* `before` may be NULL. */
static enum wi_exit profile_show(const struct wi_cli *cli, json_t *answer, const json_t *before)
{
    const json_t *profile = profile_in(answer);

    if (!(wi_json_number(profile, "runs") > 0))
        return wi_cli_fail(WI_EXIT_FAILED, "the daemon's answer has no profile; is it older?");
    json_t *comparison = before ? wi_profile_compare(before, profile) : NULL;
    if (cli->json && comparison)
        wi_plain_put_json(json_pack("{s:O, s:O}", "answer", answer, "comparison", comparison));
    else if (cli->json)
        wi_plain_put_json(json_incref(answer));
    else
        profile_print(cli, answer, profile, comparison);
    json_decref(comparison);
    return trace_write(cli, profile);
}

enum wi_exit wi_cli_profile(struct wi_cli *cli)
{
    const char *path = wi_argument(&cli->arguments, "against");
    json_t *before = path ? profile_load(path) : NULL;
    json_t *order = json_object(), *answer = NULL;
    struct wi_error error = {0};

    if (path && !before) {
        json_decref(order);
        return WI_EXIT_USAGE;
    }
    enum wi_exit result = WI_EXIT_USAGE;
    if (order_make(order, &cli->arguments, &error) != WI_OK)
        wi_cli_complain(&error);
    else
        result = wi_cli_exchange(cli,
            &(struct wi_rest_request){
                .path = "/v1/benchmark", .json = json_incref(order), .timeout_ms = EXCHANGE_MS},
            &answer);
    if (result == WI_EXIT_OK)
        result = profile_show(cli, answer, before);
    json_decref(answer);
    json_decref(order);
    json_decref(before);
    return result;
}
