/*
 * Whose jobs run, against a pool that this test plays, in random programs of arrivals and ends:
 * while others wait a client is given no more than its part of a node and of all nodes; and no slot
 * is idle that anything which waits could use, but where texts are written what one client may not
 * have.
 */
#include "../../asked.h"
#include "../../test.h"

#include "base/clock.h"
#include "base/pcg32.h"
#include "quiet_pool.h"
#include "work/job/job.h"
#include "work/job/slots.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES 3
#define MODELS 5
#define CLIENTS 4
#define JOBS 400
#define STEPS 20000

static const size_t depths[NODES] = {1, 2, 5};
/* Where each model runs, a bit for a node; the first only on the last, and so on. */
static const unsigned places[MODELS] = {4, 7, 2, 3, 6};
static const char *const clients[CLIENTS] = {"ada", "bob", "cleo", NULL};

enum step { GONE, WAITS, RUNS };

struct played {
    enum step step;
    int client, model, node;
    char attempt[WI_ID_SIZE + 12];
};

static struct fixture {
    uv_loop_t loop;
    struct wi_config config;
    struct wi_jobs *jobs;
    struct wi_model models[MODELS];
    struct played played[JOBS];
    int picks, looks, dispatched, answers;
    int texts; /* the slots are those of texts */
} the;

static uint32_t below(struct wi_pcg32 *random, uint32_t bound)
{
    return (uint32_t)(wi_pcg32_share(random) * bound);
}

static int index_of(const char *id)
{
    return atoi(id + strlen("job-"));
}

/* --- what is so, without any order kept ------------------------------------------------------- */

static size_t running(int client, int node)
{
    size_t count = 0;
    for (int i = 0; i < JOBS; i++)
        count += the.played[i].step == RUNS && (client < 0 || the.played[i].client == client) &&
                 (node < 0 || the.played[i].node == node);
    return count;
}

static size_t waiting(int client)
{
    size_t count = 0;
    for (int i = 0; i < JOBS; i++)
        count += the.played[i].step == WAITS && the.played[i].client == client;
    return count;
}

static size_t others_than(int client)
{
    size_t count = 0;
    for (int i = 0; i < CLIENTS; i++)
        count += i != client && waiting(i) > 0;
    return count;
}

/* The node with most room that the model runs on; -1: none has any. */
static int choose(int model)
{
    int chosen = -1;
    size_t most = 0;
    for (int n = 0; n < NODES; n++) {
        size_t room = places[model] >> n & 1 ? depths[n] - running(-1, n) : 0;
        if (room > most) {
            most = room;
            chosen = n;
        }
    }
    return chosen;
}

static size_t all_depths(void)
{
    size_t all = 0;
    for (int n = 0; n < NODES; n++)
        all += depths[n];
    return all;
}

static int has_its_part(int client, int node)
{
    size_t others = others_than(client);
    double share = the.config.pool.client_share;
    return others > 0 && (running(client, node) >= wi_slots_part(depths[node], share, others) ||
                             running(client, -1) >= wi_slots_part(all_depths(), share, others));
}

/* Of slots of texts it has as many as one may have. */
static int has_most(int client)
{
    size_t most = (size_t)(the.config.pool.client_share * (double)all_depths());
    return the.texts && the.config.pool.client_share < 1 && running(client, -1) >= most;
}

/* --- the pool --------------------------------------------------------------------------------- */

int wi_pool_has_room(const struct wi_pool *pool, const struct wi_demand *demand)
{
    return running(-1, -1) < all_depths();
}

const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *node_id)
{
    return NULL;
}

enum wi_pick wi_pool_pick(struct wi_pool *pool, const struct wi_demand *demand,
    struct wi_choice *choice, struct wi_error *error)
{
    int node = choose((int)(demand->asked->model - the.models));
    the.picks += !demand->only_looks;
    the.looks += demand->only_looks;
    if (node < 0)
        return WI_PICK_WAIT;
    *choice = (struct wi_choice){.platforms = {WI_WASM},
        .platform_count = 1,
        .room = {.queue = 1,
            .of_node = depths[node],
            .of_all = all_depths(),
            .texts = the.texts ? all_depths() : 0}};
    snprintf(choice->node, sizeof choice->node, "node-%d", node);
    return WI_PICK_NODE;
}

