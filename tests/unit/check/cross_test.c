/*
 * Cross-checks against a pool that the test plays: which answers of nodes that joined are computed
 * again, by whom, and what becomes of those that differ.
 */
#include "../asked.h"
#include "../test.h"

#include "../job/quiet_pool.h"
#include "base/clock.h"
#include "base/memory.h"
#include "check/check.h"
#include "full.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SENT_MAX 4096
#define MIB ((size_t)1024 * 1024)

/* ---------------------------------------------------------------- the pool that we play */

struct sent {
    char attempt[WI_ID_SIZE + 12], node[WI_ID_SIZE];
    enum wi_platform platform;
    int raw, shadow, over;
    enum wi_task_kind task;
};

/* What a node computes: the number that its outputs are full of. */
struct player {
    struct wi_node_info info;
    double value;
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
    size_t condemned;
    char condemned_node[WI_ID_SIZE], reason[160];
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
    sent->shadow = strncmp(task->job_id, "probe", 5) == 0;
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

void wi_pool_quarantine(struct wi_pool *pool, const char *node_id, const char *reason)
{
    the.condemned++;
    snprintf(the.condemned_node, sizeof the.condemned_node, "%s", node_id);
    snprintf(the.reason, sizeof the.reason, "%s", reason);
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

static void answer(struct sent *sent)
{
    const struct wi_pool_events *events = wi_jobs_pool_events(the.jobs);
    struct player *player = find_player(sent->node);
    struct wi_answer answer = {.ok = player->refuses == WI_OK || !sent->shadow};
    sent->over = 1;
    if (!answer.ok)
        wi_error_set(&answer.error, player->refuses, NULL, "it does not");
    else
        answer.executed_on = report_of(sent);
    if (answer.ok && sent->task != WI_TASK_NONE)
        answer.result = json_pack("{s:b}", "raw", sent->raw);
    if (answer.ok)
        add(&answer.outputs, sent->raw ? "model/logits" : "y", (float)player->value,
            the.count ? the.count : 1);
    events->on_answer(events->context, sent->node, sent->attempt, &answer);
    wi_tensors_clear(&answer.outputs);
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
    struct wi_job_spec spec = {.asked = asked, .accepted_at = wi_now_ms()};
    struct wi_error error;
    wi_id_new(spec.id, "job");
    add(&asked->tensors, "x", 1, the.count ? the.count : 1);
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

TEST(who_has_gone_meanwhile_is_found_wrong_all_the_same)
{
    the.busy = 1;
    the.stranger.value = 3;
    client();
    the.stranger.gone = 1;
    the.busy = 0;
    wi_jobs_pool_events(the.jobs)->on_capacity(the.jobs);
    settle();
    assert_int_equal(the.condemned, 1);
    assert_string_equal(the.condemned_node, "node-s");
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
    the.stranger.value = 2; /* it would tell the truth if it were asked once more */
    settle();
    assert_int_equal(the.condemned, 1);
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
