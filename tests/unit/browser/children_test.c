/*
 * Process hygiene with a tree that tries to get away: grandchildren in their own sessions that
 * ignore SIGTERM. Whoever is killed, nothing may be left. Needs the helper, built beside us.
 */
#include "../test.h"

#include "base/clock.h"
#include "base/loop.h"
#include "browser/children.h"
#include "browser/proctree.h"
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Prints "up" when both runaways are there. */
#define RUNAWAYS                                                                                   \
    "(trap '' TERM; setsid sh -c 'trap \"\" TERM; echo one; while :; do sleep 1000; done') & "     \
    "(setsid sh -c 'trap \"\" TERM; setsid sleep 1000 & echo two; wait' &) ; "

struct room {
    uv_loop_t loop;
    struct wi_children *children;
    struct wi_child *child;
    struct wi_timer *timer;
    struct wi_timer *look;
    char output[8192];
    int ended, exit_status, signal, ups;
    void (*on_up)(struct room *room);
    pid_t stopped; /* one of its processes */
    int found_stopped;
};

static size_t descendants(void)
{
    struct wi_proctree tree;
    size_t count;

    assert_int_equal(wi_proctree_read(&tree), 0);
    count = wi_proctree_mark(&tree, getpid());
    wi_proctree_clear(&tree);
    return count;
}

static void look_for_stopped(void *context);

static void on_line(void *context, const char *line)
{
    struct room *room = context;
    size_t used = strlen(room->output);

    snprintf(room->output + used, sizeof room->output - used, "%s|", line);
    if ((strcmp(line, "one") == 0 || strcmp(line, "two") == 0) && ++room->ups == 2 && room->on_up)
        room->on_up(room);
    if (strncmp(line, "stopped ", 8) == 0) {
        room->stopped = (pid_t)atoi(line + 8);
        wi_timer_free(room->look);
        room->look = wi_timer_new(&room->loop, look_for_stopped, room);
        look_for_stopped(room);
    }
}

static void on_end(void *context, int exit_status, int signal)
{
    struct room *room = context;

    room->ended = 1;
    room->exit_status = exit_status;
    room->signal = signal;
    assert_int_equal(descendants(), 0); /* at this very moment */
    wi_children_free(room->children);
    wi_timer_free(room->timer);
    wi_timer_free(room->look);
}

static void end_when_weighed(void *context);

static void too_late(void *context)
{
    fail_msg("nothing happened for 20 s");
}

static void start(struct room *room, const char *script)
{
    const char *const arguments[] = {"sh", "-c", script, NULL};
    const char *const environment[] = {"WI_TEST=here", NULL};
    const struct wi_child_options options = {
        .arguments = arguments, .environment = environment, .directory = "/", .subject = "test"};
    const struct wi_child_events events = {room, on_line, on_end, NULL};
    struct wi_error error = {0};
    char lifeline[PATH_MAX];

    assert_non_null(realpath("webinfer-lifeline", lifeline));
    uv_loop_init(&room->loop);
    room->children = wi_children_new(&room->loop, lifeline);
    room->timer = wi_timer_new(&room->loop, too_late, NULL);
    room->look = wi_timer_new(&room->loop, end_when_weighed, room);
    wi_timer_start(room->timer, 20000, 0);
    room->child = wi_child_start(room->children, &options, &events, &error);
    if (!room->child)
        fail_msg("%s", error.detail);
}

static void run(struct room *room)
{
    uv_run(&room->loop, UV_RUN_DEFAULT);
    assert_true(room->ended);
    assert_int_equal(uv_loop_close(&room->loop), 0);
    assert_int_equal(descendants(), 0);
}

TEST(output_and_status_come_through)
{
    struct room room = {0};

    start(&room, "echo out; echo err >&2; echo $WI_TEST $HOME; ls /proc/self/fd | wc -l; "
                 "printf tail; exit 7");
    run(&room);
    assert_int_equal(room.exit_status, 7);
    /* 0, 1, 2 and the folder that ls reads: nothing of ours leaks, the lifeline included. */
    assert_string_equal(room.output, "out|err|here|4|tail|");
}

/* The log shows 4095 bytes of it, in which a token that begins there is whole. */
TEST(a_long_line_is_cut_behind_what_is_shown)
{
    struct room room = {0};

    start(&room,
        "head -c 4090 /dev/zero | tr '\\0' x; printf wi_; head -c 43 /dev/zero | tr '\\0' y;"
        "head -c 9000 /dev/zero | tr '\\0' z; echo; echo next");
    run(&room);
    assert_in_range(strlen(room.output), 4090 + 46, sizeof room.output - 1);
    assert_int_equal(strspn(strstr(room.output, "wi_") + 3, "y"), 43);
    assert_non_null(strstr(room.output, "z|next|"));
}

