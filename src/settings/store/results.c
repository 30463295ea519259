/* Runs of the laboratory as rows of the database; see results.h. */
#include "settings/store/results.h"
#include "settings/store/private.h"

#include "base/memory.h"
#include "base/text.h"
#include "terms/lab/figures.h"
#include <stdlib.h>
#include <string.h>

#define COLUMNS "number, id, head, ended_at, noisy, cells, bytes"
/* Of a cell; the index lab_cells_model has the first of these. */
#define OF_MODEL(place) "yardstick_of IS NULL AND json_extract(head, '$.model') = " place
#define IS_AT(member, place) "(" place " IS NULL OR json_extract(head, '$." member "') = " place ")"
#define WANTED OF_MODEL("?1") " AND " IS_AT("browser", "?2") " AND " IS_AT("platform", "?3")
#define YARDSTICK "yardstick_of IS NOT NULL AND (?2 IS NULL OR yardstick_of = ?2)"

static void result_from(struct wi_result *result, sqlite3_stmt *statement)
{
    result->number = sqlite3_column_int64(statement, 0);
    wi_db_take_text(statement, 1, result->id, sizeof result->id);
    result->head = wi_strdup((const char *)sqlite3_column_text(statement, 2));
    result->ended_at = sqlite3_column_int64(statement, 3);
    result->noisy = sqlite3_column_int(statement, 4);
    result->cells = (size_t)sqlite3_column_int64(statement, 5);
    result->bytes = (uint64_t)sqlite3_column_int64(statement, 6);
}

void wi_result_clear(struct wi_result *result)
{
    free(result->head);
    *result = (struct wi_result){0};
}

static enum wi_code result_find(
    sqlite3 *sqlite, const char *id, struct wi_result *result, int *found, struct wi_error *error)
{
    sqlite3_stmt *statement = wi_db_start(sqlite, "SELECT " COLUMNS " FROM lab_runs WHERE id = ?1",
        WI_DB_WITH(WI_DB_TEXT(id)), error);
    wi_result_clear(result);
    int got = wi_db_step(sqlite, statement, error);
    *found = got > 0;
    if (*found)
        result_from(result, statement);
    return wi_db_end(statement, got);
}

static void cell_from(struct wi_result_cell *cell, sqlite3_stmt *statement)
{
    *cell = (struct wi_result_cell){.index = (unsigned)sqlite3_column_int64(statement, 0),
        .head = (char *)sqlite3_column_text(statement, 1),
        .samples = sqlite3_column_blob(statement, 2),
        .count = (size_t)sqlite3_column_bytes(statement, 2) / sizeof(double),
        .yardstick_of = (const char *)sqlite3_column_text(statement, 3)};
}

/* --- removing -------------------------------------------------------------------------------- */

static enum wi_code remove_run(sqlite3 *sqlite, int64_t number, struct wi_error *error)
{
    static const char *const statements[] = {
        "DELETE FROM lab_cells WHERE run = ?1", "DELETE FROM lab_runs WHERE number = ?1"};
    enum wi_code code = WI_OK;
    for (size_t i = 0; i < 2 && code == WI_OK; i++)
        code = wi_db_run(sqlite, statements[i], WI_DB_WITH(WI_DB_NUMBER(number)), error);
    return code;
}

/* The runs of people beyond the newest `keep`, or those of others. */
static enum wi_code results_prune(sqlite3 *sqlite, int person, int64_t keep, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    int got;
    do {
        sqlite3_stmt *statement = wi_db_start(sqlite,
            "SELECT number FROM lab_runs WHERE person = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2",
            WI_DB_WITH(WI_DB_NUMBER(person), WI_DB_NUMBER(keep)), error);
        got = wi_db_step(sqlite, statement, error);
        int64_t number = got > 0 ? sqlite3_column_int64(statement, 0) : 0;
        sqlite3_finalize(statement);
        if (got > 0)
            code = remove_run(sqlite, number, error);
    } while (got > 0 && code == WI_OK);
    return got < 0 ? WI_STORAGE_FAILED : code;
}

enum wi_code wi_result_remove(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wi_result_remove *op = data;
    struct wi_result result = {0};
    enum wi_code code = result_find(sqlite, op->id, &result, &op->found, error);
    if (code == WI_OK && op->found)
        code = remove_run(sqlite, result.number, error);
    if (code == WI_OK && op->found)
        code = wi_db_exec(sqlite, "PRAGMA incremental_vacuum(4096)", error);
    wi_result_clear(&result);
    return code;
}

/* --- writing a run --------------------------------------------------------------------------- */

