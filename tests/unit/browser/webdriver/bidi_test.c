/* The BiDi driver against a scripted browser on the same loop. */
#include "fake_browser.h"

#include "base/clock.h"
#include "browser/webdriver/webdriver.h"
#include <sys/socket.h>

#define READY                                                                                      \
    {                                                                                              \
        "session.status", "ok {\"ready\":true,\"message\":\"\"}"                                   \
    }
#define NEW                                                                                        \
    {                                                                                              \
        "session.new",                                                                             \
            "ok {\"sessionId\":\"abc-1\",\"capabilities\":{\"browserVersion\":\"153.7\","          \
            "\"moz:processID\":5}}"                                                                \
    }

static const struct answer_row good[] = {READY, NEW, TREE, SUBSCRIBED,
    {"browsingContext.navigate", "ok {\"navigation\":\"n\",\"url\":\"u\"}"},
    {"script.evaluate", "ok {\"type\":\"success\"}"}, {"browser.close", "ok {}"}, END};

struct place {
    struct fake_browser browser;
    struct wi_driver *driver;
    int done;
    size_t gone_then;      /* at the last one */
    struct wi_error error; /* code WI_OK: success */
};

static void open_place(struct place *place, const struct answer_row *rows)
{
    struct wi_driver_events events;

    memset(place, 0, sizeof *place);
    fake_open(&place->browser, rows);
    events = fake_events(&place->browser);
    place->driver =
        wi_bidi_new(&place->browser.loop, place->browser.lws, NULL, place->browser.url, &events);
}

static void close_place(struct place *place)
{
    wi_driver_free(place->driver);
    fake_close(&place->browser);
}

static void on_done(void *context, const struct wi_error *error)
{
    struct place *place = context;

    place->done++;
    place->gone_then = place->browser.gone;
    if (error)
        place->error = *error;
    else
        place->error.code = WI_OK;
}

/* Turns the loop until `*counter` is no longer `from`. */
static void turn_from(struct place *place, const volatile void *counter, size_t size)
{
    char before[sizeof(size_t)];

    memcpy(before, (const void *)counter, size);
    while (memcmp(before, (const void *)counter, size) == 0)
        uv_run(&place->browser.loop, UV_RUN_ONCE);
}

static void wait_done(struct place *place)
{
    turn_from(place, &place->done, sizeof place->done);
}

static void wait_gone(struct place *place)
{
    if (place->browser.gone == 0)
        turn_from(place, &place->browser.gone, sizeof place->browser.gone);
}

static void make_session(struct place *place)
{
    wi_driver_new_session(place->driver, NULL, 5000, on_done, place);
    wait_done(place);
    assert_int_equal(place->error.code, WI_OK);
}

/* --- what goes well -------------------------------------------------------------------------- */

