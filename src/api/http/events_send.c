/* The client that takes events, see events.h. A part counts as taken when the socket has all of it:
 * libmicrohttpd asks for more only then. */
#include "api/http/events.h"

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

struct wi_events_client {
    struct wi_taking taking; /* first: it is the request's work */
    struct wi_request *request;
    struct wi_events *events; /* NULL once it was cut */
    struct wi_events_callbacks back;
    struct wi_watch *watch;  /* for the client leaving */
    struct wi_buffer saying; /* the text to send between two events */
    size_t said;             /* of it */
    int left;                /* the client */
};

/* --- reading ---------------------------------------------------------------------------------- */

/* No text goes within an event, or after the last. */
static int may_begin(const struct wi_events_client *client)
{
    return wi_events_between(client->events) && !wi_events_over(client->events);
}

static size_t client_say(struct wi_events_client *client, char *out, size_t max)
{
    size_t left = client->saying.size - client->said;
    size_t size = left < max ? left : max;
    if (size == 0 || (client->said == 0 && !may_begin(client)))
        return 0;
    memcpy(out, client->saying.text + client->said, size);
    client->said += size;
    if (client->said == client->saying.size) {
        wi_buffer_clear(&client->saying);
        client->said = 0;
    }
    return size;
}

static ssize_t read_next(struct wi_events_client *client, char *out, size_t max)
{
    wi_taking_rest(&client->taking);
    if (!client->events || client->left)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (!wi_connection_may_go_on(client->request->connection))
        return 0;
    if (client->back.on_taken)
        client->back.on_taken(client->back.context);
    size_t size = client_say(client, out, max);
    if (client->said == 0)
        size += wi_events_read(client->events, out + size, max - size);
    if (size > 0)
        return wi_taking_give(&client->taking, size);
    return wi_events_over(client->events) ? wi_taking_end(&client->taking)
                                          : wi_taking_pause(&client->taking);
}

static ssize_t on_read(void *context, uint64_t position, char *out, size_t max)
{
    struct wi_events_client *client = context;
    struct wi_connection *connection = client->request->connection;
    wi_spending_begin(&connection->api->spending, connection);
    ssize_t size = read_next(client, out, max);
    wi_spending_pause(&connection->api->spending);
    return size;
}

/* --- leaving ---------------------------------------------------------------------------------- */

static void on_left(void *context, int status, int events)
{
    struct wi_events_client *client = context;
    wi_watch_free(client->watch);
    client->watch = NULL;
    client->left = 1;
    shutdown(client->request->connection->fd, SHUT_RDWR); /* for one that is not suspended */
    wi_request_resume(client->request);
}

/* The request is completed, whatever the outcome. */
static void on_completed(void *context)
{
    struct wi_events_client *client = context;
    wi_watch_free(client->watch);
    wi_buffer_clear(&client->saying);
    client->request->alias = NULL;
    if (client->events) {
        wi_events_set_client(client->events, NULL, NULL);
        client->back.on_gone(client->back.context);
    }
    free(client);
}

/* --- from outside ----------------------------------------------------------------------------- */

static void client_wake(struct wi_events_client *client)
{
    wi_request_resume(client->request);
}

void wi_events_send(
    struct wi_events *events, struct wi_request *request, const struct wi_events_callbacks *back)
{
    wi_events_send_as(events, request, wi_dialect_stream_type(request->dialect), back);
}

void wi_events_send_as(struct wi_events *events, struct wi_request *request, const char *media_type,
    const struct wi_events_callbacks *back)
{
    struct wi_events_client *client = wi_alloc(sizeof *client);
    int fd = request->connection->fd, size = SEND_BUFFER;
    client->request = request;
    client->events = events;
    client->back = *back;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    wi_taking_begin(&client->taking, request, media_type,
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, client, NULL),
        on_completed);
    /* Proxies that gather answers, as nginx does, send each part when it comes. */
    wi_request_add_header(request, "X-Accel-Buffering", "no");
    client->watch = wi_watch_new(request->api->deps.loop, fd, UV_DISCONNECT, on_left, client);
    wi_events_set_client(events, client, client_wake);
}

void wi_events_insert(struct wi_events *events, struct wi_buffer *text)
{
    struct wi_events_client *client = wi_events_client(events);
    if (client && client->said == 0 && text->size > 0) {
        wi_buffer_clear(&client->saying);
        client->saying = *text;
        *text = (struct wi_buffer){0};
        client_wake(client);
    }
    wi_buffer_clear(text);
}

void wi_events_cut(struct wi_events *events)
{
    struct wi_events_client *client = wi_events_client(events);
    if (!client)
        return;
    wi_events_set_client(events, NULL, NULL);
    client->events = NULL;
    on_left(client, 0, 0);
}

int wi_events_finish(struct wi_events *events, int may_read)
{
    struct wi_buffer nothing = {0};
    if (wi_events_ended(events))
        return 1;
    if (may_read)
        wi_events_end(events, &nothing);
    else
        wi_events_cut(events);
    return may_read;
}

struct wi_request *wi_events_request(const struct wi_events *events)
{
    struct wi_events_client *client = wi_events_client(events);
    return client ? client->request : NULL;
}
