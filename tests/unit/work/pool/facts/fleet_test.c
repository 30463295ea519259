/* Nodes in classes and lists. */
#include "../../../test.h"

#include "work/pool/facts/fleet.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES 8
static struct wi_fleet fleet;
static struct wi_fleet_node nodes[NODES];
static char ids[NODES][16];
static struct wi_node_info info;
static const char A[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char B[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

static int setup(void **state)
{
    memset(&fleet, 0, sizeof fleet);
    memset(nodes, 0, sizeof nodes);
    memset(&info, 0, sizeof info);
    strcpy(info.kind, "chrome");
    strcpy(info.session, "s");
    info.platforms[WI_WASM].available = 1;
    for (int i = 0; i < WI_ENGINE_COUNT; i++) {
        info.engines[i].available = i == WI_ENGINE_ORT || i == WI_ENGINE_BUILTIN;
        info.engines[i].slots = wi_engines[i].slots;
        info.engines[i].queue = 1;
    }
    for (int i = 0; i < NODES; i++)
        snprintf(ids[i], sizeof ids[i], "node-%d", i);
    return 0;
}

static int teardown(void **state)
{
    for (int i = 0; i < NODES; i++)
        wi_fleet_remove(&fleet, &nodes[i]);
    assert_null(fleet.classes);
    assert_int_equal(fleet.count, 0);
    assert_int_equal(fleet.open, 0);
    return 0;
}

static void set_open(struct wi_fleet_node *node, int open, int away)
{
    wi_fleet_set(&fleet, node, &(struct wi_fleet_state){.open = open, .away = away});
}

static void add(int i)
{
    wi_fleet_put(&fleet, &nodes[i], ids[i], &info);
    set_open(&nodes[i], 1, 0);
}

static const struct wi_fleet_class *class(void)
{
    return fleet.classes;
}

static void load(int i, unsigned queue, size_t count, double done_at)
{
    wi_fleet_load(&nodes[i], queue, &(struct wi_fleet_work){.count = count, .done_at = done_at});
}

static void tell(int i, const char *hash, const char *platform, const char *state)
{
    json_t *models =
        json_pack("[{s:s, s:s, s:s}]", "hash", hash, "platform", platform, "state", state);

    wi_fleet_models(&nodes[i], models);
    json_decref(models);
}

static void assert_any(const char *avoid, int expected)
{
    const struct wi_fleet_node *node = wi_fleet_any(class(), WI_ENGINE_ORT, avoid, 1000);

    if (expected < 0)
        assert_null(node);
    else
        assert_string_equal(node->id, ids[expected]);
}

static void assert_warm(const char *hash, int expected)
{
    const struct wi_fleet_node *node =
        wi_fleet_warm(class(), WI_ENGINE_ORT, hash, WI_WASM, NULL, 1000);

    if (expected < 0)
        assert_null(node);
    else
        assert_string_equal(node->id, ids[expected]);
}

FIXTURE(setup, teardown)

TEST(nodes_that_are_alike_share_a_class)
{
    add(0);
    add(1);
    strcpy(info.session, "another session, the same browser");
    add(2);
    assert_int_equal(HASH_COUNT(fleet.classes), 1);
    strcpy(info.browser_version, "2");
    add(3);
    info.platforms[WI_WEBGPU].available = 1;
    add(4);
    info.session[0] = '\0';
    add(5);
    assert_int_equal(HASH_COUNT(fleet.classes), 4);
    assert_int_equal(fleet.count, 6);
    assert_int_equal(class()->count, 3);
    assert_false(nodes[5].class->ours);
    /* What its page says anew moves it. */
    add(4);
    assert_ptr_equal(nodes[4].class, nodes[5].class);
    assert_int_equal(HASH_COUNT(fleet.classes), 3);
}

TEST(nodes_that_differ_in_what_they_can_share_none)
{
    add(0);
    info.engines[WI_ENGINE_PIPELINE].available = 1;
    add(1);
    info.engines[WI_ENGINE_LLAMA].available = 1;
    add(2);
    strcpy(info.engines[WI_ENGINE_ORT].version, "1.31");
    add(3);
    info.engines[WI_ENGINE_ORT].slots = 2;
    add(4);
    info.engines[WI_ENGINE_ORT].can_continue = 1;
    add(5);
    info.platforms[WI_WEBGPU].f16 = 1;
    add(6);
    info.engines[WI_ENGINE_LLAMA].file_max = 1;
    add(7);
    assert_int_equal(HASH_COUNT(fleet.classes), 8);
    info.engines[WI_ENGINE_LLAMA].short_slots = 1;
    add(0);
    assert_int_equal(HASH_COUNT(fleet.classes), 8);
    assert_int_equal(nodes[0].class->count, 1);
    info.memory_limit = 1;
    add(1);
    assert_int_equal(HASH_COUNT(fleet.classes), 8);
    assert_int_equal(nodes[1].class->count, 1);
}

/* Equal GPUs are alike; without a name, one GPU is not known to equal another. */
TEST(nodes_on_two_gpus_share_a_class_if_their_adapters_have_one_name)
{
    struct wi_adapter *adapter = &info.platforms[WI_WEBGPU].adapter;

    info.platforms[WI_WEBGPU].available = info.platforms[WI_WEBGPU].has_adapter = 1;
    for (int named = 0; named < 2; named++) {
        snprintf(adapter->vendor, sizeof adapter->vendor, "%s", named ? "nvidia" : "");
        strcpy(info.gpu, "/dev/nvidia0");
        add(2 * named);
        strcpy(info.gpu, "/dev/nvidia1");
        add(2 * named + 1);
        assert_int_equal(nodes[2 * named].class == nodes[2 * named + 1].class, named);
    }
}

TEST(nodes_of_one_token_share_a_class_however_many_they_are)
{
    static struct wi_fleet_node many[1000];
    static char names[1000][16];

    memset(many, 0, sizeof many);
    info.session[0] = '\0';
    strcpy(info.party, "fleet");
    for (int i = 0; i < 1000; i++) {
        snprintf(names[i], sizeof names[i], "many-%d", i);
        wi_fleet_put(&fleet, &many[i], names[i], &info);
    }
    assert_int_equal(HASH_COUNT(fleet.classes), 1);
    assert_int_equal(fleet.classes->count, 1000);
    for (int i = 0; i < 1000; i++)
        wi_fleet_remove(&fleet, &many[i]);
}

TEST(nodes_of_two_parties_share_no_class)
{
    info.session[0] = '\0';
    strcpy(info.party, "join-1 192.0.2.7");
    add(0);
    strcpy(info.party, "join-1 192.0.2.8");
    add(1);
    strcpy(info.party, "join-2 192.0.2.7");
    add(2);
    assert_int_equal(HASH_COUNT(fleet.classes), 3);
    assert_string_not_equal(wi_fleet_where(nodes[0].class, WI_ENGINE_ORT, WI_WASM)->key,
        wi_fleet_where(nodes[1].class, WI_ENGINE_ORT, WI_WASM)->key);
}

TEST(the_least_loaded_is_found)
{
    for (int i = 0; i < 3; i++)
        add(i);
    load(0, WI_ENGINE_ORT, 1, 2000);
    load(2, WI_ENGINE_ORT, 1, 1500);
    assert_any(NULL, 1);
    load(1, WI_ENGINE_ORT, 2, 1100);
    assert_any(NULL, 2); /* free sooner than the other that has one */
    assert_any("node-2", 0);
    load(0, WI_ENGINE_ORT, 2, 2000);
    load(2, WI_ENGINE_ORT, 2, 2000);
    assert_any(NULL, -1);
    assert_true(wi_fleet_full(class(), WI_ENGINE_ORT, 1000) == 100);
    load(0, WI_ENGINE_ORT, 0, 0);
    assert_any(NULL, 0);
    assert_any("node-0", -1);
}

static size_t room(unsigned queue)
{
    size_t count = 0;

    for (; count < 10000 && wi_fleet_any(class(), queue, NULL, 1000); count++)
        load(0, queue, count + 1, 0);
    assert_false(wi_fleet_has_room(&nodes[0], queue));
    return count;
}

TEST(an_engine_is_given_one_more_than_it_runs_unless_it_keeps_none_waiting)
{
    info.engines[WI_ENGINE_LLAMA].available = 1;
    info.engines[WI_ENGINE_PIPELINE].available = 1;
    info.engines[WI_ENGINE_PIPELINE].slots = 3;
    info.engines[WI_ENGINE_PIPELINE].queue = 0;
    info.engines[WI_ENGINE_BUILTIN].queue = 7;
    add(0);
    assert_int_equal(room(WI_ENGINE_ORT), 2);
    /* What is full says nothing of the others. */
    assert_int_equal(room(WI_ENGINE_LLAMA), 5);
    assert_int_equal(room(WI_ENGINE_PIPELINE), 3);
    assert_int_equal(room(WI_ENGINE_BUILTIN), 17);
    assert_int_equal(room(WI_FLEET_WAITING(WI_ENGINE_BUILTIN)), 1024);
    assert_int_equal(room(WI_ENGINE_KERNELS), 0);
    assert_int_equal(room(WI_FLEET_WAITING(WI_ENGINE_LLAMA)), 0);
}

TEST(what_was_loaded_last_is_taken_first_whatever_runs_it)
{
    static const enum wi_engine engines[] = {WI_ENGINE_ORT, WI_ENGINE_LLAMA};
    const char *const models[] = {A, B};
    info.engines[WI_ENGINE_LLAMA].available = 1;
    for (int m = 0; m < 2; m++) {
        const struct wi_fleet_node *node;
        for (int i = 0; i < 3; i++) {
            add(i);
            wi_fleet_note_model(&nodes[i], models[m], WI_WASM, 1);
        }
        node = wi_fleet_warm(class(), engines[m], models[m], WI_WASM, NULL, 1000);
        assert_string_equal(node->id, ids[2]);
        load(2, engines[m], 1, 2000);
        node = wi_fleet_warm(class(), engines[m], models[m], WI_WASM, NULL, 1000);
        assert_string_equal(node->id, ids[1]);
        load(2, engines[m], 0, 0);
    }
}

TEST(a_queue_with_a_free_slot_is_not_waited_for)
{
    info.engines[WI_ENGINE_LLAMA].available = 1;
    add(0);
    load(0, WI_ENGINE_LLAMA, 3, 5000);
    assert_true(wi_fleet_ahead(&nodes[0], WI_ENGINE_LLAMA, 1000) == 0);
    load(0, WI_ENGINE_LLAMA, 4, 5000);
    assert_true(wi_fleet_ahead(&nodes[0], WI_ENGINE_LLAMA, 1000) == 4000);
    assert_true(wi_fleet_ahead(&nodes[0], WI_ENGINE_ORT, 1000) == 0);
}

TEST(what_computes_by_turns_is_waited_for_all_the_same)
{
    info.engines[WI_ENGINE_PIPELINE].available = 1;
    info.engines[WI_ENGINE_PIPELINE].slots = 4;
    add(0);
    assert_true(wi_fleet_ahead(&nodes[0], WI_ENGINE_PIPELINE, 1000) == 0);
    load(0, WI_ENGINE_PIPELINE, 1, 5000);
    assert_true(wi_fleet_has_room(&nodes[0], WI_ENGINE_PIPELINE));
    assert_true(wi_fleet_ahead(&nodes[0], WI_ENGINE_PIPELINE, 1000) == 4000);
    load(0, WI_ENGINE_PIPELINE, 0, 5000);
    assert_true(wi_fleet_ahead(&nodes[0], WI_ENGINE_PIPELINE, 1000) == 0);
}

/* --- short tasks ------------------------------------------------------------------------------ */

#define WRITES ((unsigned)WI_ENGINE_PIPELINE)
#define READS WI_FLEET_SHORT(WI_ENGINE_PIPELINE)

static void add_with_short_slots(int i, unsigned slots)
{
    info.engines[WI_ENGINE_PIPELINE].available = 1;
    info.engines[WI_ENGINE_PIPELINE].slots = 4;
    info.engines[WI_ENGINE_PIPELINE].short_slots = slots;
    add(i);
}

TEST(what_makes_no_text_is_counted_apart_where_a_node_has_slots_for_it)
{
    struct wi_model folder = {.engine = WI_ENGINE_PIPELINE}, file = {.engine = WI_ENGINE_LLAMA},
                    count = {.engine = WI_ENGINE_BUILTIN, .builtin = WI_BUILTIN_COUNT};

    add_with_short_slots(0, 2);
    assert_int_equal(wi_fleet_queue(class(), &folder, WI_TASK_EMBED), READS);
    assert_int_equal(wi_fleet_queue(class(), &folder, WI_TASK_CHAT), WRITES);
    assert_int_equal(wi_fleet_queue(class(), &folder, WI_TASK_NONE), WRITES);
    assert_int_equal(wi_fleet_queue(class(), &file, WI_TASK_EMBED), WI_ENGINE_LLAMA);
    assert_int_equal(
        wi_fleet_queue(class(), &count, WI_TASK_NONE), WI_FLEET_WAITING(WI_ENGINE_BUILTIN));
    assert_int_equal(wi_fleet_queue(NULL, &folder, WI_TASK_EMBED), WRITES);
    assert_true(wi_fleet_is_short(READS) && !wi_fleet_is_short(WRITES));
    assert_false(wi_fleet_is_short(WI_FLEET_WAITING(WI_ENGINE_BUILTIN)));
    assert_true(wi_fleet_takes_turns(READS));
    assert_int_equal(room(WRITES), 5);
    assert_int_equal(room(READS), 3);
    wi_fleet_remove(&fleet, &nodes[0]);
    add_with_short_slots(0, 0);
    assert_int_equal(wi_fleet_queue(class(), &folder, WI_TASK_EMBED), WRITES);
    assert_int_equal(room(READS), 0);
}

TEST(a_short_task_waits_for_short_ones_alone)
{
    add_with_short_slots(0, 2);
    assert_true(wi_fleet_is_idle(&nodes[0], READS));
    load(0, WRITES, 4, 5000);
    assert_true(wi_fleet_ahead(&nodes[0], READS, 1000) == 0);
    load(0, READS, 1, 1500);
    assert_true(wi_fleet_ahead(&nodes[0], READS, 1000) == 500);
    assert_true(wi_fleet_ahead(&nodes[0], WRITES, 1000) == 4000);
    /* For another model it is as good as idle only where it does neither. */
    load(0, READS, 0, 0);
    assert_false(wi_fleet_is_idle(&nodes[0], READS));
    load(0, WRITES, 0, 0);
    assert_true(wi_fleet_is_idle(&nodes[0], READS));
}

TEST(what_is_alone_in_its_engine_has_neither_kind_beside_it)
{
    const struct wi_fleet_work alone = {.count = 1, .done_at = 3000, .closed = 1};

    add_with_short_slots(0, 2);
    wi_fleet_load(&nodes[0], WRITES, &alone);
    assert_null(wi_fleet_any(class(), READS, NULL, 1000));
    assert_true(wi_fleet_full(class(), READS, 1000) == 2000);
    load(0, WRITES, 0, 0);
    assert_non_null(wi_fleet_any(class(), READS, NULL, 1000));
    wi_fleet_load(&nodes[0], READS, &alone);
    assert_null(wi_fleet_any(class(), WRITES, NULL, 1000));
    assert_non_null(wi_fleet_any(class(), WI_ENGINE_ORT, NULL, 1000));
    load(0, READS, 0, 0);
    assert_non_null(wi_fleet_any(class(), WRITES, NULL, 1000));
}

TEST(a_model_of_both_kinds_of_tasks_is_found_for_each)
{
    add_with_short_slots(0, 1);
    add_with_short_slots(1, 1);
    tell(0, A, "wasm", "loaded");
    tell(1, A, "wasm", "loaded");
    load(0, WRITES, 5, 5000);
    load(1, READS, 2, 2000);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(wi_fleet_warm(class(), READS, A, WI_WASM, NULL, 1000)->id, ids[0]);
        assert_string_equal(wi_fleet_warm(class(), WRITES, A, WI_WASM, NULL, 1000)->id, ids[1]);
    }
}

TEST(the_largest_engine_has_its_lists_too)
{
    info.engines[WI_ENGINE_ORT].slots = WI_ENGINE_SLOTS_MAX;
    add(0);
    add(1);
    for (size_t count = 0; count <= WI_ENGINE_SLOTS_MAX; count++) {
        load(0, WI_ENGINE_ORT, count, 2000);
        load(1, WI_ENGINE_ORT, 2 * count + 2, 2000);
        assert_any(NULL, 0);
    }
    load(0, WI_ENGINE_ORT, WI_ENGINE_SLOTS_MAX + 1, 2000);
    assert_any(NULL, -1);
}

/* A page lists its models without saying what runs them. */
TEST(whose_queue_a_model_fills_is_learned_when_it_is_asked_for)
{
    info.engines[WI_ENGINE_LLAMA].available = 1;
    for (int i = 0; i < 3; i++) {
        add(i);
        tell(i, A, "wasm", "loaded");
    }
    load(0, WI_ENGINE_LLAMA, 5, 2000); /* full */
    load(1, WI_ENGINE_LLAMA, 1, 2000);
    load(2, WI_ENGINE_ORT, 2, 2000); /* likewise, but not of this one */
    const struct wi_fleet_node *node =
        wi_fleet_warm(class(), WI_ENGINE_LLAMA, A, WI_WASM, NULL, 1000);
    assert_string_equal(node->id, "node-2");
    load(2, WI_ENGINE_LLAMA, 2, 2000);
    node = wi_fleet_warm(class(), WI_ENGINE_LLAMA, A, WI_WASM, NULL, 1000);
    assert_string_equal(node->id, "node-1");
    assert_int_equal(wi_fleet_loaded(class(), A, WI_WASM), 3);
}

TEST(closed_nodes_are_not_found)
{
    add(0);
    add(1);
    tell(0, A, "wasm", "loaded");
    set_open(&nodes[0], 0, 0);
    set_open(&nodes[0], 0, 0);
    assert_any(NULL, 1);
    assert_warm(A, -1);
    assert_int_equal(wi_fleet_loaded(class(), A, WI_WASM), 1);
    assert_int_equal(class()->open, 1);
    load(0, WI_ENGINE_ORT, 1, 2000); /* while it is closed */
    set_open(&nodes[0], 1, 0);
    assert_warm(A, 0);
    assert_int_equal(fleet.open, 2);
}

TEST(loaded_models_are_known)
{
    for (int i = 0; i < 3; i++)
        add(i);
    tell(1, A, "wasm", "loaded");
    tell(2, A, "wasm", "loading"); /* for nobody, so that requests go to where it is */
    assert_int_equal(wi_fleet_loaded(class(), A, WI_WASM), 1);
    tell(2, A, "wasm", "loaded");
    load(2, WI_ENGINE_ORT, 1, 1200);
    assert_warm(A, 1);
    assert_warm(B, -1);
    assert_null(wi_fleet_warm(class(), WI_ENGINE_ORT, A, WI_WEBGPU, NULL, 1000));
    assert_int_equal(wi_fleet_loaded(class(), A, WI_WASM), 2);
    tell(1, B, "wasm", "loaded"); /* the whole list: A is gone from it */
    assert_warm(A, 2);
    assert_warm(B, 1);
    tell(1, B, "wasm", "evicted");
    assert_warm(B, -1);
    tell(1, "", "wasm", "loaded");
    tell(1, A, "cuda", "loaded");
    assert_false(wi_fleet_has(&nodes[1], A, WI_WASM));
    wi_fleet_note_model(&nodes[1], A, WI_WASM, 1);
    wi_fleet_note_model(&nodes[1], A, WI_WASM, 1);
    assert_true(wi_fleet_has(&nodes[1], A, WI_WASM));
    assert_int_equal(wi_fleet_loaded(class(), A, WI_WASM), 2);
}

TEST(what_nobody_has_confirmed_is_taken_back)
{
    add(0);
    wi_fleet_note_model(&nodes[0], A, WI_WASM, 1);
    assert_warm(A, 0);
    wi_fleet_take_back(&nodes[0], A, WI_WASM);
    assert_warm(A, -1);
    wi_fleet_take_back(&nodes[0], A, WI_WASM);
    wi_fleet_note_model(&nodes[0], A, WI_WASM, 1);
    wi_fleet_note_model(&nodes[0], A, WI_WASM, 0);
    wi_fleet_note_model(&nodes[0], A, WI_WASM, 1);
    wi_fleet_take_back(&nodes[0], A, WI_WASM);
    assert_warm(A, 0);
    tell(0, B, "wasm", "loading");
    assert_warm(A, -1);
    wi_fleet_note_model(&nodes[0], B, WI_WASM, 1);
    assert_warm(B, 0);
    wi_fleet_take_back(&nodes[0], B, WI_WASM);
    assert_warm(B, -1);
    tell(0, B, "wasm", "loaded");
    wi_fleet_note_model(&nodes[0], B, WI_WASM, 1);
    wi_fleet_take_back(&nodes[0], B, WI_WASM);
    assert_warm(B, 0);
}

TEST(idle_nodes_that_joined_take_turns)
{
    for (int i = 0; i < 2; i++)
        add(i);
    load(0, WI_ENGINE_ORT, 1, 1100);
    load(0, WI_ENGINE_ORT, 0, 0);
    assert_any(NULL, 0); /* of ours, so that the others may be closed */
    for (int i = 0; i < 2; i++)
        wi_fleet_remove(&fleet, &nodes[i]);
    info.session[0] = '\0';
    for (int i = 0; i < 2; i++)
        add(i);
    assert_any(NULL, 0);
    load(0, WI_ENGINE_ORT, 1, 1100);
    load(0, WI_ENGINE_ORT, 0, 0);
    assert_any(NULL, 1);
}

TEST(a_doubted_node_is_in_a_class_of_its_own)
{
    add(0);
    nodes[1].doubted = 1;
    add(1);
    assert_ptr_not_equal(nodes[0].class, nodes[1].class);
    assert_true(nodes[1].class->doubted);
    assert_false(nodes[0].class->doubted);
    nodes[1].doubted = 0;
    add(1);
    assert_ptr_equal(nodes[0].class, nodes[1].class);
}

TEST(a_late_node_is_given_as_long_again)
{
    add(0);
    assert_true(wi_fleet_ahead(&nodes[0], WI_ENGINE_ORT, 1000) == 0);
    load(0, WI_ENGINE_ORT, 1, 1300);
    assert_true(wi_fleet_ahead(&nodes[0], WI_ENGINE_ORT, 1000) == 300);
    assert_true(wi_fleet_ahead(&nodes[0], WI_ENGINE_ORT, 1800) == 500);
}

TEST(any_order_of_changes_leaves_the_lists_whole)
{
    unsigned random = 7;

    for (int step = 0; step < 20000; step++) {
        random = random * 1103515245 + 12345;
        int i = (int)(random >> 16) % NODES, what = (int)(random >> 8) % 8;
        if (what == 0)
            wi_fleet_remove(&fleet, &nodes[i]);
        else if (what == 1 || !nodes[i].class)
            add(i);
        else if (what == 2)
            set_open(&nodes[i], (random >> 20) & 1, (random >> 25) & 1);
        else if (what == 3)
            tell(i, (random >> 21) & 1 ? A : B, "wasm", "loaded");
        else
            load(i, (random >> 22) & 1 ? WI_ENGINE_ORT : WI_ENGINE_BUILTIN, (random >> 24) % 3, 1);
        size_t free = 0;
        for (int n = 0; n < NODES; n++)
            free += nodes[n].is.open && wi_fleet_has_room(&nodes[n], WI_ENGINE_ORT);
        const struct wi_fleet_node *found =
            class() ? wi_fleet_any(class(), WI_ENGINE_ORT, NULL, 0) : NULL;
        assert_int_equal(found != NULL, free > 0);
        if (found)
            assert_true(found->is.open && wi_fleet_has_room(found, WI_ENGINE_ORT));
    }
}
