/* Tells whether a browser of a kind can come, and why there is no node. */
#ifndef WI_WORK_POOL_EXPLAIN_H
#define WI_WORK_POOL_EXPLAIN_H

#include "work/pool/private.h"

/* Whether a browser of this kind is pending or can come, so that a job that needs one may wait. */
int wi_pool_kind_is_hopeful(const struct wi_pool *pool, const struct pool_kind *kind);
/* WI_UNAVAILABLE with the reason that there is no node (of `browser`, NULL for any). */
enum wi_code wi_pool_explain(
    const struct wi_pool *pool, const char *browser, struct wi_error *error);

#endif
