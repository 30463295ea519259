/* Answers to text tasks, as nodes of anybody may give them. */
#include "../test.h"

#include "base/memory.h"
#include "model/text_task.h"
#include <string.h>

static void check(enum wi_text_task task, size_t count, int in_parts, const char *result, int good)
{
    const struct wi_tensors none = {0};
    struct wi_error error;
    json_t *value = result ? json_loads(result, 0, NULL) : NULL;
    enum wi_code code = wi_text_task_check_answer(task, count, in_parts, value, &none, &error);
    if (code != (good ? WI_OK : WI_INFERENCE_FAILED))
        fail_msg("%s, %zu: %s", result ? result : "nothing", count, wi_code_name(code));
    json_decref(value);
}

static void test_names(void **state)
{
    assert_null(wi_text_task_name(WI_TEXT_NONE));
    for (int i = WI_TEXT_NONE + 1; i < WI_TEXT_TASK_COUNT; i++)
        assert_int_equal(wi_text_task_of_name(wi_text_task_name((enum wi_text_task)i)), i);
    assert_int_equal(wi_text_task_of_name("dance"), WI_TEXT_NONE);
    assert_int_equal(wi_text_task_of_name(NULL), WI_TEXT_NONE);
}

static void test_texts(void **state)
{
    check(WI_TEXT_CHAT, 1, 0, "{\"text\":\"a\",\"finish_reason\":\"stop\"}", 1);
    check(WI_TEXT_CHAT, 1, 0, "{\"text\":7}", 0);
    check(WI_TEXT_CHAT, 1, 0, "{\"finish_reason\":\"stop\"}", 0);
    check(WI_TEXT_CHAT, 1, 1, "{\"finish_reason\":\"stop\"}", 1);
    check(WI_TEXT_CHAT, 1, 1, "{\"finish_reason\":1}", 0);
    check(WI_TEXT_COMPLETE, 1, 0, NULL, 0);
    check(WI_TEXT_COMPLETE, 1, 0, "[]", 0);
    check(WI_TEXT_CHAT, 2, 0,
        "{\"choices\":[{\"index\":0,\"text\":\"a\"},{\"index\":1,\"text\":"
        "\"b\"}]}",
        1);
    check(WI_TEXT_CHAT, 2, 0, "{\"choices\":[{\"index\":0,\"text\":\"a\"}]}", 0);
    check(WI_TEXT_CHAT, 2, 0,
        "{\"choices\":[{\"index\":1,\"text\":\"a\"},{\"index\":0,\"text\":"
        "\"b\"}]}",
        0);
    check(WI_TEXT_CHAT, 2, 0, "{\"text\":\"a\"}", 0);
    check(WI_TEXT_CHAT, 2, 1, "{}", 1);
}

static void test_numbers(void **state)
{
    check(WI_TEXT_RERANK, 2, 0, "{\"scores\":[1,0.5]}", 1);
    check(WI_TEXT_RERANK, 2, 0, "{\"scores\":[1]}", 0);
    check(WI_TEXT_RERANK, 1, 0, "{\"scores\":[\"1\"]}", 0);
    check(WI_TEXT_TOKENIZE, 0, 0, "{\"tokens\":[]}", 1);
    check(WI_TEXT_TOKENIZE, 0, 0, "{\"tokens\":[1.5]}", 0);
    check(WI_TEXT_TOKENIZE, 0, 0, "{}", 0);
}

static void test_rows(void **state)
{
    struct wi_tensors outputs = {0};
    struct wi_error error;
    check(WI_TEXT_EMBED, 2, 0, "{}", 0);
    *wi_tensors_add(&outputs) = (struct wi_tensor){
        .name = wi_strdup("embeddings"), .datatype = WI_FP32, .rank = 2, .dims = {2, 3}};
    assert_int_equal(wi_text_task_check_answer(WI_TEXT_EMBED, 2, 0, NULL, &outputs, &error), WI_OK);
    assert_int_equal(wi_text_task_check_answer(WI_TEXT_EMBED, 3, 0, NULL, &outputs, &error),
        WI_INFERENCE_FAILED);
    json_t *text = json_pack("{s:s}", "text", "a");
    assert_int_equal(
        wi_text_task_check_answer(WI_TEXT_CHAT, 1, 0, text, &outputs, &error), WI_INFERENCE_FAILED);
    json_decref(text);
    outputs.items[0].datatype = WI_INT64;
    assert_int_equal(wi_text_task_check_answer(WI_TEXT_EMBED, 2, 0, NULL, &outputs, &error),
        WI_INFERENCE_FAILED);
    wi_tensors_clear(&outputs);
}

static void test_counts(void **state)
{
    json_t *input = json_pack("{s:[s,s], s:[s]}", "texts", "a", "b", "documents", "d");
    json_t *options = json_pack("{s:i}", "n", 3);
    assert_int_equal(wi_text_task_count(WI_TEXT_CHAT, input, options), 3);
    assert_int_equal(wi_text_task_count(WI_TEXT_CHAT, input, NULL), 1);
    assert_int_equal(wi_text_task_count(WI_TEXT_EMBED, input, NULL), 2);
    assert_int_equal(wi_text_task_count(WI_TEXT_RERANK, input, NULL), 1);
    assert_int_equal(wi_text_task_count(WI_TEXT_NONE, NULL, NULL), 0);
    json_decref(input);
    json_decref(options);
}

static struct wi_text_account account_of(const char *result)
{
    json_t *said = json_loads(result, 0, NULL);
    struct wi_text_account account = wi_text_task_account(said);
    json_decref(said);
    return account;
}

static void test_accounts(void **state)
{
    struct wi_text_account account = account_of(
        "{\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":25,\"cached_tokens\":30},"
        "\"timings\":{\"prompt_n\":10,\"prompt_ms\":50.5,\"predicted_n\":25,"
        "\"predicted_ms\":1000}}");
    assert_true(account.counted && account.timed);
    assert_true(account.prompt == 40 && account.cached == 30 && account.generated == 25);
    assert_true(account.read == 10 && account.read_ms == 50.5);
    assert_true(account.made == 25 && account.made_ms == 1000);
    account =
        account_of("{\"usage\":{\"prompt_tokens\":1e8,\"completion_tokens\":-1,"
                   "\"cached_tokens\":1},\"timings\":{\"prompt_n\":\"7\",\"predicted_ms\":1e13}}");
    assert_true(account.counted && account.timed);
    assert_true(account.prompt == 0 && account.cached == 0 && account.generated == 0);
    assert_true(account.read == 0 && account.made_ms == 0);
    account = account_of("{\"usage\":[40],\"timings\":7}");
    assert_false(account.counted || account.timed);
    account = wi_text_task_account(NULL);
    assert_false(account.counted || account.timed);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_accounts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
