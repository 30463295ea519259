/*
 * Cross-checks against a pool that the test plays: which answers of nodes that joined are computed
 * again, by whom, and what becomes of those that differ.
 */
#include "../asked.h"
#include "../test.h"

#define PLAYS_EVIDENCE
#include "../job/quiet_pool.h"
#include "base/clock.h"
#include "base/memory.h"
#include "check/check.h"
#include "full.h"
#include "kernel/answers.h"
#include "pool/evidence.h"
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
    struct player chrome, firefox, stranger;
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

static struct player *find_player(const char *node)
{
    if (strcmp(node, the.chrome.info.id) == 0)
        return &the.chrome;
    return strcmp(node, the.firefox.info.id) == 0 ? &the.firefox : &the.stranger;
}

static struct player *find_ours(const char *kind)
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
    struct player *player = demand->ours_only ? find_ours(demand->asked->browser) : &the.stranger;
    *choice = (struct wi_choice){.platform_count = 1};
    choice->platforms[0] = demand->asked->has_platform ? demand->asked->platform : the.answers_on;
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

int wi_pool_yardstick(const struct wi_pool *pool, const char *kind, char node[WI_ID_SIZE])
{
    const struct player *player = find_ours(kind);
    if (player)
        memcpy(node, player->info.id, WI_ID_SIZE);
    return player ? 0 : -1;
}

