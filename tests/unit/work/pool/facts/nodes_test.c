/* Nodes and the attempts on them. */
#include "../../../test.h"

#include "work/pool/facts/nodes.h"
#include <string.h>

static struct wi_estimates *estimates;
static struct wi_node_info info;
static struct wi_model model;

static int setup(void **state)
{
    estimates = wi_estimates_new(NULL);
    info = (struct wi_node_info){.id = "n-1", .session = "s-1", .kind = "chrome"};
    info.platforms[WI_WASM].available = 1;
    for (int i = 0; i < WI_ENGINE_COUNT; i++) {
        info.engines[i].available = 1;
        info.engines[i].slots = wi_engines[i].slots;
        info.engines[i].queue = 1;
    }
    model = (struct wi_model){0};
    memset(model.hash, 'a', sizeof model.hash - 1);
    *state = wi_pool_nodes_new(estimates, NULL);
    return 0;
}

static int teardown(void **state)
{
    wi_pool_nodes_free(*state);
    wi_estimates_free(estimates);
    return 0;
}

static struct pool_node *add(struct pool_nodes *nodes, const char *id, int draining)
{
    strcpy(info.id, id);
    struct pool_node *node = wi_pool_nodes_up(nodes, &info, draining);
    wi_pool_node_place(nodes, node, &info, NULL);
    return node;
}

static void book(struct pool_nodes *nodes, struct pool_node *node, const char *id)
{
    const struct wi_task task = {.attempt_id = id,
        .asked = &(struct wi_inference){.model = &model},
        .platforms = {WI_WASM},
        .platform_count = 1};

    wi_pool_node_book(nodes, node, &task, 1000);
}

FIXTURE(setup, teardown)

/* The ids of a page, each with a blank behind it. */
static const char *page(const struct pool_nodes *nodes, const char *after, size_t most)
{
    static char ids[64];
    const struct pool_node *found[8];
    size_t count = wi_pool_nodes_after(nodes, after, found, most);

    *ids = '\0';
    assert_in_range(count, 0, most);
    for (size_t i = 0; i < count; i++)
        strcat(strcat(ids, found[i]->id), " ");
    return ids;
}

TEST(nodes_are_listed_by_their_ids)
{
    static const char *const ids[] = {"d", "b", "f", "a", "e", "c"};
    struct pool_nodes *nodes = *state;

    assert_string_equal(page(nodes, "", 8), "");
    for (size_t i = 0; i < 6; i++)
        add(nodes, ids[i], 0);
    assert_string_equal(page(nodes, "", 8), "a b c d e f ");
    assert_string_equal(page(nodes, "", 6), "a b c d e f ");
    assert_string_equal(page(nodes, "", 2), "a b ");
    assert_string_equal(page(nodes, "b", 3), "c d e ");
    assert_string_equal(page(nodes, "bb", 1), "c "); /* which is not there */
    assert_string_equal(page(nodes, "e", 3), "f ");
    assert_string_equal(page(nodes, "f", 3), "");
    assert_string_equal(page(nodes, "", 0), "");
    wi_pool_nodes_remove(nodes, wi_pool_nodes_find(nodes, "c"));
    assert_string_equal(page(nodes, "c", 2), "d e ");
}

