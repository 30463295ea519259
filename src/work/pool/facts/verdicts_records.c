/* Records by key, by model and by party; see verdicts_records.h. */
#include "work/pool/facts/verdicts_records.h"

#include "base/memory.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

const char *const wi_verdict_names[] = {"unknown", "trusted", "wrong", "unable", "exempt", NULL};

/* --- keys ------------------------------------------------------------------------------------ */

void wi_verdict_key(char key[WI_VERDICT_KEY_SIZE], const struct wi_model *model,
    const struct wi_place *place, const char *variant, const char *set)
{
    wi_join(key, WI_VERDICT_KEY_SIZE, model->hash, "\t", variant ? variant : "", "\t",
        set ? set : "", "\t", place->key, NULL);
}

static const char *key_take_part(const char *at, char *out, size_t size)
{
    const char *end = at ? strchr(at, '\t') : NULL;

    if (!end || (size_t)(end - at) >= size)
        return NULL;
    memcpy(out, at, (size_t)(end - at));
    out[end - at] = '\0';
    return end + 1;
}

int wi_verdict_key_read(const char *key, struct verdict_parts *parts)
{
    const char *at = strchr(key, '\t');

    at = key_take_part(at ? at + 1 : NULL, parts->variant, sizeof parts->variant);
    parts->variant_end = at;
    at = key_take_part(at, parts->set, sizeof parts->set);
    parts->place_key = at;
    return at ? wi_place_parse(&parts->place, at) : -1;
}

void wi_verdict_key_whole(
    char whole[WI_VERDICT_KEY_SIZE], const char *key, const struct verdict_parts *parts)
{
    snprintf(whole, WI_VERDICT_KEY_SIZE, "%.*s\t%s", (int)(parts->variant_end - key), key,
        parts->place_key);
}

const char *wi_verdict_key_party(const char *key)
{
    const char *last = strrchr(key, '\t');

    return last ? last + 1 : "";
}

void wi_verdict_key_of_party(char other[WI_VERDICT_KEY_SIZE], const char *key, const char *party)
{
    snprintf(
        other, WI_VERDICT_KEY_SIZE, "%.*s%s", (int)(wi_verdict_key_party(key) - key), key, party);
}

/* --- models ---------------------------------------------------------------------------------- */

static struct verdict_model *model_get(struct wi_verdicts *verdicts, const char *key)
{
    size_t length = strcspn(key, "\t");
    struct verdict_model *model = WI_TABLE_FIND(verdicts->models, key, length);

    if (model)
        return model;
    model = wi_alloc(sizeof *model + length + 1);
    memcpy(model->hash, key, length);
    HASH_ADD_KEYPTR(hh, verdicts->models, model->hash, length, model);
    return model;
}

static void model_join(struct wi_verdicts *verdicts, struct verdict_record *record)
{
    if (record->whole) {
        DL_APPEND2(record->whole->sets, record, of_prev, of_next);
        return;
    }
    record->model = model_get(verdicts, record->key);
    DL_APPEND2(record->model->records, record, of_prev, of_next);
}

static void model_leave(struct wi_verdicts *verdicts, struct verdict_record *record)
{
    struct verdict_model *model = record->model;

    if (record->whole) {
        DL_DELETE2(record->whole->sets, record, of_prev, of_next);
        return;
    }
    DL_DELETE2(model->records, record, of_prev, of_next);
    if (model->records)
        return;
    HASH_DEL(verdicts->models, model);
    free(model);
}

/* --- owners ---------------------------------------------------------------------------------- */

static const struct wi_owners_most owners_most = {.ours = WI_VERDICT_OURS_MAX,
    .shared = WI_VERDICT_JOINED_MAX,
    .joined = WI_VERDICT_JOINED_MAX,
    .token = WI_VERDICT_TOKEN_MAX};

static struct wi_owners *owners_of(struct wi_verdicts *verdicts, int is_set)
{
    return is_set ? &verdicts->sets : &verdicts->wholes;
}

static void owners_make_room(struct wi_verdicts *verdicts, const struct verdict_parts *parts)
{
    struct wi_owned *surplus =
        wi_owners_surplus(owners_of(verdicts, *parts->set != '\0'), parts->place_key, &owners_most);

    if (surplus)
        wi_verdict_record_forget(verdicts, WI_OWNED_RECORD(surplus, struct verdict_record, owned));
}

/* --- records --------------------------------------------------------------------------------- */

struct verdict_record *wi_verdict_record_find(const struct wi_verdicts *verdicts, const char *key)
{
    return WI_TABLE_FIND(verdicts->all, key, strlen(key));
}

/* Without its sets, which go first. */
static void record_drop(struct wi_verdicts *verdicts, struct verdict_record *record)
{
    HASH_DEL(verdicts->all, record);
    wi_owners_remove(owners_of(verdicts, record->whole != NULL), &record->owned);
    model_leave(verdicts, record);
    verdicts->about_wasm -= (size_t)record->about_wasm;
    free(record->key);
    free(record);
}

void wi_verdict_record_forget(struct wi_verdicts *verdicts, struct verdict_record *record)
{
    while (record->sets)
        wi_verdict_record_forget(verdicts, record->sets);
    wi_db_forget(verdicts->db, WI_DB_VERDICTS, record->key);
    record_drop(verdicts, record);
}

