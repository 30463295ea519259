/* The rows of accepted jobs: how they come, go back to the queue and end. How they are taken from
 * it is in rows_take.c, reading in rows_read.c. */
#include "settings/store/private.h"

#include <string.h>

/* --- accepting ------------------------------------------------------------------------------- */

static void hash_bytes(const unsigned char *bytes, size_t size, unsigned char hash[WI_HASH_SIZE])
{
    wi_hash(bytes, size, hash);
}

/* The hash that belongs to a key: of the meaning of the body and of its framing. */
static void hash_body(const struct wi_record_accept *accept, unsigned char hash[WI_HASH_SIZE])
{
    unsigned char both[WI_HASH_SIZE + sizeof(uint64_t)];
    uint64_t json_size = accept->record.json_size;
    wi_body_hash_fn *identify = accept->identify ? accept->identify : hash_bytes;
    identify(accept->body, accept->record.body_size, both);
    memcpy(both + WI_HASH_SIZE, &json_size, sizeof json_size);
    wi_hash(both, sizeof both, hash);
}

static enum wi_code find_key(sqlite3 *sqlite, struct wi_record_accept *accept,
    const unsigned char hash[WI_HASH_SIZE], struct wi_error *error)
{
    sqlite3_stmt *statement = wi_db_start(sqlite,
        "SELECT " WI_ROW_COLUMNS ", body_hash FROM jobs "
        "WHERE client = ?1 AND infer = ?2 AND idempotency_key = ?3",
        WI_DB_WITH(WI_DB_TEXT(accept->record.client), WI_DB_NUMBER(accept->record.infer),
            WI_DB_TEXT(accept->key)),
        error);
    int got = wi_db_step(sqlite, statement, error);
    if (got > 0) {
        wi_row_from(&accept->earlier, statement);
        int same =
            strcmp(accept->earlier.dialect, accept->record.dialect) == 0 &&
            sqlite3_column_bytes(statement, WI_ROW_COLUMN_COUNT) == WI_HASH_SIZE &&
            memcmp(sqlite3_column_blob(statement, WI_ROW_COLUMN_COUNT), hash, WI_HASH_SIZE) == 0;
        accept->found = same ? WI_RECORD_SAME : WI_RECORD_OTHER;
    }
    return wi_db_end(statement, got);
}

static enum wi_code row_insert(sqlite3 *sqlite, const struct wi_record_accept *accept,
    const unsigned char *hash, struct wi_error *error)
{
    const struct wi_record *row = &accept->record;
    enum wi_code code = wi_db_run(sqlite,
        "INSERT INTO jobs VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, 0, 0, ?10, ?11, ?12,"
        " 0, 0, 0, NULL, ?13, ?14, 0, 0, ?15)",
        WI_DB_WITH(WI_DB_TEXT(row->id), WI_DB_NUMBER(row->infer), WI_DB_TEXT(row->client),
            WI_DB_TEXT(row->client_id), WI_DB_TEXT(row->model_name), WI_DB_NUMBER(row->priority),
            WI_DB_NUMBER(row->accepted_at - (int64_t)row->priority * WI_RECORD_AGEING_MS),
            WI_DB_NUMBER(row->accepted_at), WI_DB_NUMBER(row->deadline_at),
            WI_DB_NUMBER(row->body_size), WI_DB_NUMBER(row->json_size), WI_DB_NUMBER(row->cost),
            WI_DB_TEXT(accept->key), WI_DB_BYTES(hash, WI_HASH_SIZE), WI_DB_TEXT(row->dialect)),
        error);
    if (code == WI_OK)
        code = wi_db_run(sqlite, "INSERT INTO job_bodies VALUES (?1, ?2)",
            WI_DB_WITH(WI_DB_TEXT(row->id), WI_DB_BYTES(accept->body, row->body_size)), error);
    return code == WI_OK ? wi_row_line_up(sqlite, row->infer, row->client, error) : code;
}

enum wi_code wi_row_accept(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wi_record_accept *accept = data;
    unsigned char hash[WI_HASH_SIZE];
    accept->found = WI_RECORD_NEW;
    wi_record_clear(&accept->earlier);
    if (accept->key) {
        hash_body(accept, hash);
        enum wi_code code = find_key(sqlite, accept, hash, error);
        if (code != WI_OK || accept->found != WI_RECORD_NEW)
            return code;
    }
    if (accept->look)
        return WI_OK;
    return row_insert(sqlite, accept, accept->key ? hash : NULL, error);
}

/* --- back into the queue --------------------------------------------------------------------- */

