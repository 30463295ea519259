/*
 * Frames in and out of one libwebsockets socket.
 *
 * Two habits of that library shape this file. It must not be given data while it still holds a
 * part of an earlier write back, or it forgets the next frame's header: so we write only from
 * WRITEABLE and stop as soon as something was held back. And its own way of closing with a code
 * loses the close frame outside RECEIVE: so we write the frame ourselves and set a time limit.
 */
#include "bridge/link.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "bridge/messages.h"
#include "bridge/node.h"
#include "bridge/refused.h"
#include "bridge/report.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* lws keeps this write type for itself; it makes the frame of RFC 6455, 5.5.1. */
#define WRITE_CLOSE ((enum lws_write_protocol)4)
#define HELLO_MS 5000
#define ANNOUNCEMENT_MAX (64 * 1024) /* a whole one of Chromium's has about 6 KiB */
#define REST_MS 1000
#define CLOSE_TIMEOUT_S 5
/* Above this a piece is written where it lies; below, copying it beats another frame. */
#define IN_PLACE_MIN (64 * 1024)
/* Queued and unsent; a peer that reads nothing for so long is cut. */
#define MAX_QUEUED_MESSAGES 4096
#define MAX_QUEUED_FRAMES 4

/* --- Messages -------------------------------------------------------------------------------- */

struct piece {
    struct wi_blob *blob; /* NULL: the head */
    const unsigned char *bytes;
    size_t size;
    size_t padding; /* zeros to put before it */
};

struct wi_message {
    struct wi_message *next;
    int binary;
    char *head;
    size_t total;
    size_t count;
    struct piece pieces[];
};

struct wi_message *wi_message_new(
    int binary, struct wi_buffer *head, const struct wi_tensors *tensors)
{
    size_t count = tensors ? tensors->count : 0, section = 0;
    struct wi_message *message = wi_alloc(sizeof *message + (1 + count) * sizeof(struct piece));
    message->binary = binary;
    message->count = 1 + count;
    message->pieces[0].size = head->size;
    message->head = wi_buffer_take(head);
    message->pieces[0].bytes = (const unsigned char *)message->head;
    for (size_t i = 0; i < count; i++) {
        const struct wi_tensor *tensor = &tensors->items[i];
        struct piece *piece = &message->pieces[1 + i];
        piece->blob = wi_blob_ref(tensor->blob);
        piece->bytes = wi_tensor_bytes(tensor);
        piece->size = tensor->size;
        piece->padding = wi_frame_align(section) - section;
        section += piece->padding + piece->size;
    }
    message->total = message->pieces[0].size + section;
    return message;
}

static void free_message(struct wi_message *message)
{
    if (!message)
        return;
    for (size_t i = 0; i < message->count; i++)
        wi_blob_unref(message->pieces[i].blob);
    free(message->head);
    free(message);
}

/* --- Life ------------------------------------------------------------------------------------ */

static void on_hello_late(void *context)
{
    struct wi_link *link = context;
    link->bridge->counters.protocol_errors++;
    wi_link_fail(link, WI_CLOSE_POLICY, "no node_announcement within 5 s");
}

static struct wi_link *new_link(struct wi_bridge *bridge, struct lws *wsi)
{
    struct wi_link *link = wi_alloc(sizeof *link);
    link->bridge = bridge;
    link->wsi = wsi;
    link->hello = wi_timer_new(bridge->loop, on_hello_late, link);
    wi_timer_start(link->hello, HELLO_MS, 0);
    DL_APPEND(bridge->links, link);
    return link;
}

static void on_rested(void *context)
{
    struct wi_link *link = context;
    if (link->node)
        link->node->last_seen = wi_now_ms(); /* the silence was ours */
    lws_rx_flow_control(link->wsi, 1);
}

void wi_link_rest(struct wi_link *link)
{
    double passed = wi_now_ms() - link->window;
    if (link->closing)
        return;
    if (!link->rest)
        link->rest = wi_timer_new(link->bridge->loop, on_rested, link);
    lws_rx_flow_control(link->wsi, 0);
    wi_timer_start(link->rest, passed < REST_MS ? (uint64_t)(REST_MS - passed) + 1 : 1, 0);
}

