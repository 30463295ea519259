/*
 * Heads after which nobody can say where the request ends. Each is answered at once, and what comes
 * behind it on the connection is never taken for a request.
 */
#include "../fixture.h"

#include "api/http/head.h"
#include <time.h>

/* What a smuggler would have run. */
#define BEHIND "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n"
#define BODY "Content-Type: application/json\r\n"

struct row {
    const char *request; /* behind the Host header if it begins with a line of a header */
    size_t size;
    int status;
    const char *code;
    const char *member, *words; /* of the problem; or NULL */
    enum {
        REFUSED,
        REPAIRED, /* the folded line becomes one line, and so the end of the request is known */
        CUT       /* without an answer */
    } newer;      /* by libmicrohttpd 1.0, which judges heads itself */
};

/* Behind the status stand the code, and a member of the problem with its text. */
#define ROW(text, ...)                                                                             \
    {                                                                                              \
        .request = text, sizeof text - 1, __VA_ARGS__                                              \
    }
/* What a head is made of, and what a body's coding may be. */
#define LINES "expected", "lines of \"Name: value\", each on one line"
#define NAMES "expected", "Name: value"
#define CHUNKED "allowed", "chunked"

static size_t answers(const struct client *client)
{
    size_t count = 0;
    for (const char *at = client->text; at && (at = strstr(at, "HTTP/1.1 ")); at++)
        count++;
    return count;
}

/* `%u` in `row` is the port; a NUL in it is sent as one. */
static void send_row(struct client *client, const struct row *row)
{
    char port[8], behind[128];
    snprintf(port, sizeof port, "%u", wi_server_port(fixture->server));
    snprintf(behind, sizeof behind, BEHIND, wi_server_port(fixture->server));
    const char *mark = memmem(row->request, row->size, "%u", 2);
    assert_non_null(mark);
    size_t before = (size_t)(mark - row->request);
    send_bytes(client, row->request, before);
    send_text(client, port);
    send_bytes(client, mark + 2, row->size - before - 2);
    send_text(client, behind);
}

static void check_row(const struct client *client, const struct row *row, size_t index)
{
    if (status_of(client) != row->status)
        fail_msg("row %zu: %s", index, client->text ? client->text : "no answer");
    check_problem(client, row->status, row->code);
    if (row->member)
        check_member(client, row->member, row->words);
}

/* What comes behind it is not answered. */
static void check_closed(struct client *client, size_t index)
{
    assert_non_null(strcasestr(client->text, "Connection: close"));
    until(closed(client));
    if (answers(client) != 1)
        fail_msg("row %zu: %s", index, client->text);
}

/* Whether libmicrohttpd deals with the request itself. */
static int is_the_librarys(struct client *client, const struct row *row)
{
    if (wi_head_layout_is_known(MHD_get_version()))
        return 0;
    switch (row->newer) {
    case REPAIRED:
        until(answered(client));
        assert_int_equal(status_of(client), 200);
        return 1;
    case CUT:
        until(closed(client));
        assert_int_equal(client->size, 0);
        return 1;
    default:
        until(answered(client));
        return is_library_refusal(client);
    }
}

FIXTURE(set_up, tear_down)

