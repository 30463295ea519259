/*
 * Taking rows from the queue. Clients take turns: each client with runnable rows is in the line
 * (the table job_turns), once for rows that a request waits for and once for the others. After its
 * turn a client goes to the end, and a client that has reached its limit is skipped. A client whose
 * turn it is but that has no row leaves the line, and joins it again when a row of it arrives or
 * has paused long enough. So a step costs the logarithm of the rows, however many wait or pause.
 */
#include "settings/store/private.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* Among this many rows, one is a row without a waiting request, if there is one. */
#define UNAWAITED_EVERY 4
/* How long a row pauses if its body could not be read now. */
#define UNREAD_MS 5000

#define LAST_TURN(infer)                                                                           \
    "(SELECT coalesce(max(turn), 0) + 1 FROM job_turns WHERE infer = " infer ")"

/* --- the lines ------------------------------------------------------------------------------- */

static enum wi_code change_line(
    sqlite3 *sqlite, const char *sql, int infer, const char *client, struct wi_error *error)
{
    return wi_db_run(sqlite, sql, WI_DB_WITH(WI_DB_NUMBER(infer), WI_DB_TEXT(client)), error);
}

enum wi_code wi_row_line_up(sqlite3 *sqlite, int infer, const char *client, struct wi_error *error)
{
    return change_line(sqlite,
        WI_DB_KEPT "INSERT OR IGNORE INTO job_turns VALUES (?1, ?2, " LAST_TURN("?1") ")", infer,
        client, error);
}

enum wi_code wi_row_line_up_all(sqlite3 *sqlite, const char *rows,
    const struct wi_db_argument *arguments, struct wi_error *error)
{
    char *sql = wi_sprintf(WI_DB_KEPT
        "INSERT OR IGNORE INTO job_turns SELECT DISTINCT infer, client, " LAST_TURN(
            "jobs.infer") " FROM %s",
        rows);
    enum wi_code code = wi_db_run(sqlite, sql, arguments, error);
    free(sql);
    return code;
}

#define PAUSED "jobs INDEXED BY jobs_paused "
#define IS_DUE "WHERE state = 0 AND retry_at BETWEEN ?1 AND ?2"

static enum wi_code end_pauses_of(
    sqlite3 *sqlite, int64_t first, int64_t last, struct wi_error *error)
{
    const struct wi_db_argument *due = WI_DB_WITH(WI_DB_NUMBER(first), WI_DB_NUMBER(last));
    enum wi_code code = wi_row_line_up_all(sqlite, PAUSED IS_DUE, due, error);
    return code != WI_OK ? code
                         : wi_db_run(sqlite, WI_DB_KEPT "UPDATE " PAUSED "SET retry_at = 0 " IS_DUE,
                               due, error);
}

/* Rows that have paused long enough may run, and so may rows whose pause is too long because the
 * clock was changed. */
static enum wi_code end_pauses(sqlite3 *sqlite, int64_t now, struct wi_error *error)
{
    enum wi_code code = end_pauses_of(sqlite, 1, now, error);
    return code == WI_OK ? end_pauses_of(sqlite, now + WI_RECORD_PAUSE_MAX_MS + 1, INT64_MAX, error)
                         : code;
}

/* --- what is taken --------------------------------------------------------------------------- */

struct taking {
    sqlite3 *sqlite;
    struct wi_record_take *take;
    uint64_t bytes; /* of what was taken */
    int full;       /* the next is one too many */
};

static void drop_taken(struct wi_record_take *take)
{
    for (size_t i = 0; i < take->taken; i++)
        wi_record_clear(&take->records[i]);
    free(take->records);
    take->records = NULL;
    take->taken = 0;
    for (size_t i = 0; i < take->room_count; i++)
        take->rooms[i].taken = 0;
}

/* WI_INTERNAL: its bytes are lost for good. Such a row must not keep the others waiting: it
 * comes without its body, and its end says so. A body that cannot be read now can perhaps be
 * read later. */
static enum wi_code row_read_body(
    struct taking *taking, struct wi_record *row, int *is_read, struct wi_error *error)
{
    struct wi_error why;
    enum wi_code code = wi_row_read_bytes(taking->sqlite, "job_bodies", row, row->body_size, &why);
    *is_read = code == WI_OK || code == WI_INTERNAL;
    return *is_read ? WI_OK
                    : wi_row_change(taking->sqlite, "UPDATE jobs SET retry_at = ?2 WHERE id = ?1",
                          row->id, taking->take->now + UNREAD_MS, error);
}

/* Takes the row, unless it is too large in addition to the others or cannot be read now. Moves
 * it. */
static enum wi_code take_row(struct taking *taking, struct wi_record *row, struct wi_error *error)
{
    struct wi_record_take *take = taking->take;
    int is_read = 0;
    taking->bytes += row->body_size + row->cost;
    taking->full = take->taken > 0 && taking->bytes > take->bytes;
    enum wi_code code = taking->full ? WI_OK : row_read_body(taking, row, &is_read, error);
    if (code == WI_OK && is_read)
        code = wi_row_change(taking->sqlite,
            WI_DB_KEPT
            "UPDATE jobs SET state = 1, runs = runs + 1, crashes = crashes + 1, problem = NULL "
            "WHERE id = ?1",
            row->id, 0, error);
    if (code != WI_OK || !is_read) {
        wi_record_clear(row);
        return code;
    }
    row->state = WI_RECORD_RUNNING;
    row->runs++;
    take->records[take->taken++] = *row;
    return WI_OK;
}

