/* The event stream format of the HTML standard (9.2.6): comments and retry times are ignored. */
#include "cli/events.h"
#include "cli/plain.h"

#include <stdio.h>
#include <string.h>

#define EVENT_MAX ((size_t)1 << 30)

static void buffer_set(struct wi_buffer *buffer, const char *bytes, size_t size)
{
    buffer->size = 0;
    wi_buffer_add(buffer, bytes, size);
}

static void event_dispatch(struct wi_cli_events *events)
{
    if (events->has_data)
        events->on_event(events->context, events->name.size ? events->name.text : "message",
            events->data.text, events->data.size);
    if (events->next_id.size)
        buffer_set(&events->id, events->next_id.text, events->next_id.size);
    events->name.size = events->data.size = events->next_id.size = 0;
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
        event_dispatch(events);
    } else if (name == 5 && memcmp(line, "event", 5) == 0) {
        buffer_set(&events->name, value, length);
    } else if (name == 2 && memcmp(line, "id", 2) == 0) {
        buffer_set(&events->next_id, value, length);
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
    wi_buffer_clear(&events->id);
    wi_buffer_clear(&events->next_id);
    wi_buffer_clear(&events->line);
    wi_buffer_clear(&events->name);
    wi_buffer_clear(&events->data);
}

/* Counted by ^C; the only thing that a signal handler may touch. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
    if (interrupted < 2)
        interrupted++;
}

int wi_cli_is_interrupted(void)
{
    return interrupted;
}

void wi_cli_catch(int signal, struct sigaction *before)
{
    interrupted = 0;
    sigaction(signal, &(struct sigaction){.sa_handler = on_interrupt}, before);
}

/* JSON data on one line is printed as it came, other JSON is printed again on one line, and data
 * that is not JSON as null. */
void wi_cli_event_print(const char *name, const json_t *value, const char *data, size_t length)
{
    struct wi_buffer line = {0};

    wi_buffer_puts(&line, "{\"event\":");
    wi_buffer_json_string(&line, name);
    wi_buffer_puts(&line, ",\"data\":");
    if (value && !memchr(data, '\n', length))
        wi_buffer_add(&line, data, length);
    else if (value)
        wi_buffer_json(&line, value);
    else
        wi_buffer_puts(&line, "null");
    wi_buffer_puts(&line, "}\n");
    wi_plain_flush(stdout, &line);
}

enum wi_exit wi_cli_event_complain(
    const struct wi_cli *cli, const json_t *problem, const char *data, size_t length)
{
    struct wi_rest_answer answer = {
        .status = (long)json_integer_value(json_object_get(problem, "status"))};
    struct wi_cli plain = *cli;

    if (answer.status < 400)
        answer.status = 500; /* it is an error in any case */
    wi_buffer_add(&answer.body, data, length);
    plain.json = 0; /* it was printed as an event */
    enum wi_exit result = wi_cli_check(&plain, &answer);
    wi_rest_answer_clear(&answer);
    return result;
}

/* Of JSON on one line. */
static void put_data(const char *data, size_t length)
{
    wi_plain_json(stdout, data, length);
    putchar('\n');
}

static void take_event(void *context, const char *name, const char *data, size_t length)
{
    struct wi_cli_stream *stream = context;
    json_t *value = json_loadb(data, length, JSON_ALLOW_NUL, NULL);

    if (stream->lines)
        wi_cli_event_print(name, value, data, length);
    else if (stream->bare && value)
        put_data(data, length);
    stream->on_event(stream->context, name, value);
    if (strcmp(name, "done") == 0) {
        stream->_over = 1;
        stream->_result = WI_EXIT_OK;
        if (stream->done) {
            json_decref(*stream->done);
            *stream->done = json_incref(value);
        }
    } else if (strcmp(name, "error") == 0) {
        stream->_over = 1;
        stream->on_end(stream->context);
        stream->_result = wi_cli_event_complain(stream->cli, value, data, length);
    }
    fflush(stdout);
    json_decref(value);
}

static int take_bytes(void *context, const char *bytes, size_t size)
{
    struct wi_cli_stream *stream = context;

    if ((stream->stops && interrupted) || (stream->needs_output && ferror(stdout)))
        return -1;
    return wi_cli_events_take(&stream->_events, bytes, size);
}

enum wi_exit wi_cli_stream(struct wi_cli_stream *stream, struct wi_rest_request *request)
{
    struct wi_rest_answer answer;
    struct sigaction before;

    stream->_events = (struct wi_cli_events){.on_event = take_event, .context = stream};
    request->on_events = take_bytes;
    request->is_cancelled = stream->stops ? wi_cli_is_interrupted : NULL;
    request->context = stream;
    interrupted = 0;
    if (stream->stops)
        wi_cli_catch(SIGINT, &before);
    wi_cli_send(stream->cli, request, &answer);
    if (stream->stops)
        sigaction(SIGINT, &before, NULL);
    if (!stream->_over) {
        stream->on_end(stream->context);
        stream->_result = stream->on_break(stream->context, &answer);
    }
    wi_cli_events_clear(&stream->_events);
    wi_rest_answer_clear(&answer);
    return stream->_result;
}
