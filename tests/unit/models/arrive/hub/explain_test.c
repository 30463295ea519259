/* What is said of a hub's refusals. */
#include "../../../test.h"

#include "models/arrive/hub/ask.h"
#include <string.h>

static void expect(
    const struct wi_hub *hub, int status, const char *reason, enum wi_code code, const char *detail)
{
    struct wi_error error;
    assert_int_equal(wi_hub_explain(hub, status, reason, "o/n@v1", &error), code);
    assert_string_equal(error.field, "model");
    if (!strstr(error.detail, detail))
        fail_msg("\"%s\" instead of \"%s\"", error.detail, detail);
    assert_null(strstr(error.detail, "hf_secret"));
}

TEST(says_what_to_do)
{
    const struct wi_hub open = {.name = (char *)"mirror", .url = (char *)"https://m.example"};
    struct wi_hub known = open;
    known.token = (char *)"hf_secret";
    known.token_file = (char *)"/etc/token";
    expect(&open, 401, "GatedRepo", WI_HUB_UNAUTHORIZED,
        "o/n@v1 is gated: accept its terms on its page, https://m.example/o/n, and put a token");
    expect(&known, 403, "GatedRepo", WI_HUB_UNAUTHORIZED, "is gated");
    expect(&open, 401, "RepoNotFound", WI_HUB_UNAUTHORIZED,
        "it is private, or does not exist; check the name, or put a token into the token_file of "
        "[hub.mirror]");
    expect(&known, 401, NULL, WI_HUB_UNAUTHORIZED, "refuses the token of /etc/token for o/n@v1");
    expect(&open, 404, "RepoNotFound", WI_HUB_NOT_FOUND, "there is no such repository");
    expect(&open, 404, "RevisionNotFound", WI_HUB_NOT_FOUND, "there is no such revision");
    expect(&open, 404, "EntryNotFound", WI_HUB_NOT_FOUND, "there is no such file");
    expect(&open, 404, NULL, WI_HUB_NOT_FOUND, "does not have o/n@v1; check its name");
    expect(&open, 429, NULL, WI_HUB_BUSY, "or with a token in its token_file");
    expect(&known, 429, NULL, WI_HUB_BUSY, "try again later");
    expect(&open, 302, NULL, WI_HUB_FAILED, "elsewhere (302), which is not followed");
    expect(&open, 500, NULL, WI_HUB_FAILED, "hub mirror answers 500 for o/n@v1");
}
