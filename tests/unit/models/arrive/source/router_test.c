/* Asking a router, with an HTTP client that is played here. */
#include "../../../test.h"

#include "models/arrive/source/providers.h"
#include "models/arrive/source/router.h"
#include "one_call.h"
#include <stdio.h>

#define CID "bafybeicoelrpuhs2awj3mbsifgufdwuctbph3wrpamantwbbhg7wvljvqu"
#define PEER(host)                                                                                 \
    "{\"Schema\":\"peer\",\"Protocols\":[\"transport-ipfs-gateway-http\"],\"Addrs\":[\"/"          \
    "dns4/" host "/tcp/443/https\"]}"
#define LIST(records) "{\"Providers\":[" records "]}"
#define WAIT_MS 30      /* for one that does not answer */
#define ANSWER_MS 60000 /* for all others, also where no core is free for long */

static struct {
    uv_loop_t loop;
    struct wi_sources *sources;
    struct wi_router *router;
    struct reply reply, led; /* led: of the second request and all later */
    char urls[8][200];
    int private[8], plain[8];
    size_t asked;
    int known;
} test;

/* --- the HTTP client -------------------------------------------------------------------------- */

struct wi_http_call *wi_http_start(struct wi_http *http, const struct wi_http_request *request,
    wi_http_fn *on_answer, void *context)
{
    size_t index = test.asked++;
    assert_true(index < 8 && request->outside && request->timeout_ms);
    assert_int_equal(request->max_answer, WI_PROVIDERS_BYTES);
    assert_null(strstr(request->headers[0], "Authorization"));
    snprintf(test.urls[index], sizeof test.urls[index], "%s", request->url);
    test.private[index] = request->allow_private;
    test.plain[index] = request->allow_plain;
    return begin_call(&test.loop, index == 0 ? &test.reply : &test.led, on_answer, context);
}

/* --- the router ------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    static const struct wi_block_source_row row = {.name = "own", .url = "https://own.example"};
    memset(&test, 0, sizeof test);
    memset(&network, 0, sizeof network);
    network.type = "application/json; charset=utf-8";
    uv_loop_init(&test.loop);
    test.sources = wi_sources_new();
    wi_sources_set(test.sources, &row, 1);
    return 0;
}

static int tear_down(void **state)
{
    wi_router_free(test.router);
    wi_sources_free(test.sources);
    return end_loop(&test.loop);
}

FIXTURE(set_up, tear_down)

static void on_known(void *context)
{
    test.known++;
}

static void begin(const char *url)
{
    struct wi_cid cid;
    assert_int_equal(wi_cid_parse(CID, NULL, &cid, NULL), WI_OK);
    test.router = wi_router_ask(&test.loop, NULL, test.sources, url, &cid,
        test.reply.held ? WAIT_MS : ANSWER_MS, on_known, NULL);
    assert_int_equal(test.known, 0);
}

static void ask(const char *url)
{
    begin(url);
    while (!test.known)
        uv_run(&test.loop, UV_RUN_ONCE);
}

static const char *name_at(size_t index)
{
    static struct wi_block_source_info info;
    info = wi_block_source_look(wi_router_at(test.router, index));
    assert_int_equal(info.kind, WI_SOURCE_IS_STRANGER);
    return info.name;
}

/* Nobody, and the reason. */
static void says(struct reply reply, const char *why)
{
    test.reply = reply;
    test.asked = 0;
    test.known = 0;
    ask("http://router.example");
    assert_int_equal(wi_router_count(test.router), 0);
    const char *reason = wi_router_reason(test.router);
    if (!strstr(reason, why) || strstr(reason, "the router at http://router.example: ") != reason)
        fail_msg("\"%s\" instead of \"%s\"", reason, why);
    wi_router_free(test.router);
    test.router = NULL;
}

