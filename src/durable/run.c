/*
 * One run of a stored job, from the bytes of its body to an answer that is to be printed. What the
 * run takes of the memory budget is the entry's. How runs end is in end.c.
 */
#include "durable/private.h"

#include "base/clock.h"
#include "base/memory.h"

static int charge(void *context, uint64_t bytes)
{
    struct wi_durable_entry *entry = context;
    return wi_budget_exchange(entry->durable->deps.runs.budget, &entry->charged, bytes);
}

/* What the row says of its request: its deadline, and what it is called. */
static enum wi_code on_begin(void *context, struct wi_infer *infer, struct wi_error *error)
{
    const struct wi_durable_entry *entry = context;
    const struct wi_row *row = &entry->row;
    (void)error;
    infer->has_timeout = 1;
    infer->asked->timeout_ms = (double)(row->deadline_at - row->accepted_at);
    if (!infer->asked->client_id)
        infer->asked->client_id = wi_strdup(row->id);
    return WI_OK;
}

/* The row's times are those of the wall clock, which may have been set back; a job's are monotonic.
 */
static double accepted_at(const struct wi_row *row)
{
    double age = (double)(wi_wall_ms() - row->accepted_at);
    return wi_now_ms() - (age > 0 ? age : 0);
}

uint64_t wi_durable_run_needs(const struct wi_row *row)
{
    return row->body_size + row->cost;
}

int wi_durable_run(struct wi_durable_entry *entry)
{
    struct wi_durable *durable = entry->durable;
    struct wi_row *row = &entry->row;
    const struct wi_run_owner owner = {.context = entry,
        .charge = charge,
        .on_begin = on_begin,
        .on_done = wi_durable_on_run_done};
    const struct wi_run_request request = {.kind = WI_RUN_STORED,
        .dialect = wi_dialect_find(row->dialect),
        .body = row->bytes,
        .json_size = row->json_size,
        .parse_cost = row->cost,
        .lenient = 1, /* it was held against the settings of its time when it came */
        .client = row->client,
        .accepted_at = accepted_at(row),
        .earlier = row->attempts};
    if (wi_blob_charge(row->bytes, durable->deps.runs.budget) != 0)
        return -1;
    row->bytes = NULL;
    entry->run = wi_run_new(&durable->deps.runs, &request, &owner);
    wi_run_begin(entry->run);
    return 0;
}
