/* Tasks by name, and answers to them, as nodes of anybody may give them. */
#include "../../test.h"

#include "base/memory.h"
#include "terms/task/task_table.h"
#include <string.h>

static void check(enum wi_task_kind task, size_t count, int in_parts, const char *result, int good)
{
    const struct wi_tensors none = {0};
    struct wi_error error;
    json_t *value = result ? json_loads(result, 0, NULL) : NULL;
    enum wi_code code = wi_task_check_answer(task, count, in_parts, value, &none, &error);
    if (code != (good ? WI_OK : WI_INFERENCE_FAILED))
        fail_msg("%s, %zu: %s", result ? result : "nothing", count, wi_code_name(code));
    json_decref(value);
}

TEST(test_names)
{
    assert_null(wi_task_name(WI_TASK_NONE));
    for (int i = WI_TASK_NONE + 1; i < WI_TASK_COUNT; i++)
        assert_int_equal(wi_task_of_name(wi_task_name((enum wi_task_kind)i), 0), i);
    assert_int_equal(wi_task_of_name("dance", 0), WI_TASK_NONE);
    assert_int_equal(wi_task_of_name(NULL, 0), WI_TASK_NONE);
}

TEST(test_aliases)
{
    char names[sizeof((struct wi_error *)0)->allowed], few[32];
    assert_int_equal(wi_task_of_name("text-generation", 0), WI_TASK_COMPLETE);
    assert_int_equal(wi_task_of_name("text-generation", 1), WI_TASK_CHAT);
    assert_int_equal(wi_task_of_name("feature-extraction", 0), WI_TASK_EMBED);
    assert_int_equal(wi_task_of_name("text-ranking", 0), WI_TASK_RERANK);
    wi_task_all_names(names, sizeof names);
    assert_non_null(strstr(names, "chat, complete, "));
    assert_non_null(strstr(names, ", text-ranking")); /* the last one: there is room for all */
    wi_task_all_names(few, sizeof few);
    assert_string_equal(few, "chat, complete, embed, …");
}

TEST(test_kinds)
{
    assert_true(wi_task_is_of(WI_TASK_EMBED, WI_TYPE_TEXT_EMBEDDING));
    assert_false(wi_task_is_of(WI_TASK_EMBED, WI_TYPE_AUDIO));
    assert_true(wi_task_is_of(WI_TASK_OBJECT_DETECTION, WI_TYPE_UNKNOWN));
    assert_true(wi_task_generates(WI_TASK_SPEECH_RECOGNITION));
    assert_false(wi_task_samples(WI_TASK_SPEECH_RECOGNITION));
    assert_true(wi_task_reads_text(WI_TASK_TEXT_TO_SPEECH));
    assert_false(wi_task_reads_text(WI_TASK_IMAGE_TO_TEXT));
    assert_false(wi_task_reads_text(WI_TASK_NONE));
    assert_true(wi_task_is_private(WI_TASK_CHAT));
    assert_true(wi_task_is_private(WI_TASK_ZERO_SHOT_AUDIO));
    assert_true(wi_task_is_private(WI_TASK_VISUAL_QUESTION));
    assert_true(wi_task_is_private(WI_TASK_ZERO_SHOT_IMAGE));
    assert_false(wi_task_is_private(WI_TASK_IMAGE_TO_TEXT)); /* where there is no prompt */
    assert_false(wi_task_is_private(WI_TASK_OBJECT_DETECTION));
    assert_false(wi_task_is_private(WI_TASK_NONE));
    assert_non_null(wi_task_output(WI_TASK_DEPTH_ESTIMATION, "depth"));
    assert_non_null(wi_task_output(WI_TASK_DEPTH_ESTIMATION, "predicted_depth"));
    assert_null(wi_task_output(WI_TASK_DEPTH_ESTIMATION, "predicted"));
    assert_null(wi_task_output(WI_TASK_DEPTH_ESTIMATION, ""));
    assert_non_null(wi_task_output(WI_TASK_IMAGE_SEGMENTATION, "mask_7"));
    assert_null(wi_task_output(WI_TASK_CHAT, "text"));
    for (int i = 0; i < WI_TASK_COUNT; i++)
        assert_non_null(wi_task_takes_words((enum wi_task_kind)i));
}

