/* An estimate as the database keeps it: JSON, in which what was measured of a run are rates by
 * their names, so that others can stand beside. */
#ifndef WI_POOL_ESTIMATE_TEXT_H
#define WI_POOL_ESTIMATE_TEXT_H

#include "pool/estimates.h"

/* Longer is no measurement but a clock gone wrong. */
#define WI_ESTIMATE_TIME_MAX_MS 1e8

/* The caller frees it; NULL where a number has no form in JSON. */
char *wi_estimate_print(const struct wi_estimate *estimate);
/* 0, or -1 for what is no object. Members that are missing or no sensible numbers are 0. */
int wi_estimate_read(struct wi_estimate *estimate, const char *text);

#endif
