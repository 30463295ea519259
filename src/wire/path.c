/* Paths of values in requests; see path.h. */
#include "wire/path.h"

#include <stdio.h>

struct wi_path wi_path_item(const char *where, size_t index)
{
    struct wi_path path;
    snprintf(path.text, sizeof path.text, "%.120s[%zu]", where, index);
    return path;
}

struct wi_path wi_path_member(const char *where, const char *name)
{
    struct wi_path path;
    snprintf(path.text, sizeof path.text, "%.120s.%.30s", where, name);
    return path;
}
