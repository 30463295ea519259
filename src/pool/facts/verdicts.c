/*
 * Verdicts by key; see verdicts.h. A key is the model's hash, the precision and the place's key,
 * joined by tabs. What WASM says of a model is a record like the others, of a place anywhere.
 */
#include "pool/facts/verdicts.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"
#include "base/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* A platform that failed may do better some day: an input that fits, a machine less loaded. */
#define UNABLE_MS (7 * 24 * 3600e3)
#define MISSED_MS (24 * 3600e3)
/* After a check that came to no end, and after many in a row. */
#define PAUSE_MS (5 * 60e3)
#define PAUSE_MAX_MS (24 * 3600e3)
/* The largest error that is told apart; JSON has no infinity. */
#define RATIO_MAX 1e9

const char *const wi_verdict_names[] = {"unknown", "trusted", "wrong", "unable", "exempt", NULL};

/* Verdicts of joined pages are counted apart: they make keys at will, and so can evict only each
 * other's. */
enum owner { OURS, JOINED, OWNER_COUNT };
static const size_t owner_max[] = {WI_VERDICT_OURS_MAX, WI_VERDICT_JOINED_MAX};

struct known;

struct verdict {
    char *key;
    enum owner owner;
    int about_wasm; /* what WASM says of the model */
    struct known *known;
    struct verdict *of_prev, *of_next; /* of the same model */
    struct verdict *prev, *next;       /* of the same owner */
    enum wi_verdict verdict;
    double ratio;
    char detail[256];
    enum wi_code code;  /* of a rejection by WASM */
    int64_t checked_at; /* Unix milliseconds */
    int64_t until;      /* when it is void; 0: never */
    double rests;       /* wi_now_ms(); until then a check is not due */
    double pause_ms;    /* the last one; 0: none since something was found out */
    int misses;
    UT_hash_handle hh;
};

/* All of one model. */
struct known {
    struct verdict *verdicts;
    UT_hash_handle hh;
    char hash[]; /* of its content */
};

struct list {
    struct verdict *verdicts; /* the one that was decided longest ago comes first */
    size_t count;
};

struct wi_verdicts {
    struct wi_db *db;
    struct verdict *all;  /* by key */
    struct known *models; /* by hash; one lives while it has verdicts */
    struct list by_owner[OWNER_COUNT];
    size_t about_wasm; /* how many of them are what WASM says of a model */
};

/* --- keys ------------------------------------------------------------------------------------ */

void wi_verdict_key(char key[WI_VERDICT_KEY_SIZE], const struct wi_model *model,
    const struct wi_place *place, const char *precision)
{
    wi_join(key, WI_VERDICT_KEY_SIZE, model->hash, "\t", precision ? precision : "", "\t",
        place->key, NULL);
}

static void wasm_key(
    char key[WI_VERDICT_KEY_SIZE], const struct wi_model *model, const struct wi_place *place)
{
    struct wi_place anywhere = wi_place_anywhere(place, WI_WASM);

    wi_verdict_key(key, model, &anywhere, NULL);
}

/* What a key is made of. 0, or -1 for one that is not ours. */
static int read_key(const char *key, char precision[16], struct wi_place *place)
{
    const char *begin = strchr(key, '\t'), *end = begin ? strchr(begin + 1, '\t') : NULL;

    if (!end || end - begin > 16)
        return -1;
    memcpy(precision, begin + 1, (size_t)(end - begin - 1));
    precision[end - begin - 1] = '\0';
    return wi_place_parse(place, end + 1);
}

/* --- records --------------------------------------------------------------------------------- */

static struct verdict *find(const struct wi_verdicts *verdicts, const char *key)
{
    return WI_TABLE_FIND(verdicts->all, key, strlen(key));
}

static struct known *find_known(const struct wi_verdicts *verdicts, const char *hash, size_t length)
{
    return WI_TABLE_FIND(verdicts->models, hash, length);
}

static struct known *find_or_add_known(struct wi_verdicts *verdicts, const char *key)
{
    size_t length = strcspn(key, "\t");
    struct known *known = find_known(verdicts, key, length);