TEST(a_node_takes_work_unless_it_is_away_drains_is_paused_choked_or_held)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);
    const struct wi_fleet_node *place = &node->place;
    const struct wi_fleet *fleet = &nodes->fleet;

    assert_int_equal(fleet->open, 1);
    wi_pool_node_away(nodes, node);
    assert_int_equal(fleet->open, 0);
    assert_ptr_equal(add(nodes, "n-1", 0), node); /* it came back */
    assert_int_equal(fleet->open, 1);
    wi_pool_node_choke(nodes, node);
    assert_int_equal(fleet->open, 0);
    assert_int_equal(wi_pool_nodes_unchoke(nodes), 1);
    assert_int_equal(wi_pool_nodes_unchoke(nodes), 0);
    assert_int_equal(fleet->open, 1);
    wi_pool_node_choke(nodes, node);
    assert_int_equal(wi_pool_node_unchoke(nodes, node), 1);
    assert_int_equal(wi_pool_node_unchoke(nodes, node), 0);
    assert_int_equal(fleet->open, 1);
    wi_pool_node_drain(nodes, node, 1);
    assert_int_equal(fleet->open, 0);
    add(nodes, "n-1", 0); /* whoever drained it still wants that */
    assert_int_equal(fleet->open, 0);
    wi_pool_node_drain(nodes, node, 0);
    assert_int_equal(fleet->open, 1);
    wi_pool_node_pause(nodes, node, 1);
    assert_int_equal(fleet->open, 0);
    assert_int_equal(fleet->classes->away, 1);
    assert_int_equal(fleet->classes->paused, 1);
    assert_null(wi_pool_nodes_yardstick(nodes, NULL));
    wi_pool_node_away(nodes, node);
    add(nodes, "n-1", 0); /* and so does its person */
    assert_int_equal(fleet->classes->paused, 1);
    wi_pool_node_drain(nodes, node, 1); /* it does not come back by itself */
    assert_int_equal(fleet->classes->away, 0);
    assert_int_equal(fleet->classes->paused, 0);
    wi_pool_node_pause(nodes, node, 0);
    assert_int_equal(fleet->open, 0);
    wi_pool_node_drain(nodes, node, 0);
    assert_int_equal(fleet->open, 1);
    wi_pool_node_hold(nodes, node, WI_POOL_HELD_UNPROVEN, 1);
    assert_int_equal(fleet->open, 0);
    assert_int_equal(fleet->classes->away, 1);
    assert_int_equal(fleet->classes->held, 1);
    assert_null(wi_pool_nodes_yardstick(nodes, NULL));
    assert_true(place->reachable);
    wi_pool_node_drain(nodes, node, 1); /* it may be asked what it is all the same */
    assert_int_equal(fleet->classes->held, 0);
    assert_true(place->reachable);
    wi_pool_node_away(nodes, node);
    assert_false(place->reachable);
    add(nodes, "n-1", 0);
    wi_pool_node_drain(nodes, node, 0);
    assert_int_equal(fleet->classes->held, 1);
    wi_pool_node_hold(nodes, node, WI_POOL_HELD_UNPROVEN, 0);
    assert_int_equal(fleet->classes->held, 0);
    assert_int_equal(fleet->open, 1);
}

TEST(one_reason_to_hold_it_does_not_end_another)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);

    wi_pool_node_hold(nodes, node, WI_POOL_HELD_UNPROVEN, 1);
    wi_pool_node_hold(nodes, node, WI_POOL_HELD_FOUND, 1);
    wi_pool_node_hold(nodes, node, WI_POOL_HELD_UNPROVEN, 0);
    assert_int_equal(node->held, WI_POOL_HELD_FOUND);
    assert_int_equal(nodes->fleet.open, 0);
    wi_pool_node_hold(nodes, node, WI_POOL_HELD_UNPROVEN, 1);
    wi_pool_node_hold(nodes, node, WI_POOL_HELD_FOUND, 0);
    assert_int_equal(node->held, WI_POOL_HELD_UNPROVEN);
    wi_pool_node_hold(nodes, node, WI_POOL_HELD_UNPROVEN, 0);
    assert_int_equal(nodes->fleet.open, 1);
}

TEST(attempts_are_taken_off_by_their_ids_once)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);
    struct pool_attempt attempt;

    book(nodes, node, "a");
    double alone = wi_pool_node_done_at(node);
    assert_true(alone > 1000);
    book(nodes, node, "b");
    assert_int_equal(node->count, 2);
    assert_true(wi_pool_node_done_at(node) > alone);
    assert_int_equal(wi_pool_node_unbook(node, "a", 1000, &attempt), 1);
    assert_string_equal(attempt.hash, model.hash);
    assert_int_equal(wi_pool_node_unbook(node, "a", 1000, &attempt), 0);
    assert_int_equal(node->count, 1);
    assert_int_equal(wi_pool_node_unbook(node, "b", 1000, &attempt), 1);
    assert_int_equal(node->count, 0);
    assert_true(wi_pool_node_done_at(node) == 0);
}

