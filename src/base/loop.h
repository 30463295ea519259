/*
 * Small wrappers for the handles of the one libuv loop. Each owns its handle and frees it in the
 * close callback, so that the caller may free the wrapper at any moment, also inside its own
 * callback. After x_free there is no further callback.
 */
#ifndef WI_BASE_LOOP_H
#define WI_BASE_LOOP_H

#include <stdint.h>
#include <uv.h>

typedef void wi_timer_fn(void *context);
struct wi_timer;
struct wi_timer *wi_timer_new(uv_loop_t *loop, wi_timer_fn *on_time, void *context);
/* First after `delay_ms`, then every `repeat_ms` (0: once). Restarts a running timer. */
void wi_timer_start(struct wi_timer *timer, uint64_t delay_ms, uint64_t repeat_ms);
/* Once, after `delay_ms` of awake time (base/clock.h): for limits to how long others may take. */
void wi_timer_wait(struct wi_timer *timer, uint64_t delay_ms);
void wi_timer_stop(struct wi_timer *timer);
int wi_timer_running(const struct wi_timer *timer);
void wi_timer_free(struct wi_timer *timer); /* NULL is fine */
/* Keeps the awake time of the loop's thread, until it is freed. It does not keep the loop running.
 */
struct wi_timer *wi_loop_keep_awake(uv_loop_t *loop);

/* `events` are UV_READABLE | UV_WRITABLE | UV_DISCONNECT; `status` < 0 is a libuv error. */
typedef void wi_watch_fn(void *context, int status, int events);
struct wi_watch;
/* Watches `fd` (borrowed; free the watch before closing it). NULL if it cannot be watched. */
struct wi_watch *wi_watch_new(
    uv_loop_t *loop, int fd, int events, wi_watch_fn *on_event, void *context);
void wi_watch_set(struct wi_watch *watch, int events); /* 0 pauses */
void wi_watch_free(struct wi_watch *watch);            /* NULL is fine */

/* A call to make once when this turn's I/O has been handled: everything scheduled in one turn
 * becomes one call, which may schedule the next, and the loop does not sleep before it. */
typedef void wi_turn_fn(void *context);
struct wi_turn;
struct wi_turn *wi_turn_new(uv_loop_t *loop, wi_turn_fn *on_turn, void *context);
void wi_turn_schedule(struct wi_turn *turn); /* NULL is fine */
void wi_turn_free(struct wi_turn *turn);     /* NULL is fine */

/* Work for the thread pool. `work` runs off the loop and may touch `data` only; `done` runs on the
 * loop with cancelled = 1 if it never started. After wi_work_abandon `done` still comes, with
 * cancelled = 1, so that `data` can be freed. */
typedef void wi_work_fn(void *data);
typedef void wi_work_done_fn(void *data, int cancelled);
struct wi_work;
struct wi_work *wi_work_start(uv_loop_t *loop, wi_work_fn *work, wi_work_done_fn *done, void *data);
void wi_work_abandon(struct wi_work *work);

#endif
