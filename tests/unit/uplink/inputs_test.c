/* The input of a task, in a node's one form, as `inputs` of a request. */
#include "../test.h"

#include "task.h"

static struct {
    struct coming coming;
    struct wi_buffer out;
    struct wi_tensors tensors;
    struct wi_error error;
} given;

static int tear_down(void **state)
{
    coming_clear(&given.coming);
    wi_buffer_clear(&given.out);
    wi_tensors_clear(&given.tensors);
    return 0;
}

FIXTURE(NULL, tear_down)

static enum wi_code inputs_add(const char *data)
{
    coming_set(&given.coming, "m", data);
    wi_buffer_clear(&given.out);
    wi_tensors_clear(&given.tensors);
    given.error = (struct wi_error){0};
    return wi_uplink_inputs_add(&given.out, &given.tensors, &given.coming.request, &given.error);
}

/* The member is that JSON, and so many tensors follow. */
static void assert_inputs(const char *data, const char *wanted, size_t tensors)
{
    json_error_t error;
    assert_int_equal(inputs_add(data), WI_OK);
    char *text = wi_sprintf("{\"a\":1%s}", given.out.text);
    json_t *root = json_loads(text, 0, &error), *value = json_loads(wanted, JSON_DECODE_ANY, NULL);
    if (!root || !value || !json_equal(json_object_get(root, "inputs"), value))
        fail_msg("%s gives %s, and not %s", data, text, wanted);
    json_decref(root);
    json_decref(value);
    free(text);
    assert_int_equal(given.tensors.count, tensors);
}

TEST(tensors_follow_the_json_and_are_not_copied)
{
    coming_add(&given.coming, "x", "abc", 3);
    coming_add(&given.coming, "y", "", 0);
    assert_inputs("{}",
        "[{\"name\":\"x\",\"datatype\":\"UINT8\",\"shape\":[3],\"parameters\":{\"binary_data_"
        "size\":3}},"
        "{\"name\":\"y\",\"datatype\":\"UINT8\",\"shape\":[0],\"parameters\":{\"binary_data_size\":"
        "0}}]",
        2);
    assert_ptr_equal(given.tensors.items[0].blob, given.coming.tensors.items[0].blob);
}

TEST(a_graph_without_inputs_has_an_empty_list)
{
    assert_inputs("{}", "[]", 0);
}

/* Text and tokens of a stream's beginning are the last of its tensors, and no inputs. */
TEST(where_a_stream_goes_on_is_no_input)
{
    coming_add(&given.coming, "x", "abc", 3);
    coming_add(&given.coming, "text", "so far", 6);
    coming_add(&given.coming, "tokens", "12345678", 8);
    static const char input[] = "[{\"name\":\"x\",\"datatype\":\"UINT8\",\"shape\":[3],"
                                "\"parameters\":{\"binary_data_size\":3}}]";
    assert_inputs(
        "{\"continue\":{\"seq\":2,\"text\":{\"tensor\":1},\"tokens\":{\"tensor\":2}}}", input, 1);
    assert_inputs("{\"continue\":{\"seq\":2,\"tokens\":{\"tensor\":1}}}", input, 1);
    assert_inputs("{\"continue\":{\"seq\":2,\"tokens\":{\"tensor\":9}}}",
        "[{\"name\":\"x\",\"datatype\":\"UINT8\",\"shape\":[3],\"parameters\":{\"binary_data_"
        "size\":3}},"
        "{\"name\":\"text\",\"datatype\":\"UINT8\",\"shape\":[6],\"parameters\":{\"binary_data_"
        "size\":6}},"
        "{\"name\":\"tokens\",\"datatype\":\"UINT8\",\"shape\":[8],\"parameters\":{\"binary_data_"
        "size\":8}}]",
        3);
}

TEST(a_file_is_the_bytes_behind_the_json)
{
    coming_add(&given.coming, "other", "a", 1);
    coming_add(&given.coming, "file", "abcd", 4);
    assert_inputs("{\"input\":{\"image\":{\"tensor\":1,\"media_type\":\"image/png\"}}}",
        "{\"image\":{\"binary_data_size\":4}}", 1);
    assert_int_equal(given.tensors.items[0].size, 4);
    assert_inputs(
        "{\"input\":{\"audio\":{\"tensor\":0,\"media_type\":\"audio/wav\",\"channels\":2},"
        "\"language\":\"de\"}}",
        "{\"audio\":{\"binary_data_size\":1},\"language\":\"de\"}", 1);
}

TEST(raw_sound_says_its_form)
{
    coming_add(&given.coming, "file", "abcd", 4);
    assert_inputs("{\"input\":{\"audio\":{\"tensor\":0,\"media_type\":\"audio/pcm;format=s16le\","
                  "\"sampling_rate\":16000,\"channels\":1}}}",
        "{\"audio\":{\"binary_data_size\":4},\"format\":\"s16le\",\"sampling_rate\":16000,"
        "\"channels\":1}",
        1);
}

TEST(a_file_that_did_not_come_is_refused)
{
    static const char *const inputs[] = {"{\"input\":{\"image\":{\"tensor\":0}}}",
        "{\"input\":{\"audio\":{\"tensor\":-1}}}", "{\"input\":{\"image\":{\"tensor\":\"0\"}}}",
        "{\"input\":{\"image\":7}}",
        "{\"input\":{\"messages\":[{\"content\":[{\"image\":{\"tensor\":3}}]}]}}"};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        assert_int_equal(inputs_add(inputs[i]), WI_INPUT_INVALID);
        assert_non_null(strstr(given.error.detail, "names a tensor that did not come"));
    }
}

TEST(pictures_of_a_chat_are_data_uris)
{
    coming_add(&given.coming, "picture", "abcd", 4);
    coming_add(&given.coming, "empty", "", 0);
    assert_inputs("{\"input\":{\"messages\":[{\"role\":\"system\",\"content\":\"be brief\"},"
                  "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"what is it?\"},"
                  "{\"image\":{\"tensor\":0,\"media_type\":\"image/jpeg\"}},"
                  "{\"image\":{\"tensor\":1}}]}]}}",
        "{\"messages\":[{\"role\":\"system\",\"content\":\"be brief\"},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"what is it?\"},"
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/jpeg;base64,YWJjZA==\"}},"
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,\"}}]}]}",
        0);
}

TEST(texts_are_as_clients_write_them)
{
    assert_inputs("{\"input\":{\"prompt\":\"once\"}}", "\"once\"", 0);
    assert_inputs("{\"input\":{\"prompts\":[\"one\",\"two\"]}}", "[\"one\",\"two\"]", 0);
    assert_inputs("{\"input\":{\"text\":\"hi\",\"add_special\":false}}", "\"hi\"", 0);
    assert_inputs("{\"input\":{\"text\":\"hi\",\"candidates\":[\"a\"]}}",
        "{\"text\":\"hi\",\"candidates\":[\"a\"]}", 0);
}
