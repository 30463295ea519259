/* What is known of models at places, and what is found out about it; see verdicts.h. */
#include "work/pool/facts/verdicts.h"

#include "base/clock.h"
#include "base/text.h"
#include "wire/describe/schemas.h"
#include "work/pool/facts/verdicts_told.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#define MISSED_MS (24 * 3600e3)
/* After a check that came to no end, and after many in a row. */
#define PAUSE_MS (5 * 60e3)
#define PAUSE_MAX_MS (24 * 3600e3)
/* A wrong place is compared again after so long, then after twice as long each time. */
#define REVIEW_MS (24 * 3600e3)
#define REVIEW_MAX_MS (30 * 24 * 3600e3)
/* The largest error that is told apart; JSON has no infinity. */
#define RATIO_MAX 1e9

/* --- asking ---------------------------------------------------------------------------------- */

/* A time that no pause reaches is of a clock that was ahead, and counts as over. */
static int is_over(int64_t until, double pause_ms)
{
    int64_t left = until - wi_wall_ms();

    return left <= 0 || (double)left > pause_ms;
}

static int is_void(const struct verdict_record *verdict)
{
    return verdict->until > 0 && is_over(verdict->until, WI_VERDICT_UNABLE_MS);
}

static enum wi_verdict verdict_value(const struct verdict_record *verdict)
{
    return verdict && !is_void(verdict) ? verdict->verdict : WI_UNKNOWN;
}

/* A check came to no end just now. */
static int verdict_rests(const struct verdict_record *verdict)
{
    return verdict && wi_awake_ms() < verdict->rests;
}

/* How long what was found wrong holds before it is compared again. */
static double review_pause(const struct verdict_record *verdict)
{
    unsigned doublings = verdict->wrongs > 1 ? verdict->wrongs - 1 : 0;

    return fmin(ldexp(REVIEW_MS, doublings < 8 ? (int)doublings : 8), REVIEW_MAX_MS);
}

static int is_review_due(const struct verdict_record *verdict)
{
    double pause = verdict ? review_pause(verdict) : 0;

    return verdict_value(verdict) == WI_WRONG && !verdict_rests(verdict) &&
           is_over(verdict->checked_at + (int64_t)pause, pause);
}

/* What is known of a question, each NULL where nothing is. */
struct verdict_answer {
    const struct verdict_record *own;   /* by the place's party */
    const struct verdict_record *known; /* that, or what nodes of two tokens have shown, or members
                                           of a cluster have told */
};

static struct verdict_answer look_up(
    const struct wi_verdicts *verdicts, const char *key, const struct wi_place *place)
{
    const struct verdict_record *own = wi_verdict_record_find(verdicts, key), *shared;
    char of_all[WI_VERDICT_KEY_SIZE];

    if (*wi_party_via(place->party) || verdict_value(own) != WI_UNKNOWN)
        return (struct verdict_answer){own, own};
    wi_verdict_key_of_party(of_all, key, WI_PLACE_JOINED);
    shared = *place->party ? wi_verdict_record_find(verdicts, of_all)
                           : wi_verdict_told_find(verdicts, key);
    return (struct verdict_answer){own, own && verdict_value(shared) == WI_UNKNOWN ? own : shared};
}

static int answer_rests(const struct verdict_answer *answer)
{
    return verdict_rests(answer->own) || verdict_rests(answer->known);
}

/* Whether a check would tell something new of what is known to be this. */
static int answer_is_due(const struct verdict_answer *answer)
{
    enum wi_verdict value = verdict_value(answer->known);

    return value == WI_WRONG ? is_review_due(answer->known) && !verdict_rests(answer->own)
                             : (value == WI_UNKNOWN || value == WI_UNABLE) && !answer_rests(answer);
}

static void wasm_key(
    char key[WI_VERDICT_KEY_SIZE], const struct wi_model *model, const struct wi_place *place)
{
    struct wi_place anywhere = wi_place_anywhere(place, WI_WASM);

    wi_verdict_key(key, model, &anywhere, NULL, NULL);
}

