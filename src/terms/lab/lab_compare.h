/*
 * Compares two runs cell by cell: what became slower, became faster or broke. The times of runs
 * that are hours apart are compared only if their yardsticks agree.
 */
#ifndef WI_TERMS_LAB_LAB_COMPARE_H
#define WI_TERMS_LAB_LAB_COMPARE_H

#include "terms/lab/lab_run.h"

#define WI_LAB_THRESHOLD 0.10    /* the default for a regression */
#define WI_LAB_ALPHA 0.01        /* p of the U test below which two lists differ */
#define WI_LAB_SAMPLES_ENOUGH 20 /* on each side */

/* In the order in which reports show them. */
enum wi_lab_change {
    WI_LAB_BROKEN,  /* ok before, not ok now */
    WI_LAB_SLOWER,  /* the ratio of medians has its interval above 1 + threshold, and p is low */
    WI_LAB_UNCLEAR, /* too few samples, or another model of that name */
    WI_LAB_FASTER,  /* its interval is below 1 / (1 + threshold), and p is low */
    WI_LAB_MENDED,  /* not ok before, ok now */
    WI_LAB_ALIKE,   /* neither slower nor faster */
    WI_LAB_NEITHER, /* not ok before or now */
    WI_LAB_GONE,
    WI_LAB_NEW,
    WI_LAB_CHANGES
};
extern const char *const wi_lab_change_names[]; /* "broken" …, ended by NULL */

struct wi_lab_difference {
    const struct wi_lab_cell *before, *now; /* borrowed; NULL: it is new, or gone */
    enum wi_lab_change change;
    const char *reason;           /* why it is unclear; NULL: none */
    int is_timed;                 /* both cells are ok, so that the next two members are valid */
    struct wi_lab_interval ratio; /* the time now over that before */
    double p;
};

/* The cell of the two whose name it has: that of the later run, unless this one never ran, so that
 * less is known of it. */
const struct wi_lab_cell *wi_lab_difference_cell(const struct wi_lab_difference *difference);

/* Compares the times of `before` and `now`, which are both ok; `then` and `today` are their
 * samples. Fills the other members: the change is slower, faster, unclear or alike. */
void wi_lab_difference_time(struct wi_lab_difference *difference, const struct wi_lab_sample *then,
    const struct wi_lab_sample *today, double threshold);

/* Whether a cell that never ran, so that neither its precision nor perhaps its threads are known,
 * may be the other one, which has another name for this alone. */
int wi_lab_may_be(const struct wi_lab_cell *cell, const struct wi_lab_cell *other);

/* The median of all samples of the yardstick in a browser; 0: there are none. */
double wi_lab_mark_of(const struct wi_lab_run *run, const char *browser);
/* How many times as long the yardstick takes in `now`, in the browser where it differs most; 0: no
 * browser has one in both. */
double wi_lab_marks_ratio(const struct wi_lab_run *before, const struct wi_lab_run *now);
/* Whether a mark that is `ratio` times another one forbids a comparison of times. */
int wi_lab_mark_differs(double ratio, double threshold);

enum wi_lab_judgement { WI_LAB_GOOD, WI_LAB_REGRESSION, WI_LAB_CANNOT_TELL };

struct wi_lab_comparison {
    const struct wi_lab_run *before, *now; /* borrowed */
    double threshold;
    struct wi_lab_difference *differences; /* owned, the worst first */
    size_t count;
    size_t counts[WI_LAB_CHANGES];
    double yardstick; /* now over before, for the browser where it is farthest from 1; 0: no browser
                         in common */
    enum wi_lab_judgement judgement;
    char reason[256]; /* for the judgement, as a sentence */
};

/* Compares two runs. A cell that was ok and no longer is is a regression, whatever the times are.
 * Times are not judged (WI_LAB_CANNOT_TELL) if a run is imported, the yardsticks are missing or
 * differ by more than half of `threshold`, only one of the runs is simulated, the runs have no cell
 * in common, or more than half of the timed cells are unclear and none is slower. */
void wi_lab_compare(struct wi_lab_comparison *comparison, const struct wi_lab_run *before,
    const struct wi_lab_run *now, double threshold);
void wi_lab_comparison_clear(struct wi_lab_comparison *comparison);

#endif
