/* Tests of operators at each place. */
#include "bench/bench.h"

#include "base/clock.h"
#include "base/memory.h"
#include "bench/measure.h"
#include "bench/patience.h"
#include "bench/suite_case.h"
#include "cli/commands/infer.h"
#include "cli/events.h"
#include "cli/plain.h"
#include "cli/progress.h"
#include "cli/text_table.h"
#include "terms/tensor/compare.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEST_MS 60000 /* of one set: a browser that is replaced, a model that is loaded */
#define EXCHANGE_MS 30000
#define PLACES_MAX 32

struct place {
    char *browser, *platform; /* owned */
    char *title;              /* owned: "chrome/webgpu" */
    size_t turn;              /* so many others of its browser are before it */
};

/* The outcomes of the tests of an operator. */
struct tally {
    char *op;
    unsigned counts[PLACES_MAX][WI_LAB_OUTCOMES];
    UT_hash_handle hh;
};

struct suite {
    struct wi_cli *cli;
    const struct wi_bench_choice *choice;
    const char *folder;
    const struct wi_strings *names; /* of the tests */
    struct place places[PLACES_MAX];
    size_t place_count;
    struct wi_bench_room room;
    json_t *cells;    /* owned: as share/webinfer/lab.schema.json has them, and their operator */
    struct tally all; /* of every operator */
    struct tally *tallies; /* by operator */
    double until_ms;
    enum wi_bench_end end;
    int terminal;
};

/* --- places ----------------------------------------------------------------------------------- */

static size_t count_places(const struct suite *suite, const char *browser)
{
    size_t count = 0;
    for (size_t i = 0; i < suite->place_count; i++)
        count += strcmp(suite->places[i].browser, browser) == 0;
    return count;
}

/* A place that is absent is reported and left out. */
static void add_place(struct suite *suite, const char *browser, const char *platform)
{
    char *query = wi_sprintf(
        "%s&browser=%s&platform=%s&fallback=false", suite->names->items[0], browser, platform);
    json_t *hardware = wi_cli_get(suite->cli, "/v1/hardware?model_name=*", query);
    const char *decision = wi_json_text(hardware, "decision");
    const char *why = wi_json_text(hardware, "why");
    if (!decision || wi_json_is(hardware, "decision", "never"))
        fprintf(stderr, "webinfer: %s/%s is absent: %s\n", browser, platform,
            why && *why ? why : "the daemon has no such place");
    else if (suite->place_count < PLACES_MAX) {
        struct place *place = &suite->places[suite->place_count];
        *place = (struct place){wi_strdup(browser), wi_strdup(platform),
            wi_sprintf("%s/%s", browser, platform), count_places(suite, browser)};
        suite->place_count++;
    }
    json_decref(hardware);
    free(query);
}

static enum wi_exit find_places(struct suite *suite, struct wi_bench_side *side)
{
    static const char *const platforms[] = {"wasm", "webgpu", "webnn"};
    const struct wi_strings *wanted = &suite->choice->platforms;
    struct wi_strings browsers = {0};
    enum wi_exit result = wi_bench_side_browsers(side, &browsers);
    for (size_t b = 0; b < browsers.count && result == WI_EXIT_OK; b++)
        for (size_t p = 0; p < sizeof platforms / sizeof *platforms; p++)
            if (wanted->count == 0 || wi_strings_contain(wanted, platforms[p]))
                add_place(suite, browsers.items[b], platforms[p]);
    wi_strings_clear(&browsers);
    return result == WI_EXIT_OK && suite->place_count == 0
               ? wi_cli_fail(WI_EXIT_USAGE, "there is no place to run the tests at")
               : result;
}

/* --- one set at one place --------------------------------------------------------------------- */

/* The request, its tensors in binary; the size of its JSON. */
static size_t put_request(
    struct wi_buffer *body, const struct wi_suite_case *test, const struct place *place)
{
    wi_buffer_puts(body, "{\"model_name\":");
    wi_buffer_json_string(body, test->name);
    wi_buffer_strings(body, ",\"browser\":\"", place->browser, "\",\"platform\":\"",
        place->platform, "\",\"fallback\":false,\"parameters\":{\"binary_data_output\":true}",
        NULL);
    wi_buffer_printf(body, ",\"timeout_ms\":%d,\"inputs\":[", TEST_MS);
    for (size_t i = 0; i < test->inputs.count; i++) {
        wi_buffer_puts(body, i ? "," : "");
        wi_tensor_to_json(body, &test->inputs.items[i], 1);
    }
    wi_buffer_puts(body, "]}");
    size_t json_size = body->size;
    for (size_t i = 0; i < test->inputs.count; i++)
        wi_buffer_add(body, wi_tensor_bytes(&test->inputs.items[i]), test->inputs.items[i].size);
    return json_size;
}

