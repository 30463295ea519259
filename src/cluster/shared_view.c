/* See shared_view.h. Apart from stored jobs, so that rows need none of these, nor their servers'
 * library. */
#include "cluster/shared_view.h"

#include <string.h>

int wi_shared_view_has(const struct wi_shared_view *view, const char *instance)
{
    for (size_t i = 0; i < view->count; i++)
        if (strcmp(view->living[i], instance) == 0)
            return 1;
    return 0;
}
