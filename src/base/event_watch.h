/*
 * Those who are told what becomes of one thing while it is under way. Who is told may end any watch
 * and begin others: an event is for those that were there when it came, each once.
 */
#ifndef WI_BASE_EVENT_WATCH_H
#define WI_BASE_EVENT_WATCH_H

#include <utlist.h>

/* The first member of its owner's struct, which says whom to tell. */
struct wi_event_watch {
    struct wi_event_watch **list; /* which begins as NULL */
    int told;                     /* of the present event */
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

/* An event: all that are in the list are to be told. */
static inline void wi_event_watches_renew(struct wi_event_watch *list)
{
    struct wi_event_watch *watch;
    DL_FOREACH(list, watch)
    watch->told = 0;
}

/* Another that is to be told of it; NULL: there are no more. */
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