TEST(text_is_expected_to_take_what_its_tokens_do)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);
    const struct wi_timings timings = {100, 200, 100, 3000, 0};
    struct wi_task task = {.attempt_id = "a-1",
        .asked =
            &(struct wi_inference){
                .model = &model, .task = WI_TASK_CHAT, .prompt_tokens = 10, .answer_tokens = 4},
        .platforms = {WI_WASM},
        .platform_count = 1};
    struct pool_attempt attempt;

    wi_estimates_spoke(estimates, model.hash,
        wi_fleet_where(node->place.class, model.engine, WI_WASM), 500, &timings, 0, 0);
    wi_pool_node_book(nodes, node, &task, 1000);
    assert_true(wi_pool_node_unbook(node, "a-1", 1000, &attempt));
    assert_int_equal(attempt.task, WI_TASK_CHAT);
    assert_true(attempt.expected_ms == 500 + 10 * 2 + 3 * 30); /* the first comes with the prompt */
}

TEST(the_work_of_one_engine_is_none_of_another)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);
    const struct wi_fleet_node *place = &node->place;
    struct pool_attempt attempt;

    book(nodes, node, "a");
    book(nodes, node, "b");
    double alone = wi_pool_node_done_at(node) - 1000;
    assert_false(wi_fleet_has_room(place, WI_ENGINE_ORT));
    model.engine = WI_ENGINE_LLAMA;
    for (int i = 0; i < 4; i++) {
        char id[] = {(char)('0' + i), '\0'};
        book(nodes, node, id);
    }
    assert_int_equal(place->work[WI_ENGINE_LLAMA].count, 4);
    /* Four at a time take as long as one, and the fifth waits for the first. */
    assert_true(wi_fleet_ahead(place, WI_ENGINE_LLAMA, 1000) <= alone);
    assert_true(wi_fleet_has_room(place, WI_ENGINE_LLAMA));
    model.engine = WI_ENGINE_BUILTIN;
    model.builtin = WI_BUILTIN_COUNT;
    book(nodes, node, "count");
    assert_int_equal(place->work[WI_FLEET_WAITING(WI_ENGINE_BUILTIN)].count, 1);
    assert_int_equal(place->work[WI_ENGINE_BUILTIN].count, 0);
    assert_int_equal(wi_pool_node_unbook(node, "a", 1000, &attempt), 1);
    assert_true(wi_fleet_has_room(place, WI_ENGINE_ORT));
    assert_int_equal(place->work[WI_ENGINE_LLAMA].count, 4);
    assert_int_equal(wi_pool_node_unbook(node, "count", 1000, &attempt), 1);
    assert_int_equal(place->work[WI_FLEET_WAITING(WI_ENGINE_BUILTIN)].count, 0);
    assert_int_equal(node->count, 5);
}

TEST(an_attempt_is_known_as_a_stream)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);
    const struct wi_task task = {.attempt_id = "a",
        .asked = &(struct wi_inference){.model = &model, .stream = 1},
        .platforms = {WI_WASM},
        .platform_count = 1};
    struct pool_attempt attempt;

    wi_pool_node_book(nodes, node, &task, 1000);
    book(nodes, node, "b");
    wi_pool_node_unbook(node, "a", 1000, &attempt);
    assert_true(attempt.stream);
    wi_pool_node_unbook(node, "b", 1000, &attempt);
    assert_false(attempt.stream);
}

TEST(a_model_that_was_sent_for_counts_as_loaded_when_it_is_not_listed_yet)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);
    const struct wi_fleet_node *place = &node->place;
    json_t *none = json_array();

    book(nodes, node, "a");
    wi_pool_node_models(node, none);
    assert_true(wi_fleet_has(place, model.hash, WI_WASM));
    struct pool_attempt attempt;
    wi_pool_node_unbook(node, "a", 1000, &attempt);
    wi_pool_node_models(node, none);
    assert_false(wi_fleet_has(place, model.hash, WI_WASM));
    json_decref(none);
}

static int has_model(const struct pool_node *node)
{
    return wi_fleet_has(&node->place, model.hash, WI_WASM);
}

