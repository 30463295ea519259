/* What may be changed by what was found: each row of the table, of sessions of ours and of nodes
 * that joined, and what ends it. "n-1" is the page of our session, "n-2" has joined. */
#include "pool_fixture.h"

#include "work/pool/private.h"

#define HOUR ((int64_t)3600 * 1000)
#define SET "0123456789abcdef"

FIXTURE(setup, teardown)

static const struct pool_node *node(void)
{
    const struct pool_node *found = wi_pool_nodes_find(pool->nodes, "n-2");

    return found ? found : NULL;
}

/* Both are there; what is said of a node from here on is said of the one that joined. */
static void both(void)
{
    serve();
    memcpy(info.id, "n-2", sizeof "n-2");
    *info.session = '\0';
    serve();
}

static struct wi_place place_of(int joined)
{
    struct wi_node_info its = info;

    wi_text_copy(its.session, sizeof its.session, joined ? "" : "s-1");
    return wi_place_of(&its, WI_ENGINE_ORT, WI_WEBGPU);
}

static enum wi_verdict known(int joined, const char *set)
{
    const struct wi_place place = place_of(joined);

    return wi_verdicts_get(pool->verdicts, &model, &place, NULL, set).verdict;
}

/* Found about the model on WebGPU at one of the two, or at neither; it says that it is wrong. */
static unsigned find(enum wi_evidence_kind kind, const char *node_id, int joined, const char *set)
{
    char key[WI_VERDICT_KEY_SIZE];
    const struct wi_place place = place_of(joined);
    const struct wi_evidence_found found = {.kind = kind,
        .node = node_id,
        .joined = joined,
        .key = key,
        .finding = {.verdict = WI_WRONG, .ratio = 7, .detail = "seven times too large"}};

    wi_verdict_key(key, &model, &place, NULL, set);
    return wi_pool_found(pool, &found);
}

static unsigned find_more(enum wi_evidence_kind kind, int times)
{
    unsigned had = 0;

    for (int i = 0; i < times; i++)
        had = wi_pool_found(
            pool, &(struct wi_evidence_found){.kind = kind, .node = "n-2", .joined = 1});
    return had;
}

static int gets_less(void)
{
    return node()->place.class->doubted;
}

static int takes_work(void)
{
    return node()->place.is.open;
}

/* An answer of the one that joined came. */
static void answer_well(int times)
{
    const struct wi_task task = {.attempt_id = "a",
        .asked = &(struct wi_inference){.model = &model},
        .platforms = {WI_WASM},
        .platform_count = 1};
    struct wi_answer answer = {.ok = 1};

    for (int i = 0; i < times; i++) {
        assert_int_equal(wi_pool_dispatch(pool, "n-2", &task, NULL), WI_OK);
        bridge()->on_answer(bridge()->context, "n-2", "a", &answer);
    }
}

/* --- the table -------------------------------------------------------------------------------- */

TEST(what_a_page_says_of_itself_is_a_verdict_of_its_place)
{
    both();
    assert_int_equal(find(WI_EVIDENCE_CLAIM, "n-2", 1, NULL), WI_EFFECT_VERDICT);
    assert_int_equal(known(1, ""), WI_UNABLE); /* not wrong, as it was said */
    assert_int_equal(known(0, ""), WI_UNKNOWN);
    assert_int_equal(find(WI_EVIDENCE_CLAIM, "n-2", 1, NULL), 0); /* no news */
    assert_int_equal(find(WI_EVIDENCE_CLAIM, "n-1", 0, NULL), WI_EFFECT_VERDICT);
    assert_int_equal(known(0, ""), WI_UNABLE);
    assert_true(takes_work() && !gets_less() && seen.sent_away == 0);
}

TEST(who_ends_requests_badly_gets_less_and_then_goes_for_an_hour)
{
    both();
    assert_int_equal(find_more(WI_EVIDENCE_ENDING, 2), 0);
    assert_false(gets_less());
    assert_int_equal(find_more(WI_EVIDENCE_ENDING, 1), WI_EFFECT_SHARE);
    assert_true(gets_less() && takes_work());
    assert_string_equal(node()->standing.less.evidence, "ending");
    assert_int_equal(find_more(WI_EVIDENCE_ENDING, 6), WI_EFFECT_SHARE);
    assert_int_equal(seen.sent_away, 0);
    assert_int_equal(find_more(WI_EVIDENCE_ENDING, 1), WI_EFFECT_SHARE | WI_EFFECT_QUARANTINE);
    assert_string_equal(seen.away, "n-2");
    assert_string_equal(seen.evidence, "ending");
    assert_int_equal(seen.away_ms, HOUR);
}

