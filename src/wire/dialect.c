/* The dialects by name. */
#include "wire/dialect.h"

#include <string.h>

const struct wi_dialect *wi_dialect_find(const char *name)
{
    static const struct wi_dialect *const dialects[] = {&wi_dialect_native};
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (strcmp(dialects[i]->name, name) == 0)
            return dialects[i];
    return NULL;
}

const struct wi_dialect *wi_dialect_of_errors(const char *name)
{
    const struct wi_dialect *dialect = wi_dialect_find(name);
    return dialect ? dialect : &wi_dialect_native;
}
