/*
 * A queue before the thread pool, for work that takes long: only so many pieces of it run at a
 * time, the others wait here and not in the pool. The pool has four threads for the whole process
 * (UV_THREADPOOL_SIZE), and whoever needs one for a moment, for a chunk of a file or a name to be
 * looked up, must find one whatever clients send.
 */
#ifndef WI_BASE_WORK_QUEUE_H
#define WI_BASE_WORK_QUEUE_H

#include "base/loop.h"

struct wi_work_queue;
struct wi_work_queue *wi_work_queue_new(uv_loop_t *loop, unsigned most);
/* What waits is called back as cancelled, from inside; what runs calls back as usual, later.
 * NULL is fine. */
void wi_work_queue_free(struct wi_work_queue *queue);

/* As wi_work_start. Of what waits the lightest goes first, and of equals the oldest. */
struct wi_queued_work;
struct wi_queued_work *wi_work_queue_start(struct wi_work_queue *queue, uint64_t weight,
    wi_work_fn *work, wi_work_done_fn *done, void *data);
/* As wi_work_abandon, but `done` comes from inside for what still waits in the queue. */
void wi_queued_work_abandon(struct wi_queued_work *work);

#endif
