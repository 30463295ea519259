/*
 * Cross-checks against a pool that the test plays: nodes of ours, and those that joined, that
 * compute what the test says. For use in one test file each: everything is static.
 */
#ifndef WI_TESTS_UNIT_CHECK_CROSS_FIXTURE_H
#define WI_TESTS_UNIT_CHECK_CROSS_FIXTURE_H

#include "../../asked.h"
#include "../../test.h"

#define PLAYS_EVIDENCE
#include "../../work/job/quiet_pool.h"
#include "base/clock.h"
#include "base/memory.h"
#include "full.h"
#include "owners/check/check.h"
#include "terms/kernel/answers.h"
#include "work/pool/evidence.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SENT_MAX 4096
#define MIB ((size_t)1024 * 1024)

/* ---------------------------------------------------------------- the pool that we play */

struct sent {
    char attempt[WI_ID_SIZE + 12], node[WI_ID_SIZE], client[16];
    enum wi_platform platform;
    int raw, shadow, over, fallback;
    enum wi_task_kind task;
    double deadline_ms, prompt_tokens;
    float first;              /* of its inputs: 1 of a client's */
    struct wi_tensors inputs; /* of a kernel */
};

/* What a node computes: the number that its outputs are full of. */
struct player {
    struct wi_node_info info;
    double value;
    double of_clients; /* that of inputs that a client chose; 0: the same */
    double nudged;     /* of nearly the numbers that it was asked before; likewise */
    float before;
    const char *output; /* what raw outputs are called; NULL: as they should be */
    int tells_nothing;  /* it does not know what is meant by raw outputs */
    int falls_back;     /* what it is asked again it says that it computed elsewhere */
    int gone;
    enum wi_code refuses; /* WI_OK: it answers */
};

static struct {
    uv_loop_t loop;
    struct wi_config config;
    struct wi_config_browser kinds[2];
    struct wi_model model;
    struct player chrome, firefox, stranger, another; /* the last has not come yet */
    struct wi_verdicts *verdicts;
    struct wi_jobs *jobs;
    struct wi_checks *checks;
    struct sent sent[SENT_MAX];
    size_t sent_count;
    int busy;           /* nobody of ours has room */
    size_t count;       /* of an output's numbers; 0: 1 */
    const char *claims; /* what nodes say that they computed in; NULL: nothing */
    int simulated;      /* … or that they compute nothing */
    enum wi_platform answers_on;
    size_t answered; /* clients' jobs */
    unsigned found[WI_EVIDENCE_COUNT], well;
    size_t condemned;
    char condemned_node[WI_ID_SIZE], reason[160];
    int has_key; /* it is about a place, too */
} the;

static inline struct player *find_player(const char *node)
{
    if (strcmp(node, the.chrome.info.id) == 0)
        return &the.chrome;
    if (strcmp(node, the.another.info.id) == 0)
        return &the.another;
    return strcmp(node, the.firefox.info.id) == 0 ? &the.firefox : &the.stranger;
}

static inline struct player *find_ours(const char *kind)
{
    struct player *players[] = {&the.chrome, &the.firefox};
    for (size_t i = 0; i < 2; i++)
        if (!players[i]->gone && (!kind || strcmp(players[i]->info.kind, kind) == 0))
            return players[i];
    return NULL;
}

enum wi_pick wi_pool_pick(struct wi_pool *pool, const struct wi_demand *demand,
    struct wi_choice *choice, struct wi_error *error)
{
    const struct wi_inference *asked = demand->asked;
    struct player *player = demand->ours_only ? find_ours(asked->browser)
                            : asked->node     ? find_player(asked->node)
                                              : &the.stranger;
    *choice = (struct wi_choice){.platform_count = 1};
    choice->platforms[0] = asked->has_platform ? asked->platform : the.answers_on;
    if (demand->ours_only && the.busy)
        return WI_PICK_WAIT;
    if (!player) {
        wi_error_set(error, WI_UNAVAILABLE, NULL, "nobody");
        return WI_PICK_NEVER;
    }
    memcpy(choice->node, player->info.id, sizeof choice->node);
    return WI_PICK_NODE;
}

int wi_pool_has_room(const struct wi_pool *pool, const struct wi_demand *demand)
{
    return 1;
}

