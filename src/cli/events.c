/* The event stream format of the HTML standard (9.2.6), as far as a client needs it that does not
 * come back by itself: comments, ids and retry times are passed over. */
#include "cli/events.h"

#include <string.h>

#define EVENT_MAX ((size_t)1 << 30)

static void set(struct wi_buffer *buffer, const char *bytes, size_t size)
{
    buffer->size = 0;
    wi_buffer_add(buffer, bytes, size);
}

static void dispatch(struct wi_cli_events *events)
{
    if (events->has_data)
        events->on_event(events->context, events->name.size ? events->name.text : "message",
            events->data.text, events->data.size);
    events->name.size = events->data.size = 0;
    events->has_data = 0;
}

static void take_line(struct wi_cli_events *events, const char *line, size_t size)
{
    const char *colon = memchr(line, ':', size);
    size_t name = colon ? (size_t)(colon - line) : size;
    const char *value = colon ? colon + 1 : line + size;
    size_t length = (size_t)(line + size - value);

    if (length > 0 && *value == ' ') {
        value++;
        length--;
    }
    if (size == 0) {
        dispatch(events);
    } else if (name == 5 && memcmp(line, "event", 5) == 0) {
        set(&events->name, value, length);
    } else if (name == 4 && memcmp(line, "data", 4) == 0) {
        if (events->has_data)
            wi_buffer_add(&events->data, "\n", 1);
        wi_buffer_add(&events->data, value, length);
        events->has_data = 1;
    }
}

int wi_cli_events_take(struct wi_cli_events *events, const char *bytes, size_t size)
{
    const char *at = bytes, *end = bytes + size;

    while (at < end) {
        if (events->after_cr && *at == '\n')
            at++;
        events->after_cr = 0;
        const char *stop = at;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        wi_buffer_add(&events->line, at, (size_t)(stop - at));
        if (events->line.size + events->data.size > EVENT_MAX)
            return -1;
        if (stop == end)
            break;
        take_line(events, events->line.text, events->line.size);
        events->line.size = 0;
        events->after_cr = *stop == '\r';
        at = stop + 1;
    }
    return 0;
}

void wi_cli_events_clear(struct wi_cli_events *events)
{
    wi_buffer_clear(&events->line);
    wi_buffer_clear(&events->name);
    wi_buffer_clear(&events->data);
}
