/*
 * How much a variant in fewer bits differs from what it was made of: the same inputs are asked of
 * both, in a browser of ours and on WASM, as shadow runs (run/run.h), and what the graphs put out
 * is compared. The inputs are a task's of ours (wire/probe.h), or, of a model that is asked with
 * tensors, drawn by a seed as its graph says; another for each, and the same at each measuring.
 */
#ifndef WI_QUANTIZER_MEASURE_H
#define WI_QUANTIZER_MEASURE_H

#include "bridge/bridge.h"
#include "run/run.h"

#define WI_MEASURE_INPUTS 32

/* Ends once; either is given. `figures` is borrowed:
 *
 *   { "inputs", "cosine": {"median", "p5", "least"}, "largest_error",
 *     "places": [{"browser", "browser_version", "platform", "run_ms", "source_run_ms",
 *                 "memory_bytes"?, "source_memory_bytes"?}] }
 *
 * Cosines are between all numbers that the graphs put out for an input; the error is the largest
 * of one number, as a share of the largest number that the source puts out for that input. */
typedef void wi_measure_fn(void *context, const json_t *figures, const struct wi_error *error);
typedef void wi_measure_step_fn(void *context, unsigned done);

struct wi_measure_order {
    const struct wi_run_deps *runs; /* borrowed, as the next */
    const struct wi_bridge *bridge; /* says what models take in pages */
    struct wi_model *source, *made; /* references are taken */
    wi_measure_step_fn *on_step;    /* after each input */
    wi_measure_fn *on_done;
    void *context;
};
struct wi_measure;
/* Never calls back from inside. */
struct wi_measure *wi_measure_begin(const struct wi_measure_order *order);
void wi_measure_drop(struct wi_measure *measure); /* no callback comes; NULL is fine */

#endif
