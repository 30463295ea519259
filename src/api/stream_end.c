/* How a stream's last event is made of its job's answer: see stream_private.h. */
#include "api/infer.h"
#include "api/stream_private.h"

#include "base/memory.h"
#include "job/outcome.h"
#include <stdlib.h>

/* Owned by the printing thread while that runs. */
struct wi_api_stream_ending {
    struct wi_api_stream *stream; /* NULL once it is gone */
    struct wi_budget *budget;
    struct wi_queued_work *work;
    struct wi_printing *printing;
};

static void free_ending(struct wi_api_stream_ending *ending)
{
    wi_budget_give(ending->budget, ending->printing->needs);
    wi_printing_free(ending->printing);
    free(ending);
}

static void print_off_loop(void *data)
{
    struct wi_api_stream_ending *ending = data;
    wi_printing_run(ending->printing);
}

static void on_printed(void *data, int cancelled)
{
    struct wi_api_stream_ending *ending = data;
    struct wi_api_stream *stream = ending->stream;
    if (!cancelled && stream) {
        stream->ending = NULL;
        wi_api_stream_finish(stream, &ending->printing->text);
    }
    free_ending(ending);
}

void wi_api_stream_leave_end(struct wi_api_stream_ending *ending)
{
    if (!ending)
        return;
    ending->stream = NULL;
    wi_queued_work_abandon(ending->work);
}

static void print_beside(struct wi_api_stream *stream, struct wi_printing *printing)
{
    struct wi_api *api = stream->streams->api;
    struct wi_api_stream_ending *ending = wi_alloc(sizeof *ending);
    ending->stream = stream;
    ending->budget = api->deps.budget;
    ending->printing = printing;
    ending->work = wi_work_queue_start(api->heavy, 0, print_off_loop, on_printed, ending);
    stream->ending = ending;
}

void wi_api_stream_print_end(
    struct wi_api_stream *stream, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    struct wi_api *api = stream->streams->api;
    struct wi_error error;
    struct wi_outcome outcome;
    wi_job_outcome(&outcome, spec, result, wi_bridge_node(api->deps.bridge, result->node));
    wi_infer_count(api, &outcome);
    struct wi_printing *printing = stream->dialect->stream_done(&stream->infer, &outcome, &error);
    if (printing && wi_budget_take(api->deps.budget, printing->needs) != 0) {
        wi_printing_free(printing);
        printing = NULL;
        wi_error_set(&error, WI_MEMORY_BUDGET, NULL,
            "There is no memory to write the end of this stream as JSON; ask for binary, without "
            "a stream.");
    }
    if (!printing) {
        wi_api_stream_fail(stream, &error);
        return;
    }
    if (stream->request)
        wi_api_stream_open(stream, stream->request);
    if (printing->json_bytes > WI_INLINE_PRINT_MAX) {
        print_beside(stream, printing);
        return;
    }
    wi_printing_run(printing);
    wi_api_stream_finish(stream, &printing->text);
    wi_budget_give(api->deps.budget, printing->needs);
    wi_printing_free(printing);
}
