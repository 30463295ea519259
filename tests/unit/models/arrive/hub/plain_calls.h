/* Calls of an HTTP client that is played, which are never paused. To be included behind
 * struct wi_http_call, which has a timer. */
#ifndef WI_TESTS_HUB_PLAIN_CALLS_H
#define WI_TESTS_HUB_PLAIN_CALLS_H

void wi_http_cancel(struct wi_http_call *call)
{
    if (!call)
        return;
    wi_timer_free(call->timer);
    free(call);
}

void wi_http_resume(struct wi_http_call *call)
{
    fail_msg("it was never paused");
}

#endif
