/* What proxies say: who asks, and what is believed of whom. */
#include "../../test.h"

#include "api/http/forwarded.h"

#include <stdio.h>
#include <string.h>

/* 10.0.0.0/8 and ::1 are ours. */
static struct wi_networks proxies;

static void set_up_proxies(void)
{
    static const char *const ours[] = {"10.0.0.0/8", "::1"};
    struct wi_strings texts = {0};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        wi_strings_add(&texts, ours[i]);
    wi_networks_add(&proxies, &texts);
    wi_strings_clear(&texts);
}

static enum wi_code read_from(const char *peer, const struct wi_headers *headers,
    struct wi_forwarded *forwarded, struct wi_error *error)
{
    *forwarded = (struct wi_forwarded){0};
    set_up_proxies();
    enum wi_code code = wi_forwarded_read(forwarded, headers, &proxies, peer, error);
    wi_networks_clear(&proxies);
    return code;
}

/* From a proxy of ours, what it says is good. */
static void check_client(const struct wi_headers *headers, const char *client)
{
    struct wi_forwarded forwarded;
    struct wi_error error;
    if (read_from("10.0.0.1", headers, &forwarded, &error) != WI_OK)
        fail_msg("%s", error.detail);
    assert_non_null(forwarded.sign);
    assert_string_equal(forwarded.client, client);
    wi_forwarded_clear(&forwarded);
}

static void check_refused(const struct wi_headers *headers, const char *field, const char *said)
{
    struct wi_forwarded forwarded;
    struct wi_error error = {0};
    if (read_from("10.0.0.1", headers, &forwarded, &error) != WI_BAD_REQUEST)
        fail_msg("accepted what is to be refused with %s", said);
    assert_string_equal(error.field, field);
    if (!strstr(error.detail, said))
        fail_msg("%s", error.detail);
    wi_forwarded_clear(&forwarded);
    /* Of whoever is no proxy of ours it is passed over. */
    assert_int_equal(read_from("192.0.2.1", headers, &forwarded, &error), WI_OK);
    assert_string_equal(forwarded.sign, field);
    assert_string_equal(forwarded.client, "");
}