TEST(test_refused)
{
#define POST "POST /v1/infer HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" BODY
#define GET "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
    static const struct row rows[] = {
        ROW(GET "Content-Length: 0\r\nContent-Length: 44\r\n\r\n", 400, "bad_request", "field",
            "Content-Length"),
        ROW(POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400, "bad_request", "field",
            "Content-Length"),
        ROW(POST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
            "bad_request", "field", "Transfer-Encoding"),
        ROW(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400,
            "bad_request", "field", "Transfer-Encoding"),
        ROW(POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501, "not_implemented", CHUNKED),
        ROW(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, "not_implemented",
            CHUNKED),
        ROW(POST "Transfer-Encoding: \x0b"
                 "chunked\r\n\r\n0\r\n\r\n",
            501, "not_implemented", CHUNKED),
        ROW(POST "Transfer-Encoding: identity\r\n\r\n{}", 501, "not_implemented", CHUNKED),
        ROW(POST "Transfer-Encoding: \r\n\r\n", 501, "not_implemented", CHUNKED),
        ROW(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 501,
            "not_implemented", CHUNKED),
        ROW(GET "Transfer-Encoding: identity\r\n\r\n", 501, "not_implemented", CHUNKED),
        ROW(GET "Content-Length : 5\r\n\r\n", 400, "bad_request", NAMES),
        ROW(GET "Content-Length\t: 5\r\n\r\n", 400, "bad_request", NAMES),
        ROW(GET "Content\x01Length: 5\r\n\r\n", 400, "bad_request", NAMES),
        ROW(GET ": 5\r\n\r\n", 400, "bad_request", LINES),
        ROW(GET "X-A: b\rContent-Length: 5\r\n\r\n", 400, "bad_request", NAMES),
        ROW(GET "X-A: b\r\n c\r\n\r\n", 400, "bad_request", LINES, REPAIRED),
        ROW(GET "Content-Length: 0\r\n\t4\r\n\r\n", 400, "bad_request", LINES),
        ROW(GET "X-A: b\r\n c\r\nX-B: d\r\n\r\n", 400, "bad_request", LINES, REPAIRED),
        ROW(GET "X-A: b\0c\r\n\r\n", 400, "bad_request", LINES),
        ROW(GET "X-A: \0c\r\n\r\n", 400, "bad_request", LINES),
        ROW(GET "\0X-A: b\r\n\r\n", 400, "bad_request", LINES),
        ROW(GET "X-A: b\r\n\0\r\nContent-Length: 5\r\n\r\n", 400, "bad_request", LINES),
        ROW("GET /healthz\0x HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", 400, "bad_request", LINES,
            CUT),
        ROW("GET /healthz?a\0b HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", 400, "bad_request", LINES,
            CUT),
        ROW("POST /v1/infer HTTP/1.0\r\nHost: 127.0.0.1:%u\r\nConnection: keep-alive\r\n" BODY
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400, "bad_request", "field", "Transfer-Encoding"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *client = connect_client();
        send_row(client, &rows[i]);
        if (!is_the_librarys(client, &rows[i])) {
            until(answered(client));
            check_row(client, &rows[i], i);
        }
        if (client->size > 0 && status_of(client) != 200)
            check_closed(client, i);
        free_client(client);
    }
    until(wi_server_busy(fixture->server) == 0);
}

TEST(test_layout)
{
    assert_true(wi_head_layout_is_known("0.9.75"));
    assert_true(wi_head_layout_is_known("0.9.76"));
    assert_false(wi_head_layout_is_known("0.9.77"));
    assert_false(wi_head_layout_is_known("1.0.1"));
}

/* What is unusual, but beyond doubt, is taken as before. */
TEST(test_taken)
{
    static const char *const rows[] = {
        "X-A:b\r\n",
        "X-A:  \t b \t\r\n",
        "X-A:\r\nX-B: \r\n",
        "X-A: b\nX-C: d\r\n",
        "Content-Length: 0\r\n",
        "X-A: \"a: b\"; c=\xc3\xa4\r\n",
        "Cookie: a=b; c=d\r\nCookie: e=f\r\n",
        "X-A: b\r\nX-A: c\r\n",
    };
    struct client *client = connect_client();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        send_head(client, "GET", "/healthz?a=%20b&c", rows[i]);
        until(answered(client));
        if (status_of(client) != 200)
            fail_msg("row %zu: %s", i, client->text ? client->text : "no answer");
        next_answer(client);
    }
    /* A head that outgrows libmicrohttpd's first buffer, in pieces, and with one behind it. */
    char line[800], head[64];
    memset(line, 'x', sizeof line);
    memcpy(line, "X-Long: ", 8);
    memcpy(line + sizeof line - 3, "\r\n", 3);
    snprintf(head, sizeof head, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n",
        wi_server_port(fixture->server));
    send_text(client, head);
    for (int i = 0; i < 50; i++) {
        send_text(client, line);
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    }
    send_text(client, "\r\n");
    send_head(client, "GET", "/readyz", "");
    for (int i = 0; i < 2; i++) {
        until(answered(client));
        assert_int_equal(status_of(client), 200);
        next_answer(client);
    }
    free_client(client);
}

TEST(test_codings_of_the_body)
{
    static const struct {
        const char *more, *field, *allowed;
    } rows[] = {
        {BODY "Content-Encoding: gzip\r\n", "Content-Encoding", "identity"},
        {BODY "Content-Encoding: identity, br\r\n", "Content-Encoding", "identity"},
        {"Content-Type: application/json; charset=utf-16\r\n", "Content-Type",
            "charset=utf-8, or none"},
        {"Content-Type: application/json;x=1;CHARSET=\"latin1\"\r\n", "Content-Type",
            "charset=utf-8, or none"},
    };
    char more[256];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *client = connect_client();
        snprintf(more, sizeof more, "%sContent-Length: 2\r\n", rows[i].more);
        send_head(client, "POST", "/v1/infer", more);
        send_text(client, "{}");
        until(answered(client));
        check_problem(client, 415, "unsupported_media_type");
        check_member(client, "field", rows[i].field);
        check_member(client, "allowed", rows[i].allowed);
        free_client(client);
    }
    /* Nothing is coded where there is no body. */
    assert_int_equal(ask("GET", "/healthz", "Content-Encoding: gzip\r\n", NULL), 200);
    struct client *client = connect_client();
    snprintf(more, sizeof more,
        "Content-Type: application/json; charset=\"UTF-8\"\r\nContent-Encoding: identity\r\n"
        "Content-Length: %zu\r\n",
        strlen(ECHO_REQUEST));
    send_head(client, "POST", "/v1/infer", more);
    send_text(client, ECHO_REQUEST);
    until(fixture->has_job);
    finish_job(WI_OK);
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    free_client(client);
}

