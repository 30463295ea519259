/* The loop's joints may be dropped at any moment, also inside their own callbacks. */
#include "../test.h"

#include "../made_up_clock.h"
#include "base/clock.h"
#include "base/loop.h"
#include <unistd.h>

struct fixture {
    uv_loop_t loop;
    struct wi_timer *timer;
    struct wi_watch *watch;
    int fired, done, cancelled, pipe[2];
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.fired = 0};
    *state = &fixture;
    return uv_loop_init(&fixture.loop) || pipe(fixture.pipe);
}

/* Whatever a test did, no handle may be left. */
static int tear_down(void **state)
{
    struct fixture *f = *state;
    close(f->pipe[0]);
    close(f->pipe[1]);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    return uv_loop_close(&f->loop);
}

static void count_and_free(void *context)
{
    struct fixture *f = context;
    if (++f->fired == 3)
        wi_timer_free(f->timer);
}

FIXTURE(set_up, tear_down)

TEST(a_timer_frees_itself_inside_its_callback)
{
    struct fixture *f = *state;
    f->timer = wi_timer_new(&f->loop, count_and_free, f);
    assert_false(wi_timer_running(f->timer));
    wi_timer_start(f->timer, 1, 1);
    assert_true(wi_timer_running(f->timer));
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->fired, 3);
}

static void on_readable(void *context, int status, int events)
{
    struct fixture *f = context;
    f->fired++;
    assert_int_equal(status, 0);
    assert_true(events & UV_READABLE);
    wi_watch_free(f->watch);
}

TEST(a_watch_frees_itself_inside_its_callback)
{
    struct fixture *f = *state;
    f->watch = wi_watch_new(&f->loop, f->pipe[0], UV_READABLE, on_readable, f);
    assert_non_null(f->watch);
    assert_int_equal(write(f->pipe[1], "x", 1), 1);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->fired, 1);
}

static uint64_t begun_ns, fired_ns;

static void note_and_free(void *context)
{
    fired_ns = uv_hrtime();
    wi_timer_free(((struct fixture *)context)->timer);
}

/* A long callback, at whose end a timer is begun. */
static void begin_late(void *context, int status, int events)
{
    struct fixture *f = context;
    for (uint64_t until = uv_hrtime() + 50 * 1000000; uv_hrtime() < until;)
        ;
    begun_ns = uv_hrtime();
    wi_timer_start(f->timer, 30, 0);
    wi_watch_free(f->watch);
}

TEST(a_timer_that_is_begun_late_is_not_early)
{
    struct fixture *f = *state;
    f->timer = wi_timer_new(&f->loop, note_and_free, f);
    f->watch = wi_watch_new(&f->loop, f->pipe[0], UV_READABLE, begin_late, f);
    assert_int_equal(write(f->pipe[1], "x", 1), 1);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_true(fired_ns - begun_ns >= 29 * 1000000); /* the loop's clock has whole ms */
}

static void work(void *data)
{
    ((struct fixture *)data)->fired++;
}

static void work_is_done(void *data, int cancelled)
{
    struct fixture *f = data;
    f->done++;
    f->cancelled += cancelled;
}

TEST(work_reports_once)
{
    struct fixture *f = *state;
    wi_work_start(&f->loop, work, work_is_done, f);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->fired, 1);
    assert_int_equal(f->done, 1);
    assert_int_equal(f->cancelled, 0);
}

TEST(abandoned_work_reports_as_cancelled)
{
    struct fixture *f = *state;
    wi_work_abandon(wi_work_start(&f->loop, work, work_is_done, f));
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->done, 1);
    assert_int_equal(f->cancelled, 1);
}

static void count(void *context)
{
    struct fixture *f = context;
    f->fired++;
}

TEST(a_limit_to_others_excuses_our_own_standstill)
{
    struct fixture *f = *state;
    struct wi_timer *awake = wi_loop_keep_awake(&f->loop), *own = wi_timer_new(&f->loop, count, f);
    f->timer = wi_timer_new(&f->loop, count, f);
    wi_timer_start(own, 5000, 0);
    wi_timer_wait(f->timer, 5000);
    clock_skip(60000);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(f->fired, 1); /* the loop's own */
    for (int i = 0; i < 4; i++) {
        clock_skip(900);
        uv_run(&f->loop, UV_RUN_NOWAIT);
        assert_int_equal(f->fired, 1);
    }
    clock_skip(900);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(f->fired, 2);
    wi_timer_wait(f->timer, 5000);
    wi_timer_start(f->timer, 5000, 0); /* it is an ordinary one again */
    clock_skip(60000);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(f->fired, 3);
    wi_timer_free(f->timer);
    wi_timer_free(own);
    wi_timer_free(awake);
}

TEST(awake_time_does_not_keep_the_loop_running)
{
    struct fixture *f = *state;
    struct wi_timer *awake = wi_loop_keep_awake(&f->loop);
    assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
    wi_timer_free(awake);
}
