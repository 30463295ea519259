/* See telling.h. */
#include "api/endpoints/telling.h"

#include "api/http/events.h"
#include "base/memory.h"
#include "wire/dialect.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* From its request to the end of its answer. `request` is set while it is silent. */
struct wi_telling {
    struct wi_tellings *all;
    const struct wi_dialect *dialect;
    struct wi_request *request;
    struct wi_events *events;       /* NULL while it is silent */
    struct wi_timer *timer;         /* shows that the server is alive */
    void (*on_over)(void *context); /* NULL once it has its end */
    void *context;
    char request_id[WI_REQUEST_ID_MAX + 1];
    struct wi_telling *prev, *next;
};

struct wi_tellings {
    struct wi_api *api;
    struct wi_telling *list;
};

/* --- its life --------------------------------------------------------------------------------- */

static void free_telling(struct wi_telling *telling)
{
    DL_DELETE(telling->all->list, telling);
    wi_timer_free(telling->timer);
    wi_events_free(telling->events);
    free(telling);
}

static void let_go(struct wi_telling *telling)
{
    void (*on_over)(void *) = telling->on_over;
    telling->on_over = NULL;
    if (on_over)
        on_over(telling->context);
}

/* For a telling that is silent and for one that is not. */
static void on_gone(void *context)
{
    struct wi_telling *telling = context;
    let_go(telling);
    free_telling(telling);
}

static void open_telling(struct wi_telling *telling)
{
    const struct wi_events_callbacks back = {telling, NULL, on_gone};
    struct wi_request *request = telling->request;
    if (!request)
        return;
    telling->request = NULL;
    telling->events = wi_events_new(telling->all->api->deps.budget, 0);
    wi_events_send(telling->events, request, &back);
}

static void on_beat(void *context)
{
    struct wi_telling *telling = context;
    struct wi_buffer text = {0};
    open_telling(telling);
    wi_buffer_puts(&text, wi_dialect_stream_alive(telling->dialect));
    wi_events_insert(telling->events, &text);
}

struct wi_telling *wi_telling_new(struct wi_tellings *tellings, struct wi_request *request,
    void (*on_over)(void *context), void *context)
{
    struct wi_telling *telling = wi_alloc(sizeof *telling);
    const struct wi_server_deps *deps = &tellings->api->deps;
    telling->all = tellings;
    telling->dialect = request->dialect;
    telling->request = request;
    telling->timer = wi_timer_new(deps->loop, on_beat, telling);
    telling->on_over = on_over;
    telling->context = context;
    memcpy(telling->request_id, request->id, sizeof telling->request_id);
    DL_APPEND(tellings->list, telling);
    wi_timer_start(telling->timer, (uint64_t)deps->times.beat, (uint64_t)deps->times.beat);
    wi_request_wait(request, on_gone, telling);
    return telling;
}

/* --- telling ---------------------------------------------------------------------------------- */

void wi_telling_say(struct wi_telling *telling, struct wi_buffer *text)
{
    open_telling(telling);
    wi_events_insert(telling->events, text);
}

void wi_telling_end(struct wi_telling *telling, struct wi_buffer *text)
{
    telling->on_over = NULL;
    wi_timer_stop(telling->timer);
    open_telling(telling);
    wi_events_end(telling->events, text);
}

void wi_telling_fail(struct wi_telling *telling, const struct wi_error *error)
{
    const struct wi_stream_face face = {0};
    struct wi_request *request = telling->request;
    struct wi_buffer text = {0};
    if (request) {
        free_telling(telling);
        wi_request_answer_error(request, error);
        return;
    }
    telling->dialect->stream_error(&text, &face, error, telling->request_id);
    wi_telling_end(telling, &text);
}

/* --- all of them ------------------------------------------------------------------------------ */

struct wi_tellings *wi_tellings_new(struct wi_api *api)
{
    struct wi_tellings *tellings = wi_alloc(sizeof *tellings);
    tellings->api = api;
    return tellings;
}

void wi_tellings_finish(struct wi_tellings *tellings)
{
    struct wi_telling *telling, *next;
    struct wi_error error;
    wi_request_shutting_down(&error);
    DL_FOREACH_SAFE(tellings->list, telling, next)
    {
        if (telling->request || wi_events_ended(telling->events))
            continue; /* its request is answered as all that wait, or it has its end */
        let_go(telling);
        wi_telling_fail(telling, &error);
    }
}

void wi_tellings_free(struct wi_tellings *tellings)
{
    if (!tellings)
        return;
    assert(!tellings->list);
    free(tellings);
}
