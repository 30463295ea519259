/*
 * The one sender of events: a queue of events, and at most one client that takes them. A stream, a
 * watcher, a subscriber of channels, live sound and the progress of a pull each have one.
 *
 * events.c is the queue, as bytes: the events that were not read yet, and the latest of those that
 * were, in case the client comes back. It has one reader, whose place is kept here.
 *
 * events_send.c is the client: an HTTP response that libmicrohttpd asks for more whenever the
 * socket has taken everything so far, and that is suspended while there is nothing to send. A
 * client that leaves is noticed, and one that takes nothing for [api] send_timeout is cut off.
 */
#ifndef WI_API_HTTP_EVENTS_H
#define WI_API_HTTP_EVENTS_H

#include "base/budget.h"
#include "base/buffer.h"
#include "base/error.h"
#include "channels/parcel.h"
#include "terms/part.h"

struct wi_events;
/* The bytes held are charged to `budget` (NULL: none are), whether they fit or not: credit bounds
 * the unread ones, `keep` those that were read. */
struct wi_events *wi_events_new(struct wi_budget *budget, size_t keep);
void wi_events_free(struct wi_events *events); /* has no client; NULL is fine */
/* Sets how many bytes of read events are kept from now on. Public for tests. */
void wi_events_keep(struct wi_events *events, size_t keep);

/* --- the queue: events.c ---------------------------------------------------------------------- */

/* Add the next part, with `bytes` of text and result; another event; the last event. Each takes the
 * text over, and wakes the client. */
void wi_events_add_part(struct wi_events *events, struct wi_buffer *text, size_t bytes);
void wi_events_add(struct wi_events *events, struct wi_buffer *text);
void wi_events_end(struct wi_events *events, struct wi_buffer *text);
/* Adds an event that others may send too; takes the reference. It is not charged again. */
void wi_events_add_parcel(struct wi_events *events, struct wi_parcel *parcel);
/* Adds a piece of another event. More pieces follow unless it is the `last`; nothing else may be
 * added before that one. */
void wi_events_add_piece(struct wi_events *events, struct wi_buffer *text, int last);
int wi_events_ended(const struct wi_events *events); /* the last one was added */
uint64_t wi_events_parts(const struct wi_events *events);
size_t wi_events_size(const struct wi_events *events); /* bytes held */

/* Whether the part `seq` is kept, or is the next to come. Public for tests. */
int wi_events_have(const struct wi_events *events, uint64_t seq);
/* Where a client that comes back goes on: `seq` is the part after that with the id `last_event_id`,
 * or the first part if that is NULL or "". WI_OK, WI_INVALID_FIELD, or WI_STREAM_GONE: it is not
 * kept, since `of` ("this sound") keeps only `most` bytes. */
enum wi_code wi_events_place(const struct wi_events *events, const char *last_event_id,
    const char *of, uint64_t most, uint64_t *seq, struct wi_error *error);
/* Moves the reader before the part `seq`, for which wi_events_have is true. */
void wi_events_seek(struct wi_events *events, uint64_t seq);
/* Copies the next bytes, at most `max`. 0: there are none now. */
size_t wi_events_read(struct wi_events *events, char *out, size_t max);
int wi_events_between(const struct wi_events *events); /* the reader is not within an event */
int wi_events_drained(const struct wi_events *events); /* it has read all that was added */
int wi_events_over(const struct wi_events *events);    /* it has read the last one */
/* All parts that the reader has ever read. */
struct wi_credit wi_events_taken(const struct wi_events *events);

/* The client that takes the events; NULL: none does. */
struct wi_events_client *wi_events_client(const struct wi_events *events);
/* Sets it: `wake` is called when there is more to read. For events_send.c. */
void wi_events_set_client(struct wi_events *events, struct wi_events_client *client,
    void (*wake)(struct wi_events_client *client));

/* --- the client: events_send.c ---------------------------------------------------------------- */

struct wi_request;

/* From the loop, possibly from inside libmicrohttpd. */
struct wi_events_callbacks {
    void *context;
    /* The socket has taken all that was read from the events so far. NULL is fine. */
    void (*on_taken)(void *context);
    /* The client is gone, and the events have none any more. */
    void (*on_gone)(void *context);
};

/* Answers `request` 200 with the events from their reader's place on, as the media type of the
 * request's dialect: it is their client until `on_gone` or wi_events_cut. They have none before. */
void wi_events_send(
    struct wi_events *events, struct wi_request *request, const struct wi_events_callbacks *back);
/* The same as another media type. */
void wi_events_send_as(struct wi_events *events, struct wi_request *request, const char *media_type,
    const struct wi_events_callbacks *back);
/* Sends `text` (taken over) between two events. It replaces an earlier inserted text that was not
 * sent yet. An empty text, or one without a client, changes nothing. */
void wi_events_insert(struct wi_events *events, struct wi_buffer *text);
/* Closes the client's connection in the middle of the stream, if there is one. No callback follows.
 */
void wi_events_cut(struct wi_events *events);
/* Ends the events of a client that may still read what it was given, and cuts any other one. 0: it
 * was cut; 1: `on_gone` follows, also if the events had ended before. */
int wi_events_finish(struct wi_events *events, int may_read);
/* The client's request; NULL: there is no client. */
struct wi_request *wi_events_request(const struct wi_events *events);

#endif
