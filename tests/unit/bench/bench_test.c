/* webinfer bench against a daemon that is played: what it asks, in which order, and what it keeps
 * of the answers. No time is waited for; the daemon says how long each run took. */
#include "lab.h"

#include "cli/text_table.h"

#define COLUMNS 100 /* of a terminal that the answer fits */

/* The cell of the model there by that clock; yardsticks are not meant. */
static const json_t *cell_of(const char *platform, const char *clock)
{
    const json_t *cell;
    size_t i;
    json_array_foreach(json_object_get(only_run(), "cells"), i, cell)
    {
        if (strcmp(text_in(cell, "platform"), platform) == 0 &&
            strcmp(text_in(cell, "clock"), clock) == 0 && !json_object_get(cell, "yardstick"))
            return cell;
    }
    fail_msg("there is no cell of %s by the %s's clock", platform, clock);
    return NULL;
}

static void assert_outcome(
    const char *platform, const char *clock, const char *outcome, const char *reason)
{
    const json_t *cell = cell_of(platform, clock);
    if (strcmp(text_in(cell, "outcome"), outcome) != 0 || !strstr(text_in(cell, "reason"), reason))
        fail_msg(
            "%s %s: %s: %s", platform, clock, text_in(cell, "outcome"), text_in(cell, "reason"));
}

static void assert_samples(const char *platform, const char *clock, size_t count, double ms)
{
    const json_t *samples = json_object_get(cell_of(platform, clock), "samples_ms"), *sample;
    size_t i;
    assert_int_equal(json_array_size(samples), count);
    json_array_foreach(samples, i, sample) assert_float_equal(json_number_value(sample), ms, 1e-9);
}

static double figure_of(const char *platform, const char *clock, const char *member)
{
    return json_number_value(json_object_get(cell_of(platform, clock), member));
}

static size_t count_asked(const char *line)
{
    return times_of(line);
}

TEST(every_place_is_measured_by_both_clocks_and_what_was_cold_is_no_sample)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(BENCH("--threads", "1", "--runs", "6"), WI_EXIT_OK);
    static const char *const platforms[] = {"wasm", "webgpu"};
    for (size_t i = 0; i < 2; i++) {
        assert_outcome(platforms[i], "page", "ok", "");
        assert_samples(platforms[i], "page", 6, PAGE_MS);
        assert_float_equal(figure_of(platforms[i], "page", "load_ms"), COLD_MS, 1e-9);
        assert_float_equal(figure_of(platforms[i], "page", "first_ms"), FIRST_MS, 1e-9);
        assert_outcome(platforms[i], "client", "ok", "");
        assert_samples(platforms[i], "client", 6, CLIENT_MS);
        assert_float_equal(figure_of(platforms[i], "client", "load_ms"), COLD_MS, 1e-9);
        assert_float_equal(figure_of(platforms[i], "client", "first_ms"), FIRST_MS, 1e-9);
        assert_int_equal(figure_of(platforms[i], "page", "rss_bytes"), 33);
        assert_int_equal(figure_of(platforms[i], "page", "page_bytes"), i ? 22 : 11);
        assert_int_equal(figure_of(platforms[i], "page", "repeats"), 2);
        assert_int_equal(figure_of(platforms[i], "page", "disturbed"), 0);
        assert_string_equal(text_in(cell_of(platforms[i], "page"), "hash"), "sha256:0");
    }
    assert_outcome("webnn", "page", "unsupported", "nobody has it");
    assert_outcome("auto", "client", "ok", "chose chrome/webgpu");
    assert_samples("auto", "client", 6, CLIENT_MS);
    assert_non_null(json_object_get(cell_of("auto", "client"), "baseline"));
    assert_true(json_integer_value(json_object_get(only_run(), "ended_at")) > 0);
    assert_int_equal(count_asked("POST /v1/models/m/unload"), 3 * 5); /* for each cell of it */
    assert_int_equal(lab.most, 1);
    assert_non_null(strstr(printed, "chrome/webgpu fp32  ok"));
    assert_non_null(strstr(printed, "auto chose chrome/webgpu\n"));
    assert_non_null(strstr(printed, "\n\nm runs in Chromium; fastest: chrome/wasm, 1.5 ms; "));
    assert_non_null(strstr(said, "webinfer: starting chrome\n"));
    assert_non_null(
        strstr(said, "8 cells to measure, one at a time, and 1 that need not be or cannot"));
}

