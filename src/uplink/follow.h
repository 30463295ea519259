/* The members of the own daemon's cluster as borrowers. */
#ifndef WI_UPLINK_FOLLOW_H
#define WI_UPLINK_FOLLOW_H

#include "uplink/uplink.h"

/* Keeps a borrower for each other member that the own daemon sees. */
struct wi_uplink_follow *wi_uplink_follow_new(struct wi_uplink_run *run);
void wi_uplink_follow_free(struct wi_uplink_follow *follow); /* NULL is fine */

#endif
