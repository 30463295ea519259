/* The gate of webinfer bench: a run that is compared with an earlier one, which the played daemon
 * or a file has. */
#include "bench/gate.h"
#include "lab.h"

#define AGAINST(...)                                                                               \
    BENCH("--platform", "wasm", "--threads", "1", "--test-type", "page", "--against", __VA_ARGS__)

/* Makes the model of a run faster than it was. */
static void speed_up(json_t *run, double times)
{
    json_t *cell, *sample;
    size_t i, k;
    json_array_foreach(json_object_get(run, "cells"), i, cell)
    {
        if (json_object_get(cell, "yardstick"))
            continue;
        json_array_foreach(json_object_get(cell, "samples_ms"), k, sample)
            json_real_set(sample, json_number_value(sample) / times);
    }
}

TEST(a_run_is_compared_with_the_latest_one)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(AGAINST("latest"), WI_EXIT_OK);
    assert_non_null(strstr(said, "there is no earlier run of m to compare with"));
    assert_non_null(strstr(printed, "chrome/wasm fp32"));
    assert_null(strstr(printed, "no regression"));
    assert_null(strstr(said, "the latest run of m took"));
    char *id = wi_strdup(text_in(only_run(), "id"));
    assert_string_equal(text_in(only_run(), "options"),
        "m --browser chrome --platform wasm --threads 1 --test-type page --batch 1 --concurrency 1 "
        "--runs 20 --cell-time 20000ms --time 600000ms");
    assert_int_equal(AGAINST("latest", "--fail-on-regression", "10%"), WI_EXIT_OK);
    assert_non_null(strstr(said, "compared with the run run-"));
    assert_non_null(strstr(said, "the latest run of m took "));
    assert_non_null(strstr(said, id));
    assert_non_null(strstr(printed, "no regression: no cell is slower, and none broke"));
    assert_int_equal(AGAINST("latest", "--runs", "5"), WI_EXIT_CANNOT_TELL);
    assert_null(strstr(said, "the latest run of m took "));
    speed_up(json_object_get(lab.runs, id), 1.3);
    assert_int_equal(AGAINST("latest", "--fail-on-regression", "10%"), WI_EXIT_FAILED);
    assert_non_null(strstr(printed, "regression: a cell is slower"));
    assert_int_equal(AGAINST("latest", "--fail-on-regression", "50%"), WI_EXIT_OK);
    free(id);
}

/* What has not ended is not the latest, nor what was imported or only simulated. */
TEST(a_run_is_compared_with_none_that_cannot_decide)
{
    static const char *const marks[] = {"imported", "simulated"};
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(AGAINST("latest"), WI_EXIT_OK);
    json_t *run = only_run();
    for (size_t i = 0; i < 2; i++) {
        json_object_set_new(run, marks[i], json_true());
        assert_int_equal(AGAINST("latest"), WI_EXIT_OK);
        assert_non_null(strstr(said, "there is no earlier run of m"));
        json_object_del(run, marks[i]);
    }
    json_object_del(run, "ended_at");
    assert_int_equal(AGAINST("latest"), WI_EXIT_OK);
    assert_non_null(strstr(said, "there is no earlier run of m"));
}

TEST(a_run_is_compared_with_that_of_a_file)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX], *file = path_to(*state, "before.json");
    assert_int_equal(AGAINST("latest"), WI_EXIT_OK);
    speed_up(only_run(), 1.3);
    assert_int_equal(json_dump_file(only_run(), file, 0), 0);
    assert_int_equal(AGAINST(file), WI_EXIT_FAILED);
    assert_non_null(strstr(printed, "regression: a cell is slower"));
    assert_int_equal(AGAINST(file, "--fail-on-regression", "50%"), WI_EXIT_OK);
    free(file);
}

/* What cannot be read is said before anything is measured. */
TEST(a_file_without_a_run_asks_nothing)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX], *file = path_to(*state, "before.json");
    write_text(*state, "before.json", "{\"version\":1}");
    const char *const wrong[] = {file, "/nonexistent/before.json", "before-that.json", "-"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(AGAINST(wrong[i]), WI_EXIT_USAGE);
        assert_null(played.asked.text);
        assert_true(*said);
    }
    free(file);
}
