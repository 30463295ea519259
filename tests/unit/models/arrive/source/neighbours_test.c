/* Asking neighbours what they have, with an HTTP client that is played here: each test says what
 * each neighbour answers, and when. */
#include "../../../test.h"

#include "../../../set_clock.h"
#include "models/arrive/source/neighbours.h"
#include "one_call.h"

#define OWN_ID "0a"
#define ROW_OF(name, cid)                                                                          \
    "{\"cid\":\"" cid "\",\"name\":\"" name "\",\"bytes\":0,\"files\":[{\"path\":\"model.json\","  \
    "\"bytes\":0,\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"," \
    "\"cid\":\"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku\"}]}"
#define ROW ROW_OF("org/m", "bafybeicoelrpuhs2awj3mbsifgufdwuctbph3wrpamantwbbhg7wvljvqu")
#define LIST(id, rows) "{\"id\":\"" id "\",\"version\":1,\"content\":[" rows "]}"
#define CALLS_MAX 8
#define WAIT_MS 500     /* for one that does not answer */
#define ANSWER_MS 60000 /* for all others, also where no core is free for long */

struct request {
    char url[128], token[64], match[64];
    int allow_private, allow_plain;
};

static struct {
    uv_loop_t loop;
    struct wi_sources *sources;
    struct wi_neighbours *neighbours;
    struct reply replies[2]; /* of http://a.example, http://b.example */
    struct request requests[CALLS_MAX];
    size_t asked;
    int known;
} test;

/* --- the HTTP client -------------------------------------------------------------------------- */

static void note(char *to, size_t size, const char *const *headers, const char *name)
{
    for (; *headers; headers++)
        if (strncasecmp(*headers, name, strlen(name)) == 0)
            snprintf(to, size, "%s", *headers + strlen(name));
}

struct wi_http_call *wi_http_start(struct wi_http *http, const struct wi_http_request *request,
    wi_http_fn *on_answer, void *context)
{
    struct request *seen = &test.requests[test.asked++ % CALLS_MAX];
    assert_true(request->outside && request->timeout_ms && request->stall_ms);
    assert_int_equal(request->max_answer, WI_OFFER_MAX);
    *seen = (struct request){
        .allow_private = request->allow_private, .allow_plain = request->allow_plain};
    snprintf(seen->url, sizeof seen->url, "%s", request->url);
    note(seen->token, sizeof seen->token, request->headers, "Authorization: ");
    note(seen->match, sizeof seen->match, request->headers, "If-None-Match: ");
    return begin_call(
        &test.loop, &test.replies[strstr(request->url, "//b.") != NULL], on_answer, context);
}

/* --- the neighbours --------------------------------------------------------------------------- */

static void configure(const char *second, const char *token)
{
    const struct wi_block_source_row rows[] = {
        {.name = "a", .url = "http://a.example", .token = token}, {.name = "b", .url = second}};
    size_t count = second ? 2 : 1;
    struct wi_block_source *sources[2];
    wi_sources_set(test.sources, rows, count);
    for (size_t i = 0; i < count; i++)
        sources[i] = wi_sources_at(test.sources, i);
    wi_neighbours_set(test.neighbours, sources, count);
}

static int set_up(void **state)
{
    memset(&test, 0, sizeof test);
    memset(&network, 0, sizeof network);
    network.type = "application/json";
    set_clock.now_ms = 1e6;
    uv_loop_init(&test.loop);
    test.sources = wi_sources_new();
    test.neighbours = wi_neighbours_new(&test.loop, NULL, OWN_ID);
    test.replies[0] = (struct reply){.status = 200, .body = LIST("0b", ROW), .etag = "\"e1\""};
    test.replies[1] = (struct reply){.status = 200, .body = LIST("0c", "")};
    return 0;
}

static int tear_down(void **state)
{
    wi_neighbours_free(test.neighbours);
    wi_sources_free(test.sources);
    return end_loop(&test.loop);
}

