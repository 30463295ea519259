/*
 * A client that takes the events of a stream: an HTTP response that libmicrohttpd asks for more
 * whenever the socket has taken what it was given, suspended while there is nothing. A client that
 * leaves is noticed, and one that takes nothing for [api] send_timeout is cut off.
 */
#ifndef WI_API_HTTP_EVENT_SENDER_H
#define WI_API_HTTP_EVENT_SENDER_H

#include "api/http/events.h"
#include "api/http/request.h"

/* From the loop, possibly from inside libmicrohttpd. */
struct wi_event_sender_callbacks {
    void *context;
    /* The socket has taken all that was read from the events so far. */
    void (*on_taken)(void *context);
    /* It is gone, and the sender with it. */
    void (*on_gone)(void *context);
};

struct wi_event_sender;
/* Answers `request` 200 with the events from where their reader is, as its dialect's media type.
 * `events` must live until `on_gone` or wi_event_sender_cut. */
struct wi_event_sender *wi_event_sender_new(struct wi_request *request, struct wi_events *events,
    const struct wi_event_sender_callbacks *back);
/* There is more to read. */
void wi_event_sender_wake(struct wi_event_sender *sender);
/* Sends `text` (taken over) between two events, in place of what of this kind was not sent yet.
 * An empty one changes nothing. */
void wi_event_sender_insert(struct wi_event_sender *sender, struct wi_buffer *text);
/* Closes its connection in the middle of the stream. No callback comes any more. */
void wi_event_sender_cut(struct wi_event_sender *sender);
struct wi_request *wi_event_sender_request(const struct wi_event_sender *sender);

#endif
