/* Tensors of an answer that come in pieces: what is taken, and what is not. */
#include "../../test.h"

#include "base/memory.h"
#include "nodes/node/pieces_in.h"
#include <stdlib.h>

static struct wi_budget budget;
static struct wi_share share = {.budget = &budget};

static int set_up(void **state)
{
    budget = (struct wi_budget){.limit = 1000};
    return 0;
}

static int tear_down(void **state)
{
    assert_int_equal(budget.used, 0);
    assert_int_equal(share.held, 0);
    return 0;
}

static struct wi_pieces_in *make(const char *outline, struct wi_error *error)
{
    json_t *list = json_loads(outline, 0, NULL);
    assert_non_null(list);
    struct wi_pieces_in *in = wi_pieces_in_new(list, &share, error);
    json_decref(list);
    return in;
}

#define ENTRY(name, datatype, shape, bytes)                                                        \
    "{\"name\":\"" name "\",\"datatype\":\"" datatype "\",\"shape\":" shape                        \
    ",\"byte_length\":" bytes "}"
#define TWO                                                                                        \
    "[" ENTRY("empty", "FP32", "[0,3]", "0") "," ENTRY("x", "UINT8", "[10]", "10") "," ENTRY(      \
        "none", "UINT8", "[0]", "0") "," ENTRY("y", "INT16", "[2]", "4") "]"

static enum wi_code add(struct wi_pieces_in *in, uint64_t tensor, uint64_t position,
    const char *bytes, size_t size, struct wi_error *error)
{
    struct wi_tensors list = {0};
    struct wi_tensor *piece = wi_tensors_add(&list);
    piece->name = wi_strdup("piece");
    piece->datatype = WI_UINT8;
    piece->rank = 1;
    piece->dims[0] = (int64_t)size;
    piece->blob = wi_blob_new(NULL, size);
    wi_blob_append(piece->blob, bytes, size);
    piece->size = size;
    enum wi_code code = wi_pieces_in_add(in, tensor, position, &list, error);
    wi_tensors_clear(&list);
    return code;
}

FIXTURE(set_up, tear_down)

TEST(pieces_become_tensors)
{
    struct wi_error error;
    struct wi_tensors tensors = {0};
    struct wi_pieces_in *in = make(TWO, &error);
    assert_non_null(in);
    assert_int_equal(in->bytes, 14);
    assert_int_equal(wi_pieces_in_grant(in, in->bytes), 0);
    assert_int_equal(budget.used, 14);
    assert_int_equal(share.held, 14);
    assert_int_equal(in->tensor, 1); /* the first has no bytes */
    assert_int_equal(add(in, 1, 0, "abc", 3, &error), WI_OK);
    assert_int_equal(in->position, 3);
    assert_int_equal(add(in, 1, 3, "defghij", 7, &error), WI_OK);
    assert_int_equal(in->tensor, 3);
    assert_int_equal(in->position, 0);
    assert_int_equal(wi_pieces_in_take(in, &tensors, &error), WI_BAD_FRAMING);
    assert_string_equal(error.detail, "the answer ended at tensor 3, byte 0 of its outline");
    assert_int_equal(add(in, 3, 0, "1234", 4, &error), WI_OK);
    assert_int_equal(add(in, 3, 4, "5", 1, &error), WI_BAD_FRAMING);
    assert_int_equal(add(in, 4, 0, "5", 1, &error), WI_BAD_FRAMING);
    assert_int_equal(wi_pieces_in_take(in, &tensors, &error), WI_OK);
    wi_pieces_in_free(in);
    assert_int_equal(tensors.count, 4);
    assert_string_equal(tensors.items[1].name, "x");
    assert_memory_equal(wi_tensor_bytes(&tensors.items[1]), "abcdefghij", 10);
    assert_memory_equal(wi_tensor_bytes(&tensors.items[3]), "1234", 4);
    assert_int_equal(tensors.items[0].size, 0);
    wi_tensors_clear(&tensors);
}

TEST(each_byte_comes_once_and_in_order)
{
    static const struct {
        uint64_t tensor, position;
        size_t size;
    } wrong[] = {{0, 0, 1}, {1, 0, 2}, {1, 1, 1}, {1, 3, 1}, {1, UINT64_MAX, 1}, {2, 0, 1},
        {3, 0, 4}, {7, 2, 1}, {1, 2, 9}, {1, 2, 0}};
    struct wi_error error;
    struct wi_pieces_in *in = make(TWO, &error);
    assert_int_equal(add(in, 1, 0, "a", 1, &error), WI_BAD_FRAMING); /* before there is room */
    assert_int_equal(wi_pieces_in_grant(in, in->bytes), 0);
    assert_int_equal(add(in, 1, 0, "ab", 2, &error), WI_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(
            add(in, wrong[i].tensor, wrong[i].position, "123456789", wrong[i].size, &error),
            WI_BAD_FRAMING);
        assert_int_equal(in->tensor, 1);
        assert_int_equal(in->position, 2);
    }
    assert_int_equal(wi_pieces_in_add(in, 1, 2, &(struct wi_tensors){0}, &error), WI_BAD_FRAMING);
    wi_pieces_in_free(in);
}

TEST(a_wrong_outline_is_refused)
{
    static const char *const wrong[] = {"[1]", "[{}]", "[" ENTRY("x", "UINT8", "[10]", "11") "]",
        "[" ENTRY("x", "UINT9", "[10]", "10") "]", "[" ENTRY("x", "UINT8", "[-1]", "10") "]",
        "[" ENTRY("x", "UINT8", "[10]", "-1") "]",
        "[" ENTRY("x", "FP32", "[9007199254740991,9007199254740991]", "0") "]",
        "[" ENTRY("x", "UINT8", "[]", "1.5") "]"};
    struct wi_error error;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (make(wrong[i], &error))
            fail_msg("taken: %s", wrong[i]);
        assert_int_equal(error.code, WI_BAD_FRAMING);
    }
}

