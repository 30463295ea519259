/* Places and their keys; see place.h. */
#include "work/pool/facts/place.h"

#include "base/table.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

/* The fields of a key, in order. */
enum field {
    FIELD_KIND,
    FIELD_ENGINE,
    FIELD_ENGINE_VERSION,
    FIELD_PLATFORM,
    FIELD_BROWSER_VERSION,
    FIELD_ADAPTER,
    FIELD_SOFTWARE,
    FIELD_PARTY,
    FIELD_COUNT
};

static void place_make_key(struct wi_place *place)
{
    wi_join(place->key, sizeof place->key, place->kind, "\t", wi_engine_names[place->engine], "\t",
        place->engine_version, "\t", wi_platform_names[place->platform], "\t",
        place->browser_version, "\t", place->adapter, "\t", place->software ? "software" : "", "\t",
        place->joined ? WI_PLACE_JOINED : "", *place->party ? " " : "", place->party, NULL);
}

const char *wi_place_gpu(const struct wi_node_info *node, enum wi_platform platform)
{
    const struct wi_adapter *adapter = &node->platforms[platform].adapter;
    int named = *adapter->vendor || *adapter->architecture || *adapter->description;

    return node->platforms[platform].has_adapter && !named ? node->gpu : "";
}

struct wi_place wi_place_of(
    const struct wi_node_info *node, enum wi_engine engine, enum wi_platform platform)
{
    const struct wi_adapter *adapter = &node->platforms[platform].adapter;
    struct wi_place place = {.engine = engine, .platform = platform, .joined = !*node->session};

    memcpy(place.party, node->party, sizeof place.party);
    memcpy(place.kind, node->kind, sizeof place.kind);
    memcpy(place.browser_version, node->browser_version, sizeof place.browser_version);
    memcpy(place.engine_version, node->engines[engine].version, sizeof place.engine_version);
    if (node->platforms[platform].has_adapter) {
        snprintf(place.adapter, sizeof place.adapter, "%s/%s/%s%s", adapter->vendor,
            adapter->architecture, adapter->description, wi_place_gpu(node, platform));
        place.software = adapter->is_fallback;
    }
    place.cores = place.joined ? node->cores : 0;
    place_make_key(&place);
    return place;
}

struct wi_place wi_place_anywhere(const struct wi_place *place, enum wi_platform platform)
{
    struct wi_place anywhere = {
        .engine = place->engine, .platform = platform, .joined = place->joined};

    memcpy(anywhere.party, place->party, sizeof anywhere.party);
    memcpy(anywhere.engine_version, place->engine_version, sizeof anywhere.engine_version);
    place_make_key(&anywhere);
    return anywhere;
}

const char *wi_place_party_field(const char *key, size_t *length)
{
    for (int i = 0; i < FIELD_PARTY; i++) {
        key += strcspn(key, "\t");
        key += *key == '\t';
    }
    *length = strcspn(key, "\t");
    return key;
}

/* Splits a copy of a key in place. 0, or -1 where it has more fields or fewer. */
static int fields_split(char *text, const char *fields[FIELD_COUNT])
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        if (!text)
            return -1;
        fields[i] = strsep(&text, "\t");
    }
    return text ? -1 : 0;
}

/* A text that was cut would be that of another place. */
static int field_copy(char *to, size_t size, const char *from)
{
    return (size_t)snprintf(to, size, "%s", from) < size ? 0 : -1;
}

/* "" of ours, "joined", or that and the party. */
static int read_party(struct wi_place *place, const char *field)
{
    size_t length = strlen(WI_PLACE_JOINED);

    if (!*field)
        return 0;
    if (strncmp(field, WI_PLACE_JOINED, length) != 0 ||
        (field[length] != '\0' && (field[length] != ' ' || field[length + 1] == '\0')))
        return -1;
    place->joined = 1;
    return field[length] ? field_copy(place->party, sizeof place->party, field + length + 1) : 0;
}

int wi_place_parse(struct wi_place *place, const char *key)
{
    char text[WI_PLACE_SIZE];
    const char *fields[FIELD_COUNT];

    *place = (struct wi_place){0};
    if (field_copy(text, sizeof text, key) != 0 || fields_split(text, fields) != 0)
        return -1;
    int engine = wi_engine_of_name(fields[FIELD_ENGINE]);
    int platform = wi_platform_of_name(fields[FIELD_PLATFORM]);
    if (engine < 0 || platform < 0 ||
        field_copy(place->kind, sizeof place->kind, fields[FIELD_KIND]) != 0 ||
        field_copy(place->engine_version, sizeof place->engine_version,
            fields[FIELD_ENGINE_VERSION]) != 0 ||
        field_copy(place->browser_version, sizeof place->browser_version,
            fields[FIELD_BROWSER_VERSION]) != 0 ||
        read_party(place, fields[FIELD_PARTY]) != 0 ||
        field_copy(place->adapter, sizeof place->adapter, fields[FIELD_ADAPTER]) != 0)
        return -1;
    place->engine = (enum wi_engine)engine;
    place->platform = (enum wi_platform)platform;
    place->software = *fields[FIELD_SOFTWARE] != '\0';
    place_make_key(place);
    return 0;
}

int wi_place_platform(const json_t *report)
{
    return wi_platform_of_name(json_string_value(json_object_get(report, "platform")));
}

int wi_place_is_simulated(const json_t *report)
{
    return json_is_true(json_object_get(report, "simulated"));
}

/* --- parties: what is before the blank is the token ------------------------------------------- */

int wi_party_same_token(const char *a, const char *b)
{
    size_t length = strcspn(a, " ");

    return length == strcspn(b, " ") && strncmp(a, b, length) == 0;
}

const char *wi_party_via(const char *party)
{
    const char *via = strstr(party, WI_PARTY_VIA);

    return via ? via + strlen(WI_PARTY_VIA) : "";
}

json_t *wi_party_token_json(const char *party)
{
    return *party ? json_sprintf("token-%08x", wi_table_hash(party, strcspn(party, " ")))
                  : json_null();
}
