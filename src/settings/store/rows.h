/*
 * Stored jobs as rows of the database: the work of each operation on them, for wi_db_submit (or
 * wi_db_now), on the operation's struct. terms/job/job_store.h says what each does; rows_store.h
 * makes a store of them.
 */
#ifndef WI_SETTINGS_STORE_ROWS_H
#define WI_SETTINGS_STORE_ROWS_H

#include "settings/store/db.h"
#include "terms/job/job_store.h"

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