enum wi_code wi_row_return(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wi_record_return *back = data;
    enum wi_code code = wi_db_run(sqlite,
        "UPDATE jobs SET state = 0, crashes = crashes - 1, retry_at = max(?2, 1), problem = ?3, "
        "attempts = ?6, "
        "rank = iif(?4 > 0, ?4 - priority * ?5, rank) WHERE id = ?1 AND state = 1 AND NOT "
        "cancelled",
        WI_DB_WITH(WI_DB_TEXT(back->id), WI_DB_NUMBER(back->retry_at),
            WI_DB_TEXT(*back->problem ? back->problem : NULL), WI_DB_NUMBER(back->behind_at),
            WI_DB_NUMBER(WI_RECORD_AGEING_MS), WI_DB_NUMBER(back->attempts)),
        error);
    /* A row that is finished already may be finished once more. */
    back->returned = sqlite3_changes(sqlite) > 0 ? WI_RECORD_BACK : WI_RECORD_TO_CANCEL;
    return code;
}

/* --- ending ---------------------------------------------------------------------------------- */

/* The answer, written piece by piece into a blob of its size. */
static enum wi_code write_answer(
    sqlite3 *sqlite, struct wi_record_finish *finish, struct wi_error *error)
{
    sqlite3_blob *blob = NULL;
    int offset = 0;
    sqlite3_stmt *statement =
        wi_db_start(sqlite, "INSERT OR REPLACE INTO job_answers VALUES (?1, ?2)",
            WI_DB_WITH(WI_DB_TEXT(finish->id)), error);
    if (statement)
        sqlite3_bind_zeroblob64(statement, 2, finish->answer_size);
    enum wi_code code = wi_db_end(statement, wi_db_step(sqlite, statement, error));
    if (code != WI_OK)
        return code;
    int status = sqlite3_blob_open(
        sqlite, "main", "job_answers", "bytes", sqlite3_last_insert_rowid(sqlite), 1, &blob);
    for (size_t i = 0; i < finish->part_count && status == SQLITE_OK; i++) {
        status =
            sqlite3_blob_write(blob, finish->parts[i].bytes, (int)finish->parts[i].size, offset);
        offset += (int)finish->parts[i].size;
    }
    if (status != SQLITE_OK)
        code = wi_db_fail(sqlite, error);
    sqlite3_blob_close(blob);
    return code;
}

static enum wi_code update_finished(
    sqlite3 *sqlite, struct wi_record_finish *finish, struct wi_error *error)
{
    sqlite3_stmt *statement = wi_db_start(sqlite,
        "UPDATE jobs SET state = ?2, status = ?3, finished_at = ?4, answer_size = ?5, head_size = "
        "?6, problem = NULL, idempotency_key = iif(?7 AND infer, NULL, idempotency_key) "
        "WHERE id = ?1 AND state < 2 RETURNING body_size",
        WI_DB_WITH(WI_DB_TEXT(finish->id), WI_DB_NUMBER(finish->state),
            WI_DB_NUMBER(finish->status), WI_DB_NUMBER(finish->now),
            WI_DB_NUMBER(finish->answer_size),
            WI_DB_NUMBER(finish->part_count ? finish->parts[0].size : 0),
            WI_DB_NUMBER(finish->forget_key)),
        error);
    int got = wi_db_step(sqlite, statement, error);
    finish->finished = got > 0;
    if (finish->finished) {
        finish->body_size = (size_t)sqlite3_column_int64(statement, 0);
        got = wi_db_step(sqlite, statement, error);
    }
    return wi_db_end(statement, got);
}

enum wi_code wi_row_finish(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wi_record_finish *finish = data;
    finish->answer_size = 0;
    for (size_t i = 0; i < finish->part_count; i++)
        finish->answer_size += finish->parts[i].size;
    enum wi_code code = update_finished(sqlite, finish, error);
    if (code != WI_OK || !finish->finished)
        return code;
    code = wi_row_change(sqlite, "DELETE FROM job_bodies WHERE id = ?1", finish->id, 0, error);
    if (code == WI_OK && finish->answer_size > 0)
        code = write_answer(sqlite, finish, error);
    return code;
}

enum wi_code wi_row_cancel(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wi_record_cancel *cancel = data;
    struct wi_record_read read = {0};
    memcpy(read.id, cancel->finish.id, sizeof read.id);
    memcpy(read.client, cancel->client, sizeof read.client);
    enum wi_code code = wi_row_read(sqlite, &read, error);
    cancel->found = read.found;
    cancel->before = read.record.state;
    cancel->finish.finished = 0; /* perhaps it was in a transaction that was rolled back */
    if (code == WI_OK && cancel->found && cancel->before == WI_RECORD_QUEUED)
        cancel->tell(cancel, &read.record);
    wi_record_clear(&read.record);
    if (code != WI_OK || !cancel->found || cancel->before > WI_RECORD_RUNNING)
        return code;
    if (cancel->before == WI_RECORD_QUEUED)
        return wi_row_finish(sqlite, &cancel->finish, error);
    return wi_row_change(
        sqlite, "UPDATE jobs SET cancelled = 1 WHERE id = ?1", cancel->finish.id, 0, error);
}
