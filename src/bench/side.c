/* The browsers and places of a daemon that can be measured, and its run; see side.h. */
#include "bench/side.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "bench/patience.h"
#include "bench/resume.h"
#include "cli/events.h"
#include "cli/pages.h"
#include "cli/plain.h"
#include "cli/text_table.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS 180000 /* for browsers, which start at the same time */
#define EXCHANGE_MS 60000
#define LOSSES_MAX 3   /* of a daemon that goes away each time browsers are started */
#define LATEST_MAX 100 /* runs among which one of the same name is looked for */

/* --- browsers --------------------------------------------------------------------------------- */

static void add_browsers(const json_t *rows, struct wi_strings *browsers)
{
    const json_t *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        const char *name = wi_json_text(row, "browser");
        if (name && !wi_strings_contain(browsers, name))
            wi_strings_add(browsers, name);
    }
}

/* A new reference; NULL if there is none or the daemon is lost. */
static json_t *ask_hardware(struct wi_bench_side *side, const char *query)
{
    const struct wi_rest_request request = {
        .path = "/v1/hardware?model_name=*", .name = query, .timeout_ms = EXCHANGE_MS};
    struct wi_rest_answer answer = {0};
    if (!side->is_lost) {
        wi_bench_exchange(&side->cli, &request, &answer);
        side->is_lost = wi_bench_is_lost(&answer);
    }
    json_t *hardware =
        answer.status == 200 ? json_loadb(answer.body.text, answer.body.size, 0, NULL) : NULL;
    wi_rest_answer_clear(&answer);
    return hardware;
}

/* Whether no platform of browsers was requested. */
static int needs_none(const struct wi_strings *platforms)
{
    size_t others = (size_t)wi_strings_contain(platforms, "native") +
                    (size_t)wi_strings_contain(platforms, "simulated");
    return platforms->count > 0 && platforms->count == others;
}

/* The requested browsers, by default all that the daemon has. */
static void list_browsers(struct wi_bench_side *side, struct wi_strings *browsers)
{
    if (needs_none(&side->choice->platforms))
        return;
    json_t *hardware = ask_hardware(side, WI_BENCH_YARDSTICK);
    for (size_t i = 0; i < side->choice->browsers.count; i++)
        wi_strings_add(browsers, side->choice->browsers.items[i]);
    if (browsers->count == 0) {
        add_browsers(json_object_get(hardware, "options"), browsers);
        add_browsers(json_object_get(hardware, "passed_over"), browsers);
    }
    json_decref(hardware);
}

static struct wi_bench_call make_start(const char *browser)
{
    json_t *order = json_pack("{s:s, s:s, s:s, s:[], s:i}", "model_name", "builtin/echo", "browser",
        browser, "platform", "wasm", "inputs", "timeout_ms", START_MS);
    return (struct wi_bench_call){
        .request = {.path = "/v1/infer", .json = order, .timeout_ms = START_MS + EXCHANGE_MS}};
}

/* A kind that the daemon does not know is an error, unless a run is resumed that was begun with it.
 * A kind that does not start is none, because its cells say so. */
static enum wi_exit end_start(struct wi_bench_side *side, struct wi_bench_call *call)
{
    side->is_lost |= wi_bench_is_lost(&call->answer);
    int is_unknown =
        call->answer.status == 400 && !wi_argument_given(&side->cli.arguments, "resume");
    enum wi_exit result = is_unknown ? wi_cli_check(&side->cli, &call->answer) : WI_EXIT_OK;
    wi_rest_answer_clear(&call->answer);
    wi_buffer_clear(&call->body);
    return result;
}

static enum wi_exit start_once(struct wi_bench_side *side, const struct wi_strings *browsers)
{
    struct wi_bench_call *rows = wi_alloc((browsers->count + 1) * sizeof *rows);
    enum wi_exit result = WI_EXIT_OK, other;
    for (size_t i = 0; i < browsers->count; i++)
        rows[i] = make_start(browsers->items[i]);
    wi_bench_exchange_all(&side->cli, rows, browsers->count);
    for (size_t i = 0; i < browsers->count; i++)
        if ((other = end_start(side, &rows[i])) != WI_EXIT_OK)
            result = other;
    free(rows);
    return result == WI_EXIT_OK && wi_cli_is_interrupted() ? WI_EXIT_FAILED : result;
}

