/* Who is refused after a node was found wrong: where, for how long, and over a restart. */
#include "../../test.h"

#include "base/memory.h"
#include "nodes/bridge/quarantine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR ((int64_t)3600 * 1000)
#define BEGAN ((int64_t)1000 * HOUR)

/* ---------------------------------------------------------------- the disk, as the store has it */

struct pair {
    char key[WI_ID_SIZE], *value;
};

static struct disk {
    struct pair *pairs;
    size_t count;
} disk;

static struct pair *find_pair(const char *key)
{
    for (size_t i = 0; i < disk.count; i++)
        if (strcmp(disk.pairs[i].key, key) == 0)
            return &disk.pairs[i];
    return NULL;
}

void wi_db_put(
    struct wi_db *db, enum wi_db_space space, int rules, const char *key, const char *value)
{
    assert_int_equal(space, WI_DB_QUARANTINE);
    if (!db)
        return;
    disk.pairs = wi_grow_array(disk.pairs, disk.count, sizeof *disk.pairs);
    struct pair *pair = &disk.pairs[disk.count++];
    snprintf(pair->key, sizeof pair->key, "%s", key);
    pair->value = wi_strdup(value);
}

void wi_db_forget(struct wi_db *db, enum wi_db_space space, const char *key)
{
    struct pair *pair = db ? find_pair(key) : NULL;
    assert_int_equal(space, WI_DB_QUARANTINE);
    if (!pair)
        return;
    free(pair->value);
    memmove(pair, pair + 1, (size_t)(&disk.pairs[--disk.count] - pair) * sizeof *pair);
}

void wi_db_each(
    struct wi_db *db, enum wi_db_space space, int rules, wi_db_each_fn *each, void *context)
{
    for (size_t i = 0; db && i < disk.count; i++)
        each(context, disk.pairs[i].key, disk.pairs[i].value);
}

/* ---------------------------------------------------------------- the fixture */

static struct wi_quarantine *quarantine;
static struct wi_db *const db = (struct wi_db *)&disk; /* nobody looks into it */

static int set_up(void **state)
{
    quarantine = wi_quarantine_new();
    wi_quarantine_keep(quarantine, db, BEGAN);
    return 0;
}

static int tear_down(void **state)
{
    wi_quarantine_free(quarantine);
    for (size_t i = 0; i < disk.count; i++)
        free(disk.pairs[i].value);
    free(disk.pairs);
    disk = (struct disk){0};
    return 0;
}

FIXTURE(set_up, tear_down)

static void restart(int64_t now)
{
    wi_quarantine_free(quarantine);
    quarantine = wi_quarantine_new();
    wi_quarantine_keep(quarantine, db, now);
}

/* `name`: of a node token, "" for a join token. */
static struct wi_visitor visitor(
    const char *node, const char *join, const char *name, const char *address)
{
    struct wi_visitor visitor;
    snprintf(visitor.node, sizeof visitor.node, "%s", node);
    snprintf(visitor.join, sizeof visitor.join, "%s", join);
    snprintf(visitor.name, sizeof visitor.name, "%s", name);
    snprintf(visitor.address, sizeof visitor.address, "%s", address);
    return visitor;
}

/* How many rows for wrong answers its join token has then, 1 where it came with a node token; 0: it
 * is there already. */
static size_t add(const char *node, const char *join, const char *name, const char *address)
{
    const struct wi_visitor who = visitor(node, join, name, address);
    const struct wi_quarantine_cause cause = {.evidence = "our_input", .reason = "it was wrong"};
    if (wi_quarantine_add(quarantine, &who, &cause, BEGAN) != 0)
        return 0;
    return *name ? 1 : wi_quarantine_wrongs(quarantine, join);
}

static int add_for_an_hour(
    const char *node, const char *join, const char *name, const char *address)
{
    const struct wi_visitor who = visitor(node, join, name, address);
    const struct wi_quarantine_cause cause = {"ending", "its requests ended badly", HOUR};
    return wi_quarantine_add(quarantine, &who, &cause, BEGAN);
}

static int refuses(const char *join, const char *name, const char *address, int64_t now)
{
    const struct wi_visitor who = visitor("", join, name, address);
    return wi_quarantine_refuses(quarantine, &who, now);
}

