/* A parcel: its pieces read in any amounts, what it charges, and how long it keeps blobs. */
#include "../test.h"

#include "channels/parcel.h"
#include <string.h>

static struct wi_budget budget;

static void add_text(struct wi_parcel *parcel, const char *words)
{
    struct wi_buffer text = {0};
    wi_buffer_puts(&text, words);
    wi_parcel_add_text(parcel, &text);
    assert_null(text.text);
}

static struct wi_blob *blob_of(const char *words)
{
    struct wi_blob *blob = wi_blob_new(&budget, strlen(words));
    assert_int_equal(wi_blob_append(blob, words, strlen(words)), 0);
    return blob;
}

static int set_up(void **state)
{
    budget = (struct wi_budget){.limit = 1000};
    return 0;
}

static int tear_down(void **state)
{
    assert_int_equal(budget.used, 0);
    return 0;
}

FIXTURE(set_up, tear_down)

TEST(pieces_are_read_as_one_in_any_amounts)
{
    struct wi_parcel *parcel = wi_parcel_new(&budget);
    struct wi_blob *blob = blob_of("0123456789");
    add_text(parcel, "abc");
    wi_parcel_add_slice(parcel, blob, 2, 3);
    wi_parcel_add_slice(parcel, blob, 5, 2); /* follows the slice before it */
    wi_parcel_add_slice(parcel, blob, 0, 1);
    add_text(parcel, "z");
    wi_blob_unref(blob);
    static const char all[] = "abc234560z";
    assert_int_equal(wi_parcel_size(parcel), strlen(all));
    for (size_t at = 0; at <= strlen(all); at++)
        for (size_t max = 0; max <= strlen(all); max++) {
            char out[16] = "";
            size_t left = strlen(all) - at, size = max < left ? max : left;
            assert_int_equal(wi_parcel_read(parcel, at, out, max), size);
            assert_memory_equal(out, all + at, size);
            assert_int_equal(out[size], 0);
        }
    wi_parcel_unref(parcel);
}

TEST(zeros_fill_it_to_a_multiple)
{
    static const char padded[16] = "abc";
    struct wi_parcel *parcel = wi_parcel_new(NULL);
    char out[16];
    wi_parcel_pad(parcel, 8);
    assert_int_equal(wi_parcel_size(parcel), 0);
    assert_int_equal(wi_parcel_read(parcel, 0, out, 16), 0);
    add_text(parcel, "abc");
    wi_parcel_pad(parcel, 8);
    wi_parcel_pad(parcel, 8);
    assert_int_equal(wi_parcel_size(parcel), 8);
    assert_int_equal(wi_parcel_padding(parcel), 5);
    wi_parcel_pad(parcel, 16);
    assert_int_equal(wi_parcel_read(parcel, 0, out, 16), 16);
    assert_memory_equal(out, padded, 16);
    assert_int_equal(wi_parcel_padding(parcel), 13);
    add_text(parcel, "d");
    assert_int_equal(wi_parcel_padding(parcel), 0);
    assert_int_equal(wi_parcel_first(parcel), 3);
    wi_parcel_unref(parcel);
}

TEST(texts_are_charged_once_however_many_hold_it)
{
    struct wi_parcel *parcel = wi_parcel_new(&budget);
    struct wi_blob *blob = blob_of("0123");
    add_text(parcel, "abcdef");
    wi_parcel_add_slice(parcel, blob, 0, 4);
    wi_blob_unref(blob);
    assert_int_equal(budget.used, 6 + 4); /* the blob charges itself */
    wi_parcel_ref(parcel);
    wi_parcel_unref(parcel);
    assert_int_equal(budget.used, 6 + 4);
    wi_parcel_unref(parcel);
    assert_int_equal(budget.used, 0);
    wi_parcel_unref(NULL);
}
