/* When browsers get a network of their own, and when that is given up for a kind or for all. */
#include "../test.h"

#include "browser/apart.h"
#include "browser/browser_network.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct wi_config_browser ours = {.kind = "chrome"};
static const struct wi_config_browser other = {.kind = "firefox"};
static const struct wi_config_browser remote = {.kind = "edge", .driver_url = "http://[::1]:4444"};

/* A machine that allows everything: a helper that says nothing against it. */
static struct wi_network *allowed(void)
{
    struct wi_network *network = wi_network_new("/bin/true");

    assert_null(wi_network_problem(network, NULL));
    return network;
}

TEST(modes)
{
    struct wi_network *network = allowed();

    assert_true(wi_network_apart(network, WI_NETWORK_AUTO, &ours));
    assert_true(wi_network_apart(network, WI_NETWORK_ISOLATED, &ours));
    assert_false(wi_network_apart(network, WI_NETWORK_HOST, &ours));
    assert_false(wi_network_apart(network, WI_NETWORK_ISOLATED, &remote));
    assert_false(wi_network_apart(NULL, WI_NETWORK_ISOLATED, &ours));
    wi_network_free(network);
}

TEST(a_helper_that_is_missing)
{
    struct wi_network *network = wi_network_new("/no/such/helper");

    assert_non_null(strstr(wi_network_problem(network, &ours), "/no/such/helper cannot be asked"));
    assert_false(wi_network_apart(network, WI_NETWORK_AUTO, &ours));
    wi_network_free(network);
}

TEST(a_machine_that_refuses)
{
    struct wi_network *network = allowed();

    wi_network_refused(network, WI_APART_REFUSED "unshare: No space left on device");
    assert_non_null(strstr(wi_network_problem(network, &ours), "unshare: No space left on device"));
    assert_null(wi_network_problem(network, &remote));
    assert_false(wi_network_apart(network, WI_NETWORK_AUTO, &ours));
    assert_true(wi_network_apart(network, WI_NETWORK_ISOLATED, &ours)); /* and fails */
    wi_network_free(network);
}

/* What the helper itself says of this machine. */
static struct wi_network *asked(void)
{
    char lifeline[PATH_MAX];

    assert_non_null(realpath("webinfer-lifeline", lifeline));
    return wi_network_new(lifeline);
}

/* The same answer as from what it does. */
TEST(this_machine)
{
    struct wi_network *network = asked();

    assert_int_equal(wi_network_apart(network, WI_NETWORK_AUTO, &ours),
        wi_network_problem(network, &ours) == NULL);
    wi_network_free(network);
}

/* In a child, because its user namespace lasts: 0 if it is confined, -1 if this machine does not
 * let the test set the limit. */
static int confined_by_limit(void)
{
    if (unshare(CLONE_NEWUSER) != 0)
        return -1;
    int fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) != 1)
        return -1;
    return !wi_network_confined(asked());
}

TEST(user_namespaces_that_are_refused)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(confined_by_limit());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 0xff || access("/usr/lib/chromium/chrome-sandbox", F_OK) == 0)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_false(wi_network_confined(NULL));
}

/* It may be the network alone that is refused, or the program that is none. */
TEST(only_the_helpers_word_confines)
{
    static const char *const helpers[] = {"/bin/true", "/bin/false", "/nonexistent/helper"};

    for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++) {
        struct wi_network *network = wi_network_new(helpers[i]);
        assert_false(wi_network_confined(network));
        wi_network_free(network);
    }
}

/* A helper that is not there, and one that is none. */
TEST(a_helper_that_cannot_be_asked_is_told)
{
    static const struct {
        const char *helper, *problem;
    } rows[] = {{"/nonexistent/helper", "/nonexistent/helper cannot be asked: No such file or "
                                        "directory"},
        {"/bin/false", "/bin/false cannot be asked: it ended at once"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        errno = EACCES; /* of something else */
        struct wi_network *network = wi_network_new(rows[i].helper);
        assert_string_equal(wi_network_problem(network, &ours), rows[i].problem);
        wi_network_free(network);
    }
}

TEST(a_kind_that_starts_only_without)
{
    struct wi_network *network = allowed();

    assert_false(wi_network_tried(network, "chrome", 1, 0));
    assert_true(wi_network_apart(network, WI_NETWORK_AUTO, &ours));
    assert_false(wi_network_tried(network, "chrome", 1, 0));
    assert_false(wi_network_apart(network, WI_NETWORK_AUTO, &ours)); /* the trial */
    assert_true(wi_network_apart(network, WI_NETWORK_AUTO, &other));
    assert_null(wi_network_problem(network, &ours));
    assert_true(wi_network_tried(network, "chrome", 0, 1));
    assert_false(wi_network_tried(network, "chrome", 0, 1)); /* said once */
    assert_false(wi_network_apart(network, WI_NETWORK_AUTO, &ours));
    assert_non_null(wi_network_problem(network, &ours));
    assert_null(wi_network_problem(network, &other));
    wi_network_free(network);
}

TEST(a_kind_that_starts_nowhere)
{
    struct wi_network *network = allowed();

    wi_network_tried(network, "chrome", 1, 0);
    wi_network_tried(network, "chrome", 1, 0);
    assert_false(wi_network_tried(network, "chrome", 0, 0));
    assert_true(wi_network_apart(network, WI_NETWORK_AUTO, &ours)); /* it was not the network */
    wi_network_free(network);
}

TEST(a_kind_that_has_started_once)
{
    struct wi_network *network = allowed();

    wi_network_tried(network, "chrome", 1, 0);
    wi_network_tried(network, "chrome", 1, 1);
    for (int i = 0; i < 5; i++)
        wi_network_tried(network, "chrome", 1, 0);
    assert_true(wi_network_apart(network, WI_NETWORK_AUTO, &ours));
    wi_network_free(network);
}
