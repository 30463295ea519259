/*
 * The last hour of the clients' inferences in steps of 10 s, for all together and per model and
 * place, in memory. Nothing of requests and answers is kept except counts, names of models and
 * names of places.
 *
 * Each call passes the time: `now_ms` is wi_now_ms(), and steps are counted by it from the
 * history's beginning, whatever happens to the wall clock. The wall clock labels the steps when
 * they are printed: a label is the wall clock's time less the step's age. The difference of the two
 * clocks is measured again only when it has changed by more than WI_HISTORY_JUMP_MS, so that a step
 * has the same label each time, and all labels move together when the clock was set.
 *
 * The WI_HISTORY_SERIES most used pairs of a model and a place have a series each. When one more
 * comes, the series with the fewest requests within the hour is added, with all its history, to the
 * series of the others, and ends; a series without requests is forgotten.
 *
 * Times are kept as the buckets of metrics.h. A quantile q of n times is, as PromQL's
 * histogram_quantile() has it (https://prometheus.io/docs/prometheus/latest/querying/functions/),
 *   lower + (upper - lower) × (q × n - before) / inside
 * of the first bucket up to which q × n times are, with `before` times in those below it and
 * `inside` in it; the lowest bucket begins at 0. Beyond the last bound it is that bound, 60 s.
 *
 * Memory, allocated once and never more:
 *   a step of a series   8 + 2 × 15 × 4 + 8 + 16          =       152 bytes
 *   a series             360 × 152 and about 500 of names =    55,200
 *   all                  34 × 55,200 and 360 × 8          = 1,880,000, below WI_HISTORY_BYTES
 * An answer takes at most about as much again while it is sent.
 */
#ifndef WI_API_HTTP_HISTORY_H
#define WI_API_HTTP_HISTORY_H

#include "api/http/metrics.h"
#include "base/buffer.h"
#include <stddef.h>
#include <stdint.h>

#define WI_HISTORY_STEP_MS 10000
#define WI_HISTORY_STEPS 360
#define WI_HISTORY_SERIES 32
#define WI_HISTORY_BYTES ((size_t)2 * 1024 * 1024)
#define WI_HISTORY_JUMP_MS 1000
/* Those of a histogram and one beyond its last bound. */
#define WI_HISTORY_BUCKETS (WI_HISTOGRAM_BUCKETS + 1)

struct wi_history;
struct wi_history *wi_history_new(double now_ms);
void wi_history_free(struct wi_history *history); /* NULL is fine */

/* A request that has ended; borrowed. */
struct wi_history_request {
    const char *model;
    const char *browser, *platform; /* `browser` NULL: it ran nowhere */
    int failed;                     /* then the members below are not read */
    double total_s, queue_s;
    double prompt, generated; /* tokens; a value that is no valid number counts as none */
};
/* Counts the request in the step of `now_ms`. Returns the id of its series, for
 * wi_history_add_bytes. */
uint64_t wi_history_add(
    struct wi_history *history, double now_ms, const struct wi_history_request *request);
/* Counts, now, bytes that came and went for a request that was added. `series` is from
 * wi_history_add, however long ago: the bytes of a series that has ended count for the others. */
void wi_history_add_bytes(struct wi_history *history, double now_ms, uint64_t series,
    uint64_t bytes_in, uint64_t bytes_out);

struct wi_history_load {
    uint32_t running, waiting;
};
/* Notes the load at the end of the step before that of `now_ms`. A load that is known already
 * stays, so it does not matter when in a step, or how often, this is called. A step without such a
 * call has no load. */
void wi_history_end_step(
    struct wi_history *history, double now_ms, const struct wi_history_load *load);
/* The time until the present step ends: above 0. */
double wi_history_left_ms(const struct wi_history *history, double now_ms);

struct wi_history_query {
    unsigned coarse;           /* steps that are shown as one: 1 or 6 */
    const char *model, *place; /* NULL: any; "chrome/wasm" */
};
/* Appends the document of GET /v1/history. Its last step is the present one, whose load is `load`.
 */
void wi_history_print(struct wi_history *history, double now_ms, int64_t wall_ms,
    const struct wi_history_query *query, const struct wi_history_load *load,
    struct wi_buffer *out);

/* In milliseconds; -1: the buckets are empty. Public for tests. */
double wi_history_quantile_ms(const uint32_t buckets[WI_HISTORY_BUCKETS], double quantile);

#endif