/* NULL where WASM has said nothing, or has run it. */
static const struct verdict_record *wasm_says(
    const struct wi_verdicts *verdicts, const struct wi_model *model, const struct wi_place *place)
{
    char key[WI_VERDICT_KEY_SIZE];

    if (verdicts->about_wasm == 0)
        return NULL;
    wasm_key(key, model, place);
    const struct verdict_record *said = look_up(verdicts, key, place).known;
    return said && said->verdict != WI_TRUSTED ? said : NULL;
}

/* What is known of the set goes first; what is trusted otherwise is told so where enough sets were
 * looked at. */
static struct wi_known known_narrow(
    const struct verdict_record *whole, const struct verdict_answer *of_set, struct wi_known known)
{
    enum wi_verdict value = verdict_value(of_set->known);

    if (value == WI_WRONG || value == WI_UNABLE)
        return (struct wi_known){value, value, answer_is_due(of_set)};
    if (known.verdict != WI_TRUSTED || value == WI_TRUSTED) {
        known.due &= !answer_rests(of_set);
        return known;
    }
    int more = whole->looked < WI_VERDICT_SETS;
    if (of_set->known || more)
        known.told = WI_UNKNOWN;
    known.due = of_set->known ? of_set->known->checked_at == 0 && !answer_rests(of_set) : more;
    return known;
}

/* Whether all kernels are wrong there, whichever is asked for. */
static int is_no_place_for_kernels(const struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, const char *variant)
{
    char key[WI_VERDICT_KEY_SIZE];

    if (place->engine != WI_ENGINE_KERNELS || !variant)
        return 0;
    wi_verdict_key(key, model, place, NULL, NULL);
    return verdict_value(look_up(verdicts, key, place).known) == WI_WRONG;
}

struct wi_known wi_verdicts_get(const struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, const char *variant, const char *set)
{
    char key[WI_VERDICT_KEY_SIZE];

    if (place->platform == WI_WASM || model->builtin)
        return (struct wi_known){WI_TRUSTED, WI_TRUSTED, 0};
    const struct verdict_record *said = wasm_says(verdicts, model, place);
    if (said && said->code != WI_OK)
        return (struct wi_known){WI_WRONG, WI_WRONG, 0}; /* whatever it makes of what is none */
    if (is_no_place_for_kernels(verdicts, model, place, variant))
        variant = NULL;
    wi_verdict_key(key, model, place, variant, NULL);
    const struct verdict_answer whole = look_up(verdicts, key, place);
    enum wi_verdict value = verdict_value(whole.known);
    if (value == WI_UNKNOWN && (said || *model->facts.signature.random))
        return (struct wi_known){WI_EXEMPT, WI_EXEMPT, 0};
    struct wi_known known = {value, value, answer_is_due(&whole)};
    if (!whole.known || value == WI_WRONG || !*set)
        return known;
    wi_verdict_key(key, model, place, variant, set);
    const struct verdict_answer of_set = look_up(verdicts, key, place);
    return known_narrow(whole.known, &of_set, known);
}

enum wi_code wi_verdicts_rejection(const struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, struct wi_error *error)
{
    const struct verdict_record *said = wasm_says(verdicts, model, place);

    if (!said || said->code == WI_OK)
        return WI_OK;
    return wi_error_set(error, said->code, NULL, "%s", said->detail);
}

/* --- deciding -------------------------------------------------------------------------------- */

/* For longer each time: what tells nothing once, or fails, most often does so again. */
static void verdict_rest(struct verdict_record *verdict)
{
    verdict->pause_ms =
        verdict->pause_ms > 0 ? fmin(2 * verdict->pause_ms, PAUSE_MAX_MS) : PAUSE_MS;
    verdict->rests = wi_awake_ms() + verdict->pause_ms;
}

/* The party of a key, as struct wi_node_info has it; NULL of sessions of ours, of what all joined
 * nodes share, and of relays, which share nothing. */
static const char *key_joined(const char *key)
{
    static const char joined[] = WI_PLACE_JOINED " ";
    const char *party = wi_verdict_key_party(key);

    return strncmp(party, joined, sizeof joined - 1) == 0 && !*wi_party_via(party)
               ? party + sizeof joined - 1
               : NULL;
}

