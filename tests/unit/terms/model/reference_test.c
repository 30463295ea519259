/* References: what people write, and what is refused before any hub is asked. */
#include "../../test.h"

#include "models/arrive/hub/hub.h"
#include "terms/model/reference.h"
#include <stdlib.h>
#include <string.h>

static void takes(const char *text, enum wi_hub_kind layout, const char *repository,
    const char *variant, const char *revision)
{
    struct wi_hub_reference reference;
    struct wi_error error;
    if (wi_hub_reference_parse(text, &wi_hub_layouts[layout].rules, &reference, &error) != WI_OK)
        fail_msg("%s: %s", text, error.detail);
    assert_string_equal(reference.repository, repository);
    assert_string_equal(reference.variant ? reference.variant : "-", variant ? variant : "-");
    assert_string_equal(reference.revision ? reference.revision : "-", revision ? revision : "-");
    wi_hub_reference_clear(&reference);
}

static void refuses(const char *text, enum wi_hub_kind layout, const char *detail)
{
    struct wi_hub_reference reference;
    struct wi_error error;
    if (wi_hub_reference_parse(text, &wi_hub_layouts[layout].rules, &reference, &error) !=
        WI_INVALID_FIELD)
        fail_msg("accepted: %s", text);
    assert_null(reference.repository);
    assert_string_equal(error.field, "model");
    if (!strstr(error.detail, detail))
        fail_msg("\"%s\" instead of \"%s\"", error.detail, detail);
    assert_true(error.allowed[0] != '\0');
}

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST(takes_what_people_write)
{
    takes("org/name", WI_HUB_HUGGINGFACE, "org/name", NULL, NULL);
    takes("Org.1/na-me_2:Q8_0", WI_HUB_HUGGINGFACE, "Org.1/na-me_2", "Q8_0", NULL);
    takes("org/name@refs/pr/3", WI_HUB_HUGGINGFACE, "org/name", NULL, "refs/pr/3");
    takes("org/name:q4f16@v1.0", WI_HUB_HUGGINGFACE, "org/name", "q4f16", "v1.0");
    takes("org/name:latest", WI_HUB_HUGGINGFACE, "org/name", NULL, NULL);
    takes("org/name:Latest@v1", WI_HUB_HUGGINGFACE, "org/name", NULL, "v1");
    takes("org/name:late", WI_HUB_HUGGINGFACE, "org/name", "late", NULL);
    takes("name", WI_HUB_PLAIN, "name", NULL, NULL);
    takes("a/b/c/d:Q8_0", WI_HUB_PLAIN, "a/b/c/d", "Q8_0", NULL);
    takes("a@" SUM, WI_HUB_PLAIN, "a", NULL, SUM);
}

TEST(refuses_what_leads_elsewhere)
{
    static const char *const repositories[] = {"", "name", "a/b/c", "/a", "a/", "a//b", "../b",
        "a/..", "a/b..c", ".a/b", "a/-b", "a/b c", "a/b%2f", "a/b?x", "a/b#x", "a\\b/c", "a/b\n",
        "https://a/b", ":Q8_0", "@main"};
    for (size_t i = 0; i < sizeof repositories / sizeof *repositories; i++)
        refuses(repositories[i], WI_HUB_HUGGINGFACE, "is no repository of a hub");
    refuses("a/b/c/d/e", WI_HUB_PLAIN, "is no repository of a plain hub");
    refuses("a/..", WI_HUB_PLAIN, "is no repository of a plain hub");
    refuses("a/b:", WI_HUB_HUGGINGFACE, "is not a valid variant");
    refuses("a/b:../x", WI_HUB_HUGGINGFACE, "is not a valid variant");
    refuses("a/b:Q8_0:Q4_0", WI_HUB_HUGGINGFACE, "is not a valid variant");
    refuses("a/b@", WI_HUB_HUGGINGFACE, "is not a valid revision");
    refuses("a/b@../x", WI_HUB_HUGGINGFACE, "is not a valid revision");
    refuses("a/b@x/../y", WI_HUB_HUGGINGFACE, "is not a valid revision");
    refuses("a/b@x?y", WI_HUB_HUGGINGFACE, "is not a valid revision");
    refuses("a/b@x@y", WI_HUB_HUGGINGFACE, "is not a valid revision");
    refuses("a/b@main", WI_HUB_PLAIN, "is not a valid revision of a plain hub");
}

TEST(refuses_what_is_too_long)
{
    char text[400];
    for (size_t length = 96; length <= 97; length++) {
        snprintf(text, sizeof text, "o/%0*d", (int)length, 0);
        if (length == 96)
            takes(text, WI_HUB_HUGGINGFACE, text, NULL, NULL);
        else
            refuses(text, WI_HUB_HUGGINGFACE, "is no repository");
    }
    snprintf(text, sizeof text, "o/n:%0129d", 0);
    refuses(text, WI_HUB_HUGGINGFACE, "is not a valid variant");
    snprintf(text, sizeof text, "o/n@%0129d", 0);
    refuses(text, WI_HUB_HUGGINGFACE, "is not a valid revision");
}

