/*
 * An HTTP client that is played: it gives to each call the reply of whom it asks. The test defines
 * wi_http_start, which notes what is asked and calls begin_call. For use in one test file each.
 */
#ifndef WI_TESTS_SOURCE_ONE_CALL_H
#define WI_TESTS_SOURCE_ONE_CALL_H

#include "base/loop.h"
#include "base/memory.h"
#include "base/net/http_client.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What is answered from now on. */
struct reply {
    int status; /* 0: no answer */
    const char *body, *type, *etag, *location;
    enum wi_http_end end;
    int held; /* until it is let go */
};

struct wi_http_call {
    const struct reply *reply; /* as it is when the answer comes */
    wi_http_fn *on_answer;
    void *context;
    struct wi_timer *timer;
};

static struct {
    const char *type; /* of replies without one */
    struct wi_http_call *held;
    size_t cancelled;
} network;

const char *wi_http_call_header(const struct wi_http_call *call, const char *name)
{
    if (strcasecmp(name, "content-type") == 0)
        return call->reply->type ? call->reply->type : network.type;
    if (strcasecmp(name, "etag") == 0)
        return call->reply->etag;
    return strcasecmp(name, "location") == 0 ? call->reply->location : NULL;
}

static void free_call(struct wi_http_call *call)
{
    if (network.held == call)
        network.held = NULL;
    wi_timer_free(call->timer);
    free(call);
}

static void on_network(void *context)
{
    struct wi_http_call *call = context;
    const struct reply *reply = call->reply;
    const struct wi_http_answer answer = {.status = reply->status,
        .end = reply->end,
        .failure = reply->end == WI_HTTP_ANSWERED ? NULL : "Couldn't connect to server",
        .body = reply->body ? reply->body : "",
        .body_size = reply->body ? strlen(reply->body) : 0,
        .call = call};
    call->on_answer(call->context, &answer);
    free_call(call);
}

static struct wi_http_call *begin_call(
    uv_loop_t *loop, const struct reply *reply, wi_http_fn *on_answer, void *context)
{
    struct wi_http_call *call = wi_alloc(sizeof *call);
    *call = (struct wi_http_call){reply, on_answer, context, wi_timer_new(loop, on_network, call)};
    if (reply->held)
        network.held = call;
    else
        wi_timer_start(call->timer, 0, 0);
    return call;
}

void wi_http_cancel(struct wi_http_call *call)
{
    if (!call)
        return;
    network.cancelled++;
    free_call(call);
}

/* The loop has nothing left to do, and is closed. */
static int end_loop(uv_loop_t *loop)
{
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
    return 0;
}

#endif
