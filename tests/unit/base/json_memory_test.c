/* Memory for jansson's values: what is kept, how much, and on which thread. */
#include "../test.h"

#include "base/json_memory.c"

#include <jansson.h>
#include <pthread.h>
#include <string.h>

static unsigned kept(void)
{
    unsigned count = 0;
    for (size_t size = 0; size < SIZES; size++)
        count += free_lists[size].count;
    return count;
}

static json_t *many(int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:i,s:[s]}", "number", i, "text", "some words"));
    return list;
}

TEST(gives_the_same_pieces_again)
{
    if (KEPT_MOST == 0)
        skip();
    wi_json_memory_begin();
    json_decref(many(20));
    unsigned before = kept();
    assert_true(before > 100);
    json_t *list = many(20);
    assert_int_equal(kept(), 0);
    assert_int_equal(json_array_size(list), 20);
    json_decref(list);
    assert_int_equal(kept(), before);
    wi_json_memory_end();
}

TEST(keeps_so_many_and_nothing_large)
{
    wi_json_memory_begin();
    json_decref(many(4 * KEPT_MOST));
    for (size_t size = 0; size < SIZES; size++)
        assert_true(free_lists[size].count <= KEPT_MOST);
    unsigned before = kept();
    char text[300] = {0};
    memset(text, 'x', sizeof text - 1);
    json_t *large = json_string(text);
    unsigned with = kept();
    json_decref(large);
    assert_int_equal(kept() - with, KEPT_MOST ? 1 : 0);
    assert_int_equal(kept(), before);
    wi_json_memory_end();
}

static void *elsewhere(void *list)
{
    json_decref(list);
    return many(20);
}

TEST(values_pass_between_threads)
{
    pthread_t thread;
    void *made = NULL;
    wi_json_memory_begin();
    assert_int_equal(pthread_create(&thread, NULL, elsewhere, many(20)), 0);
    assert_int_equal(pthread_join(thread, &made), 0);
    assert_int_equal(kept(), 0);
    json_decref(made);
    assert_true(KEPT_MOST == 0 || kept() > 100);
    wi_json_memory_end();
}