TEST(test_texts)
{
    check(WI_TASK_CHAT, 1, 0, "{\"text\":\"a\",\"finish_reason\":\"stop\"}", 1);
    check(WI_TASK_CHAT, 1, 0, "{\"text\":7}", 0);
    check(WI_TASK_CHAT, 1, 0, "{\"finish_reason\":\"stop\"}", 0);
    check(WI_TASK_CHAT, 1, 1, "{\"finish_reason\":\"stop\"}", 1);
    check(WI_TASK_CHAT, 1, 1, "{\"finish_reason\":1}", 0);
    check(WI_TASK_COMPLETE, 1, 0, NULL, 0);
    check(WI_TASK_COMPLETE, 1, 0, "[]", 0);
    check(WI_TASK_CHAT, 2, 0,
        "{\"choices\":[{\"index\":0,\"text\":\"a\"},{\"index\":1,\"text\":"
        "\"b\"}]}",
        1);
    check(WI_TASK_CHAT, 2, 0, "{\"choices\":[{\"index\":0,\"text\":\"a\"}]}", 0);
    check(WI_TASK_CHAT, 2, 0,
        "{\"choices\":[{\"index\":1,\"text\":\"a\"},{\"index\":0,\"text\":"
        "\"b\"}]}",
        0);
    check(WI_TASK_CHAT, 2, 0, "{\"text\":\"a\"}", 0);
    check(WI_TASK_CHAT, 2, 1, "{}", 1);
}

TEST(test_numbers)
{
    check(WI_TASK_RERANK, 2, 0, "{\"scores\":[1,0.5]}", 1);
    check(WI_TASK_RERANK, 2, 0, "{\"scores\":[1]}", 0);
    check(WI_TASK_RERANK, 1, 0, "{\"scores\":[\"1\"]}", 0);
    check(WI_TASK_TOKENIZE, 0, 0, "{\"tokens\":[]}", 1);
    check(WI_TASK_TOKENIZE, 0, 0, "{\"tokens\":[1.5]}", 0);
    check(WI_TASK_TOKENIZE, 0, 0, "{}", 0);
}

TEST(test_rows)
{
    struct wi_tensors outputs = {0};
    struct wi_error error;
    check(WI_TASK_EMBED, 2, 0, "{}", 0);
    *wi_tensors_add(&outputs) = (struct wi_tensor){
        .name = wi_strdup("embeddings"), .datatype = WI_FP32, .rank = 2, .dims = {2, 3}};
    assert_int_equal(wi_task_check_answer(WI_TASK_EMBED, 2, 0, NULL, &outputs, &error), WI_OK);
    assert_int_equal(
        wi_task_check_answer(WI_TASK_EMBED, 3, 0, NULL, &outputs, &error), WI_INFERENCE_FAILED);
    json_t *text = json_pack("{s:s}", "text", "a");
    assert_int_equal(
        wi_task_check_answer(WI_TASK_CHAT, 1, 0, text, &outputs, &error), WI_INFERENCE_FAILED);
    json_decref(text);
    outputs.items[0].datatype = WI_INT64;
    assert_int_equal(
        wi_task_check_answer(WI_TASK_EMBED, 2, 0, NULL, &outputs, &error), WI_INFERENCE_FAILED);
    wi_tensors_clear(&outputs);
}

TEST(test_counts)
{
    json_t *input = json_pack("{s:[s,s], s:[s]}", "texts", "a", "b", "documents", "d");
    json_t *options = json_pack("{s:i}", "n", 3);
    assert_int_equal(wi_task_count(WI_TASK_CHAT, input, options), 3);
    assert_int_equal(wi_task_count(WI_TASK_CHAT, input, NULL), 1);
    assert_int_equal(wi_task_count(WI_TASK_EMBED, input, NULL), 2);
    assert_int_equal(wi_task_count(WI_TASK_RERANK, input, NULL), 1);
    assert_int_equal(wi_task_count(WI_TASK_NONE, NULL, NULL), 0);
    json_decref(input);
    json_decref(options);
}

