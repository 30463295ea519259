/* The text of ours that measures a place. */
#include "../test.h"

#include "check/text_probe.h"
#include <string.h>

static void probe(enum wi_task_kind task, const char *options, struct wi_job_spec *spec)
{
    struct wi_job_spec client = {.task = task, .options = json_loads(options, 0, NULL)};
    *spec = (struct wi_job_spec){0};
    assert_int_equal(wi_text_probe(spec, &client), 0);
    json_decref(client.options);
}

static void free_probe(struct wi_job_spec *spec)
{
    json_decref(spec->input);
    json_decref(spec->options);
}

static const char *option(const struct wi_job_spec *spec, const char *name)
{
    return json_string_value(json_object_get(spec->options, name));
}

static void a_translation_keeps_its_languages_and_nothing_else(void **state)
{
    struct wi_job_spec spec;
    probe(WI_TASK_TRANSLATION,
        "{\"source_language\":\"eng_Latn\",\"target_language\":\"deu_Latn\",\"stop\":[\"secret\"]}",
        &spec);
    assert_int_equal(spec.task, WI_TASK_TRANSLATION);
    assert_string_equal(option(&spec, "source_language"), "eng_Latn");
    assert_string_equal(option(&spec, "target_language"), "deu_Latn");
    assert_null(json_object_get(spec.options, "stop"));
    assert_true(json_is_string(json_object_get(spec.input, "prompt")));
    free_probe(&spec);
    probe(WI_TASK_TRANSLATION, "{}", &spec);
    assert_null(json_object_get(spec.options, "target_language"));
    free_probe(&spec);
}

static void what_is_no_text_is_not_measured(void **state)
{
    const struct wi_job_spec client = {.task = WI_TASK_IMAGE_CLASSIFICATION};
    struct wi_job_spec spec = {0};
    assert_int_equal(wi_text_probe(&spec, &client), -1);
    assert_null(spec.input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_translation_keeps_its_languages_and_nothing_else),
        cmocka_unit_test(what_is_no_text_is_not_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
