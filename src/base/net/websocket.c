/*
 * A client's WebSocket over libwebsockets, which resolves names synchronously; so names are
 * resolved before, on a worker thread. Their addresses are tried one after the other.
 *
 * It also makes its socket by itself. A socket from an outlet replaces that one under the same
 * descriptor number while lws is still connecting to a port without a listener: nothing has been
 * sent, and libuv tells epoll about descriptors only when the loop turns.
 */
#include "base/net/websocket.h"

#include "base/buffer.h"
#include "base/descriptors.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/net/address.h"
#include "base/net/lws_client.h"
#include "base/net/url.h"
#include "base/text.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#define VHOST_NAME "client"
#define PROTOCOL_NAME "webinfer-client"
#define CANNOT_CONNECT "cannot connect"
#define URL_MAX 1024
#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:"

struct message {
    struct message *prev, *next; /* in a list of utlist.h */
    size_t size;
    unsigned char bytes[]; /* LWS_PRE, then the text */
};

/* Outlives the socket where that is freed meanwhile. */
struct lookup {
    uv_getaddrinfo_t request;
    struct wi_websocket *socket; /* NULL: it has been freed */
};

struct wi_websocket {
    struct lws_context *lws;
    const struct wi_outlet *outlet; /* NULL: lws's own sockets */
    struct wi_websocket_events events;
    char *host, *path;
    int port;
    struct addrinfo *found;      /* the addresses of the host's name, or NULL */
    const struct addrinfo *next; /* the one of `found` to be tried next */
    size_t max_message;
    struct lookup *lookup;
    struct wi_timer *soon; /* connects, or tells a failure, from the loop itself */
    struct wi_lws_client client;
    int open;
    char failure[160]; /* "": none */
    struct message *queue;
    struct wi_buffer incoming;
    size_t skipped; /* bytes of the message that is being skipped; 0: none */
};

/* --- the way in from lws --------------------------------------------------------------------- */

/* The last thing done with a socket, as it may be freed inside. */
static void socket_end(struct wi_websocket *socket)
{
    char why[sizeof socket->failure];

    snprintf(
        why, sizeof why, "%s", socket->failure[0] ? socket->failure : "the connection was closed");
    socket->events.on_closed(socket->events.context, why);
}

static void take_failure(struct wi_websocket *socket, const char *text)
{
    wi_text_copy(socket->failure, sizeof socket->failure, text);
}

static void take_close(struct wi_websocket *socket, const unsigned char *bytes, size_t length)
{
    if (length < 2)
        return;
    snprintf(socket->failure, sizeof socket->failure, "the other side closed with %d: %.*s",
        bytes[0] << 8 | bytes[1], (int)(length - 2 < 100 ? length - 2 : 100),
        (const char *)bytes + 2);
    wi_text_mend(socket->failure);
}

static void socket_receive(struct wi_websocket *socket, const char *bytes, size_t size)
{
    struct lws *wsi = socket->client.wsi;
    int last = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;

    if (socket->skipped || size > socket->max_message - socket->incoming.size) {
        socket->skipped += socket->incoming.size + size;
        wi_buffer_clear(&socket->incoming);
    } else {
        wi_buffer_add(&socket->incoming, bytes, size);
    }
    if (!last)
        return;
    size_t skipped = socket->skipped;
    socket->skipped = 0;
    if (skipped) {
        socket->events.on_skipped(socket->events.context, skipped);
        return;
    }
    size = socket->incoming.size;
    char *text = wi_buffer_take(&socket->incoming);
    if (text)
        socket->events.on_message(socket->events.context, text, size);
    free(text);
}

/* One message for each WRITEABLE, and none while lws still holds a part of the one before. The
 * value is for lws, which closes by it. */
static int socket_write(struct wi_websocket *socket)
{
    struct lws *wsi = socket->client.wsi;
    struct message *message = socket->queue;

    if (!message || lws_partial_buffered(wsi))
        return 0;
    int written = lws_write(wsi, message->bytes + LWS_PRE, message->size, LWS_WRITE_TEXT);
    DL_DELETE(socket->queue, message);
    free(message);
    if (socket->queue)
        lws_callback_on_writable(wsi);
    return written < 0 ? -1 : 0;
}