static enum wi_exit complain_of_loss(const struct wi_bench_side *side)
{
    if (wi_cli_is_interrupted())
        return WI_EXIT_FAILED;
    return wi_cli_fail(WI_EXIT_NO_SERVER, "the daemon at %s went away before anything was measured",
        side->cli.rest.url);
}

/* Starts take some seconds, during which nothing else is printed. */
static void say_start(const struct wi_strings *browsers)
{
    struct wi_buffer text = {0};
    for (size_t i = 0; i < browsers->count; i++) {
        wi_buffer_puts(&text, i ? ", " : "webinfer: starting ");
        wi_plain(&text, browsers->items[i], strlen(browsers->items[i]), "");
    }
    wi_buffer_puts(&text, browsers->count ? "\n" : "");
    wi_plain_flush(stderr, &text);
}

/* The features of a browser are known when it runs. */
static enum wi_exit start_browsers(struct wi_bench_side *side, const struct wi_strings *browsers)
{
    say_start(browsers);
    enum wi_exit result = start_once(side, browsers);
    for (unsigned losses = 1; side->is_lost && losses < LOSSES_MAX; losses++) {
        if (wi_cli_is_interrupted() || !wi_bench_await(&side->cli))
            break;
        side->is_lost = 0;
        result = start_once(side, browsers);
    }
    return side->is_lost ? complain_of_loss(side) : result;
}

enum wi_exit wi_bench_side_browsers(struct wi_bench_side *side, struct wi_strings *browsers)
{
    list_browsers(side, browsers);
    return side->is_lost ? complain_of_loss(side) : start_browsers(side, browsers);
}

/* Whether more of them are installed than can run at the same time. */
static int is_tight(const struct wi_bench_side *side, const struct wi_strings *browsers)
{
    json_t *status = browsers->count > 1 ? wi_cli_get(&side->cli, "/v1/status", NULL) : NULL;
    const json_t *kinds = json_object_get(status, "kinds");
    const json_t *limit = json_object_get(status, "session_limit");
    json_int_t installed = 0;
    for (size_t i = 0; i < browsers->count; i++)
        installed +=
            json_is_true(json_object_get(json_object_get(kinds, browsers->items[i]), "installed"));
    int tight = json_is_integer(limit) && installed > json_integer_value(limit);
    json_decref(status);
    return tight;
}

/* Puts the browsers into the order in which their cells are measured. */
static void shuffle_browsers(const struct wi_bench_side *side, struct wi_strings *browsers)
{
    unsigned *numbers = wi_alloc((browsers->count + 1) * sizeof *numbers);
    struct wi_strings shuffled = {0};
    for (size_t i = 0; i < browsers->count; i++)
        numbers[i] = (unsigned)i;
    wi_bench_shuffle(numbers, browsers->count, side->choice->seed, WI_BENCH_ROUNDS);
    for (size_t i = 0; i < browsers->count; i++)
        wi_strings_add(&shuffled, browsers->items[numbers[i]]);
    wi_strings_clear(browsers);
    *browsers = shuffled;
    free(numbers);
}

/* The longest time that one of the browsers which run now took to become ready. */
static double longest_start(const struct wi_bench_side *side)
{
    json_t *status = wi_cli_get(&side->cli, "/v1/status", NULL), *session;
    double longest = 0;
    size_t i;
    json_array_foreach(json_object_get(status, "sessions"), i, session)
    {
        longest = fmax(longest, wi_json_number(session, "ready_ms"));
    }
    json_decref(status);
    return longest;
}

/* --- the latest run --------------------------------------------------------------------------- */

/* The name of the run: that of --name, or else the first argument, or else the preset. */
static const char *name_of_run(const struct wi_bench_side *side)
{
    const struct wi_arguments *arguments = &side->cli.arguments;
    const char *name = wi_argument(arguments, "name");
    if (name || arguments->positional_count == 0)
        return name ? name : wi_argument(arguments, "preset");
    return side->subjects[0].title;
}

/* Its models, and the options. */
static char *describe_options(const struct wi_bench_side *side, const struct wi_strings *browsers)
{
    struct wi_buffer text = {0};
    for (size_t i = 0; i < side->count; i++)
        wi_buffer_strings(&text, i ? " " : "", side->subjects[i].title, NULL);
    wi_bench_choice_print(&text, side->choice, browsers);
    return wi_buffer_take(&text);
}