const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *node_id)
{
    const struct player *player = find_player(node_id);
    return player->gone || strcmp(player->info.id, node_id) != 0 ? NULL : &player->info;
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
    assert_string_equal(node_id, the.stranger.info.id);
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

static int set_up(void **state)
{
    memset(&the, 0, sizeof the);
    the.model = (struct wi_model){.name = "twice", .hash = "abcd", ._references = 1};
    the.chrome = (struct player){
        .info = {.id = "node-c", .session = "session-c", .kind = "chrome"}, .value = 2};
    the.firefox = (struct player){
        .info = {.id = "node-f", .session = "session-f", .kind = "firefox"}, .value = 2};
    the.stranger = (struct player){.info = {.id = "node-s", .kind = "chrome"}, .value = 2};
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
    the.checks = wi_checks_new(&the.loop, the.jobs, NULL, &the.config);
    return 0;
}

static int tear_down(void **state)
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

FIXTURE(set_up, tear_down)

static json_t *report_of(const struct sent *sent)
{
    json_t *report = json_pack(
        "{s:s, s:b}", "platform", wi_platform_names[sent->platform], "simulated", the.simulated);
    if (the.claims)
        json_object_set_new(report, "precision", json_string(the.claims));
    return report;
}

/* `value` full, but of the kernel add its sums, which are off by what `value` is beyond 2. */
static void put_outputs(struct wi_tensors *outputs, struct sent *sent, double value)
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

static double value_of(struct player *player, const struct sent *sent)
{
    int is_near = player->before != sent->first &&
                  fabsf(sent->first - player->before) <= fabsf(player->before) / 16384;
    player->before = sent->first;
    if (player->nudged != 0 && is_near)
        return player->nudged;
    return player->of_clients != 0 && sent->first == 1 ? player->of_clients : player->value;
}

static void answer(struct sent *sent)
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

static struct wi_cross_counters counters(void)
{
    struct wi_cross_counters counters;
    wi_checks_cross_counters(the.checks, &counters);
    return counters;
}

/* Whoever was asked answers, until nothing is asked and nothing compared any more. */
static void settle(void)
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

static void on_done(void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    the.answered += result->code == WI_OK;
}

static void submit_asked(struct wi_inference *asked)
{
    struct wi_job_spec spec = {
        .asked = asked, .client = wi_strdup("bob"), .accepted_at = wi_now_ms()};
    struct wi_error error;
    wi_id_new(spec.id, "job");
    asked->client_id = wi_strdup("of a client");
    for (size_t i = 0; i < (asked->kernel ? 2 : 1); i++)
        add(&asked->tensors, i ? "b" : "x", 1, the.count ? the.count : 1);
    assert_int_equal(wi_jobs_submit(the.jobs, &spec, on_done, NULL, &error), WI_OK);
}

static void submit(enum wi_task_kind task)
{
    submit_asked(
        ASKED(.model = wi_model_ref(&the.model), .task = task, .priority = 5, .timeout_ms = 60000));
}

/* A client's request goes to the stranger, and what follows is waited for. */
static void client(void)
{
    submit(WI_TASK_NONE);
    settle();
}

/* ---------------------------------------------------------------- which answers */

/* So many answers of one node; gives how many of them were computed again. */
static uint64_t checked_of(size_t answers)
{
    uint64_t before = counters().agreed;
    for (size_t i = 0; i < answers; i++)
        client();
    return counters().agreed - before;
}

TEST(the_first_three_of_each_node_are_computed_again)
{
    the.config.pool.recheck_strangers = 1e-12;
    assert_int_equal(checked_of(10), 3);
    snprintf(the.stranger.info.id, WI_ID_SIZE, "node-t");
    assert_int_equal(checked_of(10), 3);
    assert_int_equal(the.answered, 20);
}

/* Else whoever comes and goes would take memory for ever. */
TEST(of_nodes_that_are_gone_nothing_is_remembered)
{
    the.config.pool.recheck_strangers = 1e-12;
    assert_int_equal(checked_of(4), 3);
    for (int i = 0; i < 1100; i++) {
        snprintf(the.stranger.info.id, WI_ID_SIZE, "node-%d", i);
        client();
    }
    assert_int_equal(checked_of(4), 2); /* the last of them is there, and its first was one */
    snprintf(the.stranger.info.id, WI_ID_SIZE, "node-s");
    assert_int_equal(checked_of(4), 3);
}

/* Of 2,000 drawn by halves the deviation is 22: ten times that never comes. */
TEST(of_the_others_a_share_is)
{
    the.config.pool.recheck_strangers = 0.5;
    uint64_t checked = checked_of(2003) - 3;
    assert_in_range(checked, 1000 - 220, 1000 + 220);
}

TEST(of_all_or_none_each_is_or_none)
{
    assert_int_equal(checked_of(20), 20);
    the.config.pool.recheck_strangers = 0;
    snprintf(the.stranger.info.id, WI_ID_SIZE, "node-t");
    assert_int_equal(checked_of(20), 0);
}

TEST(a_browser_of_ours_is_the_guards_business)
{
    snprintf(the.stranger.info.session, WI_ID_SIZE, "session-s");
    assert_int_equal(checked_of(5), 0);
}

TEST(nor_is_what_has_no_right_answer)
{
    snprintf(the.model.facts.signature.random, sizeof the.model.facts.signature.random, "Dropout");
    assert_int_equal(checked_of(5), 0);
    the.model.facts.signature.random[0] = '\0';
    the.simulated = 1;
    assert_int_equal(checked_of(5), 0);
    the.simulated = 0;
    the.model.builtin = WI_BUILTIN_ECHO;
    assert_int_equal(checked_of(5), 0);
}

/* What such a platform computes may be wrong on every machine. */
TEST(a_platform_that_is_not_known_to_be_right_is_the_guards)
{
    the.answers_on = WI_WEBGPU;
    the.stranger.value = 3;
    client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().agreed + counters().wrong, 0);
}

/* ---------------------------------------------------------------- what becomes of them */

/* The same numbers within what rounding makes of them, on one kind or another, in pieces of one
 * number or of many, which are compared off the loop. */
TEST(an_honest_node_is_never_found_wrong)
{
    for (size_t i = 0; i < 500; i++) {
        the.stranger.value = 2 * (1 + 9e-4 * sin((double)i));
        the.chrome.gone = i % 5 == 0;
        the.count = i % 50 == 0 ? 20000 : 1;
        client();
    }
    assert_int_equal(counters().agreed, 500);
    assert_int_equal(the.condemned, 0);
    assert_int_equal(the.answered, 500);
    assert_int_equal(counters().bytes, 0);
}

TEST(one_percent_is_too_much)
{
    the.stranger.value = 2.02;
    client();
    assert_int_equal(the.condemned, 1);
    assert_string_equal(the.condemned_node, "node-s");
    assert_string_equal(the.reason, "what it computed of twice on wasm is 9.09 times the tolerance "
                                    "off what we compute");
    assert_int_equal(counters().wrong, 1);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1); /* before it was certain */
    assert_int_equal(the.found[WI_EVIDENCE_OUR_INPUT], 1);
    assert_int_equal(the.well, 0);
}

