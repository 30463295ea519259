/* What a comparison says of runs of which it is known what it has to say. */
#include "fixture.h"

#include "terms/lab/lab_compare.h"

#define ROUNDS 40 /* samples of a cell */

static void add_yardstick(json_t *document, const char *when, double ms)
{
    json_t *cell = cell_of("builtin/mlp", "chrome", "wasm");
    json_object_set_new(cell, "yardstick", json_string(when));
    for (int i = 0; i < 20; i++)
        add_sample(cell, ms + 0.001 * i);
    add_cell(document, cell);
}

/* A run of one cell whose samples are taken around `ms`, with a steady yardstick. */
static void make(
    struct wi_lab_run *run, const char *id, struct wi_pcg32 *generator, double ms, int samples)
{
    json_t *document = document_of(id), *cell = cell_of("digits", "chrome", "webgpu");
    for (int i = 0; i < samples; i++)
        add_sample(cell, time_of(generator, ms));
    add_cell(document, cell);
    add_yardstick(document, "before", 2);
    add_yardstick(document, "after", 2);
    take_document(run, document);
}

static enum wi_lab_judgement compare(
    const struct wi_lab_run *before, const struct wi_lab_run *now, enum wi_lab_change *change)
{
    struct wi_lab_comparison comparison;
    wi_lab_compare(&comparison, before, now, WI_LAB_THRESHOLD);
    enum wi_lab_judgement judgement = comparison.judgement;
    assert_true(comparison.count > 0);
    *change = comparison.differences[0].change;
    wi_lab_comparison_clear(&comparison);
    return judgement;
}

/* How many of `rounds` pairs of runs are as `change` says, one `times` as slow as the other. */
static int count(enum wi_lab_change change, double times, int rounds, uint64_t seed)
{
    struct wi_pcg32 generator;
    int found = 0;
    wi_pcg32_seed(&generator, seed, 1);
    for (int i = 0; i < rounds; i++) {
        struct wi_lab_run before, now;
        enum wi_lab_change got;
        make(&before, "before", &generator, 10, 20);
        make(&now, "now", &generator, 10 * times, 20);
        enum wi_lab_judgement judgement = compare(&before, &now, &got);
        if (got == change)
            found++;
        assert_int_equal(judgement, got == WI_LAB_SLOWER ? WI_LAB_REGRESSION : WI_LAB_GOOD);
        wi_lab_run_clear(&before);
        wi_lab_run_clear(&now);
    }
    return found;
}

TEST(equal_runs_are_hardly_ever_slower)
{
    int slower = count(WI_LAB_SLOWER, 1, 1000, 11);
    print_message("of 1000 equal pairs %d were slower\n", slower);
    assert_true(slower <= 10);
}

TEST(what_takes_30_percent_longer_is_found)
{
    int slower = count(WI_LAB_SLOWER, 1.3, 100, 12),
        faster = count(WI_LAB_FASTER, 1 / 1.3, 100, 13);
    print_message("of 100 pairs %d were slower by 30 %%, %d of 100 faster\n", slower, faster);
    assert_true(slower >= 99);
    assert_true(faster >= 99);
}

/* The machine becomes slower and slower, by three quarters, while the samples of both are taken by
 * turns: neither is slower than the other. */
TEST(a_ramp_over_interleaved_runs_flags_none)
{
    struct wi_pcg32 generator;
    wi_pcg32_seed(&generator, 14, 1);
    for (int round = 0; round < 100; round++) {
        json_t *documents[] = {document_of("before"), document_of("now")};
        json_t *cells[] = {
            cell_of("digits", "chrome", "wasm"), cell_of("digits", "chrome", "wasm")};
        struct wi_lab_run runs[2];
        enum wi_lab_change change;
        for (int i = 0; i < 2 * ROUNDS; i++)
            add_sample(cells[i % 2], time_of(&generator, 10 * (1 + 0.75 * i / (2 * ROUNDS))));
        for (int i = 0; i < 2; i++) {
            add_cell(documents[i], cells[i]);
            add_yardstick(documents[i], "before", 2);
            take_document(&runs[i], documents[i]);
        }
        assert_int_equal(compare(&runs[0], &runs[1], &change), WI_LAB_GOOD);
        assert_int_equal(change, WI_LAB_ALIKE);
        wi_lab_run_clear(&runs[0]);
        wi_lab_run_clear(&runs[1]);
    }
}

/* --- what else it says ----------------------------------------------------------------------- */

#define YARDSTICK                                                                                  \
    ",{'model':'builtin/mlp','browser':'chrome','platform':'wasm','outcome':'ok','yardstick':"     \
    "'before','samples_ms':[2,2,2]}]}"
#define HEAD "{'version':1,'id':'a','name':'a','began_at':1,'cells':["
#define OK "{'model':'m','browser':'chrome','platform':'wasm','outcome':'ok','samples_ms':[1,1,1]}"
#define CRASHED                                                                                    \
    "{'model':'m','browser':'chrome','platform':'wasm','outcome':'crashed','reason':'why'}"
#define OTHER "{'model':'n','browser':'chrome','platform':'wasm','outcome':'ok','samples_ms':[1]}"

static void check(const char *first, const char *second, enum wi_lab_change change,
    enum wi_lab_judgement judgement, const char *reason)
{
    struct wi_lab_run before, now;
    struct wi_lab_comparison comparison;
    read_run(&before, first);
    read_run(&now, second);
    wi_lab_compare(&comparison, &before, &now, WI_LAB_THRESHOLD);
    assert_string_equal(
        wi_lab_change_names[comparison.differences[0].change], wi_lab_change_names[change]);
    assert_int_equal(comparison.judgement, judgement);
    if (!strstr(comparison.reason, reason))
        fail_msg("\"%s\" has no \"%s\"", comparison.reason, reason);
    wi_lab_comparison_clear(&comparison);
    wi_lab_run_clear(&before);
    wi_lab_run_clear(&now);
}

