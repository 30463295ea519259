/*
 * Shares limit what one party (a node, the nodes of a join token, a client, an address) takes of
 * what all parties need: memory, the loop's time, and waiting time. Each of the three accounts is
 * charged for what has happened, never for what was announced. Everything here is for the loop's
 * thread.
 *
 * A share of memory. While a budget is less than half used, any party may take from it. Beyond
 * that, a party may take only what leaves it with at most an eighth of the budget. So a single
 * party has room, and whatever it holds, half of the budget is left to parties that hold little.
 * What is only kept for later (`spare` in budget.h) counts as free, and is given back when it is
 * needed.
 *
 * A pace is the lowest rate at which a transfer that has begun must go on. It is judged window by
 * window, so that early bytes are no credit for being slow later.
 *
 * A toll is the loop's time that was spent on a party's messages, measured in nanoseconds. It
 * limits the party to a part of each second, after a burst of that part of one whole second.
 */
#ifndef WI_BASE_SHARE_H
#define WI_BASE_SHARE_H

#include "base/budget.h"
#include <stdint.h>

#define WI_SHARE_PARTIES 8 /* a party's part is one in so many */

/* --- memory -------------------------------------------------------------------------------- */

/* Zero-initialise all but the two pointers. `parent` (the join token of a node) bounds all of its
 * children together and outlives them; NULL: none. `held` is written only by the functions below,
 * and includes what children hold. */
struct wi_share {
    struct wi_budget *budget; /* NULL bounds nothing; the same in a parent */
    struct wi_share *parent;
    uint64_t held;
};

/* Takes `bytes` from the budget for the share and its parents, whether they fit or not. */
void wi_share_force(struct wi_share *share, uint64_t bytes);
/* Gives back what was forced. */
void wi_share_give(struct wi_share *share, uint64_t bytes);
/* The same for bytes that other code takes from the budget and gives back to it. NULL is fine. */
void wi_share_note(struct wi_share *share, uint64_t bytes);
void wi_share_forget(struct wi_share *share, uint64_t bytes);
/* How many bytes the share may take now. */
uint64_t wi_share_room(const struct wi_share *share);

/* Shares by name (clients, addresses). Zero-initialise `parties`. A name has a share from its first
 * use until its last user releases it. */
struct wi_shares {
    struct wi_budget *budget;
    struct wi_named_share *parties;
};

/* Takes a reference to the share of `name`; never NULL. */
struct wi_share *wi_shares_ref(struct wi_shares *shares, const char *name);
/* Whether no other name has a share now. */
int wi_shares_alone(const struct wi_shares *shares, const struct wi_share *share);
/* Releases a reference; before the last one, everything held must have been given back. NULL is
 * fine. */
void wi_shares_unref(struct wi_shares *shares, struct wi_share *share);

/* --- kept items ------------------------------------------------------------------------------ */

/* Items that are kept for clients that may come back for them, with nothing under way. Both the
 * bytes kept for each client and the total are limited. Beyond a limit the oldest item goes first:
 * the client's own if that client has too much, else any client's. */
#define WI_KEPT_CLIENT_MAX ((uint64_t)16 << 20) /* bytes for one client */
#define WI_KEPT_PART 8 /* the total is at most one in so many of the memory budget */

/* Embedded in a kept item; zero-initialise. */
struct wi_kept_item {
    struct wi_share *_share; /* the client's; NULL: the item is not kept */
    uint64_t _bytes;
    struct wi_kept_item *_before, *_after;
};

/* Zero-initialise all but the budget. */
struct wi_kept {
    const struct wi_budget *budget; /* only read: kept items are charged elsewhere */
    uint64_t bytes;                 /* of all items */
    struct wi_shares _clients;
    struct wi_kept_item *_items; /* the oldest first */
};

/* Adds an item as the newest. */
void wi_kept_add(
    struct wi_kept *kept, struct wi_kept_item *item, const char *client, uint64_t bytes);
/* Removes the item, if it is kept. */
void wi_kept_remove(struct wi_kept *kept, struct wi_kept_item *item);
/* The next item that has to go to make room for `item`, which was added last. The caller drops it,
 * which removes it. NULL: there is room for all. */
struct wi_kept_item *wi_kept_excess(const struct wi_kept *kept, const struct wi_kept_item *item);

/* --- pace ---------------------------------------------------------------------------------- */

struct wi_pace_rule {
    double window_ms;
    double bytes_per_ms;
};

/* Owned by the code that began the transfer. The members belong to the functions below. */
struct wi_pace {
    double _since_ms;
    uint64_t _bytes;
};

/* Begins a window before which `bytes` have come. Call it at the start, and after each pause that
 * the sender has not caused. */
void wi_pace_begin(struct wi_pace *pace, double now_ms, uint64_t bytes);
/* Extends the window by `ms`, during which nothing was taken through no fault of the sender. */
void wi_pace_skip(struct wi_pace *pace, double ms);
/* Call it whenever bytes have come, with the total so far as `bytes`. Returns the time by which
 * more bytes, or the end, must come. A window ends when its bytes, window_ms * bytes_per_ms, have
 * come. A sender that has not sent them after window_ms is too slow. */
double wi_pace_deadline(
    struct wi_pace *pace, const struct wi_pace_rule *rule, double now_ms, uint64_t bytes);

/* --- the loop's time ------------------------------------------------------------------------- */

/* Zero-initialise all but `part` and `parent`. */
struct wi_toll {
    double part;            /* of each second, 0 to 1 */
    struct wi_toll *parent; /* bounds all of its children together, outlives them; NULL: none */
    double _paid_ms;        /* the time up to which the party has used its part */
};

/* Charges `ns` nanoseconds that were spent up to `now_ms`. */
void wi_toll_pay(struct wi_toll *toll, double now_ms, uint64_t ns);
/* The number of milliseconds for which the party has to wait; 0: go on. */
double wi_toll_wait(const struct wi_toll *toll, double now_ms);

#endif
