/*
 * The last hour of the clients' inferences in steps of 10 s, of all together and per model and
 * place, in memory. Nothing of what was asked or answered is kept but counts, names of models and
 * names of places.
 *
 * Time comes in with each call: `now_ms` is wi_now_ms(), and steps are counted by it from the
 * history's beginning, whatever happens to the wall clock. That one labels them when they are
 * printed: a label is the wall clock's time less the step's age. The difference of the two clocks
 * is measured anew where it has changed by more than WI_HISTORY_JUMP_MS, so that a step has the
 * same label each time, and all labels move together when the clock was set.
 *
 * The WI_HISTORY_SERIES most used of models times places are kept apart. When one more comes, the
 * one with the fewest requests within the hour is added to the others, with all its history, and
 * is known no more; one that had none is forgotten.
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

/* A request that has ended. Borrowed. */
struct wi_history_request {
    const char *model;
    const char *browser, *platform; /* `browser` NULL: it ran nowhere */
    int failed;                     /* then nothing below is looked at */
    double total_s, queue_s;
    double prompt, generated; /* tokens; what is no number of them counts as none */
};
/* Counts it in the step of `now_ms`. What is given back stands for its series: see below. */
uint64_t wi_history_add(
    struct wi_history *history, double now_ms, const struct wi_history_request *request);
/* Bytes that came and went for a request that was added, now. `series` is what wi_history_add gave,
 * however long ago: what is not known any more is among the others. */
void wi_history_add_bytes(struct wi_history *history, double now_ms, uint64_t series,
    uint64_t bytes_in, uint64_t bytes_out);

struct wi_history_load {
    uint32_t running, waiting;
};
/* The step before that of `now_ms` has ended with this load. Nothing happens where that is known
 * already, so that it does not matter when or how often it is said; a step whose end nobody saw has
 * no load. */
void wi_history_end_step(
    struct wi_history *history, double now_ms, const struct wi_history_load *load);
/* Until the present step ends: above 0. */
double wi_history_left_ms(const struct wi_history *history, double now_ms);

struct wi_history_query {
    unsigned coarse;           /* steps that are told as one: 1 or 6 */
    const char *model, *place; /* NULL: any; "chrome/wasm" */
};
/* Appends the document of GET /v1/history. Its last step is the present one, whose load is `load`.
 */
void wi_history_print(struct wi_history *history, double now_ms, int64_t wall_ms,
    const struct wi_history_query *query, const struct wi_history_load *load,
    struct wi_buffer *out);

/* In milliseconds; -1: there is no time in it. Public for tests. */
double wi_history_quantile_ms(const uint32_t buckets[WI_HISTORY_BUCKETS], double quantile);

#endif