/* Outputs with random numbers cannot be compared. */
static void answer_judge(const struct wi_suite_case *test, const struct wi_rest_answer *answer,
    const json_t *json, struct wi_bench_cell *cell)
{
    const char *precision = wi_onnx_precision(&test->signature);
    struct wi_tensors outputs = {0};
    struct wi_comparison found;
    if (wi_cli_read_outputs(&outputs, json, answer, NULL) != WI_OK) {
        wi_bench_cell_end(cell, WI_LAB_FAILED, "bad_answer: its tensors cannot be read");
    } else if (!*test->signature.random) {
        wi_compare(&test->outputs, &outputs, wi_tolerance_of_graph(precision), &found);
        if (isfinite(found.ratio) && !(found.ratio < wi_json_number(cell->document, "error_ratio")))
            json_object_set_new(cell->document, "error_ratio", json_real(found.ratio));
        if (!found.same)
            wi_bench_cell_end(cell, WI_LAB_INEXACT, found.detail);
    }
    wi_tensors_clear(&outputs);
}

static void end_ask(struct suite *suite, struct wi_bench_call *asking,
    const struct wi_suite_case *test, struct wi_bench_cell *cell)
{
    const struct wi_rest_answer *answer = &asking->answer;
    json_t *json =
        json_loadb(answer->body.text ? answer->body.text : "", wi_cli_json_size(answer), 0, NULL);
    if (answer->status == 0 && !answer->late)
        suite->end = wi_cli_is_interrupted() ? WI_BENCH_STOPPED : WI_BENCH_LOST;
    else if (answer->status == 0)
        wi_bench_cell_end(cell, WI_LAB_TOO_SLOW, "no answer came in its time");
    else if (answer->status != 200)
        wi_bench_cell_problem(cell, json, answer->status);
    else if (wi_bench_cell_take_place(cell, json) == 0)
        answer_judge(test, answer, json, cell);
    json_decref(json);
    wi_rest_answer_clear(&asking->answer);
    wi_buffer_clear(&asking->body);
}

/* Runs a test at places in different browsers at the same time. */
static void ask_some(struct suite *suite, const struct wi_suite_case *test,
    struct wi_bench_cell cells[], const size_t places[], size_t count)
{
    struct wi_bench_call rows[WI_BENCH_TOGETHER_MAX] = {0};
    for (size_t i = 0; i < count; i++) {
        size_t json_size = put_request(&rows[i].body, test, &suite->places[places[i]]);
        rows[i].request = (struct wi_rest_request){
            .path = "/v1/infer", .json_size = json_size, .timeout_ms = TEST_MS + EXCHANGE_MS};
    }
    wi_bench_exchange_all(suite->cli, rows, count);
    for (size_t i = 0; i < count; i++)
        end_ask(suite, &rows[i], test, &cells[places[i]]);
}

/* Runs one set at the places whose cells are not over: at the first place of each browser, then at
 * the second of each, and so on. Nothing is timed, so the browsers need not wait for each other's
 * cores. */
static void suite_ask(
    struct suite *suite, const struct wi_suite_case *test, struct wi_bench_cell cells[])
{
    size_t most = wi_bench_room_browsers(&suite->room), places[WI_BENCH_TOGETHER_MAX], count = 0;
    for (size_t turn = 0; turn < suite->place_count; turn++) {
        for (size_t i = 0; i < suite->place_count && suite->end == WI_BENCH_DONE; i++) {
            if (suite->places[i].turn == turn && !cells[i].over)
                places[count++] = i;
            if (count > 0 && (count == most || i == suite->place_count - 1)) {
                ask_some(suite, test, cells, places, count);
                count = 0;
            }
        }
    }
}

/* --- a test ----------------------------------------------------------------------------------- */

