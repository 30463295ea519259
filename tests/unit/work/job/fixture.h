/*
 * Jobs against a pool that the test plays: it says where a job may go and what became of each
 * attempt. For use in one test file each: everything is static.
 */
#ifndef WI_TESTS_UNIT_JOB_FIXTURE_H
#define WI_TESTS_UNIT_JOB_FIXTURE_H

#include "../../asked.h"
#include "../../test.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "work/job/job.h"
#include "work/pool/batches.h"
#include "work/pool/evidence.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- the pool that we play */

struct fixture {
    uv_loop_t loop;
    struct wi_config config;
    struct wi_model model;
    struct wi_jobs *jobs;
    enum wi_pick pick;
    enum wi_code dispatch_code;
    int dispatched, cancelled, room;
    int busy, choked;      /* the first node's link is full; and the pool has noticed */
    int away;              /* the nodes have no connection */
    int ours;              /* they are of sessions of ours; else they have joined */
    const char *elsewhere; /* where it goes that avoids the first node; NULL: nowhere else */
    int wants_second;      /* what the last demand was for */
    char cancelled_for[32];
    struct {
        int count;
        enum wi_evidence_kind kind; /* of the last */
        char node[WI_ID_SIZE];      /* likewise */
    } found;
    char attempt[WI_ID_SIZE], avoid[WI_ID_SIZE], sent_to[WI_ID_SIZE];
    unsigned requests;  /* of the last task */
    double deadline_ms; /* likewise */
    size_t backlog;
    uint64_t batch_most;          /* bytes of a batch's inputs; 0: no limit */
    size_t crowded;               /* bytes of the batch that was too large */
    double batch_gain;            /* 0: not measured; it pays unless it is at most 1 */
    int wants_stream, wants_more; /* what the last demand asked for */
    int wants_several;
    int wants_no_relays;
    char owner[80];                      /* of the last task */
    size_t beginnings;                   /* of the last demand */
    unsigned computed, computed_tokens;  /* beginnings that a node was said to know */
    double demanded_tokens, sent_tokens; /* of the last demand and task: prompt + 100 * answer */
    int is_alone;                        /* the last task is to run alone */
    int is_stream, credits;              /* the last task; what was granted to it, and how often */
    struct wi_credit credit;
    char from[64]; /* "SEQ TEXT TOKENS" of a task that goes on; else "" */
    /* what came back */
    int answers, idle;
    struct wi_job_result last;
    struct wi_budget budget;                           /* what is kept of streams */
    char order[64];                                    /* the client ids in the order of dispatch */
    void (*on_answer)(const struct wi_job_spec *spec); /* what a client does then; may be NULL */
    unsigned char *count; /* NULL, or the answers to "job-0", "job-1" and so on */
};

static struct fixture *fixture;

enum wi_pick wi_pool_pick(struct wi_pool *pool, const struct wi_demand *demand,
    struct wi_choice *choice, struct wi_error *error)
{
    fixture->beginnings = demand->beginning_count;
    fixture->wants_stream = demand->asked->stream;
    fixture->wants_more = demand->continues;
    fixture->wants_several = demand->several;
    fixture->wants_no_relays = demand->no_relays;
    fixture->wants_second = demand->second;
    fixture->demanded_tokens = demand->asked->prompt_tokens + 100 * demand->asked->answer_tokens;
    snprintf(fixture->avoid, sizeof fixture->avoid, "%s", demand->avoid ? demand->avoid : "");
    if (fixture->pick == WI_PICK_NEVER)
        wi_error_set(error, WI_UNAVAILABLE, NULL, "no browser is installed");
    if (fixture->pick == WI_PICK_NODE && fixture->room == 0)
        return WI_PICK_WAIT;
    *choice = (struct wi_choice){.node = "node-1", .platforms = {WI_WASM}, .platform_count = 1};
    if (fixture->choked)
        strcpy(choice->node, "node-2");
    if (fixture->elsewhere && demand->avoid && strcmp(demand->avoid, "node-1") == 0)
        strcpy(choice->node, fixture->elsewhere);
    return fixture->pick;
}