static struct wi_text_account account_of(const char *result)
{
    json_t *said = json_loads(result, 0, NULL);
    struct wi_text_account account = wi_task_account(said);
    json_decref(said);
    return account;
}

TEST(test_accounts)
{
    struct wi_text_account account = account_of(
        "{\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":25,\"cached_tokens\":30},"
        "\"timings\":{\"prompt_n\":10,\"prompt_ms\":50.5,\"predicted_n\":25,"
        "\"predicted_ms\":1000}}");
    assert_true(account.counted && account.timed);
    assert_true(account.prompt == 40 && account.cached == 30 && account.generated == 25);
    assert_true(account.read == 10 && account.read_ms == 50.5);
    assert_true(account.made == 24 && account.made_ms == 1000); /* after the first */
    account =
        account_of("{\"usage\":{\"prompt_tokens\":1e8,\"completion_tokens\":-1,"
                   "\"cached_tokens\":1},\"timings\":{\"prompt_n\":\"7\",\"predicted_ms\":1e13}}");
    assert_true(account.counted && account.timed);
    assert_true(account.prompt == 0 && account.cached == 0 && account.generated == 0);
    assert_true(account.read == 0 && account.made_ms == 0);
    account = account_of("{\"usage\":[40],\"timings\":7}");
    assert_false(account.counted || account.timed);
    account = wi_task_account(NULL);
    assert_false(account.counted || account.timed);
}

#define LABELS "{\"labels\":[{\"label\":\"7\",\"index\":7,\"probability\":0.5}]}"

