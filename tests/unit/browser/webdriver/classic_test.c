/* The WebDriver client against a scripted driver on the same loop. */
#include "../../test.h"

#include "../../loopback.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "browser/webdriver/webdriver.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Before an answer that is sent as it is. */
#define RAW "raw:"

/* A driver that answers each request with the next line of its script: the HTTP status, a space and
 * the body, or "hang" for no answer at all. The last line repeats. */
struct place {
    uv_loop_t loop;
    uv_tcp_t listener;
    struct wi_http *http;
    struct wi_driver *driver;
    const char *const *script;
    size_t answered;
    char request[4096]; /* the last one */
    int done;
    struct wi_error error; /* code WI_OK: success */
    size_t connections;
};

struct connection {
    uv_tcp_t tcp;
    struct place *place;
    char bytes[4096];
    size_t size;
};

static void free_connection(uv_handle_t *handle)
{
    free(handle->data);
}

static void answered(uv_write_t *write, int status)
{
    free(write->data);
    free(write);
}

static void answer(struct connection *connection)
{
    struct place *place = connection->place;
    const char *text = place->script[place->answered];
    uv_write_t *write;
    uv_buf_t buffer;
    char *whole;

    snprintf(
        place->request, sizeof place->request, "%.*s", (int)connection->size, connection->bytes);
    connection->size = 0;
    if (place->script[place->answered + 1])
        place->answered++;
    if (strcmp(text, "hang") == 0)
        return;
    write = wi_alloc(sizeof *write);
    whole = strncmp(text, RAW, strlen(RAW)) == 0
                ? wi_strdup(text + strlen(RAW))
                : wi_sprintf("HTTP/1.1 %.3s Status\r\nContent-Length: %zu\r\n\r\n%s", text,
                      strlen(text + 4), text + 4);
    write->data = whole;
    buffer = uv_buf_init(whole, (unsigned)strlen(whole));
    uv_write(write, (uv_stream_t *)&connection->tcp, &buffer, 1, answered);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct connection *connection = handle->data;

    *buffer = uv_buf_init(
        connection->bytes + connection->size, sizeof connection->bytes - connection->size - 1);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct connection *connection = stream->data;
    const char *body, *length;

    if (size < 0) {
        uv_close((uv_handle_t *)stream, free_connection);
        return;
    }
    connection->size += (size_t)size;
    connection->bytes[connection->size] = '\0';
    body = strstr(connection->bytes, "\r\n\r\n");
    length = strcasestr(connection->bytes, "content-length:");
    if (body && strlen(body + 4) >= (length ? strtoul(length + 15, NULL, 10) : 0))
        answer(connection);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct connection *connection = wi_alloc(sizeof *connection);

    connection->place = listener->data;
    connection->tcp.data = connection;
    uv_tcp_init(listener->loop, &connection->tcp);
    uv_accept(listener, (uv_stream_t *)&connection->tcp);
    uv_read_start((uv_stream_t *)&connection->tcp, on_alloc, on_read);
    connection->place->connections++;
}

static void ignore_note(void *context, enum wi_level level, const char *text)
{
}

static void ignore_gone(void *context, const struct wi_error *why)
{
}

static const struct wi_driver_events events = {NULL, ignore_note, ignore_gone};

static void open_place(struct place *place, const char *const *script)
{
    char url[64];

    memset(place, 0, sizeof *place);
    place->script = script;
    uv_loop_init(&place->loop);
    place->listener.data = place;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/",
        listen_on_loopback(&place->loop, &place->listener, on_connection));
    place->http = wi_http_new(&place->loop);
    place->driver = wi_classic_new(&place->loop, place->http, NULL, NULL, url, &events);
}

static void close_place(struct place *place)
{
    wi_driver_free(place->driver);
    wi_http_free(place->http);
    uv_close((uv_handle_t *)&place->listener, NULL);
    uv_run(&place->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&place->loop), 0);
}

static void on_done(void *context, const struct wi_error *error)
{
    struct place *place = context;

    place->done++;
    if (error)
        place->error = *error;
    else
        place->error.code = WI_OK;
}

static void wait_done(struct place *place)
{
    for (int seen = place->done; place->done == seen;)
        uv_run(&place->loop, UV_RUN_ONCE);
}

#define READY "200 {\"value\":{\"ready\":true}}"
#define NOT_READY "200 {\"value\":{\"ready\":false}}"
#define NOTHING "200 {\"value\":null}"

TEST(it_waits_until_the_driver_is_ready)
{
    const char *const script[] = {NOT_READY, "200 ???", NOT_READY, READY, NULL};
    struct place place;

    open_place(&place, script);
    wi_driver_wait_ready(place.driver, 10000, on_done, &place);
    assert_int_equal(place.done, 0);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    assert_int_equal(place.answered, 3);
    assert_memory_equal(place.request, "GET /status ", 12);
    close_place(&place);
}

