/*
 * Processes that we start, each under the lifeline helper, and the orphans that come back to us.
 *
 * A living helper is a subreaper itself, so a process becomes a direct child of the daemon only
 * when its helper was killed. So one rule is enough for every violent end: when a helper is gone,
 * every child of ours that is not a helper is ended with its descendants, until none is left. libuv
 * waits for its children by pid, and we wait by pid for the others, so neither takes a status of
 * the other.
 */
#include "browser/children.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/secret.h"
#include "browser/door.h"
#include "browser/proctree.h"
#include "browser/program.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

/* The length of a line; the log shows less of one (base/secret.h). */
#define LINE_MAX_BYTES (4096 + WI_TOKEN_SIZE)
#define SWEEP_MS 10
/* The interval for measuring the memory of trees; it is long, since the kernel walks all of their
 * pages. */
#define WEIGH_MS 5000
/* A process that ends this soon after the kernel ended one for lack of memory ended for that
 * reason. */
#define RAN_OUT_MS 5000
#define ROOT "/"

struct wi_children {
    uv_loop_t *loop;
    char *lifeline;
    uv_signal_t child_signal;
    struct wi_timer *sweep;
    struct wi_child *first;
    /* Children from before us (started by our program's predecessor before it called exec): reaped,
     * never ended. */
    pid_t *foreign;
    size_t foreign_count;
    struct wi_work *weighing; /* NULL: none goes on */
    double weighed_at;        /* when trees were last weighed; 0: never */
    struct wi_headroom headroom;
    double ran_out_at; /* when headroom.oom_kills was last seen to have grown; 0: never */
};

struct wi_child {
    struct wi_children *owner;
    struct wi_child *next;
    uv_process_t process;
    uv_pipe_t output;
    unsigned handles;     /* not closed yet */
    int lifeline_fd;      /* its closing is the end of the helper */
    struct wi_door *door; /* to its own network; NULL: it has none */
    pid_t pid;
    uint64_t memory;
    unsigned stopped; /* how often in a row, as it was weighed */
    int gone;         /* the helper was waited for */
    int exit_status, signal;
    struct wi_timer *grace;
    struct wi_child_events events;
    char *subject;
    char buffer[LINE_MAX_BYTES];
    char line[LINE_MAX_BYTES + 1];
    size_t line_size;
};

static struct wi_child *find_child(const struct wi_children *children, pid_t pid)
{
    struct wi_child *child;

    LL_SEARCH_SCALAR(children->first, child, pid, pid);
    return child;
}

static int is_foreign(const struct wi_children *children, pid_t pid)
{
    for (size_t i = 0; i < children->foreign_count; i++)
        if (children->foreign[i] == pid)
            return 1;
    return 0;
}

static void forget_foreign(struct wi_children *children, pid_t pid)
{
    for (size_t i = 0; i < children->foreign_count; i++)
        if (children->foreign[i] == pid)
            children->foreign[i] = children->foreign[--children->foreign_count];
}

/* --- output ---------------------------------------------------------------------------------- */

static void flush_line(struct wi_child *child)
{
    child->line[child->line_size] = '\0';
    if (child->line_size > 0 && child->events.on_line)
        child->events.on_line(child->events.context, child->line);
    child->line_size = 0;
}

static void take_output(struct wi_child *child, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n')
            flush_line(child);
        else if (child->line_size < LINE_MAX_BYTES && bytes[i] != '\r')
            child->line[child->line_size++] = bytes[i];
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct wi_child *child = handle->data;

    *buffer = uv_buf_init(child->buffer, sizeof child->buffer);
}

static void on_output(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    if (size > 0)
        take_output(stream->data, buffer->base, (size_t)size);
    else if (size < 0)
        uv_read_stop(stream);
}

/* Output that was written just before the end and not read yet. Bounded, because a process outside
 * the tree may hold the pipe too. */
static void drain_output(struct wi_child *child)
{
    uv_os_fd_t fd;

    uv_read_stop((uv_stream_t *)&child->output);
    if (uv_fileno((uv_handle_t *)&child->output, &fd) != 0)
        return;
    for (int i = 0; i < 64; i++) {
        ssize_t size = read(fd, child->buffer, sizeof child->buffer);
        if (size <= 0)
            break;
        take_output(child, child->buffer, (size_t)size);
    }
    flush_line(child);
}

/* --- the end --------------------------------------------------------------------------------- */

static void on_child_closed(uv_handle_t *handle)
{
    struct wi_child *child = handle->data;

    if (--child->handles > 0)
        return;
    wi_close(child->lifeline_fd);
    free(child->subject);
    free(child);
}

static void close_child(struct wi_child *child)
{
    child->handles = 2;
    uv_close((uv_handle_t *)&child->process, on_child_closed);
    uv_close((uv_handle_t *)&child->output, on_child_closed);
}

