/*
 * SIGKILL before every step with which publishing and unpublishing change the disk: the next daemon
 * finds what was published before or what is published now, nothing is left over, and doing it
 * again succeeds.
 *
 * The calls that change the disk are this program's own: they count, and end the process.
 */
#include "fixture.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- steps ------------------------------------------------------------------------------------ */

static atomic_int steps_left = -1000000; /* before the kill; below 0: there is none */

static void step(void)
{
    if (atomic_fetch_sub(&steps_left, 1) == 0)
        kill(getpid(), SIGKILL);
}

int renameat(int from, const char *old, int to, const char *fresh)
{
    step();
    return (int)syscall(SYS_renameat2, from, old, to, fresh, 0);
}

int unlinkat(int at, const char *path, int flags)
{
    step();
    return (int)syscall(SYS_unlinkat, at, path, flags);
}

int mkdirat(int at, const char *path, mode_t mode)
{
    step();
    return (int)syscall(SYS_mkdirat, at, path, mode);
}

int fsync(int fd)
{
    step();
    return (int)syscall(SYS_fsync, fd);
}

/* --- the tests -------------------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

static struct wi_model *model_with(struct fixture *f, const char *content)
{
    put(f, "name", "a", content, strlen(content));
    return make_model(f, "name", FILES("a"));
}

static void publish_new(struct fixture *f)
{
    publish_good(f, model_with(f, "new"));
}

static void unpublish(struct fixture *f)
{
    struct wi_error error;
    assert_int_equal(wi_blockstore_unpublish(f->blocks, "name", &error), WI_OK);
}

/* Turns the loop until nothing is under way that has steps of its own. */
static void settle(struct fixture *f)
{
    const struct wi_pin *pin = wi_blockstore_pin(f->blocks, "name");
    const struct wi_cid cid = pin ? pin->cid : (struct wi_cid){0};
    if (pin)
        wait_for_block(f, &cid, 1);
}

/* Does it in a process that is killed before the step; whether it was. */
static int killed(struct fixture *f, int before, void (*act)(struct fixture *f))
{
    int status;
    stop(f);
    pid_t pid = fork();
    if (pid == 0) {
        start(f);
        settle(f);
        atomic_store(&steps_left, before);
        act(f);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
    start(f);
    return WIFSIGNALED(status);
}

/* Once what is under way has ended. */
static void assert_nothing_left(struct fixture *f)
{
    stop(f);
    char *command = wi_sprintf("test -z \"$(find '%s/.content' -name '.new*')\"", f->directory);
    assert_int_equal(system(command), 0);
    free(command);
    start(f);
}

TEST(a_kill_while_publishing_leaves_the_old_pin_or_the_new_one)
{
    struct fixture *f = *state;
    int steps = 0, was_killed = 1, olds = 0, news = 0;
    for (; was_killed; steps++) {
        struct published old = publish_good(f, model_with(f, "old"));
        was_killed = killed(f, steps, publish_new);
        const struct wi_pin *pin = wi_blockstore_pin(f->blocks, "name");
        assert_non_null(pin);
        int is_old = strcmp(pin->cid_text, old.cid_text) == 0;
        struct published new = publish_good(f, model_with(f, "new"));
        assert_true(has(f, &new.cid));
        assert_false(has(f, &old.cid));
        assert_nothing_left(f);
        olds += is_old;
        news += !is_old;
    }
    assert_true(olds > 2);
    assert_true(news > 1);
}

TEST(a_kill_of_the_first_publishing_leaves_nothing_or_all)
{
    struct fixture *f = *state;
    int was_killed = 1, all = 0;
    for (int steps = 0; was_killed; steps++) {
        was_killed = killed(f, steps, publish_new);
        all += wi_blockstore_pin(f->blocks, "name") != NULL;
        struct published new = publish_good(f, model_with(f, "new"));
        assert_true(has(f, &new.cid));
        assert_nothing_left(f);
        unpublish(f);
        char *command = wi_sprintf("rm -r '%s/.content'", f->directory);
        assert_int_equal(system(command), 0);
        free(command);
    }
    assert_true(all > 0);
}

TEST(a_kill_while_unpublishing_leaves_it_or_not)
{
    struct fixture *f = *state;
    int was_killed = 1;
    for (int steps = 0; was_killed; steps++) {
        struct published published = publish_good(f, model_with(f, "new"));
        was_killed = killed(f, steps, unpublish);
        if (wi_blockstore_pin(f->blocks, "name"))
            wait_for_block(f, &published.cid, 1);
        else
            assert_false(has(f, &published.cid));
    }
}
