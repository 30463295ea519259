/*
 * The real server on a free port, with jobs, pool and bridge played by fixture.h. Clients are plain
 * sockets on the same thread: the loop turns until what is expected has happened.
 */
#include "../fixture.h"

#include <sys/resource.h>

/* --- inference ------------------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

TEST(test_echo_json)
{
    struct client *client = connect_client();
    for (int round = 0; round < 3; round++) { /* the connection lives on */
        submit_echo(client);
        assert_string_equal(fixture->spec.asked->client_id, "mine");
        finish_job(WI_OK);
        until(answered(client));
        assert_int_equal(status_of(client), 200);
        json_t *json = body_of(client);
        json_t *output = json_array_get(json_object_get(json, "outputs"), 0);
        json_t *ran = json_object_get(json, "executed_on");
        assert_string_equal(json_string_value(json_object_get(json, "id")), "mine");
        assert_true(json_number_value(json_array_get(json_object_get(output, "data"), 0)) == 1.5);
        assert_string_equal(json_string_value(json_object_get(ran, "browser")), "chrome");
        assert_string_equal(json_string_value(json_object_get(ran, "platform")), "wasm");
        assert_true(json_is_null(json_object_get(ran, "adapter")));
        json_decref(json);
        next_answer(client);
    }
    free_client(client);
}

/* As the configuration says when its last request ends. */
TEST(an_idle_connection_is_closed)
{
    struct client *client = connect_client();
    send_head(client, "GET", "/healthz", "");
    until(answered(client));
    next_answer(client);
    fixture->config.api.idle_timeout = 50;
    double began = wi_now_ms();
    send_head(client, "GET", "/healthz", "");
    until(answered(client));
    until(closed(client));
    assert_true(wi_now_ms() - began >= 50);
    free_client(client);
}

TEST(test_version_that_is_not_there)
{
    static const char *const paths[] = {
        "/v2/models/builtin/echo/versions/7", "/v2/models/builtin/echo/versions/7/ready"};
    struct client *client = connect_client();
    for (size_t i = 0; i < 2; i++) { /* with one answer each */
        send_head(client, "GET", paths[i], "");
        until(answered(client));
        assert_int_equal(status_of(client), 404);
        assert_non_null(strstr(client->text + client->head, "version"));
        next_answer(client);
    }
    free_client(client);
}

TEST(test_echo_binary)
{
    static const char head[] =
        "{\"model_name\":\"builtin/echo\",\"parameters\":{\"binary_data_output\":true},\"inputs\":["
        "{\"name\":\"a\",\"datatype\":\"FP16\",\"shape\":[2],\"parameters\":{\"binary_data_size\":"
        "4}},"
        "{\"name\":\"e\",\"datatype\":\"FP32\",\"shape\":[0],\"parameters\":{\"binary_data_size\":"
        "0}},"
        "{\"name\":\"b\",\"datatype\":\"UINT8\",\"shape\":[3],\"parameters\":{\"binary_data_size\":"
        "3}}]}";
    char more[200];
    struct client *client = connect_client();
    snprintf(more, sizeof more,
        "Content-Type: application/octet-stream\r\nInference-Header-Content-Length: %zu\r\n"
        "Content-Length: %zu\r\n",
        strlen(head), strlen(head) + 7);
    send_head(client, "POST", "/v1/infer", more);
    send_text(client, head);
    send_text(client, "abcdefg");
    until(fixture->has_job);
    finish_job(WI_OK);
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    const char *field = strcasestr(client->text, "Inference-Header-Content-Length: ");
    assert_non_null(field);
    size_t length = strtoul(field + 33, NULL, 10);
    assert_int_equal(length + 7, client->body_size);
    assert_memory_equal(client->text + client->head + length, "abcdefg", 7);
    json_t *json = json_loadb(client->text + client->head, length, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(json, "outputs")), 3);
    json_decref(json);
    free_client(client);
}

