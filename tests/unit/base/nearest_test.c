/* Which name was meant. */
#include "../test.h"

#include "base/nearest.h"
#include <string.h>

static const char *const names[] = {
    "platform", "precision", "output", "inputs", "nodes", "jobs", "no-fallback", NULL};

static const char *nearest(const char *word)
{
    struct wi_nearest search = wi_nearest_to(word);

    for (size_t i = 0; names[i]; i++)
        wi_nearest_offer(&search, names[i]);
    return search.name;
}

TEST(finds_what_was_mistyped)
{
    assert_string_equal(nearest("platfrom"), "platform"); /* swapped: one edit */
    assert_string_equal(nearest("plaform"), "platform");
    assert_string_equal(nearest("platforms"), "platform");
    assert_string_equal(nearest("PLATFORM"), "platform");
    assert_string_equal(nearest("jbos"), "jobs");
    assert_string_equal(nearest("node"), "nodes");
    assert_string_equal(nearest("nofallbakc"), "no-fallback");
}

TEST(names_nothing_that_is_far)
{
    assert_null(nearest(""));
    assert_null(nearest("zzzz"));
    assert_null(nearest("ndes!!")); /* three edits */
    assert_null(nearest("jbso"));   /* two edits of four */
    assert_null(nearest("frobnicate"));
}

TEST(the_nearest_wins_and_of_equals_the_first)
{
    struct wi_nearest search = wi_nearest_to("seven");

    wi_nearest_offer(&search, "sevens");
    wi_nearest_offer(&search, "steven");
    assert_string_equal(search.name, "sevens");
    wi_nearest_offer(&search, "Seven");
    assert_string_equal(search.name, "Seven");
    wi_nearest_offer(&search, "seve");
    assert_string_equal(search.name, "Seven");
}

TEST(words_of_any_length_are_borne)
{
    char most[WI_NEAREST_MAX + 1], near[WI_NEAREST_MAX + 1], more[WI_NEAREST_MAX + 2];
    struct wi_nearest search;

    memset(most, 'a', sizeof most - 1);
    most[sizeof most - 1] = '\0';
    memcpy(near, most, sizeof near);
    near[0] = 'b';
    memset(more, 'a', sizeof more - 1);
    more[sizeof more - 1] = '\0';
    search = wi_nearest_to(most);
    wi_nearest_offer(&search, more);
    assert_null(search.name);
    wi_nearest_offer(&search, near);
    assert_string_equal(search.name, near);
    search = wi_nearest_to(more);
    wi_nearest_offer(&search, most);
    assert_null(search.name);
}
