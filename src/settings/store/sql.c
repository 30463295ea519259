/* Statements of SQLite, with its errors as ours. */
#include "settings/store/private.h"

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

sqlite3_stmt *wi_db_prepare(sqlite3 *sqlite, const char *sql, struct wi_error *error)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL) != SQLITE_OK)
        wi_db_fail(sqlite, error);
    return statement;
}

enum wi_code wi_db_finish(sqlite3 *sqlite, sqlite3_stmt *statement, struct wi_error *error)
{
    if (statement == NULL)
        return WI_STORAGE_FAILED;
    enum wi_code code = sqlite3_step(statement) == SQLITE_DONE ? WI_OK : wi_db_fail(sqlite, error);
    sqlite3_finalize(statement);
    return code;
}
