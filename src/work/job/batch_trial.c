/* Counts the requests of one batch that have not ended yet, and compares answers; see
 * batch_trial.h. */
#include "work/job/batch_trial.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "terms/tensor/compare.h"
#include "work/pool/batches.h"
#include <stdlib.h>
#include <utlist.h>

enum outcome {
    OUTCOME_OPEN, /* the request was not run, was no longer wanted, or shows nothing */
    OUTCOME_PASSED,
    OUTCOME_FAILED,
    OUTCOME_COUNT
};

struct wi_batch_trial {
    struct wi_trials *trials;
    enum wi_trial_kind kind;
    struct wi_place *place; /* of the batch; NULL: it is not known, or of no concern */
    struct wi_model *model;
    size_t bytes;
    unsigned holders;
    int found[OUTCOME_COUNT];
};

/* A holder of its trial. Both answers are of the same request. */
struct trial_comparison {
    struct wi_batch_trial *trial;
    const struct wi_tolerance *tolerance;
    struct wi_tensors alone, joined;
    struct wi_comparison found;
    struct wi_work *work;
    struct trial_comparison *prev, *next;
};

struct wi_batch_trial *wi_batch_trial_new(struct wi_trials *trials, enum wi_trial_kind kind,
    const char *node_id, enum wi_platform platform, struct wi_model *model, size_t bytes)
{
    struct wi_batch_trial *trial = wi_alloc(sizeof *trial);
    trial->trials = trials;
    trial->kind = kind;
    if (kind == WI_TRIAL_SIZE)
        trial->place = wi_pool_batch_place(trials->pool, node_id, platform, model);
    trial->model = wi_model_ref(model);
    trial->bytes = bytes;
    trial->holders = 1;
    return trial;
}

struct wi_batch_trial *wi_batch_trial_join(struct wi_batch_trial *trial)
{
    trial->holders++;
    return trial;
}

/* --- conclusions ------------------------------------------------------------------------------ */

/* Whether the requests that ran have all passed. */
static int trial_passed(const struct wi_batch_trial *trial)
{
    return trial->found[OUTCOME_PASSED] && !trial->found[OUTCOME_FAILED];
}

static void conclude_rows(const struct wi_batch_trial *trial)
{
    struct wi_apart *apart = trial->trials->apart;
    wi_apart_set_proof(
        apart, trial->model, trial_passed(trial) ? WI_APART_PROVEN : WI_APART_UNPROVEN);
    if (trial->found[OUTCOME_FAILED])
        wi_apart_note(apart, trial->model, WI_APART_MIXED, wi_apart_why(WI_APART_MIXED));
}

static void conclude_size(const struct wi_batch_trial *trial)
{
    if (trial->place && trial_passed(trial))
        wi_pool_batch_crowded(trial->trials->pool, trial->place, trial->model->hash, trial->bytes);
}

/* `forgotten`: the trials may be gone, and no conclusion is drawn. */
static void trial_let_go(struct wi_batch_trial *trial, int forgotten)
{
    if (--trial->holders > 0)
        return;
    if (!forgotten && trial->kind == WI_TRIAL_ROWS)
        conclude_rows(trial);
    else if (!forgotten)
        conclude_size(trial);
    wi_model_unref(trial->model);
    free(trial->place);
    free(trial);
}

static void trial_leave(struct wi_batch_trial *trial, enum outcome outcome)
{
    trial->found[outcome] = 1;
    trial_let_go(trial, 0);
}

void wi_batch_trial_leave(struct wi_batch_trial *trial)
{
    if (trial)
        trial_leave(trial, OUTCOME_OPEN);
}

/* --- comparisons ------------------------------------------------------------------------------ */

/* On a worker thread. */
static void comparison_run(void *data)
{
    struct trial_comparison *comparison = data;
    wi_compare(&comparison->alone, &comparison->joined, comparison->tolerance, &comparison->found);
}

static enum outcome comparison_outcome(const struct wi_comparison *found)
{
    if (found->open)
        return OUTCOME_OPEN;
    return found->same ? OUTCOME_PASSED : OUTCOME_FAILED;
}

static void on_compared(void *data, int cancelled)
{
    struct trial_comparison *comparison = data;
    struct wi_batch_trial *trial = comparison->trial;
    if (cancelled) {
        trial_let_go(trial, 1);
    } else {
        DL_DELETE(trial->trials->_comparisons, comparison);
        trial_leave(trial, comparison_outcome(&comparison->found));
    }
    wi_tensors_clear(&comparison->alone);
    wi_tensors_clear(&comparison->joined);
    free(comparison);
}

static void trial_compare(
    struct wi_batch_trial *trial, const struct wi_tensors *outputs, const struct wi_answer *alone)
{
    struct wi_trials *trials = trial->trials;
    struct trial_comparison *comparison = wi_alloc(sizeof *comparison);
    comparison->trial = trial;
    comparison->tolerance = wi_tolerance_of_graph(wi_model_precision(trial->model));
    wi_tensors_share(&comparison->alone, &alone->outputs);
    wi_tensors_share(&comparison->joined, outputs);
    DL_APPEND(trials->_comparisons, comparison);
    comparison->work = wi_work_start(trials->loop, comparison_run, on_compared, comparison);
}

void wi_trials_clear(struct wi_trials *trials)
{
    struct trial_comparison *comparison, *next;
    DL_FOREACH_SAFE(trials->_comparisons, comparison, next)
    {
        DL_DELETE(trials->_comparisons, comparison);
        wi_work_abandon(comparison->work); /* on_compared frees it */
    }
}

/* --- ends ------------------------------------------------------------------------------------- */

static int result_is_open(const struct wi_job_result *result)
{
    return !result || result->code == WI_CANCELLED || result->code == WI_DEADLINE_EXCEEDED ||
           result->code == WI_SHUTTING_DOWN;
}

/* Its request failed alone as well. */
static void note_spoiler(const struct wi_batch_trial *trial, const char *client)
{
    double while_ms =
        wi_spoilers_note(trial->trials->spoilers, client, trial->model->hash, wi_now_ms());
    if (while_ms > 0)
        wi_info("job", client,
            "its requests for %s are not combined with others for %.0f s: one made a batch fail",
            trial->model->name, while_ms / 1000);
}

void wi_batch_trial_end(struct wi_batch_trial *trial, const char *client,
    const struct wi_tensors *outputs, const struct wi_job_result *result)
{
    if (!trial)
        return;
    int is_open = result_is_open(result), is_ok = !is_open && result->code == WI_OK;
    if (is_ok && trial->kind == WI_TRIAL_ROWS)
        trial_compare(trial, outputs, result->answer); /* which leaves */
    else if (is_open || trial->kind == WI_TRIAL_ROWS)
        trial_leave(trial, OUTCOME_OPEN);
    else if (is_ok)
        trial_leave(trial, OUTCOME_PASSED);
    else {
        note_spoiler(trial, client);
        trial_leave(trial, OUTCOME_FAILED);
    }
}