TEST(answers_that_come_bring_its_share_back)
{
    both();
    answer_well(10);
    find_more(WI_EVIDENCE_ENDING, 3);
    assert_true(gets_less());
    answer_well(47); /* the last fifty: the three and these */
    assert_true(gets_less());
    answer_well(1);
    assert_false(gets_less());
    assert_int_equal(node()->standing.less.since, 0);
    assert_int_equal(find_more(WI_EVIDENCE_ENDING, 2), 0); /* those of before go meanwhile */
    assert_int_equal(find_more(WI_EVIDENCE_ENDING, 1), WI_EFFECT_SHARE);
}

TEST(of_a_session_of_ours_no_endings_count)
{
    both();
    for (int i = 0; i < 20; i++)
        assert_int_equal(find(WI_EVIDENCE_ENDING, "n-1", 0, NULL), 0);
    assert_int_equal(known(0, ""), WI_UNKNOWN);
    assert_int_equal(seen.sent_away, 0);
}

TEST(who_cannot_be_judged_gets_less_and_is_then_held_for_an_hour)
{
    both();
    assert_int_equal(find_more(WI_EVIDENCE_OPEN, 1), 0);
    answer_well(200); /* that came, and nobody judged */
    assert_int_equal(find_more(WI_EVIDENCE_OPEN, 1), WI_EFFECT_SHARE);
    assert_true(gets_less() && takes_work());
    assert_int_equal(find_more(WI_EVIDENCE_OPEN, 2), WI_EFFECT_SHARE);
    int64_t before = wi_steady_ms();
    assert_int_equal(find_more(WI_EVIDENCE_OPEN, 1), WI_EFFECT_SHARE | WI_EFFECT_HOLD);
    assert_false(takes_work());
    assert_in_range(node()->standing.hold.until, before + HOUR, wi_steady_ms() + HOUR);
    assert_int_equal(seen.sent_away, 0);
    wi_pool_hold(pool, "n-2", 1); /* by proof/, whose end is not the end of this */
    wi_pool_hold(pool, "n-2", 0);
    wi_pool_found_look(pool, node()->standing.hold.until - 1);
    assert_false(takes_work());
    wi_pool_found_look(pool, node()->standing.hold.until);
    assert_true(takes_work());
    assert_true(gets_less()); /* it has its answers yet */
    find_more(WI_EVIDENCE_OPEN, 1);
    assert_false(takes_work());
}

/* Asked again after a pause: a verdict does not come of it. */
TEST(what_cannot_be_judged_is_left_open)
{
    const struct wi_place place = place_of(0);

    both();
    assert_int_equal(find(WI_EVIDENCE_OPEN, "n-1", 0, NULL), 0);
    struct wi_known its = wi_verdicts_get(pool->verdicts, &model, &place, NULL, "");
    assert_int_equal(its.verdict, WI_UNKNOWN);
    assert_false(its.due);
}

TEST(a_clients_input_is_a_suspicion)
{
    both();
    find(WI_EVIDENCE_CLIENT_INPUT, "n-1", 0, SET);
    assert_int_equal(known(0, SET), WI_UNKNOWN);
    assert_int_equal(known(0, ""), WI_UNKNOWN);
    assert_true(find(WI_EVIDENCE_CLIENT_INPUT, "n-2", 1, SET) & WI_EFFECT_SHARE);
    assert_int_equal(known(1, SET), WI_UNKNOWN);
    assert_true(gets_less() && takes_work());
    assert_string_equal(node()->standing.less.reason, "seven times too large");
    for (int i = 0; i < 100; i++)
        find(WI_EVIDENCE_CLIENT_INPUT, "n-2", 1, SET);
    assert_true(takes_work()); /* however many */
    assert_int_equal(known(1, ""), WI_UNKNOWN);
    assert_int_equal(seen.sent_away, 0);
}

