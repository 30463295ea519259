/* The cells and their order; see bench_plan.h. */
#include "bench/bench_plan.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/text_table.h"
#include "terms/lab/statistics.h"
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define AUTO "auto"
#define NATIVE "native"
#define RUNS 20 /* of a yardstick at least */
#define RUNS_MAX 1000
#define CELL_MS 20000
#define ALL_MS 600000
#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define BATCH_MAX 1024
#define CONCURRENCY_MAX 64
#define REASON_SIZE 512 /* as lab.schema.json has it */

/* --- what is asked for ------------------------------------------------------------------------ */

/* An option whose value is a list of words with commas between. */
struct listed {
    const char *option;
    const char *usual; /* the value without the option; NULL: none */
    enum wi_code (*take)(const struct listed *listed, const char *word, struct wi_error *error);
    struct wi_strings *names; /* an empty list is all, as the value "all" is */
    const char *both;         /* the value "both" */
    const char *words[2];     /* either or both of these are given */
    int *given[2];
    struct wi_bench_counts *counts; /* numbers up to `most` */
    long most;
};

static enum wi_code take_word(const struct listed *listed, const char *word, struct wi_error *error)
{
    if (!*word || listed->names->count == WI_BENCH_LIST_MAX)
        return wi_cli_refuse(
            error, "a list is of 1 to %d words with commas between", WI_BENCH_LIST_MAX);
    if (!wi_strings_contain(listed->names, word))
        wi_strings_add(listed->names, word);
    return WI_OK;
}

static enum wi_code take_platform(
    const struct listed *listed, const char *word, struct wi_error *error)
{
    for (size_t i = 0; wi_lab_platform_names[i]; i++)
        if (strcmp(wi_lab_platform_names[i], word) == 0)
            return take_word(listed, word, error);
    return wi_cli_refuse(error,
        "--platform is all, both (wasm,webgpu), or a list of wasm, webgpu, webnn, webgl, native "
        "and simulated, not \"%.40s\"",
        word);
}

static enum wi_code take_either(
    const struct listed *listed, const char *word, struct wi_error *error)
{
    for (int i = 0; i < 2; i++)
        if (strcmp(word, listed->words[i]) == 0) {
            *listed->given[i] = 1;
            return WI_OK;
        }
    return wi_cli_refuse(error, "--%s is %s, %s, or both, not \"%.40s\"", listed->option,
        listed->words[0], listed->words[1], word);
}

static enum wi_code read_count(
    const char *option, const char *text, long most, long *value, struct wi_error *error)
{
    char *end;
    *value = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || *value < 1 || *value > most)
        return wi_cli_refuse(
            error, "--%s takes numbers from 1 to %ld, not \"%.40s\"", option, most, text);
    return WI_OK;
}

static enum wi_code take_count(
    const struct listed *listed, const char *word, struct wi_error *error)
{
    struct wi_bench_counts *counts = listed->counts;
    if (counts->count == WI_BENCH_LIST_MAX)
        return wi_cli_refuse(
            error, "--%s takes at most %d numbers", listed->option, WI_BENCH_LIST_MAX);
    return read_count(listed->option, word, listed->most, &counts->items[counts->count++], error);
}

static enum wi_code read_listed(
    const struct wi_arguments *arguments, const struct listed *listed, struct wi_error *error)
{
    const char *text = wi_argument(arguments, listed->option);
    enum wi_code code = WI_OK;
    if (!text)
        text = listed->usual;
    else if (listed->names && strcmp(text, "all") == 0)
        return WI_OK;
    else if (listed->both && strcmp(text, "both") == 0)
        text = listed->both;
    while (text && code == WI_OK) {
        size_t length = strcspn(text, ",");
        char *word = wi_strndup(text, length);
        code = listed->take(listed, word, error);
        free(word);
        text = text[length] ? text + length + 1 : NULL;
    }
    return code;
}

static enum wi_code read_time(const struct wi_arguments *arguments, const char *option,
    int64_t otherwise, int64_t *ms, struct wi_error *error)
{
    const char *given = wi_argument(arguments, option);
    *ms = otherwise;
    if (given && (wi_parse_duration(given, ms) != 0 || *ms < 1 || *ms > DAY_MS))
        return wi_cli_refuse(error,
            "--%s is a duration from 1ms to 24h such as 20s or 10m, not \"%.40s\"", option, given);
    return WI_OK;
}