/* Whether a stored run was of the same name, models, browsers and options, and has ended. */
static int run_foretells(const struct wi_bench_side *side, const json_t *row)
{
    return wi_json_is(row, "name", name_of_run(side)) &&
           wi_json_is(row, "options", side->options) && json_object_get(row, "ended_at") &&
           !json_is_true(json_object_get(row, "imported"));
}

/* Prints how long the latest run like this one took, before any browser is started. */
static void say_latest(const struct wi_bench_side *side)
{
    struct wi_pages runs = {
        .cli = &side->cli, .path = "/v1/results", .member = "results", .quiet = 1};
    struct wi_buffer text = {0};
    const json_t *row;
    size_t seen = 0;
    while ((row = wi_pages_row(&runs)) && seen < LATEST_MAX && !run_foretells(side, row))
        seen++;
    if (row && seen < LATEST_MAX) {
        wi_table_fill(&text, "webinfer: the latest run of {name} took ", row);
        wi_table_seconds(
            &text, (wi_json_number(row, "ended_at") - wi_json_number(row, "began_at")) / 1000);
        wi_buffer_puts(&text, "\n");
        wi_plain_flush(stderr, &text);
    }
    wi_pages_close(&runs);
    wi_buffer_clear(&text);
}

/* --- all browsers ----------------------------------------------------------------------------- */

/* Starts all of them, or if it is tight the first, which may run already. */
static enum wi_exit open_browsers(struct wi_bench_side *side, struct wi_strings *browsers)
{
    struct wi_strings first = {0};
    double began_ms;
    list_browsers(side, browsers);
    if (side->is_lost)
        return complain_of_loss(side);
    side->options = describe_options(side, browsers);
    if (!wi_argument_given(&side->cli.arguments, "resume"))
        say_latest(side);
    side->is_tight = is_tight(side, browsers);
    if (!side->is_tight)
        return start_browsers(side, browsers);
    shuffle_browsers(side, browsers);
    wi_strings_add(&first, browsers->items[0]);
    began_ms = wi_now_ms();
    enum wi_exit result = start_browsers(side, &first);
    side->start_ms = fmax(wi_now_ms() - began_ms, longest_start(side));
    wi_strings_clear(&first);
    return result;
}

/* --- places ----------------------------------------------------------------------------------- */

static json_t *facts_of(const json_t *hardware, const json_t *option)
{
    static const char *const members[] = {"browser_version", "engine", "engine_version"};
    json_t *facts = json_object();
    const char *hash = wi_json_text(hardware, "model_hash");
    if (hash && *hash) /* models that are built in may have none */
        json_object_set_new(facts, "hash", json_string(hash));
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        wi_bench_take(facts, members[i], option);
    return facts;
}

/* "unavailable" is a browser that lacks the platform. */
static enum wi_lab_outcome outcome_of(const json_t *hardware, const json_t *option)
{
    const char *code = wi_json_text(hardware, "code");
    if (wi_json_is(option, "standing", "unavailable"))
        return WI_LAB_ABSENT;
    return code ? wi_bench_outcome_of(code) : WI_LAB_ABSENT;
}

/* What the daemon says of a place. */
struct told {
    json_t *hardware, *facts; /* owned */
    const char *reason;       /* why nothing can be measured there; NULL: measurable */
    enum wi_lab_outcome outcome;
};

static void told_ask(struct told *told, struct wi_bench_side *side, const char *model,
    const char *browser, const char *platform)
{
    char *query = wi_sprintf("%s&platform=%s&fallback=false%s%s", model, platform,
        browser ? "&browser=" : "", browser ? browser : "");
    json_t *hardware = ask_hardware(side, query);
    const json_t *option = wi_json_find(json_object_get(hardware, "options"), "platform", platform);
    int never = !wi_json_text(hardware, "decision") || wi_json_is(hardware, "decision", "never");
    const char *why = wi_json_text(option, "why");
    if (!why || !*why)
        why = wi_json_text(hardware, "why");
    *told = (struct told){.hardware = hardware,
        .facts = facts_of(hardware, option),
        .reason = never ? (why ? why : "the daemon has no such place") : NULL,
        .outcome = outcome_of(hardware, option)};
    free(query);
}

static void told_clear(struct told *told)
{
    json_decref(told->facts);
    json_decref(told->hardware);
}