/* The id of the row at that place. */
static const char *id_at(size_t index, char id[WI_ID_SIZE])
{
    json_t *rows = wi_quarantine_json(quarantine, WI_QUARANTINE_MAX, 1, BEGAN);
    snprintf(id, WI_ID_SIZE, "%s",
        json_string_value(json_object_get(json_array_get(rows, index), "id")));
    json_decref(rows);
    return id;
}

/* ---------------------------------------------------------------- who is refused */

TEST(a_node_token_is_refused_everywhere_until_it_is_lifted)
{
    char id[WI_ID_SIZE];
    assert_int_equal(add("node-1", "join-1", "farm", "192.0.2.1"), 1);
    assert_true(refuses("join-1", "farm", "192.0.2.1", BEGAN));
    assert_true(refuses("join-9", "farm", "192.0.2.9", BEGAN + 10000 * HOUR));
    assert_false(refuses("join-2", "barn", "192.0.2.1", BEGAN));
    assert_false(refuses("join-3", "", "192.0.2.1", BEGAN));
    assert_int_equal(wi_quarantine_lift(quarantine, id_at(0, id)), 0);
    assert_false(refuses("join-1", "farm", "192.0.2.1", BEGAN));
    assert_int_equal(wi_quarantine_lift(quarantine, id), -1);
}

TEST(a_join_token_is_refused_to_the_address_for_a_day)
{
    assert_int_equal(add("node-1", "join-1", "", "192.0.2.1"), 1);
    assert_true(refuses("join-1", "", "192.0.2.1", BEGAN + 24 * HOUR - 1));
    assert_false(refuses("join-1", "", "192.0.2.2", BEGAN));
    assert_false(refuses("join-2", "", "192.0.2.1", BEGAN));
    assert_false(refuses("join-1", "farm", "192.0.2.1", BEGAN));
    assert_false(refuses("join-1", "", "192.0.2.1", BEGAN + 24 * HOUR));
    assert_int_equal(wi_quarantine_count(quarantine, BEGAN + 24 * HOUR), 0);
    assert_int_equal(disk.count, 0);
}

TEST(the_third_of_a_join_token_is_told)
{
    char id[WI_ID_SIZE];
    assert_int_equal(add("node-1", "join-1", "", "192.0.2.1"), 1);
    assert_int_equal(add("node-2", "join-2", "", "192.0.2.1"), 1);
    assert_int_equal(add("node-3", "join-1", "", "192.0.2.2"), 2);
    assert_int_equal(add("node-3", "join-1", "", "192.0.2.2"), 0); /* it is there */
    assert_int_equal(wi_quarantine_lift(quarantine, id_at(0, id)), 0);
    assert_int_equal(add("node-4", "join-1", "", "192.0.2.2"), 2);
    assert_int_equal(add("node-5", "join-1", "", "192.0.2.2"), 3);
    /* Node tokens are not revoked. */
    for (int i = 0; i < 4; i++) {
        char node[WI_ID_SIZE];
        snprintf(node, sizeof node, "farm-%d", i);
        assert_int_equal(add(node, "join-7", "farm", "192.0.2.1"), 1);
    }
}

TEST(what_has_an_end_of_its_own_is_void_then)
{
    assert_int_equal(add_for_an_hour("node-1", "join-1", "farm", "192.0.2.1"), 0);
    assert_int_equal(add_for_an_hour("node-2", "join-2", "", "192.0.2.2"), 0);
    assert_int_equal(add_for_an_hour("node-2", "join-2", "", "192.0.2.2"), -1);
    assert_true(refuses("join-1", "farm", "192.0.2.1", BEGAN + HOUR - 1));
    assert_true(refuses("join-2", "", "192.0.2.2", BEGAN + HOUR - 1));
    assert_false(refuses("join-1", "farm", "192.0.2.1", BEGAN + HOUR));
    assert_false(refuses("join-2", "", "192.0.2.2", BEGAN + HOUR));
    assert_int_equal(disk.count, 0);
}

TEST(of_a_join_token_wrong_answers_alone_count)
{
    for (int i = 0; i < 3; i++) {
        char node[WI_ID_SIZE];
        snprintf(node, sizeof node, "ended-%d", i);
        add_for_an_hour(node, "join-1", "", "192.0.2.1");
    }
    assert_int_equal(wi_quarantine_wrongs(quarantine, "join-1"), 0);
    assert_int_equal(add("node-1", "join-1", "", "192.0.2.1"), 1);
}

/* ---------------------------------------------------------------- over a restart */