/* Nobody below his part, who waits and would get this slot, is passed over for one that has his. */
static void check_fair(int client, int node)
{
    if (!has_its_part(client, node))
        return;
    for (int i = 0; i < JOBS; i++) {
        const struct played *other = &the.played[i];
        if (other->step == WAITS && other->client != client && choose(other->model) == node)
            assert_true(has_its_part(other->client, node));
    }
}

enum wi_code wi_pool_dispatch(
    struct wi_pool *pool, const char *node_id, const struct wi_task *task, struct wi_error *error)
{
    struct played *job = &the.played[index_of(task->job_id)];
    int node = atoi(node_id + strlen("node-"));
    assert_true(running(-1, node) < depths[node]);
    assert_false(has_most(job->client));
    check_fair(job->client, node);
    job->step = RUNS;
    job->node = node;
    snprintf(job->attempt, sizeof job->attempt, "%s", task->attempt_id);
    the.dispatched++;
    return WI_OK;
}

void wi_pool_cancel(
    struct wi_pool *pool, const char *node_id, const char *attempt_id, const char *reason)
{
}

/* --- jobs ------------------------------------------------------------------------------------- */

static void on_done(void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    the.played[index_of(spec->id)].step = GONE;
    the.answers++;
}

static const struct wi_pool_events *events(void)
{
    return wi_jobs_pool_events(the.jobs);
}

static void submit(int i, int client, int model, int priority)
{
    struct played *job = &the.played[i];
    struct wi_job_spec spec = {
        .asked = ASKED(.model = &the.models[model], .priority = priority, .timeout_ms = 1e9),
        .client = clients[client] ? wi_strdup(clients[client]) : NULL,
        .accepted_at = wi_now_ms()};
    the.models[model]._references++;
    snprintf(spec.id, sizeof spec.id, "job-%d", i);
    *job = (struct played){.step = GONE, .client = client, .model = model};
    assert_int_equal(wi_jobs_submit(the.jobs, &spec, NULL, on_done, NULL, NULL), WI_OK);
    if (job->step == GONE)
        job->step = WAITS;
}

/* It ends, and its node has room for one more. */
static void end(struct played *job)
{
    struct wi_answer answer = {.ok = 1};
    char attempt[sizeof job->attempt], node[WI_ID_SIZE];
    memcpy(attempt, job->attempt, sizeof attempt);
    snprintf(node, sizeof node, "node-%d", job->node);
    job->step = GONE;
    events()->on_answer(events()->context, node, attempt, &answer);
    events()->on_slot_free(events()->context);
}

/* What gave way is looked at in the next turn of the loop. */
static void turn(void)
{
    uv_run(&the.loop, UV_RUN_NOWAIT);
}

static void check_no_slot_is_idle(void)
{
    for (int i = 0; i < JOBS; i++)
        if (the.played[i].step == WAITS && !has_most(the.played[i].client))
            assert_int_equal(choose(the.played[i].model), -1);
}

static struct played *one_that_runs(struct wi_pcg32 *random)
{
    size_t left = running(-1, -1);
    if (left == 0)
        return NULL;
    left = below(random, (uint32_t)left);
    for (struct played *job = the.played;; job++)
        if (job->step == RUNS && left-- == 0)
            return job;
}

