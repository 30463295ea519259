/*
 * webinfer bench: models measured wherever they can run, cell by cell, with what failed and why;
 * the daemon keeps the run (webinfer results).
 */
#include "cli/cli.h"
#include "cli/commands/bench/side.h"
#include "cli/commands/bench/start.h"
#include "cli/commands/bench/suite.h"
#include "cli/commands/bench/suite_case.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/bar.h"
#include "cli/commands/lab/lab.h"
#include "cli/events.h"
#include "cli/progress.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUESS_MS 4000 /* of a cell, before anybody knows */
#define LOSSES_MAX 3  /* of a cell, by a daemon that comes back each time */
#define SIDES_MAX 2   /* this daemon, and that of --against */
#define JOIN_MS 30000
#define SET_MAX 64 /* bytes of browser.KIND.headless=no */

struct bench {
    struct wi_cli *cli;
    struct wi_own_daemon daemon;
    struct wi_own_program native;
    struct wi_bench_choice choice;
    struct wi_bench_side sides[SIDES_MAX];
    size_t side_count;
    size_t done, live; /* cells */
    double until_ms;
    enum wi_bench_end end;
    int terminal;
};

/* A cell of one of the sides, as a number: those of both are measured in one order. */
static unsigned number_of(const struct bench *bench, size_t side, size_t cell)
{
    return (unsigned)(cell * bench->side_count + side);
}

static struct wi_bench_side *side_of(struct bench *bench, unsigned number)
{
    return &bench->sides[number % bench->side_count];
}

static struct wi_bench_cell *cell_of(struct bench *bench, unsigned number)
{
    return &side_of(bench, number)->plan.cells[number / bench->side_count];
}

/* --- what people see -------------------------------------------------------------------------- */

static void announce(const struct bench *bench)
{
    struct wi_buffer text = {0};
    double guess = fmin(GUESS_MS, (double)bench->choice.cell_ms) * (double)bench->live;
    size_t all = 0;
    for (size_t i = 0; i < bench->side_count; i++)
        all += bench->sides[i].plan.count;
    wi_buffer_printf(&text,
        "webinfer: run %s: %zu cells to measure, %zu that need not be or cannot; ",
        bench->sides[0].keep.id, bench->live, all - bench->live);
    wi_buffer_puts(&text, "about ");
    wi_bar_seconds(&text, fmin(guess, (double)bench->choice.all_ms) / 1000);
    wi_buffer_puts(&text, ", at most ");
    wi_bar_seconds(&text, (double)bench->choice.all_ms / 1000);
    fprintf(stderr, "%s\n", text.text);
    wi_buffer_clear(&text);
}

/* "[12 of 48] digits chrome/webgpu page" on a terminal, where the next takes its place. */
static void show(const struct bench *bench, const struct wi_bench_cell *cell)
{
    struct wi_buffer text = {0};
    if (!bench->terminal)
        return;
    wi_buffer_printf(&text, "[%zu of %zu] ", bench->done, bench->live);
    wi_bench_put_name(&text, cell);
    fprintf(stderr, "\r\033[K%.*s", (int)wi_cli_progress_columns() - 1, text.text);
    wi_buffer_clear(&text);
}

/* "digits chrome/webgpu page: ok" in a log. */
static void show_end(const struct bench *bench, const struct wi_bench_cell *cell)
{
    struct wi_buffer text = {0};
    if (bench->terminal)
        return;
    wi_bench_put_name(&text, cell);
    fprintf(stderr, "%s: %s\n", text.text,
        json_string_value(json_object_get(cell->document, "outcome")));
    wi_buffer_clear(&text);
}

/* --- a cell ----------------------------------------------------------------------------------- */

static double median_of(const struct wi_bench_cell *cell)
{
    return cell->count > 0 ? wi_lab_median_of(cell->samples, cell->count) : INFINITY;
}

/* What the service chose is compared with the best place that is right. */
static void find_baseline(const struct wi_bench_side *side, struct wi_bench_cell *chosen)
{
    const struct wi_bench_cell *best = NULL;
    for (size_t i = 0; i < side->plan.count; i++) {
        const struct wi_bench_cell *cell = &side->plan.cells[i];
        if (cell->clock == WI_LAB_CLIENT && cell->batch == chosen->batch &&
            cell->concurrency == chosen->concurrency && cell != chosen &&
            strcmp(cell->model, chosen->model) == 0 && wi_bench_is_ok(cell) &&
            (!best || median_of(cell) < median_of(best)))
            best = cell;
    }
    if (best)
        json_object_set_new(chosen->document, "baseline", json_integer(best->index));
}

