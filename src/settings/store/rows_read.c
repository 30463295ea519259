/* The rows of accepted jobs: reading them, clearing away, and taking stock at the start. */
#include "settings/store/private.h"

#include "base/memory.h"
#include <stdlib.h>

enum wi_code wi_row_read(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wi_record_read *read = data;
    wi_record_clear(&read->record);
    sqlite3_stmt *statement = wi_db_start(sqlite,
        "SELECT " WI_ROW_COLUMNS " FROM jobs WHERE id = ?1 AND ?2 IN ('', client)",
        WI_DB_WITH(WI_DB_TEXT(read->id), WI_DB_TEXT(read->client)), error);
    enum wi_code code = wi_row_first(sqlite, statement, &read->record, error);
    read->found = *read->record.id != '\0';
    if (code == WI_OK && read->record.answer_size > 0 &&
        read->record.answer_size <= read->answer_max)
        code = wi_row_read_bytes(
            sqlite, "job_answers", &read->record, read->record.answer_size, error);
    return code;
}

enum wi_code wi_row_list(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wi_record_list *list = data;
    for (size_t i = 0; i < list->count; i++)
        wi_record_clear(&list->records[i]);
    free(list->records);
    list->count = 0;
    list->records = wi_realloc_array(NULL, list->limit + 1, sizeof *list->records);
    /* Four statements, since each has an index of its own. */
    int of_state = list->state < WI_RECORD_STATES;
    char *sql = wi_sprintf("SELECT " WI_ROW_COLUMNS " FROM jobs WHERE %s AND %s AND %s"
                           " ORDER BY accepted_at DESC, id DESC LIMIT ?2",
        of_state ? "state = ?1" : "?1", *list->client ? "client = ?3" : "1",
        *list->before_id ? "(accepted_at, id) < (?4, ?5)" : "1");
    sqlite3_stmt *statement = wi_db_start(sqlite, sql,
        WI_DB_WITH(WI_DB_NUMBER(list->state), WI_DB_NUMBER(list->limit), WI_DB_TEXT(list->client),
            WI_DB_NUMBER(list->before_at), WI_DB_TEXT(list->before_id)),
        error);
    free(sql);
    int got;
    while ((got = wi_db_step(sqlite, statement, error)) > 0) {
        struct wi_record *row = &list->records[list->count++];
        *row = (struct wi_record){0};
        wi_row_from(row, statement);
    }
    return wi_db_end(statement, got);
}

/* --- keeping house --------------------------------------------------------------------------- */

#define SELECT_NAMES "SELECT id, dialect, client FROM jobs WHERE "

/* The rows that a statement (SELECT_NAMES; ?1 a number, ?2 a limit) gives, in place of those that
 * an earlier try gave. */
static enum wi_code names_collect(sqlite3 *sqlite, const char *sql, int64_t number, size_t limit,
    struct wi_record_names *names, struct wi_error *error)
{
    free(names->items);
    *names = (struct wi_record_names){0};
    sqlite3_stmt *statement =
        wi_db_start(sqlite, sql, WI_DB_WITH(WI_DB_NUMBER(number), WI_DB_NUMBER(limit)), error);
    int got;
    while ((got = wi_db_step(sqlite, statement, error)) > 0) {
        names->items = wi_grow_array(names->items, names->count, sizeof *names->items);
        struct wi_record_name *name = &names->items[names->count++];
        wi_db_take_text(statement, 0, name->id, sizeof name->id);
        wi_db_take_text(statement, 1, name->dialect, sizeof name->dialect);
        wi_db_take_text(statement, 2, name->client, sizeof name->client);
    }
    return wi_db_end(statement, got);
}

static enum wi_code remove_rows(
    sqlite3 *sqlite, const struct wi_record_names *names, struct wi_error *error)
{
    static const char *const statements[] = {"DELETE FROM job_answers WHERE id = ?1",
        "DELETE FROM job_bodies WHERE id = ?1", "DELETE FROM jobs WHERE id = ?1"};
    enum wi_code code = WI_OK;
    for (size_t i = 0; i < names->count; i++)
        for (size_t j = 0; j < sizeof statements / sizeof *statements && code == WI_OK; j++)
            code = wi_row_change(sqlite, statements[j], names->items[i].id, 0, error);
    return code;
}

