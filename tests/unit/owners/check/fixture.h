/*
 * The guard beside the clients' jobs, against a pool that the test plays. For use in one test file
 * each: everything is static.
 */
#ifndef WI_TESTS_UNIT_CHECK_FIXTURE_H
#define WI_TESTS_UNIT_CHECK_FIXTURE_H

#include "../../asked.h"
#include "../../test.h"

#define PLAYS_EVIDENCE
#include "../../work/job/quiet_pool.h"
#include "base/clock.h"
#include "base/memory.h"
#include "full.h"
#include "owners/check/check.h"
#include "work/pool/evidence.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- the pool that we play */

struct sent {
    char attempt[WI_ID_SIZE + 12];
    enum wi_platform platform;
    double deadline_ms;
    const struct wi_model *model;
    int raw, over;
};

static struct fixture {
    uv_loop_t loop;
    struct wi_config config;
    struct wi_model model, webgpu;
    int has_own;                       /* WebGPU has graphs of its own, which are `webgpu` */
    int is_compared;                   /* another daemon asks, which compares by itself */
    int falls_back;                    /* a page may go on with WASM */
    struct wi_node_info node, measure; /* who answers; whose WASM is there to compare with */
    struct wi_verdicts *verdicts;
    struct wi_jobs *jobs;
    struct wi_checks *checks;
    struct wi_probe requested;
    int gone, full; /* the node */
    int no_yardstick;
    char asked_node[WI_ID_SIZE], asked_browser[32]; /* of the last pick; "" for any */
    int asked_ours;
    struct sent sent[128];
    size_t sent_count, cancelled, handed_back;
    int64_t length, branch; /* of the client's inputs: how many floats, and a small whole number */
    int is_empty;           /* that number is not there */
    char set[WI_INPUT_SET_SIZE]; /* of the last client's inputs, if they are told apart */
    const char *client;          /* who sends the next */
    float first;                 /* value of the last task's first tensor */
    enum wi_task_kind task;      /* of the last task, and what it foresees */
    double prompt_tokens, answer_tokens;
    unsigned found[WI_EVIDENCE_COUNT]; /* not what was right */
    unsigned right, well;              /* verdicts; answers of nodes that joined */
    int of_joined, of_ours;            /* the last finding: the first, and its input */
    char found_node[WI_ID_SIZE];       /* likewise; "": nobody's in particular */
    /* what clients got */
    int answers;
    enum wi_verdict numerics;
    enum wi_code code;
} the;

enum wi_pick wi_pool_pick(struct wi_pool *pool, const struct wi_demand *demand,
    struct wi_choice *choice, struct wi_error *error)
{
    snprintf(the.asked_node, sizeof the.asked_node, "%s",
        demand->asked->node ? demand->asked->node : "");
    snprintf(the.asked_browser, sizeof the.asked_browser, "%s",
        demand->asked->browser ? demand->asked->browser : "");
    the.asked_ours = demand->ours_only;
    *choice = (struct wi_choice){.node = "node-1", .platform_count = 1};
    choice->platforms[0] = demand->asked->has_platform ? demand->asked->platform : WI_WASM;
    if (the.falls_back)
        choice->platforms[choice->platform_count++] = WI_WASM;
    if (!demand->asked->has_platform)
        choice->probe = the.requested;
    return the.full ? WI_PICK_WAIT : WI_PICK_NODE;
}

int wi_pool_has_room(const struct wi_pool *pool, const struct wi_demand *demand)
{
    return 1;
}

enum wi_code wi_pool_dispatch(
    struct wi_pool *pool, const char *node_id, const struct wi_task *task, struct wi_error *error)
{
    struct sent *sent = &the.sent[the.sent_count++];
    assert_true(the.sent_count <= sizeof the.sent / sizeof *the.sent);
    snprintf(sent->attempt, sizeof sent->attempt, "%s", task->attempt_id);
    sent->platform = task->platforms[0];
    sent->deadline_ms = task->deadline_ms;
    sent->raw = task->asked->raw;
    sent->model = task->asked->model;
    the.task = task->asked->task;
    the.prompt_tokens = task->asked->prompt_tokens;
    the.answer_tokens = task->asked->answer_tokens;
    if (task->asked->task == WI_TASK_NONE)
        assert_int_equal(task->tensors->count, the.length ? 2 : 1);
    if (task->tensors->count > 0)
        memcpy(&the.first, wi_tensor_bytes(&task->tensors->items[0]), sizeof the.first);
    if (task->tensors->count == 2)
        assert_int_equal(task->tensors->items[0].dims[0], the.length);
    assert_int_equal(task->asked->fallback, 0);
    return WI_OK;
}

void wi_pool_cancel(
    struct wi_pool *pool, const char *node_id, const char *attempt_id, const char *reason)
{
    the.cancelled++;
}

