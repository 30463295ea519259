/* HTTP on the loop against a small server on the same loop: answers, failures, limits, cancel. */
#include "../../test.h"

#include "../../loopback.h"
#include "../../made_up_clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/net/http_client.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct fixture {
    uv_loop_t loop;
    uv_tcp_t listener;
    struct wi_http *http;
    const char *reply; /* what the server says to any request; NULL: nothing, ever */
    int keep;          /* the server leaves the connection open */
    const char *until; /* what the server reads before it answers; NULL: the end of a head */
    int drops;         /* requests that it then answers by closing the connection */
    char request[2048];
    char url[64];
    int answers, status, failed;
    enum wi_http_end end;
    char body[256];
    /* Of a call whose body comes in pieces. */
    int head_status, refuse_head, pauses, stop_after_pause;
    char etag[32], taken[256];
    size_t sends; /* how often on_send was called */
    struct wi_http_call *call;
};

static struct fixture *fixture;

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

static void on_walk(uv_handle_t *handle, void *context)
{
    if (handle->type == UV_TCP && !uv_is_closing(handle) &&
        handle != (uv_handle_t *)&fixture->listener)
        uv_close(handle, free_handle);
}

static void on_written(uv_write_t *write, int status)
{
    if (!fixture->keep && !uv_is_closing((uv_handle_t *)write->handle))
        uv_close((uv_handle_t *)write->handle, free_handle);
    free(write);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    size_t used = strlen(fixture->request);
    *buffer = uv_buf_init(fixture->request + used, (unsigned)(sizeof fixture->request - used - 1));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    if (count < 0) {
        uv_close((uv_handle_t *)stream, free_handle);
        return;
    }
    if (fixture->reply == NULL ||
        strstr(fixture->request, fixture->until ? fixture->until : "\r\n\r\n") == NULL)
        return;
    if (fixture->drops > 0) {
        fixture->drops--;
        memset(fixture->request, 0, sizeof fixture->request);
        uv_close((uv_handle_t *)stream, free_handle);
        return;
    }
    if (!fixture->keep)
        uv_read_stop(stream);
    uv_buf_t out = uv_buf_init((char *)fixture->reply, (unsigned)strlen(fixture->reply));
    uv_write(calloc(1, sizeof(uv_write_t)), stream, &out, 1, on_written);
}

static void on_connection(uv_stream_t *listener, int status)
{
    uv_tcp_t *client = calloc(1, sizeof *client);
    uv_tcp_init(&fixture->loop, client);
    assert_int_equal(uv_accept(listener, (uv_stream_t *)client), 0);
    uv_read_start((uv_stream_t *)client, on_alloc, on_read);
}

static int set_up(void **state)
{
    static struct fixture the;
    memset(&the, 0, sizeof the);
    fixture = &the;
    uv_loop_init(&the.loop);
    snprintf(the.url, sizeof the.url, "http://127.0.0.1:%d/status",
        listen_on_loopback(&the.loop, &the.listener, on_connection));
    the.http = wi_http_new(&the.loop);
    return 0;
}

static int tear_down(void **state)
{
    wi_http_free(fixture->http);
    uv_walk(&fixture->loop, on_walk, NULL);
    uv_close((uv_handle_t *)&fixture->listener, NULL);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    return uv_loop_close(&fixture->loop);
}

static void on_answer(void *context, const struct wi_http_answer *answer)
{
    fixture->answers++;
    fixture->status = answer->status;
    fixture->failed = answer->failure != NULL;
    fixture->end = answer->end;
    uv_stop(&fixture->loop);
    snprintf(fixture->body, sizeof fixture->body, "%s", answer->body);
}

static struct wi_http_call *start(const char *method, const char *body, uint64_t timeout_ms)
{
    struct wi_http_request request = {.method = method,
        .url = fixture->url,
        .body = body,
        .body_size = body ? strlen(body) : 0,
        .content_type = "application/json",
        .timeout_ms = timeout_ms,
        .max_answer = 64};
    return wi_http_start(fixture->http, &request, on_answer, NULL);
}

