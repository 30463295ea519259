/*
 * webinfer-lifeline: runs one program for the daemon and ends it, with everything that it started,
 * as soon as the daemon is gone, however it went.
 *
 *   webinfer-lifeline [--apart PORT] [--hide DEVICE]… [--instance DIRECTORY] [--] PROGRAM
 *                     [ARGUMENT…]
 *   webinfer-lifeline --try-apart
 *
 * Descriptor 3 is a pipe whose other end the daemon holds; it closes when the daemon dies. The
 * helper leads a process group and is a child subreaper, so that a descendant that leaves the group
 * comes to it. If the helper itself is killed, the kernel kills the program (PR_SET_PDEATHSIG) and
 * the daemon, the next subreaper, ends the rest.
 *
 * With --instance descriptor 4 holds the lock of the daemon's directory (browser/instance.h), and
 * the last of a dead daemon's helpers removes that.
 *
 * With --apart the program has a network of its own (browser/apart.h), PORT being where the daemon
 * is to be found in it, and descriptor 3 is a socket over which the helper hands out that network's
 * sockets. With --hide the program cannot open the device. --try-apart only says whether that can
 * be, and if not, whether browsers can have their sandboxes.
 */
#include "browser/apart.h"
#include "browser/proctree.h"
#include "browser/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIFELINE_FD 3
#define LOCK_FD 4
/* From SIGTERM to SIGKILL. Nothing may be left five seconds after the daemon died, and a browser
 * that has to be killed then takes well under a second to go. */
#define GRACE_MS 2000
#define TICK_MS 20
/* The interval for retrying a directory that another program reads, or a daemon that is dying. */
#define SWEEPS_MAX 50
#define EXIT_USAGE 2
#define EXIT_NO_EXEC 127

/* More devices than this are refused. */
#define HIDDEN_MAX 256

struct lifeline {
    int signals; /* signalfd */
    sigset_t old_mask;
    pid_t program;
    int status;                     /* of the program, as from waitpid */
    unsigned apart_port;            /* it has a network of its own; 0: ours */
    const char *hidden[HIDDEN_MAX]; /* devices */
    size_t hidden_count;
    const char *instance; /* the daemon's directory; NULL: none that is ours to remove */
    int ending;
    int64_t kill_at;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int lifeline_prepare(struct lifeline *line)
{
    sigset_t mask;

    if (fcntl(LIFELINE_FD, F_SETFD, FD_CLOEXEC) != 0) {
        fprintf(stderr, "webinfer-lifeline: descriptor 3 must be a pipe held by the daemon\n");
        return -1;
    }
    if (line->instance && fcntl(LOCK_FD, F_SETFD, FD_CLOEXEC) != 0) {
        fprintf(stderr, "webinfer-lifeline: descriptor 4 must hold the lock of the directory\n");
        return -1;
    }
    /* Other descriptors of the daemon's libraries must not reach the program. */
    close_range(line->instance ? LOCK_FD + 1 : LIFELINE_FD + 1, UINT_MAX, 0);
    setpgid(0, 0); /* fails where we lead a session, and so a group, already */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        fprintf(stderr, "webinfer-lifeline: PR_SET_CHILD_SUBREAPER: %s\n", strerror(errno));
        return -1;
    }
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGHUP);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, &line->old_mask);
    line->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (line->signals < 0) {
        fprintf(stderr, "webinfer-lifeline: signalfd: %s\n", strerror(errno));
        return -1;
    }
    return 0;
}

/* --- what it has for itself ------------------------------------------------------------------ */

static int say_refused(FILE *to, const char *what, const char *step)
{
    fprintf(to, "webinfer-lifeline: %s%s: %s\n", what, step, strerror(errno));
    return -1;
}

/* Whether no process of this user may have a user namespace. A security module refuses with EACCES,
 * and its policy may allow browsers what it denies us; seccomp filters, sysctls and limits use
 * other errors. */
static int is_confined(void)
{
    return unshare(CLONE_NEWUSER) != 0 && errno != EACCES;
}

/* Says whether it could be entered, and ends. `step` "unshare" is the only one before there is a
 * user namespace. */
static int try_apart(void)
{
    const char *step;

    if (wi_apart_enter(&step) == 0)
        return 0;
    say_refused(stdout, WI_APART_REFUSED, step);
    return strcmp(step, "unshare") == 0 && is_confined() ? WI_APART_EXIT_CONFINED : WI_APART_EXIT;
}

/* Enters its network, and sends the first packet. */
static int enter_network(const struct lifeline *line)
{
    const char *step;
    int fds[WI_APART_PACKET_MAX] = {-1}, failed;
    size_t count = 0;

    if (wi_apart_enter(&step) != 0)
        return say_refused(stderr, WI_APART_REFUSED, step);
    fds[count++] = wi_apart_listen(line->apart_port);
    while (fds[count - 1] >= 0 && count < WI_APART_PACKET_MAX)
        fds[count++] = wi_apart_socket();
    failed = fds[count - 1] < 0 || wi_apart_send(LIFELINE_FD, fds, count) != 0;
    if (failed)
        say_refused(stderr, WI_APART_REFUSED, "its sockets");
    for (size_t i = 0; i < count && fds[i] >= 0; i++)
        close(fds[i]);
    return failed ? -1 : 0;
}

static int go_apart(const struct lifeline *line)
{
    const char *step;

    if (line->apart_port && enter_network(line) != 0)
        return -1;
    if (line->hidden_count == 0 || wi_apart_hide(line->hidden, line->hidden_count, &step) == 0)
        return 0;
    return say_refused(stderr, WI_APART_SHOWN, step);
}

