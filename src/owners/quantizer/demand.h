/*
 * Variants that requests want and that are not there, made while [models] quantize_on_demand is
 * set: of a precision that was named, or the next with fewer bits where there was no memory. What
 * is made goes the way of every making, so that it is bounded by WI_QUANTIZER_MAX, and published
 * only if it measures well. A request that comes while another variant of its model is made waits
 * for that one first.
 */
#ifndef WI_OWNERS_QUANTIZER_DEMAND_H
#define WI_OWNERS_QUANTIZER_DEMAND_H

#include "owners/quantizer/quantizer.h"

/* What has failed is not begun again for so long, however many ask. */
#define WI_DEMAND_PATIENCE_MS 600000.0

/* `quantizer` must outlive it. */
struct wi_run_maker wi_demand_maker(struct wi_quantizer *quantizer);

#endif
