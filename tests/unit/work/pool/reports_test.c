/* What nodes report, and what is sent to them: what is booked, and who is told. */
#include "pool_fixture.h"

#include "base/secret.h"

static const struct pool_node *node(void)
{
    const struct pool_node *found = wi_pool_nodes_find(pool->nodes, "n-1");

    return found ? found : NULL;
}

/* How often it was told since, in the next turn, that there may be room. */
static int told(void)
{
    int before = seen.capacity;

    uv_run(&loop, UV_RUN_NOWAIT);
    return seen.capacity - before;
}

static struct wi_error error;

FIXTURE(setup, teardown)

TEST(what_is_sent_is_booked_until_it_is_answered)
{
    serve();
    give("a", WI_WASM, NULL);
    give("b", WI_WASM, NULL);
    assert_int_equal(node()->count, 2);
    assert_int_equal(wi_pool_session_state(session()), WI_SESSION_BUSY);
    end("a", 0);
    assert_int_equal(wi_pool_session_state(session()), WI_SESSION_BUSY);
    end("b", 0);
    assert_int_equal(node()->count, 0);
    assert_int_equal(wi_pool_session_state(session()), WI_SESSION_READY);
    assert_int_equal(seen.answered, 2);
    assert_int_equal(seen.slots_freed, 2);
    assert_int_equal(session()->jobs, 2);
}

TEST(to_who_is_not_there_nothing_is_sent)
{
    const enum wi_platform platform = WI_WASM;
    const struct wi_task task = {.attempt_id = "a",
        .asked = &(struct wi_inference){.model = &model},
        .platforms = {WI_WASM},
        .platform_count = 1};

    assert_int_equal(wi_pool_dispatch(pool, "n-1", &task, &error), WI_NODE_NOT_FOUND);
    assert_int_equal(wi_pool_load(pool, "n-1", &model, &platform, 1), WI_NODE_NOT_FOUND);
    wi_pool_cancel(pool, "n-1", "a", "cancelled");
    assert_int_equal(seen.cancelled, 0);
    serve();
    assert_int_equal(wi_pool_load(pool, "n-1", &model, &platform, 1), WI_OK);
    assert_int_equal(seen.loads, 1);
    assert_int_equal(wi_pool_dispatch(pool, "n-1", &task, &error), WI_OK);
    end("a", 0);
}

TEST(what_is_cancelled_makes_room)
{
    serve();
    give("a", WI_WASM, NULL);
    told();
    wi_pool_cancel(pool, "n-1", "a", "cancelled");
    assert_int_equal(seen.cancelled, 1);
    assert_string_equal(seen.cancelled_for, "cancelled");
    assert_int_equal(wi_estimates_count(pool->estimates), 0); /* nothing is known by it */
    assert_int_equal(node()->count, 0);
    assert_int_equal(node()->missed, 0); /* its node is not to blame */
    assert_int_equal(told(), 1);
    assert_int_equal(wi_pool_session_state(session()), WI_SESSION_READY);
}

/* A deadline that was soon says nothing; of what is silent nothing is heard however late it is. */
TEST(what_a_node_does_not_even_take_is_held_against_it)
{
    struct wi_answer answer = {.ok = 1};

    serve();
    give("a", WI_WASM, NULL);
    wi_pool_cancel(pool, "n-1", "a", "deadline");
    assert_int_equal(node()->missed, 0);
    for (unsigned i = 1; i <= 2; i++) {
        give("a", WI_WASM, NULL);
        wi_pool_lose(pool, wi_pool_nodes_find(pool->nodes, "n-1"), "a", "silence");
        assert_int_equal(node()->missed, i);
        assert_int_equal(node()->place.class->doubted, i == 2); /* others go before it */
        assert_string_equal(seen.cancelled_for, "lost");
    }
    wi_pool_lose(pool, wi_pool_nodes_find(pool->nodes, "n-1"), "another", "silence");
    assert_int_equal(seen.lost, 2);
    give("a", WI_WASM, NULL);
    bridge()->on_answer(bridge()->context, "n-1", "a", &answer);
    assert_int_equal(node()->missed, 0);
    assert_false(node()->place.class->doubted);
}

