/* A played daemon of which nothing is asked side by side. */
#ifndef WI_TESTS_CLI_PLAYED_ALONE_H
#define WI_TESTS_CLI_PLAYED_ALONE_H

#include "played.h"

struct wi_rest_calls *wi_rest_calls_new(const struct wi_rest *rest)
{
    fail_msg("calls are begun");
    return NULL;
}

void wi_rest_calls_free(struct wi_rest_calls *calls)
{
}

void wi_rest_calls_begin(struct wi_rest_calls *calls, const struct wi_rest_request *request,
    struct wi_rest_answer *answer)
{
}

int wi_rest_calls_wait(struct wi_rest_calls *calls, int descriptor, int timeout_ms)
{
    return 0;
}

#endif
