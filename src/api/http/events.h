/*
 * The events of one stream as bytes: those that its client has not read yet, and the latest of
 * those that it has read, in case it comes back. There is one reader, whose place is kept here.
 */
#ifndef WI_API_HTTP_EVENTS_H
#define WI_API_HTTP_EVENTS_H

#include "base/budget.h"
#include "base/buffer.h"
#include "terms/part.h"

struct wi_events;
/* The bytes held are charged to `budget` (NULL: none are), whether they fit or not: credit bounds
 * the unread ones, `keep` those that were read. */
struct wi_events *wi_events_new(struct wi_budget *budget, size_t keep);
void wi_events_free(struct wi_events *events); /* NULL is fine */
/* Sets how many bytes of read events are kept from now on. Public for tests. */
void wi_events_keep(struct wi_events *events, size_t keep);

/* Add the next part, with `bytes` of text and result; another event; the last event. Each takes the
 * text over. */
void wi_events_add_part(struct wi_events *events, struct wi_buffer *text, size_t bytes);
void wi_events_add(struct wi_events *events, struct wi_buffer *text);
void wi_events_end(struct wi_events *events, struct wi_buffer *text);
/* Adds a piece of another event. More pieces follow unless it is the `last`; nothing else may be
 * added before that one. */
void wi_events_add_piece(struct wi_events *events, struct wi_buffer *text, int last);
int wi_events_ended(const struct wi_events *events); /* the last one was added */
uint64_t wi_events_parts(const struct wi_events *events);
size_t wi_events_size(const struct wi_events *events); /* bytes held */

/* Whether the part `seq` is kept, or is the next to come. */
int wi_events_have(const struct wi_events *events, uint64_t seq);
/* Moves the reader before the part `seq`, for which wi_events_have is true. */
void wi_events_seek(struct wi_events *events, uint64_t seq);
/* Copies the next bytes, at most `max`. 0: there are none now. */
size_t wi_events_read(struct wi_events *events, char *out, size_t max);
int wi_events_between(const struct wi_events *events); /* the reader is not within an event */
int wi_events_drained(const struct wi_events *events); /* it has read all that was added */
int wi_events_over(const struct wi_events *events);    /* it has read the last one */
/* All parts that the reader has ever read. */
struct wi_credit wi_events_taken(const struct wi_events *events);

#endif
