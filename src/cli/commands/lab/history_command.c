/* webinfer results history: a model's times over successive runs, as tables with a plot, and the
 * runs with which the model, or the machine itself, became slower. */
#include "cli/commands/commands.h"
#include "cli/commands/lab/lab.h"
#include "cli/own/own_store.h"
#include "cli/text_table.h"

#include "base/net/http.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLOT_COLUMNS 20
#define HASH_SHOWN 10 /* characters of a commit or a hash */
#define PERCENT_MAX 1000

/* --- the plot --------------------------------------------------------------------------------- */

/* The longest time of a series, which takes the whole width. */
static double longest_of(const json_t *points)
{
    const json_t *point;
    double longest = 0;
    size_t i;

    json_array_foreach(points, i, point)
    {
        double high = wi_json_number(point, "high_ms");
        longest = high > longest ? high : longest;
    }
    return longest;
}

static size_t column_of(double ms, double longest)
{
    double share = longest > 0 && ms > 0 ? ms / longest : 0;
    return (size_t)((share < 1 ? share : 1) * (PLOT_COLUMNS - 1) + 0.5);
}

/* "        --o-": the median with its interval, from 0 at the left. NULL: the point has no time. */
static json_t *plot_of(const json_t *point, double longest)
{
    char plot[PLOT_COLUMNS + 1];
    size_t low = column_of(wi_json_number(point, "low_ms"), longest);
    size_t high = column_of(wi_json_number(point, "high_ms"), longest);

    if (!json_is_number(json_object_get(point, "median_ms")))
        return NULL;
    memset(plot, ' ', sizeof plot);
    memset(plot + low, '-', high >= low ? high - low + 1 : 0);
    plot[column_of(wi_json_number(point, "median_ms"), longest)] = 'o';
    plot[(high >= low ? high : low) + 1] = '\0';
    return json_string(plot);
}

/* --- the table -------------------------------------------------------------------------------- */

/* Of a hash, its beginning. */
static json_t *text_shown(const char *what, const char *text)
{
    int is_hash = strcmp(what, "commit") == 0 || strcmp(what, "model") == 0;
    return json_stringn(text, is_hash ? strnlen(text, HASH_SHOWN) : strlen(text));
}

/* "browser 156 to 157, flags": JSON is not shown, only that it is another one. */
static json_t *changed_of(const json_t *point)
{
    struct wi_buffer text = {0};
    const json_t *changed;
    size_t i;

    json_array_foreach(json_object_get(point, "changed"), i, changed)
    {
        const char *what = wi_json_text(changed, "what"), *before = wi_json_text(changed, "before");
        const char *now = wi_json_text(changed, "now");
        if (!what || !before || !now)
            continue;
        json_t *row = json_pack("{s:s}", "what", what);
        if (*before != '{' && *before != '[')
            json_object_update_new(row, json_pack("{s:o, s:o}", "before", text_shown(what, before),
                                            "now", text_shown(what, now)));
        wi_buffer_puts(&text, text.size ? ", " : "");
        wi_table_fill(&text, "{what}< {before} to {now}>", row);
        json_decref(row);
    }
    json_t *value = text.size ? json_string(text.text) : NULL;
    wi_buffer_clear(&text);
    return value;
}

/* A point with what its line and the sentences show: the run's members, and texts. */
static json_t *point_row(const json_t *history, const json_t *point, double longest)
{
    const char *id = wi_json_text(point, "run");
    const json_t *run = id ? wi_json_find(json_object_get(history, "runs"), "id", id) : NULL;
    const char *commit = wi_json_text(run, "webinfer.commit");
    json_t *row = json_copy((json_t *)point);

    json_object_set_new(row, "changed", changed_of(point) ?: json_null());
    json_object_set_new(row, "plot", plot_of(point, longest) ?: json_null());
    json_object_set(row, "began_at", json_object_get(run, "began_at"));
    json_object_set(row, "version", json_object_get(json_object_get(run, "webinfer"), "version"));
    if (commit)
        json_object_set_new(row, "commit", text_shown("commit", commit));
    if (json_is_true(json_object_get(run, "noisy")))
        json_object_set_new(row, "noisy", json_string("noisy"));
    return row;
}

static void put_change(struct wi_buffer *out, const json_t *row)
{
    if (wi_json_is(row, "change", "slower") || wi_json_is(row, "change", "faster"))
        wi_table_fill(out, "{change} {ratio.value:3g}", row);
    else if (wi_json_is(row, "outcome", "ok"))
        wi_table_fill(out, "{change}<: {reason}>", row);
    else
        wi_table_fill(out, "{outcome}<: {reason}>", row);
    wi_table_fill(out, "<, {noisy}>", row);
}

static void print_table(const json_t *rows)
{
    static const struct wi_column columns[] = {{"RUN", "run", NULL},
        {"BEGAN", "{began_at:16z}", NULL}, {"BROWSER", "browser_version", NULL},
        {"ENGINE", "engine_version", NULL}, {"WEBINFER", "version", NULL},
        {"COMMIT", "commit", NULL}, {"MEDIAN", "{median_ms:4g} ms", NULL},
        {"95 %", "{low_ms:4g} to {high_ms:4g}", NULL}, {"TIME", "plot", NULL},
        {"CHANGE", "", put_change}, {"CHANGED", "changed", NULL}, {0}};

    wi_table_print("", columns, rows, NULL);
}