TEST(a_node_token_is_refused_after_a_restart)
{
    char id[WI_ID_SIZE];
    add("node-1", "join-1", "farm", "192.0.2.1");
    restart(BEGAN + 1000 * HOUR);
    assert_true(refuses("join-8", "farm", "192.0.2.2", BEGAN + 1000 * HOUR));
    wi_quarantine_lift(quarantine, id_at(0, id));
    restart(BEGAN);
    assert_false(refuses("join-8", "farm", "192.0.2.2", BEGAN));
}

/* Nobody has its join token any more, so that any stands for it. */
TEST(an_address_is_refused_after_a_restart_for_the_rest_of_the_day)
{
    add("node-1", "join-1", "", "2001:db8:1:2::/64");
    restart(BEGAN + HOUR);
    assert_true(refuses("join-8", "", "2001:db8:1:2::/64", BEGAN + 24 * HOUR - 1));
    assert_false(refuses("join-8", "", "2001:db8:1:3::/64", BEGAN + HOUR));
    assert_false(refuses("join-8", "farm", "2001:db8:1:2::/64", BEGAN + HOUR));
    assert_int_equal(add("node-2", "join-1", "", "192.0.2.2"), 1); /* a token of now */
    assert_false(refuses("join-8", "", "2001:db8:1:2::/64", BEGAN + 24 * HOUR));
    restart(BEGAN + 48 * HOUR);
    assert_int_equal(wi_quarantine_count(quarantine, BEGAN + 48 * HOUR), 0);
    assert_int_equal(disk.count, 0);
}

TEST(an_end_of_its_own_is_kept)
{
    add_for_an_hour("node-1", "join-1", "farm", "192.0.2.1");
    restart(BEGAN + HOUR / 2);
    assert_true(refuses("join-8", "farm", "192.0.2.2", BEGAN + HOUR - 1));
    json_t *rows = wi_quarantine_json(quarantine, 1, 0, BEGAN);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(rows, 0), "evidence")), "ending");
    json_decref(rows);
    restart(BEGAN + HOUR);
    assert_false(refuses("join-8", "farm", "192.0.2.2", BEGAN + HOUR));
    assert_int_equal(disk.count, 0);
}

/* As a daemon wrote them that did not say what was found. */
TEST(rows_without_evidence_are_good)
{
    wi_db_put(db, WI_DB_QUARANTINE, 0, "quarantine-1",
        "{\"id\":\"quarantine-1\",\"node\":\"node-1\",\"token\":\"farm\",\"join\":null,"
        "\"address\":\"192.0.2.1\",\"reason\":\"it was wrong\",\"since\":1,\"until\":null}");
    restart(BEGAN);
    assert_true(refuses("join-1", "farm", "192.0.2.1", BEGAN));
    json_t *rows = wi_quarantine_json(quarantine, 1, 1, BEGAN);
    assert_true(json_is_null(json_object_get(json_array_get(rows, 0), "evidence")));
    json_decref(rows);
}

TEST(what_is_damaged_on_disk_is_not_there)
{
    static const char *const damaged[] = {"", "[]", "{}", "null",
        "{\"node\":\"n\",\"address\":\"\",\"reason\":\"\",\"since\":1}",
        "{\"node\":\"n\",\"token\":\"a\",\"join\":\"b\",\"address\":\"\",\"reason\":\"\",\"since\":"
        "1}",
        "{\"node\":\"0123456789012345678901234567890123456789\",\"token\":\"a\",\"address\":\"\","
        "\"reason\":\"\",\"since\":1}",
        "{\"node\":\"n\",\"token\":\"a\",\"address\":\"\",\"reason\":\"\",\"since\":\"1\"}"};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
        wi_db_put(db, WI_DB_QUARANTINE, 0, "quarantine-0", damaged[i]);
    restart(BEGAN);
    assert_int_equal(wi_quarantine_count(quarantine, BEGAN), 0);
}

TEST(without_a_database_it_holds_as_long_as_the_daemon)
{
    wi_quarantine_free(quarantine);
    quarantine = wi_quarantine_new();
    wi_quarantine_keep(quarantine, NULL, BEGAN);
    add("node-1", "join-1", "farm", "192.0.2.1");
    assert_true(refuses("join-1", "farm", "192.0.2.1", BEGAN));
    assert_int_equal(disk.count, 0);
}

/* ---------------------------------------------------------------- what is kept and shown */