/* A body that is parsed, and an answer that is printed, off the loop. */
TEST(test_large_json)
{
    size_t count = 150000;
    char *body = malloc(count * 4 + 200);
    size_t size = (size_t)sprintf(body,
        "{\"model_name\":\"builtin/echo\",\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\","
        "\"shape\":[%zu],\"data\":[",
        count);
    for (size_t i = 0; i < count; i++)
        size += (size_t)sprintf(body + size, "%s%zu", i ? "," : "", i % 100);
    size += (size_t)sprintf(body + size, "]}]}");
    struct client *client = connect_client();
    post(client, "/v1/infer", body, size);
    until(fixture->has_job);
    assert_true(fixture->budget.used >= count * 4);
    finish_job(WI_OK);
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    json_t *json = body_of(client);
    json_t *output = json_array_get(json_object_get(json, "outputs"), 0);
    assert_int_equal(json_array_size(json_object_get(output, "data")), count);
    json_decref(json);
    next_answer(client);
    /* And one that is refused after parsing. */
    body[size - 1] = ']';
    post(client, "/v1/infer", body, size);
    until(answered(client));
    check_problem(client, 400, "bad_json");
    free_client(client);
    /* And a client that leaves while the thread parses. */
    client = connect_client();
    post(client, "/v1/infer", body, size);
    free_client(client);
    until(wi_server_busy(fixture->server) == 0);
    free(body);
}

TEST(test_job_failures)
{
    static const struct {
        enum wi_code code;
        int status;
        const char *name;
    } rows[] = {{WI_DEADLINE_EXCEEDED, 504, "deadline_exceeded"},
        {WI_ATTEMPTS_EXHAUSTED, 502, "attempts_exhausted"},
        {WI_INFERENCE_FAILED, 500, "inference_failed"}};
    struct client *client = connect_client();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        submit_echo(client);
        finish_job(rows[i].code);
        until(answered(client));
        check_problem(client, rows[i].status, rows[i].name);
        next_answer(client);
    }
    fixture->admit = WI_QUEUE_FULL;
    post(client, "/v1/infer", ECHO_REQUEST, strlen(ECHO_REQUEST));
    until(answered(client));
    check_problem(client, 429, "queue_full");
    assert_non_null(strcasestr(client->text, "Retry-After: 1"));
    next_answer(client);
    fixture->admit = WI_OK;
    static const char unknown[] = "{\"model_name\":\"nothing\",\"inputs\":[]}";
    post(client, "/v1/infer", unknown, strlen(unknown));
    until(answered(client));
    check_problem(client, 404, "model_not_found");
    free_client(client);
}

TEST(test_client_leaves)
{
    struct client *client = connect_client();
    submit_echo(client);
    assert_int_equal(wi_server_busy(fixture->server), 1);
    free_client(client);
    until(fixture->abandoned == 1);
    until(wi_server_busy(fixture->server) == 0);
    /* A reset looks different to the system, and is the same to us. */
    client = connect_client();
    submit_echo(client);
    struct linger linger = {1, 0};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    free_client(client);
    until(fixture->abandoned == 2);
    until(wi_server_busy(fixture->server) == 0);
}

TEST(test_look_and_cancel)
{
    struct client *client = connect_client();
    json_t *json;
    submit_echo(client);
    assert_int_equal(ask("GET", "/v1/jobs/mine", "", &json), 200);
    assert_string_equal(json_string_value(json_object_get(json, "id")), fixture->spec.id);
    json_decref(json);
    assert_int_equal(ask("GET", "/v1/status", "", &json), 200);
    json_t *jobs = json_object_get(json_object_get(json, "queue"), "jobs");
    assert_int_equal(json_array_size(jobs), 1);
    json_decref(json);
    assert_int_equal(ask("DELETE", "/v1/jobs/mine", "", NULL), 200);
    until(answered(client));
    check_problem(client, 409, "cancelled");
    free_client(client);
    assert_int_equal(ask("DELETE", "/v1/jobs/mine", "", &json), 404);
    json_decref(json);
}

/* --- the rest of the API --------------------------------------------------------------------- */

