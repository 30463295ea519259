/*
 * The list of a store's folder at the time of the last reading. Reading is done off the loop, so
 * that a caller gets the known list at once. The folder is read at the start, when an old list is
 * asked for, and when something is missing in the list, but never more often than once a second or
 * for more than a tenth of the time.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_LISTING_H
#define WI_MODELS_CATALOG_LIBRARY_LISTING_H

#include "base/change.h"
#include "models/catalog/library/list.h"
#include <uv.h>

/* An older list is read again when it is asked for. */
#define WI_LISTING_OLD_MS 5000.0

struct wi_listing;
/* Begins to read. Each ignored entry in `directory` is logged once, for as long as it is
 * ignored. */
struct wi_listing *wi_listing_new(uv_loop_t *loop, const char *directory);
void wi_listing_free(struct wi_listing *listing); /* no callback is called; NULL is fine */
/* From now on tells `listener` (borrowed; may be NULL) which models were added, removed or changed
 * since the reading before. */
void wi_listing_tell(struct wi_listing *listing, const struct wi_change_listener *listener);
/* Reads the folder again; if `directory` is another folder, the list is empty until that is
 * done. */
void wi_listing_reset(struct wi_listing *listing, const char *directory);

/* Borrowed until the next turn of the loop; empty before the first reading. */
const struct wi_list *wi_listing_now(struct wi_listing *listing);
/* Tells that a name was asked for, or found, that contradicts the list. */
void wi_listing_missed(struct wi_listing *listing);

/* As wi_repository_fresh; it must not free the listing. */
struct wi_listing_wait *wi_listing_fresh(
    struct wi_listing *listing, wi_listing_fn *on_list, void *context);

#endif
