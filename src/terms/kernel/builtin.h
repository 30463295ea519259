/*
 * Built-in models that compute nothing: they have no file and no graph, and every node has them.
 * They measure and test everything around a model. The models in builtin/… that compute are in
 * terms/kernel/kernel_model.h.
 */
#ifndef WI_TERMS_KERNEL_BUILTIN_H
#define WI_TERMS_KERNEL_BUILTIN_H

#include "base/error.h"
#include "base/params.h"
#include <jansson.h>
#include <stdint.h>

/* In the order of their names. */
enum wi_builtin {
    WI_BUILTIN_NONE,  /* a model that computes */
    WI_BUILTIN_COUNT, /* no inputs; counts, with one part for each number */
    WI_BUILTIN_ECHO,  /* returns any tensors that it is given */
    WI_BUILTIN_END
};

/* The name of a built-in model, such as "builtin/echo". */
const char *wi_builtin_name(enum wi_builtin builtin);
/* The inverse; WI_BUILTIN_NONE for any other name. */
enum wi_builtin wi_builtin_of_name(const char *name);
/* Whether a name is reserved for built-in models: "builtin" and everything in "builtin/". */
int wi_builtin_owns(const char *name);

/* Whether its tasks only wait, so that they take no slot of the engine. */
int wi_builtin_waits(enum wi_builtin builtin);

/* The options of builtin/count: part k, from 0 to count - 1, has the text "k ", padded with spaces
 * to `bytes` bytes, and the token k. Before each part but the first, interval_ms pass. */
struct wi_count_options {
    int64_t count, interval_ms, bytes;
};
#define WI_COUNT_MAX 1000000
#define WI_COUNT_LONGEST 60000 /* interval_ms and bytes */
extern const struct wi_param wi_builtin_count_options[];

/* Reads the `options` (NULL: none) of builtin/count. `where` precedes their names in errors. WI_OK
 * or, with `error` filled, WI_MISSING_FIELD, WI_INVALID_FIELD or WI_UNKNOWN_FIELD. */
enum wi_code wi_builtin_read_count(const json_t *options, const char *where,
    struct wi_count_options *read, struct wi_error *error);

#endif
