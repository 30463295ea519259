/* The rule of credit, which both ends of a stream's way reckon by. */
#include "node/part.h"

int wi_credit_lasts(const struct wi_credit *sent, const struct wi_credit *granted)
{
    return sent->parts < granted->parts && sent->bytes < granted->bytes;
}
