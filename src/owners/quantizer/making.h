/*
 * The steps of one making: a model's variant in fewer bits, from its fp32 files to a variant that
 * look-ups find.
 *
 *   look → room → stage → webinfer-quantize, graph by graph → read → measure → look again → publish
 *
 * Whoever ends it at any step leaves a staging folder at most, which goes.
 */
#ifndef WI_OWNERS_QUANTIZER_MAKING_H
#define WI_OWNERS_QUANTIZER_MAKING_H

#include "owners/quantizer/quantizer.h"

/* How each number of bits is called and made. */
struct wi_making_kind {
    int bits;
    const char *variant;
    double least_cosine; /* median; worse only by force */
    double size;         /* of the weights' bytes, about as much as each form takes */
    unsigned forms;      /* 2: WebGPU has graphs of its own */
};
/* NULL for other numbers. */
const struct wi_making_kind *wi_making_kind(int bits);

struct wi_making;
/* `ended`: it is done or has failed, and may be freed from inside. */
typedef void wi_making_fn(void *context, int ended);
/* `model` is of any variant; a reference is taken. Never calls back from inside. */
struct wi_making *wi_making_new(const struct wi_quantizer_deps *deps,
    const struct wi_run_deps *runs, struct wi_model *model, const struct wi_quantizer_want *want,
    wi_making_fn *on_change, void *context);
/* Ends it with that error: on_change comes from inside, or once its program has ended. */
void wi_making_cancel(struct wi_making *making, const struct wi_error *why);
/* Whether its program is there: then it is not to be freed. */
int wi_making_is_running(const struct wi_making *making);
/* What it has staged is dropped. No callback comes. NULL is fine. */
void wi_making_free(struct wi_making *making);

void wi_making_info(const struct wi_making *making, struct wi_making_info *info);
const char *wi_making_id(const struct wi_making *making);   /* of its staging folder */
uint64_t wi_making_pending(const struct wi_making *making); /* bytes that are yet to be written */
int wi_making_same(const struct wi_making *making, const struct wi_quantizer_want *want);

#endif
