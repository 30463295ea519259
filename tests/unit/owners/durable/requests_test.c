/* What may be wanted of the stored jobs, without the API: a database of its own, real models and
 * threads; only the queue of jobs, the pool and the nodes are played. */
#include "../../test.h"

#include "../../files.h"
#include "base/clock.h"
#include "base/log.h"
#include "owners/durable/private.h"

static const char body[] = "{\"model_name\":\"builtin/echo\",\"inputs\":[{\"name\":\"x\","
                           "\"datatype\":\"FP32\",\"shape\":[2],\"data\":[1.5,2]}]}";

struct fixture {
    uv_loop_t loop;
    uv_timer_t limit; /* of a test */
    char folder[64];
    struct wi_config config;
    struct wi_budget budget;
    struct wi_db *db;
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
    int done; /* what was wanted has been done */
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

/* --- the fixture ----------------------------------------------------------------------------- */

static void start(struct fixture *f)
{
    const struct wi_durable_deps deps = {.runs = {.loop = &f->loop,
                                             .config = &f->config,
                                             .repository = f->repository,
                                             .budget = &f->budget,
                                             .heavy = f->heavy,
                                             .on_outcome = on_outcome,
                                             .on_failure = on_failure,
                                             .on_stored = on_stored,
                                             .context = f},
        .db = f->db};
    f->durable = wi_durable_new(&deps, &f->failure);
    assert_non_null(f->durable);
}

/* As when the daemon ends, and another begins: nothing is left on the loop between them. */
static void restart(struct fixture *f)
{
    wi_durable_free(f->durable);
    wi_db_close(f->db);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    wi_db_free(f->db);
    f->db = wi_db_open(&f->loop, f->folder, &f->failure);
    assert_non_null(f->db);
    start(f);
}

static int set_up(void **state)
{
    struct fixture *f = fixture = wi_alloc(sizeof *f);
    *state = f;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    make_root(f->folder, "durable");
    if (uv_loop_init(&f->loop))
        return -1;
    limit_waiting(&f->loop, &f->limit, 20000);
    f->budget.limit = 1 << 24;
    f->config.store.max_size = 1 << 20;
    f->config.pool.job_retention = 3600000;
    f->config.pool.client_share = 1;
    f->config.pool.max_queue = 1; /* they run one by one */
    f->config.models.max_picture_pixels = 1000;
    f->db = wi_db_open(&f->loop, f->folder, &f->failure);
    assert_non_null(f->db);
    f->repository = wi_repository_new(&f->loop, "/nonexistent", NULL);
    f->heavy = wi_work_queue_new(&f->loop, 1);
    start(f);
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
    assert_false(f->has_job);
    remove_root(f->folder);
    free(f);
    return 0;
}

/* --- what is wanted -------------------------------------------------------------------------- */

static void on_done(void *data, const struct wi_error *failure)
{
    struct fixture *f = data;
    f->done = 1;
    f->failure = failure ? *failure : (struct wi_error){0};
}

static void fill(struct wi_row_accept *op, const char *id)
{
    struct wi_row *row = &op->row;
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

static enum wi_row_found store(struct fixture *f, const char *id, const char *key)
{
    struct wi_row_accept op = {.key = key};
    fill(&op, id);
    f->done = 0;
    wi_durable_accept(f->durable, &op, on_done, f);
    assert_false(f->done); /* never from inside */
    until(f->done);
    assert_int_equal(f->failure.code, WI_OK);
    wi_row_clear(&op.row);
    wi_row_clear(&op.earlier);
    return op.found;
}

/* The row is the caller's. */
static struct wi_row read_row(struct fixture *f, const char *id)
{
    struct wi_row_read op = {.answer_max = 10000};
    snprintf(op.id, sizeof op.id, "%s", id);
    f->done = 0;
    wi_durable_read(f->durable, &op, on_done, f);
    until(f->done);
    assert_true(op.found);
    return op.row;
}

static int cancel(struct fixture *f, const char *id, const char *client)
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

static void on_finished(struct wi_durable_watcher *watcher)
{
    ((struct waiter *)watcher)->told++;
}

static void watch(struct fixture *f, struct waiter *waiter, const char *id)
{
    snprintf(waiter->watcher.id, sizeof waiter->watcher.id, "%s", id);
    waiter->watcher.on_finished = on_finished;
    wi_durable_watch(f->durable, &waiter->watcher);
}

static void check_state(struct fixture *f, const char *id, enum wi_row_state state)
{
    struct wi_row row = read_row(f, id);
    assert_int_equal(row.state, state);
    wi_row_clear(&row);
}

/* --------------------------------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

TEST(what_is_accepted_runs_and_who_watches_is_told)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    struct wi_durable_now now;
    assert_int_equal(store(f, "one", NULL), WI_ROW_NEW);
    watch(f, &waiter, "one");
    until(f->has_job);
    assert_string_equal(f->spec.client, "me");
    assert_false(f->spec.asked->stream); /* its answer is kept as a whole */
    wi_durable_look(f->durable, "one", &now);
    assert_true(now.running);
    assert_string_equal(now.node, "node-1");
    assert_int_equal(now.attempts, 2);
    finish_job(WI_OK);
    until(waiter.told);
    assert_false(waiter.watcher.watching);
    assert_int_equal(f->outcomes, 1);
    struct wi_row row = read_row(f, "one");
    assert_int_equal(row.state, WI_ROW_DONE);
    assert_non_null(strstr((const char *)row.bytes->bytes, "1.5"));
    assert_int_equal(f->bytes_in, strlen(body));
    assert_int_equal(f->bytes_out, row.answer_size);
    wi_row_clear(&row);
}

/* Whatever keeps it from being run does not count: it will be. */
TEST(a_job_is_counted_once_though_its_runs_fail)
{
    struct fixture *f = *state;
    store(f, "one", NULL);
    until(f->has_job);
    finish_job(WI_QUEUE_FULL);
    until(f->submitted == 2 && f->has_job); /* a second later */
    assert_int_equal(f->failures, 0);
    finish_job(WI_INFERENCE_FAILED);
    assert_int_equal(f->failures, 1);
    assert_int_equal(f->outcomes, 0);
    assert_int_equal(f->bytes_in, 0);
}

TEST(a_key_makes_of_two_one_that_is_counted_as_replayed)
{
    struct fixture *f = *state;
    struct wi_durable_counters counters;
    assert_int_equal(store(f, "one", "the key"), WI_ROW_NEW);
    assert_int_equal(store(f, "two", "the key"), WI_ROW_SAME);
    until(f->has_job);
    wi_durable_counters(f->durable, &counters);
    assert_int_equal(counters.accepted, 1);
    assert_int_equal(counters.replayed, 1);
    finish_job(WI_OK);
    until((wi_durable_counters(f->durable, &counters), counters.done == 1));
    assert_int_equal(f->submitted, 1);
}

TEST(only_whose_job_it_is_finds_it_to_cancel)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    store(f, "one", NULL);
    watch(f, &waiter, "one");
    until(f->has_job);
    assert_false(cancel(f, "one", "you"));
    assert_true(f->has_job);
    assert_true(cancel(f, "one", "me"));
    until(waiter.told);
    check_state(f, "one", WI_ROW_CANCELLED);
    assert_false(f->has_job);
}

