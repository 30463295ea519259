/* A run of webinfer bench that goes on, also where other browsers are there than before. */
#include "../test.h"

#include "bench/resume.h"

static const struct wi_bench_choice choice = {.one_thread = 1,
    .by_page = 1,
    .by_client = 1,
    .batches = {{1}, 1},
    .concurrencies = {{1}, 1},
    .runs = 5};

/* On WASM, by both clocks; with a reason one cell. */
static void add_browser(struct wi_bench_plan *plan, const char *browser, const char *reason)
{
    wi_bench_plan_place(plan, &choice,
        &(struct wi_bench_place){.model = "m",
            .browser = browser,
            .platform = "wasm",
            .reason = reason,
            .outcome = WI_LAB_ABSENT});
}

/* The cells as the daemon gives them: the first `over` are ok, all others were not run. */
static json_t *keep(const struct wi_bench_plan *plan, size_t over)
{
    json_t *done = json_array();
    for (size_t i = 0; i < plan->count; i++) {
        json_t *row = json_deep_copy(plan->cells[i].document);
        json_object_set_new(row, "index", json_integer(plan->cells[i].index));
        json_object_set_new(row, "outcome", json_string(i < over ? "ok" : "not run"));
        json_array_append_new(done, row);
    }
    return done;
}

/* A line for each: its number, its name, its outcome, and whether it is over and kept. */
static void expect(const struct wi_bench_plan *plan, const char *lines)
{
    struct wi_buffer text = {0};
    for (size_t i = 0; i < plan->count; i++) {
        const struct wi_bench_cell *cell = &plan->cells[i];
        const char *reason = json_string_value(json_object_get(cell->document, "reason"));
        wi_buffer_printf(&text, "%u ", cell->index);
        wi_bench_put_name(&text, cell);
        wi_buffer_strings(&text, ": ",
            json_string_value(json_object_get(cell->document, "outcome")), reason ? ": " : "",
            reason ? reason : "", cell->over ? ", over" : "", cell->kept ? ", kept\n" : "\n", NULL);
    }
    assert_string_equal(text.text, lines);
    wi_buffer_clear(&text);
}

TEST(what_was_run_is_over_and_what_was_not_has_its_number_again)
{
    struct wi_bench_plan before = {0}, now = {0};
    add_browser(&before, "chrome", NULL);
    add_browser(&before, "edge", NULL);
    add_browser(&now, "chrome", NULL);
    add_browser(&now, "edge", NULL);
    json_t *done = keep(&before, 1);
    json_object_set_new(json_array_get(done, 0), "precision", json_string("fp32"));
    json_array_remove(done, 2); /* killed before it could be kept */
    wi_bench_resume(&now, done);
    expect(&now, "0 m chrome/wasm threads=1 page: ok, over, kept\n"
                 "1 m chrome/wasm client: not run\n"
                 "2 m edge/wasm threads=1 page: not run\n"
                 "3 m edge/wasm client: not run\n");
    json_decref(done);
    wi_bench_plan_clear(&before);
    wi_bench_plan_clear(&now);
}

TEST(a_file_that_was_changed_meanwhile_is_measured_again)
{
    struct wi_bench_plan before = {0}, now = {0};
    add_browser(&before, "chrome", NULL);
    add_browser(&now, "chrome", NULL);
    json_object_set_new(before.cells[0].document, "hash", json_string("sha256:0"));
    json_object_set_new(now.cells[0].document, "hash", json_string("sha256:1"));
    json_t *done = keep(&before, 2);
    wi_bench_resume(&now, done);
    expect(&now, "2 m chrome/wasm threads=1 page: not run\n"
                 "1 m chrome/wasm client: ok, over, kept\n");
    json_decref(done);
    wi_bench_plan_clear(&before);
    wi_bench_plan_clear(&now);
}

TEST(the_cells_of_a_browser_that_has_gone_are_absent_and_those_of_others_keep_their_numbers)
{
    static const char *const reasons[] = {"its max_connections is 0", NULL};
    for (int known = 1; known >= 0; known--) {
        struct wi_bench_plan before = {0}, now = {0};
        add_browser(&before, "chrome", NULL);
        add_browser(&before, "firefox", NULL);
        wi_bench_plan_yardstick(&before, "chrome", WI_LAB_BEFORE);
        wi_bench_plan_yardstick(&before, "firefox", WI_LAB_BEFORE);
        if (known)
            add_browser(&now, "chrome", reasons[0]);
        add_browser(&now, "firefox", NULL);
        wi_bench_plan_yardstick(&now, "firefox", WI_LAB_BEFORE);
        json_t *done = keep(&before, 1);
        wi_bench_resume(&now, done);
        expect(&now,
            known ? "0 m chrome/wasm page: absent: its max_connections is 0, over, kept\n"
                    "2 m firefox/wasm threads=1 page: not run\n"
                    "3 m firefox/wasm client: not run\n"
                    "5 builtin/mlp firefox/wasm threads=1 page yardstick=before: not run\n"
                    "1 m chrome/wasm client: absent: its max_connections is 0, over\n"
                    "4 builtin/mlp chrome/wasm threads=1 page yardstick=before: absent: "
                    "its max_connections is 0, over\n"
                  : "2 m firefox/wasm threads=1 page: not run\n"
                    "3 m firefox/wasm client: not run\n"
                    "5 builtin/mlp firefox/wasm threads=1 page yardstick=before: not run\n"
                    "1 m chrome/wasm client: absent: the daemon has no such place any more, over\n"
                    "4 builtin/mlp chrome/wasm threads=1 page yardstick=before: absent: "
                    "the daemon has no such place any more, over\n");
        json_decref(done);
        wi_bench_plan_clear(&before);
        wi_bench_plan_clear(&now);
    }
}

TEST(a_browser_that_has_come_has_numbers_that_are_free_and_baselines_follow)
{
    struct wi_bench_plan before = {0}, now = {0};
    add_browser(&before, "edge", NULL);
    json_t *done = keep(&before, 2);
    add_browser(&now, "chrome", NULL);
    add_browser(&now, "edge", NULL);
    /* As of a graph that runs as it is: what is in the same browser. */
    json_object_set_new(now.cells[1].document, "baseline", json_integer(0));
    json_object_set_new(now.cells[0].document, "baseline", json_integer(2));
    wi_bench_resume(&now, done);
    expect(&now, "2 m chrome/wasm threads=1 page: not run\n"
                 "3 m chrome/wasm client: not run\n"
                 "0 m edge/wasm threads=1 page: ok, over, kept\n"
                 "1 m edge/wasm client: ok, over, kept\n");
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            json_integer_value(json_object_get(now.cells[i].document, "baseline")), i ? 2 : 0);
    json_decref(done);
    wi_bench_plan_clear(&before);
    wi_bench_plan_clear(&now);
}

TEST(what_other_options_leave_out_stays_as_it_is)
{
    struct wi_bench_plan before = {0}, now = {0};
    struct wi_bench_choice pages = choice;
    add_browser(&before, "chrome", NULL);
    json_t *done = keep(&before, 0);
    pages.by_client = 0;
    wi_bench_plan_place(&now, &pages,
        &(struct wi_bench_place){.model = "m", .browser = "chrome", .platform = "wasm"});
    wi_bench_resume(&now, done);
    expect(&now, "0 m chrome/wasm threads=1 page: not run\n");
    json_decref(done);
    wi_bench_plan_clear(&before);
    wi_bench_plan_clear(&now);
}