TEST(ten_right_answers_in_a_row_end_a_suspicion)
{
    both();
    find_more(WI_EVIDENCE_CLIENT_INPUT, 1);
    answer_well(100); /* which were not compared */
    for (int i = 0; i < 9; i++)
        wi_pool_found_well(pool, "n-2");
    assert_true(gets_less());
    wi_pool_found_well(pool, "n-2");
    assert_false(gets_less());
    wi_pool_found_well(pool, "n-1"); /* of ours nothing is counted */
    wi_pool_found_well(pool, "n-3");
}

TEST(inputs_of_ours_condemn_a_place_and_send_a_joined_node_away)
{
    both();
    assert_int_equal(find(WI_EVIDENCE_OUR_INPUT, "n-1", 0, NULL), WI_EFFECT_VERDICT);
    assert_int_equal(known(0, ""), WI_WRONG);
    assert_int_equal(known(1, ""), WI_UNKNOWN);
    assert_int_equal(seen.sent_away, 0);
    assert_int_equal(
        find(WI_EVIDENCE_OUR_INPUT, "n-2", 1, NULL), WI_EFFECT_VERDICT | WI_EFFECT_QUARANTINE);
    assert_int_equal(known(1, ""), WI_WRONG);
    assert_string_equal(seen.away, "n-2");
    assert_string_equal(seen.reason, "seven times too large");
    assert_int_equal(seen.away_ms, 0); /* until it is lifted */
}

TEST(what_joined_nodes_show_says_nothing_of_ours)
{
    both();
    find(WI_EVIDENCE_OUR_INPUT, "n-2", 1, NULL);
    find(WI_EVIDENCE_CLAIM, "n-2", 1, NULL);
    find(WI_EVIDENCE_CLIENT_INPUT, "n-2", 1, SET);
    assert_int_equal(known(0, ""), WI_UNKNOWN);
    assert_int_equal(known(0, SET), WI_UNKNOWN);
}

/* As the guard asks, whose runs anyone of the kind answers. */
TEST(about_nobody_in_particular_it_is_a_verdict_alone)
{
    both();
    assert_int_equal(find(WI_EVIDENCE_OUR_INPUT, NULL, 1, NULL), WI_EFFECT_VERDICT);
    assert_int_equal(find(WI_EVIDENCE_CLIENT_INPUT, NULL, 1, SET) & ~WI_EFFECT_VERDICT, 0);
    assert_true(takes_work() && !gets_less() && seen.sent_away == 0);
}

static void check_kernels(enum wi_evidence_kind kind)
{
    both();
    assert_int_equal(find(kind, "n-1", 0, NULL), WI_EFFECT_VERDICT);
    assert_int_equal(known(0, ""), WI_WRONG);
    assert_int_equal(find(kind, "n-2", 1, NULL), WI_EFFECT_QUARANTINE);
    assert_int_equal(known(1, ""), WI_UNKNOWN);
    assert_int_equal(seen.away_ms, 0);
    assert_string_equal(seen.evidence, wi_evidence_names[kind]);
}

TEST(a_known_answer_that_is_wrong_condemns_a_session_and_sends_a_joined_node_away)
{
    check_kernels(WI_EVIDENCE_KNOWN_ANSWER);
}

TEST(a_wrong_product_condemns_a_session_and_sends_a_joined_node_away)
{
    check_kernels(WI_EVIDENCE_CHALLENGE);
}

/* --- whom it concerns ------------------------------------------------------------------------- */

TEST(what_speaks_for_a_place_changes_nothing_else)
{
    char key[WI_VERDICT_KEY_SIZE];
    const struct wi_place place = place_of(1);
    const struct wi_evidence_found found = {.kind = WI_EVIDENCE_OUR_INPUT,
        .node = "n-2",
        .joined = 1,
        .key = key,
        .finding = {.verdict = WI_TRUSTED}};

    both();
    wi_verdict_key(key, &model, &place, NULL, NULL);
    assert_int_equal(wi_pool_found(pool, &found), WI_EFFECT_VERDICT);
    assert_int_equal(known(1, ""), WI_TRUSTED);
    assert_true(takes_work() && !gets_less() && seen.sent_away == 0);
}

