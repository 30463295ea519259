/*
 * Work that has to queue before it may have a thread of the pool; see lane.h. The lane outlives
 * wi_lane_free until the last thread has let go of it.
 */
#include "base/lane.h"

#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

struct wi_lane {
    uv_loop_t *loop;
    unsigned most, running;
    int closed;
    struct wi_lane_work *waiting;
};

struct wi_lane_work {
    struct wi_lane *lane;
    struct wi_work *work; /* NULL: it waits */
    uint64_t weight;
    wi_work_fn *run;
    wi_work_done_fn *done;
    void *data;
    struct wi_lane_work *next, *prev;
};

struct wi_lane *wi_lane_new(uv_loop_t *loop, unsigned most)
{
    assert(most > 0);
    struct wi_lane *lane = wi_alloc(sizeof *lane);
    lane->loop = loop;
    lane->most = most;
    return lane;
}

static void start_next(struct wi_lane *lane);

static void on_done(void *data, int cancelled)
{
    struct wi_lane_work *work = data;
    struct wi_lane *lane = work->lane;
    work->done(work->data, cancelled); /* may free the lane, which lives while this one counts */
    free(work);
    lane->running--;
    start_next(lane);
    if (lane->closed && lane->running == 0)
        free(lane);
}

static void run(void *data)
{
    struct wi_lane_work *work = data;
    work->run(work->data);
}

static void start_next(struct wi_lane *lane)
{
    struct wi_lane_work *work = lane->waiting;
    if (work == NULL || lane->running == lane->most)
        return;
    DL_DELETE(lane->waiting, work);
    lane->running++;
    work->work = wi_work_start(lane->loop, run, on_done, work);
}

/* Never "equal", so that the newest of equals comes last. */
static int heavier(const struct wi_lane_work *a, const struct wi_lane_work *b)
{
    return a->weight > b->weight ? 1 : -1;
}

struct wi_lane_work *wi_lane_start(
    struct wi_lane *lane, uint64_t weight, wi_work_fn *work, wi_work_done_fn *done, void *data)
{
    assert(!lane->closed);
    struct wi_lane_work *next = wi_alloc(sizeof *next);
    next->lane = lane;
    next->weight = weight;
    next->run = work;
    next->done = done;
    next->data = data;
    DL_INSERT_INORDER(lane->waiting, next, heavier);
    start_next(lane);
    return next;
}

static void cancel_waiting(struct wi_lane_work *work)
{
    DL_DELETE(work->lane->waiting, work);
    work->done(work->data, 1);
    free(work);
}

void wi_lane_abandon(struct wi_lane_work *work)
{
    if (work->work)
        wi_work_abandon(work->work);
    else
        cancel_waiting(work);
}

void wi_lane_free(struct wi_lane *lane)
{
    if (lane == NULL)
        return;
    lane->closed = 1;
    while (lane->waiting)
        cancel_waiting(lane->waiting);
    if (lane->running == 0)
        free(lane);
}
