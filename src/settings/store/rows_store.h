/*
 * The rows of the database as a store of jobs (terms/job/job_store.h), for a daemon that shares its
 * jobs with no other.
 *
 * An operation is one piece of work for the database's writer: it is done as a whole, on the disk
 * before its `done`, or not at all. Operations are done in the order in which they were asked for;
 * `list` alone is read beside them. They fail with WI_STORAGE_FAILED only, and there is no news: no
 * other daemon can open the database.
 *
 * Claims need no renewal. Whatever this daemon has taken is its own until it ends, and the next one
 * finds it with wi_rows_open, not in a sweep.
 */
#ifndef WI_SETTINGS_STORE_ROWS_STORE_H
#define WI_SETTINGS_STORE_ROWS_STORE_H

#include "settings/store/db.h"
#include "terms/job/job_store.h"

/* Fills `store`, which uses `db`: it is valid as long as `db` takes work. Whatever ran when the
 * last daemon ended waits again, or is named in `found`, which is filled as by a sweep that only
 * counts; wi_record_sweep_clear frees it. Only while starting, before anything was submitted.
 * WI_OK, or WI_STORAGE_FAILED for "store.path": the rows cannot be read, and `found` is empty. */
enum wi_code wi_rows_open(struct wi_db *db, unsigned crashes_max, struct wi_job_store *store,
    struct wi_record_sweep *found, struct wi_error *error);

#endif
