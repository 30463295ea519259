/* The lists of [browser_preferences]. */
#include "../../test.h"

#include "work/pool/preferences.h"
#include <string.h>

static char *items[] = {"chrome/webgpu", "edge", "firefox/wasm", "firefox/webgpu"};
static const struct wi_strings list = {items, 4};

TEST(an_entry_names_a_kind_or_a_kind_and_a_platform)
{
    char kind[32];

    assert_int_equal(wi_preferences_parse("edge/webnn", kind), WI_WEBNN);
    assert_string_equal(kind, "edge");
    assert_int_equal(wi_preferences_parse("safari", kind), -1);
    assert_string_equal(kind, "safari");
}

TEST(rank_is_the_position_of_the_entry_that_fits)
{
    assert_int_equal(wi_preferences_rank(&list, "chrome", WI_WEBGPU), 0);
    assert_int_equal(wi_preferences_rank(&list, "edge", WI_WEBNN), 1);
    assert_int_equal(wi_preferences_rank(&list, "edge", WI_WASM), 1);
    assert_int_equal(wi_preferences_rank(&list, "firefox", WI_WEBGPU), 3);
}

TEST(what_is_not_listed_comes_after_what_is)
{
    assert_int_equal(wi_preferences_rank(&list, "chrome", WI_WASM), 4);
    assert_int_equal(wi_preferences_rank(&list, "safari", WI_WASM), 5);
}

TEST(each_type_has_its_list)
{
    struct wi_config_preferences all = {0};

    for (int type = WI_TYPE_UNKNOWN; type < WI_TYPE_COUNT; type++)
        for (int other = WI_TYPE_UNKNOWN; other < type; other++)
            assert_ptr_not_equal(wi_preferences_of(&all, (enum wi_model_type)type),
                wi_preferences_of(&all, (enum wi_model_type)other));
    assert_ptr_equal(wi_preferences_of(&all, WI_TYPE_VISION), &all.vision);
    assert_ptr_equal(wi_preferences_of(&all, WI_TYPE_UNKNOWN), &all.other);
}
