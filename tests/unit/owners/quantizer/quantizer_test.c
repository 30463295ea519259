/* Makings from their beginning to a name or to nothing: what they are measured by, and whoever ends
 * them at any step. */
#include "fixture.h"

FIXTURE(set_up, tear_down)

static void make(const char *model, int bits)
{
    struct wi_error error;
    if (start(model, bits, 0, &error) != WI_OK)
        fail_msg("%s", error.detail);
}

/* It has failed with that code, and has left nothing. */
static void expect_failed(const char *model, const char *variant, enum wi_code code)
{
    char *name = wi_sprintf("%s:%s", model, variant);
    until(is_over(name));
    assert_int_equal(known(name).state, WI_MAKING_FAILED);
    assert_int_equal(known(name).error->code, code);
    until(!is_staged());
    assert_false(is_there(model, variant));
    free(name);
}

/* --- the whole way ---------------------------------------------------------------------------- */

static void on_event(void *context, const struct wi_making_info *info)
{
    size_t length = strlen(fixture->states);
    const char *name = wi_making_state_names[info->state];
    if (strstr(fixture->states, name) == NULL)
        snprintf(fixture->states + length, sizeof fixture->states - length, "%s ", name);
}

TEST(is_written_measured_and_published)
{
    put_model("m", "one");
    make("m", 4);
    assert_non_null(wi_making_watch(fixture->quantizer, "m", on_event, NULL));
    until(is_over("m:q4"));
    assert_string_equal(fixture->states, "quantizing measuring publishing done ");
    const struct wi_making_info info = known("m:q4");
    const json_t *measured = json_object_get(info.notes, "measured");
    assert_int_equal(json_integer_value(json_object_get(measured, "inputs")), WI_MEASURE_INPUTS);
    assert_int_equal(fixture->answered[WI_WASM], 2 * WI_MEASURE_INPUTS);
    assert_true(is_there("m", "q4"));
    struct wi_model *made = find_model("m:q4");
    assert_string_equal(made->variant, "q4");
    wi_model_unref(made);
    until(!is_staged());
}

TEST(of_eight_bits_both_forms_are_written_and_measured)
{
    struct wi_quantizer_counters counters;
    put_model("m", "one");
    make("m", 8);
    until(is_over("m:q8"));
    assert_int_equal(known("m:q8").state, WI_MAKING_DONE);
    assert_int_equal(fixture->programs, 2);
    assert_int_equal(fixture->answered[WI_WASM], 4 * WI_MEASURE_INPUTS);
    assert_non_null(json_object_get(known("m:q8").notes, "measured_webgpu"));
    wi_quantizer_counters(fixture->quantizer, &counters);
    assert_int_equal(counters.done, 1);
    assert_int_equal(counters.webgpu, 1);
}

/* --- places ----------------------------------------------------------------------------------- */

static const json_t *places_of(const char *name)
{
    return json_object_get(json_object_get(known(name).notes, "measured"), "places");
}

TEST(is_measured_at_each_place_that_is_idle)
{
    fixture->first_seen = WI_WEBGPU;
    fixture->nodes[0].platforms[WI_WEBGPU].available = 1;
    add_node("firefox", "session-2", WI_WEBGPU);
    add_node("chrome", "", WI_WEBNN); /* not ours */
    put_model("m", "one");
    make("m", 4);
    until(is_over("m:q4"));
    const json_t *places = places_of("m:q4"), *second = json_array_get(places, 1);
    assert_int_equal(json_array_size(places), 4); /* each of the two on both */
    assert_int_equal(fixture->answered[WI_WEBGPU], 2 * 2 * WI_MEASURE_PLACE_INPUTS);
    assert_int_equal(fixture->answered[WI_WEBNN], 0);
    assert_string_equal(json_string_value(json_object_get(second, "platform")), "webgpu");
    assert_int_equal(
        json_integer_value(json_object_get(second, "inputs")), WI_MEASURE_PLACE_INPUTS);
    assert_string_equal(fixture->first_model, "m:q4"); /* before the larger one */
}

TEST(clients_browsers_and_broken_places_are_left_out)
{
    fixture->nodes[0].platforms[WI_WEBGPU].available = 1;
    add_node("firefox", "session-2", WI_WEBGPU);
    fixture->busy = 1;
    fixture->broken = WI_WEBGPU;
    put_model("m", "one");
    make("m", 4);
    until(is_over("m:q4"));
    assert_int_equal(known("m:q4").state, WI_MAKING_DONE);
    assert_int_equal(json_array_size(places_of("m:q4")), 1);
    assert_int_equal(fixture->answered[WI_WEBGPU], 1);
}

TEST(each_form_is_measured_where_it_runs)
{
    fixture->nodes[0].platforms[WI_WEBGPU].available = 1;
    fixture->nodes[0].platforms[WI_WEBNN].available = 1;
    put_model("m", "one");
    make("m", 8);
    until(is_over("m:q8"));
    const json_t *places = places_of("m:q8");
    assert_int_equal(json_array_size(places), 2);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(places, 1), "platform")), "webnn");
    assert_int_equal(fixture->answered[WI_WEBGPU], 2 * WI_MEASURE_PLACE_INPUTS);
}

/* --- what is not published -------------------------------------------------------------------- */

TEST(what_measures_badly_is_published_by_force_alone)
{
    struct wi_error error;
    fixture->off = 3;
    put_model("m", "one");
    make("m", 4);
    expect_failed("m", "q4", WI_QUANTIZED_BADLY);
    assert_int_equal(start("m", 4, 1, &error), WI_OK);
    until(is_over("m:q4"));
    assert_int_equal(known("m:q4").state, WI_MAKING_DONE);
    assert_true(is_there("m", "q4"));
}

