/* What the pool is to do from the loop, on two timers. */
#include "work/pool/wake.h"

#include "base/memory.h"
#include <stdlib.h>

struct pool_wake {
    struct wi_timer *plan, *tell; /* NULL once ended */
};

struct pool_wake *wi_pool_wake_new(
    uv_loop_t *loop, wi_timer_fn *on_plan, wi_timer_fn *on_tell, void *context)
{
    struct pool_wake *wake = wi_alloc(sizeof *wake);

    wake->plan = wi_timer_new(loop, on_plan, context);
    wake->tell = wi_timer_new(loop, on_tell, context);
    return wake;
}

void wi_pool_wake_end(struct pool_wake *wake)
{
    wi_timer_free(wake->plan);
    wi_timer_free(wake->tell);
    wake->plan = wake->tell = NULL;
}

int wi_pool_wake_ended(const struct pool_wake *wake)
{
    return !wake->plan;
}

void wi_pool_wake_free(struct pool_wake *wake)
{
    if (!wake)
        return;
    wi_pool_wake_end(wake);
    free(wake);
}

void wi_pool_plan_soon(struct pool_wake *wake)
{
    wi_pool_plan_in(wake, 0);
}

void wi_pool_plan_in(struct pool_wake *wake, uint64_t delay_ms)
{
    if (wake->plan)
        wi_timer_start(wake->plan, delay_ms, 0);
}

void wi_pool_plan_never(struct pool_wake *wake)
{
    if (wake->plan)
        wi_timer_stop(wake->plan);
}

int wi_pool_plan_is_due(const struct pool_wake *wake)
{
    return wake->plan && wi_timer_running(wake->plan);
}

void wi_pool_tell_capacity(struct pool_wake *wake)
{
    if (wake->tell)
        wi_timer_start(wake->tell, 0, 0);
}
