/* The rule of credit, by which both ends of a stream's way count. */
#include "terms/part.h"

void wi_flow_add(struct wi_flow *flow, size_t bytes)
{
    flow->sent.parts++;
    flow->sent.bytes += bytes;
}

int wi_flow_grant(struct wi_flow *flow, const struct wi_credit *credit)
{
    struct wi_credit *granted = &flow->granted;
    int more = credit->parts > granted->parts || credit->bytes > granted->bytes;
    if (credit->parts > granted->parts)
        granted->parts = credit->parts;
    if (credit->bytes > granted->bytes)
        granted->bytes = credit->bytes;
    return more;
}

int wi_flow_lasts(const struct wi_flow *flow)
{
    return flow->sent.parts < flow->granted.parts && flow->sent.bytes < flow->granted.bytes;
}