/* The first platform that is over: all cells of the model end in the last round, in its order. */
static const char *first_over(void)
{
    const json_t *cell;
    size_t i;
    json_array_foreach(json_object_get(only_run(), "cells"), i, cell)
    {
        if (!json_object_get(cell, "yardstick"))
            return text_in(cell, "platform");
    }
    fail_msg("there is no cell of the model");
    return NULL;
}

TEST(the_cells_of_a_model_are_measured_in_the_order_of_the_seed)
{
    static const char *const seeds[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    size_t wasm_first = 0, count = sizeof seeds / sizeof *seeds;
    for (size_t i = 0; i < count; i++) {
        char printed[PRINTED_MAX], said[PRINTED_MAX], platforms[2][8];
        for (size_t time = 0; time < 2; time++) {
            json_object_clear(lab.runs);
            assert_int_equal(BENCH("--platform", "both", "--threads", "1", "--test-type", "page",
                                 "--runs", "5", "--seed", seeds[i]),
                WI_EXIT_OK);
            snprintf(platforms[time], sizeof platforms[time], "%s", first_over());
        }
        assert_string_equal(platforms[0], platforms[1]);
        wasm_first += strcmp(platforms[0], "wasm") == 0;
    }
    assert_true(wasm_first > 0 && wasm_first < count);
}

/* How many columns the widest line takes. */
static int width_of(char *printed)
{
    int widest = 0;
    for (char *line = strtok(printed, "\n"); line; line = strtok(NULL, "\n"))
        widest = wi_table_width(line) > widest ? wi_table_width(line) : widest;
    return widest;
}

TEST(the_answer_fits_a_terminal_and_all_cells_are_there_if_they_are_wanted)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(BENCH("--threads", "1", "--runs", "6"), WI_EXIT_OK);
    assert_null(strstr(printed, "SPEED-UP"));
    assert_non_null(strstr(printed, "chrome/webnn: unsupported: nobody has it; use another"));
    assert_true(width_of(printed) <= COLUMNS);
    json_object_clear(lab.runs);
    assert_int_equal(BENCH("--threads", "1", "--runs", "6", "--wide"), WI_EXIT_OK);
    assert_non_null(strstr(printed, "SPEED-UP"));
    assert_non_null(strstr(printed, "m chrome/webgpu"));
    assert_null(strstr(printed, "m runs in"));
}

/* As of a kernel that is wrong on one platform: 1 over 1e-3 of 1 and 1e-4 of 2. */
TEST(a_wrong_answer_is_in_the_table_and_in_the_sentence)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    lab.trouble = (struct trouble){"webgpu", 200,
        "{\"executed_on\":{\"browser\":\"chrome\",\"platform\":\"webgpu\",\"node\":\"n1\"},"
        "\"outputs\":[{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[1,2],\"data\":[2,1]}]}"};
    assert_int_equal(BENCH("--platform", "both", "--threads", "1", "--runs", "5"), WI_EXIT_FAILED);
    assert_non_null(strstr(printed, "\nchrome/webgpu     inexact  "));
    assert_non_null(strstr(printed, "chrome/webgpu: inexact: y at 0: 2 where WASM gives 1; "));
    assert_non_null(strstr(printed, "1.5 ms; chrome/webgpu answers wrongly by 833 times"));
    assert_string_equal(
        text_in(cell_of("webgpu", "page"), "changed"), "y: 0 is the largest, not 1");
    assert_true(width_of(printed) <= COLUMNS);
}

/* A request that names no platform is that of the service's own choice. */
TEST(what_became_of_the_choice_of_the_service_is_said)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    lab.trouble = (struct trouble){"", 500, "{\"code\":\"internal\",\"detail\":\"no\"}"};
    assert_int_equal(BENCH("--test-type", "client", "--runs", "5"), WI_EXIT_FAILED);
    assert_outcome("auto", "client", "failed", "internal: no");
    assert_non_null(strstr(printed, "\nauto: failed: internal: no\n"));
}

#define PRESET(...)                                                                                \
    run_saying(*state, NULL,                                                                       \
        (const char *[]){"webinfer", "bench", "--url", "http://x", "--preset", __VA_ARGS__, NULL}, \
        printed, said)