TEST(right_until_the_fifth)
{
    assert_int_equal(checked_of(4), 4);
    the.stranger.value = 2.02;
    client();
    assert_int_equal(the.condemned, 1);
}

TEST(what_a_node_says_of_its_precision_allows_it_nothing)
{
    the.claims = "fp16";
    the.stranger.value = 2.02;
    client();
    assert_int_equal(the.condemned, 1);
}

TEST(a_model_of_few_bits_may_differ_more)
{
    the.model.facts.signature.quantised = 1;
    the.stranger.value = 2.02;
    client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().agreed, 1);
    assert_int_equal(the.well, 1);
}

/* Sums that cancel, say, on which honest places differ by any factor. */
TEST(an_input_of_a_client_condemns_nobody)
{
    the.stranger.of_clients = -4333;
    for (int i = 0; i < 20; i++)
        client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().suspected, 20);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 20);
    assert_int_equal(the.found[WI_EVIDENCE_OUR_INPUT], 0);
    assert_int_equal(the.well, 20); /* it was right about ours */
}

/* A model that makes much of a rounding error: no place can be told from another by it. */
TEST(nor_does_one_of_ours_that_tells_nothing)
{
    the.stranger.value = 2.02;
    the.chrome.nudged = 2.001; /* of 1.1e-3 of 2 that is 0.45, and a quarter may be */
    client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().suspected, 1);
    the.chrome.nudged = 2.0005; /* 0.23 */
    client();
    assert_int_equal(the.condemned, 1);
}

TEST(nor_does_one_that_cannot_be_made)
{
    the.count = 5 * MIB / sizeof(float); /* more than is drawn */
    the.stranger.value = 3;
    client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().suspected, 1);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1);
}

/* Of four inputs of ours two differ, whichever it begins with. */
TEST(a_lie_to_every_second_is_found)
{
    for (size_t first = 0; first < 2; first++) {
        the.stranger.of_clients = 3;
        the.stranger.value = first ? 2 : 3;
        submit(WI_TASK_NONE);
        size_t at = 0;
        do {
            uv_run(&the.loop, UV_RUN_NOWAIT);
            for (; at < the.sent_count; at++) {
                int lies = the.sent[at].shadow && strcmp(the.sent[at].node, "node-s") == 0;
                answer(&the.sent[at]);
                if (lies)
                    the.stranger.value = 5 - the.stranger.value; /* 3 after 2, and 2 after 3 */
            }
        } while (counters().waiting > 0);
        the.sent_count = 0;
        assert_int_equal(the.condemned, first + 1);
    }
}

/* What it is asked to be checked by is as a client asks. */
TEST(a_check_looks_like_work)
{
    the.stranger.value = 3;
    struct wi_inference *asked =
        ASKED(.model = wi_model_ref(&the.model), .priority = 5, .timeout_ms = 90000, .fallback = 1);
    submit_asked(asked);
    size_t at = 0, seen = 0;
    do {
        uv_run(&the.loop, UV_RUN_NOWAIT);
        for (; at < the.sent_count; at++) {
            const struct sent *sent = &the.sent[at];
            if (strcmp(sent->node, "node-s") == 0) {
                assert_string_equal(sent->client, "bob");
                assert_int_equal(sent->fallback, 1);
                assert_false(sent->raw);
                assert_true(sent->deadline_ms > 89990 && sent->deadline_ms < 90000);
                seen++;
            } else {
                assert_string_equal(sent->client, "");
            }
            answer(&the.sent[at]);
        }
    } while (counters().waiting > 0);
    assert_int_equal(seen, 3); /* the client's, and two of ours */
    assert_int_equal(the.condemned, 1);
}

TEST(infinities_and_other_lengths_differ)
{
    the.stranger.value = (double)INFINITY;
    client();
    assert_int_equal(the.condemned, 1);
    assert_string_equal(
        the.reason, "what it computed of twice on wasm has another form than what we compute");
}

TEST(a_second_place_of_ours_has_to_agree_with_the_first)
{
    the.stranger.value = 3;
    the.firefox.value = 4;
    client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().disputed, 1);
    the.firefox.value = 2;
    client();
    assert_int_equal(the.condemned, 1);
}