TEST(test_endpoints)
{
    static const char *const paths[] = {"/", "/healthz", "/readyz", "/v2/health/live",
        "/v2/health/ready", "/v1/status", "/v1/nodes", "/v1/models", "/v1/models/builtin/echo"};
    json_t *json;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_int_equal(ask("GET", paths[i], "", &json), 200);
        assert_true(json_is_object(json));
        json_decref(json);
        assert_int_equal(ask("GET", paths[i], "Accept: image/png\r\n", NULL), 406);
    }
    assert_int_equal(ask("GET", "/metrics", "", NULL), 200);
    assert_int_equal(ask("GET", "/nothing", "", NULL), 404);
    assert_int_equal(ask("PUT", "/v1/status", "", NULL), 405);
    assert_int_equal(ask("GET", "/v1/models", "Sec-Fetch-Site: cross-site\r\n", NULL), 403);
    assert_int_equal(ask("GET", "/%00", "", NULL), 400);
    assert_int_equal(ask("GET", "/healthz?x=%00", "", NULL), 200);
    assert_int_equal(ask("POST", "/v1/nodes/node-1/drain", "", NULL), 200);
    assert_int_equal(ask("POST", "/v1/nodes/node-2/undrain", "", NULL), 404);
    assert_int_equal(ask("POST", "/v1/nodes/node-1/forgive", "", &json), 200);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "forgiven");
    json_decref(json);
    assert_int_equal(ask("POST", "/v1/nodes/node-2/forgive", "", NULL), 404);
    assert_int_equal(ask("POST", "/v1/sessions/s/recycle", "", NULL), 404);
    assert_int_equal(ask("POST", "/v1/models/nothing/load", "", NULL), 404);
    assert_int_equal(ask("POST", "/v1/models/nothing/unload", "", NULL), 202);
    assert_int_equal(ask("POST", "/v1/models/builtin/echo/load", "", NULL), 409);
    fixture->ready = WI_UNAVAILABLE;
    assert_int_equal(ask("GET", "/readyz", "", &json), 503);
    assert_non_null(strstr(json_string_value(json_object_get(json, "detail")), "installed"));
    json_decref(json);
    assert_int_equal(ask("GET", "/v2/health/ready", "", NULL), 503);
    assert_int_equal(ask("GET", "/v2/health/live", "", NULL), 200);
}

TEST(test_head_and_options)
{
    struct client *client = connect_client();
    send_head(client, "HEAD", "/healthz", "");
    until(client->head > 0 || answered(client));
    assert_int_equal(status_of(client), 200);
    assert_int_equal(client->size, client->head);
    free_client(client);
    client = connect_client();
    send_head(client, "OPTIONS", "/v1/infer", "");
    until(answered(client));
    assert_int_equal(status_of(client), 204);
    assert_non_null(strcasestr(client->text, "Allow: POST"));
    free_client(client);
}