TEST(who_never_answered_draws_nothing_by_what_it_was_sent)
{
    struct pool_nodes *nodes = *state;
    struct pool_attempt attempt;

    info.session[0] = '\0';
    struct pool_node *node = add(nodes, "n-1", 0);
    book(nodes, node, "a");
    assert_false(has_model(node));
    assert_false(wi_pool_node_works(node, "a", 1100));
    assert_true(wi_pool_node_unbook(node, "a", 1100, &attempt));
    book(nodes, node, "b");
    assert_true(has_model(node)); /* it has answered before */
    assert_true(wi_pool_node_unbook(node, "b", 1100, &attempt));
    assert_false(has_model(node)); /* and this time it did not */
    wi_fleet_note_model(&node->place, model.hash, WI_WASM, 0);
    book(nodes, node, "c");
    assert_true(wi_pool_node_unbook(node, "c", 1100, &attempt));
    assert_true(has_model(node));
}

/* Stops an attempt that was sent at 1000, and places the node anew if it is to be. */
static int miss(struct pool_nodes *nodes, struct pool_node *node, double now)
{
    struct pool_attempt attempt;

    book(nodes, node, "late");
    assert_true(wi_pool_node_unbook(node, "late", now, &attempt));
    int anew = wi_pool_node_missed(node, &attempt, 0, now);
    if (anew)
        wi_pool_node_place(nodes, node, &info, NULL);
    return anew;
}

TEST(who_lets_deadlines_pass_in_a_row_is_doubted)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);

    assert_false(miss(nodes, node, 1000 + WI_POOL_MISSED_MS - 1));
    assert_int_equal(node->missed, 0); /* node client was in a hurry */
    assert_false(miss(nodes, node, 1000 + WI_POOL_MISSED_MS));
    assert_int_equal(node->missed, 1);
    assert_true(miss(nodes, node, 2000));
    assert_true(node->place.class->doubted);
    assert_false(miss(nodes, node, 2000));
    assert_int_equal(node->mute, 3);
    book(nodes, node, "a");
    wi_pool_node_accepted(node, "a");
    assert_int_equal(node->mute, 0); /* it says at least that something came */
    assert_int_equal(node->missed, 3);
    assert_true(wi_pool_node_works(node, "a", 2000));
    assert_int_equal(node->missed, 0);
    wi_pool_node_place(nodes, node, &info, NULL);
    assert_false(node->place.class->doubted);
    assert_false(miss(nodes, node, 3000)); /* it has been at work since that was sent */
    assert_int_equal(node->missed, 0);
}

TEST(one_reason_to_doubt_it_does_not_end_another)
{
    const struct pool_node_limit limit = {.since = 1, .evidence = "ending"};
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);

    node->standing.less = limit;
    wi_pool_node_place(nodes, node, &info, NULL);
    assert_true(node->place.class->doubted);
    for (int i = 0; i < WI_POOL_DOUBTED; i++)
        miss(nodes, node, 2000);
    node->standing.less.since = 0;
    wi_pool_node_place(nodes, node, &info, NULL);
    assert_true(node->place.class->doubted); /* for the deadlines */
    node->standing.less = limit;
    book(nodes, node, "a");
    assert_true(wi_pool_node_works(node, "a", 2000));
    wi_pool_node_place(nodes, node, &info, NULL);
    assert_true(node->place.class->doubted); /* for the endings */
    node->standing.less.since = 0;
    wi_pool_node_place(nodes, node, &info, NULL);
    assert_false(node->place.class->doubted);
}

TEST(a_deadline_shorter_than_a_run_is_none_that_is_missed)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);
    const struct wi_place *where = wi_fleet_where(node->place.class, model.engine, WI_WASM);

    wi_estimates_ran(estimates, model.hash, where, 1000, 4000, 0, 0);
    wi_estimates_ran(estimates, model.hash, where, 0, 4000, 1, 0);
    miss(nodes, node, 1000 + 4900);
    assert_int_equal(node->missed, 0);
    miss(nodes, node, 1000 + 5000);
    assert_int_equal(node->missed, 1);
}