TEST(without_a_second_place_the_first_counts)
{
    the.stranger.value = 3;
    the.firefox.gone = 1;
    client();
    assert_int_equal(the.condemned, 1);
}

TEST(a_second_place_that_does_not_run_it_is_none)
{
    the.stranger.value = 3;
    the.firefox.refuses = WI_OPERATOR_UNSUPPORTED;
    client();
    assert_int_equal(the.condemned, 1);
}

TEST(what_nobody_of_ours_runs_is_not_told)
{
    the.stranger.value = 3;
    the.chrome.refuses = the.firefox.refuses = WI_INFERENCE_FAILED;
    client();
    the.chrome.gone = the.firefox.gone = 1;
    client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().unable, 2);
}

/* A picture is decoded by each kind of browser in its own way. */
TEST(what_no_browser_of_its_kind_can_see_is_not_told)
{
    the.chrome.gone = 1;
    the.stranger.value = 3;
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&the.model), .priority = 5,
        .timeout_ms = 60000, .input = json_pack("{s:{s:i}}", "image", "tensor", 0));
    submit_asked(asked);
    settle();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().unable, 1);
}

TEST(an_answer_of_ours_that_nothing_computed_says_nothing)
{
    the.stranger.value = 3;
    submit(WI_TASK_NONE);
    uv_run(&the.loop, UV_RUN_NOWAIT);
    answer(&the.sent[0]);
    the.simulated = 1;
    settle();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().dropped, 1);
}

/* The guard has trusted the platform on another input: what it computes of this one is compared
 * with the same platform of ours, too. */
TEST(a_platform_that_is_wrong_everywhere_is_nobodys_lie)
{
    struct wi_place place = wi_place_of(&the.stranger.info, the.model.engine, WI_WEBGPU);
    char key[WI_VERDICT_KEY_SIZE];
    wi_verdict_key(key, &the.model, &place, NULL, NULL);
    wi_verdicts_set(the.verdicts, key, &(struct wi_finding){.verdict = WI_TRUSTED});
    the.answers_on = WI_WEBGPU;
    the.config.pool.numerics = WI_NUMERICS_CHECK;
    the.firefox.info.platforms[WI_WEBGPU].available = 1;
    the.stranger.value = the.firefox.value = 3; /* the first is Chrome's, on WASM */
    client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().disputed, 1);
    the.firefox.value = 2;
    client();
    assert_int_equal(the.condemned, 1);
}

TEST(what_is_found_is_about_a_platform_other_than_wasm_too)
{
    struct wi_place place = wi_place_of(&the.stranger.info, the.model.engine, WI_WEBGPU);
    char key[WI_VERDICT_KEY_SIZE];
    client();
    the.stranger.value = 3;
    client();
    assert_int_equal(the.condemned, 1);
    assert_false(the.has_key);
    wi_verdict_key(key, &the.model, &place, NULL, NULL);
    wi_verdicts_set(the.verdicts, key, &(struct wi_finding){.verdict = WI_TRUSTED});
    the.answers_on = WI_WEBGPU;
    the.config.pool.numerics = WI_NUMERICS_CHECK;
    client();
    assert_int_equal(the.condemned, 2);
    assert_true(the.has_key);
}

/* Its answer was to a client's input, which does not decide. */
TEST(who_has_gone_before_ours_is_asked_is_not_found_wrong)
{
    the.busy = 1;
    the.stranger.value = 3;
    client();
    the.stranger.gone = 1;
    the.busy = 0;
    wi_jobs_pool_events(the.jobs)->on_capacity(the.jobs);
    settle();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1);
    assert_int_equal(counters().dropped, 1);
}

/* ---------------------------------------------------------------- tasks */

/* Its text may rightly differ: both are asked for what the graphs put out. */
TEST(of_a_task_what_the_graphs_put_out_is_compared)
{
    the.model.format = WI_FORMAT_HUGGINGFACE;
    submit(WI_TASK_TEXT_CLASSIFICATION);
    settle();
    assert_int_equal(counters().agreed, 1);
    the.stranger.value = 3;
    submit(WI_TASK_TEXT_CLASSIFICATION);
    settle();
    assert_int_equal(the.condemned, 1);
    assert_int_equal(the.answered, 2);
}

