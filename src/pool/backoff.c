/* Backoff and breaker of one kind of browser; see backoff.h for the rules. */
#include "pool/backoff.h"

static double delay_after(unsigned broken)
{
    double delay = WI_BACKOFF_FIRST_MS;

    if (broken <= 1)
        return 0;
    for (unsigned i = 2; i < broken && delay < WI_BACKOFF_MAX_MS; i++)
        delay *= 2;
    return delay < WI_BACKOFF_MAX_MS ? delay : WI_BACKOFF_MAX_MS;
}

void wi_backoff_broken(struct wi_backoff *backoff, double now, int was_ready, double served_ms)
{
    double sound = delay_after(backoff->broken);
    if (was_ready && served_ms >= (sound > WI_BACKOFF_SOUND_MS ? sound : WI_BACKOFF_SOUND_MS))
        backoff->broken = 0;
    backoff->broken++;
    backoff->failures = was_ready ? 0 : backoff->failures + 1;
    if (backoff->failures >= WI_BREAKER_FAILURES)
        backoff->open = 1;
    backoff->next_start = now + delay_after(backoff->broken);
}

void wi_backoff_ready(struct wi_backoff *backoff)
{
    backoff->failures = 0;
    backoff->open = 0;
}

int wi_backoff_may_start(const struct wi_backoff *backoff, double now, size_t starting)
{
    return now >= backoff->next_start && !(backoff->open && starting > 0);
}