unsigned wi_pool_found(struct wi_pool *pool, const struct wi_evidence_found *found)
{
    assert_true(found->joined);
    fixture->found.count++;
    fixture->found.kind = found->kind;
    snprintf(fixture->found.node, sizeof fixture->found.node, "%s", found->node);
    return 0;
}

int wi_pool_has_room(const struct wi_pool *pool, const struct wi_demand *demand)
{
    return 1;
}

static inline void note_stream(const struct wi_task *task)
{
    const struct wi_continuation *from = task->from;
    fixture->is_stream = task->asked->stream;
    fixture->credits = 0;
    fixture->from[0] = 0;
    if (from == NULL)
        return;
    char *tokens = from->tokens ? json_dumps(from->tokens, JSON_COMPACT) : NULL;
    snprintf(fixture->from, sizeof fixture->from, "%d %.*s %s", (int)from->seq,
        (int)from->text_length, from->text ? from->text : "", tokens ? tokens : "");
    free(tokens);
}

enum wi_code wi_pool_dispatch(
    struct wi_pool *pool, const char *node_id, const struct wi_task *task, struct wi_error *error)
{
    if (fixture->busy && !fixture->choked) { /* it is not picked before there is room again */
        fixture->choked = 1;
        return WI_NODE_BUSY;
    }
    if (fixture->dispatch_code != WI_OK)
        return wi_error_set(error, fixture->dispatch_code, "inputs", "it could not be sent");
    fixture->dispatched++;
    fixture->room--;
    snprintf(fixture->attempt, sizeof fixture->attempt, "%s", task->attempt_id);
    snprintf(fixture->sent_to, sizeof fixture->sent_to, "%s", node_id);
    fixture->requests = task->requests;
    fixture->deadline_ms = task->deadline_ms;
    snprintf(fixture->owner, sizeof fixture->owner, "%s", task->owner ? task->owner : "");
    note_stream(task);
    fixture->is_alone = task->alone;
    fixture->sent_tokens = task->asked->prompt_tokens + 100 * task->asked->answer_tokens;
    strncat(fixture->order, task->asked->precision ? task->asked->precision : "",
        sizeof fixture->order - strlen(fixture->order) - 1);
    return WI_OK;
}

void wi_pool_computed(
    struct wi_pool *pool, const char *node_id, const struct wi_prefix_key *key, unsigned tokens)
{
    assert_string_equal(node_id, fixture->sent_to);
    fixture->computed_tokens = tokens;
    fixture->computed++;
}

const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *node_id)
{
    static const struct wi_node_info joined = {.kind = "firefox"};
    static const struct wi_node_info ours = {.kind = "firefox", .session = "session-1"};
    assert_string_equal(node_id, fixture->sent_to);
    return fixture->ours ? &ours : &joined;
}

int wi_pool_is_away(const struct wi_pool *pool, const char *node_id)
{
    assert_string_equal(node_id, fixture->sent_to);
    return fixture->away;
}

void wi_pool_credit(struct wi_pool *pool, const char *node_id, const char *attempt_id,
    const struct wi_credit *credit)
{
    assert_string_equal(attempt_id, fixture->attempt);
    fixture->credits++;
    fixture->credit = *credit;
}

void wi_pool_cancel(
    struct wi_pool *pool, const char *node_id, const char *attempt_id, const char *reason)
{
    fixture->cancelled++;
    snprintf(fixture->cancelled_for, sizeof fixture->cancelled_for, "%s", reason);
    fixture->room++;
}

uint64_t wi_pool_batch_most(
    const struct wi_pool *pool, const struct wi_choice *choice, const struct wi_model *model)
{
    return fixture->batch_most > 0 ? fixture->batch_most : UINT64_MAX;
}

struct wi_place *wi_pool_batch_place(const struct wi_pool *pool, const char *node_id,
    enum wi_platform platform, const struct wi_model *model)
{
    struct wi_place *place = wi_alloc(sizeof *place);
    assert_string_equal(node_id, "node-1");
    place->platform = platform;
    return place;
}

void wi_pool_batch_crowded(
    struct wi_pool *pool, const struct wi_place *place, const char *hash, size_t bytes)
{
    assert_int_equal(place->platform, WI_WASM);
    fixture->crowded = bytes;
}

