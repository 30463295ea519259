/* Which kernels have run where: by place, in the table's order, over a restart, and bounded. */
#include "../../../test.h"

#include "settings/store/db.h"
#include "work/pool/facts/kernels_used.h"
#include <stdio.h>
#include <string.h>

/* --- the database that we play ---------------------------------------------------------------- */

static char keys[8][WI_PLACE_SIZE + 32];
static size_t key_count, put_count;

void wi_db_put(
    struct wi_db *db, enum wi_db_space space, int rules, const char *key, const char *value)
{
    assert_int_equal(space, WI_DB_KERNELS_USED);
    put_count++;
    if (key_count < sizeof keys / sizeof *keys)
        snprintf(keys[key_count++], sizeof *keys, "%s", key);
}

void wi_db_forget(struct wi_db *db, enum wi_db_space space, const char *key)
{
    for (size_t i = 0; i < key_count; i++)
        if (strcmp(keys[i], key) == 0)
            memmove(keys[i], keys[--key_count], sizeof *keys);
}

void wi_db_each(
    struct wi_db *db, enum wi_db_space space, int rules, wi_db_each_fn *each, void *context)
{
    for (size_t i = 0; i < key_count; i++)
        each(context, keys[i], "{}");
}

static struct wi_kernels_used *used;

static int set_up(void **state)
{
    (void)state;
    key_count = put_count = 0;
    used = wi_kernels_used_new(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    wi_kernels_used_free(used);
    return 0;
}

FIXTURE(set_up, tear_down)

static struct wi_place at(const char *key)
{
    struct wi_place place = {0};
    snprintf(place.key, sizeof place.key, "%s", key);
    return place;
}

static void note_of(const char *place, const char *kernel, int halves)
{
    struct wi_place where = at(place);
    wi_kernels_used_note(used, &where, wi_kernel_find(kernel), halves);
}

static void note(const char *place, const char *kernel)
{
    note_of(place, kernel, 0);
}

/* Those of the place are these two; NULL: none. */
static void expect(const char *place, const char *first, const char *second)
{
    struct wi_place where = at(place);
    struct wi_strings names = {0};
    wi_kernels_used_list(used, &where, &names);
    assert_int_equal(names.count, (first != NULL) + (second != NULL));
    if (first)
        assert_string_equal(names.items[0], first);
    if (second)
        assert_string_equal(names.items[1], second);
    wi_strings_clear(&names);
}

TEST(each_place_has_its_own)
{
    note("chrome\twebgpu", "softmax");
    note("chrome\twebgpu", "matmul");
    note("chrome\twebgpu", "softmax");
    note("firefox\twebgpu", "relu");
    expect("chrome\twebgpu", "matmul", "softmax");
    expect("firefox\twebgpu", "relu", NULL);
    expect("firefox", NULL, NULL);
    assert_int_equal(put_count, 3);
}

TEST(one_over_halves_is_one_of_its_own)
{
    note_of("chrome\twebgpu", "matmul", 1);
    expect("chrome\twebgpu", "matmul FP16", NULL);
    note("chrome\twebgpu", "matmul");
    expect("chrome\twebgpu", "matmul", "matmul FP16");
    wi_kernels_used_free(used);
    used = wi_kernels_used_new(NULL);
    expect("chrome\twebgpu", "matmul", "matmul FP16");
}

TEST(they_are_known_after_a_restart)
{
    note("chrome\twebgpu", "matmul");
    wi_kernels_used_free(used);
    snprintf(keys[key_count++], sizeof *keys, "chrome\twebgpu\tdance"); /* of another version */
    used = wi_kernels_used_new(NULL);
    expect("chrome\twebgpu", "matmul", NULL);
    wi_kernels_used_free(NULL);
}

TEST(the_oldest_goes)
{
    char place[32];
    for (int i = 0; i < WI_KERNELS_USED_MAX; i++) {
        snprintf(place, sizeof place, "place %d", i);
        note(place, "relu");
    }
    expect("place 0", "relu", NULL);
    note("one more", "relu");
    expect("place 0", NULL, NULL);
    expect("place 1", "relu", NULL);
    expect("one more", "relu", NULL);
}