/* --- the sentences ---------------------------------------------------------------------------- */

/* Prints a sentence for a run that changed something; whether there is one. */
static int say_change(const json_t *row)
{
    static const struct {
        const char *change, *text;
    } texts[] = {{"slower", "slower with {run}<, begun {began_at:16z}>: {ratio.value:3g} "
                            "({ratio.low:3g} to {ratio.high:3g}) times the time in {against}"},
        {"faster", "faster with {run}<, begun {began_at:16z}>: {ratio.value:3g} "
                   "({ratio.low:3g} to {ratio.high:3g}) times the time in {against}"},
        {"broken", "broken with {run}<, begun {began_at:16z}>: {outcome}<, {reason}>"},
        {"mended", "mended with {run}<, begun {began_at:16z}>"}};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (wi_json_is(row, "change", texts[i].change)) {
            wi_table_say(texts[i].text, row);
            wi_table_say("<; since the run before: {changed}>\n", row);
            return 1;
        }
    return 0;
}

static void print_series(const json_t *history, const json_t *series, int is_first)
{
    const json_t *points = json_object_get(series, "points"), *point;
    double longest = longest_of(points);
    json_t *rows = json_array();
    size_t i, said = 0;

    json_array_foreach(points, i, point)
    {
        json_array_append_new(rows, point_row(history, point, longest));
    }
    wi_table_say(
        is_first ? "{simulated?simulated: }{cell}\n" : "\n{simulated?simulated: }{cell}\n", series);
    print_table(rows);
    json_array_foreach(rows, i, point)
    {
        said += say_change(point);
    }
    if (said == 0)
        wi_table_say("no run made it slower or faster by more than {percent} %\n", history);
    json_decref(rows);
}

static void say_shift(const json_t *shift)
{
    double ratio = wi_json_number(shift, "ratio");
    json_t *row = json_copy((json_t *)shift);
    const char *text = wi_json_is(shift, "blame", "machine")
                           ? "the machine itself became {way} with {run}"
                       : wi_json_is(shift, "blame", "browser")
                           ? "{browser} itself became {way} with {run}"
                           : "the machine or {browser} itself became {way} with {run}";

    json_object_set_new(row, "way", json_string(ratio > 1 ? "slower" : "faster"));
    wi_table_say(text, row);
    wi_table_say(
        ": the yardstick in {browser} takes {ratio:3g} times as long as in {against}\n", row);
    json_decref(row);
}

static void history_print(const struct wi_cli *cli, const json_t *history)
{
    const json_t *series = json_object_get(history, "series"), *one;
    const json_t *shifts = json_object_get(history, "shifts");
    size_t i;

    if (json_array_size(series) == 0)
        wi_table_say(
            "No run that was made here has measured {model}; webinfer bench adds one.\n", history);
    json_array_foreach(series, i, one)
    {
        print_series(history, one, i == 0);
    }
    if (json_array_size(shifts) > 0)
        puts("");
    json_array_foreach(shifts, i, one)
    {
        say_shift(one);
    }
    if (json_is_true(json_object_get(history, "has_more")))
        puts("There are older runs: --limit shows more.");
}

/* --- the command ------------------------------------------------------------------------------ */

/* The digits of a percentage, "10%" or "10", in `out`; 0, or -1 once the error is printed. */
static int read_percent(const char *text, char out[8])
{
    size_t digits = strspn(text, "0123456789");
    uint64_t percent = 0;

    if (digits < 8) {
        memcpy(out, text, digits);
        out[digits] = '\0';
    }
    if (digits < 8 && (!text[digits] || strcmp(text + digits, "%") == 0) &&
        wi_parse_length(out, &percent) == 0 && percent >= 1 && percent <= PERCENT_MAX)
        return 0;
    fprintf(stderr,
        "webinfer: --threshold %s is not a whole percentage\n  expected: 1%% to %d%%, such as "
        "10%%\n",
        text, PERCENT_MAX);
    return -1;
}

static enum wi_exit history_ask(struct wi_cli *cli)
{
    static const char *const filters[] = {"browser", "platform", "limit"};
    const struct wi_arguments *arguments = &cli->arguments;
    const char *threshold = wi_argument(arguments, "threshold");
    struct wi_buffer path = {0};
    char percent[8];

    if (threshold && read_percent(threshold, percent) != 0)
        return WI_EXIT_USAGE;
    wi_buffer_puts(&path, "/v1/history/results");
    wi_rest_add_argument(&path, '?', "model", arguments->positionals[0]);
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        wi_rest_add_argument(&path, '&', filters[i], wi_argument(arguments, filters[i]));
    wi_rest_add_argument(&path, '&', "percent", threshold ? percent : NULL);
    enum wi_exit result = wi_cli_show(cli, path.text, history_print);
    wi_buffer_clear(&path);
    return result;
}

enum wi_exit wi_cli_results_history(struct wi_cli *cli)
{
    return wi_own_store_ask(cli, history_ask);
}