static struct verdict_record *record_add(struct wi_verdicts *verdicts, const char *key,
    const struct verdict_parts *parts, struct verdict_record *whole)
{
    struct verdict_record *record = wi_alloc(sizeof *record);

    record->key = wi_strdup(key);
    record->whole = whole;
    record->about_wasm = parts->place.platform == WI_WASM && !*parts->place.kind;
    memcpy(record->set, parts->set, sizeof record->set);
    HASH_ADD_KEYPTR(hh, verdicts->all, record->key, strlen(record->key), record);
    wi_owners_add(owners_of(verdicts, whole != NULL), &record->owned, parts->place_key);
    model_join(verdicts, record);
    verdicts->about_wasm += (size_t)record->about_wasm;
    return record;
}

struct verdict_record *wi_verdict_record_get(struct wi_verdicts *verdicts, const char *key)
{
    struct verdict_record *record = wi_verdict_record_find(verdicts, key);
    struct verdict_parts parts;
    char whole[WI_VERDICT_KEY_SIZE] = "";

    if (record || wi_verdict_key_read(key, &parts) != 0)
        return record;
    if (*parts.set)
        wi_verdict_key_whole(whole, key, &parts);
    owners_make_room(verdicts, &parts);
    return record_add(
        verdicts, key, &parts, *whole ? wi_verdict_record_get(verdicts, whole) : NULL);
}

void wi_verdict_told_drop(struct wi_verdicts *verdicts, struct verdict_record *record)
{
    HASH_DEL(verdicts->told, record);
    free(record->key);
    free(record);
}

/* --- on disk --------------------------------------------------------------------------------- */

void wi_verdict_record_keep(const struct wi_verdicts *verdicts, const struct verdict_record *record)
{
    json_t *object = json_pack("{s:s, s:f, s:s, s:I, s:I, s:s, s:s, s:i, s:i}", "verdict",
        wi_verdict_names[record->verdict], "error_ratio", record->ratio, "detail", record->detail,
        "checked_at", (json_int_t)record->checked_at, "until", (json_int_t)record->until, "set",
        record->set, "shapes", record->shapes, "looked", (int)record->looked, "wrongs",
        (int)record->wrongs);

    if (!object)
        return;
    if (record->code != WI_OK)
        json_object_set_new(object, "code", json_string(wi_code_name(record->code)));
    char *text = json_dumps(object, JSON_COMPACT);
    wi_db_put(verdicts->db, WI_DB_VERDICTS, WI_COMPARE_RULES, record->key, text);
    free(text);
    json_decref(object);
}

void wi_verdict_record_explain(struct verdict_record *record, const char *detail)
{
    wi_text_copy(record->detail, sizeof record->detail, detail);
}

static unsigned stored_count(const json_t *object, const char *name)
{
    json_int_t count = json_integer_value(json_object_get(object, name));

    return count < 0 ? 0 : count > 1000 ? 1000 : (unsigned)count;
}

static void record_fill(struct verdict_record *record, const json_t *object)
{
    const char *detail = json_string_value(json_object_get(object, "detail"));
    const char *code = json_string_value(json_object_get(object, "code"));

    record->ratio = json_number_value(json_object_get(object, "error_ratio"));
    record->checked_at = json_integer_value(json_object_get(object, "checked_at"));
    record->until = json_integer_value(json_object_get(object, "until"));
    record->code = code ? wi_code_from_name(code) : WI_OK;
    record->looked = stored_count(object, "looked");
    record->wrongs = stored_count(object, "wrongs");
    wi_text_copy(
        record->set, sizeof record->set, json_string_value(json_object_get(object, "set")));
    wi_text_copy(record->shapes, sizeof record->shapes,
        json_string_value(json_object_get(object, "shapes")));
    wi_verdict_record_explain(record, detail ? detail : "");
}

static void record_load(void *context, const char *key, const char *value)
{
    struct wi_verdicts *verdicts = context;
    json_t *object = json_loads(value, 0, NULL);
    const char *name = json_string_value(json_object_get(object, "verdict"));
    struct verdict_record *record = NULL;
    int known = -1;

    for (int i = 0; name && wi_verdict_names[i]; i++)
        if (strcmp(name, wi_verdict_names[i]) == 0)
            known = i;
    if (known >= 0)
        record = wi_verdict_record_get(verdicts, key);
    if (record) {
        record->verdict = (enum wi_verdict)known;
        record_fill(record, object);
    }
    json_decref(object);
}

/* --- the whole ------------------------------------------------------------------------------- */

struct wi_verdicts *wi_verdicts_new(struct wi_db *db)
{
    struct wi_verdicts *verdicts = wi_alloc(sizeof *verdicts);

    verdicts->db = db;
    wi_db_each(db, WI_DB_VERDICTS, WI_COMPARE_RULES, record_load, verdicts);
    return verdicts;
}

void wi_verdicts_free(struct wi_verdicts *verdicts)
{
    if (!verdicts)
        return;
    while (verdicts->told)
        wi_verdict_told_drop(verdicts, verdicts->told);
    while (verdicts->sets.all)
        record_drop(
            verdicts, WI_OWNED_RECORD(verdicts->sets.all->records, struct verdict_record, owned));
    while (verdicts->wholes.all)
        record_drop(
            verdicts, WI_OWNED_RECORD(verdicts->wholes.all->records, struct verdict_record, owned));
    free(verdicts);
}
