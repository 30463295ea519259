/* Held places in a table by their keys, in the order in which they were held; see place_holds.h. */
#include "work/pool/facts/place_holds.h"

#include "base/memory.h"
#include "base/table.h"
#include <stdlib.h>
#include <string.h>

struct place_hold {
    UT_hash_handle hh;
    struct wi_place place;
    struct pool_node_limit limit;
};

struct wi_place_holds {
    struct place_hold *all;
};

struct wi_place_holds *wi_place_holds_new(void)
{
    return wi_alloc(sizeof(struct wi_place_holds));
}

static void hold_drop(struct wi_place_holds *holds, struct place_hold *hold)
{
    HASH_DEL(holds->all, hold);
    free(hold);
}

void wi_place_holds_free(struct wi_place_holds *holds)
{
    if (!holds)
        return;
    while (holds->all)
        hold_drop(holds, holds->all);
    free(holds);
}

static struct place_hold *hold_find(const struct wi_place_holds *holds, const char *key)
{
    return holds->all ? WI_TABLE_FIND(holds->all, key, strlen(key)) : NULL;
}

int wi_place_holds_add(
    struct wi_place_holds *holds, const char *key, const struct pool_node_limit *limit)
{
    struct place_hold *hold = hold_find(holds, key);
    struct wi_place place;

    if (wi_place_parse(&place, key) != 0)
        return 0;
    if (hold) {
        int was_over = hold->limit.until && hold->limit.until <= limit->since;
        hold->limit = *limit;
        return was_over;
    }
    if (HASH_COUNT(holds->all) >= WI_PLACE_HOLDS_MAX)
        hold_drop(holds, holds->all);
    hold = wi_alloc(sizeof *hold);
    hold->place = place;
    hold->limit = *limit;
    HASH_ADD_KEYPTR(hh, holds->all, hold->place.key, strlen(hold->place.key), hold);
    return 1;
}

static int is_over(const struct place_hold *hold, int64_t now)
{
    return hold->limit.until && hold->limit.until <= now;
}

const struct pool_node_limit *wi_place_holds_find(
    const struct wi_place_holds *holds, const char *key, int64_t now)
{
    const struct place_hold *hold = hold_find(holds, key);

    return hold && !is_over(hold, now) ? &hold->limit : NULL;
}

size_t wi_place_holds_lift(struct wi_place_holds *holds, const char *party)
{
    struct place_hold *hold, *next;
    size_t count = 0;

    HASH_ITER(hh, holds->all, hold, next)
    {
        if (strcmp(hold->place.party, party) != 0)
            continue;
        hold_drop(holds, hold);
        count++;
    }
    return count;
}

void wi_place_holds_each(const struct wi_place_holds *holds, const char *party, int64_t now,
    wi_place_hold_fn *each, void *context)
{
    for (const struct place_hold *hold = holds->all; hold; hold = hold->hh.next)
        if (strcmp(hold->place.party, party) == 0 && !is_over(hold, now))
            each(context, &hold->place, &hold->limit);
}