TEST(a_whole_life)
{
    struct place place;

    open_place(&place, good);
    wi_driver_wait_ready(place.driver, 5000, on_done, &place);
    assert_int_equal(place.done, 0);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    assert_memory_equal(place.browser.request, "GET /session HTTP/1.1\r\n", 23);
    assert_non_null(strstr(place.browser.request, place.browser.url + strlen("ws://")));
    assert_null(strcasestr(place.browser.request, "\r\norigin:"));
    assert_null(wi_driver_session_id(place.driver));
    wi_driver_new_session(
        place.driver, json_pack("{s:{s:i}}", "alwaysMatch", "a", 1), 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    assert_string_equal(wi_driver_session_id(place.driver), "abc-1");
    assert_int_equal(
        json_integer_value(json_object_get(wi_driver_capabilities(place.driver), "moz:processID")),
        5);
    assert_non_null(strstr(place.browser.last, "\"log.entryAdded\""));
    assert_non_null(strstr(place.browser.last, "\"contexts\":[\"window-1\"]"));
    wi_driver_navigate(place.driver, "http://h/#t", 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    assert_non_null(strstr(place.browser.last, "\"url\":\"http://h/#t\""));
    assert_non_null(strstr(place.browser.last, "\"context\":\"window-1\""));
    wi_driver_check_page(place.driver, 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    wi_driver_delete_session(place.driver, 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    assert_null(wi_driver_session_id(place.driver));
    assert_string_equal(place.browser.methods,
        "session.status session.new browsingContext.getTree session.subscribe "
        "browsingContext.navigate script.evaluate browser.close ");
    assert_int_equal(place.browser.connections, 1);
    /* That the browser then leaves is no news. */
    fake_cut(&place.browser);
    for (int i = 0; i < 20; i++)
        uv_run(&place.browser.loop, UV_RUN_NOWAIT);
    assert_int_equal(place.browser.gone, 0);
    close_place(&place);
}

TEST(fragments_are_joined)
{
    const struct answer_row rows[] = {
        {"session.status", "split {\"ready\":true,\"message\":\"a long enough one\"}"}, END};
    struct place place;

    open_place(&place, rows);
    wi_driver_wait_ready(place.driver, 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    close_place(&place);
}

TEST(it_waits_until_the_browser_is_ready)
{
    const struct answer_row rows[] = {{"session.status", "ok {\"ready\":false,\"message\":\"x\"}"},
        {"session.status", "cut"}, {"session.status", "error not yet"}, READY, END};
    struct place place;

    open_place(&place, rows);
    wi_driver_wait_ready(place.driver, 10000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    assert_int_equal(place.browser.connections, 2);
    close_place(&place);
}

/* --- what happens without being asked for ---------------------------------------------------- */

TEST(the_console_is_heard)
{
    struct place place;

    open_place(&place, good);
    make_session(&place);
    fake_event(&place.browser, "log.entryAdded",
        "{\"type\":\"console\",\"level\":\"info\",\"text\":\"hello \\u0000\"}");
    turn_from(&place, &place.browser.notes, sizeof(size_t));
    assert_string_equal(place.browser.note, "console: hello ");
    assert_int_equal(place.browser.level, WI_LOG_DEBUG);
    fake_event(&place.browser, "log.entryAdded",
        "{\"type\":\"javascript\",\"level\":\"error\",\"text\":\"Error: boom\"}");
    turn_from(&place, &place.browser.notes, sizeof(size_t));
    assert_string_equal(place.browser.note, "javascript: Error: boom");
    assert_int_equal(place.browser.level, WI_LOG_WARN);
    fake_event(&place.browser, "browsingContext.userPromptOpened",
        "{\"type\":\"alert\",\"message\":\"look here\"}");
    turn_from(&place, &place.browser.notes, sizeof(size_t));
    assert_string_equal(place.browser.note, "alert: look here");
    close_place(&place);
}

TEST(a_flood_of_notes_is_limited_and_odd_ones_are_dropped)
{
    char params[2000];
    struct place place;

    open_place(&place, good);
    make_session(&place);
    snprintf(params, sizeof params, "{\"level\":\"warn\",\"text\":\"%01500d\"}", 0);
    for (int i = 0; i < 200; i++)
        fake_event(&place.browser, "log.entryAdded", params);
    fake_event(&place.browser, "log.entryAdded", "[]");
    fake_event(&place.browser, "no.such.event", "{}");
    fake_event(&place.browser, "browsingContext.contextDestroyed", "{\"context\":7}");
    fake_event(&place.browser, "browsingContext.contextDestroyed", "{\"context\":\"another\"}");
    wi_driver_check_page(place.driver, 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    assert_in_range(place.browser.notes, 10, 30); /* 10 in each second that this took */
    assert_int_equal(strlen(place.browser.note), 511);
    assert_int_equal(place.browser.gone, 0);
    close_place(&place);
}

TEST(a_window_that_goes_is_told)
{
    struct place place;

    open_place(&place, good);
    make_session(&place);
    fake_event(&place.browser, "browsingContext.contextDestroyed", "{\"context\":\"window-1\"}");
    wait_gone(&place);
    assert_int_equal(place.browser.why.code, WI_UNAVAILABLE);
    close_place(&place);
}

TEST(a_browser_that_goes_fails_calls_first)
{
    const struct answer_row rows[] = {NEW, TREE, SUBSCRIBED, {"script.evaluate", "hang"},
        {"browsingContext.navigate", "close"}, END};
    struct place place;

    open_place(&place, rows);
    make_session(&place);
    wi_driver_check_page(place.driver, 60000, on_done, &place);
    wi_driver_navigate(place.driver, "http://h/", 60000, on_done, &place);
    wait_gone(&place);
    assert_int_equal(place.error.code, WI_UNAVAILABLE);
    assert_int_equal(place.done, 3);
    assert_int_equal(place.gone_then, 0);
    assert_non_null(strstr(place.browser.why.detail, "1001: going"));
    /* And from then on every call fails. */
    wi_driver_check_page(place.driver, 60000, on_done, &place);
    assert_int_equal(place.done, 3);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_UNAVAILABLE);
    assert_int_equal(place.browser.gone, 1);
    assert_int_equal(place.browser.connections, 1);
    close_place(&place);
}

/* --- what goes wrong ------------------------------------------------------------------------- */

/* A new session whose first command is answered so; the error stays in `place`. */
static void refuse_within(struct place *place, const char *answer, uint64_t ms)
{
    const struct answer_row rows[] = {{"session.new", answer}, TREE, SUBSCRIBED, END};

    open_place(place, rows);
    wi_driver_new_session(place->driver, json_object(), ms, on_done, place);
    wait_done(place);
    assert_int_not_equal(place->error.code, WI_OK);
    assert_null(wi_driver_session_id(place->driver));
    close_place(place);
}

static void refuse(struct place *place, const char *answer)
{
    refuse_within(place, answer, 300);
}

TEST(the_browsers_own_error_is_told)
{
    struct place place;

    refuse(&place, "error Maximum number of active sessions");
    assert_int_equal(place.error.code, WI_INTERNAL);
    assert_non_null(strstr(place.error.detail, "no such thing: Maximum number of active sessions"));
    assert_null(strstr(place.error.detail, "x.js"));
}

TEST(answers_that_make_no_sense_are_refused)
{
    const char *const answers[] = {"ok {}", "ok {\"sessionId\":\"abc\"}",
        "ok {\"sessionId\":5,\"capabilities\":{}}",
        "ok {\"sessionId\":\"../x\",\"capabilities\":{}}",
        "ok {\"sessionId\":\"\",\"capabilities\":{}}"};
    struct place place;

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        refuse(&place, answers[i]);
        assert_int_equal(place.error.code, WI_INTERNAL);
    }
}

TEST(what_is_no_answer_runs_into_the_deadline)
{
    static const struct {
        const char *text;
        int is_nonsense;
    } answers[] = {{"hang", 0}, {"raw", 1}, {"raw garbage {{{", 1}, {"raw []", 1},
        {"raw {\"type\":\"odd\"}", 1}, {"raw {\"type\":\"success\",\"id\":1,\"result\":[]}", 1},
        {"raw {\"type\":\"event\",\"id\":1}", 1},
        {"raw {\"type\":\"error\",\"id\":null,\"error\":\"invalid argument\",\"message\":\"\"}", 0},
        {"raw {\"type\":\"success\",\"id\":\"1\",\"result\":{}}", 0},
        {"raw {\"type\":\"success\",\"id\":1.0,\"result\":{}}", 0},
        {"raw {\"type\":\"success\",\"id\":99999999999999999999,\"result\":{}}", 1},
        {"raw {\"type\":\"event\",\"method\":\"log.entryAdded\",\"params\":{\"text\":\"\\ud800\"}}",
            1},
        {"wrong {\"sessionId\":\"abc\",\"capabilities\":{}}", 0}};
    struct place place;

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        refuse(&place, answers[i].text);
        assert_int_equal(place.error.code, WI_UNAVAILABLE);
        assert_non_null(
            strstr(place.error.detail, "new session: no answer over BiDi within 0.3 s"));
        /* An answer to nobody makes sense all the same. */
        assert_int_equal(strstr(place.error.detail, "; 1 messages made no sense") == NULL,
            !answers[i].is_nonsense);
    }
    refuse_within(&place, "huge", 3000); /* it takes a while to arrive */
    assert_non_null(strstr(place.error.detail, "no answer over BiDi within 3.0 s"));
    assert_non_null(strstr(place.error.detail, "1 messages made no sense"));
}

TEST(a_connection_that_ends_in_the_middle)
{
    const char *const answers[] = {"cut", "close", "bytes \x83\x83\x83\x83 no frame at all"};
    struct place place;

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        refuse(&place, answers[i]);
        assert_int_equal(place.error.code, WI_UNAVAILABLE);
        assert_int_equal(place.browser.gone, 0);
        if (strcmp(answers[i], "close") == 0)
            assert_non_null(strstr(place.error.detail, "the other side closed with 1001: going"));
    }
}

TEST(a_window_that_is_not_there)
{
    const struct answer_row rows[] = {
        NEW, {"browsingContext.getTree", "ok {\"contexts\":[]}"}, END};
    struct place place;

    open_place(&place, rows);
    wi_driver_new_session(place.driver, NULL, 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_INTERNAL);
    close_place(&place);
}

TEST(handshakes_that_fail)
{
    const char *const answers[] = {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "garbage\r\n\r\n",
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n")};
    struct place place;

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        open_place(&place, good);
        place.browser.handshake = answers[i];
        wi_driver_wait_ready(place.driver, 200, on_done, &place);
        wait_done(&place);
        assert_int_equal(place.error.code, WI_UNAVAILABLE);
        close_place(&place);
    }
}

TEST(nobody_at_all_or_nobody_who_speaks)
{
    const char *const urls[] = {"ws://127.0.0.1:1", "http://127.0.0.1:1", "ws://", "ws://h:0",
        "ws://h:99999", "ws://h:1x", "ws://a b", "ws://h\r\nx: y", "ws://[::1", "ws://u@h:1"};
    struct wi_driver_events events;
    struct place place;

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        open_place(&place, good);
        events = fake_events(&place.browser);
        wi_driver_free(place.driver);
        place.driver = wi_bidi_new(&place.browser.loop, place.browser.lws, NULL, urls[i], &events);
        wi_driver_wait_ready(place.driver, 100, on_done, &place);
        wait_done(&place);
        assert_int_equal(place.error.code, WI_UNAVAILABLE);
        assert_int_equal(place.browser.connections, 0);
        if (i == 0)
            assert_non_null(
                strstr(place.error.detail, "closed before established")); /* lws's word */
        close_place(&place);
    }
    open_place(&place, good);
    place.browser.handshake = ""; /* the upgrade is never answered */
    wi_driver_wait_ready(place.driver, 100, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_UNAVAILABLE);
    close_place(&place);
}

TEST(a_name_is_resolved_and_a_proxy_is_not_asked)
{
    struct wi_driver_events events;
    struct place place;
    char url[64];

    setenv("http_proxy", "127.0.0.1:1", 1);
    open_place(&place, good);
    events = fake_events(&place.browser);
    wi_driver_free(place.driver);
    snprintf(url, sizeof url, "ws://localhost%s", strrchr(place.browser.url, ':'));
    place.driver = wi_bidi_new(&place.browser.loop, place.browser.lws, NULL, url, &events);
    wi_driver_wait_ready(place.driver, 10000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    close_place(&place);
    unsetenv("http_proxy");
}

/* --- from another network -------------------------------------------------------------------- */

/* As from a session's own network, but of this one, where the scripted browser is. */
static int take_socket(void *context)
{
    int *left = context;

    return (*left)-- > 0 ? socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;
}

/* The first time there is none, and it is asked again; a host of the other side's choice means
 * loopback. */
TEST(it_goes_through_the_outlets_sockets)
{
    int left = 0;
    const struct wi_outlet outlet = {&left, take_socket};
    struct wi_driver_events events;
    struct place place;
    char url[64];

    open_place(&place, good);
    events = fake_events(&place.browser);
    wi_driver_free(place.driver);
    snprintf(url, sizeof url, "ws://elsewhere.invalid%s", strrchr(place.browser.url, ':'));
    place.driver = wi_bidi_new(&place.browser.loop, place.browser.lws, &outlet, url, &events);
    wi_driver_wait_ready(place.driver, 10000, on_done, &place);
    while (left == 0)
        uv_run(&place.browser.loop, UV_RUN_ONCE);
    assert_int_equal(place.done, 0);
    left = 1;
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    assert_int_equal(left, 0);
    make_session(&place);
    close_place(&place);
}

TEST(nobody_listens_in_the_other_network)
{
    int left = 1000;
    const struct wi_outlet outlet = {&left, take_socket};
    struct wi_driver_events events;
    struct place place;

    open_place(&place, good);
    events = fake_events(&place.browser);
    wi_driver_free(place.driver);
    place.driver =
        wi_bidi_new(&place.browser.loop, place.browser.lws, &outlet, "ws://127.0.0.1:1", &events);
    wi_driver_wait_ready(place.driver, 300, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_UNAVAILABLE);
    assert_true(left < 999);
    close_place(&place);
}

/* --- callers that go ------------------------------------------------------------------------- */

TEST(a_cancelled_call_says_nothing)
{
    const struct answer_row rows[] = {{"session.status", "hang"}, END};
    struct place place;
    struct wi_driver_call *call;

    open_place(&place, rows);
    call = wi_driver_wait_ready(place.driver, 5000, on_done, &place);
    wi_driver_navigate(place.driver, "http://h/", 5000, on_done, &place);
    while (!*place.browser.methods)
        uv_run(&place.browser.loop, UV_RUN_ONCE);
    wi_driver_cancel(call);
    close_place(&place); /* cancels the other */
    assert_int_equal(place.done, 0);
}

static void free_driver(void *context, const struct wi_error *error)
{
    struct place *place = context;

    wi_driver_free(place->driver);
    place->driver = NULL;
    place->done++;
}

static void gone_and_freed(void *context, const struct wi_error *why)
{
    free_driver(context, why);
}

static void ignore_note(void *context, enum wi_level level, const char *text)
{
}

TEST(the_driver_may_be_freed_in_each_callback)
{
    struct wi_driver_events events = {NULL, ignore_note, gone_and_freed};
    const char *const happenings[] = {"browsingContext.contextDestroyed", NULL};
    struct place place;

    open_place(&place, good);
    wi_driver_wait_ready(place.driver, 5000, free_driver, &place);
    wi_driver_wait_ready(place.driver, 5000, on_done, &place);
    wait_done(&place);
    close_place(&place);
    assert_int_equal(place.done, 1);
    for (int i = 0; i < 2; i++) {
        open_place(&place, good);
        wi_driver_free(place.driver);
        events.context = &place;
        place.driver =
            wi_bidi_new(&place.browser.loop, place.browser.lws, NULL, place.browser.url, &events);
        make_session(&place);
        if (happenings[i])
            fake_event(&place.browser, happenings[i], "{\"context\":\"window-1\"}");
        else
            fake_cut(&place.browser);
        wait_done(&place);
        assert_null(place.driver);
        close_place(&place);
    }
    /* In the middle of connecting, and of resolving. */
    open_place(&place, good);
    wi_driver_wait_ready(place.driver, 5000, on_done, &place);
    uv_run(&place.browser.loop, UV_RUN_ONCE);
    close_place(&place);
    open_place(&place, good);
    wi_driver_free(place.driver);
    place.driver =
        wi_bidi_new(&place.browser.loop, place.browser.lws, NULL, "ws://localhost:1", &events);
    wi_driver_wait_ready(place.driver, 5000, on_done, &place);
    close_place(&place);
}