/* RFC 9110, 9.3.7: about the server as a whole. */
TEST(options_of_everything)
{
    struct client *client = connect_client();
    send_head(client, "OPTIONS", "*", "");
    until(answered(client));
    assert_int_equal(status_of(client), 204);
    const char *allow = strcasestr(client->text, "\r\nAllow: ");
    assert_non_null(allow);
    static const char *const methods[] = {"GET", "HEAD", "POST", "DELETE"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        assert_non_null(strstr(allow, methods[i]));
    assert_null(strcasestr(client->text, "Connection: close"));
    next_answer(client);
    send_head(client, "GET", "*", "");
    until(answered(client));
    check_problem(client, 404, "not_found");
    free_client(client);
}

/* More than libmicrohttpd has memory for: they are counted before it takes any. */
TEST(many_parameters_are_refused)
{
    static const int counts[] = {100, 101, 1500, 12000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct client *client = connect_client();
        struct wi_buffer head = {0};
        wi_buffer_puts(&head, "GET /v1/models?a=1");
        for (int k = 1; k < counts[i]; k++)
            wi_buffer_puts(&head, "&b");
        wi_buffer_printf(
            &head, " HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", wi_server_port(fixture->server));
        send_text(client, head.text);
        wi_buffer_clear(&head);
        until(answered(client));
        if (i == 0) {
            assert_int_equal(status_of(client), 200);
        } else {
            char words[64];
            check_problem(client, 400, "bad_request");
            snprintf(words, sizeof words, "has %d parameters", counts[i]);
            assert_non_null(strstr(client->text, words));
            assert_non_null(strstr(client->text, "at most 100 parameters"));
        }
        next_answer(client);
        send_head(client, "GET", "/healthz", ""); /* the connection lives on */
        until(answered(client));
        assert_int_equal(status_of(client), 200);
        free_client(client);
    }
}

TEST(test_request_ids)
{
    struct client *client = connect_client();
    send_head(client, "GET", "/healthz", "X-Request-Id: my-id.42\r\n");
    until(answered(client));
    assert_non_null(strcasestr(client->text, "X-Request-Id: my-id.42\r\n"));
    next_answer(client);
    send_head(client, "GET", "/healthz", "X-Request-Id: a b\r\n");
    until(answered(client));
    assert_null(strcasestr(client->text, "X-Request-Id: a b"));
    assert_non_null(strcasestr(client->text, "X-Request-Id: req-"));
    free_client(client);
}

TEST(test_guarded)
{
    struct client *client = connect_client();
    send_text(client, "GET /healthz HTTP/1.1\r\n\r\n");
    until(answered(client));
    if (!is_library_refusal(client))
        check_problem(client, 400, "bad_request");
    free_client(client);
    client = connect_client();
    send_text(client, "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    until(answered(client));
    check_problem(client, 403, "forbidden_host");
    free_client(client);
    client = connect_client();
    send_head(client, "GET", "/v1/status", "Origin: http://evil.example\r\n");
    until(answered(client));
    check_problem(client, 403, "forbidden_origin");
    free_client(client);
}

/* --- bodies ---------------------------------------------------------------------------------- */

/* What is refused without a body, and a preflight, leave the connection as it is. */
TEST(a_refusal_keeps_the_connection)
{
    static const struct {
        const char *method, *target, *more;
        int status;
    } rows[] = {{"GET", "/nope", "", 404}, {"DELETE", "/v1/infer", "", 405},
        {"GET", "/v1/models", "Accept: text/csv\r\n", 406}, {"OPTIONS", "/v1/infer", "", 204},
        {"GET", "/v1/models", "Origin: http://evil.example\r\n", 403},
        {"POST", "/nope", "Content-Length: 2\r\n", 404}, {"GET", "/healthz", "", 200}};
    struct client *client = connect_client();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        send_head(client, rows[i].method, rows[i].target, rows[i].more);
        if (*rows[i].more == 'C')
            send_text(client, "{}");
        until(answered(client));
        assert_int_equal(status_of(client), rows[i].status);
        assert_null(strcasestr(client->text, "Connection: close"));
        next_answer(client);
    }
    assert_false(closed(client));
    free_client(client);
}

TEST(test_refused_bodies)
{
#define TYPES                                                                                      \
    "application/json, application/octet-stream, multipart/form-data, image/png, image/jpeg, "     \
    "image/webp, audio/*"
    static const struct {
        const char *more;
        int status;
        const char *body, *member, *text;
    } rows[] = {
        {"Content-Type: application/json\r\n", 411, "{}", "code", "length_required"},
        {"Content-Type: text/plain\r\nContent-Length: 2\r\n", 415, "{}", "allowed", TYPES},
        /* What begins as an object does is JSON, where nothing says what it is. */
        {"Content-Length: 2\r\n", 400, "{}", "code", "missing_field"},
        {"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n", 400, "\n{}",
            "code", "missing_field"},
        {"Content-Length: 2\r\n", 415, "[]", "allowed", "application/json"},
        {"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n", 415, "a=b",
            "allowed", "application/json"},
        {"Origin: http://app.example\r\nContent-Length: 2\r\n", 403, "{}", "code",
            "forbidden_origin"},
        {"Content-Type: application/json\r\nContent-Length: 9000000\r\n", 413, "{}", "expected",
            "at most 8388608 bytes"},
        {"Content-Type: application/json\r\nContent-Length: 9000000\r\nExpect: 100-continue\r\n",
            413, "{}", "expected", "at most 8388608 bytes"},
        /* libmicrohttpd answers that. */
        {"Content-Type: application/json\r\nContent-Length: x\r\n", 400, "{}", NULL, NULL},
        {"Content-Type: application/json\r\nContent-Length: 2\r\nAccept: text/html\r\n", 406, "{}",
            "allowed", "application/json, application/octet-stream, text/event-stream"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *client = connect_client();
        send_head(client, "POST", "/v1/infer", rows[i].more);
        send_text(client, rows[i].body);
        until(answered(client));
        assert_int_equal(status_of(client), rows[i].status);
        if (rows[i].member)
            check_member(client, rows[i].member, rows[i].text);
        free_client(client);
    }
    until(wi_server_busy(fixture->server) == 0);
}

/* A refused small body is read, so that the connection can be used again. */
TEST(test_refused_and_kept)
{
    struct client *client = connect_client();
    send_head(client, "POST", "/v1/nothing", "Content-Length: 5\r\n");
    send_text(client, "12345");
    until(answered(client));
    check_problem(client, 404, "not_found");
    next_answer(client);
    send_head(client, "GET", "/healthz", "");
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    free_client(client);
}

/* The client goes on sending for a while and still sees the answer. */
TEST(test_too_large)
{
    char *block = calloc(1, 1 << 20);
    struct client *client = connect_client();
    send_head(client, "POST", "/v1/infer",
        "Content-Type: application/json\r\nContent-Length: 10000000\r\n");
    for (int i = 0; i < 9; i++)
        send_bytes(client, block, 1 << 20);
    until(answered(client));
    check_problem(client, 413, "body_too_large");
    until(closed(client));
    free_client(client);
    client = connect_client();
    send_head(client, "POST", "/v1/infer",
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n");
    for (int i = 0; i < 9; i++) {
        send_text(client, "100000\r\n");
        send_bytes(client, block, 1 << 20);
        send_text(client, "\r\n");
    }
    until(answered(client));
    check_problem(client, 413, "body_too_large");
    free_client(client);
    free(block);
    until(wi_server_busy(fixture->server) == 0);
    assert_int_equal(fixture->budget.used, 0);
}

TEST(test_chunked)
{
    char chunk[64];
    struct client *client = connect_client();
    send_head(client, "POST", "/v1/infer",
        "Content-Type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n");
    snprintf(chunk, sizeof chunk, "%zx\r\n", strlen(ECHO_REQUEST));
    send_text(client, chunk);
    send_text(client, ECHO_REQUEST "\r\n0\r\n\r\n");
    until(fixture->has_job);
    finish_job(WI_OK);
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    free_client(client);
}

TEST(test_memory_budget)
{
    struct client *client = connect_client();
    fixture->budget.limit = 10;
    post(client, "/v1/infer", ECHO_REQUEST, strlen(ECHO_REQUEST));
    until(answered(client));
    check_problem(client, 503, "memory_budget");
    free_client(client);
    until(wi_server_busy(fixture->server) == 0);
}

/* --- deadlines ------------------------------------------------------------------------------- */

static int short_stall(void **state)
{
    struct wi_server_times times = patient;
    times.stall = 200;
    return set_up_with(times);
}

/* Also where the client has shut its end, and no more can come. */
TEST_IN(test_stalled_body, short_stall, tear_down)
{
    struct client *client = connect_client();
    send_head(
        client, "POST", "/v1/infer", "Content-Type: application/json\r\nContent-Length: 100\r\n");
    send_text(client, "{");
    until(answered(client));
    check_problem(client, 408, "request_timeout");
    until(closed(client));
    free_client(client);
    struct client *next = connect_client();
    send_head(next, "GET", "/healthz", "");
    until(answered(next));
    assert_int_equal(status_of(next), 200);
    free_client(next);
}

/* Nothing that could still come makes it a request, so nobody waits. */
TEST(an_end_in_the_body_is_one)
{
    struct client *client = connect_client();
    send_head(
        client, "POST", "/v1/infer", "Content-Type: application/json\r\nContent-Length: 100\r\n");
    send_text(client, "{");
    assert_int_equal(shutdown(client->fd, SHUT_WR), 0);
    until(closed(client));
    assert_int_equal(client->size, 0);
    free_client(client);
}

static int short_headers(void **state)
{
    struct wi_server_times times = patient;
    times.headers = 300;
    return set_up_with(times);
}

static int long_headers(void **state)
{
    struct wi_server_times times = patient;
    times.headers = 3000;
    return set_up_with(times);
}

/* It is cut in the end, and not before. */
TEST_IN(test_silent_for_a_while, long_headers, tear_down)
{
    struct client *client = connect_client();
    double began = wi_now_ms();
    until(closed(client) || wi_now_ms() > began + 600);
    assert_false(closed(client));
    send_head(client, "GET", "/healthz", "");
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    free_client(client);
}

TEST_IN(test_slow_headers, short_headers, tear_down)
{
    struct client *silent = connect_client();
    struct client *slow = connect_client();
    send_text(slow, "GET /healthz HTTP/1.1\r\nX-A: b\r\n");
    until(closed(silent));
    until(closed(slow));
    assert_int_equal(silent->size + slow->size, 0);
    free_client(silent);
    free_client(slow);
    /* Kept alive, and then slow: its headers have the short time again. */
    slow = connect_client();
    send_head(slow, "GET", "/healthz", "");
    until(answered(slow));
    next_answer(slow);
    send_text(slow, "GET /healthz HTTP/1.1\r\nX-A: b\r\n");
    until(closed(slow));
    free_client(slow);
}

/* --- limits, and starting -------------------------------------------------------------------- */

/* Out of descriptors: accepting pauses, the loop does not spin, and it goes on afterwards. */
TEST(test_too_many_open_files)
{
    struct rlimit limit, low;
    struct client *client = connect_client();
    send_head(client, "GET", "/healthz", "");
    int spare = dup(0);
    assert_true(spare >= 0);
    close(spare);
    getrlimit(RLIMIT_NOFILE, &limit);
    low = limit;
    low.rlim_cur = (rlim_t)spare;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    double end = wi_now_ms() + 150;
    unsigned before = fixture->turns;
    while (wi_now_ms() < end)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_true(fixture->turns - before < 100);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    free_client(client);
}

TEST(test_cannot_start)
{
    struct wi_error error;
    struct wi_config config = fixture->config;
    struct wi_server_deps deps = fixture->deps;
    char listen[64];
    deps.config = &config;
    snprintf(listen, sizeof listen, "127.0.0.1:%u", wi_server_port(fixture->server));
    config.api.listen = listen;
    assert_null(wi_server_new(&deps, &error));
    assert_int_equal(error.code, WI_CONFLICT);
    assert_non_null(strstr(error.detail, "in use"));
    config.api.listen = (char *)"nonsense";
    assert_null(wi_server_new(&deps, &error));
    config.api.listen = (char *)"0.0.0.0:0";
    assert_null(wi_server_new(&deps, &error));
    assert_string_equal(error.field, "api.tokens_file");
    config.api.listen = (char *)"127.0.0.1:0";
    config.api.tls_certificate = (char *)"/dev/null";
    assert_null(wi_server_new(&deps, &error));
    assert_string_equal(error.field, "api.tls_key");
    config.api.tls_key = (char *)"/proc/self/status";
    config.api.tls_certificate = (char *)"/proc/self/status";
    assert_null(wi_server_new(&deps, &error));
    assert_string_equal(error.field, "api.tls_certificate");
    config.api.tls_key = (char *)"/nowhere/key.pem";
    assert_null(wi_server_new(&deps, &error));
    assert_string_equal(error.field, "api.tls_key");
}
