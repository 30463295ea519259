/* Records by owner, and which of them goes. */
#include "../../../test.h"

#include "work/pool/facts/owners.h"
#include <string.h>

#define OURS "chrome\tort\t1\twebgpu\t156\ta/b/c\t\t"
#define SHARED OURS "joined"
#define ALICE OURS "joined alice"
#define BOB OURS "joined bob"
#define GUEST OURS "joined join-1 192.0.2.7"
#define NEIGHBOUR OURS "joined join-1 192.0.2.8"

static const struct wi_owners_most most = {.ours = 3, .shared = 2, .joined = 4, .token = 3};

static struct wi_owners owners;
static struct record {
    int is_there;
    struct wi_owned owned;
} records[16];
static int count;

static int set_up(void **state)
{
    memset(records, 0, sizeof records);
    count = 0;
    return 0;
}

static int tear_down(void **state)
{
    for (int i = 0; i < count; i++)
        if (records[i].is_there)
            wi_owners_remove(&owners, &records[i].owned);
    assert_null(owners.all);
    assert_int_equal(owners.joined, 0);
    return 0;
}

FIXTURE(set_up, tear_down)

/* Adds one; the number of the record that went for it, or -1. */
static int add(const char *key)
{
    struct wi_owned *surplus = wi_owners_surplus(&owners, key, &most);
    struct record *gone = surplus ? WI_OWNED_RECORD(surplus, struct record, owned) : NULL;

    if (gone) {
        wi_owners_remove(&owners, surplus);
        gone->is_there = 0;
    }
    records[count].is_there = 1;
    wi_owners_add(&owners, &records[count++].owned, key);
    return gone ? (int)(gone - records) : -1;
}

TEST(the_oldest_of_ours_goes)
{
    for (int i = 0; i < 3; i++)
        assert_int_equal(add(OURS), -1);
    wi_owned_renew(&records[0].owned);
    assert_int_equal(add(OURS), 1);
    assert_int_equal(add(OURS), 2);
    assert_int_equal(add(OURS), 0);
    assert_true(wi_owned_is_ours(&records[4].owned));
}

TEST(each_owner_has_its_own)
{
    for (int i = 0; i < 3; i++)
        assert_int_equal(add(OURS), -1);
    assert_int_equal(add(SHARED), -1);
    assert_int_equal(add(SHARED), -1);
    assert_int_equal(add(ALICE), -1);
    assert_int_equal(add(SHARED), 3);
    assert_int_equal(add(ALICE), -1);
    assert_int_equal(add(ALICE), -1);
    assert_int_equal(add(ALICE), 5);
    assert_false(wi_owned_is_ours(&records[4].owned));
    assert_false(wi_owned_is_ours(&records[6].owned));
}

TEST(of_all_tokens_the_one_that_has_most_gives_way)
{
    assert_int_equal(add(BOB), -1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(add(ALICE), -1);
    assert_int_equal(add(GUEST), 1);
    assert_int_equal(add(SHARED), -1); /* which is no token's */
    assert_true(records[0].is_there);
}

TEST(another_address_is_no_other_token)
{
    for (int i = 0; i < 3; i++)
        assert_int_equal(add(i ? GUEST : NEIGHBOUR), -1);
    assert_int_equal(add(NEIGHBOUR), 0);
    assert_int_equal(add(GUEST), 1);
}

/* What a test, or an earlier version, has for a key. */
TEST(a_key_without_all_fields_is_of_ours)
{
    assert_int_equal(add("c"), -1);
    assert_true(wi_owned_is_ours(&records[0].owned));
}
