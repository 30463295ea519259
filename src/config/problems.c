/* See problems.h. */
#include "config/problems.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wi_error *wi_problems_add(struct wi_problems *problems)
{
    if (problems->count == WI_PROBLEMS_MAX) {
        problems->more++;
        return NULL;
    }
    problems->items =
        wi_realloc_array(problems->items, problems->count + 1, sizeof *problems->items);
    problems->items[problems->count] = (struct wi_error){0};
    return &problems->items[problems->count++];
}

int wi_problems_has(const struct wi_problems *problems, const char *field)
{
    for (size_t i = 0; i < problems->count; i++)
        if (strcmp(problems->items[i].field, field) == 0)
            return 1;
    return 0;
}

void wi_problems_say(
    const struct wi_problems *problems, void (*say)(void *context, const char *line), void *context)
{
    char more[64];

    for (size_t i = 0; i < problems->count; i++)
        say(context, problems->items[i].detail);
    snprintf(more, sizeof more, "and %zu more", problems->more);
    if (problems->more > 0)
        say(context, more);
}

void wi_problems_clear(struct wi_problems *problems)
{
    free(problems->items);
    *problems = (struct wi_problems){0};
}
