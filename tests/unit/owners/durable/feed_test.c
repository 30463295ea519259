/* Which stored jobs are taken to be run: a database of its own, real runs and threads; only the
 * queue of jobs, the pool and the nodes are played. A job of the model `slow` waits for a node that
 * is busy until the test has it run, one of `fast` has a node at once. */
#include "../../test.h"

#include "../../files.h"
#include "base/clock.h"
#include "base/log.h"
#include "owners/durable/private.h"
#include "settings/store/rows_store.h"

#define JOBS 400

struct played {
    struct wi_job_spec spec;
    wi_job_fn *on_done;
    void *context;
    int runs;
};

static struct fixture {
    uv_loop_t loop;
    uv_timer_t limit; /* of a test */
    char folder[64];
    struct wi_config config;
    struct wi_budget budget;
    struct wi_db *db;
    struct wi_repository *repository;
    struct wi_work_queue *heavy;
    struct wi_durable *durable;
    struct wi_error failure;
    struct played jobs[JOBS]; /* without a callback: there is none */
    size_t most;              /* jobs at a time, so far */
    int stored, accepted;     /* asked for, and done */
} * fixture;

#include "../../until.h"

/* --- what is played -------------------------------------------------------------------------- */

static size_t count(const char *client, int runs)
{
    size_t found = 0;
    for (int i = 0; i < JOBS; i++)
        found += fixture->jobs[i].on_done &&
                 (!client || strcmp(fixture->jobs[i].spec.client, client) == 0) &&
                 (runs < 0 || fixture->jobs[i].runs == runs);
    return found;
}

static struct played *find(const char *id)
{
    for (int i = 0; i < JOBS; i++)
        if (fixture->jobs[i].on_done && strcmp(fixture->jobs[i].spec.id, id) == 0)
            return &fixture->jobs[i];
    return NULL;
}

enum wi_code wi_jobs_admit(const struct wi_jobs *jobs, const char *client, struct wi_error *error)
{
    return WI_OK;
}

enum wi_code wi_jobs_submit(struct wi_jobs *jobs, struct wi_job_spec *spec,
    const struct wi_job_stream *stream, wi_job_fn *on_done, void *context, struct wi_error *error)
{
    struct played *job = fixture->jobs;
    while (job->on_done)
        job++;
    *job = (struct played){
        *spec, on_done, context, strncmp(spec->client, "fast", strlen("fast")) == 0};
    if (count(NULL, -1) > fixture->most)
        fixture->most = count(NULL, -1);
    return WI_OK;
}

enum wi_code wi_jobs_submit_shadow(struct wi_jobs *jobs, struct wi_job_spec *spec,
    wi_job_dispatch_fn *dispatch, wi_job_fn *on_done, void *context, struct wi_error *error)
{
    return wi_jobs_submit(jobs, spec, NULL, on_done, context, error);
}

void wi_jobs_took(struct wi_jobs *jobs, const char *job_id, const struct wi_credit *taken)
{
}

/* Its client is told, and may bring another at once. */
static void end_job(struct played *job, enum wi_code code)
{
    struct played ended = *job;
    struct wi_answer answer = {.ok = 1};
    struct wi_job_result result = {.code = code, .answer = &answer, .node = "node-1"};
    *job = (struct played){0};
    wi_tensors_share(&answer.outputs, &ended.spec.asked->tensors);
    if (code != WI_OK)
        wi_error_set(&result.error, code, NULL, "it failed");
    ended.on_done(ended.context, &ended.spec, &result);
    wi_tensors_clear(&answer.outputs);
    wi_job_spec_clear(&ended.spec);
}

void wi_jobs_abandon(struct wi_jobs *jobs, const char *job_id)
{
    struct played *job = find(job_id);
    wi_job_spec_clear(&job->spec);
    *job = (struct played){0};
}

enum wi_code wi_jobs_cancel(struct wi_jobs *jobs, const char *job_id)
{
    struct played *job = find(job_id);
    if (!job)
        return WI_JOB_NOT_FOUND;
    end_job(job, WI_CANCELLED);
    return WI_OK;
}

json_t *wi_jobs_describe(const struct wi_jobs *jobs, const char *job_id)
{
    return NULL;
}

void wi_pool_counters(const struct wi_pool *pool, struct wi_pool_counters *counters)
{
    *counters = (struct wi_pool_counters){.nodes = 2};
}

int wi_pool_has_kind(const struct wi_pool *pool, const char *kind)
{
    return 0;
}

const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *id)
{
    return NULL;
}

static uint64_t on_outcome(void *context, const struct wi_outcome *outcome)
{
    return 1;
}

static uint64_t on_failure(void *context, const struct wi_run_failure *failure)
{
    return 2;
}

/* --- the fixture ----------------------------------------------------------------------------- */

