/* Listening beside a classic session, to a scripted end of BiDi on the same loop. */
#include "fake_browser.h"

#include "base/net/http_client.h"
#include "browser/webdriver/notes.h"
#include "browser/webdriver/webdriver.h"

static const struct answer_row good[] = {TREE, SUBSCRIBED, END};

struct place {
    struct fake_browser browser;
    struct wi_listening *listening;
    size_t settled;
};

static void on_settled(void *context)
{
    struct place *place = context;

    place->settled++;
}

static void listen_to(struct place *place, const struct answer_row *rows, const char *url)
{
    struct wi_driver_events events;

    memset(place, 0, sizeof *place);
    fake_open(&place->browser, rows);
    events = fake_events(&place->browser);
    place->listening = wi_listening_new(&place->browser.loop, place->browser.lws, NULL,
        url ? url : place->browser.url, &events, on_settled, place);
    assert_int_equal(place->settled, 0);
}

static void wait_settled(struct place *place)
{
    while (place->settled == 0)
        uv_run(&place->browser.loop, UV_RUN_ONCE);
}

static void wait_notes(struct place *place, size_t count)
{
    while (place->browser.notes < count)
        uv_run(&place->browser.loop, UV_RUN_ONCE);
}

static void close_place(struct place *place)
{
    wi_listening_free(place->listening);
    fake_close(&place->browser);
    assert_true(place->settled <= 1);
}

TEST(the_console_is_heard_until_the_connection_ends)
{
    struct place place;

    listen_to(&place, good, NULL);
    wait_settled(&place);
    assert_string_equal(place.browser.methods, "browsingContext.getTree session.subscribe ");
    fake_event(&place.browser, "log.entryAdded", "{\"level\":\"error\",\"text\":\"oh\"}");
    wait_notes(&place, 1);
    assert_string_equal(place.browser.note, "console: oh");
    fake_event(&place.browser, "browsingContext.contextDestroyed", "{\"context\":\"window-1\"}");
    while (place.browser.gone == 0)
        uv_run(&place.browser.loop, UV_RUN_ONCE);
    /* Losing it is no end of the session. */
    fake_cut(&place.browser);
    wait_notes(&place, 2);
    assert_non_null(strstr(place.browser.note, "its console is not heard"));
    assert_int_equal(place.browser.level, WI_LOG_DEBUG);
    assert_int_equal(place.browser.gone, 1);
    close_place(&place);
    assert_int_equal(place.settled, 1);
}

TEST(what_cannot_be_heard_is_noted_and_no_more)
{
    const char *const answers[] = {"error no", "cut", "close", "ok {}"};
    const char *const urls[] = {"ws://127.0.0.1:1/session/x", "wss://127.0.0.1:1/", "nonsense", ""};
    struct place place;

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct answer_row rows[] = {{"browsingContext.getTree", answers[i]}, SUBSCRIBED, END};
        const struct answer_row later[] = {
            TREE, {"session.subscribe", i == 3 ? "error no" : answers[i]}, END};
        listen_to(&place, rows, NULL);
        wait_settled(&place);
        assert_int_equal(place.browser.notes, 1);
        close_place(&place);
        listen_to(&place, later, NULL);
        wait_settled(&place);
        assert_int_equal(place.browser.notes, 1);
        assert_int_equal(place.browser.gone, 0);
        close_place(&place);
    }
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        listen_to(&place, good, urls[i]);
        wait_settled(&place);
        assert_int_equal(place.browser.notes, 1);
        assert_non_null(strstr(place.browser.note, "its console is not heard"));
        close_place(&place);
    }
}

TEST(freed_at_any_moment_it_says_nothing)
{
    struct place place;

    for (int turns = 0; turns < 6; turns++) {
        listen_to(&place, good, NULL);
        for (int i = 0; i < turns && place.settled == 0; i++)
            uv_run(&place.browser.loop, UV_RUN_ONCE);
        close_place(&place);
        assert_int_equal(place.browser.notes, 0);
    }
}

/* --- beside a classic session ---------------------------------------------------------------- */

/* A driver in classic that answers everything with the same text. */
struct classic_place {
    struct fake_browser browser;
    uv_tcp_t listener;
    char *answer;
    struct wi_http *http;
    struct wi_driver *driver;
    int done;
    struct wi_error error;
};

