/* Moving averages by model and place, and their copies in the database; see estimates.h. */
#include "work/pool/facts/estimates.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/memory.h"
#include "base/table.h"
#include "base/text.h"
#include "work/pool/facts/owners.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is known of a model, wherever it is. */
struct subject {
    size_t groups;    /* it goes with the last of them */
    double served_ms; /* what its runs for clients took */
    UT_hash_handle hh;
    char hash[65];
};

/* What is known of a model on one kind of browser. */
struct group {
    struct subject *subject;
    struct wi_heap measured; /* the entries with a measured run, by pace */
    size_t entries;          /* it goes with the last of them */
    UT_hash_handle hh;
    char key[]; /* as an entry's, up to the kind */
};

/* What was measured last, the newest at `count` - 1, modulo its size. */
struct lately {
    double values[WI_ESTIMATE_LATELY];
    unsigned count;
};

struct entry {
    struct wi_heap_place place; /* first: a place is cast back to its entry */
    struct group *group;
    struct wi_owned owned;
    int is_measured; /* and so in the group's heap */
    struct wi_estimate estimate;
    struct lately loads, runs, prompts, answers; /* of its load_ms, run_ms, prompt_ms, token_ms */
    struct lately singles, batches;              /* … single_ms and batch_ms */
    double saved_at;                             /* wi_awake_ms() */
    double seen_ms;        /* the subject's served_ms when it was last measured or tried here */
    double seen_before_ms; /* the same before the try that is under way */
    int on_trial;          /* the next run is one to find out */
    int dirty;
    UT_hash_handle hh;
    char key[];
};

struct wi_estimates {
    struct wi_db *db;
    struct entry *entries; /* by key */
    struct wi_owners owners;
    struct group *groups; /* by key */
    struct subject *subjects;
    size_t dirty;
};

/* Longer is no measurement but a clock gone wrong. */
#define TIME_MAX_MS 1e8
/* A page's clock may show 0 for a shorter run. */
#define TIME_MIN_MS 0.01

/* --- keys ------------------------------------------------------------------------------------- */

/* A model, a place and, for joined nodes, the machine: joined by tabs, as the fields of a place. */
#define KEY_SIZE (64 + 2 + WI_PLACE_SIZE + 16)

static size_t estimate_key(char key[KEY_SIZE], const char *hash, const struct wi_place *place)
{
    char digits[WI_DIGITS_SIZE];
    const char *cores = place->joined ? wi_digits(digits, (uint64_t)place->cores) : "";

    wi_join(key, KEY_SIZE, hash, "\t", place->key, place->joined ? "\t" : "", cores, NULL);
    return strlen(key);
}

static struct entry *entry_find(
    const struct wi_estimates *estimates, const char *hash, const struct wi_place *place)
{
    char key[KEY_SIZE];
    size_t length = estimate_key(key, hash, place);

    return WI_TABLE_FIND(estimates->entries, key, length);
}

static const char *key_place(const char *key)
{
    const char *tab = strchr(key, '\t');

    return tab ? tab + 1 : "";
}

/* --- subjects and groups ---------------------------------------------------------------------- */

/* Of what a group is part: the first field of its key. */
static struct subject *join_subject(struct wi_estimates *estimates, const char *key)
{
    size_t length = strnlen(key, sizeof((struct subject *)0)->hash - 1);
    const char *end = memchr(key, '\t', length);
    if (end)
        length = (size_t)(end - key);
    struct subject *subject = WI_TABLE_FIND(estimates->subjects, key, length);

    if (!subject) {
        subject = wi_alloc(sizeof *subject);
        memcpy(subject->hash, key, length);
        HASH_ADD_KEYPTR(hh, estimates->subjects, subject->hash, length, subject);
    }
    subject->groups++;
    return subject;
}

static void leave_subject(struct wi_estimates *estimates, struct subject *subject)
{
    if (--subject->groups > 0)
        return;
    HASH_DEL(estimates->subjects, subject);
    free(subject);
}

/* By what the entries of a model are compared: what it needs for each run, or for each token that
 * it makes, or else reads. Negative: no run was measured. */
static double estimate_pace(const struct wi_estimate *e)
{
    if (e->runs > 0)
        return e->run_ms;
    if (e->token_ms > 0)
        return e->token_ms;
    return e->prompt_ms > 0 ? e->prompt_ms : -1;
}