/* What is said of one text, picture or sound. */
TEST(test_findings)
{
    static const struct {
        enum wi_task_kind task;
        const char *result;
        int good;
    } cases[] = {
        {WI_TASK_TEXT_CLASSIFICATION, LABELS, 1},
        {WI_TASK_IMAGE_CLASSIFICATION, "{\"labels\":[]}", 1},
        {WI_TASK_IMAGE_CLASSIFICATION, "{\"labels\":{}}", 0},
        {WI_TASK_AUDIO_CLASSIFICATION, "{\"labels\":[{\"label\":7,\"probability\":1}]}", 0},
        {WI_TASK_ZERO_SHOT_AUDIO, "{\"labels\":[{\"label\":\"a\"}]}", 0},
        {WI_TASK_ZERO_SHOT_IMAGE, "{\"labels\":[7]}", 0},
        {WI_TASK_ZERO_SHOT_IMAGE, "[]", 0},
        {WI_TASK_ZERO_SHOT_IMAGE, NULL, 0},
        {WI_TASK_TOKEN_CLASSIFICATION,
            "{\"entities\":[{\"entity\":\"PER\",\"score\":1,\"start\":0,\"end\":2,\"word\":\"a\"}]"
            "}",
            1},
        {WI_TASK_TOKEN_CLASSIFICATION,
            "{\"entities\":[{\"entity\":\"PER\",\"score\":1,\"start\":-1,\"end\":2,\"word\":\"a\"}]"
            "}",
            0},
        {WI_TASK_FILL_MASK,
            "{\"fills\":[{\"token\":1,\"token_text\":\"a\",\"token_str\":\"a\","
            "\"probability\":1,\"text\":\"a\",\"sequence\":\"a\"}]}",
            1},
        {WI_TASK_FILL_MASK, "{\"masks\":[[],[]]}", 1},
        {WI_TASK_FILL_MASK, "{\"masks\":[[{}]]}", 0},
        {WI_TASK_FILL_MASK, "{\"masks\":7}", 0},
        {WI_TASK_QUESTION_ANSWERING,
            "{\"answers\":[{\"answer\":\"a\",\"score\":0.5,\"start\":1,\"end\":2}]}", 1},
        {WI_TASK_VISUAL_QUESTION, "{\"text\":\"a\",\"finish_reason\":\"stop\"}", 1},
        {WI_TASK_VISUAL_QUESTION, "{\"answers\":[{\"answer\":\"a\",\"score\":0.5}]}", 0},
        {WI_TASK_DOCUMENT_QUESTION, "{\"answers\":[{\"answer\":\"a\",\"score\":0.5}]}", 1},
        {WI_TASK_DOCUMENT_QUESTION, "{\"answers\":[{\"answer\":\"a\"}]}", 0},
        {WI_TASK_OBJECT_DETECTION,
            "{\"boxes\":[{\"label\":\"a\",\"score\":1,"
            "\"box\":{\"xmin\":0,\"ymin\":0,\"xmax\":1,\"ymax\":1}}]}",
            1},
        {WI_TASK_OBJECT_DETECTION, "{\"boxes\":[{\"label\":\"a\",\"score\":1,\"box\":[0,0,1,1]}]}",
            0},
        {WI_TASK_SPEECH_RECOGNITION,
            "{\"text\":\"a\",\"duration\":1.5,\"segments\":[{\"start\":0,\"end\":null,\"text\":"
            "\"a\"}]}",
            1},
        {WI_TASK_SPEECH_RECOGNITION, "{\"duration\":1.5}", 0},
        {WI_TASK_SPEECH_RECOGNITION, "{\"text\":\"a\",\"segments\":7}", 0},
        {WI_TASK_SPEECH_RECOGNITION, "{\"text\":\"a\",\"words\":[{}]}", 0},
        {WI_TASK_SPEECH_RECOGNITION,
            "{\"text\":\"a\",\"segments\":[{\"text\":\"a\",\"seek\":0,\"tokens\":[1,2],"
            "\"avg_logprob\":-1,\"no_speech_prob\":0.5}]}",
            1},
        {WI_TASK_SPEECH_RECOGNITION,
            "{\"text\":\"a\",\"segments\":[{\"text\":\"a\",\"tokens\":[0.5]}]}", 0},
        {WI_TASK_TRANSLATION, "{\"text\":\"a\"}", 1},
        {WI_TASK_IMAGE_TO_TEXT, "{\"labels\":[]}", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(cases[i].task, 1, 0, cases[i].result, cases[i].good);
    check(WI_TASK_SPEECH_RECOGNITION, 1, 1, "{}", 1);
}

TEST(test_several)
{
    check(WI_TASK_TEXT_CLASSIFICATION, 2, 0, "{\"results\":[" LABELS "," LABELS "]}", 1);
    check(WI_TASK_TEXT_CLASSIFICATION, 2, 0, "{\"results\":[" LABELS "]}", 0);
    check(WI_TASK_TEXT_CLASSIFICATION, 2, 0, "{\"results\":[" LABELS ",{}]}", 0);
    check(WI_TASK_TEXT_CLASSIFICATION, 2, 0, LABELS, 0);
}

static struct wi_tensor *add(struct wi_tensors *outputs, const char *name, enum wi_datatype type,
    int64_t rows, int64_t width)
{
    struct wi_tensor *tensor = wi_tensors_add(outputs);
    tensor->name = wi_strdup(name);
    tensor->datatype = type;
    tensor->rank = width ? 2 : 1;
    tensor->dims[0] = rows;
    tensor->dims[1] = width;
    return tensor;
}

static enum wi_code answer(
    enum wi_task_kind task, size_t count, const char *text, const struct wi_tensors *outputs)
{
    json_t *result = text ? json_loads(text, 0, NULL) : NULL;
    enum wi_code code = wi_task_check_answer(task, count, 0, result, outputs, NULL);
    json_decref(result);
    return code;
}

/* Each is looked for among the masks. */
TEST(test_segments)
{
    struct wi_tensors outputs = {0};
    json_t *segments = json_array();
    add(&outputs, "mask_0", WI_UINT8, 100, 0);
    for (size_t count = WI_TENSORS_MAX; count <= WI_TENSORS_MAX + 1; count++) {
        while (json_array_size(segments) < count)
            json_array_append_new(
                segments, json_pack("{s:s, s:s}", "label", "a", "mask", "mask_0"));
        json_t *result = json_pack("{s:O}", "segments", segments);
        assert_int_equal(
            wi_task_check_answer(WI_TASK_IMAGE_SEGMENTATION, 1, 0, result, &outputs, NULL),
            count <= WI_TENSORS_MAX ? WI_OK : WI_INFERENCE_FAILED);
        json_decref(result);
    }
    json_decref(segments);
    wi_tensors_clear(&outputs);
}

TEST(test_files)
{
    static const char masks[] = "{\"segments\":[{\"label\":\"a\",\"mask\":\"mask_0\"}]}";
    static const char sound[] = "{\"sampling_rate\":16000,\"duration\":1}";
    struct wi_tensors outputs = {0};
    add(&outputs, "mask_0", WI_UINT8, 100, 0);
    assert_int_equal(answer(WI_TASK_IMAGE_SEGMENTATION, 1, masks, &outputs), WI_OK);
    assert_int_equal(answer(WI_TASK_TEXT_TO_SPEECH, 1, sound, &outputs), WI_INFERENCE_FAILED);
    wi_tensors_clear(&outputs);
    assert_int_equal(answer(WI_TASK_IMAGE_SEGMENTATION, 1, masks, &outputs), WI_INFERENCE_FAILED);

    add(&outputs, "audio", WI_UINT8, 100, 0);
    assert_int_equal(answer(WI_TASK_TEXT_TO_SPEECH, 1, sound, &outputs), WI_OK);
    assert_int_equal(answer(WI_TASK_TEXT_TO_SPEECH, 1, "{}", &outputs), WI_INFERENCE_FAILED);
    assert_int_equal(answer(WI_TASK_IMAGE_SEGMENTATION, 1, masks, &outputs), WI_INFERENCE_FAILED);
    wi_tensors_clear(&outputs);

    add(&outputs, "depth", WI_UINT8, 100, 0);
    assert_int_equal(answer(WI_TASK_DEPTH_ESTIMATION, 1, NULL, &outputs), WI_OK);
    add(&outputs, "predicted_depth", WI_FP32, 3, 4);
    assert_int_equal(answer(WI_TASK_DEPTH_ESTIMATION, 1, NULL, &outputs), WI_OK);
    outputs.items[1].datatype = WI_INT64;
    assert_int_equal(answer(WI_TASK_DEPTH_ESTIMATION, 1, NULL, &outputs), WI_INFERENCE_FAILED);
    wi_tensors_clear(&outputs);

    add(&outputs, "embeddings", WI_FP32, 7, 4);
    assert_int_equal(answer(WI_TASK_IMAGE_FEATURES, 1, NULL, &outputs), WI_OK);
    assert_int_equal(answer(WI_TASK_EMBED, 0, NULL, &outputs), WI_OK); /* a row for each token */
    assert_int_equal(answer(WI_TASK_EMBED, 1, NULL, &outputs), WI_INFERENCE_FAILED);
    wi_tensors_clear(&outputs);
}

/* What a row says goes together. */
TEST(test_rows_of_the_table)
{
    for (int i = WI_TASK_NONE + 1; i < WI_TASK_COUNT; i++) {
        const struct wi_task_row *row = &wi_tasks[i];
        const struct wi_task_input_row *input = &wi_task_inputs[row->takes];
        assert_true(input->words && input->forms && input->command && input->arguments);
        assert_true(row->options && row->types && !row->list == !row->members);
        assert_true((row->outputs != NULL) == (row->tensors[0].name != NULL));
        assert_true((row->usual & ~input->forms) == 0);
        if (row->sample && !row->tensors[0].name)
            check((enum wi_task_kind)i, 1, 0, row->sample, 1);
        json_t *probe = row->probe ? json_loads(row->probe, 0, NULL) : json_object();
        assert_non_null(probe);
        json_decref(probe);
    }
}

/* The answers' members, in which what is null is not there. */
TEST(test_members)
{
    check(WI_TASK_QUESTION_ANSWERING, 1, 0,
        "{\"answers\":[{\"answer\":\"a\",\"score\":1,\"start\":null}]}", 1);
    check(WI_TASK_QUESTION_ANSWERING, 1, 0,
        "{\"answers\":[{\"answer\":null,\"score\":1,\"start\":1}]}", 0);
    check(WI_TASK_OBJECT_DETECTION, 1, 0,
        "{\"boxes\":[{\"label\":\"a\",\"score\":1,\"box\":{\"xmin\":0,\"ymin\":0,\"xmax\":1}}]}",
        0);
    check(WI_TASK_SPEECH_RECOGNITION, 1, 0, "{\"text\":\"a\",\"duration\":\"1\"}", 0);
}