/* Whether both are the same question about the nodes of two tokens. */
static int is_of_another_token(const char *key, const char *other)
{
    const char *party = key_joined(key), *its = key_joined(other);
    size_t length = party ? (size_t)(party - key) : 0;

    return party && its && strncmp(key, other, length) == 0 && !wi_party_same_token(party, its);
}

/* Whether a node of another token has shown the same. */
static int is_agreed(const struct wi_verdicts *verdicts, const struct verdict_record *own)
{
    const struct verdict_record *whole = own->whole ? own->whole : own;
    char key[WI_VERDICT_KEY_SIZE];

    for (const struct verdict_record *other = whole->model->records; other;
         other = other->of_next) {
        if (!is_of_another_token(whole->key, other->key))
            continue;
        wi_verdict_key_of_party(key, own->key, wi_verdict_key_party(other->key));
        const struct verdict_record *same = wi_verdict_record_find(verdicts, key);
        if (same && same->checked_at > 0 && verdict_value(same) == own->verdict &&
            same->code == own->code)
            return 1;
    }
    return 0;
}

/* What nodes of two tokens have shown counts for all that join. */
static void verdict_share(struct wi_verdicts *verdicts, const struct verdict_record *own)
{
    char key[WI_VERDICT_KEY_SIZE];

    if (own->verdict == WI_UNKNOWN || !key_joined(own->key) || !is_agreed(verdicts, own))
        return;
    wi_verdict_key_of_party(key, own->key, WI_PLACE_JOINED);
    struct verdict_record *shared = wi_verdict_record_get(verdicts, key);
    shared->verdict = own->verdict;
    shared->ratio = own->ratio;
    shared->code = own->code;
    shared->checked_at = own->checked_at;
    shared->until = own->until;
    shared->wrongs = own->wrongs;
    shared->looked = own->looked;
    memcpy(shared->detail, own->detail, sizeof shared->detail);
    memcpy(shared->set, own->set, sizeof shared->set);
    memcpy(shared->shapes, own->shapes, sizeof shared->shapes);
    wi_owned_renew(&shared->owned);
    wi_verdict_record_keep(verdicts, shared);
}

static void verdict_decide(struct wi_verdicts *verdicts, struct verdict_record *verdict,
    enum wi_verdict value, double ratio, const char *detail, double for_ms)
{
    wi_owned_renew(&verdict->owned);
    verdict->wrongs = value == WI_WRONG ? verdict->wrongs + 1 : 0;
    verdict->verdict = value;
    verdict->ratio = !(ratio <= RATIO_MAX) ? RATIO_MAX : ratio;
    verdict->checked_at = wi_wall_ms();
    verdict->until = for_ms > 0 ? verdict->checked_at + (int64_t)for_ms : 0;
    verdict->misses = 0;
    if (value == WI_UNABLE)
        verdict_rest(verdict);
    else
        verdict->pause_ms = 0;
    wi_verdict_record_explain(verdict, detail);
    wi_verdict_record_keep(verdicts, verdict);
    verdict_share(verdicts, verdict);
}

/* Of the sets of that model the one that was looked at longest ago, and is not wrong, goes. */
static void make_set_room(struct wi_verdicts *verdicts, struct verdict_record *whole)
{
    struct verdict_record *set;
    unsigned count;

    DL_COUNT2(whole->sets, set, count, of_next);
    if (count < WI_VERDICT_SETS)
        return;
    DL_FOREACH2(whole->sets, set, of_next)
    {
        if (set->verdict != WI_WRONG) {
            wi_verdict_record_forget(verdicts, set);
            return;
        }
    }
}

static struct verdict_record *whole_of(
    struct wi_verdicts *verdicts, const char *key, const struct verdict_parts *parts)
{
    char whole[WI_VERDICT_KEY_SIZE];

    wi_verdict_key_whole(whole, key, parts);
    return wi_verdict_record_get(verdicts, *parts->set ? whole : key);
}