static enum wi_code read_seed(
    const struct wi_arguments *arguments, struct wi_bench_choice *choice, struct wi_error *error)
{
    const char *given = wi_argument(arguments, "seed");
    char *end = NULL;
    unsigned long long seed = given ? strtoull(given, &end, 10) : 0;
    if (given && (*given < '0' || *given > '9' || *end || seed > UINT32_MAX))
        return wi_cli_refuse(
            error, "--seed is a number up to %u, not \"%.40s\"", UINT32_MAX, given);
    choice->seed = (uint32_t)seed;
    return WI_OK;
}

/* The options of the choice that are lists. */
#define LISTS 8
static void lists_fill(struct listed *lists, struct wi_bench_choice *choice)
{
    const char *const *clocks = wi_lab_clock_names, *const *levels = wi_lab_optimization_names;
    const struct listed all[LISTS] = {
        {"browser", .take = take_word, .names = &choice->browsers},
        {"platform", .take = take_platform, .names = &choice->platforms, .both = "wasm,webgpu"},
        {"precision", .take = take_word, .names = &choice->precisions},
        {"threads", "1,all", take_either, .words = {"1", "all"},
            .given = {&choice->one_thread, &choice->all_threads}},
        {"test-type", "page,client", take_either,
            .words = {clocks[WI_LAB_PAGE], clocks[WI_LAB_CLIENT]},
            .given = {&choice->by_page, &choice->by_client}},
        {"optimization", NULL, take_either,
            .words = {levels[WI_LAB_AS_IT_IS], levels[WI_LAB_OPTIMIZED]},
            .given = {&choice->as_it_is, &choice->optimized}},
        {"batch", "1", take_count, .counts = &choice->batches, .most = BATCH_MAX},
        {"concurrency", "1", take_count, .counts = &choice->concurrencies, .most = CONCURRENCY_MAX},
    };
    memcpy(lists, all, sizeof all);
}

enum wi_code wi_bench_choice_read(
    struct wi_bench_choice *choice, const struct wi_arguments *arguments, struct wi_error *error)
{
    struct listed lists[LISTS];
    const char *runs = wi_argument(arguments, "runs");
    enum wi_code code = WI_OK;
    *choice =
        (struct wi_bench_choice){.native = wi_argument_given(arguments, "native"), .runs = RUNS};
    lists_fill(lists, choice);
    for (size_t i = 0; i < LISTS && code == WI_OK; i++)
        code = read_listed(arguments, &lists[i], error);
    if (code == WI_OK && runs)
        code = read_count("runs", runs, RUNS_MAX, &choice->runs, error);
    if (code != WI_OK ||
        (code = read_time(arguments, "cell-time", CELL_MS, &choice->cell_ms, error)) != WI_OK ||
        (code = read_time(arguments, "time", ALL_MS, &choice->all_ms, error)) != WI_OK)
        return code;
    return read_seed(arguments, choice, error);
}

static void listed_print(struct wi_buffer *out, const struct listed *listed)
{
    struct wi_strings words = {0};
    if (listed->names)
        wi_strings_copy(&words, listed->names);
    for (int i = 0; i < 2; i++)
        if (listed->given[i] && *listed->given[i])
            wi_strings_add(&words, listed->words[i]);
    for (size_t i = 0; listed->counts && i < listed->counts->count; i++)
        wi_strings_add_owned(&words, wi_sprintf("%ld", listed->counts->items[i]));
    wi_names_sort(words.items, words.count, sizeof *words.items);
    if (words.count > 0)
        wi_buffer_strings(out, " --", listed->option, NULL);
    for (size_t i = 0; i < words.count; i++)
        wi_buffer_strings(out, i ? "," : " ", words.items[i], NULL);
    wi_strings_clear(&words);
}

