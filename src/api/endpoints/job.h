/* The endpoints of stored jobs, between their files. */
#ifndef WI_API_ENDPOINTS_JOB_H
#define WI_API_ENDPOINTS_JOB_H

#include "api/http/request.h"
#include "owners/durable/durable.h"

/* POST /v1/jobs; `infer`: POST /v1/infer with an Idempotency-Key, which is answered with the job's
 * answer. */
void wi_job_post(struct wi_request *request, int infer);

/* How a request is answered about a job. */
enum wi_job_form {
    WI_JOB_DOCUMENT,   /* as by GET /v1/jobs/ID */
    WI_JOB_ANSWER,     /* as by /v1/infer */
    WI_JOB_CANCELLING, /* whether it is cancelled */
};
/* Answers `request` when the stored job `id` has ended, or after `wait_ms` with its state at that
 * time. WI_JOB_ANSWER waits until the job's deadline instead. `replayed`: a header of the answer
 * says so. */
void wi_job_look(struct wi_request *request, const char *id, enum wi_job_form form, int64_t wait_ms,
    int replayed);

/* The client whose records `request` may find, in the form that job_store.h takes. */
void wi_job_scope(const struct wi_request *request, char client[WI_RECORD_CLIENT_MAX + 1]);
void wi_job_answer_not_found(struct wi_request *request, const char *name);
/* Prints the record's document up to what its answer would be: without the closing brace. */
void wi_job_print(
    struct wi_buffer *out, const struct wi_durable *durable, const struct wi_record *record);

#endif
