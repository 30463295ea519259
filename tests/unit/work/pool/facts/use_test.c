/* Who uses browsers, and how many are closed for whom. */
#include "../../../test.h"

#include "work/pool/facts/use.h"

#define NOW 100000.0

static struct wi_evictions evictions;

static int set_up(void **state)
{
    (void)state;
    evictions = (struct wi_evictions){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return 0;
}

FIXTURE(set_up, tear_down)

TEST(a_client_has_one_number_and_nobody_none)
{
    assert_int_equal(wi_use_client(NULL), 0);
    assert_int_not_equal(wi_use_client(""), 0);
    assert_int_equal(wi_use_client("ada"), wi_use_client("ada"));
    assert_int_not_equal(wi_use_client("ada"), wi_use_client("bob"));
}

TEST(it_is_known_when_others_used_it_last)
{
    struct wi_use use = {0};

    assert_true(wi_use_by_others(&use, 1) == 0);
    wi_use_note(&use, 1, 10);
    wi_use_note(&use, 0, 15); /* nobody's work is no use */
    assert_true(wi_use_by_others(&use, 1) == 0);
    assert_true(wi_use_by_others(&use, 2) == 10);
    assert_true(wi_use_by_others(&use, 0) == 10);
    wi_use_note(&use, 1, 20);
    wi_use_note(&use, 2, 30);
    wi_use_note(&use, 2, 40);
    assert_true(wi_use_by_others(&use, 2) == 20);
    assert_true(wi_use_by_others(&use, 1) == 40);
    assert_true(wi_use_by_others(&use, 3) == 40);
}

TEST(a_client_closes_so_many_in_a_minute)
{
    for (int i = 0; i < WI_EVICTIONS_MOST; i++) {
        assert_true(wi_evictions_next(&evictions, 1, 0, NOW + i) == NOW + i);
        wi_evictions_note(&evictions, 1, 0, NOW + i);
    }
    assert_true(wi_evictions_next(&evictions, 1, 0, NOW + 100) == NOW + WI_EVICTIONS_MS);
    assert_true(wi_evictions_next(&evictions, 2, 0, NOW + 100) == NOW + 100);
    assert_true(
        wi_evictions_next(&evictions, 1, 0, NOW + WI_EVICTIONS_MS) == NOW + WI_EVICTIONS_MS);
}

TEST(of_those_that_others_use_one)
{
    wi_evictions_note(&evictions, 1, 0, NOW);
    assert_true(wi_evictions_next(&evictions, 1, 1, NOW) == NOW);
    wi_evictions_note(&evictions, 1, 1, NOW + 5);
    assert_true(wi_evictions_next(&evictions, 1, 1, NOW + 5) == NOW + 5 + WI_EVICTIONS_MS);
    assert_true(wi_evictions_next(&evictions, 1, 0, NOW + 5) == NOW + 5);
    assert_true(wi_evictions_next(&evictions, 2, 1, NOW + 5) == NOW + 5);
}

/* However many clients there are. */
TEST(all_of_them_together_so_many)
{
    for (unsigned i = 0; i < WI_EVICTIONS_KEPT; i++)
        wi_evictions_note(&evictions, i + 1, 1, NOW);
    assert_true(wi_evictions_next(&evictions, 9999, 0, NOW + 1) == NOW + WI_EVICTIONS_MS);
    assert_true(
        wi_evictions_next(&evictions, 9999, 1, NOW + WI_EVICTIONS_MS) == NOW + WI_EVICTIONS_MS);
}
