/* A stream's account: order, credit, and what another attempt is told. */
#include "../../test.h"

#include "work/job/parts.h"
#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
    static struct wi_parts account;
    account = (struct wi_parts){0};
    *state = &account;
    return 0;
}

static int tear_down(void **state)
{
    wi_parts_clear(*state);
    return 0;
}

static int add_bytes(struct wi_parts *parts, uint64_t seq, size_t bytes)
{
    const struct wi_part part = {.seq = seq, .bytes = bytes};
    return wi_parts_add(parts, &part);
}

static int add_text(struct wi_parts *parts, uint64_t seq, const char *text)
{
    const struct wi_part part = {
        .seq = seq, .text = text, .text_length = strlen(text), .bytes = strlen(text)};
    return wi_parts_add(parts, &part);
}

static void add_many(struct wi_parts *parts, unsigned count, size_t bytes)
{
    for (unsigned i = 0; i < count; i++)
        assert_true(add_bytes(parts, parts->received.parts, bytes));
}

FIXTURE(set_up, tear_down)

TEST(takes_each_part_once_and_in_order)
{
    struct wi_parts *parts = *state;
    wi_parts_begin(parts);
    assert_false(parts->flow.sent.parts > 0);
    assert_true(add_bytes(parts, 0, 1));
    assert_false(add_bytes(parts, 0, 1));
    assert_false(add_bytes(parts, 2, 1));
    assert_true(add_bytes(parts, 1, 1));
    assert_int_equal(parts->received.parts, 2);
    assert_true(parts->flow.sent.parts > 0);
    wi_parts_begin(parts);
    assert_false(parts->flow.sent.parts > 0);
    assert_false(add_bytes(parts, 0, 1));
    assert_false(parts->flow.sent.parts > 0);
    assert_true(add_bytes(parts, 2, 1));
    assert_true(parts->flow.sent.parts > 0);
}

TEST(grants_in_steps_what_the_client_has_taken)
{
    struct wi_parts *parts = *state;
    struct wi_credit credit;
    wi_parts_begin(parts);
    add_many(parts, WI_CREDIT_PARTS - 1, 1);
    assert_true(wi_flow_lasts(&parts->flow));
    add_many(parts, 1, 1);
    assert_false(wi_flow_lasts(&parts->flow));
    wi_parts_take(parts, &(struct wi_credit){15, 15});
    assert_false(wi_parts_grant(parts, &credit));
    wi_parts_take(parts, &(struct wi_credit){16, 16});
    assert_true(wi_parts_grant(parts, &credit));
    assert_int_equal(credit.parts, 48);
    assert_int_equal(credit.bytes, WI_CREDIT_BYTES + 16);
    assert_true(wi_flow_lasts(&parts->flow));
    assert_false(wi_parts_grant(parts, &credit));
}

TEST(one_part_of_any_size_goes_while_neither_total_is_reached)
{
    struct wi_parts *parts = *state;
    struct wi_credit credit;
    wi_parts_begin(parts);
    add_many(parts, 1, 60000);
    assert_true(wi_flow_lasts(&parts->flow));
    add_many(parts, 1, 60000);
    assert_false(wi_flow_lasts(&parts->flow));
    wi_parts_take(parts, &(struct wi_credit){1, 60000});
    assert_true(wi_parts_grant(parts, &credit));
    assert_int_equal(credit.bytes, 60000 + WI_CREDIT_BYTES);
    assert_true(wi_flow_lasts(&parts->flow));
}

/* Whatever is outstanding: what an attempt has used up is granted again when all is taken. */
TEST(never_leaves_an_attempt_without_credit_for_good)
{
    struct wi_parts *parts = *state;
    struct wi_credit credit;
    static const size_t sizes[] = {0, 1, 2047, 2048, 2049, 33000, 64000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        wi_parts_begin(parts);
        for (int round = 0; round < 3; round++) {
            while (wi_flow_lasts(&parts->flow))
                add_many(parts, 1, sizes[i]);
            wi_parts_take(parts, &(struct wi_credit){UINT64_MAX, UINT64_MAX});
            assert_true(wi_parts_grant(parts, &credit));
            assert_true(wi_flow_lasts(&parts->flow));
        }
    }
}

TEST(another_attempt_counts_from_its_own_beginning)
{
    struct wi_parts *parts = *state;
    struct wi_credit credit;
    wi_parts_begin(parts);
    add_many(parts, 32, 10);
    wi_parts_begin(parts); /* the client has taken nothing yet */
    assert_true(wi_flow_lasts(&parts->flow));
    wi_parts_take(parts, &(struct wi_credit){32, 320});
    assert_false(wi_parts_grant(parts, &credit)); /* that is what it began with */
    add_many(parts, 20, 10);
    wi_parts_take(parts, &(struct wi_credit){52, 520});
    assert_true(wi_parts_grant(parts, &credit));
    assert_int_equal(credit.parts, 52);
    assert_int_equal(credit.bytes, WI_CREDIT_BYTES + 200);
}

