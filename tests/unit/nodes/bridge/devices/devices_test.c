/* Which devices are remembered: with which token, for how long, how many, and over a restart. */
#include "../../../test.h"

#include "base/memory.h"
#include "nodes/bridge/devices/devices.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY ((int64_t)24 * 3600 * 1000)
#define BEGAN ((int64_t)20000 * DAY)

/* --- the disk, as the store has it ------------------------------------------------------------ */

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
    assert_int_equal(space, WI_DB_DEVICES);
    if (!db)
        return;
    struct pair *pair = find_pair(key);
    if (!pair) {
        disk.pairs = wi_grow_array(disk.pairs, disk.count, sizeof *disk.pairs);
        pair = &disk.pairs[disk.count++];
        *pair = (struct pair){0};
        snprintf(pair->key, sizeof pair->key, "%s", key);
    }
    free(pair->value);
    pair->value = wi_strdup(value);
}

void wi_db_forget(struct wi_db *db, enum wi_db_space space, const char *key)
{
    struct pair *pair = db ? find_pair(key) : NULL;
    assert_int_equal(space, WI_DB_DEVICES);
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

/* --- the fixture ------------------------------------------------------------------------------ */

static struct wi_devices *devices;
static struct wi_db *const db = (struct wi_db *)&disk; /* nobody looks into it */
static int found, forgotten;
static char last_join[WI_ID_SIZE];

static void on_found(void *context, const struct wi_device *device)
{
    found++;
}

static void on_forgotten(void *context, const struct wi_device *device)
{
    forgotten++;
    snprintf(last_join, sizeof last_join, "%s", device->terms.join);
}

static void begin(int64_t now)
{
    found = forgotten = 0;
    devices = wi_devices_new(
        &(struct wi_devices_events){.on_found = on_found, .on_forgotten = on_forgotten});
    wi_devices_keep(devices, db, now);
}

static int set_up(void **state)
{
    begin(BEGAN);
    return 0;
}

static int tear_down(void **state)
{
    wi_devices_free(devices);
    for (size_t i = 0; i < disk.count; i++)
        free(disk.pairs[i].value);
    free(disk.pairs);
    disk = (struct disk){0};
    return 0;
}

FIXTURE(set_up, tear_down)

static void restart(int64_t now)
{
    wi_devices_free(devices);
    begin(now);
}

/* A key of its own for each number. */
static const unsigned char *key(unsigned number)
{
    static unsigned char bytes[WI_DEVICE_KEY_SIZE];
    memset(bytes, 7, sizeof bytes);
    memcpy(bytes, &number, sizeof number);
    return bytes;
}

static struct wi_device *remember(unsigned number, const char *join, int64_t now)
{
    struct wi_device_terms terms = {.nodes = 3, .shareable = 1, .label = "Ada"};
    const char *problem = NULL;
    snprintf(terms.join, sizeof terms.join, "%s", join);
    struct wi_device *device = wi_devices_remember(devices, key(number), &terms, now, &problem);
    assert_int_equal(!device, problem != NULL);
    return device;
}

/* --- the tests -------------------------------------------------------------------------------- */

TEST(a_device_is_there_again_after_a_restart)
{
    char id[WI_ID_SIZE];
    struct wi_device *device = remember(1, "join-a", BEGAN);
    snprintf(id, sizeof id, "%s", device->id);
    wi_devices_come(devices, device, "node-1", BEGAN + 1);
    wi_devices_leave(devices, id, "node-1", BEGAN + 2);
    assert_int_equal(found, 0);

    restart(BEGAN + DAY);
    assert_int_equal(found, 1);
    device = wi_devices_find(devices, key(1), BEGAN + DAY);
    assert_string_equal(device->id, id);
    assert_ptr_equal(wi_devices_by_id(devices, id), device);
    assert_string_equal(device->terms.join, "join-a");
    assert_string_equal(device->terms.label, "Ada");
    assert_int_equal(device->terms.nodes, 3);
    assert_true(device->terms.shareable);
    assert_int_equal(device->since, BEGAN);
    assert_int_equal(device->seen, BEGAN + 2);
    assert_string_equal(device->node, "");
    assert_null(wi_devices_find(devices, key(2), BEGAN + DAY));
}

TEST(one_that_was_away_for_thirty_days_is_forgotten)
{
    remember(1, "join-a", BEGAN);
    assert_non_null(wi_devices_find(devices, key(1), BEGAN + 30 * DAY));
    assert_null(wi_devices_find(devices, key(1), BEGAN + 30 * DAY + 1));
    assert_int_equal(forgotten, 1);
    assert_int_equal(disk.count, 0);
}

TEST(one_that_is_there_is_not_away)
{
    struct wi_device *device = remember(1, "join-a", BEGAN);
    wi_devices_come(devices, device, "node-1", BEGAN);
    for (int64_t day = 1; day <= 100; day++)
        wi_devices_tidy(devices, BEGAN + day * DAY + day);
    assert_int_equal(forgotten, 0);
    restart(BEGAN + 101 * DAY); /* the daemon was killed, so nobody said that the node left */
    assert_non_null(wi_devices_find(devices, key(1), BEGAN + 129 * DAY));
    assert_null(wi_devices_find(devices, key(1), BEGAN + 132 * DAY));
}

TEST(the_node_that_it_was_before_changes_nothing_when_it_goes)
{
    struct wi_device *device = remember(1, "join-a", BEGAN);
    wi_devices_come(devices, device, "node-1", BEGAN);
    wi_devices_come(devices, device, "node-2", BEGAN);
    wi_devices_leave(devices, device->id, "node-1", BEGAN + 1);
    assert_string_equal(device->node, "node-2");
    wi_devices_leave(devices, device->id, "node-2", BEGAN + 1);
    assert_string_equal(device->node, "");
    wi_devices_leave(devices, device->id, "", BEGAN + 1);
    wi_devices_leave(devices, "device-none", "node-1", BEGAN + 1);
    wi_devices_leave(devices, "", "node-1", BEGAN + 1);
}

/* Its person has opened another link. */
TEST(a_device_belongs_to_the_token_that_it_came_with_last)
{
    char first[WI_ID_SIZE];
    snprintf(first, sizeof first, "%s", remember(1, "join-a", BEGAN)->id);
    assert_string_equal(remember(1, "join-a", BEGAN)->id, first);
    assert_int_equal(wi_devices_count(devices, "join-a"), 1);
    struct wi_device *device = remember(1, "join-b", BEGAN);
    assert_string_not_equal(device->id, first);
    assert_string_equal(last_join, "join-a");
    assert_int_equal(forgotten, 1);
    assert_int_equal(disk.count, 1);
    wi_devices_forget_join(devices, "join-a");
    assert_int_equal(forgotten, 1);
    wi_devices_forget_join(devices, "join-b");
    assert_int_equal(forgotten, 2);
    assert_int_equal(disk.count, 0);
}

static int is_known(void *context, const char *join)
{
    return strcmp(join, context) == 0;
}

/* As in a cluster, whose members have revoked tokens meanwhile. */
TEST(devices_of_tokens_that_are_not_known_any_more_are_forgotten)
{
    char known[] = "join-b";
    remember(1, "join-a", BEGAN);
    remember(2, known, BEGAN);
    remember(3, "join-c", BEGAN);
    wi_devices_forget_others(devices, is_known, known);
    assert_int_equal(forgotten, 2);
    assert_int_equal(disk.count, 1);
    assert_int_equal(wi_devices_count(devices, known), 1);
    assert_null(wi_devices_find(devices, key(1), BEGAN));
}

TEST(there_are_so_many_of_a_token_and_so_many_of_all)
{
    unsigned number = 0;
    char join[WI_ID_SIZE];
    for (int token = 0; token < WI_DEVICES_MAX / WI_DEVICES_PER_JOIN; token++) {
        snprintf(join, sizeof join, "join-%d", token);
        for (int i = 0; i < WI_DEVICES_PER_JOIN; i++)
            assert_non_null(remember(number++, join, BEGAN));
        if (token == 0)
            assert_null(remember(number, join, BEGAN));
    }
    assert_null(remember(number, "join-more", BEGAN));
    assert_non_null(remember(0, "join-0", BEGAN)); /* it is one of them */
    wi_devices_forget(devices, wi_devices_find(devices, key(1), BEGAN));
    assert_non_null(remember(number, "join-more", BEGAN));
}

TEST(what_is_damaged_on_the_disk_is_left_out)
{
    static const char *const damaged[] = {"", "[]", "{}", "{\"key\":\"x\"}",
        "{\"key\":\"AAAA\",\"join\":\"join-a\",\"nodes\":1,\"since\":1,\"seen\":1}",
        "{\"key\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\",\"join\":\"\",\"nodes\":1,"
        "\"since\":1,\"seen\":1}",
        "{\"key\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\",\"join\":\"join-a\",\"nodes\":0,"
        "\"since\":1,\"seen\":1}"};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        wi_db_put(db, WI_DB_DEVICES, 0, "device-0", damaged[i]);
        restart(BEGAN);
        assert_int_equal(found, 0);
    }
    wi_db_put(db, WI_DB_DEVICES, 0, "device-0",
        "{\"key\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\",\"join\":\"join-a\",\"nodes\":1,"
        "\"since\":1,\"seen\":1728000000000}");
    wi_db_put(db, WI_DB_DEVICES, 0, "device-1",
        "{\"key\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\",\"join\":\"join-b\",\"nodes\":1,"
        "\"since\":1,\"seen\":1728000000000}");
    restart(BEGAN);
    assert_int_equal(found, 1); /* the key is there already */
}

TEST(the_list_says_who_is_there)
{
    wi_devices_come(devices, remember(1, "join-a", BEGAN), "node-1", BEGAN);
    remember(2, "join-b", BEGAN + 1);
    json_t *list = wi_devices_json(devices, BEGAN + 5);
    const json_t *one = json_array_get(list, 0), *other = json_array_get(list, 1);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_string_value(json_object_get(one, "node")), "node-1");
    assert_int_equal(json_integer_value(json_object_get(one, "seen_at")), BEGAN + 5);
    assert_int_equal(json_integer_value(json_object_get(one, "remembered_at")), BEGAN);
    assert_string_equal(json_string_value(json_object_get(one, "label")), "Ada");
    assert_true(json_is_null(json_object_get(other, "node")));
    assert_string_equal(json_string_value(json_object_get(other, "join")), "join-b");
    assert_int_equal(json_integer_value(json_object_get(other, "seen_at")), BEGAN + 1);
    json_decref(list);
}
