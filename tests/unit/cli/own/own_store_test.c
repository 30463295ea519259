/* The runs that webinfer bench keeps, read where no daemon runs: a shell script stands in for
 * webinferd, first in PATH, and says how it was started. */
#include "../../test.h"

#include "../../files.h"
#include "cli/own/own_store.h"

#define NOWHERE "http://127.0.0.1:1" /* nothing answers there */
#define STARTED "http://127.0.0.1:2"

static char root[64];

static int set_up(void **state)
{
    make_root(root, "own");
    char *path = wi_sprintf("%s:%s", root, getenv("PATH")), *program = path_to(root, "webinferd");
    char *script = wi_sprintf("#!/bin/sh\n"
                              "echo \"$@\" >%s/said\n"
                              "echo '{\"api\":\"" STARTED "\"}'\n"
                              "cat >/dev/null\n",
        root);
    write_text(root, "webinferd", script);
    int failed = chmod(program, 0700) || setenv("PATH", path, 1) || unsetenv("WEBINFER_URL") ||
                 setenv("XDG_STATE_HOME", root, 1);
    free(script);
    free(program);
    free(path);
    return failed;
}

static int tear_down(void **state)
{
    remove_root(root);
    return 0;
}

FIXTURE(set_up, tear_down)

static char asked[64]; /* the daemon that the command has asked */

static enum wi_exit command(struct wi_cli *cli)
{
    snprintf(asked, sizeof asked, "%s", cli->rest.url);
    return WI_EXIT_FAILED;
}

static void check_asked(const char *url)
{
    struct wi_cli cli = {.rest.url = NOWHERE};
    assert_int_equal(wi_own_store_ask(&cli, command), WI_EXIT_FAILED);
    assert_string_equal(asked, url);
    assert_string_equal(cli.rest.url, NOWHERE);
}

static void make_store(void)
{
    write_text(root, "webinfer/bench/webinfer.db", "");
}

TEST(kept_runs_are_read_by_a_daemon_without_models_and_browsers)
{
    size_t size;
    struct wi_error error;
    make_store();
    check_asked(STARTED);
    char *said = path_to(root, "said"), *text = wi_cli_read_file(said, 4096, &size, &error);
    char *wanted = wi_sprintf("--private --set=store.path=%s/webinfer/bench "
                              "--set=models.directory= --set=pool.min_connections=0 "
                              "--set=pool.max_connections=0\n",
        root);
    assert_non_null(text);
    assert_string_equal(text, wanted);
    free(wanted);
    free(text);
    free(said);
}

TEST(a_daemon_that_is_named_is_asked_itself)
{
    make_store();
    assert_int_equal(setenv("WEBINFER_URL", NOWHERE, 1), 0);
    check_asked(NOWHERE);
}

TEST(where_no_runs_are_kept_nothing_is_started)
{
    check_asked(NOWHERE);
}

/* Such as while webinfer bench uses them. */
TEST(a_daemon_that_does_not_start_is_an_error)
{
    struct wi_cli cli = {.rest.url = NOWHERE};
    make_store();
    write_text(root, "webinferd", "#!/bin/sh\necho another one has it >&2; exit 1\n");
    *asked = '\0';
    assert_int_equal(wi_own_store_ask(&cli, command), WI_EXIT_NO_SERVER);
    assert_string_equal(asked, "");
}
