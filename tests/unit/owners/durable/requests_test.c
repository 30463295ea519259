/* What may be wanted of the stored jobs, without the API: on a database of its own. */
#include "alone.h"

#include "../../files.h"
#include "settings/store/rows_store.h"

static char folder[64];
static struct wi_db *db;

/* --- the fixture ----------------------------------------------------------------------------- */

static void start(struct fixture *f)
{
    struct wi_record_sweep found;
    db = wi_db_open(&f->loop, folder, &f->failure);
    assert_non_null(db);
    assert_int_equal(wi_rows_open(db, 3, &f->store, &found, &f->failure), WI_OK);
    start_with(f, &found);
    wi_record_sweep_clear(&found);
}

/* As when the daemon ends, and another begins: nothing is left on the loop between them. */
static void restart(struct fixture *f)
{
    wi_durable_free(f->durable);
    wi_db_close(db);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    wi_db_free(db);
    start(f);
}

static int set_up(void **state)
{
    struct fixture *f = *state = wi_alloc(sizeof *f);
    set_up_alone(f);
    make_root(folder, "durable");
    start(f);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_durable_free(f->durable);
    wi_db_close(db);
    empty_loop(f);
    wi_db_free(db);
    tear_down_alone(f);
    remove_root(folder);
    free(f);
    return 0;
}

FIXTURE(set_up, tear_down)

TEST(what_is_accepted_runs_and_who_watches_is_told)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    struct wi_durable_now now;
    assert_int_equal(store(f, "one", NULL), WI_RECORD_NEW);
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
    struct wi_record row = read_record(f, "one");
    assert_int_equal(row.state, WI_RECORD_DONE);
    assert_non_null(strstr((const char *)row.bytes->bytes, "1.5"));
    assert_int_equal(f->bytes_in, strlen(body));
    assert_int_equal(f->bytes_out, row.answer_size);
    wi_record_clear(&row);
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
    assert_int_equal(store(f, "one", "the key"), WI_RECORD_NEW);
    assert_int_equal(store(f, "two", "the key"), WI_RECORD_SAME);
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
    check_state(f, "one", WI_RECORD_CANCELLED);
    assert_false(f->has_job);
}

TEST(a_job_that_waits_is_cancelled_in_its_own_format)
{
    struct fixture *f = *state;
    struct wi_durable_counters counters;
    wi_durable_quiesce(f->durable); /* so that it is not run */
    store(f, "one", NULL);
    assert_true(cancel(f, "one", ""));
    struct wi_record row = read_record(f, "one");
    assert_int_equal(row.state, WI_RECORD_CANCELLED);
    assert_int_equal(row.status, wi_code_status(WI_CANCELLED));
    json_t *problem = json_loadb((const char *)row.bytes->bytes, row.answer_size, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(problem, "code")), "cancelled");
    json_decref(problem);
    wi_record_clear(&row);
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
    struct wi_record_accept op = {0};
    store(f, "one", NULL);
    until(f->has_job);
    fill(&op, "two");
    f->done = 0;
    wi_durable_accept(f->durable, &op, on_done, f);
    restart(f);
    assert_true(f->done);
    wi_record_clear(&op.record);
    assert_int_equal(f->submitted, 1);
    until(f->has_job);
    finish_job(WI_OK);
    until(f->has_job);
    finish_job(WI_OK);
    assert_int_equal(f->submitted, 3);
}