TEST(what_nothing_is_heard_of_for_too_long_is_found)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);

    book(nodes, node, "a");
    book(nodes, node, "b");
    assert_null(wi_pool_node_silent(node, 5000, 6000));
    assert_string_equal(wi_pool_node_silent(node, 5000, 6001)->id, "a");
    wi_pool_node_accepted(node, "a");
    assert_string_equal(wi_pool_node_silent(node, 5000, 6001)->id, "b");
    wi_pool_node_was_sent(node, WI_POOL_SENT_BYTES, 0, 4000);
    assert_non_null(wi_pool_node_silent(node, 5000, 6001));
    wi_pool_node_was_sent(node, 2 * WI_POOL_SENT_BYTES + 1, 0, 5000); /* perhaps it is not there */
    assert_null(wi_pool_node_silent(node, 5000, 10000));
    assert_non_null(wi_pool_node_silent(node, 5000, 10001));
    wi_pool_node_was_sent(node, 2 * WI_POOL_SENT_BYTES + 1, 1, 8000);
    assert_null(wi_pool_node_silent(node, 5000, 13000));
    assert_true(wi_pool_node_works(node, "b", 9000) == 0);
    assert_null(wi_pool_node_silent(node, 5000, 99000));
}

/* Sent at 1000. */
static void book_for(
    struct pool_nodes *nodes, struct pool_node *node, const char *id, double deadline_ms)
{
    const struct wi_task task = {.attempt_id = id,
        .asked = &(struct wi_inference){.model = &model},
        .platforms = {WI_WASM},
        .platform_count = 1,
        .deadline_ms = deadline_ms};

    wi_pool_node_book(nodes, node, &task, 1000);
}

TEST(what_has_had_half_of_its_time_at_a_joined_node_is_late)
{
    struct pool_nodes *nodes = *state;
    info.session[0] = '\0';
    struct pool_node *node = add(nodes, "n-1", 0);

    book_for(nodes, node, "a", 8000);
    book_for(nodes, node, "b", 16000);
    assert_null(wi_pool_node_late(node, 5000));
    assert_string_equal(wi_pool_node_late(node, 5001)->id, "a");
    assert_null(wi_pool_node_late(node, 6001)); /* not so soon again */
    assert_string_equal(wi_pool_node_late(node, 6002)->id, "a");
    wi_pool_node_accepted(node, "b"); /* that it has come is no answer */
    assert_string_equal(wi_pool_node_late(node, 9001)->id, "a");
    assert_string_equal(wi_pool_node_late(node, 9001)->id, "b");
    assert_null(wi_pool_node_late(node, 9001));
}

TEST(not_before_a_second_nor_before_twice_what_it_takes_there)
{
    struct pool_nodes *nodes = *state;
    info.session[0] = '\0';
    struct pool_node *node = add(nodes, "n-1", 0);
    const struct wi_place *where = wi_fleet_where(node->place.class, model.engine, WI_WASM);

    book_for(nodes, node, "a", 600);
    assert_null(wi_pool_node_late(node, 1000 + WI_POOL_LATE_MIN_MS));
    assert_non_null(wi_pool_node_late(node, 1001 + WI_POOL_LATE_MIN_MS));
    wi_estimates_ran(estimates, model.hash, where, 1000, 4000, 0, 0);
    wi_estimates_ran(estimates, model.hash, where, 0, 4000, 1, 0);
    book_for(nodes, node, "b", 12000);
    assert_string_equal(wi_pool_node_late(node, 11000)->id, "a");
    assert_null(wi_pool_node_late(node, 11000));
    assert_string_equal(wi_pool_node_late(node, 11001)->id, "b");
}

TEST(nothing_is_late_at_a_node_of_ours)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);

    book_for(nodes, node, "a", 8000);
    assert_null(wi_pool_node_late(node, 99000));
}

static void book_chat(struct pool_nodes *nodes, struct pool_node *node, const char *id,
    const char *grammar, double now)
{
    json_t *options = grammar ? json_pack("{s:s}", "grammar", grammar) : NULL;
    const struct wi_task task = {.attempt_id = id,
        .asked = &(struct wi_inference){.model = &model, .task = WI_TASK_CHAT, .options = options},
        .platforms = {WI_WASM},
        .platform_count = 1};

    model.engine = WI_ENGINE_LLAMA;
    wi_pool_node_book(nodes, node, &task, now);
    json_decref(options);
}

