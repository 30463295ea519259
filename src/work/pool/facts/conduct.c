/* The rings; see conduct.h. */
#include "work/pool/facts/conduct.h"

#include <stddef.h>

const char *const wi_conduct_names[] = {
    "ended", "ending", "disputed", "right", "open", "suspicion", NULL};

static int conduct_is_of_ends(enum wi_conduct_kind kind)
{
    return kind <= WI_CONDUCT_DISPUTED;
}

void wi_conduct_note(struct wi_conduct *conduct, enum wi_conduct_kind kind)
{
    struct wi_conduct_ring *ring = conduct_is_of_ends(kind) ? &conduct->ended : &conduct->judged;

    ring->kinds[ring->next] = (uint8_t)kind;
    ring->next = (ring->next + 1) % WI_CONDUCT_LENGTH;
    if (ring->count < WI_CONDUCT_LENGTH)
        ring->count++;
}

/* The one at `i` of those that are kept, the oldest first. */
static enum wi_conduct_kind ring_at(const struct wi_conduct_ring *ring, unsigned i)
{
    unsigned first = ring->next + WI_CONDUCT_LENGTH - ring->count;

    return (enum wi_conduct_kind)ring->kinds[(first + i) % WI_CONDUCT_LENGTH];
}

unsigned wi_conduct_count(const struct wi_conduct *conduct, enum wi_conduct_kind kind)
{
    const struct wi_conduct_ring *ring =
        conduct_is_of_ends(kind) ? &conduct->ended : &conduct->judged;
    unsigned count = 0, right = 0;

    for (unsigned i = 0; i < ring->count; i++) {
        enum wi_conduct_kind one = ring_at(ring, i);
        right = one == WI_CONDUCT_RIGHT ? right + 1 : 0;
        count += one == kind;
        if (kind == WI_CONDUCT_SUSPICION && right == WI_CONDUCT_CLEARS)
            count = 0;
    }
    return count;
}
