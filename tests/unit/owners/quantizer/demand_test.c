/* Makings that requests wait for: which variant, who joins whom, and what is remembered. */
#include "fixture.h"

#include "owners/quantizer/quantizer.h"

static struct wi_run_maker maker;

static int set_up_maker(void **state)
{
    set_up(state);
    maker = wi_demand_maker(fixture->quantizer);
    return 0;
}

FIXTURE(set_up_maker, tear_down)

/* A request that waits. */
struct waiter {
    struct wi_run_made *made;
    int over, told;
    enum wi_code code;
};

static void on_event(
    void *context, const struct wi_progress *progress, const struct wi_error *error)
{
    struct waiter *waiter = context;
    assert_false(waiter->over);
    waiter->told += progress != NULL;
    waiter->over = progress == NULL;
    waiter->code = error ? error->code : WI_OK;
}

static const char *variant_of(const char *name, const char *precision)
{
    struct wi_model *model = find_model(name);
    const char *variant = maker.variant(maker.context, model, precision);
    wi_model_unref(model);
    return variant;
}

static void wait_for(struct waiter *waiter, const char *name, const char *variant)
{
    struct wi_model *model = find_model(name);
    *waiter = (struct waiter){0};
    waiter->made = maker.begin(maker.context, model, variant, on_event, waiter);
    assert_false(waiter->over); /* never from inside */
    wi_model_unref(model);
}

/* --- which variant ---------------------------------------------------------------------------- */

TEST(of_each_precision_that_can_be_made)
{
    static const char *const rows[][2] = {{"int8", "q8"}, {"int4", "q4"}, {"fp16", "fp16"},
        {"q8", "q8"}, {"q4", "q4"}, {"bf16", NULL}, {"fp32", NULL}, {NULL, "q8"}};
    put_model("m", "one");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *variant = variant_of("m", rows[i][0]);
        if (rows[i][1])
            assert_string_equal(variant, rows[i][1]);
        else
            assert_null(variant);
    }
    fixture->config.models.quantize_on_demand = 0;
    assert_null(variant_of("m", "int8"));
}

TEST(what_is_there_is_not_made_and_less_follows_it)
{
    struct waiter waiter;
    put_model("m", "one");
    wait_for(&waiter, "m", "q8");
    until(waiter.over);
    assert_int_equal(waiter.code, WI_OK);
    assert_null(variant_of("m", "int8"));
    assert_null(variant_of("m", NULL)); /* it is the next already */
    assert_string_equal(variant_of("m:q8", NULL), "q4");
    wait_for(&waiter, "m:q8", "q4"); /* of fp32, whoever asks */
    until(waiter.over);
    assert_int_equal(waiter.code, WI_OK);
    assert_true(is_there("m", "q4"));
    assert_null(variant_of("m:q4", NULL));
}

/* --- waiting ---------------------------------------------------------------------------------- */

TEST(twelve_wait_for_one_making)
{
    struct waiter waiters[12];
    put_model("m", "one");
    for (size_t i = 0; i < 12; i++)
        wait_for(&waiters[i], "m", "q8");
    maker.leave(waiters[3].made);
    for (size_t i = 0; i < 12; i++) {
        if (i == 3)
            continue;
        until(waiters[i].over);
        assert_int_equal(waiters[i].code, WI_OK);
        assert_true(waiters[i].told > 0);
    }
    assert_int_equal(fixture->programs, 2);
    assert_false(waiters[3].over || waiters[3].told);
}

TEST(another_variant_of_the_model_is_waited_for)
{
    struct waiter first, second;
    put_model("m", "one");
    wait_for(&first, "m", "q8");
    wait_for(&second, "m", "q4");
    until(second.over);
    assert_true(first.over);
    assert_int_equal(second.code, WI_OK);
    assert_true(is_there("m", "q8") && is_there("m", "q4"));
}

TEST(nobody_that_waits_does_not_end_it)
{
    struct waiter waiter;
    put_model("m", "one");
    wait_for(&waiter, "m", "q8");
    until(fixture->programs == 1);
    maker.leave(waiter.made);
    until(is_over("m:q8"));
    assert_true(is_there("m", "q8"));
}

TEST(a_failure_is_remembered)
{
    struct waiter waiter;
    fixture->off = 3;
    put_model("m", "one");
    for (int i = 0; i < 3; i++) {
        wait_for(&waiter, "m", "q4");
        until(waiter.over);
        assert_int_equal(waiter.code, WI_QUANTIZED_BADLY);
    }
    assert_int_equal(fixture->programs, 1);
}

TEST(beyond_two_at_a_time_it_is_refused)
{
    struct waiter waiters[3];
    struct wi_error error;
    static const char *const names[] = {"m", "n", "o"};
    fixture->is_held = 1;
    for (size_t i = 0; i < 3; i++) {
        put_model(names[i], names[i]);
        wait_for(&waiters[i], names[i], "q8");
    }
    until(waiters[2].over);
    assert_int_equal(waiters[2].code, WI_QUEUE_FULL);
    assert_int_equal(wi_quantizer_cancel(fixture->quantizer, "m", &error), WI_OK);
    until(waiters[0].over);
    assert_int_equal(waiters[0].code, WI_CANCELLED);
    wi_quantizer_stop(fixture->quantizer);
    until(waiters[1].over);
    assert_int_equal(waiters[1].code, WI_SHUTTING_DOWN);
}