/* What it came to, and the daemon keeps it. */
static void finish(struct bench *bench, struct wi_bench_side *side, struct wi_bench_cell *cell)
{
    if (!cell->over && cell->count >= wi_bench_least(&bench->choice))
        wi_bench_cell_end(cell, WI_LAB_OK, NULL);
    else if (!cell->over)
        wi_bench_cell_end(
            cell, WI_LAB_TOO_SLOW, "the time of a cell was up before it ran five times");
    if (wi_bench_is_auto(cell) && wi_bench_is_ok(cell))
        find_baseline(side, cell);
    bench->done++;
    if (wi_bench_keep_cell(&side->keep, cell) != 0)
        bench->end = WI_BENCH_LOST;
    show_end(bench, cell);
}

static int goes_on(struct bench *bench)
{
    if (bench->end == WI_BENCH_DONE && wi_cli_is_interrupted())
        bench->end = WI_BENCH_STOPPED;
    return bench->end == WI_BENCH_DONE && wi_now_ms() < bench->until_ms;
}

/* One that goes away and comes back again and again is ended by it. */
static enum wi_bench_end measure_once(const struct wi_bench_side *side,
    const struct wi_bench_subject *subject, struct wi_bench_cell *cell, unsigned share)
{
    for (unsigned losses = 0; losses < LOSSES_MAX; losses++) {
        enum wi_bench_end end = wi_bench_measure(&side->measure, subject, cell, share);
        if (end != WI_BENCH_LOST)
            return end;
        if (!wi_bench_await(&side->measure))
            return wi_cli_is_interrupted() ? WI_BENCH_STOPPED : WI_BENCH_LOST;
    }
    wi_bench_cell_end(cell, WI_LAB_CRASHED, "the daemon went away each time it was tried");
    return WI_BENCH_DONE;
}

/* How long a run takes is known after the first, and then how many there may be. */
static void measure_cell(struct bench *bench, struct wi_bench_side *side,
    const struct wi_bench_subject *subject, struct wi_bench_cell *cell, unsigned round)
{
    unsigned share = wi_bench_share(&bench->choice, cell, round);
    int is_first = cell->run_ms <= 0;
    show(bench, cell);
    if (share > 0)
        bench->end = measure_once(side, subject, cell, share);
    if (is_first && !cell->over && goes_on(bench) &&
        (share = wi_bench_share(&bench->choice, cell, round)) > 0)
        bench->end = measure_once(side, subject, cell, share);
    if (bench->end == WI_BENCH_DONE &&
        (cell->over || (round == WI_BENCH_ROUNDS - 1 && !wi_bench_is_auto(cell))))
        finish(bench, side, cell);
}

/* --- the order -------------------------------------------------------------------------------- */

/* What is measured together: the cells of a model, or the yardsticks of a time. */
struct group {
    size_t subject;             /* its number on each side */
    enum wi_lab_yardstick when; /* WI_LAB_YARDSTICKS: it is a model's */
    struct wi_bench_subject *yardstick;
    unsigned *numbers; /* owned */
    size_t count;
};

static struct wi_bench_subject *subject_of(
    const struct group *group, const struct wi_bench_side *side)
{
    return group->yardstick ? group->yardstick : &side->subjects[group->subject];
}

static int belongs(
    const struct group *group, const struct wi_bench_side *side, const struct wi_bench_cell *cell)
{
    const char *yardstick = json_string_value(json_object_get(cell->document, "yardstick"));
    if (group->yardstick)
        return yardstick && strcmp(yardstick, wi_lab_yardstick_names[group->when]) == 0;
    return !yardstick && strcmp(cell->model, side->subjects[group->subject].name) == 0;
}

static void gather(struct bench *bench, struct group *group)
{
    for (size_t s = 0; s < bench->side_count; s++) {
        const struct wi_bench_side *side = &bench->sides[s];
        for (size_t i = 0; i < side->plan.count; i++) {
            if (side->plan.cells[i].over || !belongs(group, side, &side->plan.cells[i]))
                continue;
            group->numbers = wi_grow_array(group->numbers, group->count, sizeof *group->numbers);
            group->numbers[group->count++] = number_of(bench, s, i);
        }
    }
}

