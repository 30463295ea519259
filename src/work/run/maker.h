/*
 * Who makes, for a run, a variant in fewer bits that is not there (owners/quantizer/demand.h). It
 * is given from above, since runs know nobody who does.
 */
#ifndef WI_WORK_RUN_MAKER_H
#define WI_WORK_RUN_MAKER_H

#include "models/catalog/library/model.h"
#include "terms/part.h"

/* Either how far it is, or, with `progress` NULL, its end: `error` is NULL, and the variant is
 * there, or says why it is not. Both are borrowed. */
typedef void wi_run_maker_fn(
    void *context, const struct wi_progress *progress, const struct wi_error *error);

struct wi_run_made; /* one that is waited for; the maker's own */

struct wi_run_maker {
    void *context; /* of the first two */
    /* The variant that is made of `model` where that precision is asked for and is not there; with
     * NULL, the next where there is no memory for `model` as it is. Static; NULL: none is. */
    const char *(*variant)(void *context, const struct wi_model *model, const char *precision);
    /* Makes it, or joins who does; ends with the failure of one that has failed not long ago.
     * Never calls back from inside; what it gives is gone after the end. */
    struct wi_run_made *(*begin)(void *context, struct wi_model *model, const char *variant,
        wi_run_maker_fn *on_event, void *event_context);
    void (*leave)(struct wi_run_made *made); /* no callback comes, and it goes on */
};

#endif
