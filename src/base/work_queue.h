/*
 * A queue in front of the thread pool for long work: only so many pieces run at a time, and the
 * others wait here instead of in the pool. The pool has four threads for the whole process
 * (UV_THREADPOOL_SIZE). Short work, such as reading a chunk of a file or looking up a name, must
 * find a free one whatever clients send.
 */
#ifndef WI_BASE_WORK_QUEUE_H
#define WI_BASE_WORK_QUEUE_H

#include "base/loop.h"

struct wi_work_queue;
struct wi_work_queue *wi_work_queue_new(uv_loop_t *loop, unsigned most);
/* Waiting work is called back as cancelled, from inside this function; running work calls back
 * later, as usual. NULL is fine. */
void wi_work_queue_free(struct wi_work_queue *queue);

/* As wi_work_start. The lightest waiting work goes first; among equals, the oldest. */
struct wi_queued_work;
struct wi_queued_work *wi_work_queue_start(struct wi_work_queue *queue, uint64_t weight,
    wi_work_fn *work, wi_work_done_fn *done, void *data);
/* As wi_work_abandon, but for work that still waits in the queue, `done` is called from inside this
 * function. */
void wi_queued_work_abandon(struct wi_queued_work *work);

#endif
