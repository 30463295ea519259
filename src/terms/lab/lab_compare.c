/* Two runs compared; see lab_compare.h. */
#include "terms/lab/lab_compare.h"

#include "base/memory.h"
#include "base/table.h"
#include "base/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const wi_lab_change_names[] = {
    "broken", "slower", "unclear", "faster", "mended", "alike", "not ok", "gone", "new", NULL};

/* --- one cell -------------------------------------------------------------------------------- */

const struct wi_lab_cell *wi_lab_difference_cell(const struct wi_lab_difference *difference)
{
    const struct wi_lab_cell *before = difference->before, *now = difference->now;
    int is_less = now && before && before->precision && !now->precision;
    return now && !is_less ? now : before;
}

static enum wi_lab_change judge_times(struct wi_lab_difference *difference, double threshold)
{
    const struct wi_lab_cell *a = difference->before, *b = difference->now;
    const struct wi_lab_interval *ratio = &difference->ratio;
    if (a->hash && b->hash && strcmp(a->hash, b->hash) != 0) {
        difference->reason = "the model is another one";
        return WI_LAB_UNCLEAR;
    }
    if (a->count < WI_LAB_SAMPLES_ENOUGH || b->count < WI_LAB_SAMPLES_ENOUGH) {
        difference->reason = "fewer than 20 samples";
        return WI_LAB_UNCLEAR;
    }
    if (difference->p < WI_LAB_ALPHA && ratio->low > 1 + threshold)
        return WI_LAB_SLOWER;
    if (difference->p < WI_LAB_ALPHA && ratio->high < 1 / (1 + threshold))
        return WI_LAB_FASTER;
    return WI_LAB_ALIKE;
}

void wi_lab_difference_time(struct wi_lab_difference *difference, const struct wi_lab_sample *then,
    const struct wi_lab_sample *today, double threshold)
{
    const struct wi_lab_cell *a = difference->before, *b = difference->now;
    difference->is_timed = 1;
    difference->ratio = wi_lab_ratio(today, then);
    difference->p = wi_lab_u_test(a->samples, a->count, b->samples, b->count);
    difference->change = judge_times(difference, threshold);
}

static void difference_judge(
    struct wi_lab_difference *difference, const struct wi_lab_comparison *comparison)
{
    const struct wi_lab_cell *a = difference->before, *b = difference->now;
    if (!a || !b) {
        difference->change = a ? WI_LAB_GONE : WI_LAB_NEW;
    } else if (a->outcome == WI_LAB_OK && b->outcome == WI_LAB_OK) {
        struct wi_lab_sample then = wi_lab_sample_of(comparison->before, a);
        struct wi_lab_sample today = wi_lab_sample_of(comparison->now, b);
        wi_lab_difference_time(difference, &then, &today, comparison->threshold);
        wi_lab_sample_clear(&then);
        wi_lab_sample_clear(&today);
    } else {
        difference->change = a->outcome == WI_LAB_OK   ? WI_LAB_BROKEN
                             : b->outcome == WI_LAB_OK ? WI_LAB_MENDED
                                                       : WI_LAB_NEITHER;
        difference->reason = difference->change == WI_LAB_MENDED ? NULL : b->reason;
    }
}

/* --- which cell is which --------------------------------------------------------------------- */

/* A cell of one of the runs, by its name. */
struct named {
    char *name;
    const struct wi_lab_cell *cell;
    int is_paired;
    UT_hash_handle hh;
};

static struct named *name_all(const struct wi_lab_run *run)
{
    struct named *all = NULL, *named, *other;
    struct wi_buffer name = {0};
    for (size_t i = 0; i < run->count; i++) {
        if (run->cells[i].yardstick < WI_LAB_YARDSTICKS || run->cells[i].outcome == WI_LAB_NOT_RUN)
            continue; /* a cell that was not run counts as absent */
        named = wi_alloc(sizeof *named);
        wi_lab_put_name(&name, &run->cells[i]);
        named->name = wi_buffer_take(&name);
        named->cell = &run->cells[i];
        HASH_FIND_STR(all, named->name, other);
        if (other) { /* the first of a name is the one */
            free(named->name);
            free(named);
        } else {
            HASH_ADD_KEYPTR(hh, all, named->name, strlen(named->name), named);
        }
    }
    return all;
}

