/* The path of a value in a client's request, as errors name it: "messages[2].content". */
#ifndef WI_WIRE_PATH_H
#define WI_WIRE_PATH_H

#include <stddef.h>

/* Long paths are cut. */
struct wi_path {
    char text[160];
};
struct wi_path wi_path_item(const char *where, size_t index);
struct wi_path wi_path_member(const char *where, const char *name);

#endif
