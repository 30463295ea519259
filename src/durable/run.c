/*
 * One run of a stored job, from the bytes of its body to an answer that is to be printed. The
 * memory for the body and its parsing is taken before it begins; what is left of it is counted
 * until the end.
 */
#include "durable/run.h"

#include "base/clock.h"
#include "base/memory.h"
#include "job/outcome.h"
#include "wire/text.h"
#include <stdlib.h>
#include <string.h>

struct wi_run {
    const struct wi_durable_deps *deps;
    const struct wi_row *row;
    wi_run_done_fn *done;
    void *context;
    const struct wi_dialect *dialect;
    struct wi_blob *body;
    struct wi_infer infer;
    struct wi_queued_work *work;
    struct wi_repository_lookup *lookup;
    char job[WI_ID_SIZE];
    uint64_t charged;
    int stopped;
    struct wi_error why; /* it was stopped */
    enum wi_code code;   /* of parsing; with `error` the thread's while `work` */
    struct wi_error error;
};

/* From what was reckoned to what there is. */
static void charge(struct wi_run *run, uint64_t bytes)
{
    wi_budget_give(run->deps->budget, run->charged);
    wi_budget_force(run->deps->budget, bytes);
    run->charged = bytes;
}

static void end(struct wi_run *run, const struct wi_error *error, struct wi_printing *printing)
{
    charge(run, 0);
    run->done(run->context, error ? error->code : WI_OK, error, printing);
    wi_infer_clear(&run->infer);
    wi_blob_unref(run->body);
    free(run);
}

/* --- the job --------------------------------------------------------------------------------- */

static void on_done(void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    struct wi_run *run = context;
    struct wi_error error;
    if (result->code != WI_OK) {
        end(run, run->stopped ? &run->why : &result->error, NULL);
        return;
    }
    const struct wi_durable_deps *deps = run->deps;
    struct wi_outcome outcome;
    wi_job_outcome(&outcome, spec, result, wi_bridge_node(deps->bridge, result->node));
    deps->on_outcome(deps->context, &outcome);
    struct wi_printing *printing = run->dialect->print(&run->infer, &outcome, &error);
    end(run, printing ? NULL : &error, printing);
}

/* What the row says of its request: its deadline, and what it is called. */
static void name_request(struct wi_infer *infer, const struct wi_row *row)
{
    infer->has_timeout = 1;
    infer->asked->timeout_ms = (double)(row->deadline_at - row->accepted_at);
    if (!infer->asked->client_id)
        infer->asked->client_id = wi_strdup(row->id);
}

static void submit(struct wi_run *run, struct wi_model *model)
{
    struct wi_job_spec spec = {0};
    struct wi_error error;
    double age = (double)(wi_wall_ms() - run->row->accepted_at);
    name_request(&run->infer, run->row);
    wi_job_spec_fill(&spec, wi_infer_settle(&run->infer, model));
    spec.client = wi_strdup(run->row->client);
    spec.earlier = run->row->attempts;
    /* The row's times are those of the wall clock, which may have been set back; a job's are
     * monotonic. */
    spec.accepted_at = wi_now_ms() - (age > 0 ? age : 0);
    memcpy(run->job, spec.id, sizeof run->job);
    if (wi_jobs_submit(run->deps->jobs, &spec, on_done, run, &error) != WI_OK)
        end(run, &error, NULL);
}

/* --- before it ------------------------------------------------------------------------------- */

static void find_model(struct wi_run *run);

static void on_model(void *context, struct wi_model *model, const struct wi_error *failure)
{
    struct wi_run *run = context;
    struct wi_error error;
    run->lookup = NULL;
    if (model && wi_text_choose_variant(&run->infer, model))
        find_model(run);
    else if (failure)
        end(run, failure, NULL);
    else if (run->dialect->check(&run->infer, model, &run->deps->config->models, &error) != WI_OK)
        end(run, &error, NULL);
    else
        submit(run, model);
}

static void find_model(struct wi_run *run)
{
    struct wi_repository_lookup *found =
        wi_repository_find(run->deps->repository, run->infer.model_name, on_model, run);
    if (found)
        run->lookup = found; /* else on_model was called, and the run may be gone */
}

static void parse(void *data)
{
    struct wi_run *run = data;
    run->code = run->dialect->parse(&run->infer, run->body, run->row->json_size, NULL, &run->error);
}

static void on_parsed(void *data, int cancelled)
{
    struct wi_run *run = data;
    run->work = NULL;
    if (run->stopped || run->code != WI_OK) {
        end(run, run->stopped ? &run->why : &run->error, NULL);
        return;
    }
    int binary = run->body->size > run->row->json_size;
    charge(run, binary ? run->body->size : wi_tensors_bytes(&run->infer.asked->tensors));
    wi_blob_unref(run->body); /* binary tensors keep it */
    run->body = NULL;
    find_model(run);
}

uint64_t wi_run_needs(const struct wi_row *row)
{
    return row->body_size + row->cost;
}

struct wi_run *wi_run_start(
    const struct wi_durable_deps *deps, struct wi_row *row, wi_run_done_fn *done, void *context)
{
    if (wi_budget_take(deps->budget, wi_run_needs(row)) != 0)
        return NULL;
    struct wi_run *run = wi_alloc(sizeof *run);
    run->deps = deps;
    run->row = row;
    run->dialect = wi_dialect_find(row->dialect);
    run->infer.lenient = 1; /* it was held against the settings of its time when it came */
    run->done = done;
    run->context = context;
    run->body = row->bytes;
    row->bytes = NULL;
    run->charged = wi_run_needs(row);
    run->work = wi_work_queue_start(deps->heavy, 0, parse, on_parsed, run);
    return run;
}

void wi_run_stop(struct wi_run *run, const struct wi_error *error)
{
    run->stopped = 1;
    run->why = *error;
    if (run->work)
        return; /* on_parsed follows */
    if (run->lookup) {
        wi_repository_cancel(run->lookup);
        run->lookup = NULL;
        end(run, error, NULL);
    } else {
        wi_jobs_cancel(run->deps->jobs, run->job); /* on_done follows, from inside */
    }
}

const char *wi_run_job(const struct wi_run *run)
{
    return run->job;
}