TEST(a_preset_verifies_and_measures_all_models_on_its_platforms)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(PRESET("gpu", "--threads", "1", "--runs", "6"), WI_EXIT_OK);
    assert_non_null(strstr(said, "webinfer: chrome/webgpu: hardware, nvidia hopper\n"));
    assert_non_null(strstr(said, "8 cells to measure, one at a time, and 0 that"));
    assert_non_null(strstr(said, ", at most 6 min 24 s"));
    assert_outcome("wasm", "page", "ok", "");
    assert_outcome("webgpu", "page", "ok", "");
    assert_string_equal(text_in(only_run(), "name"), "gpu");
    assert_int_equal(count_asked("POST /v1/admin/verify"), 1);
    assert_int_equal(count_asked("POST /v1/models/none/sample"), 1);
    assert_non_null(strstr(said, "there is none"));
}

TEST(what_the_command_says_holds_beside_a_preset)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(
        PRESET("gpu", "--platform", "wasm", "--time", "2m", "--name", "mine", "--runs", "5", "m"),
        WI_EXIT_OK);
    assert_non_null(strstr(said, ", at most 2 min 0 s"));
    assert_string_equal(text_in(only_run(), "name"), "mine");
    assert_int_equal(count_asked("GET /v1/models?limit=100"), 0);
}

TEST(a_preset_that_there_is_not_and_a_daemon_without_models_are_refused)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(PRESET("cpu"), WI_EXIT_USAGE);
    assert_string_equal(said, "webinfer: there is no preset \"cpu\"\n  allowed: gpu\n");
    lab.is_empty = 1;
    assert_int_equal(PRESET("gpu"), WI_EXIT_USAGE);
    assert_non_null(strstr(said, "the daemon has no models: name a model file or a folder\n"));
    assert_int_equal(json_object_size(lab.runs), 0);
    assert_int_equal(PRESET("gpu", "--platform", "wasm", "--runs", "5", "m"), WI_EXIT_OK);
    assert_non_null(strstr(said, "webinfer: no WebGPU could be verified\n"));
}

/* The first browser of the models' cells, by the run that was stored. */
static const char *assert_one_after_the_other(void)
{
    const json_t *cells = json_object_get(only_run(), "cells"), *cell;
    size_t i;
    assert_int_equal(json_array_size(cells), 2 + 2 * WI_LAB_YARDSTICKS);
    json_array_foreach(cells, i, cell) assert_string_equal(text_in(cell, "outcome"), "ok");
    /* Cells are stored in the order in which they end. */
    const char *first = text_in(json_array_get(cells, 0), "browser");
    for (i = 0; i < json_array_size(cells); i++)
        assert_int_equal(strcmp(text_in(json_array_get(cells, i), "browser"), first) == 0,
            i < 1 + WI_LAB_YARDSTICKS);
    return first;
}

#define TIGHT(...)                                                                                 \
    BENCH("--platform", "wasm", "--threads", "1", "--test-type", "page", "--runs", "5", __VA_ARGS__)