enum wi_code wi_pool_dispatch(
    struct wi_pool *pool, const char *node_id, const struct wi_task *task, struct wi_error *error)
{
    struct sent *sent = &the.sent[the.sent_count++];
    assert_true(the.sent_count < SENT_MAX);
    memset(sent, 0, sizeof *sent);
    snprintf(sent->attempt, sizeof sent->attempt, "%s", task->attempt_id);
    snprintf(sent->node, sizeof sent->node, "%s", node_id);
    sent->platform = task->platforms[0];
    sent->raw = task->asked->raw;
    sent->task = task->asked->task;
    sent->shadow = task->asked->client_id == NULL;
    sent->fallback = task->asked->fallback;
    sent->deadline_ms = task->deadline_ms;
    sent->prompt_tokens = task->asked->prompt_tokens;
    snprintf(sent->client, sizeof sent->client, "%s", task->client ? task->client : "");
    assert_int_equal(strncmp(task->job_id, "job-", 4), 0);
    if (task->tensors->count > 0)
        memcpy(&sent->first, wi_tensor_bytes(&task->tensors->items[0]), sizeof sent->first);
    if (task->asked->kernel)
        wi_tensors_share(&sent->inputs, task->tensors);
    return WI_OK;
}

void wi_pool_cancel(
    struct wi_pool *pool, const char *node_id, const char *attempt_id, const char *reason)
{
}

void wi_pool_probe_dropped(
    struct wi_pool *pool, const struct wi_model *model, const struct wi_probe *probe)
{
}

const struct wi_node_info *wi_pool_yardstick(const struct wi_pool *pool, const char *kind)
{
    const struct player *player = find_ours(kind);
    return player ? &player->info : NULL;
}

const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *node_id)
{
    const struct player *player = find_player(node_id);
    return player->gone || strcmp(player->info.id, node_id) != 0 ? NULL : &player->info;
}

void wi_pool_list_nodes(const struct wi_pool *pool, struct wi_strings *ids, size_t most)
{
    const struct player *players[] = {&the.chrome, &the.firefox, &the.stranger, &the.another};
    for (size_t i = 0; i < 4 && ids->count < most; i++)
        if (!players[i]->gone)
            wi_strings_add(ids, players[i]->info.id);
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
    assert_true(find_player(node_id) == &the.stranger || find_player(node_id) == &the.another);
    the.well++;
}

unsigned wi_pool_found(struct wi_pool *pool, const struct wi_evidence_found *found)
{
    the.found[found->kind]++;
    assert_true(found->joined);
    if (found->kind != WI_EVIDENCE_OUR_INPUT && found->kind != WI_EVIDENCE_KNOWN_ANSWER)
        return 0;
    the.condemned++;
    the.has_key = found->key != NULL;
    snprintf(the.condemned_node, sizeof the.condemned_node, "%s", found->node);
    snprintf(the.reason, sizeof the.reason, "%s", found->finding.detail);
    return 0;
}

/* ---------------------------------------------------------------- the fixture */

static inline int set_up(void **state)
{
    memset(&the, 0, sizeof the);
    the.model = (struct wi_model){.name = "twice", .hash = "abcd", ._references = 1};
    the.chrome = (struct player){
        .info = {.id = "node-c", .session = "session-c", .kind = "chrome"}, .value = 2};
    the.firefox = (struct player){
        .info = {.id = "node-f", .session = "session-f", .kind = "firefox"}, .value = 2};
    the.stranger =
        (struct player){.info = {.id = "node-s", .party = "token-s", .kind = "chrome"}, .value = 2};
    the.another = the.stranger;
    the.another.gone = 1;
    strcpy(the.another.info.id, "node-a");
    the.kinds[0].kind = "chrome";
    the.kinds[1].kind = "firefox";
    the.answers_on = WI_WASM;
    the.config.browsers = the.kinds;
    the.config.browser_count = 2;
    the.config.pool.max_queue = 4;
    the.config.pool.strangers = WI_STRANGERS_TEXT;
    the.config.pool.recheck_strangers = 1;
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
    return uv_loop_close(&the.loop);
}

