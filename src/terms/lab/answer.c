/* The cells of a run as rows, the best first; see answer.h. */
#include "terms/lab/answer.h"

#include "base/memory.h"
#include "base/text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FP32 "fp32"

static int is_on(const struct wi_lab_cell *cell, const char *platform)
{
    return strcmp(wi_lab_platform_names[cell->platform], platform) == 0;
}

/* --- rows ------------------------------------------------------------------------------------- */

/* A cell without a precision never ran, so it is one of any row of its place. */
static int row_fits(const struct wi_lab_answer_row *row, const struct wi_lab_cell *cell)
{
    return row->cell->platform == cell->platform && strcmp(row->cell->model, cell->model) == 0 &&
           wi_text_equal(row->cell->browser, cell->browser) &&
           (!row->precision || !cell->precision || strcmp(row->precision, cell->precision) == 0);
}

/* Cells by the page's clock come before those that include the way to the client, single requests
 * before many, and an optimised graph before the original one; among equals the fastest counts. */
static int is_better(const struct wi_lab_figure *a, const struct wi_lab_figure *b)
{
    const struct wi_lab_cell *x = a->cell, *y = b->cell;
    int x_plain = x->optimization == WI_LAB_AS_IT_IS, y_plain = y->optimization == WI_LAB_AS_IT_IS;
    if (x->clock != y->clock)
        return x->clock < y->clock;
    if (x->batch != y->batch)
        return x->batch < y->batch;
    if (x->concurrency != y->concurrency)
        return x->concurrency < y->concurrency;
    if (x_plain != y_plain)
        return x_plain < y_plain;
    return a->summary.median < b->summary.median;
}

static void row_take(struct wi_lab_answer_row *row, const struct wi_lab_figure *figure)
{
    const struct wi_lab_cell *cell = figure->cell;
    if (wi_lab_gravity(cell->outcome) < wi_lab_gravity(row->cell->outcome))
        row->cell = cell;
    if (cell->outcome == WI_LAB_OK && (!row->best || is_better(figure, row->best)))
        row->best = figure;
    if (!row->precision)
        row->precision = cell->precision;
    if (!row->changed)
        row->changed = cell->changed;
    if (row->load_ms < 0)
        row->load_ms = cell->load_ms;
    if (row->first_ms < 0)
        row->first_ms = cell->first_ms;
    if (cell->rss_bytes > row->memory_bytes)
        row->memory_bytes = cell->rss_bytes;
    row->error_ratio = fmax(row->error_ratio, cell->error_ratio);
    row->writes |= cell->writes;
    row->is_software |= json_is_true(json_object_get(cell->adapter, "is_fallback"));
}

/* The number of the cell's model: that of a row which has it, or the next one. */
static size_t number_model(const struct wi_lab_answer *answer, const struct wi_lab_cell *cell)
{
    size_t next = 0;
    for (size_t i = 0; i < answer->count; i++) {
        const struct wi_lab_answer_row *row = &answer->rows[i];
        if (strcmp(row->cell->model, cell->model) == 0)
            return row->model;
        next = row->model >= next ? row->model + 1 : next;
    }
    return next;
}

static void answer_take(struct wi_lab_answer *answer, const struct wi_lab_figure *figure)
{
    const struct wi_lab_cell *cell = figure->cell;
    size_t at = 0;
    if (cell->yardstick < WI_LAB_YARDSTICKS || is_on(cell, "auto"))
        return;
    while (at < answer->count && !row_fits(&answer->rows[at], cell))
        at++;
    if (at == answer->count) {
        size_t model = number_model(answer, cell);
        *WI_APPEND(answer->rows, answer->count) = (struct wi_lab_answer_row){.model = model,
            .cell = cell,
            .is_simulated = wi_lab_is_simulated(answer->figures->run, cell),
            .error_ratio = -1,
            .memory_bytes = -1,
            .load_ms = -1,
            .first_ms = -1};
    }
    row_take(&answer->rows[at], figure);
}

/* --- against WASM ----------------------------------------------------------------------------- */

