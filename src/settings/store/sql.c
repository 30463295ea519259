/* Statements of SQLite, with its errors as ours. */
#include "settings/store/private.h"

#include "base/text.h"
#include <string.h>

enum wi_code wi_db_fail(sqlite3 *sqlite, struct wi_error *error)
{
    int code = sqlite3_errcode(sqlite) & 0xff, system = sqlite3_system_errno(sqlite);
    if (system && (code == SQLITE_IOERR || code == SQLITE_FULL || code == SQLITE_CANTOPEN))
        return wi_error_set(
            error, WI_STORAGE_FAILED, NULL, "%s (%s)", sqlite3_errmsg(sqlite), strerror(system));
    return wi_error_set(error, WI_STORAGE_FAILED, NULL, "%s", sqlite3_errmsg(sqlite));
}

enum wi_code wi_db_exec(sqlite3 *sqlite, const char *sql, struct wi_error *error)
{
    if (sqlite3_exec(sqlite, sql, NULL, NULL, NULL) == SQLITE_OK)
        return WI_OK;
    return wi_db_fail(sqlite, error);
}

sqlite3 *wi_db_connect(const char *path, int flags, struct wi_error *error)
{
    sqlite3 *sqlite = NULL;
    if (sqlite3_open_v2(path, &sqlite, flags, NULL) == SQLITE_OK)
        return sqlite;
    wi_db_fail(sqlite, error);
    sqlite3_close(sqlite);
    return NULL;
}

void wi_db_disconnect(sqlite3 *sqlite)
{
    sqlite3_stmt *kept;
    while (sqlite && (kept = sqlite3_next_stmt(sqlite, NULL)))
        sqlite3_finalize(kept);
    sqlite3_close(sqlite);
}

static int is_kept(const char *sql)
{
    return strncmp(sql, WI_DB_KEPT, sizeof WI_DB_KEPT - 1) == 0;
}

/* The statement that was kept for this text, and is not in use; NULL: there is none. */
static sqlite3_stmt *statement_find(sqlite3 *sqlite, const char *sql)
{
    sqlite3_stmt *statement = sqlite3_next_stmt(sqlite, NULL);
    while (statement && (sqlite3_stmt_busy(statement) || strcmp(sqlite3_sql(statement), sql) != 0))
        statement = sqlite3_next_stmt(sqlite, statement);
    return statement;
}

static void statement_bind(
    sqlite3_stmt *statement, int place, const struct wi_db_argument *argument)
{
    if (argument->kind == WI_DB_IS_TEXT)
        sqlite3_bind_text(statement, place, argument->bytes, -1, SQLITE_STATIC);
    else if (argument->kind == WI_DB_IS_BYTES)
        sqlite3_bind_blob64(statement, place, argument->bytes, argument->size, SQLITE_STATIC);
    else
        sqlite3_bind_int64(statement, place, argument->number);
}

/* Gives a prepared statement its values. */
static void statement_fill(sqlite3_stmt *statement, const struct wi_db_argument *arguments)
{
    int most = sqlite3_bind_parameter_count(statement);
    for (int i = 0; arguments && i < most && arguments[i].kind != WI_DB_IS_END; i++)
        statement_bind(statement, i + 1, &arguments[i]);
}

sqlite3_stmt *wi_db_start(sqlite3 *sqlite, const char *sql, const struct wi_db_argument *arguments,
    struct wi_error *error)
{
    int keep = is_kept(sql);
    unsigned flags = keep ? SQLITE_PREPARE_PERSISTENT : 0;
    sqlite3_stmt *statement = keep ? statement_find(sqlite, sql) : NULL;
    if (!statement && sqlite3_prepare_v3(sqlite, sql, -1, flags, &statement, NULL) != SQLITE_OK)
        wi_db_fail(sqlite, error);
    statement_fill(statement, arguments);
    return statement;
}

int wi_db_step(sqlite3 *sqlite, sqlite3_stmt *statement, struct wi_error *error)
{
    int result = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    if (result == SQLITE_ROW || result == SQLITE_DONE)
        return result == SQLITE_ROW;
    if (statement)
        wi_db_fail(sqlite, error);
    return -1;
}

enum wi_code wi_db_end(sqlite3_stmt *statement, int step)
{
    if (statement && is_kept(sqlite3_sql(statement))) {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
    } else {
        sqlite3_finalize(statement);
    }
    return step < 0 ? WI_STORAGE_FAILED : WI_OK;
}

enum wi_code wi_db_run(sqlite3 *sqlite, const char *sql, const struct wi_db_argument *arguments,
    struct wi_error *error)
{
    sqlite3_stmt *statement = wi_db_start(sqlite, sql, arguments, error);
    return wi_db_end(statement, wi_db_step(sqlite, statement, error));
}

void wi_db_take_text(sqlite3_stmt *statement, int column, char *out, size_t size)
{
    wi_text_copy(out, size, (const char *)sqlite3_column_text(statement, column));
}