static void free_names(struct named *all)
{
    struct named *named;
    while ((named = WI_TABLE_TAKE(all))) {
        free(named->name);
        free(named);
    }
}

static void comparison_add(struct wi_lab_comparison *comparison, const struct wi_lab_cell *before,
    const struct wi_lab_cell *now)
{
    struct wi_lab_difference *difference = &comparison->differences[comparison->count++];
    *difference = (struct wi_lab_difference){.before = before, .now = now};
    difference_judge(difference, comparison);
    comparison->counts[difference->change]++;
}

int wi_lab_may_be(const struct wi_lab_cell *cell, const struct wi_lab_cell *other)
{
    return cell->outcome != WI_LAB_OK && !cell->precision &&
           strcmp(cell->model, other->model) == 0 && wi_text_equal(cell->browser, other->browser) &&
           cell->platform == other->platform && cell->clock == other->clock &&
           cell->batch == other->batch && cell->concurrency == other->concurrency &&
           (!cell->threads || json_equal(cell->threads, other->threads)) &&
           (cell->optimization == WI_LAB_OPTIMIZATIONS ||
               cell->optimization == other->optimization);
}

/* A cell that never ran and may be this one; NULL: there is none. */
static struct named *named_find(struct named *all, const struct wi_lab_cell *cell)
{
    while (all && !wi_lab_may_be(all->cell, cell))
        all = all->hh.next;
    return all;
}

static void pair_add(
    struct wi_lab_comparison *comparison, struct named *earlier, struct named *later)
{
    earlier->is_paired = later->is_paired = 1;
    comparison_add(comparison, earlier->cell, later->cell);
}

static void pair_up(struct wi_lab_comparison *comparison)
{
    const struct wi_lab_run *before = comparison->before, *now = comparison->now;
    struct named *earlier = name_all(before), *later = name_all(now), *named, *other;
    comparison->differences =
        wi_realloc_array(NULL, before->count + now->count + 1, sizeof *comparison->differences);
    for (named = earlier; named; named = named->hh.next) {
        HASH_FIND_STR(later, named->name, other);
        if (other)
            pair_add(comparison, named, other);
    }
    for (named = earlier; named; named = named->hh.next)
        if (!named->is_paired && (other = named_find(later, named->cell)))
            pair_add(comparison, named, other);
    for (named = later; named; named = named->hh.next)
        if (!named->is_paired && (other = named_find(earlier, named->cell)))
            pair_add(comparison, other, named);
    for (named = earlier; named; named = named->hh.next)
        if (!named->is_paired)
            comparison_add(comparison, named->cell, NULL);
    for (named = later; named; named = named->hh.next)
        if (!named->is_paired)
            comparison_add(comparison, NULL, named->cell);
    free_names(earlier);
    free_names(later);
}

/* The worst first; among equal changes, the one that has lost most. */
static int difference_order(const void *a, const void *b)
{
    const struct wi_lab_difference *x = a, *y = b;
    if (x->change != y->change)
        return x->change < y->change ? -1 : 1;
    if (x->ratio.value != y->ratio.value)
        return x->ratio.value > y->ratio.value ? -1 : 1;
    const struct wi_lab_cell *left = x->before ? x->before : x->now;
    const struct wi_lab_cell *right = y->before ? y->before : y->now;
    return (left->index > right->index) - (left->index < right->index);
}

/* --- the yardstick --------------------------------------------------------------------------- */

double wi_lab_mark_of(const struct wi_lab_run *run, const char *browser)
{
    double *samples = NULL, median = 0;
    size_t count = 0;
    for (size_t i = 0; i < run->count; i++) {
        const struct wi_lab_cell *cell = &run->cells[i];
        if (cell->yardstick == WI_LAB_YARDSTICKS || cell->count == 0 ||
            !wi_text_equal(cell->browser, browser))
            continue;
        samples = wi_realloc_array(samples, count + cell->count, sizeof *samples);
        memcpy(samples + count, cell->samples, cell->count * sizeof *samples);
        count += cell->count;
    }
    if (count > 0)
        median = wi_lab_median_of(samples, count);
    free(samples);
    return median;
}