void wi_bench_choice_print(
    struct wi_buffer *out, const struct wi_bench_choice *choice, const struct wi_strings *browsers)
{
    struct wi_bench_choice settled = *choice;
    struct listed lists[LISTS];
    settled.browsers = *browsers;
    lists_fill(lists, &settled);
    for (size_t i = 0; i < LISTS; i++)
        listed_print(out, &lists[i]);
    wi_buffer_printf(out, " --runs %ld --cell-time %lldms --time %lldms%s", choice->runs,
        (long long)choice->cell_ms, (long long)choice->all_ms, choice->native ? " --native" : "");
}

void wi_bench_choice_clear(struct wi_bench_choice *choice)
{
    wi_strings_clear(&choice->browsers);
    wi_strings_clear(&choice->platforms);
    wi_strings_clear(&choice->precisions);
}

/* --- cells ------------------------------------------------------------------------------------ */

static void document_put(json_t *document, const char *member, const char *text)
{
    json_object_set_new(document, member, text ? json_string(text) : json_null());
}

static long count_of(const json_t *document, const char *member)
{
    const json_t *value = json_object_get(document, member);
    return json_is_integer(value) ? (long)json_integer_value(value) : 1;
}

/* Members that are needed often are read from the document once. */
static void cell_settle(struct wi_bench_cell *cell)
{
    const json_t *document = cell->document;
    cell->model = wi_json_text(document, "model");
    cell->browser = wi_json_text(document, "browser");
    cell->platform = wi_json_text(document, "platform");
    cell->precision = wi_strdup(wi_json_text(document, "precision"));
    cell->clock = wi_json_is(document, "clock", wi_lab_clock_names[WI_LAB_CLIENT]) ? WI_LAB_CLIENT
                                                                                   : WI_LAB_PAGE;
    cell->batch = count_of(document, "batch");
    cell->concurrency = count_of(document, "concurrency");
    cell->over = !wi_bench_has(cell, WI_LAB_NOT_RUN);
}

struct wi_bench_cell *wi_bench_plan_add(struct wi_bench_plan *plan, json_t *document)
{
    size_t i = plan->count++;
    plan->cells = wi_grow_array(plan->cells, i, sizeof *plan->cells);
    plan->cells[i] = (struct wi_bench_cell){.document = document, .index = (unsigned)i};
    cell_settle(&plan->cells[i]);
    return &plan->cells[i];
}

static int is_yardstick(const struct wi_bench_cell *cell)
{
    return wi_json_text(cell->document, "yardstick") != NULL;
}

/* Identifies a cell within its place. */
struct which {
    const char *precision;
    enum wi_lab_clock clock;
    long batch, concurrency;
    int threads;      /* 1; 0: all; -1: not given */
    int optimization; /* enum wi_lab_optimization; -1: not given */
};

/* One request at a time by that clock, and nothing else that is said. */
static struct which which_of(enum wi_lab_clock clock)
{
    return (struct which){
        .clock = clock, .batch = 1, .concurrency = 1, .threads = -1, .optimization = -1};
}

static json_t *make_cell(const struct wi_bench_place *place, const struct which *which)
{
    json_t *document = place->facts ? json_copy((json_t *)place->facts) : json_object();
    json_object_set_new(document, "model", json_string(place->model));
    document_put(document, "browser", place->browser);
    document_put(document, "platform", place->platform);
    document_put(document, "precision", which->precision);
    if (which->threads >= 0)
        json_object_set_new(
            document, "threads", which->threads ? json_integer(1) : json_string("all"));
    if (which->optimization >= 0)
        document_put(document, "optimization", wi_lab_optimization_names[which->optimization]);
    json_object_set_new(document, "batch", json_integer(which->batch));
    json_object_set_new(document, "concurrency", json_integer(which->concurrency));
    document_put(document, "clock", wi_lab_clock_names[which->clock]);
    document_put(document, "outcome", wi_lab_outcome_names[WI_LAB_NOT_RUN]);
    return document;
}

/* Whether one of two engines computes there, or the engine is unknown. */
static int has_engine(const struct wi_bench_place *place, const char *one, const char *other)
{
    return !wi_json_text(place->facts, "engine") || wi_json_is(place->facts, "engine", one) ||
           wi_json_is(place->facts, "engine", other);
}

