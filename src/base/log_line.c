/* How a line of the log is printed, as text and as JSON; see log_line.h. */
#include "base/log_line.h"

#include "base/secret.h"
#include "base/text.h"
#include <limits.h>
#include <string.h>

const char *const wi_level_names[] = {[WI_LOG_ERROR] = "error",
    [WI_LOG_WARN] = "warn",
    [WI_LOG_INFO] = "info",
    [WI_LOG_DEBUG] = "debug",
    NULL};

static const struct {
    const char *column;   /* the name in a column of text */
    const char *priority; /* syslog's, as journald reads it */
} levels[] = {[WI_LOG_ERROR] = {" error ", "<3>"},
    [WI_LOG_WARN] = {" warn  ", "<4>"},
    [WI_LOG_INFO] = {" info  ", "<6>"},
    [WI_LOG_DEBUG] = {" debug ", "<7>"}};

/* Text from outside cannot forge lines or move the terminal's cursor. */
static void add_escaped(struct wi_buffer *out, const char *text, size_t limit)
{
    char shown[WI_LOG_TEXT_SIZE];
    wi_scrub(shown, limit, text);
    const char *end = shown + strlen(shown);
    for (const char *s = shown; s < end;) {
        const char *plain = s;
        size_t control = 0;
        while (s < end && (control = wi_control_bytes(s, (size_t)(end - s))) == 0)
            s++;
        wi_buffer_add(out, plain, (size_t)(s - plain));
        for (; control > 0; control--, s++)
            wi_buffer_printf(out, "\\x%02x", (unsigned char)*s);
    }
}

static void line_add_text(struct wi_buffer *out, const struct wi_log_line *line, const char *time,
    int is_for_journald, size_t limit)
{
    if (is_for_journald)
        wi_buffer_puts(out, levels[line->level].priority);
    else
        wi_buffer_strings(out, time, levels[line->level].column, NULL);
    wi_buffer_strings(out, line->part, ": ", NULL);
    if (line->subject) {
        add_escaped(out, line->subject, limit);
        wi_buffer_puts(out, ": ");
    }
    add_escaped(out, line->message, limit);
}

static void line_add_member(struct wi_buffer *out, const char *name, const char *text, size_t limit)
{
    char shown[WI_LOG_TEXT_SIZE];

    wi_buffer_strings(out, ",\"", name, "\":", NULL);
    if (!text) {
        wi_buffer_puts(out, "null");
        return;
    }
    wi_scrub(shown, limit, text);
    wi_buffer_json_string(out, shown);
}

static void add_field(struct wi_buffer *out, const struct wi_log_field *field, size_t limit)
{
    if (field->kind == WI_FIELD_TEXT) {
        line_add_member(out, field->name, field->text, limit);
        return;
    }
    wi_buffer_strings(out, ",\"", field->name, "\":", NULL);
    if (field->kind == WI_FIELD_INTEGER)
        wi_buffer_integer(out, field->integer);
    else if (field->kind == WI_FIELD_BOOLEAN)
        wi_buffer_puts(out, field->integer ? "true" : "false");
    else
        wi_buffer_ms(out, field->ms);
}

static void line_add_json(struct wi_buffer *out, const struct wi_log_line *line, const char *time,
    uint64_t seq, size_t limit)
{
    wi_buffer_puts(out, "{");
    if (seq > 0) {
        wi_buffer_puts(out, "\"seq\":");
        wi_buffer_integer(out, (int64_t)seq);
        wi_buffer_puts(out, ",");
    }
    wi_buffer_strings(out, "\"time\":\"", time, "\",\"level\":\"", wi_level_names[line->level],
        "\",\"part\":\"", line->part, "\"", NULL);
    if (line->subject)
        line_add_member(out, "subject", line->subject, limit);
    for (size_t i = 0; i < line->field_count; i++)
        add_field(out, &line->fields[i], limit);
    line_add_member(out, "message", line->message, limit);
    wi_buffer_puts(out, "}");
}

void wi_log_line_print(
    struct wi_buffer *out, const struct wi_log_line *line, const struct wi_log_style *style)
{
    char time[WI_TIME_SIZE];
    size_t begin = out->size, limit = WI_LOG_TEXT_SIZE;

    wi_format_time(line->time, time);
    do {
        out->size = begin;
        if (style->format == WI_LOG_JSON)
            line_add_json(out, line, time, style->seq, limit);
        else
            line_add_text(out, line, time, style->is_for_journald, limit);
        limit /= 2;
    } while (out->size - begin >= PIPE_BUF && limit > 0);
}