TEST(no_client_takes_what_was_not_sent)
{
    struct wi_parts *parts = *state;
    struct wi_credit credit;
    wi_parts_begin(parts);
    add_many(parts, 16, 1);
    wi_parts_take(parts, &(struct wi_credit){1000000, 1000000});
    assert_true(wi_parts_grant(parts, &credit));
    assert_int_equal(credit.parts, 48);
    wi_parts_take(parts, &(struct wi_credit){0, 0}); /* nor gives anything back */
    add_many(parts, 16, 1);
    wi_parts_take(parts, &(struct wi_credit){32, 32});
    assert_true(wi_parts_grant(parts, &credit));
    assert_int_equal(credit.parts, 64);
}

TEST(tells_another_attempt_what_was_said)
{
    struct wi_parts *parts = *state;
    struct wi_parts_end end;
    json_t *tokens = json_pack("[i, i]", 7, -1);
    wi_parts_begin(parts);
    add_text(parts, 0, "one ");
    wi_parts_add(parts, &(struct wi_part){.seq = 1, .tokens = tokens});
    add_text(parts, 2, "two");
    assert_null(parts->obstacle);
    assert_int_equal(wi_parts_continue(parts, &end), 0);
    assert_int_equal(end.from.seq, 3);
    assert_int_equal(end.from.text_length, 7);
    assert_memory_equal(end.from.text, "one two", 7);
    assert_true(json_equal(end.from.tokens, tokens));
    assert_null(end.from.answers);
    wi_parts_end_clear(&end);
    json_decref(tokens);
}

TEST(what_had_neither_text_nor_tokens_is_continued_by_number)
{
    struct wi_parts *parts = *state;
    struct wi_parts_end end;
    wi_parts_begin(parts);
    add_many(parts, 5, 10);
    assert_null(parts->obstacle);
    assert_int_equal(wi_parts_continue(parts, &end), 0);
    assert_int_equal(end.from.seq, 5);
    assert_null(end.from.text);
    assert_null(end.from.tokens);
    assert_null(end.from.answers);
    wi_parts_end_clear(&end);
}

TEST(keeps_four_mebibytes_and_not_one_byte_more)
{
    struct wi_parts *parts = *state;
    static char text[WI_PARTS_KEPT / 128];
    struct wi_parts_end end;
    wi_parts_begin(parts);
    for (unsigned i = 0; i < 128; i++) {
        const struct wi_part part = {.seq = i, .text = text, .text_length = sizeof text};
        assert_true(wi_parts_add(parts, &part));
    }
    assert_null(parts->obstacle);
    assert_int_equal(wi_parts_continue(parts, &end), 0);
    assert_int_equal(end.from.text_length, WI_PARTS_KEPT);
    wi_parts_end_clear(&end);
    assert_true(add_text(parts, 128, "x"));
    assert_non_null(parts->obstacle);
    assert_true(add_text(parts, 129, "which still goes to the client"));
}

TEST(cannot_continue_what_the_memory_refuses)
{
    struct wi_budget budget = {.limit = 10000};
    struct wi_parts *parts = &(struct wi_parts){.budget = &budget};
    static char text[9000];
    wi_parts_begin(parts);
    for (unsigned i = 0; i < 2; i++) {
        const struct wi_part part = {.seq = i, .text = text, .text_length = sizeof text};
        assert_int_equal(parts->obstacle != NULL, 0);
        assert_true(wi_parts_add(parts, &part));
    }
    assert_non_null(parts->obstacle);
    assert_int_equal(budget.used, 0);
    wi_parts_clear(parts);
}

/* Books a part of one of several answers; `tokens` and `result` are given away. */
static void add_answer(
    struct wi_parts *parts, unsigned index, const char *text, json_t *tokens, json_t *result)
{
    const struct wi_part part = {.seq = parts->received.parts,
        .index = index,
        .text = text,
        .text_length = text ? strlen(text) : 0,
        .tokens = tokens,
        .result = result};
    assert_true(wi_parts_add(parts, &part));
    json_decref(tokens);
    json_decref(result);
}

TEST(tells_several_answers_one_after_another)
{
    struct wi_parts *parts = *state;
    struct wi_parts_end end;
    size_t length;
    json_t *tokens = json_pack("[i,i,i]", 1, 3, 2), *answers;
    wi_parts_begin(parts);
    add_answer(parts, 0, "o", json_pack("[i]", 1), NULL);
    assert_int_equal(parts->answer_count, 1);
    add_answer(parts, 2, "zw\303\266", json_pack("[i]", 2), NULL);
    add_answer(parts, 0, "ne", json_pack("[i]", 3), json_pack("{s:s}", "finish_reason", "stop"));
    assert_int_equal(parts->answer_count, 3);
    assert_null(parts->obstacle);
    assert_null(wi_parts_text(parts, &length));
    assert_int_equal(wi_parts_continue(parts, &end), 0);
    assert_int_equal(end.from.text_length, 7);
    assert_memory_equal(end.from.text, "onezw\303\266", 7);
    assert_true(json_equal(end.from.tokens, tokens));
    answers = json_pack("[{s:i,s:i,s:b,s:s}, {s:i,s:i}, {s:i,s:i}]", "text_bytes", 3, "tokens", 2,
        "ended", 1, "finish_reason", "stop", "text_bytes", 0, "tokens", 0, "text_bytes", 4,
        "tokens", 1);
    assert_true(json_equal(end.from.answers, answers));
    wi_parts_end_clear(&end);
    json_decref(answers);
    json_decref(tokens);
}

