/* Requests for an inference, between their files: how one becomes a run, and what it is sent. */
#ifndef WI_API_ENDPOINTS_INFER_H
#define WI_API_ENDPOINTS_INFER_H

#include "api/http/request.h"
#include "work/run/run.h"

/* Makes a body that is a form, or a file alone, the native binary one, and its headers those that
 * go with it; leaves any other as it is. Then calls `next`, perhaps at once; or answers with why
 * the body cannot be read. */
typedef void wi_infer_unpacked_fn(struct wi_request *request);
void wi_infer_unpack(struct wi_request *request, wi_infer_unpacked_fn *next);

/* A run of the request's body, which is taken. NULL with `error`, and the body is gone, if it is
 * framed wrongly or there is none. */
struct wi_run *wi_infer_run(struct wi_request *request, enum wi_run_kind kind,
    const struct wi_run_owner *owner, struct wi_error *error);
/* Charges the request: the `charge` of an owner whose context points to a struct that begins with
 * the request. */
int wi_infer_charge(void *context, uint64_t bytes);
/* The memory that parsing the request's JSON takes, beside the body, of which `*json_size` bytes
 * are JSON: 0 for a form; all, where the body is framed wrongly. */
uint64_t wi_infer_measure(const struct wi_request *request, size_t *json_size);

/* Answers `request` with what was printed, which is taken over. */
void wi_infer_send(struct wi_request *request, struct wi_printing *printing);
/* Count a job's success, its failure, and the bytes of one that is stored, as struct wi_run_deps
 * has them; `context` is the wi_api. */
uint64_t wi_infer_count(void *context, const struct wi_outcome *outcome);
uint64_t wi_infer_count_failure(void *context, const struct wi_run_failure *failure);
void wi_infer_count_stored(
    void *context, uint64_t counted_as, uint64_t bytes_in, uint64_t bytes_out);
/* The end of what an owner's on_work has begun to measure; likewise. */
void wi_infer_rest(void *context);

#endif
