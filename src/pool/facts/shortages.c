/* Models and places in a table; see shortages.h. A key is the model's hash and the place's key. */
#include "pool/facts/shortages.h"

#include "base/memory.h"
#include "base/table.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE (65 + 1 + WI_PLACE_SIZE)

struct shortage {
    char key[KEY_SIZE];
    UT_hash_handle hh;
};

struct wi_shortages {
    struct shortage *items; /* in the order in which they were noted */
    size_t max;
};

struct wi_shortages *wi_shortages_new(size_t max)
{
    struct wi_shortages *shortages = wi_alloc(sizeof *shortages);

    shortages->max = max;
    return shortages;
}

static void drop(struct wi_shortages *shortages, struct shortage *shortage)
{
    HASH_DEL(shortages->items, shortage);
    free(shortage);
}

void wi_shortages_free(struct wi_shortages *shortages)
{
    if (!shortages)
        return;
    while (shortages->items)
        drop(shortages, shortages->items);
    free(shortages);
}

static struct shortage *find(
    const struct wi_shortages *shortages, const char *hash, const struct wi_place *place)
{
    char key[KEY_SIZE];
    struct shortage *found;

    wi_join(key, sizeof key, hash, "\t", place->key, NULL);
    HASH_FIND_STR(shortages->items, key, found);
    return found;
}

void wi_shortages_note(
    struct wi_shortages *shortages, const char *hash, const struct wi_place *place)
{
    if (find(shortages, hash, place))
        return;
    if (HASH_COUNT(shortages->items) >= shortages->max)
        drop(shortages, shortages->items);
    struct shortage *shortage = wi_alloc(sizeof *shortage);
    wi_join(shortage->key, sizeof shortage->key, hash, "\t", place->key, NULL);
    HASH_ADD_STR(shortages->items, key, shortage);
}

int wi_shortages_has(
    const struct wi_shortages *shortages, const char *hash, const struct wi_place *place)
{
    return find(shortages, hash, place) != NULL;
}
