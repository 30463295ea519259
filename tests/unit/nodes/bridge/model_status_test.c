/* What is taken of a page's list of models, and what is left out of it. */
#include "../../test.h"

#include "nodes/bridge/model_status.h"
#include <stdio.h>

static json_t *read_one(const char *name, const char *value)
{
    char text[300];
    snprintf(text, sizeof text, "[{\"name\":\"finch\",\"%s\":%s},7]", name, value);
    json_t *said = json_loads(text, 0, NULL);
    assert_non_null(said);
    json_t *read = wi_model_status_read(said);
    json_decref(said);
    assert_int_equal(json_array_size(read), 2);
    return read;
}

TEST(slots_are_known_by_their_members)
{
    struct wi_model_slots slots;
    json_t *read = read_one("slots",
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

TEST(slots_that_cannot_be_are_left_out)
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
        json_t *read = read_one("slots", wrong[i]);
        assert_null(json_object_get(json_array_get(read, 0), "slots"));
        assert_int_equal(wi_model_status_slots(json_array_get(read, 0), &slots), -1);
        json_decref(read);
    }
}

TEST(a_speed_is_of_two_rates_that_can_be)
{
    static const char *const wrong[] = {"7", "{}", "{\"prompt_ms\":1}",
        "{\"prompt_ms\":1,\"token_ms\":0}", "{\"prompt_ms\":-1,\"token_ms\":1}",
        "{\"prompt_ms\":1,\"token_ms\":1e7}", "{\"prompt_ms\":\"1\",\"token_ms\":1}"};
    struct wi_model_speed speed;
    json_t *read = read_one("speed", "{\"prompt_ms\":0.5,\"token_ms\":12,\"text\":\"hello\"}");
    assert_int_equal(wi_model_status_speed(json_array_get(read, 0), &speed), 0);
    assert_true(speed.prompt_ms == 0.5 && speed.token_ms == 12);
    assert_int_equal(json_object_size(json_object_get(json_array_get(read, 0), "speed")), 2);
    assert_int_equal(wi_model_status_speed(json_array_get(read, 1), &speed), -1);
    json_decref(read);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        read = read_one("speed", wrong[i]);
        assert_null(json_object_get(json_array_get(read, 0), "speed"));
        json_decref(read);
    }
}
