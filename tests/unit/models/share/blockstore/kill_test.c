/*
 * SIGKILL before every step with which publishing and unpublishing change the disk: the next daemon
 * finds what was published before or what is published now, nothing is left over, and doing it
 * again succeeds.
 */
#include "fixture.h"

#include "../../../kill_steps.h"

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
    assert_int_equal(wi_blockstore_unpublish(f->blocks, "name", NULL, &error), WI_OK);
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
    stop(f);
    pid_t pid = fork();
    if (pid == 0) {
        start(f);
        settle(f);
        atomic_store(&steps_left, before);
        act(f);
        _exit(0);
    }
    int is_killed = was_killed(pid);
    start(f);
    return is_killed;
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
