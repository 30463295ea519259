/* Work of the database on laboratory runs, for which a request waits. */
#ifndef WI_API_ENDPOINTS_LAB_LAB_STEP_H
#define WI_API_ENDPOINTS_LAB_LAB_STEP_H

#include "api/http/step.h"
#include "settings/store/db.h"

/* The request waits for `work` on `op`, by wi_db_submit or wi_db_look; `done`, `owner` and
 * `free_owner` are those of wi_request_step. There is a database. */
typedef void wi_lab_ask_fn(struct wi_db *db, wi_db_work_fn *work, wi_db_done_fn *done, void *data);
void wi_lab_step(struct wi_request *request, wi_lab_ask_fn *ask, wi_db_work_fn *work, void *op,
    wi_step_end_fn *done, void *owner, wi_step_free_fn *free_owner);

#endif
