/* Apart from the others: tests that are not to wait have pauses of their own. */
#include "models/arrive/source/retry.h"

#define PAUSE_MAX_MS 30000u

uint64_t wi_retry_pause(unsigned first_ms, unsigned failed)
{
    uint64_t pause = first_ms;
    for (unsigned i = 1; i < failed && pause < PAUSE_MAX_MS; i++)
        pause *= 2;
    return pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
}
