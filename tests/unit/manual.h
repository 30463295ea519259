/* That a list in a manual is the one which a table makes. */
#ifndef WI_TEST_MANUAL_H
#define WI_TEST_MANUAL_H

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `page` is the manual's file below the source folder; `print` writes the list. */
static inline void assert_manual_has(const char *page, void (*print)(FILE *out))
{
    const char *root = getenv("srcdir");
    char *path = wi_sprintf("%s/%s", root ? root : ".", page), *fresh = NULL;
    char text[65536];
    size_t size;
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s is missing", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    file = open_memstream(&fresh, &size);
    print(file);
    fclose(file);
    if (!strstr(text, fresh))
        fail_msg("put this into %s, in the place of what is old:\n%s", path, fresh);
    free(fresh);
    free(path);
}

#endif