TEST(where_one_browser_runs_at_a_time_each_is_started_once_in_the_order_of_the_seed)
{
    static const char *const seeds[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    size_t chrome_first = 0, count = sizeof seeds / sizeof *seeds;
    for (size_t i = 0; i < count; i++) {
        char printed[PRINTED_MAX], said[PRINTED_MAX];
        json_object_clear(lab.runs);
        lab.is_tight = 1;
        lab.starts = 0;
        *lab.running = '\0';
        assert_int_equal(TIGHT("--seed", seeds[i]), WI_EXIT_OK);
        assert_int_equal(lab.starts, 2);
        chrome_first += strcmp(assert_one_after_the_other(), "chrome") == 0;
        assert_non_null(strstr(said, "8 cells to measure, one at a time, and 0 that"));
        assert_non_null(strstr(said, ", and the whole run about "));
        assert_non_null(strstr(printed, "m runs in "));
    }
    assert_true(chrome_first > 0 && chrome_first < count);
}

/* Firefox had its turn and is done, and this time Chrome is first. */
TEST(a_browser_of_which_nothing_is_left_is_not_started_for_the_rest)
{
    static const char *const seeds[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    const char *chrome_first = NULL, *firefox_first = NULL;
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    unsigned benchmarks = 0;
    lab.is_tight = 1;
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        json_object_clear(lab.runs);
        lab.benchmarks = 0;
        assert_int_equal(TIGHT("--seed", seeds[i]), WI_EXIT_OK);
        *(strcmp(assert_one_after_the_other(), "chrome") == 0 ? &chrome_first : &firefox_first) =
            seeds[i];
        benchmarks = lab.benchmarks;
    }
    assert_true(chrome_first && firefox_first);
    json_object_clear(lab.runs);
    lab.benchmarks = 0;
    lab.stops_at = (int)benchmarks / 2 + 1; /* the first one in Chrome */
    assert_int_equal(TIGHT("--seed", firefox_first), WI_EXIT_FAILED);
    char *id = wi_strdup(text_in(only_run(), "id"));
    lab.stops_at = 0;
    lab.starts = 0;
    assert_string_equal(lab.running, "chrome");
    assert_int_equal(TIGHT("--seed", chrome_first, "--resume", id), WI_EXIT_OK);
    assert_int_equal(lab.starts, 0);
    assert_one_after_the_other();
    free(id);
}

TEST(a_browser_that_does_not_start_when_it_is_its_turn_leaves_cells_that_say_so)
{
    static const char *const browsers[] = {"chrome", "firefox"};
    for (size_t i = 0; i < 2; i++) {
        char printed[PRINTED_MAX], said[PRINTED_MAX];
        const json_t *cell;
        size_t k;
        json_object_clear(lab.runs);
        lab.is_tight = 1;
        lab.broken = browsers[i];
        assert_int_equal(
            BENCH("--platform", "wasm", "--threads", "1", "--test-type", "page", "--runs", "5"),
            WI_EXIT_OK);
        json_array_foreach(json_object_get(only_run(), "cells"), k, cell)
        {
            int is_broken = strcmp(text_in(cell, "browser"), browsers[i]) == 0;
            assert_string_equal(text_in(cell, "outcome"), is_broken ? "absent" : "ok");
            assert_string_equal(
                text_in(cell, "reason"), is_broken ? "unavailable: it does not start" : "");
        }
    }
}

/* Where both platforms have the same reason; with WebNN, which has another one, each has a line. */
TEST(a_browser_that_does_not_start_is_told_of_once)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    lab.is_tight = 1;
    lab.broken = "firefox";
    assert_int_equal(BENCH("--platform", "both", "--threads", "1", "--runs", "5"), WI_EXIT_OK);
    assert_non_null(strstr(printed, "\nfirefox: absent: unavailable: it does not start; webinfer"));
    assert_null(strstr(printed, "firefox/wasm: "));
    assert_null(strstr(printed, "firefox/webgpu: "));
    json_object_clear(lab.runs);
    assert_int_equal(
        BENCH("--platform", "wasm,webgpu,webnn", "--threads", "1", "--runs", "5"), WI_EXIT_OK);
    assert_non_null(strstr(printed, "\nfirefox/wasm: absent: unavailable: it does not start; "));
    assert_non_null(strstr(printed, "\nfirefox/webgpu: absent: unavailable: it does not start; "));
    assert_non_null(strstr(printed, "\nfirefox/webnn: unsupported: nobody has it; "));
}

/* Two of the same name are told apart by their paths. */
TEST(files_that_are_sent_have_their_own_names_in_the_answer)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    char *one = wi_sprintf("%s/one", (char *)*state), *two = wi_sprintf("%s/two", (char *)*state);
    assert_int_equal(mkdir(one, 0700), 0);
    assert_int_equal(mkdir(two, 0700), 0);
    write_text(one, "a.gguf", "1");
    write_text(two, "a.gguf", "2");
    write_text(one, "b.gguf", "3");
    char *paths[] = {path_to(one, "a.gguf"), path_to(two, "a.gguf"), path_to(one, "b.gguf")};
#define SENT(...)                                                                                  \
    run_saying(*state, NULL,                                                                       \
        (const char *[]){"webinfer", "bench", "--platform", "wasm", "--threads", "1", "--runs",    \
            "5", "--test-type", "page", __VA_ARGS__, NULL},                                        \
        printed, said)
    assert_int_equal(SENT(paths[0], "m"), WI_EXIT_OK);
    assert_string_equal(text_in(only_run(), "name"), "a.gguf");
    assert_non_null(strstr(printed, "a.gguf (times in ms"));
    assert_non_null(strstr(printed, "\na.gguf runs in Chromium"));
    assert_non_null(strstr(printed, "\nm runs in Chromium"));
    assert_int_equal(figure_of("wasm", "page", "page_bytes"), 44);
    json_object_clear(lab.runs);
    assert_int_equal(SENT(paths[0], paths[1], paths[2]), WI_EXIT_OK);
    for (size_t i = 0; i < 2; i++) {
        char *heading = wi_sprintf("%s (times in ms", paths[i]);
        assert_non_null(strstr(printed, heading));
        free(heading);
    }
    assert_non_null(strstr(printed, "\nb.gguf runs in Chromium"));
    assert_null(strstr(printed, "bench/"));
    for (size_t i = 0; i < 3; i++)
        free(paths[i]);
    free(one);
    free(two);
}

