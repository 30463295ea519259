/* What may be wanted of the stored jobs, without the API: real models and threads; only the queue
 * of jobs, the pool and the nodes are played. The store is the test's. For use in one test file
 * each: everything is static. */
#ifndef WI_TESTS_DURABLE_ALONE_H
#define WI_TESTS_DURABLE_ALONE_H

#include "../../test.h"

#include "base/clock.h"
#include "base/log.h"
#include "owners/durable/private.h"

static const char body[] = "{\"model_name\":\"builtin/echo\",\"inputs\":[{\"name\":\"x\","
                           "\"datatype\":\"FP32\",\"shape\":[2],\"data\":[1.5,2]}]}";

struct fixture {
    uv_loop_t loop;
    uv_timer_t limit; /* of a test */
    struct wi_config config;
    struct wi_budget budget;
    struct wi_job_store store;
    struct wi_repository *repository;
    struct wi_work_queue *heavy;
    struct wi_durable *durable;
    enum wi_code admit;
    /* the run under way */
    int submitted, abandoned, has_job;
    struct wi_job_spec spec;
    wi_job_fn *on_done;
    void *context;
    struct wi_job_stream hears;
    uint64_t parts;
    struct wi_credit took;
    int outcomes, failures; /* that were counted */
    uint64_t bytes_in, bytes_out;
    char ends[256]; /* that were told: an id and a word for each */
    int done;       /* what was wanted has been done */
    struct wi_error failure;
};

static struct fixture *fixture;

/* --- what is played -------------------------------------------------------------------------- */

#include "../../one_job.h"
#include "../../until.h"

static void finish_job(enum wi_code code)
{
    struct wi_answer answer = {.ok = 1};
    struct wi_job_result result = {.code = code, .answer = &answer, .node = "node-1"};
    wi_tensors_share(&answer.outputs, &fixture->spec.asked->tensors);
    if (code != WI_OK)
        wi_error_set(&result.error, code, NULL, "it failed");
    end_job(&result);
    wi_tensors_clear(&answer.outputs);
}

enum wi_code wi_jobs_cancel(struct wi_jobs *jobs, const char *job_id)
{
    if (!is_job(job_id))
        return WI_JOB_NOT_FOUND;
    finish_job(WI_CANCELLED);
    return WI_OK;
}

json_t *wi_jobs_describe(const struct wi_jobs *jobs, const char *job_id)
{
    return json_pack("{s:s, s:i}", "node", "node-1", "attempts", 2);
}

void wi_pool_counters(const struct wi_pool *pool, struct wi_pool_counters *counters)
{
    *counters = (struct wi_pool_counters){.nodes = 1};
}

int wi_pool_has_kind(const struct wi_pool *pool, const char *kind)
{
    return 0;
}

const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *id)
{
    return NULL; /* it has gone since it answered */
}

static uint64_t on_outcome(void *context, const struct wi_outcome *outcome)
{
    struct fixture *f = context;
    assert_string_equal(outcome->model_name, "builtin/echo");
    assert_string_equal(outcome->numerics, "unchecked");
    f->outcomes++;
    return 17;
}

static uint64_t on_failure(void *context, const struct wi_run_failure *failure)
{
    struct fixture *f = context;
    f->failures++;
    return 18;
}

static void on_stored(void *context, uint64_t counted_as, uint64_t bytes_in, uint64_t bytes_out)
{
    struct fixture *f = context;
    assert_int_equal(counted_as, 17);
    f->bytes_in += bytes_in;
    f->bytes_out += bytes_out;
}

static void on_ended(void *context, const struct wi_run_ending *ending)
{
    struct fixture *f = context;
    size_t length = strlen(f->ends);
    snprintf(f->ends + length, sizeof f->ends - length, "%s %s, ", ending->id,
        ending->code == WI_OK ? "done" : wi_code_name(ending->code));
    assert_string_equal(ending->client, "me");
    assert_int_equal(ending->outcome != NULL, ending->code == WI_OK);
    assert_int_equal(ending->asked != NULL, ending->code == WI_OK);
    if (!ending->outcome)
        return;
    assert_string_equal(ending->model_name, "builtin/echo");
    assert_string_equal(ending->outcome->node, "node-1");
    assert_int_equal(ending->outcome->outputs->count, 1);
}

/* --- the fixture ----------------------------------------------------------------------------- */

