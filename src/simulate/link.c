/* One simulated node's socket, a libwebsockets client on the loop of all of them. */
#include "simulate/simulate.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define FRAME_MAX ((size_t)256 * 1024 * 1024)

void sim_link_connect(struct sim_node *node)
{
    struct sim *sim = node->sim;
    const struct sim_options *options = sim->options;
    struct lws_client_connect_info info = {
        .context = sim->lws,
        .vhost = sim->vhost,
        .address = options->address,
        .port = options->port,
        .host = options->host,
        .path = "/node",
        .protocol = sim_protocols[0].name,
        .local_protocol_name = sim_protocols[0].name,
        .ssl_connection = options->tls ? LCCSCF_USE_SSL : 0,
        .ietf_version_or_minus_one = -1,
        .userdata = node,
        .pwsi = &node->wsi,
        .retry_and_idle_policy = &wi_lws_no_watch,
    };

    node->state = SIM_CONNECTING;
    sim->connecting++;
    /* A failure at once may or may not have been reported by the callback already. */
    if (!lws_client_connect_via_info(&info) && node->state == SIM_CONNECTING)
        node->sim->link->closed(node);
}

void sim_link_cut(struct sim_node *node)
{
    if (node->wsi)
        lws_set_timeout(node->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

void sim_link_send(struct sim_node *node, struct sim_message *message)
{
    struct sim_queued *queued = wi_alloc(sizeof *queued);

    message->references++;
    queued->message = message;
    if (node->queue_end)
        node->queue_end->next = queued;
    else
        node->queue = queued;
    node->queue_end = queued;
    node->said = wi_now_ms();
    if (node->wsi)
        lws_callback_on_writable(node->wsi);
}

void sim_link_send_once(struct sim_node *node, int binary, struct wi_buffer *bytes)
{
    struct sim_message *message = sim_message_new(binary, bytes);

    sim_link_send(node, message);
    sim_message_unref(message);
}

static void drop_first(struct sim_node *node)
{
    struct sim_queued *queued = node->queue;

    node->queue = queued->next;
    if (!node->queue)
        node->queue_end = NULL;
    node->written = 0;
    sim_message_unref(queued->message);
    free(queued);
}

void sim_link_clear(struct sim_node *node)
{
    while (node->queue)
        drop_first(node);
    wi_blob_unref(node->incoming);
    node->incoming = NULL;
}

/* What is written gets masked where it lies, so each piece goes through the scratch buffer. */
static int writeable(struct sim_node *node)
{
    unsigned char *scratch = node->sim->scratch + LWS_PRE;

    while (node->queue && !lws_partial_buffered(node->wsi) && !lws_send_pipe_choked(node->wsi)) {
        const struct sim_message *message = node->queue->message;
        size_t left = message->size - node->written;
        size_t size = left < WI_LWS_CHUNK ? left : WI_LWS_CHUNK;
        enum lws_write_protocol how = (enum lws_write_protocol)lws_write_ws_flags(
            message->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT, node->written == 0, size == left);
        memcpy(scratch, message->bytes + node->written, size);
        if (lws_write(node->wsi, scratch, size, how) < 0)
            return -1;
        node->written += size;
        if (size == left)
            drop_first(node);
    }
    if (node->queue)
        lws_callback_on_writable(node->wsi);
    return 0;
}

static int receive(struct sim_node *node, const void *bytes, size_t size)
{
    size_t rest = lws_remaining_packet_payload(node->wsi);

    node->heard = wi_now_ms();
    if (!node->incoming)
        node->incoming = wi_blob_new(NULL, size + rest);
    if (!node->incoming || node->incoming->size + size > FRAME_MAX ||
        wi_blob_append(node->incoming, bytes, size))
        return -1;
    if (rest || !lws_is_final_fragment(node->wsi))
        return 0;
    struct wi_blob *blob = node->incoming;
    node->incoming = NULL;
    node->sim->link->message(node, blob, lws_frame_is_binary(node->wsi));
    wi_blob_unref(blob);
    return 0;
}

static void peer_closes(struct sim_node *node, const unsigned char *in, size_t length)
{
    char reason[128] = "";

    if (length > 2)
        snprintf(reason, sizeof reason, "%.*s", (int)(length - 2), (const char *)in + 2);
    node->sim->link->refused(node, length >= 2 ? in[0] << 8 | in[1] : 0, reason);
}

static int callback(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct sim_node *node = user;

    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        node->wsi = wsi;
        node->sim->link->open(node);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return receive(node, in, length);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return writeable(node);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        peer_closes(node, in, length);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLIENT_CLOSED:
        node->wsi = NULL;
        node->sim->link->closed(node);
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}

const struct lws_protocols sim_protocols[] = {
    /* The receive buffer is allocated for each connection. */
    {.name = "webinfer.v1", .callback = callback, .rx_buffer_size = 4096},
    {0},
};