int wi_link_rests(const struct wi_link *link)
{
    return link->rest && wi_timer_running(link->rest);
}

void wi_link_settle(struct wi_link *link)
{
    struct wi_connection *connection = lws_get_opaque_user_data(link->wsi);
    wi_timer_free(link->hello);
    link->hello = NULL;
    wi_places_settle(&link->bridge->places, &connection->place);
}

static void drop_queue(struct wi_link *link)
{
    struct wi_message *message, *next;
    LL_FOREACH_SAFE(link->queue, message, next)
    free_message(message);
    link->queue = link->queue_end = NULL;
    link->queued_messages = link->queued_bytes = 0;
    link->piece = link->piece_done = 0;
}

/* The socket is gone. */
static void link_gone(struct wi_link *link)
{
    struct wi_node *node = link->node;
    int left = link->left;
    DL_DELETE(link->bridge->links, link);
    drop_queue(link);
    wi_blob_unref(link->incoming);
    wi_timer_free(link->hello);
    wi_timer_free(link->rest);
    free(link);
    if (!node)
        return;
    node->link = NULL;
    if (left && !*node->info.session) /* who looks after a browser of ours sees what it did */
        wi_node_leave(node, 1, "it closed its connection");
    else
        wi_node_away(node);
}

/* --- Closing --------------------------------------------------------------------------------- */

void wi_link_close(
    struct wi_link *link, enum wi_close code, const char *reason, struct wi_message *last)
{
    if (link->node)
        link->node->link = NULL;
    link->node = NULL;
    if (link->closing) {
        free_message(last);
        return;
    }
    int cut_short = link->started;
    drop_queue(link);
    wi_timer_free(link->hello);
    link->hello = NULL;
    if (link->rest)
        lws_rx_flow_control(link->wsi, 1); /* for the peer's close frame */
    wi_timer_free(link->rest);
    link->rest = NULL;
    wi_blob_unref(link->incoming);
    link->incoming = NULL;
    if (last && !cut_short)
        wi_link_send(link, last);
    else
        free_message(last);
    link->closing = 1;
    link->close_code = (uint16_t)code;
    wi_report_text(link->close_reason, sizeof link->close_reason, reason);
    /* If the peer does not read, WRITEABLE never comes. */
    lws_set_timeout(link->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_TIMEOUT_S);
    lws_callback_on_writable(link->wsi);
}

void wi_link_fail(struct wi_link *link, enum wi_close code, const char *reason)
{
    struct wi_node *node = link->node;
    wi_log_limited(&link->bridge->closings, WI_LOG_INFO, "bridge", node ? node->info.id : NULL,
        "closing a node's socket with %d: %s", code, reason);
    wi_link_close(link, code, reason, NULL);
    if (node)
        wi_node_away(node);
}

static void write_close(struct wi_link *link)
{
    unsigned char frame[LWS_PRE + 2 + sizeof link->close_reason];
    size_t length = strlen(link->close_reason);
    frame[LWS_PRE] = (unsigned char)(link->close_code >> 8);
    frame[LWS_PRE + 1] = (unsigned char)(link->close_code & 0xff);
    memcpy(frame + LWS_PRE + 2, link->close_reason, length);
    lws_write(link->wsi, frame + LWS_PRE, 2 + length, WRITE_CLOSE);
    link->close_sent = 1;
    lws_set_timeout(link->wsi, PENDING_TIMEOUT_CLOSE_ACK, CLOSE_TIMEOUT_S);
}

/* --- Sending --------------------------------------------------------------------------------- */

static int link_writeable(struct wi_link *link);

/* Asking for WRITEABLE costs two epoll_ctl and a turn of the loop, so what finds the link idle and
 * its socket ready is written at once. A failure is left for WRITEABLE, whose return value lws
 * closes by. */
static void write_or_ask(struct wi_link *link, int idle)
{
    if (idle && !lws_send_pipe_choked(link->wsi) && link_writeable(link) == 0)
        return;
    lws_callback_on_writable(link->wsi);
}