static int is_faster(const struct wi_heap_place *a, const struct wi_heap_place *b)
{
    return estimate_pace(&((const struct entry *)a)->estimate) <
           estimate_pace(&((const struct entry *)b)->estimate);
}

/* The group of a key: its first two fields, model and kind. */
static struct group *join_group(struct wi_estimates *estimates, const char *key)
{
    const char *kind = strchr(key, '\t');
    size_t length = kind ? (size_t)(kind + 1 - key) + strcspn(kind + 1, "\t") : strlen(key);
    struct group *group = WI_TABLE_FIND(estimates->groups, key, length);

    if (!group) {
        group = wi_alloc(sizeof *group + length + 1);
        memcpy(group->key, key, length);
        group->measured.before = is_faster;
        group->subject = join_subject(estimates, key);
        HASH_ADD_KEYPTR(hh, estimates->groups, group->key, length, group);
    }
    group->entries++;
    return group;
}

/* Keeps its place among the others of its group, whatever of it has changed. The times of nodes
 * that joined are claims, by which nothing is started or closed. */
static void entry_rank(struct entry *entry)
{
    struct wi_heap *measured = &entry->group->measured;
    int is_measured = wi_owned_is_ours(&entry->owned) && estimate_pace(&entry->estimate) >= 0;

    if (entry->is_measured && is_measured)
        wi_heap_changed(measured, &entry->place);
    else if (is_measured)
        wi_heap_add(measured, &entry->place);
    entry->is_measured = is_measured;
}

static void leave_group(struct wi_estimates *estimates, struct entry *entry)
{
    struct group *group = entry->group;

    if (entry->is_measured)
        wi_heap_remove(&group->measured, &entry->place);
    if (--group->entries > 0)
        return;
    HASH_DEL(estimates->groups, group);
    leave_subject(estimates, group->subject);
    wi_heap_clear(&group->measured);
    free(group);
}

/* --- entries ---------------------------------------------------------------------------------- */

static void entry_drop(struct wi_estimates *estimates, struct entry *entry)
{
    leave_group(estimates, entry);
    wi_owners_remove(&estimates->owners, &entry->owned);
    estimates->dirty -= (size_t)entry->dirty;
    HASH_DEL(estimates->entries, entry);
    free(entry);
}

static void estimates_make_room(struct wi_estimates *estimates, const char *key)
{
    static const struct wi_owners_most most = {.ours = WI_ESTIMATE_MAX,
        .shared = WI_ESTIMATE_TOKEN_MAX,
        .joined = WI_ESTIMATE_JOINED_MAX,
        .token = WI_ESTIMATE_TOKEN_MAX};
    struct wi_owned *surplus = wi_owners_surplus(&estimates->owners, key_place(key), &most);

    if (!surplus)
        return;
    struct entry *entry = WI_OWNED_RECORD(surplus, struct entry, owned);
    wi_db_forget(estimates->db, WI_DB_ESTIMATES, entry->key);
    entry_drop(estimates, entry);
}

static struct entry *entry_add(struct wi_estimates *estimates, const char *key, size_t length)
{
    struct entry *entry = wi_alloc(sizeof *entry + length + 1);

    estimates_make_room(estimates, key);
    memcpy(entry->key, key, length + 1);
    wi_owners_add(&estimates->owners, &entry->owned, key_place(key));
    entry->group = join_group(estimates, entry->key);
    entry->saved_at = -WI_ESTIMATE_SAVE_MS;
    HASH_ADD_KEYPTR(hh, estimates->entries, entry->key, length, entry);
    return entry;
}

static struct entry *find_or_add(
    struct wi_estimates *estimates, const char *hash, const struct wi_place *place)
{
    struct entry *entry = entry_find(estimates, hash, place);
    char key[KEY_SIZE];

    if (!entry)
        return entry_add(estimates, key, estimate_key(key, hash, place));
    wi_owned_renew(&entry->owned);
    return entry;
}

/* --- as JSON ---------------------------------------------------------------------------------- */

static json_t *rate_json(double mean, unsigned count)
{
    return mean > 0 ? json_pack("{s:f, s:I}", "mean", mean, "count", (json_int_t)count) : NULL;
}