static int set_up(void **state)
{
    memset(&the, 0, sizeof the);
    uv_loop_init(&the.loop);
    the.config.pool.max_queue = JOBS;
    the.config.pool.client_share = 1;
    the.jobs = wi_jobs_new(&the.loop, &the.config, NULL);
    wi_jobs_start(the.jobs, NULL);
    for (int i = 0; i < MODELS; i++) {
        the.models[i] = (struct wi_model){.name = "m", ._references = 1};
        snprintf(the.models[i].hash, sizeof the.models[i].hash, "%d", i);
    }
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

/* ---------------------------------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

/* Arrivals of one client after the other, in heaps and one by one, and ends in any order. */
static void run_program(uint64_t seed, double share, int priorities)
{
    struct wi_pcg32 random;
    wi_pcg32_seed(&random, seed, 0);
    the.config.pool.client_share = share;
    for (int step = 0, busy = 0; step < STEPS; step++) {
        int i = (int)below(&random, JOBS);
        struct played *ending = one_that_runs(&random);
        if (below(&random, 50) == 0)
            busy = (int)below(&random, CLIENTS);
        int client = below(&random, 2) ? busy : (int)below(&random, CLIENTS);
        if (the.played[i].step == GONE && below(&random, 100) < 48)
            submit(
                i, client, (int)below(&random, MODELS), priorities ? (int)below(&random, 10) : 5);
        else if (ending)
            end(ending);
        turn();
        check_no_slot_is_idle();
    }
    assert_true(the.dispatched > STEPS / 4);
}

TEST(in_any_program_nobody_is_passed_over_and_no_slot_is_idle)
{
    run_program(1, 1, 0);
}

TEST(so_it_is_with_a_smaller_share)
{
    run_program(2, 0.4, 0);
}

TEST(so_it_is_with_texts)
{
    the.texts = 1;
    run_program(4, 0.5, 0);
}

/* What a client says of its own urgency gives it no more than its part. */
TEST(so_it_is_whatever_the_priorities)
{
    run_program(3, 0.25, 1);
}

/* Long jobs of one fill a node; short ones of another come, and there are always some more. */
TEST(short_jobs_keep_what_long_ones_give_back)
{
    for (int i = 0; i < 20; i++)
        submit(i, 0, 0, 5); /* five run, and nothing else does on that node */
    for (int i = 20; i < 30; i++)
        submit(i, 1, 0, 5);
    assert_int_equal(running(0, 2), 5); /* nothing is taken back */
    assert_int_equal(running(1, 2), 0);
    for (size_t i = 0; i < 2; i++) { /* each long one that ends is followed by a short one */
        end(&the.played[i]);
        assert_int_equal(running(0, 2), 4 - i);
        assert_int_equal(running(1, 2), 1 + i);
    }
    /* As long as short ones wait, they keep what they have: their part, and by turns the fifth. */
    int ended = 0;
    for (int i = 20; i < 30 && waiting(1) > 0; i++, ended++) {
        end(&the.played[i]);
        assert_in_range(running(0, 2), 2, 3);
        assert_int_equal(running(-1, 2), 5);
    }
    assert_in_range(ended, 8, 10);
    for (int i = 20; i < 30; i++) /* and then it is whoever's waits */
        if (the.played[i].step == RUNS)
            end(&the.played[i]);
    assert_int_equal(running(0, 2), 5);
}

/* Texts of one leave room for a short one of another, which need not wait for the end of any. */
TEST(long_texts_leave_a_slot_where_a_client_has_a_share)
{
    the.texts = 1;
    the.config.pool.client_share = 0.9; /* of eight slots */
    for (int i = 0; i < 20; i++)
        submit(i, 0, 1, 5);
    turn();
    assert_int_equal(running(0, -1), 7);
    submit(20, 1, 1, 5);
    assert_int_equal(running(1, -1), 1); /* at once */
    end(&the.played[20]);
    turn();
    assert_int_equal(running(0, -1), 7); /* and it is left again */
    for (int i = 0; i < 20; i++) {       /* what one gives back its next has */
        if (the.played[i].step == RUNS)
            end(&the.played[i]);
        turn();
        if (waiting(0) > 0)
            assert_int_equal(running(0, -1), 7);
    }
    assert_int_equal(waiting(0), 0);
}

/* Where nobody else waits nothing is looked at twice. */
TEST(one_client_alone_costs_no_second_look)
{
    for (int i = 0; i < 20; i++)
        submit(i, 0, 0, 5);
    for (int i = 0; i < 15; i++)
        end(&the.played[i]);
    assert_int_equal(the.looks, 0);
    assert_int_equal(the.dispatched, 20);
}
