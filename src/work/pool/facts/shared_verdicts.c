/* See shared_verdicts.h. */
#include "work/pool/facts/shared_verdicts.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#define ROW_VERSION 1
#define RULES_MAX 1000000000
#define RATIO_MAX 1e9
#define WRONGS_MAX 1000

/* A row that says something. */
struct shared_verdict {
    char name[WI_HASH_HEX_SIZE], key[WI_VERDICT_KEY_SIZE];
    int64_t checked_at;
    UT_hash_handle hh;
};

struct wi_shared_verdicts {
    struct wi_verdicts *verdicts;
    struct wi_rows *rows;
    struct shared_verdict *all; /* by name */
};

/* --- rows ------------------------------------------------------------------------------------- */

void wi_verdict_row_name(const char *key, char name[WI_HASH_HEX_SIZE])
{
    unsigned char hash[WI_HASH_SIZE];

    wi_hash(key, strlen(key), hash);
    wi_hash_hex(hash, name);
}

void wi_verdict_row_print(const struct wi_told_verdict *verdict, struct wi_buffer *out)
{
    json_t *text = json_pack("{s:i, s:i, s:s, s:b, s:f, s:s, s:I, s:I, s:I}", "row", ROW_VERSION,
        "rules", WI_COMPARE_RULES, "key", verdict->key, "wrong", verdict->verdict == WI_WRONG,
        "error_ratio", verdict->ratio, "detail",
        wi_text_is_plain(verdict->detail) ? verdict->detail : "", "checked_at",
        (json_int_t)verdict->checked_at, "looked", (json_int_t)verdict->looked, "wrongs",
        (json_int_t)verdict->wrongs);

    wi_buffer_json(out, text);
    json_decref(text);
}

struct row_params {
    const char *key, *detail;
    int wrong;
    double error_ratio;
    int64_t rules, checked_at, looked, wrongs;
};

static const struct wi_param row_table[] = {
    WI_PARAM(row_params, rules, INTEGER, .required = 1, .max = RULES_MAX),
    WI_PARAM(row_params, key, STRING, .required = 1, .min = 1, .max = WI_VERDICT_KEY_SIZE - 1),
    WI_PARAM(row_params, wrong, BOOL, .required = 1),
    WI_PARAM(row_params, error_ratio, NUMBER, .required = 1, .max = RATIO_MAX),
    WI_PARAM(row_params, detail, STRING, .required = 1, .max = 255),
    WI_PARAM(
        row_params, checked_at, INTEGER, .required = 1, .min = 1, .max = WI_VERSIONED_TIME_MAX),
    WI_PARAM(row_params, looked, INTEGER, .required = 1, .max = WI_VERDICT_SETS),
    WI_PARAM(row_params, wrongs, INTEGER, .required = 1, .max = WRONGS_MAX), WI_PARAM_END};

static const struct wi_versioned row_form = {"row", ROW_VERSION, WI_ROW_MAX, row_table};

static enum wi_read_fault row_fill(
    struct wi_told_verdict *verdict, const struct row_params *params, const char *name)
{
    char its[WI_HASH_HEX_SIZE];

    wi_verdict_row_name(params->key, its);
    if (strcmp(its, name) != 0 || !wi_text_is_plain(params->detail))
        return WI_READ_GARBAGE;
    if (params->rules != WI_COMPARE_RULES)
        return WI_READ_OTHER_VERSION;
    *verdict = (struct wi_told_verdict){.verdict = params->wrong ? WI_WRONG : WI_TRUSTED,
        .ratio = params->error_ratio,
        .checked_at = params->checked_at,
        .looked = (unsigned)params->looked,
        .wrongs = (unsigned)params->wrongs};
    wi_text_copy(verdict->key, sizeof verdict->key, params->key);
    wi_text_copy(verdict->detail, sizeof verdict->detail, params->detail);
    return WI_READ_GOOD;
}

enum wi_read_fault wi_verdict_row_read(
    struct wi_told_verdict *verdict, const char *name, const char *text, size_t size)
{
    struct row_params params = {0};
    json_t *object;

    enum wi_read_fault fault = wi_versioned_read(&row_form, text, size, &params, &object);
    if (fault == WI_READ_GOOD)
        fault = row_fill(verdict, &params, name);
    json_decref(object);
    return fault;
}

/* --- what comes ------------------------------------------------------------------------------- */

