/* Functions that reading and changing rows share. */
#include "settings/store/private.h"

#include "base/memory.h"
#include <stdlib.h>

enum wi_code wi_row_change(
    sqlite3 *sqlite, const char *sql, const char *id, int64_t number, struct wi_error *error)
{
    return wi_db_run(sqlite, sql, WI_DB_WITH(WI_DB_TEXT(id), WI_DB_NUMBER(number)), error);
}

static char *column_text(sqlite3_stmt *statement, int column)
{
    return wi_strdup((const char *)sqlite3_column_text(statement, column));
}

void wi_row_from(struct wi_record *row, sqlite3_stmt *statement)
{
#define NUMBER(column) sqlite3_column_int64(statement, column)
    wi_db_take_text(statement, 0, row->id, sizeof row->id);
    row->state = (enum wi_record_state)NUMBER(1);
    row->infer = (int)NUMBER(2);
    wi_db_take_text(statement, 3, row->client, sizeof row->client);
    row->client_id = column_text(statement, 4);
    row->model_name = column_text(statement, 5);
    row->priority = (int)NUMBER(6);
    row->accepted_at = NUMBER(7);
    row->deadline_at = NUMBER(8);
    row->finished_at = NUMBER(9);
    row->runs = (unsigned)NUMBER(10);
    row->crashes = (unsigned)NUMBER(11);
    row->body_size = (size_t)NUMBER(12);
    row->json_size = (size_t)NUMBER(13);
    row->cost = (uint64_t)NUMBER(14);
    row->status = (int)NUMBER(15);
    row->answer_size = (size_t)NUMBER(16);
    row->head_size = (size_t)NUMBER(17);
    row->problem = column_text(statement, 18);
    row->attempts = (unsigned)NUMBER(19);
    wi_db_take_text(statement, 20, row->dialect, sizeof row->dialect);
#undef NUMBER
}

enum wi_code wi_row_first(
    sqlite3 *sqlite, sqlite3_stmt *statement, struct wi_record *row, struct wi_error *error)
{
    int got = wi_db_step(sqlite, statement, error);
    if (got > 0)
        wi_row_from(row, statement);
    return wi_db_end(statement, got);
}

enum wi_code wi_row_read_bytes(
    sqlite3 *sqlite, const char *table, struct wi_record *row, size_t size, struct wi_error *error)
{
    char *sql = wi_sprintf(WI_DB_KEPT "SELECT bytes FROM %s WHERE id = ?1", table);
    sqlite3_stmt *statement = wi_db_start(sqlite, sql, WI_DB_WITH(WI_DB_TEXT(row->id)), error);
    free(sql);
    enum wi_code code = WI_OK;
    int got = wi_db_step(sqlite, statement, error);
    if (got < 0)
        code = WI_STORAGE_FAILED;
    else if (got == 0)
        code = wi_error_set(error, WI_INTERNAL, NULL, "%s has no bytes in %s", row->id, table);
    else if ((size_t)sqlite3_column_bytes(statement, 0) != size)
        code = wi_error_set(error, WI_INTERNAL, NULL, "%s has %d bytes in %s, not %zu", row->id,
            sqlite3_column_bytes(statement, 0), table, size);
    else if ((row->bytes = wi_blob_new(NULL, size + 1)) == NULL) /* outside chose the size */
        code =
            wi_error_set(error, WI_MEMORY_BUDGET, NULL, "there is no memory for %zu bytes", size);
    else
        wi_blob_append(row->bytes, sqlite3_column_blob(statement, 0), size);
    wi_db_end(statement, got);
    return code;
}
