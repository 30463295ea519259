/*
 * Frames in and out of one libwebsockets socket.
 *
 * Two habits of that library shape this file. It must not be given data while it still holds a
 * part of an earlier write back, or it forgets the next frame's header: so we write only from
 * WRITEABLE and stop as soon as something was held back. And its own way of closing with a code
 * loses the close frame outside RECEIVE: so we write the frame ourselves and set a time limit.
 */
#include "nodes/bridge/link.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/net/lws_fault.h"
#include "base/text.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <utlist.h>

/* lws keeps this write type for itself; it makes the frame of RFC 6455, 5.5.1. */
#define WRITE_CLOSE ((enum lws_write_protocol)4)
#define CLOSE_TIMEOUT_S 5
/* Opcodes (RFC 6455, 11.8). */
#define CONTINUATION 0
#define TEXT 1
#define BINARY 2
/* A larger piece is written in place; for a smaller one, copying is faster than another frame. */
#define IN_PLACE_MIN (64 * 1024)
/* The most written data that may be unsent in the kernel. Without this limit the kernel would take
 * megabytes, of which the peer takes a few hundred kilobytes at a time, and later messages would
 * wait behind all of them. Data in transit to a distant peer is not limited by it. */
#define UNSENT_MAX (128 * 1024)
/* Queued and unsent; a peer that reads nothing for so long is cut. */
#define MAX_QUEUED_MESSAGES 4096
#define MAX_QUEUED_FRAMES 4
/* A message up to here is queued whatever others hold of the link's share. */
#define SMALL 4096
/* How often a link whose message found no memory tries again. */
#define MEMORY_MS 20

/* The least rate of a message that was begun: 64 KiB/s after 10 s. */
static const struct wi_pace_rule message_pace = {
    .window_ms = WI_LINK_PACE_MS, .bytes_per_ms = WI_LINK_PACE_BYTES_PER_MS};

/* --- Life ------------------------------------------------------------------------------------ */

struct wi_link {
    struct wi_links *links;
    struct lws *wsi;
    const struct wi_link_events *events;
    void *context;
    struct wi_link *prev, *next;
    struct wi_timer *hello; /* until it is settled */
    int settled;
    struct wi_link_heard heard;
    /* Receiving. */
    uint64_t max_frame;     /* of a binary message, once it is settled */
    struct wi_share *share; /* NULL: a stranger's, or closing */
    struct wi_blob *incoming;
    int incoming_binary;
    size_t frame_left;     /* of the frame */
    size_t left;           /* at least, of the message */
    int short_of_memory;   /* it rests until there is room for more */
    double begun_ms;       /* the message, or its going on after a rest */
    struct wi_pace pace;   /* of the message */
    struct wi_timer *slow; /* until the next of the message has to come */
    struct wi_timer *rest; /* running: nothing is read */
    /* Sending. */
    struct wi_message *queue;
    size_t queued_messages, queued_bytes;
    size_t full_bytes; /* were queued when a message was refused; 0: none was since on_room */
    struct wi_message_place place; /* of the first message */
    int started;                   /* its first fragment is out */
    int draws;                     /* there is something in the second lane */
    int pings;                     /* a ping is to be sent */
    int broken;                    /* a write failed: WRITEABLE closes the socket */
    /* Closing. */
    int peer_left, closing, close_sent;
    uint16_t close_code;
    char close_reason[WI_LINK_REASON_SIZE];
};

/* A stranger has not announced itself, or a message comes too slowly. */
static void on_slow(void *context)
{
    struct wi_link *link = context;
    if (link->events->on_late)
        link->events->on_late(link->context, link);
}

