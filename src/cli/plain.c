/* See plain.h. */
#include "cli/plain.h"

#include "base/control.h"
#include <string.h>

void wi_plain(struct wi_buffer *out, const char *text, size_t length, const char *kept)
{
    for (size_t i = 0; i < length; i++) {
        size_t control = wi_control_bytes(text + i, length - i);
        int good = control == 0 || (control == 1 && text[i] != '\0' && strchr(kept, text[i]));

        wi_buffer_add(out, good ? text + i : "?", 1);
        i += control == 2;
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
