/* How a task is laid out: what stands in its message, and what goes as tensors behind its own. */
#include "../../../test.h"

#include "base/memory.h"
#include "nodes/bridge/outgoing.h"
#include "nodes/bridge/task/task_layout.h"
#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1024 * 1024)

static char *make_text(size_t length)
{
    char *text = wi_alloc(length + 1);
    memset(text, 'a', length);
    return text;
}

/* {"prompt": …} with so many bytes of JSON in all. */
static json_t *make_input(size_t bytes)
{
    size_t length = bytes - strlen("{\"prompt\":\"\"}");
    char *text = make_text(length);
    json_t *input = json_pack("{s:s%}", "prompt", text, length);
    free(text);
    return input;
}

static struct wi_message *make_message(
    const struct wi_task *task, const struct wi_layout *layout, struct wi_fit *fit)
{
    static const struct wi_strings none = {0};
    struct wi_error error;
    return wi_make_task_request(1, task, layout, &none, fit, &error);
}

static struct wi_model model = {.name = (char *)"m"};

TEST(a_short_input_stands_in_the_message)
{
    json_t *input = make_input(WI_INPUT_HEAD_MAX);
    char *json = json_dumps(input, JSON_COMPACT);
    const struct wi_task task = {.attempt_id = "a",
        .job_id = "j",
        .asked = &(struct wi_inference){.model = &model, .task = WI_TASK_COMPLETE, .input = input}};
    struct wi_budget budget = {.limit = 0};
    struct wi_layout layout;
    struct wi_fit fit = {.max_frame = WI_FRAME_MAX_JOINED};
    assert_int_equal(wi_layout_make(&layout, &task, &budget), 0);
    assert_null(layout.tensors);
    assert_int_equal(layout.input_at, -1);
    assert_int_equal(layout.input_size, WI_INPUT_HEAD_MAX);
    assert_memory_equal(layout.input, json, WI_INPUT_HEAD_MAX);
    struct wi_message *message = make_message(&task, &layout, &fit);
    assert_false(message->binary);
    assert_false(fit.in_pieces);
    assert_non_null(strstr(message->head, json));
    wi_message_free(message);
    wi_layout_clear(&layout);
    free(json);
    json_decref(input);
}

/* What is escaped takes what it takes, and one byte more is too much. */
TEST(a_long_input_is_a_tensor)
{
    json_t *input = json_loads("{\"a\":[1.5,-12,true,null,[],{}],\"b\":\"\",\"\\n\":0}", 0, NULL);
    size_t rest = WI_INPUT_HEAD_MAX + 1 - json_dumpb(input, NULL, 0, JSON_COMPACT);
    char *text = make_text(rest - 5);
    text[0] = '\1';
    json_object_set_new(input, "b", json_stringn(text, rest - 5));
    const struct wi_task task = {.attempt_id = "a",
        .job_id = "j",
        .asked = &(struct wi_inference){.model = &model, .task = WI_TASK_COMPLETE, .input = input}};
    struct wi_layout layout;
    assert_int_equal(wi_layout_make(&layout, &task, NULL), 0);
    assert_int_equal(layout.input_at, 0);
    assert_int_equal(layout.input_size, 0);
    const struct wi_tensor *tensor = &layout.tensors->items[0];
    assert_int_equal(tensor->datatype, WI_UINT8);
    assert_int_equal(tensor->dims[0], WI_INPUT_HEAD_MAX + 1);
    assert_int_equal(tensor->size, WI_INPUT_HEAD_MAX + 1);
    json_t *back = json_loadb((const char *)wi_tensor_bytes(tensor), tensor->size, 0, NULL);
    assert_true(json_equal(back, input));
    json_decref(back);
    struct wi_fit fit = {.max_frame = WI_FRAME_MAX_JOINED};
    struct wi_message *message = make_message(&task, &layout, &fit);
    assert_true(message->binary);
    assert_non_null(strstr(message->head + 4, "\"input\":{\"tensor\":0}"));
    wi_message_free(message);
    wi_layout_clear(&layout);
    free(text);
    json_decref(input);
}

