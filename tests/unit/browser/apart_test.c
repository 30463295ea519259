/*
 * A network of its own, from both sides: what a program in it sees, what the daemon is handed, and
 * that neither reaches the other's ports. Needs the helper, built beside us, and a kernel that
 * allows it: where it does not, the helper says so, and that is all that there is to test.
 */
#include "../test.h"

#include "base/loop.h"
#include "browser/apart.h"
#include "browser/browser_network.h"
#include "browser/children.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 18471
#define TAKEN 20 /* far more than there are in stock */

struct room {
    uv_loop_t loop;
    struct wi_children *children;
    struct wi_child *child;
    struct wi_timer *timer, *step;
    char output[4096];
    int listening; /* the descriptor that came; -2: none yet */
    int taken, ended, exit_status;
};

static void on_line(void *context, const char *line)
{
    struct room *room = context;
    size_t used = strlen(room->output);

    snprintf(room->output + used, sizeof room->output - used, "%s|", line);
}

static void on_end(void *context, int exit_status, int signal)
{
    struct room *room = context;

    room->ended = 1;
    room->exit_status = exit_status;
    room->child = NULL;
    wi_children_free(room->children);
    wi_timer_free(room->timer);
    wi_timer_free(room->step);
}

static void on_apart(void *context, int fd)
{
    struct room *room = context;

    assert_int_equal(room->listening, -2);
    room->listening = fd;
}

static void too_late(void *context)
{
    fail_msg("nothing happened for 20 s");
}

/* With devices that are hidden from it, ended by NULL; or NULL. */
static const char *const *hidden;

static void start(struct room *room, const char *script, wi_timer_fn *step)
{
    const char *const arguments[] = {"sh", "-c", script, NULL};
    const struct wi_child_options options = {.arguments = arguments,
        .directory = "/",
        .subject = "test",
        .apart_port = PORT,
        .hidden = hidden};
    const struct wi_child_events events = {room, on_line, on_end, on_apart};
    struct wi_error error = {0};
    char lifeline[PATH_MAX];

    assert_non_null(realpath("webinfer-lifeline", lifeline));
    memset(room, 0, sizeof *room);
    room->listening = -2;
    uv_loop_init(&room->loop);
    room->children = wi_children_new(&room->loop, lifeline);
    room->timer = wi_timer_new(&room->loop, too_late, NULL);
    room->step = wi_timer_new(&room->loop, step, room);
    wi_timer_start(room->timer, 20000, 0);
    wi_timer_start(room->step, 5, 5);
    room->child = wi_child_start(room->children, &options, &events, &error);
    if (!room->child)
        fail_msg("%s", error.detail);
}

static void run(struct room *room)
{
    uv_run(&room->loop, UV_RUN_DEFAULT);
    assert_true(room->ended);
    assert_int_equal(uv_loop_close(&room->loop), 0);
}

static int connects(int fd, unsigned port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((in_port_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    socklen_t size = sizeof(int);
    int error = 0;

    connect(fd, (const struct sockaddr *)&address, sizeof address);
    poll(&ready, 1, 1000);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), 0);
    return error == 0;
}

/* Every socket that is taken reaches the one that listens, and more come as fast as they go. */
static void take_sockets(void *context)
{
    struct room *room = context;
    int fd, accepted;

    while (room->listening >= 0 && room->taken < TAKEN &&
           (fd = wi_child_take_socket(room->child)) >= 0) {
        assert_true(connects(fd, PORT));
        accepted = accept(room->listening, NULL, NULL);
        assert_true(accepted >= 0);
        close(accepted);
        close(fd);
        room->taken++;
    }
    if (room->taken < TAKEN)
        return;
    wi_timer_stop(room->step);
    wi_child_end(room->child, 100);
}

static void nothing(void *context)
{
}

