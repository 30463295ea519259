/* Who has had more of the loop's time than a part of it waits, and holds up nobody else. */
#include "../../test.h"

#include "nodes/bridge/bridge_reading.h"

struct fixture {
    struct wi_toll joined;
    struct wi_reading_token *a, *b, *c;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.joined = {.part = WI_READING_JOINED},
        wi_reading_token_new(0),
        wi_reading_token_new(0),
        wi_reading_token_new(0)};
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_reading_token_unref(f->a);
    wi_reading_token_unref(f->b);
    wi_reading_token_unref(f->c);
    return 0;
}

static struct wi_reading node_of(struct fixture *f, struct wi_reading_token *token)
{
    struct wi_reading node;
    wi_reading_begin(&node, token, token ? &f->joined : NULL);
    return node;
}

FIXTURE(set_up, tear_down)

TEST(a_node_that_joined_has_an_eighth)
{
    struct fixture *f = *state;
    struct wi_reading node = node_of(f, f->a);
    assert_true(wi_reading_pay(&node, 10000, 120) <= 0);
    assert_float_equal(wi_reading_pay(&node, 10000, 15), 80, 0.01); /* 10 ms too much */
    assert_true(wi_reading_pay(&node, 10081, 0) <= 0);
}

TEST(one_of_ours_has_half)
{
    struct wi_reading ours = node_of(*state, NULL);
    assert_true(wi_reading_pay(&ours, 10000, 495) <= 0);
    assert_float_equal(wi_reading_pay(&ours, 10000, 15), 20, 0.01);
    assert_true(wi_reading_pay(&ours, 10021, 0) <= 0);
}

TEST(a_relay_has_half_and_all_of_its_token_together)
{
    struct fixture *f = *state;
    struct wi_reading_token *token = wi_reading_token_new(1);
    struct wi_reading one, two, joined = node_of(f, f->a);
    wi_reading_begin(&one, token, NULL);
    wi_reading_begin(&two, token, NULL);
    assert_true(wi_reading_pay(&one, 10000, 300) <= 0);
    assert_true(wi_reading_pay(&two, 10000, 195) <= 0);
    assert_float_equal(wi_reading_pay(&two, 10000, 15), 20, 0.01);
    assert_true(wi_reading_pay(&joined, 10000, 100) <= 0); /* and holds up no other */
    wi_reading_token_unref(token);
}

/* Be it by many nodes, or by one that leaves and comes again. */
TEST(so_have_all_of_a_token)
{
    struct fixture *f = *state;
    for (int i = 0; i < 12; i++) {
        struct wi_reading node = node_of(f, f->a);
        assert_true(wi_reading_pay(&node, 10000, 10) <= 0);
    }
    struct wi_reading node = node_of(f, f->a), other = node_of(f, f->b);
    assert_float_equal(wi_reading_pay(&node, 10000, 10), 40, 0.01);
    assert_true(wi_reading_pay(&other, 10000, 10) <= 0);
}

TEST(what_all_have_had_holds_up_those_who_had_it)
{
    struct fixture *f = *state;
    struct wi_reading a = node_of(f, f->a), b = node_of(f, f->b), c = node_of(f, f->c);
    assert_true(wi_reading_pay(&a, 10000, 125) <= 0);
    assert_true(wi_reading_pay(&c, 10000, 1) <= 0);
    assert_float_equal(wi_reading_pay(&b, 10000, 125), 4, 0.01); /* 1 ms too much of a quarter */
    assert_true(wi_reading_pay(&a, 10000, 0) > 0);
    assert_true(wi_reading_pay(&c, 10000, 1) <= 0); /* and not who had little of it */
    assert_true(wi_reading_pay(&c, 10000, 40) > 0);
}