/* Whether both were measured in the same way, apart from the number of threads. */
static int is_alike(const struct wi_lab_cell *a, const struct wi_lab_cell *b)
{
    return a->clock == b->clock && a->batch == b->batch && a->concurrency == b->concurrency;
}

/* WASM in the same browser, at the same precision or else in FP32. */
static const struct wi_lab_figure *find_wasm(
    const struct wi_lab_answer *answer, const struct wi_lab_answer_row *row)
{
    const struct wi_lab_figure *found = NULL;
    for (size_t i = 0; i < answer->count; i++) {
        const struct wi_lab_answer_row *other = &answer->rows[i];
        if (other->model != row->model || !other->best || !is_on(other->cell, "wasm") ||
            !wi_text_equal(other->cell->browser, row->cell->browser) ||
            !is_alike(other->best->cell, row->best->cell))
            continue;
        if (wi_text_equal(other->precision, row->precision))
            return other->best;
        if (wi_text_equal(other->precision, FP32))
            found = other->best;
    }
    return found;
}

static int row_is_compared(const struct wi_lab_answer_row *row)
{
    return row->best && row->cell->browser && !row->is_simulated && !is_on(row->cell, "wasm");
}

/* Compares the rows that have this one on WASM, whose samples are resampled once for all. */
static void rows_compare(struct wi_lab_answer *answer, const struct wi_lab_figure *wasm)
{
    const struct wi_lab_run *run = answer->figures->run;
    struct wi_lab_sample above = {0};
    for (size_t i = 0; i < answer->count; i++) {
        struct wi_lab_answer_row *row = &answer->rows[i];
        if (row->wasm != wasm)
            continue;
        if (above.count == 0)
            above = wi_lab_sample_of(run, wasm->cell);
        struct wi_lab_sample below = wi_lab_sample_of(run, row->best->cell);
        row->than_wasm = wi_lab_ratio(&above, &below);
        wi_lab_sample_clear(&below);
        if (!(row->than_wasm.value > 0)) /* a median is 0: its clock is too coarse */
            row->wasm = NULL;
    }
    wi_lab_sample_clear(&above);
}

static void compare_with_wasm(struct wi_lab_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        if (row_is_compared(&answer->rows[i]))
            answer->rows[i].wasm = find_wasm(answer, &answer->rows[i]);
    for (size_t i = 0; i < answer->count; i++)
        if (answer->rows[i].best && is_on(answer->rows[i].cell, "wasm"))
            rows_compare(answer, answer->rows[i].best);
}

/* --- the order -------------------------------------------------------------------------------- */

/* What one would choose comes first, and what could not be tried last. */
static int place_in_order(const struct wi_lab_answer_row *row)
{
    static const int places[WI_LAB_OUTCOMES] = {[WI_LAB_INEXACT] = 3,
        [WI_LAB_TOO_SLOW] = 4,
        [WI_LAB_FAILED] = 5,
        [WI_LAB_CRASHED] = 6,
        [WI_LAB_UNSUPPORTED] = 7,
        [WI_LAB_ABSENT] = 8,
        [WI_LAB_NOT_RUN] = 9};
    if (row->cell->outcome == WI_LAB_OK)
        return row->is_simulated ? 2 : row->is_software ? 1 : 0;
    return places[row->cell->outcome];
}

static int row_order(const void *a, const void *b)
{
    const struct wi_lab_answer_row *x = a, *y = b;
    if (x->model != y->model)
        return x->model < y->model ? -1 : 1;
    if (place_in_order(x) != place_in_order(y))
        return place_in_order(x) - place_in_order(y);
    if (x->best && y->best && x->best->summary.median != y->best->summary.median)
        return x->best->summary.median < y->best->summary.median ? -1 : 1;
    return (x->cell->index > y->cell->index) - (x->cell->index < y->cell->index);
}

void wi_lab_answer_make(struct wi_lab_answer *answer, const struct wi_lab_figures *figures)
{
    *answer = (struct wi_lab_answer){.figures = figures};
    for (size_t i = 0; i < figures->count; i++)
        answer_take(answer, &figures->rows[i]);
    compare_with_wasm(answer);
    if (answer->count > 0)
        qsort(answer->rows, answer->count, sizeof *answer->rows, row_order);
}

