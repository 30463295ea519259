/* See plain.h. */
#include "cli/plain.h"

#include <string.h>

/* U+0080 to U+009F, which terminals obey too, are C2 80 to C2 9F. */
static int is_high(unsigned char c, unsigned char next)
{
    return c == 0xc2 && next >= 0x80 && next < 0xa0;
}

static int is_low(unsigned char c, const char *kept)
{
    return c == 0x7f || (c < 0x20 && (c == '\0' || !strchr(kept, c)));
}

void wi_plain(struct wi_buffer *out, const char *text, size_t length, const char *kept)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        int high = is_high(c, i + 1 < length ? (unsigned char)text[i + 1] : 0);

        wi_buffer_add(out, high || is_low(c, kept) ? "?" : text + i, 1);
        i += (size_t)high;
    }
}

void wi_plain_print(FILE *out, const char *text)
{
    struct wi_buffer plain = {0};

    wi_plain(&plain, text, strlen(text), "");
    if (plain.size > 0)
        fwrite(plain.text, 1, plain.size, out);
    wi_buffer_clear(&plain);
}

int wi_plain_is_word(const char *text)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "._-+:@%/,=";

    return *text && text[strspn(text, good)] == '\0';
}