TEST(text_beside_a_grammar_is_held_up_while_nobody_has_anything)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);
    const double least = WI_POOL_HELD_MIN_MS;
    struct pool_attempt attempt;

    book_chat(nodes, node, "alone", NULL, 1000);
    assert_null(wi_pool_node_held_up(node, 1000 + 10 * least));
    book_chat(nodes, node, "grammar", "root ::= (a|a)", 1000);
    book_chat(nodes, node, "later", NULL, 1500);
    assert_null(wi_pool_node_held_up(node, 1000 + least));
    assert_string_equal(wi_pool_node_held_up(node, 1001 + least)->id, "alone");
    assert_null(wi_pool_node_held_up(node, 1001 + least)); /* once at a time */
    assert_string_equal(wi_pool_node_held_up(node, 1501 + least)->id, "alone");
    assert_string_equal(wi_pool_node_held_up(node, 1501 + least)->id, "later");
    wi_pool_node_works(node, "grammar", 5000); /* it goes on */
    assert_null(wi_pool_node_held_up(node, 5000 + least));
    assert_non_null(wi_pool_node_held_up(node, 5001 + least));
    assert_true(wi_pool_node_unbook(node, "alone", 9000, &attempt));
    assert_true(wi_pool_attempt_is_clients(&attempt));
    wi_pool_node_answered(node, &attempt, 9000);
    assert_null(wi_pool_node_held_up(node, 9000 + least));
    assert_true(wi_pool_node_unbook(node, "grammar", 9000, &attempt));
    assert_null(wi_pool_node_held_up(node, 99000));
}

TEST(slow_tokens_are_waited_for_longer_before_text_is_held_up)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);
    const struct wi_place *where = wi_fleet_where(node->place.class, WI_ENGINE_LLAMA, WI_WASM);
    struct pool_attempt attempt;

    for (int i = 0; i < 2; i++) {
        double token_ms = i == 0 ? 1000 : 9000;
        double limit = i == 0 ? WI_POOL_HELD_TOKENS * token_ms : WI_POOL_HELD_MAX_MS;
        for (int n = 0; n < WI_ESTIMATE_LATELY; n++)
            wi_estimates_spoke(estimates, model.hash, where, 0,
                &(struct wi_timings){10, 10, 10, 10 * token_ms, 0}, 1, 0);
        book_chat(nodes, node, "grammar", "root ::= (a|a)", 1000);
        book_chat(nodes, node, "plain", NULL, 1000);
        assert_null(wi_pool_node_held_up(node, 1000 + limit));
        assert_non_null(wi_pool_node_held_up(node, 1001 + limit));
        assert_true(wi_pool_node_unbook(node, "grammar", 1000, &attempt));
        assert_true(wi_pool_node_unbook(node, "plain", 1000, &attempt));
    }
}

TEST(the_yardstick_is_a_node_of_ours_where_there_is_one)
{
    struct pool_nodes *nodes = *state;

    assert_null(wi_pool_nodes_yardstick(nodes, NULL));
    info.session[0] = '\0';
    struct pool_node *joined = add(nodes, "n-1", 0);
    assert_ptr_equal(wi_pool_nodes_yardstick(nodes, NULL), joined);
    strcpy(info.session, "s-1");
    struct pool_node *ours = add(nodes, "n-2", 0);
    assert_ptr_equal(wi_pool_nodes_yardstick(nodes, NULL), ours);
    assert_ptr_equal(wi_pool_nodes_yardstick(nodes, info.kind), ours);
    assert_null(wi_pool_nodes_yardstick(nodes, "another"));
    wi_pool_node_drain(nodes, ours, 1);
    assert_ptr_equal(wi_pool_nodes_yardstick(nodes, NULL), joined);
    wi_pool_nodes_remove(nodes, joined);
    assert_null(wi_pool_nodes_yardstick(nodes, NULL));
    assert_int_equal(HASH_COUNT(nodes->all), 1);
}

static void book_text(struct pool_nodes *nodes, struct pool_node *node, const char *id, int alone)
{
    const struct wi_task task = {.attempt_id = id,
        .asked = &(struct wi_inference){.model = &model, .task = WI_TASK_CHAT},
        .platforms = {WI_WASM},
        .platform_count = 1,
        .alone = alone};

    wi_pool_node_book(nodes, node, &task, 1000);
}

