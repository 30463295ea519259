/* Every pair of a job's states: which may follow which, and what waits and runs then. */
#include "../../test.h"

#include "work/job/private.h"
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* As the states are in the order of the enum: n(ew), w(aiting), t(aken), a(lone), j(oined),
 * s(econd), p(arted), d(one). */
static const char *const legal[WI_JOB_STATE_COUNT] = {
    [WI_JOB_NEW] = "wad",
    [WI_JOB_WAITING] = "t",
    [WI_JOB_TAKEN] = "wajd",
    [WI_JOB_ALONE] = "p",
    [WI_JOB_JOINED] = "p",
    [WI_JOB_SECOND] = "p",
    [WI_JOB_PARTED] = "wsd",
    [WI_JOB_DONE] = "",
};

static int is_legal(int from, int to)
{
    return strchr(legal[from], "nwtajspd"[to]) != NULL;
}

/* The status of a process in which the job changes its state so. */
static int change_apart(int from, int to)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit none = {0};
        struct wi_job_line line = {.counters = {.waiting = 1, .running = 1}};
        struct wi_jobs jobs = {0};
        struct wi_job job = {.jobs = &jobs,
            .line = &line,
            .spec = {.id = "job-1"},
            .state = (enum wi_job_state)from};
        setrlimit(RLIMIT_CORE, &none);
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        wi_job_set_state(&job, (enum wi_job_state)to);
        _exit(job.state == (enum wi_job_state)to ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

TEST(only_the_legal_changes_are_made)
{
    for (int from = 0; from < WI_JOB_STATE_COUNT; from++) {
        for (int to = 0; to < WI_JOB_STATE_COUNT; to++) {
            int status = change_apart(from, to);
            if (is_legal(from, to))
                assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            else
                assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        }
    }
}

static void check_counted(const struct wi_job_counters *counters, const struct wi_job *job)
{
    assert_int_equal(counters->waiting, job->state == WI_JOB_WAITING);
    assert_int_equal(counters->running,
        job->state == WI_JOB_ALONE || job->state == WI_JOB_JOINED || job->state == WI_JOB_SECOND);
}

/* A life with all kinds of attempts, and one that is sent back to the queue. */
TEST(what_waits_and_what_runs_is_counted)
{
    static const enum wi_job_state life[] = {WI_JOB_WAITING, WI_JOB_TAKEN, WI_JOB_WAITING,
        WI_JOB_TAKEN, WI_JOB_JOINED, WI_JOB_PARTED, WI_JOB_WAITING, WI_JOB_TAKEN, WI_JOB_ALONE,
        WI_JOB_PARTED, WI_JOB_SECOND, WI_JOB_PARTED, WI_JOB_DONE};
    struct wi_job_line line = {0};
    struct wi_jobs jobs = {0};
    struct wi_job job = {.jobs = &jobs, .line = &line};
    check_counted(&line.counters, &job);
    for (size_t i = 0; i < sizeof life / sizeof *life; i++) {
        wi_job_set_state(&job, life[i]);
        check_counted(&line.counters, &job);
    }
}

TEST(the_beginning_of_an_attempt_is_stamped)
{
    struct wi_job_line line = {0};
    struct wi_jobs jobs = {0};
    struct wi_job job = {.jobs = &jobs, .line = &line};
    wi_job_set_state(&job, WI_JOB_WAITING);
    wi_job_set_state(&job, WI_JOB_TAKEN);
    assert_true(job.dispatched_at == 0);
    wi_job_set_state(&job, WI_JOB_ALONE);
    double first = job.dispatched_at;
    assert_true(first > 0);
    wi_job_set_state(&job, WI_JOB_PARTED);
    assert_true(job.dispatched_at == first);
}