/* If it fails, the daemon has one less, and asks again when it takes another. */
static void hand_out_socket(void)
{
    int fd = wi_apart_socket();

    wi_apart_send(LIFELINE_FD, &fd, fd >= 0);
    if (fd >= 0)
        close(fd);
}

/* --- the program ----------------------------------------------------------------------------- */

static int start_program(struct lifeline *line, char **arguments)
{
    pid_t self = getpid();

    line->program = fork();
    if (line->program < 0) {
        fprintf(stderr, "webinfer-lifeline: fork: %s\n", strerror(errno));
        return -1;
    }
    if (line->program > 0)
        return 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != self)
        _exit(EXIT_NO_EXEC);
    sigprocmask(SIG_SETMASK, &line->old_mask, NULL);
    execvp(arguments[0], arguments);
    fprintf(stderr, "webinfer-lifeline: cannot run %s: %s\n", arguments[0], strerror(errno));
    _exit(EXIT_NO_EXEC);
}

static void signal_descendants(int signal)
{
    struct wi_proctree tree;

    if (wi_proctree_read(&tree) != 0)
        return;
    wi_proctree_mark(&tree, getpid());
    wi_proctree_kill(&tree, signal);
    wi_proctree_clear(&tree);
}

static void begin_end(struct lifeline *line)
{
    if (line->ending)
        return;
    line->ending = 1;
    line->kill_at = now_ms() + GRACE_MS;
    signal_descendants(SIGTERM);
}

/* Takes every zombie; returns whether a child is left. */
static int lifeline_reap(struct lifeline *line)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == line->program) {
            line->program = -1;
            line->status = status;
        }
    return pid == 0;
}

/* Waits for the next event, and begins the end if the event asks for that. */
static void wait_event(struct lifeline *line)
{
    struct pollfd fds[2] = {
        {.fd = line->signals, .events = POLLIN}, {.fd = LIFELINE_FD, .events = POLLIN}};
    struct signalfd_siginfo signal;
    char byte;

    if (poll(fds, line->ending ? 1 : 2, line->ending ? TICK_MS : -1) <= 0)
        return;
    while (read(line->signals, &signal, sizeof signal) == (ssize_t)sizeof signal)
        if (signal.ssi_signo != SIGCHLD)
            begin_end(line);
    if (!fds[1].revents)
        return;
    if (read(LIFELINE_FD, &byte, 1) <= 0)
        begin_end(line);
    else if (line->apart_port)
        hand_out_socket();
}

static int is_daemon_gone(void)
{
    struct pollfd daemon = {.fd = LIFELINE_FD, .events = POLLIN};

    return poll(&daemon, 1, 0) > 0 && (daemon.revents & POLLHUP);
}

/* Removes the files of the daemon on the disk, unless another helper of it still lives: then that
 * one does. */
static void lifeline_sweep(const struct lifeline *line)
{
    const struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};

    close(LOCK_FD);
    for (int i = 0; i < SWEEPS_MAX && wi_sweep_instance(line->instance) == WI_SWEEP_BUSY; i++)
        nanosleep(&tick, NULL);
}

static int lifeline_run(struct lifeline *line)
{
    while (lifeline_reap(line)) {
        if (line->program < 0)
            begin_end(line); /* processes that the program left behind */
        if (line->ending && now_ms() >= line->kill_at)
            signal_descendants(SIGKILL);
        wait_event(line);
    }
    if (line->instance && is_daemon_gone())
        lifeline_sweep(line);
    return WIFEXITED(line->status) ? WEXITSTATUS(line->status) : 128 + WTERMSIG(line->status);
}

/* Takes one option and its value from `arguments`. Returns 0, or -1 if it is none, or is not
 * allowed. */
static int take_option(struct lifeline *line, char **arguments)
{
    const char *option = arguments[0], *value = option ? arguments[1] : NULL;

    if (!value)
        return -1;
    if (strcmp(option, "--instance") == 0) {
        line->instance = value;
        return 0;
    }
    if (strcmp(option, "--hide") == 0 && line->hidden_count < HIDDEN_MAX) {
        line->hidden[line->hidden_count++] = value;
        return 0;
    }
    if (strcmp(option, "--apart") != 0)
        return -1;
    line->apart_port = (unsigned)strtoul(value, NULL, 10);
    return line->apart_port > 0 && line->apart_port <= 65535 ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct lifeline line = {.signals = -1, .program = -1};
    char **arguments = argv + 1;

    if (argc == 2 && strcmp(argv[1], "--try-apart") == 0)
        return try_apart();
    while (take_option(&line, arguments) == 0)
        arguments += 2;
    if (arguments[0] && strcmp(arguments[0], "--") == 0)
        arguments++;
    if (!arguments[0] || strncmp(arguments[0], "--", 2) == 0) {
        fprintf(stderr,
            "usage: webinfer-lifeline [--apart PORT] [--hide DEVICE]... [--instance DIRECTORY] "
            "[--] PROGRAM [ARGUMENT...]\n");
        return EXIT_USAGE;
    }
    if (lifeline_prepare(&line) != 0)
        return EXIT_USAGE;
    if (go_apart(&line) != 0)
        return WI_APART_EXIT;
    return start_program(&line, arguments) == 0 ? lifeline_run(&line) : EXIT_USAGE;
}
