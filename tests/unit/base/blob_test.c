/* Blobs: growth, references, a budget that is charged and given back exactly, and memory that goes
 * back to the system. */
#include "../test.h"

#include "base/blob.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

TEST(grows_and_keeps_its_bytes)
{
    struct wi_budget budget = {.limit = 1 << 20};
    struct wi_blob *blob = wi_blob_new(&budget, 0);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(wi_blob_append(blob, &i, sizeof i), 0);
    assert_int_equal(blob->size, 10000 * sizeof(int));
    assert_int_equal((uintptr_t)blob->bytes % 16, 0);
    for (int i = 0; i < 10000; i++)
        assert_memory_equal(blob->bytes + (size_t)i * sizeof i, &i, sizeof i);
    assert_int_equal(budget.used, blob->capacity);
    wi_blob_unref(blob);
    assert_int_equal(budget.used, 0);
}

TEST(refuses_beyond_the_budget)
{
    struct wi_budget budget = {.limit = 10000};
    assert_null(wi_blob_new(&budget, 10001));
    struct wi_blob *blob = wi_blob_new(&budget, 9000);
    assert_null(wi_blob_new(&budget, 1001));
    char bytes[9000] = {1};
    assert_int_equal(wi_blob_append(blob, bytes, sizeof bytes), 0);
    assert_int_equal(wi_blob_append(blob, bytes, sizeof bytes), -1);
    volatile size_t beyond_all = SIZE_MAX / 2;
    assert_int_equal(wi_blob_append(blob, bytes, beyond_all), -1);
    assert_int_equal(blob->size, 9000);
    assert_int_equal(budget.used, 9000);
    assert_null(wi_blob_new(NULL, SIZE_MAX));
    wi_blob_unref(blob);
    assert_int_equal(budget.used, 0);
}

TEST(keeps_a_slice_behind_a_head)
{
    struct wi_budget budget = {.limit = 12};
    struct wi_blob *blob = wi_blob_new(&budget, 10);
    assert_int_equal(wi_blob_append(blob, "0123456789", 10), 0);
    assert_int_equal(wi_blob_reframe(blob, "abcd", 4, 0, 10), -1); /* no room */
    assert_memory_equal(blob->bytes, "0123456789", 10);
    assert_int_equal(wi_blob_reframe(blob, "ab", 2, 0, 10), 0);
    assert_memory_equal(blob->bytes, "ab0123456789", 12);
    assert_int_equal(budget.used, 12);
    assert_int_equal(wi_blob_reframe(blob, "abc", 3, 7, 4), 0);
    assert_int_equal(blob->size, 7);
    assert_memory_equal(blob->bytes, "abc5678", 7);
    assert_int_equal(wi_blob_reframe(blob, "", 0, 3, 0), 0);
    assert_int_equal(blob->size, 0);
    wi_blob_uncharge(blob);
    assert_int_equal(budget.used, 0);
    assert_int_equal(wi_blob_append(blob, "0123456789abcdef", 16), 0);
    assert_int_equal(wi_blob_charge(blob, &budget), -1);
    wi_blob_unref(blob);
    assert_int_equal(budget.used, 0);
}

TEST(one_beside_another_is_charged_to_the_same_budget)
{
    struct wi_budget budget = {.limit = 100};
    struct wi_blob *first = wi_blob_new(&budget, 60);
    assert_null(wi_blob_new_beside(first, 41));
    struct wi_blob *second = wi_blob_new_beside(first, 40);
    assert_int_equal(budget.used, 100);
    wi_blob_unref(first);
    wi_blob_unref(second);
    assert_int_equal(budget.used, 0);
}

TEST(lives_until_the_last_reference)
{
    struct wi_budget budget = {.limit = 100};
    struct wi_blob *blob = wi_blob_new(&budget, 10);
    assert_ptr_equal(wi_blob_ref(blob), blob);
    wi_blob_unref(blob);
    assert_int_equal(budget.used, 10);
    memset(blob->bytes - WI_BLOB_HEADROOM, 0, WI_BLOB_HEADROOM + 10);
    wi_blob_unref(blob);
    assert_int_equal(budget.used, 0);
    wi_blob_unref(NULL);
}

/* Bytes of ours that are in memory. */
static size_t resident(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*u %zu", &pages), 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

TEST(one_without_a_budget_is_charged_later)
{
    struct wi_budget small = {.limit = 99}, budget = {.limit = 100};
    struct wi_blob *blob = wi_blob_new(NULL, 100);
    assert_int_equal(wi_blob_charge(blob, &small), -1);
    assert_int_equal(small.used, 0);
    assert_int_equal(wi_blob_charge(blob, &budget), 0);
    assert_int_equal(budget.used, 100);
    wi_blob_unref(blob);
    assert_int_equal(budget.used, 0);
}

TEST(large_memory_goes_back_to_the_system)
{
    /* At least this much goes: a sanitizer keeps notes of an eighth of it. */
    const size_t size = (size_t)64 << 20, least = size / 2;
    struct wi_budget budget = {.limit = size};
    struct wi_blob *blob = wi_blob_new(&budget, size);
    memset(blob->bytes, 1, size);
    size_t before = resident();
    wi_blob_unref(blob);
    assert_int_equal(budget.used, 0);
    for (int i = 0; i < 1000 && resident() > before - least; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_in_range(resident(), 0, before - least);
}
