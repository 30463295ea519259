/* Kept lists: what changes are merged into is what a fresh list of the same would be. */
#include "../../test.h"

#include "api/http/kept.h"
#include "base/pcg32.h"
#include <stdio.h>
#include <string.h>

/* What there is: a number for each of the keys k00 to k99; 0: it is not there. */
#define KEYS 100
struct world {
    unsigned values[KEYS];
    size_t printed;
};

static void name_key(unsigned index, char key[8])
{
    snprintf(key, 8, "k%02u", index % KEYS);
}

/* Of a number n there are n % 3 + 1 values. */
static void print(void *context, const char *key, struct wi_buffer *out)
{
    struct world *world = context;
    unsigned value = world->values[(key[1] - '0') * 10 + (key[2] - '0')];
    world->printed++;
    for (unsigned i = 0; value > 0 && i <= value % 3; i++)
        wi_buffer_printf(out, "%s\"%s.%u.%u\"", i > 0 ? "," : "", key, value, i);
}

static void print_all(struct world *world, struct wi_buffer *out)
{
    char key[8];
    for (unsigned i = 0; i < KEYS; i++) {
        struct wi_buffer one = {0};
        name_key(i, key);
        print(world, key, &one);
        if (one.size > 0)
            wi_buffer_strings(out, out->size > 0 ? "," : "", one.text, NULL);
        wi_buffer_clear(&one);
    }
}

static void note_all(struct wi_kept_list *kept)
{
    char key[8];
    for (unsigned i = 0; i < KEYS; i++) {
        name_key(i, key);
        wi_kept_note(kept, key);
    }
}

static void check_text(const struct wi_kept_list *kept, const char *expected)
{
    const struct wi_blob *text = wi_kept_text(kept);
    assert_int_equal(text->size, strlen(expected));
    assert_memory_equal(text->bytes, expected, text->size);
}

static void check_fresh(const struct wi_kept_list *kept, struct world *world)
{
    struct wi_buffer expected = {0};
    print_all(world, &expected);
    check_text(kept, expected.size > 0 ? expected.text : "");
    wi_buffer_clear(&expected);
}

static void set(struct world *world, struct wi_kept_list *kept, unsigned index, unsigned value)
{
    char key[8];
    world->values[index] = value;
    name_key(index, key);
    wi_kept_note(kept, key);
}

TEST(a_new_list_is_empty)
{
    struct world world = {0};
    struct wi_kept_list *kept = wi_kept_new(print, &world);
    check_text(kept, "");
    assert_int_equal(wi_kept_go_on(kept, 10), 0);
    note_all(kept);
    assert_int_equal(wi_kept_go_on(kept, KEYS), 0);
    check_text(kept, "");
    wi_kept_free(kept);
    wi_kept_free(NULL);
}

TEST(rows_come_change_and_go_at_either_end_and_between)
{
    struct world world = {0};
    struct wi_kept_list *kept = wi_kept_new(print, &world);
    set(&world, kept, 50, 3);
    assert_int_equal(wi_kept_go_on(kept, 1), 0);
    check_text(kept, "\"k50.3.0\"");
    set(&world, kept, 0, 6);
    set(&world, kept, 99, 1);
    assert_int_equal(wi_kept_go_on(kept, 9), 0);
    check_text(kept, "\"k00.6.0\",\"k50.3.0\",\"k99.1.0\",\"k99.1.1\"");
    set(&world, kept, 50, 9);
    assert_int_equal(wi_kept_go_on(kept, 9), 0);
    check_text(kept, "\"k00.6.0\",\"k50.9.0\",\"k99.1.0\",\"k99.1.1\"");
    set(&world, kept, 0, 0);
    set(&world, kept, 99, 0);
    assert_int_equal(wi_kept_go_on(kept, 9), 0);
    check_text(kept, "\"k50.9.0\"");
    set(&world, kept, 50, 0);
    assert_int_equal(wi_kept_go_on(kept, 9), 0);
    check_text(kept, "");
    wi_kept_free(kept);
}

