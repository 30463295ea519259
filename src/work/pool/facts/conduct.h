/*
 * How the last attempts of a joined node ended, and the results of its judged answers: two rings,
 * because all attempts end, but few answers are judged. Pure.
 */
#ifndef WI_WORK_POOL_FACTS_CONDUCT_H
#define WI_WORK_POOL_FACTS_CONDUCT_H

#include <stdint.h>

/* The number of last ones that count. */
#define WI_CONDUCT_LENGTH 50
/* This many right answers in a row clear the suspicions before them. */
#define WI_CONDUCT_CLEARS 10

enum wi_conduct_kind {
    WI_CONDUCT_ENDED,     /* well */
    WI_CONDUCT_ENDING,    /* badly, and well in a browser of ours */
    WI_CONDUCT_DISPUTED,  /* badly, and well at another joined node */
    WI_CONDUCT_RIGHT,     /* judged right */
    WI_CONDUCT_OPEN,      /* it could not be judged, by the node's choice */
    WI_CONDUCT_SUSPICION, /* a client's input gave an answer that differs from ours */
    WI_CONDUCT_COUNT
};
extern const char *const wi_conduct_names[]; /* "ended", "ending" …, ended by NULL */

/* Zero-initialise: no answers yet. */
struct wi_conduct {
    struct wi_conduct_ring {
        uint8_t
            kinds[WI_CONDUCT_LENGTH]; /* enum wi_conduct_kind, the oldest first from `next` on */
        unsigned count, next;
    } ended, judged;
};

void wi_conduct_note(struct wi_conduct *conduct, enum wi_conduct_kind kind);
/* The number of the kind among the last ones; for suspicions, those that are not cleared. */
unsigned wi_conduct_count(const struct wi_conduct *conduct, enum wi_conduct_kind kind);

#endif