TEST(a_continuation_is_tensors_behind_all_others)
{
    struct wi_budget budget = {.limit = 5 * MIB};
    char *text = make_text(2 * MIB);
    json_t *tokens = json_pack("[I,I]", (json_int_t)9007199254740991, (json_int_t)7);
    json_t *input = make_input(2 * MIB);
    const struct wi_continuation from = {
        .seq = 7, .text = text, .text_length = 2 * MIB, .tokens = tokens};
    struct wi_tensors inputs = {0};
    *wi_tensors_add(&inputs) = (struct wi_tensor){
        .name = wi_strdup("x"), .datatype = WI_UINT8, .rank = 1, .blob = wi_blob_new(NULL, 8)};
    const struct wi_task task = {.attempt_id = "a",
        .job_id = "j",
        .asked =
            &(struct wi_inference){
                .model = &model, .task = WI_TASK_COMPLETE, .input = input, .stream = 1},
        .tensors = &inputs,
        .from = &from};
    struct wi_layout layout;
    assert_int_equal(wi_layout_make(&layout, &task, &budget), 0);
    const struct wi_tensor *items = layout.tensors->items;
    assert_int_equal(layout.tensors->count, 4);
    assert_int_equal(inputs.count, 1);
    assert_string_equal(items[0].name, "x");
    assert_int_equal(items[1].size, 2 * MIB);
    assert_int_equal(items[2].datatype, WI_UINT8);
    assert_int_equal(items[2].size, 2 * MIB);
    assert_memory_equal(wi_tensor_bytes(&items[2]), text, 2 * MIB);
    const int64_t expected[] = {9007199254740991, 7};
    assert_int_equal(items[3].datatype, WI_INT64);
    assert_int_equal(items[3].dims[0], 2);
    assert_int_equal(items[3].size, sizeof expected);
    assert_memory_equal(wi_tensor_bytes(&items[3]), expected, sizeof expected);

    struct wi_fit fit = {.max_frame = WI_FRAME_MAX_JOINED};
    struct wi_message *message = make_message(&task, &layout, &fit);
    assert_true(fit.in_pieces);
    assert_false(message->binary);
    assert_int_equal(message->head[0], '{');
    json_t *said = json_loads(message->head, 0, NULL), *data = json_object_get(said, "data");
    assert_int_equal(json_array_size(json_object_get(data, "outline")), 4);
    assert_null(json_object_get(data, "tensors"));
    assert_non_null(strstr(message->head, "\"input\":{\"tensor\":1}"));
    assert_non_null(strstr(message->head,
        "\"continue\":{\"seq\":7,\"text\":{\"tensor\":2},\"tokens\":{\"tensor\":3}}"));
    json_decref(said);
    wi_message_free(message);
    wi_layout_clear(&layout);
    assert_int_equal(budget.used, 0);
    wi_tensors_clear(&inputs);
    json_decref(input);
    json_decref(tokens);
    free(text);
}

/* However short they are. */
TEST(what_a_stream_has_not_is_not_there)
{
    const struct wi_continuation both = {.seq = 1},
                                 text = {.seq = 1, .text = "a", .text_length = 1};
    struct wi_task task = {.attempt_id = "a",
        .job_id = "j",
        .asked = &(struct wi_inference){.model = &model},
        .from = &both};
    struct wi_layout layout;
    struct wi_fit fit = {.max_frame = WI_FRAME_MAX_JOINED};
    assert_int_equal(wi_layout_make(&layout, &task, NULL), 0);
    struct wi_message *message = make_message(&task, &layout, &fit);
    assert_non_null(strstr(message->head, "\"continue\":{\"seq\":1}"));
    wi_message_free(message);
    wi_layout_clear(&layout);
    task.from = &text;
    assert_int_equal(wi_layout_make(&layout, &task, NULL), 0);
    message = make_message(&task, &layout, &fit);
    assert_non_null(strstr(message->head + 4, "\"continue\":{\"seq\":1,\"text\":{\"tensor\":0}}"));
    wi_message_free(message);
    wi_layout_clear(&layout);
}

