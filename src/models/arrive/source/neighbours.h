/*
 * The neighbours: sources that are daemons as this one, and so tell what they have (offer.h). Each
 * is asked when somebody wants to know and what is known is too old, with the ETag of its last
 * answer, and waited for no longer than that somebody says. One that does not answer is asked
 * again WI_NEIGHBOURS_PAUSE_MS later at the soonest, and until it answers it offers nothing.
 *
 * Answers are read on threads of the pool; all is called on the loop's thread.
 */
#ifndef WI_MODELS_ARRIVE_SOURCE_NEIGHBOURS_H
#define WI_MODELS_ARRIVE_SOURCE_NEIGHBOURS_H

#include "base/net/http_client.h"
#include "models/arrive/source/offer.h"
#include "models/arrive/source/sources.h"

#define WI_NEIGHBOURS_WAIT_MS 3000u   /* so long a neighbour that does not answer delays a pull */
#define WI_NEIGHBOURS_NAMED_MS 10000u /* the same where it is named, and nobody else knows */
#define WI_NEIGHBOURS_PAUSE_MS 10000.0
#define WI_NEIGHBOURS_FRESH_MS 5000.0 /* so old may be what a pull is told */

struct wi_neighbours;
/* `id` is this daemon's own: who has it is this daemon, and no neighbour. All is borrowed and must
 * outlive them. */
struct wi_neighbours *wi_neighbours_new(uv_loop_t *loop, struct wi_http *http, const char *id);
void wi_neighbours_free(struct wi_neighbours *neighbours); /* NULL is fine; no callback comes */
/* These and no others, each held. What is known of one that stays is kept. */
void wi_neighbours_set(
    struct wi_neighbours *neighbours, struct wi_block_source *const *sources, size_t count);
size_t wi_neighbours_count(const struct wi_neighbours *neighbours);

/* Borrowed until the next turn of the loop. */
struct wi_neighbour_info {
    struct wi_block_source *source;
    const struct wi_offer *offer; /* NULL: it has not answered lately, or lies, or is ourselves */
    int is_self;
};
void wi_neighbours_at(
    const struct wi_neighbours *neighbours, size_t index, struct wi_neighbour_info *info);

/* Calls `each` for those that have an offer, of several names of one daemon for the first. */
typedef void wi_neighbour_fn(void *context, const struct wi_neighbour_info *info);
void wi_neighbours_each(
    const struct wi_neighbours *neighbours, wi_neighbour_fn *each, void *context);

/* The CID of the model that the neighbour of that name has under `name`, perhaps with `variant`
 * (NULL: none is asked for) in its name there. WI_OK; WI_HUB_NOT_FOUND where it has no such model;
 * WI_HUB_FAILED with the reason where it does not say what it has. */
enum wi_code wi_neighbours_model(const struct wi_neighbours *neighbours, const char *neighbour,
    const char *name, const char *variant, struct wi_cid *cid, struct wi_error *error);

struct wi_neighbours_wait;
typedef void wi_neighbours_fn(void *context);
/* Asks those whose list is older than `fresh_ms`, and with 0 all, those that failed just now too;
 * and calls back once, never from inside, when each of them has answered or has failed to, or after
 * `wait_ms`. */
struct wi_neighbours_wait *wi_neighbours_ask(struct wi_neighbours *neighbours, double fresh_ms,
    uint64_t wait_ms, wi_neighbours_fn *on_known, void *context);
void wi_neighbours_cancel(struct wi_neighbours_wait *wait); /* no callback comes; NULL is fine */

#endif
