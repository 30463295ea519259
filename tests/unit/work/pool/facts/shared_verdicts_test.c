/* Verdicts that the members of a cluster share: one's findings count at the others until these have
 * their own. */
#include "../../../cluster/fake_rows.h"
#include "base/memory.h"
#include "verdicts_database.h"
#include "work/pool/facts/shared_verdicts.h"

#define MEMBERS 2
#define KEY WI_ROW_PREFIX "verdict."
#define DAY ((int64_t)24 * 3600 * 1000)

static struct fake_table table;
static struct fake_follower followers[MEMBERS];
static struct wi_verdicts *verdicts[MEMBERS];
static struct wi_shared_verdicts *shared[MEMBERS];
static struct wi_model model;
static struct wi_node_info node;

static int set_up(void **state)
{
    row_count = 0;
    set_clock.now_ms = (double)(1000 * DAY);
    set_clock.wall_lead_ms = 0;
    model = (struct wi_model){.name = "digits", .hash = "abcd"};
    node = (struct wi_node_info){
        .id = "node-1", .session = "session-1", .kind = "chrome", .browser_version = "156.0"};
    strcpy(node.engines[WI_ENGINE_ORT].version, "1.30.0");
    node.platforms[WI_WEBGPU].has_adapter = 1;
    strcpy(node.platforms[WI_WEBGPU].adapter.vendor, "acme");
    for (int i = 0; i < MEMBERS; i++) {
        followers[i] = (struct fake_follower){0};
        fake_rows_join(&followers[i], &table, i ? "member-b" : "member-a");
        verdicts[i] = wi_verdicts_new(NULL);
        shared[i] = wi_shared_verdicts_new(verdicts[i], followers[i].rows);
        fake_rows_connect(&followers[i]);
    }
    return 0;
}

static int tear_down(void **state)
{
    for (int i = 0; i < MEMBERS; i++) {
        wi_shared_verdicts_free(shared[i]);
        wi_verdicts_free(verdicts[i]);
        fake_rows_leave(&followers[i]);
    }
    fake_table_clear(&table);
    return 0;
}

FIXTURE(set_up, tear_down)

static struct wi_known look(int member)
{
    const struct wi_place place = wi_place_of(&node, model.engine, WI_WEBGPU);
    return wi_verdicts_get(verdicts[member], &model, &place, NULL, "");
}

static const char *key_of(const char *set)
{
    static char key[WI_VERDICT_KEY_SIZE];
    const struct wi_place place = wi_place_of(&node, model.engine, WI_WEBGPU);
    wi_verdict_key(key, &model, &place, NULL, set);
    return key;
}

static void find(int member, enum wi_verdict verdict)
{
    const struct wi_finding found = {.verdict = verdict, .ratio = 0.5, .detail = "y at 3"};
    set_clock.now_ms++;
    wi_verdicts_set(verdicts[member], key_of(NULL), &found);
}

static void sweep(int member, int is_first)
{
    wi_rows_sweep(followers[member].rows, &(struct wi_members_view){.is_first = is_first});
    fake_turn_all(followers, MEMBERS);
}

static size_t rows_now(void)
{
    return fake_rows_count(&table, KEY);
}

TEST(without_a_cluster_nothing_is_shared)
{
    assert_null(wi_shared_verdicts_new(verdicts[0], NULL));
    wi_shared_verdicts_free(NULL);
}

TEST(what_one_has_found_counts_at_the_other)
{
    find(0, WI_WRONG);
    assert_int_equal(look(1).verdict, WI_UNKNOWN);
    assert_true(look(1).due);
    sweep(0, 0);
    assert_int_equal(look(1).verdict, WI_WRONG);
    assert_false(look(1).due);
    json_t *list = wi_verdicts_json(verdicts[1], "abcd");
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "detail")),
        "another member of the cluster has found it: y at 3");
    json_decref(list);
    list = wi_verdicts_json(verdicts[1], "abc");
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    size_t counts[WI_VERDICT_COUNT];
    wi_verdicts_count(verdicts[1], counts);
    assert_int_equal(counts[WI_WRONG], 1);
    wi_verdicts_count(verdicts[0], counts);
    assert_int_equal(counts[WI_WRONG], 1); /* its own, once */
    size_t changes = table.count;
    sweep(0, 1);
    sweep(1, 1);
    assert_int_equal(table.count, changes); /* it is known */
}