static struct wi_bench_cell new_cell(const char *name, const struct place *place)
{
    json_t *document = json_pack("{s:s, s:s, s:s, s:i, s:i}", "model", name, "browser",
        place->browser, "platform", place->platform, "batch", 1, "concurrency", 1);
    return (struct wi_bench_cell){.document = document,
        .model = wi_json_text(document, "model"),
        .browser = place->browser,
        .platform = place->platform,
        .batch = 1,
        .concurrency = 1};
}

static struct tally *tally_of(struct suite *suite, const char *op)
{
    struct tally *tally;
    HASH_FIND_STR(suite->tallies, op, tally);
    if (tally)
        return tally;
    tally = wi_alloc(sizeof *tally);
    tally->op = wi_strdup(op);
    HASH_ADD_KEYPTR(hh, suite->tallies, tally->op, strlen(tally->op), tally);
    return tally;
}

/* A test that is not right is reported at once, because the tables only count. */
static void cell_show(
    const struct suite *suite, const struct wi_bench_cell *cell, enum wi_lab_outcome outcome)
{
    const char *reason = wi_json_text(cell->document, "reason");
    if (outcome != WI_LAB_OK)
        fprintf(stderr, "%s%s %s/%s: %s: %s\n", suite->terminal ? "\r\033[K" : "", cell->model,
            cell->browser, cell->platform, wi_lab_outcome_names[outcome], reason ? reason : "");
    else if (suite->terminal)
        fprintf(stderr, "\r\033[K[%zu of %zu] %s", json_array_size(suite->cells),
            suite->names->count * suite->place_count, cell->model);
}

static void cell_finish(
    struct suite *suite, const struct wi_suite_case *test, size_t place, struct wi_bench_cell *cell)
{
    if (!cell->over)
        wi_bench_cell_end(cell, WI_LAB_OK,
            *test->signature.random ? "it draws numbers, which are not compared" : NULL);
    enum wi_lab_outcome outcome = wi_bench_outcome(cell);
    suite->all.counts[place][outcome]++;
    const char *op = test->op ? test->op : "none";
    tally_of(suite, op)->counts[place][outcome]++;
    json_object_set_new(cell->document, "operator", json_string(op));
    cell_show(suite, cell, outcome);
    json_array_append(suite->cells, cell->document);
}

static void run_sets(struct suite *suite, struct wi_suite_case *test, struct wi_bench_cell cells[],
    enum wi_code code, struct wi_error *error)
{
    for (unsigned set = 0; code == WI_OK && suite->end == WI_BENCH_DONE; set++) {
        code = wi_suite_case_read(test, suite->folder, set, error);
        if (code == WI_OK)
            suite_ask(suite, test, cells);
    }
    for (size_t i = 0; i < suite->place_count && code != WI_NOT_FOUND && code != WI_OK; i++)
        if (!cells[i].over)
            wi_bench_cell_end(&cells[i], WI_LAB_UNSUPPORTED, error->detail);
}

static void run_test(struct suite *suite, const char *name)
{
    struct wi_bench_cell cells[PLACES_MAX];
    struct wi_suite_case test = {0};
    struct wi_error error = {0};
    for (size_t i = 0; i < suite->place_count; i++)
        cells[i] = new_cell(name, &suite->places[i]);
    enum wi_code code = wi_suite_case_open(&test, suite->folder, name, &error);
    run_sets(suite, &test, cells, code, &error);
    for (size_t i = 0; i < suite->place_count; i++) {
        if (suite->end == WI_BENCH_DONE)
            cell_finish(suite, &test, i, &cells[i]);
        json_decref(cells[i].document);
    }
    wi_suite_case_clear(&test);
}

static void run_tests(struct suite *suite)
{
    wi_bench_room_ask(&suite->room, suite->cli);
    fprintf(stderr, "webinfer: %zu tests at %zu places, %zu browsers at a time\n",
        suite->names->count, suite->place_count, wi_bench_room_browsers(&suite->room));
    suite->until_ms = wi_now_ms() + (double)suite->choice->all_ms;
    suite->terminal = wi_cli_progress_begin().terminal;
    for (size_t i = 0; i < suite->names->count && suite->end == WI_BENCH_DONE; i++) {
        if (wi_cli_is_interrupted() || wi_now_ms() >= suite->until_ms)
            suite->end = WI_BENCH_STOPPED;
        else
            run_test(suite, suite->names->items[i]);
    }
    if (suite->terminal)
        fputs("\r\033[K", stderr);
}