void wi_lab_answer_clear(struct wi_lab_answer *answer)
{
    free(answer->rows);
    *answer = (struct wi_lab_answer){0};
}

size_t wi_lab_answer_span(const struct wi_lab_answer *answer, size_t from)
{
    size_t end = from;
    while (end < answer->count && answer->rows[end].model == answer->rows[from].model)
        end++;
    return end - from;
}

/* --- words ------------------------------------------------------------------------------------ */

void wi_lab_put_place(struct wi_buffer *out, const struct wi_lab_cell *cell)
{
    wi_buffer_strings(out, cell->browser ? cell->browser : "", cell->browser ? "/" : "",
        wi_lab_platform_names[cell->platform], NULL);
}

int wi_lab_is_as_fast(const struct wi_lab_interval *times)
{
    return times->low <= 1 && times->high >= 1;
}

void wi_lab_put_words(struct wi_buffer *out, const struct wi_lab_interval *times)
{
    double factor = times->value >= 1 ? times->value : 1 / times->value;
    if (wi_lab_is_as_fast(times)) {
        wi_buffer_puts(out, "as fast");
        return;
    }
    wi_buffer_printf(out, factor < 1.095 ? "%.2f" : factor < 9.95 ? "%.1f" : "%.0f", factor);
    wi_buffer_puts(out, times->value >= 1 ? " × faster" : " × slower");
}

void wi_lab_put_ms(struct wi_buffer *out, double ms)
{
    wi_buffer_printf(out, ms < 0.0995 ? "%.2g" : ms < 99.95 ? "%.3g" : "%.0f", ms);
}

void wi_lab_put_error(struct wi_buffer *out, double ratio)
{
    if (ratio > 0 && ratio < 0.01)
        wi_buffer_puts(out, "<0.01");
    else
        wi_buffer_printf(out, ratio < 99.5 ? "%.2g" : ratio < 1e5 ? "%.0f" : "%.0e", ratio);
}

void wi_lab_put_exactness(struct wi_buffer *out, const struct wi_lab_answer_row *row)
{
    if (row->writes && row->changed)
        wi_buffer_puts(out, "another text");
    else if (row->writes && row->error_ratio == 0)
        wi_buffer_puts(out, "same text");
    else if (row->error_ratio >= 0)
        wi_lab_put_error(out, row->error_ratio);
}

/* What helps by the error's code, or by what the service says of a place. */
static const char *remedy_of(const char *reason)
{
    static const struct {
        const char *part, *remedy;
    } remedies[] = {
        {"model_too_large", "webinfer quantize makes a smaller variant of the model"},
        {"operator_unsupported", "use another platform, or export the model without the operator"},
        {"precision_unsupported", "webinfer quantize makes variants of the model"},
        {"max_connections is 0", "allow this kind of browser in webinferd.conf"},
    };
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (reason && strstr(reason, remedies[i].part))
            return remedies[i].remedy;
    return NULL;
}

const char *wi_lab_remedy(const struct wi_lab_cell *cell)
{
    static const char *const remedies[WI_LAB_OUTCOMES] = {
        [WI_LAB_INEXACT] = "do not use this place; webinfer verify checks it again",
        [WI_LAB_UNSUPPORTED] = "use another platform",
        [WI_LAB_ABSENT] = "webinfer doctor says what is installed and what is missing",
        [WI_LAB_TOO_SLOW] = "a longer --cell-time lets it finish",
        [WI_LAB_CRASHED] = "webinfer doctor checks this browser",
        [WI_LAB_FAILED] = "--verbose shows each request and its answer",
        [WI_LAB_NOT_RUN] = "webinfer bench --resume with the run's id, or a longer --time",
    };
    const char *special = cell->outcome == WI_LAB_OK ? NULL : remedy_of(cell->reason);
    return special ? special : remedies[cell->outcome];
}