TEST(a_job_that_waits_is_cancelled_in_its_own_format)
{
    struct fixture *f = *state;
    struct wi_durable_counters counters;
    wi_durable_quiesce(f->durable); /* so that it is not run */
    store(f, "one", NULL);
    assert_true(cancel(f, "one", ""));
    struct wi_row row = read_row(f, "one");
    assert_int_equal(row.state, WI_ROW_CANCELLED);
    assert_int_equal(row.status, wi_code_status(WI_CANCELLED));
    json_t *problem = json_loadb((const char *)row.bytes->bytes, row.answer_size, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(problem, "code")), "cancelled");
    json_decref(problem);
    wi_row_clear(&row);
    wi_durable_counters(f->durable, &counters);
    assert_int_equal(counters.cancelled, 1);
    assert_int_equal(counters.queued, 0);
    assert_int_equal(f->submitted, 0);
}

TEST(what_cannot_be_accepted_is_told_why)
{
    struct fixture *f = *state;
    struct wi_error error;
    assert_int_equal(wi_durable_admit(f->durable, "me", 100, &error), WI_OK);
    assert_int_equal(wi_durable_admit(NULL, "me", 100, &error), WI_UNAVAILABLE);
    assert_int_equal(wi_durable_admit(f->durable, "me", 2 << 20, &error), WI_STORAGE_FAILED);
    assert_true(error.retry_after_s > 0);
    f->admit = WI_SHUTTING_DOWN;
    assert_int_equal(wi_durable_admit(f->durable, "me", 100, &error), WI_SHUTTING_DOWN);
    f->admit = WI_QUEUE_FULL; /* of those who wait: a stored job can */
    assert_int_equal(wi_durable_admit(f->durable, "me", 100, &error), WI_OK);
    f->durable->open = WI_DURABLE_OPEN_MAX - 1;
    assert_int_equal(wi_durable_admit(f->durable, "me", 100, &error), WI_OK);
    f->durable->open++;
    assert_int_equal(wi_durable_admit(f->durable, "me", 100, &error), WI_QUEUE_FULL);
    f->durable->open = 0;
    wi_durable_quiesce(f->durable);
    assert_int_equal(wi_durable_admit(f->durable, "me", 100, &error), WI_SHUTTING_DOWN);
}

/* Once half of the room is used nobody has more than an eighth of it. */
TEST(one_client_does_not_take_all_the_room)
{
    struct fixture *f = *state;
    struct wi_error error;
    struct wi_durable_counters counters;
    store(f, "one", NULL);
    wi_durable_counters(f->durable, &counters);
    size_t bytes = (size_t)counters.bytes;
    f->config.store.max_size = (int64_t)(8 * bytes);
    assert_int_equal(wi_durable_admit(f->durable, "me", 3 * bytes, &error), WI_OK);
    assert_int_equal(wi_durable_admit(f->durable, "me", 3 * bytes + 1, &error), WI_CLIENT_SHARE);
    assert_true(error.retry_after_s > 0);
    assert_int_equal(wi_durable_admit(f->durable, "other", 3 * bytes + 1, &error), WI_OK);
    char words[64]; /* what is held is told */
    snprintf(words, sizeof words, "1 jobs of yours are not finished, and your jobs and their");
    assert_non_null(strstr(error.detail, words));
    snprintf(words, sizeof words, "results take %zu bytes", bytes);
    assert_non_null(strstr(error.detail, words));
    until(f->has_job);
    assert_true(cancel(f, "one", ""));
    until(!f->has_job);
}

/* The daemon ends while the database still has a piece of work, and while another runs. */
TEST(what_is_wanted_is_done_though_the_jobs_have_ended)
{
    struct fixture *f = *state;
    struct wi_row_accept op = {0};
    store(f, "one", NULL);
    until(f->has_job);
    fill(&op, "two");
    f->done = 0;
    wi_durable_accept(f->durable, &op, on_done, f);
    restart(f);
    assert_true(f->done);
    wi_row_clear(&op.row);
    assert_int_equal(f->submitted, 1);
    until(f->has_job);
    finish_job(WI_OK);
    until(f->has_job);
    finish_job(WI_OK);
    assert_int_equal(f->submitted, 3);
}
