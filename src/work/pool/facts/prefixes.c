#include "work/pool/facts/prefixes.h"

#include "base/memory.h"
#include "base/table.h"
#include <stdio.h>
#include <stdlib.h>

struct prefix {
    struct wi_prefix_key key;
    char node[WI_ID_SIZE];
    unsigned tokens;
    UT_hash_handle hh;
};

struct wi_prefixes {
    struct prefix *items; /* in the order of their last use: the hash keeps that of insertion */
    size_t max;
};

struct wi_prefixes *wi_prefixes_new(size_t max)
{
    struct wi_prefixes *prefixes = wi_alloc(sizeof *prefixes);

    prefixes->max = max;
    return prefixes;
}

static void prefix_drop(struct wi_prefixes *prefixes, struct prefix *prefix)
{
    HASH_DEL(prefixes->items, prefix);
    free(prefix);
}

void wi_prefixes_free(struct wi_prefixes *prefixes)
{
    if (!prefixes)
        return;
    while (prefixes->items)
        prefix_drop(prefixes, prefixes->items);
    free(prefixes);
}

/* Moves it behind all others. */
static void prefix_use(struct wi_prefixes *prefixes, struct prefix *prefix)
{
    HASH_DEL(prefixes->items, prefix);
    HASH_ADD(hh, prefixes->items, key, sizeof prefix->key, prefix);
}

static struct prefix *prefix_find(struct wi_prefixes *prefixes, const struct wi_prefix_key *key)
{
    return WI_TABLE_FIND(prefixes->items, key, sizeof *key);
}

void wi_prefixes_note(struct wi_prefixes *prefixes, const struct wi_prefix_key *key,
    const char *node, unsigned tokens)
{
    struct prefix *prefix = prefix_find(prefixes, key);

    if (prefix) {
        prefix_use(prefixes, prefix);
    } else {
        if (HASH_COUNT(prefixes->items) >= prefixes->max)
            prefix_drop(prefixes, prefixes->items);
        prefix = wi_alloc(sizeof *prefix);
        prefix->key = *key;
        HASH_ADD(hh, prefixes->items, key, sizeof prefix->key, prefix);
    }
    snprintf(prefix->node, sizeof prefix->node, "%s", node);
    prefix->tokens = tokens;
}

unsigned wi_prefixes_find(struct wi_prefixes *prefixes, const struct wi_prefix_key *keys,
    size_t count, char node[WI_ID_SIZE])
{
    while (count-- > 0) {
        struct prefix *prefix = prefix_find(prefixes, &keys[count]);
        if (!prefix)
            continue;
        prefix_use(prefixes, prefix);
        snprintf(node, WI_ID_SIZE, "%s", prefix->node);
        return prefix->tokens;
    }
    return 0;
}

void wi_prefixes_forget(struct wi_prefixes *prefixes, const char *node)
{
    struct prefix *prefix, *next;

    HASH_ITER(hh, prefixes->items, prefix, next)
    {
        if (strcmp(prefix->node, node) == 0)
            prefix_drop(prefixes, prefix);
    }
}

size_t wi_prefixes_count(const struct wi_prefixes *prefixes)
{
    return HASH_COUNT(prefixes->items);
}
