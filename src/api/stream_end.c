/* Printing a stream's last event; see stream_end.h. */
#include "api/stream_end.h"

#include "api/infer.h"
#include "base/memory.h"
#include <stdlib.h>

/* Owned by the printing thread while that runs. */
struct wi_stream_end {
    struct wi_budget *budget;
    struct wi_queued_work *work;
    struct wi_printing *printing;
    wi_stream_end_fn *done; /* NULL: nobody wants it any more */
    void *context;
};

static void free_end(struct wi_stream_end *end)
{
    wi_budget_give(end->budget, end->printing->needs);
    wi_printing_free(end->printing);
    free(end);
}

static void print_off_loop(void *data)
{
    struct wi_stream_end *end = data;
    wi_printing_run(end->printing);
}

static void on_printed(void *data, int cancelled)
{
    struct wi_stream_end *end = data;
    if (!cancelled && end->done)
        end->done(end->context, &end->printing->text);
    free_end(end);
}

struct wi_stream_end *wi_stream_end_print(struct wi_work_queue *heavy, struct wi_budget *budget,
    struct wi_printing *printing, wi_stream_end_fn *done, void *context)
{
    struct wi_stream_end *end = wi_alloc(sizeof *end);
    end->budget = budget;
    end->printing = printing;
    end->done = done;
    end->context = context;
    if (printing->json_bytes > WI_INLINE_PRINT_MAX) {
        end->work = wi_work_queue_start(heavy, 0, print_off_loop, on_printed, end);
        return end;
    }
    print_off_loop(end);
    on_printed(end, 0);
    return NULL;
}

void wi_stream_end_abandon(struct wi_stream_end *end)
{
    if (!end)
        return;
    end->done = NULL;
    wi_queued_work_abandon(end->work);
}