struct wi_link *wi_link_new(
    struct wi_links *links, struct lws *wsi, const struct wi_link_events *events, void *context)
{
    const int most = UNSENT_MAX;
    struct wi_link *link = wi_alloc(sizeof *link);
    if (!links->_scratch)
        links->_scratch = wi_realloc_array(NULL, LWS_PRE + WI_LWS_CHUNK, 1);
    link->links = links;
    link->wsi = wsi;
    link->events = events;
    link->context = context;
    link->heard.last_seen = wi_awake_ms();
    link->hello = wi_timer_new(links->loop, on_slow, link);
    wi_timer_wait(link->hello, (uint64_t)links->hello_ms);
    DL_APPEND(links->_first, link);
    /* Where the system has no such limit, what is small is only later. */
    (void)setsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof most);
    lws_set_wsi_user(wsi, link); /* or it would not tell that it closes by itself */
    return link;
}

void wi_link_wait(struct wi_link *link)
{
    if (link->hello)
        wi_timer_wait(link->hello, (uint64_t)link->links->hello_ms);
}

void wi_link_settle(struct wi_link *link, const struct wi_link_events *events, void *context)
{
    wi_timer_free(link->hello);
    link->hello = NULL;
    link->settled = 1;
    link->events = events;
    link->context = context;
    link->heard = (struct wi_link_heard){.last_seen = wi_awake_ms()};
}

void wi_link_limit(struct wi_link *link, uint64_t max_frame, struct wi_share *share)
{
    link->max_frame = max_frame;
    link->share = share;
    wi_share_note(share, link->queued_bytes);
}

/* Whether it is for its own party's sake that there is no room for `more`. */
static int is_over_share(const struct wi_link *link, uint64_t more)
{
    uint64_t most = link->links->budget->limit / WI_SHARE_PARTIES;
    for (const struct wi_share *share = link->share; share; share = share->parent)
        if (share->held + more > most)
            return 1;
    return 0;
}

/* Where all wait for each other's memory, one that holds little may go on, until its message is
 * whole or it is gone. */
static int link_has_room(struct wi_link *link)
{
    struct wi_links *links = link->links;
    uint64_t more = link->left < WI_LWS_CHUNK ? link->left : WI_LWS_CHUNK;
    if (wi_share_room(link->share) >= more)
        return 1;
    if (!links->_ahead && !is_over_share(link, more))
        links->_ahead = link;
    return links->_ahead == link;
}

/* The message that was begun goes on now. */
static void begin_pace(struct wi_link *link)
{
    link->begun_ms = wi_awake_ms();
    wi_pace_begin(&link->pace, link->begun_ms, link->incoming->size);
}

static void watch_pace(struct wi_link *link)
{
    double now = wi_awake_ms(), whole = link->begun_ms + (double)link->links->message_ms;
    double next = wi_pace_deadline(&link->pace, &message_pace, now, link->incoming->size);
    double wait = (next < whole ? next : whole) - now;
    if (!link->slow)
        link->slow = wi_timer_new(link->links->loop, on_slow, link);
    wi_timer_wait(link->slow, wait > 1 ? (uint64_t)wait : 1);
}

/* Those who wait only for others of their own party do not wait for ever. */
static void wait_for_memory(struct wi_link *link)
{
    double waited = wi_awake_ms() - link->begun_ms;
    if (waited > (double)(2 * link->links->message_ms) && is_over_share(link, 1))
        on_slow(link);
    else
        wi_timer_start(link->rest, MEMORY_MS, 0);
}

static void on_rested(void *context)
{
    struct wi_link *link = context;
    if (link->short_of_memory && !link_has_room(link)) {
        wait_for_memory(link);
        return;
    }
    link->short_of_memory = 0;
    link->heard.last_seen = wi_awake_ms(); /* the silence was ours */
    if (link->incoming && link->settled) {
        begin_pace(link);
        watch_pace(link);
    }
    lws_rx_flow_control(link->wsi, 1);
}

void wi_link_rest(struct wi_link *link, uint64_t ms)
{
    if (link->closing)
        return;
    if (!link->rest)
        link->rest = wi_timer_new(link->links->loop, on_rested, link);
    if (link->slow)
        wi_timer_stop(link->slow);
    lws_rx_flow_control(link->wsi, 0);
    wi_timer_start(link->rest, ms, 0);
}

