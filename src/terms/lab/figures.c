/* Summaries of cells, their speed-ups, and whether the yardstick has drifted. */
#include "terms/lab/figures.h"

#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

int wi_lab_has_drifted(const struct wi_lab_mark *marks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            if (strcmp(marks[i].browser, marks[j].browser) == 0 &&
                marks[i].median > marks[j].median * (1 + WI_LAB_DRIFT))
                return 1;
    return 0;
}

static int is_yardstick(const struct wi_lab_cell *cell)
{
    return cell->yardstick < WI_LAB_YARDSTICKS;
}

int wi_lab_is_noisy(const struct wi_lab_run *run)
{
    struct wi_lab_mark *marks = wi_realloc_array(NULL, run->count + 1, sizeof *marks);
    size_t count = 0;
    for (size_t i = 0; i < run->count; i++)
        if (is_yardstick(&run->cells[i]) && run->cells[i].count > 0)
            marks[count++] = (struct wi_lab_mark){run->cells[i].browser,
                wi_lab_median_of(run->cells[i].samples, run->cells[i].count)};
    int noisy = wi_lab_has_drifted(marks, count);
    free(marks);
    return noisy;
}

/* How good `other` is as the baseline of `cell` by the rule: 2, 1, or 0 for not at all. */
static int cell_fits(const struct wi_lab_cell *cell, const struct wi_lab_cell *other)
{
    int alike = strcmp(wi_lab_platform_names[other->platform], "wasm") == 0 &&
                json_integer_value(other->threads) == 1 && other->count > 0 &&
                !is_yardstick(other) && strcmp(cell->model, other->model) == 0 &&
                wi_text_equal(cell->browser, other->browser) && cell->batch == other->batch &&
                cell->concurrency == other->concurrency && cell->clock == other->clock &&
                cell->optimization == other->optimization;
    if (!alike)
        return 0;
    return wi_text_equal(cell->precision, other->precision) ? 2
           : wi_text_equal(other->precision, "fp32")        ? 1
                                                            : 0;
}

static const struct wi_lab_cell *by_rule(
    const struct wi_lab_run *run, const struct wi_lab_cell *cell)
{
    const struct wi_lab_cell *best = NULL;
    int most = 0;
    for (size_t i = 0; i < run->count; i++) {
        int fit = cell_fits(cell, &run->cells[i]);
        if (fit > most) {
            most = fit;
            best = &run->cells[i];
        }
    }
    return best;
}

static const struct wi_lab_cell *by_index(const struct wi_lab_run *run, int64_t index)
{
    for (size_t i = 0; i < run->count; i++)
        if (run->cells[i].index == index)
            return &run->cells[i];
    return NULL;
}

const struct wi_lab_cell *wi_lab_baseline(
    const struct wi_lab_run *run, const struct wi_lab_cell *cell)
{
    if (cell->count == 0 || is_yardstick(cell) || wi_lab_is_simulated(run, cell))
        return NULL;
    const struct wi_lab_cell *found =
        cell->baseline >= 0 ? by_index(run, cell->baseline) : by_rule(run, cell);
    int good = found && found != cell && found->count > 0 && !wi_lab_is_simulated(run, found);
    return good ? found : NULL;
}

/* Measures the rows with that baseline (NULL: with none). The samples of a baseline are resampled
 * once for all of them, and only while they are needed: resamples are large. */
static void rows_measure(struct wi_lab_figures *figures, const struct wi_lab_cell *baseline)
{
    struct wi_lab_sample above = {0};
    for (size_t i = 0; i < figures->count; i++) {
        struct wi_lab_figure *row = &figures->rows[i];
        if (row->baseline != baseline)
            continue;
        struct wi_lab_sample sample = wi_lab_sample_of(figures->run, row->cell);
        row->summary = wi_lab_summarise(&sample);
        if (baseline && above.count == 0)
            above = wi_lab_sample_of(figures->run, baseline);
        if (baseline)
            row->speedup = wi_lab_ratio(&above, &sample);
        wi_lab_sample_clear(&sample);
    }
    wi_lab_sample_clear(&above);
}

void wi_lab_figures_make(struct wi_lab_figures *figures, const struct wi_lab_run *run)
{
    *figures =
        (struct wi_lab_figures){.run = run, .noisy = wi_lab_is_noisy(run), .count = run->count};
    figures->rows = wi_alloc((run->count + 1) * sizeof *figures->rows);
    for (size_t i = 0; i < run->count; i++) {
        figures->rows[i].cell = &run->cells[i];
        figures->rows[i].baseline = wi_lab_baseline(run, &run->cells[i]);
    }
    rows_measure(figures, NULL);
    for (size_t i = 0; i < run->count; i++)
        rows_measure(figures, &run->cells[i]);
}

void wi_lab_figures_clear(struct wi_lab_figures *figures)
{
    free(figures->rows);
    *figures = (struct wi_lab_figures){0};
}

int wi_lab_gravity(int outcome)
{
    static const int ranks[WI_LAB_OUTCOMES] = {[WI_LAB_CRASHED] = 0,
        [WI_LAB_INEXACT] = 1,
        [WI_LAB_FAILED] = 2,
        [WI_LAB_TOO_SLOW] = 3,
        [WI_LAB_OK] = 4,
        [WI_LAB_UNSUPPORTED] = 5,
        [WI_LAB_ABSENT] = 6,
        [WI_LAB_NOT_RUN] = 7};
    return ranks[outcome];
}

static int rank_of(const struct wi_lab_figure *row)
{
    return wi_lab_gravity(row->cell->outcome);
}

static int figure_order(const void *a, const void *b)
{
    const struct wi_lab_figure *x = *(const struct wi_lab_figure *const *)a;
    const struct wi_lab_figure *y = *(const struct wi_lab_figure *const *)b;
    if (rank_of(x) != rank_of(y))
        return rank_of(x) - rank_of(y);
    if (!x->baseline != !y->baseline)
        return !x->baseline - !y->baseline; /* cells without a speed-up are last */
    if (x->baseline && x->speedup.value != y->speedup.value)
        return x->speedup.value < y->speedup.value ? -1 : 1;
    return (x->cell->index > y->cell->index) - (x->cell->index < y->cell->index);
}

const struct wi_lab_figure **wi_lab_worst_first(const struct wi_lab_figures *figures, size_t *count)
{
    const struct wi_lab_figure **rows = wi_realloc_array(NULL, figures->count + 1, sizeof *rows);
    *count = 0;
    for (size_t i = 0; i < figures->count; i++)
        if (!is_yardstick(figures->rows[i].cell))
            rows[(*count)++] = &figures->rows[i];
    qsort(rows, *count, sizeof *rows, figure_order);
    return rows;
}