double wi_lab_marks_ratio(const struct wi_lab_run *before, const struct wi_lab_run *now)
{
    double farthest = 0;
    for (size_t i = 0; i < before->count; i++) {
        const struct wi_lab_cell *cell = &before->cells[i];
        if (cell->yardstick == WI_LAB_YARDSTICKS)
            continue;
        double then = wi_lab_mark_of(before, cell->browser);
        double today = wi_lab_mark_of(now, cell->browser);
        double ratio = then > 0 ? today / then : 0;
        if (ratio > 0 && (farthest == 0 || fabs(log(ratio)) > fabs(log(farthest))))
            farthest = ratio;
    }
    return farthest;
}

int wi_lab_mark_differs(double ratio, double threshold)
{
    return ratio > 1 + threshold / 2 || ratio < 1 / (1 + threshold / 2);
}

/* --- the judgement --------------------------------------------------------------------------- */

static void comparison_settle(
    struct wi_lab_comparison *comparison, enum wi_lab_judgement judgement, const char *reason)
{
    comparison->judgement = judgement;
    wi_text_copy(comparison->reason, sizeof comparison->reason, reason);
}

/* Whether times say nothing at all; then it is settled. */
static int is_beyond_telling(struct wi_lab_comparison *comparison)
{
    const struct wi_lab_run *before = comparison->before, *now = comparison->now;
    const char *reason =
        comparison->count == comparison->counts[WI_LAB_GONE] + comparison->counts[WI_LAB_NEW]
            ? "the runs have no cell in common"
        : before->simulated != now->simulated ? "one run is simulated and the other is not"
        : before->imported || now->imported   ? "an imported run never decides"
                                              : NULL;
    if (reason)
        comparison_settle(comparison, WI_LAB_CANNOT_TELL, reason);
    return reason != NULL;
}

/* Likewise where the two machines, or their moments, cannot be compared. */
static int is_unsteady(struct wi_lab_comparison *comparison)
{
    char text[160];
    if (comparison->now->simulated)
        return 0; /* whose times are those of no machine */
    if (comparison->yardstick == 0) {
        comparison_settle(comparison, WI_LAB_CANNOT_TELL, "the runs have no yardstick in common");
        return 1;
    }
    if (!wi_lab_mark_differs(comparison->yardstick, comparison->threshold))
        return 0;
    snprintf(text, sizeof text,
        "the yardstick takes %.3g times as long as before, so that the machine was another one or "
        "did something else",
        comparison->yardstick);
    comparison_settle(comparison, WI_LAB_CANNOT_TELL, text);
    return 1;
}

static void settle_all(struct wi_lab_comparison *comparison)
{
    const size_t *counts = comparison->counts;
    size_t timed = counts[WI_LAB_SLOWER] + counts[WI_LAB_UNCLEAR] + counts[WI_LAB_FASTER] +
                   counts[WI_LAB_ALIKE];
    if (is_beyond_telling(comparison))
        return;
    if (counts[WI_LAB_BROKEN] > 0)
        comparison_settle(comparison, WI_LAB_REGRESSION, "a cell that was ok is ok no more");
    else if (is_unsteady(comparison))
        return;
    else if (counts[WI_LAB_SLOWER] > 0)
        comparison_settle(comparison, WI_LAB_REGRESSION, "a cell is slower");
    else if (2 * counts[WI_LAB_UNCLEAR] > timed)
        comparison_settle(comparison, WI_LAB_CANNOT_TELL, "most cells are unclear");
    else
        comparison_settle(comparison, WI_LAB_GOOD, "no cell is slower, and none broke");
}

void wi_lab_compare(struct wi_lab_comparison *comparison, const struct wi_lab_run *before,
    const struct wi_lab_run *now, double threshold)
{
    *comparison = (struct wi_lab_comparison){.before = before, .now = now, .threshold = threshold};
    pair_up(comparison);
    qsort(comparison->differences, comparison->count, sizeof *comparison->differences,
        difference_order);
    comparison->yardstick = wi_lab_marks_ratio(before, now);
    settle_all(comparison);
}

void wi_lab_comparison_clear(struct wi_lab_comparison *comparison)
{
    free(comparison->differences);
    *comparison = (struct wi_lab_comparison){0};
}
