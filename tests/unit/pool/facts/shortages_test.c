/* Where which model had not the memory: known by hash and place, and bounded. */
#include "../../test.h"

#include "pool/facts/shortages.h"
#include <stdio.h>

static struct wi_place at(const char *key)
{
    struct wi_place place = {0};
    snprintf(place.key, sizeof place.key, "%s", key);
    return place;
}

TEST(a_model_is_short_of_memory_where_it_was)
{
    struct wi_shortages *shortages = wi_shortages_new(WI_SHORTAGES_MAX);
    const struct wi_place small = at("chrome\twasm"), other = at("firefox\twasm");
    assert_false(wi_shortages_has(shortages, "aa", &small));
    wi_shortages_note(shortages, "aa", &small);
    wi_shortages_note(shortages, "aa", &small);
    assert_true(wi_shortages_has(shortages, "aa", &small));
    assert_false(wi_shortages_has(shortages, "aa", &other));
    assert_false(
        wi_shortages_has(shortages, "bb", &small)); /* also the same one with other files */
    wi_shortages_free(shortages);
    wi_shortages_free(NULL);
}

TEST(the_oldest_goes)
{
    struct wi_shortages *shortages = wi_shortages_new(2);
    const struct wi_place place = at("chrome\twasm");
    wi_shortages_note(shortages, "aa", &place);
    wi_shortages_note(shortages, "bb", &place);
    wi_shortages_note(shortages, "cc", &place);
    assert_false(wi_shortages_has(shortages, "aa", &place));
    assert_true(wi_shortages_has(shortages, "bb", &place));
    assert_true(wi_shortages_has(shortages, "cc", &place));
    wi_shortages_free(shortages);
}