static void fill_cells(struct wi_result_write *op, const struct wi_lab_run *run)
{
    op->count = run->count;
    op->cells = wi_realloc_array(NULL, run->count + 1, sizeof *op->cells);
    for (size_t i = 0; i < run->count; i++) {
        const struct wi_lab_cell *cell = &run->cells[i];
        op->cells[i] = (struct wi_result_cell){.index = (unsigned)cell->index,
            .head = wi_lab_cell_head(cell),
            .samples = cell->samples,
            .count = cell->count,
            .yardstick_of = cell->yardstick < WI_LAB_YARDSTICKS ? cell->browser : NULL};
    }
}

void wi_result_write_fill(struct wi_result_write *op, const struct wi_lab_run *run)
{
    if (run->id)
        wi_text_copy(op->id, sizeof op->id, run->id);
    else
        json_object_set_new(run->json, "id", json_string(op->id));
    op->head = run->name && run->began_at >= 0 ? wi_lab_run_head(run) : NULL;
    op->given = run->json;
    op->ended_at = run->ended_at > 0 ? run->ended_at : 0;
    op->person = run->person;
    fill_cells(op, run);
}

void wi_result_write_clear(struct wi_result_write *op)
{
    for (size_t i = 0; i < op->count; i++)
        free(op->cells[i].head);
    free(op->cells);
    free(op->head);
    *op = (struct wi_result_write){0};
}

static enum wi_code result_begin(sqlite3 *sqlite, const struct wi_result_write *op,
    struct wi_result *run, struct wi_error *error)
{
    if (op->head == NULL)
        return wi_error_set(error, WI_NOT_FOUND, "id",
            "there is no run %s; a new one needs its name and the time when it began", op->id);
    enum wi_code code = wi_db_run(sqlite,
        "INSERT INTO lab_runs (id, head, ended_at, noisy, cells, bytes, person)"
        " VALUES (?1, ?2, 0, 0, 0, 0, ?3)",
        WI_DB_WITH(WI_DB_TEXT(op->id), WI_DB_TEXT(op->head), WI_DB_NUMBER(op->person)), error);
    run->number = sqlite3_last_insert_rowid(sqlite);
    return code == WI_OK ? results_prune(sqlite, op->person, op->keep, error) : code;
}

/* The members that the request gives for an existing run must equal those given first. */
static enum wi_code check_given(
    const struct wi_result_write *op, const struct wi_result *run, struct wi_error *error)
{
    json_t *kept = json_loads(run->head, 0, NULL), *value;
    enum wi_code code = WI_OK;
    const char *key;
    json_object_foreach((json_t *)op->given, key, value)
    {
        int is_other = strcmp(key, "version") == 0 || strcmp(key, "noisy") == 0 ||
                       strcmp(key, "ended_at") == 0 || json_is_null(value);
        if (!is_other && !json_equal(value, json_object_get(kept, key)))
            code = wi_error_set(error, WI_CONFLICT, key,
                "the run %s exists with another %.100s; use another id, or omit it", op->id, key);
    }
    json_decref(kept);
    return code;
}

/* --- writing cells --------------------------------------------------------------------------- */

static size_t bytes_of(const struct wi_result_cell *cell)
{
    return cell->count * sizeof *cell->samples;
}

/* Whether that is the head of a cell that was not run. */
static int was_not_run(const char *head)
{
    json_t *kept = json_loads(head, 0, NULL);
    const char *outcome = json_string_value(json_object_get(kept, "outcome"));
    int result = outcome && strcmp(outcome, wi_lab_outcome_names[WI_LAB_NOT_RUN]) == 0;
    json_decref(kept);
    return result;
}

/* Whether the cell exists: `*there` 1, or 0; WI_CONFLICT for a different one in its place. A cell
 * that was not run is removed, as long as the run has not ended. */
static enum wi_code look_for_cell(sqlite3 *sqlite, struct wi_result *run,
    const struct wi_result_cell *cell, int *there, struct wi_error *error)
{
    sqlite3_stmt *statement = wi_db_start(sqlite,
        "SELECT number, head, samples, yardstick_of FROM lab_cells WHERE run = ?1 AND number = ?2",
        WI_DB_WITH(WI_DB_NUMBER(run->number), WI_DB_NUMBER(cell->index)), error);
    int got = wi_db_step(sqlite, statement, error);
    enum wi_code code = got < 0 ? WI_STORAGE_FAILED : WI_OK;
    *there = got > 0;
    if (*there) {
        struct wi_result_cell kept;
        cell_from(&kept, statement);
        int is_same =
            strcmp(kept.head, cell->head) == 0 && kept.count == cell->count &&
            (cell->count == 0 || memcmp(kept.samples, cell->samples, bytes_of(cell)) == 0);
        *there = is_same || run->ended_at > 0 || !was_not_run(kept.head);
        if (!*there) {
            run->cells--;
            run->bytes -= strlen(kept.head) + bytes_of(&kept);
            code = wi_db_run(sqlite, "DELETE FROM lab_cells WHERE run = ?1 AND number = ?2",
                WI_DB_WITH(WI_DB_NUMBER(run->number), WI_DB_NUMBER(kept.index)), error);
        } else if (!is_same) {
            code = wi_error_set(error, WI_CONFLICT, "cells",
                "the run has another cell with the index %u", cell->index);
        }
    }
    sqlite3_finalize(statement);
    return code;
}

