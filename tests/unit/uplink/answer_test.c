/* The answer of the own daemon as that to a task. */
#include "../test.h"

#include "uplink/uplink.h"
#include <string.h>

static struct {
    struct wi_blob *blob;
    struct wi_uplink_answer read;
    struct wi_error error;
} given;

static void forget(void)
{
    wi_uplink_answer_clear(&given.read);
    wi_blob_unref(given.blob);
    given.blob = NULL;
}

static int tear_down(void **state)
{
    forget();
    return 0;
}

FIXTURE(NULL, tear_down)

static enum wi_code answer_read(const char *json, const char *bytes)
{
    forget();
    given.blob = wi_blob_new(NULL, 0);
    given.error = (struct wi_error){0};
    wi_blob_append(given.blob, json, strlen(json));
    wi_blob_append(given.blob, bytes, strlen(bytes));
    return wi_uplink_answer_read(&given.read, given.blob, strlen(json), "att-1", &given.error);
}

#define WHERE "\"executed_on\":{\"platform\":\"wasm\"}"

TEST(what_is_the_lending_daemons_own_stays_there)
{
    assert_int_equal(
        answer_read("{\"id\":\"att-1\",\"outputs\":[],\"executed_on\":{\"node\":\"n1\","
                    "\"platform\":\"wasm\",\"engine\":\"ort\",\"numerics\":\"ok\","
                    "\"via\":\"cellar\"},\"performance\":{\"load_ms\":2.5,"
                    "\"inference_ms\":-1},\"result\":{\"text\":\"a\"}}",
            ""),
        WI_OK);
    assert_string_equal(
        given.read.answer.executed_on, "{\"platform\":\"wasm\",\"engine\":\"ort\"}");
    assert_true(given.read.answer.load_ms == 2.5);
    assert_true(given.read.answer.inference_ms == 0);
    assert_string_equal(json_string_value(json_object_get(given.read.answer.result, "text")), "a");
}

TEST(tensors_stay_where_they_came)
{
    assert_int_equal(answer_read("{\"id\":\"att-1\"," WHERE ",\"outputs\":[{\"name\":\"y\","
                                 "\"datatype\":\"UINT8\",\"shape\":[3],"
                                 "\"parameters\":{\"binary_data_size\":3}}]}",
                         "abc"),
        WI_OK);
    assert_int_equal(given.read.answer.outputs.count, 1);
    const struct wi_tensor *tensor = &given.read.answer.outputs.items[0];
    assert_ptr_equal(tensor->blob, given.blob);
    assert_memory_equal(wi_tensor_bytes(tensor), "abc", 3);
    assert_null(given.read.answer.result);
}

TEST(each_thing_that_is_no_answer_says_what_it_is)
{
    static const char outputs[] =
        ",\"outputs\":[{\"name\":\"y\",\"datatype\":\"UINT8\",\"shape\":[3],"
        "\"parameters\":{\"binary_data_size\":3}}]}";
    static const struct {
        const char *json, *bytes, *said;
    } rows[] = {
        {"", "", "is no JSON"},
        {"{", "", "is no JSON"},
        {"[]", "", "is that to another request"},
        {"{}", "", "is that to another request"},
        {"{\"id\":7}", "", "is that to another request"},
        {"{\"id\":\"att-2\"}", "", "is that to another request"},
        {"{\"id\":\"att-1\"}", "", "has no executed_on"},
        {"{\"id\":\"att-1\",\"executed_on\":7}", "", "has no executed_on"},
        {"{\"id\":\"att-1\"," WHERE "}", "", "has no outputs"},
        {"{\"id\":\"att-1\"," WHERE ",\"outputs\":{}}", "", "has no outputs"},
        {"{\"id\":\"att-1\"," WHERE ",\"outputs\":[],\"result\":[]}", "",
            "has a result that is no object"},
        {"{\"id\":\"att-1\"," WHERE ",\"outputs\":[7]}", "", "outputs that cannot be read"},
        {"{\"id\":\"att-1\"," WHERE ",\"outputs\":[]}", "abc", "outputs that cannot be read"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_not_equal(answer_read(rows[i].json, rows[i].bytes), WI_OK);
        if (!strstr(given.error.detail, rows[i].said))
            fail_msg("%s: %s", rows[i].json, given.error.detail);
        assert_int_equal(given.error.code, WI_INFERENCE_FAILED);
    }
    static const char *const bytes[] = {"", "ab", "abcd"};
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        char text[400];
        snprintf(text, sizeof text, "{\"id\":\"att-1\"," WHERE "%s", outputs);
        assert_int_not_equal(answer_read(text, bytes[i]), WI_OK);
    }
}

TEST(an_answer_may_not_be_shorter_than_its_json)
{
    given.blob = wi_blob_new(NULL, 0);
    wi_blob_append(given.blob, "{}", 2);
    assert_int_not_equal(
        wi_uplink_answer_read(&given.read, given.blob, 3, "att-1", &given.error), WI_OK);
    assert_non_null(strstr(given.error.detail, "is shorter than its JSON"));
}