static int has_room(const struct pool_node *node)
{
    return wi_fleet_has_room(&node->place, WI_ENGINE_LLAMA);
}

TEST(what_is_to_be_alone_gets_nothing_beside_it)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);
    struct pool_attempt attempt;

    model.engine = WI_ENGINE_LLAMA;
    book_text(nodes, node, "a", 0);
    assert_true(has_room(node));
    book_text(nodes, node, "b", 1);
    assert_false(has_room(node));
    assert_true(wi_fleet_has_room(&node->place, WI_ENGINE_ORT));
    wi_pool_node_unbook(node, "a", 1000, &attempt);
    assert_false(has_room(node));
    wi_pool_node_unbook(node, "b", 1000, &attempt);
    assert_true(attempt.alone && has_room(node));
}

static int broke(struct pool_node *node, const char *id)
{
    struct pool_attempt attempt;

    assert_int_equal(wi_pool_node_unbook(node, id, 1000, &attempt), 1);
    return wi_pool_node_broke(node, &attempt);
}

TEST(who_shared_an_engine_that_broke_is_known)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);
    struct wi_model one;

    model.engine = WI_ENGINE_LLAMA;
    one = model;
    book_text(nodes, node, "a", 0);
    book_text(nodes, node, "b", 0);
    memset(model.hash, 'b', sizeof model.hash - 1);
    book_text(nodes, node, "another model", 0);
    model = one;
    model.engine = WI_ENGINE_PIPELINE;
    book_text(nodes, node, "another worker", 0);
    model = one;
    assert_int_equal(broke(node, "a"), 1);
    assert_int_equal(broke(node, "b"), 1); /* the last is told of it too */
    assert_int_equal(broke(node, "another model"), 0);
    assert_int_equal(broke(node, "another worker"), 0);
    book_text(nodes, node, "c", 1);
    assert_int_equal(broke(node, "c"), 0);
}

TEST(models_of_a_platform_share_a_worker)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);

    model.engine = WI_ENGINE_PIPELINE;
    book_text(nodes, node, "task", 0);
    memset(model.hash, 'b', sizeof model.hash - 1);
    book_text(nodes, node, "another model", 0);
    model.engine = WI_ENGINE_ORT;
    book(nodes, node, "tensors");
    model.builtin = WI_BUILTIN_COUNT;
    book(nodes, node, "count");
    assert_int_equal(broke(node, "tensors"), 1);
    assert_int_equal(broke(node, "task"), 1);
    assert_int_equal(broke(node, "another model"), 1);
    assert_int_equal(broke(node, "count"), 0);
}

static void book_program(struct pool_nodes *nodes, struct pool_node *node, const char *id)
{
    static struct wi_program program;
    const struct wi_task task = {.attempt_id = id,
        .asked = &(struct wi_inference){.model = &model, .program = &program},
        .platforms = {WI_WASM},
        .platform_count = 1};

    wi_pool_node_book(nodes, node, &task, 1000);
}

TEST(a_clients_own_kernel_is_due_while_it_computes)
{
    struct pool_nodes *nodes = *state;
    struct pool_node *node = add(nodes, "n-1", 0);

    book(nodes, node, "model");
    book_program(nodes, node, "k");
    book_program(nodes, node, "l");
    wi_pool_node_accepted(node, "model");
    assert_int_equal(wi_pool_node_begun(node, "model", 2000), 0);
    assert_int_equal(wi_pool_node_begun(node, "k", 2000), 0); /* it has not even arrived */
    assert_int_equal(wi_pool_node_hurry(node, "k", 2000), 0);
    wi_pool_node_accepted(node, "k");
    wi_pool_node_works(node, "l", 1100);
    assert_null(wi_pool_node_next_due(node));
    assert_int_equal(wi_pool_node_begun(node, "k", 2000), 1);
    assert_int_equal(wi_pool_node_begun(node, "k", 3000), 0);
    assert_int_equal(wi_pool_node_begun(node, "l", 1900), 1);
    assert_string_equal(wi_pool_node_next_due(node)->id, "l");
    assert_int_equal(wi_pool_node_hurry(node, "k", 1800), 1);
    assert_int_equal(wi_pool_node_hurry(node, "k", 1850), 1); /* and gets no more time */
    assert_string_equal(wi_pool_node_next_due(node)->id, "k");
    assert_true(wi_pool_node_next_due(node)->due == 1800);
    wi_pool_node_computed(node, "k");
    assert_string_equal(wi_pool_node_next_due(node)->id, "l");
    assert_int_equal(wi_pool_node_hurry(node, "k", 1700), 0);
    wi_pool_node_computed(node, "l");
    assert_null(wi_pool_node_next_due(node));
    assert_int_equal(wi_pool_node_begun(node, "k", 4000), 1);
}

