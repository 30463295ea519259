/*
 * The maker of missing variants in fewer bits, for runs (owners/quantizer/quantizer.h). A higher
 * layer provides it, because runs cannot make variants themselves.
 */
#ifndef WI_WORK_RUN_MAKER_H
#define WI_WORK_RUN_MAKER_H

#include "terms/format/model.h"
#include "terms/part.h"

/* Reports progress, or, with `progress` NULL, the end: `error` is NULL if the variant is there, or
 * the reason that it is not. Both are borrowed. */
typedef void wi_run_maker_fn(
    void *context, const struct wi_progress *progress, const struct wi_error *error);

struct wi_run_made; /* a variant that is waited for; the maker's own */

struct wi_run_maker {
    void *context; /* for the first two */
    /* The variant to make of `model` if that precision is requested and missing; with NULL, the
     * next smaller one if there is no memory for `model` itself. Static; NULL: none. */
    const char *(*variant)(void *context, const struct wi_model *model, const char *precision);
    /* Makes it, or joins one under way; ends with the failure of one that failed not long ago.
     * Never calls back from inside; the result is freed after the end. */
    struct wi_run_made *(*begin)(void *context, struct wi_model *model, const char *variant,
        wi_run_maker_fn *on_event, void *event_context);
    void (*leave)(struct wi_run_made *made); /* no callback comes; the making continues */
};

#endif
