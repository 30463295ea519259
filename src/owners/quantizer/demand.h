/*
 * Makes missing variants for requests while [models] quantize_on_demand is set: one of the
 * precision that the request names, or the next with fewer bits if there was no memory. Such a
 * variant is made like any other, so it is bounded by WI_QUANTIZER_MAX and published only if its
 * measurements are good. A request that arrives while another variant of its model is being made
 * waits for that one first.
 */
#ifndef WI_OWNERS_QUANTIZER_DEMAND_H
#define WI_OWNERS_QUANTIZER_DEMAND_H

#include "owners/quantizer/quantizer.h"

/* A failed variant is not begun again for this long, however many requests want it. */
#define WI_DEMAND_PATIENCE_MS 600000.0

/* `quantizer` must outlive it. */
struct wi_run_maker wi_demand_maker(struct wi_quantizer *quantizer);

#endif
