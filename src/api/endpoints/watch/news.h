/*
 * What watching clients are told, in two parts: the latest changes, kept once for all of them, and
 * the news for each. No sockets and no clock.
 */
#ifndef WI_API_ENDPOINTS_WATCH_NEWS_H
#define WI_API_ENDPOINTS_WATCH_NEWS_H

#include "base/buffer.h"
#include "base/change.h"
#include "base/memory.h"
#include <jansson.h>
#include <stdint.h>

/* --- the latest changes ----------------------------------------------------------------------- */

/* Each object once, in the order of the last changes, each of which has the next number. A watcher
 * holds the number of the last change that it knows, and is told the present state of everything
 * that has changed since. So a slow reader misses intermediate states, but never the latest. */

extern const char *const wi_change_kind_names[]; /* "status" …, ended by NULL */

struct wi_change {
    enum wi_change_kind kind;
    const char *id;
    const char *owner; /* as of wi_change_listener */
    uint64_t number;   /* from 1 on */
};

struct wi_changes;
/* Keeps at most so many objects; when one more comes, the one that has not changed for longest is
 * forgotten. */
struct wi_changes *wi_changes_new(size_t most);
void wi_changes_free(struct wi_changes *changes); /* NULL is fine */
/* Copies its arguments. */
void wi_changes_note(
    struct wi_changes *changes, enum wi_change_kind kind, const char *id, const char *owner);
/* Forgets all; the numbers go on. */
void wi_changes_forget(struct wi_changes *changes);

/* The number of the latest change; 0: there was no change. Public for tests. */
uint64_t wi_changes_latest(const struct wi_changes *changes);
/* Whether all changes since the one with this number are known. Public for tests. */
int wi_changes_reach(const struct wi_changes *changes, uint64_t number);
/* The first known change after that number; NULL: there is none. Borrowed until the next change is
 * noted. Public for tests. */
const struct wi_change *wi_changes_after(const struct wi_changes *changes, uint64_t number);
/* The change after another, likewise. Public for tests. */
const struct wi_change *wi_changes_next(const struct wi_change *change);

/* --- the news for one client ------------------------------------------------------------------ */

/* What it knows, and the text of the events that tell it the rest: `snapshot` with all objects,
 * then `change` with those that have changed since. An event is printed in pieces, each object as
 * it is at that moment, so that it takes little memory however long it is. */

/* The maximum text of a piece, and of an object, whose longest members are left out if it is
 * longer. */
#define WI_NEWS_PIECE_MAX ((size_t)15 * 1024)
#define WI_NEWS_OBJECT_MAX ((size_t)12 * 1024)

/* The objects that there are. `client`: only those of this client and those without an owner; NULL:
 * all. */
struct wi_news_source {
    void *context;
    /* The object as it is now, a new reference, which the caller may change; NULL: there is none.
     */
    json_t *(*object)(void *context, enum wi_change_kind kind, const char *id, const char *client);
    /* Adds the next ids of the kind after the id `after` (NULL: the first ones), in an order of its
     * own: as many as it likes, and none if there are no more. */
    void (*list)(void *context, enum wi_change_kind kind, const char *client, const char *after,
        struct wi_strings *ids);
};

/* All of it except `client` is borrowed as long as the news live. */
struct wi_news_options {
    const struct wi_changes *changes;
    const struct wi_news_source *source;
    const char *run;    /* the beginning of the ids of events */
    const char *client; /* as above */
    unsigned kinds;     /* a bit, 1 << wi_change_kind, for each that is wanted */
};

struct wi_news;
/* The client knows the state at the event with the id `last_event_id`, if that event is of this run
 * and not too old. Otherwise, or if it is NULL, the client knows nothing, and its first event is a
 * snapshot. */
struct wi_news *wi_news_new(const struct wi_news_options *options, const char *last_event_id);
void wi_news_free(struct wi_news *news); /* NULL is fine */

/* Whether there may be something to tell; cheap. */
int wi_news_is_behind(const struct wi_news *news);
/* Begins an event. 0: there is nothing to tell. */
int wi_news_begin(struct wi_news *news);
/* Whether an event was begun and has not ended. */
int wi_news_is_within(const struct wi_news *news);
/* Appends the next piece of the begun event to `out`. */
void wi_news_print(struct wi_news *news, struct wi_buffer *out);

#endif
