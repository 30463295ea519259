/* Who is let in, and that those who are not are told so without the loop waiting for them. */
#include "../../../test.h"

#include "api/http/clients/admission.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/log.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uv_loop_t loop;

static int set_up(void **state)
{
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    uv_loop_init(&loop);
    return 0;
}

static int tear_down(void **state)
{
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

static struct wi_admission *make(double linger_ms, int tls)
{
    const struct wi_admission_terms terms = {
        .linger_ms = linger_ms, .tls = tls, .dialect = &wi_dialect_native, .highest_fd = INT_MAX};
    return wi_admission_new(&loop, &terms);
}

static struct wi_peer peer(const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, text, &address.sin_addr), 1);
    return wi_peer_of((struct sockaddr *)&address);
}

/* Asks with one end of a socket pair: 1 if it may come in. `other` receives the client's end. */
static int ask(struct wi_admission *admission, const struct wi_config_api *limits, size_t open,
    const char *from, int *other)
{
    int pair[2];
    struct wi_peer who = peer(from);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    *other = pair[1];
    /* All of them ask, with a token. */
    struct wi_connections connections = {.count = open, .here = who.exempt ? open : 0};
    enum wi_admitted in = wi_admission_ask(admission, limits, &connections, pair[0], &who);
    if (in != WI_ADMITTED_NOT)
        close(pair[0]);
    return in != WI_ADMITTED_NOT;
}

static void enter(struct wi_admission *admission, const char *from)
{
    struct wi_peer who = peer(from);
    wi_admission_enter(admission, &who);
}

/* What the client reads up to the end of our side. */
static void check_told(int other, const char *words)
{
    char text[2048];
    size_t size = 0;
    ssize_t got;
    while ((got = recv(other, text + size, sizeof text - size - 1, 0)) > 0)
        size += (size_t)got;
    assert_int_equal(got, 0);
    text[size] = '\0';
    assert_int_equal(strncmp(text, "HTTP/1.1 503 ", 13), 0);
    assert_non_null(strstr(text, "\r\nRetry-After: "));
    assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(text, "too_many_connections"));
    assert_null(strstr(text, "x-should-retry")); /* it may be tried again */
    assert_non_null(strstr(text, words));
}

FIXTURE(set_up, tear_down)

TEST(test_limits)
{
    const struct wi_config_api limits = {
        .max_connections = 4, .max_connections_per_address = 2, .max_connections_loopback = 100};
    struct wi_admission *admission = make(5000, 0);
    int other;
    for (int i = 0; i < 2; i++) {
        assert_true(ask(admission, &limits, 0, "192.0.2.1", &other));
        enter(admission, "192.0.2.1");
        close(other);
    }
    assert_false(ask(admission, &limits, 2, "192.0.2.1", &other));
    check_told(other, "max_connections_per_address allows, which is 2");
    close(other);
    assert_true(ask(admission, &limits, 2, "192.0.2.2", &other));
    close(other);
    for (int i = 0; i < 3; i++)
        enter(admission, "127.0.0.1");
    assert_true(ask(admission, &limits, 2, "127.0.0.1", &other)); /* exempt */
    close(other);
    assert_true(ask(admission, &limits, 4 + WI_ADMISSION_SPARE - 1, "127.0.0.1", &other));
    close(other);
    /* but not from this one */
    assert_false(ask(admission, &limits, 4 + WI_ADMISSION_SPARE, "127.0.0.1", &other));
    check_told(other, "20 clients are connected");
    close(other);
    struct wi_peer who = peer("192.0.2.1");
    wi_admission_leave(admission, &who);
    assert_true(ask(admission, &limits, 1, "192.0.2.1", &other));
    close(other);
    assert_int_equal(wi_admission_counters(admission)->full, 1);
    assert_int_equal(wi_admission_counters(admission)->address, 1);
    wi_admission_free(admission);
}

