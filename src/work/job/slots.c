/* Counting what runs, by client; see slots.h. */
#include "work/job/slots.h"

#include "base/memory.h"
#include "base/table.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A client's number in one queue of a node, in that queue of all nodes, or in all queues. */
struct wi_slot_count {
    size_t count; /* above 0 */
    UT_hash_handle hh;
    char key[];
};

/* The client's name, which may be any text, is last. `node` "": all; `queue` -1: all. */
static char *slots_key(const char *client, const char *node, int queue)
{
    return wi_sprintf("%d %s %s", queue, node ? node : "", client ? client : "");
}

static size_t slots_count(const struct wi_slots *slots, char *key)
{
    const struct wi_slot_count *found = WI_TABLE_FIND(slots->counts, key, strlen(key));
    free(key);
    return found ? found->count : 0;
}

static struct wi_slot_count *slots_add(struct wi_slots *slots, char *key)
{
    size_t length = strlen(key);
    struct wi_slot_count *count = WI_TABLE_FIND(slots->counts, key, length);
    if (!count) {
        count = wi_alloc(sizeof *count + length + 1);
        memcpy(count->key, key, length);
        HASH_ADD_KEYPTR(hh, slots->counts, count->key, length, count);
    }
    free(key);
    count->count++;
    return count;
}

void wi_slot_take(struct wi_slots *slots, struct wi_slot *slot, const char *client,
    const char *node, unsigned queue)
{
    assert(!slot->_counts[0]);
    slot->_counts[0] = slots_add(slots, slots_key(client, node, (int)queue));
    slot->_counts[1] = slots_add(slots, slots_key(client, NULL, (int)queue));
    slot->_counts[2] = slots_add(slots, slots_key(client, NULL, -1));
}

void wi_slot_give(struct wi_slots *slots, struct wi_slot *slot)
{
    for (size_t i = 0; i < 3 && slot->_counts[i]; i++) {
        if (--slot->_counts[i]->count > 0)
            continue;
        HASH_DEL(slots->counts, slot->_counts[i]);
        free(slot->_counts[i]);
    }
    *slot = (struct wi_slot){0};
}

size_t wi_slots_of(
    const struct wi_slots *slots, const char *client, const char *node, unsigned queue)
{
    return slots_count(slots, slots_key(client, node, (int)queue));
}

size_t wi_slots_all_of(const struct wi_slots *slots, const char *client)
{
    return slots_count(slots, slots_key(client, NULL, -1));
}

size_t wi_slots_part(size_t count, double share, size_t others)
{
    size_t equal = count / (others + 1), most = (size_t)(share * (double)count);
    size_t part = equal < most ? equal : most;
    return part > 0 ? part : 1;
}
