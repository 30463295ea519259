/* Requests for an inference, between their files: how a request becomes a run, and how it is
 * answered. */
#ifndef WI_API_ENDPOINTS_INFER_ENDPOINT_H
#define WI_API_ENDPOINTS_INFER_ENDPOINT_H

#include "api/http/request.h"
#include "work/run/run.h"

/* Converts a body that is a form, or a single file, to the native binary body, and the headers with
 * it; leaves any other body as it is. Then calls `next`, perhaps at once; or answers with the
 * reason why the body cannot be read. */
typedef void wi_infer_unpacked_fn(struct wi_request *request);
void wi_infer_unpack(struct wi_request *request, wi_infer_unpacked_fn *next);

/* Makes a run of the request's body, which is taken. NULL with `error`, and the body is freed, if
 * the body is framed wrongly or there is none. */
struct wi_run *wi_infer_run(struct wi_request *request, enum wi_run_kind kind,
    const struct wi_run_owner *owner, struct wi_error *error);
/* Charges the request: the `charge` of an owner whose context points to a struct that begins with
 * the request. */
int wi_infer_charge(void *context, uint64_t bytes);
/* The memory that parsing the request's JSON takes besides the body itself. `*json_size` gets how
 * many bytes of the body are JSON: 0 for a form, all if the body is framed wrongly. */
uint64_t wi_infer_measure(const struct wi_request *request, size_t *json_size);

/* Answers `request` with `printing`, which is taken over. */
void wi_infer_send(struct wi_request *request, struct wi_printing *printing);
/* Count a job's success, its failure, and the bytes of one that is stored, as struct wi_run_deps
 * has them; `context` is the wi_api. */
uint64_t wi_infer_count(void *context, const struct wi_outcome *outcome);
uint64_t wi_infer_count_failure(void *context, const struct wi_run_failure *failure);
void wi_infer_count_stored(
    void *context, uint64_t counted_as, uint64_t bytes_in, uint64_t bytes_out);
/* Ends the measurement that an owner's on_work has begun; `context` likewise. */
void wi_infer_rest(void *context);

#endif