    if (known)
        return known;
    known = wi_alloc(sizeof *known + length + 1);
    memcpy(known->hash, key, length);
    HASH_ADD_KEYPTR(hh, verdicts->models, known->hash, length, known);
    return known;
}

static void drop(struct wi_verdicts *verdicts, struct verdict *verdict)
{
    struct list *list = &verdicts->by_owner[verdict->owner];
    struct known *known = verdict->known;

    HASH_DEL(verdicts->all, verdict);
    DL_DELETE(list->verdicts, verdict);
    list->count--;
    DL_DELETE2(known->verdicts, verdict, of_prev, of_next);
    if (!known->verdicts) {
        HASH_DEL(verdicts->models, known);
        free(known);
    }
    verdicts->about_wasm -= (size_t)verdict->about_wasm;
    free(verdict->key);
    free(verdict);
}

static void forget(struct wi_verdicts *verdicts, struct verdict *verdict)
{
    wi_db_forget(verdicts->db, WI_DB_VERDICTS, verdict->key);
    drop(verdicts, verdict);
}

/* NULL for a key that is not ours. */
static struct verdict *find_or_add(struct wi_verdicts *verdicts, const char *key)
{
    struct verdict *verdict = find(verdicts, key);
    struct wi_place place;
    char precision[16];

    if (verdict || read_key(key, precision, &place) != 0)
        return verdict;
    struct list *list = &verdicts->by_owner[place.joined ? JOINED : OURS];
    if (list->count >= owner_max[place.joined ? JOINED : OURS])
        forget(verdicts, list->verdicts);
    verdict = wi_alloc(sizeof *verdict);
    verdict->key = wi_strdup(key);
    verdict->owner = place.joined ? JOINED : OURS;
    verdict->about_wasm = place.platform == WI_WASM && !*place.kind;
    HASH_ADD_KEYPTR(hh, verdicts->all, verdict->key, strlen(verdict->key), verdict);
    DL_APPEND(list->verdicts, verdict);
    list->count++;
    verdict->known = find_or_add_known(verdicts, key);
    DL_APPEND2(verdict->known->verdicts, verdict, of_prev, of_next);
    verdicts->about_wasm += (size_t)verdict->about_wasm;
    return verdict;
}

static void keep(struct wi_verdicts *verdicts, const struct verdict *verdict)
{
    json_t *object =
        json_pack("{s:s, s:f, s:s, s:I, s:I}", "verdict", wi_verdict_names[verdict->verdict],
            "error_ratio", verdict->ratio, "detail", verdict->detail, "checked_at",
            (json_int_t)verdict->checked_at, "until", (json_int_t)verdict->until);
    char *text;

    if (!object)
        return;
    if (verdict->code != WI_OK)
        json_object_set_new(object, "code", json_string(wi_code_name(verdict->code)));
    text = json_dumps(object, JSON_COMPACT);
    wi_db_put(verdicts->db, WI_DB_VERDICTS, WI_COMPARE_RULES, verdict->key, text);
    free(text);
    json_decref(object);
}

/* A text that JSON can carry, cut at a character's end. */
static void set_detail(struct verdict *verdict, const char *detail)
{
    size_t length = strlen(detail);
    json_t *text;

    if (length >= sizeof verdict->detail) {
        length = sizeof verdict->detail - 1;
        while (length > 0 && ((unsigned char)detail[length] & 0xc0) == 0x80)
            length--;
    }
    text = json_stringn(detail, length);
    snprintf(verdict->detail, sizeof verdict->detail, "%s", text ? json_string_value(text) : "");
    json_decref(text);
}

static void load(void *context, const char *key, const char *value)
{
    struct wi_verdicts *verdicts = context;
    json_t *object = json_loads(value, 0, NULL);
    const char *name = json_string_value(json_object_get(object, "verdict"));
    struct verdict *verdict = NULL;
    enum wi_verdict known = WI_UNKNOWN;

    for (int i = 0; name && wi_verdict_names[i]; i++)
        if (strcmp(name, wi_verdict_names[i]) == 0)
            known = (enum wi_verdict)i;
    if (known != WI_UNKNOWN)
        verdict = find_or_add(verdicts, key);
    if (verdict) {
        const char *detail = json_string_value(json_object_get(object, "detail"));
        const char *code = json_string_value(json_object_get(object, "code"));
        verdict->verdict = known;
        verdict->ratio = json_number_value(json_object_get(object, "error_ratio"));
        verdict->checked_at = json_integer_value(json_object_get(object, "checked_at"));
        verdict->until = json_integer_value(json_object_get(object, "until"));
        verdict->code = code ? wi_code_from_name(code) : WI_OK;
        set_detail(verdict, detail ? detail : "");
    }
    json_decref(object);
}