/* Only onnxruntime has graphs to optimise. */
static void add_optimizations(struct wi_bench_plan *plan, const struct wi_bench_choice *choice,
    const struct wi_bench_place *place, struct which which)
{
    int is_said = (choice->as_it_is || choice->optimized) && has_engine(place, "ort", "pipeline");
    if (!is_said)
        wi_bench_plan_add(plan, make_cell(place, &which));
    for (int one = 0; is_said && one < WI_LAB_OPTIMIZATIONS; one++) {
        which.optimization = one;
        if (one == WI_LAB_AS_IT_IS ? choice->as_it_is : choice->optimized)
            wi_bench_plan_add(plan, make_cell(place, &which));
    }
}

/* By the page's clock there is one request at a time, and the threads of WASM and onnxruntime's
 * optimisation can be chosen. */
static void add_page(struct wi_bench_plan *plan, const struct wi_bench_choice *choice,
    const struct wi_bench_place *place, struct which which)
{
    int counts = (strcmp(place->platform, "wasm") == 0 || strcmp(place->platform, NATIVE) == 0) &&
                 has_engine(place, "ort", "kernels");
    which.clock = WI_LAB_PAGE;
    which.concurrency = 1;
    if (!choice->by_page)
        return;
    if (!counts)
        add_optimizations(plan, choice, place, which);
    for (which.threads = 1; counts && which.threads >= 0; which.threads--)
        if (which.threads ? choice->one_thread : choice->all_threads)
            add_optimizations(plan, choice, place, which);
}

static void add_clients(struct wi_bench_plan *plan, const struct wi_bench_choice *choice,
    const struct wi_bench_place *place, struct which which)
{
    which.clock = WI_LAB_CLIENT;
    for (size_t i = 0; i < choice->concurrencies.count && choice->by_client; i++) {
        which.concurrency = choice->concurrencies.items[i];
        wi_bench_plan_add(plan, make_cell(place, &which));
    }
}

void wi_bench_plan_place(struct wi_bench_plan *plan, const struct wi_bench_choice *choice,
    const struct wi_bench_place *place)
{
    size_t precisions = choice->precisions.count ? choice->precisions.count : 1;
    for (size_t p = 0; p < precisions; p++) {
        struct which which = which_of(choice->by_page ? WI_LAB_PAGE : WI_LAB_CLIENT);
        which.precision = choice->precisions.count ? choice->precisions.items[p] : NULL;
        if (place->reason) {
            wi_bench_plan_add(plan, make_cell(place, &which));
            wi_bench_cell_end(&plan->cells[plan->count - 1], place->outcome, place->reason);
            continue;
        }
        for (size_t i = 0; i < choice->batches.count; i++) {
            which.batch = choice->batches.items[i];
            add_page(plan, choice, place, which);
            add_clients(plan, choice, place, which);
        }
    }
}

void wi_bench_plan_auto(
    struct wi_bench_plan *plan, const struct wi_bench_choice *choice, const char *model)
{
    const struct wi_bench_place place = {.model = model, .platform = AUTO};
    const struct which which = which_of(WI_LAB_CLIENT);
    if (choice->browsers.count != 1 && choice->platforms.count != 1 && choice->by_client)
        wi_bench_plan_add(plan, make_cell(&place, &which));
}

void wi_bench_plan_yardstick(
    struct wi_bench_plan *plan, const char *browser, enum wi_lab_yardstick when)
{
    const struct wi_bench_place place = {
        .model = WI_BENCH_YARDSTICK, .browser = browser, .platform = "wasm"};
    struct which which = which_of(WI_LAB_PAGE);
    which.threads = 1;
    json_t *document = make_cell(&place, &which);
    document_put(document, "yardstick", wi_lab_yardstick_names[when]);
    wi_bench_plan_add(plan, document);
}

/* Whether two cells are equal except for place, threads and optimisation of the graph. */
static int is_of_one(const struct wi_bench_cell *a, const struct wi_bench_cell *b)
{
    return a->clock == b->clock && a->batch == b->batch && a->concurrency == b->concurrency &&
           wi_text_equal(a->model, b->model) && wi_text_equal(a->precision, b->precision);
}

static int uses_all(const struct wi_bench_cell *cell)
{
    return json_is_string(json_object_get(cell->document, "threads"));
}