TEST(as_many_requests_go_on_at_a_time_as_is_asked_for)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(
        BENCH("--platform", "wasm", "--test-type", "client", "--concurrency", "4", "--runs", "16"),
        WI_EXIT_OK);
    assert_samples("wasm", "client", 16, CLIENT_MS);
    assert_int_equal(lab.most, 4);
    assert_int_equal(figure_of("wasm", "client", "concurrency"), 4);
}

TEST(a_batch_is_the_inputs_as_often_and_what_is_no_tensor_has_none)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(BENCH("--platform", "wasm", "--threads", "1", "--test-type", "page", "--batch",
                         "3", "--runs", "5"),
        WI_EXIT_OK);
    assert_outcome("wasm", "page", "ok", "");
    json_object_clear(lab.runs);
    lab.writes = 1;
    assert_int_equal(BENCH("--platform", "wasm", "--threads", "1", "--test-type", "page", "--batch",
                         "3", "--runs", "5"),
        WI_EXIT_OK);
    assert_outcome("wasm", "page", "unsupported", "no tensors to put together");
}

/* Whether a model writes is known by its first answer, and the next come in parts. */
TEST(of_a_model_that_writes_tokens_are_counted)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    lab.writes = 1;
    assert_int_equal(
        BENCH("--platform", "wasm", "--test-type", "client", "--runs", "5"), WI_EXIT_OK);
    const json_t *text = json_object_get(cell_of("wasm", "client"), "text");
    assert_int_equal(json_number_value(json_object_get(text, "prompt_tokens")), 7);
    assert_int_equal(json_number_value(json_object_get(text, "tokens")), 3);
    assert_float_equal(
        json_number_value(json_object_get(text, "prompt_per_s")), 6 / 4.0 * 1000, 1e-6);
    assert_samples("wasm", "client", 5, CLIENT_MS);
}

/* What a place answers is what its cells come to; the other place is measured all the same. */
TEST(what_a_cell_came_to_is_kept_with_its_reason)
{
    static const struct {
        int status;
        const char *body, *outcome, *reason;
        enum wi_exit exit;
    } cases[] = {
        {400, "{\"code\":\"operator_unsupported\",\"detail\":\"no Foo\"}", "unsupported",
            "operator_unsupported: no Foo", WI_EXIT_OK},
        {503, "{\"code\":\"unavailable\"}", "absent", "unavailable", WI_EXIT_OK},
        {504, "{\"code\":\"deadline_exceeded\"}", "too slow", "deadline_exceeded", WI_EXIT_OK},
        {502, "{\"code\":\"attempts_exhausted\"}", "crashed", "attempts_exhausted", WI_EXIT_FAILED},
        {500, "{\"code\":\"internal\"}", "failed", "internal", WI_EXIT_FAILED},
        {500, "", "failed", "the answer is 500, and no problem document", WI_EXIT_FAILED},
        {0, "", "too slow", "no answer came in the time that was left", WI_EXIT_OK},
        {200, "{\"executed_on\":{\"browser\":\"chrome\",\"platform\":\"wasm\",\"node\":\"n1\"}}",
            "failed", "answered_elsewhere: chrome computed it on wasm", WI_EXIT_FAILED},
        {200,
            "{\"executed_on\":{\"browser\":\"chrome\",\"platform\":\"webgpu\",\"node\":\"n1\"},"
            "\"outputs\":[{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[1,2],\"data\":[1,3]}]}",
            "inexact", "", WI_EXIT_FAILED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char printed[PRINTED_MAX], said[PRINTED_MAX];
        lab.trouble = (struct trouble){"webgpu", cases[i].status, cases[i].body};
        json_object_clear(lab.runs);
        assert_int_equal(
            BENCH("--platform", "both", "--threads", "1", "--runs", "5"), cases[i].exit);
        assert_outcome("webgpu", "page", cases[i].outcome, cases[i].reason);
        assert_outcome("webgpu", "client", cases[i].outcome, cases[i].reason);
        assert_samples("webgpu", "page", 0, 0);
        assert_outcome("wasm", "page", "ok", "");
    }
}

/* Both are this one here, so that neither is slower. */
TEST(a_run_against_another_daemon_is_compared_with_it)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(
        BENCH("--platform", "wasm", "--threads", "1", "--against", "http://127.0.0.1:2"),
        WI_EXIT_OK);
    assert_int_equal(json_object_size(lab.runs), 2);
    assert_non_null(strstr(printed, "no regression: no cell is slower, and none broke"));
    assert_int_equal(lab.yardsticks, 2 * 3 * YARDSTICK_ASKED);
}

