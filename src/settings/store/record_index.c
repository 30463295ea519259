/* See record_index.h. */
#include "settings/store/record_index.h"

#include "base/memory.h"
#include "base/text.h"
#include "settings/store/private.h"
#include <stdlib.h>
#include <string.h>

struct wi_record_index {
    sqlite3 *sqlite;
    int64_t epoch; /* of the entries that were put in since the last renewal */
};

struct wi_record_index *wi_record_index_new(struct wi_error *error)
{
    static const char entries[] =
        "CREATE TABLE entries (id TEXT PRIMARY KEY, revision INTEGER NOT NULL,"
        " holder TEXT NOT NULL, epoch INTEGER NOT NULL) WITHOUT ROWID";
    struct wi_record_index *index = wi_alloc(sizeof *index);
    index->sqlite = wi_db_open_memory(error);
    if (index->sqlite && wi_db_exec(index->sqlite, entries, error) == WI_OK)
        return index;
    wi_record_index_free(index);
    return NULL;
}

void wi_record_index_free(struct wi_record_index *index)
{
    if (!index)
        return;
    wi_db_disconnect(index->sqlite);
    free(index);
}

/* --- entries ---------------------------------------------------------------------------------- */

void wi_record_index_put(struct wi_record_index *index, const struct wi_record_entry *entry)
{
    const struct wi_record *row = entry->record;
    wi_db_run(index->sqlite,
        WI_DB_KEPT
        "INSERT OR REPLACE INTO jobs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
        " ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, NULL, NULL, ?22, ?23, ?24)",
        WI_DB_WITH(WI_DB_TEXT(row->id), WI_DB_NUMBER(row->state), WI_DB_NUMBER(row->infer),
            WI_DB_TEXT(row->client), WI_DB_TEXT(row->client_id), WI_DB_TEXT(row->model_name),
            WI_DB_NUMBER(row->priority), WI_DB_NUMBER(entry->rank), WI_DB_NUMBER(row->accepted_at),
            WI_DB_NUMBER(row->deadline_at), WI_DB_NUMBER(entry->retry_at),
            WI_DB_NUMBER(row->finished_at), WI_DB_NUMBER(row->runs), WI_DB_NUMBER(row->crashes),
            WI_DB_NUMBER(row->body_size), WI_DB_NUMBER(row->json_size), WI_DB_NUMBER(row->cost),
            WI_DB_NUMBER(row->status), WI_DB_NUMBER(row->answer_size), WI_DB_NUMBER(row->head_size),
            WI_DB_TEXT(row->problem), WI_DB_NUMBER(entry->cancelled), WI_DB_NUMBER(row->attempts),
            WI_DB_TEXT(row->dialect)),
        NULL);
    wi_db_run(index->sqlite, WI_DB_KEPT "INSERT OR REPLACE INTO entries VALUES (?1, ?2, ?3, ?4)",
        WI_DB_WITH(WI_DB_TEXT(row->id), WI_DB_NUMBER(entry->revision), WI_DB_TEXT(entry->holder),
            WI_DB_NUMBER(index->epoch)),
        NULL);
    if (row->state == WI_RECORD_QUEUED && entry->retry_at == 0)
        wi_row_line_up(index->sqlite, row->infer, row->client, NULL);
}

int wi_record_index_get(
    struct wi_record_index *index, const char *id, struct wi_record_entry *entry)
{
    *entry = (struct wi_record_entry){0};
    sqlite3_stmt *statement = wi_db_start(index->sqlite,
        WI_DB_KEPT "SELECT state, cancelled, rank, retry_at, revision, holder FROM jobs"
                   " JOIN entries USING (id) WHERE id = ?1",
        WI_DB_WITH(WI_DB_TEXT(id)), NULL);
    int found = wi_db_step(index->sqlite, statement, NULL) > 0;
    if (found) {
        entry->state = (enum wi_record_state)sqlite3_column_int64(statement, 0);
        entry->cancelled = (int)sqlite3_column_int64(statement, 1);
        entry->rank = sqlite3_column_int64(statement, 2);
        entry->retry_at = sqlite3_column_int64(statement, 3);
        entry->revision = (uint64_t)sqlite3_column_int64(statement, 4);
        wi_db_take_text(statement, 5, entry->holder, sizeof entry->holder);
    }
    wi_db_end(statement, 0);
    return found;
}

