/*
 * What the pool is to do from the loop. Whoever sees a reason to plan, or that something has
 * changed for what waits, asks here; the owner gave the calls that follow. Asking again before they
 * come changes nothing.
 */
#ifndef WI_WORK_POOL_WAKE_H
#define WI_WORK_POOL_WAKE_H

#include "base/loop.h"

struct pool_wake;
struct pool_wake *wi_pool_wake_new(
    uv_loop_t *loop, wi_timer_fn *on_plan, wi_timer_fn *on_tell, void *context);
void wi_pool_wake_free(struct pool_wake *wake); /* NULL is fine */
/* No call comes any more, and asking does nothing. */
void wi_pool_wake_end(struct pool_wake *wake);
int wi_pool_wake_ended(const struct pool_wake *wake);

/* on_plan, in the next turn of the loop; in `delay_ms` in place of whatever was asked for; or not
 * until somebody asks. */
void wi_pool_plan_soon(struct pool_wake *wake);
void wi_pool_plan_in(struct pool_wake *wake, uint64_t delay_ms);
void wi_pool_plan_never(struct pool_wake *wake);
/* Whether on_plan is to come. */
int wi_pool_plan_is_due(const struct pool_wake *wake);
/* on_tell, in the next turn of the loop. */
void wi_pool_tell_capacity(struct pool_wake *wake);

#endif
