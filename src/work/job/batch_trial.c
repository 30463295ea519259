/* Counts the requests of one batch that have not ended yet; see batch_trial.h. */
#include "work/job/batch_trial.h"

#include "base/memory.h"
#include "base/text.h"
#include "terms/tensor/compare.h"
#include "work/pool/batches.h"
#include <stdlib.h>

struct wi_batch_trial {
    enum wi_trial_kind kind;
    char node[WI_ID_SIZE];
    enum wi_platform platform;
    struct wi_model *model;
    size_t bytes;
    unsigned holders;
    int found[WI_TRIAL_FAILED + 1];
};

struct wi_batch_trial *wi_batch_trial_new(enum wi_trial_kind kind, const char *node_id,
    enum wi_platform platform, struct wi_model *model, size_t bytes)
{
    struct wi_batch_trial *trial = wi_alloc(sizeof *trial);
    trial->kind = kind;
    wi_text_copy(trial->node, sizeof trial->node, node_id);
    trial->platform = platform;
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

static enum wi_trial_outcome compare_rows(const struct wi_batch_trial *trial,
    const struct wi_tensors *outputs, const struct wi_answer *alone)
{
    struct wi_comparison found = {0};
    wi_compare(
        &alone->outputs, outputs, wi_tolerance_of_graph(wi_model_precision(trial->model)), &found);
    if (found.open)
        return WI_TRIAL_OPEN;
    return found.same ? WI_TRIAL_PASSED : WI_TRIAL_FAILED;
}

enum wi_trial_outcome wi_batch_trial_judge(const struct wi_batch_trial *trial,
    const struct wi_tensors *outputs, const struct wi_job_result *result)
{
    if (!trial || !result || result->code == WI_CANCELLED || result->code == WI_DEADLINE_EXCEEDED ||
        result->code == WI_SHUTTING_DOWN)
        return WI_TRIAL_OPEN;
    if (trial->kind == WI_TRIAL_SIZE)
        return result->code == WI_OK ? WI_TRIAL_PASSED : WI_TRIAL_FAILED;
    return result->code == WI_OK ? compare_rows(trial, outputs, result->answer) : WI_TRIAL_OPEN;
}

/* Whether the requests that ran have all passed. */
static int trial_passed(const struct wi_batch_trial *trial)
{
    return trial->found[WI_TRIAL_PASSED] && !trial->found[WI_TRIAL_FAILED];
}

static void conclude_rows(const struct wi_batch_trial *trial, struct wi_apart *apart)
{
    wi_apart_set_proof(
        apart, trial->model, trial_passed(trial) ? WI_APART_PROVEN : WI_APART_UNPROVEN);
    if (trial->found[WI_TRIAL_FAILED])
        wi_apart_note(apart, trial->model, WI_APART_MIXED, wi_apart_why(WI_APART_MIXED));
}

void wi_batch_trial_leave(struct wi_batch_trial *trial, enum wi_trial_outcome outcome,
    struct wi_pool *pool, struct wi_apart *apart)
{
    if (!trial)
        return;
    trial->found[outcome] = 1;
    if (--trial->holders > 0)
        return;
    if (trial->kind == WI_TRIAL_ROWS)
        conclude_rows(trial, apart);
    else if (trial_passed(trial))
        wi_pool_batch_crowded(pool, trial->node, trial->platform, trial->model, trial->bytes);
    wi_model_unref(trial->model);
    free(trial);
}