FIXTURE(set_up, tear_down)

static void on_known(void *context)
{
    test.known++;
}

/* Asks, and turns the loop until that is over. */
static void ask(double fresh_ms)
{
    int before = test.known, waits = test.replies[0].held || test.replies[1].held;
    assert_non_null(
        wi_neighbours_ask(test.neighbours, fresh_ms, waits ? WAIT_MS : ANSWER_MS, on_known, NULL));
    assert_int_equal(test.known, before);
    while (test.known == before)
        uv_run(&test.loop, UV_RUN_ONCE);
}

static struct wi_neighbour_info at(size_t index)
{
    struct wi_neighbour_info info = wi_neighbours_at(test.neighbours, index);
    return info;
}

static const char *reason_of(size_t index)
{
    static struct wi_block_source_info info;
    info = wi_block_source_look(at(index).source);
    return info.reason;
}

static void assert_fails(struct reply reply, const char *why)
{
    test.replies[0] = reply;
    set_clock.now_ms += WI_NEIGHBOURS_PAUSE_MS + 1;
    size_t asked = test.asked;
    ask(0);
    assert_true(test.asked > asked);
    assert_null(at(0).offer);
    if (!strstr(reason_of(0), why))
        fail_msg("\"%s\" instead of \"%s\"", reason_of(0), why);
}

TEST(nobody_is_waited_for_where_nobody_is)
{
    ask(0);
    assert_int_equal(wi_neighbours_count(test.neighbours), 0);
    assert_int_equal(test.asked, 0);
}

TEST(all_tell_what_they_have)
{
    configure("http://b.example", NULL);
    ask(0);
    assert_int_equal(test.asked, 2);
    assert_string_equal(test.requests[0].url, "http://a.example/content");
    assert_string_equal(test.requests[0].token, "");
    assert_string_equal(test.requests[0].match, "");
    assert_true(test.requests[0].allow_private && test.requests[0].allow_plain);
    assert_non_null(at(0).offer);
    assert_int_equal(at(0).offer->count, 1);
    assert_non_null(at(1).offer);
    assert_int_equal(at(1).offer->count, 0);
}

TEST(a_token_goes_to_its_own_host_by_tls_alone)
{
    configure(NULL, "secret");
    test.replies[0] =
        (struct reply){.status = 302, .location = "https://b.example/content", .body = ""};
    ask(0);
    assert_int_equal(test.asked, 2);
    assert_string_equal(test.requests[0].token, "Bearer secret");
    assert_false(test.requests[0].allow_plain);
    assert_string_equal(test.requests[1].token, "");
    assert_false(test.requests[1].allow_private || test.requests[1].allow_plain);
    assert_string_equal(at(0).offer->id, "0c");
}

TEST(what_is_fresh_is_not_asked_for)
{
    configure(NULL, NULL);
    ask(WI_NEIGHBOURS_FRESH_MS);
    ask(WI_NEIGHBOURS_FRESH_MS);
    assert_int_equal(test.asked, 1);
    set_clock.now_ms += WI_NEIGHBOURS_FRESH_MS + 1;
    test.replies[0] = (struct reply){.status = 304};
    ask(WI_NEIGHBOURS_FRESH_MS);
    assert_int_equal(test.asked, 2);
    assert_string_equal(test.requests[1].match, "\"e1\"");
    assert_int_equal(at(0).offer->count, 1);
    ask(WI_NEIGHBOURS_FRESH_MS);
    assert_int_equal(test.asked, 2);
}

TEST(another_list_takes_the_place_of_the_last)
{
    configure(NULL, NULL);
    ask(0);
    set_clock.now_ms += 1;
    test.replies[0].body = LIST("0b", "");
    ask(0);
    assert_int_equal(at(0).offer->count, 0);
}

