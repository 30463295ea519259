/* See text.h. */
#include "bridge/text.h"
#include "base/text.h"

void wi_text_printable(char *out, size_t size, const char *text)
{
    wi_text_copy(out, size, text);
    for (unsigned char *at = (unsigned char *)out; *at; at++)
        if (*at < 0x20 || *at == 0x7f)
            *at = ' ';
}
