/* Every pair of a run's states and events: the state that follows, or that there is none. */
#include "../../test.h"

#include "work/run/run_state.h"
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The states as letters, in the order of the enum: N(ew), r(eading), f(inding), b(egun),
 * w(aiting), q(ueued), R(eturned), W(aiting again), p(rinting), d(one). */
static const char letters[] = "NrfbwqRWpd";

/* One letter for each event, in the order of the enum: read, find, begin, wait, queue, return,
 * print, end, abandon. A dot is a refusal. */
static const char *const expected[WI_RUN_STATE_COUNT] = {
    [WI_RUN_NEW] = "rf..q..dd",
    [WI_RUN_READING] = ".f.....dd",
    [WI_RUN_FINDING] = ".fb....dd",
    [WI_RUN_BEGUN] = ".b.wq..dd",
    [WI_RUN_WAITING] = ".b.....dd",
    [WI_RUN_QUEUED] = ".....R..d",
    [WI_RUN_RETURNED] = ".R.Wq.pdd",
    [WI_RUN_WAITING_AGAIN] = ".R.....dd",
    [WI_RUN_PRINTING] = ".......dd",
    [WI_RUN_DONE] = ".........",
};

/* The status of a process that makes this change, and exits with the number of the new state. */
static int change_apart(int from, int event)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit none = {0};
        enum wi_run_state state = (enum wi_run_state)from;
        setrlimit(RLIMIT_CORE, &none);
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        wi_run_state_change(&state, (enum wi_run_event)event, "job-1");
        _exit((int)state);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

TEST(each_event_leads_to_the_state_that_follows_or_is_refused)
{
    assert_int_equal(strlen(letters), WI_RUN_STATE_COUNT);
    for (int from = 0; from < WI_RUN_STATE_COUNT; from++) {
        assert_int_equal(strlen(expected[from]), WI_RUN_EVENT_COUNT);
        for (int event = 0; event < WI_RUN_EVENT_COUNT; event++) {
            int status = change_apart(from, event);
            if (expected[from][event] == '.') {
                assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
            } else {
                assert_true(WIFEXITED(status));
                assert_int_equal(letters[WEXITSTATUS(status)], expected[from][event]);
            }
        }
    }
}

struct step {
    enum wi_run_event event;
    enum wi_run_state state;
};

static void check_life(const struct step *steps, size_t count)
{
    enum wi_run_state state = WI_RUN_NEW;
    for (size_t i = 0; i < count; i++) {
        wi_run_state_change(&state, steps[i].event, "job-1");
        assert_int_equal(state, steps[i].state);
    }
}

/* Its model is pulled. Two jobs find no memory, and the variant of the second job was made. */
TEST(a_long_life_goes_through_every_state)
{
    static const struct step life[] = {{WI_RUN_EVENT_READ, WI_RUN_READING},
        {WI_RUN_EVENT_FIND, WI_RUN_FINDING}, {WI_RUN_EVENT_BEGIN, WI_RUN_BEGUN},
        {WI_RUN_EVENT_WAIT, WI_RUN_WAITING}, {WI_RUN_EVENT_FIND, WI_RUN_BEGUN},
        {WI_RUN_EVENT_QUEUE, WI_RUN_QUEUED}, {WI_RUN_EVENT_RETURN, WI_RUN_RETURNED},
        {WI_RUN_EVENT_WAIT, WI_RUN_WAITING_AGAIN}, {WI_RUN_EVENT_FIND, WI_RUN_RETURNED},
        {WI_RUN_EVENT_QUEUE, WI_RUN_QUEUED}, {WI_RUN_EVENT_RETURN, WI_RUN_RETURNED},
        {WI_RUN_EVENT_FIND, WI_RUN_RETURNED}, {WI_RUN_EVENT_QUEUE, WI_RUN_QUEUED},
        {WI_RUN_EVENT_RETURN, WI_RUN_RETURNED}, {WI_RUN_EVENT_PRINT, WI_RUN_PRINTING},
        {WI_RUN_EVENT_END, WI_RUN_DONE}};
    check_life(life, sizeof life / sizeof *life);
}

/* It begins at an inference, and its outcome is not printed. */
TEST(a_shadow_run_is_only_queued)
{
    static const struct step life[] = {{WI_RUN_EVENT_QUEUE, WI_RUN_QUEUED},
        {WI_RUN_EVENT_RETURN, WI_RUN_RETURNED}, {WI_RUN_EVENT_END, WI_RUN_DONE}};
    check_life(life, sizeof life / sizeof *life);
}