TEST(a_node_that_is_gone_is_sent_away_all_the_same)
{
    both();
    bridge()->on_node_down(bridge()->context, "n-2", "it went");
    assert_int_equal(find_more(WI_EVIDENCE_OPEN, 9), 0);
    assert_int_equal(find_more(WI_EVIDENCE_ENDING, 9), 0);
    assert_int_equal(find_more(WI_EVIDENCE_ENDING, 1), WI_EFFECT_QUARANTINE);
    assert_int_equal(find_more(WI_EVIDENCE_CHALLENGE, 1), WI_EFFECT_QUARANTINE);
    assert_string_equal(seen.away, "n-2");
}

/* The joined node leaves, and another of its party comes. */
static void come_again(const char *id)
{
    bridge()->on_node_down(bridge()->context, "n-2", "it went");
    memcpy(info.id, id, strlen(id) + 1);
    serve();
}

TEST(a_node_that_comes_again_goes_on_with_what_was_found)
{
    both();
    find_more(WI_EVIDENCE_ENDING, 2);
    come_again("n-2");
    assert_false(gets_less());
    assert_int_equal(find_more(WI_EVIDENCE_ENDING, 1), WI_EFFECT_SHARE);
    come_again("n-2");
    assert_true(gets_less() && takes_work());
    assert_string_equal(node()->standing.less.evidence, "ending");
    find_more(WI_EVIDENCE_OPEN, 5);
    come_again("n-2");
    assert_false(takes_work());
    assert_string_equal(node()->standing.hold.evidence, "open");
}

TEST(what_is_found_of_a_node_that_left_meets_it_again)
{
    both();
    bridge()->on_node_down(bridge()->context, "n-2", "it went");
    find_more(WI_EVIDENCE_ENDING, 3);
    serve();
    assert_true(gets_less());
    assert_string_equal(node()->standing.less.evidence, "ending");
    assert_string_equal(
        node()->standing.less.undone, "fewer of its last 50 answers are of this kind");
}

TEST(another_party_begins_afresh)
{
    both();
    find_more(WI_EVIDENCE_ENDING, 3);
    memcpy(info.party, "lab", sizeof "lab");
    come_again("n-2");
    assert_true(takes_work() && !gets_less());
}

TEST(one_that_was_sent_away_or_forgiven_begins_afresh)
{
    struct wi_error error;

    both();
    find_more(WI_EVIDENCE_ENDING, 10);
    assert_string_equal(seen.away, "n-2");
    come_again("n-2");
    assert_int_equal(wi_conduct_count(&node()->standing.conduct, WI_CONDUCT_ENDING), 0);
    find_more(WI_EVIDENCE_ENDING, 3);
    come_again("n-2");
    assert_true(gets_less());
    assert_int_equal(wi_pool_forgive(pool, "n-2", &error), WI_OK);
    come_again("n-2");
    assert_true(takes_work() && !gets_less());
}

TEST(a_session_of_ours_is_not_held_whatever_is_said)
{
    both();
    for (int i = 0; i < 9; i++)
        assert_int_equal(
            wi_pool_found(pool,
                &(struct wi_evidence_found){.kind = WI_EVIDENCE_OPEN, .node = "n-1", .joined = 1}),
            0);
    assert_int_equal(wi_pool_nodes_find(pool->nodes, "n-1")->held, 0);
}

TEST(every_kind_of_evidence_has_a_rule_of_joined_nodes)
{
    unsigned has[WI_EVIDENCE_COUNT] = {0};

    for (const struct wi_evidence_rule *rule = wi_evidence_rules; rule->effect; rule++) {
        assert_true(rule->count > 0);
        assert_non_null(rule->undone);
        /* Ours get verdicts, and are neither held nor sent away. */
        assert_true(rule->about != WI_ABOUT_OURS || rule->effect == WI_EFFECT_VERDICT);
        /* Of a relay nothing is sent away. */
        assert_true(rule->about != WI_ABOUT_RELAY || rule->effect != WI_EFFECT_QUARANTINE);
        /* A client's input leaves nothing that lasts. */
        if (rule->kind == WI_EVIDENCE_CLIENT_INPUT)
            assert_true(rule->effect == WI_EFFECT_SHARE || rule->verdict == WI_UNKNOWN);
        if (rule->about == WI_ABOUT_JOINED)
            has[rule->kind] |= rule->effect;
    }
    for (int kind = 0; kind < WI_EVIDENCE_COUNT; kind++)
        assert_true(has[kind]);
}

