/*
 * GET /v1/history: the last hour from the history, and the timer that ends its steps, since the
 * load is known only at the moment.
 */
#include "api/endpoints/watch/history_page.h"

#include "api/endpoints/endpoints.h"
#include "api/endpoints/openapi.h"
#include "api/http/query.h"
#include "base/clock.h"
#include "base/params.h"
#include <math.h>
#include <stddef.h>

/* As of struct wi_history, in the order of `step_names`. */
static const unsigned coarse[] = {1, 6};
static const char *const step_names[] = {"10s", "60s", NULL};

struct query {
    int step;
    const char *model, *place;
};

#define PLACE_MAX 64
const struct wi_param wi_history_params[] = {
    WI_PARAM(
        query, step, ENUM, .names = step_names, .help = "The length of a step; 10s by default."),
    WI_PARAM(query, model, STRING, .min = 1, .max = WI_MODEL_NAME_MAX,
        .help = "Only requests to that model."),
    WI_PARAM(query, place, STRING, .min = 1, .max = PLACE_MAX,
        .help = "Only this browser and platform, such as chrome/wasm."),
    WI_PARAM_END,
};

static struct wi_history_load load_of(const struct wi_api *api)
{
    struct wi_job_counters jobs;
    wi_jobs_counters(api->deps.jobs, &jobs);
    return (struct wi_history_load){(uint32_t)jobs.running, (uint32_t)jobs.waiting};
}

/* --- steps ----------------------------------------------------------------------------------- */

/* Not before the step has ended, whatever the loop's clock rounds. */
static void wait_for_end(const struct wi_api *api, struct wi_timer *timer)
{
    wi_timer_start(timer, (uint64_t)ceil(wi_history_left_ms(api->history, wi_now_ms())) + 1, 0);
}

static void on_time(void *context)
{
    const struct wi_api *api = context;
    const struct wi_history_load load = load_of(api);
    wi_history_end_step(api->history, wi_now_ms(), &load);
    wait_for_end(api, api->endpoints->steps);
}

struct wi_timer *wi_history_timer_new(struct wi_api *api)
{
    struct wi_timer *timer = wi_timer_new(api->deps.loop, on_time, api);
    wait_for_end(api, timer);
    return timer;
}

/* --- the request ----------------------------------------------------------------------------- */

/* The printed text may stay in memory for as long as its client reads it. */
static void history_answer(struct wi_request *request, struct wi_buffer *text)
{
    if (wi_request_reserve(request, text->size) == 0) {
        wi_request_answer_text(request, 200, "application/json", text);
        return;
    }
    wi_request_answer_refusal(request, WI_MEMORY_BUDGET, NULL,
        "there is no memory for these %zu bytes now; ask for step=60s or for one model",
        text->size);
    wi_buffer_clear(text);
}

void wi_handle_history(struct wi_request *request)
{
    const struct wi_api *api = request->api;
    const struct wi_history_load load = load_of(api);
    struct query query = {0};
    struct wi_buffer out = {0};
    json_t *arguments = wi_request_read_query(request, wi_history_params, WI_PARAMS_STRICT, &query);
    if (!arguments)
        return;
    const struct wi_history_query asked = {coarse[query.step], query.model, query.place};
    wi_history_print(api->history, wi_now_ms(), wi_wall_ms(), &asked, &load, &out);
    history_answer(request, &out);
    json_decref(arguments);
}