TEST(credit_goes_to_the_node)
{
    serve();
    wi_pool_credit(pool, "n-1", "a", &(struct wi_credit){.parts = 7});
    assert_int_equal(seen.credits, 7);
}

TEST(what_was_lost_with_its_engine_is_passed_on)
{
    serve();
    give("a", WI_WASM, NULL);
    told();
    bridge()->on_lost(bridge()->context, "n-1", "a", 0, "its connection is gone");
    assert_int_equal(seen.lost, 1);
    assert_int_equal(node()->count, 0);
    assert_int_equal(told(), 1);
}

TEST(a_node_that_goes_takes_what_is_known_of_it_along)
{
    static const struct wi_prefix_key key;
    struct pool_session *its;

    serve();
    wi_pool_computed(pool, "n-1", &key, 100);
    bridge()->on_node_down(bridge()->context, "n-1", "its socket broke");
    assert_null(node());
    its = session(); /* its page is opened afresh */
    assert_string_equal(its->node, "");
    assert_int_equal(seen.reloaded, 1);
    bridge()->on_node_down(bridge()->context, "n-1", "twice");
    assert_int_equal(seen.reloaded, 1);
}

TEST(a_page_that_was_opened_afresh_takes_the_others_place)
{
    struct wi_node_info next;

    serve();
    next = info;
    snprintf(next.id, sizeof next.id, "n-2");
    bridge()->on_node_up(bridge()->context, &next, 0);
    assert_string_equal(seen.dropped, "n-1");
    assert_string_equal(seen.why, "its session opened another page");
    assert_string_equal(session()->node, "n-2");
}

TEST(one_that_is_back_is_not_welcomed_again)
{
    serve();
    double welcomed = session()->idle_since;
    while (wi_now_ms() <= welcomed)
        ;
    bridge()->on_node_away(bridge()->context, "n-1");
    assert_true(wi_pool_is_away(pool, "n-1"));
    assert_false(wi_pool_is_away(pool, "n-2"));
    bridge()->on_node_up(bridge()->context, &info, 1);
    assert_false(wi_pool_is_away(pool, "n-1"));
    assert_true(session()->idle_since == welcomed);
    assert_string_equal(seen.dropped, "");
}

TEST(our_sessions_are_the_yardstick)
{
    assert_null(wi_pool_yardstick(pool, NULL));
    serve();
    assert_string_equal(wi_pool_yardstick(pool, NULL)->id, "n-1");
    assert_non_null(wi_pool_yardstick(pool, "chrome"));
    assert_null(wi_pool_yardstick(pool, "firefox"));
    assert_ptr_equal(wi_pool_node_info(pool, "n-1"), &info);
}

/* --- pauses ----------------------------------------------------------------------------------- */

TEST(a_paused_node_gets_nothing_and_work_at_once_when_it_goes_on)
{
    serve();
    told();
    bridge()->on_node_paused(bridge()->context, "n-1", 1);
    assert_true(node()->paused);
    assert_int_equal(pool->nodes->fleet.open, 0);
    assert_int_equal(
        wi_pool_load(pool, "n-1", &model, (enum wi_platform[]){WI_WASM}, 1), WI_NODE_PAUSED);
    told();
    bridge()->on_node_up(bridge()->context, &info, 1); /* it has lost its connection meanwhile */
    assert_true(node()->paused);
    told();
    bridge()->on_node_paused(bridge()->context, "n-1", 0);
    assert_int_equal(pool->nodes->fleet.open, 1);
    assert_int_equal(told(), 1);
    bridge()->on_node_paused(bridge()->context, "n-2", 1); /* there is none */
}