TEST(a_program_that_leaves_others_behind)
{
    struct room room = {0};

    start(&room, "(setsid sleep 1000 &); (sleep 1000 &); exit 3");
    run(&room);
    assert_int_equal(room.exit_status, 3);
}

static void end_with_grace(struct room *room)
{
    assert_true(descendants() >= 5);
    wi_child_end(room->child, 100);
}

static void end_when_weighed(void *context)
{
    struct room *room = context;

    if (wi_child_memory(room->child) > 100000)
        end_with_grace(room);
    else
        wi_timer_start(room->look, 5, 0);
}

static void weigh(struct room *room)
{
    assert_int_equal(wi_child_memory(room->child), 0);
    wi_children_weigh(room->children);
    wi_children_weigh(room->children); /* once is enough */
    wi_timer_start(room->look, 5, 0);
}

/* Until it was found stopped twice; then it goes on, and is not found so any more. */
static void look_for_stopped(void *context)
{
    struct room *room = context;
    unsigned stopped = wi_child_stopped(room->child);

    if (room->found_stopped && stopped == 0) {
        wi_child_end(room->child, 100);
        return;
    }
    if (stopped >= 2) {
        room->found_stopped = 1;
        kill(room->stopped, SIGCONT);
    }
    wi_children_weigh(room->children);
    wi_timer_start(room->look, 5, 0);
}

/* The registry is freed before the reading is done. */
static void weigh_too_late(struct room *room)
{
    wi_children_weigh(room->children);
    end_with_grace(room);
}

static void end_at_once(struct room *room)
{
    wi_child_end(room->child, 0);
}

static void kill_program(struct room *room)
{
    struct wi_proctree tree;

    wi_proctree_read(&tree);
    for (size_t i = 0; i < tree.count; i++)
        if (tree.items[i].parent == wi_child_pid(room->child)) {
            kill(tree.items[i].pid, SIGKILL);
            break; /* the lowest pid: the program itself */
        }
    wi_proctree_clear(&tree);
}

static void kill_all_at_once(struct room *room)
{
    kill_program(room);
    kill(wi_child_pid(room->child), SIGKILL);
}

static void check_end(void (*how)(struct room *room))
{
    struct room room = {.on_up = how};

    start(&room, RUNAWAYS "wait; sleep 1000");
    run(&room);
}

TEST(ended_with_grace)
{
    check_end(end_with_grace);
}

TEST(found_stopped)
{
    struct room room = {0};

    start(&room, "sleep 1000 & sleep 1000 & kill -STOP $!; echo stopped $!; wait");
    run(&room);
    assert_true(room.found_stopped);
}

TEST(weighed)
{
    check_end(weigh);
    check_end(weigh_too_late);
}

TEST(ended_at_once)
{
    check_end(end_at_once);
}

TEST(program_killed)
{
    check_end(kill_program);
}

TEST(helper_and_program_killed)
{
    check_end(kill_all_at_once);
}

TEST(a_missing_program_is_an_error)
{
    const char *const arguments[] = {"/no/such/program", NULL};
    const struct wi_child_options options = {
        .arguments = arguments, .directory = "/", .subject = "test"};
    const struct wi_child_events events = {0};
    struct wi_error error = {0};
    uv_loop_t loop;
    struct wi_children *children;

    uv_loop_init(&loop);
    children = wi_children_new(&loop, "/no/such/helper");
    assert_null(wi_child_start(children, &options, &events, &error));
    assert_non_null(strstr(error.detail, "/no/such/program"));
    const char *const shell[] = {"sh", NULL};
    const struct wi_child_options helperless = {
        .arguments = shell, .directory = "/", .subject = "test"};
    assert_null(wi_child_start(children, &helperless, &events, &error));
    assert_non_null(strstr(error.detail, "/no/such/helper"));
    assert_int_equal(wi_children_count(children), 0);
    wi_children_free(children);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* A daemon of its own that is killed: its tree comes to us, the next subreaper. */
static void kill_self(struct room *room)
{
    kill(getpid(), SIGKILL);
}

TEST(the_daemon_killed)
{
    double since;
    pid_t daemon;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    daemon = fork();
    if (daemon == 0) {
        struct room room = {.on_up = kill_self};
        start(&room, RUNAWAYS "wait; sleep 1000");
        uv_run(&room.loop, UV_RUN_DEFAULT);
        _exit(1);
    }
    assert_int_equal(waitpid(daemon, NULL, 0), daemon);
    since = wi_now_ms();
    while (waitpid(-1, NULL, 0) > 0) { /* until every one is gone */
    }
    assert_int_equal(descendants(), 0);
    assert_true(wi_now_ms() - since < 5000);
}
