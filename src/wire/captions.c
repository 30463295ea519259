/* SubRip and WebVTT, which differ in their head, in a comma, and in the characters that a text may
 * have. */
#include "wire/captions.h"

#include <stdint.h>
#include <string.h>

/* More hours than any sound has; anything beyond is not a time. */
#define SECONDS_MAX 360000.0

static void add_time(struct wi_buffer *out, const json_t *seconds, char point)
{
    double value = json_number_value(seconds);
    int64_t ms = value > 0 && value < SECONDS_MAX ? (int64_t)(value * 1000 + 0.5) : 0;
    wi_buffer_printf(out, "%02d:%02d:%02d%c%03d", (int)(ms / 3600000), (int)(ms / 60000 % 60),
        (int)(ms / 1000 % 60), point, (int)(ms % 1000));
}

/* A blank line would end the text; WebVTT has markup. */
static void add_character(struct wi_buffer *out, const char *character, enum wi_captions form)
{
    if (*character == '\n' || *character == '\r')
        wi_buffer_puts(out, " ");
    else if (form == WI_CAPTIONS_VTT && *character == '&')
        wi_buffer_puts(out, "&amp;");
    else if (form == WI_CAPTIONS_VTT && *character == '<')
        wi_buffer_puts(out, "&lt;");
    else if (form == WI_CAPTIONS_VTT && *character == '>')
        wi_buffer_puts(out, "&gt;");
    else
        wi_buffer_add(out, character, 1);
}

/* "-->" separates times; a text in SubRip can only have a shorter arrow instead. */
static void caption_add_text(struct wi_buffer *out, const char *text, enum wi_captions form)
{
    while (*text) {
        size_t dashes = strspn(text, "-");
        int is_arrow = form == WI_CAPTIONS_SRT && dashes > 0 && text[dashes] == '>';
        wi_buffer_add(out, text, is_arrow ? 1 : dashes);
        text += dashes;
        if (*text)
            add_character(out, text++, form);
    }
}

void wi_captions_write(struct wi_buffer *out, const json_t *segments, enum wi_captions form)
{
    int number = 0;
    char point = form == WI_CAPTIONS_SRT ? ',' : '.';
    wi_buffer_puts(out, form == WI_CAPTIONS_VTT ? "WEBVTT\n\n" : "");
    for (size_t i = 0; i < json_array_size(segments); i++) {
        const json_t *segment = json_array_get(segments, i);
        const char *text = json_string_value(json_object_get(segment, "text"));
        if (!text)
            continue;
        if (form == WI_CAPTIONS_SRT)
            wi_buffer_printf(out, "%d\n", ++number);
        add_time(out, json_object_get(segment, "start"), point);
        wi_buffer_puts(out, " --> ");
        add_time(out, json_object_get(segment, "end"), point);
        wi_buffer_puts(out, "\n");
        caption_add_text(out, text, form);
        wi_buffer_puts(out, "\n\n");
    }
}
