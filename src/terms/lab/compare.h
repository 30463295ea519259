/*
 * Two runs compared, cell by cell: what became slower, faster or broke. Runs that are hours apart
 * are compared only as far as their yardsticks agree.
 */
#ifndef WI_TERMS_LAB_COMPARE_H
#define WI_TERMS_LAB_COMPARE_H

#include "terms/lab/run.h"

#define WI_LAB_THRESHOLD 0.10    /* of a regression, where nothing else is said */
#define WI_LAB_ALPHA 0.01        /* p of the U test below which two lists differ */
#define WI_LAB_SAMPLES_ENOUGH 20 /* on either side */

/* In the order in which they are shown. */
enum wi_lab_change {
    WI_LAB_BROKEN, /* ok before, and something else now */
    WI_LAB_SLOWER, /* the interval of the ratio of medians lies above 1 + threshold, and p is low */
    WI_LAB_UNCLEAR, /* fewer samples than are enough, or another model of that name */
    WI_LAB_FASTER,  /* the interval lies below 1 / (1 + threshold), and p is low */
    WI_LAB_MENDED,  /* ok now, and something else before */
    WI_LAB_ALIKE,   /* neither slower nor faster */
    WI_LAB_NEITHER, /* not ok, before and now */
    WI_LAB_GONE,
    WI_LAB_NEW,
    WI_LAB_CHANGES
};
extern const char *const wi_lab_change_names[]; /* "broken" …, ended by NULL */

struct wi_lab_difference {
    const struct wi_lab_cell *before, *now; /* borrowed; NULL of what is new, or gone */
    enum wi_lab_change change;
    const char *reason;           /* why it is unclear; NULL: nothing to say */
    int is_timed;                 /* both are ok, so that the two below say something */
    struct wi_lab_interval ratio; /* the time now over that before */
    double p;
};

enum wi_lab_judgement { WI_LAB_GOOD, WI_LAB_REGRESSION, WI_LAB_CANNOT_TELL };

struct wi_lab_comparison {
    const struct wi_lab_run *before, *now; /* borrowed */
    double threshold;
    struct wi_lab_difference *differences; /* owned, the worst first */
    size_t count;
    size_t counts[WI_LAB_CHANGES];
    double yardstick; /* now over before, the farthest from 1 of all browsers; 0: none in common */
    enum wi_lab_judgement judgement;
    char reason[256]; /* of the judgement, in a sentence */
};

/* Compares. What is ok in one run and something else in the next is a regression whatever the times
 * are. Times are not judged (WI_LAB_CANNOT_TELL) where one run is imported, the yardsticks differ
 * by more than half of `threshold` or are not there, one run is simulated and the other is not, the
 * runs have no cell in common, or more than half of what is timed is unclear and nothing slower. */
void wi_lab_compare(struct wi_lab_comparison *comparison, const struct wi_lab_run *before,
    const struct wi_lab_run *now, double threshold);
void wi_lab_comparison_clear(struct wi_lab_comparison *comparison);

#endif