TEST(an_own_finding_goes_first)
{
    find(1, WI_TRUSTED);
    find(0, WI_WRONG);
    sweep(0, 0);
    sweep(1, 0); /* it was found earlier, and stays its own */
    assert_int_equal(look(0).verdict, WI_WRONG);
    assert_int_equal(look(1).verdict, WI_TRUSTED);
    assert_int_equal(rows_now(), 1);
}

TEST(what_is_found_later_and_is_otherwise_is_told_anew)
{
    find(0, WI_WRONG);
    sweep(0, 0);
    set_clock.now_ms += 2 * DAY;
    assert_true(look(1).due); /* as an own one would be */
    find(0, WI_TRUSTED);
    sweep(0, 0);
    assert_int_equal(look(1).verdict, WI_TRUSTED);
    assert_int_equal(rows_now(), 1);
}

TEST(inputs_of_clients_condemn_no_place_of_others)
{
    static const char *const sets[] = {"set-1", "set-2", "set-3"};
    struct wi_finding wrong = {.verdict = WI_WRONG, .ratio = 5, .shapes = "FP32[1]"};
    for (int i = 0; i < 3; i++)
        wi_verdicts_set(verdicts[0], key_of(sets[i]), &wrong);
    assert_int_equal(look(0).verdict, WI_WRONG);
    sweep(0, 0);
    assert_int_equal(rows_now(), 0);
    assert_int_equal(look(1).verdict, WI_UNKNOWN);
    strcpy(model.hash, "other");
    wrong.shapes = NULL; /* inputs of ours do */
    for (int i = 0; i < 3; i++)
        wi_verdicts_set(verdicts[0], key_of(sets[i]), &wrong);
    sweep(0, 0);
    assert_int_equal(rows_now(), 1);
    assert_int_equal(look(1).verdict, WI_WRONG);
}

TEST(what_joined_nodes_have_shown_is_not_told)
{
    node.session[0] = '\0';
    strcpy(node.party, "join-1 192.0.2.1");
    find(0, WI_WRONG);
    sweep(0, 0);
    assert_int_equal(rows_now(), 0);
}

static void version_change(void)
{
    strcpy(node.browser_version, "157.0");
}

static void kind_change(void)
{
    strcpy(node.kind, "edge");
}

static void engine_change(void)
{
    strcpy(node.engines[WI_ENGINE_ORT].version, "1.31.0");
}

static void adapter_change(void)
{
    strcpy(node.platforms[WI_WEBGPU].adapter.vendor, "another");
}

TEST(what_one_has_found_does_not_count_at_an_unequal_place)
{
    static void (*const changes[])(void) = {
        version_change, kind_change, engine_change, adapter_change};
    const struct wi_node_info equal = node;
    find(0, WI_WRONG);
    sweep(0, 0);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        assert_int_equal(look(1).verdict, WI_WRONG);
        changes[i]();
        assert_int_equal(look(1).verdict, WI_UNKNOWN);
        assert_true(look(1).due);
        node = equal;
    }
    assert_int_equal(rows_now(), 1);
}

TEST(what_cannot_be_told_comes_again)
{
    find(0, WI_TRUSTED);
    table.full = 1;
    sweep(0, 0);
    assert_int_equal(rows_now(), 0);
    table.full = 0;
    fake_rows_away(&followers[0]);
    sweep(0, 0);
    assert_int_equal(rows_now(), 0);
    fake_rows_connect(&followers[0]);
    sweep(0, 0);
    assert_int_equal(look(1).verdict, WI_TRUSTED);
}