TEST(a_message_says_all_that_a_task_asks)
{
    char *outputs[] = {(char *)"o1", (char *)"o\"2"}, *acks[] = {(char *)"att-\"1"};
    struct wi_model_file file = {.path = (char *)"f.onnx", .bytes = 123456789012, .hash = "89"};
    struct wi_model served = {.name = (char *)"a/b:q8",
        .hash = "67",
        .type = WI_TYPE_VISION,
        .facts.spec.text = (char *)"{}",
        .manifest = {.files = &file, .count = 1}};
    struct wi_inference asked = {.model = &served,
        .precision = (char *)"int8",
        .outputs = {outputs, 2},
        .stream = 1,
        .raw = 1,
        .task = WI_TASK_CHAT};
    const struct wi_task task = {.attempt_id = "a",
        .job_id = "j",
        .asked = &asked,
        .platforms = {WI_WEBGPU, WI_WASM},
        .platform_count = 2,
        .deadline_ms = 9.9,
        .usual_ms = 1.1,
        .prompt_ms = 0.25,
        .owner = "own",
        .alone = 1,
        .is_short = 1};
    struct wi_layout layout;
    struct wi_fit fit = {.max_frame = WI_FRAME_MAX_JOINED};
    struct wi_error error;
    assert_int_equal(wi_layout_make(&layout, &task, NULL), 0);
    struct wi_message *message =
        wi_make_task_request(1, &task, &layout, &(struct wi_strings){acks, 1}, &fit, &error);
    assert_true(fit.acknowledges);
    assert_string_equal(strstr(message->head, ",\"model_name\""),
        ",\"model_name\":\"a/b:q8\",\"platform\":\"webgpu\",\"options\":{},\"data\":{"
        "\"attempt_id\":\"a\",\"job_id\":\"j\",\"model\":{\"name\":\"a/b:q8\",\"hash\":\"67\","
        "\"engine\":\"ort\",\"type\":\"vision\",\"spec_url\":\"/models/a/b:q8/67/.spec.json\","
        "\"files\":[{\"path\":\"f.onnx\",\"bytes\":123456789012,\"hash\":\"89\","
        "\"url\":\"/models/a/b:q8/67/f.onnx\"}]},\"platforms\":[\"webgpu\",\"wasm\"],"
        "\"fallback\":false,\"precision\":\"int8\",\"outputs\":[\"o1\",\"o\\\"2\"],"
        "\"stream\":true,\"deadline_ms\":9,\"usual_ms\":2,\"prompt_ms\":0.25,\"task\":\"chat\","
        "\"owner\":\"own\",\"alone\":true,\"raw\":true,\"short\":true,"
        "\"acknowledged\":[\"att-\\\"1\"]}}");
    wi_message_free(message);
    wi_layout_clear(&layout);
}

/* Which treats the request as this daemon does. */
TEST(only_the_daemon_behind_a_relay_hears_of_the_priority_and_the_requested_type)
{
    static const struct {
        int is_lent, has_type;
        const char *said;
    } rows[] = {{0, 1, NULL}, {1, 0, ",\"priority\":7"},
        {1, 1, ",\"priority\":7,\"model_type\":\"text_embedding\""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct wi_task task = {.attempt_id = "a",
            .job_id = "j",
            .is_lent = rows[i].is_lent,
            .asked = &(struct wi_inference){.model = &model,
                .priority = 7,
                .type = WI_TYPE_TEXT_EMBEDDING,
                .has_type = rows[i].has_type}};
        struct wi_layout layout;
        struct wi_fit fit = {.max_frame = WI_FRAME_MAX_OWN};
        assert_int_equal(wi_layout_make(&layout, &task, NULL), 0);
        struct wi_message *message = make_message(&task, &layout, &fit);
        const char *said = rows[i].said;
        assert_true(
            said ? strstr(message->head, said) != NULL : !strstr(message->head, "priority"));
        assert_int_equal(
            strstr(message->head, "model_type") != NULL, rows[i].is_lent & rows[i].has_type);
        wi_message_free(message);
        wi_layout_clear(&layout);
    }
}

TEST(without_memory_there_is_nothing)
{
    struct wi_budget budget = {.limit = 100};
    char *text = make_text(60);
    json_t *tokens = json_pack("[i,i,i,i,i,i]", 1, 2, 3, 4, 5, 6), *input = make_input(5000);
    const struct wi_continuation from = {
        .seq = 7, .text = text, .text_length = 60, .tokens = tokens};
    const struct wi_task tasks[] = {{.asked = &(struct wi_inference){0}, .from = &from},
        {.asked = &(struct wi_inference){.input = input}}};
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        struct wi_layout layout;
        assert_int_equal(wi_layout_make(&layout, &tasks[i], &budget), -1);
        assert_int_equal(budget.used, 0);
    }
    json_decref(input);
    json_decref(tokens);
    free(text);
}