/* One that crashed before. */
static enum wi_code take_suspect(struct taking *taking, struct wi_error *error)
{
    struct wi_record row = {0};
    sqlite3_stmt *statement = wi_db_start(taking->sqlite,
        WI_DB_KEPT "SELECT " WI_ROW_COLUMNS
                   " FROM jobs INDEXED BY jobs_suspect WHERE state = 0 AND crashes > 0 "
                   "AND retry_at = 0 "
                   "ORDER BY rank LIMIT 1",
        NULL, error);
    enum wi_code code = wi_row_first(taking->sqlite, statement, &row, error);
    return code == WI_OK && *row.id ? take_row(taking, &row, error) : code;
}

/* --- whose turn it is ------------------------------------------------------------------------ */

static struct wi_record_room *find_room(const struct wi_record_take *take, const char *client)
{
    for (size_t i = 0; i < take->room_count; i++)
        if (strcmp(take->rooms[i].client, client) == 0)
            return &take->rooms[i];
    return NULL;
}

static int client_has_room(const struct wi_record_take *take, const char *client)
{
    const struct wi_record_room *room = find_room(take, client);
    return !room || room->taken < room->most;
}

/* A row of the client was taken. */
static void use_room(struct wi_record_take *take, const char *client)
{
    struct wi_record_room *room = find_room(take, client);
    if (!room && take->each > 0) {
        take->rooms = wi_realloc_array(take->rooms, take->room_count + 1, sizeof *take->rooms);
        room = &take->rooms[take->room_count++];
        *room = (struct wi_record_room){.most = take->each};
        snprintf(room->client, sizeof room->client, "%s", client);
    }
    if (room)
        room->taken++;
}

/* The first client in the line that has room, "" for none. */
static enum wi_code first_in_line(
    struct taking *taking, int infer, char client[WI_RECORD_CLIENT_MAX + 1], struct wi_error *error)
{
    sqlite3_stmt *statement = wi_db_start(taking->sqlite,
        WI_DB_KEPT "SELECT client FROM job_turns WHERE infer = ?1 ORDER BY turn",
        WI_DB_WITH(WI_DB_NUMBER(infer)), error);
    int got = 0;
    *client = '\0';
    while (!*client && (got = wi_db_step(taking->sqlite, statement, error)) > 0)
        if (client_has_room(taking->take, (const char *)sqlite3_column_text(statement, 0)))
            wi_db_take_text(statement, 0, client, WI_RECORD_CLIENT_MAX + 1);
    return wi_db_end(statement, got);
}

/* The client's most urgent row; one without an id if it has none. */
static enum wi_code most_urgent(struct taking *taking, int infer, const char *client,
    struct wi_record *row, struct wi_error *error)
{
    sqlite3_stmt *statement = wi_db_start(taking->sqlite,
        WI_DB_KEPT "SELECT " WI_ROW_COLUMNS
                   " FROM jobs WHERE client = ?1 AND infer = ?2 AND state = 0 AND "
                   "crashes = 0 AND retry_at = 0 ORDER BY rank LIMIT 1",
        WI_DB_WITH(WI_DB_TEXT(client), WI_DB_NUMBER(infer)), error);
    return wi_row_first(taking->sqlite, statement, row, error);
}

/* Gives the next client in the line a turn: 0 in `left` if the line is empty. */
static enum wi_code take_turn(struct taking *taking, int infer, int *left, struct wi_error *error)
{
    char client[WI_RECORD_CLIENT_MAX + 1];
    struct wi_record row = {0};
    enum wi_code code = first_in_line(taking, infer, client, error);
    *left = code == WI_OK && *client;
    if (!*left || (code = most_urgent(taking, infer, client, &row, error)) != WI_OK)
        return code;
    if (!*row.id)
        return change_line(taking->sqlite,
            WI_DB_KEPT "DELETE FROM job_turns WHERE infer = ?1 AND client = ?2", infer, client,
            error);
    code = take_row(taking, &row, error);
    if (code != WI_OK || taking->full)
        return code;
    use_room(taking->take, client);
    return change_line(taking->sqlite,
        WI_DB_KEPT
        "UPDATE job_turns SET turn = " LAST_TURN("?1") " WHERE infer = ?1 AND client = ?2",
        infer, client, error);
}

enum wi_code wi_row_take(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wi_record_take *take = data;
    struct taking taking = {.sqlite = sqlite, .take = take};
    int left = 1;
    drop_taken(take);
    take->records = wi_realloc_array(NULL, take->count + 1, sizeof *take->records);
    enum wi_code code = end_pauses(sqlite, take->now, error);
    if (code == WI_OK && !take->suspect && take->count > 0)
        code = take_suspect(&taking, error);
    while (code == WI_OK && left && !taking.full && take->taken < take->count) {
        int infer = (take->before + take->taken) % UNAWAITED_EVERY != UNAWAITED_EVERY - 1;
        code = take_turn(&taking, infer, &left, error);
        if (code == WI_OK && !left)
            code = take_turn(&taking, !infer, &left, error);
    }
    return code;
}