/* This machine has a limit, too, with a few places beyond it for health and admins. */
TEST(test_limit_of_loopback)
{
    const struct wi_config_api limits = {
        .max_connections = 100, .max_connections_per_address = 2, .max_connections_loopback = 8};
    struct wi_admission *admission = make(5000, 0);
    struct wi_connection one = {.admitted = peer("127.0.0.1")};
    struct wi_connections connections = {.count = 8, .here = 8};
    struct wi_error error;
    int other;
    assert_true(ask(admission, &limits, 7, "127.0.0.1", &other));
    close(other);
    assert_true(ask(admission, &limits, 8 + WI_ADMISSION_SPARE - 1, "127.7.7.7", &other));
    close(other);
    assert_false(ask(admission, &limits, 8 + WI_ADMISSION_SPARE, "127.0.0.1", &other));
    check_told(other, "max_connections_loopback allows, which is 8");
    close(other);
    assert_true(ask(admission, &limits, 50, "192.0.2.1", &other)); /* it has its own */
    close(other);
    assert_int_equal(wi_admission_check_place(&connections, &limits, &one, &error), WI_OK);
    connections.count = connections.here = 9;
    assert_int_equal(
        wi_admission_check_place(&connections, &limits, &one, &error), WI_TOO_MANY_CONNECTIONS);
    one.admitted = peer("192.0.2.1");
    assert_int_equal(wi_admission_check_place(&connections, &limits, &one, &error), WI_OK);
    connections.count = 101;
    assert_int_equal(
        wi_admission_check_place(&connections, &limits, &one, &error), WI_TOO_MANY_CONNECTIONS);
    wi_admission_free(admission);
}

/* Where an address, this machine or all have as many as they may, one that showed no token goes,
 * and who comes is let in: one of the same address for an address, and of this machine for that. */
TEST(test_strangers_go)
{
    enum { COUNT = 12 };
    const struct wi_config_api limits = {
        .max_connections = COUNT, .max_connections_per_address = 4, .max_connections_loopback = 4};
    static const char *const from[] = {"192.0.2.1", "127.0.0.1", "192.0.2.2"};
    struct wi_admission *admission = make(5000, 0);
    struct wi_connections connections = {0};
    struct wi_connection items[COUNT];
    int others[COUNT];
    for (int i = 0; i < COUNT; i++) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        others[i] = pair[1];
        items[i] = (struct wi_connection){.fd = pair[0], .admitted = peer(from[i / 4])};
        wi_connections_add(&connections, &items[i], wi_now_ms());
        enter(admission, from[i / 4]);
    }
    for (int i = 0; i < 3; i++) {
        int pair[2], gone = -1;
        struct wi_peer who = peer(i == 1 ? "127.8.8.8" : from[i]);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        assert_int_equal(
            wi_admission_ask(admission, &limits, &connections, pair[0], &who), WI_ADMITTED);
        for (int k = 0; k < COUNT; k++)
            if (items[k].is_leaving && others[k] >= 0) {
                gone = k;
                close(others[k]);
                others[k] = -1;
            }
        assert_int_equal(gone / 4, i);
        assert_int_equal(connections.count, COUNT - 1 - i);
        close(pair[0]);
        close(pair[1]);
    }
    assert_int_equal(wi_admission_counters(admission)->replaced, 3);
    assert_int_equal(wi_admission_counters(admission)->address, 0);
    for (int i = 0; i < COUNT; i++) {
        wi_connections_remove(&connections, &items[i]);
        if (!items[i].is_leaving)
            wi_admission_leave(admission, &items[i].admitted);
        close(items[i].fd);
        if (others[i] >= 0)
            close(others[i]);
    }
    wi_admission_free(admission);
}

