/* Which work relays get: what the daemon behind each has, whatever the policy of strangers, and not
 * what came through a relay itself. "n-1" is the page of our session; it comes only where a test
 * says so. */
#include "pool_fixture.h"

#include "base/hash.h"
#include "nodes/node/relay.h"

static struct wi_relay_models *models[2];

static int set_up(void **state)
{
    for (int i = 0; i < 2; i++)
        models[i] = wi_relay_models_new();
    return setup(state);
}

static int tear_down(void **state)
{
    int failed = teardown(state);

    for (int i = 0; i < 2; i++)
        wi_relay_models_free(models[i]);
    return failed;
}

FIXTURE(set_up, tear_down)

static void come(const char *id, int which, const char *name)
{
    struct wi_node_info before = info;

    wi_text_copy(info.id, sizeof info.id, id);
    *info.session = '\0';
    wi_text_copy(info.relay, sizeof info.relay, name);
    wi_join(info.party, sizeof info.party, "token" WI_PARTY_VIA, name, NULL);
    info.relay_models = models[which];
    bridge()->on_node_up(bridge()->context, &info, 0);
    info = before;
}

/* Its daemon has the model, or not any more. */
static void lend(int which, const char *member, const char *hash)
{
    json_t *data = json_pack("{s:[s]}", member, hash);
    struct wi_error error;

    assert_int_equal(wi_relay_models_update(models[which], data, &error), WI_OK);
    json_decref(data);
}

static struct wi_inference asked;
static struct wi_choice choice;
static struct wi_error error;

static enum wi_pick pick(const struct wi_demand *more)
{
    struct wi_demand demand = more ? *more : (struct wi_demand){0};

    asked = (struct wi_inference){.model = &model, .has_platform = 1, .platform = WI_WASM};
    demand.asked = &asked;
    memset(&choice, 0, sizeof choice);
    return wi_pool_pick(pool, &demand, &choice, &error);
}

TEST(a_relay_gets_the_models_that_it_has_named)
{
    come("n-2", 0, "hall");
    come("n-3", 1, "roof");
    assert_int_not_equal(pick(NULL), WI_PICK_NODE);
    lend(1, "add", model.hash);
    uv_run(&loop, UV_RUN_NOWAIT);
    int told = seen.capacity;
    bridge()->on_relay_models(bridge()->context, "n-3");
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_true(seen.capacity > told); /* what waits is tried again */
    assert_int_equal(pick(NULL), WI_PICK_NODE);
    assert_string_equal(choice.node, "n-3");
    assert_int_equal(choice.platform_count, 1);
    lend(0, "add", model.hash);
    lend(1, "remove", model.hash);
    assert_int_equal(pick(NULL), WI_PICK_NODE);
    assert_string_equal(choice.node, "n-2");
}

TEST(a_built_in_model_needs_no_name)
{
    come("n-2", 0, "hall");
    model.builtin = WI_BUILTIN_ECHO;
    assert_int_equal(pick(NULL), WI_PICK_NODE);
    assert_string_equal(choice.node, "n-2");
}

TEST(ten_thousand_names_cost_no_more_than_one)
{
    unsigned char hash[WI_HASH_SIZE];
    char hex[WI_HASH_HEX_SIZE];

    for (unsigned i = 0; i < WI_RELAY_MODELS_MAX - 1; i++) {
        wi_hash(&i, sizeof i, hash);
        wi_hash_hex(hash, hex);
        lend(0, "add", hex);
    }
    lend(0, "add", model.hash);
    come("n-2", 0, "hall");
    for (int i = 0; i < 1000; i++)
        assert_int_equal(pick(NULL), WI_PICK_NODE);
}

TEST(strangers_are_no_concern_of_a_relay)
{
    lend(0, "add", model.hash);
    come("n-2", 0, "hall");
    assert_int_equal(pick(&(struct wi_demand){.ours_only = 1, .lent = 1}), WI_PICK_NODE);
    /* What the service asks its own browsers is for these alone. */
    assert_int_not_equal(pick(&(struct wi_demand){.ours_only = 1}), WI_PICK_NODE);
}

TEST(what_came_through_a_relay_goes_to_none)
{
    lend(0, "add", model.hash);
    come("n-2", 0, "hall");
    assert_int_not_equal(pick(&(struct wi_demand){.no_relays = 1}), WI_PICK_NODE);
    serve();
    assert_int_equal(pick(&(struct wi_demand){.no_relays = 1}), WI_PICK_NODE);
    assert_string_equal(choice.node, "n-1");
}

/* Also if both say the same of themselves: else one would answer for what the other has. */
TEST(each_relay_is_a_class_of_its_own)
{
    come("n-2", 0, "hall");
    come("n-3", 1, "hall");
    const struct pool_node *one = wi_pool_nodes_find(pool->nodes, "n-2");
    const struct pool_node *other = wi_pool_nodes_find(pool->nodes, "n-3");
    assert_ptr_not_equal(one->place.class, other->place.class);
    /* But at the same place. */
    assert_string_equal(wi_fleet_where(one->place.class, WI_ENGINE_ORT, WI_WASM)->key,
        wi_fleet_where(other->place.class, WI_ENGINE_ORT, WI_WASM)->key);
}

TEST(a_held_place_gets_nothing_and_others_do)
{
    lend(0, "add", model.hash);
    come("n-2", 0, "hall");
    const struct pool_node *node = wi_pool_nodes_find(pool->nodes, "n-2");
    const struct wi_place *wasm = wi_fleet_where(node->place.class, WI_ENGINE_ORT, WI_WASM);
    const struct pool_node_limit limit = {.since = wi_steady_ms()};
    wi_place_holds_add(pool->place_holds, wasm->key, &limit);
    assert_int_not_equal(pick(NULL), WI_PICK_NODE);
    asked.platform = WI_WEBGPU;
    assert_int_equal(
        wi_pool_pick(pool, &(struct wi_demand){.asked = &asked}, &choice, &error), WI_PICK_NODE);
    asked.fallback = 1; /* to WASM, which is held */
    assert_int_equal(
        wi_pool_pick(pool, &(struct wi_demand){.asked = &asked}, &choice, &error), WI_PICK_NODE);
    assert_int_equal(choice.platform_count, 1);
    assert_int_equal(choice.platforms[0], WI_WEBGPU);
}

TEST(a_relay_loads_nothing_and_is_no_yardstick)
{
    const enum wi_platform wasm = WI_WASM;

    lend(0, "add", model.hash);
    come("n-2", 0, "hall");
    assert_int_equal(wi_pool_load(pool, "n-2", &model, &wasm, 1), WI_UNAVAILABLE);
    assert_int_equal(seen.loads, 0);
    assert_null(wi_pool_yardstick(pool, NULL));
}
