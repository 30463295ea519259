/*
 * The list of a store's folder as it was when it was last read. Reading goes on beside the loop, so
 * that who asks gets what is known at once. It is read at the start, when it is asked for and old,
 * when something was missed in it, and never more often than once a second or for more than a tenth
 * of the time.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_LISTING_H
#define WI_MODELS_CATALOG_LIBRARY_LISTING_H

#include "base/change.h"
#include "models/catalog/library/list.h"
#include <uv.h>

/* A list that is older is read again when it is asked for. */
#define WI_LISTING_OLD_MS 5000.0

struct wi_listing;
/* Begins to read. What is ignored in `directory` is logged once for as long as it stays so. */
struct wi_listing *wi_listing_new(uv_loop_t *loop, const char *directory);
void wi_listing_free(struct wi_listing *listing); /* no callback comes; NULL is fine */
/* Tells `listener` (borrowed; NULL: nobody) from now on which of the models came, went or are other
 * than they were when the list was read before. */
void wi_listing_tell(struct wi_listing *listing, const struct wi_change_listener *listener);
/* Reads afresh; where it is another folder the list is empty until that was done. */
void wi_listing_reset(struct wi_listing *listing, const char *directory);

/* Borrowed until the next turn of the loop; empty before the first reading. */
const struct wi_list *wi_listing_now(struct wi_listing *listing);
/* A name was asked for, or found, that disagrees with the list. */
void wi_listing_missed(struct wi_listing *listing);

/* Calls back with a list that was read after this call or less than a second before it (where
 * reading takes long: ten times as long as that); `list` as of wi_listing_now. NULL if the callback
 * was called already. It must not free the listing. */
typedef void wi_listing_fn(void *context, const struct wi_list *list);
struct wi_listing_wait;
struct wi_listing_wait *wi_listing_fresh(
    struct wi_listing *listing, wi_listing_fn *on_list, void *context);
void wi_listing_cancel(struct wi_listing_wait *wait); /* no callback comes; NULL is fine */

#endif
