/*
 * The neighbours: sources that are daemons like this one, and so tell what they have (offer.h). A
 * neighbour is asked when its list is wanted and the known one is too old, with the ETag of its
 * last answer; the caller sets how long it waits. A neighbour that does not answer is asked again
 * after WI_NEIGHBOURS_PAUSE_MS at the earliest, and offers nothing until it answers.
 *
 * Answers are parsed on threads of the pool; everything is called on the loop's thread.
 * What other rooms use of neighbours is in models/models.h.
 */
#ifndef WI_MODELS_ARRIVE_SOURCE_NEIGHBOURS_H
#define WI_MODELS_ARRIVE_SOURCE_NEIGHBOURS_H

#include "base/net/http_client.h"
#include "models/arrive/source/offer.h"
#include "models/arrive/source/sources.h"
#include "models/models.h"

#define WI_NEIGHBOURS_WAIT_MS 3000u   /* the delay of a pull by neighbours that do not answer */
#define WI_NEIGHBOURS_NAMED_MS 10000u /* the same for one that a pull names, which alone knows */
#define WI_NEIGHBOURS_PAUSE_MS 10000.0

/* `id` is this daemon's own: a source with the same id is this daemon itself, and not a neighbour.
 * All arguments are borrowed and must outlive the neighbours. */
struct wi_neighbours *wi_neighbours_new(uv_loop_t *loop, struct wi_http *http, const char *id);
void wi_neighbours_free(struct wi_neighbours *neighbours); /* NULL is fine; no callback is called */
/* Replaces the neighbours by these, each held. The lists of those that stay are kept. */
void wi_neighbours_set(
    struct wi_neighbours *neighbours, struct wi_block_source *const *sources, size_t count);

/* Borrowed until the next turn of the loop. */
struct wi_neighbour_info {
    struct wi_block_source *source;
    /* NULL: it has not answered lately, has lied, or is this daemon */
    const struct wi_offer *offer;
    int is_self;
};
size_t wi_neighbours_count(const struct wi_neighbours *neighbours);
struct wi_neighbour_info wi_neighbours_at(const struct wi_neighbours *neighbours, size_t index);

/* Calls `each` for those that have an offer; if one daemon has several names, only for the
 * first. */
typedef void wi_neighbour_fn(void *context, const struct wi_neighbour_info *info);
void wi_neighbours_each(
    const struct wi_neighbours *neighbours, wi_neighbour_fn *each, void *context);

/* The CID of the model that the neighbour of that name has under `name`, possibly with `variant`
 * (NULL: none is asked for) in its name there. WI_OK; WI_HUB_NOT_FOUND if it has no such model;
 * WI_HUB_FAILED with the reason if it does not tell what it has. */
enum wi_code wi_neighbours_model(const struct wi_neighbours *neighbours, const char *neighbour,
    const char *name, const char *variant, struct wi_cid *cid, struct wi_error *error);

#endif