void wi_record_index_drop(struct wi_record_index *index, const char *id)
{
    wi_row_change(index->sqlite, WI_DB_KEPT "DELETE FROM jobs WHERE id = ?1", id, 0, NULL);
    wi_row_change(index->sqlite, WI_DB_KEPT "DELETE FROM entries WHERE id = ?1", id, 0, NULL);
}

void wi_record_index_renew(struct wi_record_index *index)
{
    index->epoch++;
}

void wi_record_index_renewed(struct wi_record_index *index)
{
    const struct wi_db_argument *epoch = WI_DB_WITH(WI_DB_NUMBER(index->epoch));
    wi_db_run(index->sqlite,
        "DELETE FROM jobs WHERE id IN (SELECT id FROM entries WHERE epoch < ?1)", epoch, NULL);
    wi_db_run(index->sqlite, "DELETE FROM entries WHERE epoch < ?1", epoch, NULL);
}

/* --- looking ---------------------------------------------------------------------------------- */

enum wi_code wi_record_index_take(
    struct wi_record_index *index, struct wi_record_take *op, struct wi_error *error)
{
    return wi_row_take(index->sqlite, op, error);
}

enum wi_code wi_record_index_list(struct wi_record_index *index, struct wi_record_list *op,
    const char *self, struct wi_error *error)
{
    enum wi_code code = wi_row_list(index->sqlite, op, error);
    for (size_t i = 0; code == WI_OK && i < op->count; i++) {
        struct wi_record_entry entry;
        struct wi_record *record = &op->records[i];
        if (record->state == WI_RECORD_RUNNING && wi_record_index_get(index, record->id, &entry))
            record->elsewhere = strcmp(entry.holder, self) != 0;
    }
    return code;
}

enum wi_code wi_record_index_sweep(
    struct wi_record_index *index, struct wi_record_sweep *op, struct wi_error *error)
{
    int64_t before = op->finished_before;
    op->finished_before = INT64_MIN;
    enum wi_code code = wi_row_sweep(index->sqlite, op, error);
    op->finished_before = before;
    return code;
}

static void name_take(sqlite3_stmt *statement, struct wi_record_name *name)
{
    wi_db_take_text(statement, 0, name->id, sizeof name->id);
    wi_db_take_text(statement, 1, name->dialect, sizeof name->dialect);
    wi_db_take_text(statement, 2, name->client, sizeof name->client);
}

void wi_record_index_old(struct wi_record_index *index, int64_t finished_before, size_t limit,
    struct wi_record_names *names)
{
    sqlite3_stmt *statement = wi_db_start(index->sqlite,
        WI_DB_KEPT "SELECT id, dialect, client FROM jobs WHERE state >= 2 AND finished_at <= ?1"
                   " ORDER BY finished_at LIMIT ?2",
        WI_DB_WITH(WI_DB_NUMBER(finished_before), WI_DB_NUMBER(limit)), NULL);
    while (wi_db_step(index->sqlite, statement, NULL) > 0)
        name_take(statement, WI_APPEND(names->items, names->count));
    wi_db_end(statement, 0);
}

struct wi_record_held *wi_record_index_running(struct wi_record_index *index, size_t *count)
{
    struct wi_record_held *items = NULL;
    sqlite3_stmt *statement = wi_db_start(index->sqlite,
        WI_DB_KEPT "SELECT id, dialect, client, holder FROM jobs JOIN entries USING (id)"
                   " WHERE state = 1",
        NULL, NULL);
    *count = 0;
    while (wi_db_step(index->sqlite, statement, NULL) > 0) {
        struct wi_record_held *held = WI_APPEND(items, *count);
        name_take(statement, &held->name);
        wi_db_take_text(statement, 3, held->holder, sizeof held->holder);
    }
    wi_db_end(statement, 0);
    return items;
}
