/* The earlier run with which a run is compared; see gate.h. */
#include "bench/gate.h"

#include "base/memory.h"
#include "cli/commands/lab/lab.h"
#include "cli/pages.h"
#include "cli/text_table.h"
#include <stdio.h>
#include <string.h>

enum wi_bench_against wi_bench_gate_read(const struct wi_arguments *arguments)
{
    const char *against = wi_argument(arguments, "against");
    return !against                         ? WI_BENCH_AGAINST_NOTHING
           : strcmp(against, "latest") == 0 ? WI_BENCH_AGAINST_LATEST
           : strstr(against, "://")         ? WI_BENCH_AGAINST_DAEMON
           : wi_cli_lab_is_file(against)    ? WI_BENCH_AGAINST_FILE
                                            : WI_BENCH_AGAINST_DAEMON;
}

enum wi_exit wi_bench_gate_check(const struct wi_arguments *arguments)
{
    const char *path = wi_argument(arguments, "against");
    struct wi_lab_run run;
    if (wi_bench_gate_read(arguments) != WI_BENCH_AGAINST_FILE)
        return WI_EXIT_OK;
    if (strcmp(path, "-") == 0)
        return wi_cli_fail(WI_EXIT_USAGE, "--against reads no standard input; name a file");
    enum wi_exit result = wi_cli_lab_load_file(path, &run);
    if (result == WI_EXIT_OK)
        wi_lab_run_clear(&run);
    return result;
}

/* Whether it has ended, was made here, and is simulated if and only if the new one is. */
static int is_comparable(const json_t *row, int simulated)
{
    return wi_json_text(row, "id") && json_is_integer(json_object_get(row, "ended_at")) &&
           !json_is_true(json_object_get(row, "imported")) &&
           json_is_true(json_object_get(row, "simulated")) == simulated;
}

static enum wi_exit find_latest(const struct wi_bench_side *side, char **before)
{
    const struct wi_strings *platforms = &side->choice->platforms;
    int simulated = platforms->count == 1 && wi_strings_contain(platforms, "simulated");
    const char *model = side->subjects[0].title;
    struct wi_buffer path = {0};
    const json_t *row;
    wi_buffer_puts(&path, "/v1/results");
    wi_rest_add_argument(&path, '?', "model", model);
    struct wi_pages pages = {.cli = &side->cli, .path = path.text, .member = "results"};
    while ((row = wi_pages_row(&pages)) && !is_comparable(row, simulated))
        ;
    if (row) {
        struct wi_buffer text = {0};
        wi_table_fill(&text, "webinfer: compared with the run {id} of {began_at:19z}\n", row);
        fputs(text.text, stderr);
        wi_buffer_clear(&text);
        *before = wi_strdup(wi_json_text(row, "id"));
    }
    enum wi_exit result = wi_pages_close(&pages);
    if (result == WI_EXIT_OK && !*before)
        fprintf(stderr,
            "webinfer: there is no earlier run of %s to compare with; the next one is compared "
            "with this one\n",
            model);
    wi_buffer_clear(&path);
    return result;
}

enum wi_exit wi_bench_gate_find(const struct wi_bench_side *side, char **before)
{
    const struct wi_arguments *arguments = &side->cli.arguments;
    enum wi_bench_against against = wi_bench_gate_read(arguments);
    if (against == WI_BENCH_AGAINST_LATEST)
        return find_latest(side, before);
    if (against == WI_BENCH_AGAINST_FILE)
        *before = wi_strdup(wi_argument(arguments, "against"));
    return WI_EXIT_OK;
}
