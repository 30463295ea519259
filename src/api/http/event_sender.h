/*
 * A client that takes the events of a stream: an HTTP response that libmicrohttpd asks for more
 * whenever the socket has taken everything so far, and that is suspended while there is nothing to
 * send. A client that leaves is noticed, and one that takes nothing for [api] send_timeout is cut
 * off.
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
    /* The client is gone, and the sender with it. */
    void (*on_gone)(void *context);
};

struct wi_event_sender;
/* Answers `request` 200 with the events from their reader's place on, as the media type of the
 * request's dialect. `events` must live until `on_gone` or wi_event_sender_cut. */
struct wi_event_sender *wi_event_sender_new(struct wi_request *request, struct wi_events *events,
    const struct wi_event_sender_callbacks *back);
/* There is more to read. */
void wi_event_sender_wake(struct wi_event_sender *sender);
/* Sends `text` (taken over) between two events. It replaces an earlier inserted text that was not
 * sent yet. An empty text changes nothing. */
void wi_event_sender_insert(struct wi_event_sender *sender, struct wi_buffer *text);
/* Closes the connection in the middle of the stream. No callback follows. */
void wi_event_sender_cut(struct wi_event_sender *sender);
struct wi_request *wi_event_sender_request(const struct wi_event_sender *sender);

#endif