double wi_link_silent_ms(const struct wi_link *link)
{
    int rests = link->rest && wi_timer_running(link->rest);
    return rests ? 0 : wi_awake_ms() - link->heard.last_seen;
}

int wi_link_is_closing(const struct wi_link *link)
{
    return link->closing;
}

const struct wi_link_heard *wi_link_heard(const struct wi_link *link)
{
    return &link->heard;
}

void wi_links_clear(struct wi_links *links)
{
    free(links->_scratch);
    links->_scratch = NULL;
}

size_t wi_links_count(const struct wi_links *links)
{
    size_t count = 0;
    for (const struct wi_link *link = links->_first; link; link = link->next)
        count++;
    return count;
}

void wi_links_each(
    struct wi_links *links, void (*each)(void *context, struct wi_link *link), void *context)
{
    struct wi_link *link, *next;
    DL_FOREACH_SAFE(links->_first, link, next)
    each(context, link);
}

static void drop_queue(struct wi_link *link)
{
    wi_share_forget(link->share, link->queued_bytes);
    wi_messages_clear(&link->queue);
    link->queued_messages = link->queued_bytes = link->full_bytes = 0;
    link->place = (struct wi_message_place){0};
    link->draws = link->pings = 0;
}

/* The message that was begun, which is counted in no share any more and has its time behind it. */
static struct wi_blob *take_incoming(struct wi_link *link)
{
    struct wi_blob *blob = link->incoming;
    link->incoming = NULL;
    if (blob)
        wi_share_forget(link->share, blob->capacity);
    if (link->links->_ahead == link)
        link->links->_ahead = NULL;
    if (link->slow)
        wi_timer_stop(link->slow);
    return blob;
}

/* Lets go of all that it holds of its share. */
static void drop_all(struct wi_link *link)
{
    drop_queue(link);
    wi_blob_unref(take_incoming(link));
    link->share = NULL;
    wi_timer_free(link->hello);
    wi_timer_free(link->slow);
    link->hello = link->slow = NULL;
}

static void link_gone(struct wi_link *link)
{
    DL_DELETE(link->links->_first, link);
    drop_all(link);
    wi_timer_free(link->rest);
    if (!link->closing && link->events->on_gone)
        link->events->on_gone(link->context, link);
    free(link);
}

/* --- Closing --------------------------------------------------------------------------------- */

void wi_link_close(
    struct wi_link *link, enum wi_close code, const char *reason, struct wi_message *last)
{
    if (link->closing) {
        wi_message_free(last);
        return;
    }
    int cut_short = link->started;
    drop_all(link);
    if (link->rest)
        lws_rx_flow_control(link->wsi, 1); /* for the peer's close frame */
    wi_timer_free(link->rest);
    link->rest = NULL;
    if (last && !cut_short)
        wi_link_send(link, last);
    else
        wi_message_free(last);
    link->closing = 1;
    link->close_code = (uint16_t)code;
    wi_text_printable(link->close_reason, sizeof link->close_reason, reason);
    /* If the peer does not read, WRITEABLE never comes. */
    lws_set_timeout(link->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_TIMEOUT_S);
    lws_callback_on_writable(link->wsi);
}

