/* What a NATS server says first: its version is read and compared, and an old one is told of. */
#include "../test.h"
#include "cluster/broker_private.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define INFO(version)                                                                              \
    "INFO {\"server_id\":\"N\",\"server_name\":\"a\",\"version\":\"" version                       \
    "\",\"proto\":1,\"host\":\"0.0.0.0\",\"port\":4222,\"headers\":true,\"max_payload\":1048576} " \
    "\r\n"

TEST(a_version_is_read_from_the_first_line)
{
    static const struct {
        const char *line;
        struct wi_server_version version; /* 0.0.0: there is none */
    } rows[] = {{INFO("2.9.10"), {2, 9, 10}}, {INFO("2.11.0-preview.2"), {2, 11, 0}},
        {INFO("10.0.1"), {10, 0, 1}}, {"INFO {\"version\":\"2.10.27\"", {2, 10, 27}},
        {"", {0, 0, 0}}, {"INFO {}\r\n", {0, 0, 0}}, {INFO("2.9"), {0, 0, 0}},
        {INFO("two"), {0, 0, 0}}, {"-ERR \"version\":\"2.9.10\"", {0, 0, 0}},
        {"HTTP/1.1 400 Bad Request\r\n\r\n", {0, 0, 0}}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_server_version got = {0}, wanted = rows[i].version;
        assert_int_equal(wi_server_version_read(rows[i].line, &got), wanted.major ? 0 : -1);
        if (wanted.major)
            assert_memory_equal(&got, &wanted, sizeof got);
    }
}

TEST(versions_are_compared_as_numbers)
{
    static const struct wi_server_version rising[] = {{1, 99, 99}, {2, 8, 4}, {2, 9, 9}, {2, 9, 10},
        {2, 9, 20}, {2, 9, 21}, {2, 10, 0}, {3, 0, 0}};
    size_t count = sizeof rising / sizeof *rising;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            assert_int_equal(wi_server_version_is_before(&rising[i], &rising[j]), i < j);
}

/* --- a server --------------------------------------------------------------------------------- */

struct server {
    int fd;
    const char *line;
};

static void serve(void *data)
{
    const struct server *server = data;
    int fd = accept(server->fd, NULL, NULL);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, server->line, strlen(server->line)), strlen(server->line));
    close(fd);
}

static int listen_at(char url[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(url, 64, "nats://127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

/* The problem with a server that says this line. */
static struct wi_broker_problem judge(const char *line, int replicas)
{
    struct wi_broker_problem problem = {0};
    uv_thread_t thread;
    char url[64];
    struct server server = {listen_at(url), line};
    assert_int_equal(uv_thread_create(&thread, serve, &server), 0);
    wi_server_judge(url, replicas, &problem);
    uv_thread_join(&thread);
    close(server.fd);
    return problem;
}

TEST(an_old_server_of_several_is_told_of)
{
    struct wi_broker_problem problem = judge(INFO("2.9.20"), 3);
    assert_int_equal(problem.fault, WI_BROKER_OLD);
    assert_string_equal(wi_broker_fault_names[problem.fault], "old_server");
    assert_non_null(strstr(problem.detail, " is nats-server 2.9.20, "));
    assert_non_null(strstr(problem.detail, "upgrade all servers to 2.9.21 or later"));
    assert_int_equal(judge(INFO("2.9.21"), 3).fault, WI_BROKER_FINE);
    assert_int_equal(judge("what?", 5).fault, WI_BROKER_FINE); /* who knows */
}

TEST(one_server_alone_and_one_that_is_away_are_not_judged)
{
    struct wi_broker_problem problem = {0};
    char url[64];
    int fd = listen_at(url);
    wi_server_judge(url, 1, &problem); /* it does not wait for what this one does not say */
    close(fd);
    wi_server_judge(url, 3, &problem);
    assert_int_equal(problem.fault, WI_BROKER_FINE);
}