/* An estimate in the form for the database: the measurements of a run are rates by their names, so
 * that others can be added. The caller frees it; NULL if a number has no form in JSON. */
static char *print_estimate(const struct wi_estimate *e)
{
    json_t *run = json_pack(
        "{s:f, s:I, s:b}", "mean", e->run_ms, "count", (json_int_t)e->runs, "cold", e->cold);
    json_t *value = json_pack("{s:f, s:I, s:f, s:I, s:I, s:I, s:{s:o, s:o*, s:o*, s:o*, s:o*}}",
        "load_ms", e->load_ms, "loads", (json_int_t)e->loads, "failure", e->failure, "measured_at",
        (json_int_t)e->measured_at, "batch_most", (json_int_t)e->batch_most, "crowded_at",
        (json_int_t)e->crowded_at, "rates", "run_ms", run, "prompt_ms",
        rate_json(e->prompt_ms, e->prompts), "token_ms", rate_json(e->token_ms, e->answers),
        "single_ms", rate_json(e->single_ms, e->singles), "batch_ms",
        rate_json(e->batch_ms, e->batches));
    char *text = json_dumps(value, JSON_COMPACT);

    json_decref(value);
    return text;
}

static double member_number(const json_t *value, const char *name, double most)
{
    double found = json_number_value(json_object_get(value, name));

    return found > 0 ? found < most ? found : most : 0;
}

static void load_rate(const json_t *rates, const char *name, double *mean, unsigned *count)
{
    const json_t *rate = json_object_get(rates, name);

    *mean = member_number(rate, "mean", TIME_MAX_MS);
    *count = *mean > 0 ? (unsigned)member_number(rate, "count", 1e9) : 0;
}

static void estimate_read(struct wi_estimate *e, const json_t *value)
{
    const json_t *rates = json_object_get(value, "rates");
    const json_t *run = json_object_get(rates, "run_ms");

    *e = (struct wi_estimate){.load_ms = member_number(value, "load_ms", TIME_MAX_MS),
        .run_ms = member_number(run, "mean", TIME_MAX_MS),
        .failure = member_number(value, "failure", 1),
        .loads = (unsigned)member_number(value, "loads", 1e9),
        .runs = (unsigned)member_number(run, "count", 1e9),
        .cold = json_is_true(json_object_get(run, "cold")),
        .measured_at = (int64_t)member_number(value, "measured_at", 1e15),
        .batch_most = (uint64_t)member_number(value, "batch_most", 1e15),
        .crowded_at = (int64_t)member_number(value, "crowded_at", 1e15)};
    load_rate(rates, "prompt_ms", &e->prompt_ms, &e->prompts);
    load_rate(rates, "token_ms", &e->token_ms, &e->answers);
    load_rate(rates, "single_ms", &e->single_ms, &e->singles);
    load_rate(rates, "batch_ms", &e->batch_ms, &e->batches);
}

/* 0, or -1 for what is no object. Members that are missing or no sensible numbers are 0. */
static int read_estimate(struct wi_estimate *estimate, const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    int is_object = json_is_object(value);

    if (is_object)
        estimate_read(estimate, value);
    json_decref(value);
    return is_object ? 0 : -1;
}

/* --- the database ----------------------------------------------------------------------------- */

static void entry_save(struct wi_estimates *estimates, struct entry *entry, double now)
{
    char *text = print_estimate(&entry->estimate);

    if (text)
        wi_db_put(estimates->db, WI_DB_ESTIMATES, 0, entry->key, text);
    free(text);
    entry->saved_at = now;
    estimates->dirty -= (size_t)entry->dirty;
    entry->dirty = 0;
}

void wi_estimates_save(struct wi_estimates *estimates)
{
    for (struct entry *entry = estimates->entries; entry && estimates->dirty > 0;
         entry = entry->hh.next)
        if (entry->dirty)
            entry_save(estimates, entry, wi_awake_ms());
}

/* It was measured now. */
static void entry_changed(struct wi_estimates *estimates, struct entry *entry, double now)
{
    entry->estimate.measured_at = wi_wall_ms();
    entry_rank(entry);
    estimates->dirty += !entry->dirty;
    entry->dirty = 1;
    if (now - entry->saved_at >= WI_ESTIMATE_SAVE_MS)
        entry_save(estimates, entry, now);
}