TEST(whom_it_names_are_strangers)
{
    test.reply = (struct reply){.status = 200,
        .body = LIST(PEER("a.example") "," PEER("own.example") "," PEER("b.example"))};
    ask("http://10.0.0.1:8080");
    assert_string_equal(test.urls[0], "http://10.0.0.1:8080/routing/v1/providers/" CID
                                      "?filter-protocols=transport-ipfs-gateway-http");
    assert_true(test.private[0] && test.plain[0]);
    assert_int_equal(wi_router_count(test.router), 2);
    assert_string_equal(name_at(0), "https://a.example");
    assert_string_equal(name_at(1), "https://b.example");
    assert_null(wi_router_reason(test.router));
    assert_int_equal(test.asked, 1);
}

TEST(its_url_may_have_the_path_of_all_routers)
{
    test.reply =
        (struct reply){.status = 200, .body = PEER("a.example"), .type = "application/x-ndjson"};
    ask("https://router.example/below/routing/v1");
    assert_string_equal(test.urls[0], "https://router.example/below/routing/v1/providers/" CID
                                      "?filter-protocols=transport-ipfs-gateway-http");
    assert_int_equal(wi_router_count(test.router), 1);
}

TEST(redirects_are_those_of_hubs)
{
    test.reply = (struct reply){.status = 307, .location = "https://other.example/x"};
    test.led = (struct reply){.status = 200, .body = LIST(PEER("a.example"))};
    ask("http://router.example");
    assert_string_equal(test.urls[1], "https://other.example/x");
    assert_false(test.private[1] || test.plain[1]);
    assert_int_equal(wi_router_count(test.router), 1);
    wi_router_free(test.router);
    says((struct reply){.status = 302, .location = "https://192.168.1.1/x"},
        "the server redirects to");
}

TEST(without_gateways_it_says_why)
{
    says((struct reply){.status = 404}, "it names no gateway (404)");
    says((struct reply){.status = 200, .body = LIST("")}, "it names no gateway");
    says((struct reply){.status = 200, .body = LIST(PEER("localhost"))},
        "that it names has a public address over https");
    says((struct reply){.status = 200, .body = LIST(PEER("own.example"))},
        "only gateways that are asked anyway");
    says((struct reply){.status = 200, .body = "<p>"}, "without a list of Providers");
    says((struct reply){.status = 200, .body = "<p>", .type = "text/html"},
        "it answers with text/html");
    says((struct reply){.status = 200, .body = "<p>", .type = "application/x-ndjson"},
        "lines that are no JSON objects");
    says((struct reply){.status = 500}, "it answers 500");
    says((struct reply){.end = WI_HTTP_BROKEN}, "it cannot be asked: Couldn't connect to server");
    says((struct reply){.end = WI_HTTP_STOPPED}, "is longer than 262144 bytes");
}

TEST(it_is_not_waited_for_long_and_may_answer_later)
{
    test.reply = (struct reply){.status = 200, .body = LIST(PEER("a.example")), .held = 1};
    ask("http://router.example");
    assert_int_equal(wi_router_count(test.router), 0);
    assert_non_null(strstr(wi_router_reason(test.router), "it has not answered yet"));
    wi_timer_start(network.held->timer, 0, 0);
    while (wi_router_count(test.router) == 0)
        uv_run(&test.loop, UV_RUN_ONCE);
    assert_string_equal(name_at(0), "https://a.example");
    uv_run(&test.loop, UV_RUN_DEFAULT);
    assert_int_equal(test.known, 1);
}

TEST(it_may_be_left_at_any_time)
{
    test.reply = (struct reply){.status = 200, .body = LIST(PEER("a.example")), .held = 1};
    begin("http://router.example");
    wi_router_free(test.router);
    assert_int_equal(network.cancelled, 1);
    test.reply.held = 0;
    test.asked = 0;
    begin("http://router.example");
    uv_run(&test.loop, UV_RUN_ONCE); /* the answer is on its way to a thread, or read */
    wi_router_free(test.router);
    test.router = NULL;
    uv_run(&test.loop, UV_RUN_DEFAULT);
    assert_true(test.known <= 1);
}