int wi_link_send(struct wi_link *link, struct wi_message *message)
{
    int idle = !link->queue;
    if (link->closing || link->queued_messages >= MAX_QUEUED_MESSAGES ||
        (link->queued_bytes && link->queued_bytes + message->total >
                                   MAX_QUEUED_FRAMES * link->bridge->settings.max_frame)) {
        free_message(message);
        return -1;
    }
    if (link->queue_end)
        link->queue_end->next = message;
    else
        link->queue = message;
    link->queue_end = message;
    link->queued_messages++;
    link->queued_bytes += message->total;
    write_or_ask(link, idle);
    return 0;
}

/* Copies the next bytes of the message into the scratch buffer, as many as fit. */
static size_t gather(struct wi_link *link, struct wi_message *message, unsigned char *to)
{
    size_t size = 0;
    while (link->piece < message->count && size < WI_LWS_CHUNK) {
        const struct piece *piece = &message->pieces[link->piece];
        size_t whole = piece->padding + piece->size, done = link->piece_done;
        if (done < piece->padding) {
            size_t zeros = piece->padding - done;
            if (zeros > WI_LWS_CHUNK - size)
                zeros = WI_LWS_CHUNK - size;
            memset(to + size, 0, zeros);
            size += zeros;
            done += zeros;
        }
        size_t left = whole - done;
        if (left > WI_LWS_CHUNK - size)
            left = WI_LWS_CHUNK - size;
        if (left && done >= piece->padding) {
            memcpy(to + size, piece->bytes + (done - piece->padding), left);
            size += left;
            done += left;
        }
        link->piece_done = done;
        if (done == whole) {
            link->piece++;
            link->piece_done = 0;
        }
    }
    return size;
}

/* lws puts the frame's header before the payload. In the middle of a blob those bytes belong to
 * somebody (the tensor's own, or its neighbour's), so they are put back. */
static int write_in_place(
    struct wi_link *link, const struct piece *piece, size_t size, enum lws_write_protocol how)
{
    unsigned char *bytes = piece->blob->bytes + (piece->bytes - piece->blob->bytes) +
                           (link->piece_done - piece->padding);
    unsigned char saved[LWS_PRE];
    _Static_assert(LWS_PRE <= WI_BLOB_HEADROOM, "a blob's headroom holds a frame header");
    memcpy(saved, bytes - LWS_PRE, LWS_PRE);
    int written = lws_write(link->wsi, bytes, size, how);
    memcpy(bytes - LWS_PRE, saved, LWS_PRE);
    link->piece_done += size;
    return written;
}

/* Writes one fragment of the first message. The bytes written, or -1. */
static int write_fragment(struct wi_link *link)
{
    struct wi_message *message = link->queue;
    const struct piece *piece = &message->pieces[link->piece];
    size_t left = piece->padding + piece->size - link->piece_done;
    int in_place = piece->blob && link->piece_done >= piece->padding && left >= IN_PLACE_MIN;
    unsigned char *scratch = link->bridge->scratch + LWS_PRE;
    int first = !link->started, last;
    size_t size;

    if (in_place) {
        size = left < WI_LWS_CHUNK ? left : WI_LWS_CHUNK;
        last = size == left && link->piece + 1 == message->count;
    } else {
        size = gather(link, message, scratch);
        last = link->piece == message->count;
    }
    enum lws_write_protocol how = (enum lws_write_protocol)lws_write_ws_flags(
        message->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT, first, last);
    int written = in_place ? write_in_place(link, piece, size, how)
                           : lws_write(link->wsi, scratch, size, how);
    if (in_place && size == left) {
        link->piece++;
        link->piece_done = 0;
    }
    link->started = 1;
    if (written < 0)
        return -1;
    if (last) {
        link->queue = message->next;
        if (!link->queue)
            link->queue_end = NULL;
        link->queued_messages--;
        link->queued_bytes -= message->total;
        link->piece = link->piece_done = 0;
        link->started = 0;
        link->bridge->counters.frames_out++;
        free_message(message);
    }
    return (int)size;
}

static int link_writeable(struct wi_link *link)
{
    size_t sent = 0;
    while (
        !link->broken && link->queue && sent < WI_LWS_CHUNK && !lws_partial_buffered(link->wsi)) {
        int written = write_fragment(link);
        link->broken = written < 0;
        if (link->broken)
            return -1;
        sent += (size_t)written;
    }
    if (link->broken)
        return -1;
    link->bridge->counters.bytes_out += sent;
    if (link->node)
        link->node->bytes_out += sent;
    if (link->queue)
        lws_callback_on_writable(link->wsi);
    else if (link->closing && !link->close_sent)
        write_close(link);
    return 0;
}

