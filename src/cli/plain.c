/* See plain.h. */
#include "cli/plain.h"

#include "base/text.h"
#include <string.h>
#include <unistd.h>

void wi_plain(struct wi_buffer *out, const char *text, size_t length, const char *kept)
{
    for (size_t i = 0; i < length; i++) {
        size_t control = wi_control_bytes(text + i, length - i);
        int good = control == 0 || (control == 1 && text[i] != '\0' && strchr(kept, text[i]));

        wi_buffer_add(out, good ? text + i : "?", 1);
        i += control > 1 ? control - 1 : 0;
    }
}

void wi_plain_flush(FILE *out, struct wi_buffer *text)
{
    if (text->size > 0)
        fwrite(text->text, 1, text->size, out);
    wi_buffer_clear(text);
}

void wi_plain_print(FILE *out, const char *text)
{
    struct wi_buffer plain = {0};

    wi_plain(&plain, text, strlen(text), "");
    wi_plain_flush(out, &plain);
}

/* The code point of two or three bytes of UTF-8. */
static unsigned code_point(const char *text, size_t bytes)
{
    unsigned code = (unsigned char)text[0] & (bytes == 2 ? 0x1f : 0x0f);
    for (size_t i = 1; i < bytes; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    return code;
}

void wi_plain_json(FILE *out, const char *text, size_t length)
{
    int terminal = isatty(fileno(out));
    for (size_t i = 0, begin = 0; i <= length; i++) {
        size_t control = terminal && i < length ? wi_control_bytes(text + i, length - i) : 0;
        if (i < length && control < 2)
            continue;
        fwrite(text + begin, 1, i - begin, out);
        if (control > 1)
            fprintf(out, "\\u%04x", code_point(text + i, control));
        begin = i + control;
        i += control > 1 ? control - 1 : 0;
    }
}

void wi_plain_put_json(json_t *value)
{
    struct wi_buffer text = {0};

    wi_buffer_json(&text, value);
    wi_buffer_puts(&text, "\n");
    wi_plain_json(stdout, text.text, text.size);
    wi_buffer_clear(&text);
    json_decref(value);
}

int wi_plain_is_word(const char *text)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "._-+:@%/,=";

    return *text && text[strspn(text, good)] == '\0';
}
