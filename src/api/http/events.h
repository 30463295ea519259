/*
 * The events of one stream as bytes: those that its client has not read yet, and the latest of
 * those that it has, in case it comes back. One reader, whose place is kept here.
 */
#ifndef WI_API_HTTP_EVENTS_H
#define WI_API_HTTP_EVENTS_H

#include "base/budget.h"
#include "base/buffer.h"
#include "terms/part.h"

struct wi_events;
/* What is held is charged to `budget` (NULL: nothing is), whether it fits or not: credit bounds
 * what is not read, `keep` what is. */
struct wi_events *wi_events_new(struct wi_budget *budget, size_t keep);
void wi_events_free(struct wi_events *events); /* NULL is fine */
/* How many bytes of events that were read are kept from now on. Public for tests. */
void wi_events_keep(struct wi_events *events, size_t keep);

/* Each takes the text over. The next part, with `bytes` of text and result; another event; the
 * last event. */
void wi_events_add_part(struct wi_events *events, struct wi_buffer *text, size_t bytes);
void wi_events_add(struct wi_events *events, struct wi_buffer *text);
void wi_events_end(struct wi_events *events, struct wi_buffer *text);
/* A piece of another event, of which more follows unless it is the `last`: nothing else is added
 * before. */
void wi_events_add_piece(struct wi_events *events, struct wi_buffer *text, int last);
int wi_events_ended(const struct wi_events *events); /* the last one was added */
uint64_t wi_events_parts(const struct wi_events *events);
size_t wi_events_size(const struct wi_events *events); /* bytes that are held */

/* Whether the part `seq` is kept, or is the next that may come. */
int wi_events_have(const struct wi_events *events, uint64_t seq);
/* Moves the reader before that part, which they have. */
void wi_events_seek(struct wi_events *events, uint64_t seq);
/* Copies what is next, at most `max` bytes. 0: there is nothing now. */
size_t wi_events_read(struct wi_events *events, char *out, size_t max);
int wi_events_between(const struct wi_events *events); /* the reader is not within an event */
int wi_events_drained(const struct wi_events *events); /* it has read all that was added */
int wi_events_over(const struct wi_events *events);    /* it has read the last one */
/* The parts that it has read, ever. */
struct wi_credit wi_events_taken(const struct wi_events *events);

#endif