static void child_finish(struct wi_child *child)
{
    LL_DELETE(child->owner->first, child);
    wi_timer_free(child->grace);
    child->grace = NULL;
    wi_door_free(child->door);
    child->door = NULL;
    drain_output(child);
    wi_debug("browser", child->subject, "process group %d is gone (status %d, signal %d)",
        (int)child->pid, child->exit_status, child->signal);
    if (child->events.on_end)
        child->events.on_end(child->events.context, child->exit_status, child->signal);
    close_child(child);
}

/* Waits for our children that are neither helpers nor libuv's. With `end`, first kills them and all
 * their descendants. Returns how many children to end are left. */
static size_t take_orphans(struct wi_children *children, int end)
{
    struct wi_proctree tree;
    pid_t self = getpid();
    size_t left = 0;

    if (wi_proctree_read(&tree) != 0)
        return 0;
    for (size_t i = 0; i < tree.count; i++) {
        pid_t pid = tree.items[i].pid;
        if (tree.items[i].parent != self || find_child(children, pid))
            continue;
        int foreign = is_foreign(children, pid);
        if (waitpid(pid, NULL, WNOHANG) == pid) {
            forget_foreign(children, pid);
            left += !foreign; /* its children are ours from now on: look again */
        } else if (!foreign) {
            tree.items[i].marked = 1;
            wi_proctree_mark(&tree, pid);
            left++;
        }
    }
    if (end)
        wi_proctree_kill(&tree, SIGKILL);
    wi_proctree_clear(&tree);
    return left;
}

/* Ends the processes that ended helpers left behind, then reports the helpers. */
static void children_sweep(void *context)
{
    struct wi_children *children = context;
    struct wi_child *child;

    LL_SEARCH_SCALAR(children->first, child, gone, 1);
    if (!child) {
        wi_timer_stop(children->sweep);
        return;
    }
    if (take_orphans(children, 1) > 0) {
        wi_timer_start(children->sweep, SWEEP_MS, 0);
        return;
    }
    /* on_end may start or end others, or free the registry: look again in the next turn. */
    wi_timer_start(children->sweep, 0, 0);
    child_finish(child);
}

static void on_exit_status(uv_process_t *process, int64_t exit_status, int signal)
{
    struct wi_child *child = process->data;

    child->gone = 1;
    child->exit_status = (int)exit_status;
    child->signal = signal;
    wi_timer_start(child->owner->sweep, 0, 0);
}

/* Zombies that came to us for other reasons, e.g. to process 1 of a container. */
static void on_child_signal(uv_signal_t *handle, int signal)
{
    struct wi_children *children = handle->data;
    siginfo_t info = {0};

    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 &&
        !wi_timer_running(children->sweep))
        take_orphans(children, 0);
}

/* --- the registry ---------------------------------------------------------------------------- */

struct wi_children *wi_children_new(uv_loop_t *loop, const char *lifeline)
{
    struct wi_children *children = wi_alloc(sizeof *children);
    struct wi_proctree tree;

    children->loop = loop;
    children->lifeline = wi_strdup(lifeline);
    children->sweep = wi_timer_new(loop, children_sweep, children);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        wi_warn("browser", NULL, "PR_SET_CHILD_SUBREAPER: %s", strerror(errno));
    uv_signal_init(loop, &children->child_signal);
    children->child_signal.data = children;
    uv_signal_start(&children->child_signal, on_child_signal, SIGCHLD);
    uv_unref((uv_handle_t *)&children->child_signal);
    wi_headroom_read(ROOT, &children->headroom);
    if (wi_proctree_read(&tree) != 0)
        return children;
    for (size_t i = 0; i < tree.count; i++) {
        if (tree.items[i].parent != getpid())
            continue;
        children->foreign = wi_realloc_array(
            children->foreign, children->foreign_count + 1, sizeof *children->foreign);
        children->foreign[children->foreign_count++] = tree.items[i].pid;
    }
    wi_proctree_clear(&tree);
    return children;
}

static void on_registry_closed(uv_handle_t *handle)
{
    struct wi_children *children = handle->data;

    free(children->lifeline);
    free(children->foreign);
    free(children);
}

void wi_children_free(struct wi_children *children)
{
    if (!children)
        return;
    assert(!children->first);
    if (children->weighing)
        wi_work_abandon(children->weighing); /* on_weighed frees what it is about */
    wi_timer_free(children->sweep);
    uv_close((uv_handle_t *)&children->child_signal, on_registry_closed);
}

size_t wi_children_count(const struct wi_children *children)
{
    const struct wi_child *child;
    size_t count;

    LL_COUNT(children->first, child, count);
    return count;
}

/* --- starting -------------------------------------------------------------------------------- */