TEST(no_model_is_loaded_where_its_size_is_not_allowed)
{
    const enum wi_platform platform = WI_WASM;
    struct wi_model_file file = {.bytes = 1001};
    struct wi_model large = model;

    large.manifest = (struct wi_manifest){.files = &file, .count = 1};
    info.memory_limit = 1000;
    serve();
    assert_int_equal(wi_pool_load(pool, "n-1", &large, &platform, 1), WI_MODEL_TOO_LARGE);
    bridge()->on_node_paused(bridge()->context, "n-1", 1); /* its end would change nothing */
    assert_int_equal(wi_pool_load(pool, "n-1", &large, &platform, 1), WI_MODEL_TOO_LARGE);
    assert_int_equal(seen.loads, 0);
    file.bytes = 1000;
    assert_int_equal(wi_pool_load(pool, "n-1", &large, &platform, 1), WI_NODE_PAUSED);
    bridge()->on_node_paused(bridge()->context, "n-1", 0);
    assert_int_equal(wi_pool_load(pool, "n-1", &large, &platform, 1), WI_OK);
    assert_int_equal(seen.loads, 1);
}

TEST(a_throttled_node_is_used_only_if_no_other_has_room)
{
    serve();
    told();
    bridge()->on_node_throttled(bridge()->context, "n-1", 1);
    assert_true(node()->place.class->doubted);
    assert_int_equal(pool->nodes->fleet.open, 1);
    assert_int_equal(told(), 1);
    json_t *json = wi_pool_found_json(pool, "n-1", 0);
    const json_t *limit = json_array_get(json_object_get(json, "limits"), 0);
    assert_string_equal(json_string_value(json_object_get(limit, "effect")), "share");
    assert_string_equal(json_string_value(json_object_get(limit, "evidence")), "throttled");
    json_decref(json);
    bridge()->on_node_up(bridge()->context, &info, 1); /* it has lost its connection meanwhile */
    assert_true(node()->place.class->doubted);
    bridge()->on_node_throttled(bridge()->context, "n-1", 0);
    assert_false(node()->place.class->doubted);
    bridge()->on_node_throttled(bridge()->context, "n-2", 1); /* there is none */
}

TEST(what_is_given_back_says_nothing_of_its_node)
{
    struct wi_answer answer = {.retryable = 1, .error.code = WI_NODE_PAUSED};

    serve();
    give("a", WI_WASM, NULL);
    bridge()->on_answer(bridge()->context, "n-1", "a", &answer);
    assert_int_equal(node()->count, 0);
    assert_int_equal(wi_estimates_count(pool->estimates), 0);
    assert_int_equal(session()->jobs, 0);
    give("b", WI_WASM, NULL);
    end("b", 0);
    assert_int_equal(wi_estimates_count(pool->estimates), 1); /* else it would */
}

/* --- orders ----------------------------------------------------------------------------------- */

TEST(a_session_is_replaced_by_order)
{
    assert_int_equal(wi_pool_recycle(pool, "s-7", &error), WI_SESSION_NOT_FOUND);
    assert_string_equal(error.field, "session");
    serve();
    wi_pool_kind_broken(wi_pool_kind_of(pool, session()), wi_now_ms(), -1,
        &(struct wi_error){.code = WI_UNAVAILABLE});
    assert_int_equal(wi_pool_recycle(pool, "s-1", &error), WI_OK);
    assert_string_equal(session()->worn, "by order");
    assert_int_equal(wi_pool_kind_of(pool, session())->backoff.failures, 0);
}

TEST(one_that_does_not_serve_yet_is_ended_by_order)
{
    assert_int_equal(wi_pool_recycle(pool, "s-1", &error), WI_OK);
    assert_null(session());
    assert_int_equal(seen.closed, 1);
}

TEST(a_node_drains_and_takes_work_again_by_order)
{
    assert_int_equal(wi_pool_drain(pool, "n-1", 1, &error), WI_NODE_NOT_FOUND);
    assert_string_equal(error.field, "node");
    serve();
    assert_int_equal(wi_pool_drain(pool, "n-1", 1, &error), WI_OK);
    assert_true(node()->draining);
    told();
    assert_int_equal(wi_pool_drain(pool, "n-1", 0, &error), WI_OK);
    assert_false(node()->draining);
    assert_int_equal(told(), 1);
    give("a", WI_WASM, NULL);
    wi_session_drain(session()->browser);
    assert_int_equal(wi_pool_drain(pool, "n-1", 0, &error), WI_CONFLICT);
    assert_int_equal(wi_pool_drain(pool, "n-1", 1, &error), WI_OK);
    end("a", 0);
}
