/* Which URLs are this machine, and which pages are secure contexts. */
#include "../../test.h"

#include "base/net/url.h"
#include <stdlib.h>

TEST(parts_are_found)
{
    const struct {
        const char *url, *origin, *host;
    } rows[] = {
        {"http://127.0.0.1:8471", "http://127.0.0.1:8471", "127.0.0.1"},
        {"https://a.example/x?y#z", "https://a.example", "a.example"},
        {"http://[::1]:80/x", "http://[::1]:80", "::1"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *origin = wi_url_origin(rows[i].url), *host = wi_url_host(rows[i].url);
        assert_string_equal(origin, rows[i].origin);
        assert_string_equal(host, rows[i].host);
        free(origin);
        free(host);
    }
}

TEST(an_origin_is_scheme_host_and_port)
{
    assert_true(wi_url_same_origin("https://a.example/x", "HTTPS://A.example?y"));
    assert_false(wi_url_same_origin("https://a.example", "http://a.example"));
    assert_false(wi_url_same_origin("https://a.example", "https://a.example:8443"));
    assert_false(wi_url_same_origin("https://a.example", "https://b.a.example"));
}

TEST(loopback_and_https_are_secure)
{
    const struct {
        const char *url;
        int loopback, secure;
    } rows[] = {
        {"http://127.0.0.1:1", 1, 1},
        {"http://127.9.9.9", 1, 1},
        {"http://localhost:x@10.0.0.1:1", 0, 0},
        {"http://localhost:1/x", 1, 1},
        {"http://a.LOCALHOST", 1, 1},
        {"http://[::1]:1", 1, 1},
        {"http://10.0.0.1:1", 0, 0},
        {"http://notlocalhost", 0, 0},
        {"http://localhost.example", 0, 0},
        {"http://127.example", 0, 0},
        {"http://[fe80::1]", 0, 0},
        {"https://10.0.0.1", 0, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(wi_url_is_loopback(rows[i].url), rows[i].loopback);
        assert_int_equal(wi_url_is_secure(rows[i].url), rows[i].secure);
    }
}

TEST(private_places_are_told_by_the_address)
{
    static const char *const private[] = {"https://127.0.0.1", "https://localhost:1/x",
        "https://10.0.0.1:8443", "https://[::1]", "https://[fd00::1]:1", "https://169.254.169.254",
        "https://[::ffff:10.0.0.1]", "https://0.0.0.0"};
    static const char *const public[] = {"https://8.8.8.8", "https://gateway.example:1",
        "https://[2606:4700::1111]:1", "http://10.example"};
    for (size_t i = 0; i < sizeof private / sizeof *private; i++)
        assert_true(wi_url_is_private(private[i]));
    for (size_t i = 0; i < sizeof public / sizeof *public; i++)
        assert_false(wi_url_is_private(public[i]));
}
