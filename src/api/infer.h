/* POST /v1/infer in parts: how a request is read, becomes a job, and is answered. */
#ifndef WI_API_INFER_H
#define WI_API_INFER_H

#include "api/step.h"
#include "job/job.h"
#include "wire/dialect.h"

/* --- upload.c --------------------------------------------------------------------------------- */

/* Makes a body that is a form, or a file alone, the native binary one, and its headers those that
 * go with it; leaves any other as it is. Then calls `next`, perhaps at once; or answers with why
 * the body cannot be read. */
typedef void wi_infer_unpacked_fn(struct wi_request *request);
void wi_infer_unpack(struct wi_request *request, wi_infer_unpacked_fn *next);

/* --- read.c ----------------------------------------------------------------------------------- */

/* A request was read and checked against its model: answers it, or lets it wait. `infer` and
 * `model` are borrowed for the call; what is taken out of `infer` is left empty in it. */
typedef void wi_infer_next_fn(
    struct wi_request *request, void *work, struct wi_infer *infer, struct wi_model *model);
/* Takes and reads the request's body, finds its model, checks both, and calls `next`; or answers
 * with what is wrong and frees `work`, as it does where the request goes first (see step.h). */
void wi_infer_begin(
    struct wi_request *request, wi_infer_next_fn *next, void *work, wi_step_free_fn *free_work);
/* How much of the request's body is JSON: 0 for a form; all, where the body is framed wrongly. */
size_t wi_infer_json_size(const struct wi_request *request);
/* The memory that parsing that JSON takes, beside the body. */
uint64_t wi_infer_parse_cost(const struct wi_request *request, size_t json_size);

/* A browser kind is one that is configured, or that a joined page has; NULL is any. WI_OK or
 * WI_INVALID_FIELD with the list. */
enum wi_code wi_api_check_browser(
    const struct wi_api *api, const char *kind, struct wi_error *error);

/* --- infer_answer.c --------------------------------------------------------------------------- */

/* Answers `request` with a job's success. Tensors and JSON are taken from `result`. `infer` and
 * `spec` are borrowed for the call. Big JSON is printed on a worker thread: the request may still
 * be waiting afterwards. */
void wi_infer_answer(struct wi_request *request, const struct wi_infer *infer,
    const struct wi_job_spec *spec, struct wi_job_result *result);
/* Tensor bytes above this are printed as JSON off the loop: printing costs about 10 ns a byte. */
#define WI_INLINE_PRINT_MAX (64 * 1024)
/* Counts a job's success; `context` is the wi_api. */
void wi_infer_count(void *context, const struct wi_outcome *outcome);

#endif