TEST(a_few_are_told_at_a_time)
{
    for (int i = 0; i < 20; i++) {
        snprintf(model.hash, sizeof model.hash, "model-%d", i);
        find(0, WI_TRUSTED);
    }
    sweep(0, 0);
    assert_int_equal(rows_now(), WI_ROWS_CHANGING_MAX);
    sweep(0, 0);
    assert_int_equal(rows_now(), 20);
}

TEST(old_ones_go_and_are_not_told_again)
{
    find(0, WI_TRUSTED);
    sweep(0, 0);
    set_clock.now_ms += WI_SHARED_VERDICTS_MS + 1;
    sweep(1, 0);
    assert_int_equal(rows_now(), 1);
    sweep(1, 1);
    assert_int_equal(rows_now(), 0);
    assert_int_equal(look(1).verdict, WI_UNKNOWN);
    sweep(0, 1);
    assert_int_equal(rows_now(), 0);
    assert_int_equal(look(0).verdict, WI_TRUSTED);
}

/* A row of that key, as another member would write it. */
static void put(const char *key)
{
    struct wi_told_verdict told = {.verdict = WI_WRONG, .checked_at = wi_wall_ms()};
    struct wi_buffer text = {0};
    char name[WI_HASH_HEX_SIZE], whole[WI_KV_KEY_SIZE];
    wi_text_copy(told.key, sizeof told.key, key);
    wi_verdict_row_name(key, name);
    wi_verdict_row_print(&told, &text);
    wi_join(whole, sizeof whole, KEY, name, NULL);
    fake_row_set(&table, whole, text.text, text.size);
    wi_buffer_clear(&text);
}

TEST(rows_about_anything_else_are_garbage)
{
    const struct wi_row_counters *counters = wi_rows_counters(followers[1].rows);
    put("x");
    put(key_of("set-1"));
    const struct wi_place wasm = wi_place_of(&node, model.engine, WI_WASM);
    char key[WI_VERDICT_KEY_SIZE];
    wi_verdict_key(key, &model, &wasm, NULL, NULL);
    put(key);
    node.session[0] = '\0';
    strcpy(node.party, "join-1 192.0.2.1");
    put(key_of(NULL));
    fake_row_set(&table, KEY "x", "garbage", 7);
    fake_turn_all(followers, MEMBERS);
    assert_int_equal(counters->garbage, 5);
    strcpy(node.session, "session-1");
    node.party[0] = '\0';
    assert_int_equal(look(1).verdict, WI_UNKNOWN);
}

/* The lending daemon's browsers are none of ours, and another member may be lent others. */
TEST(what_a_relay_has_shown_is_neither_told_nor_heard)
{
    const struct wi_row_counters *counters = wi_rows_counters(followers[1].rows);
    node.session[0] = '\0';
    strcpy(node.relay, "lender");
    strcpy(node.party, "ada" WI_PARTY_VIA "lender");
    find(0, WI_WRONG);
    sweep(0, 0);
    assert_int_equal(rows_now(), 0);
    assert_int_equal(look(0).verdict, WI_WRONG);
    assert_int_equal(look(1).verdict, WI_UNKNOWN);
    put(key_of(NULL)); /* what another program wrote is no better */
    fake_turn_all(followers, MEMBERS);
    assert_int_equal(counters->garbage, 1);
    assert_int_equal(look(1).verdict, WI_UNKNOWN);
}

TEST(a_row_that_becomes_garbage_says_nothing_any_more)
{
    char name[WI_HASH_HEX_SIZE], whole[WI_KV_KEY_SIZE];
    put(key_of(NULL));
    fake_turn_all(followers, MEMBERS);
    assert_int_equal(look(1).verdict, WI_WRONG);
    wi_verdict_row_name(key_of(NULL), name);
    wi_join(whole, sizeof whole, KEY, name, NULL);
    fake_row_set(&table, whole, "garbage", 7);
    fake_turn_all(followers, MEMBERS);
    assert_int_equal(look(1).verdict, WI_UNKNOWN);
}
