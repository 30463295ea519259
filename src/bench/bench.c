/*
 * webinfer bench: measures models at every place where they can run, cell by cell, and records
 * failures with their reasons; the daemon stores the run (webinfer results).
 */
#include "bench/bench.h"

#include "bench/gate.h"
#include "bench/patience.h"
#include "bench/suite_case.h"

#include "base/clock.h"
#include "base/memory.h"
#include "cli/commands/lab/lab.h"
#include "cli/events.h"
#include "cli/own/own_program.h"
#include "cli/own/own_store.h"
#include "cli/text_table.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET_MAX 64 /* bytes of browser.KIND.headless=no */

struct bench {
    struct wi_cli *cli;
    struct wi_own_daemon daemon;
    struct wi_own_program native;
    struct wi_bench_choice choice;
    struct wi_bench_rounds rounds;
    char *before; /* owned: the earlier run to compare with, by its id or file; NULL: none */
};

static void bench_announce(const struct bench *bench)
{
    struct wi_buffer text = {0};
    size_t together = wi_bench_rounds_together(&bench->rounds), all = 0;
    for (size_t i = 0; i < bench->rounds.side_count; i++)
        all += bench->rounds.sides[i].plan.count;
    wi_buffer_printf(&text, "webinfer: run %s: %zu cells to measure, ",
        bench->rounds.sides[0].keep.id, bench->rounds.live);
    if (together > 1)
        wi_buffer_printf(&text, "up to %zu at a time, ", together);
    else
        wi_buffer_puts(&text, "one at a time, ");
    wi_buffer_printf(
        &text, "and %zu that need not be or cannot, at most ", all - bench->rounds.live);
    wi_table_seconds(&text, (double)bench->choice.all_ms / 1000);
    fprintf(stderr, "%s\n", text.text);
    wi_buffer_clear(&text);
}

static void say_resume(const struct bench *bench, const struct wi_bench_side *side)
{
    const struct wi_arguments *arguments = &bench->cli->arguments;
    fprintf(stderr, "webinfer: to measure the rest: webinfer bench --resume %s", side->keep.id);
    for (size_t i = 0; i < arguments->count; i++)
        if (strcmp(arguments->items[i].option->name, "resume") != 0)
            fprintf(stderr, arguments->items[i].value ? " --%s %s" : " --%s",
                arguments->items[i].option->name, arguments->items[i].value);
    for (unsigned i = 0; i < arguments->positional_count; i++)
        fprintf(stderr, " %s", arguments->positionals[i]);
    fputc('\n', stderr);
}

static int has_wrong(const struct wi_bench_side *side)
{
    static const enum wi_lab_outcome wrong[] = {WI_LAB_INEXACT, WI_LAB_CRASHED, WI_LAB_FAILED};
    for (size_t i = 0; i < side->plan.count; i++)
        for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
            if (wi_bench_has(&side->plan.cells[i], wrong[k]))
                return 1;
    return 0;
}

static const char *run_of(const struct wi_bench_side *side)
{
    return side->keep.file ? side->keep.file : side->keep.id;
}

/* With the run of the other daemon, or with an earlier one. With --html the document is that of the
 * run; other reports are those of the comparison. */
static enum wi_exit gate_report(struct bench *bench, struct wi_bench_side *side)
{
    int is_pair = bench->rounds.side_count > 1;
    struct wi_bench_side *other = is_pair ? side + 1 : side;
    enum wi_exit result = WI_EXIT_OK;
    if (wi_argument_given(&bench->cli->arguments, "html"))
        result = wi_cli_lab_page(&side->cli, run_of(side));
    if (result != WI_EXIT_OK)
        return result;
    return wi_cli_lab_compare(
        bench->cli, &other->cli, is_pair ? run_of(other) : bench->before, &side->cli, run_of(side));
}