/* --- Receiving ------------------------------------------------------------------------------- */

/* What a message may have. A peer that has not said who it is may not make us hold, or parse, more
 * than it takes to say so. */
static size_t receive_limit(const struct wi_link *link)
{
    if (!link->node)
        return ANNOUNCEMENT_MAX;
    return link->incoming_binary ? link->bridge->settings.max_frame : WI_FRAME_HEAD_MAX;
}

/* For a message of `whole` bytes or more, which begins with `bytes` or in link->incoming. */
static void refuse_size(struct wi_link *link, size_t whole, const void *bytes, size_t size)
{
    const struct wi_blob *begun = link->incoming;
    char reason[sizeof link->close_reason], found[32] = "";
    const char *what = !link->node             ? "an announcement"
                       : link->incoming_binary ? "a message (welcome.max_frame_bytes)"
                                               : "a text message";
    if (link->node)
        snprintf(found, sizeof found, ", not %zu", whole);
    snprintf(
        reason, sizeof reason, "%s may have at most %zu bytes%s", what, receive_limit(link), found);
    link->bridge->counters.malformed++;
    wi_refuse_message(link, WI_CLOSE_TOO_BIG, reason, begun ? begun->bytes : bytes,
        begun ? begun->size : size, link->incoming_binary);
}

/* Room for what has come, and for what is announced by those who may be believed. */
static struct wi_blob *make_room(struct wi_link *link, size_t came, size_t rest)
{
    return wi_blob_new(link->bridge->budget, link->node ? came + rest : came);
}

static void link_receive(struct wi_link *link, const void *bytes, size_t size)
{
    struct wi_bridge *bridge = link->bridge;
    if (link->closing)
        return;
    bridge->counters.bytes_in += size;
    if (link->node) {
        link->node->bytes_in += size;
        link->node->last_seen = wi_now_ms();
    }
    if (!link->incoming)
        link->incoming_binary = lws_frame_is_binary(link->wsi);

    size_t have = link->incoming ? link->incoming->size : 0;
    size_t rest = lws_remaining_packet_payload(link->wsi);
    size_t limit = receive_limit(link);
    if (size > limit || have > limit - size || rest > limit - size - have) {
        refuse_size(link, have + size + rest, bytes, size);
        return;
    }
    if (!link->incoming)
        link->incoming = make_room(link, size, rest);
    if (!link->incoming || wi_blob_append(link->incoming, bytes, size)) {
        wi_link_fail(link, WI_CLOSE_TRY_LATER, "the service's memory budget is used up");
        return;
    }
    if (rest || !lws_is_final_fragment(link->wsi))
        return;

    struct wi_blob *blob = link->incoming;
    link->incoming = NULL;
    bridge->counters.frames_in++;
    wi_messages_handle(link, blob, link->incoming_binary);
    wi_blob_unref(blob);
}

/* 1000: its purpose is fulfilled; 1001: it is going away, as a page that is closed says. Whoever
 * means to come back says neither. */
static int says_it_left(const unsigned char *in, size_t length)
{
    int code = length >= 2 ? in[0] << 8 | in[1] : 0;
    return code == WI_CLOSE_NORMAL || code == WI_CLOSE_GOING_AWAY;
}

/* --- The way in from lws --------------------------------------------------------------------- */

int wi_link_callback(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct wi_connection *connection = lws_get_opaque_user_data(wsi);
    struct wi_link *link = connection ? connection->link : NULL;
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        if (!connection || connection->bridge->closed)
            return -1;
        connection->link = new_link(connection->bridge, wsi);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        if (link)
            link_receive(link, in, length);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return link ? link_writeable(link) : 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        if (link && !link->closing)
            link->left = says_it_left(in, length);
        if (link && link->node)
            wi_node_leaves(link->node, in, length);
        /* The answer to a close frame of ours, which lws does not know that it sent. */
        return link && link->close_sent ? -1 : 0;
    case LWS_CALLBACK_CLOSED:
        if (link) {
            connection->link = NULL;
            link_gone(link);
        }
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}
