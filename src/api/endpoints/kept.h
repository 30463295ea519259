/*
 * What is kept for clients that may come back for it, though nothing is under way: how much of it
 * each of them has, and all of them together. Where that is too much the oldest goes first: his own
 * where one client has too much, else anybody's.
 */
#ifndef WI_API_ENDPOINTS_KEPT_H
#define WI_API_ENDPOINTS_KEPT_H

#include "base/share.h"

#define WI_KEPT_CLIENT_MAX ((uint64_t)16 << 20) /* bytes of one client */
#define WI_KEPT_PART 8 /* all of it is this part of the memory budget at most */

/* Embedded in what is kept; zero-initialise. */
struct wi_kept_item {
    struct wi_share *_share; /* its client's; NULL: it is not kept */
    uint64_t _bytes;
    struct wi_kept_item *_before, *_after;
};

/* Zero-initialise all but the budget. */
struct wi_kept {
    const struct wi_budget *budget; /* is only looked at: what is kept is charged elsewhere */
    uint64_t bytes;                 /* of all */
    struct wi_shares _clients;
    struct wi_kept_item *_items; /* the oldest first */
};

/* It is kept from now on. */
void wi_kept_add(
    struct wi_kept *kept, struct wi_kept_item *item, const char *client, uint64_t bytes);
/* It is not any more, if it was. */
void wi_kept_remove(struct wi_kept *kept, struct wi_kept_item *item);
/* One that has to go, for `item`, which was added last: the caller drops it, which removes it. NULL
 * if there is room for all. */
struct wi_kept_item *wi_kept_excess(const struct wi_kept *kept, const struct wi_kept_item *item);

#endif
