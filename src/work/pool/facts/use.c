/* Who uses browsers; see use.h. */
#include "work/pool/facts/use.h"

#include "base/table.h"
#include <string.h>

unsigned wi_use_client(const char *name)
{
    unsigned hash = name ? wi_table_hash(name, strlen(name)) : 0;

    return name && hash == 0 ? 1 : hash;
}

void wi_use_note(struct wi_use *use, unsigned client, double now)
{
    if (client == 0)
        return;
    if (use->client != client) {
        use->others_at = use->at;
        use->client = client;
    }
    use->at = now;
}

double wi_use_by_others(const struct wi_use *use, unsigned client)
{
    return use->client == client ? use->others_at : use->at;
}

static int is_recent(const struct wi_eviction *eviction, double now)
{
    return eviction->at > 0 && now - eviction->at < WI_EVICTIONS_MS;
}

/* The first of the client's that count, the oldest first, if they are as many as may be: its end
 * makes room for the next. NULL: there is room. */
static const struct wi_eviction *find_last_straw(
    const struct wi_evictions *evictions, unsigned client, int of_others, double now)
{
    size_t most = of_others ? WI_EVICTIONS_OF_OTHERS : WI_EVICTIONS_MOST, count = 0;
    const struct wi_eviction *oldest = NULL;

    for (size_t i = 0; i < WI_EVICTIONS_KEPT; i++) {
        const struct wi_eviction *one = &evictions->all[(evictions->next + i) % WI_EVICTIONS_KEPT];
        if (!is_recent(one, now) || one->client != client || (of_others && !one->of_others))
            continue;
        oldest = oldest ? oldest : one;
        count++;
    }
    return count >= most ? oldest : NULL;
}

double wi_evictions_next(
    const struct wi_evictions *evictions, unsigned client, int of_others, double now)
{
    const struct wi_eviction *oldest = &evictions->all[evictions->next];

    if (!is_recent(oldest, now))
        oldest = find_last_straw(evictions, client, 0, now);
    if (!oldest && of_others)
        oldest = find_last_straw(evictions, client, 1, now);
    return oldest ? oldest->at + WI_EVICTIONS_MS : now;
}

void wi_evictions_note(struct wi_evictions *evictions, unsigned client, int of_others, double now)
{
    evictions->all[evictions->next] = (struct wi_eviction){client, of_others, now};
    evictions->next = (evictions->next + 1) % WI_EVICTIONS_KEPT;
}