/* --- relays ----------------------------------------------------------------------------------- */

/* "n-3" is a relay of the daemon "hall", which has Chrome. */
static struct wi_node_info relay(void)
{
    struct wi_node_info its = info;

    memcpy(its.id, "n-3", sizeof "n-3");
    *its.session = '\0';
    wi_text_copy(its.party, sizeof its.party, "token via=hall");
    wi_text_copy(its.relay, sizeof its.relay, "hall");
    return its;
}

static void with_relay(void)
{
    both();
    const struct wi_node_info joined = info;
    info = relay();
    serve();
    info = joined;
}

/* Its place is wrong by an input of ours. */
static unsigned find_relay(
    enum wi_evidence_kind kind, const char *node_id, enum wi_platform platform)
{
    char key[WI_VERDICT_KEY_SIZE];
    const struct wi_node_info its = relay();
    const struct wi_place place = wi_place_of(&its, WI_ENGINE_ORT, platform);
    const struct wi_evidence_found found = {.kind = kind,
        .node = node_id,
        .joined = 1,
        .key = platform == WI_WASM ? NULL : key,
        .place = key,
        .finding = {.ratio = 7, .detail = "seven times too large"}};

    wi_verdict_key(key, &model, &place, NULL, NULL);
    return wi_pool_found(pool, &found);
}

static int is_held(enum wi_platform platform)
{
    const struct wi_node_info its = relay();
    const struct wi_place place = wi_place_of(&its, WI_ENGINE_ORT, platform);

    return wi_place_holds_find(pool->place_holds, place.key, wi_steady_ms()) != NULL;
}

static const struct pool_node *relay_node(void)
{
    return wi_pool_nodes_find(pool->nodes, "n-3");
}

TEST(a_wrong_place_of_a_relay_is_held_alone)
{
    with_relay();
    assert_int_equal(
        find_relay(WI_EVIDENCE_OUR_INPUT, "n-3", WI_WEBGPU), WI_EFFECT_VERDICT | WI_EFFECT_HOLD);
    assert_true(is_held(WI_WEBGPU) && !is_held(WI_WASM));
    assert_int_equal(seen.sent_away, 0);
    assert_true(relay_node()->place.is.open && !relay_node()->place.class->doubted);
    assert_int_equal(known(0, ""), WI_UNKNOWN); /* of ours, and of other joined nodes */
    assert_int_equal(known(1, ""), WI_UNKNOWN);
    /* WASM has no verdict, and is held all the same. */
    assert_int_equal(find_relay(WI_EVIDENCE_OUR_INPUT, "n-3", WI_WASM), WI_EFFECT_HOLD);
    assert_true(is_held(WI_WASM));
    json_t *shown = wi_pool_found_json(pool, "n-3", 1);
    const json_t *limits = json_object_get(shown, "limits");
    assert_int_equal(json_array_size(limits), 2);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(limits, 0), "platform")), "webgpu");
    json_decref(shown);
    struct wi_error error;
    assert_int_equal(wi_pool_forgive(pool, "n-3", &error), WI_OK);
    assert_true(!is_held(WI_WEBGPU) && !is_held(WI_WASM));
}

TEST(a_relay_that_is_gone_is_not_sent_away)
{
    with_relay();
    bridge()->on_node_down(bridge()->context, "n-3", "it went");
    assert_int_equal(find_relay(WI_EVIDENCE_KNOWN_ANSWER, "n-3", WI_WEBGPU), WI_EFFECT_HOLD);
    assert_true(is_held(WI_WEBGPU));
    assert_int_equal(seen.sent_away, 0);
}

