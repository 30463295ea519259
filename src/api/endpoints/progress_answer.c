/* See progress_answer.h. */
#include "api/endpoints/progress_answer.h"

#include "api/endpoints/endpoints.h"
#include "api/http/events.h"
#include "base/memory.h"
#include "wire/dialect.h"
#include "wire/printing.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* From its request to the end of its answer. `request` is set while it is silent. */
struct wi_progress_answer {
    struct wi_api *api;
    const struct wi_dialect *dialect;
    struct wi_request *request;
    struct wi_events *events;       /* NULL while it is silent */
    struct wi_timer *timer;         /* shows that the server is alive; NULL: it has no events */
    void (*on_over)(void *context); /* NULL once it has its end */
    void *context;
    char request_id[WI_REQUEST_ID_MAX + 1];
    struct wi_progress_answer *prev, *next;
};

/* --- its life --------------------------------------------------------------------------------- */

static void free_answer(struct wi_progress_answer *answer)
{
    DL_DELETE(answer->api->endpoints->progress_answers, answer);
    wi_timer_free(answer->timer);
    wi_events_free(answer->events);
    free(answer);
}

static void let_go(struct wi_progress_answer *answer)
{
    void (*on_over)(void *) = answer->on_over;
    answer->on_over = NULL;
    if (on_over)
        on_over(answer->context);
}

/* For an answer that is silent and for one that is not. */
static void on_gone(void *context)
{
    struct wi_progress_answer *answer = context;
    let_go(answer);
    free_answer(answer);
}

static void open_answer(struct wi_progress_answer *answer)
{
    const struct wi_events_callbacks back = {answer, NULL, on_gone};
    struct wi_request *request = answer->request;
    if (!request)
        return;
    answer->request = NULL;
    answer->events = wi_events_new(answer->api->deps.budget, 0);
    wi_events_send(answer->events, request, &back);
}

static void on_beat(void *context)
{
    struct wi_progress_answer *answer = context;
    struct wi_buffer text = {0};
    wi_buffer_puts(&text, wi_dialect_stream_alive(answer->dialect));
    wi_progress_answer_say(answer, &text);
}

struct wi_progress_answer *wi_progress_answer_new(
    struct wi_request *request, int has_events, void (*on_over)(void *context), void *context)
{
    struct wi_progress_answer *answer = wi_alloc(sizeof *answer);
    const struct wi_server_deps *deps = &request->api->deps;
    answer->api = request->api;
    answer->dialect = request->dialect;
    answer->request = request;
    answer->on_over = on_over;
    answer->context = context;
    memcpy(answer->request_id, request->id, sizeof answer->request_id);
    DL_APPEND(answer->api->endpoints->progress_answers, answer);
    wi_request_wait(request, on_gone, answer);
    if (has_events) {
        answer->timer = wi_timer_new(deps->loop, on_beat, answer);
        wi_timer_start(answer->timer, (uint64_t)deps->times.beat, (uint64_t)deps->times.beat);
    }
    return answer;
}

/* --- answering -------------------------------------------------------------------------------- */

void wi_progress_answer_say(struct wi_progress_answer *answer, struct wi_buffer *text)
{
    if (!answer->timer) {
        wi_buffer_clear(text);
        return;
    }
    open_answer(answer);
    wi_events_insert(answer->events, text);
}

void wi_progress_answer_step(struct wi_progress_answer *answer, json_t *progress)
{
    struct wi_buffer text = {0};
    if (!answer->timer) {
        json_decref(progress);
        return;
    }
    wi_printing_event(&text, "progress", progress);
    wi_progress_answer_say(answer, &text);
}

void wi_progress_answer_end(struct wi_progress_answer *answer, struct wi_buffer *text)
{
    if (!answer->timer) {
        wi_request_answer_text(wi_progress_answer_leave(answer), 200, "application/json", text);
        return;
    }
    answer->on_over = NULL;
    wi_timer_stop(answer->timer);
    open_answer(answer);
    wi_events_end(answer->events, text);
}

void wi_progress_answer_done(struct wi_progress_answer *answer, json_t *end)
{
    struct wi_buffer text = {0};
    if (!answer->timer) {
        wi_request_answer_json(wi_progress_answer_leave(answer), 200, end);
        return;
    }
    wi_printing_event(&text, "done", end);
    wi_progress_answer_end(answer, &text);
}

void wi_progress_answer_fail(struct wi_progress_answer *answer, const struct wi_error *error)
{
    const struct wi_stream_face face = {0};
    struct wi_buffer text = {0};
    if (answer->request) {
        wi_request_answer_error(wi_progress_answer_leave(answer), error);
        return;
    }
    answer->dialect->stream_error(&text, &face, error, answer->request_id);
    wi_progress_answer_end(answer, &text);
}

struct wi_request *wi_progress_answer_leave(struct wi_progress_answer *answer)
{
    struct wi_request *request = answer->request;
    free_answer(answer);
    return request;
}

/* --- all of them ------------------------------------------------------------------------------ */

void wi_progress_answers_finish(struct wi_endpoints *endpoints)
{
    struct wi_progress_answer *answer, *next;
    struct wi_error error;
    wi_request_shutting_down(&error);
    DL_FOREACH_SAFE(endpoints->progress_answers, answer, next)
    {
        if (answer->request || wi_events_ended(answer->events))
            continue; /* its request is answered as all that wait, or it has its end */
        let_go(answer);
        wi_progress_answer_fail(answer, &error);
    }
}