/* A row that is not ours to understand is left out. */
static void load_one(void *context, const char *key, const char *text)
{
    struct wi_estimates *estimates = context;
    struct wi_estimate read;
    size_t length = strlen(key);

    if (WI_TABLE_FIND(estimates->entries, key, length) || length >= KEY_SIZE ||
        read_estimate(&read, text) != 0)
        return;
    struct entry *entry = entry_add(estimates, key, length);
    entry->estimate = read;
    entry_rank(entry);
}

struct wi_estimates *wi_estimates_new(struct wi_db *db)
{
    struct wi_estimates *estimates = wi_alloc(sizeof *estimates);

    estimates->db = db;
    wi_db_each(db, WI_DB_ESTIMATES, 0, load_one, estimates);
    return estimates;
}

void wi_estimates_free(struct wi_estimates *estimates)
{
    if (!estimates)
        return;
    wi_estimates_save(estimates);
    while (estimates->entries)
        entry_drop(estimates, estimates->entries);
    free(estimates);
}

/* --- measuring -------------------------------------------------------------------------------- */

double wi_estimate_run_ms(const struct wi_estimate *e, double prompt_tokens, double answer_tokens)
{
    if (prompt_tokens <= 0)
        return e->runs > 0 ? e->run_ms : -1;
    double after_first = answer_tokens > 1 ? answer_tokens - 1 : 0;
    if (e->prompt_ms <= 0 || (after_first > 0 && e->token_ms <= 0))
        return -1;
    return prompt_tokens * e->prompt_ms + after_first * e->token_ms;
}

struct wi_estimate wi_estimates_get(
    const struct wi_estimates *estimates, const char *hash, const struct wi_place *place)
{
    const struct entry *entry = entry_find(estimates, hash, place);
    const struct subject *subject =
        entry ? entry->group->subject : WI_TABLE_FIND(estimates->subjects, hash, strnlen(hash, 64));
    struct wi_estimate known = entry ? entry->estimate : (struct wi_estimate){0};

    if (subject)
        known.elsewhere_ms = subject->served_ms - (entry ? entry->seen_ms : 0);
    return known;
}

/* The value, as near to it as what was measured lately allows, this one among it. */
static double value_between(struct lately *lately, double measured, double value)
{
    double least = measured, most = measured;

    lately->values[lately->count++ % WI_ESTIMATE_LATELY] = measured;
    if (lately->count < WI_ESTIMATE_LATELY)
        return value;
    for (int i = 0; i < WI_ESTIMATE_LATELY; i++) {
        least = fmin(least, lately->values[i]);
        most = fmax(most, lately->values[i]);
    }
    return fmin(fmax(value, least), most);
}

/* The plain mean of the first few, then the moving one. */
static void mean_update(double *mean, unsigned *count, struct lately *lately, double value)
{
    double weight = 1.0 / (*count + 1), counted = value;

    if (weight < WI_ESTIMATE_WEIGHT)
        weight = WI_ESTIMATE_WEIGHT;
    if (*count >= WI_ESTIMATE_LATELY)
        counted = fmin(value, WI_ESTIMATE_OUTLIER * *mean);
    *mean = value_between(lately, value, *mean + (counted - *mean) * weight);
    *count += *count < 1000000000;
}

double wi_estimates_alone(const struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double run_ms, unsigned requests)
{
    if (requests <= 1)
        return run_ms;
    struct wi_estimate e = wi_estimates_get(estimates, hash, place);
    if ((e.runs == 0 && !e.cold) || e.run_ms > run_ms)
        return run_ms;
    return fmax(e.run_ms, run_ms / requests);
}

/* What was to be found out is. */
static void entry_seen(struct entry *entry)
{
    entry->seen_ms = entry->group->subject->served_ms;
    entry->estimate.attempts = 0;
    entry->on_trial = 0;
}

/* As if it had not been tried, but for how often it was. */
static void entry_untry(struct entry *entry)
{
    entry->seen_ms = entry->seen_before_ms;
    entry->on_trial = 0;
}

