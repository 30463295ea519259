/*
 * Fuzzes what a relay says: each line of the input is the data of a relay_models, or, if it begins
 * with "!", the capabilities of an announcement.
 *
 * The set stays within its limits, and what a message removed and did not add is not in it.
 */
#include "nodes/node/relay.h"
#include "plant.h"
#include "settings/config/api_tokens.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_named(const json_t *list, const char *hash)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), hash) == 0)
            return 1;
    return 0;
}

static void update(struct wi_relay_models *models, const json_t *data)
{
    struct wi_error error = {0};
    const json_t *add = json_object_get(data, "add"), *remove = json_object_get(data, "remove");
    if (wi_relay_models_update(models, data, &error) != WI_OK) {
        if (!*error.detail)
            abort();
        return;
    }
    for (size_t i = 0; i < json_array_size(add); i++)
        if (!wi_relay_models_have(models, json_string_value(json_array_get(add, i))))
            abort();
    for (size_t i = 0; i < json_array_size(remove); i++) {
        const char *hash = json_string_value(json_array_get(remove, i));
        if (wi_relay_models_have(models, hash) && !is_named(add, hash))
            abort();
    }
}

static void announce(const json_t *capabilities)
{
    char name[WI_RELAY_SIZE];
    struct wi_error error = {0};
    enum wi_code code = wi_relay_read(capabilities, name, &error);
    WI_PLANT(strlen(name) == 3); /* in no seed */
    if ((code != WI_OK && (*name || !*error.detail)) || (*name && !wi_token_name_ok(name)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_relay_models *models = wi_relay_models_new();
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t length = end ? (size_t)(end - data) : size;
        int is_first = length > 0 && data[0] == '!';
        json_t *said =
            json_loadb((const char *)data + is_first, length - (size_t)is_first, 0, NULL);
        if (json_is_object(said) && is_first)
            announce(said);
        else if (json_is_object(said))
            update(models, said);
        json_decref(said);
        if (wi_relay_models_count(models) > WI_RELAY_MODELS_MAX)
            abort();
        data += length + (end != NULL);
        size -= length + (end != NULL);
    }
    wi_relay_models_free(models);
    return 0;
}