TEST(so_many_are_kept_and_the_oldest_goes)
{
    for (int i = 0; i <= WI_QUARANTINE_MAX; i++) {
        char node[WI_ID_SIZE];
        snprintf(node, sizeof node, "node-%d", i);
        char name[WI_TOKEN_NAME_MAX + 1];
        snprintf(name, sizeof name, "farm-%d", i);
        add(node, "join-1", name, "192.0.2.1");
    }
    assert_int_equal(wi_quarantine_count(quarantine, BEGAN), WI_QUARANTINE_MAX);
    assert_int_equal(disk.count, WI_QUARANTINE_MAX);
    assert_false(refuses("join-1", "farm-0", "192.0.2.1", BEGAN));
    assert_true(refuses("join-1", "farm-1", "192.0.2.1", BEGAN));
    restart(BEGAN);
    assert_int_equal(wi_quarantine_count(quarantine, BEGAN), WI_QUARANTINE_MAX);
    assert_true(refuses("join-1", "farm-1", "192.0.2.1", BEGAN));
}

TEST(rows_tell_who_it_was_and_admins_from_where_and_why)
{
    add("node-1", "join-1", "farm", "192.0.2.1");
    add("node-2", "join-2", "", "192.0.2.2");
    json_t *rows = wi_quarantine_json(quarantine, 10, 1, BEGAN);
    const json_t *first = json_array_get(rows, 0), *second = json_array_get(rows, 1);
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(json_string_value(json_object_get(first, "node")), "node-1");
    assert_string_equal(json_string_value(json_object_get(first, "token")), "farm");
    assert_true(json_is_null(json_object_get(first, "join")));
    assert_true(json_is_null(json_object_get(first, "until")));
    assert_string_equal(json_string_value(json_object_get(first, "address")), "192.0.2.1");
    assert_string_equal(json_string_value(json_object_get(second, "join")), "join-2");
    assert_true(json_is_null(json_object_get(second, "token")));
    assert_int_equal(json_integer_value(json_object_get(second, "since")), BEGAN);
    assert_int_equal(json_integer_value(json_object_get(second, "until")), BEGAN + 24 * HOUR);
    assert_string_equal(json_string_value(json_object_get(second, "reason")), "it was wrong");
    json_decref(rows);
    rows = wi_quarantine_json(quarantine, 1, 0, BEGAN); /* the latest, for a user */
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(rows, 0), "node")), "node-2");
    assert_null(json_object_get(json_array_get(rows, 0), "address"));
    assert_null(json_object_get(json_array_get(rows, 0), "reason")); /* it may name a model */
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(rows, 0), "evidence")), "our_input");
    json_decref(rows);
}

TEST(a_reason_is_cut_and_has_no_control_characters)
{
    char reason[1000];
    const struct wi_visitor who = visitor("node-1", "join-1", "farm", "192.0.2.1");
    memset(reason, 'x', sizeof reason);
    memcpy(reason, "a\n\033[1m", 6);
    reason[sizeof reason - 1] = '\0';
    wi_quarantine_add(quarantine, &who,
        &(struct wi_quarantine_cause){.evidence = "our_input", .reason = reason}, BEGAN);
    json_t *rows = wi_quarantine_json(quarantine, 1, 1, BEGAN);
    const char *shown = json_string_value(json_object_get(json_array_get(rows, 0), "reason"));
    assert_int_equal(strlen(shown), WI_QUARANTINE_REASON_SIZE - 1);
    assert_memory_equal(shown, "a  [1m", 6);
    json_decref(rows);
}

TEST(who_is_gone_is_known_for_a_while)
{
    struct wi_visitor who = visitor("node-0", "join-1", "", "192.0.2.1");
    assert_null(wi_quarantine_find_gone(quarantine, "node-0"));
    assert_null(wi_quarantine_find_gone(quarantine, ""));
    for (int i = 0; i < WI_QUARANTINE_GONE_MAX; i++) {
        snprintf(who.node, sizeof who.node, "node-%d", i);
        wi_quarantine_note_gone(quarantine, &who);
    }
    assert_string_equal(wi_quarantine_find_gone(quarantine, "node-0")->address, "192.0.2.1");
    assert_null(wi_quarantine_find_gone(quarantine, ""));
    snprintf(who.node, sizeof who.node, "one more");
    wi_quarantine_note_gone(quarantine, &who);
    assert_null(wi_quarantine_find_gone(quarantine, "node-0"));
    assert_non_null(wi_quarantine_find_gone(quarantine, "node-1"));
}
