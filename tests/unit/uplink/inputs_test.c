/* The input of a task, in a node's one form, as `inputs` of a request, which the API reads back. */
#include "../test.h"

#include "task.h"
#include "terms/task/task_table.h"
#include "wire/dialect.h"
#include "wire/text.h"

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

TEST(texts_have_the_names_that_clients_write)
{
    assert_inputs("{\"input\":{\"prompt\":\"once\"}}", "{\"text\":\"once\"}", 0);
    assert_inputs(
        "{\"input\":{\"prompts\":[\"one\",\"two\"]}}", "{\"texts\":[\"one\",\"two\"]}", 0);
    assert_inputs("{\"input\":{\"text\":\"hi\",\"add_special\":false}}", "{\"text\":\"hi\"}", 0);
    assert_inputs("{\"input\":{\"add_special\":true}}", "{\"add_special\":true}", 0);
    assert_inputs("{\"input\":{\"text\":\"hi\",\"candidates\":[\"a\"]}}",
        "{\"text\":\"hi\",\"candidates\":[\"a\"]}", 0);
}

/* --- what the lending daemon reads in them ---------------------------------------------------- */

static struct wi_model model = {.name = (char *)"m", .format = WI_FORMAT_HUGGINGFACE};

static enum wi_code inference_read(
    struct wi_infer *infer, struct wi_blob *body, size_t json_size, struct wi_error *error)
{
    *infer = (struct wi_infer){0};
    enum wi_code code = wi_dialect_parse(&wi_dialect_native, infer, body, json_size, NULL, error);
    if (code == WI_OK)
        wi_text_settle(infer, &model);
    return code;
}

/* As the borrowing daemon has it of its client. */
static void client_read(struct wi_infer *infer, enum wi_task_kind task, const char *inputs)
{
    struct wi_error error;
    char *text = wi_sprintf(
        "{\"model_name\":\"m\",\"task\":\"%s\",\"inputs\":%s}", wi_task_name(task), inputs);
    struct wi_blob *body = wi_blob_new(NULL, strlen(text));
    wi_blob_append(body, text, strlen(text));
    if (inference_read(infer, body, body->size, &error) != WI_OK)
        fail_msg("%s: %s", text, error.detail);
    wi_blob_unref(body);
    free(text);
}

/* … and the lending one of the request that the uplink makes of its task. */
static void relay_read(struct wi_infer *infer, const struct wi_inference *client)
{
    struct wi_worker_task task = {.id = "att-1"};
    struct wi_worker_request request = {.model = "m",
        .options = client->options,
        .inputs = (struct wi_tensors *)&client->tensors,
        .data = json_pack("{s:s,s:i,s:O}", "task", wi_task_name(client->task), "deadline_ms", 1000,
            "input", client->input)};
    struct wi_uplink_body body;
    struct wi_error error;
    assert_int_equal(wi_uplink_request_make(&body, &task, &request, "m", "chrome", &error), WI_OK);
    struct wi_blob *blob = wi_blob_new(NULL, body.size);
    char *bytes = wi_alloc(body.size);
    assert_int_equal(wi_uplink_body_copy(&body, 0, bytes, body.size), body.size);
    wi_blob_append(blob, bytes, body.size);
    if (inference_read(infer, blob, body.head.size, &error) != WI_OK)
        fail_msg("%s: %s: %s", body.head.text, error.field, error.detail);
    free(bytes);
    wi_blob_unref(blob);
    wi_uplink_body_clear(&body);
    json_decref(request.data);
}

static void assert_same(const struct wi_inference *one, const struct wi_inference *other)
{
    char *input = json_dumps(one->input, JSON_COMPACT | JSON_SORT_KEYS);
    char *other_input = json_dumps(other->input, JSON_COMPACT | JSON_SORT_KEYS);
    assert_int_equal(one->task, other->task);
    assert_string_equal(input, other_input);
    assert_true(json_equal(one->options, other->options) ||
                json_object_size(one->options) + json_object_size(other->options) == 0);
    assert_int_equal(one->tensors.count, other->tensors.count);
    for (size_t i = 0; i < one->tensors.count; i++) {
        const struct wi_tensor *tensor = &one->tensors.items[i], *same = &other->tensors.items[i];
        assert_int_equal(tensor->size, same->size);
        assert_memory_equal(wi_tensor_bytes(tensor), wi_tensor_bytes(same), tensor->size);
    }
    free(input);
    free(other_input);
}

