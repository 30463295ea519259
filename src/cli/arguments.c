/* What a command asks of the arguments that it was given. */
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

void wi_arguments_clear(struct wi_arguments *arguments)
{
    free(arguments->items);
    *arguments = (struct wi_arguments){0};
}

const char *wi_argument(const struct wi_arguments *arguments, const char *name)
{
    for (size_t i = arguments->count; i > 0; i--) {
        if (strcmp(arguments->items[i - 1].option->name, name) == 0)
            return arguments->items[i - 1].value;
    }
    return NULL;
}

const char *wi_argument_at(const struct wi_arguments *arguments, const char *name, size_t index)
{
    for (size_t i = 0; i < arguments->count; i++) {
        if (strcmp(arguments->items[i].option->name, name) == 0 && index-- == 0)
            return arguments->items[i].value;
    }
    return NULL;
}

int wi_argument_given(const struct wi_arguments *arguments, const char *name)
{
    for (size_t i = 0; i < arguments->count; i++) {
        if (strcmp(arguments->items[i].option->name, name) == 0)
            return 1;
    }
    return 0;
}
