/*
 * The news for one client that watches: what it knows, and the text of the events that tell it the
 * rest: `snapshot` with all that there is, then `change` with what has changed since. An event is
 * printed piece by piece, each object as it is at that moment, so that it takes little memory
 * however much it tells. No sockets and no clock.
 */
#ifndef WI_API_HTTP_NEWS_H
#define WI_API_HTTP_NEWS_H

#include "api/http/changes.h"
#include "base/buffer.h"
#include "base/memory.h"
#include <jansson.h>

/* Of the text of a piece; of an object, of which the longest members are left out if it is
 * longer. */
#define WI_NEWS_PIECE_MAX ((size_t)15 * 1024)
#define WI_NEWS_OBJECT_MAX ((size_t)12 * 1024)

/* What there is. `client`: whose things beside everybody's; NULL: all. */
struct wi_news_source {
    void *context;
    /* As it is now, to be changed by the caller: a new reference; NULL: there is none. */
    json_t *(*object)(void *context, enum wi_change_kind kind, const char *id, const char *client);
    /* Adds the ids of those of the kind that come behind the id `after` (NULL: the first ones), in
     * some order: as many as it likes, and none if there are no more. */
    void (*list)(void *context, enum wi_change_kind kind, const char *client, const char *after,
        struct wi_strings *ids);
};

/* All of it is borrowed as long as the news live, but for `client`. */
struct wi_news_options {
    const struct wi_changes *changes;
    const struct wi_news_source *source;
    const char *run;    /* what the ids of events begin with */
    const char *client; /* as above */
    unsigned kinds;     /* a bit, 1 << wi_change_kind, for each that is wanted */
};

struct wi_news;
/* The client knows what there was when the event with the id `last_event_id` came, if that was one
 * of this run and not too long ago; else (NULL among it) nothing, and a snapshot is its first
 * event. */
struct wi_news *wi_news_new(const struct wi_news_options *options, const char *last_event_id);
void wi_news_free(struct wi_news *news); /* NULL is fine */

/* Whether there may be something to tell; cheap. */
int wi_news_is_behind(const struct wi_news *news);
/* Begins an event. 0: there is nothing to tell. */
int wi_news_begin(struct wi_news *news);
/* Whether an event was begun that is not at its end. */
int wi_news_is_within(const struct wi_news *news);
/* Adds the next piece of the event that was begun. */
void wi_news_print(struct wi_news *news, struct wi_buffer *out);

#endif
