/* Where a redirect may lead. */
#include "../../../test.h"

#include "models/arrive/source/redirect.h"
#include <stdlib.h>
#include <string.h>

#define HUB "https://hub.example/org/model/resolve/abc/x.gguf"

static void leads(const char *from, const char *location, const char *hub, const char *to)
{
    struct wi_error error = {0};
    char *next = wi_redirect_follow(hub, from, location, 0, &error);
    if (next == NULL || strcmp(next, to) != 0)
        fail_msg("%s: %s (%s)", location, next ? next : "refused", error.detail);
    free(next);
}

static void is_refused(const char *location, const char *hub, const char *why)
{
    struct wi_error error = {0};
    char *next = wi_redirect_follow(hub, HUB, location, 0, &error);
    if (next != NULL || strstr(error.detail, why) == NULL)
        fail_msg("%s: %s (%s)", location ? location : "none", next ? next : "", error.detail);
    assert_int_equal(error.code, WI_HUB_FAILED);
    assert_null(strstr(error.detail, "s3cret"));
}

TEST(follows_to_https)
{
    leads(HUB, "https://cdn.example/x?Signature=s3cret", HUB,
        "https://cdn.example/x?Signature=s3cret");
    leads(HUB, "/other/model/x.gguf", HUB, "https://hub.example/other/model/x.gguf");
    leads(HUB, "//cdn.example/x", HUB, "https://cdn.example/x");
    leads(HUB, "https://8.8.8.8/x", HUB, "https://8.8.8.8/x");
}

/* Where the operator has named it, and nowhere else of a private network. */
TEST(follows_a_private_hub_on_its_own_host)
{
    static const char local[] = "http://localhost:5/models", lan[] = "https://10.0.0.1/models";
    leads("http://localhost:5/a", "http://127.0.0.1:6/b", local, "http://127.0.0.1:6/b");
    leads(HUB, "https://10.0.0.1:9000/x", lan, "https://10.0.0.1:9000/x");
    leads(HUB, "https://cdn.example/x", lan, "https://cdn.example/x");
    is_refused("https://10.0.0.2/s3cret", lan, "private network");
    is_refused("http://127.0.0.1:631/s3cret", lan, "private network");
    is_refused("https://192.168.0.1/s3cret", local, "private network");
    assert_true(wi_redirect_stays("https://Hub.lan/a", "https://hub.lan:8443/b"));
    assert_false(wi_redirect_stays(HUB, "https://other.example/"));
}

TEST(keeps_out_of_private_networks)
{
    static const char *const private[] = {"https://127.0.0.1/s3cret", "https://localhost/s3cret",
        "https://a.localhost/", "https://10.1.2.3/", "https://192.168.0.1:8443/",
        "https://169.254.169.254/s3cret", "https://[::1]/", "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/", "http://127.0.0.1/", "https://2130706433/", "https://0x7f.1/",
        "https://0177.0.0.1/"};
    for (size_t i = 0; i < sizeof private / sizeof private[0]; i++)
        is_refused(private[i], HUB, "private network");
}

TEST(refuses_other_ways)
{
    is_refused("http://cdn.example/s3cret", "https://10.0.0.1/", "not https");
    is_refused("http://192.168.0.1/s3cret", "https://192.168.0.1/", "not https");
    is_refused("ftp://cdn.example/s3cret", HUB, "not https");
    is_refused("https://user:s3cret@cdn.example/", HUB, "without saying where");
    is_refused(NULL, HUB, "without saying where");
}

TEST(counts_hops)
{
    struct wi_error error;
    char *next = wi_redirect_follow(HUB, HUB, "/x", WI_REDIRECTS_MAX - 1, &error);
    assert_non_null(next);
    free(next);
    assert_null(wi_redirect_follow(HUB, HUB, "/x", WI_REDIRECTS_MAX, &error));
    assert_non_null(strstr(error.detail, "one redirect too many"));
}

TEST(takes_what_is_next)
{
    struct wi_error error = {0};
    char *url = strdup(HUB);
    unsigned hops = WI_REDIRECTS_MAX - 1;
    assert_int_equal(wi_redirect_take(HUB, &url, "/x", &hops, &error), 0);
    assert_string_equal(url, "https://hub.example/x");
    assert_int_equal(hops, WI_REDIRECTS_MAX);
    assert_int_equal(wi_redirect_take(HUB, &url, "/y", &hops, &error), -1);
    assert_non_null(strstr(error.detail, "one redirect too many"));
    assert_string_equal(url, "https://hub.example/x");
    assert_int_equal(hops, WI_REDIRECTS_MAX);
    free(url);
}