TEST(what_broke_fails_whatever_the_times_are)
{
    check(
        HEAD OK YARDSTICK, HEAD CRASHED YARDSTICK, WI_LAB_BROKEN, WI_LAB_REGRESSION, "ok no more");
    check(HEAD OK "]}", HEAD CRASHED "]}", WI_LAB_BROKEN, WI_LAB_REGRESSION, "ok no more");
    check(HEAD CRASHED YARDSTICK, HEAD OK YARDSTICK, WI_LAB_MENDED, WI_LAB_GOOD, "no cell");
    check(HEAD CRASHED YARDSTICK, HEAD CRASHED YARDSTICK, WI_LAB_NEITHER, WI_LAB_GOOD, "no cell");
}

#define RAN                                                                                        \
    "{'model':'m','browser':'chrome','platform':'wasm','precision':'fp32','threads':1,'outcome':"  \
    "'ok','samples_ms':[1,1,1]}"
#define NEVER_RAN(members)                                                                         \
    "{'model':'m','browser':'chrome','platform':'wasm','outcome':'absent','reason':'why'" members  \
    "}"

/* Its precision is unknown, and its threads are if the whole place is not there. */
TEST(what_cannot_run_any_more_broke)
{
    check(HEAD RAN YARDSTICK, HEAD NEVER_RAN("") YARDSTICK, WI_LAB_BROKEN, WI_LAB_REGRESSION,
        "ok no more");
    check(HEAD RAN YARDSTICK, HEAD NEVER_RAN(",'threads':1") YARDSTICK, WI_LAB_BROKEN,
        WI_LAB_REGRESSION, "ok no more");
    check(HEAD NEVER_RAN("") YARDSTICK, HEAD RAN YARDSTICK, WI_LAB_MENDED, WI_LAB_GOOD, "no cell");
    check(HEAD RAN YARDSTICK, HEAD NEVER_RAN(",'threads':'all'") YARDSTICK, WI_LAB_GONE,
        WI_LAB_CANNOT_TELL, "in common");
    check(HEAD RAN YARDSTICK, HEAD NEVER_RAN(",'clock':'page'") YARDSTICK, WI_LAB_GONE,
        WI_LAB_CANNOT_TELL, "in common");
}

TEST(a_difference_has_the_name_of_the_cell_of_which_more_is_known)
{
    const struct wi_lab_cell ran = {.precision = "fp32"}, never = {0};
    const struct {
        const struct wi_lab_cell *before, *now, *named;
    } cases[] = {{&ran, &never, &ran}, {&never, &ran, &ran}, {NULL, &never, &never},
        {&ran, NULL, &ran}, {&never, &never, &never}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct wi_lab_difference difference = {
            .before = cases[i].before, .now = cases[i].now};
        assert_ptr_equal(wi_lab_difference_cell(&difference), cases[i].named);
    }
}

TEST(few_samples_are_unclear)
{
    check(HEAD OK YARDSTICK, HEAD OK YARDSTICK, WI_LAB_UNCLEAR, WI_LAB_CANNOT_TELL, "unclear");
}

TEST(runs_that_have_nothing_in_common_cannot_be_told)
{
    check(HEAD OK YARDSTICK, HEAD OTHER YARDSTICK, WI_LAB_GONE, WI_LAB_CANNOT_TELL, "in common");
    check(HEAD OK "]}", HEAD OK "]}", WI_LAB_UNCLEAR, WI_LAB_CANNOT_TELL, "no yardstick");
}

#define MARK "{'version':1,'id':'a','name':'a','began_at':1,'imported':true,'cells':["
#define SIMULATED "{'version':1,'id':'a','name':'a','began_at':1,'simulated':true,'cells':["

TEST(an_imported_run_never_decides)
{
    check(HEAD OK YARDSTICK, MARK CRASHED YARDSTICK, WI_LAB_BROKEN, WI_LAB_CANNOT_TELL, "imported");
}

TEST(simulated_runs_are_compared_with_simulated_ones_alone)
{
    check(
        HEAD OK YARDSTICK, SIMULATED OK YARDSTICK, WI_LAB_UNCLEAR, WI_LAB_CANNOT_TELL, "simulated");
    check(
        SIMULATED OK "]}", SIMULATED CRASHED "]}", WI_LAB_BROKEN, WI_LAB_REGRESSION, "ok no more");
}

TEST(yardsticks_that_differ_forbid_a_judgement)
{
    struct wi_pcg32 generator;
    struct wi_lab_run before, now;
    enum wi_lab_change change;
    wi_pcg32_seed(&generator, 15, 1);
    make(&before, "before", &generator, 10, 20);
    make(&now, "now", &generator, 15, 20);
    assert_int_equal(compare(&before, &now, &change), WI_LAB_REGRESSION);
    for (size_t i = 0; i < now.count; i++)
        for (size_t j = 0; now.cells[i].yardstick < WI_LAB_YARDSTICKS && j < now.cells[i].count;
             j++)
            now.cells[i].samples[j] *= 1.06;
    assert_int_equal(compare(&before, &now, &change), WI_LAB_CANNOT_TELL);
    assert_int_equal(change, WI_LAB_SLOWER);
    wi_lab_run_clear(&before);
    wi_lab_run_clear(&now);
}
