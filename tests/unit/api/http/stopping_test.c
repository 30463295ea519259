/*
 * The end of the server: whatever comes at whatever moment is answered or cut, and nobody is left
 * suspended when libmicrohttpd stops, which would end the program.
 */
#include "../fixture.h"

static void free_server(void)
{
    wi_server_free(fixture->server);
    fixture->server = NULL;
}

/* A client whose connection has had one answer and lives on. */
static struct client *kept_alive(void)
{
    struct client *client = connect_client();
    send_head(client, "GET", "/healthz", "");
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    next_answer(client);
    return client;
}

static void check_turned_away(struct client *client)
{
    until(answered(client));
    check_problem(client, 503, "shutting_down");
    assert_non_null(strcasestr(client->text, "Retry-After: "));
    assert_non_null(strcasestr(client->text, "Connection: close"));
    until(closed(client));
    free_client(client);
}

FIXTURE(set_up, tear_down)

TEST(test_stop_under_load)
{
    struct client *waiting = connect_client(), *reading = connect_client(),
                  *idle = connect_client();
    submit_echo(waiting);
    send_head(
        reading, "POST", "/v1/infer", "Content-Type: application/json\r\nContent-Length: 100\r\n");
    send_head(idle, "GET", "/healthz", "");
    until(answered(idle));
    until(wi_server_busy(fixture->server) == 2);
    wi_server_quiesce(fixture->server);
    wi_server_finish(fixture->server);
    assert_int_equal(fixture->abandoned, 1);
    until(answered(reading));
    check_problem(reading, 503, "shutting_down");
    until(answered(waiting));
    check_problem(waiting, 503, "shutting_down");
    assert_non_null(strcasestr(waiting->text, "Retry-After: "));
    wi_server_stop(fixture->server);
    until(closed(waiting) && closed(reading) && closed(idle));
    free_server();
    free_client(waiting);
    free_client(reading);
    free_client(idle);
}

/* While it drains, what would wait is turned away before it begins; so is what would not. */
TEST(test_turned_away_while_draining)
{
    static const struct {
        const char *method, *path, *more;
    } rows[] = {
        {"GET", "/v1/jobs/job_1?wait=30s", ""},
        {"DELETE", "/v1/jobs/job_1", ""},
        {"GET", "/v1/models/some/model", ""},
        {"GET", "/v1/status", ""},
        {"GET", "/nothing", ""},
        {"POST", "/v1/infer", "Content-Type: application/json\r\nContent-Length: 900000\r\n"},
        {"POST", "/v1/infer", "Content-Type: application/json\r\nContent-Length: 900\r\n"},
        {"POST", "/v1/infer", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"},
    };
    struct client *clients[sizeof rows / sizeof *rows];
    struct client *running = connect_client(), *asking = kept_alive();
    submit_echo(running);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        clients[i] = kept_alive();
    wi_server_quiesce(fixture->server);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        send_head(clients[i], rows[i].method, rows[i].path, rows[i].more);
        check_turned_away(clients[i]);
    }
    send_head(asking, "GET", "/healthz", "");
    until(answered(asking));
    assert_int_equal(status_of(asking), 200);
    until(closed(asking));
    free_client(asking);
    finish_job(WI_OK); /* what ran before is answered */
    until(answered(running));
    assert_int_equal(status_of(running), 200);
    until(closed(running));
    free_client(running);
    assert_int_equal(fixture->submitted, 1);
}

/* The body was under way: it is not waited for, and its job is never made. */
TEST(test_body_under_way)
{
    struct client *client = connect_client();
    size_t half = strlen(ECHO_REQUEST) / 2;
    char more[128];
    snprintf(more, sizeof more, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
        strlen(ECHO_REQUEST));
    send_head(client, "POST", "/v1/infer", more);
    send_bytes(client, ECHO_REQUEST, half);
    until(wi_server_busy(fixture->server) == 1);
    wi_server_quiesce(fixture->server);
    until(answered(client));
    check_problem(client, 503, "shutting_down");
    send_text(client, &ECHO_REQUEST[half]);
    until(closed(client));
    free_client(client);
    assert_int_equal(fixture->submitted, 0);
}

/* Between the last answers and the end of the sockets, and in the very last moment. */
TEST(test_no_window_at_the_end)
{
    struct client *first = kept_alive(), *second = kept_alive(), *third = kept_alive();
    submit_echo(first);
    wi_server_quiesce(fixture->server);
    post(second, "/v1/infer", ECHO_REQUEST, strlen(ECHO_REQUEST));
    wi_server_finish(fixture->server);
    check_turned_away(first);
    check_turned_away(second);
    post(third, "/v1/infer", ECHO_REQUEST, strlen(ECHO_REQUEST));
    wi_server_stop(fixture->server);
    until(answered(third));
    check_problem(third, 503, "shutting_down");
    free_client(third);
    assert_int_equal(fixture->submitted, 1);
    free_server();
}

/* A large body is parsed off the loop, and its worker outlives the request. */
TEST(test_parsing_off_the_loop)
{
    size_t size = 600000;
    char *body = malloc(size + 1);
    memset(body, ' ', size);
    memcpy(body, ECHO_REQUEST, strlen(ECHO_REQUEST));
    body[size] = '\0';
    struct client *client = kept_alive();
    post(client, "/v1/infer", body, size);
    /* Its worker has begun: the memory for the parser is taken. */
    until(fixture->has_job || fixture->budget.used > 2 * size);
    wi_server_stop(fixture->server);
    until(answered(client));
    check_problem(client, 503, "shutting_down");
    free_client(client);
    free_server();
    free(body);
}