TEST(the_client_is_the_last_that_is_no_proxy_of_ours)
{
    static const struct {
        const char *list, *client;
    } rows[] = {{"192.0.2.7", "192.0.2.7"}, {"1.1.1.1, 192.0.2.7", "192.0.2.7"},
        {"127.0.0.1,192.0.2.7 ,10.0.0.9", "192.0.2.7"}, {" , 192.0.2.7,, ", "192.0.2.7"},
        {"192.0.2.7:4711", "192.0.2.7"}, {"192.0.2.7:_hidden.1", "192.0.2.7"},
        {"\"192.0.2.7:4711\"", "192.0.2.7"}, {"2001:db8::7", "[2001:db8::7]"},
        {"[2001:db8::7]", "[2001:db8::7]"},
        {"\"[2001:db8::7]:4711\", ::1, 10.0.0.3", "[2001:db8::7]"},
        /* All are ours: who asked first. */
        {"10.0.0.8, 10.0.0.9", "10.0.0.8"},
        /* Not told: the proxy that was asked. */
        {"", "10.0.0.1"}, {"unknown", "10.0.0.1"}, {"1.1.1.1, unknown", "10.0.0.1"},
        {"1.1.1.1, _secret, 10.0.0.4", "10.0.0.4"}, {"localhost", "10.0.0.1"},
        {"192.0.2.7:", "10.0.0.1"}, {"192.0.2.7:123456", "10.0.0.1"}, {"192.0.2.7:8o", "10.0.0.1"},
        {"192.0.2.7:_", "10.0.0.1"}, {"192.0.2.7:_a b", "10.0.0.1"}, {"[2001:db8::7", "10.0.0.1"},
        {"[2001:db8::7]x", "10.0.0.1"}, {"[192.0.2.7]", "10.0.0.1"}, {"fe80::1%eth0", "10.0.0.1"},
        {"192.0.2.7 192.0.2.8", "10.0.0.1"}, {"\"", "10.0.0.1"}, {"\"\"", "10.0.0.1"},
        {"192.0.2.256", "10.0.0.1"}, {"0x7f.1", "10.0.0.1"}, {":80", "10.0.0.1"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_client(&(struct wi_headers){.forwarded_for = rows[i].list}, rows[i].client);
}

TEST(forwarded_says_the_same_and_more)
{
    static const struct {
        const char *text, *client, *scheme, *host;
    } rows[] = {{"for=192.0.2.7", "192.0.2.7", NULL, NULL},
        {"For=192.0.2.7;Proto=HTTPS;By=10.0.0.1;host=a.example", "192.0.2.7", "https", "a.example"},
        {"for=\"[2001:db8::7]:4711\"; proto=http", "[2001:db8::7]", "http", NULL},
        {"for=[2001:db8::7]:4711", "[2001:db8::7]", NULL, NULL},
        {"host=\"a.example:8443\";for=\"192.0.2.7\"", "192.0.2.7", NULL, "a.example:8443"},
        /* Of the hop that the client has asked, whatever others say. */
        {"for=1.1.1.1;proto=http;host=evil.example, for=192.0.2.7;proto=https;host=a.example , "
         "for=10.0.0.5;proto=http;host=inner",
            "192.0.2.7", "https", "a.example"},
        {"for=unknown;proto=https", "10.0.0.1", "https", NULL},
        {"for=_hidden", "10.0.0.1", NULL, NULL}, {"proto=https", "10.0.0.1", "https", NULL},
        {"for=\"_gaz\\\"onk,;\"", "10.0.0.1", NULL, NULL}, {"", "10.0.0.1", NULL, NULL},
        {" ; , ;for=192.0.2.7; ,", "192.0.2.7", NULL, NULL},
        {"secret=x;for=192.0.2.7;secret=y", "192.0.2.7", NULL, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_headers headers = {.forwarded = rows[i].text};
        struct wi_forwarded forwarded;
        struct wi_error error;
        if (read_from("10.0.0.1", &headers, &forwarded, &error) != WI_OK)
            fail_msg("%s: %s", rows[i].text, error.detail);
        assert_string_equal(forwarded.client, rows[i].client);
        assert_int_equal(!forwarded.scheme, !rows[i].scheme);
        assert_int_equal(!forwarded.host, !rows[i].host);
        if (forwarded.scheme)
            assert_string_equal(forwarded.scheme, rows[i].scheme);
        if (forwarded.host)
            assert_string_equal(forwarded.host, rows[i].host);
        wi_forwarded_clear(&forwarded);
    }
}

TEST(a_malformed_forwarded_is_refused)
{
    static const char *const bad[] = {"192.0.2.7", "for", "for=\"192.0.2.7", "for=\"a\\", "=a",
        "for=a b", "for=192.0.2.7;for=192.0.2.8", "for=a;proto=http;proto=http", "for=a@b",
        "for = 192.0.2.7", "for=\"a\"b", "for=a;;/", "for=a, (b)"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_refused(&(struct wi_headers){.forwarded = bad[i]}, "Forwarded", "is malformed");
}

TEST(too_many_proxies_are_refused)
{
    char list[40 * 16] = "", text[40 * 20] = "";
    for (int i = 0; i < 33; i++) {
        snprintf(list + strlen(list), 16, "%s10.0.0.%d", i ? "," : "", i);
        snprintf(text + strlen(text), 20, "%sfor=10.0.0.%d", i ? "," : "", i);
    }
    check_refused(&(struct wi_headers){.forwarded_for = list}, "X-Forwarded-For", "too many");
    check_refused(&(struct wi_headers){.forwarded = text}, "Forwarded", "too many");
    *strrchr(list, ',') = '\0';
    check_client(&(struct wi_headers){.forwarded_for = list}, "10.0.0.0");
}

TEST(both_headers_have_to_agree)
{
    const struct wi_headers same = {.forwarded_for = "192.0.2.7",
        .forwarded_proto = "https",
        .forwarded_host = "A.example",
        .forwarded = "for=192.0.2.7;proto=HTTPS;host=a.example"};
    struct wi_headers other;
    check_client(&same, "192.0.2.7");
    struct wi_forwarded forwarded;
    struct wi_error error;
    static const char *const bad[] = {
        "for=192.0.2.8", "for=unknown", "for=192.0.2.7;proto=http", "for=192.0.2.7;host=b.example"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        other = same;
        other.forwarded = bad[i];
        assert_int_equal(read_from("10.0.0.1", &other, &forwarded, &error), WI_BAD_REQUEST);
        assert_string_equal(error.field, "Forwarded");
        assert_non_null(strstr(error.detail, "say different things"));
        wi_forwarded_clear(&forwarded);
    }
}

TEST(the_nearest_proxy_tells_scheme_and_host)
{
    const struct wi_headers headers = {
        .forwarded_proto = "http , HTTPS", .forwarded_host = "evil.example,a.example:444 "};
    struct wi_forwarded forwarded;
    struct wi_error error;
    assert_int_equal(read_from("[::1]", &headers, &forwarded, &error), WI_OK);
    assert_string_equal(forwarded.scheme, "https");
    assert_string_equal(forwarded.host, "a.example:444");
    assert_string_equal(forwarded.host_field, "X-Forwarded-Host");
    assert_string_equal(forwarded.client, "[::1]");
    wi_forwarded_clear(&forwarded);
    static const char *const bad[] = {"ftp", "http, wss", "https:", "httpss", "\"https\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_refused(&(struct wi_headers){.forwarded_proto = bad[i]}, "X-Forwarded-Proto",
            "names an unknown scheme");
    check_refused(
        &(struct wi_headers){.forwarded = "proto=ftp"}, "Forwarded", "names an unknown scheme");
    char host[300];
    memset(host, 'a', sizeof host);
    host[299] = '\0';
    check_refused(
        &(struct wi_headers){.forwarded_host = host}, "X-Forwarded-Host", "too long a host");
}

TEST(a_prefix_is_a_path)
{
    char most[WI_FORWARDED_PREFIX_MAX + 2];
    memset(most, 'a', sizeof most);
    most[0] = '/';
    most[WI_FORWARDED_PREFIX_MAX] = '\0';
    const char *const good[][2] = {{"/webinfer", "/webinfer"}, {"/webinfer/", "/webinfer"},
        {"/a/b-c/D.e_f~0", "/a/b-c/D.e_f~0"}, {"/...", "/..."}, {"/", NULL}, {"", NULL},
        {most, most}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct wi_headers headers = {.forwarded_prefix = good[i][0]};
        struct wi_forwarded forwarded;
        struct wi_error error;
        assert_int_equal(read_from("10.0.0.1", &headers, &forwarded, &error), WI_OK);
        assert_int_equal(!forwarded.prefix, !good[i][1]);
        if (good[i][1])
            assert_string_equal(forwarded.prefix, good[i][1]);
        wi_forwarded_clear(&forwarded);
    }
    static const char *const bad[] = {"webinfer", "//evil.example", "//", "/a//b", "/a//", "/..",
        "/a/../b", "/.", "/a/./b", "/a b", "/a%2f", "/a?b", "/a#b", "/a\\b", "/a\"b", "/a<b",
        "/a,b", "/a, /b", "/\xc3\xa4", "/a;b", "https://evil.example", "/a:b", "/a@b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_refused(
            &(struct wi_headers){.forwarded_prefix = bad[i]}, "X-Forwarded-Prefix", "is no path");
    most[WI_FORWARDED_PREFIX_MAX] = 'a';
    most[WI_FORWARDED_PREFIX_MAX + 1] = '\0';
    check_refused(
        &(struct wi_headers){.forwarded_prefix = most}, "X-Forwarded-Prefix", "is no path");
}

TEST(others_are_believed_in_nothing)
{
    const struct wi_headers all = {.forwarded_for = "192.0.2.7",
        .forwarded_proto = "https",
        .forwarded_host = "a.example",
        .forwarded_prefix = "/a",
        .forwarded = "for=192.0.2.7;proto=https;host=a.example"};
    static const char *const peers[] = {"127.0.0.1", "11.0.0.1", "[::2]", "[::ffff:9.0.0.1]", ""};
    struct wi_forwarded forwarded;
    struct wi_error error;
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
        assert_int_equal(read_from(peers[i], &all, &forwarded, &error), WI_OK);
        assert_string_equal(forwarded.sign, "X-Forwarded-For");
        assert_string_equal(forwarded.client, "");
        assert_null(forwarded.scheme);
        assert_null(forwarded.host);
        assert_null(forwarded.prefix);
    }
    /* Mapped as a listener on all addresses of IPv6 gives it. */
    assert_int_equal(read_from("[::ffff:10.0.0.1]", &all, &forwarded, &error), WI_OK);
    assert_string_equal(forwarded.client, "192.0.2.7");
    wi_forwarded_clear(&forwarded);
}

TEST(each_header_is_a_sign_even_if_it_is_empty)
{
    static const struct {
        struct wi_headers headers;
        const char *sign;
    } rows[] = {{{.forwarded_for = ""}, "X-Forwarded-For"}, {{.forwarded = ""}, "Forwarded"},
        {{.forwarded_proto = "http"}, "X-Forwarded-Proto"},
        {{.forwarded_host = "a"}, "X-Forwarded-Host"},
        {{.forwarded_prefix = "/"}, "X-Forwarded-Prefix"}, {{.real_ip = "::1"}, "X-Real-IP"}};
    static const struct wi_headers none = {.host = "a"};
    struct wi_forwarded forwarded;
    struct wi_error error;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(read_from("127.0.0.1", &rows[i].headers, &forwarded, &error), WI_OK);
        assert_string_equal(forwarded.sign, rows[i].sign);
    }
    assert_int_equal(read_from("10.0.0.1", &none, &forwarded, &error), WI_OK);
    assert_null(forwarded.sign);
    assert_string_equal(forwarded.client, "");
}