/* So that what else the machine does falls upon both: each is asked once at the look, and once in
 * each round. */
TEST(two_daemons_are_measured_in_turn_in_each_round)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(BENCH("--platform", "wasm", "--threads", "1", "--test-type", "page",
                         "--against", "http://127.0.0.1:2"),
        WI_EXIT_OK);
    assert_int_equal(strlen(lab.turns), 2 * (1 + WI_BENCH_ROUNDS));
    for (size_t i = 0; lab.turns[i]; i += 2)
        assert_int_equal(lab.turns[i] + lab.turns[i + 1], '1' + '2');
}

TEST(no_node_is_started_for_a_daemon_that_lets_none_join)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(BENCH("--native"), WI_EXIT_NO_SERVER);
    assert_string_equal(played.asked.text, "GET /healthz\nPOST /v1/admin/join\n");
}

/* Runs the command with that script as the daemon that it may start, which is found where PATH
 * says; `option` may be NULL. */
static enum wi_exit run_started(const char *root, const char *script, const char *option,
    char printed[PRINTED_MAX], char said[PRINTED_MAX])
{
    char *program = path_to(root, "webinferd"), *before = wi_strdup(getenv("PATH"));
    char *path = wi_sprintf("%s:%s", root, before);
    write_text(root, "webinferd", script);
    assert_int_equal(chmod(program, 0700), 0);
    setenv("PATH", path, 1);
    setenv("WI_TEST_ROOT", root, 1);
    enum wi_exit result = run_saying(root, NULL,
        (const char *[]){"webinfer", "bench", "m", "--headless", "no", "--platform", "wasm",
            "--test-type", "client", "--runs", "5", option, NULL},
        printed, said);
    setenv("PATH", before, 1);
    free(path);
    free(before);
    free(program);
    return result;
}

static const char own_daemon[] = "#!/bin/sh\necho \"$*\" >$WI_TEST_ROOT/words\n"
                                 "echo '{\"api\":\"http://127.0.0.1:3\"}'\n"
                                 "read line\necho ended >>$WI_TEST_ROOT/words\n";

/* Whether the script was run. */
static int was_started(const char *root)
{
    char *words = path_to(root, "words");
    int was = access(words, F_OK) == 0;
    free(words);
    return was;
}

/* Unless one is named, or a run is resumed, which is in the database of another. */
TEST(where_no_daemon_runs_one_is_started)
{
    static const struct {
        int is_away;
        const char *option; /* NULL: none */
        const char *url;    /* of the environment; NULL: none */
        int starts;
    } cases[] = {{0, NULL, NULL, 0}, {1, "--resume=r", NULL, 0}, {1, NULL, "http://127.0.0.1:4", 0},
        {1, "--url=http://127.0.0.1:4", NULL, 0}, {1, NULL, NULL, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char printed[PRINTED_MAX], said[PRINTED_MAX];
        lab.is_away = cases[i].is_away;
        if (cases[i].url)
            setenv("WEBINFER_URL", cases[i].url, 1);
        run_started(*state, own_daemon, cases[i].option, printed, said);
        unsetenv("WEBINFER_URL");
        assert_int_equal(was_started(*state), cases[i].starts);
        assert_int_equal(
            strstr(said, "no daemon answers at http://127.0.0.1:1, so one is started") != NULL,
            cases[i].starts);
    }
}

/* It is started for this, told what is to be otherwise, and ends with its standard input. */
TEST(a_daemon_of_its_own_ends_with_it)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(run_started(*state, own_daemon, "--start", printed, said), WI_EXIT_OK);
    assert_samples("wasm", "client", 5, CLIENT_MS);
    read_printed(*state, "words", printed);
    assert_memory_equal(printed, "--private --set=", 16);
    assert_non_null(strstr(printed, "--set=browser.chrome.headless=no"));
    assert_non_null(strstr(printed, "\nended\n"));
}