static void wait_for_answer(void)
{
    while (fixture->answers == 0)
        uv_run(&fixture->loop, UV_RUN_DEFAULT);
}

FIXTURE(set_up, tear_down)

TEST(gives_status_and_body)
{
    fixture->reply =
        "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    start("POST", "{\"a\":1}", 5000);
    assert_int_equal(fixture->answers, 0);
    wait_for_answer();
    assert_int_equal(fixture->status, 404);
    assert_false(fixture->failed);
    assert_string_equal(fixture->body, "hello");
    assert_non_null(strstr(fixture->request, "POST /status HTTP/1.1"));
    assert_non_null(strstr(fixture->request, "Content-Type: application/json"));
    assert_null(strstr(fixture->request, "Expect:"));
}

TEST(fails_on_garbage)
{
    fixture->reply = "this is no HTTP\r\n\r\n";
    start("GET", NULL, 5000);
    wait_for_answer();
    assert_int_equal(fixture->status, 0);
    assert_true(fixture->failed);
}

TEST(refuses_a_large_answer)
{
    char reply[256];
    snprintf(reply, sizeof reply,
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n%0100d", 0);
    fixture->reply = reply;
    start("GET", NULL, 5000);
    wait_for_answer();
    assert_true(fixture->failed);
}

TEST(keeps_its_deadline)
{
    start("GET", NULL, 50);
    wait_for_answer();
    assert_true(fixture->failed);
}

/* While this process stood still the answer may have come. */
TEST(its_deadline_excuses_our_own_standstill)
{
    struct wi_timer *awake = wi_loop_keep_awake(&fixture->loop);
    start("GET", NULL, 5000);
    clock_skip(60000);
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
    assert_int_equal(fixture->answers, 0);
    for (int i = 0; i < 5; i++) {
        clock_skip(900);
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(fixture->answers, 1);
    assert_true(fixture->failed);
    wi_timer_free(awake);
}

TEST(cancelled_calls_never_answer)
{
    fixture->reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    wi_http_cancel(start("GET", NULL, 5000));
    start("GET", NULL, 5000);
    wait_for_answer();
    assert_int_equal(fixture->answers, 1);
    start("GET", NULL, 5000); /* under way when the client is freed in tear_down */
}

static int take_socket(void *context)
{
    int *taken = context;
    return ++*taken > 1 ? socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
}

/* Each has a connection of its own, although the other side would keep one open; where there is no
 * socket, the call fails. */
TEST(goes_through_an_outlet)
{
    int taken = 0;
    const struct wi_outlet outlet = {&taken, take_socket};
    struct wi_http_request request = {.method = "GET",
        .url = fixture->url,
        .timeout_ms = 5000,
        .max_answer = 64,
        .outlet = &outlet};
    fixture->reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    fixture->keep = 1;
    for (int i = 0; i < 3; i++) {
        fixture->answers = 0;
        memset(fixture->request, 0, sizeof fixture->request);
        wi_http_start(fixture->http, &request, on_answer, NULL);
        wait_for_answer();
        assert_int_equal(fixture->failed, i == 0);
    }
    assert_int_equal(taken, 3);
}

/* --- bodies in pieces ------------------------------------------------------------------------ */

static int on_head(void *context, const struct wi_http_call *call, int status)
{
    const char *etag = wi_http_call_header(call, "etag");
    fixture->head_status = status;
    snprintf(fixture->etag, sizeof fixture->etag, "%s", etag ? etag : "none");
    assert_null(wi_http_call_header(call, "location"));
    return fixture->refuse_head ? -1 : 0;
}

static enum wi_http_verdict on_data(void *context, const char *bytes, size_t size)
{
    size_t used = strlen(fixture->taken);
    if (fixture->pauses > 0) {
        fixture->pauses--;
        return WI_HTTP_PAUSE;
    }
    if (fixture->stop_after_pause)
        return WI_HTTP_END;
    snprintf(fixture->taken + used, sizeof fixture->taken - used, "%.*s", (int)size, bytes);
    return WI_HTTP_TAKEN;
}

static void start_pieces(uint64_t stall_ms)
{
    static const char *const headers[] = {"Authorization: Bearer secret", "Range: bytes=0-9", NULL};
    struct wi_http_request request = {.method = "GET",
        .url = fixture->url,
        .headers = headers,
        .stall_ms = stall_ms,
        .outside = 1,
        .allow_private = 1,
        .on_head = on_head,
        .on_data = on_data};
    fixture->call = wi_http_start(fixture->http, &request, on_answer, NULL);
}

static const char in_pieces[] =
    "HTTP/1.1 103 Early Hints\r\nETag: early\r\n\r\n"
    "HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\nETag: \"abc\"\r\n"
    "Connection: close\r\n\r\n0123456789";

TEST(hands_the_body_on)
{
    fixture->reply = in_pieces;
    start_pieces(5000);
    wait_for_answer();
    assert_int_equal(fixture->end, WI_HTTP_ANSWERED);
    assert_int_equal(fixture->status, 206);
    assert_int_equal(fixture->head_status, 206);
    assert_string_equal(fixture->etag, "\"abc\"");
    assert_string_equal(fixture->taken, "0123456789");
    assert_string_equal(fixture->body, "");
    assert_non_null(strstr(fixture->request, "Authorization: Bearer secret\r\n"));
    assert_non_null(strstr(fixture->request, "Range: bytes=0-9\r\n"));
    assert_non_null(strstr(fixture->request, "Accept-Encoding: identity\r\n"));
}

TEST(ends_at_the_head)
{
    fixture->reply = in_pieces;
    fixture->refuse_head = 1;
    start_pieces(5000);
    wait_for_answer();
    assert_int_equal(fixture->end, WI_HTTP_STOPPED);
    assert_string_equal(fixture->taken, "");
}

TEST(refuses_an_endless_head)
{
    static char reply[80 * 1024];
    size_t used = (size_t)snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\n");
    while (used < sizeof reply - 64)
        used += (size_t)snprintf(reply + used, sizeof reply - used, "X-More: %032d\r\n", 0);
    fixture->reply = reply;
    start_pieces(5000);
    wait_for_answer();
    assert_int_equal(fixture->end, WI_HTTP_STOPPED);
    assert_int_equal(fixture->head_status, 0);
}

static void wait_for_pause(void)
{
    while (fixture->pauses > 0)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_int_equal(fixture->answers, 0);
}

TEST(gives_a_piece_again_after_a_pause)
{
    fixture->reply = in_pieces;
    fixture->pauses = 1;
    start_pieces(5000);
    wait_for_pause();
    fixture->pauses = 1;
    wi_http_resume(fixture->call);
    wait_for_pause();
    wi_http_resume(fixture->call);
    wait_for_answer();
    assert_int_equal(fixture->end, WI_HTTP_ANSWERED);
    assert_string_equal(fixture->taken, "0123456789");
}

TEST(ends_after_a_pause)
{
    fixture->reply = in_pieces;
    fixture->pauses = 1;
    fixture->stop_after_pause = 1;
    start_pieces(5000);
    wait_for_pause();
    wi_http_resume(fixture->call);
    assert_int_equal(fixture->answers, 0);
    wait_for_answer();
    assert_int_equal(fixture->end, WI_HTTP_STOPPED);
    assert_int_equal(fixture->answers, 1);
}

TEST(ends_what_stalls)
{
    fixture->reply = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234";
    fixture->keep = 1;
    start_pieces(1000);
    wait_for_answer();
    assert_int_equal(fixture->end, WI_HTTP_BROKEN);
    assert_string_equal(fixture->taken, "01234");
}

/* --- bodies that are given in pieces --------------------------------------------------------- */

static const char sent[] = "a body that is not copied, and that ends here";

/* Fewer bytes than there is room for, where there is room for many: newer curls ask for no more
 * than is left. */
static size_t on_send(void *context, uint64_t position, char *out, size_t room)
{
    size_t left = sizeof sent - 1 - (size_t)position, size = left < 7 ? left : 7;
    assert_true(position < sizeof sent - 1);
    assert_true(room >= 1);
    size = size < room ? size : room;
    memcpy(out, sent + position, size);
    fixture->sends++;
    return size;
}

static void start_sending(void)
{
    struct wi_http_request request = {.method = "POST",
        .url = fixture->url,
        .body_size = sizeof sent - 1,
        .on_send = on_send,
        .content_type = "application/octet-stream",
        .timeout_ms = 5000,
        .max_answer = 64};
    wi_http_start(fixture->http, &request, on_answer, NULL);
}

static const char *body_of_request(void)
{
    const char *end = strstr(fixture->request, "\r\n\r\n");
    return end ? end + 4 : "";
}

TEST(sends_a_body_in_pieces)
{
    fixture->until = "ends here";
    fixture->reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    start_sending();
    wait_for_answer();
    assert_int_equal(fixture->status, 200);
    assert_string_equal(fixture->body, "ok");
    assert_string_equal(body_of_request(), sent);
    assert_non_null(strstr(fixture->request, "POST /status HTTP/1.1\r\n"));
    assert_non_null(strstr(fixture->request, "Content-Length: 45\r\n"));
    assert_non_null(strstr(fixture->request, "Content-Type: application/octet-stream\r\n"));
    assert_null(strstr(fixture->request, "Expect:"));
    assert_true(fixture->sends >= sizeof sent / 7);
}

/* A connection that was kept had ended: the body goes once more, from its beginning. */
TEST(sends_a_body_again_over_a_new_connection)
{
    fixture->until = "ends here";
    fixture->reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    fixture->keep = 1;
    for (int i = 0; i < 2; i++) {
        fixture->answers = 0;
        fixture->drops = i;
        start_sending();
        wait_for_answer();
        assert_int_equal(fixture->status, 200);
        assert_string_equal(body_of_request(), sent);
        memset(fixture->request, 0, sizeof fixture->request);
    }
    assert_int_equal(fixture->drops, 0);
}

/* --- where a call may go --------------------------------------------------------------------- */

static void start_outside(const char *url, int allow_private)
{
    struct wi_http_request request = {.method = "GET",
        .url = url,
        .timeout_ms = 5000,
        .max_answer = 64,
        .outside = 1,
        .allow_private = allow_private};
    fixture->answers = 0;
    fixture->request[0] = '\0';
    wi_http_start(fixture->http, &request, on_answer, NULL);
    wait_for_answer();
}

TEST(keeps_outside_calls_from_private_addresses)
{
    fixture->reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    fixture->keep = 1;
    start_outside(fixture->url, 1);
    assert_int_equal(fixture->status, 200);
    /* The connection of the call before is still there, and not for this one. */
    start_outside(fixture->url, 0);
    assert_int_equal(fixture->end, WI_HTTP_REFUSED);
    assert_string_equal(fixture->request, "");
    char *secure = wi_sprintf("https%s", fixture->url + strlen("http"));
    start_outside(secure, 0);
    free(secure);
    assert_int_equal(fixture->end, WI_HTTP_REFUSED);
    assert_string_equal(fixture->request, "");
}

TEST(keeps_outside_calls_to_https)
{
    static const char *const bad[] = {
        "http://192.0.2.1/", "http://example.org/", "file:///etc/passwd", "ftp://127.0.0.1/"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        start_outside(bad[i], 1);
        if (fixture->end != WI_HTTP_REFUSED)
            fail_msg("%s: %d", bad[i], fixture->end);
    }
}

/* Without it the system's are trusted, and the handshake begins. */
TEST(an_authority_that_cannot_be_read_is_not_passed_over)
{
    char *secure = wi_sprintf("https%s", fixture->url + strlen("http"));
    fixture->reply = "this is no TLS";
    fixture->until = "\x16\x03"; /* a record of a handshake */
    for (int i = 0; i < 2; i++) {
        struct wi_http_request request = {.method = "GET",
            .url = secure,
            .authority = i ? NULL : "/nonexistent/authority.pem",
            .timeout_ms = 5000,
            .max_answer = 64};
        fixture->answers = 0;
        wi_http_start(fixture->http, &request, on_answer, NULL);
        wait_for_answer();
        assert_true(fixture->failed);
        assert_int_equal(fixture->request[0], i ? 0x16 : 0);
    }
    free(secure);
}