void wi_pool_probe_dropped(
    struct wi_pool *pool, const struct wi_model *model, const struct wi_probe *probe)
{
    assert_ptr_equal(model, &the.model);
    assert_memory_equal(probe, &the.requested, sizeof *probe);
    the.handed_back++;
}

const struct wi_node_info *wi_pool_yardstick(const struct wi_pool *pool, const char *kind)
{
    int is_other = kind && strcmp(kind, the.measure.kind) != 0;
    return is_other || the.no_yardstick ? NULL : &the.measure;
}

const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *node_id)
{
    if (strcmp(node_id, "node-wasm") == 0)
        return &the.measure;
    return the.gone ? NULL : &the.node;
}

void wi_pool_list_nodes(const struct wi_pool *pool, struct wi_strings *ids, size_t most)
{
    wi_strings_add(ids, the.node.id);
}

int wi_pool_has_kind(const struct wi_pool *pool, const char *kind)
{
    return 1;
}

struct wi_verdicts *wi_pool_verdicts(const struct wi_pool *pool)
{
    return the.verdicts;
}

void wi_pool_found_well(struct wi_pool *pool, const char *node_id)
{
    the.well++;
}

/* The verdicts that webinfer-proof(7) promises; what else follows is nothing of the guard's. */
unsigned wi_pool_found(struct wi_pool *pool, const struct wi_evidence_found *found)
{
    static const enum wi_verdict verdicts[WI_EVIDENCE_COUNT] = {[WI_EVIDENCE_CLAIM] = WI_UNABLE,
        [WI_EVIDENCE_CLIENT_INPUT] = WI_UNKNOWN,
        [WI_EVIDENCE_OUR_INPUT] = WI_WRONG};
    struct wi_finding finding = found->finding;
    int is_right = finding.verdict == WI_TRUSTED;
    the.right += (unsigned)is_right;
    the.found[found->kind] += !is_right;
    the.of_joined = found->joined;
    the.of_ours = !finding.shapes;
    snprintf(the.found_node, sizeof the.found_node, "%s", found->node ? found->node : "");
    if (!is_right)
        finding.verdict = verdicts[found->kind];
    if (found->key && found->kind == WI_EVIDENCE_OPEN)
        wi_verdicts_pause(the.verdicts, found->key, "open");
    else if (found->key)
        wi_verdicts_set(the.verdicts, found->key, &finding);
    return 0;
}

/* ---------------------------------------------------------------- the fixture */

static inline int set_up(void **state)
{
    the = (struct fixture){.model = {.name = "twice", .hash = "abcd", ._references = 1},
        .webgpu = {.name = "twice", .hash = "efgh", ._references = 1},
        .node = {.id = "node-1", .session = "session-1", .kind = "chrome"},
        .measure = {.id = "node-wasm", .session = "session-2", .kind = "chrome"},
        .requested = {.wanted = 1, .browser = "chrome", .platform = WI_WEBGPU}};
    the.config.pool.max_queue = 4;
    the.config.pool.strangers = WI_STRANGERS_TEXT;
    the.verdicts = wi_verdicts_new(NULL);
    uv_loop_init(&the.loop);
    the.jobs = wi_jobs_new(&the.loop, &the.config, NULL);
    wi_jobs_start(the.jobs, NULL);
    const struct wi_run_deps runs = {.loop = &the.loop, .config = &the.config, .jobs = the.jobs};
    the.checks = wi_checks_new(&runs, NULL);
    return 0;
}

static inline int tear_down(void **state)
{
    wi_checks_stop(the.checks);
    wi_jobs_abort(the.jobs);
    wi_jobs_free(the.jobs);
    wi_checks_free(the.checks);
    uv_run(&the.loop, UV_RUN_DEFAULT);
    wi_verdicts_free(the.verdicts);
    assert_int_equal(the.model._references, 1);
    assert_int_equal(the.webgpu._references, 1);
    return uv_loop_close(&the.loop);
}

static inline void on_done(
    void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    the.answers++;
    the.code = result->code;
    the.numerics = result->numerics;
}