TEST(allows_on_demand_what_is_listed)
{
    struct wi_strings patterns = {0};
    wi_strings_add(&patterns, "no");
    assert_false(wi_hub_reference_on_demand(&patterns, "no"));
    wi_strings_clear(&patterns);
    wi_strings_add(&patterns, "org/*");
    wi_strings_add(&patterns, "other/one");
    assert_true(wi_hub_reference_on_demand(&patterns, "org/any"));
    assert_true(wi_hub_reference_on_demand(&patterns, "other/one"));
    assert_false(wi_hub_reference_on_demand(&patterns, "organised/any"));
    assert_false(wi_hub_reference_on_demand(&patterns, "other/two"));
    assert_false(wi_hub_reference_on_demand(&patterns, "Org/any"));
    wi_strings_clear(&patterns);
}

/* --- content ---------------------------------------------------------------------------------- */

#define V0 "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR"
#define V1 "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"

static void takes_content(
    const char *text, const char *repository, const char *path, const char *variant)
{
    struct wi_hub_reference reference;
    struct wi_error error;
    assert_true(wi_hub_reference_is_content(text));
    if (wi_hub_reference_parse_content(text, &reference, &error) != WI_OK)
        fail_msg("%s: %s", text, error.detail);
    assert_true(reference.is_content);
    assert_string_equal(reference.repository, repository);
    assert_string_equal(reference.path, path);
    assert_string_equal(reference.variant ? reference.variant : "-", variant);
    assert_null(reference.revision);
    wi_hub_reference_clear(&reference);
}

static void refuses_content(const char *text, const char *detail)
{
    struct wi_hub_reference reference;
    struct wi_error error;
    assert_true(wi_hub_reference_is_content(text));
    if (wi_hub_reference_parse_content(text, &reference, &error) != WI_INVALID_FIELD)
        fail_msg("accepted: %s", text);
    assert_null(reference.repository);
    assert_false(reference.is_content);
    assert_string_equal(error.field, "model");
    if (!strstr(error.detail, detail))
        fail_msg("\"%s\" instead of \"%s\"", error.detail, detail);
    assert_true(error.allowed[0] != '\0');
}

TEST(takes_content_by_its_cid)
{
    takes_content("ipfs://" V1, "ipfs://" V1, "", "-");
    takes_content("IPFS://" V1 "/", "ipfs://" V1, "", "-");
    takes_content("ipfs://" V1 ":Q8_0", "ipfs://" V1, "", "Q8_0");
    takes_content("ipfs://" V1 ":latest", "ipfs://" V1, "", "-");
    takes_content(
        "ipfs://" V1 "/a b/c.gguf:q4f16", "ipfs://" V1 "/a b/c.gguf", "a b/c.gguf", "q4f16");
    takes_content("ipfs://" V1 "/...x/%20", "ipfs://" V1 "/...x/%20", "...x/%20", "-");
}

TEST(prints_a_cid_in_one_way)
{
    struct wi_hub_reference reference;
    struct wi_error error;
    assert_int_equal(wi_hub_reference_parse_content("ipfs://" V0 "/x", &reference, &error), WI_OK);
    assert_int_equal(strncmp(reference.repository, "ipfs://bafybei", 14), 0);
    assert_string_equal(reference.path, "x");
    wi_hub_reference_clear(&reference);
}

TEST(refuses_what_is_no_content)
{
    refuses_content("ipns://example.org", "are not resolved");
    refuses_content("ipfs://", "CID");
    refuses_content("ipfs://" V1 "x", "CID");
    refuses_content("ipfs://bafy", "CID");
    refuses_content("ipfs://org/name", "CID");
    refuses_content("ipfs://bafkqaaa", "");
    refuses_content("ipfs://" V1 "@main", "nothing may follow");
    refuses_content("ipfs://" V1 "/a@b", "nothing may follow");
    refuses_content("ipfs://" V1 ":", "is not a valid variant");
    refuses_content("ipfs://" V1 "/a:Q8:Q4", "is not a valid variant");
    refuses_content("ipfs://" V1 "//", "is no path");
    refuses_content("ipfs://" V1 "/a/", "is no path");
    refuses_content("ipfs://" V1 "/../a", "is no path");
    refuses_content("ipfs://" V1 "/a/.", "is no path");
    refuses_content("ipfs://" V1 "/a\x7f", "is no path");
    assert_false(wi_hub_reference_is_content(V1)); /* that could be a name */
}

TEST(finds_content_by_its_name)
{
    static const char *const others[] = {"org/" V1, "ipfs/" V0, "ipfs/x", "ipfs/", "ipfs/" V1 "x",
        "ipfs/BAFYBEIGDYRZT5SFP7UDM7HU76UH7Y26NF3EFUYLQABF3OCLGTQY55FBZDI"};
    char *text = wi_hub_reference_of_name("ipfs/" V1 ":Q8_0");
    assert_string_equal(text, "ipfs://" V1 ":Q8_0");
    free(text);
    text = wi_hub_reference_of_name("ipfs/" V1);
    assert_string_equal(text, "ipfs://" V1);
    free(text);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_null(wi_hub_reference_of_name(others[i]));
}