/* With the port in the place of %u; the answer's status. */
static int ask_target(const char *target, const char *host)
{
    struct client *client = connect_client();
    unsigned port = wi_server_port(fixture->server);
    char request[512], with[256];
    snprintf(with, sizeof with, target, port);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%u\r\n\r\n", with, host, port);
    send_text(client, request);
    until(answered(client));
    int status = status_of(client);
    free_client(client);
    return status;
}

/* As clients of a proxy write it. Both names must be ours. */
TEST(test_absolute_targets)
{
    static const struct {
        const char *target;
        int status;
    } rows[] = {
        {"http://127.0.0.1:%u/healthz", 200},
        {"HTTP://localhost:%u/healthz?a=b", 200},
        {"https://127.0.0.1:%u/healthz", 200},
        {"http://127.0.0.1:%u", 200}, /* that is "/" */
        {"http://127.0.0.1:%u/nothing", 404},
        {"http://evil.example:%u/healthz", 403},
        {"http://127.0.0.1/healthz?%u", 200}, /* loopback, by any port */
        {"http://128.0.0.1/healthz?%u", 403},
        {"http://me@127.0.0.1:%u/healthz", 403},
        {"http:///healthz?%u", 403},
        {"ftp://127.0.0.1:%u/healthz", 404},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int status = ask_target(rows[i].target, "127.0.0.1");
        if (status != rows[i].status)
            fail_msg("%s: %d", rows[i].target, status);
    }
    assert_int_equal(ask_target("http://127.0.0.1:%u/healthz", "evil.example"), 403);
}

/* Of what counts once two values are none; of lists there is more, and the same twice is said once.
 */
TEST(test_headers_twice)
{
    static const struct {
        const char *more, *field; /* NULL: it is taken */
    } rows[] = {
        {"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", "Authorization"},
        {"Content-Type: application/json\r\ncontent-type: text/plain\r\n", "Content-Type"},
        {"Origin: http://a.example\r\nOrigin: http://b.example\r\n", "Origin"},
        {"Idempotency-Key: a\r\nIdempotency-Key:\r\n", "Idempotency-Key"},
        {"Inference-Header-Content-Length: 2\r\nInference-Header-Content-Length: 3\r\n",
            "Inference-Header-Content-Length"},
        {"Accept: image/png\r\nAccept: image/gif\r\n", "Accept"},
        {"Accept: image/png\r\nAccept: image/gif\r\nAccept: application/json\r\n", NULL},
        {"Authorization: Bearer a\r\nAuthorization: Bearer a\r\n", NULL},
        {"X-Request-Id: a\r\nX-Request-Id: b\r\n", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *json;
        int status = ask("GET", "/healthz", rows[i].more, &json);
        const char *field = json_string_value(json_object_get(json, "field"));
        if (rows[i].field ? !field || strcmp(field, rows[i].field) != 0 : status != 200)
            fail_msg("row %zu: %d, %s", i, status, field ? field : "no field");
        json_decref(json);
    }
}

static void begin_endless_chunk(struct client *client, size_t size)
{
    char *line = malloc(size);
    memset(line, 'a', size);
    memcpy(line, "5;", 2);
    send_head(client, "POST", "/v1/infer", BODY "Transfer-Encoding: chunked\r\n");
    send_bytes(client, line, size);
    free(line);
}

static double cpu_ms(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6;
}

/* It fills all the memory that libmicrohttpd has for a connection, whether more comes or not, and
 * keeps no core busy until it is refused. */
TEST(test_endless_chunk_head)
{
    static const size_t sizes[] = {62000, 70000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct client *client = connect_client();
        double began = wi_now_ms(), used = cpu_ms();
        begin_endless_chunk(client, sizes[i]);
        until(answered(client) || closed(client));
        if (client->size > 0 || wi_head_layout_is_known(MHD_get_version()))
            check_problem(client, 408, "request_timeout");
        until(wi_now_ms() > began + 150);
        assert_true(cpu_ms() - used < (wi_now_ms() - began) / 2);
        assert_int_equal(ask("GET", "/healthz", "", NULL), 200);
        until(closed(client));
        free_client(client);
    }
}
