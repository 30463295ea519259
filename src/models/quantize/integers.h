/* Writes the new model for a plan of 4 or 8 bits. */
#ifndef WI_MODELS_QUANTIZE_INTEGERS_H
#define WI_MODELS_QUANTIZE_INTEGERS_H

#include "models/quantize/output.h"
#include "models/quantize/plan.h"

/* Adds the whole model to `message`, and writes the bytes of its tensors to their place. 0, or -1
 * with `problem`, with the source's `problem` set, or with `why` of `output`. */
int wi_integers_put(struct wi_quantize_output *output, struct wi_quantize_plan *plan,
    struct wi_buffer *message, struct wi_quantize_problem *problem);

#endif