static void add_all(struct wi_strings *list, const char *const *given)
{
    for (size_t i = 0; given && given[i]; i++)
        wi_strings_add(list, given[i]);
}

/* PATH, a locale that exists everywhere, the time zone, and the caller's variables. */
static void add_environment(struct wi_strings *list, const char *const *given)
{
    wi_strings_add_owned(list, wi_sprintf("PATH=%s", wi_program_path()));
    wi_strings_add(list, "LANG=C.UTF-8");
    if (getenv("TZ"))
        wi_strings_add_owned(list, wi_sprintf("TZ=%s", getenv("TZ")));
    add_all(list, given);
}

static void add_arguments(struct wi_strings *list, const char *lifeline, const char *program,
    const struct wi_child_options *options)
{
    wi_strings_add(list, lifeline);
    if (options->apart_port) {
        wi_strings_add(list, "--apart");
        wi_strings_add_owned(list, wi_sprintf("%u", options->apart_port));
    }
    for (const char *const *path = options->hidden; path && *path; path++) {
        wi_strings_add(list, "--hide");
        wi_strings_add(list, *path);
    }
    if (options->instance) {
        wi_strings_add(list, "--instance");
        wi_strings_add(list, options->instance->path);
    }
    wi_strings_add(list, "--");
    wi_strings_add(list, program);
    add_all(list, options->arguments + 1);
}

/* The helper with output and lifeline pipes whose far ends are given; a libuv status. */
static int child_spawn(struct wi_child *child, const struct wi_child_options *options,
    const char *program, int output_fd, int lifeline_fd)
{
    struct wi_strings arguments = {0}, environment = {0};
    uv_stdio_container_t stdio[] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = output_fd},
        {.flags = UV_INHERIT_FD, .data.fd = output_fd},
        {.flags = UV_INHERIT_FD, .data.fd = lifeline_fd},
        {.flags = UV_IGNORE},
    };
    add_arguments(&arguments, child->owner->lifeline, program, options);
    add_environment(&environment, options->environment);
    uv_process_options_t spawn_options = {
        .exit_cb = on_exit_status,
        .file = arguments.items[0],
        .args = arguments.items,
        .env = environment.items,
        .cwd = options->directory,
        .flags = UV_PROCESS_DETACHED, /* a session, and so a group, of its own */
        .stdio_count = sizeof stdio / sizeof *stdio,
        .stdio = stdio,
    };
    if (options->instance)
        stdio[4] =
            (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = options->instance->lock_fd};
    int status = uv_spawn(child->owner->loop, &child->process, &spawn_options);

    wi_strings_clear(&arguments);
    wi_strings_clear(&environment);
    return status;
}

static void on_grace_over(void *context)
{
    struct wi_child *child = context;

    if (!child->gone)
        kill(child->pid, SIGKILL);
}

/* The pipe that keeps the helper alive: the first end is its own. */
static int make_lifeline(const struct wi_child_options *options, int ends[2])
{
    if (options->apart_port)
        return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
    return pipe2(ends, O_CLOEXEC);
}

static void on_door_open(void *context, int fd)
{
    struct wi_child *child = context;

    if (child->events.on_apart)
        child->events.on_apart(child->events.context, fd);
    else
        wi_close(fd);
}

struct wi_child *wi_child_start(struct wi_children *children,
    const struct wi_child_options *options, const struct wi_child_events *events,
    struct wi_error *error)
{
    int output[2] = {-1, -1}, lifeline[2] = {-1, -1};
    struct wi_child *child = NULL;
    char *program = wi_program_find(options->arguments[0]);
    int status;

    if (!program) {
        wi_error_set(error, WI_UNAVAILABLE, "", "the program %s was not found or cannot be run",
            options->arguments[0]);
        goto cleanup;
    }
    if (pipe2(output, O_CLOEXEC) != 0 || make_lifeline(options, lifeline) != 0) {
        wi_error_set(error, WI_UNAVAILABLE, "", "cannot make a pipe: %s", strerror(errno));
        goto cleanup;
    }
    child = wi_alloc(sizeof *child);
    child->owner = children;
    child->events = *events;
    child->subject = wi_strdup(options->subject);
    child->lifeline_fd = lifeline[1];
    lifeline[1] = -1;
    child->process.data = child;
    uv_pipe_init(children->loop, &child->output, 0);
    child->output.data = child;
    uv_pipe_open(&child->output, output[0]); /* the handle's from here on */
    output[0] = -1;
    status = child_spawn(child, options, program, output[1], lifeline[0]);
    if (status != 0) {
        wi_error_set(error, WI_UNAVAILABLE, "", "cannot start %s: %s", children->lifeline,
            uv_strerror(status));
        close_child(child);
        child = NULL;
        goto cleanup;
    }
    child->pid = child->process.pid;
    if (options->apart_port)
        child->door = wi_door_new(children->loop, child->lifeline_fd, on_door_open, child);
    child->grace = wi_timer_new(children->loop, on_grace_over, child);
    LL_PREPEND(children->first, child);
    uv_read_start((uv_stream_t *)&child->output, on_alloc, on_output);
    wi_debug("browser", child->subject, "started %s in process group %d", program, (int)child->pid);
cleanup:
    free(program);
    for (int i = 0; i < 2; i++) {
        wi_close(output[i]);
        wi_close(lifeline[i]);
    }
    return child;
}

