/* webinfer results compare: shows what became slower, faster or broken from one run to another,
 * with an exit status for pipelines. */
#include "cli/commands/commands.h"
#include "cli/commands/lab/lab.h"
#include "cli/plain.h"
#include "cli/text_table.h"

#include "terms/lab/report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THRESHOLD_MIN 0.001
#define THRESHOLD_MAX 10

/* A share, "10%" or "0.1"; the default one for NULL; -1: the text is no share. */
static double read_threshold(const char *text)
{
    char *end;

    if (!text)
        return WI_LAB_THRESHOLD;
    double threshold = strtod(text, &end);
    if (*end == '%') {
        threshold /= 100;
        end++;
    }
    int is_share = end != text && !*end && threshold >= THRESHOLD_MIN && threshold <= THRESHOLD_MAX;
    return is_share ? threshold : -1;
}

static json_t *row_of(const struct wi_lab_difference *difference)
{
    const struct wi_lab_cell *before = difference->before, *now = difference->now;
    json_t *row = json_pack("{s:o, s:s, s:s*, s:s*}", "cell",
        wi_cli_lab_name(wi_lab_difference_cell(difference)), "change",
        wi_lab_change_names[difference->change], "before",
        before ? wi_lab_outcome_names[before->outcome] : NULL, "now",
        now ? wi_lab_outcome_names[now->outcome] : NULL);

    if (difference->is_timed)
        json_object_update_new(row,
            json_pack("{s:{s:f, s:f, s:f}, s:f}", "ratio", "value", difference->ratio.value, "low",
                difference->ratio.low, "high", difference->ratio.high, "p", difference->p));
    if (difference->reason)
        json_object_set_new(row, "reason", json_string(difference->reason));
    return row;
}

static void comparison_print(const struct wi_lab_comparison *comparison, const json_t *rows)
{
    static const struct wi_column columns[] = {{"CELL", "cell", NULL}, {"CHANGE", "change", NULL},
        {"BEFORE", "before", NULL}, {"NOW", "now", NULL},
        {"TIME", "{ratio.value:3g} ({ratio.low:3g} to {ratio.high:3g})", NULL}, {"P", "p", NULL},
        {"REASON", "reason", NULL}, {0}};
    static const char *const judgements[] = {"no regression", "regression", "it cannot be told"};

    wi_table_print("", columns, rows, "The runs have no cells.");
    if (comparison->yardstick > 0)
        printf("yardstick: %.3g times the time before\n", comparison->yardstick);
    printf("%s: %s\n", judgements[comparison->judgement], comparison->reason);
}

static void print_json(const struct wi_lab_comparison *comparison, json_t *rows)
{
    static const char *const judgements[] = {"good", "regression", "cannot tell"};
    json_t *document = json_pack("{s:s, s:s, s:s, s:s, s:f, s:O}", "before", comparison->before->id,
        "now", comparison->now->id, "judgement", judgements[comparison->judgement], "reason",
        comparison->reason, "threshold", comparison->threshold, "cells", rows);

    json_object_set_new(document, "yardstick",
        comparison->yardstick > 0 ? json_real(comparison->yardstick) : json_null());
    wi_plain_put_json(document);
}

/* Whether a report does; then nothing else is printed. */
static int goes_to_output(const struct wi_cli *cli)
{
    static const char *const reports[] = {"html", "markdown", "junit"};

    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        const char *path = wi_argument(&cli->arguments, reports[i]);
        if (path && strcmp(path, "-") == 0)
            return 1;
    }
    return 0;
}

static enum wi_exit comparison_report(
    const struct wi_cli *cli, const struct wi_lab_comparison *comparison)
{
    struct wi_buffer markdown = {0}, junit = {0};
    json_t *rows = json_array();

    for (size_t i = 0; i < comparison->count; i++)
        json_array_append_new(rows, row_of(&comparison->differences[i]));
    if (cli->json)
        print_json(comparison, rows);
    else if (!goes_to_output(cli))
        comparison_print(comparison, rows);
    wi_lab_put_markdown_comparison(&markdown, comparison);
    wi_lab_put_junit_comparison(&junit, comparison);
    enum wi_exit result = wi_cli_lab_write(cli, "markdown", &markdown);
    if (result == WI_EXIT_OK)
        result = wi_cli_lab_write(cli, "junit", &junit);
    wi_buffer_clear(&markdown);
    wi_buffer_clear(&junit);
    json_decref(rows);
    return result;
}

int wi_cli_lab_check_threshold(const struct wi_cli *cli)
{
    const char *text = wi_argument(&cli->arguments, "fail-on-regression");

    if (read_threshold(text) >= 0)
        return 1;
    fprintf(stderr,
        "webinfer: --fail-on-regression %s is not a percentage\n  expected: 0.1%% to "
        "1000%%, such as 10%%\n",
        text);
    return 0;
}

static enum wi_exit runs_compare(
    const struct wi_cli *cli, const struct wi_lab_run *before, const struct wi_lab_run *now)
{
    static const enum wi_exit exits[] = {WI_EXIT_OK, WI_EXIT_FAILED, WI_EXIT_CANNOT_TELL};
    struct wi_lab_comparison comparison;
    const char *threshold = wi_argument(&cli->arguments, "fail-on-regression");

    wi_lab_compare(&comparison, before, now, read_threshold(threshold));
    enum wi_exit result = comparison_report(cli, &comparison);
    if (result == WI_EXIT_OK)
        result = exits[comparison.judgement];
    wi_lab_comparison_clear(&comparison);
    return result;
}

enum wi_exit wi_cli_lab_compare(struct wi_cli *cli, struct wi_cli *before_at, const char *before,
    struct wi_cli *now_at, const char *now)
{
    struct wi_lab_run earlier, later;
    enum wi_exit result = wi_cli_lab_load(before_at, before, &earlier);

    if (result != WI_EXIT_OK)
        return result;
    result = wi_cli_lab_load(now_at, now, &later);
    if (result == WI_EXIT_OK) {
        result = runs_compare(cli, &earlier, &later);
        wi_lab_run_clear(&later);
    }
    wi_lab_run_clear(&earlier);
    return result;
}

static enum wi_exit named_compare(struct wi_cli *cli)
{
    const char *const *names = cli->arguments.positionals;

    return wi_cli_lab_compare(cli, cli, names[0], cli, names[1]);
}

enum wi_exit wi_cli_results_compare(struct wi_cli *cli)
{
    return wi_cli_lab_check_threshold(cli) ? wi_cli_lab_ask(cli, named_compare) : WI_EXIT_USAGE;
}