void wi_link_fail(struct wi_link *link, const char *who, enum wi_close code, const char *reason)
{
    wi_log_limited(&link->links->faults, WI_LOG_INFO, "bridge", who,
        "closing a node's socket with %d: %s", code, reason);
    wi_link_close(link, code, reason, NULL);
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

static int write_turn(struct wi_link *link, int draws);

/* Asking for WRITEABLE costs two epoll_ctl and a turn of the loop, so a message that finds the link
 * idle is written at once. lws keeps the data that its socket does not take; asking it first
 * whether the socket is ready would be a system call for every message. A failure is left for
 * WRITEABLE, whose return value makes lws close the socket. */
static void write_or_ask(struct wi_link *link, int idle)
{
    if (idle && !lws_partial_buffered(link->wsi) && write_turn(link, 0) == 0)
        return;
    lws_callback_on_writable(link->wsi);
}

static void link_append(struct wi_link *link, struct wi_message *message)
{
    DL_APPEND(link->queue, message);
    link->queued_messages++;
    link->queued_bytes += message->total;
    wi_share_note(link->share, message->total);
}

/* What it has not taken would become more than it may. */
static int is_full(const struct wi_link *link, size_t more)
{
    if (link->queued_messages >= MAX_QUEUED_MESSAGES)
        return 1;
    if (!link->queued_bytes)
        return 0;
    return link->queued_bytes + more > MAX_QUEUED_FRAMES * link->max_frame ||
           (more > SMALL && link->share && more > wi_share_room(link->share));
}

int wi_link_send(struct wi_link *link, struct wi_message *message)
{
    int idle = !link->queue;
    int full = is_full(link, message->total);
    if (link->closing || full) {
        link->full_bytes = full ? link->queued_bytes : 0;
        wi_message_free(message);
        return -1;
    }
    link_append(link, message);
    write_or_ask(link, idle);
    return 0;
}

void wi_link_draw(struct wi_link *link)
{
    if (link->closing || !link->events->on_drained)
        return;
    link->draws = 1;
    lws_callback_on_writable(link->wsi);
}

void wi_link_ping(struct wi_link *link)
{
    if (link->closing)
        return;
    link->pings = 1;
    lws_callback_on_writable(link->wsi);
}

/* Between two messages. Its byte comes back in the answer: lws does not tell of one without bytes.
 * 0, or -1. */
static int write_ping(struct wi_link *link)
{
    unsigned char frame[LWS_PRE + 1] = {0};
    link->pings = 0;
    return lws_write(link->wsi, frame + LWS_PRE, 1, LWS_WRITE_PING) < 0 ? -1 : 0;
}

/* Queues the next message of the second lane; 0 if there is none. */
static int link_draw(struct wi_link *link)
{
    struct wi_message *message = link->draws ? link->events->on_drained(link->context, link) : NULL;
    link->draws = message != NULL;
    if (message)
        link_append(link, message);
    return message != NULL;
}

/* lws puts the frame's header before the payload. In the middle of a blob those bytes belong to
 * somebody (the tensor's own, or its neighbour's), so they are put back. */
static int write_in_place(struct wi_link *link, const struct wi_message_piece *piece, size_t size,
    enum lws_write_protocol how)
{
    unsigned char *bytes = piece->blob->bytes + (piece->bytes - piece->blob->bytes) +
                           (link->place.done - piece->padding);
    unsigned char saved[LWS_PRE];
    _Static_assert(LWS_PRE <= WI_BLOB_HEADROOM, "a blob's headroom holds a frame header");
    memcpy(saved, bytes - LWS_PRE, LWS_PRE);
    int written = lws_write(link->wsi, bytes, size, how);
    memcpy(bytes - LWS_PRE, saved, LWS_PRE);
    link->place.done += size;
    return written;
}

/* Writes one fragment of the first message. The bytes written, or -1. */
static int write_fragment(struct wi_link *link)
{
    struct wi_message *message = link->queue;
    const struct wi_message_piece *piece = &message->pieces[link->place.piece];
    size_t left = piece->padding + piece->size - link->place.done;
    int in_place = piece->blob && link->place.done >= piece->padding && left >= IN_PLACE_MIN;
    unsigned char *scratch = link->links->_scratch + LWS_PRE;
    int first = !link->started, last;
    size_t size;

    if (in_place) {
        size = left < WI_LWS_CHUNK ? left : WI_LWS_CHUNK;
        last = size == left && link->place.piece + 1 == message->count;
    } else {
        size = wi_message_gather(message, &link->place, scratch, WI_LWS_CHUNK);
        last = link->place.piece == message->count;
    }
    enum lws_write_protocol how = (enum lws_write_protocol)lws_write_ws_flags(
        message->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT, first, last);
    int written = in_place ? write_in_place(link, piece, size, how)
                           : lws_write(link->wsi, scratch, size, how);
    if (in_place && size == left) {
        link->place = (struct wi_message_place){.piece = link->place.piece + 1};
    }
    link->started = 1;
    if (written < 0)
        return -1;
    if (last) {
        DL_DELETE(link->queue, message);
        link->queued_messages--;
        link->queued_bytes -= message->total;
        wi_share_forget(link->share, message->total);
        link->place = (struct wi_message_place){0};
        link->started = 0;
        (*link->links->counters.frames_out)++;
        wi_message_free(message);
    }
    return (int)size;
}

static void tell_room(struct wi_link *link)
{
    if (!link->full_bytes || link->queued_bytes > link->full_bytes / 2)
        return;
    link->full_bytes = 0;
    if (link->events->on_room)
        link->events->on_room(link->context, link);
}

/* Writes as much as one turn of the loop may; `draws` says whether of the second lane, too. */
static int write_turn(struct wi_link *link, int draws)
{
    size_t sent = 0;
    if (link->pings && !link->started && !lws_partial_buffered(link->wsi))
        link->broken = write_ping(link) != 0;
    while (!link->broken && sent < WI_LWS_CHUNK && !lws_partial_buffered(link->wsi) &&
           (link->queue || (draws && link_draw(link)))) {
        int written = write_fragment(link);
        link->broken = written < 0;
        if (link->broken)
            return -1;
        sent += (size_t)written;
    }
    if (link->broken)
        return -1;
    *link->links->counters.bytes_out += sent;
    link->heard.bytes_out += sent;
    tell_room(link);
    if (link->queue || link->draws || link->pings)
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
    if (!link->settled)
        return WI_LINK_STRANGER_MAX;
    size_t text_max = link->links->text_max;
    return link->incoming_binary ? link->max_frame : text_max ? text_max : WI_FRAME_HEAD_MAX;
}

/* The message has `whole` bytes or more. */
static void refuse_size(struct wi_link *link, size_t limit, size_t whole)
{
    const struct wi_link_refused refused = {
        .limit = limit, .whole = whole, .binary = link->incoming_binary};
    link->events->on_refused(link->context, link, &refused);
}

static void refuse_frame(struct wi_link *link, const char *fault)
{
    const struct wi_link_refused refused = {.fault = fault, .binary = link->incoming_binary};
    link->events->on_refused(link->context, link, &refused);
}

/* Whether these are the first bytes of a frame that has no mask. */
static int is_unmasked(const struct wi_link *link, const void *bytes, size_t size, size_t rest)
{
    const struct wi_lws_frame frame = {.payload = bytes,
        .size = (uint64_t)size + rest,
        .opcode = link->incoming          ? CONTINUATION
                  : link->incoming_binary ? BINARY
                                          : TEXT};
    return size > 0 && link->frame_left == 0 && wi_lws_is_unmasked(&frame);
}

/* Room for what has come, `size` bytes more, and for as much again as half of all, so that a long
 * message is not moved with each piece; never for what is only announced. Where there is none it is
 * made for what has come alone, and the link rests. 0, or -1 if the system has no memory. */
static int link_make_room(struct wi_link *link, size_t size, size_t rest)
{
    struct wi_blob *blob = link->incoming;
    size_t had = blob->capacity, needed = blob->size + size, ahead = needed / 2;
    if (needed <= had)
        return 0;
    if (lws_is_final_fragment(link->wsi) && rest < ahead)
        ahead = rest;
    int fits = !link->share || wi_share_room(link->share) >= needed + ahead - had;
    int made = fits ? wi_blob_make_room(blob, needed + ahead) : -1;
    if (made && link->settled) {
        link->short_of_memory = link->links->_ahead != link;
        made = wi_blob_force_room(blob, needed);
    }
    wi_share_note(link->share, blob->capacity - had);
    return made;
}

/* The message is not whole yet. */
static void wait_for_more(struct wi_link *link, int begins)
{
    if (!link->settled)
        return;
    if (begins)
        begin_pace(link);
    if (link->short_of_memory)
        wi_link_rest(link, MEMORY_MS);
    else
        watch_pace(link);
}

/* lws also hands on what came behind the peer's close frame, which RFC 6455, 1.4, has discarded. */
static void link_receive(struct wi_link *link, const void *bytes, size_t size)
{
    if (link->closing || link->peer_left)
        return;
    *link->links->counters.bytes_in += size;
    link->heard.bytes_in += size;
    link->heard.last_seen = wi_awake_ms();
    if (!link->incoming)
        link->incoming_binary = lws_frame_is_binary(link->wsi);

    size_t have = link->incoming ? link->incoming->size : 0;
    size_t rest = lws_remaining_packet_payload(link->wsi);
    size_t limit = receive_limit(link);
    if (is_unmasked(link, bytes, size, rest)) {
        refuse_frame(link, "a frame has no mask, which every frame from a client needs");
        return;
    }
    link->frame_left = rest;
    if (size > limit || have > limit - size || rest > limit - size - have) {
        refuse_size(link, limit, have + size + rest);
        return;
    }
    int begins = !link->incoming;
    if (begins)
        link->incoming = wi_blob_new(link->links->budget, 0);
    if (!link->incoming || link_make_room(link, size, rest) ||
        wi_blob_append(link->incoming, bytes, size)) {
        refuse_size(link, 0, have + size + rest);
        return;
    }
    if (rest || !lws_is_final_fragment(link->wsi)) {
        link->left = rest ? rest : WI_LWS_CHUNK;
        wait_for_more(link, begins);
        return;
    }

    struct wi_blob *blob = take_incoming(link);
    link->short_of_memory = 0;
    (*link->links->counters.frames_in)++;
    link->events->on_message(link->context, link, blob, link->incoming_binary);
    wi_blob_unref(blob);
}

/* The peer's close frame: a code and a text, or nothing. */
static void peer_closes(struct wi_link *link, const unsigned char *in, size_t length)
{
    link->peer_left = 1;
    if (link->closing || !link->events->on_left)
        return;
    if (length < 2)
        link->events->on_left(link->context, link, 0, NULL, 0);
    else
        link->events->on_left(link->context, link, in[0] << 8 | in[1], in + 2, length - 2);
}

/* lws closes the socket by itself, and sends a close frame if it has a reason for it. Where that is
 * a fault of the peer's, it is the owner's to say so. */
static void lws_closes(struct wi_link *link)
{
    int expected = link->closing || link->peer_left || link->broken;
    const char *fault = expected ? NULL : wi_lws_fault(link->wsi);
    if (!fault)
        return;
    refuse_frame(link, fault);
    lws_close_reason(link->wsi, (enum lws_close_status)link->close_code,
        (unsigned char *)link->close_reason, strlen(link->close_reason));
    link->close_sent = 1;
}

/* --- The way in from lws --------------------------------------------------------------------- */

int wi_link_event(
    struct wi_link *link, enum lws_callback_reasons reason, const void *in, size_t length)
{
    switch (reason) {
    case LWS_CALLBACK_RECEIVE:
        link_receive(link, in, length);
        return 0;
    case LWS_CALLBACK_RECEIVE_PONG:
        link->heard.last_seen = wi_awake_ms();
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return write_turn(link, 1);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        peer_closes(link, in, length);
        /* The answer to a close frame of ours, which lws does not know that it sent. */
        return link->close_sent ? -1 : 0;
    case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
        lws_closes(link);
        return 0;
    case LWS_CALLBACK_CLOSED:
        link_gone(link);
        return 0;
    default:
        return 0;
    }
}
