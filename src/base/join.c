/* Short texts into arrays of fixed size; see join.h. */
#include "base/join.h"

#include <stdarg.h>
#include <string.h>

void wi_join(char *out, size_t size, ...)
{
    va_list arguments;
    const char *text;
    size_t used = 0;
    va_start(arguments, size);
    while ((text = va_arg(arguments, const char *)) != NULL) {
        size_t length = strnlen(text, size - 1 - used);
        memcpy(out + used, text, length);
        used += length;
    }
    va_end(arguments);
    out[used] = '\0';
}

const char *wi_digits(char digits[WI_DIGITS_SIZE], uint64_t number)
{
    char *at = digits + WI_DIGITS_SIZE - 1;
    *at = '\0';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return at;
}
