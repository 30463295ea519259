/*
 * The models whose requests run apart although batching is on, and those whose rows have shown to
 * be independent of each other. The log says why requests are not combined, once for each model and
 * reason.
 */
#ifndef WI_WORK_JOB_APART_H
#define WI_WORK_JOB_APART_H

#include "terms/format/model.h"

/* The most models that are remembered; the one noted first is forgotten. */
#define WI_APART_MAX 1024

enum wi_apart_reason {
    WI_APART_MODEL, /* it cannot be batched: wi_batch_obstacle */
    WI_APART_ROWS,  /* its outputs had other rows than the inputs of a batch */
    WI_APART_MIXED, /* its answers in a batch differed from those alone */
    WI_APART_SLOW,  /* a batch took as long as its requests take alone, at one place */
    WI_APART_REASON_COUNT
};
/* Whether a batch gives the answers that its requests get alone: batch_trial.h. */
enum wi_apart_proof { WI_APART_UNPROVEN, WI_APART_ON_TRIAL, WI_APART_PROVEN };

/* Zero-initialise; free with wi_apart_clear. */
struct wi_apart {
    struct wi_apart_model *_models; /* by hash, the one noted first is the first */
};
void wi_apart_clear(struct wi_apart *apart);

int wi_apart_has(
    const struct wi_apart *apart, const struct wi_model *model, enum wi_apart_reason reason);
/* The text for WI_APART_ROWS or WI_APART_MIXED: the end of a sentence. */
const char *wi_apart_why(enum wi_apart_reason reason);
/* That text if a batch has shown that the model cannot be batched; else NULL. */
const char *wi_apart_shown(const struct wi_apart *apart, const struct wi_model *model);
/* Notes it and logs `why`, the end of a sentence, unless that was done before. */
void wi_apart_note(struct wi_apart *apart, const struct wi_model *model,
    enum wi_apart_reason reason, const char *why);

enum wi_apart_proof wi_apart_proof(const struct wi_apart *apart, const struct wi_model *model);
void wi_apart_set_proof(
    struct wi_apart *apart, const struct wi_model *model, enum wi_apart_proof proof);

#endif
