/* Steps of requests, see step.h. */
#include "api/http/step.h"

#include "api/http/waiting.h"

#include "base/memory.h"
#include <stdlib.h>

struct wi_step {
    struct wi_request *request; /* NULL once it is gone */
    void *work;
    wi_step_free_fn *free_work;
    wi_step_end_fn *ended;
    wi_step_model_fn *found;
    wi_step_missing_fn *missing; /* NULL: the request is answered with why */
    wi_step_fn *computed;
    wi_work_fn *run;
    struct wi_repository_lookup *lookup;
    struct wi_listing_wait *listing;
    struct wi_queued_work *computing;
};

static struct wi_step *new_step(struct wi_request *request, void *work, wi_step_free_fn *free_work)
{
    struct wi_step *step = wi_alloc(sizeof *step);
    step->request = request;
    step->work = work;
    step->free_work = free_work;
    return step;
}

static void step_drop(struct wi_step *step)
{
    if (step->free_work)
        step->free_work(step->work);
    free(step);
}

/* The step is over: its request waits for nothing then, and the work is the caller's. */
static void *close_step(struct wi_step *step)
{
    void *work = step->work;
    step->request->cancel = NULL;
    step->request->work = NULL;
    free(step);
    return work;
}

/* --- what ends by itself --------------------------------------------------------------------- */

static void step_leave(void *data)
{
    struct wi_step *step = data;
    step->request = NULL;
}

struct wi_step *wi_request_step(
    struct wi_request *request, wi_step_end_fn *done, void *work, wi_step_free_fn *free_work)
{
    struct wi_step *step = new_step(request, work, free_work);
    step->ended = done;
    wi_request_wait(request, step_leave, step);
    return step;
}

void wi_step_end(void *data, const struct wi_error *failure)
{
    struct wi_step *step = data;
    struct wi_request *request = step->request;
    wi_step_end_fn *ended = step->ended;
    if (!request) {
        step_drop(step);
        return;
    }
    wi_request_begin_spending(request);
    ended(request, close_step(step), failure);
    wi_request_end_spending(request);
}

/* --- models ---------------------------------------------------------------------------------- */

static void stop_lookup(void *data)
{
    struct wi_step *step = data;
    wi_repository_cancel(step->lookup);
    step_drop(step);
}

static void on_model(void *context, struct wi_model *model, const struct wi_error *failure)
{
    struct wi_step *step = context;
    struct wi_request *request = step->request;
    wi_step_model_fn *found = step->found;
    wi_step_missing_fn *missing = step->missing;
    wi_request_begin_spending(request);
    if (model) {
        found(request, close_step(step), model);
    } else if (missing) {
        missing(request, close_step(step), failure);
    } else {
        wi_request_answer_error(request, failure);
        step_drop(step);
    }
    wi_request_end_spending(request);
}

void wi_request_look_for_model(struct wi_request *request, const char *name,
    wi_step_model_fn *found, wi_step_missing_fn *missing, void *work, wi_step_free_fn *free_work)
{
    struct wi_step *step = new_step(request, work, free_work);
    step->found = found;
    step->missing = missing;
    struct wi_repository_lookup *lookup =
        wi_repository_find(request->api->deps.repository, name, on_model, step);
    if (!lookup)
        return; /* on_model was called, and the step is gone */
    step->lookup = lookup;
    wi_request_wait(request, stop_lookup, step);
}

void wi_request_find_model(struct wi_request *request, const char *name, wi_step_model_fn *found,
    void *work, wi_step_free_fn *free_work)
{
    wi_request_look_for_model(request, name, found, NULL, work, free_work);
}

/* --- the list of the store -------------------------------------------------------------------- */

static void stop_listing(void *data)
{
    struct wi_step *step = data;
    wi_listing_cancel(step->listing);
    step_drop(step);
}

static void drop_listed(void *data)
{
    step_drop(data);
}

static void go_on_listed(struct wi_request *request, void *data)
{
    struct wi_step *step = data;
    wi_step_fn *listed = step->computed;
    listed(request, close_step(step));
}

static void on_list(void *context, const struct wi_list *list)
{
    struct wi_step *step = context;
    (void)list; /* is looked at once it goes on */
    wi_request_go_on(step->request, go_on_listed, drop_listed, step);
}

void wi_request_list(
    struct wi_request *request, wi_step_fn *done, void *work, wi_step_free_fn *free_work)
{
    struct wi_step *step = new_step(request, work, free_work);
    step->computed = done;
    struct wi_listing_wait *listing =
        wi_repository_fresh(request->api->deps.repository, on_list, step);
    if (!listing)
        return; /* on_list was called, and the step is gone */
    step->listing = listing;
    wi_request_wait(request, stop_listing, step);
}

/* --- on a thread ----------------------------------------------------------------------------- */

static void stop_computing(void *data)
{
    struct wi_step *step = data;
    step->request = NULL;
    wi_queued_work_abandon(step->computing); /* on_computed follows */
}

static void step_compute(void *data)
{
    struct wi_step *step = data;
    step->run(step->work);
}

static void on_computed(void *data, int cancelled)
{
    struct wi_step *step = data;
    struct wi_request *request = step->request;
    wi_step_fn *computed = step->computed;
    (void)cancelled; /* only where the request has gone */
    if (!request) {
        step_drop(step);
        return;
    }
    wi_request_begin_spending(request);
    computed(request, close_step(step));
    wi_request_end_spending(request);
}

void wi_request_compute(struct wi_request *request, wi_work_fn *run, wi_step_fn *done, void *work,
    wi_step_free_fn *free_work)
{
    struct wi_step *step = new_step(request, work, free_work);
    step->run = run;
    step->computed = done;
    wi_request_wait(request, stop_computing, step);
    step->computing = wi_work_queue_start(request->api->heavy, 0, step_compute, on_computed, step);
}
