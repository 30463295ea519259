/*
 * A list of events, or pieces of events, each with its bytes. Events that were read are freed from
 * the front, except for those that are kept; the event that the reader is in, or has read last, is
 * always there.
 */
#include "api/http/events.h"

#include "base/memory.h"
#include "base/net/http.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct event {
    struct event *next;
    uint64_t next_seq;        /* of the first part behind it */
    struct wi_credit through; /* the parts up to its end */
    size_t size;
    char *bytes;              /* its own, which are charged to the budget; or NULL */
    struct wi_parcel *parcel; /* else a reference: that charges itself */
    int goes_on;              /* it is a piece of one, and not the last */
};

struct wi_events {
    struct wi_budget *budget;
    size_t keep;
    struct event *first, *last;
    struct event *at; /* the reader is in it or behind it; NULL: before the first */
    size_t offset;    /* of it, how much was read */
    size_t size;      /* bytes of all of them */
    size_t behind;    /* bytes of the events before `at` */
    uint64_t dropped; /* the first part that is still held, or is to come */
    struct wi_credit made, taken;
    const struct event *end; /* the last one */
    int ended;
    struct wi_events_client *client;
    void (*wake)(struct wi_events_client *client);
};

struct wi_events *wi_events_new(struct wi_budget *budget, size_t keep)
{
    struct wi_events *events = wi_alloc(sizeof *events);
    events->budget = budget;
    events->keep = keep;
    return events;
}

static void drop_first(struct wi_events *events)
{
    struct event *event = events->first;
    events->first = event->next;
    if (!events->first)
        events->last = NULL;
    events->dropped = event->next_seq;
    events->size -= event->size;
    if (event->bytes)
        wi_budget_give(events->budget, event->size);
    wi_parcel_unref(event->parcel);
    free(event->bytes);
    free(event);
}

void wi_events_free(struct wi_events *events)
{
    if (!events)
        return;
    assert(!events->client);
    while (events->first)
        drop_first(events);
    free(events);
}

/* When memory is short, no event that was read is kept. */
static void events_trim(struct wi_events *events)
{
    const struct wi_budget *budget = events->budget;
    size_t keep = budget && budget->used > budget->limit ? 0 : events->keep;
    while (events->at && events->first != events->at && events->behind > keep) {
        events->behind -= events->first->size;
        drop_first(events);
    }
}

void wi_events_keep(struct wi_events *events, size_t keep)
{
    events->keep = keep;
    events_trim(events);
}

/* --- the client ------------------------------------------------------------------------------- */

struct wi_events_client *wi_events_client(const struct wi_events *events)
{
    return events->client;
}

void wi_events_set_client(struct wi_events *events, struct wi_events_client *client,
    void (*wake)(struct wi_events_client *client))
{
    events->client = client;
    events->wake = wake;
}

static void events_wake(const struct wi_events *events)
{
    if (events->client)
        events->wake(events->client);
}

/* --- adding ---------------------------------------------------------------------------------- */

static void event_append(struct wi_events *events, struct event *event)
{
    event->next_seq = events->made.parts;
    event->through = events->made;
    events->size += event->size;
    if (events->last)
        events->last->next = event;
    else
        events->first = event;
    events->last = event;
    events_trim(events);
    events_wake(events);
}

void wi_events_add(struct wi_events *events, struct wi_buffer *text)
{
    if (text->size == 0 || events->ended) {
        wi_buffer_clear(text);
        return;
    }
    struct event *event = wi_alloc(sizeof *event);
    event->size = text->size;
    event->bytes = wi_buffer_take(text);
    wi_budget_force(events->budget, event->size);
    event_append(events, event);
}

void wi_events_add_parcel(struct wi_events *events, struct wi_parcel *parcel)
{
    if (wi_parcel_size(parcel) == 0 || events->ended) {
        wi_parcel_unref(parcel);
        return;
    }
    struct event *event = wi_alloc(sizeof *event);
    event->size = wi_parcel_size(parcel);
    event->parcel = parcel;
    event_append(events, event);
}

void wi_events_add_part(struct wi_events *events, struct wi_buffer *text, size_t bytes)
{
    events->made.parts++;
    events->made.bytes += bytes;
    wi_events_add(events, text);
}

