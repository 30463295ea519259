/* Pauses between tries of what a server fails to do. */
#ifndef WI_MODELS_ARRIVE_SOURCE_RETRY_H
#define WI_MODELS_ARRIVE_SOURCE_RETRY_H

#include <stdint.h>

#define WI_RETRIES_MAX 8 /* in a row that brought nothing */

/* Before the next try, in ms, after so many (at least one) that failed in a row: `first_ms`, then
 * doubled each time, at most 30 s. */
uint64_t wi_retry_pause(unsigned first_ms, unsigned failed);

#endif
