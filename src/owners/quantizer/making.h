/*
 * The steps that make one variant in fewer bits: from a model's fp32 files to a variant that
 * look-ups find.
 *
 *   look → room → stage → webinfer-quantize, graph by graph → read → measure → look again → publish
 *
 * If it is ended at any step, at most a staging folder is left, which is removed.
 */
#ifndef WI_OWNERS_QUANTIZER_MAKING_H
#define WI_OWNERS_QUANTIZER_MAKING_H

#include "owners/quantizer/quantizer.h"

struct wi_making;
/* `ended`: it is done or has failed, and may be freed inside the callback. */
typedef void wi_making_fn(void *context, int ended);
/* `deps` is borrowed; `model` is of any variant, and a reference is taken. Never calls back from
 * inside. */
struct wi_making *wi_making_new(const struct wi_quantizer_deps *deps, struct wi_model *model,
    const struct wi_quantizer_want *want, wi_making_fn *on_change, void *context);
/* Ends it with that error: on_change comes inside this call, or once its program has ended. */
void wi_making_cancel(struct wi_making *making, const struct wi_error *why);
/* Drops its staged files; its program must not be running. No callback comes. NULL is fine. */
void wi_making_free(struct wi_making *making);

struct wi_making_info wi_making_info(const struct wi_making *making);

#endif