TEST(who_does_not_answer_offers_nothing_and_is_left_alone_for_a_while)
{
    configure(NULL, NULL);
    ask(0);
    set_clock.now_ms += 1;
    test.replies[0] = (struct reply){.end = WI_HTTP_BROKEN};
    ask(0);
    assert_null(at(0).offer);
    assert_string_equal(reason_of(0), "it cannot be asked what it has: Couldn't connect to server");
    ask(1);
    assert_int_equal(test.asked, 2);
    set_clock.now_ms += WI_NEIGHBOURS_PAUSE_MS + 1;
    test.replies[0] = (struct reply){.status = 304};
    ask(1);
    assert_int_equal(test.asked, 3);
    assert_int_equal(at(0).offer->count, 1);
    test.replies[0] = (struct reply){.end = WI_HTTP_BROKEN};
    ask(0);
    ask(0); /* all, whether they failed just now or not */
    assert_int_equal(test.asked, 5);
}

static enum wi_code find_model(
    const char *neighbour, const char *name, const char *variant, const char *why)
{
    struct wi_cid cid;
    struct wi_error error = {0};
    enum wi_code code =
        wi_neighbours_model(test.neighbours, neighbour, name, variant, &cid, &error);
    if (!strstr(error.detail, why))
        fail_msg("\"%s\" instead of \"%s\"", error.detail, why);
    return code;
}

TEST(models_are_found_by_their_names_there)
{
    configure("http://b.example", NULL);
    test.replies[0].body =
        LIST("0b", ROW_OF("org/m:q8", "bafybeicoelrpuhs2awj3mbsifgufdwuctbph3"
                                      "wrpamantwbbhg7wvljvqu") "," ROW_OF("org/n",
                       "bafybeifnd754mto6tpaf4qlzsgarhgg3rfnf4pvc5dewo"
                       "vbv7r34hrdf2m"));
    test.replies[1] = (struct reply){.end = WI_HTTP_BROKEN};
    assert_int_equal(find_model("a", "org/m", NULL, "it does not answer"), WI_HUB_FAILED);
    ask(0);
    assert_int_equal(find_model("a", "org/m", "q8", ""), WI_OK);
    assert_int_equal(find_model("a", "org/m", NULL, ""), WI_OK);
    assert_int_equal(find_model("a", "org/n", NULL, ""), WI_OK);
    assert_int_equal(find_model("a", "org/n", "q4", ""), WI_OK);
    assert_int_equal(find_model("a", "org/m", "q4", "hub a serves no model org/m:q4, but 2 others"),
        WI_HUB_NOT_FOUND);
    assert_int_equal(find_model("b", "org/m", NULL, "Couldn't connect"), WI_HUB_FAILED);
    assert_int_equal(find_model("c", "org/m", NULL, "no longer configured"), WI_HUB_FAILED);
    wi_block_source_lied(at(0).source, 1, "it sent a wrong block");
    assert_int_equal(find_model("a", "org/m", NULL, "it sent a wrong block"), WI_HUB_FAILED);
}

TEST(says_why_an_answer_is_none)
{
    configure(NULL, NULL);
    assert_fails((struct reply){.status = 404}, "it does not say what it has: it answers 404");
    assert_fails((struct reply){.status = 401}, "wants a token");
    assert_fails((struct reply){.status = 200, .type = "text/html"},
        "it is no webinferd: it answers /content with text/html");
    assert_fails((struct reply){.status = 200, .body = "{"}, "its list of content cannot be used");
    assert_fails((struct reply){.status = 304}, "it answers 304");
    assert_fails((struct reply){.status = 302, .location = "http://elsewhere.example/"},
        "the server redirects to http://elsewhere.example");
    assert_fails((struct reply){.status = 302}, "without saying where to");
    assert_fails((struct reply){.end = WI_HTTP_STOPPED}, "is longer than 4 MiB");
    assert_fails((struct reply){.status = 500, .location = "https://b.example"}, "answers 500");
}

