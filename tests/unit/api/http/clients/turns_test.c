/* Whose turn it is, with times that are made up: a turn is 20, one party's part of it 10. */
#include "../../../test.h"

#include "api/http/clients/turns.h"

#define PLACES 64

static struct wi_turns turns;
static struct wi_turns_place greedy[PLACES], small[PLACES], third;
static struct wi_turns_place *called[2 * PLACES];
static size_t called_count;

static void on_call(void *context, struct wi_turns_place *place)
{
    called[called_count++] = place;
}

static void next_turn(void)
{
    called_count = 0;
    wi_turns_begin(&turns, on_call, NULL);
}

static int set_up(void **state)
{
    turns = (struct wi_turns){.whole = 20000000};
    for (size_t i = 0; i < PLACES; i++) {
        wi_turns_join(&turns, &greedy[i], "greedy");
        wi_turns_join(&turns, &small[i], "small");
    }
    wi_turns_join(&turns, &third, "third");
    next_turn();
    return 0;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < PLACES; i++) {
        wi_turns_leave(&turns, &greedy[i]);
        wi_turns_leave(&turns, &small[i]);
    }
    wi_turns_leave(&turns, &third);
    assert_false(wi_turns_wait(&turns));
    wi_turns_clear(&turns);
    return 0;
}

static uint64_t ms(double value)
{
    return (uint64_t)(value * 1e6);
}

/* Asks, and if it may go on spends so much. */
static int serve(struct wi_turns_place *place, double cost)
{
    if (!wi_turns_ask(&turns, place))
        return 0;
    wi_turns_pay(&turns, place, ms(cost));
    return 1;
}

static int serve_all(struct wi_turns_place *places, double cost)
{
    int count = 0;
    for (size_t i = 0; i < PLACES; i++)
        count += !wi_turns_is_waiting(&places[i]) && serve(&places[i], cost);
    return count;
}

/* Those that were called ask again. How many of them are of `places`, and went on. */
static int serve_called(const struct wi_turns_place *places, double cost)
{
    int count = 0;
    for (size_t i = 0; i < called_count; i++) {
        int is_one = called[i] >= places && called[i] < places + PLACES;
        count += serve(called[i], cost) && is_one;
    }
    return count;
}

FIXTURE(set_up, tear_down)

TEST(one_has_half_of_a_turn)
{
    assert_int_equal(serve_all(greedy, 1), 10);
    assert_true(wi_turns_wait(&turns));
    assert_true(serve(&small[0], 1));
    assert_true(serve(&third, 1));
}

TEST(a_turn_has_a_bound)
{
    assert_int_equal(serve_all(greedy, 1), 10);
    assert_int_equal(serve_all(small, 1), 10);
    assert_false(serve(&third, 1));
}

/* Who waited comes before those that come now, and does not wait for them again. */
TEST(what_was_called_goes_on_though_others_come)
{
    struct wi_turns_place many[3] = {0};
    for (int i = 0; i < 3; i++)
        wi_turns_join(&turns, &many[i], (const char *[]){"a", "b", "c"}[i]);
    serve_all(greedy, 1);
    serve_all(small, 1);
    assert_false(serve(&third, 1));
    next_turn();
    serve_called(greedy, 1);
    next_turn();
    for (int i = 0; i < 3; i++)
        assert_false(serve(&many[i], 1));
    assert_ptr_equal(called[0], &third);
    assert_true(serve(&third, 1));
    for (int i = 0; i < 3; i++)
        wi_turns_leave(&turns, &many[i]);
}

TEST(alone_it_goes_on_in_the_next_turn)
{
    int served = serve_all(greedy, 30); /* more than a turn each */
    assert_int_equal(served, 1);
    for (; served < PLACES; served++) {
        next_turn();
        assert_int_equal(serve_called(greedy, 30), 1);
    }
    next_turn();
    assert_int_equal(called_count, 0);
}

/* The one asks for what takes three turns of its part, the other for what is cheap. */
TEST(who_took_more_waits_until_the_others_have_had_as_much)
{
    double of_greedy = 30, of_small = 0;
    assert_int_equal(serve_all(greedy, 30), 1);
    of_small += serve_all(small, 0.5) * 0.5;
    for (int i = 0; i < 8; i++) {
        next_turn();
        for (size_t j = 0; j < called_count; j++) {
            int is_greedy = called[j] >= greedy && called[j] < greedy + PLACES;
            if (serve(called[j], is_greedy ? 30 : 0.5))
                *(is_greedy ? &of_greedy : &of_small) += is_greedy ? 30 : 0.5;
        }
        serve_all(small, 0.5); /* they ask again at once, and wait */
        assert_true(of_greedy <= of_small + 30);
    }
    assert_true(of_greedy >= 60); /* and it is not forgotten */
}

TEST(each_party_is_called_in_its_turn)
{
    size_t seen = 0;
    serve_all(greedy, 1);
    serve_all(small, 1);
    assert_false(serve(&third, 1));
    for (int i = 0; i < 4; i++) {
        next_turn();
        for (size_t j = 0; j < called_count; j++)
            seen += called[j] == &third;
        serve_called(greedy, 1);
    }
    assert_int_equal(seen, 1);
}

TEST(who_is_called_for_too_much_keeps_its_place)
{
    serve_all(greedy, 0.1);
    next_turn();
    for (int i = 0; i < 3; i++)
        serve_all(greedy, 0.1); /* the credit is used up: the rest waits */
    assert_true(wi_turns_wait(&turns));
    next_turn(); /* by what was cheap, many are called */
    assert_true(called_count > 10);
    struct wi_turns_place *second = called[1];
    assert_int_equal(serve_called(greedy, 50), 1);
    assert_true(wi_turns_is_waiting(second));
    next_turn();
    assert_int_equal(serve_called(greedy, 50), 1);
}

/* A debt is not left behind by whoever leaves and comes again. */
TEST(debts_outlive_places)
{
    assert_true(serve(&third, 35));
    assert_false(serve(&third, 1));
    wi_turns_leave(&turns, &third);
    wi_turns_join(&turns, &third, "third");
    assert_false(serve(&third, 1));
    wi_turns_leave(&turns, &third);
    for (int i = 0; i < 3; i++) {
        next_turn();
        assert_true(serve(&small[0], 1));
    }
    wi_turns_join(&turns, &third, "third");
    assert_true(serve(&third, 1));
}

TEST(to_belong_to_another_is_to_come_anew)
{
    serve_all(greedy, 1);
    serve_all(small, 1);
    struct wi_turns_place place = {0};
    wi_turns_join(&turns, &place, "greedy");
    assert_false(wi_turns_ask(&turns, &place));
    wi_turns_leave(&turns, &place);
    assert_false(wi_turns_is_waiting(&place));
}

TEST(at_the_end_nobody_waits)
{
    serve_all(greedy, 30);
    serve_all(small, 30);
    called_count = 0;
    wi_turns_end(&turns, on_call, NULL);
    assert_int_equal(called_count, 2 * PLACES - 1);
    assert_false(wi_turns_wait(&turns));
    for (size_t i = 0; i < PLACES; i++)
        assert_true(serve(&greedy[i], 30));
}
