/*
 * A list of watchers that are told of each event of one thing, such as a pull. A watcher that is
 * told may end any watch and begin others: an event goes, once, to each watch that existed when it
 * occurred.
 */
#ifndef WI_BASE_EVENT_WATCH_H
#define WI_BASE_EVENT_WATCH_H

#include <utlist.h>

/* The first member of its owner's struct, which identifies the watcher. */
struct wi_event_watch {
    struct wi_event_watch **list; /* an empty list is NULL */
    int told;                     /* of the current event */
    struct wi_event_watch *prev, *next;
};

static inline void wi_event_watch_begin(struct wi_event_watch *watch, struct wi_event_watch **list)
{
    watch->list = list;
    watch->told = 1;
    DL_APPEND(*list, watch);
}

static inline void wi_event_watch_end(struct wi_event_watch *watch)
{
    DL_DELETE(*watch->list, watch);
}

/* Begins an event: all watches in the list are to be told. */
static inline void wi_event_watches_renew(struct wi_event_watch *list)
{
    struct wi_event_watch *watch;
    DL_FOREACH(list, watch)
    watch->told = 0;
}

/* The next watch to be told of the event; NULL: all have been. */
static inline struct wi_event_watch *wi_event_watches_next(struct wi_event_watch *list)
{
    struct wi_event_watch *watch;
    DL_FOREACH(list, watch)
    if (!watch->told) {
        watch->told = 1;
        return watch;
    }
    return NULL;
}

#endif
