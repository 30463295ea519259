/* What a stream has made so far, as tensors: when, in which order, and as a message says it. */
#include "../test.h"

#include "base/memory.h"
#include "bridge/continuation.h"
#include "bridge/outgoing.h"
#include <stdlib.h>

#define LONG (2 * 1024 * 1024)

static char *make_text(size_t length)
{
    char *text = wi_alloc(length + 1);
    memset(text, 'a', length);
    text[length] = '\0';
    return text;
}

static json_t *make_tokens(size_t count)
{
    json_t *tokens = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(tokens, json_integer((json_int_t)(9007199254740991 - (int64_t)i)));
    return tokens;
}

TEST(what_might_not_fit_is_long)
{
    static const struct {
        size_t text, tokens;
        int is_long;
    } cases[] = {{0, 0, 0}, {100000, 1000, 0}, {131072, 0, 0}, {131073, 0, 1}, {0, 46260, 0},
        {0, 46261, 1}, {100000, 20000, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = make_text(cases[i].text);
        json_t *tokens = make_tokens(cases[i].tokens);
        const struct wi_continuation from = {
            .seq = 1, .text = text, .text_length = cases[i].text, .tokens = tokens};
        if (wi_continuation_is_long(&from) != cases[i].is_long)
            fail_msg("case %zu is the other way", i);
        json_decref(tokens);
        free(text);
    }
    assert_false(wi_continuation_is_long(&(struct wi_continuation){.text_length = LONG}));
}

/* The worst text and tokens that are not long do fit, whatever JSON makes of them. */
TEST(what_is_not_long_fits)
{
    char *text = make_text(65536);
    memset(text, '\x01', 65536);
    json_t *tokens = make_tokens(23000);
    const struct wi_continuation from = {
        .seq = 1, .text = text, .text_length = 65536, .tokens = tokens};
    assert_false(wi_continuation_is_long(&from));
    struct wi_model model = {.name = (char *)"m", .builtin = WI_BUILTIN_COUNT};
    const struct wi_task task = {.attempt_id = "a", .job_id = "j", .model = &model, .from = &from};
    struct wi_fit fit = {.max_frame = WI_FRAME_MAX_OWN};
    struct wi_strings acks = {0};
    struct wi_error error;
    struct wi_message *message = wi_make_task_request(1, &task, &acks, &fit, &error);
    assert_non_null(message);
    wi_message_free(message);
    json_decref(tokens);
    free(text);
}

TEST(a_message_says_where_they_are)
{
    struct wi_budget budget = {.limit = LONG + 1000};
    char *text = make_text(LONG);
    json_t *tokens = make_tokens(3);
    struct wi_continuation from = {.seq = 7, .text = text, .text_length = LONG, .tokens = tokens};
    struct wi_model model = {.name = (char *)"m"};
    struct wi_tensors inputs = {0}, list = {0};
    struct wi_tensor *x = wi_tensors_add(&inputs);
    x->name = wi_strdup("x");
    x->datatype = WI_UINT8;
    x->rank = 1;
    x->blob = wi_blob_new(NULL, 8);
    struct wi_task task = {.attempt_id = "a",
        .job_id = "j",
        .model = &model,
        .tensors = &inputs,
        .stream = 1,
        .from = &from};
    assert_int_equal(wi_continuation_lay_out(&list, &task, &budget), 0);
    assert_int_equal(list.count, 3);
    assert_int_equal(list.items[1].datatype, WI_UINT8);
    assert_int_equal(list.items[1].size, LONG);
    assert_memory_equal(wi_tensor_bytes(&list.items[1]), text, LONG);
    assert_int_equal(list.items[2].datatype, WI_INT64);
    const int64_t expected[] = {9007199254740991, 9007199254740990, 9007199254740989};
    assert_int_equal(list.items[2].size, sizeof expected);
    assert_memory_equal(wi_tensor_bytes(&list.items[2]), expected, sizeof expected);

    from.in_tensors = 1;
    task.tensors = &list;
    struct wi_fit fit = {.max_frame = WI_FRAME_MAX_JOINED, .pieces = 1};
    struct wi_strings acks = {0};
    struct wi_error error;
    struct wi_message *message = wi_make_task_request(1, &task, &acks, &fit, &error);
    assert_non_null(message);
    assert_true(fit.pieces);
    assert_non_null(strstr(message->head,
        "\"continue\":{\"seq\":7,\"text\":{\"tensor\":1},\"tokens\":{\"tensor\":2}}"));
    assert_non_null(strstr(message->head, "\"outline\":[{\"name\":\"x\""));
    wi_message_free(message);
    wi_tensors_clear(&list);
    wi_tensors_clear(&inputs);
    assert_int_equal(budget.used, 0);
    json_decref(tokens);
    free(text);
}

TEST(without_memory_there_is_nothing)
{
    struct wi_budget budget = {.limit = 100};
    char *text = make_text(60);
    json_t *tokens = make_tokens(10);
    const struct wi_continuation from = {
        .seq = 7, .text = text, .text_length = 60, .tokens = tokens};
    const struct wi_task task = {.from = &from};
    struct wi_tensors list = {0};
    assert_int_equal(wi_continuation_lay_out(&list, &task, &budget), -1);
    assert_int_equal(list.count, 0);
    assert_int_equal(budget.used, 0);
    json_decref(tokens);
    free(text);
}
