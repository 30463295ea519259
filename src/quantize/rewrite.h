/* The new model of a plan: its graphs, with other nodes where their weights are others. */
#ifndef WI_QUANTIZE_REWRITE_H
#define WI_QUANTIZE_REWRITE_H

#include "quantize/output.h"
#include "quantize/plan.h"

/* Adds the whole model to `message`, and the bytes of its tensors to where they go. 0, or -1 with
 * `problem`, with the source's `problem` set, or with `why` of `output`. */
int wi_rewrite(struct wi_output *output, struct wi_plan *plan, struct wi_buffer *message,
    struct wi_quantize_problem *problem);

#endif
