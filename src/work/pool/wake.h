/*
 * Work that the pool does later from the loop. Code that sees a reason to plan, or a change that
 * affects waiting jobs, requests a call here; the owner provides the calls. Further requests before
 * the call comes have no effect.
 */
#ifndef WI_WORK_POOL_WAKE_H
#define WI_WORK_POOL_WAKE_H

#include "base/loop.h"

struct pool_wake;
struct pool_wake *wi_pool_wake_new(
    uv_loop_t *loop, wi_timer_fn *on_plan, wi_timer_fn *on_tell, void *context);
void wi_pool_wake_free(struct pool_wake *wake); /* NULL is fine */
/* No further call comes, and requests have no effect. */
void wi_pool_wake_end(struct pool_wake *wake);
int wi_pool_wake_ended(const struct pool_wake *wake);

/* Request on_plan: in the next turn of the loop; in `delay_ms`, which replaces any earlier request;
 * or not until the next request. */
void wi_pool_plan_soon(struct pool_wake *wake);
void wi_pool_plan_in(struct pool_wake *wake, uint64_t delay_ms);
void wi_pool_plan_never(struct pool_wake *wake);
/* Whether on_plan will come. */
int wi_pool_plan_is_due(const struct pool_wake *wake);
/* Requests on_tell in the next turn of the loop. */
void wi_pool_tell_capacity(struct pool_wake *wake);

#endif