TEST(only_what_was_noted_is_printed_and_once)
{
    struct world world = {0};
    struct wi_kept_list *kept = wi_kept_new(print, &world);
    for (unsigned i = 0; i < KEYS; i++)
        world.values[i] = 3;
    note_all(kept);
    note_all(kept);
    assert_int_equal(wi_kept_go_on(kept, 1000), 0);
    assert_int_equal(world.printed, KEYS);
    assert_int_equal(wi_kept_go_on(kept, 1000), 0);
    set(&world, kept, 7, 6);
    set(&world, kept, 7, 9);
    assert_int_equal(wi_kept_go_on(kept, 1000), 0);
    assert_int_equal(world.printed, KEYS + 1);
    check_fresh(kept, &world);
    wi_kept_free(kept);
}

TEST(a_list_that_is_printed_bit_by_bit_is_as_it_was_until_the_end)
{
    struct world world = {0};
    struct wi_kept_list *kept = wi_kept_new(print, &world);
    set(&world, kept, 10, 3);
    assert_int_equal(wi_kept_go_on(kept, 1), 0);
    for (unsigned i = 20; i < 25; i++)
        set(&world, kept, i, 3);
    assert_int_equal(wi_kept_go_on(kept, 2), 3);
    check_text(kept, "\"k10.3.0\"");
    set(&world, kept, 20, 6); /* that was printed already */
    assert_int_equal(wi_kept_go_on(kept, 3), 1);
    check_text(kept, "\"k10.3.0\"");
    assert_int_equal(wi_kept_go_on(kept, 3), 0);
    check_fresh(kept, &world);
    wi_kept_free(kept);
}

TEST(who_has_a_reference_keeps_the_list_as_it_was)
{
    struct world world = {0};
    struct wi_kept_list *kept = wi_kept_new(print, &world);
    set(&world, kept, 1, 3);
    assert_int_equal(wi_kept_go_on(kept, 1), 0);
    struct wi_blob *text = wi_blob_ref(wi_kept_text(kept));
    set(&world, kept, 1, 6);
    assert_int_equal(wi_kept_go_on(kept, 1), 0);
    check_text(kept, "\"k01.6.0\"");
    wi_kept_free(kept);
    assert_int_equal(text->size, 9);
    assert_memory_equal(text->bytes, "\"k01.3.0\"", 9);
    wi_blob_unref(text);
}

TEST(all_of_a_list_are_printed_again)
{
    struct world world = {0};
    struct wi_kept_list *kept = wi_kept_new(print, &world);
    for (unsigned i = 0; i < KEYS; i += 2)
        set(&world, kept, i, i + 1);
    assert_int_equal(wi_kept_go_on(kept, KEYS), 0);
    for (unsigned i = 0; i < KEYS; i++)
        world.values[i] = i % 3; /* some are gone, and others have come of which nobody told */
    wi_kept_note_all(kept);
    assert_int_equal(wi_kept_go_on(kept, KEYS), 0);
    for (unsigned i = 1; i < KEYS; i += 2)
        world.values[i] = 0;
    check_fresh(kept, &world);
    wi_kept_free(kept);
}

/* In whatever order they come, and however much is printed at a time. */
TEST(changes_in_random_order_make_what_a_fresh_list_would_be)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct world world = {0};
        struct wi_kept_list *kept = wi_kept_new(print, &world);
        struct wi_pcg32 random = {0};
        wi_pcg32_seed(&random, seed, 1);
        for (unsigned step = 0; step < 400; step++) {
            unsigned index = wi_pcg32_next(&random) % KEYS;
            set(&world, kept, index, wi_pcg32_next(&random) % 5);
            if (wi_pcg32_next(&random) % 4 == 0 &&
                wi_kept_go_on(kept, wi_pcg32_next(&random) % 8) == 0)
                check_fresh(kept, &world);
        }
        assert_int_equal(wi_kept_go_on(kept, KEYS), 0);
        check_fresh(kept, &world);
        wi_kept_free(kept);
    }
}
