/* Figures derived from a run's samples: summaries, speed-ups, and whether the run was noisy. */
#ifndef WI_TERMS_LAB_FIGURES_H
#define WI_TERMS_LAB_FIGURES_H

#include "terms/lab/lab_run.h"

/* The yardstick runs before, between and after the other cells. If its medians in one browser
 * differ by more than this share, the machine was busy with other things, and the run is noisy. */
#define WI_LAB_DRIFT 0.10

struct wi_lab_mark {
    const char *browser;
    double median;
};
/* Whether, for some browser, the largest and the least mark differ by more than WI_LAB_DRIFT. */
int wi_lab_has_drifted(const struct wi_lab_mark *marks, size_t count);
int wi_lab_is_noisy(const struct wi_lab_run *run);

/* The cell that `cell` is compared with: the one that it names; otherwise the cell with the same
 * model, browser, optimization, batch, concurrency and clock on WASM with one thread, at the same
 * precision or, without one, in FP32. NULL if there is none with samples, if it is `cell` itself,
 * if `cell` is a yardstick, or if either is simulated. Public for tests. */
const struct wi_lab_cell *wi_lab_baseline(
    const struct wi_lab_run *run, const struct wi_lab_cell *cell);

struct wi_lab_figure {
    const struct wi_lab_cell *cell, *baseline; /* borrowed; `baseline` may be NULL */
    struct wi_lab_summary summary;
    struct wi_lab_interval speedup; /* times as fast as the baseline, if there is one */
};

struct wi_lab_figures {
    const struct wi_lab_run *run; /* borrowed */
    int noisy;
    struct wi_lab_figure *rows; /* owned: one for each cell of the run, in the same order */
    size_t count;
};
void wi_lab_figures_make(struct wi_lab_figures *figures, const struct wi_lab_run *run);
void wi_lab_figures_clear(struct wi_lab_figures *figures);
/* How grave an outcome is; the smaller, the worse. Failures come before ok, and cells that could
 * not be tried come after it. */
int wi_lab_gravity(int outcome);
/* The rows in the order of reports: first what went wrong (crashed, inexact, failed, too slow),
 * then ok cells with the least speed-up first, then what could not be tried. Yardsticks are left
 * out. The caller frees the array; `*count` receives its length. */
const struct wi_lab_figure **wi_lab_worst_first(
    const struct wi_lab_figures *figures, size_t *count);

#endif
