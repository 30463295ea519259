/* The records of stored jobs: the names of their states, and freeing what records and operations
 * hold. */
#include "terms/job/job_store.h"

#include <stdlib.h>

const char *const wi_record_state_names[] = {
    "queued", "running", "done", "failed", "cancelled", NULL};

void wi_record_clear(struct wi_record *record)
{
    free(record->client_id);
    free(record->model_name);
    free(record->problem);
    wi_strings_clear(&record->unable);
    wi_blob_unref(record->bytes);
    *record = (struct wi_record){0};
}

void wi_record_sweep_clear(struct wi_record_sweep *sweep)
{
    free(sweep->late.items);
    free(sweep->poison.items);
    free(sweep->cancelled.items);
    free(sweep->holdings);
    sweep->late = sweep->poison = sweep->cancelled = (struct wi_record_names){0};
    sweep->holdings = NULL;
    sweep->holding_count = 0;
}
