/* Below the other files of rows: rows_sql.c, and the part of rows_take.c that lets clients into the
 * line. */
#ifndef WI_SETTINGS_STORE_ROWS_PRIVATE_H
#define WI_SETTINGS_STORE_ROWS_PRIVATE_H

#include "settings/store/private.h"
#include "settings/store/rows.h"

/* What wi_row_from takes, in this order. */
#define WI_ROW_COLUMNS                                                                             \
    "id, state, infer, client, client_id, model_name, priority, accepted_at, deadline_at, "        \
    "finished_at, runs, crashes, body_size, json_size, cost, status, answer_size, head_size, "     \
    "problem, attempts, dialect"
#define WI_ROW_COLUMN_COUNT 21

/* Fills `row`, which is empty, from the columns of a statement that has a row. */
void wi_row_from(struct wi_row *row, sqlite3_stmt *statement);
/* The first row of a statement, which is finalized; NULL is a failure set before. `row`, which is
 * empty, keeps no id if there is none. */
enum wi_code wi_row_first(
    sqlite3 *sqlite, sqlite3_stmt *statement, struct wi_row *row, struct wi_error *error);
/* Reads the row's blob of `size` bytes from `table` into row->bytes. WI_INTERNAL if they are
 * missing or damaged; any other failure may be temporary. */
enum wi_code wi_row_read_bytes(
    sqlite3 *sqlite, const char *table, struct wi_row *row, size_t size, struct wi_error *error);
/* Runs a statement whose ?1 is an id and whose ?2, if it has one, is a number. */
enum wi_code wi_row_change(
    sqlite3 *sqlite, const char *sql, const char *id, int64_t number, struct wi_error *error);
/* rows_take.c: a row of the client may be taken, so the client joins the line; and likewise for
 * every client that has one of the rows ("jobs WHERE …"). */
enum wi_code wi_row_line_up(sqlite3 *sqlite, int infer, const char *client, struct wi_error *error);
enum wi_code wi_row_line_up_all(sqlite3 *sqlite, const char *rows, struct wi_error *error);

#endif
