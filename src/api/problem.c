/*
 * From an error value to an RFC 9457 document. Printed by hand: the document is small, flat, and
 * its member order is the order in which people read it.
 */
#include "api/problem.h"

#include <microhttpd.h>

static void add_member(struct wi_buffer *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    wi_buffer_printf(out, ",\"%s\":", name);
    wi_buffer_json_string(out, value);
}

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

void wi_problem_write(struct wi_buffer *out, const struct wi_error *error, const char *request_id)
{
    const char *code = wi_code_name(error->code);
    wi_buffer_printf(out, "{\"type\":\"" WI_PROBLEM_URI "%s\",\"title\":", code);
    wi_buffer_json_string(out, wi_code_title(error->code));
    wi_buffer_printf(out, ",\"status\":%d", wi_code_status(error->code));
    add_member(out, "detail", error->detail);
    add_member(out, "code", code);
    add_member(out, "field", error->field);
    add_member(out, "expected", error->expected);
    add_member(out, "allowed", error->allowed);
    if (error->attempts > 0)
        wi_buffer_printf(out, ",\"attempts\":%u", error->attempts);
    add_failures(out, &error->failures);
    add_member(out, "request_id", request_id);
    wi_buffer_puts(out, "}\n");
}

unsigned wi_problem_retry_after(const struct wi_error *error)
{
    if (error->retry_after_s > 0)
        return error->retry_after_s;
    switch (wi_code_status(error->code)) {
    case 429:
        return 1;
    case 503:
        return 5;
    default:
        return 0;
    }
}

size_t wi_problem_write_answer(
    struct wi_buffer *out, const struct wi_error *error, const char *request_id)
{
    struct wi_buffer body = {0};
    int status = wi_code_status(error->code);
    unsigned after = wi_problem_retry_after(error);
    wi_problem_write(&body, error, request_id);
    wi_buffer_printf(out,
        "HTTP/1.1 %d %s\r\nContent-Type: " WI_PROBLEM_MEDIA_TYPE "\r\nContent-Length: %zu\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n",
        status, MHD_get_reason_phrase_for((unsigned)status), body.size);
    if (request_id)
        wi_buffer_printf(out, "X-Request-Id: %s\r\n", request_id);
    if (after > 0)
        wi_buffer_printf(out, "Retry-After: %u\r\n", after);
    if (error->code == WI_UNAUTHORIZED)
        wi_buffer_puts(out, "WWW-Authenticate: Bearer realm=\"webinfer\"\r\n");
    if (error->code == WI_METHOD_NOT_ALLOWED)
        wi_buffer_printf(out, "Allow: %s\r\n", error->allowed);
    wi_buffer_puts(out, "\r\n");
    wi_buffer_add(out, body.text, body.size);
    size_t size = body.size;
    wi_buffer_clear(&body);
    return size;
}