TEST(a_relay_that_fails_often_gets_less_and_stays)
{
    unsigned had = 0;

    with_relay();
    for (int i = 0; i < 20; i++)
        had |= find_relay(WI_EVIDENCE_ENDING, "n-3", WI_WEBGPU);
    assert_int_equal(had, WI_EFFECT_SHARE);
    assert_true(relay_node()->place.class->doubted && relay_node()->place.is.open);
    assert_int_equal(seen.sent_away, 0);
    had = 0;
    for (int i = 0; i < 20; i++)
        had |= find_relay(WI_EVIDENCE_OPEN, "n-3", WI_WEBGPU) |
               find_relay(WI_EVIDENCE_CLIENT_INPUT, "n-3", WI_WEBGPU);
    assert_int_equal(had & (WI_EFFECT_HOLD | WI_EFFECT_QUARANTINE), 0);
}

/* --- for people ------------------------------------------------------------------------------- */

/* A value of the first limit that is shown. */
static const json_t *shown(const json_t *json, const char *name)
{
    return json_object_get(json_array_get(json_object_get(json, "limits"), 0), name);
}

TEST(why_it_gets_less_is_shown)
{
    both();
    json_t *json = wi_pool_found_json(pool, "n-2", 1);
    assert_int_equal(json_array_size(json_object_get(json, "limits")), 0);
    json_decref(json);
    find(WI_EVIDENCE_CLIENT_INPUT, "n-2", 1, SET);
    json = wi_pool_found_json(pool, "n-2", 1);
    assert_string_equal(json_string_value(shown(json, "effect")), "share");
    assert_string_equal(json_string_value(shown(json, "evidence")), "client_input");
    assert_string_equal(json_string_value(shown(json, "reason")), "seven times too large");
    assert_int_equal(json_integer_value(shown(json, "since")), node()->standing.less.since);
    assert_true(json_is_null(shown(json, "until")));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(json, "conduct"), "suspicion")), 1);
    json_decref(json);
    json = wi_pool_found_json(pool, "n-2", 0);
    assert_string_equal(json_string_value(shown(json, "evidence")), "client_input");
    assert_null(shown(json, "reason"));
    json_decref(json);
    json = wi_pool_found_json(pool, "n-1", 1);
    assert_true(json_is_null(json_object_get(json, "conduct")));
    json_decref(json);
    assert_null(wi_pool_found_json(pool, "n-3", 1));
}

TEST(why_it_is_held_is_shown)
{
    both();
    wi_pool_hold(pool, "n-2", 1);
    json_t *json = wi_pool_found_json(pool, "n-2", 0);
    assert_string_equal(json_string_value(shown(json, "effect")), "hold");
    assert_string_equal(json_string_value(shown(json, "evidence")), "unproven");
    assert_true(json_is_null(shown(json, "since")));
    json_decref(json);
    find_more(WI_EVIDENCE_OPEN, 5);
    json = wi_pool_found_json(pool, "n-2", 0);
    assert_int_equal(json_array_size(json_object_get(json, "limits")), 3);
    json_decref(json);
}

TEST(an_admin_forgives_it)
{
    struct wi_error error;

    both();
    find_more(WI_EVIDENCE_OPEN, 5);
    find_more(WI_EVIDENCE_ENDING, 3);
    find_more(WI_EVIDENCE_CLIENT_INPUT, 1);
    assert_int_equal(wi_pool_forgive(pool, "n-2", &error), WI_OK);
    assert_true(takes_work() && !gets_less());
    assert_int_equal(find_more(WI_EVIDENCE_OPEN, 1), 0); /* the count begins again */
    assert_int_equal(find_more(WI_EVIDENCE_ENDING, 2), 0);
    assert_int_equal(wi_pool_forgive(pool, "n-3", &error), WI_NODE_NOT_FOUND);
}

TEST(it_is_counted_by_its_kind)
{
    uint64_t counts[WI_EVIDENCE_COUNT];

    both();
    find_more(WI_EVIDENCE_OPEN, 3);
    find(WI_EVIDENCE_CLAIM, "n-1", 0, NULL);
    wi_pool_found_counts(pool, counts);
    assert_int_equal(counts[WI_EVIDENCE_OPEN], 3);
    assert_int_equal(counts[WI_EVIDENCE_CLAIM], 1);
    assert_int_equal(counts[WI_EVIDENCE_CHALLENGE], 0);
}
