/* What every part of a fetch may do: say that it has failed. */
#include "hub/fetch_private.h"

void fetch_close(struct wi_fetch *fetch)
{
    fetch->closing = 1;
    wi_turn_wish(fetch->turn);
}

void fetch_fail(struct wi_fetch *fetch, const struct wi_error *error)
{
    if (fetch->closing)
        return;
    fetch->failed = 1;
    fetch->error = *error;
    fetch_close(fetch);
}
