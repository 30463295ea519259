/* An error's answer with its status line and headers, written by hand. */
#include "api/http/refusal.h"

#include <microhttpd.h>

size_t wi_refusal_write(struct wi_buffer *out, const struct wi_dialect *dialect,
    const struct wi_error *error, const char *request_id)
{
    struct wi_buffer body = {0};
    int status = wi_dialect_status(dialect, error->code);
    dialect->print_error(dialect, &body, error, request_id);
    wi_buffer_printf(out,
        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n",
        status, MHD_get_reason_phrase_for((unsigned)status), dialect->error_type, body.size);
    if (request_id)
        wi_buffer_printf(out, "X-Request-Id: %s\r\n", request_id);
    if (error->retry_after_s > 0)
        wi_buffer_printf(out, "Retry-After: %u\r\n", error->retry_after_s);
    if (status == 504)
        wi_buffer_puts(out, "x-should-retry: false\r\n");
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