/* What the outline announces costs nothing; a step that is refused grants nothing. */
TEST(memory_is_taken_in_steps)
{
    struct wi_error error;
    char *bytes = wi_alloc(1000);
    struct wi_pieces_in *in =
        make("[" ENTRY("x", "UINT8", "[600]", "600") "," ENTRY("y", "UINT8", "[600]", "600") "]",
            &error);
    assert_int_equal(budget.used, 0);
    assert_int_equal(wi_pieces_in_due(in), 1200);
    assert_int_equal(wi_pieces_in_grant(in, 500), 0);
    assert_int_equal(in->granted, 500);
    assert_int_equal(budget.used, 500);
    assert_int_equal(wi_pieces_in_grant(in, 700), -1);
    assert_int_equal(in->granted, 500);
    assert_int_equal(add(in, 0, 0, bytes, 501, &error), WI_BAD_FRAMING);
    assert_int_equal(add(in, 0, 0, bytes, 500, &error), WI_OK);
    budget.limit = 1200;
    assert_int_equal(wi_pieces_in_grant(in, 700), 0);
    assert_int_equal(budget.used, 1200);
    assert_int_equal(share.held, 1200);
    assert_int_equal(add(in, 0, 500, bytes, 100, &error), WI_OK);
    assert_int_equal(add(in, 1, 0, bytes, 600, &error), WI_OK);
    wi_pieces_in_free(in);
    free(bytes);
}

/* 100 bytes in 10 ms, of a node that sends nothing beside it. */
TEST(what_comes_too_slowly_is_seen)
{
    const struct wi_pace_rule rule = {10, 10};
    struct wi_error error;
    char bytes[200] = {0};
    struct wi_pieces_in *in = make("[" ENTRY("x", "UINT8", "[900]", "900") "]", &error);
    for (int i = 0; i < 100; i++)
        assert_false(wi_pieces_in_is_slow(in, &rule, 1, 1)); /* it waits for memory */
    assert_int_equal(wi_pieces_in_grant(in, 300), 0);
    for (int i = 0; i < 10; i++)
        assert_false(wi_pieces_in_is_slow(in, &rule, 1, 1));
    add(in, 0, 0, bytes, 100, &error); /* in time */
    assert_false(wi_pieces_in_is_slow(in, &rule, 1, 1));
    add(in, 0, 100, bytes, 200, &error);
    for (int i = 0; i < 100; i++)
        assert_false(wi_pieces_in_is_slow(in, &rule, 1, 1)); /* it waits for memory again */
    assert_int_equal(wi_pieces_in_grant(in, 600), 0);
    assert_false(wi_pieces_in_is_slow(in, &rule, 1, 1));
    add(in, 0, 300, bytes, 99, &error); /* not enough */
    for (int i = 1; i < 10; i++)
        assert_false(wi_pieces_in_is_slow(in, &rule, 1, 1));
    assert_true(wi_pieces_in_is_slow(in, &rule, 1, 1));
    assert_false(wi_pieces_in_is_slow(in, &rule, 1, 2)); /* it shares the connection */
    wi_pieces_in_free(in);
}

/* There is credit for so much ahead of what has come, told in steps and to the last byte. */
TEST(credit_is_ahead_of_what_has_come)
{
    enum { EACH = 200000, WHOLE = WI_PIECES_AHEAD * 2 + 5 };
    struct wi_error error;
    char outline[128], *bytes = wi_alloc(EACH);
    size_t told = 0;
    budget.limit = WHOLE;
    snprintf(outline, sizeof outline,
        "[{\"name\":\"x\",\"datatype\":\"UINT8\",\"shape\":[%d],\"byte_length\":%d}]", (int)WHOLE,
        (int)WHOLE);
    struct wi_pieces_in *in = make(outline, &error);
    assert_int_equal(in->granted, 0);
    assert_int_equal(wi_pieces_in_due(in), WI_PIECES_AHEAD);
    assert_int_equal(wi_pieces_in_grant(in, WI_PIECES_AHEAD), 0);
    while (in->received < WHOLE) {
        size_t size = WHOLE - in->received < EACH ? WHOLE - in->received : EACH;
        assert_true(in->granted - in->received >= size); /* nobody waits who is heard */
        assert_int_equal(add(in, 0, in->received, bytes, size, &error), WI_OK);
        size_t more = wi_pieces_in_due(in);
        if (!more)
            continue;
        told++;
        assert_int_equal(wi_pieces_in_grant(in, more), 0);
        assert_int_equal(budget.used, in->granted);
        assert_true(in->granted - in->received <= WI_PIECES_AHEAD);
    }
    assert_int_equal(in->granted, WHOLE);
    assert_true(told >= 2 && told <= 5);
    wi_pieces_in_free(in);
    free(bytes);
}

/* Whether they are strings shows only when they are there. */
TEST(strings_are_checked_at_the_end)
{
    struct wi_error error;
    struct wi_tensors tensors = {0};
    for (int right = 0; right < 2; right++) {
        struct wi_pieces_in *in = make("[" ENTRY("s", "BYTES", "[1]", "7") "]", &error);
        assert_int_equal(wi_pieces_in_grant(in, in->bytes), 0);
        assert_int_equal(add(in, 0, 0, right ? "\3\0\0\0abc" : "\4\0\0\0abc", 7, &error), WI_OK);
        assert_int_equal(wi_pieces_in_take(in, &tensors, &error), right ? WI_OK : WI_BAD_FRAMING);
        wi_pieces_in_free(in);
    }
    wi_tensors_clear(&tensors);
}