int wi_pool_batch_pays(const struct wi_pool *pool, const struct wi_choice *choice,
    const struct wi_model *model, size_t bytes, double *gain)
{
    *gain = fixture->batch_gain;
    return *gain == 0 || *gain > 1;
}

void wi_pool_set_backlog(struct wi_pool *pool, size_t waiting)
{
    fixture->backlog = waiting;
}

/* ---------------------------------------------------------------- the fixture */

static inline int set_up(void **state)
{
    static struct fixture the;
    the = (struct fixture){.pick = WI_PICK_NODE,
        .room = 100,
        .model = {.name = "digits", ._references = 1},
        .budget.limit = 1 << 30};
    the.config.pool.max_retries = 3;
    the.config.pool.max_queue = 4;
    the.config.pool.client_share = 1;
    fixture = &the;
    uv_loop_init(&the.loop);
    the.jobs = wi_jobs_new(&the.loop, &the.config, &the.budget);
    wi_jobs_start(the.jobs, NULL);
    return 0;
}

static inline int tear_down(void **state)
{
    struct wi_job_counters counters;
    wi_jobs_abort(fixture->jobs);
    wi_jobs_counters(fixture->jobs, &counters);
    assert_int_equal(counters.waiting, 0);
    assert_int_equal(counters.running, 0);
    wi_jobs_free(fixture->jobs);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->model._references, 1);
    assert_int_equal(fixture->budget.used, 0);
    return uv_loop_close(&fixture->loop);
}

static inline void on_done(
    void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    fixture->answers++;
    fixture->last = *result;
    double age = wi_now_ms() - spec->accepted_at;
    assert_true(result->queue_ms <= result->total_ms && result->total_ms <= age);
    if (fixture->count)
        fixture->count[atoi(spec->id + strlen("job-"))]++;
    if (fixture->on_answer)
        fixture->on_answer(spec);
}

static inline enum wi_code submit_as(
    const char *id, const char *mark, int priority, double timeout_ms, struct wi_error *error)
{
    struct wi_job_spec spec = {
        .asked = ASKED(.model = wi_model_ref(&fixture->model), .priority = priority,
            .timeout_ms = timeout_ms, .precision = wi_strdup(mark)),
        .accepted_at = wi_now_ms()};
    snprintf(spec.id, sizeof spec.id, "%s", id);
    return wi_jobs_submit(fixture->jobs, &spec, NULL, on_done, NULL, error);
}

static inline void submit(const char *id)
{
    assert_int_equal(submit_as(id, NULL, 5, 60000, NULL), WI_OK);
}

static inline const struct wi_pool_events *events(void)
{
    return wi_jobs_pool_events(fixture->jobs);
}

static inline void answer_ok(const char *attempt)
{
    struct wi_answer answer = {.ok = 1};
    fixture->room++;
    events()->on_answer(events()->context, fixture->sent_to, attempt, &answer);
}

static inline void answer_failure(enum wi_code code, int retryable)
{
    struct wi_answer answer = {.retryable = retryable};
    wi_error_set(&answer.error, code, NULL, "it failed");
    fixture->room++;
    events()->on_answer(events()->context, fixture->sent_to, fixture->attempt, &answer);
}

/* The node gives it back as it came. */
static inline void give_back(void)
{
    struct wi_answer answer = {.retryable = 1};
    wi_error_set(&answer.error, WI_NODE_PAUSED, NULL, "the node is paused");
    fixture->room++;
    events()->on_answer(events()->context, fixture->sent_to, fixture->attempt, &answer);
}

/* The engine broke with the present attempt. */
static inline void break_engine(enum wi_blame blame)
{
    struct wi_answer answer = {.retryable = 1, .broke = 1, .blame = blame};
    wi_error_set(&answer.error, WI_INFERENCE_FAILED, NULL, "engine_crashed: it ended");
    fixture->room++;
    events()->on_answer(events()->context, fixture->sent_to, fixture->attempt, &answer);
}

static inline void lose(enum wi_blame blame)
{
    fixture->room++;
    events()->on_lost(
        events()->context, fixture->sent_to, fixture->attempt, blame, "the browser died");
    events()->on_capacity(events()->context);
}

#endif
