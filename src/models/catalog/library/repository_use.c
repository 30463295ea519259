/*
 * When each model was used last; of those that were pulled it is written down too. And how often
 * the same files ran in each of the last hours, by the hash of their model, whatever name it has.
 */
#include "base/table.h"
#include "models/catalog/library/repository_private.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_AFTER_S 60
#define HOURS 24
#define HOUR_MS 3600000

/* When a model was used last; both in Unix seconds. */
struct use {
    char *name; /* without variant */
    int64_t at, noted_at;
    UT_hash_handle hh;
};

/* By hours; the first is `hour`, counted from 1970, and the others are those before it. */
struct runs {
    char hash[WI_MANIFEST_HEX];
    int64_t hour;
    uint32_t counts[HOURS];
    int is_new; /* not kept yet */
    UT_hash_handle hh;
};

/* --- when ------------------------------------------------------------------------------------- */

static void note_use(void *data)
{
    wi_versions_touch(data);
}

static void free_note(void *data, int cancelled)
{
    free(data);
}

static struct use *find_use(const struct wi_repository *repository, const char *name)
{
    size_t length = wi_model_name_base(name);

    return WI_TABLE_FIND(repository->uses, name, length);
}

/* Of a model that has a folder. */
static void note_when(struct wi_repository *repository, const struct wi_model *model)
{
    struct use *use = find_use(repository, model->name);

    if (!use) {
        use = wi_alloc(sizeof *use);
        use->name = wi_model_name_without(model->name);
        HASH_ADD_KEYPTR(hh, repository->uses, use->name, strlen(use->name), use);
    }
    use->at = wi_wall_ms() / 1000;
    if (model->version == 0 || use->at < use->noted_at + NOTE_AFTER_S)
        return;
    use->noted_at = use->at;
    wi_work_start(repository->loop, note_use, free_note, wi_strdup(model->folder));
}

int64_t wi_repository_used_at(const struct wi_repository *repository, const char *name)
{
    const struct use *use = find_use(repository, name);

    return use ? use->at : 0;
}

void wi_repository_forget_uses(struct wi_repository *repository)
{
    struct use *use;

    while ((use = WI_TABLE_TAKE(repository->uses))) {
        free(use->name);
        free(use);
    }
}

/* --- how often -------------------------------------------------------------------------------- */

static int64_t this_hour(void)
{
    return wi_wall_ms() / HOUR_MS;
}

static struct runs *find_runs(const struct wi_repository *repository, const char *hash)
{
    return WI_TABLE_FIND(repository->runs, hash, strlen(hash));
}

static void drop_runs(struct wi_repository *repository, struct runs *runs)
{
    wi_db_forget(repository->db, WI_DB_RUNS, runs->hash);
    HASH_DEL(repository->runs, runs);
    free(runs);
}

static void drop_oldest(struct wi_repository *repository)
{
    struct runs *oldest = repository->runs;
    for (struct runs *runs = oldest; runs; runs = runs->hh.next)
        oldest = runs->hour < oldest->hour ? runs : oldest;
    drop_runs(repository, oldest);
}

static struct runs *add_runs(struct wi_repository *repository, const char *hash, int64_t hour)
{
    struct runs *runs = wi_alloc(sizeof *runs);
    if (HASH_COUNT(repository->runs) >= WI_REPOSITORY_RUNS_MAX)
        drop_oldest(repository);
    memcpy(runs->hash, hash, sizeof runs->hash);
    runs->hour = hour;
    HASH_ADD_STR(repository->runs, hash, runs);
    return runs;
}

/* Has its first hour become that one. A clock that was put back changes nothing. */
static void turn_to(struct runs *runs, int64_t hour)
{
    for (; runs->hour < hour && hour - runs->hour < HOURS; runs->hour++) {
        memmove(runs->counts + 1, runs->counts, (HOURS - 1) * sizeof *runs->counts);
        runs->counts[0] = 0;
    }
    if (runs->hour >= hour)
        return;
    memset(runs->counts, 0, sizeof runs->counts);
    runs->hour = hour;
}

/* Of a model that has a folder. */
static void count_run(struct wi_repository *repository, const struct wi_model *model)
{
    int64_t hour = this_hour();
    struct runs *runs = find_runs(repository, model->hash);
    if (!runs)
        runs = add_runs(repository, model->hash, hour);
    turn_to(runs, hour);
    runs->counts[0] += runs->counts[0] < UINT32_MAX;
    runs->is_new = 1;
    if (repository->runs_later && !wi_timer_running(repository->runs_later))
        wi_timer_start(repository->runs_later, WI_REPOSITORY_RUNS_SAVE_MS, 0);
}

void wi_model_use(struct wi_model *model)
{
    if (!model->_repository || !model->folder)
        return;
    note_when(model->_repository, model);
    count_run(model->_repository, model);
}

uint64_t wi_repository_runs(const struct wi_repository *repository, const char *hash)
{
    const struct runs *runs = find_runs(repository, hash);
    int64_t past = runs ? this_hour() - runs->hour : HOURS;
    uint64_t sum = 0;
    for (int64_t i = 0; i + (past > 0 ? past : 0) < HOURS; i++)
        sum += runs->counts[i];
    return sum;
}

/* [HOUR, COUNT of that hour, COUNT of the one before, …] */
static char *print_runs(const struct runs *runs)
{
    json_t *list = json_array();
    json_array_append_new(list, json_integer((json_int_t)runs->hour));
    for (size_t i = 0; i < HOURS; i++)
        json_array_append_new(list, json_integer(runs->counts[i]));
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

static void save_runs(void *context)
{
    struct wi_repository *repository = context;
    struct runs *runs, *next;
    int64_t hour = this_hour();
    HASH_ITER(hh, repository->runs, runs, next)
    {
        if (hour - runs->hour >= HOURS) {
            drop_runs(repository, runs);
        } else if (runs->is_new) {
            char *text = print_runs(runs);
            wi_db_put(repository->db, WI_DB_RUNS, 0, runs->hash, text);
            free(text);
            runs->is_new = 0;
        }
    }
}

static void restore_runs(void *context, const char *key, const char *value)
{
    struct wi_repository *repository = context;
    json_t *list = json_loads(value, JSON_REJECT_DUPLICATES, NULL);
    int64_t hour = json_integer_value(json_array_get(list, 0));
    int good = strlen(key) == WI_MANIFEST_HEX - 1 && json_array_size(list) == HOURS + 1 &&
               hour > 0 && hour <= this_hour() && !find_runs(repository, key);
    for (size_t i = 1; good && i <= HOURS; i++) {
        const json_t *count = json_array_get(list, i);
        good = json_is_integer(count) && json_integer_value(count) >= 0 &&
               json_integer_value(count) <= UINT32_MAX;
    }
    struct runs *runs = good ? add_runs(repository, key, hour) : NULL;
    for (size_t i = 0; good && i < HOURS; i++)
        runs->counts[i] = (uint32_t)json_integer_value(json_array_get(list, i + 1));
    json_decref(list);
}

void wi_repository_keep_runs(struct wi_repository *repository, struct wi_db *db)
{
    wi_db_each(db, WI_DB_RUNS, 0, restore_runs, repository);
    repository->db = db;
    repository->runs_later = wi_timer_new(repository->loop, save_runs, repository);
}

void wi_repository_end_runs(struct wi_repository *repository)
{
    struct runs *runs;
    save_runs(repository);
    wi_timer_free(repository->runs_later);
    while ((runs = WI_TABLE_TAKE(repository->runs)))
        free(runs);
}