struct wi_verdicts *wi_verdicts_new(struct wi_db *db)
{
    struct wi_verdicts *verdicts = wi_alloc(sizeof *verdicts);

    verdicts->db = db;
    wi_db_each(db, WI_DB_VERDICTS, WI_COMPARE_RULES, load, verdicts);
    return verdicts;
}

void wi_verdicts_free(struct wi_verdicts *verdicts)
{
    if (!verdicts)
        return;
    while (verdicts->all)
        drop(verdicts, verdicts->all);
    free(verdicts);
}

/* --- asking ---------------------------------------------------------------------------------- */

static int is_void(const struct verdict *verdict)
{
    return verdict->until > 0 && wi_wall_ms() >= verdict->until;
}

static enum wi_verdict value_of(const struct verdict *verdict)
{
    return verdict && !is_void(verdict) ? verdict->verdict : WI_UNKNOWN;
}

/* A check came to no end just now. */
static int rests(const struct verdict *verdict)
{
    return verdict && wi_now_ms() < verdict->rests;
}

static const struct verdict *wasm_says(
    const struct wi_verdicts *verdicts, const struct wi_model *model, const struct wi_place *place)
{
    char key[WI_VERDICT_KEY_SIZE];

    if (verdicts->about_wasm == 0)
        return NULL;
    wasm_key(key, model, place);
    return find(verdicts, key);
}

enum wi_verdict wi_verdicts_get(const struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, const char *precision, int *due)
{
    char key[WI_VERDICT_KEY_SIZE];
    const struct verdict *said, *verdict;
    enum wi_verdict known;

    *due = 0;
    if (place->platform == WI_WASM || model->builtin)
        return WI_TRUSTED;
    said = wasm_says(verdicts, model, place);
    if (said && said->code != WI_OK)
        return WI_WRONG; /* whatever it makes of a model that is none */
    wi_verdict_key(key, model, place, precision);
    verdict = find(verdicts, key);
    known = value_of(verdict);
    if (known == WI_UNKNOWN && (said || *model->facts.signature.random))
        return WI_EXEMPT;
    *due = (known == WI_UNKNOWN || known == WI_UNABLE) && !rests(verdict);
    return known;
}

enum wi_code wi_verdicts_rejection(const struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, struct wi_error *error)
{
    const struct verdict *said = wasm_says(verdicts, model, place);

    if (!said || said->code == WI_OK)
        return WI_OK;
    return wi_error_set(error, said->code, NULL, "%s", said->detail);
}

/* --- deciding -------------------------------------------------------------------------------- */

/* For longer each time: what tells nothing once, or fails, most often does so again. */
static void rest(struct verdict *verdict)
{
    verdict->pause_ms =
        verdict->pause_ms > 0 ? fmin(2 * verdict->pause_ms, PAUSE_MAX_MS) : PAUSE_MS;
    verdict->rests = wi_now_ms() + verdict->pause_ms;
}

static void decide(struct wi_verdicts *verdicts, struct verdict *verdict, enum wi_verdict value,
    double ratio, const char *detail, double for_ms)
{
    struct list *list = &verdicts->by_owner[verdict->owner];

    DL_DELETE(list->verdicts, verdict);
    DL_APPEND(list->verdicts, verdict);
    verdict->verdict = value;
    verdict->ratio = !(ratio <= RATIO_MAX) ? RATIO_MAX : ratio;
    verdict->checked_at = wi_wall_ms();
    verdict->until = for_ms > 0 ? verdict->checked_at + (int64_t)for_ms : 0;
    verdict->misses = 0;
    if (value == WI_UNABLE)
        rest(verdict);
    else
        verdict->pause_ms = 0;
    set_detail(verdict, detail);
    keep(verdicts, verdict);
}

