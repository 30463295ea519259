/* Values of HTTP headers that more than one part reads: a media type, a number of bytes. */
#include "base/header_value.h"

#include <string.h>
#include <strings.h>

int wi_media_type_is(const char *content_type, const char *type)
{
    size_t length = strlen(type);
    if (!content_type || strncasecmp(content_type, type, length) != 0)
        return 0;
    const char *rest = content_type + length;
    return rest[strspn(rest, " \t")] == '\0' || rest[strspn(rest, " \t")] == ';';
}

int wi_parse_length(const char *text, uint64_t *length)
{
    uint64_t value = 0;
    if (!text || !*text)
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || value > (UINT64_MAX - 9) / 10)
            return -1;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *length = value;
    return 0;
}