static enum wi_exit bench_report(struct bench *bench)
{
    struct wi_bench_side *side = &bench->rounds.sides[0];
    enum wi_exit result = bench->rounds.side_count > 1 || bench->before
                              ? gate_report(bench, side)
                              : wi_cli_lab_show(&side->cli, run_of(side));
    return result == WI_EXIT_OK && has_wrong(side) ? WI_EXIT_FAILED : result;
}

/* Stores the cells that are left in the run, so that it can be resumed. 0 or -1. */
static int keep_left(const struct bench *bench, struct wi_bench_side *side)
{
    const char *reason =
        bench->rounds.end == WI_BENCH_DONE ? "the time of --time was up" : "it was ended before";
    int failed = 0;
    for (size_t i = 0; i < side->plan.count && !failed; i++) {
        struct wi_bench_cell *cell = &side->plan.cells[i];
        if (cell->over)
            continue;
        cell->count = cell->writing_count = 0;
        wi_bench_cell_end(cell, WI_LAB_NOT_RUN, reason);
        failed = wi_bench_keep_cell(&side->keep, cell) != 0;
    }
    return failed ? -1 : 0;
}

/* A run that has cells left has not ended. */
static enum wi_exit end_runs(struct bench *bench)
{
    size_t left = 0;
    int failed = bench->rounds.end == WI_BENCH_LOST;
    for (size_t i = 0; i < bench->rounds.side_count; i++) {
        size_t live = wi_bench_side_live(&bench->rounds.sides[i]);
        left += live;
        if (live > 0 && bench->rounds.side_count == 1)
            say_resume(bench, &bench->rounds.sides[i]);
        if (live > 0 && !failed && keep_left(bench, &bench->rounds.sides[i]) != 0)
            failed = 1;
        if (live == 0 && wi_bench_keep_end(&bench->rounds.sides[i].keep) != 0)
            failed = 1;
    }
    if (left > 0 && bench->rounds.end == WI_BENCH_DONE)
        fprintf(stderr, "webinfer: the time was up before %zu cells were measured\n", left);
    if (failed && !wi_own_program_has_ended(&bench->daemon.program))
        fprintf(stderr, "webinfer: the daemon has not answered for %d s\n",
            WI_BENCH_PATIENCE_MS / 1000);
    if (failed)
        return WI_EXIT_NO_SERVER;
    enum wi_exit result = bench_report(bench);
    return left > 0 && result == WI_EXIT_OK ? WI_EXIT_FAILED : result;
}

/* The folder of tests is the daemon's model directory. The answers are judged here, so the guard is
 * off. */
static void add_suite(struct wi_strings *settings, const char *folder)
{
    char *whole = realpath(folder, NULL);
    char *setting = wi_sprintf("models.directory=%s", whole ? whole : folder);
    wi_strings_add(settings, setting);
    wi_strings_add(settings, "pool.numerics=off");
    free(setting);
    free(whole);
}

/* The runs outlive the daemon, so that --resume finds them; uploaded files and folders do not. */
static void add_places(struct wi_strings *settings, const struct wi_arguments *arguments)
{
    wi_own_store_set(settings);
    for (unsigned i = 0; i < arguments->positional_count; i++)
        if (wi_bench_side_is_path(arguments->positionals[i])) {
            wi_strings_add(settings, "models.directory=");
            break;
        }
}

/* --start: starts a daemon for this command, which ends with it. */
static enum wi_exit start_daemon(struct bench *bench)
{
    static const char *const kinds[] = {"chrome", "edge", "firefox", "safari"};
    const char *headless = wi_argument(&bench->cli->arguments, "headless");
    const char *suite = wi_argument(&bench->cli->arguments, "suite");
    struct wi_strings settings = {0};
    struct wi_error error = {0};
    if (suite)
        add_suite(&settings, suite);
    else
        add_places(&settings, &bench->cli->arguments);
    for (size_t i = 0; headless && i < sizeof kinds / sizeof *kinds; i++) {
        char setting[SET_MAX];
        snprintf(setting, sizeof setting, "browser.%s.headless=%.3s", kinds[i], headless);
        wi_strings_add(&settings, setting);
    }
    enum wi_code code = wi_own_daemon_start(&bench->daemon, &settings, &error);
    wi_strings_clear(&settings);
    if (code == WI_OK)
        return WI_EXIT_OK;
    wi_cli_complain(&error);
    return WI_EXIT_NO_SERVER;
}

