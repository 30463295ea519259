/*
 * Work that has to wait before it may have a thread of the pool; see work_queue.h. The queue
 * outlives wi_work_queue_free until the last thread has let go of it.
 */
#include "base/work_queue.h"

#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

struct wi_work_queue {
    uv_loop_t *loop;
    unsigned most, running;
    int closed;
    struct wi_queued_work *waiting;
};

struct wi_queued_work {
    struct wi_work_queue *queue;
    struct wi_work *work; /* NULL: it waits */
    uint64_t weight;
    wi_work_fn *run;
    wi_work_done_fn *done;
    void *data;
    struct wi_queued_work *next, *prev;
};

struct wi_work_queue *wi_work_queue_new(uv_loop_t *loop, unsigned most)
{
    assert(most > 0);
    struct wi_work_queue *queue = wi_alloc(sizeof *queue);
    queue->loop = loop;
    queue->most = most;
    return queue;
}

static void start_next(struct wi_work_queue *queue);

static void on_done(void *data, int cancelled)
{
    struct wi_queued_work *work = data;
    struct wi_work_queue *queue = work->queue;
    work->done(work->data, cancelled); /* may free the queue, which lives while this one counts */
    free(work);
    queue->running--;
    start_next(queue);
    if (queue->closed && queue->running == 0)
        free(queue);
}

static void work_run(void *data)
{
    struct wi_queued_work *work = data;
    work->run(work->data);
}

static void start_next(struct wi_work_queue *queue)
{
    struct wi_queued_work *work = queue->waiting;
    if (work == NULL || queue->running == queue->most)
        return;
    DL_DELETE(queue->waiting, work);
    queue->running++;
    work->work = wi_work_start(queue->loop, work_run, on_done, work);
}

/* Never "equal", so that the newest of equals comes last. */
static int work_is_heavier(const struct wi_queued_work *a, const struct wi_queued_work *b)
{
    return a->weight > b->weight ? 1 : -1;
}

struct wi_queued_work *wi_work_queue_start(struct wi_work_queue *queue, uint64_t weight,
    wi_work_fn *work, wi_work_done_fn *done, void *data)
{
    assert(!queue->closed);
    struct wi_queued_work *next = wi_alloc(sizeof *next);
    next->queue = queue;
    next->weight = weight;
    next->run = work;
    next->done = done;
    next->data = data;
    DL_INSERT_INORDER(queue->waiting, next, work_is_heavier);
    start_next(queue);
    return next;
}

static void cancel_waiting(struct wi_queued_work *work)
{
    DL_DELETE(work->queue->waiting, work);
    work->done(work->data, 1);
    free(work);
}

void wi_queued_work_abandon(struct wi_queued_work *work)
{
    if (work->work)
        wi_work_abandon(work->work);
    else
        cancel_waiting(work);
}

void wi_work_queue_free(struct wi_work_queue *queue)
{
    if (queue == NULL)
        return;
    queue->closed = 1;
    while (queue->waiting)
        cancel_waiting(queue->waiting);
    if (queue->running == 0)
        free(queue);
}