static void plan_place(struct wi_bench_side *side, const struct wi_bench_subject *subject,
    const char *browser, const char *platform)
{
    struct told told;
    told_ask(&told, side, subject->name, browser, platform);
    wi_bench_plan_place(&side->plan, side->choice,
        &(struct wi_bench_place){.model = subject->title,
            .browser = browser,
            .platform = platform,
            .facts = told.facts,
            .reason = told.reason,
            .outcome = told.outcome});
    if (!told.reason && browser && !wi_strings_contain(&side->browsers, browser))
        wi_strings_add(&side->browsers, browser);
    told_clear(&told);
}

/* The name by which the daemon knows the model of a cell; a yardstick's is no subject. */
static const char *name_of_model(const struct wi_bench_side *side, const struct wi_bench_cell *cell)
{
    for (size_t i = 0; i < side->count; i++)
        if (strcmp(side->subjects[i].title, cell->model) == 0)
            return side->subjects[i].name;
    return cell->model;
}

/* Now that the browser runs, its places are known. */
static void look_again(struct wi_bench_side *side, struct wi_bench_cell *cell)
{
    struct told told;
    told_ask(&told, side, name_of_model(side, cell), cell->browser, cell->platform);
    if (!side->is_lost && told.reason)
        wi_bench_cell_end(cell, told.outcome, told.reason);
    else if (!side->is_lost)
        json_object_update_missing(cell->document, told.facts);
    told_clear(&told);
}

void wi_bench_side_open(struct wi_bench_side *side, const char *browser)
{
    struct wi_bench_call call = make_start(browser);
    wi_bench_exchange_all(&side->cli, &call, 1);
    long status = call.answer.status;
    json_t *answer = json_loadb(call.answer.body.text, call.answer.body.size, 0, NULL);
    for (size_t i = 0; i < side->plan.count && status != 0; i++) {
        struct wi_bench_cell *cell = &side->plan.cells[i];
        if (cell->over || !wi_text_equal(cell->browser, browser))
            continue;
        if (status == 200)
            look_again(side, cell);
        else
            wi_bench_cell_problem(cell, answer, status);
    }
    side->is_lost = 0; /* if it was, the next request waits for it */
    json_decref(answer);
    wi_rest_answer_clear(&call.answer);
    wi_buffer_clear(&call.body);
}

/* Plans the platforms of browsers by default, and the others only if they are named. */
static void plan_subject(struct wi_bench_side *side, const struct wi_bench_subject *subject,
    const struct wi_strings *browsers)
{
    static const struct {
        const char *name;
        int of_browsers, of_kernels;
    } platforms[] = {{"wasm", 1, 0}, {"webgpu", 1, 0}, {"webnn", 1, 0}, {"webgl", 1, 1},
        {"native", 0, 0}, {"simulated", 0, 0}};
    const struct wi_strings *wanted = &side->choice->platforms;
    json_t *hardware = ask_hardware(side, subject->name);
    /* Only our own kernels compute with WebGL. */
    int kernels =
        wi_json_is(json_array_get(json_object_get(hardware, "options"), 0), "engine", "kernels");
    for (size_t p = 0; p < sizeof platforms / sizeof *platforms; p++) {
        int is_usual = platforms[p].of_browsers && (kernels || !platforms[p].of_kernels);
        int is_own = side->choice->native && strcmp(platforms[p].name, "native") == 0;
        if (!is_own && (wanted->count ? !wi_strings_contain(wanted, platforms[p].name) : !is_usual))
            continue;
        for (size_t b = 0; b < browsers->count && platforms[p].of_browsers; b++)
            plan_place(side, subject, browsers->items[b], platforms[p].name);
        if (!platforms[p].of_browsers)
            plan_place(side, subject, NULL, platforms[p].name);
    }
    wi_bench_plan_auto(&side->plan, side->choice, subject->title);
    json_decref(hardware);
}

/* --- the plan --------------------------------------------------------------------------------- */

size_t wi_bench_side_live(const struct wi_bench_side *side)
{
    size_t live = 0;
    for (size_t i = 0; i < side->plan.count; i++)
        live += !side->plan.cells[i].over;
    return live;
}

