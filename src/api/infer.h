/* How an answer of POST /v1/infer is written; between infer.c and infer_answer.c. */
#ifndef WI_API_INFER_H
#define WI_API_INFER_H

#include "api/infer_parse.h"
#include "api/request.h"
#include "job/job.h"

/* Answers `request` with a job's success. Tensors and JSON are taken from `result`. `infer` and
 * `spec` are borrowed for the call. Big JSON is printed on a worker thread: the request may still
 * be waiting afterwards. */
void wi_infer_answer(struct wi_request *request, const struct wi_infer *infer,
    const struct wi_job_spec *spec, struct wi_job_result *result);

/* A browser kind is one that is configured, or that a joined page has; NULL is any. WI_OK or
 * WI_INVALID_FIELD with the list. */
enum wi_code wi_api_check_browser(
    const struct wi_api *api, const char *kind, struct wi_error *error);

#endif
