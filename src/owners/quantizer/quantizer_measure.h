/*
 * Measures how much a variant in fewer bits differs from its source. Both are given the same inputs
 * (owners/quantizer/quantizer_inputs.h), in a browser of ours, as shadow runs (work/run/run.h), and
 * the outputs of their graphs are compared. First WI_MEASURE_INPUTS inputs run on WASM, wherever
 * there is room; their result decides whether the variant is published. Then, within 20 seconds,
 * fewer inputs run at each other place (a platform of a kind of browser) that is idle. Those
 * results are only shown, and a place that fails is left out.
 */
#ifndef WI_OWNERS_QUANTIZER_QUANTIZER_MEASURE_H
#define WI_OWNERS_QUANTIZER_QUANTIZER_MEASURE_H

#include "nodes/bridge/bridge.h"
#include "work/run/run.h"

#define WI_MEASURE_INPUTS 32
#define WI_MEASURE_PLACE_INPUTS 4
#define WI_MEASURE_PLACES_MAX 8

/* The end, which comes once, with either `figures` or `error`. `figures` is borrowed:
 *
 *   { "inputs", "samples", "cosine": {"median", "p5", "least"}, "largest_error",
 *     "source_files": "one" | "external",
 *     "places": [{"browser", "browser_version", "platform", "inputs", "cosine", "largest_error",
 *                 "run_ms", "source_run_ms", "memory_bytes"?, "source_memory_bytes"?}] }
 *
 * Each cosine is taken over all numbers that the graphs output for an input. The error is the
 * largest error of one number, as a fraction of the largest number that the source outputs for that
 * input. `samples` is how many of the inputs were the model's own samples. The first place is the
 * one with WI_MEASURE_INPUTS. */
typedef void wi_measure_fn(void *context, const json_t *figures, const struct wi_error *error);
typedef void wi_measure_step_fn(void *context, unsigned done); /* of WI_MEASURE_INPUTS */

struct wi_measure_order {
    const struct wi_run_deps *runs; /* borrowed, as `bridge` is */
    const struct wi_bridge *bridge; /* tells the memory that models take in pages */
    struct wi_model *source, *made; /* references are taken */
    unsigned platforms;             /* bits 1 << wi_platform of those that run these graphs */
    wi_measure_step_fn *on_step;
    wi_measure_fn *on_done;
    void *context;
};
struct wi_measure;
/* Never calls back from inside. */
struct wi_measure *wi_measure_begin(const struct wi_measure_order *order);
void wi_measure_drop(struct wi_measure *measure); /* no callback comes; NULL is fine */

#endif