TEST(a_driver_that_never_becomes_ready_runs_into_the_deadline)
{
    const char *const script[] = {NOT_READY, NULL};
    const char *const hanging[] = {"hang", NULL};
    struct place place;
    double since = wi_now_ms();

    open_place(&place, script);
    wi_driver_wait_ready(place.driver, 100, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_UNAVAILABLE);
    close_place(&place);
    open_place(&place, hanging);
    wi_driver_wait_ready(place.driver, 100, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_UNAVAILABLE);
    close_place(&place);
    assert_true(wi_now_ms() - since < 5000);
}

TEST(a_session_gives_its_id_and_capabilities)
{
    const char *const script[] = {"200 {\"value\":{\"sessionId\":\"abc-1\",\"capabilities\":{"
                                  "\"browserVersion\":\"156\",\"x\":"
                                  "[1,2]}}}",
        NOTHING, NOTHING, NULL};
    struct place place;

    open_place(&place, script);
    assert_null(wi_driver_session_id(place.driver));
    wi_driver_new_session(place.driver, json_pack("{s:{}}", "alwaysMatch"), 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    assert_memory_equal(place.request, "POST /session ", 14);
    assert_non_null(strstr(place.request, "{\"capabilities\":{\"alwaysMatch\":{}}}"));
    assert_string_equal(wi_driver_session_id(place.driver), "abc-1");
    assert_string_equal(
        json_string_value(json_object_get(wi_driver_capabilities(place.driver), "browserVersion")),
        "156");
    wi_driver_navigate(place.driver, "http://h/#t", 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    assert_memory_equal(place.request, "POST /session/abc-1/url ", 24);
    assert_non_null(strstr(place.request, "{\"url\":\"http://h/#t\"}"));
    wi_driver_check_page(place.driver, 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    assert_memory_equal(place.request, "POST /session/abc-1/execute/sync ", 33);
    wi_driver_delete_session(place.driver, 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    assert_memory_equal(place.request, "DELETE /session/abc-1 ", 22);
    assert_null(wi_driver_session_id(place.driver));
    close_place(&place);
}

/* One new-session exchange with this answer; the error stays in `place`. */
static void refuse(struct place *place, const char *text)
{
    const char *const script[] = {text, NULL};

    open_place(place, script);
    wi_driver_new_session(place->driver, json_object(), 200, on_done, place);
    wait_done(place);
    assert_null(wi_driver_session_id(place->driver));
    assert_int_not_equal(place->error.code, WI_OK);
    close_place(place);
}

TEST(the_drivers_own_error_is_told)
{
    struct place place;

    refuse(&place,
        "500 {\"value\":{\"error\":\"session not created\",\"message\":\"Chrome failed to start\\n"
        "#0 0x55\",\"stacktrace\":\"\"}}");
    assert_int_equal(place.error.code, WI_INTERNAL);
    assert_non_null(strstr(place.error.detail, "session not created"));
    assert_non_null(strstr(place.error.detail, "Chrome failed to start"));
    assert_null(strstr(place.error.detail, "0x55"));
}

TEST(answers_that_make_no_sense_are_refused)
{
    const char *const answers[] = {
        "200 null",
        "200 {}",
        "200 {\"value\"",
        "200 {\"value\":1}",
        NOTHING,
        "200 {\"value\":{\"sessionId\":\"abc\"}}",
        "200 {\"value\":{\"sessionId\":5,\"capabilities\":{}}}  ",
        "200 {\"value\":{\"sessionId\":\"../x\",\"capabilities\":{}}}    ",
        "200 {\"value\":{\"sessionId\":\"\",\"capabilities\":{}}}     ",
        "404 oops",
    };
    struct place place;

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        refuse(&place, answers[i]);
        assert_int_equal(place.error.code, WI_INTERNAL);
    }
    refuse(&place, RAW "garbage that is no HTTP\r\n\r\n");
    refuse(&place, "hang");
    assert_int_equal(place.error.code, WI_UNAVAILABLE);
}

TEST(a_huge_answer_is_cut_off)
{
    const size_t size = 3000000;
    char *text = wi_alloc(size + 256);
    struct place place;
    int head = snprintf(text, 256, RAW "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);

    memset(text + head, ' ', size);
    refuse(&place, text);
    assert_int_equal(place.error.code, WI_UNAVAILABLE);
    free(text);
}

TEST(no_driver_at_all)
{
    struct place place;
    const char *const script[] = {NOTHING, NULL};
    struct wi_driver *nobody;

    open_place(&place, script);
    nobody = wi_classic_new(&place.loop, place.http, NULL, NULL, "http://127.0.0.1:1", &events);
    wi_driver_navigate(nobody, "http://h/", 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_UNAVAILABLE);
    wi_driver_free(nobody);
    close_place(&place);
}

TEST(a_cancelled_call_says_nothing)
{
    const char *const script[] = {"hang", NULL};
    struct place place;
    struct wi_driver_call *call;

    open_place(&place, script);
    call = wi_driver_navigate(place.driver, "http://h/", 5000, on_done, &place);
    wi_driver_wait_ready(place.driver, 5000, on_done, &place);
    while (place.connections < 2)
        uv_run(&place.loop, UV_RUN_ONCE);
    wi_driver_cancel(call);
    wi_driver_cancel(NULL);
    close_place(&place); /* cancels the other */
    assert_int_equal(place.done, 0);
}

static void free_driver(void *context, const struct wi_error *error)
{
    struct place *place = context;

    wi_driver_free(place->driver);
    place->driver = NULL;
    place->done = 1;
}

TEST(the_driver_may_be_freed_in_its_callback)
{
    const char *const script[] = {NOTHING, NULL};
    struct place place;

    open_place(&place, script);
    wi_driver_navigate(place.driver, "http://h/", 5000, free_driver, &place);
    wi_driver_navigate(place.driver, "http://h/", 5000, on_done, &place);
    while (place.driver)
        uv_run(&place.loop, UV_RUN_ONCE);
    close_place(&place);
}

/* --- a Selenium Grid ---------------------------------------------------------------------------
 */

#define HUB(slot)                                                                                  \
    "200 {\"value\":{\"ready\":false,\"nodes\":[{\"uri\":\"http://127.0.0.1:%d\","                 \
    "\"slots\":[" slot "]}]}}"
#define MADE "200 {\"value\":{\"sessionId\":\"abc-1\",\"capabilities\":{}}}"
#define UNKNOWN                                                                                    \
    "404 {\"value\":{\"error\":\"invalid session id\",\"message\":\"Unable to find it\"}}"

TEST(a_service_is_asked_once_what_it_has)
{
    const char *const script[] = {NOT_READY, HUB("{\"stereotype\":{\"browserName\":\"chrome\"}}"),
        "200 {\"value\":{\"nodes\":[{}]}}", "200 ???", NULL};
    struct place place;

    open_place(&place, script);
    assert_null(wi_driver_grid(place.driver));
    wi_driver_ask_grid(place.driver, "chrome", 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    assert_null(wi_driver_grid(place.driver)); /* it is a driver */
    assert_memory_equal(place.request, "GET /status ", 12);
    wi_driver_ask_grid(place.driver, "chrome", 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_OK);
    assert_int_equal(wi_driver_grid(place.driver)->free, 1);
    wi_driver_ask_grid(place.driver, "chrome", 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_INTERNAL);
    assert_string_equal(place.error.field, WI_GRID_FIELD);
    assert_null(wi_driver_grid(place.driver));
    wi_driver_ask_grid(place.driver, "chrome", 5000, on_done, &place);
    wait_done(&place);
    assert_int_equal(place.error.code, WI_INTERNAL);
    assert_string_equal(place.error.field, "");
    close_place(&place);
}

/* Deletes a session that the hub does not know; then `status` is what it has, with its own port for
 * that of the node. */
static void delete_forgotten(struct place *place, const char *status)
{
    const char *script[] = {MADE, UNKNOWN, "", NOTHING, NULL};
    struct sockaddr_in address;
    int size = sizeof address;

    open_place(place, script);
    uv_tcp_getsockname(&place->listener, (struct sockaddr *)&address, &size);
    char *text = wi_sprintf(status, ntohs(address.sin_port));
    script[2] = text;
    wi_driver_new_session(place->driver, json_object(), 5000, on_done, place);
    wait_done(place);
    assert_int_equal(place->error.code, WI_OK);
    wi_driver_delete_session(place->driver, 5000, on_done, place);
    wait_done(place);
    free(text);
}

TEST(a_session_that_its_hub_has_forgotten_is_deleted_at_its_node)
{
    struct place place;

    delete_forgotten(&place, HUB("{\"session\":{\"sessionId\":\"abc-1\"}}"));
    assert_int_equal(place.error.code, WI_OK);
    assert_memory_equal(place.request, "DELETE /session/abc-1 ", 22);
    assert_int_equal(place.answered, 3); /* all of the script */
    assert_null(wi_driver_session_id(place.driver));
    close_place(&place);
}

TEST(a_session_that_no_node_has_is_not_looked_for_further)
{
    static const char *const answers[] = {HUB("{\"session\":{\"sessionId\":\"abc-2\"}}"), READY,
        "200 {\"value\":{\"nodes\":[{}]}}", "500 oops"};
    struct place place;

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        delete_forgotten(&place, answers[i]);
        assert_int_equal(place.error.code, WI_SESSION_NOT_FOUND);
        assert_non_null(strstr(place.error.detail, "Unable to find it"));
        assert_memory_equal(place.request, "GET /status ", 12);
        close_place(&place);
    }
}
