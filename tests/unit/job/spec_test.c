/* What becomes of a checked request: text that is drawn at random is drawn from a known seed. */
#include "../test.h"

#include "job/job.h"
#include "wire/infer.h"

static struct wi_model model = {
    .name = "tiny", .engine = WI_ENGINE_LLAMA, .type = WI_TYPE_TEXT_GENERATION, ._references = 1};

static json_t *seed_of(json_t *options)
{
    struct wi_infer infer = {
        .form = WI_TEXT_FORM_STRING, .input = json_string("hello"), .options = options};
    struct wi_job_spec spec = {0};
    wi_job_spec_fill(&spec, &infer, &model);
    assert_int_equal(spec.text, WI_TEXT_COMPLETE);
    json_t *seed = json_incref(json_object_get(spec.options, "seed"));
    wi_job_spec_clear(&spec);
    wi_infer_clear(&infer);
    return seed;
}

static void what_is_drawn_has_a_seed(void **state)
{
    json_t *one = seed_of(NULL), *other = seed_of(json_pack("{s:f}", "temperature", 0.7)),
           *given = seed_of(json_pack("{s:i}", "seed", 5));
    assert_true(json_is_integer(one) && json_integer_value(one) >= 0);
    assert_true(json_is_integer(other));
    assert_int_not_equal(json_integer_value(one), json_integer_value(other));
    assert_int_equal(json_integer_value(given), 5);
    assert_null(seed_of(json_pack("{s:i}", "temperature", 0))); /* nothing is drawn */
    json_decref(one);
    json_decref(other);
    json_decref(given);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_drawn_has_a_seed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
