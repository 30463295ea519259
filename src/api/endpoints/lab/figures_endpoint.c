/*
 * GET /v1/results/ID/figures and /v1/results/ID/comparison: what follows from the samples of one
 * stored run, or of two. The thread that reads the database prints the runs, and another thread
 * computes, as the client does for exported runs.
 */
#include "api/endpoints/lab/lab_document.h"
#include "api/endpoints/lab/lab_step.h"
#include "api/endpoints/openapi.h"
#include "api/http/query.h"
#include "base/memory.h"
#include "base/text.h"
#include "terms/lab/report.h"
#include "wire/describe/schemas.h"
#include <stdlib.h>
#include <string.h>

/* Of a run whose figures are computed here: they take some seconds of a thread at most. */
#define CELLS_MAX 2000
#define BYTES_MAX (1 << 20)
/* Of two such runs as text and as JSON, and of the answer. */
#define MEMORY (32 << 20)

struct comparison_query {
    const char *before;
    int64_t percent;
};

const struct wi_param wi_lab_comparison_params[] = {
    WI_PARAM(comparison_query, before, STRING, .required = 1, .min = 1, .max = WI_ID_SIZE - 1,
        .help = "The id of the earlier run."),
    WI_PARAM(comparison_query, percent, INTEGER, .min = 1, .max = 1000,
        .help = "The slowdown that counts, in percent; 10 by default."),
    WI_PARAM_END,
};

/* A stored run on its way to a document. */
struct stored {
    struct wi_result_look look;
    struct wi_result_read read;
    struct wi_lab_document document;
    const char *field; /* that named it */
};

struct judging {
    struct stored runs[2]; /* the one that is asked for; that before, if there are two */
    size_t count, at;
    int64_t percent;
    struct wi_buffer text; /* the figures, */
    json_t *comparison;    /* or this */
};

static void free_judging(void *work)
{
    struct judging *judging = work;
    for (size_t i = 0; i < judging->count; i++) {
        wi_result_clear(&judging->runs[i].look.result);
        wi_buffer_clear(&judging->runs[i].document.text);
    }
    wi_buffer_clear(&judging->text);
    json_decref(judging->comparison);
    free(judging);
}

/* --- as JSON ---------------------------------------------------------------------------------- */

static const char *outcome_of(const struct wi_lab_cell *cell)
{
    return cell ? wi_lab_outcome_names[cell->outcome] : NULL;
}

/* 0: it has no samples. */
static double median_of(const struct wi_lab_cell *cell)
{
    return cell && cell->count > 0 ? wi_lab_median_of(cell->samples, cell->count) : 0;
}

static json_t *difference_json(const struct wi_lab_difference *difference)
{
    const struct wi_lab_cell *before = difference->before, *now = difference->now;
    struct wi_buffer name = {0};
    json_t *ratio = NULL;
    wi_lab_put_name(&name, wi_lab_difference_cell(difference));
    if (difference->is_timed)
        ratio = json_pack("{s:f, s:f, s:f, s:f}", "value", difference->ratio.value, "low",
            difference->ratio.low, "high", difference->ratio.high, "p", difference->p);
    json_t *json = wi_form_json("LabDifference", name.text, wi_lab_change_names[difference->change],
        outcome_of(before), outcome_of(now), median_of(before), median_of(now), ratio,
        difference->reason);
    wi_buffer_clear(&name);
    return json;
}

/* The form LabComparison; touches nothing but its argument. */
static json_t *comparison_json(const struct wi_lab_comparison *comparison)
{
    static const char *const judgements[] = {"good", "regression", "cannot tell"};
    json_t *cells = json_array();
    for (size_t i = 0; i < comparison->count; i++)
        json_array_append_new(cells, difference_json(&comparison->differences[i]));
    return wi_form_json("LabComparison", json_incref(comparison->before->json),
        json_incref(comparison->now->json), judgements[comparison->judgement], comparison->reason,
        comparison->threshold, comparison->yardstick, cells);
}

/* --- on a thread that computes ---------------------------------------------------------------- */

static void figures_compute(struct judging *judging, const struct wi_lab_run *run)
{
    struct wi_lab_figures figures;
    wi_lab_figures_make(&figures, run);
    wi_lab_put_json(&judging->text, &figures);
    wi_lab_figures_clear(&figures);
}

static void comparison_compute(
    struct judging *judging, const struct wi_lab_run *before, const struct wi_lab_run *now)
{
    struct wi_lab_comparison comparison;
    wi_lab_compare(&comparison, before, now, (double)judging->percent / 100);
    judging->comparison = comparison_json(&comparison);
    wi_lab_comparison_clear(&comparison);
}