static void entry_succeeded(struct wi_estimates *estimates, struct entry *entry, double now)
{
    struct wi_estimate *e = &entry->estimate;

    e->failure -= e->failure * WI_ESTIMATE_FAILURE_WEIGHT;
    if (e->failure < 0.001)
        e->failure = 0;
    entry_changed(estimates, entry, now);
}

/* A first run, or one of few tokens, is used until there is a better measurement. `on_trial`: a run
 * that is faster than expected counts in full. */
static void average_rate(double *mean, unsigned *count, struct lately *lately, double tokens,
    double ms, int warm, int on_trial)
{
    if (tokens <= 0)
        return;
    int lucky = on_trial && ms / tokens < *mean;
    if (warm && tokens >= WI_ESTIMATE_FEW_TOKENS) {
        mean_update(mean, count, lately, ms / tokens);
        if (lucky)
            *mean = ms / tokens;
    } else if (*count == 0)
        *mean = ms / tokens;
}

void wi_estimates_spoke(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double load_ms, const struct wi_timings *timings, int warm,
    double now)
{
    struct entry *entry = find_or_add(estimates, hash, place);
    struct wi_estimate *e = &entry->estimate;

    if (!warm)
        mean_update(&e->load_ms, &e->loads, &entry->loads, fmin(load_ms, TIME_MAX_MS));
    int on_trial = entry->on_trial;
    average_rate(&e->prompt_ms, &e->prompts, &entry->prompts, timings->prompt_tokens,
        timings->prompt_ms, warm, on_trial);
    average_rate(&e->token_ms, &e->answers, &entry->answers, timings->answer_tokens,
        timings->answer_ms, warm && !timings->stands_in, on_trial);
    if (timings->prompt_tokens > 0 || timings->answer_tokens > 0)
        entry_seen(entry);
    entry_succeeded(estimates, entry, now);
}

void wi_estimates_warmed(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double prompt_ms, double token_ms, double now)
{
    struct wi_estimate known = wi_estimates_get(estimates, hash, place);

    if (known.prompt_ms > 0 && known.token_ms > 0)
        return;
    struct entry *entry = find_or_add(estimates, hash, place);
    struct wi_estimate *e = &entry->estimate;
    if (e->prompt_ms <= 0)
        e->prompt_ms = prompt_ms;
    if (e->token_ms <= 0)
        e->token_ms = token_ms;
    entry_changed(estimates, entry, now);
}

void wi_estimates_ran(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double load_ms, double run_ms, int warm, double now)
{
    struct entry *entry = find_or_add(estimates, hash, place);
    struct wi_estimate *e = &entry->estimate;

    load_ms = load_ms < TIME_MAX_MS ? load_ms : TIME_MAX_MS;
    run_ms = run_ms < TIME_MAX_MS ? run_ms : TIME_MAX_MS;
    if (warm) {
        int lucky = entry->on_trial && run_ms < e->run_ms;
        e->cold = 0;
        mean_update(&e->run_ms, &e->runs, &entry->runs,
            run_ms); /* the first takes the place of what stood in */
        if (lucky)
            e->run_ms = run_ms;
        entry_seen(entry);
    } else {
        /* What a first run takes above the later ones belongs to loading. */
        double above = e->runs > 0 && run_ms > e->run_ms ? run_ms - e->run_ms : 0;
        mean_update(&e->load_ms, &e->loads, &entry->loads, load_ms + above);
        if (e->loads == 1 && entry->on_trial) {
            entry_untry(entry); /* the next run tells more: it need not wait */
            e->attempts = 0;
        }
        if (e->runs == 0) {
            e->run_ms = run_ms;
            e->cold = 1;
        }
    }
    entry_succeeded(estimates, entry, now);
}

void wi_estimates_batched(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, int is_batch, size_t bytes, double run_ms, double now)
{
    if (bytes == 0)
        return;
    struct entry *entry = find_or_add(estimates, hash, place);
    struct wi_estimate *e = &entry->estimate;
    run_ms = fmin(fmax(run_ms, TIME_MIN_MS), TIME_MAX_MS);
    e->since_single_ms = is_batch ? e->since_single_ms + run_ms : 0;
    e->since_batch_ms = is_batch ? 0 : e->since_batch_ms + run_ms;
    if (is_batch)
        mean_update(&e->batch_ms, &e->batches, &entry->batches, run_ms / (double)bytes);
    else
        mean_update(&e->single_ms, &e->singles, &entry->singles, run_ms / (double)bytes);
    entry_changed(estimates, entry, now);
}