static inline enum wi_code submit_so(
    int has_platform, enum wi_platform platform, int stream, enum wi_task_kind task)
{
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&the.model), .stream = stream,
        .task = task, .priority = 5, .has_platform = has_platform, .platform = platform,
        .timeout_ms = 60000, .raw = the.is_compared);
    struct wi_job_spec spec = {.asked = asked, .accepted_at = wi_now_ms()};
    struct wi_error error;
    wi_id_new(spec.id, "job");
    if (the.client)
        spec.client = wi_strdup(the.client);
    add(&asked->tensors, "x", 1, the.length ? (size_t)the.length : 1);
    if (the.length) {
        struct wi_tensor *branch = wi_tensors_add(&asked->tensors);
        branch->name = wi_strdup("branch");
        branch->datatype = WI_INT64;
        branch->blob = wi_blob_new(NULL, sizeof the.branch);
        branch->size = sizeof the.branch;
        wi_blob_append(branch->blob, &the.branch, sizeof the.branch);
        branch->rank = (unsigned)the.is_empty; /* [0] */
        branch->size = the.is_empty ? 0 : branch->size;
        wi_inference_find_set(asked);
    }
    memcpy(the.set, asked->set, sizeof the.set);
    if (the.has_own)
        asked->on_webgpu = wi_inference_of(asked, &the.webgpu);
    return wi_jobs_submit(the.jobs, &spec, NULL, on_done, NULL, &error);
}

static inline enum wi_code submit_to(int has_platform, enum wi_platform platform)
{
    return submit_so(has_platform, platform, 0, WI_TASK_NONE);
}

static inline const struct wi_pool_events *events(void)
{
    return wi_jobs_pool_events(the.jobs);
}

/* The `index`th attempt answers with `count` values. */
static inline void answer(size_t index, float value, size_t count)
{
    struct sent *sent = &the.sent[index];
    struct wi_answer answer = {
        .ok = 1, .executed_on = json_pack("{s:s}", "platform", wi_platform_names[sent->platform])};
    assert_true(index < the.sent_count && !sent->over);
    sent->over = 1;
    add(&answer.outputs, "y", value, count);
    events()->on_answer(events()->context, "node-1", sent->attempt, &answer);
    wi_tensors_clear(&answer.outputs);
    json_decref(answer.executed_on);
}

static inline void fail_with(size_t index, enum wi_code code, const char *detail, int retryable)
{
    struct wi_answer answer = {.retryable = retryable};
    the.sent[index].over = 1;
    wi_error_set(&answer.error, code, NULL, "%s", detail);
    events()->on_answer(events()->context, "node-1", the.sent[index].attempt, &answer);
}

static inline void turn(void)
{
    uv_run(&the.loop, UV_RUN_NOWAIT);
}

/* A client's request is answered by WASM with 2; gives the index of the run beside it. */
static inline size_t client(void)
{
    size_t first = the.sent_count;
    assert_int_equal(submit_to(0, 0), WI_OK);
    answer(first, 2, 1);
    turn();
    assert_int_equal(the.sent_count, first + 2);
    assert_int_equal(the.sent[first + 1].platform, WI_WEBGPU);
    return first + 1;
}

/* The last run was suspicious: an input of ours decides, of which WASM makes 2, and `nudged` of
 * nearly the same numbers. */
static inline void confirm_so(enum wi_platform platform, float value, float nudged)
{
    size_t first = the.sent_count - 1;
    float ours = the.first;
    assert_int_equal(the.sent[first].platform, WI_WASM);
    assert_true(ours != 1);
    answer(first, 2, 1);
    assert_int_equal(the.sent_count, first + 2);
    assert_int_equal(the.sent[first + 1].platform, platform);
    assert_true(the.first == ours);
    answer(first + 1, value, 1);
    if (value == 2)
        return;
    assert_int_equal(the.sent_count, first + 3);
    assert_int_equal(the.sent[first + 2].platform, WI_WASM);
    assert_true(the.first != ours && fabsf(the.first - ours) <= fabsf(ours) / 16384);
    answer(first + 2, nudged, 1);
}

static inline void confirm(enum wi_platform platform, float value)
{
    confirm_so(platform, value, 2);
}

/* Two inputs of ours in a row differ. */
static inline void condemn(enum wi_platform platform, float value)
{
    confirm(platform, value);
    confirm(platform, value);
}

static inline enum wi_verdict look_up(enum wi_platform platform, int *due)
{
    struct wi_place place = wi_place_of(&the.node, the.model.engine, platform);
    struct wi_known known = wi_verdicts_get(the.verdicts, &the.model, &place, NULL, the.set);
    *due = known.due;
    return known.verdict;
}

static inline enum wi_verdict verdict_on(enum wi_platform platform)
{
    int due;
    return look_up(platform, &due);
}

/* Whether another check of WebGPU would tell something new. */
static inline int is_due(void)
{
    int due;
    look_up(WI_WEBGPU, &due);
    return due;
}

static inline enum wi_verdict verdict(void)
{
    return verdict_on(WI_WEBGPU);
}

static inline struct wi_check_counters counters(void)
{
    struct wi_check_counters counters;
    wi_checks_counters(the.checks, &counters);
    return counters;
}

/* Until nothing is compared any more, off the loop; no run may wait for an answer. */
static inline void compared(void)
{
    while (counters().running > 0)
        uv_run(&the.loop, UV_RUN_ONCE);
}

#endif
