/* A client's share of second opinions. */
#include "../../test.h"

#include "base/memory.h"
#include "work/job/opinions.h"
#include <stdio.h>
#include <stdlib.h>

static struct wi_opinions *opinions;

static int set_up(void **state)
{
    opinions = wi_alloc(sizeof *opinions);
    return 0;
}

static int tear_down(void **state)
{
    free(opinions);
    return 0;
}

/* As many as are asked in vain with so many requests. */
static int ask_in_vain(const char *client, int requests)
{
    int asked = 0;
    for (int i = 0; i < requests; i++) {
        wi_opinions_count(opinions, client);
        if (!wi_opinions_take(opinions, client))
            continue;
        wi_opinions_end(opinions, client);
        asked++;
    }
    return asked;
}

FIXTURE(set_up, tear_down)

TEST(a_tenth_of_the_requests_may_be_asked_in_vain)
{
    assert_int_equal(ask_in_vain("ada", 1000), 100);
}

TEST(and_one_at_the_least)
{
    assert_int_equal(ask_in_vain("ada", 1), 1);
    assert_int_equal(ask_in_vain("ada", 18), 0);
    assert_int_equal(ask_in_vain("ada", 1), 1);
}

TEST(what_ends_well_costs_nothing)
{
    for (int i = 0; i < 100; i++) {
        wi_opinions_count(opinions, "ada");
        assert_true(wi_opinions_take(opinions, "ada"));
        wi_opinions_end(opinions, "ada");
        wi_opinions_excuse(opinions, "ada");
    }
}

TEST(each_client_has_its_own)
{
    char name[16];
    int asked = 0;
    assert_int_equal(ask_in_vain(NULL, 5), 1);
    assert_int_equal(ask_in_vain("", 5), 0); /* nobody in particular is one */
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "client-%d", i);
        asked += ask_in_vain(name, 5);
    }
    assert_true(asked > 70); /* by chance, about 5 share a row with others; never 30 */
}

TEST(so_many_are_asked_at_a_time)
{
    wi_opinions_count(opinions, "ada");
    for (int i = 0; i < WI_OPINIONS_AT_ONCE; i++)
        assert_true(wi_opinions_take(opinions, "ada"));
    assert_false(wi_opinions_take(opinions, "ada"));
    wi_opinions_end(opinions, "ada");
    wi_opinions_excuse(opinions, "ada");
    assert_true(wi_opinions_take(opinions, "ada"));
}

/* It is paid with later requests. */
TEST(what_was_asked_in_vain_at_once_is_not_forgotten)
{
    wi_opinions_count(opinions, "ada");
    for (int i = 0; i < WI_OPINIONS_AT_ONCE; i++)
        assert_true(wi_opinions_take(opinions, "ada"));
    for (int i = 0; i < WI_OPINIONS_AT_ONCE; i++)
        wi_opinions_end(opinions, "ada");
    assert_int_equal(ask_in_vain("ada", 10 * WI_OPINIONS_AT_ONCE - 2), 0);
    assert_int_equal(ask_in_vain("ada", 11), 1);
}

/* What it has spent lately weighs as before when the counts become large. */
TEST(no_number_of_requests_makes_it_new)
{
    for (int i = 0; i < 200000; i++)
        wi_opinions_count(opinions, "ada");
    int most = ask_in_vain("ada", 1);
    for (int i = 0; i < 100000 && wi_opinions_take(opinions, "ada"); i++, most++)
        wi_opinions_end(opinions, "ada");
    assert_in_range(most, 65536 / 2 / 10 - 1, 65536 / 10 + 1);
    assert_int_equal(ask_in_vain("ada", 5), 0);
}