uint64_t wi_estimate_batch_most(const struct wi_estimate *e, int64_t wall_ms)
{
    int64_t since = wall_ms - e->crowded_at, times = since / WI_BATCH_REGAIN_MS;

    if (since < 0) /* the clock was set back */
        times = 0;
    return times < 32 && e->batch_most <= UINT64_MAX >> 32 ? e->batch_most << times : 0;
}

uint64_t wi_estimates_crowded(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, size_t bytes, int64_t wall_ms, double now)
{
    struct entry *entry = find_or_add(estimates, hash, place);
    struct wi_estimate *e = &entry->estimate;
    uint64_t most = wi_estimate_batch_most(e, wall_ms), half = bytes > 2 ? bytes / 2 : 1;

    e->batch_most = most == 0 || half < most ? half : most;
    e->crowded_at = wall_ms;
    entry_changed(estimates, entry, now);
    return e->batch_most;
}

void wi_estimates_failed(
    struct wi_estimates *estimates, const char *hash, const struct wi_place *place, double now)
{
    struct entry *entry = find_or_add(estimates, hash, place);
    struct wi_estimate *e = &entry->estimate;

    e->failure += (1 - e->failure) * WI_ESTIMATE_FAILURE_WEIGHT;
    entry_changed(estimates, entry, now);
}

void wi_estimates_exceeded(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double run_ms, double now)
{
    struct entry *entry = find_or_add(estimates, hash, place);
    struct wi_estimate *e = &entry->estimate;

    if (run_ms <= e->run_ms)
        return;
    /* A bound, not a value: it counts in full. Where nothing was measured it is no failure, since
     * the client may have been in a hurry. */
    e->run_ms = run_ms < TIME_MAX_MS ? run_ms : TIME_MAX_MS;
    if (e->runs > 0)
        e->failure += (1 - e->failure) * WI_ESTIMATE_FAILURE_WEIGHT;
    entry_changed(estimates, entry, now);
}

void wi_estimates_served(struct wi_estimates *estimates, const char *hash, double run_ms)
{
    struct subject *subject = WI_TABLE_FIND(estimates->subjects, hash, strnlen(hash, 64));

    if (subject) /* else nothing is known of it, and nothing to be compared */
        subject->served_ms += run_ms;
}

void wi_estimates_tried(
    struct wi_estimates *estimates, const char *hash, const struct wi_place *place, double now)
{
    struct entry *entry = find_or_add(estimates, hash, place);

    entry->seen_before_ms = entry->seen_ms;
    entry->seen_ms = entry->group->subject->served_ms;
    entry->on_trial = 1;
    entry->estimate.attempts++;
    entry->estimate.tried_at = now;
}

void wi_estimates_untried(
    struct wi_estimates *estimates, const char *hash, const struct wi_place *place)
{
    struct entry *entry = entry_find(estimates, hash, place);

    if (!entry || !entry->on_trial)
        return;
    entry_untry(entry);
    if (entry->estimate.attempts > 1)
        entry->estimate.attempts--;
}

double wi_estimates_lose(
    struct wi_estimates *estimates, const char *hash, const struct wi_place *place, double ms)
{
    struct entry *entry = entry_find(estimates, hash, place);

    if (!entry)
        return 0;
    entry->estimate.lost_ms = fmax(entry->estimate.lost_ms + ms, 0);
    return entry->estimate.lost_ms;
}

const struct wi_estimate *wi_estimates_best(const struct wi_estimates *estimates, const char *hash,
    const char *kind, struct wi_place *place)
{
    char key[KEY_SIZE];
    size_t length = (size_t)snprintf(key, sizeof key, "%.64s\t%.31s", hash, kind);
    const struct group *group = WI_TABLE_FIND(estimates->groups, key, length);
    const struct entry *best = group ? (const struct entry *)wi_heap_first(&group->measured) : NULL;

    if (!best || (place && wi_place_parse(place, strchr(best->key, '\t') + 1) != 0))
        return NULL;
    return &best->estimate;
}

size_t wi_estimates_count(const struct wi_estimates *estimates)
{
    return HASH_COUNT(estimates->entries);
}
