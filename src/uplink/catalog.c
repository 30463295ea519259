/*
 * Which models the own daemon has, by their hashes. Its list has the hash of a model once its files
 * have been read; the others, and all variants but the first, are asked for one by one.
 */
#include "uplink/uplink.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define HASH_HEX 64

void wi_uplink_catalog_begin(struct wi_uplink_catalog *catalog)
{
    json_decref(catalog->names);
    json_decref(catalog->unread);
    catalog->names = json_object();
    catalog->unread = json_object();
    catalog->known = catalog->known ? catalog->known : json_object();
    catalog->is_full = 0;
}

void wi_uplink_catalog_clear(struct wi_uplink_catalog *catalog)
{
    json_decref(catalog->names);
    json_decref(catalog->unread);
    json_decref(catalog->known);
    *catalog = (struct wi_uplink_catalog){0};
}

static int name_is_wanted(const struct wi_uplink_catalog *catalog, const char *name)
{
    if (!catalog->only || catalog->only->count == 0)
        return 1;
    for (size_t i = 0; i < catalog->only->count; i++)
        if (strcmp(catalog->only->items[i], name) == 0)
            return 1;
    return 0;
}

static const char *hash_of(const json_t *row)
{
    const char *hash = json_string_value(json_object_get(row, "hash"));
    return hash && strlen(hash) == HASH_HEX && strspn(hash, "0123456789abcdef") == HASH_HEX ? hash
                                                                                           : NULL;
}

static void add_hash(struct wi_uplink_catalog *catalog, const char *hash, const char *name)
{
    if (json_object_get(catalog->names, hash))
        return;
    if (json_object_size(catalog->names) == WI_UPLINK_HASHES_MAX)
        catalog->is_full = 1;
    else
        json_object_set_new(catalog->names, hash, json_string(name));
}

/* The first is the model itself. */
static void add_variants(struct wi_uplink_catalog *catalog, const json_t *row, const char *hash)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    const char *shown = json_string_value(json_object_get(row, "variant"));
    const json_t *variants = json_object_get(row, "variants");
    for (size_t i = 0; i < json_array_size(variants); i++) {
        const char *variant =
            json_string_value(json_object_get(json_array_get(variants, i), "name"));
        if (!variant || (shown && strcmp(variant, shown) == 0))
            continue;
        char *whole = wi_sprintf("%s:%s@%s", name, variant, hash);
        const char *found = json_string_value(json_object_get(catalog->known, whole));
        whole[strlen(whole) - HASH_HEX - 1] = '\0';
        if (found)
            add_hash(catalog, found, whole);
        else
            json_object_set_new(catalog->unread, whole, json_string(hash));
        free(whole);
    }
}

void wi_uplink_catalog_take(
    struct wi_uplink_catalog *catalog, const json_t *row, const char *asked)
{
    const char *name = asked ? asked : json_string_value(json_object_get(row, "name"));
    const char *hash = hash_of(row);
    if (!name || json_is_true(json_object_get(row, "builtin")))
        return;
    if (asked) {
        const char *of = json_string_value(json_object_get(catalog->unread, asked));
        char *key = wi_sprintf("%s@%s", asked, of ? of : "");
        if (hash && of && *of)
            json_object_set_new(catalog->known, key, json_string(hash));
        free(key);
        json_object_del(catalog->unread, asked);
    }
    if (!hash && !asked && !json_object_get(row, "problem") && name_is_wanted(catalog, name))
        json_object_set_new(catalog->unread, name, json_string(""));
    if (!hash || (!asked && !name_is_wanted(catalog, name)))
        return;
    add_hash(catalog, hash, name);
    if (!strchr(name, ':'))
        add_variants(catalog, row, hash);
}

char *wi_uplink_catalog_next(struct wi_uplink_catalog *catalog)
{
    const char *name = json_object_iter_key(json_object_iter(catalog->unread));
    return name ? wi_strdup(name) : NULL;
}