/* --- the tables ------------------------------------------------------------------------------- */

/* "12 ok, 2 inexact", or "-". */
static void put_counts(struct wi_buffer *out, const unsigned counts[WI_LAB_OUTCOMES])
{
    size_t before = out->size;
    for (int i = 0; i < WI_LAB_OUTCOMES; i++)
        if (counts[i] > 0)
            wi_buffer_printf(
                out, "%s%u %s", out->size > before ? ", " : "", counts[i], wi_lab_outcome_names[i]);
    if (out->size == before)
        wi_buffer_puts(out, "-");
}

static int is_right(const struct suite *suite, const struct tally *tally)
{
    for (size_t p = 0; p < suite->place_count; p++)
        for (int i = 0; i < WI_LAB_OUTCOMES; i++)
            if (i != WI_LAB_OK && tally->counts[p][i] > 0)
                return 0;
    return 1;
}

static json_t *row_of(const struct suite *suite, const struct tally *tally, const char *name)
{
    json_t *row = json_pack("{s:s}", "operator", name);
    for (size_t p = 0; p < suite->place_count; p++) {
        struct wi_buffer text = {0};
        put_counts(&text, tally->counts[p]);
        json_object_set_new(row, suite->places[p].title, json_string(text.text));
        wi_buffer_clear(&text);
    }
    return row;
}

static int by_name(const struct tally *a, const struct tally *b)
{
    return strcmp(a->op, b->op);
}

static void print_tables(struct suite *suite)
{
    struct wi_column columns[PLACES_MAX + 2] = {{"OPERATOR", "operator", NULL}};
    json_t *rows = json_pack("[o]", row_of(suite, &suite->all, "all"));
    for (size_t p = 0; p < suite->place_count; p++)
        columns[1 + p] = (struct wi_column){suite->places[p].title, suite->places[p].title, NULL};
    HASH_SORT(suite->tallies, by_name);
    for (const struct tally *tally = suite->tallies; tally; tally = tally->hh.next)
        if (!is_right(suite, tally))
            json_array_append_new(rows, row_of(suite, tally, tally->op));
    printf("%zu tests; operators that are ok everywhere are in the first row alone\n",
        suite->names->count);
    wi_table_print("", columns, rows, NULL);
    json_decref(rows);
}

/* --- the whole -------------------------------------------------------------------------------- */

static int has_wrong(const struct suite *suite)
{
    unsigned wrong = 0;
    for (size_t p = 0; p < suite->place_count; p++)
        wrong += suite->all.counts[p][WI_LAB_INEXACT] + suite->all.counts[p][WI_LAB_CRASHED] +
                 suite->all.counts[p][WI_LAB_FAILED];
    return wrong > 0;
}

static enum wi_exit end_run(struct suite *suite)
{
    size_t all = suite->names->count * suite->place_count, done = json_array_size(suite->cells);
    if (suite->cli->json)
        wi_plain_put_json(json_pack("{s:O}", "cells", suite->cells));
    else
        print_tables(suite);
    if (done < all)
        fprintf(stderr, "webinfer: it ended before %zu of %zu cells were run\n", all - done, all);
    if (suite->end == WI_BENCH_LOST)
        return wi_cli_fail(WI_EXIT_NO_SERVER, "the daemon does not answer any more");
    return has_wrong(suite) || done < all ? WI_EXIT_FAILED : WI_EXIT_OK;
}

static void suite_clear(struct suite *suite)
{
    struct tally *tally;
    while ((tally = WI_TABLE_TAKE(suite->tallies))) {
        free(tally->op);
        free(tally);
    }
    for (size_t i = 0; i < suite->place_count; i++) {
        free(suite->places[i].browser);
        free(suite->places[i].platform);
        free(suite->places[i].title);
    }
    json_decref(suite->cells);
}

enum wi_exit wi_bench_suite(
    struct wi_bench_side *side, const char *folder, const struct wi_strings *names)
{
    struct suite *suite = wi_alloc(sizeof *suite);
    suite->cli = &side->cli;
    suite->choice = side->choice;
    suite->folder = folder;
    suite->names = names;
    suite->cells = json_array();
    enum wi_exit result = find_places(suite, side);
    if (result == WI_EXIT_OK) {
        run_tests(suite);
        result = end_run(suite);
    }
    suite_clear(suite);
    free(suite);
    return result;
}