TEST(tells_that_an_only_answer_has_ended)
{
    struct wi_parts *parts = *state;
    struct wi_parts_end end;
    wi_parts_begin(parts);
    add_answer(parts, 0, "one", NULL, json_pack("{s:s}", "finish_reason", "length"));
    assert_int_equal(wi_parts_continue(parts, &end), 0);
    assert_true(json_is_true(json_object_get(json_array_get(end.from.answers, 0), "ended")));
    wi_parts_end_clear(&end);
}

TEST(joins_several_answers_within_the_memory)
{
    struct wi_budget budget = {.limit = 1000000};
    struct wi_parts *parts = &(struct wi_parts){.budget = &budget};
    struct wi_parts_end end;
    static char text[2001];
    memset(text, 'a', sizeof text - 1);
    wi_parts_begin(parts);
    add_answer(parts, 0, text, NULL, NULL);
    add_answer(parts, 1, text, NULL, NULL);
    assert_null(parts->obstacle);
    size_t kept = budget.used;
    assert_int_equal(wi_parts_continue(parts, &end), 0);
    wi_parts_end_clear(&end);
    assert_int_equal(budget.used, kept);
    budget.limit = kept;
    assert_int_equal(wi_parts_continue(parts, &end), -1);
    assert_null(end.from.text);
    assert_int_equal(budget.used, kept);
    wi_parts_clear(parts);
    assert_int_equal(budget.used, 0);
}

TEST(keeps_no_more_answers_than_can_be_told)
{
    struct wi_parts *parts = *state;
    wi_parts_begin(parts);
    add_answer(parts, WI_PARTS_ANSWERS - 1, "a", NULL, NULL);
    assert_null(parts->obstacle);
    add_answer(parts, WI_PARTS_ANSWERS, "b", NULL, NULL);
    assert_non_null(parts->obstacle);
}

/* --- begun elsewhere ---------------------------------------------------------------------------
 */

static void resume_at(struct wi_parts *parts, const char *text)
{
    json_t *from = json_loads(text, 0, NULL);
    assert_non_null(from);
    assert_int_equal(wi_parts_begin_at(parts, from), 0);
    json_decref(from);
}

static void expect_end(struct wi_parts *parts, const char *expected)
{
    struct wi_parts_end end;
    assert_int_equal(wi_parts_continue(parts, &end), 0);
    json_t *json = json_pack("{s:I, s:s%, s:O*, s:O*}", "seq", (json_int_t)end.from.seq, "text",
        end.from.text ? end.from.text : "", end.from.text_length, "tokens", end.tokens, "answers",
        end.answers);
    char *text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(json);
    wi_parts_end_clear(&end);
}

/* What another attempt is told is the same as if all of it had come here. */
TEST(goes_on_where_another_daemon_stopped)
{
    static const char plain[] = "{\"seq\":3,\"text\":\"abc\",\"tokens\":[1,2]}";
    struct wi_parts *parts = *state;
    resume_at(parts, plain);
    expect_end(parts, plain);
    assert_int_equal(parts->received.parts, 3);
    wi_parts_begin(parts);
    assert_false(add_text(parts, 0, "x"));
    assert_true(add_text(parts, 3, "d"));
    expect_end(parts, "{\"seq\":4,\"text\":\"abcd\",\"tokens\":[1,2]}");
}

TEST(goes_on_with_several_answers)
{
    static const char several[] =
        "{\"seq\":5,\"text\":\"abcd\",\"tokens\":[7,8,9],\"answers\":["
        "{\"text_bytes\":1,\"tokens\":2,\"ended\":true,\"finish_reason\":\"stop\"},"
        "{\"text_bytes\":3,\"tokens\":1}]}";
    struct wi_parts *parts = *state;
    resume_at(parts, several);
    assert_int_equal(parts->answer_count, 2);
    expect_end(parts, several);
}

/* Its client counts from its own first part. */
TEST(credit_does_not_count_what_came_before)
{
    struct wi_parts *parts = *state;
    struct wi_credit credit;
    resume_at(parts, "{\"seq\":1000}");
    wi_parts_begin(parts);
    add_many(parts, WI_CREDIT_PARTS, 1);
    assert_false(wi_flow_lasts(&parts->flow));
    wi_parts_take(parts, &(struct wi_credit){WI_CREDIT_PARTS, WI_CREDIT_PARTS});
    assert_true(wi_parts_grant(parts, &credit));
    assert_int_equal(credit.parts, 2 * WI_CREDIT_PARTS);
}