TEST(who_is_gone_before_it_is_asked_for_that_is_not_found_wrong)
{
    the.model.format = WI_FORMAT_HUGGINGFACE;
    the.stranger.value = 3;
    submit(WI_TASK_TEXT_CLASSIFICATION);
    uv_run(&the.loop, UV_RUN_NOWAIT);
    answer(&the.sent[0]);
    the.stranger.gone = 1;
    settle();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().dropped, 1);
}

TEST(vectors_of_texts_are_compared_as_they_were_given)
{
    the.model.format = WI_FORMAT_HUGGINGFACE;
    submit(WI_TASK_EMBED);
    uv_run(&the.loop, UV_RUN_NOWAIT);
    the.stranger.value = 3;
    answer(&the.sent[0]);
    settle();
    assert_int_equal(the.condemned, 1);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1);
}

static void task(void)
{
    the.model.format = WI_FORMAT_HUGGINGFACE;
    submit(WI_TASK_TEXT_CLASSIFICATION);
    settle();
}

/* The node's choice has a consequence, and is not the way out. */
TEST(who_tells_nothing_of_its_graphs_is_booked)
{
    the.stranger.tells_nothing = 1;
    task();
    assert_int_equal(the.found[WI_EVIDENCE_OPEN], 1);
    assert_int_equal(counters().unable, 1);
    assert_int_equal(the.condemned, 0);
    assert_int_equal(the.well, 0);
}

TEST(so_is_who_does_not_compute_what_ours_has)
{
    the.stranger.refuses = WI_INFERENCE_FAILED;
    task();
    assert_int_equal(the.found[WI_EVIDENCE_OPEN], 1);
    assert_int_equal(counters().unable, 1);
}

TEST(and_who_computes_it_elsewhere_when_it_is_checked)
{
    the.stranger.falls_back = 1;
    task();
    assert_int_equal(the.found[WI_EVIDENCE_OPEN], 1);
}

TEST(outputs_of_another_name_are_wrong)
{
    the.stranger.output = "model/fantasies";
    task();
    assert_int_equal(the.condemned, 1);
    assert_int_equal(the.found[WI_EVIDENCE_OPEN], 0);
}

/* One in a hundred inputs takes an honest place so (check/draws.c). */
TEST(of_few_bits_three_inputs_have_to_differ)
{
    the.model.facts.signature.quantised = 1;
    the.stranger.value = 3;
    the.model.format = WI_FORMAT_HUGGINGFACE;
    submit(WI_TASK_TEXT_CLASSIFICATION);
    size_t at = 0, asked = 0;
    do {
        uv_run(&the.loop, UV_RUN_NOWAIT);
        for (; at < the.sent_count; at++) {
            asked += the.sent[at].shadow && strcmp(the.sent[at].node, "node-s") == 0;
            answer(&the.sent[at]);
        }
    } while (counters().waiting > 0);
    assert_int_equal(asked, 3);
    assert_int_equal(the.condemned, 1);
}

/* A client's own prompt is asked again of a language model, and ours as long as it. */
TEST(a_prompt_that_differs_is_followed_by_ones_as_long)
{
    the.model.format = WI_FORMAT_GGUF;
    the.stranger.value = 3;
    struct wi_inference *asked =
        ASKED(.model = wi_model_ref(&the.model), .task = WI_TASK_CHAT, .priority = 5,
            .timeout_ms = 60000, .prompt_tokens = 300, .input = json_pack("{s:[]}", "messages"));
    submit_asked(asked);
    size_t at = 0, ours = 0;
    do {
        uv_run(&the.loop, UV_RUN_NOWAIT);
        for (; at < the.sent_count; at++) {
            if (the.sent[at].shadow)
                assert_true(the.sent[at].prompt_tokens == 300);
            ours += the.sent[at].shadow && the.sent[at].task == WI_TASK_COMPLETE;
            answer(&the.sent[at]);
        }
    } while (counters().waiting > 0);
    assert_true(ours > 0);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1);
    assert_int_equal(the.condemned, 1);
}

/* ---------------------------------------------------------------- kernels */

static void compute(void)
{
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&the.model),
        .kernel = wi_kernel_find("add"), .priority = 5, .timeout_ms = 60000);
    the.model.engine = WI_ENGINE_KERNELS;
    submit_asked(asked);
    settle();
}

