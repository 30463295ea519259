/* HTTP on the loop against a small server on the same loop: answers, failures, limits, cancel. */
#include "../test.h"

#include "base/http_client.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    uv_loop_t loop;
    uv_tcp_t listener;
    struct wi_http *http;
    const char *reply; /* what the server says to any request; NULL: nothing, ever */
    char request[2048];
    char url[64];
    int answers, status, failed;
    char body[256];
};

static struct fixture *fixture;

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

static void on_written(uv_write_t *write, int status)
{
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
    if (fixture->reply == NULL || strstr(fixture->request, "\r\n\r\n") == NULL)
        return;
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
    struct sockaddr_in address;
    int size = sizeof address;
    memset(&the, 0, sizeof the);
    fixture = &the;
    uv_loop_init(&the.loop);
    uv_tcp_init(&the.loop, &the.listener);
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_bind(&the.listener, (struct sockaddr *)&address, 0);
    uv_listen((uv_stream_t *)&the.listener, 8, on_connection);
    uv_tcp_getsockname(&the.listener, (struct sockaddr *)&address, &size);
    snprintf(the.url, sizeof the.url, "http://127.0.0.1:%d/status", ntohs(address.sin_port));
    the.http = wi_http_new(&the.loop);
    return 0;
}

static int tear_down(void **state)
{
    wi_http_free(fixture->http);
    uv_close((uv_handle_t *)&fixture->listener, NULL);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    return uv_loop_close(&fixture->loop);
}

static void on_answer(void *context, const struct wi_http_answer *answer)
{
    fixture->answers++;
    fixture->status = answer->status;
    fixture->failed = answer->failure != NULL;
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
        uv_run(&fixture->loop, UV_RUN_ONCE);
}

static void gives_status_and_body(void **state)
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

static void fails_on_garbage(void **state)
{
    fixture->reply = "this is no HTTP\r\n\r\n";
    start("GET", NULL, 5000);
    wait_for_answer();
    assert_int_equal(fixture->status, 0);
    assert_true(fixture->failed);
}

static void refuses_a_large_answer(void **state)
{
    char reply[256];
    snprintf(reply, sizeof reply,
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n%0100d", 0);
    fixture->reply = reply;
    start("GET", NULL, 5000);
    wait_for_answer();
    assert_true(fixture->failed);
}

static void keeps_its_deadline(void **state)
{
    start("GET", NULL, 50);
    wait_for_answer();
    assert_true(fixture->failed);
}

static void cancelled_calls_never_answer(void **state)
{
    fixture->reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    wi_http_cancel(start("GET", NULL, 5000));
    start("GET", NULL, 5000);
    wait_for_answer();
    assert_int_equal(fixture->answers, 1);
    start("GET", NULL, 5000); /* under way when the client is freed in tear_down */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gives_status_and_body),
        TEST(fails_on_garbage),
        TEST(refuses_a_large_answer),
        TEST(keeps_its_deadline),
        TEST(cancelled_calls_never_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