/* What it said last is told, and nothing is asked of it. */
TEST(a_daemon_that_does_not_start_says_why)
{
    static const struct {
        const char *script, *complaint;
    } cases[] = {{"#!/bin/sh\necho first >&2\necho the port is taken >&2\nexit 1\n",
                     "webinferd did not start: the port is taken"},
        {"#!/bin/sh\nexit 0\n", "webinferd did not start: it ended without a word"},
        {"#!/nonexistent\n", "cannot be started: No such file or directory"},
        {"#!/bin/sh\necho hello\nread line\n", "webinferd did not say where it serves"},
        {"#!/bin/sh\nhead -c 9000 /dev/zero | tr '\\0' x\nread line\n",
            "webinferd did not say where it serves"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char printed[PRINTED_MAX], said[PRINTED_MAX];
        assert_int_equal(
            run_started(*state, cases[i].script, "--start", printed, said), WI_EXIT_NO_SERVER);
        if (!strstr(said, cases[i].complaint))
            fail_msg("\"%s\" does not say \"%s\"", said, cases[i].complaint);
        assert_null(played.asked.text);
    }
}

/* Ended by ^C, it keeps what it has, and goes on where it was. */
TEST(a_run_that_was_stopped_goes_on_with_what_is_left)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    lab.stops_at = YARDSTICK_ASKED + 1;
    assert_int_equal(BENCH("--platform", "wasm", "--threads", "1", "--runs", "1"), WI_EXIT_FAILED);
    assert_null(json_object_get(only_run(), "ended_at"));
    assert_outcome("wasm", "page", "not run", "it was ended before");
    const char *id = text_in(only_run(), "id");
    char *command =
        wi_sprintf("webinfer bench --resume %s --platform wasm --threads 1 --runs 1 m", id);
    assert_non_null(strstr(said, command));
    lab.stops_at = 0;
    char *resumed = wi_strdup(id);
    assert_int_equal(
        BENCH("--platform", "wasm", "--threads", "1", "--runs", "1", "--resume", resumed),
        WI_EXIT_OK);
    assert_outcome("wasm", "page", "ok", "");
    assert_int_equal(lab.yardsticks, 3 * YARDSTICK_ASKED);
    assert_true(json_integer_value(json_object_get(only_run(), "ended_at")) > 0);
    assert_int_equal(
        BENCH("--platform", "wasm", "--threads", "1", "--runs", "1", "--resume", resumed),
        WI_EXIT_USAGE);
    assert_non_null(strstr(said, "has ended: there is nothing left of it"));
    free(resumed);
    free(command);
}

/* The file is named by the run, and lies where the command is run. */
TEST(what_the_daemon_has_no_room_for_goes_to_a_file)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX], *before = getcwd(NULL, 0);
    lab.is_full = 1;
    assert_int_equal(chdir(*state), 0);
    enum wi_exit result = BENCH("--platform", "wasm", "--test-type", "client", "--runs", "5");
    assert_int_equal(chdir(before), 0);
    assert_int_equal(result, WI_EXIT_OK);
    assert_int_equal(json_object_size(lab.runs), 0);
    assert_non_null(strstr(said, "the daemon does not keep it (there is none)"));
    assert_non_null(strstr(printed, "chrome/wasm fp32  ok"));
    free(before);
}

TEST(where_nothing_is_left_to_measure_each_place_says_why)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(BENCH("--platform", "webnn"), WI_EXIT_USAGE);
    assert_non_null(strstr(said, "no cell is left to measure"));
    assert_non_null(strstr(said, "m chrome/webnn page: unsupported: nobody has it"));
    assert_int_equal(json_object_size(lab.runs), 0);
}

TEST(what_does_not_go_together_asks_nothing)
{
    static const char *const wrong[][5] = {{"--suite", "d"}, {"--suite", "d", "--start"},
        {"--against", "http://x", "--native"}, {"--against", "http://x", "--resume", "r"},
        {"--start", "--url", "http://x"}, {"--fail-on-regression", "10%"}, {"--runs", "x"},
        {"--against", "latest", "--fail-on-regression", "x"}};
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(
            BENCH(wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3], wrong[i][4]), WI_EXIT_USAGE);
        assert_null(played.asked.text);
        assert_true(*said);
    }
}
