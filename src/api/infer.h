/* POST /v1/infer in parts: how a request is read, becomes a job, and is answered. */
#ifndef WI_API_INFER_H
#define WI_API_INFER_H

#include "api/request.h"
#include "job/job.h"
#include "wire/dialect.h"

/* What becomes of a request once it was read and checked against its model: answers it, or lets it
 * wait. Everything is borrowed for the call; `body` is the whole body, the first `json_size` bytes
 * JSON. */
typedef void wi_infer_next_fn(struct wi_request *request, struct wi_infer *infer,
    struct wi_model *model, struct wi_blob *body, size_t json_size);
/* Reads the request's body, finds its model, checks both, and calls `next`, or answers with what is
 * wrong. `next` NULL: the job is submitted, and the request waits for its answer. */
void wi_infer_begin(struct wi_request *request, wi_infer_next_fn *next);
/* Answers `request` with a job's success. Tensors and JSON are taken from `result`. `infer` and
 * `spec` are borrowed for the call. Big JSON is printed on a worker thread: the request may still
 * be waiting afterwards. */
void wi_infer_answer(struct wi_request *request, const struct wi_infer *infer,
    const struct wi_job_spec *spec, struct wi_job_result *result);

/* A browser kind is one that is configured, or that a joined page has; NULL is any. WI_OK or
 * WI_INVALID_FIELD with the list. */
enum wi_code wi_api_check_browser(
    const struct wi_api *api, const char *kind, struct wi_error *error);

/* What is told of a job's success in `dialect`, to be printed: struct wi_dialect's `print`. It is
 * counted, too. Tensors are taken from `result`. NULL with `error` if it cannot be written as was
 * asked. */
struct wi_printing *wi_infer_print(const struct wi_api *api, const struct wi_dialect *dialect,
    const struct wi_infer *infer, const struct wi_job_spec *spec, struct wi_job_result *result,
    struct wi_error *error);

#endif
