/* The instance directory: modes, the lock, what a sweep may and may not touch, and that helpers of
 * a killed daemon remove it. Needs webinfer-lifeline, built beside us. */
#include "../test.h"

#include "base/loop.h"
#include "browser/children.h"
#include "browser/instance.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[] = "/tmp/wi-test-XXXXXX";

static void in_root(const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", root, name);
}

static int exists(const char *name)
{
    char path[256];
    struct stat info;

    in_root(name, path, sizeof path);
    return lstat(path, &info) == 0;
}

static void make_dir(const char *name)
{
    char path[256];

    in_root(name, path, sizeof path);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int make_file(const char *name)
{
    char path[256];
    int fd;

    in_root(name, path, sizeof path);
    fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

static int setup(void **state)
{
    assert_non_null(mkdtemp(root));
    unsetenv("RUNTIME_DIRECTORY");
    return setenv("TMPDIR", root, 1);
}

static int teardown(void **state)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

GROUP(setup, teardown)

TEST(it_is_private_and_goes_with_all_that_is_in_it)
{
    struct wi_error error;
    struct wi_instance *instance = wi_instance_new(&error);
    char *inner, file[300], path[256];
    struct stat info;

    assert_non_null(instance);
    snprintf(path, sizeof path, "%s", instance->path);
    assert_memory_equal(path, root, strlen(root));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    inner = wi_instance_make(instance, "inner", &error);
    assert_non_null(inner);
    assert_null(wi_instance_make(instance, "inner", &error));
    assert_non_null(strstr(error.detail, "inner"));
    snprintf(file, sizeof file, "%s/file", inner);
    close(open(file, O_CREAT | O_WRONLY, 0400));
    wi_instance_free(instance);
    free(inner);
    assert_int_not_equal(stat(path, &info), 0);
}

TEST(a_sweep_takes_what_dead_daemons_left_and_nothing_else)
{
    struct wi_error error;
    struct wi_instance *first = wi_instance_new(&error), *second;
    char link[256], keep[256];
    int live;

    make_dir("webinfer-DEADbe");
    close(make_file("webinfer-DEADbe/lock"));
    make_dir("webinfer-DEADbe/profile");
    make_dir("keep");
    close(make_file("keep/file"));
    in_root("webinfer-DEADbe/profile/link", link, sizeof link);
    in_root("keep", keep, sizeof keep);
    assert_int_equal(symlink(keep, link), 0); /* not followed */
    make_dir("webinfer-aLive1");
    live = make_file("webinfer-aLive1/lock");
    assert_int_equal(flock(live, LOCK_EX), 0);
    make_dir("webinfer-nolock"); /* just being made */
    make_dir("webinfer-toolong");
    close(make_file("webinfer-toolong/lock"));
    make_dir("webinfer-sh0rt");
    in_root("webinfer-LinkXX", link, sizeof link);
    assert_int_equal(symlink(keep, link), 0);
    close(make_file("keep/lock"));

    second = wi_instance_new(&error);
    assert_non_null(second);
    assert_false(exists("webinfer-DEADbe"));
    assert_true(exists("keep/file"));
    assert_true(exists("webinfer-aLive1"));
    assert_true(exists("webinfer-nolock"));
    assert_true(exists("webinfer-toolong"));
    assert_true(exists("webinfer-sh0rt"));
    assert_true(exists("webinfer-LinkXX"));
    assert_int_equal(access(first->path, F_OK), 0);
    close(live);
    wi_instance_free(first);
    wi_instance_free(second);
}

static void remove_by_force(const char *path)
{
    char command[300];

    snprintf(command, sizeof command, "rm -rf %s", path);
    assert_int_equal(system(command), 0);
}

TEST(a_cleaner_of_old_files_ends_nothing)
{
    const struct timespec old[2] = {{0, 0}, {0, 0}};
    struct wi_error error;
    struct wi_instance *first = wi_instance_new(&error), *second;
    char path[256], lock[300], *inner;

    snprintf(path, sizeof path, "%s", first->path);
    snprintf(lock, sizeof lock, "%s/lock", path);
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    second = wi_instance_new(&error);
    assert_int_equal(access(path, F_OK), 0); /* its daemon lives */
    wi_instance_free(second);

    remove_by_force(path);
    assert_int_equal(mkdir(path, 0700), 0); /* as a browser does that goes on writing */
    inner = wi_instance_make(first, "inner", &error);
    assert_non_null(inner);
    assert_string_not_equal(first->path, path);
    assert_memory_equal(inner, first->path, strlen(first->path));
    free(inner);
    snprintf(path, sizeof path, "%s", first->path);
    wi_instance_free(first);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* --- a daemon that is killed ----------------------------------------------------------------- */

/* Goes on writing until it is killed, as a browser does: what was removed it makes anew. */
#define WRITER                                                                                     \
    "trap '' TERM; exec 2>/dev/null; echo up; while :; do mkdir -p %1$s/profile; "                 \
    "echo x >%1$s/profile/x; done"
/* Ends at the first signal, so that its helper is not the last one. */
#define SLEEPER "echo up; exec sleep 1000"

struct daemon {
    uv_loop_t loop;
    int told, ups;
};

static void on_line(void *context, const char *line)
{
    struct daemon *daemon = context;

    if (++daemon->ups == 2)
        assert_int_equal(write(daemon->told, "", 1), 1);
}

static void on_end(void *context, int exit_status, int signal)
{
}

static void run_program(struct daemon *daemon, struct wi_children *children,
    const struct wi_instance *instance, const char *script)
{
    const char *const arguments[] = {"sh", "-c", script, NULL};
    const char *const environment[] = {NULL};
    const struct wi_child_options options = {.arguments = arguments,
        .environment = environment,
        .directory = "/",
        .subject = "test",
        .instance = instance};
    const struct wi_child_events events = {daemon, on_line, on_end, NULL};
    struct wi_error error;

    if (!wi_child_start(children, &options, &events, &error))
        fail_msg("%s", error.detail);
}

/* Until it is killed; a byte is written to `told` when both programs run. */
static void be_daemon(int told)
{
    struct daemon daemon = {.told = told};
    struct wi_error error;
    struct wi_instance *instance = wi_instance_new(&error);
    char lifeline[PATH_MAX], writer[1024];

    assert_non_null(instance);
    assert_non_null(realpath("webinfer-lifeline", lifeline));
    uv_loop_init(&daemon.loop);
    struct wi_children *children = wi_children_new(&daemon.loop, lifeline);
    snprintf(writer, sizeof writer, WRITER, instance->path);
    run_program(&daemon, children, instance, writer);
    run_program(&daemon, children, instance, SLEEPER);
    uv_run(&daemon.loop, UV_RUN_DEFAULT);
}

/* Kills a daemon as soon as both of its programs run. */
static void kill_daemon(void)
{
    int told[2];
    char byte;

    assert_int_equal(pipe(told), 0);
    pid_t daemon = fork();
    assert_true(daemon >= 0);
    if (daemon == 0) {
        close(told[0]);
        be_daemon(told[1]);
        _exit(1);
    }
    close(told[1]);
    assert_int_equal(read(told[0], &byte, 1), 1);
    close(told[0]);
    assert_int_equal(kill(daemon, SIGKILL), 0);
    assert_int_equal(waitpid(daemon, NULL, 0), daemon);
}

/* The directories in the root that have the name of an instance's. */
static size_t count_instances(void)
{
    DIR *dir = opendir(root);
    struct dirent *entry;
    size_t count = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)))
        count += strncmp(entry->d_name, "webinfer-", 9) == 0;
    closedir(dir);
    return count;
}