TEST(one_that_leads_in_a_circle_is_left)
{
    configure(NULL, NULL);
    test.replies[0] = (struct reply){.status = 302, .location = "https://a.example/content"};
    ask(0);
    assert_int_equal(test.asked, 6);
    assert_null(at(0).offer);
}

TEST(who_is_ourselves_is_no_neighbour)
{
    configure(NULL, NULL);
    test.replies[0].body = LIST(OWN_ID, ROW);
    ask(0);
    assert_true(at(0).is_self);
    assert_null(at(0).offer);
}

TEST(who_has_lied_is_not_asked)
{
    configure(NULL, NULL);
    ask(0);
    wi_block_source_lied(at(0).source, 1, "it sent a wrong block");
    assert_null(at(0).offer);
    set_clock.now_ms += 1;
    ask(0);
    assert_int_equal(test.asked, 1);
    set_clock.now_ms += WI_SOURCE_OUT_MS;
    ask(0);
    assert_int_equal(test.asked, 2);
    assert_non_null(at(0).offer);
}

/* The wait is over in its time, and what comes later is for the next who asks. */
TEST(who_is_slow_is_waited_for_so_long)
{
    configure("http://b.example", NULL);
    test.replies[1].held = 1;
    uint64_t began = uv_hrtime();
    ask(0);
    uint64_t took_ms = (uv_hrtime() - began) / 1000000;
    assert_in_range(took_ms, WAIT_MS - 1, ANSWER_MS - 1);
    assert_non_null(at(0).offer);
    assert_null(at(1).offer);
    wi_timer_start(network.held->timer, 0, 0);
    ask(1e9);
    assert_non_null(at(1).offer);
    assert_int_equal(test.asked, 2);
}

TEST(who_leaves_the_configuration_is_waited_for_no_longer)
{
    configure("http://b.example", NULL);
    test.replies[1].held = 1;
    wi_neighbours_ask(test.neighbours, 0, WAIT_MS, on_known, NULL);
    while (!at(0).offer)
        uv_run(&test.loop, UV_RUN_ONCE);
    configure(NULL, NULL);
    assert_int_equal(network.cancelled, 1);
    while (!test.known)
        uv_run(&test.loop, UV_RUN_ONCE);
    assert_int_equal(wi_neighbours_count(test.neighbours), 1);
    assert_non_null(at(0).offer);
    configure("http://other.example", NULL);
    assert_null(at(1).offer);
}

static void count_one(void *context, const struct wi_neighbour_info *info)
{
    assert_non_null(info->offer);
    ++*(int *)context;
}

static int count_each(void)
{
    int count = 0;
    wi_neighbours_each(test.neighbours, count_one, &count);
    return count;
}

TEST(one_daemon_under_two_names_is_one)
{
    configure("http://b.example", NULL);
    assert_int_equal(count_each(), 0);
    ask(0);
    assert_int_equal(count_each(), 2);
    test.replies[1] = test.replies[0];
    ask(0);
    assert_int_equal(count_each(), 1);
    test.replies[0] = (struct reply){.status = 500};
    ask(0);
    assert_int_equal(count_each(), 1);
    test.replies[1].body = LIST(OWN_ID, "");
    ask(0);
    assert_int_equal(count_each(), 0);
}

TEST(may_end_at_any_time)
{
    configure("http://b.example", NULL);
    test.replies[1].held = 1;
    wi_neighbours_cancel(wi_neighbours_ask(test.neighbours, 0, WAIT_MS, on_known, NULL));
    wi_neighbours_ask(test.neighbours, 0, WAIT_MS, on_known, NULL);
    uv_run(&test.loop, UV_RUN_NOWAIT); /* an answer may be with a thread now */
    wi_neighbours_free(test.neighbours);
    test.neighbours = NULL;
    uv_run(&test.loop, UV_RUN_DEFAULT);
    assert_int_equal(test.known, 0);
}