/* When two attempts of the engine are expected to be done on a fresh node. */
static double done_at(struct pool_nodes *nodes, const char *id, enum wi_engine engine)
{
    struct pool_node *node = add(nodes, id, 0);

    model.engine = engine;
    book(nodes, node, "a");
    book(nodes, node, "b");
    return wi_pool_node_done_at(node);
}

TEST(what_computes_by_turns_is_done_one_after_the_other)
{
    info.engines[WI_ENGINE_PIPELINE].slots = info.engines[WI_ENGINE_LLAMA].slots;
    double one_slot = done_at(*state, "n-1", WI_ENGINE_ORT);
    double turns = done_at(*state, "n-2", WI_ENGINE_PIPELINE);
    double beside = done_at(*state, "n-3", WI_ENGINE_LLAMA);

    assert_true(turns == one_slot && beside < turns);
}

TEST(slots_may_be_taken_back_while_they_are_in_use)
{
    struct pool_nodes *nodes = *state;
    struct wi_task task = {.attempt_id = "a",
        .asked = &(struct wi_inference){.model = &model, .task = WI_TASK_EMBED},
        .platforms = {WI_WASM},
        .platform_count = 1};
    struct pool_attempt attempt;

    info.engines[WI_ENGINE_ORT].short_slots = 2;
    struct pool_node *node = add(nodes, "n-1", 0);
    wi_pool_node_book(nodes, node, &task, 1000);
    task.attempt_id = "b";
    wi_pool_node_book(nodes, node, &task, 1000);
    double both = wi_pool_node_done_at(node);
    info.engines[WI_ENGINE_ORT].short_slots = 0;
    add(nodes, "n-1", 0);
    assert_true(wi_pool_node_unbook(node, "a", 1000, &attempt));
    assert_true(attempt.expected_ms > 0);
    assert_true(wi_pool_node_done_at(node) > 1000 && wi_pool_node_done_at(node) <= both);
    assert_true(wi_pool_node_unbook(node, "b", 1000, &attempt));
    assert_true(wi_pool_node_done_at(node) == 0);
}

static char changed[256]; /* the ids of those that somebody listening is told of */

static void on_change(void *context, enum wi_change_kind kind, const char *id, const char *owner)
{
    assert_int_equal(kind, WI_CHANGE_NODE);
    assert_null(owner);
    strcat(strcat(changed, id), " ");
}

static void check_changed(const char *expected)
{
    assert_string_equal(changed, expected);
    changed[0] = '\0';
}

TEST(who_listens_is_told_of_each_change)
{
    static const struct wi_change_listener listener = {.on_change = on_change};
    struct pool_nodes *nodes = wi_pool_nodes_new(estimates, &listener);
    struct pool_attempt ended;

    changed[0] = '\0';
    struct pool_node *one = add(nodes, "n-1", 0), *other = add(nodes, "n-2", 0);
    check_changed("n-1 n-2 ");
    book(nodes, other, "a-1");
    check_changed("n-2 ");
    assert_true(wi_pool_node_unbook(other, "a-1", 2000, &ended));
    check_changed("n-2 ");
    assert_false(wi_pool_node_unbook(other, "a-1", 2000, &ended));
    check_changed("");
    wi_pool_node_away(nodes, one);
    wi_pool_node_drain(nodes, other, 1);
    check_changed("n-1 n-2 ");
    wi_pool_nodes_remove(nodes, one);
    check_changed("n-1 ");
    wi_pool_nodes_remove(nodes, other);
    check_changed("n-2 ");
    wi_pool_nodes_free(nodes);
}
