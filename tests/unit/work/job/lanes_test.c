/* A thousand lanes, against a pool that this test plays: in what order they go, and what they cost.
 */
#include "../../asked.h"
#include "../../test.h"

#include "base/clock.h"
#include "base/memory.h"
#include "quiet_pool.h"
#include "work/job/job.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANES 1000

static struct fixture {
    uv_loop_t loop;
    struct wi_config config;
    struct wi_jobs *jobs;
    struct wi_model models[LANES]; /* a job of each waits */
    enum wi_pick pick;
    int room, picks, dispatched, answers;
    int generates;               /* every node is: there is room for short tasks alone */
    int strangers;               /* there is room with these alone */
    unsigned char picked[LANES]; /* how often the pool was asked for a node for each model */
    char attempt[WI_ID_SIZE];
    struct wi_job_result last;
} the;

int wi_pool_has_room(const struct wi_pool *pool, const struct wi_demand *demand)
{
    return the.room > 0 && (!the.generates || wi_task_is_short(demand->asked->task)) &&
           (!the.strangers || !demand->ours_only);
}

const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *node_id)
{
    return NULL;
}

enum wi_pick wi_pool_pick(struct wi_pool *pool, const struct wi_demand *demand,
    struct wi_choice *choice, struct wi_error *error)
{
    the.picks++;
    the.picked[demand->asked->model - the.models]++;
    if (the.pick == WI_PICK_NEVER)
        wi_error_set(error, WI_UNAVAILABLE, NULL, "no browser is installed");
    if (the.pick == WI_PICK_NODE && !wi_pool_has_room(pool, demand))
        return WI_PICK_WAIT;
    *choice = (struct wi_choice){.node = "node-1", .platforms = {WI_WASM}, .platform_count = 1};
    return the.pick;
}

enum wi_code wi_pool_dispatch(
    struct wi_pool *pool, const char *node_id, const struct wi_task *task, struct wi_error *error)
{
    the.dispatched++;
    the.room--;
    snprintf(the.attempt, sizeof the.attempt, "%s", task->attempt_id);
    return WI_OK;
}

void wi_pool_cancel(
    struct wi_pool *pool, const char *node_id, const char *attempt_id, const char *reason)
{
}

static void on_done(void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    the.answers++;
    the.last = *result;
}

static const struct wi_pool_events *events(void)
{
    return wi_jobs_pool_events(the.jobs);
}

/* For one more. The attempt that went last. */
static const char *make_room(void)
{
    the.room = 1;
    events()->on_slot_free(events()->context);
    return the.attempt;
}

/* The last lane is urgent; the others are in the order of their models. */
static int set_up(void **state)
{
    memset(&the, 0, sizeof the);
    uv_loop_init(&the.loop);
    the.config.pool.max_queue = 2 * LANES;
    the.config.pool.client_share = 1;
    the.config.pool.max_retries = 3;
    the.config.pool.strangers = WI_STRANGERS_TENSORS;
    the.jobs = wi_jobs_new(&the.loop, &the.config, NULL);
    wi_jobs_start(the.jobs, NULL);
    the.pick = WI_PICK_NODE;
    for (int i = 0; i < LANES; i++) {
        struct wi_job_spec spec = {.asked = ASKED(.model = &the.models[i],
                                       .priority = i == LANES - 1 ? 7 : 5, .timeout_ms = 60000),
            .accepted_at = wi_now_ms()};
        the.models[i] = (struct wi_model){.name = "m", ._references = 2};
        snprintf(the.models[i].hash, sizeof the.models[i].hash, "%d", i);
        snprintf(spec.id, sizeof spec.id, "job-%d", i);
        assert_int_equal(wi_jobs_submit(the.jobs, &spec, NULL, on_done, NULL, NULL), WI_OK);
    }
    the.picks = 0;
    memset(the.picked, 0, sizeof the.picked);
    return 0;
}

static int tear_down(void **state)
{
    wi_jobs_abort(the.jobs);
    wi_jobs_free(the.jobs);
    uv_run(&the.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&the.loop), 0);
    return 0;
}

/* ---------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

TEST(a_free_slot_costs_one_question_however_many_lanes_wait)
{
    for (int i = 0; i < 10; i++) {
        make_room();
        assert_int_equal(the.dispatched, i + 1);
        assert_int_equal(the.picks, i + 1);
        assert_int_equal(atoi(the.attempt + strlen("job-")), i == 0 ? LANES - 1 : i - 1);
    }
    events()->on_slot_free(events()->context);
    assert_int_equal(the.picks, 10);
}

TEST(lanes_that_must_wait_are_asked_about_in_turn)
{
    the.pick = WI_PICK_WAIT; /* though there is room: none of it is right for them */
    the.room = 1;
    for (int before = 0; the.picks < LANES; before = the.picks) {
        events()->on_slot_free(events()->context);
        assert_in_range(the.picks - before, 1, LANES / 10);
    }
    for (int i = 0; i < LANES; i++)
        assert_int_equal(the.picked[i], 1);
    /* The next round begins with the most urgent again, and each may have what it finds. */
    the.pick = WI_PICK_NODE;
    events()->on_slot_free(events()->context);
    events()->on_slot_free(events()->context);
    assert_int_equal(the.dispatched, 1);
    assert_string_equal(the.attempt, "job-999.1");
}

TEST(what_nothing_can_run_is_refused_though_nothing_has_room)
{
    events()->on_capacity(events()->context);
    assert_in_range(the.picks, 1, LANES / 10); /* in turn, here too */
    events()->on_capacity(events()->context);
    for (int i = 0; i < LANES; i++)
        assert_in_range(the.picked[i], 0, 1);
    assert_int_equal(the.answers, 0);
    the.pick = WI_PICK_NEVER;
    events()->on_slot_free(events()->context);
    assert_int_equal(the.answers, 0);
    events()->on_capacity(events()->context);
    assert_int_equal(the.answers, LANES);
    assert_int_equal(the.last.code, WI_UNAVAILABLE);
}

static void submit_some(const char *id, enum wi_task_kind task, int is_private)
{
    struct wi_job_spec spec = {.asked = ASKED(.model = &the.models[0], .task = task,
                                   .is_private = is_private, .priority = 9, .timeout_ms = 60000),
        .accepted_at = wi_now_ms()};
    snprintf(spec.id, sizeof spec.id, "%s", id);
    the.models[0]._references++;
    assert_int_equal(wi_jobs_submit(the.jobs, &spec, NULL, on_done, NULL, NULL), WI_OK);
}

static void submit(const char *id, enum wi_task_kind task)
{
    submit_some(id, task, 0);
}

TEST(a_short_task_waits_behind_no_generation)
{
    submit("writes", WI_TASK_IMAGE_TO_TEXT);
    submit("reads", WI_TASK_ZERO_SHOT_IMAGE);
    the.generates = 1;
    assert_string_equal(make_room(), "reads.1");
    assert_int_equal(the.dispatched, 1);
    the.generates = 0;
    assert_string_equal(make_room(), "writes.1");
}

/* Not even where both are for the same model. */
TEST(what_strangers_may_have_waits_behind_nothing_that_they_may_not)
{
    submit_some("secret", WI_TASK_ZERO_SHOT_IMAGE, 1);
    submit_some("public", WI_TASK_ZERO_SHOT_IMAGE, 0);
    the.strangers = 1;
    assert_string_equal(make_room(), "public.1");
    assert_int_equal(the.dispatched, 1);
    the.strangers = 0;
    assert_string_equal(make_room(), "secret.1");
}
