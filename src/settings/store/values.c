/*
 * Values by name. Puts gather for a moment, one per key, and go to the writer together: estimates
 * change with every answer, and the disk need not hear of each.
 */
#include "base/table.h"
#include "settings/store/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define GATHER_MS 500
#define RETRY_MS 5000 /* after a failure */

static const char *const tables[WI_DB_SPACES] = {
    [WI_DB_ESTIMATES] = "estimates",
    [WI_DB_VERDICTS] = "verdicts",
    [WI_DB_FILE_HASHES] = "file_hashes",
    [WI_DB_SELF] = "self",
    [WI_DB_RUNS] = "runs",
    [WI_DB_KERNELS_USED] = "kernels_used",
    [WI_DB_QUARANTINE] = "quarantine",
    [WI_DB_TUNINGS] = "tunings",
    [WI_DB_ABILITIES] = "abilities",
    [WI_DB_SHORTAGES] = "shortages",
    [WI_DB_DEVICES] = "devices",
};

struct value {
    char *key;  /* the character of the space, then the name */
    char *text; /* NULL: forget */
    int64_t at;
    int rules;
    UT_hash_handle hh;
};

struct wi_db_values {
    struct wi_db *db;
    struct value *pending; /* newer than what is being written */
    struct wi_timer *timer;
    int closing;
};

/* What is on its way to the disk. */
struct flush {
    struct wi_db_values *values;
    struct value *list;
};

static void free_value(struct value *value)
{
    free(value->key);
    free(value->text);
    free(value);
}

/* --- writing --------------------------------------------------------------------------------- */

static enum wi_code write_value(sqlite3 *sqlite, const struct value *value, struct wi_error *error)
{
    const char *table = tables[value->key[0] - '0'];
    char *sql = value->text ? wi_sprintf("INSERT OR REPLACE INTO %s"
                                         " (key, value, updated_at, rules) VALUES (?1, ?2, ?3, ?4)",
                                  table)
                            : wi_sprintf("DELETE FROM %s WHERE key = ?1", table);
    enum wi_code code = wi_db_run(sqlite, sql,
        WI_DB_WITH(WI_DB_TEXT(value->key + 1), WI_DB_TEXT(value->text), WI_DB_NUMBER(value->at),
            WI_DB_NUMBER(value->rules)),
        error);
    free(sql);
    return code;
}

static enum wi_code write_flush(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct flush *flush = data;
    for (struct value *value = flush->list; value; value = value->hh.next)
        if (write_value(sqlite, value, error) != WI_OK)
            return WI_STORAGE_FAILED;
    return WI_OK;
}

static void value_flushed(void *data, const struct wi_error *failure)
{
    struct flush *flush = data;
    struct wi_db_values *values = flush->values;
    struct value *value, *newer;
    while ((value = WI_TABLE_TAKE(flush->list))) {
        HASH_FIND_STR(values->pending, value->key, newer);
        if (failure && !newer && !values->closing)
            HASH_ADD_KEYPTR(hh, values->pending, value->key, strlen(value->key), value);
        else
            free_value(value);
    }
    free(flush);
    if (values->pending && values->timer)
        wi_timer_start(values->timer, failure ? RETRY_MS : GATHER_MS, 0);
}

static void flush_now(void *context)
{
    struct wi_db_values *values = context;
    if (values->pending == NULL)
        return;
    struct flush *flush = wi_alloc(sizeof *flush);
    flush->values = values;
    flush->list = values->pending;
    values->pending = NULL;
    wi_db_submit(values->db, write_flush, value_flushed, flush);
}

void wi_db_put(
    struct wi_db *db, enum wi_db_space space, int rules, const char *key, const char *text)
{
    if (db == NULL)
        return;
    struct wi_db_values *values = db->values;
    struct value *value, *old;
    value = wi_alloc(sizeof *value);
    value->key = wi_sprintf("%c%s", '0' + (int)space, key);
    value->text = wi_strdup(text);
    value->at = wi_wall_ms();
    value->rules = rules;
    HASH_FIND_STR(values->pending, value->key, old);
    if (old) {
        HASH_DEL(values->pending, old);
        free_value(old);
    }
    HASH_ADD_KEYPTR(hh, values->pending, value->key, strlen(value->key), value);
    if (values->timer && !wi_timer_running(values->timer))
        wi_timer_start(values->timer, GATHER_MS, 0);
}

void wi_db_forget(struct wi_db *db, enum wi_db_space space, const char *key)
{
    wi_db_put(db, space, 0, key, NULL);
}

/* --- reading --------------------------------------------------------------------------------- */

struct reading {
    const char *table;
    int rules;
    wi_db_each_fn *each;
    void *context;
};

static enum wi_code values_read(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    const struct reading *reading = data;
    char *sql = wi_sprintf(
        "SELECT key, value FROM %s WHERE rules = ?1 ORDER BY updated_at, key", reading->table);
    sqlite3_stmt *statement =
        wi_db_start(sqlite, sql, WI_DB_WITH(WI_DB_NUMBER(reading->rules)), error);
    int got;
    free(sql);
    while ((got = wi_db_step(sqlite, statement, error)) > 0)
        reading->each(reading->context, (const char *)sqlite3_column_text(statement, 0),
            (const char *)sqlite3_column_text(statement, 1));
    return wi_db_end(statement, got);
}

void wi_db_each(
    struct wi_db *db, enum wi_db_space space, int rules, wi_db_each_fn *each, void *context)
{
    struct reading reading = {tables[space], rules, each, context};
    struct wi_error error;
    if (db && wi_db_now(db, values_read, &reading, &error) != WI_OK)
        wi_warn("store", NULL, "cannot read all %s: %s", tables[space], error.detail);
}

/* --- the whole ------------------------------------------------------------------------------- */

enum wi_code wi_db_values_prune(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    for (int i = 0; i < WI_DB_SPACES && code == WI_OK; i++) {
        char *sql = wi_sprintf("DELETE FROM %s WHERE key IN (SELECT key FROM %s ORDER BY "
                               "updated_at DESC, key LIMIT -1 OFFSET %d)",
            tables[i], tables[i], WI_DB_SPACE_MAX);
        code = wi_db_exec(sqlite, sql, error);
        free(sql);
    }
    return code;
}

struct wi_db_values *wi_db_values_new(struct wi_db *db, uv_loop_t *loop)
{
    struct wi_db_values *values = wi_alloc(sizeof *values);
    values->db = db;
    values->timer = wi_timer_new(loop, flush_now, values);
    return values;
}

void wi_db_values_close(struct wi_db_values *values)
{
    wi_timer_free(values->timer);
    values->timer = NULL;
    flush_now(values);
}

void wi_db_values_flush(struct wi_db_values *values)
{
    if (values == NULL)
        return;
    values->closing = 1;
    flush_now(values);
}
