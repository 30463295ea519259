/* Pauses between tries of a request that a server fails to serve. */
#ifndef WI_MODELS_ARRIVE_SOURCE_RETRY_H
#define WI_MODELS_ARRIVE_SOURCE_RETRY_H

#include <stdint.h>

#define WI_RETRIES_MAX 8 /* tries in a row that brought nothing */

/* The pause before the next try, in ms, after `failed` failures in a row (at least one):
 * `first_ms`, then doubled each time, at most 30 s. */
uint64_t wi_retry_pause(unsigned first_ms, unsigned failed);

#endif
