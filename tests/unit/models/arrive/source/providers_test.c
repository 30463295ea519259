/* What is taken from a router's answer, and what of it is not believed. */
#include "../../../test.h"

#include "models/arrive/source/providers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GATEWAY "transport-ipfs-gateway-http"
#define PEER(addrs)                                                                                \
    "{\"Schema\":\"peer\",\"ID\":\"12D3\",\"Protocols\":[\"" GATEWAY "\"],\"Addrs\":[" addrs "]}"
#define LIST(records) "{\"Providers\":[" records "]}"

static struct wi_providers providers;

static int set_up(void **state)
{
    providers = (struct wi_providers){0};
    return 0;
}

static int tear_down(void **state)
{
    wi_providers_clear(&providers);
    return 0;
}

FIXTURE(set_up, tear_down)

static enum wi_code read_text(const char *text, int lines)
{
    struct wi_error error = {0};
    wi_providers_clear(&providers);
    enum wi_code code = wi_providers_read(&providers, text, strlen(text), lines, &error);
    assert_int_equal(code == WI_OK, !*error.detail);
    return code;
}

static void names(const char *text, const char *url)
{
    assert_int_equal(read_text(text, 0), WI_OK);
    if (providers.urls.count != 1 || strcmp(providers.urls.items[0], url) != 0)
        fail_msg("%s: %s", text, providers.urls.count ? providers.urls.items[0] : "nobody");
    assert_int_equal(providers.unfit, 0);
}

/* Of one address. */
static void leads(const char *address, const char *url)
{
    char *text = wi_sprintf(LIST(PEER("\"%s\"")), address);
    names(text, url);
    free(text);
}

static void is_not_asked(const char *address)
{
    char *text = wi_sprintf(LIST(PEER("\"%s\"")), address);
    assert_int_equal(read_text(text, 0), WI_OK);
    if (providers.urls.count != 0)
        fail_msg("%s: %s", address, providers.urls.items[0]);
    assert_int_equal(providers.unfit, 1);
    free(text);
}

TEST(addresses_of_gateways_become_urls)
{
    leads("/dns4/gateway.example/tcp/443/tls/http", "https://gateway.example");
    leads("/dns/Gateway.Example/tcp/443/https", "https://gateway.example");
    leads("/dns6/a-b.example/tcp/8443/https", "https://a-b.example:8443");
    leads("/ip4/8.8.8.8/tcp/443/tls/http", "https://8.8.8.8");
    leads("/ip4/8.8.8.8/tcp/65535/https", "https://8.8.8.8:65535");
    leads("/ip6/2606:4700::1111/tcp/443/https", "https://[2606:4700::1111]");
    leads("/ip6/2606:4700::1111/tcp/1/https", "https://[2606:4700::1111]:1");
}

