/* What the last answers of a node say: two rings, and what clears suspicions. */
#include "../../../test.h"

#include "work/pool/facts/standings.h"

static void note(struct wi_conduct *conduct, enum wi_conduct_kind kind, int times)
{
    for (int i = 0; i < times; i++)
        wi_conduct_note(conduct, kind);
}

TEST(nothing_is_known_at_first)
{
    const struct wi_conduct conduct = {0};

    for (int kind = 0; kind < WI_CONDUCT_COUNT; kind++)
        assert_int_equal(wi_conduct_count(&conduct, (enum wi_conduct_kind)kind), 0);
}

TEST(the_last_fifty_count)
{
    struct wi_conduct conduct = {0};

    note(&conduct, WI_CONDUCT_ENDING, 3);
    note(&conduct, WI_CONDUCT_ENDED, 47);
    assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_ENDING), 3);
    assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_ENDED), 47);
    for (unsigned left = 3; left-- > 0;) {
        note(&conduct, WI_CONDUCT_ENDED, 1);
        assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_ENDING), left);
        assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_ENDED), 50 - left);
    }
    note(&conduct, WI_CONDUCT_ENDING, 200);
    assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_ENDING), 50);
    assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_ENDED), 0);
}

/* All answers end and few are judged: those would be pushed out before they count. */
TEST(how_answers_end_pushes_out_nothing_that_was_judged)
{
    struct wi_conduct conduct = {0};

    note(&conduct, WI_CONDUCT_OPEN, 2);
    note(&conduct, WI_CONDUCT_SUSPICION, 1);
    note(&conduct, WI_CONDUCT_ENDED, 1000);
    assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_OPEN), 2);
    assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_SUSPICION), 1);
    note(&conduct, WI_CONDUCT_ENDING, 1);
    note(&conduct, WI_CONDUCT_RIGHT, 1000);
    assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_ENDING), 1);
    assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_RIGHT), 50);
}

TEST(ten_in_a_row_that_are_right_clear_suspicions)
{
    struct wi_conduct conduct = {0};

    note(&conduct, WI_CONDUCT_SUSPICION, 2);
    note(&conduct, WI_CONDUCT_RIGHT, 9);
    assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_SUSPICION), 2);
    note(&conduct, WI_CONDUCT_OPEN, 1); /* it begins again */
    note(&conduct, WI_CONDUCT_RIGHT, 9);
    assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_SUSPICION), 2);
    note(&conduct, WI_CONDUCT_RIGHT, 1);
    assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_SUSPICION), 0);
    assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_OPEN), 1); /* which they do not */
    note(&conduct, WI_CONDUCT_SUSPICION, 1); /* what was cleared stays so */
    assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_SUSPICION), 1);
}

TEST(ends_that_are_good_clear_no_suspicion)
{
    struct wi_conduct conduct = {0};

    note(&conduct, WI_CONDUCT_SUSPICION, 1);
    note(&conduct, WI_CONDUCT_ENDED, 100);
    assert_int_equal(wi_conduct_count(&conduct, WI_CONDUCT_SUSPICION), 1);
}
