/* The options of a request that a model takes, each kind of model by a table of its own. */
#ifndef WI_LIBRARY_OPTIONS_H
#define WI_LIBRARY_OPTIONS_H

#include "library/model.h"

/* WI_OK or, with `error` filled, WI_MISSING_FIELD, WI_INVALID_FIELD or WI_UNKNOWN_FIELD. `options`
 * is an object, or NULL: none are given. */
enum wi_code wi_model_check_options(
    const struct wi_model *model, const json_t *options, struct wi_error *error);

#endif