static inline json_t *report_of(const struct sent *sent)
{
    json_t *report = json_pack(
        "{s:s, s:b}", "platform", wi_platform_names[sent->platform], "simulated", the.simulated);
    if (the.claims)
        json_object_set_new(report, "precision", json_string(the.claims));
    return report;
}

/* `value` full, but of the kernel add its sums, which are off by what `value` is beyond 2. */
static inline void put_outputs(struct wi_tensors *outputs, struct sent *sent, double value)
{
    const struct player *player = find_player(sent->node);
    const char *name = !sent->raw ? "y" : player->output ? player->output : "model/logits";
    size_t count = sent->inputs.count ? sent->inputs.items[0].size / sizeof(float) : the.count;
    add(outputs, name, (float)value, count ? count : 1);
    if (!sent->inputs.count)
        return;
    float *sums = (float *)(void *)outputs->items[0].blob->bytes;
    const float *a = (const float *)(const void *)wi_tensor_bytes(&sent->inputs.items[0]);
    const float *b = (const float *)(const void *)wi_tensor_bytes(&sent->inputs.items[1]);
    for (size_t i = 0; i < count; i++)
        sums[i] = a[i] + b[i] + (float)(value - 2);
    wi_tensors_clear(&sent->inputs);
}

static inline double value_of(struct player *player, const struct sent *sent)
{
    int is_near = player->before != sent->first &&
                  fabsf(sent->first - player->before) <= fabsf(player->before) / 16384;
    player->before = sent->first;
    if (player->nudged != 0 && is_near)
        return player->nudged;
    return player->of_clients != 0 && sent->first == 1 ? player->of_clients : player->value;
}

static inline void answer(struct sent *sent)
{
    const struct wi_pool_events *events = wi_jobs_pool_events(the.jobs);
    struct player *player = find_player(sent->node);
    struct wi_answer answer = {.ok = player->refuses == WI_OK || !sent->shadow};
    int is_raw = sent->raw && !player->tells_nothing;
    sent->over = 1;
    if (sent->shadow && player->falls_back)
        sent->platform = WI_WEBGL;
    if (!answer.ok)
        wi_error_set(&answer.error, player->refuses, NULL, "it does not");
    else
        answer.executed_on = report_of(sent);
    if (answer.ok && sent->task != WI_TASK_NONE)
        answer.result = json_pack("{s:b}", "raw", is_raw);
    if (answer.ok)
        put_outputs(&answer.outputs, sent, value_of(player, sent));
    events->on_answer(events->context, sent->node, sent->attempt, &answer);
    wi_tensors_clear(&answer.outputs);
    wi_tensors_clear(&sent->inputs);
    json_decref(answer.executed_on);
    json_decref(answer.result);
}

static inline struct wi_cross_counters counters(void)
{
    struct wi_cross_counters counters;
    wi_checks_cross_counters(the.checks, &counters);
    return counters;
}

/* Whoever was asked answers, until nothing is asked and nothing compared any more. */
static inline void settle(void)
{
    size_t at = 0;
    do {
        uv_run(&the.loop, UV_RUN_NOWAIT);
        for (; at < the.sent_count; at++)
            if (!the.sent[at].over)
                answer(&the.sent[at]);
    } while (counters().waiting > 0 && !the.busy);
    the.sent_count = 0;
}

static inline void on_done(
    void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    the.answered += result->code == WI_OK;
}

static inline void submit_asked(struct wi_inference *asked)
{
    struct wi_job_spec spec = {
        .asked = asked, .client = wi_strdup("bob"), .accepted_at = wi_now_ms()};
    struct wi_error error;
    wi_id_new(spec.id, "job");
    asked->client_id = wi_strdup("of a client");
    for (size_t i = 0; i < (asked->kernel ? 2 : 1); i++)
        add(&asked->tensors, i ? "b" : "x", 1, the.count ? the.count : 1);
    assert_int_equal(wi_jobs_submit(the.jobs, &spec, NULL, on_done, NULL, &error), WI_OK);
}

static inline void submit(enum wi_task_kind task)
{
    submit_asked(
        ASKED(.model = wi_model_ref(&the.model), .task = task, .priority = 5, .timeout_ms = 60000));
}

/* A client's request goes to the stranger, and what follows is waited for. */
static inline void client(void)
{
    submit(WI_TASK_NONE);
    settle();
}

#endif