static struct shared_verdict *shared_get(struct wi_shared_verdicts *shared, const char *name)
{
    struct shared_verdict *verdict = WI_TABLE_FIND(shared->all, name, strlen(name));

    if (verdict)
        return verdict;
    verdict = wi_alloc(sizeof *verdict);
    wi_text_copy(verdict->name, sizeof verdict->name, name);
    HASH_ADD_STR(shared->all, name, verdict);
    return verdict;
}

static void shared_drop(struct wi_shared_verdicts *shared, const char *name)
{
    struct shared_verdict *verdict = WI_TABLE_FIND(shared->all, name, strlen(name));

    if (!verdict)
        return;
    wi_verdicts_untell(shared->verdicts, verdict->key);
    HASH_DEL(shared->all, verdict);
    free(verdict);
}

static enum wi_read_fault on_row(void *context, const struct wi_row *row)
{
    struct wi_shared_verdicts *shared = context;
    struct wi_told_verdict told = {0};
    enum wi_read_fault fault =
        row->text ? wi_verdict_row_read(&told, row->name, row->text, row->size) : WI_READ_GOOD;

    if (row->text && fault == WI_READ_GOOD && wi_verdicts_tell(shared->verdicts, &told) != 0)
        fault = WI_READ_GARBAGE;
    if (!row->text || fault != WI_READ_GOOD) {
        shared_drop(shared, row->name);
        return fault;
    }
    struct shared_verdict *verdict = shared_get(shared, row->name);
    memcpy(verdict->key, told.key, sizeof verdict->key);
    verdict->checked_at = told.checked_at;
    return WI_READ_GOOD;
}

/* --- sweeps ----------------------------------------------------------------------------------- */

static size_t rows_room(const struct wi_shared_verdicts *shared)
{
    return wi_rows_room(shared->rows, WI_ROWS_VERDICTS);
}

/* What does not become known, or is not stored, comes again with a later sweep. */
static void on_own(void *context, const struct wi_told_verdict *own)
{
    struct wi_shared_verdicts *shared = context;
    struct wi_buffer text = {0};
    char name[WI_HASH_HEX_SIZE];

    wi_verdict_row_name(own->key, name);
    wi_verdict_row_print(own, &text);
    wi_rows_write(shared->rows, WI_ROWS_VERDICTS, name, text.text, text.size);
    wi_buffer_clear(&text);
}

static void old_remove(struct wi_shared_verdicts *shared, int64_t since)
{
    for (const struct shared_verdict *verdict = shared->all; verdict && rows_room(shared) > 0;
         verdict = verdict->hh.next)
        if (verdict->checked_at < since)
            wi_rows_remove(shared->rows, WI_ROWS_VERDICTS, verdict->name);
}

static void on_sweep(void *context, const struct wi_members_view *view)
{
    struct wi_shared_verdicts *shared = context;
    int64_t since = wi_wall_ms() - WI_SHARED_VERDICTS_MS;

    if (rows_room(shared) < WI_ROWS_CHANGING_MAX)
        return;
    if (view->is_first)
        old_remove(shared, since);
    size_t known = HASH_COUNT(shared->all), room = WI_ROWS_CHANGING_MAX;
    if (rows_room(shared) == room && known + room <= WI_SHARED_VERDICTS_MAX)
        wi_verdicts_untold(shared->verdicts, since, room, on_own, shared);
}

/* --- the beginning and the end ---------------------------------------------------------------- */

struct wi_shared_verdicts *wi_shared_verdicts_new(
    struct wi_verdicts *verdicts, struct wi_rows *rows)
{
    if (!rows)
        return NULL;
    struct wi_shared_verdicts *shared = wi_alloc(sizeof *shared);
    const struct wi_row_follower follower = {
        .on_row = on_row, .on_sweep = on_sweep, .context = shared, .most = WI_SHARED_VERDICTS_MAX};
    shared->verdicts = verdicts;
    shared->rows = rows;
    wi_rows_follow(rows, WI_ROWS_VERDICTS, &follower);
    return shared;
}

void wi_shared_verdicts_free(struct wi_shared_verdicts *shared)
{
    if (!shared)
        return;
    wi_rows_unfollow(shared->rows, WI_ROWS_VERDICTS);
    while (shared->all)
        shared_drop(shared, shared->all->name);
    free(shared);
}
