/* Other names for models. */
#include "../../test.h"

#include "settings/config/alias.h"
#include <stdio.h>
#include <string.h>

static void add(struct wi_aliases *aliases, const char *name, const char *model)
{
    struct wi_error error = {0};
    if (wi_aliases_add(aliases, name, model, "f", 1, &error) != WI_OK)
        fail_msg("%s", error.detail);
}

static void assert_resolved(const struct wi_aliases *aliases, const char *name, const char *model)
{
    char out[WI_MODEL_NAME_MAX + 1];
    assert_string_equal(wi_aliases_resolve(aliases, name, out), model);
}

TEST(leads_to_models)
{
    struct wi_aliases aliases = {0}, copy = {0};
    add(&aliases, "gpt-4o-mini", "owner/tiny:Q8_0");
    add(&aliases, "a/b", "tiny");
    wi_aliases_copy(&copy, &aliases);
    wi_aliases_clear(&aliases);
    assert_resolved(&copy, "gpt-4o-mini", "owner/tiny:Q8_0");
    assert_resolved(&copy, "a/b", "tiny");
    assert_resolved(&copy, "a/b:Q4_0", "tiny:Q4_0");
    assert_resolved(&copy, "gpt-4o-mini:Q4_0", "gpt-4o-mini:Q4_0"); /* it has a variant already */
    assert_resolved(&copy, "tiny", "tiny");
    assert_resolved(&copy, "tiny:latest", "tiny");
    assert_resolved(&copy, "a/b:Latest", "tiny");
    assert_resolved(&copy, "gpt-4o-mini:latest", "owner/tiny:Q8_0");
    assert_resolved(&copy, "tiny:latest1", "tiny:latest1");
    assert_resolved(&aliases, "a/b", "a/b");
    wi_aliases_clear(&copy);
}

TEST(refuses_what_leads_nowhere)
{
    static const struct {
        const char *name, *model, *part;
    } bad[] = {
        {"", "tiny", "cannot be an alias"},
        {"a:b", "tiny", "cannot be an alias"},
        {"a/b/c", "tiny", "cannot be an alias"},
        {"builtin/echo", "tiny", "built-in"},
        {"builtin", "tiny", "built-in"},
        {"ipfs/bafkqaaa", "tiny", "that CID"},
        {"a", "", "is not a model name"},
        {"a", "tiny@wasm", "is not a model name"},
        {"there", "tiny", "is given twice, first in line 1"},
    };
    struct wi_aliases aliases = {0};
    add(&aliases, "there", "builtin/echo");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct wi_error error = {0};
        assert_int_equal(
            wi_aliases_add(&aliases, bad[i].name, bad[i].model, "f", 2, &error), WI_INVALID_FIELD);
        if (!strstr(error.detail, bad[i].part))
            fail_msg("\"%s\" without \"%s\"", error.detail, bad[i].part);
    }
    assert_int_equal(aliases.count, 1);
    wi_aliases_clear(&aliases);
}

TEST(has_an_end)
{
    struct wi_aliases aliases = {0};
    struct wi_error error = {0};
    char name[16];
    for (int i = 0; i < WI_ALIASES_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        add(&aliases, name, "tiny");
    }
    assert_int_equal(wi_aliases_add(&aliases, "more", "tiny", "f", 1, &error), WI_INVALID_FIELD);
    assert_null(wi_aliases_chained(&aliases));
    wi_aliases_clear(&aliases);
    add(&aliases, "b", "a:Q8_0");
    assert_null(wi_aliases_chained(&aliases));
    add(&aliases, "a", "tiny");
    assert_string_equal(wi_aliases_chained(&aliases)->name, "b");
    wi_aliases_clear(&aliases);
    add(&aliases, "a", "a");
    assert_non_null(wi_aliases_chained(&aliases));
    wi_aliases_clear(&aliases);
}

TEST(a_new_model_has_a_name_of_its_own)
{
    struct wi_aliases aliases = {0};
    struct wi_error error = {0};
    add(&aliases, "chat", "tiny");
    assert_int_equal(wi_aliases_allow(&aliases, "org/tiny", "as", &error), WI_OK);
    assert_int_equal(wi_aliases_allow(NULL, "chat", "as", &error), WI_OK);
    assert_int_equal(wi_aliases_allow(&aliases, "chat", "as", &error), WI_CONFLICT);
    static const char *const wrong[] = {
        "", "../x", "tiny:q8", "builtin", "builtin/x", "ipfs/x", "ipfs/bafkqaaa"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(wi_aliases_allow(&aliases, wrong[i], "as", &error), WI_INVALID_FIELD);
        assert_string_equal(error.field, "as");
    }
    assert_int_equal(wi_aliases_allow(NULL, "ipfs", "as", &error), WI_OK);
    wi_aliases_clear(&aliases);
}

TEST(a_name_of_content_is_for_content_alone)
{
    struct wi_error error = {0};
    assert_int_equal(wi_name_allow("ipfs/bafy", "as", &error), WI_OK);
    assert_int_equal(wi_name_allow("ipfs/bafy:Q8_0", "as", &error), WI_INVALID_FIELD);
    assert_true(wi_name_is_content("ipfs/bafy"));
    assert_false(wi_name_is_content("ipfs"));
    assert_false(wi_name_is_content("ipfsx/bafy"));
}
