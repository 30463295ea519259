/* Timers, descriptors and worker-thread jobs whose handles free themselves; see loop.h. */
#include "base/loop.h"

#include "base/clock.h"
#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>

/* Of a step of awake time, so that a timer which is late does not lose any. */
#define AWAKE_LOOK_MS 500

struct wi_timer {
    uv_timer_t handle;
    wi_timer_fn *on_time;
    void *context;
    double due; /* of wi_awake_ms(); 0: the loop's own time counts */
};

static void free_handle(uv_handle_t *handle)
{
    free(handle->data);
}

static void timer_fired(uv_timer_t *handle)
{
    struct wi_timer *timer = handle->data;
    double left = timer->due > 0 ? timer->due - wi_awake_ms() : 0;
    if (left >= 1)
        uv_timer_start(handle, timer_fired, (uint64_t)left, 0);
    else
        timer->on_time(timer->context);
}

struct wi_timer *wi_timer_new(uv_loop_t *loop, wi_timer_fn *on_time, void *context)
{
    struct wi_timer *timer = wi_alloc(sizeof *timer);
    timer->on_time = on_time;
    timer->context = context;
    uv_timer_init(loop, &timer->handle);
    timer->handle.data = timer;
    return timer;
}

void wi_timer_start(struct wi_timer *timer, uint64_t delay_ms, uint64_t repeat_ms)
{
    /* libuv counts from the loop's cached time, which is out of date after long callbacks. */
    uv_update_time(timer->handle.loop);
    timer->due = 0;
    uv_timer_start(&timer->handle, timer_fired, delay_ms, repeat_ms);
}

void wi_timer_wait(struct wi_timer *timer, uint64_t delay_ms)
{
    wi_timer_start(timer, delay_ms, 0);
    timer->due = wi_awake_ms() + (double)delay_ms;
}

void wi_timer_stop(struct wi_timer *timer)
{
    uv_timer_stop(&timer->handle);
}

int wi_timer_running(const struct wi_timer *timer)
{
    return uv_is_active((const uv_handle_t *)&timer->handle);
}

void wi_timer_free(struct wi_timer *timer)
{
    if (timer)
        uv_close((uv_handle_t *)&timer->handle, free_handle);
}

static void on_awake_look(void *context)
{
    wi_awake_ms();
}

struct wi_timer *wi_loop_keep_awake(uv_loop_t *loop)
{
    struct wi_timer *timer = wi_timer_new(loop, on_awake_look, NULL);
    wi_awake_begin();
    wi_timer_start(timer, AWAKE_LOOK_MS, AWAKE_LOOK_MS);
    uv_unref((uv_handle_t *)&timer->handle);
    return timer;
}

struct wi_watch {
    uv_poll_t handle;
    wi_watch_fn *on_event;
    void *context;
};

static void watch_fired(uv_poll_t *handle, int status, int events)
{
    struct wi_watch *watch = handle->data;
    watch->on_event(watch->context, status, events);
}

struct wi_watch *wi_watch_new(
    uv_loop_t *loop, int fd, int events, wi_watch_fn *on_event, void *context)
{
    struct wi_watch *watch = wi_alloc(sizeof *watch);
    watch->on_event = on_event;
    watch->context = context;
    if (uv_poll_init(loop, &watch->handle, fd) != 0) {
        free(watch);
        return NULL;
    }
    watch->handle.data = watch;
    wi_watch_set(watch, events);
    return watch;
}

void wi_watch_set(struct wi_watch *watch, int events)
{
    if (events)
        uv_poll_start(&watch->handle, events, watch_fired);
    else
        uv_poll_stop(&watch->handle);
}

void wi_watch_free(struct wi_watch *watch)
{
    if (watch)
        uv_close((uv_handle_t *)&watch->handle, free_handle);
}

struct wi_turn {
    uv_check_t check; /* calls, right after the poll */
    uv_idle_t idle;   /* keeps the poll from waiting */
    wi_turn_fn *on_turn;
    void *context;
    int closed;
};

static void turn_over(uv_check_t *check)
{
    struct wi_turn *turn = check->data;
    uv_check_stop(&turn->check);
    uv_idle_stop(&turn->idle);
    turn->on_turn(turn->context);
}

static void turn_idle(uv_idle_t *idle)
{
}

struct wi_turn *wi_turn_new(uv_loop_t *loop, wi_turn_fn *on_turn, void *context)
{
    struct wi_turn *turn = wi_alloc(sizeof *turn);
    turn->on_turn = on_turn;
    turn->context = context;
    uv_check_init(loop, &turn->check);
    uv_idle_init(loop, &turn->idle);
    turn->check.data = turn->idle.data = turn;
    return turn;
}

void wi_turn_schedule(struct wi_turn *turn)
{
    if (turn == NULL)
        return;
    uv_check_start(&turn->check, turn_over);
    uv_idle_start(&turn->idle, turn_idle);
}

static void turn_closed(uv_handle_t *handle)
{
    struct wi_turn *turn = handle->data;
    if (++turn->closed == 2)
        free(turn);
}

void wi_turn_free(struct wi_turn *turn)
{
    if (turn == NULL)
        return;
    uv_close((uv_handle_t *)&turn->check, turn_closed);
    uv_close((uv_handle_t *)&turn->idle, turn_closed);
}

struct wi_work {
    uv_work_t request;
    wi_work_fn *work;
    wi_work_done_fn *done;
    void *data;
    int abandoned;
};

static void work_run(uv_work_t *request)
{
    struct wi_work *work = request->data;
    work->work(work->data);
}

static void work_done(uv_work_t *request, int status)
{
    struct wi_work *work = request->data;
    work->done(work->data, status != 0 || work->abandoned);
    free(work);
}

struct wi_work *wi_work_start(uv_loop_t *loop, wi_work_fn *run, wi_work_done_fn *done, void *data)
{
    struct wi_work *work = wi_alloc(sizeof *work);
    work->request.data = work;
    work->work = run;
    work->done = done;
    work->data = data;
    int status = uv_queue_work(loop, &work->request, work_run, work_done);
    assert(status == 0); /* fails only without a work function */
    (void)status;
    return work;
}

void wi_work_abandon(struct wi_work *work)
{
    work->abandoned = 1;
    uv_cancel((uv_req_t *)&work->request);
}
