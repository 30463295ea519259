/*
 * Models that are always there and compute nothing: no file, no graph, and every node has them.
 * They measure what is around a model, and show whether it is right. Those in builtin/… that
 * compute are in terms/kernel/model.h.
 */
#ifndef WI_TERMS_KERNEL_BUILTIN_H
#define WI_TERMS_KERNEL_BUILTIN_H

#include "base/error.h"
#include <jansson.h>
#include <stdint.h>

/* In the order of their names. */
enum wi_builtin {
    WI_BUILTIN_NONE,  /* a model that computes */
    WI_BUILTIN_COUNT, /* no inputs; counts, one part for each number */
    WI_BUILTIN_ECHO,  /* any tensors in, the same out */
    WI_BUILTIN_END
};

/* The name of a model that is built in, such as "builtin/echo". */
const char *wi_builtin_name(enum wi_builtin builtin);
/* WI_BUILTIN_NONE where none is called so. */
enum wi_builtin wi_builtin_of_name(const char *name);
/* Whether a name is one of built-in models, "builtin" and all in "builtin/": no other model may
 * have it. */
int wi_builtin_owns(const char *name);

/* Whether a task of it waits and computes nothing, so that it takes no slot of its engine. */
int wi_builtin_waits(enum wi_builtin builtin);

/* What builtin/count is asked for: part k, from 0 to count - 1, has the text "k " made up to
 * `bytes` by spaces and the token k; interval_ms pass before each but the first. */
struct wi_count_options {
    int64_t count, interval_ms, bytes;
};
#define WI_COUNT_MAX 1000000
#define WI_COUNT_LONGEST 60000 /* interval_ms and bytes */

/* `options` (may be NULL: none) of builtin/count; `where` stands before their names in errors.
 * WI_OK or, with `error` filled, WI_MISSING_FIELD, WI_INVALID_FIELD or WI_UNKNOWN_FIELD. */
enum wi_code wi_builtin_read_count(const json_t *options, const char *where,
    struct wi_count_options *read, struct wi_error *error);

#endif
