/* The input of a text's task as a tensor: when, and as a message says it. */
#include "../test.h"

#include "base/memory.h"
#include "bridge/continuation.h"
#include "bridge/long_input.h"
#include "bridge/outgoing.h"
#include <stdlib.h>
#include <string.h>

/* {"prompt": so many bytes of JSON in all}. */
static json_t *make_input(size_t bytes)
{
    size_t length = bytes - strlen("{\"prompt\":\"\"}");
    char *text = wi_alloc(length + 1);
    memset(text, 'a', length);
    json_t *input = json_pack("{s:s%}", "prompt", text, length);
    free(text);
    return input;
}

TEST(what_has_no_room_is_long)
{
    enum { HALF = WI_FRAME_HEAD_MAX / 2, EIGHTH = WI_FRAME_HEAD_MAX / 8 };
    const struct wi_continuation from = {.seq = 1};
    json_t *half = make_input(HALF), *more = make_input(HALF + 1), *eighth = make_input(EIGHTH),
           *beside = make_input(EIGHTH + 1);
    const struct {
        struct wi_task task;
        int is_long;
    } cases[] = {{{.task = WI_TASK_COMPLETE}, 0}, {{.task = WI_TASK_COMPLETE, .input = half}, 0},
        {{.task = WI_TASK_COMPLETE, .input = more}, 1}, {{.input = more}, 0},
        {{.task = WI_TASK_COMPLETE, .input = eighth, .from = &from}, 0},
        {{.task = WI_TASK_COMPLETE, .input = beside, .from = &from}, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (wi_input_is_long(&cases[i].task) != cases[i].is_long)
            fail_msg("case %zu is the other way", i);
    json_decref(half);
    json_decref(more);
    json_decref(eighth);
    json_decref(beside);
}

/* Of JSON, without its quotes. */
static size_t printed_size(const char *text, size_t length)
{
    json_t *value = json_stringn(text, length);
    size_t size = json_dumpb(value, NULL, 0, JSON_ENCODE_ANY) - 2;
    json_decref(value);
    return size;
}

/* What is escaped, numbers and nesting take what they take. */
TEST(a_size_is_exact_where_it_matters)
{
    enum { HALF = WI_FRAME_HEAD_MAX / 2 };
    static const char frame[] = "{\"a\":[1.5,-12,true,null,[],{}],\"b\":\"\",\"\\n\":0}";
    for (int over = 0; over < 2; over++) {
        json_t *input = json_loads(frame, 0, NULL);
        size_t rest = HALF - json_dumpb(input, NULL, 0, JSON_COMPACT) + (size_t)over;
        char *text = wi_alloc(rest + 1);
        memset(text, 'a', rest);
        for (size_t i = 0; i < rest / 20; i++)
            text[i] = i % 2 ? '\1' : '"';
        size_t escapes = printed_size(text, rest) - rest;
        json_object_set_new(input, "b", json_stringn(text, rest - escapes));
        const struct wi_task task = {.task = WI_TASK_COMPLETE, .input = input};
        struct wi_tensors list = {0};
        assert_int_equal(wi_input_is_long(&task), over);
        assert_int_equal(wi_input_lay_out(&list, &task, NULL), 0);
        assert_int_equal(list.items[0].size, HALF + over);
        json_t *back =
            json_loadb((const char *)wi_tensor_bytes(&list.items[0]), list.items[0].size, 0, NULL);
        assert_true(json_equal(back, input));
        json_decref(back);
        wi_tensors_clear(&list);
        json_decref(input);
        free(text);
    }
}

TEST(a_message_says_where_it_is)
{
    struct wi_budget budget = {.limit = 3 * 1024 * 1024};
    struct wi_model model = {.name = (char *)"m"};
    json_t *input = make_input(2 * 1024 * 1024);
    char *json = json_dumps(input, JSON_COMPACT);
    struct wi_continuation from = {.seq = 7, .text = "abc", .text_length = 3, .in_tensors = 1};
    struct wi_tensors list = {0}, all = {0};
    struct wi_task task = {.attempt_id = "a",
        .job_id = "j",
        .model = &model,
        .task = WI_TASK_COMPLETE,
        .input = input,
        .input_in_tensor = 1,
        .stream = 1};
    assert_int_equal(wi_input_lay_out(&list, &task, &budget), 0);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].datatype, WI_UINT8);
    assert_int_equal(list.items[0].size, strlen(json));
    assert_memory_equal(wi_tensor_bytes(&list.items[0]), json, strlen(json));
    task.tensors = &list;
    task.from = &from;
    assert_int_equal(wi_continuation_lay_out(&all, &task, &budget), 0);
    task.tensors = &all;

    struct wi_fit fit = {.max_frame = WI_FRAME_MAX_JOINED, .pieces = 1};
    struct wi_strings acks = {0};
    struct wi_error error;
    struct wi_message *message = wi_make_task_request(1, &task, &acks, &fit, &error);
    assert_non_null(message);
    assert_true(fit.pieces);
    assert_non_null(strstr(message->head, "\"input\":{\"json\":{\"tensor\":0}}"));
    assert_non_null(strstr(message->head, "\"continue\":{\"seq\":7,\"text\":{\"tensor\":1}}"));
    wi_message_free(message);
    wi_tensors_clear(&all);
    wi_tensors_clear(&list);
    assert_int_equal(budget.used, 0);
    budget.limit = 100;
    assert_int_equal(wi_input_lay_out(&list, &task, &budget), -1);
    assert_int_equal(list.count, 0);
    free(json);
    json_decref(input);
}