static enum wi_code insert_cell(sqlite3 *sqlite, struct wi_result *run,
    const struct wi_result_cell *cell, struct wi_error *error)
{
    run->cells++;
    run->bytes += strlen(cell->head) + bytes_of(cell);
    return wi_db_run(sqlite,
        "INSERT INTO lab_cells (run, number, head, samples, yardstick_of)"
        " VALUES (?1, ?2, ?3, ?4, ?5)",
        WI_DB_WITH(WI_DB_NUMBER(run->number), WI_DB_NUMBER(cell->index), WI_DB_TEXT(cell->head),
            WI_DB_BYTES(cell->samples, bytes_of(cell)), WI_DB_TEXT(cell->yardstick_of)),
        error);
}

static enum wi_code add_cells(
    sqlite3 *sqlite, struct wi_result_write *op, struct wi_result *run, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    for (size_t i = 0; i < op->count && code == WI_OK; i++) {
        int there;
        code = look_for_cell(sqlite, run, &op->cells[i], &there, error);
        if (code != WI_OK || there)
            continue;
        if (run->ended_at > 0)
            return wi_error_set(error, WI_CONFLICT, "cells",
                "the run %s has ended and accepts no other cells", op->id);
        code = insert_cell(sqlite, run, &op->cells[i], error);
        op->added++;
    }
    return code;
}

/* --- the end of a run ------------------------------------------------------------------------ */

static enum wi_code look_at_yardsticks(
    sqlite3 *sqlite, struct wi_result *run, struct wi_error *error)
{
    struct wi_strings browsers = {0};
    struct wi_lab_mark *marks = NULL;
    size_t count = 0;
    int got;
    sqlite3_stmt *statement = wi_db_start(sqlite,
        "SELECT number, head, samples, yardstick_of FROM lab_cells WHERE run = ?1"
        " AND yardstick_of IS NOT NULL AND length(samples) > 0",
        WI_DB_WITH(WI_DB_NUMBER(run->number)), error);
    while ((got = wi_db_step(sqlite, statement, error)) > 0) {
        struct wi_result_cell cell;
        cell_from(&cell, statement);
        wi_strings_add(&browsers, cell.yardstick_of);
        marks = wi_grow_array(marks, count, sizeof *marks);
        marks[count].browser = browsers.items[count];
        marks[count++].median = wi_lab_median_of(cell.samples, cell.count);
    }
    run->noisy = wi_lab_has_drifted(marks, count);
    wi_strings_clear(&browsers);
    free(marks);
    return wi_db_end(statement, got);
}

static enum wi_code result_end(sqlite3 *sqlite, const struct wi_result_write *op,
    struct wi_result *run, struct wi_error *error)
{
    if (op->ended_at == 0 || op->ended_at == run->ended_at)
        return WI_OK;
    if (run->ended_at > 0)
        return wi_error_set(
            error, WI_CONFLICT, "ended_at", "the run %s has ended at another time", op->id);
    run->ended_at = op->ended_at;
    return look_at_yardsticks(sqlite, run, error);
}

enum wi_code wi_result_write(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wi_result_write *op = data;
    struct wi_result run = {0};
    int found;
    op->added = 0;
    enum wi_code code = result_find(sqlite, op->id, &run, &found, error);
    if (code == WI_OK)
        code = found ? check_given(op, &run, error) : result_begin(sqlite, op, &run, error);
    if (code == WI_OK)
        code = add_cells(sqlite, op, &run, error);
    if (code == WI_OK)
        code = result_end(sqlite, op, &run, error);
    if (code == WI_OK)
        code = wi_db_run(sqlite,
            "UPDATE lab_runs SET ended_at = ?2, noisy = ?3, cells = ?4, bytes = ?5 "
            "WHERE number = ?1",
            WI_DB_WITH(WI_DB_NUMBER(run.number), WI_DB_NUMBER(run.ended_at),
                WI_DB_NUMBER(run.noisy), WI_DB_NUMBER(run.cells), WI_DB_NUMBER(run.bytes)),
            error);
    op->created = !found;
    op->total = run.cells;
    wi_result_clear(&run);
    return code;
}