static void measure_round(struct bench *bench, const struct group *group, unsigned round)
{
    wi_bench_shuffle(group->numbers, group->count, bench->choice.seed, round);
    for (size_t s = 0; s < bench->side_count && !group->yardstick && round < WI_BENCH_COLD; s++)
        wi_bench_unload(&bench->sides[s].measure, subject_of(group, &bench->sides[s]));
    for (size_t i = 0; i < group->count && goes_on(bench); i++) {
        struct wi_bench_cell *cell = cell_of(bench, group->numbers[i]);
        struct wi_bench_side *side = side_of(bench, group->numbers[i]);
        if (!cell->over)
            measure_cell(bench, side, subject_of(group, side), cell, round);
    }
}

/* What `auto` is compared with is known when all others are over. Where the time is up what has
 * enough samples counts. */
static void finish_rest(struct bench *bench, const struct group *group)
{
    for (size_t i = 0; i < group->count && bench->end == WI_BENCH_DONE; i++) {
        struct wi_bench_cell *cell = cell_of(bench, group->numbers[i]);
        if (!cell->over && cell->count >= wi_bench_least(&bench->choice))
            finish(bench, side_of(bench, group->numbers[i]), cell);
    }
}

static void measure_group(struct bench *bench, struct group *group)
{
    gather(bench, group);
    for (unsigned round = 0; round < WI_BENCH_ROUNDS && group->count > 0 && goes_on(bench); round++)
        measure_round(bench, group, round);
    finish_rest(bench, group);
    free(group->numbers);
}

static void measure_yardsticks(
    struct bench *bench, struct wi_bench_subject *subject, enum wi_lab_yardstick when)
{
    if (goes_on(bench))
        measure_group(bench, &(struct group){.when = when, .yardstick = subject});
}

static void measure_subject(struct bench *bench, size_t subject)
{
    for (size_t s = 0; s < bench->side_count && goes_on(bench); s++)
        bench->end = wi_bench_refer(&bench->sides[s].measure, &bench->sides[s].subjects[subject]);
    if (goes_on(bench))
        measure_group(bench, &(struct group){.when = WI_LAB_YARDSTICKS, .subject = subject});
}

static void measure_all(struct bench *bench)
{
    struct wi_bench_ask ask = {.batch = 1, .request = json_object()};
    struct wi_bench_subject yardstick = {.name = WI_BENCH_YARDSTICK, .asks = &ask, .count = 1};
    size_t count = bench->sides[0].count;
    bench->until_ms = wi_now_ms() + (double)bench->choice.all_ms;
    measure_yardsticks(bench, &yardstick, WI_LAB_BEFORE);
    for (size_t i = 0; i < count && goes_on(bench); i++) {
        measure_subject(bench, i);
        if (i == (count - 1) / 2)
            measure_yardsticks(bench, &yardstick, WI_LAB_BETWEEN);
    }
    measure_yardsticks(bench, &yardstick, WI_LAB_AFTER);
    if (bench->terminal)
        fputs("\r\033[K", stderr);
    json_decref(ask.request);
}

/* --- the end ---------------------------------------------------------------------------------- */

/* The command that goes on with a run, as it was given. */
static void say_resume(const struct bench *bench, const struct wi_bench_side *side)
{
    const struct wi_arguments *arguments = &bench->cli->arguments;
    fprintf(stderr, "webinfer: what is left of it: webinfer bench --resume %s", side->keep.id);
    for (size_t i = 0; i < arguments->count; i++)
        if (strcmp(arguments->items[i].option->name, "resume") != 0)
            fprintf(stderr, arguments->items[i].value ? " --%s %s" : " --%s",
                arguments->items[i].option->name, arguments->items[i].value);
    for (unsigned i = 0; i < arguments->positional_count; i++)
        fprintf(stderr, " %s", arguments->positionals[i]);
    fputc('\n', stderr);
}

/* Whether something was found that should not be. */
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

/* What has become slower on this side. */
static enum wi_exit compare(struct bench *bench)
{
    struct wi_lab_run before, now;
    enum wi_exit result = wi_cli_lab_load(&bench->sides[1].cli, run_of(&bench->sides[1]), &before);
    if (result != WI_EXIT_OK)
        return result;
    result = wi_cli_lab_load(&bench->sides[0].cli, run_of(&bench->sides[0]), &now);
    if (result == WI_EXIT_OK) {
        result = wi_cli_lab_compare(bench->cli, &before, &now);
        wi_lab_run_clear(&now);
    }
    wi_lab_run_clear(&before);
    return result;
}