/* Counts a look at that set. */
static struct verdict_record *set_look_at(
    struct wi_verdicts *verdicts, struct verdict_record *whole, const char *key)
{
    struct verdict_record *set = wi_verdict_record_find(verdicts, key);

    if (!set)
        make_set_room(verdicts, whole);
    if (!set && whole->looked < WI_VERDICT_SETS) {
        whole->looked++;
        wi_verdict_record_keep(verdicts, whole);
    }
    return set ? set : wi_verdict_record_get(verdicts, key);
}

int wi_verdicts_look(struct wi_verdicts *verdicts, const char *key, const char *client)
{
    struct verdict_parts parts;
    struct verdict_record *set;
    unsigned who = wi_table_hash(client ? client : "", client ? strlen(client) : 0), brought = 0;

    if (wi_verdict_key_read(key, &parts) != 0)
        return 0;
    struct verdict_record *whole = whole_of(verdicts, key, &parts);
    DL_FOREACH2(whole->sets, set, of_next)
    brought += set->client == who;
    set = wi_verdict_record_find(verdicts, key);
    if (!set && (whole->looked >= WI_VERDICT_SETS || brought >= WI_VERDICT_SETS_OF_CLIENT))
        return 0;
    set = set_look_at(verdicts, whole, key);
    set->client = who;
    return 1;
}

static void decide_by(struct wi_verdicts *verdicts, struct verdict_record *verdict, const char *set,
    const struct wi_finding *found)
{
    if (set != verdict->set)
        wi_text_copy(verdict->set, sizeof verdict->set, set);
    wi_text_copy(verdict->shapes, sizeof verdict->shapes, found->shapes);
    verdict_decide(verdicts, verdict, found->verdict, found->ratio,
        found->detail ? found->detail : "", found->verdict == WI_UNABLE ? WI_VERDICT_UNABLE_MS : 0);
}

/* What a set says of the model. */
static void judge_whole(struct wi_verdicts *verdicts, struct verdict_record *whole,
    const struct verdict_record *set, const struct wi_finding *found)
{
    unsigned wrong = 0;

    for (const struct verdict_record *other = whole->sets; other; other = other->of_next)
        wrong += other->verdict == WI_WRONG;
    if (found->verdict == WI_WRONG ? wrong >= WI_VERDICT_WRONG_SETS
                                   : verdict_value(whole) != WI_TRUSTED)
        decide_by(verdicts, whole, set->set, found);
}

/* That it does not run at all is said of the model, unless it has run there. */
static int is_of_set(const struct verdict_record *whole, const struct wi_finding *found)
{
    return found->verdict != WI_UNABLE || found->is_of_set || verdict_value(whole) == WI_TRUSTED;
}

static int is_of_ours(const struct wi_finding *found)
{
    return !found->shapes || !*found->shapes;
}

/* What may follow what was wrong: a client's input that comes out right says nothing of others. */
static int is_review(const struct wi_finding *found)
{
    return found->verdict == WI_WRONG || (found->verdict == WI_TRUSTED && is_of_ours(found));
}

/* A look at one kernel is one at all of them where these were wrong, and are to be compared again:
 * one that is right by an input of ours makes each be judged by itself from now on, and what tells
 * less puts the next look off. Records that are in use may go for it. */
static void review_all_kernels(
    struct wi_verdicts *verdicts, const char *key, const struct verdict_parts *parts, int is_right)
{
    char of_all[WI_VERDICT_KEY_SIZE];

    if (parts->place.engine != WI_ENGINE_KERNELS || !*parts->variant)
        return;
    snprintf(of_all, sizeof of_all, "%.*s\t\t\t%s", (int)strcspn(key, "\t"), key, parts->place.key);
    const struct verdict_answer answer = look_up(verdicts, of_all, &parts->place);
    if (!is_review_due(answer.known) || verdict_rests(answer.own))
        return;
    struct verdict_record *all = wi_verdict_record_get(verdicts, of_all);
    if (is_right)
        verdict_decide(verdicts, all, WI_TRUSTED, 0,
            "a kernel has since computed the service's own inputs correctly", 0);
    else
        verdict_rest(all);
}

