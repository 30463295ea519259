/*
 * The daemons that borrow: that of --to, or the members of the own daemon's cluster. Each has a
 * line for each kind of browser. The program ends without that of --to, and goes on without a
 * member.
 */
#ifndef WI_UPLINK_BORROWERS_H
#define WI_UPLINK_BORROWERS_H

#include "uplink/uplink.h"

/* Lines of a borrower, one for each kind of browser that was ever there. */
#define WI_UPLINK_KINDS_MAX 64

struct wi_uplink_borrower {
    struct wi_uplink_run *run;
    struct wi_uplink_borrower *next;
    char *to; /* its address, and of a member its name, for people */
    struct wi_join_link link;
    int is_member;
    int is_told;    /* that it does not borrow: no more of it until it does */
    int welcomed;   /* one of its lines was */
    int is_refused; /* it does not take the relay: it has no lines any more */
    int said_many;  /* kinds */
    /* A line says that it does not take the relay, and why: a member loses its lines, and without
     * that of --to the program ends with that status. */
    void (*refuse)(struct wi_uplink_borrower *borrower, enum wi_exit exit, const char *why);
};

/* One more. `name` is that of a member, NULL: it is that of --to. `link` is copied. */
struct wi_uplink_borrower *wi_uplink_borrower_new(
    struct wi_uplink_run *run, const char *name, const char *url, const struct wi_join_link *link);
/* Ends its lines, and frees it. */
void wi_uplink_borrower_end(struct wi_uplink_borrower *borrower, const char *reason);
/* Whether one of its lines is connected. */
int wi_uplink_borrower_is_up(const struct wi_uplink_borrower *borrower);
/* Gives each a line for each of these kinds that can have a node, says what each kind can, and
 * pauses the lines of all others. Returns whether there is a kind to lend. */
int wi_uplink_borrowers_lend(
    struct wi_uplink_run *run, const struct wi_uplink_kind *kinds, size_t count);

#endif