static int on_event(void *context, enum lws_callback_reasons reason, void *in, size_t length)
{
    struct wi_websocket *socket = context;

    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        socket->open = 1;
        if (socket->queue)
            lws_callback_on_writable(socket->client.wsi);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        socket_receive(socket, in, length);
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return socket_write(socket);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        take_close(socket, in, length);
        return 0;
    default:
        return 0;
    }
}

/* A service may listen at some of its name's addresses only. */
static void on_end(void *context, const char *why)
{
    struct wi_websocket *socket = context;

    if (!socket->open && socket->next) {
        wi_timer_start(socket->soon, 0, 0);
        return;
    }
    if (*why)
        take_failure(socket, why);
    else if (!socket->open)
        take_failure(socket, CANNOT_CONNECT);
    socket_end(socket);
}

static const struct wi_lws_client_events client_events = {on_event, on_end};

/* --- connecting ------------------------------------------------------------------------------ */

/* All clients' sockets share one vhost, which lives as long as the context. */
static struct lws_vhost *find_vhost(struct lws_context *lws)
{
    static const struct lws_protocols protocols[] = {
        {.name = PROTOCOL_NAME, .callback = wi_lws_client_callback, .rx_buffer_size = WI_LWS_CHUNK},
        {0}};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN, .vhost_name = VHOST_NAME, .protocols = protocols};
    struct lws_vhost *vhost = lws_get_vhost_by_name(lws, VHOST_NAME);

    if (vhost)
        return vhost;
    vhost = lws_create_vhost(lws, &info);
    /* It takes http_proxy from the environment; a proxy for the machine is not for drivers. */
    if (vhost)
        lws_set_proxy(vhost, ":0");
    return vhost;
}