static int set_up(void **state)
{
    struct fixture *f = fixture = wi_alloc(sizeof *f);
    *state = f;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    make_root(f->folder, "feed");
    if (uv_loop_init(&f->loop))
        return -1;
    limit_waiting(&f->loop, &f->limit, 20000);
    f->budget.limit = 1 << 24;
    f->config.store.max_size = 1 << 24;
    f->config.pool.job_retention = 3600000;
    f->config.pool.client_share = 1;
    f->config.pool.max_queue = 1024;
    f->config.models.max_picture_pixels = 1000;
    f->db = wi_db_open(&f->loop, f->folder, &f->failure);
    assert_non_null(f->db);
    f->repository = wi_repository_new(&f->loop, "/nonexistent", NULL);
    f->heavy = wi_work_queue_new(&f->loop, 1);
    struct wi_durable_deps deps = {.runs = {.loop = &f->loop,
                                       .config = &f->config,
                                       .repository = f->repository,
                                       .budget = &f->budget,
                                       .heavy = f->heavy,
                                       .on_outcome = on_outcome,
                                       .on_failure = on_failure}};
    struct wi_record_sweep found;
    assert_int_equal(wi_rows_open(f->db, 3, &deps.store, &found, &f->failure), WI_OK);
    f->durable = wi_durable_new(&deps, &found);
    wi_record_sweep_clear(&found);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_durable_free(f->durable);
    wi_work_queue_free(f->heavy);
    wi_repository_free(f->repository);
    wi_db_close(f->db);
    uv_close((uv_handle_t *)&f->limit, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    wi_db_free(f->db);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    assert_int_equal(f->budget.used, 0);
    remove_root(f->folder);
    free(f);
    return 0;
}

static void on_accepted(void *data, const struct wi_error *failure)
{
    struct wi_record_accept *op = data;
    assert_null(failure);
    free((void *)op->body);
    wi_record_clear(&op->record);
    wi_record_clear(&op->earlier);
    free(op);
    fixture->accepted++;
}

/* A job of so many numbers. */
static void store(const char *client, size_t numbers)
{
    struct fixture *f = fixture;
    struct wi_record_accept *op = wi_alloc(sizeof *op);
    struct wi_record *row = &op->record;
    struct wi_buffer body = {0};
    wi_buffer_printf(&body,
        "{\"model_name\":\"builtin/echo\",\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\","
        "\"shape\":[%zu],\"data\":[0",
        numbers);
    for (size_t i = 1; i < numbers; i++)
        wi_buffer_puts(&body, ",0");
    wi_buffer_puts(&body, "]}]}");
    snprintf(row->id, sizeof row->id, "job-%d", f->stored++);
    snprintf(row->client, sizeof row->client, "%s", client);
    strcpy(row->dialect, "native");
    row->model_name = wi_strdup("builtin/echo");
    row->accepted_at = wi_wall_ms();
    row->deadline_at = row->accepted_at + 60000;
    row->body_size = row->json_size = body.size;
    row->cost = 2 * body.size;
    op->body = (const unsigned char *)wi_buffer_take(&body);
    wi_durable_accept(f->durable, op, on_accepted, op);
}

static void store_many(const char *client, int number)
{
    for (int i = 0; i < number; i++)
        store(client, 1);
    until(fixture->accepted == fixture->stored);
}

/* The oldest that waits or runs. */
static void end_one(const char *client, int runs)
{
    struct played *job = fixture->jobs;
    while (!job->on_done || strcmp(job->spec.client, client) != 0 || job->runs != runs)
        job++;
    end_job(job, WI_OK);
}

static uint64_t done(void)
{
    struct wi_durable_counters counters;
    wi_durable_counters(fixture->durable, &counters);
    return counters.done;
}

/* Ends what has a node at once until so many are done in all; those that wait for one stay. */
static void run_fast(const char *client, uint64_t number)
{
    while (done() < number) {
        if (count(client, 1) > 0)
            end_one(client, 1);
        else
            uv_run(&fixture->loop, UV_RUN_ONCE);
    }
}

/* --------------------------------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

TEST(what_waits_for_a_busy_node_keeps_nobody_elses_from_an_idle_one)
{
    store_many("slow", 30);
    until(count("slow", 0) == 12);
    store_many("fast", 10);
    run_fast("fast", 10);
    assert_int_equal(count("slow", 0), 12); /* as many as it may have, and none of them has run */
    for (int i = 0; i < 30; i++) {
        until(count("slow", 0) > 0);
        end_one("slow", 0);
    }
    until(done() == 40);
}

/* However many clients wait for it, one that comes is let in, and not all of them are taken. */
TEST(nor_do_those_of_many)
{
    char name[32];
    fixture->config.pool.max_queue = 100;
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "slow-%d", i);
        store_many(name, 30);
    }
    until(count("slow-5", 0) > 0);
    store_many("fast", 5);
    run_fast("fast", 5);
    assert_in_range(fixture->most, 30, 51);
}

/* Nor do large ones, which take so much memory that no more of them are taken. */
TEST(nor_do_large_ones)
{
    fixture->budget.limit = 4 << 20;
    for (int i = 0; i < 12; i++)
        store("slow", 100000);
    until(fixture->accepted == fixture->stored);
    until(fixture->budget.used > fixture->budget.limit / 2 && !fixture->durable->taking &&
          HASH_COUNT(fixture->durable->entries) == count("slow", 0));
    size_t before = count("slow", 0);
    store_many("fast", 5);
    run_fast("fast", 5);
    assert_in_range(before, 1, 11);
    assert_int_equal(count("slow", 0), before);
}

TEST(as_many_of_a_client_run_as_there_is_room_for)
{
    store_many("fast", 30);
    until(count("fast", 1) == 12);
    store_many("faster", 1);
    until(count("faster", 1) == 1);
    run_fast("fast", 30);
    assert_int_equal(fixture->most, 13);
}