int wi_verdicts_set(struct wi_verdicts *verdicts, const char *key, enum wi_verdict value,
    double ratio, const char *detail)
{
    struct verdict *verdict = find_or_add(verdicts, key);
    enum wi_verdict known = value_of(verdict);

    if (verdict->verdict == WI_WRONG && value != WI_WRONG)
        return 0;
    decide(verdicts, verdict, value, ratio, detail, value == WI_UNABLE ? UNABLE_MS : 0);
    return value != known;
}

void wi_verdicts_pause(struct wi_verdicts *verdicts, const char *key, const char *detail)
{
    struct verdict *verdict = find_or_add(verdicts, key);

    rest(verdict);
    if (value_of(verdict) == WI_UNKNOWN)
        set_detail(verdict, detail);
}

void wi_verdicts_miss(struct wi_verdicts *verdicts, const char *key, const char *detail)
{
    struct verdict *verdict = find_or_add(verdicts, key);

    if (value_of(verdict) != WI_UNKNOWN) { /* a second look at what is known */
        rest(verdict);
    } else if (++verdict->misses >= 2) {
        decide(verdicts, verdict, WI_UNABLE, 0, detail, MISSED_MS);
    } else {
        rest(verdict);
        set_detail(verdict, detail);
    }
}

static struct verdict *say(
    struct wi_verdicts *verdicts, const struct wi_model *model, const struct wi_place *place)
{
    char key[WI_VERDICT_KEY_SIZE];

    wasm_key(key, model, place);
    return find_or_add(verdicts, key);
}

void wi_verdicts_reject(struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, const struct wi_error *error)
{
    struct verdict *said = say(verdicts, model, place);
    int is_news = said->code != error->code;

    said->code = error->code;
    if (is_news)
        decide(verdicts, said, WI_UNABLE, 0, error->detail, 0);
}

void wi_verdicts_outgrow(struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, const char *detail)
{
    struct verdict *said = say(verdicts, model, place);

    said->code = WI_OK;
    decide(verdicts, said, WI_EXEMPT, 0, detail, 0);
}

void wi_verdicts_accept(
    struct wi_verdicts *verdicts, const struct wi_model *model, const struct wi_place *place)
{
    struct verdict *said = (struct verdict *)wasm_says(verdicts, model, place);

    if (said)
        forget(verdicts, said);
}

/* --- for people ------------------------------------------------------------------------------ */

void wi_verdicts_count(const struct wi_verdicts *verdicts, size_t counts[WI_VERDICT_COUNT])
{
    memset(counts, 0, WI_VERDICT_COUNT * sizeof *counts);
    for (const struct verdict *verdict = verdicts ? verdicts->all : NULL; verdict;
         verdict = verdict->hh.next)
        counts[value_of(verdict)]++;
}

static json_t *verdict_json(
    const struct verdict *verdict, const struct wi_place *place, const char *precision)
{
#define OR_NULL(text) (*(text) ? (text) : NULL)
    return json_pack("{s:s?, s:s?, s:b, s:s, s:s, s:s?, s:s?, s:s?, s:s, s:f, s:s?, s:I}",
        "browser", OR_NULL(place->kind), "browser_version", OR_NULL(place->browser_version),
        "joined", place->joined, "platform", wi_platform_names[place->platform], "engine",
        wi_engine_names[place->engine], "engine_version", OR_NULL(place->engine_version), "adapter",
        OR_NULL(place->adapter), "precision", OR_NULL(precision), "verdict",
        wi_verdict_names[value_of(verdict)], "error_ratio", verdict->ratio, "detail",
        OR_NULL(verdict->detail), "checked_at", (json_int_t)verdict->checked_at);
#undef OR_NULL
}

json_t *wi_verdicts_json(const struct wi_verdicts *verdicts, const char *hash)
{
    const struct known *known = verdicts ? find_known(verdicts, hash, strlen(hash)) : NULL;
    json_t *list = json_array();

    for (const struct verdict *verdict = known ? known->verdicts : NULL; verdict;
         verdict = verdict->of_next) {
        struct wi_place place;
        char precision[16];
        if (read_key(verdict->key, precision, &place) == 0)
            json_array_append_new(list, verdict_json(verdict, &place, precision));
    }
    return list;
}