/* 1 if it is news. */
static int finding_take(struct wi_verdicts *verdicts, const char *key,
    const struct verdict_parts *parts, const struct wi_finding *found)
{
    struct verdict_record *whole = whole_of(verdicts, key, parts), *verdict = whole;

    if (*parts->set && whole->verdict != WI_WRONG && is_of_set(whole, found))
        verdict = set_look_at(verdicts, whole, key);
    enum wi_verdict known = verdict_value(verdict);
    if (known == WI_WRONG && !(is_review_due(verdict) && is_review(found)))
        return 0;
    decide_by(verdicts, verdict, parts->set, found);
    if (found->verdict == WI_UNKNOWN)
        verdict_rest(verdict);
    if (verdict != whole && (found->verdict == WI_TRUSTED || found->verdict == WI_WRONG))
        judge_whole(verdicts, whole, verdict, found);
    return found->verdict != known;
}

int wi_verdicts_set(struct wi_verdicts *verdicts, const char *key, const struct wi_finding *found)
{
    struct verdict_parts parts;

    if (wi_verdict_key_read(key, &parts) != 0)
        return 0;
    int is_news = finding_take(verdicts, key, &parts, found);
    review_all_kernels(verdicts, key, &parts, found->verdict == WI_TRUSTED && is_of_ours(found));
    return is_news;
}

void wi_verdicts_pause(struct wi_verdicts *verdicts, const char *key, const char *detail)
{
    struct verdict_parts parts;

    if (wi_verdict_key_read(key, &parts) != 0)
        return;
    struct verdict_record *verdict = whole_of(verdicts, key, &parts);
    if (strcmp(verdict->key, key) != 0 && verdict_value(verdict) != WI_WRONG &&
        (verdict->looked < WI_VERDICT_SETS || wi_verdict_record_find(verdicts, key)))
        verdict = set_look_at(verdicts, verdict, key);
    verdict_rest(verdict);
    if (verdict_value(verdict) == WI_UNKNOWN)
        wi_verdict_record_explain(verdict, detail);
    review_all_kernels(verdicts, key, &parts, 0);
}

void wi_verdicts_miss(struct wi_verdicts *verdicts, const char *key, const char *detail)
{
    struct verdict_parts parts;

    if (wi_verdict_key_read(key, &parts) != 0)
        return;
    struct verdict_record *verdict = whole_of(verdicts, key, &parts);
    if (verdict_value(verdict) != WI_UNKNOWN) { /* a second look at what is known */
        verdict_rest(verdict);
    } else if (++verdict->misses >= 2) {
        verdict_decide(verdicts, verdict, WI_UNABLE, 0, detail, MISSED_MS);
    } else {
        verdict_rest(verdict);
        wi_verdict_record_explain(verdict, detail);
    }
    review_all_kernels(verdicts, key, &parts, 0);
}

static struct verdict_record *wasm_record(
    struct wi_verdicts *verdicts, const struct wi_model *model, const struct wi_place *place)
{
    char key[WI_VERDICT_KEY_SIZE];

    wasm_key(key, model, place);
    return wi_verdict_record_get(verdicts, key);
}

void wi_verdicts_reject(struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, const struct wi_error *error)
{
    struct verdict_record *said = wasm_record(verdicts, model, place);
    int is_news = said->code != error->code;

    said->code = error->code;
    if (is_news)
        verdict_decide(verdicts, said, WI_UNABLE, 0, error->detail, 0);
}

void wi_verdicts_outgrow(struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, const char *detail)
{
    struct verdict_record *said = wasm_record(verdicts, model, place);

    said->code = WI_OK;
    verdict_decide(verdicts, said, WI_EXEMPT, 0, detail, 0);
}

void wi_verdicts_accept(
    struct wi_verdicts *verdicts, const struct wi_model *model, const struct wi_place *place)
{
    char key[WI_VERDICT_KEY_SIZE];

