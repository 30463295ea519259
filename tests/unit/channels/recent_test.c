/* The latest batches: how many rows and bytes are kept, for whom, and which go first. */
#include "../test.h"

#include "rows.h"

#include "channels/recent.h"

static struct wi_budget budget;
static struct wi_recent *recent;

static int set_up(void **state)
{
    budget = (struct wi_budget){.limit = (uint64_t)1 << 30};
    recent = wi_recent_new(&budget);
    return 0;
}

static int tear_down(void **state)
{
    wi_recent_free(recent);
    assert_int_equal(budget.used, 0);
    return 0;
}

FIXTURE(set_up, tear_down)

/* A batch of results, each of so many bytes. */
static void add_rows(const char *client, const char *model, size_t rows, size_t bytes)
{
    static int64_t now = 1;
    struct wi_batch *batch = wi_batch_new(&budget, WI_CHANNEL_RESULTS, client, model, 0);
    char *json = wi_alloc(bytes + 1);
    memset(json, ' ', bytes);
    for (size_t i = 0; i < rows; i++)
        wi_batch_add_result(batch, json, bytes);
    wi_batch_seal(batch, 0);
    batch->timestamp = now++;
    wi_recent_add(recent, batch);
    wi_batch_unref(batch);
    free(json);
}

static int is_wanted(const void *context, const struct wi_batch *batch)
{
    return !context || strcmp(context, batch->model) == 0;
}

/* How many rows are found, and the models of their batches in their order, by first letter. */
static size_t find(const char *client, size_t rows, const char *model, char *models)
{
    struct wi_batch **found;
    size_t have = 0, count = wi_recent_find(
                         recent, WI_CHANNEL_RESULTS, client, rows, is_wanted, model, &found);
    for (size_t i = 0; i < count; i++) {
        have += found[i]->count;
        if (models)
            models[i] = *found[i]->model;
    }
    if (models)
        models[count] = '\0';
    free(found);
    return have;
}

TEST(the_latest_are_found_in_their_order)
{
    char models[8];
    assert_int_equal(find(NULL, 10, NULL, models), 0);
    add_rows("ada", "a", 2, 10);
    add_rows("bob", "b", 3, 10);
    add_rows("ada", "c", 4, 10);
    assert_int_equal(find("ada", 100, NULL, models), 6);
    assert_string_equal(models, "ac");
    assert_int_equal(find("ada", 4, NULL, models), 4);
    assert_string_equal(models, "c");
    assert_int_equal(find("ada", 5, NULL, models), 6);
    assert_int_equal(find("bob", 100, NULL, models), 3);
    assert_int_equal(find("eve", 100, NULL, models), 0);
    assert_int_equal(find(NULL, 100, NULL, models), 9);
    assert_string_equal(models, "abc");
    assert_int_equal(find(NULL, 1, "b", models), 3);
    assert_string_equal(models, "b");
    assert_int_equal(find(NULL, 0, NULL, models), 0);
}

TEST(each_client_has_so_many_rows)
{
    for (int i = 0; i < 40; i++)
        add_rows("ada", "a", 256, 10);
    add_rows("bob", "b", 1, 10);
    assert_int_equal(find("ada", 100000, NULL, NULL), WI_RECENT_ROWS);
    add_rows("ada", "a", 1, 10); /* whole batches are kept */
    assert_int_equal(find("ada", 100000, NULL, NULL), WI_RECENT_ROWS + 1);
    for (int i = 0; i < 256; i++)
        add_rows("ada", "a", 1, 10);
    assert_int_equal(find("ada", 100000, NULL, NULL), WI_RECENT_ROWS + 1);
    assert_int_equal(find("bob", 100000, NULL, NULL), 1);
}

TEST(each_client_has_so_many_bytes)
{
    add_rows("bob", "b", 1, 10);
    for (int i = 0; i < 40; i++)
        add_rows("ada", "a", 1, 1 << 20);
    assert_int_equal(find("ada", 100000, NULL, NULL), 15);
    assert_true(wi_recent_bytes(recent) <= WI_RECENT_BYTES + 1000);
    assert_int_equal(find("bob", 100000, NULL, NULL), 1);
}

TEST(all_have_a_part_of_the_budget_and_the_oldest_go_first)
{
    budget.limit = 8 * 1000000;
    add_rows("ada", "a", 1, 400000);
    add_rows("bob", "b", 1, 400000);
    add_rows("eve", "e", 1, 400000);
    assert_int_equal(find("ada", 1, NULL, NULL), 0);
    assert_int_equal(find("bob", 1, NULL, NULL), 1);
    assert_int_equal(find("eve", 1, NULL, NULL), 1);
    add_rows("ada", "a", 1, 1100000); /* more than there may be */
    assert_int_equal(find("ada", 1, NULL, NULL), 0);
    assert_int_equal(find("eve", 1, NULL, NULL), 1);
}

TEST(batches_can_be_dropped_one_by_one_and_all)
{
    add_rows("ada", "a", 1, 10);
    add_rows("bob", "b", 1, 10);
    assert_int_equal(wi_recent_drop_oldest(recent), 1);
    assert_int_equal(find(NULL, 10, NULL, NULL), 1);
    assert_int_equal(find("bob", 10, NULL, NULL), 1);
    assert_true(wi_recent_bytes(recent) > 10);
    assert_int_equal(budget.spare, wi_recent_bytes(recent));
    wi_recent_clear(recent);
    assert_int_equal(budget.spare, 0);
    assert_int_equal(wi_recent_drop_oldest(recent), 0);
    assert_int_equal(wi_recent_bytes(recent), 0);
    assert_int_equal(budget.used, 0);
    add_rows("ada", "a", 2, 10);
    assert_int_equal(find("ada", 10, NULL, NULL), 2);
}