pid_t wi_child_pid(const struct wi_child *child)
{
    return child->pid;
}

int wi_child_take_socket(struct wi_child *child)
{
    return child->door ? wi_door_take(child->door) : -1;
}

void wi_child_end(struct wi_child *child, uint64_t grace_ms)
{
    if (child->gone)
        return;
    /* Killing the helper is enough: the kernel ends the program and the sweep the rest. */
    kill(child->pid, grace_ms == 0 ? SIGKILL : SIGTERM);
    if (grace_ms > 0)
        wi_timer_start(child->grace, grace_ms, 0);
}

size_t wi_child_end_part(const struct wi_child *child, const char *argument)
{
    struct wi_proctree tree;

    if (wi_proctree_read(&tree) != 0)
        return 0;
    size_t found = wi_proctree_find(&tree, child->pid, argument);
    wi_proctree_kill(&tree, SIGKILL);
    wi_proctree_clear(&tree);
    return found;
}

uint64_t wi_child_memory(const struct wi_child *child)
{
    return child->memory;
}

unsigned wi_child_stopped(const struct wi_child *child)
{
    return child->stopped;
}

/* --- weighing -------------------------------------------------------------------------------- */

struct weighing {
    struct wi_children *owner;
    struct wi_headroom headroom;
    size_t count;
    struct {
        pid_t pid;
        int with_memory;
        size_t stopped;
        uint64_t memory;
    } trees[];
};

static void weigh_off_loop(void *data)
{
    struct weighing *weighing = data;
    struct wi_proctree tree;

    wi_headroom_read(ROOT, &weighing->headroom);
    if (wi_proctree_read(&tree) != 0)
        return;
    for (size_t i = 0; i < weighing->count; i++) {
        pid_t pid = weighing->trees[i].pid;
        weighing->trees[i].stopped = wi_proctree_stopped(&tree, pid);
        if (weighing->trees[i].with_memory)
            weighing->trees[i].memory = wi_proctree_memory(&tree, pid);
    }
    wi_proctree_clear(&tree);
}

static void note_headroom(struct wi_children *children, const struct wi_headroom *headroom)
{
    if (headroom->oom_kills > children->headroom.oom_kills)
        children->ran_out_at = wi_now_ms();
    children->headroom = *headroom;
}

/* A child that has come since then is weighed the next time. */
static void note_trees(struct wi_children *children, const struct weighing *weighing)
{
    for (size_t i = 0; i < weighing->count; i++) {
        struct wi_child *child = find_child(children, weighing->trees[i].pid);
        if (!child)
            continue;
        child->stopped = weighing->trees[i].stopped > 0 ? child->stopped + 1 : 0;
        if (weighing->trees[i].with_memory)
            child->memory = weighing->trees[i].memory;
    }
}

static void on_weighed(void *data, int cancelled)
{
    struct weighing *weighing = data;

    if (!cancelled) {
        weighing->owner->weighing = NULL;
        note_headroom(weighing->owner, &weighing->headroom);
        note_trees(weighing->owner, weighing);
    }
    free(weighing);
}

void wi_children_weigh(struct wi_children *children)
{
    size_t count = wi_children_count(children);
    struct weighing *weighing;
    double now = wi_now_ms();

    if (children->weighing)
        return;
    weighing = wi_alloc(sizeof *weighing + count * sizeof weighing->trees[0]);
    weighing->owner = children;
    int all = children->weighed_at == 0 || now >= children->weighed_at + WEIGH_MS;
    if (all)
        children->weighed_at = now;
    for (struct wi_child *child = children->first; child; child = child->next) {
        weighing->trees[weighing->count].pid = child->pid;
        weighing->trees[weighing->count++].with_memory = all || child->memory == 0; /* it is new */
    }
    children->weighing = wi_work_start(children->loop, weigh_off_loop, on_weighed, weighing);
}

const struct wi_headroom *wi_children_headroom(const struct wi_children *children)
{
    return &children->headroom;
}

int wi_children_ran_out(struct wi_children *children)
{
    struct wi_headroom now;

    wi_headroom_read(ROOT, &now);
    note_headroom(children, &now);
    return children->ran_out_at > 0 && wi_now_ms() - children->ran_out_at < RAN_OUT_MS;
}
