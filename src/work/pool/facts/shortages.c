/* Models and places in a table; see shortages.h. A key is the model's hash and the place's key; a
 * value is {"times", "at"}. */
#include "work/pool/facts/shortages.h"

#include "base/memory.h"
#include "base/table.h"
#include "base/text.h"
#include "settings/store/db.h"
#include "work/pool/facts/owners.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE (65 + 1 + WI_PLACE_SIZE)
/* So many times make one that is believed after a restart. */
#define TIMES_BELIEVED 2

struct shortage {
    char key[KEY_SIZE];
    unsigned times;
    int64_t at;  /* the last time */
    int is_seen; /* since the start */
    struct wi_owned owned;
    UT_hash_handle hh;
};

struct wi_shortages {
    struct wi_db *db;
    struct shortage *items; /* by key */
    struct wi_owners owners;
    struct wi_owners_most most;
};

static void shortage_drop(struct wi_shortages *shortages, struct shortage *shortage)
{
    HASH_DEL(shortages->items, shortage);
    wi_owners_remove(&shortages->owners, &shortage->owned);
    free(shortage);
}

static void shortages_make_room(struct wi_shortages *shortages, const char *place_key)
{
    struct wi_owned *surplus = wi_owners_surplus(&shortages->owners, place_key, &shortages->most);

    if (!surplus)
        return;
    struct shortage *shortage = WI_OWNED_RECORD(surplus, struct shortage, owned);
    if (wi_owned_is_ours(surplus))
        wi_db_forget(shortages->db, WI_DB_SHORTAGES, shortage->key);
    shortage_drop(shortages, shortage);
}

static struct shortage *shortage_add(
    struct wi_shortages *shortages, const char *key, const char *place_key)
{
    struct shortage *shortage = wi_alloc(sizeof *shortage);

    shortages_make_room(shortages, place_key);
    wi_text_copy(shortage->key, sizeof shortage->key, key);
    HASH_ADD_STR(shortages->items, key, shortage);
    wi_owners_add(&shortages->owners, &shortage->owned, place_key);
    return shortage;
}

static struct shortage *shortage_find(
    const struct wi_shortages *shortages, const char *hash, const struct wi_place *place)
{
    char key[KEY_SIZE];

    wi_join(key, sizeof key, hash, "\t", place->key, NULL);
    return WI_TABLE_FIND(shortages->items, key, strlen(key));
}

static void shortage_load(void *context, const char *key, const char *value)
{
    struct wi_shortages *shortages = context;
    const char *tab = strchr(key, '\t');
    long long at = 0;
    unsigned times = 0;
    struct wi_place place;

    if (strlen(key) >= KEY_SIZE || !tab || wi_place_parse(&place, tab + 1) != 0 || place.joined ||
        WI_TABLE_FIND(shortages->items, key, strlen(key)) ||
        sscanf(value, "{\"times\":%u,\"at\":%lld}", &times, &at) != 2 || times == 0 || at <= 0)
        return;
    struct shortage *shortage = shortage_add(shortages, key, tab + 1);
    shortage->times = times;
    shortage->at = at;
}

static void shortage_keep(struct wi_shortages *shortages, const struct shortage *shortage)
{
    char value[64];

    snprintf(value, sizeof value, "{\"times\":%u,\"at\":%lld}", shortage->times,
        (long long)shortage->at);
    wi_db_put(shortages->db, WI_DB_SHORTAGES, 0, shortage->key, value);
}

struct wi_shortages *wi_shortages_new(struct wi_db *db, size_t max)
{
    struct wi_shortages *shortages = wi_alloc(sizeof *shortages);

    shortages->db = db;
    shortages->most = (struct wi_owners_most){
        .ours = max, .shared = max, .joined = max, .token = max / 4 > 0 ? max / 4 : 1};
    wi_db_each(db, WI_DB_SHORTAGES, 0, shortage_load, shortages);
    return shortages;
}

void wi_shortages_free(struct wi_shortages *shortages)
{
    if (!shortages)
        return;
    while (shortages->items)
        shortage_drop(shortages, shortages->items);
    free(shortages);
}

void wi_shortages_note(
    struct wi_shortages *shortages, const char *hash, const struct wi_place *place, int64_t now)
{
    struct shortage *shortage = shortage_find(shortages, hash, place);
    char key[KEY_SIZE];

    wi_join(key, sizeof key, hash, "\t", place->key, NULL);
    if (!shortage)
        shortage = shortage_add(shortages, key, place->key);
    shortage->times += shortage->times < TIMES_BELIEVED;
    shortage->at = now;
    shortage->is_seen = 1;
    if (!place->joined)
        shortage_keep(shortages, shortage);
}

int wi_shortages_has(const struct wi_shortages *shortages, const char *hash,
    const struct wi_place *place, int64_t now)
{
    const struct shortage *shortage = shortage_find(shortages, hash, place);

    return shortage && (shortage->is_seen || shortage->times >= TIMES_BELIEVED) &&
           llabs(now - shortage->at) < WI_SHORTAGE_MS;
}
