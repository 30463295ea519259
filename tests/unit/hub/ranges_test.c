/* Sets of bytes: what is added, removed, missing; against a plain array of bits. */
#include "../test.h"

#include "hub/ranges.h"
#include <stdlib.h>
#include <string.h>

static void joins_and_splits(void **state)
{
    struct wi_ranges r = {0};
    struct wi_range missing;
    wi_ranges_add(&r, 10, 20);
    wi_ranges_add(&r, 30, 40);
    wi_ranges_add(&r, 20, 25);
    assert_int_equal(r.count, 2);
    assert_int_equal(wi_ranges_reach(&r, 10), 25);
    assert_int_equal(wi_ranges_reach(&r, 25), 25);
    assert_int_equal(wi_ranges_missing(&r, 50, 100, &missing), 1);
    assert_int_equal(missing.first, 0);
    assert_int_equal(missing.end, 10);
    wi_ranges_add(&r, 0, 10);
    assert_int_equal(wi_ranges_missing(&r, 50, 3, &missing), 1);
    assert_int_equal(missing.first, 25);
    assert_int_equal(missing.end, 28);
    wi_ranges_remove(&r, 5, 35);
    assert_int_equal(wi_ranges_bytes(&r), 10);
    wi_ranges_add(&r, 0, 50);
    assert_int_equal(r.count, 1);
    assert_int_equal(wi_ranges_missing(&r, 50, 100, &missing), 0);
    wi_ranges_clear(&r);
    assert_int_equal(wi_ranges_missing(&r, 0, 100, &missing), 0);
}

static void check(const struct wi_ranges *r, const char *bits, size_t size)
{
    size_t set = 0, first = 0;
    struct wi_range missing;
    for (size_t i = 0; i < size; i++)
        set += (size_t)bits[i];
    while (first < size && bits[first])
        first++;
    assert_int_equal(wi_ranges_bytes(r), set);
    assert_int_equal(wi_ranges_reach(r, 0), first);
    assert_int_equal(wi_ranges_missing(r, size, size, &missing), first < size);
    for (size_t i = first; first < size && i < missing.end; i++)
        assert_false(bits[i]);
    if (first < size && missing.end < size)
        assert_true(bits[missing.end]);
    for (size_t i = 1; i < r->count; i++)
        assert_true(r->items[i - 1].end < r->items[i].first);
}

static void agrees_with_bits(void **state)
{
    char bits[64] = {0};
    struct wi_ranges r = {0}, copy = {0};
    srand(7);
    for (int round = 0; round < 5000; round++) {
        size_t first = (size_t)rand() % 64, end = first + (size_t)rand() % (65 - first);
        int add = rand() % 2;
        if (add)
            wi_ranges_add(&r, first, end);
        else
            wi_ranges_remove(&r, first, end);
        memset(bits + first, add, end - first);
        check(&r, bits, sizeof bits);
    }
    wi_ranges_copy(&copy, &r);
    check(&copy, bits, sizeof bits);
    wi_ranges_clear(&copy);
    wi_ranges_clear(&r);
}

static void chooses_segments(void **state)
{
    assert_int_equal(wi_segment_bytes(0, 4), 2u << 20);
    assert_int_equal(wi_segment_bytes(4u << 20, 4), 2u << 20);
    assert_int_equal(wi_segment_bytes(8u << 20, 4), 2u << 20);
    assert_int_equal(wi_segment_bytes(40u << 20, 4), 5u << 20);
    assert_int_equal(wi_segment_bytes(256u << 20, 4), 8u << 20);
    assert_int_equal(wi_segment_bytes(UINT64_C(1) << 30, 4), 32u << 20);
    assert_int_equal(wi_segment_bytes(UINT64_C(1) << 40, 4), 64u << 20);
    assert_int_equal(wi_segment_bytes(40u << 20, 1), 64u << 20);
    assert_int_equal(wi_segment_bytes(UINT64_C(1) << 40, 1), 64u << 20);
}

static void tells_a_fast_line(void **state)
{
    assert_false(wi_line_is_fast(0, 5));
    assert_false(wi_line_is_fast(625000, 5)); /* a gigabit in a second */
    assert_true(wi_line_is_fast(2u << 20, 5));
    assert_true(wi_line_is_fast(64u << 20, 200));
    assert_false(wi_line_is_fast(48u << 20, 200));
}

/* From where a connection has at least the smallest segment, none goes without work. */
static void gives_each_connection_as_much(void **state)
{
    for (uint64_t size = 8u << 20; size < UINT64_C(4) << 30; size += size / 7 + 1) {
        uint64_t segment = wi_segment_bytes(size, 4);
        uint64_t rounds = (size + 4 * segment - 1) / (4 * segment);
        assert_true(size > 4 * (rounds - 1) * segment + 3 * segment - 4 * rounds * (64u << 10));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_and_splits),
        cmocka_unit_test(agrees_with_bits),
        cmocka_unit_test(chooses_segments),
        cmocka_unit_test(tells_a_fast_line),
        cmocka_unit_test(gives_each_connection_as_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
