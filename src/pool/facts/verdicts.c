/*
 * Verdicts by key; see verdicts.h. A key is the model's hash, the precision, the set of inputs ("":
 * the model itself) and the place's key, joined by tabs. What WASM says of a model is a record like
 * the others, of a place anywhere.
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
 * other's. So are those about sets of inputs, which clients make at will. */
enum owner { OURS, JOINED, OUR_SETS, JOINED_SETS, OWNER_COUNT };
static const size_t owner_max[] = {
    WI_VERDICT_OURS_MAX, WI_VERDICT_JOINED_MAX, WI_VERDICT_OURS_MAX, WI_VERDICT_JOINED_MAX};

struct known;

struct verdict {
    char *key;
    enum owner owner;
    int about_wasm;                    /* what WASM says of the model */
    struct known *known;               /* NULL of a set */
    struct verdict *whole;             /* of a set: what is known of its model; else NULL */
    struct verdict *sets;              /* of that */
    unsigned looked;                   /* how many sets were looked at */
    unsigned client;                   /* who brought the set, as wi_table_hash has it; 0: nobody */
    struct verdict *of_prev, *of_next; /* of the same model, or of the same `whole` */
    struct verdict *prev, *next;       /* of the same owner */
    enum wi_verdict verdict;
    double ratio;
    char detail[256];
    char set[WI_INPUT_SET_SIZE]; /* of the input that decided it, and its shapes; "": of ours */
    char shapes[WI_INPUT_SHAPES_SIZE];
    enum wi_code code;  /* of a rejection by WASM */
    int64_t checked_at; /* Unix milliseconds; 0: never */
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
    const struct wi_place *place, const char *precision, const char *set)
{
    wi_join(key, WI_VERDICT_KEY_SIZE, model->hash, "\t", precision ? precision : "", "\t",
        set ? set : "", "\t", place->key, NULL);
}

static void wasm_key(
    char key[WI_VERDICT_KEY_SIZE], const struct wi_model *model, const struct wi_place *place)
{
    struct wi_place anywhere = wi_place_anywhere(place, WI_WASM);

    wi_verdict_key(key, model, &anywhere, NULL, NULL);
}

/* What a key is made of. */
struct parts {
    char precision[16], set[WI_INPUT_SET_SIZE];
    struct wi_place place;
    const char *precision_end, *set_end; /* in the key */
};

static const char *take_part(const char *at, char *out, size_t size)
{
    const char *end = at ? strchr(at, '\t') : NULL;

    if (!end || (size_t)(end - at) >= size)
        return NULL;
    memcpy(out, at, (size_t)(end - at));
    out[end - at] = '\0';
    return end + 1;
}

/* 0, or -1 for one that is not ours. */
static int read_key(const char *key, struct parts *parts)
{
    const char *at = strchr(key, '\t');

    at = take_part(at ? at + 1 : NULL, parts->precision, sizeof parts->precision);
    parts->precision_end = at;
    at = take_part(at, parts->set, sizeof parts->set);
    parts->set_end = at;
    return at ? wi_place_parse(&parts->place, at) : -1;
}