    if (!wasm_says(verdicts, model, place))
        return;
    wasm_key(key, model, place);
    struct verdict_record *own = wi_verdict_record_find(verdicts, key);
    if (own)
        wi_verdict_record_forget(verdicts, own);
    if (wasm_says(verdicts, model, place)) /* by others' word, which holds no more for this one */
        verdict_decide(verdicts, wi_verdict_record_get(verdicts, key), WI_TRUSTED, 0, "", 0);
}

/* --- for people ------------------------------------------------------------------------------ */

/* What has only been counted says nothing, and of a set only what is otherwise than of its
 * model. */
static int is_told(const struct verdict_record *verdict)
{
    int says_more = !verdict->whole || verdict_value(verdict) != verdict_value(verdict->whole) ||
                    !is_told(verdict->whole);

    return says_more && (verdict->checked_at > 0 || *verdict->detail);
}

/* Whether what a member of the cluster has told is all that is known. */
static int counts_here(const struct wi_verdicts *verdicts, const struct verdict_record *told)
{
    return verdict_value(wi_verdict_record_find(verdicts, told->key)) == WI_UNKNOWN;
}

void wi_verdicts_count(const struct wi_verdicts *verdicts, size_t counts[WI_VERDICT_COUNT])
{
    memset(counts, 0, WI_VERDICT_COUNT * sizeof *counts);
    for (const struct verdict_record *verdict = verdicts ? verdicts->all : NULL; verdict;
         verdict = verdict->hh.next)
        counts[verdict_value(verdict)] += (size_t)is_told(verdict);
    for (const struct verdict_record *told = verdicts ? verdicts->told : NULL; told;
         told = told->hh.next)
        counts[told->verdict] += (size_t)counts_here(verdicts, told);
}

static json_t *input_json(const struct verdict_record *verdict)
{
    if (!*verdict->set)
        return json_null();
    return wi_form_json("VerdictInput", verdict->set, verdict->shapes);
}

static json_t *verdict_json(const struct verdict_record *verdict, const struct verdict_parts *parts)
{
#define OR_NULL(text) (*(text) ? (text) : NULL)
    const struct wi_place *place = &parts->place;
    int is_kernel = place->engine == WI_ENGINE_KERNELS;
    return wi_form_json("Verdict", OR_NULL(place->kind), OR_NULL(place->browser_version),
        place->joined, wi_party_token_json(place->party), OR_NULL(wi_party_via(place->party)),
        wi_platform_names[place->platform], wi_engine_names[place->engine],
        OR_NULL(place->engine_version), OR_NULL(place->adapter),
        is_kernel ? NULL : OR_NULL(parts->variant), is_kernel ? OR_NULL(parts->variant) : NULL,
        wi_verdict_names[verdict_value(verdict)], verdict->ratio, OR_NULL(verdict->detail),
        verdict->checked_at, verdict->whole ? "input" : "model", input_json(verdict),
        verdict->looked);
#undef OR_NULL
}

static void append_verdict(json_t *list, const struct verdict_record *verdict)
{
    struct verdict_parts parts;

    if (is_told(verdict) && wi_verdict_key_read(verdict->key, &parts) == 0)
        json_array_append_new(list, verdict_json(verdict, &parts));
}

static void append_told(json_t *list, const struct wi_verdicts *verdicts, const char *hash)
{
    size_t length = strlen(hash);

    for (const struct verdict_record *told = verdicts ? verdicts->told : NULL; told;
         told = told->hh.next)
        if (strncmp(told->key, hash, length) == 0 && told->key[length] == '\t' &&
            counts_here(verdicts, told))
            append_verdict(list, told);
}

json_t *wi_verdicts_json(const struct wi_verdicts *verdicts, const char *hash)
{
    const struct verdict_model *model =
        verdicts ? WI_TABLE_FIND(verdicts->models, hash, strlen(hash)) : NULL;
    json_t *list = json_array();

    for (const struct verdict_record *verdict = model ? model->records : NULL; verdict;
         verdict = verdict->of_next) {
        append_verdict(list, verdict);
        for (const struct verdict_record *set = verdict->sets; set; set = set->of_next)
            append_verdict(list, set);
    }
    append_told(list, verdicts, hash);
    return list;
}
