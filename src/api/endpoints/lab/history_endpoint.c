/*
 * GET /v1/history/results: what the runs made here have of a model, and with which of them it
 * became slower. The thread that reads the database prints the runs, oldest last; another thread
 * reads them as a document and judges them (terms/lab/lab_history.h).
 */
#include "api/endpoints/lab/lab_document.h"
#include "api/endpoints/lab/lab_step.h"
#include "api/endpoints/openapi.h"
#include "api/http/query.h"
#include "base/memory.h"
#include "terms/lab/lab_history.h"
#include "wire/describe/schemas.h"
#include <stdlib.h>
#include <string.h>

#define RUNS_DEFAULT 50
#define RUNS_MAX 200
/* What is judged at once: it takes some seconds of a thread at most. */
#define CELLS_MAX 2000
#define BYTES_MAX (1 << 20)
/* Of the runs as text and as JSON, and of the answer. */
#define MEMORY (24 << 20)

struct history_query {
    const char *model, *browser;
    int platform; /* -1: any */
    int64_t limit, percent;
};

const struct wi_param wi_lab_history_params[] = {
    WI_PARAM(history_query, model, STRING, .required = 1, .min = 1, .max = WI_LAB_TEXT_MAX,
        .help = "The model."),
    WI_PARAM(history_query, browser, STRING, .min = 1, .max = WI_LAB_TEXT_MAX,
        .help = "Only cells of this kind of browser."),
    WI_PARAM(history_query, platform, ENUM, .names = wi_lab_platform_names,
        .help = "Only cells on this platform."),
    WI_PARAM(history_query, limit, INTEGER, .min = 1, .max = RUNS_MAX,
        .help = "The number of runs, the newest ones; 50 by default."),
    WI_PARAM(history_query, percent, INTEGER, .min = 1, .max = 1000,
        .help = "The slowdown that counts, in percent; 10 by default."),
    WI_PARAM_END,
};

struct telling {
    json_t *arguments; /* has the texts of `op` */
    int64_t percent;
    struct wi_result_history op;
    struct wi_lab_document *runs; /* the newest first */
    size_t count;
    json_t *answer;
};

static void free_telling(void *work)
{
    struct telling *telling = work;
    for (size_t i = 0; i < telling->count; i++)
        wi_buffer_clear(&telling->runs[i].text);
    free(telling->runs);
    json_decref(telling->answer);
    json_decref(telling->arguments);
    free(telling);
}

/* --- on the thread that reads ----------------------------------------------------------------- */

static void begin_run(void *context, const struct wi_result *result)
{
    struct telling *telling = context;
    struct wi_lab_document *run = WI_APPEND(telling->runs, telling->count);
    *run = (struct wi_lab_document){0};
    wi_lab_document_begin(run, result);
}

static void add_cell(void *context, const struct wi_result_cell *cell)
{
    const struct telling *telling = context;
    wi_lab_document_add(&telling->runs[telling->count - 1], cell);
}

/* --- as JSON ---------------------------------------------------------------------------------- */

static json_t *changed_json(const struct wi_lab_point *point)
{
    json_t *changed = json_array();
    for (size_t i = 0; i < point->changed_count; i++)
        json_array_append_new(
            changed, json_pack("{s:s, s:s, s:s}", "what", point->changed[i].what, "before",
                         point->changed[i].before, "now", point->changed[i].now));
    return changed;
}

static json_t *ratio_json(const struct wi_lab_point *point)
{
    if (!point->is_timed)
        return NULL;
    return json_pack("{s:f, s:f, s:f, s:f}", "value", point->ratio.value, "low", point->ratio.low,
        "high", point->ratio.high, "p", point->p);
}

static const char *run_id(const struct wi_lab_history *history, size_t run)
{
    return run == WI_LAB_NO_RUN ? NULL : history->runs[run].id;
}

static json_t *point_json(const struct wi_lab_history *history, const struct wi_lab_point *point)
{
    const struct wi_lab_cell *cell = point->cell;
    const struct wi_lab_summary *summary = &point->summary;
    const char *reason = cell->outcome != WI_LAB_OK ? cell->reason
                         : *point->reason           ? point->reason
                                                    : NULL;
    return wi_form_json("LabPoint", run_id(history, point->run), cell->index,
        wi_lab_outcome_names[cell->outcome], reason, cell->browser_version, cell->engine,
        cell->engine_version, summary->n, summary->median, summary->low, summary->high,
        wi_lab_change_names[point->change], run_id(history, point->against), ratio_json(point),
        changed_json(point));
}

