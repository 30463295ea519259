/* See event_sender.h. A part counts as taken when the socket has all of it: libmicrohttpd asks for
 * more only then. */
#include "api/http/event_sender.h"

#include "api/http/taking.h"
#include "api/http/waiting.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The most that the kernel holds for a client that does not read. The system's default would let it
 * grow to megabytes, which the engine would have computed for no reader. */
#define SEND_BUFFER (64 * 1024)
/* Only for HTTP/1.0, where libmicrohttpd has no buffer of its own. */
#define BLOCK 4096

struct wi_event_sender {
    struct wi_request *request;
    struct wi_events *events; /* NULL once it was cut */
    struct wi_event_sender_callbacks back;
    struct wi_watch *watch;  /* for the client leaving */
    struct wi_buffer saying; /* the text to send between two events */
    size_t said;             /* of it */
    struct wi_taking taking;
    int left; /* the client */
};

/* --- reading ---------------------------------------------------------------------------------- */

/* No text goes within an event, or after the last. */
static int may_begin(const struct wi_event_sender *sender)
{
    return wi_events_between(sender->events) && !wi_events_over(sender->events);
}

static size_t sender_say(struct wi_event_sender *sender, char *out, size_t max)
{
    size_t left = sender->saying.size - sender->said;
    size_t size = left < max ? left : max;
    if (size == 0 || (sender->said == 0 && !may_begin(sender)))
        return 0;
    memcpy(out, sender->saying.text + sender->said, size);
    sender->said += size;
    if (sender->said == sender->saying.size) {
        wi_buffer_clear(&sender->saying);
        sender->said = 0;
    }
    return size;
}

static ssize_t sender_rest(struct wi_event_sender *sender)
{
    struct wi_request *request = sender->request;
    if (wi_events_over(sender->events)) {
        wi_taking_end(&sender->taking);
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    request->suspended = 1;
    MHD_suspend_connection(request->mhd);
    return 0;
}

static ssize_t read_next(struct wi_event_sender *sender, char *out, size_t max)
{
    wi_taking_rest(&sender->taking);
    if (!sender->events || sender->left)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (!wi_connection_may_go_on(sender->request->connection))
        return 0;
    sender->back.on_taken(sender->back.context);
    size_t size = sender_say(sender, out, max);
    if (sender->said == 0)
        size += wi_events_read(sender->events, out + size, max - size);
    if (size == 0)
        return sender_rest(sender);
    wi_taking_give(&sender->taking, size);
    return (ssize_t)size;
}

static ssize_t on_read(void *context, uint64_t position, char *out, size_t max)
{
    struct wi_event_sender *sender = context;
    struct wi_connection *connection = sender->request->connection;
    wi_spending_begin(&connection->api->spending, connection);
    ssize_t size = read_next(sender, out, max);
    wi_spending_pause(&connection->api->spending);
    return size;
}

/* --- leaving ---------------------------------------------------------------------------------- */

static void on_left(void *context, int status, int events)
{
    struct wi_event_sender *sender = context;
    wi_watch_free(sender->watch);
    sender->watch = NULL;
    sender->left = 1;
    shutdown(sender->request->connection->fd, SHUT_RDWR); /* for one that is not suspended */
    wi_request_resume(sender->request);
}

/* The request is completed, whatever the outcome. */
static void on_completed(void *context)
{
    struct wi_event_sender *sender = context;
    wi_watch_free(sender->watch);
    wi_buffer_clear(&sender->saying);
    sender->request->alias = NULL;
    if (sender->events)
        sender->back.on_gone(sender->back.context);
    free(sender);
}

static int is_moving(void *context)
{
    struct wi_event_sender *sender = context;
    return wi_taking_is_moving(&sender->taking);
}

/* --- from outside ----------------------------------------------------------------------------- */

struct wi_event_sender *wi_event_sender_new(struct wi_request *request, struct wi_events *events,
    const struct wi_event_sender_callbacks *back)
{
    struct wi_event_sender *sender = wi_alloc(sizeof *sender);
    int fd = request->connection->fd, size = SEND_BUFFER;
    sender->request = request;
    sender->events = events;
    sender->back = *back;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, sender, NULL);
    if (!response)
        abort(); /* out of memory for a small object */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    wi_request_answer_response(request, 200, wi_dialect_stream_type(request->dialect), response, 0);
    /* Proxies that gather answers, as nginx does, send each part when it comes. */
    wi_request_add_header(request, "X-Accel-Buffering", "no");
    request->cancel = on_completed;
    request->is_moving = is_moving;
    request->work = sender;
    wi_taking_begin(&sender->taking, request);
    sender->watch = wi_watch_new(request->api->deps.loop, fd, UV_DISCONNECT, on_left, sender);
    return sender;
}

void wi_event_sender_wake(struct wi_event_sender *sender)
{
    wi_request_resume(sender->request);
}

void wi_event_sender_insert(struct wi_event_sender *sender, struct wi_buffer *text)
{
    if (sender->said == 0 && text->size > 0) {
        wi_buffer_clear(&sender->saying);
        wi_buffer_add(&sender->saying, text->text, text->size);
        wi_event_sender_wake(sender);
    }
    wi_buffer_clear(text);
}

void wi_event_sender_cut(struct wi_event_sender *sender)
{
    sender->events = NULL;
    on_left(sender, 0, 0);
}

struct wi_request *wi_event_sender_request(const struct wi_event_sender *sender)
{
    return sender->request;
}
