/*
 * Many clients, on the real server: bodies that come slowly and hold memory, connections that hold
 * places, and requests that fill the log.
 */
#include "../people.h"

#include <signal.h>

/* --- bodies ----------------------------------------------------------------------------------- */

static int short_stall(void **state)
{
    struct wi_server_times times = patient;
    times.stall = 200;
    return set_up_with(times);
}

static int long_stall(void **state)
{
    struct wi_server_times times = patient;
    times.stall = 600;
    return set_up_with(times);
}

/* Begins a body of `size` bytes, of which `now` come. */
static struct client *begin_body(enum who who, size_t size, size_t now)
{
    struct client *client = connect_client();
    char token[128], more[256];
    header_of(who, token, sizeof token);
    snprintf(more, sizeof more, "%sContent-Type: application/json\r\nContent-Length: %zu\r\n",
        token, size);
    send_head(client, "POST", "/v1/infer", more);
    char *bytes = malloc(now);
    memset(bytes, ' ', now);
    send_bytes(client, bytes, now);
    free(bytes);
    return client;
}

static int ignore_closed_sockets(void **state)
{
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

GROUP(ignore_closed_sockets, NULL)
FIXTURE(set_up_tokens, tear_down_tokens)

TEST_IN(what_came_early_is_no_credit_for_dripping, short_stall, tear_down)
{
    struct client *client = begin_body(NOBODY, 8000000, 7900000);
    double last = 0;
    until(fixture->budget.used >= 7900000);
    double began = wi_now_ms();
    while (!answered(client)) {
        assert_true(wi_now_ms() < began + 30000);
        if (wi_now_ms() > last + 5) {
            (void)send(client->fd, " ", 1, MSG_NOSIGNAL);
            last = wi_now_ms();
        }
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    check_problem(client, 408, "request_timeout");
    free_client(client);
}

/* 16 KiB for each second is enough, however long it takes. */
TEST_IN(a_body_that_keeps_the_pace_is_taken, long_stall, tear_down)
{
    struct client *client = begin_body(NOBODY, 60000, 1);
    char bytes[100];
    memset(bytes, ' ', sizeof bytes);
    double began = wi_now_ms();
    for (size_t sent = 1; sent + sizeof bytes < 60000;) {
        for (double due = (wi_now_ms() - began) * 40;
             due > (double)sent && sent + sizeof bytes < 60000; sent += sizeof bytes)
            send_bytes(client, bytes, sizeof bytes);
        uv_run(&fixture->loop, UV_RUN_ONCE);
        assert_false(answered(client));
    }
    assert_true(wi_now_ms() > began + 1200);
    free_client(client);
    until(wi_server_busy(fixture->server) == 0);
}

TEST_IN(memory_is_charged_as_it_comes, set_up, tear_down)
{
    struct client *client = begin_body(NOBODY, 8000000, 1);
    until(fixture->budget.used > 0);
    assert_true(fixture->budget.used <= 256 << 10);
    free_client(client);
    until(wi_server_busy(fixture->server) == 0);
}

static int refused_of(struct client **clients, int count)
{
    int refused = 0;
    for (int i = 0; i < count; i++)
        refused += answered(clients[i]) && status_of(clients[i]) == 503;
    return refused;
}

/* Bob's bodies, which never end, leave half of the memory to others, of which each has its part. */
TEST(bodies_of_one_leave_room_for_others)
{
    struct client *greedy[16];
    fixture->budget.limit = 32 << 20;
    for (int i = 0; i < 16; i++)
        greedy[i] = begin_body(BOB, 8000000, 3000000);
    until(refused_of(greedy, 16) >= 12);                      /* each of the others has 4 MiB */
    until(fixture->budget.used == fixture->budget.limit / 2); /* once all of it has come */
    uint64_t before = fixture->budget.used;
    struct client *eve = begin_body(ADA, 1000000, 999999);
    until(fixture->budget.used == before + 1000000 || answered(eve));
    assert_false(answered(eve));
    send_text(eve, " ");
    until(answered(eve));
    check_problem(eve, 400, "bad_json"); /* it was read */
    free_client(eve);
    for (int i = 0; i < 16; i++)
        free_client(greedy[i]);
    until(wi_server_busy(fixture->server) == 0);
}

/* --- places ----------------------------------------------------------------------------------- */

static void limit_connections(uint64_t most)
{
    struct wi_error error;
    static struct wi_config next;
    next = fixture->config;
    next.api.max_connections = most;
    assert_int_equal(wi_server_reload(fixture->server, &next, &error), WI_OK);
}

static struct client *ask_and_stay(enum who who)
{
    struct client *client = connect_client();
    char token[128];
    header_of(who, token, sizeof token);
    send_head(client, "GET", who == NOBODY ? "/healthz" : "/v1/models", token);
    until(answered(client));
    next_answer(client);
    return client;
}

/* The whole rule is connections_test's. */
TEST(who_waits_without_a_token_goes_for_who_comes)
{
    limit_connections(3);
    struct client *known = ask_and_stay(BOB), *old = ask_and_stay(NOBODY),
                  *stranger = ask_and_stay(NOBODY);
    assert_int_equal(ask_as(ADA, "GET", "/v1/models", NULL), 200);
    until(closed(old));
    assert_false(closed(known));
    assert_false(closed(stranger));
    free_client(known);
    free_client(old);
    free_client(stranger);
}

/* What strangers do with their connections: nothing, half a head, or half a body. */
static struct client *come(int i)
{
    struct client *client;
    if (i % 3 == 2)
        return begin_body(NOBODY, 1000, 10);
    client = connect_client();
    if (i % 3)
        send_text(client, "GET /v1/models HTTP/1.1\r\nHost: a\r\nAcc");
    return client;
}

/* However many of them come, before and meanwhile. */
TEST(strangers_lock_out_nobody)
{
    enum { MANY = 48, AT_ONCE = 4 };
    struct client *strangers[MANY];
    json_t *json = NULL;
    limit_connections(12);
    struct client *known = ask_and_stay(BOB);
    for (int i = 0; i < MANY; i++) {
        strangers[i] = come(i);
        if (i % AT_ONCE != AT_ONCE - 1)
            continue;
        assert_int_equal(ask_as(NOBODY, "GET", "/healthz", NULL), 200);
        assert_int_equal(ask_as(ADA, "GET", "/v1/models", NULL), 200);
        assert_int_equal(ask_as(ROOT, "GET", "/v1/status", &json), 200);
        json_t *open = json_object_get(json_object_get(json, "api"), "connections");
        assert_in_range(json_integer_value(open), 1, 12);
        json_decref(json);
    }
    assert_false(closed(known));
    free_client(known);
    for (int i = 0; i < MANY; i++)
        free_client(strangers[i]);
    until(wi_server_busy(fixture->server) == 0);
}

/* Where all places are taken by such as ask, health can be asked, and an admin is heard. */
TEST(the_last_places_are_for_health_and_for_admins)
{
    limit_connections(2);
    struct client *busy[2];
    for (int i = 0; i < 2; i++)
        busy[i] = begin_body(BOB, 1000, 10);
    until(wi_server_busy(fixture->server) == 2);
    assert_int_equal(ask_as(NOBODY, "GET", "/healthz", NULL), 200);
    json_t *json = NULL;
    assert_int_equal(ask_as(ROOT, "GET", "/v1/status", &json), 200);
    assert_non_null(
        strstr(json_string_value(json_object_get(json, "problem")), "max_connections is 2"));
    json_decref(json);
    assert_int_equal(ask_as(ADA, "GET", "/v1/models", &json), 503);
    assert_string_equal(json_string_value(json_object_get(json, "code")), "too_many_connections");
    json_decref(json);
    assert_int_equal(ask_as(NOBODY, "GET", "/v1/models", NULL), 401);
    for (int i = 0; i < 2; i++)
        free_client(busy[i]);
    until(wi_server_busy(fixture->server) == 0);
    until(ask_as(ADA, "GET", "/v1/models", NULL) == 200);
}

/* --- the log ---------------------------------------------------------------------------------- */

/* How many lines have `words` of what was written to standard error meanwhile. */
static size_t lines_with(FILE *log, const char *words)
{
    char line[2048];
    size_t count = 0;
    wi_log_flush();
    rewind(log);
    while (fgets(line, sizeof line, log))
        count += strstr(line, words) != NULL;
    return count;
}

TEST(strangers_do_not_fill_the_log)
{
    FILE *log = tmpfile();
    int before = dup(STDERR_FILENO);
    wi_log_configure(WI_LOG_INFO, WI_LOG_TEXT);
    dup2(fileno(log), STDERR_FILENO);
    for (int i = 0; i < 30; i++) {
        ask_as(NOBODY, "GET", "/v1/models", NULL);
        ask_as(NOBODY, "GET", "/healthz?aaa", NULL);
        if (i % 10 == 0)
            ask_as(BOB, "GET", "/v1/models", NULL);
    }
    size_t strangers = lines_with(log, "GET /v1/models 401"), bob = lines_with(log, "token=bob"),
           health = lines_with(log, "healthz");
    dup2(before, STDERR_FILENO);
    close(before);
    fclose(log);
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    assert_in_range(strangers, 1, 10); /* one a second */
    assert_int_equal(bob, 3);
    assert_int_equal(health, 0);
}