/* The rest of the program keeps descriptors: who gets none of the others is told why. */
TEST(test_limit_of_files)
{
    const struct wi_connections one = {.count = 1}, ten = {.count = 10};
    const struct wi_config_api limits = {
        .max_connections = 10, .max_connections_per_address = 10, .max_connections_loopback = 10};
    struct wi_admission_terms terms = {.linger_ms = 5000, .dialect = &wi_dialect_native};
    struct wi_error error;
    int other, others[2];
    terms.highest_fd = wi_descriptors_next();
    struct wi_admission *admission = wi_admission_new(&loop, &terms);
    assert_false(wi_admission_is_full(admission, &limits, &one, &error));
    assert_true(ask(admission, &limits, 1, "192.0.2.1", &other));
    others[0] = dup(0); /* the last that a connection may have */
    assert_true(wi_admission_is_full(admission, &limits, &one, &error));
    assert_non_null(
        strstr(error.detail, "1 clients are connected, and there are no open files left"));
    assert_false(ask(admission, &limits, 1, "192.0.2.1", &others[1]));
    check_told(others[1], "LimitNOFILE");
    close(others[0]);
    assert_false(wi_admission_is_full(admission, &limits, &one, &error));
    assert_int_equal(wi_admission_counters(admission)->files, 1);
    assert_int_equal(wi_admission_counters(admission)->full, 0);
    assert_true(wi_admission_is_full(admission, &limits, &ten, &error));
    assert_non_null(strstr(error.detail, "max_connections is 10"));
    close(other);
    close(others[1]);
    wi_admission_free(admission);
}

/* With TLS there is nobody to talk to yet. */
TEST(test_tls)
{
    const struct wi_config_api limits = {
        .max_connections = 0, .max_connections_per_address = 1, .max_connections_loopback = 100};
    struct wi_admission *admission = make(5000, 1);
    char byte;
    int other;
    assert_false(ask(admission, &limits, WI_ADMISSION_SPARE, "127.0.0.1", &other));
    assert_int_equal(recv(other, &byte, 1, 0), 0);
    close(other);
    wi_admission_free(admission);
}

static int is_closed(int other)
{
    return send(other, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE;
}

/* Clients that go on sending are read from for a moment, but only some of them and only so much. */
TEST(test_lingering_is_bounded)
{
    const struct wi_config_api limits = {
        .max_connections = 0, .max_connections_per_address = 1, .max_connections_loopback = 100};
    struct wi_admission *admission = make(60000, 0);
    int others[70], open = 0;
    for (int i = 0; i < 70; i++)
        assert_false(ask(admission, &limits, WI_ADMISSION_SPARE, "127.0.0.1", &others[i]));
    for (int i = 0; i < 70; i++)
        open += !is_closed(others[i]);
    assert_int_equal(open, 64);
    /* One that leaves makes room; one that floods is cut. */
    close(others[0]);
    char block[8192] = {0};
    double limit = wi_now_ms() + 5000;
    while (!is_closed(others[1])) {
        assert_true(wi_now_ms() < limit);
        while (send(others[1], block, sizeof block, MSG_NOSIGNAL) > 0)
            continue;
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    for (int i = 0; i < 3; i++) /* what the first had sent, and its end */
        uv_run(&loop, UV_RUN_NOWAIT);
    for (int i = 0; i < 2; i++) {
        int other;
        assert_false(ask(admission, &limits, WI_ADMISSION_SPARE, "127.0.0.1", &other));
        assert_false(is_closed(other));
        close(other);
    }
    for (int i = 1; i < 70; i++)
        close(others[i]);
    wi_admission_free(admission); /* while some still linger */
}

TEST(test_what_little_comes_is_read)
{
    const struct wi_config_api limits = {
        .max_connections = 0, .max_connections_per_address = 1, .max_connections_loopback = 100};
    struct wi_admission *admission = make(60000, 0);
    int other;
    assert_false(ask(admission, &limits, WI_ADMISSION_SPARE, "127.0.0.1", &other));
    for (int i = 0; i < 10; i++) {
        assert_false(is_closed(other));
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    close(other);
    wi_admission_free(admission);
}

TEST(test_lingering_ends)
{
    const struct wi_config_api limits = {
        .max_connections = 0, .max_connections_per_address = 1, .max_connections_loopback = 100};
    struct wi_admission *admission = make(20, 0);
    int other;
    assert_false(ask(admission, &limits, WI_ADMISSION_SPARE, "127.0.0.1", &other));
    uv_run(&loop, UV_RUN_DEFAULT); /* until nothing is left of it */
    assert_true(is_closed(other));
    close(other);
    wi_admission_free(admission);
}
