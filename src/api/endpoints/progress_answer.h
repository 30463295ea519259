/*
 * The answer to a request for work in the daemon that takes long, such as a pull: events on the way
 * to its end, or the end alone. An answer with events does not begin until there is something to
 * tell, so that a failure before that has its usual status. Then it is a stream in the form of the
 * client's dialect, with a sign of life when nothing happens for long.
 */
#ifndef WI_API_ENDPOINTS_PROGRESS_ANSWER_H
#define WI_API_ENDPOINTS_PROGRESS_ANSWER_H

#include "api/http/request.h"

struct wi_progress_answer; /* all of them: wi_endpoints */
/* The server closes: the clients that have had events are told so. */
void wi_progress_answers_finish(struct wi_endpoints *endpoints);

/* The request waits. `has_events` 0: it is answered with the end alone. `on_over` is called at most
 * once, when the client has gone or the server closes: the answer must not be used from then on. It
 * is not called after the functions below that end the answer. */
struct wi_progress_answer *wi_progress_answer_new(
    struct wi_request *request, int has_events, void (*on_over)(void *context), void *context);
/* Sends the event in `text` (taken over), or `progress` (taken) as such an event; with the end
 * alone nothing. It replaces an event that was not sent yet. */
void wi_progress_answer_say(struct wi_progress_answer *answer, struct wi_buffer *text);
void wi_progress_answer_step(struct wi_progress_answer *answer, json_t *progress);

/* Each ends the answer, which must not be used any more. The last event, in `text` (taken over), or
 * the end as JSON. */
void wi_progress_answer_end(struct wi_progress_answer *answer, struct wi_buffer *text);
/* The end (taken), as the event `done` or alone. */
void wi_progress_answer_done(struct wi_progress_answer *answer, json_t *end);
/* An error, which is the whole answer if nothing was sent before. */
void wi_progress_answer_fail(struct wi_progress_answer *answer, const struct wi_error *error);
/* For an answer without events: the caller answers the request. */
struct wi_request *wi_progress_answer_leave(struct wi_progress_answer *answer);

#endif
