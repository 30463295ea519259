/* Baselines and speed-ups, the order of a report, and when a run is noisy. */
#include "fixture.h"

#include "terms/lab/figures.h"

static json_t *timed(const char *browser, const char *platform, double ms)
{
    json_t *cell = cell_of("digits", browser, platform);
    for (int i = 0; i < 9; i++)
        add_sample(cell, ms);
    return cell;
}

static json_t *with(json_t *cell, const char *name, json_t *value)
{
    json_object_set_new(cell, name, value);
    return cell;
}

TEST(a_speedup_is_against_wasm_with_one_thread_in_the_same_browser)
{
    json_t *document = document_of("run-1");
    struct wi_lab_run run;
    struct wi_lab_figures figures;
    add_cell(document, timed("chrome", "webgpu", 2));
    add_cell(document, timed("firefox", "wasm", 40));
    add_cell(document, with(timed("chrome", "wasm", 5), "threads", json_string("all")));
    add_cell(document, timed("chrome", "wasm", 10));
    add_cell(document, with(timed("chrome", "webgpu", 1), "precision", json_string("fp16")));
    add_cell(document, with(timed("chrome", "webgpu", 1), "concurrency", json_integer(4)));
    add_cell(document, with(timed("firefox", "webgpu", 20), "baseline", json_integer(3)));
    add_cell(document, with(timed("firefox", "webgpu", 20), "baseline", json_integer(99)));
    take_document(&run, document);
    wi_lab_figures_make(&figures, &run);
    static const struct {
        int64_t baseline;
        double value;
    } expected[] = {{3, 5}, {-1, 0}, {3, 2}, {-1, 0}, {3, 10}, {-1, 0}, {3, 0.5}, {-1, 0}};
    for (size_t i = 0; i < 8; i++) {
        const struct wi_lab_figure *row = &figures.rows[i];
        assert_int_equal(row->baseline ? row->baseline->index : -1, expected[i].baseline);
        assert_float_equal(row->speedup.value, expected[i].value, 1e-12);
        assert_float_equal(row->speedup.low, expected[i].value, 1e-12); /* of equal samples */
        assert_int_equal(row->summary.n, 9);
    }
    wi_lab_figures_clear(&figures);
    wi_lab_run_clear(&run);
}

/* Each cell names the one before it, and the first one the last. */
TEST(a_cell_may_have_a_baseline_and_be_one)
{
    static const double ms[] = {10, 5, 20, 4};
    json_t *document = document_of("run-1");
    struct wi_lab_run run;
    struct wi_lab_figures figures;
    for (int i = 0; i < 4; i++)
        add_cell(document,
            with(timed("chrome", "webgpu", ms[i]), "baseline", json_integer(i ? i - 1 : 3)));
    take_document(&run, document);
    wi_lab_figures_make(&figures, &run);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(figures.rows[i].baseline->index, i ? i - 1 : 3);
        assert_float_equal(figures.rows[i].summary.median, ms[i], 1e-12);
        assert_float_equal(figures.rows[i].speedup.value, ms[i ? i - 1 : 3] / ms[i], 1e-12);
    }
    wi_lab_figures_clear(&figures);
    wi_lab_run_clear(&run);
}

TEST(what_is_simulated_has_no_speedup_and_is_no_baseline)
{
    json_t *document = document_of("run-1");
    struct wi_lab_run run;
    add_cell(document, timed("chrome", "webgpu", 2));
    add_cell(document, timed("chrome", "wasm", 10));
    json_t *simulated = json_deep_copy(document);
    add_cell(document, with(timed("chrome", "simulated", 1), "baseline", json_integer(1)));
    add_cell(document, with(timed("chrome", "webnn", 1), "baseline", json_integer(2)));
    take_document(&run, document);
    assert_non_null(wi_lab_baseline(&run, &run.cells[0]));
    assert_null(wi_lab_baseline(&run, &run.cells[2]));
    assert_null(wi_lab_baseline(&run, &run.cells[3]));
    wi_lab_run_clear(&run);
    take_document(&run, with(simulated, "simulated", json_true()));
    assert_null(wi_lab_baseline(&run, &run.cells[0]));
    wi_lab_run_clear(&run);
}

static json_t *mark(const char *browser, const char *when, double ms)
{
    return with(timed(browser, "wasm", ms), "yardstick", json_string(when));
}

static int is_noisy(double chrome_before, double chrome_after, double firefox)
{
    json_t *document = document_of("run-1");
    struct wi_lab_run run;
    add_cell(document, mark("chrome", "before", chrome_before));
    add_cell(document, mark("firefox", "between", firefox));
    add_cell(document, mark("chrome", "after", chrome_after));
    add_cell(document, timed("chrome", "wasm", 100));
    take_document(&run, document);
    int noisy = wi_lab_is_noisy(&run);
    assert_null(wi_lab_baseline(&run, &run.cells[0]));
    wi_lab_run_clear(&run);
    return noisy;
}

TEST(a_yardstick_that_drifts_makes_a_run_noisy)
{
    assert_int_equal(is_noisy(10, 10.9, 30), 0);
    assert_int_equal(is_noisy(10, 11.1, 30), 1);
    assert_int_equal(is_noisy(11.1, 10, 30), 1);
}

TEST(a_report_has_the_worst_first)
{
    json_t *document = document_of("run-1");
    struct wi_lab_run run;
    struct wi_lab_figures figures;
    static const char *const outcomes[] = {"not run", "absent", "crashed", "unsupported"};
    size_t count;
    add_cell(document, timed("chrome", "wasm", 10));
    add_cell(document, timed("chrome", "webgpu", 2));
    add_cell(document, timed("chrome", "webnn", 20));
    for (size_t i = 0; i < 4; i++)
        add_cell(
            document, with(cell_of("m", "chrome", "webgl"), "outcome", json_string(outcomes[i])));
    add_cell(document, mark("chrome", "before", 1));
    take_document(&run, document);
    wi_lab_figures_make(&figures, &run);
    const struct wi_lab_figure **rows = wi_lab_worst_first(&figures, &count);
    static const int64_t order[] = {5, 2, 1, 0, 6, 4, 3};
    assert_int_equal(count, 7);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(rows[i]->cell->index, order[i]);
    free(rows);
    wi_lab_figures_clear(&figures);
    wi_lab_run_clear(&run);
}
