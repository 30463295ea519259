/* What all parts of an uplink use: messages for people, the end, and requests to the own daemon. */
#include "uplink/uplink.h"

#include "base/memory.h"
#include "base/net/url.h"
#include "base/text.h"
#include "cli/plain.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LEAVE_MS 2000 /* how long the nodes wait for the borrowing daemon to close */
#define HEADERS_MAX 4
#define LINE_SIZE 2048

/* Some of the words may be those of the borrowing daemon, or of a node. */
__attribute__((format(printf, 1, 0))) static void line_print(const char *format, va_list arguments)
{
    char text[LINE_SIZE];
    vsnprintf(text, sizeof text, format, arguments);
    fputs("webinfer: ", stderr);
    wi_plain_print(stderr, wi_text_mend(text));
    fputc('\n', stderr);
}

void wi_uplink_tell(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    line_print(format, arguments);
    va_end(arguments);
}

void wi_uplink_warn_plain(const char *to, const char *url)
{
    if (!wi_url_is_secure(url))
        wi_uplink_tell("warning: the token is sent to %s unencrypted; use https, or a tunnel to "
                       "127.0.0.1",
            to);
}

void wi_uplink_end(struct wi_uplink_run *run, enum wi_exit exit, const char *format, ...)
{
    va_list arguments;
    if (run->ending)
        return;
    run->ending = 1;
    run->exit = exit;
    if (format) {
        va_start(arguments, format);
        line_print(format, arguments);
        va_end(arguments);
    }
    for (struct wi_uplink_line *line = run->lines; line; line = line->next)
        run->leaving += (size_t)wi_worker_leave(line->worker, "the uplink ends");
    wi_timer_start(run->over, run->leaving ? LEAVE_MS : 0, 0);
}

struct wi_http_call *wi_uplink_call(struct wi_uplink_run *run, const char *path,
    const char *const *headers, struct wi_http_request *request, wi_http_fn *on_answer,
    void *context)
{
    const char *all[HEADERS_MAX + 1] = {NULL};
    size_t count = 0;
    for (; headers && headers[count]; count++)
        all[count] = headers[count];
    all[count] = run->options->authorization;
    char *url = wi_sprintf("%s%s", run->options->url, path);
    request->url = url;
    request->headers = all;
    request->authority = run->options->authority;
    struct wi_http_call *call = wi_http_start(run->http, request, on_answer, context);
    free(url);
    return call;
}