TEST(strangers_are_asked_over_https_in_public_places_alone)
{
    static const char *const bad[] = {"/dns4/gateway.example/tcp/80/http",
        "/dns4/gateway.example/tcp/443/tls", "/dns4/gateway.example/tcp/443/tls/ws",
        "/dns4/gateway.example/udp/443/https", "/dns4/gateway.example/tcp/443/https/p2p/12D3",
        "/dns4/gateway.example/tcp/443/tls/sni/gateway.example/http",
        "/dnsaddr/gateway.example/tcp/443/https", "/unix/a.sock/tcp/443/https",
        "/ip4/127.0.0.1/tcp/443/https", "/ip4/10.0.0.1/tcp/443/https",
        "/ip4/192.168.1.1/tcp/443/tls/http", "/ip4/169.254.169.254/tcp/443/https",
        "/ip4/0.0.0.0/tcp/443/https", "/ip4/127.1/tcp/443/https", "/ip4/8.8.8.8:1/tcp/443/https",
        "/ip6/::1/tcp/443/https", "/ip6/fd00::1/tcp/443/https",
        "/ip6/::ffff:10.0.0.1/tcp/443/https", "/ip6/fe80::1%eth0/tcp/443/https",
        "/ip6/8.8.8.8/tcp/443/https", "/ip4/gateway.example/tcp/443/https",
        "/dns4/localhost/tcp/443/https", "/dns4/a.localhost/tcp/443/https",
        "/dns4/8.8.8.8/tcp/443/https", "/dns4/127.0.0.1/tcp/443/https",
        "/dns4/0x7f.1/tcp/443/https", "/dns4/2130706433/tcp/443/https"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_not_asked(bad[i]);
}

TEST(what_is_no_address_is_not_made_one)
{
    static const char *const bad[] = {"", "/", "//", "gateway.example", "https://gateway.example",
        "/dns4/gateway.example/tcp/443", "/dns4/gateway.example/tcp/443/https/",
        "/dns4//tcp/443/https", "dns4/gateway.example/tcp/443/https",
        "/dns4/gateway.example/tcp/0/https", "/dns4/gateway.example/tcp/65536/https",
        "/dns4/gateway.example/tcp/+443/https", "/dns4/gateway.example/tcp/443x/https",
        "/dns4/gateway.example/tcp/000443/https", "/dns4/gateway..example/tcp/443/https",
        "/dns4/.example/tcp/443/https", "/dns4/gateway.example./tcp/443/https",
        "/dns4/-a.example/tcp/443/https", "/dns4/a-.example/tcp/443/https",
        "/dns4/user@gateway.example/tcp/443/https", "/dns4/gateway.example:1/tcp/443/https",
        "/dns4/gateway.example?x/tcp/443/https", "/dns4/gate way.example/tcp/443/https",
        "/dns4/gateway.example#/tcp/443/https", "/dns4/g\u00e4teway.example/tcp/443/https"};
    char *text =
        wi_sprintf("/dns4/%064d.example/tcp/443/https", 0); /* a label of more than 63 characters */
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_not_asked(bad[i]);
    is_not_asked(text);
    free(text);
    text = wi_sprintf("/dns4/%0300d.example/tcp/443/https", 0);
    is_not_asked(text);
    free(text);
}

TEST(the_first_address_that_may_be_asked_is_taken)
{
    names(LIST(PEER("1,\"/ip4/10.0.0.1/tcp/443/https\",\"/dns4/a.example/tcp/443/https\","
                    "\"/dns4/b.example/tcp/443/https\"")),
        "https://a.example");
}

TEST(others_than_gateways_do_not_count)
{
    static const char good[] = "\"/dns4/a.example/tcp/443/https\"";
    char *text = wi_sprintf(
        LIST("{\"Schema\":\"peer\",\"Protocols\":[\"transport-bitswap\",7],\"Addrs\":[%s]},"
             "{\"Schema\":\"bitswap\",\"Protocols\":[\"" GATEWAY "\"],\"Addrs\":[%s]},"
             "{\"Schema\":7},{\"Protocols\":[\"" GATEWAY "\"]},7,null,[],"
             "{\"Schema\":\"peer\",\"Protocols\":\"" GATEWAY "\"}"),
        good, good);
    assert_int_equal(read_text(text, 0), WI_OK);
    assert_int_equal(providers.urls.count + providers.unfit, 0);
    free(text);
    assert_int_equal(
        read_text(LIST("{\"Schema\":\"peer\",\"Protocols\":[\"" GATEWAY "\"]}"), 0), WI_OK);
    assert_int_equal(providers.unfit, 1);
}

TEST(so_many_are_named_and_each_once)
{
    char *text = wi_strdup("");
    for (int i = 0; i < 40; i++) {
        char *next = wi_sprintf("%s" PEER("\"/dns4/g%d.example/tcp/443/https\"") "\n", text, i / 3);
        free(text);
        text = next;
    }
    assert_int_equal(read_text(text, 1), WI_OK);
    assert_int_equal(providers.urls.count, WI_PROVIDERS_MAX);
    for (size_t i = 0; i < providers.urls.count; i++) {
        char url[40];
        snprintf(url, sizeof url, "https://g%zu.example", i);
        assert_string_equal(providers.urls.items[i], url);
    }
    free(text);
}

TEST(lines_are_read_each_by_itself)
{
    assert_int_equal(
        read_text("\n" PEER("\"/dns4/a.example/tcp/443/https\"") "\n{\"Schema\"\n[]\n" PEER(
                      "\"/dns4/b.example/tcp/443/https\""),
            1),
        WI_OK);
    assert_int_equal(providers.urls.count, 2);
    assert_string_equal(providers.urls.items[1], "https://b.example");
    assert_int_equal(read_text("", 1), WI_OK);
    assert_int_equal(providers.urls.count, 0);
}

TEST(nobody_is_an_answer_and_garbage_is_none)
{
    assert_int_equal(read_text("{\"Providers\":null}", 0), WI_OK);
    assert_int_equal(read_text(LIST(""), 0), WI_OK);
    assert_int_equal(read_text("{\"Providers\":{}}", 0), WI_HUB_FAILED);
    assert_int_equal(read_text("{}", 0), WI_HUB_FAILED);
    assert_int_equal(read_text("[]", 0), WI_HUB_FAILED);
    assert_int_equal(read_text("", 0), WI_HUB_FAILED);
    assert_int_equal(read_text("<p>Welcome</p>", 0), WI_HUB_FAILED);
    assert_int_equal(read_text("<p>Welcome</p>\n[]\n", 1), WI_HUB_FAILED);
}
