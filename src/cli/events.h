/* Server-sent events taken apart as they come, in whatever pieces. */
#ifndef WI_CLI_EVENTS_H
#define WI_CLI_EVENTS_H

#include "base/buffer.h"
#include <stddef.h>

/* One event; `name` is "message" where it has none, `data` has its length and ends with a NUL. */
typedef void wi_cli_event_fn(void *context, const char *name, const char *data, size_t length);

/* Zero-initialise but for the callback; free with wi_cli_events_clear. */
struct wi_cli_events {
    wi_cli_event_fn *on_event;
    void *context;
    struct wi_buffer line, name, data; /* of what is not complete yet */
    int has_data;
    int after_cr; /* an LF that comes now belongs to the line before */
};
/* 0, or -1 where an event is larger than any of ours. */
int wi_cli_events_take(struct wi_cli_events *events, const char *bytes, size_t size);
void wi_cli_events_clear(struct wi_cli_events *events);

#endif