/* --native: starts onnxruntime-node, joined to the daemon that is measured. */
static enum wi_exit start_native(struct bench *bench, const struct wi_cli *cli)
{
    struct wi_error error = {0};
    json_t *join;
    enum wi_exit result = wi_cli_exchange(cli,
        &(struct wi_rest_request){.path = "/v1/admin/join", .json = json_pack("{s:i}", "nodes", 1)},
        &join);
    const char *link = wi_json_text(join, "url");
    if (result == WI_EXIT_OK &&
        wi_own_node_start(&bench->native, link ? link : "", &error) != WI_OK) {
        wi_cli_complain(&error);
        result = WI_EXIT_FAILED;
    }
    json_decref(join);
    return result;
}

static void add_side(struct bench *bench, const char *url, const struct wi_own_program *own)
{
    struct wi_bench_side *side = &bench->rounds.sides[bench->rounds.side_count++];
    side->cli = *bench->cli;
    side->cli.own = own;
    side->choice = &bench->choice;
    if (url)
        side->cli.rest.url = url;
}

/* If no daemon is named, and none answers where one would be, one is started. A run that is resumed
 * is in the database of the daemon that measured it, so that there is no default. */
static void choose_daemon(struct wi_cli *cli)
{
    if (wi_argument_given(&cli->arguments, "start") ||
        wi_argument_given(&cli->arguments, "resume") || !wi_own_is_needed(cli))
        return;
    fprintf(stderr, "webinfer: no daemon answers at %s, so one is started for this run\n",
        cli->rest.url);
    wi_argument_default(&cli->arguments, "start", NULL);
}

static enum wi_exit bench_begin(struct bench *bench)
{
    const struct wi_arguments *arguments = &bench->cli->arguments;
    enum wi_exit result = WI_EXIT_OK;
    wi_cli_catch(SIGINT, NULL);
    choose_daemon(bench->cli);
    if (wi_argument_given(arguments, "start"))
        result = start_daemon(bench);
    add_side(bench, bench->daemon.url, &bench->daemon.program);
    if (wi_bench_gate_read(arguments) == WI_BENCH_AGAINST_DAEMON)
        add_side(bench, wi_argument(arguments, "against"), NULL);
    if (result == WI_EXIT_OK && bench->choice.native)
        result = start_native(bench, &bench->rounds.sides[0].cli);
    for (size_t i = 0; i < bench->rounds.side_count && result == WI_EXIT_OK; i++)
        result = wi_bench_side_plan(&bench->rounds.sides[i]);
    if (result == WI_EXIT_OK)
        result = wi_bench_gate_find(&bench->rounds.sides[0], &bench->before);
    if (result == WI_EXIT_OK && wi_argument_given(arguments, "preset"))
        wi_bench_preset_verify(&bench->rounds.sides[0].cli, &bench->choice.browsers);
    /* The head of the run has the number of cells that are measured at a time. */
    if (result == WI_EXIT_OK && bench->rounds.side_count == 1)
        wi_bench_room_ask(&bench->rounds.room, &bench->rounds.sides[0].cli);
    for (size_t i = 0; i < bench->rounds.side_count && result == WI_EXIT_OK; i++) {
        result = wi_bench_side_begin(
            &bench->rounds.sides[i], &bench->choice.seed, wi_bench_rounds_together(&bench->rounds));
        bench->rounds.live += wi_bench_side_live(&bench->rounds.sides[i]);
    }
    return result;
}

static enum wi_exit bench_run(struct bench *bench)
{
    enum wi_exit result = bench_begin(bench);
    if (result != WI_EXIT_OK)
        return result;
    bench_announce(bench);
    wi_bench_rounds_measure(&bench->rounds);
    return end_runs(bench);
}

