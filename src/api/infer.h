/* POST /v1/infer in parts: how a request is read, becomes a job, and is answered. */
#ifndef WI_API_INFER_H
#define WI_API_INFER_H

#include "api/infer_parse.h"
#include "api/request.h"
#include "job/job.h"

/* What becomes of a request once it was read and checked against its model: answers it, or lets it
 * wait. Everything is borrowed for the call; `body` is the whole body, the first `json_size` bytes
 * JSON. */
typedef void wi_infer_next_fn(struct wi_request *request, struct wi_infer *infer,
    struct wi_model *model, struct wi_blob *body, size_t json_size);
/* Reads the request's body, finds its model, checks both, and calls `next`, or answers with what is
 * wrong. `next` NULL: the job is submitted, and the request waits for its answer. */
void wi_infer_begin(struct wi_request *request, wi_infer_next_fn *next);
/* What a checked request asks for, with a fresh id. Takes the tensors. `accepted_at` and
 * `client` are left. */
void wi_infer_fill_spec(struct wi_infer *infer, struct wi_model *model, struct wi_job_spec *spec);

/* Answers `request` with a job's success. Tensors and JSON are taken from `result`. `infer` and
 * `spec` are borrowed for the call. Big JSON is printed on a worker thread: the request may still
 * be waiting afterwards. */
void wi_infer_answer(struct wi_request *request, const struct wi_infer *infer,
    const struct wi_job_spec *spec, struct wi_job_result *result);

/* A browser kind is one that is configured, or that a joined page has; NULL is any. WI_OK or
 * WI_INVALID_FIELD with the list. */
enum wi_code wi_api_check_browser(
    const struct wi_api *api, const char *kind, struct wi_error *error);

/* The same without a request: an answer to be kept. Owned; its printing may run on any thread. */
struct wi_printing;
/* NULL with `error` if it cannot be written as was asked. Printing takes about `*printed` bytes
 * more than the tensors, which are charged already. */
struct wi_printing *wi_printing_new(const struct wi_api *api, const struct wi_infer *infer,
    const struct wi_job_spec *spec, struct wi_job_result *result, size_t *printed,
    struct wi_error *error);
void wi_printing_run(struct wi_printing *printing);
/* After that: the slices of the answer, the first of them its JSON; valid until it is freed. */
const struct MHD_IoVec *wi_printing_slices(const struct wi_printing *printing, size_t *count);
void wi_printing_free(struct wi_printing *printing); /* NULL is fine */

#endif