/* Begins with the jobs that are in f->store. */
static void start_with(struct fixture *f, const struct wi_record_sweep *found)
{
    const struct wi_durable_deps deps = {.runs = {.loop = &f->loop,
                                             .config = &f->config,
                                             .repository = f->repository,
                                             .budget = &f->budget,
                                             .heavy = f->heavy,
                                             .on_outcome = on_outcome,
                                             .on_failure = on_failure,
                                             .on_ended = on_ended,
                                             .on_stored = on_stored,
                                             .context = f},
        .store = f->store};
    f->durable = wi_durable_new(&deps, found);
}

/* All but the store and what needs it. */
static void set_up_alone(struct fixture *f)
{
    fixture = f;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    limit_waiting(&f->loop, &f->limit, 20000);
    f->budget.limit = 1 << 24;
    f->config.store.max_size = 1 << 20;
    f->config.pool.job_retention = 3600000;
    f->config.pool.client_share = 1;
    f->config.pool.max_queue = 1; /* they run one by one */
    f->config.models.max_picture_pixels = 1000;
    f->repository = wi_repository_new(&f->loop, "/nonexistent", NULL);
    f->heavy = wi_work_queue_new(&f->loop, 1);
}

/* The durable jobs are freed; the loop turns until nothing is left on it. */
static void empty_loop(struct fixture *f)
{
    wi_work_queue_free(f->heavy);
    wi_repository_free(f->repository);
    uv_close((uv_handle_t *)&f->limit, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
}

static void tear_down_alone(struct fixture *f)
{
    assert_int_equal(uv_loop_close(&f->loop), 0);
    assert_int_equal(f->budget.used, 0);
    assert_false(f->has_job);
}

/* --- what is wanted -------------------------------------------------------------------------- */

static inline void on_done(void *data, const struct wi_error *failure)
{
    struct fixture *f = data;
    f->done = 1;
    f->failure = failure ? *failure : (struct wi_error){0};
}

static inline void fill(struct wi_record_accept *op, const char *id)
{
    struct wi_record *row = &op->record;
    snprintf(row->id, sizeof row->id, "%s", id);
    strcpy(row->client, "me");
    strcpy(row->dialect, "native");
    row->model_name = wi_strdup("builtin/echo");
    row->accepted_at = wi_wall_ms();
    row->deadline_at = row->accepted_at + 60000;
    row->body_size = row->json_size = strlen(body);
    row->cost = 1000;
    op->body = (const unsigned char *)body;
}

static inline enum wi_record_found store(struct fixture *f, const char *id, const char *key)
{
    struct wi_record_accept op = {.key = key};
    fill(&op, id);
    f->done = 0;
    wi_durable_accept(f->durable, &op, on_done, f);
    assert_false(f->done); /* never from inside */
    until(f->done);
    assert_int_equal(f->failure.code, WI_OK);
    wi_record_clear(&op.record);
    wi_record_clear(&op.earlier);
    return op.found;
}

/* The record is the caller's. */
static inline struct wi_record read_record(struct fixture *f, const char *id)
{
    struct wi_record_read op = {.answer_max = 10000};
    snprintf(op.id, sizeof op.id, "%s", id);
    f->done = 0;
    wi_durable_read(f->durable, &op, on_done, f);
    until(f->done);
    assert_true(op.found);
    return op.record;
}

static inline int cancel(struct fixture *f, const char *id, const char *client)
{
    struct wi_durable_cancel op = {0};
    snprintf(op.id, sizeof op.id, "%s", id);
    snprintf(op.client, sizeof op.client, "%s", client);
    f->done = 0;
    wi_durable_cancel(f->durable, &op, on_done, f);
    until(f->done);
    return op.found;
}

struct waiter {
    struct wi_durable_watcher watcher;
    int told;
};

static inline void on_finished(struct wi_durable_watcher *watcher)
{
    ((struct waiter *)watcher)->told++;
}

static inline void watch(struct fixture *f, struct waiter *waiter, const char *id)
{
    snprintf(waiter->watcher.id, sizeof waiter->watcher.id, "%s", id);
    waiter->watcher.on_finished = on_finished;
    wi_durable_watch(f->durable, &waiter->watcher);
}

static inline void check_state(struct fixture *f, const char *id, enum wi_record_state state)
{
    struct wi_record record = read_record(f, id);
    assert_int_equal(record.state, state);
    wi_record_clear(&record);
}

#endif