static int is_allowed(void)
{
    char lifeline[PATH_MAX];
    struct wi_network *network;
    const char *problem;

    assert_non_null(realpath("webinfer-lifeline", lifeline));
    network = wi_network_new(lifeline);
    problem = wi_network_problem(network, NULL);
    if (problem)
        print_message("not allowed here: %s\n", problem);
    wi_network_free(network);
    return problem == NULL;
}

TEST(sockets_are_handed_out)
{
    struct room room;
    int outside;

    if (!is_allowed())
        skip();
    start(&room, "sleep 1000", take_sockets);
    run(&room);
    assert_int_equal(room.taken, TAKEN);
    /* The listener is of that network, and outside nobody is at its port. */
    outside = wi_apart_socket();
    assert_false(connects(outside, PORT));
    close(outside);
    close(room.listening);
}

/* Of the host's ports none is seen, and of descriptors nothing leaks. */
TEST(a_program_sees_loopback_alone)
{
    const char *script = "ls /proc/self/fd | wc -l; id -u; id -g; "
                         "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '; "
                         "grep -c : /proc/net/tcp; cat /proc/net/route | wc -l";
    struct room room;
    char expected[64];
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (!is_allowed())
        skip();
    assert_int_equal(listen(listening, 1), 0); /* somebody's, at any port of the host */
    start(&room, script, nothing);
    run(&room);
    close(listening);
    close(room.listening);
    snprintf(expected, sizeof expected, "4|%d|%d|lo|1|1|", (int)geteuid(), (int)getegid());
    assert_string_equal(room.output, expected);
}

/* Where networks are allowed and mounts are not, the reason is given, and it is not run. */
TEST(a_hidden_device_cannot_be_opened)
{
    static const char *const devices[] = {"/dev/full", "/dev/zero", NULL};
    struct room room;

    if (!is_allowed())
        skip();
    hidden = devices;
    start(&room, "cat /dev/full; head -c 1 /dev/zero; cat /dev/null && echo null", nothing);
    run(&room);
    close(room.listening);
    hidden = NULL;
    if (strstr(room.output, WI_APART_SHOWN)) {
        print_message("mounts are not allowed here: %s\n", room.output);
        assert_int_equal(room.exit_status, WI_APART_EXIT);
        assert_null(strstr(room.output, "null|"));
        skip();
    }
    assert_non_null(strstr(room.output, "/dev/full: Permission denied|"));
    assert_non_null(strstr(room.output, "/dev/zero' for reading: Permission denied|"));
    assert_non_null(strstr(room.output, "null|"));
    assert_int_equal(access("/dev/full", R_OK), 0);
    int outside = open("/dev/full", O_RDONLY | O_CLOEXEC);
    assert_true(outside >= 0);
    close(outside);
}

TEST(a_device_that_cannot_be_hidden_is_named)
{
    static const char *const devices[] = {"/dev/nonexistent", NULL};
    struct room room;

    if (!is_allowed())
        skip();
    hidden = devices;
    start(&room, "echo here", nothing);
    run(&room);
    close(room.listening);
    hidden = NULL;
    assert_int_equal(room.exit_status, WI_APART_EXIT);
    assert_non_null(strstr(room.output, WI_APART_SHOWN));
    assert_null(strstr(room.output, "here|"));
}

/* In no state is it run with the host's network. */
TEST(where_it_is_refused_nothing_is_run)
{
    struct room room;

    if (is_allowed())
        skip();
    start(&room, "echo here", nothing);
    run(&room);
    assert_int_equal(room.exit_status, WI_APART_EXIT);
    assert_non_null(strstr(room.output, WI_APART_REFUSED));
    assert_null(strstr(room.output, "here|"));
}

TEST(a_port_that_is_taken_is_not_listened_at)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int first = wi_apart_listen(0);
    assert_true(first >= 0);
    assert_int_equal(getsockname(first, (struct sockaddr *)&address, &size), 0);
    errno = 0;
    assert_int_equal(wi_apart_listen(ntohs(address.sin_port)), -1);
    assert_int_equal(errno, EADDRINUSE);
    close(first);
}