static enum wi_exit complain_of_all(const struct wi_bench_side *side)
{
    struct wi_buffer text = {0};
    wi_buffer_puts(&text, "webinfer: no cell is left to measure:\n");
    for (size_t i = 0; i < side->plan.count; i++) {
        const struct wi_bench_cell *cell = &side->plan.cells[i];
        wi_buffer_puts(&text, "  ");
        wi_bench_put_name(&text, cell);
        wi_buffer_strings(&text, ": ", wi_json_text(cell->document, "outcome"), ": ",
            wi_json_text(cell->document, "reason"), "\n", NULL);
    }
    wi_plain_flush(stderr, &text);
    return WI_EXIT_USAGE;
}

static int only_auto_is_left(const struct wi_bench_side *side)
{
    for (size_t i = 0; i < side->plan.count; i++)
        if (!side->plan.cells[i].over && !wi_bench_is_auto(&side->plan.cells[i]))
            return 0;
    return 1;
}

static enum wi_exit make_plan(struct wi_bench_side *side, const struct wi_strings *browsers)
{
    for (size_t i = 0; i < side->count; i++)
        plan_subject(side, &side->subjects[i], browsers);
    if (side->is_lost)
        return complain_of_loss(side);
    if (only_auto_is_left(side))
        return complain_of_all(side);
    for (int when = 0; when < WI_LAB_YARDSTICKS; when++)
        for (size_t b = 0; b < side->browsers.count; b++)
            wi_bench_plan_yardstick(
                &side->plan, side->browsers.items[b], (enum wi_lab_yardstick)when);
    wi_bench_plan_fusion(&side->plan);
    if (side->choice->native)
        wi_bench_plan_native(&side->plan);
    return WI_EXIT_OK;
}

enum wi_exit wi_bench_side_plan(struct wi_bench_side *side)
{
    struct wi_strings browsers = {0};
    enum wi_exit result = wi_bench_keep_may(&side->cli);
    side->began_at = wi_wall_ms();
    if (result == WI_EXIT_OK)
        result = wi_bench_side_models(side);
    if (result == WI_EXIT_OK)
        result = open_browsers(side, &browsers);
    if (result == WI_EXIT_OK)
        result = make_plan(side, &browsers);
    wi_strings_clear(&browsers);
    return result;
}

/* --- the run ---------------------------------------------------------------------------------- */

/* Cells that cannot be measured are stored as well, so that a table of places has no holes. */
static enum wi_exit keep_absent(struct wi_bench_side *side)
{
    for (size_t i = 0; i < side->plan.count; i++) {
        struct wi_bench_cell *cell = &side->plan.cells[i];
        if (cell->over && !cell->kept && wi_bench_keep_cell(&side->keep, cell) != 0)
            return WI_EXIT_NO_SERVER;
        cell->kept = cell->over;
    }
    return WI_EXIT_OK;
}

enum wi_exit wi_bench_side_begin(struct wi_bench_side *side, uint32_t *seed, size_t together)
{
    const struct wi_arguments *arguments = &side->cli.arguments;
    const struct wi_strings *platforms = &side->choice->platforms;
    struct wi_bench_head head = {.name = name_of_run(side),
        .options = side->options,
        .began_at = side->began_at,
        .seed = seed,
        .together = together,
        .simulated = platforms->count == 1 && wi_strings_contain(platforms, "simulated")};
    json_t *done = json_array();
    enum wi_exit result =
        wi_bench_keep_begin(&side->keep, &side->cli, &head, wi_argument(arguments, "resume"), done);
    if (result == WI_EXIT_OK) {
        wi_bench_resume(&side->plan, done);
        result = keep_absent(side);
    }
    json_decref(done);
    return result;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void remove_uploads(const struct wi_bench_side *side)
{
    for (size_t i = 0; i < side->uploads.count; i++)
        wi_cli_tell(&side->cli, &(struct wi_rest_request){.path = "/v1/models/*",
                                    .name = side->uploads.items[i],
                                    .method = "DELETE",
                                    .timeout_ms = EXCHANGE_MS});
}

void wi_bench_side_end(struct wi_bench_side *side)
{
    remove_uploads(side);
    for (size_t i = 0; i < side->count; i++)
        wi_bench_subject_clear(&side->subjects[i]);
    free(side->subjects);
    free(side->options);
    wi_strings_clear(&side->uploads);
    wi_strings_clear(&side->browsers);
    wi_bench_plan_clear(&side->plan);
    wi_bench_keep_clear(&side->keep);
}