/* The key of what is known of the model, whatever the inputs. */
static void whole_key(char whole[WI_VERDICT_KEY_SIZE], const char *key, const struct parts *parts)
{
    snprintf(whole, WI_VERDICT_KEY_SIZE, "%.*s\t%s", (int)(parts->precision_end - key), key,
        parts->set_end);
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

static void forget(struct wi_verdicts *verdicts, struct verdict *verdict);

static void leave_model(struct wi_verdicts *verdicts, struct verdict *verdict)
{
    struct known *known = verdict->known;

    if (verdict->whole) {
        DL_DELETE2(verdict->whole->sets, verdict, of_prev, of_next);
        return;
    }
    DL_DELETE2(known->verdicts, verdict, of_prev, of_next);
    if (known->verdicts)
        return;
    HASH_DEL(verdicts->models, known);
    free(known);
}

/* Without its sets, which go first. */
static void drop(struct wi_verdicts *verdicts, struct verdict *verdict)
{
    struct list *list = &verdicts->by_owner[verdict->owner];

    HASH_DEL(verdicts->all, verdict);
    DL_DELETE(list->verdicts, verdict);
    list->count--;
    leave_model(verdicts, verdict);
    verdicts->about_wasm -= (size_t)verdict->about_wasm;
    free(verdict->key);
    free(verdict);
}

static void forget(struct wi_verdicts *verdicts, struct verdict *verdict)
{
    while (verdict->sets)
        forget(verdicts, verdict->sets);
    wi_db_forget(verdicts->db, WI_DB_VERDICTS, verdict->key);
    drop(verdicts, verdict);
}

static struct verdict *find_or_add(struct wi_verdicts *verdicts, const char *key);

static void join_model(struct wi_verdicts *verdicts, struct verdict *verdict)
{
    if (verdict->whole) {
        DL_APPEND2(verdict->whole->sets, verdict, of_prev, of_next);
        return;
    }
    verdict->known = find_or_add_known(verdicts, verdict->key);
    DL_APPEND2(verdict->known->verdicts, verdict, of_prev, of_next);
}

/* NULL for a key that is not ours. */
static struct verdict *find_or_add(struct wi_verdicts *verdicts, const char *key)
{
    struct verdict *verdict = find(verdicts, key), *whole = NULL;
    struct parts parts;
    char key_of_whole[WI_VERDICT_KEY_SIZE];

    if (verdict || read_key(key, &parts) != 0)
        return verdict;
    if (*parts.set) {
        whole_key(key_of_whole, key, &parts);
        whole = find_or_add(verdicts, key_of_whole);
    }
    enum owner owner = (parts.place.joined ? JOINED : OURS) + (whole ? OUR_SETS : OURS);
    struct list *list = &verdicts->by_owner[owner];
    if (list->count >= owner_max[owner])
        forget(verdicts, list->verdicts);
    verdict = wi_alloc(sizeof *verdict);
    verdict->key = wi_strdup(key);
    verdict->owner = owner;
    verdict->whole = whole;
    verdict->about_wasm = parts.place.platform == WI_WASM && !*parts.place.kind;
    memcpy(verdict->set, parts.set, sizeof verdict->set);
    HASH_ADD_KEYPTR(hh, verdicts->all, verdict->key, strlen(verdict->key), verdict);
    DL_APPEND(list->verdicts, verdict);
    list->count++;
    join_model(verdicts, verdict);
    verdicts->about_wasm += (size_t)verdict->about_wasm;
    return verdict;
}

static void keep(struct wi_verdicts *verdicts, const struct verdict *verdict)
{
    json_t *object = json_pack("{s:s, s:f, s:s, s:I, s:I, s:s, s:s, s:i}", "verdict",
        wi_verdict_names[verdict->verdict], "error_ratio", verdict->ratio, "detail",
        verdict->detail, "checked_at", (json_int_t)verdict->checked_at, "until",
        (json_int_t)verdict->until, "set", verdict->set, "shapes", verdict->shapes, "looked",
        (int)verdict->looked);
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

static void copy_text(char *out, size_t size, const json_t *text)
{
    wi_text_copy(out, size, json_string_value(text));
}

static void load(void *context, const char *key, const char *value)
{
    struct wi_verdicts *verdicts = context;
    json_t *object = json_loads(value, 0, NULL);
    const char *name = json_string_value(json_object_get(object, "verdict"));
    struct verdict *verdict = NULL;
    int known = -1;

    for (int i = 0; name && wi_verdict_names[i]; i++)
        if (strcmp(name, wi_verdict_names[i]) == 0)
            known = i;
    if (known >= 0)
        verdict = find_or_add(verdicts, key);
    if (verdict) {
        const char *detail = json_string_value(json_object_get(object, "detail"));
        const char *code = json_string_value(json_object_get(object, "code"));
        verdict->verdict = (enum wi_verdict)known;
        verdict->ratio = json_number_value(json_object_get(object, "error_ratio"));
        verdict->checked_at = json_integer_value(json_object_get(object, "checked_at"));
        verdict->until = json_integer_value(json_object_get(object, "until"));
        verdict->code = code ? wi_code_from_name(code) : WI_OK;
        verdict->looked = (unsigned)json_integer_value(json_object_get(object, "looked"));
        copy_text(verdict->set, sizeof verdict->set, json_object_get(object, "set"));
        copy_text(verdict->shapes, sizeof verdict->shapes, json_object_get(object, "shapes"));
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
    for (int owner = OWNER_COUNT - 1; owner >= 0; owner--) /* sets first */
        while (verdicts->by_owner[owner].verdicts)
            drop(verdicts, verdicts->by_owner[owner].verdicts);
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

/* What is known of the set goes first; what is trusted otherwise is told so where enough sets were
 * looked at. */
static struct wi_known narrow(
    const struct verdict *whole, const struct verdict *of_set, struct wi_known known)
{
    enum wi_verdict value = value_of(of_set);

    if (value == WI_WRONG || value == WI_UNABLE)
        return (struct wi_known){value, value, value == WI_UNABLE && !rests(of_set)};
    if (known.verdict != WI_TRUSTED || value == WI_TRUSTED) {
        known.due &= !rests(of_set);
        return known;
    }
    int more = whole->looked < WI_VERDICT_SETS;
    if (of_set || more)
        known.told = WI_UNKNOWN;
    known.due = of_set ? of_set->checked_at == 0 && !rests(of_set) : more;
    return known;
}

struct wi_known wi_verdicts_get(const struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, const char *precision, const char *set)
{
    char key[WI_VERDICT_KEY_SIZE];

    if (place->platform == WI_WASM || model->builtin)
        return (struct wi_known){WI_TRUSTED, WI_TRUSTED, 0};
    const struct verdict *said = wasm_says(verdicts, model, place);
    if (said && said->code != WI_OK)
        return (struct wi_known){WI_WRONG, WI_WRONG, 0}; /* whatever it makes of what is none */
    wi_verdict_key(key, model, place, precision, NULL);
    const struct verdict *whole = find(verdicts, key);
    enum wi_verdict value = value_of(whole);
    if (value == WI_UNKNOWN && (said || *model->facts.signature.random))
        return (struct wi_known){WI_EXEMPT, WI_EXEMPT, 0};
    struct wi_known known = {
        value, value, (value == WI_UNKNOWN || value == WI_UNABLE) && !rests(whole)};
    if (!whole || value == WI_WRONG || !*set)
        return known;
    wi_verdict_key(key, model, place, precision, set);
    return narrow(whole, find(verdicts, key), known);
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

/* Of the sets of that model the one that was looked at longest ago, and is not wrong, goes. */
static void make_set_room(struct wi_verdicts *verdicts, struct verdict *whole)
{
    struct verdict *set;
    unsigned count;

    DL_COUNT2(whole->sets, set, count, of_next);
    if (count < WI_VERDICT_SETS)
        return;
    DL_FOREACH2(whole->sets, set, of_next)
    {
        if (set->verdict != WI_WRONG) {
            forget(verdicts, set);
            return;
        }
    }
}

static struct verdict *whole_of(struct wi_verdicts *verdicts, const char *key)
{
    char whole[WI_VERDICT_KEY_SIZE];
    struct parts parts;

    if (read_key(key, &parts) != 0)
        return NULL;
    whole_key(whole, key, &parts);
    return find_or_add(verdicts, *parts.set ? whole : key);
}

/* Counts a look at that set. */
static struct verdict *look_at(struct wi_verdicts *verdicts, struct verdict *whole, const char *key)
{
    struct verdict *set = find(verdicts, key);

    if (!set)
        make_set_room(verdicts, whole);
    if (!set && whole->looked < WI_VERDICT_SETS) {
        whole->looked++;
        keep(verdicts, whole);
    }
    return set ? set : find_or_add(verdicts, key);
}

int wi_verdicts_look(struct wi_verdicts *verdicts, const char *key, const char *client)
{
    struct verdict *whole = whole_of(verdicts, key), *set;
    unsigned who = wi_table_hash(client ? client : "", client ? strlen(client) : 0), brought = 0;

    DL_FOREACH2(whole->sets, set, of_next)
    brought += set->client == who;
    set = find(verdicts, key);
    if (!set && (whole->looked >= WI_VERDICT_SETS || brought >= WI_VERDICT_SETS_OF_CLIENT))
        return 0;
    set = look_at(verdicts, whole, key);
    set->client = who;
    return 1;
}

static void decide_by(struct wi_verdicts *verdicts, struct verdict *verdict, const char *set,
    const struct wi_finding *found)
{
    if (set != verdict->set)
        wi_text_copy(verdict->set, sizeof verdict->set, set);
    wi_text_copy(verdict->shapes, sizeof verdict->shapes, found->shapes);
    decide(verdicts, verdict, found->verdict, found->ratio, found->detail ? found->detail : "",
        found->verdict == WI_UNABLE ? UNABLE_MS : 0);
}

/* What a set says of the model. */
static void judge_whole(struct wi_verdicts *verdicts, struct verdict *whole,
    const struct verdict *set, const struct wi_finding *found)
{
    const struct verdict *other;
    unsigned wrong = 0;

    DL_FOREACH2(whole->sets, other, of_next)
    wrong += other->verdict == WI_WRONG;
    if (found->verdict == WI_WRONG ? wrong >= WI_VERDICT_WRONG_SETS : value_of(whole) != WI_TRUSTED)
        decide_by(verdicts, whole, set->set, found);
}

/* That it does not run at all is said of the model, unless it has run there. */
static int is_of_set(const struct verdict *whole, const struct wi_finding *found)
{
    return found->verdict != WI_UNABLE || found->is_of_set || value_of(whole) == WI_TRUSTED;
}

int wi_verdicts_set(struct wi_verdicts *verdicts, const char *key, const struct wi_finding *found)
{
    struct parts parts;
    struct verdict *whole = whole_of(verdicts, key), *verdict = whole;

    if (read_key(key, &parts) != 0)
        return 0;
    if (*parts.set && whole->verdict != WI_WRONG && is_of_set(whole, found))
        verdict = look_at(verdicts, whole, key);
    enum wi_verdict known = value_of(verdict);
    if (verdict->verdict == WI_WRONG && found->verdict != WI_WRONG)
        return 0;
    decide_by(verdicts, verdict, parts.set, found);
    if (found->verdict == WI_UNKNOWN)
        rest(verdict);
    if (verdict != whole && (found->verdict == WI_TRUSTED || found->verdict == WI_WRONG))
        judge_whole(verdicts, whole, verdict, found);
    return found->verdict != known;
}

void wi_verdicts_pause(struct wi_verdicts *verdicts, const char *key, const char *detail)
{
    struct verdict *verdict = whole_of(verdicts, key);

    if (strcmp(verdict->key, key) != 0 &&
        (verdict->looked < WI_VERDICT_SETS || find(verdicts, key)))
        verdict = look_at(verdicts, verdict, key);
    rest(verdict);
    if (value_of(verdict) == WI_UNKNOWN)
        set_detail(verdict, detail);
}

void wi_verdicts_miss(struct wi_verdicts *verdicts, const char *key, const char *detail)
{
    struct verdict *verdict = whole_of(verdicts, key);

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

/* What has only been counted says nothing, and of a set only what is otherwise than of its model.
 */
static int is_told(const struct verdict *verdict)
{
    int says_more = !verdict->whole || value_of(verdict) != value_of(verdict->whole) ||
                    !is_told(verdict->whole);

    return says_more && (verdict->checked_at > 0 || *verdict->detail);
}

void wi_verdicts_count(const struct wi_verdicts *verdicts, size_t counts[WI_VERDICT_COUNT])
{
    memset(counts, 0, WI_VERDICT_COUNT * sizeof *counts);
    for (const struct verdict *verdict = verdicts ? verdicts->all : NULL; verdict;
         verdict = verdict->hh.next)
        counts[value_of(verdict)] += (size_t)is_told(verdict);
}

static json_t *input_json(const struct verdict *verdict)
{
    if (!*verdict->set)
        return json_null();
    return json_pack("{s:s, s:s}", "hash", verdict->set, "shapes", verdict->shapes);
}

static json_t *verdict_json(const struct verdict *verdict, const struct parts *parts)
{
#define OR_NULL(text) (*(text) ? (text) : NULL)
    const struct wi_place *place = &parts->place;
    return json_pack(
        "{s:s?, s:s?, s:b, s:s, s:s, s:s?, s:s?, s:s?, s:s, s:f, s:s?, s:I, s:s, s:o, s:i}",
        "browser", OR_NULL(place->kind), "browser_version", OR_NULL(place->browser_version),
        "joined", place->joined, "platform", wi_platform_names[place->platform], "engine",
        wi_engine_names[place->engine], "engine_version", OR_NULL(place->engine_version), "adapter",
        OR_NULL(place->adapter), "precision", OR_NULL(parts->precision), "verdict",
        wi_verdict_names[value_of(verdict)], "error_ratio", verdict->ratio, "detail",
        OR_NULL(verdict->detail), "checked_at", (json_int_t)verdict->checked_at, "scope",
        verdict->whole ? "input" : "model", "input", input_json(verdict), "sets",
        (int)verdict->looked);
#undef OR_NULL
}

static void append_verdict(json_t *list, const struct verdict *verdict)
{
    struct parts parts;

    if (is_told(verdict) && read_key(verdict->key, &parts) == 0)
        json_array_append_new(list, verdict_json(verdict, &parts));
}

json_t *wi_verdicts_json(const struct wi_verdicts *verdicts, const char *hash)
{
    const struct known *known = verdicts ? find_known(verdicts, hash, strlen(hash)) : NULL;
    json_t *list = json_array();

    for (const struct verdict *verdict = known ? known->verdicts : NULL; verdict;
         verdict = verdict->of_next) {
        append_verdict(list, verdict);
        for (const struct verdict *set = verdict->sets; set; set = set->of_next)
            append_verdict(list, set);
    }
    return list;
}
