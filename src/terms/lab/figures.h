/* What follows from a run's samples: summaries, speed-ups and whether it was noisy. */
#ifndef WI_TERMS_LAB_FIGURES_H
#define WI_TERMS_LAB_FIGURES_H

#include "terms/lab/run.h"

/* The yardstick runs before, between and after the others. Where its medians in one browser differ
 * by more than this share, the machine did other things meanwhile: the run is noisy. */
#define WI_LAB_DRIFT 0.10

struct wi_lab_mark {
    const char *browser;
    double median;
};
/* Whether the marks of one browser differ by more than WI_LAB_DRIFT: the largest from the least. */
int wi_lab_has_drifted(const struct wi_lab_mark *marks, size_t count);
int wi_lab_is_noisy(const struct wi_lab_run *run);

/* The cell that this one is compared with: the one that it names; else that of the same model,
 * browser, optimization, batch, concurrency and clock on WASM with one thread, at the same
 * precision, or in FP32 where there is none. NULL where there is none with samples, for itself, for
 * a yardstick, and where either is simulated. Public for tests. */
const struct wi_lab_cell *wi_lab_baseline(
    const struct wi_lab_run *run, const struct wi_lab_cell *cell);

struct wi_lab_figure {
    const struct wi_lab_cell *cell, *baseline; /* borrowed; the latter may be NULL */
    struct wi_lab_summary summary;
    struct wi_lab_interval speedup; /* how many times as fast as the baseline; with one alone */
};

struct wi_lab_figures {
    const struct wi_lab_run *run; /* borrowed */
    int noisy;
    struct wi_lab_figure *rows; /* owned: one for each of the run's cells, in their order */
    size_t count;
};
void wi_lab_figures_make(struct wi_lab_figures *figures, const struct wi_lab_run *run);
void wi_lab_figures_clear(struct wi_lab_figures *figures);
/* The rows as a report shows them: what went wrong first (crashed, inexact, failed, too slow), then
 * what is ok, the least speed-up first, then what could not be tried; the caller frees the array.
 * Yardsticks are left out; `*count` gets how many there are. */
const struct wi_lab_figure **wi_lab_worst_first(
    const struct wi_lab_figures *figures, size_t *count);

#endif