/* Reserves a port of this machine without a listener. The descriptor that holds it, or -1. */
static int hold_port(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
                       getsockname(fd, (struct sockaddr *)&address, &size) != 0)) {
        close(fd);
        fd = -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

/* A socket of the outlet on its way to the port of its own loopback, or -1. */
static int begin_elsewhere(const struct wi_outlet *outlet, int port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((in_port_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = outlet->take(outlet->context);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
        errno != EINPROGRESS) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Replaces the socket of lws by the outlet's. */
static void connect_elsewhere(struct wi_websocket *socket, struct lws_client_connect_info *info)
{
    int held = hold_port(&info->port), fd = begin_elsewhere(socket->outlet, socket->port);
    struct lws *wsi;

    info->address = "127.0.0.1";
    if (held < 0 || fd < 0)
        on_end(socket, "");
    else if ((wsi = wi_lws_client_connect(&socket->client, info)))
        dup3(fd, lws_get_socket_fd(wsi), O_CLOEXEC);
    wi_close(fd);
    wi_close(held);
}

static void connect_now(struct wi_websocket *socket)
{
    /* A port in the host header, as a browser would send it: drivers compare. */
    char *host =
        wi_sprintf(strchr(socket->host, ':') ? "[%s]:%d" : "%s:%d", socket->host, socket->port);
    struct lws_client_connect_info info = {
        .context = socket->lws,
        .vhost = find_vhost(socket->lws),
        .address = socket->host,
        .port = socket->port,
        .path = socket->path,
        .host = host,
        .local_protocol_name = PROTOCOL_NAME,
    };

    if (!info.vhost)
        on_end(socket, "");
    else if (socket->outlet)
        connect_elsewhere(socket, &info);
    else
        wi_lws_client_connect(&socket->client, &info);
    free(host);
}

static void fail_soon(struct wi_websocket *socket, const char *why)
{
    take_failure(socket, why);
    wi_timer_start(socket->soon, 0, 0);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct lookup *lookup = request->data;
    struct wi_websocket *socket = lookup->socket;

    free(lookup);
    if (!socket) {
        uv_freeaddrinfo(found);
        return;
    }
    socket->lookup = NULL;
    socket->found = found;
    socket->next = found;
    if (status != 0)
        snprintf(socket->failure, sizeof socket->failure, "cannot resolve %.80s", socket->host);
    wi_timer_start(socket->soon, 0, 0);
}

static void socket_resolve(struct wi_websocket *socket, uv_loop_t *loop)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct lookup *lookup = wi_alloc(sizeof *lookup);

    lookup->request.data = lookup;
    lookup->socket = socket;
    if (uv_getaddrinfo(loop, &lookup->request, on_resolved, socket->host, NULL, &hints) != 0) {
        free(lookup);
        fail_soon(socket, "its name cannot be looked up");
        return;
    }
    socket->lookup = lookup;
}

/* Makes the next address the host. */
static void take_address(struct wi_websocket *socket)
{
    const struct addrinfo *one = socket->next;
    char address[64];

    socket->next = one->ai_next;
    if (getnameinfo(
            one->ai_addr, one->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST) != 0)
        return;
    free(socket->host);
    socket->host = wi_strdup(address);
}

static void on_soon(void *context)
{
    struct wi_websocket *socket = context;

    if (socket->failure[0]) {
        socket_end(socket);
        return;
    }
    if (socket->next)
        take_address(socket);
    connect_now(socket);
}

/* --- what others call ------------------------------------------------------------------------ */

/* Fills host, port and path from the URL: 0, or -1 if it is none of ours. */
static int read_url(struct wi_websocket *socket, const char *url)
{
    static const char scheme[] = "ws://";
    const char *rest = url + strlen(scheme), *path, *port;
    char *end = NULL;
    long number = 80;

    if (strncmp(url, scheme, strlen(scheme)) != 0 || strlen(url) > URL_MAX)
        return -1;
    for (const char *c = url; *c; c++)
        if (*c <= ' ' || *c > '~') /* it becomes a line of the request */
            return -1;
    path = rest + strcspn(rest, "/?#");
    port = *rest == '[' ? strchr(rest, ']') : rest;
    port = port ? memchr(port, ':', (size_t)(path > port ? path - port : 0)) : NULL;
    if (port)
        number = strtol(port + 1, &end, 10);
    if (number <= 0 || number > 65535 || (port && end != path))
        return -1;
    socket->host = wi_url_host(url);
    socket->port = (int)number;
    socket->path = *path == '/' ? wi_strdup(path) : wi_sprintf("/%s", path);
    return *socket->host && strspn(socket->host, HOST_CHARACTERS) == strlen(socket->host) ? 0 : -1;
}

struct wi_websocket *wi_websocket_open(uv_loop_t *loop, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, size_t max_message,
    const struct wi_websocket_events *events)
{
    struct wi_websocket *socket = wi_alloc(sizeof *socket);
    union wi_address address;

    socket->lws = lws;
    socket->outlet = outlet;
    socket->events = *events;
    socket->client = (struct wi_lws_client){.events = &client_events, .context = socket};
    socket->max_message = max_message;
    socket->soon = wi_timer_new(loop, on_soon, socket);
    if (read_url(socket, url) != 0)
        fail_soon(socket, "its address is not ws://HOST:PORT/PATH");
    else if (!lws)
        fail_soon(socket, "there is no libwebsockets context");
    else if (outlet || wi_address_parse_host(socket->host, strlen(socket->host), &address) == 0)
        wi_timer_start(socket->soon, 0, 0);
    else
        socket_resolve(socket, loop);
    return socket;
}

void wi_websocket_send(struct wi_websocket *socket, const char *text, size_t size)
{
    struct message *message;

    assert(size <= WI_WEBSOCKET_SEND_MAX);
    message = wi_alloc(sizeof *message + LWS_PRE + size);
    message->size = size;
    memcpy(message->bytes + LWS_PRE, text, size);
    DL_APPEND(socket->queue, message);
    if (socket->open && socket->client.wsi)
        lws_callback_on_writable(socket->client.wsi);
}

void wi_websocket_free(struct wi_websocket *socket)
{
    struct message *message, *next;

    if (!socket)
        return;
    wi_lws_client_leave(&socket->client);
    if (socket->lookup) {
        socket->lookup->socket = NULL;
        uv_cancel((uv_req_t *)&socket->lookup->request);
    }
    DL_FOREACH_SAFE(socket->queue, message, next)
    free(message);
    wi_buffer_clear(&socket->incoming);
    wi_timer_free(socket->soon);
    uv_freeaddrinfo(socket->found);
    free(socket->host);
    free(socket->path);
    free(socket);
}
