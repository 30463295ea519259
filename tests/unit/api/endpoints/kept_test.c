/* What is kept: of one client and of all, the oldest goes first. */
#include "../../test.h"

#include "api/endpoints/kept.h"

#define MIB ((uint64_t)1 << 20)

TEST(one_client_has_its_part_and_the_oldest_goes)
{
    struct wi_budget budget = {.limit = 1024 * MIB};
    struct wi_kept kept = {.budget = &budget};
    struct wi_kept_item items[4] = {0};
    wi_kept_add(&kept, &items[0], "you", 10 * MIB);
    wi_kept_add(&kept, &items[1], "me", 8 * MIB);
    wi_kept_add(&kept, &items[2], "me", 8 * MIB);
    assert_null(wi_kept_excess(&kept, &items[2]));
    wi_kept_add(&kept, &items[3], "me", 1);
    assert_ptr_equal(wi_kept_excess(&kept, &items[3]), &items[1]);
    wi_kept_remove(&kept, &items[1]);
    assert_null(wi_kept_excess(&kept, &items[3]));
    wi_kept_add(&kept, &items[3], "me", 17 * MIB); /* again, and more than it may be */
    assert_ptr_equal(wi_kept_excess(&kept, &items[3]), &items[2]);
    wi_kept_remove(&kept, &items[2]);
    assert_ptr_equal(wi_kept_excess(&kept, &items[3]), &items[3]);
    wi_kept_remove(&kept, &items[3]);
    wi_kept_remove(&kept, &items[3]); /* is none any more */
    wi_kept_remove(&kept, &items[0]);
    assert_true(kept.bytes == 0);
}

TEST(all_have_an_eighth_of_the_budget)
{
    struct wi_budget budget = {.limit = 80};
    struct wi_kept kept = {.budget = &budget};
    struct wi_kept_item items[3] = {0};
    wi_kept_add(&kept, &items[0], "you", 5);
    wi_kept_add(&kept, &items[1], "me", 5);
    assert_null(wi_kept_excess(&kept, &items[1]));
    wi_kept_add(&kept, &items[2], "me", 1);
    assert_ptr_equal(wi_kept_excess(&kept, &items[2]), &items[0]);
    for (int i = 0; i < 3; i++)
        wi_kept_remove(&kept, &items[i]);
}