static void add_holding(struct wi_record_sweep *sweep, sqlite3_stmt *statement)
{
    sweep->holdings = wi_grow_array(sweep->holdings, sweep->holding_count, sizeof *sweep->holdings);
    struct wi_record_holding *holding = &sweep->holdings[sweep->holding_count++];
    wi_db_take_text(statement, 0, holding->client, sizeof holding->client);
    holding->open = (size_t)sqlite3_column_int64(statement, 3);
    holding->bytes = (uint64_t)sqlite3_column_int64(statement, 4);
    sweep->total += (size_t)sqlite3_column_int64(statement, 1);
    sweep->queued += (size_t)sqlite3_column_int64(statement, 2);
    sweep->open += holding->open;
    sweep->bytes += holding->bytes;
}

/* All that it looks at is in the index jobs_client_state. */
static enum wi_code count_rows(
    sqlite3 *sqlite, struct wi_record_sweep *sweep, struct wi_error *error)
{
    sqlite3_stmt *statement = wi_db_start(sqlite,
        WI_DB_KEPT "SELECT client, count(*), total(state = 0), total(state < 2), "
                   "total(answer_size + iif(state < 2, body_size, 0)) FROM jobs GROUP BY client",
        NULL, error);
    int got;
    free(sweep->holdings);
    sweep->holdings = NULL;
    sweep->holding_count = sweep->total = sweep->queued = sweep->open = 0;
    sweep->bytes = 0;
    while ((got = wi_db_step(sqlite, statement, error)) > 0)
        add_holding(sweep, statement);
    return wi_db_end(statement, got);
}

enum wi_code wi_row_sweep(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wi_record_sweep *sweep = data;
    struct wi_record_names old = {0};
    enum wi_code code = names_collect(sqlite,
        WI_DB_KEPT SELECT_NAMES "state >= 2 AND finished_at <= ?1 ORDER BY finished_at LIMIT ?2",
        sweep->finished_before, sweep->limit, &old, error);
    if (code == WI_OK)
        code = remove_rows(sqlite, &old, error);
    if (code == WI_OK && old.count > 0)
        code = wi_db_exec(sqlite, "PRAGMA incremental_vacuum(4096)", error);
    if (code == WI_OK) /* the + keeps it from walking through all waiting rows */
        code = names_collect(sqlite,
            WI_DB_KEPT SELECT_NAMES "state < 2 AND +state = 0 AND deadline_at <= ?1 "
                                    "ORDER BY deadline_at LIMIT ?2",
            sweep->now, sweep->limit, &sweep->late, error);
    if (code == WI_OK && sweep->count)
        code = count_rows(sqlite, sweep, error);
    sweep->counted = sweep->count;
    sweep->removed = old.count;
    free(old.items);
    return code;
}

static enum wi_code cap_times(sqlite3 *sqlite, int64_t now, struct wi_error *error)
{
    enum wi_code code = wi_row_change(sqlite,
        "UPDATE jobs SET rank = rank - accepted_at + ?2, deadline_at = deadline_at - accepted_at + "
        "?2, accepted_at = ?2 WHERE state < 2 AND accepted_at > ?2",
        NULL, now, error);
    return code != WI_OK
               ? code
               : wi_row_change(sqlite,
                     "UPDATE jobs SET finished_at = ?2 WHERE state >= 2 AND finished_at > ?2", NULL,
                     now, error);
}

enum wi_code wi_row_recover(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wi_record_sweep *recover = data;
    static const char ended[] = SELECT_NAMES "state = 1 AND cancelled = ?1 LIMIT ?2";
    char sql[160];
    snprintf(sql, sizeof sql,
        "UPDATE jobs SET state = 0, retry_at = 0 WHERE state = 1 AND crashes < %u AND NOT "
        "cancelled",
        recover->crashes_max);
    enum wi_code code = cap_times(sqlite, recover->now, error);
    if (code == WI_OK)
        code = wi_db_exec(sqlite, sql, error);
    recover->requeued = (size_t)sqlite3_changes(sqlite);
    if (code == WI_OK) /* waiting rows need not wait longer: the clock may have been wrong */
        code = wi_db_exec(
            sqlite, "UPDATE jobs SET retry_at = 0 WHERE state = 0 AND retry_at > 0", error);
    if (code == WI_OK)
        code = wi_row_line_up_all(sqlite, "jobs WHERE state = 0", NULL, error);
    if (code == WI_OK)
        code = names_collect(sqlite, ended, 0, 1000000, &recover->poison, error);
    if (code == WI_OK)
        code = names_collect(sqlite, ended, 1, 1000000, &recover->cancelled, error);
    return code;
}
