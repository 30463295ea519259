/* See mdoc.h. */
#include "settings/config/mdoc.h"

#include <string.h>

#define WIDTH 78

void wi_mdoc_text(const char *text, FILE *out)
{
    size_t column = 0;

    while (*text) {
        size_t length = strcspn(text, " ");
        char last = text[length > 0 ? length - 1 : 0];

        if (column > 0 && column + 1 + length > WIDTH) {
            fputc('\n', out);
            column = 0;
        }
        if (column > 0)
            fputc(' ', out);
        else if (*text == '.' || *text == '\'')
            fputs("\\&", out);
        for (size_t i = 0; i < length; i++)
            fputs(text[i] == '\\' ? "\\e" : (char[]){text[i], '\0'}, out);
        column += length + 1;
        text += length;
        text += strspn(text, " ");
        if (last == '.' && *text) {
            fputc('\n', out);
            column = 0;
        }
    }
    fputc('\n', out);
}
