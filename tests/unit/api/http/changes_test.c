/* The log of changes: each thing once, by the number of its last change. */
#include "../../test.h"

#include "api/http/changes.h"
#include <stdio.h>
#include <string.h>

static void note(struct wi_changes *changes, const char *id)
{
    wi_changes_note(changes, WI_CHANGE_NODE, id, NULL);
}

/* The ids behind that number, one letter each. */
static void check_behind(const struct wi_changes *changes, uint64_t number, const char *expected)
{
    char found[64] = "";
    const struct wi_change *change = wi_changes_after(changes, number);
    for (; change; change = wi_changes_next(change)) {
        assert_true(change->number > number);
        assert_true(strlen(found) + strlen(change->id) < sizeof found);
        strcat(found, change->id);
        number = change->number;
    }
    assert_string_equal(found, expected);
}

TEST(test_each_once_in_the_order_of_last_changes)
{
    struct wi_changes *changes = wi_changes_new(10);
    assert_int_equal(wi_changes_latest(changes), 0);
    assert_true(wi_changes_reach(changes, 0));
    assert_false(wi_changes_reach(changes, 1));
    check_behind(changes, 0, "");
    note(changes, "a");
    note(changes, "b");
    note(changes, "c");
    check_behind(changes, 0, "abc");
    check_behind(changes, 2, "c");
    note(changes, "a");
    assert_int_equal(wi_changes_latest(changes), 4);
    check_behind(changes, 0, "bca");
    check_behind(changes, 3, "a");
    check_behind(changes, 4, "");
    note(changes, "a");
    check_behind(changes, 4, "a");
    check_behind(changes, 2, "ca");
    wi_changes_free(changes);
}

TEST(test_kinds_and_owners)
{
    struct wi_changes *changes = wi_changes_new(10);
    char owner[] = "ada";
    wi_changes_note(changes, WI_CHANGE_JOB, "x", owner);
    wi_changes_note(changes, WI_CHANGE_PULL, "x", NULL);
    wi_changes_note(changes, WI_CHANGE_STATUS, "", NULL);
    wi_changes_note(changes, WI_CHANGE_QUEUE, "", NULL);
    wi_changes_note(changes, WI_CHANGE_MODEL, "a/b", NULL);
    owner[0] = 'A';
    const struct wi_change *change = wi_changes_after(changes, 0);
    assert_int_equal(change->kind, WI_CHANGE_JOB);
    assert_string_equal(change->id, "x");
    assert_string_equal(change->owner, "ada"); /* its own copy */
    change = wi_changes_next(change);
    assert_int_equal(change->kind, WI_CHANGE_PULL);
    assert_null(change->owner);
    change = wi_changes_next(change);
    assert_int_equal(change->kind, WI_CHANGE_STATUS);
    assert_string_equal(change->id, "");
    change = wi_changes_next(wi_changes_next(change));
    assert_string_equal(change->id, "a/b");
    assert_null(wi_changes_next(change));
    wi_changes_free(changes);
}

/* Of more than fit the one goes that has not changed for longest; who lacks it has to begin
 * anew. */
TEST(test_the_floor)
{
    struct wi_changes *changes = wi_changes_new(3);
    note(changes, "a");
    note(changes, "b");
    note(changes, "c");
    note(changes, "a");
    assert_true(wi_changes_reach(changes, 0));
    note(changes, "d"); /* b goes, whose number is 2 */
    check_behind(changes, 0, "cad");
    assert_false(wi_changes_reach(changes, 0));
    assert_false(wi_changes_reach(changes, 1));
    assert_true(wi_changes_reach(changes, 2));
    assert_true(wi_changes_reach(changes, 5));
    assert_false(wi_changes_reach(changes, 6));
    for (int i = 0; i < 10; i++)
        note(changes, "d"); /* what changes often drives nothing out */
    check_behind(changes, 2, "cad");
    assert_true(wi_changes_reach(changes, 2));
    wi_changes_free(changes);
}

TEST(test_forgetting_all)
{
    struct wi_changes *changes = wi_changes_new(3);
    note(changes, "a");
    note(changes, "b");
    wi_changes_forget(changes);
    check_behind(changes, 0, "");
    assert_false(wi_changes_reach(changes, 2)); /* what follows is not noted */
    assert_true(wi_changes_reach(changes, wi_changes_latest(changes)));
    note(changes, "a");
    check_behind(changes, 2, "a");
    wi_changes_free(changes);
}

TEST(test_many)
{
    enum { MOST = 1000, THINGS = 3000 };
    struct wi_changes *changes = wi_changes_new(MOST);
    char id[16];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < THINGS; i++) {
            snprintf(id, sizeof id, "%d", i);
            note(changes, id);
        }
    }
    size_t count = 0;
    uint64_t number = 3 * THINGS - MOST;
    assert_true(wi_changes_reach(changes, number));
    assert_false(wi_changes_reach(changes, number - 1));
    for (const struct wi_change *c = wi_changes_after(changes, 0); c; c = wi_changes_next(c)) {
        assert_int_equal(c->number, ++number);
        count++;
    }
    assert_int_equal(count, MOST);
    assert_int_equal(number, wi_changes_latest(changes));
    wi_changes_free(changes);
}
