/* Below rows.c and rows_read.c: rows_sql.c. */
#ifndef WI_STORE_ROWS_SQL_H
#define WI_STORE_ROWS_SQL_H

#include "store/private.h"
#include "store/rows.h"

/* What wi_row_from takes, in this order. */
#define WI_ROW_COLUMNS                                                                             \
    "id, state, infer, client, client_id, model_name, priority, accepted_at, deadline_at, "        \
    "finished_at, runs, crashes, body_size, json_size, cost, status, answer_size, head_size, "     \
    "problem, attempts, dialect"
#define WI_ROW_COLUMN_COUNT 21

/* Fills `row`, which is empty, from the columns of a statement that has a row. */
void wi_row_from(struct wi_row *row, sqlite3_stmt *statement);
/* Reads the row's blob of `size` bytes from `table` into row->bytes. */
enum wi_code wi_row_read_bytes(
    sqlite3 *sqlite, const char *table, struct wi_row *row, size_t size, struct wi_error *error);
/* Runs a statement whose ?1 is an id and whose ?2, if it has one, is a number. */
enum wi_code wi_row_change(
    sqlite3 *sqlite, const char *sql, const char *id, int64_t number, struct wi_error *error);

#endif
