/* Ranges, entity tags, codings, media types, origins and listening addresses. */
#include "../../test.h"

#include "base/net/http.h"
#include "nodes/bridge/private.h"
#include <time.h>

TEST(test_range)
{
    static const struct {
        const char *header;
        uint64_t size;
        enum wi_range range;
        uint64_t first, last;
    } cases[] = {
        {NULL, 100, WI_RANGE_NONE, 0, 0},
        {"bytes=0-0", 100, WI_RANGE_PART, 0, 0},
        {"bytes=10-", 100, WI_RANGE_PART, 10, 99},
        {"bytes=10-1000", 100, WI_RANGE_PART, 10, 99},
        {"bytes=-5", 100, WI_RANGE_PART, 95, 99},
        {"bytes=-500", 100, WI_RANGE_PART, 0, 99},
        {"bytes=100-", 100, WI_RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=-0", 100, WI_RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=0-", 0, WI_RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=-1", 0, WI_RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=5-4", 100, WI_RANGE_NONE, 0, 0},
        {"bytes=0-1,3-4", 100, WI_RANGE_NONE, 0, 0},
        {"bytes=", 100, WI_RANGE_NONE, 0, 0},
        {"bytes=-", 100, WI_RANGE_NONE, 0, 0},
        {"bytes=a-b", 100, WI_RANGE_NONE, 0, 0},
        {"lines=0-1", 100, WI_RANGE_NONE, 0, 0},
        {"bytes=99999999999999999999-", 100, WI_RANGE_NONE, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t first = 0, last = 0;
        assert_int_equal(
            wi_http_range(cases[i].header, cases[i].size, &first, &last), cases[i].range);
        assert_int_equal(first, cases[i].first);
        assert_int_equal(last, cases[i].last);
    }
}

TEST(test_headers)
{
    assert_true(wi_http_etag_matches("\"a\"", "\"a\""));
    assert_true(wi_http_etag_matches("\"b\" , W/\"a\"", "\"a\""));
    assert_true(wi_http_etag_matches(" * ", "\"a\""));
    assert_false(wi_http_etag_matches("a", "\"a\""));
    assert_false(wi_http_etag_matches("\"aa\"", "\"a\""));
    assert_false(wi_http_etag_matches("", "\"a\""));
    assert_false(wi_http_etag_matches(NULL, "\"a\""));
    assert_true(wi_http_list_has("chat,\twebinfer.v1 ", "webinfer.v1"));
    assert_false(wi_http_list_has("webinfer.v1x", "webinfer.v1"));
    assert_string_equal(wi_http_media_type("a/b.MJS"), "text/javascript; charset=utf-8");
    assert_string_equal(wi_http_media_type("a.wasm"), "application/wasm");
    assert_string_equal(wi_http_media_type("wasm"), "application/octet-stream");
    assert_true(wi_http_name_is_hashed("assets/app-5XK2Q7NB.js"));
    assert_true(wi_http_name_is_hashed("a.0f3c9d2e41.css"));
    assert_false(wi_http_name_is_hashed("index.html"));
    assert_false(wi_http_name_is_hashed("ort-wasm-simd-threaded.jsep.wasm"));
    assert_false(wi_http_name_is_hashed("app-5XK2Q7NB"));
    assert_false(wi_http_name_is_hashed("app"));
    assert_true(wi_http_host_is_literal("127.0.0.1:80"));
    assert_true(wi_http_host_is_literal("[::1]:80"));
    assert_false(wi_http_host_is_literal("example.org:80"));
    assert_false(wi_http_host_is_literal("[::1"));
    assert_false(wi_http_host_is_literal(
        "a.name.that.is.longer.than.any.address.can.be.and.so.is.no.literal.one:80"));
}

TEST(a_status_has_its_reason)
{
    assert_string_equal(wi_http_reason(426), "Upgrade Required");
    assert_string_equal(wi_http_reason(503), "Service Unavailable");
    assert_string_equal(wi_http_reason(599), "Error");
}

TEST(test_codings)
{
    enum { NONE = 1u << WI_IDENTITY, GZIP = 1u << WI_GZIP, BROTLI = 1u << WI_BROTLI };
    static const struct {
        const char *header;
        unsigned there;
        enum wi_coding coding;
    } cases[] = {
        {NULL, NONE | GZIP | BROTLI, WI_IDENTITY},
        {"", NONE | GZIP | BROTLI, WI_IDENTITY},
        {"gzip, deflate, br, zstd", NONE | GZIP | BROTLI, WI_BROTLI},
        {"gzip, deflate, br, zstd", NONE | GZIP, WI_GZIP},
        {"gzip, deflate, br, zstd", NONE, WI_IDENTITY},
        {"gzip, deflate", NONE | GZIP | BROTLI, WI_GZIP},
        {"deflate", NONE | GZIP | BROTLI, WI_IDENTITY},
        {"GZip", NONE | GZIP, WI_GZIP},
        {"br;q=0, gzip", NONE | GZIP | BROTLI, WI_GZIP},
        {"br;q=0.0,gzip;q=0.000", NONE | GZIP | BROTLI, WI_IDENTITY},
        {"br;q=0.5, gzip;q=0.8", NONE | GZIP | BROTLI, WI_GZIP},
        {"br ; q=0.8\t,gzip ;\tQ=0.8", NONE | GZIP | BROTLI, WI_BROTLI},
        {"identity, gzip;q=0.5", NONE | GZIP | BROTLI, WI_IDENTITY},
        {"identity;q=0.1, gzip;q=0.001", NONE | GZIP, WI_IDENTITY},
        {"gzip;q=0.001", NONE | GZIP, WI_GZIP},
        {"*", NONE | GZIP | BROTLI, WI_BROTLI},
        {"*;q=0", NONE | GZIP | BROTLI, WI_IDENTITY},
        {"*;q=0, gzip", NONE | GZIP | BROTLI, WI_GZIP},
        {"br;q=0, *", NONE | GZIP | BROTLI, WI_GZIP},
        {"identity;q=0", NONE, WI_IDENTITY},
        {"identity;q=0, gzip;q=0.2", NONE | GZIP, WI_GZIP},
        {"gzip;q=", NONE | GZIP, WI_IDENTITY},
        {"gzip;q=2", NONE | GZIP, WI_IDENTITY},
        {"gzip;q=1.001", NONE | GZIP, WI_IDENTITY},
        {"gzip;q=0.5555", NONE | GZIP, WI_IDENTITY},
        {"gzip;q=0,5", NONE | GZIP, WI_IDENTITY},
        {"gzip;q=0:5", NONE | GZIP, WI_IDENTITY},
        {"gzip;q=0.5x", NONE | GZIP, WI_IDENTITY},
        {"gzip;q=-1", NONE | GZIP, WI_IDENTITY},
        {"gzip;level=9", NONE | GZIP, WI_IDENTITY},
        {"gzip br", NONE | GZIP | BROTLI, WI_IDENTITY},
        {"xgzip, gzipx, brr", NONE | GZIP | BROTLI, WI_IDENTITY},
        {",, ;q=1, gzip", NONE | GZIP, WI_GZIP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (wi_http_coding(cases[i].header, cases[i].there) != cases[i].coding)
            fail_msg("%s: not %d", cases[i].header, cases[i].coding);
    assert_null(wi_http_coding_name(WI_IDENTITY));
    assert_string_equal(wi_http_coding_name(WI_GZIP), "gzip");
    assert_string_equal(wi_http_coding_name(WI_BROTLI), "br");
}

TEST(test_origin)
{
    const char *local = "http://127.0.0.1:8471", *url = "https://infer.example/x";
    assert_true(wi_origin_allowed(NULL, NULL, url, local));
    assert_true(wi_origin_allowed("http://127.0.0.1:8471", NULL, url, local));
    assert_true(wi_origin_allowed("http://localhost:8471", NULL, url, local));
    assert_true(wi_origin_allowed("https://infer.example", NULL, url, local));
    assert_true(wi_origin_allowed("http://192.168.1.5:8471", "192.168.1.5:8471", url, local));
    assert_false(wi_origin_allowed("http://192.168.1.5:8471", "127.0.0.1:8471", url, local));
    assert_false(wi_origin_allowed("http://evil.example:8471", "evil.example:8471", url, local));
    assert_false(wi_origin_allowed("http://127.0.0.1:8470", "127.0.0.1:8471", url, local));
    assert_false(wi_origin_allowed("https://infer.example.evil", NULL, url, local));
    assert_false(wi_origin_allowed("null", NULL, url, local));
    assert_false(wi_origin_allowed("", NULL, url, local));
}

TEST(test_slow)
{
    assert_false(wi_http_is_slow(29999, 0));
    assert_true(wi_http_is_slow(30001, 0));
    assert_false(wi_http_is_slow(29999 + 60000, 60 * WI_HTTP_MIN_RATE));
    assert_true(wi_http_is_slow(30001 + 60000, 60 * WI_HTTP_MIN_RATE));
    /* A reader of one chunk in each half of a minute does not live for ever. */
    assert_true(wi_http_is_slow(2 * 30000, 131072));
}

TEST(test_media_type)
{
    assert_true(wi_media_type_is("application/json", "application/json"));
    assert_true(wi_media_type_is("Application/JSON; charset=utf-8", "application/json"));
    assert_true(wi_media_type_is("application/json ;x", "application/json"));
    assert_false(wi_media_type_is("application/jsonp", "application/json"));
    assert_false(wi_media_type_is("application/json/x", "application/json"));
    assert_false(wi_media_type_is("", "application/json"));
    assert_false(wi_media_type_is(NULL, "application/json"));
}

TEST(test_length)
{
    uint64_t length = 7;
    assert_int_equal(wi_parse_length("0", &length), 0);
    assert_int_equal(length, 0);
    assert_int_equal(wi_parse_length("18446744073709551609", &length), 0);
    static const char *const bad[] = {NULL, "", "-1", "+1", " 1", "1 ", "0x1", "1.0",
        "18446744073709551616", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(wi_parse_length(bad[i], &length), -1);
}

TEST(reads_when_to_come_back)
{
    char date[64];
    time_t soon = time(NULL) + 100;
    assert_int_equal(wi_http_retry_after(NULL), 0);
    assert_int_equal(wi_http_retry_after(""), 0);
    assert_int_equal(wi_http_retry_after("soon"), 0);
    assert_int_equal(wi_http_retry_after("-5"), 0);
    assert_int_equal(wi_http_retry_after("7"), 7);
    assert_int_equal(wi_http_retry_after("99999999999999999999"), WI_HTTP_RETRY_AFTER_MAX);
    assert_int_equal(wi_http_retry_after("Sun, 06 Nov 1994 08:49:37 GMT"), 0);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&soon));
    assert_in_range(wi_http_retry_after(date), 90, 100);
}

TEST(what_fails_for_good_is_not_asked_again)
{
    static const int again[] = {408, 429, 500, 502, 503, 504, 507, 599};
    static const int never[] = {200, 206, 301, 400, 401, 403, 404, 410, 416, 501, 505};
    for (size_t i = 0; i < sizeof again / sizeof *again; i++)
        assert_true(wi_http_may_retry(again[i]));
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        assert_false(wi_http_may_retry(never[i]));
}