/* Whether the options go together; prints an error if not. A comparison is measured in one go, so
 * it cannot be resumed. */
static int check_arguments(const struct wi_arguments *arguments)
{
    static const char *const others[] = {"against", "resume", "input", "native", "html", "markdown",
        "junit", "name", "optimization", "preset"};
    int suite = wi_argument_given(arguments, "suite");
    enum wi_bench_against gate = wi_bench_gate_read(arguments);
    int against = gate == WI_BENCH_AGAINST_DAEMON;
    const char *problem = NULL;
    if (against && wi_argument_given(arguments, "resume"))
        problem = "a comparison --against another daemon cannot be resumed: start it again";
    for (size_t i = 0; i < sizeof others / sizeof *others && suite; i++)
        if (wi_argument_given(arguments, others[i]))
            problem = "--suite is no run of the laboratory: it goes together with none of "
                      "--against, --resume, --input, --native, --name, --optimization, --preset, "
                      "--html, --markdown and --junit";
    if (wi_argument_given(arguments, "start") && wi_argument_given(arguments, "url"))
        problem = "--start measures a daemon of its own, and --url names another; --against URL "
                  "measures that one, too";
    if (suite && !wi_argument_given(arguments, "start"))
        problem = "--suite needs --start: its folder is that of the started daemon's models";
    if (suite && arguments->positional_count > 0)
        problem = "with --suite no model is named: those of its folder are";
    if (wi_argument_given(arguments, "fail-on-regression") && gate == WI_BENCH_AGAINST_NOTHING)
        problem = "--fail-on-regression compares nothing without --against URL, FILE or latest";
    if (wi_argument_given(arguments, "native") && against)
        problem = "--native goes with one daemon, and --against names another";
    if (!suite && arguments->positional_count == 0 && !wi_argument_given(arguments, "preset"))
        problem = "a model, a file or a folder is wanted, or --suite";
    if (problem)
        fprintf(stderr, "webinfer: %s\n", problem);
    return !problem;
}

/* Nothing is started for a folder without tests. */
static enum wi_exit run_suite(struct bench *bench)
{
    const char *folder = wi_argument(&bench->cli->arguments, "suite");
    struct wi_strings names = {0};
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;
    wi_cli_catch(SIGINT, NULL);
    if (wi_suite_list(folder, &names, &error) != WI_OK)
        wi_cli_complain(&error);
    else
        result = start_daemon(bench);
    add_side(bench, bench->daemon.url, &bench->daemon.program);
    if (result == WI_EXIT_OK)
        result = wi_bench_suite(&bench->rounds.sides[0], folder, &names);
    wi_strings_clear(&names);
    return result;
}

enum wi_exit wi_bench(struct wi_cli *cli)
{
    struct bench bench = {
        .cli = cli, .daemon = {.program = WI_OWN_NOBODY}, .native = WI_OWN_NOBODY};
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;
    bench.rounds.began_ms = wi_now_ms();
    if (wi_bench_preset_take(&cli->arguments, &error) != WI_OK ||
        wi_bench_choice_read(&bench.choice, &cli->arguments, &error) != WI_OK)
        wi_cli_complain(&error);
    else if (check_arguments(&cli->arguments) && wi_cli_lab_check_threshold(cli) &&
             wi_bench_gate_check(&cli->arguments) == WI_EXIT_OK)
        result =
            wi_argument_given(&cli->arguments, "suite") ? run_suite(&bench) : bench_run(&bench);
    for (size_t i = 0; i < bench.rounds.side_count; i++)
        wi_bench_side_end(&bench.rounds.sides[i]);
    free(bench.before);
    wi_bench_choice_clear(&bench.choice);
    wi_own_program_say_end(&bench.daemon.program, "webinferd", result == WI_EXIT_NO_SERVER);
    wi_own_program_end(&bench.native);
    wi_own_daemon_end(&bench.daemon);
    return result;
}
