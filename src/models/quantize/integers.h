/* Writes the new model for a plan of 4 or 8 bits. */
#ifndef WI_MODELS_QUANTIZE_INTEGERS_H
#define WI_MODELS_QUANTIZE_INTEGERS_H

#include "models/quantize/output.h"

/* Adds the whole model to `message`, and writes the bytes of its tensors to their place. 0, or -1
 * with the problem of the plan or of the source set, or with `why` of `output`. */
int wi_integers_put(struct wi_quantize_output *output, struct wi_buffer *message);

#endif
