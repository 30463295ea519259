/*
 * Shares: what one party (a node, the nodes of a join token, a client, an address) takes of what
 * all of them need: memory, the loop's time, patience. Three accounts, each of which is charged for
 * what has happened and never for what was announced. Everything here is for the loop's thread.
 *
 * A share of memory. While a budget is less than half used anybody may take of it; beyond that only
 * who holds no more than an eighth of it afterwards. So one party alone has room, and whatever it
 * holds, half of the budget is left to those who hold little.
 *
 * A pace is the least rate at which something that was begun has to come. It is judged window by
 * window, so that what came early is no credit for coming slowly later.
 *
 * A toll is the loop's time that was spent on a party's messages, measured in nanoseconds. It
 * bounds the party to a part of each second, after a burst of that part of one whole second.
 */
#ifndef WI_BASE_SHARE_H
#define WI_BASE_SHARE_H

#include "base/budget.h"
#include <stdint.h>

#define WI_SHARE_PARTIES 8 /* a party has one part in so many */

/* --- memory -------------------------------------------------------------------------------- */

/* Zero-initialise all but the two pointers. `parent` (the join token of a node) bounds all of its
 * children together and outlives them; NULL: none. `held` is written by the functions below alone,
 * and includes what children hold. */
struct wi_share {
    struct wi_budget *budget; /* NULL bounds nothing; the same in a parent */
    struct wi_share *parent;
    uint64_t held;
};

/* Takes `bytes` of the budget for the share and its parents, whether they fit or not. */
void wi_share_force(struct wi_share *share, uint64_t bytes);
/* Gives back what was forced. */
void wi_share_give(struct wi_share *share, uint64_t bytes);
/* The same for what something else has taken of the budget, and gives back to it. NULL is fine. */
void wi_share_note(struct wi_share *share, uint64_t bytes);
void wi_share_forget(struct wi_share *share, uint64_t bytes);
/* How many bytes the share may take now. */
uint64_t wi_share_room(const struct wi_share *share);

/* Shares by name (clients, addresses). Zero-initialise `parties`; a name has a share from its first
 * use until the last user has let go of it. */
struct wi_shares {
    struct wi_budget *budget;
    struct wi_named_share *parties;
};

/* The share of `name`, for one more user; never NULL. */
struct wi_share *wi_shares_ref(struct wi_shares *shares, const char *name);
/* Whether no other name has one now. */
int wi_shares_alone(const struct wi_shares *shares, const struct wi_share *share);
/* One user less; the last one has given back all that it held. NULL is fine. */
void wi_shares_unref(struct wi_shares *shares, struct wi_share *share);

/* --- what is kept ---------------------------------------------------------------------------- */

/* What is kept for clients that may come back for it, though nothing is under way: how much of it
 * each of them has, and all of them together. Where that is too much the oldest goes first: that
 * client's own where one has too much, else anybody's. */
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

/* --- pace ---------------------------------------------------------------------------------- */

struct wi_pace_rule {
    double window_ms;
    double bytes_per_ms;
};

/* Whoever has begun something may write it alone; the members are the functions' own. */
struct wi_pace {
    double _since_ms;
    uint64_t _bytes;
};

/* Begins a window in which `bytes` have come before: at the start, and after each pause that the
 * sender has not caused. */
void wi_pace_begin(struct wi_pace *pace, double now_ms, uint64_t bytes);
/* For so long nothing was taken, which the sender has not caused either: its window goes on. */
void wi_pace_skip(struct wi_pace *pace, double ms);
/* After `bytes` have come in all, told as often as some come: until when the next have to come or
 * all be there. A window ends when it has had its bytes, window_ms * bytes_per_ms; one that has not
 * had them after window_ms is too slow. */
double wi_pace_deadline(
    struct wi_pace *pace, const struct wi_pace_rule *rule, double now_ms, uint64_t bytes);

/* --- the loop's time ------------------------------------------------------------------------- */

/* Zero-initialise all but `part` and `parent`. */
struct wi_toll {
    double part;            /* of each second, 0 to 1 */
    struct wi_toll *parent; /* bounds all of its children together, outlives them; NULL: none */
    double _paid_ms;        /* the moment until which the party has had its part */
};

/* Counts `ns` nanoseconds that were spent until `now_ms`. */
void wi_toll_pay(struct wi_toll *toll, double now_ms, uint64_t ns);
/* For how many milliseconds nothing more is to be done for the party; 0: go on. */
double wi_toll_wait(const struct wi_toll *toll, double now_ms);

#endif
