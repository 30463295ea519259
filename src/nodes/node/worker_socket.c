/* One worker's socket, a libwebsockets client on the loop of all of them. */
#include "base/blob.h"
#include "base/clock.h"
#include "base/net/lws.h"
#include "nodes/node/worker_private.h"
#include <stdio.h>
#include <utlist.h>

#define MESSAGE_MAX ((size_t)256 * 1024 * 1024)

void wi_worker_socket_send(struct wi_worker *worker, struct wi_message *message)
{
    DL_APPEND(worker->queue, message);
    worker->said = wi_awake_ms();
    if (worker->client.wsi)
        lws_callback_on_writable(worker->client.wsi);
}

void wi_worker_socket_clear(struct wi_worker *worker)
{
    wi_messages_clear(&worker->queue);
    worker->written = (struct wi_message_place){0};
    wi_blob_unref(worker->incoming);
    worker->incoming = NULL;
}

/* Masking changes the bytes in place, so each piece is copied through the scratch buffer. */
static int socket_writeable(struct wi_worker *worker)
{
    unsigned char *scratch = worker->service->_scratch + LWS_PRE;

    while (worker->queue && !lws_partial_buffered(worker->client.wsi) &&
           !lws_send_pipe_choked(worker->client.wsi)) {
        struct wi_message *message = worker->queue;
        int first = worker->written.piece == 0 && worker->written.done == 0;
        size_t size = wi_message_gather(message, &worker->written, scratch, WI_LWS_CHUNK);
        int last = worker->written.piece == message->count;
        enum lws_write_protocol how = (enum lws_write_protocol)lws_write_ws_flags(
            message->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT, first, last);
        if (lws_write(worker->client.wsi, scratch, size, how) < 0)
            return -1;
        if (!last)
            continue;
        DL_DELETE(worker->queue, message);
        wi_message_free(message);
        worker->written = (struct wi_message_place){0};
    }
    if (worker->queue)
        lws_callback_on_writable(worker->client.wsi);
    return 0;
}

static int socket_receive(struct wi_worker *worker, const void *bytes, size_t size)
{
    size_t rest = lws_remaining_packet_payload(worker->client.wsi);

    worker->heard = wi_awake_ms();
    if (!worker->incoming)
        worker->incoming = wi_blob_new(NULL, size + rest);
    if (!worker->incoming || worker->incoming->size + size > MESSAGE_MAX ||
        wi_blob_append(worker->incoming, bytes, size))
        return -1;
    if (rest || !lws_is_final_fragment(worker->client.wsi))
        return 0;
    struct wi_blob *blob = worker->incoming;
    worker->incoming = NULL;
    worker->events->heard(worker, blob, lws_frame_is_binary(worker->client.wsi));
    wi_blob_unref(blob);
    return 0;
}

/* The code of a close frame, 0 if it has none. libwebsockets 4.1 replaces 1013, "try again later",
 * with 1002. Both mean the same to a worker: it comes back. */
static int close_code(const unsigned char *bytes, size_t length)
{
    int code = length >= 2 ? bytes[0] << 8 | bytes[1] : 0;

    return code == LWS_CLOSE_STATUS_PROTOCOL_ERR ? 1013 : code;
}

static int on_event(void *context, enum lws_callback_reasons reason, void *in, size_t length)
{
    struct wi_worker *worker = context;
    const unsigned char *bytes = in;
    char why[128] = "";

    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        worker->events->opened(worker);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return socket_receive(worker, in, length);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return socket_writeable(worker);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        if (length > 2)
            snprintf(why, sizeof why, "%.*s", (int)(length - 2), (const char *)bytes + 2);
        worker->events->refused(worker, close_code(in, length), why);
        return 0;
    default:
        return 0;
    }
}

static void on_end(void *context, const char *why)
{
    struct wi_worker *worker = context;

    worker->events->closed(worker, why);
}

const struct lws_protocols wi_worker_protocols[] = {
    /* The receive buffer is allocated for each connection. */
    {.name = "webinfer.v1", .callback = wi_lws_client_callback, .rx_buffer_size = 4096},
    {0},
};

void wi_worker_socket_connect(struct wi_worker *worker)
{
    const struct wi_join_link *link = &worker->service->link;
    static const struct wi_lws_client_events events = {on_event, on_end};
    const struct lws_client_connect_info info = {
        .context = worker->service->lws,
        .vhost = worker->service->vhost,
        .address = link->addresses[worker->address],
        .port = link->port,
        .host = link->host,
        .path = "/node",
        .protocol = wi_worker_protocols[0].name,
        .local_protocol_name = wi_worker_protocols[0].name,
        .ssl_connection = link->tls ? LCCSCF_USE_SSL : 0,
        .ietf_version_or_minus_one = -1,
        .retry_and_idle_policy = &wi_lws_no_watch,
    };

    worker->client.events = &events;
    worker->client.context = worker;
    wi_lws_client_connect(&worker->client, &info);
}
