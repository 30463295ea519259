/*
 * The loop's time shared by client, on the real server, with turns so short that whatever is done
 * takes more than a client's part: everything waits for its turn again and again.
 */
#include "../../people.h"

static int set_up_hurried(void **state)
{
    struct wi_server_times times = patient;
    times.turn = 1e-5;
    return set_up_with(times);
}

static int set_up_hurried_tokens(void **state)
{
    return set_up_hurried(state) == 0 ? give_tokens() : -1;
}

static int set_up_short_stall(void **state)
{
    struct wi_server_times times = patient;
    times.turn = 1e-5;
    times.stall = 200;
    return set_up_with(times);
}

/* Each has asked once, so that it is known whose it is. */
static struct client *known(enum who who)
{
    struct client *client = connect_client();
    char token[128];
    header_of(who, token, sizeof token);
    send_head(client, "GET", "/v1/models", token);
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    next_answer(client);
    return client;
}

static void ask_again(struct client *client, enum who who)
{
    char token[128];
    header_of(who, token, sizeof token);
    send_head(client, "GET", "/v1/models", token);
}

FIXTURE(set_up_hurried, tear_down)

TEST(what_waits_for_its_turn_is_answered)
{
    struct client *client = connect_client();
    for (int i = 0; i < 3; i++)
        send_head(client, "GET", "/healthz", "");
    for (int i = 0; i < 3; i++) {
        until(answered(client));
        assert_int_equal(status_of(client), 200);
        next_answer(client);
    }
    submit_echo(client);
    until(fixture->submitted == 1);
    finish_job(WI_OK);
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    next_answer(client);
    send_head(client, "GET", "/v1/nothing", "");
    until(answered(client));
    check_problem(client, 404, "not_found");
    free_client(client);
}

TEST(so_is_a_long_body)
{
    size_t size = 1 << 20;
    char *body = malloc(size);
    struct client *client = connect_client();
    memset(body, ' ', size);
    post(client, "/v1/infer", body, size);
    until(answered(client));
    check_problem(client, 400, "bad_json");
    next_answer(client);
    send_head(client, "POST", "/v1/infer",
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n");
    for (int i = 0; i < 16; i++) {
        send_text(client, "8000\r\n");
        send_bytes(client, body, 0x8000);
        send_text(client, "\r\n");
    }
    send_text(client, "0\r\n\r\n");
    until(answered(client));
    check_problem(client, 400, "bad_json");
    free_client(client);
    free(body);
}

/* To wait for its turn is no credit for a body that comes too slowly. */
TEST_IN(a_body_that_drips_is_cut_all_the_same, set_up_short_stall, tear_down)
{
    struct client *client = connect_client();
    send_head(client, "POST", "/v1/infer",
        "Content-Type: application/json\r\nContent-Length: 100000\r\n");
    for (double last = 0; !answered(client);) {
        if (wi_now_ms() > last + 5) {
            (void)send(client->fd, " ", 1, MSG_NOSIGNAL);
            last = wi_now_ms();
        }
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    check_problem(client, 408, "request_timeout");
    free_client(client);
}

TEST(nobody_who_waits_is_left_when_the_server_stops)
{
    struct client *clients[20];
    for (int i = 0; i < 20; i++)
        clients[i] = connect_client();
    submit_echo(clients[0]);
    for (int i = 1; i < 20; i++)
        send_head(clients[i], "GET", "/v1/models", "");
    int served = 0;
    for (int i = 0; i < 3; i++)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    for (int i = 1; i < 20; i++)
        served += answered(clients[i]);
    assert_true(served < 19);
    wi_server_quiesce(fixture->server);
    wi_server_finish(fixture->server);
    wi_server_stop(fixture->server);
    for (int i = 0; i < 20; i++) {
        until(closed(clients[i]));
        free_client(clients[i]);
    }
}

/* All of them are there before the loop turns. */
TEST_IN(one_with_many_connections_does_not_hold_up_another, set_up_hurried_tokens, tear_down_tokens)
{
    struct client *greedy[30], *ada = known(ADA), *watcher = connect_client();
    int served = 0;
    for (int i = 0; i < 30; i++)
        greedy[i] = known(BOB);
    for (int i = 0; i < 30; i++)
        ask_again(greedy[i], BOB);
    ask_again(ada, ADA);
    send_head(watcher, "GET", "/healthz", "");
    until(answered(ada) && answered(watcher));
    assert_int_equal(status_of(ada), 200);
    assert_int_equal(status_of(watcher), 200);
    for (int i = 0; i < 30; i++)
        served += answered(greedy[i]);
    assert_true(served < 15);
    for (int i = 0; i < 30; i++) {
        until(answered(greedy[i]));
        assert_int_equal(status_of(greedy[i]), 200);
        free_client(greedy[i]);
    }
    free_client(ada);
    free_client(watcher);
}

/* The figures of a route in /metrics. */
static double figure(const struct client *client, const char *name, const char *route)
{
    char line[200];
    snprintf(line, sizeof line, "\n%s{method=\"GET\",route=\"%s\"} ", name, route);
    const char *found = strstr(client->text, line);
    return found ? strtod(found + strlen(line), NULL) : -1;
}

TEST_IN(what_requests_cost_is_told, set_up, tear_down)
{
    static const char most[] = "webinfer_http_request_loop_seconds_max";
    static const char all[] = "webinfer_http_request_loop_seconds_total";
    struct client *client = connect_client();
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask("GET", "/v1/kernels", "", NULL), 200);
    send_head(client, "GET", "/metrics", "");
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    assert_true(figure(client, most, "/v1/kernels") > 0);
    assert_true(figure(client, all, "/v1/kernels") > figure(client, most, "/v1/kernels"));
    assert_true(figure(client, most, "/v1/nodes") == -1); /* nobody asked */
    free_client(client);
}