void wi_events_add_piece(struct wi_events *events, struct wi_buffer *text, int last)
{
    struct event *before = events->last;
    wi_events_add(events, text);
    if (events->last != before)
        events->last->goes_on = !last;
}

void wi_events_end(struct wi_events *events, struct wi_buffer *text)
{
    struct event *before = events->last;
    wi_events_add(events, text);
    events->end = events->last != before ? events->last : NULL;
    events->ended = 1;
    events_wake(events); /* the end itself, where the text is empty */
}

int wi_events_ended(const struct wi_events *events)
{
    return events->ended;
}

uint64_t wi_events_parts(const struct wi_events *events)
{
    return events->made.parts;
}

size_t wi_events_size(const struct wi_events *events)
{
    return events->size;
}

/* --- reading --------------------------------------------------------------------------------- */

/* The event before the reader; NULL: there is none, or the reader is within one. */
static const struct event *read_last(const struct wi_events *events)
{
    return events->at && events->offset == events->at->size ? events->at : NULL;
}

int wi_events_have(const struct wi_events *events, uint64_t seq)
{
    return seq >= events->dropped && seq <= events->made.parts;
}

enum wi_code wi_events_place(const struct wi_events *events, const char *last_event_id,
    const char *of, uint64_t most, uint64_t *seq, struct wi_error *error)
{
    uint64_t last = 0;
    int is_given = last_event_id && *last_event_id;
    if (is_given &&
        (wi_parse_length(last_event_id, &last) != 0 || last >= wi_events_parts(events))) {
        wi_error_set(error, WI_INVALID_FIELD, "Last-Event-ID",
            "\"%.40s\" is not the id of an event of this stream", last_event_id);
        return wi_error_expect(error, "the id of the last event that came, or no such header");
    }
    *seq = is_given ? last + 1 : 0;
    if (wi_events_have(events, *seq))
        return WI_OK;
    return wi_error_set(error, WI_STREAM_GONE, "Last-Event-ID",
        "the event %llu of %s is not kept any more: [api] stream_buffer keeps the latest %llu "
        "bytes",
        (unsigned long long)*seq, of, (unsigned long long)most);
}

void wi_events_seek(struct wi_events *events, uint64_t seq)
{
    struct event *before = NULL;
    size_t behind = 0;
    assert(wi_events_have(events, seq));
    /* From the beginning: with what comes before the first part. */
    struct event *event = seq > 0 ? events->first : NULL;
    for (; event && event != events->end && event->next_seq <= seq; event = event->next) {
        behind += before ? before->size : 0;
        before = event;
    }
    events->at = before;
    events->offset = before ? before->size : 0;
    events->behind = behind;
}

static struct event *next_to_read(const struct wi_events *events)
{
    if (!events->at)
        return events->first;
    return events->offset < events->at->size ? events->at : events->at->next;
}

/* The reader is at the event's end. */
static void note_taken(struct wi_events *events, const struct event *event)
{
    if (event->through.parts > events->taken.parts)
        events->taken = event->through;
}

static void event_copy(const struct event *event, size_t at, char *out, size_t size)
{
    if (event->parcel)
        (void)wi_parcel_read(event->parcel, at, out, size);
    else
        memcpy(out, event->bytes + at, size);
}

size_t wi_events_read(struct wi_events *events, char *out, size_t max)
{
    size_t copied = 0;
    struct event *event;
    while (copied < max && (event = next_to_read(events))) {
        if (event != events->at) {
            events->behind += events->at ? events->at->size : 0;
            events->at = event;
            events->offset = 0;
        }
        size_t left = event->size - events->offset;
        size_t size = left < max - copied ? left : max - copied;
        event_copy(event, events->offset, out + copied, size);
        copied += size;
        events->offset += size;
        if (events->offset == event->size)
            note_taken(events, event);
    }
    events_trim(events);
    return copied;
}

int wi_events_between(const struct wi_events *events)
{
    const struct event *before = read_last(events);
    return !events->at || (before && !before->goes_on);
}

int wi_events_drained(const struct wi_events *events)
{
    return next_to_read(events) == NULL;
}

int wi_events_over(const struct wi_events *events)
{
    return events->ended && (!events->last || read_last(events) == events->last);
}

struct wi_credit wi_events_taken(const struct wi_events *events)
{
    return events->taken;
}