static void judge_runs(void *work)
{
    struct judging *judging = work;
    struct wi_lab_run runs[2];
    size_t count = 0;
    while (count < judging->count &&
           wi_lab_document_read(&judging->runs[count].document, &runs[count]))
        count++;
    if (count == judging->count && count == 2)
        comparison_compute(judging, &runs[1], &runs[0]);
    else if (count == judging->count)
        figures_compute(judging, &runs[0]);
    while (count > 0)
        wi_lab_run_clear(&runs[--count]);
}

/* --- the request ------------------------------------------------------------------------------ */

static void on_judged(struct wi_request *request, void *work)
{
    struct judging *judging = work;
    if (judging->comparison)
        wi_request_answer_json(request, 200, json_incref(judging->comparison));
    else if (judging->text.size > 0)
        wi_request_answer_text(request, 200, "application/json", &judging->text);
    else
        wi_request_answer_refusal(request, WI_INTERNAL, NULL, "a stored run cannot be read");
    free_judging(judging);
}

static void add_cell(void *context, const struct wi_result_cell *cell)
{
    wi_lab_document_add(context, cell);
}

static void run_look(struct wi_request *request, struct judging *judging);

static void on_read(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct judging *judging = work;
    if (failure) {
        wi_request_answer_error(request, failure);
        free_judging(judging);
    } else if (++judging->at < judging->count) {
        run_look(request, judging);
    } else {
        wi_request_compute(request, judge_runs, on_judged, judging, free_judging);
    }
}

/* Answers for a run that is not there, or that is too large; 0 if it is neither. */
static int run_refuse(struct wi_request *request, const struct stored *stored)
{
    const struct wi_result *result = &stored->look.result;
    struct wi_error error;
    if (stored->look.found && result->cells <= CELLS_MAX && result->bytes <= BYTES_MAX)
        return 0;
    if (!stored->look.found) {
        wi_error_set(&error, WI_NOT_FOUND, stored->field,
            "there is no run %.60s: it never existed, was removed, or was replaced by newer runs",
            stored->look.id);
    } else {
        wi_error_set(&error, WI_INVALID_FIELD, stored->field,
            "the run %.60s has more cells or samples than are computed here; webinfer results "
            "computes them from an export",
            stored->look.id);
        wi_error_expect(&error, "a run of at most %d cells and %d bytes of samples and texts",
            CELLS_MAX, BYTES_MAX);
    }
    wi_request_answer_error(request, &error);
    return 1;
}

static void on_looked(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct judging *judging = work;
    struct stored *stored = &judging->runs[judging->at];
    if (failure)
        wi_request_answer_error(request, failure);
    if (failure || run_refuse(request, stored)) {
        free_judging(judging);
        return;
    }
    const struct wi_result *result = &stored->look.result;
    wi_lab_document_begin(&stored->document, result);
    stored->read = (struct wi_result_read){
        .number = result->number, .each = add_cell, .context = &stored->document};
    wi_lab_step(request, wi_db_look, wi_result_read, &stored->read, on_read, judging, free_judging);
}

static void run_look(struct wi_request *request, struct judging *judging)
{
    struct wi_result_look *look = &judging->runs[judging->at].look;
    wi_lab_step(request, wi_db_look, wi_result_look, look, on_looked, judging, free_judging);
}

/* Begins with the run that the path names, and with the one `before`, unless it is NULL. */
static void judging_begin(struct wi_request *request, const char *before, int64_t percent)
{
    struct judging *judging = wi_alloc(sizeof *judging);
    judging->count = before ? 2 : 1;
    judging->percent = percent;
    wi_text_copy(judging->runs[0].look.id, sizeof judging->runs[0].look.id, request->argument);
    judging->runs[0].field = "id";
    if (before)
        wi_text_copy(judging->runs[1].look.id, sizeof judging->runs[1].look.id, before);
    judging->runs[1].field = "before";
    if (request->api->deps.db == NULL || strlen(request->argument) >= WI_ID_SIZE) {
        (void)run_refuse(request, &judging->runs[0]);
        free_judging(judging);
    } else if (wi_request_reserve(request, MEMORY) != 0) {
        wi_request_answer_refusal(request, WI_MEMORY_BUDGET, NULL,
            "there is no memory to compute figures now; try again later");
        free_judging(judging);
    } else {
        run_look(request, judging);
    }
}

void wi_handle_result_figures(struct wi_request *request)
{
    judging_begin(request, NULL, 0);
}

void wi_handle_result_comparison(struct wi_request *request)
{
    struct comparison_query query = {.percent = 10};
    json_t *arguments =
        wi_request_read_query(request, wi_lab_comparison_params, WI_PARAMS_STRICT, &query);
    if (!arguments)
        return;
    judging_begin(request, query.before, query.percent);
    json_decref(arguments);
}
