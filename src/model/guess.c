/* The beginnings of files that are no weights. */
#include "model/guess.h"

#include <string.h>

const char *wi_guess_text(const unsigned char *head, size_t size)
{
    static const char lfs[] = "version https://git-lfs";
    if (size == 0)
        return "it is empty";
    if (size >= sizeof lfs - 1 && memcmp(head, lfs, sizeof lfs - 1) == 0)
        return "it is a Git LFS pointer; fetch the real file";
    if (head[0] == '<')
        return "it is an HTML or XML text";
    if (head[0] == '{')
        return "it is a JSON text";
    return NULL;
}