/* --- reading --------------------------------------------------------------------------------- */

enum wi_code wi_result_look(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wi_result_look *op = data;
    return result_find(sqlite, op->id, &op->result, &op->found, error);
}

void wi_result_list_clear(struct wi_result_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        wi_result_clear(&list->results[i]);
    free(list->results);
    list->results = NULL;
    list->count = 0;
}

enum wi_code wi_result_list(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wi_result_list *list = data;
    wi_result_list_clear(list);
    list->results = wi_realloc_array(NULL, list->limit + 1, sizeof *list->results);
    sqlite3_stmt *statement = wi_db_start(sqlite,
        "SELECT " COLUMNS " FROM lab_runs WHERE (?1 = 0 OR number < ?1) AND (?3 IS NULL OR number"
        " IN (SELECT run FROM lab_cells WHERE " OF_MODEL("?3") ")) ORDER BY number DESC LIMIT ?2",
        WI_DB_WITH(WI_DB_NUMBER(list->before), WI_DB_NUMBER(list->limit), WI_DB_TEXT(list->model)),
        error);
    int got;
    while ((got = wi_db_step(sqlite, statement, error)) > 0) {
        struct wi_result *result = &list->results[list->count++];
        *result = (struct wi_result){0};
        result_from(result, statement);
    }
    return wi_db_end(statement, got);
}

enum wi_code wi_result_read(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    const struct wi_result_read *op = data;
    sqlite3_stmt *statement = wi_db_start(sqlite,
        "SELECT number, head, samples, yardstick_of FROM lab_cells WHERE run = ?1 ORDER BY number",
        WI_DB_WITH(WI_DB_NUMBER(op->number)), error);
    int got;
    while ((got = wi_db_step(sqlite, statement, error)) > 0) {
        struct wi_result_cell cell;
        cell_from(&cell, statement);
        op->each(op->context, &cell);
    }
    return wi_db_end(statement, got);
}

/* --- the history of a model ------------------------------------------------------------------- */

/* Reads the cells of one run; `*whole` is 0 if they are too many with those before. */
static enum wi_code history_read_run(sqlite3 *sqlite, struct wi_result_history *op,
    const struct wi_result *result, int *whole, struct wi_error *error)
{
    sqlite3_stmt *statement = wi_db_start(sqlite,
        "SELECT number, head, samples, yardstick_of FROM lab_cells WHERE run = ?4"
        " AND ((" WANTED ") OR (" YARDSTICK ")) ORDER BY number",
        WI_DB_WITH(WI_DB_TEXT(op->model), WI_DB_TEXT(op->browser), WI_DB_TEXT(op->platform),
            WI_DB_NUMBER(result->number)),
        error);
    int got = 0;
    *whole = 1;
    op->begin(op->context, result);
    while (*whole && (got = wi_db_step(sqlite, statement, error)) > 0) {
        struct wi_result_cell cell;
        cell_from(&cell, statement);
        op->cells++;
        op->bytes += strlen(cell.head) + bytes_of(&cell);
        *whole = op->cells <= op->cells_max && op->bytes <= op->bytes_max;
        if (*whole)
            op->each(op->context, &cell);
    }
    return wi_db_end(statement, got);
}

enum wi_code wi_result_history(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wi_result_history *op = data;
    enum wi_code code = WI_OK;
    int got = 0;
    op->count = op->cells = op->bytes = 0;
    op->has_more = 0;
    sqlite3_stmt *statement = wi_db_start(sqlite,
        "SELECT " COLUMNS " FROM lab_runs WHERE number IN (SELECT run FROM lab_cells WHERE " WANTED
        ") AND coalesce(json_extract(head, '$.imported'), 0) = 0 ORDER BY number DESC",
        WI_DB_WITH(WI_DB_TEXT(op->model), WI_DB_TEXT(op->browser), WI_DB_TEXT(op->platform)),
        error);
    while (!op->has_more && (got = wi_db_step(sqlite, statement, error)) > 0) {
        struct wi_result result;
        int whole = 0;
        result_from(&result, statement);
        if (op->count < op->runs_max)
            code = history_read_run(sqlite, op, &result, &whole, error);
        wi_result_clear(&result);
        op->count += code == WI_OK && whole;
        op->has_more = code != WI_OK || !whole;
    }
    enum wi_code end = wi_db_end(statement, got);
    return code != WI_OK ? code : end;
}
