/* See siblings.h. */
#include "nodes/bridge/http/siblings.h"

#include <strings.h>

int wi_is_sibling(const struct wi_strings *siblings, const char *origin)
{
    for (size_t i = 0; i < siblings->count; i++)
        if (strcasecmp(siblings->items[i], origin) == 0)
            return 1;
    return 0;
}
