/* A program of a command's own: a shell script stands in for webinferd, first in PATH. */
#include "../../test.h"

#include "../../files.h"
#include "cli/own/own_program.h"
#include <signal.h>

static char root[64];

static int set_up(void **state)
{
    make_root(root, "start");
    char *path = wi_sprintf("%s:%s", root, getenv("PATH"));
    int failed = setenv("PATH", path, 1);
    free(path);
    return failed;
}

static int tear_down(void **state)
{
    remove_root(root);
    return 0;
}

FIXTURE(set_up, tear_down)

static enum wi_code start_script(
    const char *script, struct wi_own_daemon *daemon, struct wi_error *error)
{
    const struct wi_strings settings = {0};
    char *path = path_to(root, "webinferd"), *text = wi_sprintf("#!/bin/sh\n%s\n", script);
    write_text(root, "webinferd", text);
    assert_int_equal(chmod(path, 0700), 0);
    free(text);
    free(path);
    *error = (struct wi_error){0};
    return wi_own_daemon_start(daemon, &settings, error);
}

static void check_refused(const char *script, const char *says)
{
    struct wi_own_daemon daemon;
    struct wi_error error;
    assert_int_equal(start_script(script, &daemon, &error), WI_UNAVAILABLE);
    assert_string_equal(error.detail, says);
    assert_null(daemon.url);
    assert_int_equal(daemon.program.pid, 0);
    assert_int_equal(daemon.program.input, -1);
}

TEST(it_serves_where_its_first_line_says_and_ends_with_its_input)
{
    struct wi_own_daemon daemon;
    struct wi_error error;
    const char *script = "echo '{\"api\":\"http://127.0.0.1:1\"}'; echo more; cat; exec 0<&-";
    assert_int_equal(start_script(script, &daemon, &error), WI_OK);
    assert_string_equal(daemon.url, "http://127.0.0.1:1");
    assert_true(daemon.program.pid > 0 && daemon.program.input >= 0);
    pid_t pid = daemon.program.pid;
    assert_int_equal(kill(pid, 0), 0);
    wi_own_daemon_end(&daemon);
    assert_int_equal(kill(pid, 0), -1); /* it was waited for */
    assert_int_equal(daemon.program.pid, 0);
    assert_null(daemon.url);
}

TEST(one_that_ends_is_quoted_by_its_last_line)
{
    check_refused("echo first >&2; echo last >&2; exit 1", "webinferd did not start: last");
    check_refused("exit 1", "webinferd did not start: it ended without a word");
}

/* A line of 4,095 bytes fills the room for it; what is behind them is not read. */
TEST(a_line_that_says_nothing_is_refused_however_long_it_is)
{
    check_refused("echo '{}'", "webinferd did not say where it serves");
    check_refused("printf '%4094s\\n' x", "webinferd did not say where it serves");
    check_refused("printf '%4095s' x; cat", "webinferd did not say where it serves");
    check_refused("printf '%9000s' x; cat", "webinferd did not say where it serves");
}
