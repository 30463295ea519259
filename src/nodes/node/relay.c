/*
 * Relays; see relay.h. The set is an open-addressing table of binary hashes. SHA-256 is uniform,
 * but the peer chooses the hashes: wi_table_hash mixes them with a key of this process.
 */
#include "nodes/node/relay.h"

#include "base/hash.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/table.h"
#include "settings/config/api_tokens.h"
#include <stdlib.h>
#include <string.h>

/* --- the announcement ------------------------------------------------------------------------- */

struct relay {
    const char *name;
};

static const struct wi_param relay_table[] = {
    WI_PARAM(relay, name, STRING, .required = 1, .min = 1, .max = WI_RELAY_SIZE - 1),
    WI_PARAM_END,
};

enum wi_code wi_relay_read(
    const json_t *capabilities, char name[WI_RELAY_SIZE], struct wi_error *error)
{
    const json_t *object = json_object_get(capabilities, "relay");
    struct relay relay = {0};
    name[0] = '\0';
    if (!object || json_is_null(object))
        return WI_OK;
    if (!json_is_object(object))
        return wi_error_set(error, WI_INVALID_FIELD, "data.capabilities.relay",
            "data.capabilities.relay must be an object with the name of the lending daemon");
    if (wi_params_read(relay_table, object, WI_PARAMS_OPEN, "data.capabilities.relay.", &relay,
            error) != WI_OK)
        return error->code;
    if (!wi_token_name_ok(relay.name))
        return wi_error_set(error, WI_INVALID_FIELD, "data.capabilities.relay.name",
            "data.capabilities.relay.name must be 1 to %d of A-Z a-z 0-9 . _ -, but not \"-\"",
            WI_RELAY_SIZE - 1);
    memcpy(name, relay.name, strlen(relay.name) + 1);
    return WI_OK;
}

/* --- the set ---------------------------------------------------------------------------------- */

/* Slots, of which at most three in four are used: 16,384 hold 10,000 hashes. */
#define SLOTS_MIN 64u

struct wi_relay_models {
    unsigned char (*slots)[WI_HASH_SIZE]; /* all zero: free */
    size_t size, count;                   /* `size` is a power of two, or 0 */
};

static const unsigned char no_hash[WI_HASH_SIZE];

static int slot_is_free(const struct wi_relay_models *models, size_t at)
{
    return memcmp(models->slots[at], no_hash, WI_HASH_SIZE) == 0;
}

static size_t slot_home(const struct wi_relay_models *models, const unsigned char *hash)
{
    return wi_table_hash(hash, WI_HASH_SIZE) & (models->size - 1);
}

static size_t slot_next(const struct wi_relay_models *models, size_t at)
{
    return (at + 1) & (models->size - 1);
}

/* The slot that has the hash, or the free one where it belongs. */
static size_t slot_find(const struct wi_relay_models *models, const unsigned char *hash)
{
    size_t at = slot_home(models, hash);
    while (!slot_is_free(models, at) && memcmp(models->slots[at], hash, WI_HASH_SIZE) != 0)
        at = slot_next(models, at);
    return at;
}

static int set_has(const struct wi_relay_models *models, const unsigned char *hash)
{
    return models->size > 0 && !slot_is_free(models, slot_find(models, hash));
}

static void set_resize(struct wi_relay_models *models, size_t size)
{
    struct wi_relay_models old = *models;
    models->size = size;
    models->slots = wi_alloc(size * sizeof *models->slots);
    for (size_t i = 0; i < old.size; i++)
        if (!slot_is_free(&old, i))
            memcpy(models->slots[slot_find(models, old.slots[i])], old.slots[i], WI_HASH_SIZE);
    free(old.slots);
}

