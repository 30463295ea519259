/* What is taken of a page's list of models, and what is left out of it. */
#include "../test.h"

#include "bridge/model_status.h"
#include <stdio.h>

static json_t *read_one(const char *slots)
{
    char text[300];
    snprintf(text, sizeof text, "[{\"name\":\"finch\",\"slots\":%s},7]", slots);
    json_t *said = json_loads(text, 0, NULL);
    assert_non_null(said);
    json_t *read = wi_model_status_read(said);
    json_decref(said);
    assert_int_equal(json_array_size(read), 2);
    return read;
}

static void slots_are_known_by_their_members(void **state)
{
    struct wi_model_slots slots;
    json_t *read = read_one(
        "{\"count\":4,\"busy\":1,\"context\":1024,\"cached_tokens\":300,\"text\":\"hello\"}");
    assert_int_equal(wi_model_status_slots(json_array_get(read, 0), &slots), 0);
    assert_int_equal(slots.count, 4);
    assert_int_equal(slots.busy, 1);
    assert_int_equal(slots.context, 1024);
    assert_int_equal(slots.cached_tokens, 300);
    assert_null(json_object_get(json_object_get(json_array_get(read, 0), "slots"), "text"));
    assert_int_equal(wi_model_status_slots(json_array_get(read, 1), &slots), -1);
    json_decref(read);
}

static void slots_that_cannot_be_are_left_out(void **state)
{
    static const char *const wrong[] = {
        "7",
        "[]",
        "{}",
        "{\"count\":0,\"busy\":0,\"context\":1,\"cached_tokens\":0}",
        "{\"count\":4,\"busy\":5,\"context\":10,\"cached_tokens\":0}",
        "{\"count\":4,\"busy\":-1,\"context\":10,\"cached_tokens\":0}",
        "{\"count\":4,\"busy\":0,\"context\":10,\"cached_tokens\":41}",
        "{\"count\":4,\"busy\":0,\"context\":9223372036854775807,\"cached_tokens\":41}",
        "{\"count\":4.5,\"busy\":0,\"context\":10,\"cached_tokens\":1}",
        "{\"count\":\"4\",\"busy\":0,\"context\":10,\"cached_tokens\":1}",
        "{\"count\":4,\"busy\":0,\"cached_tokens\":1}",
    };
    struct wi_model_slots slots;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *read = read_one(wrong[i]);
        assert_null(json_object_get(json_array_get(read, 0), "slots"));
        assert_int_equal(wi_model_status_slots(json_array_get(read, 0), &slots), -1);
        json_decref(read);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_known_by_their_members),
        cmocka_unit_test(slots_that_cannot_be_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
