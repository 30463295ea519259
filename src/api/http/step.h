/*
 * One asynchronous step of a request: a wait that calls nothing back once the client has left or
 * the server stops. Each step carries `work`, the state of the handler so far. If the request is
 * still there when the step ends, the next function gets both; it owns `work` again, and answers or
 * takes the next step. If the request ends first, no function is called, and `work` is freed with
 * `free_work` as soon as nothing uses it any more.
 */
#ifndef WI_API_HTTP_STEP_H
#define WI_API_HTTP_STEP_H

#include "api/http/request.h"

typedef void wi_step_free_fn(void *work); /* may be NULL, as may the work */

/* --- steps of one kind ------------------------------------------------------------------------ */

/* Finds the model `name`, perhaps at once; `found` borrows it for its call. If there is none, the
 * request is answered with the reason, and `work` is freed. */
typedef void wi_step_model_fn(struct wi_request *request, void *work, struct wi_model *model);
void wi_request_find_model(struct wi_request *request, const char *name, wi_step_model_fn *found,
    void *work, wi_step_free_fn *free_work);
/* The same, but if there is none, `missing` is called with the reason, and owns the work. */
typedef void wi_step_missing_fn(
    struct wi_request *request, void *work, const struct wi_error *failure);
void wi_request_look_for_model(struct wi_request *request, const char *name,
    wi_step_model_fn *found, wi_step_missing_fn *missing, void *work, wi_step_free_fn *free_work);

/* Waits until the list of the store's folder is fresh, which wi_repository_list then returns, and
 * goes on in the client's turn, since hundreds of requests may have waited for the same list. */
typedef void wi_step_fn(struct wi_request *request, void *work);
void wi_request_list(
    struct wi_request *request, wi_step_fn *done, void *work, wi_step_free_fn *free_work);

/* Calls `run(work)`, which takes long, on a thread: it may use nothing else. */
void wi_request_compute(struct wi_request *request, wi_work_fn *run, wi_step_fn *done, void *work,
    wi_step_free_fn *free_work);

/* --- any other that ends by itself ------------------------------------------------------------ */

/* The request waits for work that cannot be stopped, and that calls wi_step_end(step) once at its
 * end, on the loop: `done` gets the result. */
struct wi_step;
typedef void wi_step_end_fn(struct wi_request *request, void *work, const struct wi_error *failure);
struct wi_step *wi_request_step(
    struct wi_request *request, wi_step_end_fn *done, void *work, wi_step_free_fn *free_work);
/* A wi_db_done_fn. */
void wi_step_end(void *step, const struct wi_error *failure);

#endif
