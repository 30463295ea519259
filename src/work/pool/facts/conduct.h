/*
 * How the last answers of a joined node ended, and how those came out that were judged: two rings,
 * since few answers are judged and all end. Pure.
 */
#ifndef WI_WORK_POOL_FACTS_CONDUCT_H
#define WI_WORK_POOL_FACTS_CONDUCT_H

#include <stdint.h>

/* So many of the last ones count. */
#define WI_CONDUCT_LENGTH 50
/* So many in a row that were right clear the suspicions before them. */
#define WI_CONDUCT_CLEARS 10

enum wi_conduct_kind {
    WI_CONDUCT_ENDED,     /* well */
    WI_CONDUCT_ENDING,    /* badly, and well in a browser of ours */
    WI_CONDUCT_DISPUTED,  /* badly, and well at another joined node */
    WI_CONDUCT_RIGHT,     /* judged so */
    WI_CONDUCT_OPEN,      /* it could not be judged, by the node's choice */
    WI_CONDUCT_SUSPICION, /* a client's input came out otherwise than ours */
    WI_CONDUCT_COUNT
};
extern const char *const wi_conduct_names[]; /* "ended", "ending" …, ended by NULL */

/* Zero-initialise: nothing is known. */
struct wi_conduct {
    struct wi_conduct_ring {
        uint8_t
            kinds[WI_CONDUCT_LENGTH]; /* enum wi_conduct_kind, from `next` on the oldest first */
        unsigned count, next;
    } ended, judged;
};

void wi_conduct_note(struct wi_conduct *conduct, enum wi_conduct_kind kind);
/* How many of the kind are among the last; of suspicions those that are not cleared. */
unsigned wi_conduct_count(const struct wi_conduct *conduct, enum wi_conduct_kind kind);

#endif