/* Some of them by what ours makes of the client's numbers, others by a known answer. */
TEST(kernels_are_looked_at_both_ways)
{
    size_t known = 0;
    for (int i = 0; i < 60; i++) {
        struct wi_inference *asked = ASKED(.model = wi_model_ref(&the.model),
            .kernel = wi_kernel_find("add"), .priority = 5, .timeout_ms = 60000);
        the.model.engine = WI_ENGINE_KERNELS;
        submit_asked(asked);
        uv_run(&the.loop, UV_RUN_NOWAIT);
        answer(&the.sent[0]);
        uv_run(&the.loop, UV_RUN_NOWAIT);
        assert_int_equal(the.sent_count, 2);
        known += strcmp(the.sent[1].node, "node-s") == 0;
        settle();
    }
    assert_int_equal(counters().agreed, 60);
    assert_int_equal(the.well, 60);
    assert_in_range(known, 5, 55); /* of 60 by halves the deviation is 4 */
}

TEST(a_known_answer_is_known_where_no_browser_of_ours_is)
{
    the.chrome.gone = the.firefox.gone = 1;
    compute();
    assert_int_equal(counters().agreed, 1);
    the.stranger.value = 2.001; /* beyond 1e-4 of the largest, which is at most 4 */
    compute();
    assert_int_equal(the.found[WI_EVIDENCE_KNOWN_ANSWER], 1);
    assert_int_equal(the.condemned, 1);
    assert_int_equal(strncmp(the.reason, "add on wasm: element 0 is ", 26), 0);
}

TEST(so_it_is_on_a_platform_that_is_not_trusted)
{
    the.answers_on = WI_NATIVE;
    the.stranger.value = 3;
    compute();
    assert_int_equal(the.found[WI_EVIDENCE_KNOWN_ANSWER], 1);
    assert_true(the.has_key);
}

TEST(a_kernel_that_is_lied_about_is_found_either_way)
{
    the.stranger.value = 3;
    for (size_t i = 1; i <= 20; i++) {
        compute();
        assert_int_equal(the.condemned, i);
    }
    assert_true(the.found[WI_EVIDENCE_KNOWN_ANSWER] > 0 && the.found[WI_EVIDENCE_OUR_INPUT] > 0);
}

TEST(a_kernel_that_it_lacks_is_nothing_against_it)
{
    the.chrome.gone = the.firefox.gone = 1;
    the.stranger.refuses = WI_OPERATOR_UNSUPPORTED;
    compute();
    assert_int_equal(counters().unable, 1);
    assert_int_equal(the.found[WI_EVIDENCE_OPEN], 0);
}

/* ---------------------------------------------------------------- under load */

TEST(what_waits_is_bounded_and_the_oldest_goes)
{
    the.busy = 1;
    the.count = MIB / sizeof(float);
    for (int i = 0; i < 100; i++) {
        client();
        assert_true(counters().bytes <= 64 * MIB);
    }
    struct wi_cross_counters held = counters();
    assert_int_equal(the.answered, 100);
    assert_in_range(held.waiting, 20, 64);
    assert_int_equal(held.dropped, 100 - held.waiting);
    /* A lie among the oldest has gone; one among the others is found. */
    the.stranger.value = 3;
    client();
    the.busy = 0;
    wi_jobs_pool_events(the.jobs)->on_capacity(the.jobs);
    settle();
    assert_int_equal(the.condemned, 1);
    assert_int_equal(counters().bytes, 0);
}

TEST(what_has_no_room_at_all_is_dropped)
{
    the.count = 33 * MIB / sizeof(float);
    client();
    assert_int_equal(counters().dropped, 1);
    assert_int_equal(counters().bytes, 0);
}

TEST(the_end_may_come_while_some_wait)
{
    the.busy = 1;
    client();
    client();
    the.busy = 0;
    the.count = 200000;
    submit(WI_TASK_NONE);
}

TEST(the_end_may_come_while_one_is_compared)
{
    the.count = 200000;
    submit(WI_TASK_NONE);
    uv_run(&the.loop, UV_RUN_NOWAIT);
    answer(&the.sent[0]);
    while (the.sent_count < 2)
        uv_run(&the.loop, UV_RUN_NOWAIT);
    answer(&the.sent[1]); /* what follows is compared off the loop */
    assert_int_equal(counters().waiting, 1);
}