static int has_optimization(const struct wi_bench_cell *cell, enum wi_lab_optimization which)
{
    return wi_text_equal(
        wi_json_text(cell->document, "optimization"), wi_lab_optimization_names[which]);
}

static int is_optimized_of(const struct wi_bench_cell *cell, const struct wi_bench_cell *other)
{
    return has_optimization(cell, WI_LAB_AS_IT_IS) && has_optimization(other, WI_LAB_OPTIMIZED) &&
           is_of_one(other, cell) && wi_text_equal(other->browser, cell->browser) &&
           wi_text_equal(other->platform, cell->platform) && uses_all(other) == uses_all(cell);
}

static int is_native_of(const struct wi_bench_cell *cell, const struct wi_bench_cell *other)
{
    return wi_text_equal(other->platform, NATIVE) && !wi_text_equal(cell->platform, NATIVE) &&
           !is_yardstick(cell) && !wi_bench_is_auto(cell) && uses_all(other) == uses_all(cell) &&
           is_of_one(other, cell) &&
           wi_text_equal(wi_json_text(other->document, "optimization"),
               wi_json_text(cell->document, "optimization"));
}

/* Compares each cell with the first one of which that is so. */
static void compare_each(struct wi_bench_plan *plan,
    int (*is_other)(const struct wi_bench_cell *cell, const struct wi_bench_cell *other))
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct wi_bench_cell *cell = &plan->cells[i], *other = plan->cells;
        const struct wi_bench_cell *end = other + plan->count;
        while (other < end && !is_other(cell, other))
            other++;
        if (other < end)
            json_object_set_new(cell->document, "baseline", json_integer(other->index));
    }
}

void wi_bench_plan_fusion(struct wi_bench_plan *plan)
{
    compare_each(plan, is_optimized_of);
}

void wi_bench_plan_native(struct wi_bench_plan *plan)
{
    compare_each(plan, is_native_of);
}

void wi_bench_plan_clear(struct wi_bench_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        json_decref(plan->cells[i].document);
        free(plan->cells[i].samples);
        free(plan->cells[i].writings);
        free(plan->cells[i].precision);
    }
    free(plan->cells);
    *plan = (struct wi_bench_plan){0};
}

int wi_bench_is_auto(const struct wi_bench_cell *cell)
{
    return strcmp(cell->platform, AUTO) == 0;
}

int wi_bench_has(const struct wi_bench_cell *cell, enum wi_lab_outcome outcome)
{
    return wi_json_is(cell->document, "outcome", wi_lab_outcome_names[outcome]);
}

enum wi_lab_outcome wi_bench_outcome(const struct wi_bench_cell *cell)
{
    int outcome = 0;
    while (outcome < WI_LAB_OUTCOMES - 1 && !wi_bench_has(cell, outcome))
        outcome++;
    return (enum wi_lab_outcome)outcome;
}

void wi_bench_put_name(struct wi_buffer *out, const struct wi_bench_cell *cell)
{
    wi_table_fill(out,
        "{model} <{browser}/>{platform}< threads={threads}>< optimization={optimization}>",
        cell->document);
    if (cell->batch > 1)
        wi_buffer_printf(out, " batch=%ld", cell->batch);
    if (cell->concurrency > 1)
        wi_buffer_printf(out, " concurrency=%ld", cell->concurrency);
    wi_table_fill(out, " {clock}< yardstick={yardstick}>", cell->document);
}

void wi_bench_cold_add(struct wi_bench_cold *cold, double ms)
{
    if (cold->count < WI_BENCH_COLD)
        cold->items[cold->count++] = ms;
}

static void put_median(json_t *document, const char *member, const struct wi_bench_cold *cold)
{
    if (cold->count > 0)
        json_object_set_new(
            document, member, json_real(wi_lab_median_of(cold->items, cold->count)));
}

/* --- text ------------------------------------------------------------------------------------- */