static json_t *series_json(const struct wi_lab_history *history, const struct wi_lab_series *series)
{
    const struct wi_lab_cell *cell = series->points[0].cell;
    json_t *points = json_array();
    for (size_t i = 0; i < series->count; i++)
        json_array_append_new(points, point_json(history, &series->points[i]));
    return wi_form_json("LabSeries", series->name, cell->browser,
        wi_lab_platform_names[cell->platform], series->simulated, points);
}

static json_t *shift_json(const struct wi_lab_history *history, const struct wi_lab_shift *shift)
{
    return wi_form_json("LabShift", run_id(history, shift->run), run_id(history, shift->against),
        shift->browser, shift->ratio, wi_lab_blame_names[shift->blame]);
}

/* The form LabHistory; touches nothing but its arguments. */
static json_t *history_json(
    const struct wi_lab_history *history, const char *model, int64_t percent, int has_more)
{
    json_t *runs = json_array(), *series = json_array(), *shifts = json_array();
    for (size_t i = 0; i < history->run_count; i++)
        json_array_append(runs, history->runs[i].json);
    for (size_t i = 0; i < history->count; i++)
        json_array_append_new(series, series_json(history, &history->series[i]));
    for (size_t i = 0; i < history->shift_count; i++)
        json_array_append_new(shifts, shift_json(history, &history->shifts[i]));
    return wi_form_json("LabHistory", model, percent, runs, has_more, series, shifts);
}

/* --- on a thread that judges ------------------------------------------------------------------ */

static void judge_runs(void *work)
{
    struct telling *telling = work;
    const struct wi_result_history *op = &telling->op;
    struct wi_lab_run *runs = wi_alloc((op->count + 1) * sizeof *runs);
    struct wi_lab_history history;
    size_t count = 0;
    for (size_t i = op->count; i-- > 0;)
        count += (size_t)wi_lab_document_read(&telling->runs[i], &runs[count]);
    wi_lab_history_make(&history, runs, count, (double)telling->percent / 100);
    telling->answer = history_json(&history, op->model, telling->percent, op->has_more);
    wi_lab_history_clear(&history);
    for (size_t i = 0; i < count; i++)
        wi_lab_run_clear(&runs[i]);
    free(runs);
}

/* --- the request ------------------------------------------------------------------------------ */

static void on_judged(struct wi_request *request, void *work)
{
    struct telling *telling = work;
    wi_request_answer_json(request, 200, telling->answer);
    telling->answer = NULL; /* it was taken */
    free_telling(telling);
}

/* Not even one run fits. */
static void answer_too_long(struct wi_request *request)
{
    struct wi_error error;
    wi_error_set(&error, WI_INVALID_FIELD, "model",
        "the newest run has more cells of the model, or more samples, than are judged at once");
    wi_error_expect(&error, "browser and platform besides, to name fewer cells");
    wi_request_answer_error(request, &error);
}

static void on_read(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct telling *telling = work;
    if (failure) {
        wi_request_answer_error(request, failure);
        free_telling(telling);
    } else if (telling->op.count == 0 && telling->op.has_more) {
        answer_too_long(request);
        free_telling(telling);
    } else {
        wi_request_compute(request, judge_runs, on_judged, telling, free_telling);
    }
}

/* Without a database there are no runs. */
static void answer_empty(struct wi_request *request, const struct history_query *query)
{
    struct wi_lab_history history = {0};
    wi_request_answer_json(request, 200, history_json(&history, query->model, query->percent, 0));
}

static void history_read(
    struct wi_request *request, const struct history_query *query, json_t *arguments)
{
    struct telling *telling = wi_alloc(sizeof *telling);
    *telling = (struct telling){.arguments = json_incref(arguments),
        .percent = query->percent,
        .op = {.model = query->model,
            .browser = query->browser,
            .platform = query->platform >= 0 ? wi_lab_platform_names[query->platform] : NULL,
            .runs_max = (size_t)query->limit,
            .cells_max = CELLS_MAX,
            .bytes_max = BYTES_MAX,
            .begin = begin_run,
            .each = add_cell,
            .context = telling}};
    wi_lab_step(
        request, wi_db_look, wi_result_history, &telling->op, on_read, telling, free_telling);
}

void wi_handle_lab_history(struct wi_request *request)
{
    struct history_query query = {.platform = -1, .limit = RUNS_DEFAULT, .percent = 10};
    json_t *arguments =
        wi_request_read_query(request, wi_lab_history_params, WI_PARAMS_STRICT, &query);
    if (!arguments)
        return;
    if (request->api->deps.db == NULL)
        answer_empty(request, &query);
    else if (wi_request_reserve(request, MEMORY) != 0)
        wi_request_answer_refusal(request, WI_MEMORY_BUDGET, NULL,
            "there is no memory for a history now; try again later");
    else
        history_read(request, &query, arguments);
    json_decref(arguments);
}
