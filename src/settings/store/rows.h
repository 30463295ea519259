/*
 * Stored jobs as rows of the database: the store of a daemon that shares its jobs with no other.
 * terms/job/job_store.h says what each operation does.
 */
#ifndef WI_SETTINGS_STORE_ROWS_H
#define WI_SETTINGS_STORE_ROWS_H

#include "settings/store/db.h"
#include "terms/job/job_store.h"

/* Fills `store`, which uses `db`. Whatever ran when the last daemon ended waits again, or is named
 * in `found`, which is filled as by a sweep that only counts; wi_record_sweep_clear frees it. Only
 * while starting. WI_OK, or WI_STORAGE_FAILED: the rows cannot be read. */
enum wi_code wi_rows_open(struct wi_db *db, unsigned crashes_max, struct wi_job_store *store,
    struct wi_record_sweep *found, struct wi_error *error);

/* --- work for wi_db_submit, on the operation's struct ----------------------------------------- */

wi_db_work_fn wi_row_accept;
wi_db_work_fn wi_row_take;
wi_db_work_fn wi_row_return;
wi_db_work_fn wi_row_finish;
wi_db_work_fn wi_row_cancel;
wi_db_work_fn wi_row_read;
wi_db_work_fn wi_row_list;
wi_db_work_fn wi_row_sweep;

/* At the start, on a sweep's struct: times in the future, from a wrong clock, are set to `now`,
 * with the remaining time unchanged. Rows that were running wait again (`requeued`), except those
 * that were cancelled while they ran, and those that had `crashes_max` runs without an end: these
 * are in `cancelled` and `poison`; none is in both. */
wi_db_work_fn wi_row_recover;

#endif
