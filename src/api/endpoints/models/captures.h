/*
 * What is known of graph capture on WebGPU, by model: what onnxruntime said when a page tried it,
 * as in a profile (webinfer-compute(7)), else what the engine's tables foretell.
 */
#ifndef WI_API_ENDPOINTS_MODELS_CAPTURES_H
#define WI_API_ENDPOINTS_MODELS_CAPTURES_H

#include "terms/format/model.h"
#include "work/run/run.h"
#include <jansson.h>

/* The most models whose trials are remembered; the one noted first is forgotten. */
#define WI_CAPTURES_MAX 1024

/* Zero-initialise; free with wi_captures_clear. */
struct wi_captures {
    struct wi_capture_tried *_tried; /* by hash, the one noted first is the first */
};
void wi_captures_clear(struct wi_captures *captures);

/* Whether a run of `asked` may have a trial. */
int wi_captures_may_note(const struct wi_inference *asked);
/* Notes the trial of a run that has ended, if it had one, and if a browser of ours made it: a node
 * that has joined may say anything. */
void wi_captures_note(struct wi_captures *captures, const struct wi_run_ending *ending);
/* GraphCapture in webinfer-models(7), a new reference; NULL for a model that is no ONNX file, or of
 * which nothing is known. */
json_t *wi_captures_json(const struct wi_captures *captures, const struct wi_model *model);

#endif