/* The members of wi_bench_writing whose quantile is a figure. */
static double quantile_of(const struct wi_bench_cell *cell, size_t offset, double share)
{
    double *values = wi_realloc_array(NULL, cell->writing_count + 1, sizeof *values), result;
    size_t count = 0;
    for (size_t i = 0; i < cell->writing_count; i++) {
        double value;
        memcpy(&value, (const char *)&cell->writings[i] + offset, sizeof value);
        if (value > 0)
            values[count++] = value;
    }
    result = count > 0 ? wi_lab_quantile_of(values, count, share) : 0;
    free(values);
    return result;
}

static double sum_of(const struct wi_bench_cell *cell, size_t offset)
{
    double sum = 0, value;
    for (size_t i = 0; i < cell->writing_count; i++) {
        memcpy(&value, (const char *)&cell->writings[i] + offset, sizeof value);
        sum += value;
    }
    return sum;
}

static void put_figure(json_t *text, const char *member, double value)
{
    if (isfinite(value) && value > 0)
        json_object_set_new(text, member, json_real(value));
}

/* Users who send the next request as soon as they have an answer get, together, the tokens per
 * second of one user times their number (Little's law). */
static void cell_put_text(const struct wi_bench_cell *cell)
{
#define AT(member) offsetof(struct wi_bench_writing, member)
    double token_ms = quantile_of(cell, AT(token_ms), 0.5);
    json_t *text = json_object();
    put_figure(text, "prompt_tokens", quantile_of(cell, AT(prompt_tokens), 0.5));
    put_figure(text, "tokens", quantile_of(cell, AT(tokens), 0.5));
    put_figure(
        text, "prompt_per_s", 1000 * sum_of(cell, AT(read_tokens)) / sum_of(cell, AT(read_ms)));
    put_figure(text, "generated_per_s", 1000 / token_ms);
    put_figure(text, "first_p50_ms", quantile_of(cell, AT(first_ms), 0.5));
    put_figure(text, "first_p90_ms", quantile_of(cell, AT(first_ms), 0.9));
    put_figure(text, "token_ms", token_ms);
    put_figure(text, "all_per_s",
        1000 * (double)cell->concurrency * sum_of(cell, AT(tokens)) / sum_of(cell, AT(ms)));
    json_object_set_new(cell->document, "text", text);
#undef AT
}

void wi_bench_cell_end(struct wi_bench_cell *cell, enum wi_lab_outcome outcome, const char *reason)
{
    char cut[REASON_SIZE];
    document_put(cell->document, "outcome", wi_lab_outcome_names[outcome]);
    if (reason)
        document_put(cell->document, "reason", wi_text_copy(cut, sizeof cut, reason));
    put_median(cell->document, "load_ms", &cell->loads);
    put_median(cell->document, "first_ms", &cell->firsts);
    if (cell->writing_count > 0)
        cell_put_text(cell);
    cell->over = 1;
}

/* --- the order -------------------------------------------------------------------------------- */

/* Fisher and Yates. */
void wi_bench_shuffle(unsigned *numbers, size_t count, uint32_t seed, unsigned round)
{
    struct wi_pcg32 generator;
    wi_pcg32_seed(&generator, seed, round);
    for (size_t i = count; i > 1; i--) {
        size_t other = wi_pcg32_next(&generator) % i;
        unsigned number = numbers[i - 1];
        numbers[i - 1] = numbers[other];
        numbers[other] = number;
    }
}

size_t wi_bench_least(const struct wi_bench_choice *choice)
{
    return choice->runs < WI_BENCH_SAMPLES_LEAST ? choice->runs : WI_BENCH_SAMPLES_LEAST;
}

unsigned wi_bench_share(
    const struct wi_bench_choice *choice, const struct wi_bench_cell *cell, unsigned round)
{
    size_t runs = is_yardstick(cell) && choice->runs < RUNS ? RUNS : choice->runs;
    size_t upto = (runs * (round + 1) + WI_BENCH_ROUNDS - 1) / WI_BENCH_ROUNDS;
    size_t due = upto > cell->count ? upto - cell->count : 0;
    double left = (double)choice->cell_ms - cell->spent_ms;
    if (cell->run_ms <= 0)
        return due > 0; /* one is enough to know their time */
    if (left < cell->run_ms)
        return 0;
    return (double)due * cell->run_ms > left ? (unsigned)(left / cell->run_ms) : (unsigned)due;
}