/* 0, or -1 if there is no room for it. */
static int set_add(struct wi_relay_models *models, const unsigned char *hash)
{
    if (set_has(models, hash))
        return 0;
    if (models->count == WI_RELAY_MODELS_MAX)
        return -1;
    if (4 * (models->count + 1) > 3 * models->size)
        set_resize(models, models->size ? 2 * models->size : SLOTS_MIN);
    memcpy(models->slots[slot_find(models, hash)], hash, WI_HASH_SIZE);
    models->count++;
    return 0;
}

/* Moves those that follow back, so that none is behind a free slot of its way. */
static void set_remove(struct wi_relay_models *models, const unsigned char *hash)
{
    if (!set_has(models, hash))
        return;
    size_t hole = slot_find(models, hash), mask = models->size - 1;
    for (size_t at = slot_next(models, hole); !slot_is_free(models, at);
         at = slot_next(models, at)) {
        size_t home = slot_home(models, models->slots[at]);
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        memcpy(models->slots[hole], models->slots[at], WI_HASH_SIZE);
        hole = at;
    }
    memset(models->slots[hole], 0, WI_HASH_SIZE);
    models->count--;
}

struct wi_relay_models *wi_relay_models_new(void)
{
    return wi_alloc(sizeof(struct wi_relay_models));
}

void wi_relay_models_free(struct wi_relay_models *models)
{
    if (!models)
        return;
    free(models->slots);
    free(models);
}

int wi_relay_models_have(const struct wi_relay_models *models, const char *hash)
{
    unsigned char bytes[WI_HASH_SIZE];
    return models && wi_hash_from_hex(hash, bytes) == 0 && set_has(models, bytes);
}

size_t wi_relay_models_count(const struct wi_relay_models *models)
{
    return models->count;
}

/* --- relay_models ----------------------------------------------------------------------------- */

struct change {
    json_t *add, *remove;
};

static const struct wi_param change_table[] = {
    WI_PARAM(change, add, ARRAY),
    WI_PARAM(change, remove, ARRAY),
    WI_PARAM_END,
};

static const unsigned char *hash_at(
    const json_t *list, size_t index, unsigned char hash[WI_HASH_SIZE])
{
    const char *text = json_string_value(json_array_get(list, index));
    return text && wi_hash_is_printed(text) && wi_hash_from_hex(text, hash) == 0 ? hash : NULL;
}

static enum wi_code check_hashes(const json_t *list, const char *field, struct wi_error *error)
{
    unsigned char hash[WI_HASH_SIZE];
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (hash_at(list, i, hash) && memcmp(hash, no_hash, sizeof hash) != 0)
            continue;
        return wi_error_set(error, WI_INVALID_FIELD, field,
            "%s[%zu] must be a model's hash: 64 lower-case hexadecimal digits", field, i);
    }
    return WI_OK;
}

enum wi_code wi_relay_models_update(
    struct wi_relay_models *models, const json_t *data, struct wi_error *error)
{
    struct change change = {0};
    unsigned char hash[WI_HASH_SIZE];
    if (wi_params_read(change_table, data, WI_PARAMS_OPEN, "data.", &change, error) != WI_OK)
        return error->code;
    size_t adds = json_array_size(change.add), removes = json_array_size(change.remove);
    if (adds + removes > WI_RELAY_MODELS_MESSAGE)
        return wi_error_set(error, WI_INVALID_FIELD, "data.add",
            "relay_models names %zu hashes; a message may name %d: send several", adds + removes,
            WI_RELAY_MODELS_MESSAGE);
    if (check_hashes(change.add, "data.add", error) != WI_OK ||
        check_hashes(change.remove, "data.remove", error) != WI_OK)
        return error->code;
    for (size_t i = 0; i < removes; i++)
        set_remove(models, hash_at(change.remove, i, hash));
    for (size_t i = 0; i < adds; i++)
        if (set_add(models, hash_at(change.add, i, hash)) != 0)
            return wi_error_set(error, WI_INVALID_FIELD, "data.add",
                "a relay may have %d models: name fewer (webinfer uplink --models)",
                WI_RELAY_MODELS_MAX);
    return WI_OK;
}