static enum wi_exit report(struct bench *bench)
{
    struct wi_bench_side *side = &bench->sides[0];
    enum wi_exit result =
        bench->side_count > 1 ? compare(bench) : wi_cli_lab_show(&side->cli, run_of(side));
    return result == WI_EXIT_OK && has_wrong(side) ? WI_EXIT_FAILED : result;
}

/* What is left is in the run as well, until somebody goes on with it. 0 or -1. */
static int keep_left(const struct bench *bench, struct wi_bench_side *side)
{
    const char *reason =
        bench->end == WI_BENCH_DONE ? "the time of --time was up" : "it was ended before";
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
    int failed = bench->end == WI_BENCH_LOST;
    for (size_t i = 0; i < bench->side_count; i++) {
        size_t live = wi_bench_side_live(&bench->sides[i]);
        left += live;
        if (live > 0 && bench->side_count == 1)
            say_resume(bench, &bench->sides[i]);
        if (live > 0 && !failed && keep_left(bench, &bench->sides[i]) != 0)
            failed = 1;
        if (live == 0 && wi_bench_keep_end(&bench->sides[i].keep) != 0)
            failed = 1;
    }
    if (left > 0 && bench->end == WI_BENCH_DONE)
        fprintf(stderr, "webinfer: the time was up before %zu cells were measured\n", left);
    if (failed) {
        fprintf(stderr, "webinfer: the daemon has not answered for %d s\n",
            WI_BENCH_PATIENCE_MS / 1000);
        return WI_EXIT_NO_SERVER;
    }
    enum wi_exit result = report(bench);
    return left > 0 && result == WI_EXIT_OK ? WI_EXIT_FAILED : result;
}

/* --- the command ------------------------------------------------------------------------------ */

/* The folder of tests is that of the models; their answers are judged here. */
static void add_suite(struct wi_strings *settings, const char *folder)
{
    char *whole = realpath(folder, NULL);
    char *setting = wi_sprintf("models.directory=%s", whole ? whole : folder);
    wi_strings_add(settings, setting);
    wi_strings_add(settings, "pool.numerics=off");
    free(setting);
    free(whole);
}

/* Its runs outlive it, so that --resume finds them; files and folders that are sent do not. */
static void add_places(struct wi_strings *settings, const struct wi_arguments *arguments)
{
    char *folder = wi_state_folder(getenv("HOME"));
    char *store = folder ? wi_sprintf("store.path=%s/bench", folder) : NULL;
    if (store)
        wi_strings_add(settings, store);
    free(store);
    free(folder);
    for (unsigned i = 0; i < arguments->positional_count; i++)
        if (wi_bench_side_is_path(arguments->positionals[i])) {
            wi_strings_add(settings, "models.directory=");
            break;
        }
}

/* --start: a daemon of this command's own, which ends with it. */
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

/* --native: onnxruntime-node, joined to the daemon that is measured. */
static enum wi_exit start_native(struct bench *bench, const struct wi_cli *cli)
{
    struct wi_error error = {0};
    struct wi_rest_answer answer;
    wi_rest_exchange(&cli->rest,
        &(struct wi_rest_request){.path = "/v1/admin/join",
            .body = "{\"nodes\":1}",
            .body_size = strlen("{\"nodes\":1}"),
            .timeout_ms = JOIN_MS},
        &answer);
    enum wi_exit result = wi_cli_check(cli, &answer);
    json_t *join =
        result == WI_EXIT_OK ? json_loadb(answer.body.text, answer.body.size, 0, NULL) : NULL;
    const char *link = json_string_value(json_object_get(join, "url"));
    if (result == WI_EXIT_OK &&
        wi_own_node_start(&bench->native, link ? link : "", &error) != WI_OK) {
        wi_cli_complain(&error);
        result = WI_EXIT_FAILED;
    }
    json_decref(join);
    wi_rest_answer_clear(&answer);
    return result;
}

static void add_side(struct bench *bench, const char *url)
{
    struct wi_bench_side *side = &bench->sides[bench->side_count++];
    side->cli = *bench->cli;
    side->choice = &bench->choice;
    if (url)
        side->cli.rest.url = url;
}

