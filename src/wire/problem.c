/*
 * From an error value to an RFC 9457 document. Printed by hand: the document is small, flat, and
 * its member order is the order in which people read it.
 */
#include "wire/problem.h"

#include "base/buffer.h"
#include <stdio.h>

static void add_failures(struct wi_buffer *out, const struct wi_failures *failures)
{
    for (unsigned i = 0; i < failures->count; i++) {
        const struct wi_failure *row = &failures->rows[i];
        wi_buffer_puts(out, i ? ",{\"node\":" : ",\"failures\":[{\"node\":");
        if (*row->node)
            wi_buffer_json_string(out, row->node);
        else
            wi_buffer_puts(out, "null");
        wi_buffer_puts(out, ",\"reason\":");
        wi_buffer_json_string(out, row->reason);
        wi_buffer_printf(out, ",\"times\":%u}", row->times);
    }
    wi_buffer_puts(out, failures->count ? "]" : "");
}

static void add_source_errors(struct wi_buffer *out, const struct wi_source_errors *source)
{
    for (unsigned i = 0; i < source->count; i++) {
        const struct wi_source_error *row = &source->rows[i];
        wi_buffer_printf(out,
            "%s{\"line\":%u,\"column\":%u,\"message\":", i ? "," : ",\"errors\":[", row->line,
            row->column);
        wi_buffer_json_string(out, row->message);
        wi_buffer_puts(out, "}");
    }
    wi_buffer_puts(out, source->count ? "]" : "");
}

void wi_problem_write(struct wi_buffer *out, const struct wi_error *error, const char *request_id)
{
    const char *code = wi_code_name(error->code);
    wi_buffer_printf(out, "{\"type\":\"" WI_PROBLEM_URI "%s\",\"title\":", code);
    wi_buffer_json_string(out, wi_code_title(error->code));
    wi_buffer_printf(out, ",\"status\":%d", wi_code_status(error->code));
    wi_json_member_add(out, "detail", error->detail);
    wi_json_member_add(out, "code", code);
    wi_json_member_add(out, "field", error->field);
    wi_json_member_add(out, "expected", error->expected);
    wi_json_member_add(out, "allowed", error->allowed);
    if (error->attempts > 0)
        wi_buffer_printf(out, ",\"attempts\":%u", error->attempts);
    if (error->poisoned)
        wi_buffer_puts(out, ",\"poisoned\":true");
    add_failures(out, &error->failures);
    add_source_errors(out, &error->source);
    wi_json_member_add(out, "request_id", request_id);
    wi_buffer_puts(out, "}\n");
}

void wi_problem_sentence(
    struct wi_buffer *out, const char *detail, const char *expected, const char *allowed)
{
    char text[sizeof(struct wi_error)];
    if (strstr(detail, expected))
        expected = ""; /* it is printed once */
    snprintf(text, sizeof text, "%s%s%s%s%s", detail, *expected ? "; expected: " : "", expected,
        *allowed ? "; allowed: " : "", allowed);
    wi_buffer_json_string(out, text);
}