static void assert_returns(enum wi_task_kind task, const char *inputs)
{
    struct wi_infer client, relay;
    client_read(&client, task, inputs);
    relay_read(&relay, client.asked);
    assert_same(client.asked, relay.asked);
    wi_infer_clear(&relay);
    wi_infer_clear(&client);
}

/* A pixel, and the beginning of a sound file. */
#define PNG                                                                                        \
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
#define FLAC "ZkxhQwAAAAA="

/* What clients send in each form. */
static const char *const samples[WI_FORM_MADE][3] = {
    [WI_FORM_STRING] = {"\"once\"", "{\"text\":\"\\u00e9 \\\"\"}",
        "{\"text\":\"data:image/png;base64," PNG "\"}"},
    [WI_FORM_LIST] = {"[\"one\"]", "[\"data:image/png;base64," PNG "\",\"two\"]"},
    [WI_FORM_MESSAGES] = {"{\"messages\":[{\"role\":\"user\",\"content\":\"data:image/"
                          "png;base64,\"}]}",
        "{\"messages\":[{\"role\":\"developer\",\"content\":\"be brief\"},{\"role\":\"user\","
        "\"content\":[{\"type\":\"text\",\"text\":\"what?\"},{\"type\":\"image_url\",\"image_url\":"
        "{\"url\":\"data:image/png;base64," PNG "\",\"detail\":\"low\"}}]}]}",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\",\"name\":\"ada\"},"
        "{\"role\":\"assistant\",\"reasoning_content\":\"hm\",\"tool_calls\":[{\"type\":"
        "\"function\","
        "\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
        "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"7\"}]}"},
    [WI_FORM_QUERY] = {"{\"query\":\"a\",\"documents\":[\"b\",\"c\"]}"},
    [WI_FORM_PAIRS] = {"{\"pairs\":[[\"a\",\"b\"]]}", "{\"text\":\"a\",\"text_pair\":\"b\"}"},
    [WI_FORM_QUESTION] = {"{\"question\":\"a\",\"context\":\"b\"}"},
    [WI_FORM_LABELS] = {"{\"text\":\"a\",\"labels\":[\"b\",\"c\"]}",
        "{\"texts\":[\"a\",\"d\"],\"labels\":[\"b\"]}"},
    [WI_FORM_PICTURE] = {"{\"image\":\"" PNG "\"}", "\"data:image/png;base64," PNG "\""},
    [WI_FORM_PICTURE_LABELS] = {"{\"image\":\"" PNG "\",\"labels\":[\"b\"]}"},
    [WI_FORM_PICTURE_QUESTION] = {"{\"image\":\"" PNG "\",\"question\":\"b\"}"},
    [WI_FORM_PICTURE_PROMPT] = {"{\"image\":\"" PNG "\",\"prompt\":\"data:image/png;base64,b\"}"},
    [WI_FORM_SOUND] = {"{\"audio\":\"" FLAC "\"}",
        "{\"audio\":\"AAAAAAAAAAA=\",\"format\":"
        "\"f32le\",\"sampling_rate\":16000,\"channels\":2}",
        "{\"audio\":\"AAAAAAAAAAA=\",\"format\":\"s16le\",\"sampling_rate\":8000}"},
    [WI_FORM_SOUND_LABELS] = {"{\"audio\":\"" FLAC "\",\"labels\":[\"b\"]}"},
};

TEST(each_input_is_the_same_at_the_lending_daemon)
{
    unsigned done = 0;
    for (int task = WI_TASK_NONE + 1; task < WI_TASK_COUNT; task++) {
        unsigned forms = wi_task_inputs[wi_tasks[task].takes].forms;
        done |= 1u << wi_tasks[task].takes;
        for (int form = WI_FORM_NONE + 1; form < WI_FORM_MADE; form++) {
            if (!(forms & 1u << form))
                continue;
            assert_non_null(samples[form][0]);
            for (size_t i = 0; i < 3 && samples[form][i]; i++)
                assert_returns((enum wi_task_kind)task, samples[form][i]);
        }
    }
    assert_int_equal(done, (1u << WI_TAKES_COUNT) - 1 - (1u << WI_TAKES_TENSORS));
}

/* Whether special tokens are added is an option of clients, and a member of a node's input. */
TEST(what_is_to_be_tokenised_keeps_its_option)
{
    struct wi_infer client, relay;
    for (int special = 0; special < 2; special++) {
        client_read(&client, WI_TASK_TOKENIZE, "\"a\"");
        json_object_set_new(client.asked->input, "add_special", json_boolean(special));
        relay_read(&relay, client.asked);
        assert_same(client.asked, relay.asked);
        wi_infer_clear(&relay);
        wi_infer_clear(&client);
    }
}
