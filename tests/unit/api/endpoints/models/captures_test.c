/* What is told of graph capture: a trial of ours before what tables foretell, and of how many. */
#include "../../../test.h"

#include "api/endpoints/models/captures.h"
#include <stdio.h>
#include <string.h>

static const char trial[] = "{\"profile\":{\"capture\":{\"possible\":false,\"fixed_sizes\":false,"
                            "\"node\":\"b\",\"operator\":\"Odd\",\"reason\":\"so it is\"}}}";

static struct wi_model model_of(const char *hash, enum wi_capture_state state)
{
    struct wi_model model = {
        .facts = {.capture = {.state = state, .node = "a", .operator_type = "Det"}}};
    snprintf(model.hash, sizeof model.hash, "%s", hash);
    return model;
}

/* A benchmark of the model has ended with that result; it may be no JSON, for no result. */
static void end_run(
    struct wi_captures *captures, struct wi_model *model, const char *text, int joined, int profile)
{
    json_t *result = json_loads(text, 0, NULL);
    const struct wi_inference asked = {
        .model = model, .benchmark = {.runs = 1, .profile = profile}};
    const struct wi_outcome outcome = {
        .browser = "chrome", .browser_version = "149.0", .joined = joined, .result = result};
    const struct wi_run_ending ending = {.asked = &asked, .outcome = &outcome};
    wi_captures_note(captures, &ending);
    json_decref(result);
}

static void check(const struct wi_captures *captures, const struct wi_model *model,
    const char *known_by, const char *node)
{
    json_t *told = wi_captures_json(captures, model);
    assert_non_null(told);
    assert_int_equal(json_object_size(told), 9);
    assert_string_equal(json_string_value(json_object_get(told, "known_by")), known_by);
    assert_string_equal(json_string_value(json_object_get(told, "node")), node);
    int is_trial = strcmp(known_by, "trial") == 0;
    assert_int_equal(json_is_integer(json_object_get(told, "at")), is_trial);
    assert_int_equal(json_is_string(json_object_get(told, "browser")), is_trial);
    assert_int_equal(json_is_null(json_object_get(told, "browser_version")), !is_trial);
    json_decref(told);
}

TEST(a_trial_counts_before_the_tables)
{
    struct wi_captures captures = {0};
    struct wi_model model = model_of("sha256-1", WI_CAPTURE_KERNEL);
    const struct wi_model other = model_of("sha256-2", WI_CAPTURE_KERNEL);
    check(&captures, &model, "tables", "a");
    end_run(&captures, &model, trial, 0, 1);
    check(&captures, &model, "trial", "b");
    check(&captures, &other, "tables", "a");
    end_run(&captures, &model,
        "{\"profile\":{\"capture\":{\"possible\":true,\"fixed_sizes\":true,\"node\":\"c\"}}}", 0,
        1);
    check(&captures, &model, "trial", "c");
    json_t *told = wi_captures_json(&captures, &model);
    assert_true(json_is_true(json_object_get(told, "fixed_sizes")));
    assert_true(json_is_true(json_object_get(told, "possible")));
    assert_true(json_is_null(json_object_get(told, "reason")));
    json_decref(told);
    wi_captures_clear(&captures);
}

TEST(nothing_else_is_a_trial_of_ours)
{
    struct wi_captures captures = {0};
    struct wi_model model = model_of("sha256-1", WI_CAPTURE_POSSIBLE);
    end_run(&captures, &model, trial, 1, 1); /* a page that has joined */
    end_run(&captures, &model, trial, 0, 0); /* no profile was asked for */
    end_run(&captures, &model, "{\"profile\":{}}", 0, 1);
    end_run(&captures, &model, "none", 0, 1);
    wi_captures_note(&captures, &(struct wi_run_ending){.code = WI_CANCELLED});
    json_t *result = json_loads(trial, 0, NULL);
    const struct wi_inference asked = {.model = &model, .benchmark = {.runs = 1, .profile = 1}};
    assert_true(wi_captures_may_note(&asked));
    assert_false(wi_captures_may_note(&(struct wi_inference){.model = &model}));
    const struct wi_outcome gone = {.result = result};
    wi_captures_note(&captures, &(struct wi_run_ending){.asked = &asked, .outcome = &gone});
    json_decref(result);
    check(&captures, &model, "tables", "a");
    wi_captures_clear(&captures);
}

TEST(of_other_models_nothing_is_told)
{
    const struct wi_captures captures = {0};
    const struct wi_model model = model_of("sha256-1", WI_CAPTURE_UNREAD);
    assert_null(wi_captures_json(&captures, &model));
}

TEST(the_trial_noted_first_is_forgotten)
{
    struct wi_captures captures = {0};
    struct wi_model first = model_of("sha256-first", WI_CAPTURE_KERNEL);
    end_run(&captures, &first, trial, 0, 1);
    for (int i = 0; i < WI_CAPTURES_MAX; i++) {
        char hash[32];
        check(&captures, &first, "trial", "b");
        snprintf(hash, sizeof hash, "sha256-%d", i);
        struct wi_model model = model_of(hash, WI_CAPTURE_KERNEL);
        end_run(&captures, &model, trial, 0, 1);
        check(&captures, &model, "trial", "b");
    }
    check(&captures, &first, "tables", "a");
    wi_captures_clear(&captures);
}