static enum wi_exit begin(struct bench *bench)
{
    const struct wi_arguments *arguments = &bench->cli->arguments;
    enum wi_exit result = WI_EXIT_OK;
    wi_cli_catch(SIGINT, NULL);
    if (wi_argument_given(arguments, "start"))
        result = start_daemon(bench);
    add_side(bench, bench->daemon.url);
    if (wi_argument_given(arguments, "against"))
        add_side(bench, wi_argument(arguments, "against"));
    if (result == WI_EXIT_OK && bench->choice.native)
        result = start_native(bench, &bench->sides[0].cli);
    for (size_t i = 0; i < bench->side_count && result == WI_EXIT_OK; i++)
        result = wi_bench_side_plan(&bench->sides[i]);
    for (size_t i = 0; i < bench->side_count && result == WI_EXIT_OK; i++) {
        result = wi_bench_side_begin(&bench->sides[i], &bench->choice.seed);
        bench->live += wi_bench_side_live(&bench->sides[i]);
    }
    return result;
}

static enum wi_exit measure(struct bench *bench)
{
    announce(bench);
    bench->terminal = wi_cli_progress_begin().terminal;
    measure_all(bench);
    return end_runs(bench);
}

/* What does not go together with what; WI_EXIT_OK or WI_EXIT_USAGE after a complaint. */
static enum wi_exit check_arguments(const struct wi_arguments *arguments)
{
    static const char *const others[] = {"against", "resume", "input", "native", "html", "markdown",
        "junit", "name", "optimization"};
    int suite = wi_argument_given(arguments, "suite");
    const char *problem = NULL;
    for (size_t i = 0; i < sizeof others / sizeof *others && suite; i++)
        if (wi_argument_given(arguments, others[i]))
            problem = "--suite is no run of the laboratory: it goes together with none of "
                      "--against, --resume, --input, --native, --name, --optimization, --html, "
                      "--markdown and --junit";
    if (suite && !wi_argument_given(arguments, "start"))
        problem = "--suite needs --start: its folder is that of the started daemon's models";
    if (suite && arguments->positional_count > 0)
        problem = "with --suite no model is named: those of its folder are";
    if (wi_argument_given(arguments, "native") && wi_argument_given(arguments, "against"))
        problem = "--native goes with one daemon, and --against names another";
    if (!suite && arguments->positional_count == 0)
        problem = "a model, a file or a folder is wanted, or --suite";
    if (problem)
        fprintf(stderr, "webinfer: %s\n", problem);
    return problem ? WI_EXIT_USAGE : WI_EXIT_OK;
}

/* Nothing is started for a folder without tests. */
static enum wi_exit run_suite(struct bench *bench)
{
    const char *folder = wi_argument(&bench->cli->arguments, "suite");
    struct wi_cli cli = *bench->cli;
    struct wi_strings names = {0};
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;
    wi_cli_catch(SIGINT, NULL);
    if (wi_suite_list(folder, &names, &error) != WI_OK)
        wi_cli_complain(&error);
    else
        result = start_daemon(bench);
    cli.rest.url = bench->daemon.url;
    if (result == WI_EXIT_OK)
        result = wi_bench_suite(&cli, &bench->choice, folder, &names);
    wi_strings_clear(&names);
    return result;
}

static enum wi_exit run_bench(struct bench *bench)
{
    enum wi_exit result = begin(bench);
    return result == WI_EXIT_OK ? measure(bench) : result;
}

/* What is measured in turn is of one time. */
static int check_words(const struct wi_cli *cli)
{
    if (wi_argument_given(&cli->arguments, "against") &&
        wi_argument_given(&cli->arguments, "resume")) {
        fputs("webinfer: what was measured --against another daemon cannot be resumed: begin "
              "anew\n",
            stderr);
        return 0;
    }
    return wi_cli_lab_check_threshold(cli);
}

enum wi_exit wi_cli_bench(struct wi_cli *cli)
{
    struct bench bench = {
        .cli = cli, .daemon = {.program = {.input = -1}}, .native = {.input = -1}};
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;
    if (wi_bench_choice_read(&bench.choice, &cli->arguments, &error) != WI_OK)
        wi_cli_complain(&error);
    else if (check_arguments(&cli->arguments) == WI_EXIT_OK && check_words(cli))
        result =
            wi_argument_given(&cli->arguments, "suite") ? run_suite(&bench) : run_bench(&bench);
    for (size_t i = 0; i < bench.side_count; i++)
        wi_bench_side_end(&bench.sides[i]);
    wi_bench_choice_clear(&bench.choice);
    wi_own_program_end(&bench.native);
    wi_own_daemon_end(&bench.daemon);
    return result;
}
