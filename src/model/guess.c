/* The beginnings of files that are no weights. */
#include "model/guess.h"

#include <string.h>

int wi_guess_is_pointer(const unsigned char *head, size_t size)
{
    static const char lfs[] = "version https://git-lfs";
    return size >= sizeof lfs - 1 && memcmp(head, lfs, sizeof lfs - 1) == 0;
}

const char *wi_guess_text(const unsigned char *head, size_t size)
{
    if (size == 0)
        return "it is empty";
    if (wi_guess_is_pointer(head, size))
        return WI_GUESS_POINTER;
    if (head[0] == '<')
        return "it is an HTML or XML text";
    if (head[0] == '{')
        return "it is a JSON text";
    return NULL;
}