static void classic_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct classic_place *place = stream->data;
    uv_write_t *write;
    uv_buf_t whole;

    free(buffer->base);
    if (size < 0) {
        uv_close((uv_handle_t *)stream, fake_closed);
        return;
    }
    write = wi_alloc(sizeof *write);
    write->data =
        wi_sprintf("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
            strlen(place->answer), place->answer);
    whole = uv_buf_init(write->data, (unsigned)strlen(write->data));
    uv_write(write, stream, &whole, 1, fake_written);
}

static void classic_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    *buffer = uv_buf_init(wi_alloc(suggested), (unsigned)suggested);
}

static void classic_accept(uv_stream_t *listener, int status)
{
    uv_tcp_t *tcp = wi_alloc(sizeof *tcp);

    uv_tcp_init(listener->loop, tcp);
    tcp->data = listener->data;
    uv_accept(listener, (uv_stream_t *)tcp);
    uv_read_start((uv_stream_t *)tcp, classic_alloc, classic_read);
}

static void on_done(void *context, const struct wi_error *error)
{
    struct classic_place *place = context;

    place->done++;
    place->error.code = error ? error->code : WI_OK;
}

/* A session whose driver grants `web_socket_url` (JSON; NULL: that of the fake). */
static void open_classic(
    struct classic_place *place, const struct answer_row *rows, const char *web_socket_url)
{
    struct wi_driver_events events;
    char url[64];

    memset(place, 0, sizeof *place);
    fake_open(&place->browser, rows);
    events = fake_events(&place->browser);
    place->listener.data = place;
    snprintf(url, sizeof url, "http://127.0.0.1:%d",
        listen_on_loopback(&place->browser.loop, &place->listener, classic_accept));
    if (web_socket_url)
        place->answer = wi_sprintf("{\"value\":{\"sessionId\":\"s\",\"capabilities\":{"
                                   "\"webSocketUrl\":%s}}}",
            web_socket_url);
    else
        place->answer = wi_sprintf("{\"value\":{\"sessionId\":\"s\",\"capabilities\":{"
                                   "\"webSocketUrl\":\"%s/session/s\"}}}",
            place->browser.url);
    place->http = wi_http_new(&place->browser.loop);
    place->driver =
        wi_classic_new(&place->browser.loop, place->http, place->browser.lws, NULL, url, &events);
    wi_driver_new_session(place->driver, json_object(), 5000, on_done, place);
}

static void close_classic(struct classic_place *place)
{
    wi_driver_free(place->driver);
    wi_http_free(place->http);
    uv_close((uv_handle_t *)&place->listener, NULL);
    fake_close(&place->browser);
    free(place->answer);
}

TEST(a_session_waits_until_its_console_is_heard)
{
    struct classic_place place;

    open_classic(&place, good, NULL);
    while (place.done == 0)
        uv_run(&place.browser.loop, UV_RUN_ONCE);
    assert_int_equal(place.error.code, WI_OK);
    assert_string_equal(place.browser.methods, "browsingContext.getTree session.subscribe ");
    fake_event(&place.browser, "log.entryAdded", "{\"text\":\"hello\"}");
    while (place.browser.notes == 0)
        uv_run(&place.browser.loop, UV_RUN_ONCE);
    close_classic(&place);
    assert_int_equal(place.done, 1);
}

TEST(a_session_does_without_where_it_is_not)
{
    const char *const urls[] = {"\"ws://127.0.0.1:1/\"", "\"\"", "true", "{}", "null"};
    struct classic_place place;

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        open_classic(&place, good, urls[i]);
        while (place.done == 0)
            uv_run(&place.browser.loop, UV_RUN_ONCE);
        assert_int_equal(place.error.code, WI_OK);
        assert_string_equal(wi_driver_session_id(place.driver), "s");
        assert_int_equal(place.browser.notes, i < 2);
        close_classic(&place);
    }
}

TEST(a_session_that_waits_may_be_given_up)
{
    const struct answer_row hanging[] = {{"browsingContext.getTree", "hang"}, END};
    struct classic_place place;

    open_classic(&place, hanging, NULL);
    while (!*place.browser.methods)
        uv_run(&place.browser.loop, UV_RUN_ONCE);
    close_classic(&place);
    assert_int_equal(place.done, 0);
}
