/*
 * How much a variant in fewer bits differs from what it was made of: the same inputs
 * (owners/quantizer/inputs.h) are asked of both, in a browser of ours, as shadow runs
 * (work/run/run.h), and what the graphs put out is compared. First WI_MEASURE_INPUTS on WASM,
 * wherever it finds room: what decides whether the variant is published. Then, within 20 seconds,
 * fewer at each other place, a platform of a kind of browser, that is idle then: what they tell is
 * shown, and a place that fails is left out.
 */
#ifndef WI_OWNERS_QUANTIZER_MEASURE_H
#define WI_OWNERS_QUANTIZER_MEASURE_H

#include "nodes/bridge/bridge.h"
#include "work/run/run.h"

#define WI_MEASURE_INPUTS 32
#define WI_MEASURE_PLACE_INPUTS 4
#define WI_MEASURE_PLACES_MAX 8

/* Ends once; either is given. `figures` is borrowed:
 *
 *   { "inputs", "samples", "cosine": {"median", "p5", "least"}, "largest_error",
 *     "source_files": "one" | "external",
 *     "places": [{"browser", "browser_version", "platform", "inputs", "cosine", "largest_error",
 *                 "run_ms", "source_run_ms", "memory_bytes"?, "source_memory_bytes"?}] }
 *
 * Cosines are between all numbers that the graphs put out for an input; the error is the largest
 * of one number, as a share of the largest number that the source puts out for that input. Of the
 * inputs so many were the model's own samples. The first place is that of WI_MEASURE_INPUTS. */
typedef void wi_measure_fn(void *context, const json_t *figures, const struct wi_error *error);
typedef void wi_measure_step_fn(void *context, unsigned done); /* of WI_MEASURE_INPUTS */

struct wi_measure_order {
    const struct wi_run_deps *runs; /* borrowed, as the next */
    const struct wi_bridge *bridge; /* says what models take in pages */
    struct wi_model *source, *made; /* references are taken */
    unsigned platforms;             /* bits 1 << wi_platform, that run these graphs */
    wi_measure_step_fn *on_step;
    wi_measure_fn *on_done;
    void *context;
};
struct wi_measure;
/* Never calls back from inside. */
struct wi_measure *wi_measure_begin(const struct wi_measure_order *order);
void wi_measure_drop(struct wi_measure *measure); /* no callback comes; NULL is fine */

#endif