TEST(the_last_helper_of_a_killed_daemon_removes_its_directory_and_no_other_daemon_before)
{
    struct wi_error error;

    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* its helpers come to us */
    size_t before = count_instances();
    kill_daemon();
    struct wi_instance *next = wi_instance_new(&error);
    assert_int_equal(count_instances(), before + 2);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    assert_int_equal(errno, ECHILD);
    assert_int_equal(count_instances(), before + 1);
    wi_instance_free(next);
}

TEST(a_root_too_long_for_sockets_is_not_used)
{
    char deep[256];
    struct wi_error error;
    struct wi_instance *instance;

    make_dir("a-folder-with-quite-a-long-name");
    in_root("a-folder-with-quite-a-long-name", deep, sizeof deep);
    setenv("TMPDIR", deep, 1);
    instance = wi_instance_new(&error);
    assert_non_null(instance);
    assert_memory_equal(instance->path, "/tmp/webinfer-", 14);
    wi_instance_free(instance);
    setenv("TMPDIR", root, 1);
}

static void count(void *context)
{
    ++*(int *)context;
}

TEST(a_tree_goes_off_the_loop)
{
    uv_loop_t loop;
    char path[256];
    int done = 0;

    uv_loop_init(&loop);
    make_dir("tree");
    make_dir("tree/a");
    close(make_file("tree/a/b"));
    in_root("tree", path, sizeof path);
    wi_remove_tree(&loop, path, count, &done);
    wi_remove_tree(&loop, "/no/such/folder", count, &done);
    assert_int_equal(done, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(done, 2);
    assert_false(exists("tree"));
    assert_int_equal(uv_loop_close(&loop), 0);
}
