/* Clients whose requests run alone for a while. */
#include "../../test.h"

#include "work/job/spoilers.h"
#include <stdlib.h>

TEST(a_client_runs_alone_for_a_while_that_doubles_up_to_a_minute)
{
    struct wi_spoilers *spoilers = calloc(1, sizeof *spoilers);
    double now = 5, expected = WI_SPOILERS_FIRST_MS;

    assert_false(wi_spoilers_has(spoilers, "a", "m", now));
    for (int i = 0; i < 10; i++) {
        assert_true(wi_spoilers_note(spoilers, "a", "m", now) == expected);
        assert_true(wi_spoilers_note(spoilers, "a", "m", now + 1) == 0); /* the same batch */
        assert_true(wi_spoilers_has(spoilers, "a", "m", now + expected - 1));
        assert_false(wi_spoilers_has(spoilers, "b", "m", now));
        assert_false(wi_spoilers_has(spoilers, "a", "n", now));
        now += expected;
        assert_false(wi_spoilers_has(spoilers, "a", "m", now));
        expected = expected * 2 < WI_SPOILERS_LONGEST_MS ? expected * 2 : WI_SPOILERS_LONGEST_MS;
    }
    free(spoilers);
}

TEST(what_is_long_past_counts_no_more)
{
    struct wi_spoilers *spoilers = calloc(1, sizeof *spoilers);
    double good = 5 + WI_SPOILERS_FIRST_MS + WI_SPOILERS_GOOD_MS;

    wi_spoilers_note(spoilers, NULL, "m", 5);
    assert_true(wi_spoilers_has(spoilers, "", "m", 6)); /* no client is one, too */
    assert_true(wi_spoilers_note(spoilers, NULL, "m", good) == WI_SPOILERS_FIRST_MS);
    assert_true(wi_spoilers_note(spoilers, NULL, "m", good + WI_SPOILERS_FIRST_MS) ==
                2 * WI_SPOILERS_FIRST_MS);
    free(spoilers);
}
