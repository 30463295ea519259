/* Counting what runs, by client; see slots.h. */
#include "work/job/slots.h"

#include "base/memory.h"
#include "base/secret.h"
#include "base/table.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key {
    char node[WI_ID_SIZE]; /* "" for all nodes, and zeros behind */
    unsigned queue;
};

struct wi_slot_count {
    struct key key;
    size_t count;
    UT_hash_handle hh;
};

struct wi_slot_client {
    char *name;
    size_t count;
    struct wi_slot_count *counts; /* those above 0 */
    UT_hash_handle hh;
};

struct wi_slots {
    struct wi_slot_client *clients; /* those that have any */
};

struct wi_slots *wi_slots_new(void)
{
    return wi_alloc(sizeof(struct wi_slots));
}

void wi_slots_free(struct wi_slots *slots)
{
    assert(!slots || !slots->clients);
    free(slots);
}

static struct wi_slot_client *find_client(const struct wi_slots *slots, const char *name)
{
    return WI_TABLE_FIND(slots->clients, name ? name : "", strlen(name ? name : ""));
}

static struct wi_slot_client *find_or_make_client(struct wi_slots *slots, const char *name)
{
    struct wi_slot_client *client = find_client(slots, name);
    if (client)
        return client;
    client = wi_alloc(sizeof *client);
    client->name = wi_strdup(name ? name : "");
    HASH_ADD_KEYPTR(hh, slots->clients, client->name, strlen(client->name), client);
    return client;
}

static struct key slots_key(const char *node, unsigned queue)
{
    struct key key;
    memset(&key, 0, sizeof key); /* what is between members as well: all of it is the key */
    snprintf(key.node, sizeof key.node, "%s", node ? node : "");
    key.queue = queue;
    return key;
}

static struct wi_slot_count *find_count(
    const struct wi_slot_client *client, const char *node, unsigned queue)
{
    struct key key = slots_key(node, queue);
    return WI_TABLE_FIND(client->counts, &key, sizeof key);
}

static struct wi_slot_count *count_one(
    struct wi_slot_client *client, const char *node, unsigned queue)
{
    struct wi_slot_count *count = find_count(client, node, queue);
    if (!count) {
        count = wi_alloc(sizeof *count);
        count->key = slots_key(node, queue);
        HASH_ADD(hh, client->counts, key, sizeof count->key, count);
    }
    count->count++;
    return count;
}

static void count_one_less(struct wi_slot_client *client, struct wi_slot_count *count)
{
    if (--count->count > 0)
        return;
    HASH_DEL(client->counts, count);
    free(count);
}

void wi_slot_take(struct wi_slots *slots, struct wi_slot *slot, const char *client,
    const char *node, unsigned queue)
{
    assert(!slot->_client);
    slot->_client = find_or_make_client(slots, client);
    slot->_client->count++;
    slot->_of_node = count_one(slot->_client, node, queue);
    slot->_of_all = count_one(slot->_client, NULL, queue);
}

void wi_slot_give(struct wi_slots *slots, struct wi_slot *slot)
{
    struct wi_slot_client *client = slot->_client;
    if (!client)
        return;
    count_one_less(client, slot->_of_node);
    count_one_less(client, slot->_of_all);
    *slot = (struct wi_slot){0};
    if (--client->count > 0)
        return;
    HASH_DEL(slots->clients, client);
    free(client->name);
    free(client);
}

size_t wi_slots_of(
    const struct wi_slots *slots, const char *client, const char *node, unsigned queue)
{
    const struct wi_slot_client *found = find_client(slots, client);
    const struct wi_slot_count *count = found ? find_count(found, node, queue) : NULL;
    return count ? count->count : 0;
}

size_t wi_slots_all_of(const struct wi_slots *slots, const char *client)
{
    const struct wi_slot_client *found = find_client(slots, client);
    return found ? found->count : 0;
}

size_t wi_slots_part(size_t count, double share, size_t others)
{
    size_t equal = count / (others + 1), most = (size_t)(share * (double)count);
    size_t part = equal < most ? equal : most;
    return part > 0 ? part : 1;
}