TEST(where_no_browser_can_run_it_nothing_is_published)
{
    fixture->broken = WI_WASM;
    put_model("m", "one");
    make("m", 8);
    expect_failed("m", "q8", WI_INFERENCE_FAILED);
}

TEST(a_program_that_is_killed_has_made_nothing)
{
    fixture->exit_signal = SIGKILL;
    put_model("m", "one");
    make("m", 8);
    expect_failed("m", "q8", WI_INTERNAL);
    fixture->exit_signal = 0; /* and may be asked for again */
    make("m", 8);
    until(is_over("m:q8"));
    assert_int_equal(known("m:q8").state, WI_MAKING_DONE);
}

TEST(what_the_program_says_is_told_if_it_may_say_so)
{
    static const struct {
        const char *line;
        enum wi_code code;
    } rows[] = {
        {"{\"error\": {\"code\": \"no_room\", \"detail\": \"the disk is full\"}}", WI_NO_ROOM},
        {"{\"error\": {\"code\": \"nothing_to_quantize\", \"detail\": \"12 %\"}}",
            WI_NOTHING_TO_QUANTIZE},
        {"{\"error\": {\"code\": \"unauthorized\", \"detail\": \"x\"}}", WI_INTERNAL},
        {"{\"error\": {}}", WI_INTERNAL},
        {"Segmentation fault", WI_INTERNAL},
    };
    put_model("m", "one");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fixture->says = rows[i].line;
        make("m", 8);
        expect_failed("m", "q8", rows[i].code);
    }
}

TEST(a_quota_that_is_used_up_ends_it_before_the_program)
{
    wi_versions_work_set(fixture->work, 1, 2);
    put_model("m", "one");
    make("m", 8);
    expect_failed("m", "q8", WI_NO_ROOM);
    assert_int_equal(fixture->programs, 0);
}

TEST(a_model_that_changes_meanwhile_is_not_answered_for)
{
    fixture->is_silent = 1;
    put_model("m", "one");
    make("m", 8);
    until(fixture->job_count == 1);
    assert_int_equal(known("m:q8").state, WI_MAKING_MEASURING);
    put_model("m", "another");
    fixture->is_silent = 0;
    expect_failed("m", "q8", WI_CONFLICT);
}

/* --- several ---------------------------------------------------------------------------------- */

TEST(two_at_once_and_one_for_each_model)
{
    struct wi_error error;
    fixture->is_held = 1;
    put_model("m", "one");
    put_model("n", "two");
    put_model("o", "three");
    make("m", 8);
    make("m", 8); /* joins */
    assert_int_equal(start("m", 4, 0, &error), WI_CONFLICT);
    assert_int_equal(start("m", 8, 1, &error), WI_CONFLICT);
    make("n", 8);
    assert_int_equal(start("o", 8, 0, &error), WI_QUEUE_FULL);
    until(fixture->child_count == 2);
    fixture->is_held = 0;
    until(is_over("m:q8") && is_over("n:q8"));
    assert_int_equal(fixture->programs, 4);
    assert_true(is_there("m", "q8") && is_there("n", "q8"));
    assert_int_equal(start("m", 8, 0, &error), WI_CONFLICT); /* it is there */
    make("o", 8);
    until(is_over("o:q8"));
}

/* --- whoever ends it -------------------------------------------------------------------------- */

/* Up to where a program writes, or a browser runs. */
static void go_to(enum wi_making_state state)
{
    fixture->is_held = state == WI_MAKING_QUANTIZING;
    fixture->is_silent = 1;
    make("m", 8);
    until(state == WI_MAKING_QUANTIZING ? fixture->child_count == 1 : fixture->job_count == 1);
    assert_int_equal(known("m:q8").state, state);
}

TEST(cancelled_it_never_was)
{
    struct wi_quantizer_counters counters;
    struct wi_error error;
    put_model("m", "one");
    for (int step = WI_MAKING_QUANTIZING; step <= WI_MAKING_MEASURING; step++) {
        go_to((enum wi_making_state)step);
        assert_int_equal(wi_quantizer_cancel(fixture->quantizer, "m:q8", &error), WI_OK);
        until(!wi_quantizer_is_busy(fixture->quantizer) && !is_staged());
        assert_int_equal(known("m:q8").state, WI_MAKING_STATE_COUNT);
        assert_false(is_there("m", "q8"));
        assert_int_equal(wi_quantizer_cancel(fixture->quantizer, "m:q8", &error), WI_NOT_FOUND);
    }
    make("m", 8); /* before anything has begun */
    assert_int_equal(wi_quantizer_cancel(fixture->quantizer, "m", &error), WI_OK);
    wi_quantizer_counters(fixture->quantizer, &counters);
    assert_int_equal(counters.cancelled, 3);
    assert_int_equal(counters.under_way, 0);
}

static void end_daemon(enum wi_making_state state)
{
    struct wi_error error;
    put_model("m", "one");
    go_to(state);
    wi_quantizer_stop(fixture->quantizer);
    assert_int_equal(wi_quantizer_is_busy(fixture->quantizer), state == WI_MAKING_QUANTIZING);
    expect_failed("m", "q8", WI_SHUTTING_DOWN);
    assert_int_equal(start("m", 8, 0, &error), WI_SHUTTING_DOWN);
}

TEST(the_daemons_end_ends_the_program)
{
    end_daemon(WI_MAKING_QUANTIZING);
}

TEST(the_daemons_end_ends_the_measuring)
{
    end_daemon(WI_MAKING_MEASURING);
}
