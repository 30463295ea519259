/* Bodies on their way; see transfer.h. */
#include "nodes/bridge/http/transfer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/net/http.h"
#include "nodes/bridge/http/file_answer.h"
#include <stdlib.h>
#include <unistd.h>

/* Of a chunk, what from memory may stand before what is read of a file: heads of blocks do, and
 * need no write of their own. */
#define HEADS_MAX 1024

struct wi_transfer {
    struct lws *wsi; /* NULL once abandoned */
    struct wi_bridge *bridge;
    struct wi_body body;
    struct wi_segment segment; /* what is left of it; a text and a file are one */
    uint64_t left, sent;
    double began; /* without the time that it waited for its turn */
    int close_after;
    struct wi_outflow_turn turn;
    uv_fs_t read;
    int reading;
    size_t ready; /* bytes waiting in the chunk */
    int failed;   /* nothing more can be read */
    unsigned char chunk[LWS_PRE + HEADS_MAX + WI_LWS_CHUNK];
};

struct wi_blob *wi_body_text(const char *text, size_t size)
{
    struct wi_blob *blob = wi_blob_new(NULL, size);
    if (blob && wi_blob_append(blob, text, size) != 0) {
        wi_blob_unref(blob);
        return NULL;
    }
    return blob;
}

void wi_body_clear(struct wi_body *body)
{
    wi_blob_unref(body->text);
    wi_block_reading_free(body->reading);
    wi_model_unref(body->model);
    if (body->owned)
        close(body->fd);
    *body = (struct wi_body){0};
}

static void free_transfer(struct wi_transfer *transfer)
{
    transfer->bridge->content_answers -= transfer->body.reading != NULL;
    wi_body_clear(&transfer->body);
    free(transfer);
}

void wi_transfer_abandon(struct wi_socket *socket)
{
    struct wi_transfer *transfer = socket->transfer;
    socket->transfer = NULL;
    if (!transfer)
        return;
    transfer->wsi = NULL;
    wi_outflow_leave(&transfer->bridge->outflow, &transfer->turn);
    if (!transfer->reading)
        free_transfer(transfer);
}

/* --- filling a chunk -------------------------------------------------------------------------- */

/* 1 and the next segment of the body, 0 at its end, or -1. */
static int next_segment(struct wi_transfer *transfer)
{
    struct wi_block_reading *reading = transfer->body.reading;
    return reading ? wi_block_reading_next(reading, &transfer->segment) : 0;
}

/* Asks for WRITEABLE, once it is the transfer's turn. 0, or -1 to close. */
static int transfer_offer(struct wi_transfer *transfer)
{
    if (!transfer->body.reading ||
        wi_outflow_ask(&transfer->bridge->outflow, &transfer->turn, transfer->ready))
        return wi_http_await_room(transfer->wsi);
    lws_set_timeout(transfer->wsi, NO_PENDING_TIMEOUT, 0); /* it is we who make it wait */
    return wi_socket_watch(lws_get_opaque_user_data(transfer->wsi));
}

static void on_turn(void *context, double waited_ms)
{
    struct wi_transfer *transfer = context;
    transfer->began += waited_ms;
    wi_socket_unwatch(lws_get_opaque_user_data(transfer->wsi));
    lws_set_timeout(transfer->wsi, PENDING_TIMEOUT_HTTP_CONTENT, WI_HTTP_STALL_S);
    if (wi_http_await_room(transfer->wsi) != 0)
        wi_socket_cut(lws_get_opaque_user_data(transfer->wsi));
}

/* Nothing more can be sent, and the connection is to be closed. */
static void transfer_fail(struct wi_transfer *transfer)
{
    transfer->failed = 1;
    wi_log_limited(&transfer->bridge->broken_off, WI_LOG_WARN, "bridge", NULL,
        "a file that is being served cannot be read to its end");
}

static void on_read(uv_fs_t *request)
{
    struct wi_transfer *transfer = request->data;
    ssize_t got = request->result;
    transfer->reading = 0;
    uv_fs_req_cleanup(request);
    if (!transfer->wsi) {
        free_transfer(transfer);
        return;
    }
    if (got > 0) {
        transfer->ready += (size_t)got;
        transfer->segment.at += (uint64_t)got;
        transfer->segment.size -= (size_t)got;
    }
    if (got <= 0) /* 0: the file was cut */
        transfer_fail(transfer);
    if (transfer->failed || transfer_offer(transfer) != 0)
        wi_socket_cut(lws_get_opaque_user_data(transfer->wsi));
}

/* Puts into the chunk what of the segment is in memory, up to `most` bytes of it in all. */
static void take_memory(struct wi_transfer *transfer, size_t most)
{
    struct wi_segment *segment = &transfer->segment;
    size_t size = most - transfer->ready;
    if (size > segment->size)
        size = segment->size;
    memcpy(transfer->chunk + LWS_PRE + transfer->ready, segment->memory, size);
    transfer->ready += size;
    segment->memory += size;
    segment->size -= size;
}

/* Begins to read what of the segment is in a file, up to `most` bytes. 0, or -1. */
static int transfer_take_file(struct wi_transfer *transfer, size_t most)
{
    struct wi_segment *segment = &transfer->segment;
    size_t size = segment->size < most ? segment->size : most;
    uv_buf_t buffer =
        uv_buf_init((char *)transfer->chunk + LWS_PRE + transfer->ready, (unsigned)size);
    transfer->read.data = transfer;
    if (uv_fs_read(transfer->bridge->loop, &transfer->read, segment->fd, &buffer, 1,
            (int64_t)segment->at, on_read))
        return -1;
    transfer->reading = 1;
    return 0;
}

/* Fills the empty chunk: with what is in memory, and at most one read of a file. 0, or -1 to
 * close. */
static int transfer_fill(struct wi_transfer *transfer)
{
    size_t most = transfer->body.reading
                      ? wi_outflow_chunk(&transfer->bridge->outflow, WI_LWS_CHUNK)
                      : WI_LWS_CHUNK;
    int there = 1;
    lws_set_timeout(transfer->wsi, PENDING_TIMEOUT_HTTP_CONTENT, WI_HTTP_STALL_S);
    while (transfer->ready < most) {
        while (transfer->segment.size == 0 && (there = next_segment(transfer)) > 0)
            ;
        if (there <= 0 || (!transfer->segment.memory && transfer->ready > HEADS_MAX))
            break;
        if (!transfer->segment.memory)
            return transfer_take_file(transfer, most);
        take_memory(transfer, most);
    }
    /* A body that ends too early was promised to be longer. */
    if (there < 0 || transfer->ready == 0)
        transfer_fail(transfer);
    return transfer->failed ? -1 : transfer_offer(transfer);
}

/* --- sending it ------------------------------------------------------------------------------- */

/* Whether a file was written to in place, so that its bytes may not be those that were hashed. */
static int has_changed(struct wi_transfer *transfer)
{
    const struct wi_body *body = &transfer->body;
    struct stat status;
    if (body->reading)
        return next_segment(transfer) != 0;
    if (!body->file)
        return 0;
    if (fstat(body->fd, &status) != 0)
        return 1;
    struct wi_file_identity now = wi_file_identity_of(&status);
    return !wi_file_identity_same(&now, &body->file->identity);
}

static void say_changed(const struct wi_transfer *transfer)
{
    const struct wi_body *body = &transfer->body;
    if (body->reading)
        wi_log_limited(&transfer->bridge->broken_off, WI_LOG_WARN, "bridge", NULL,
            "an answer by content was broken off: a file is no longer the one that was published");
    else
        wi_warn("bridge", body->model->name,
            "%s was written to while it was being served; write to another name and rename",
            body->file->path);
}

static void transfer_count(struct wi_transfer *transfer, size_t size)
{
    struct wi_bridge_counters *counters = &transfer->bridge->counters;
    if (transfer->body.reading) {
        counters->content_bytes += size;
        return;
    }
    counters->file_bytes += size;
    counters->model_bytes += transfer->body.model ? size : 0;
}

/* The chunk goes out. 0, or -1 to close. */
static int send_chunk(struct wi_transfer *transfer)
{
    size_t size = transfer->ready;
    if (size > transfer->left)
        return -1; /* more than was promised */
    if (size == transfer->left && has_changed(transfer)) {
        say_changed(transfer);
        return -1;
    }
    transfer->ready = 0;
    transfer->left -= size;
    transfer->sent += size;
    transfer_count(transfer, size);
    return lws_write(transfer->wsi, transfer->chunk + LWS_PRE, size, LWS_WRITE_HTTP) < 0 ? -1 : 0;
}

int wi_transfer_go_on(struct lws *wsi, struct wi_socket *socket)
{
    struct wi_transfer *transfer = socket->transfer;
    if (!transfer || transfer->reading || transfer->turn.waits ||
        (!transfer->ready && !transfer->failed))
        return 0; /* not asked for */
    if (transfer->failed || send_chunk(transfer) != 0)
        return -1;
    if (transfer->left && wi_http_is_slow(wi_awake_ms() - transfer->began, transfer->sent))
        return -1;
    if (transfer->left)
        return transfer_fill(transfer);

    int close_after = transfer->close_after;
    socket->limited.busy = 0;
    wi_transfer_abandon(socket);
    return wi_http_finish(wsi, close_after);
}

int wi_transfer_begin(
    struct lws *wsi, struct wi_socket *socket, struct wi_body *body, int close_after)
{
    struct wi_transfer *transfer = malloc(sizeof *transfer); /* 128 KiB: not worth zeroing */
    if (!transfer)
        return -1;
    memset(transfer, 0, offsetof(struct wi_transfer, chunk));
    transfer->wsi = wsi;
    transfer->bridge = socket->bridge;
    transfer->body = *body;
    if (!body->reading)
        transfer->segment =
            (struct wi_segment){.memory = body->text ? body->text->bytes + body->at : NULL,
                .fd = body->fd,
                .at = body->at,
                .size = (size_t)body->size};
    transfer->left = body->size;
    *body = (struct wi_body){0};
    transfer->turn.on_turn = on_turn;
    transfer->turn.context = transfer;
    transfer->began = wi_awake_ms();
    transfer->close_after = close_after;
    transfer->bridge->content_answers += transfer->body.reading != NULL;
    socket->transfer = transfer;
    socket->limited.busy = 1;
    return transfer_fill(transfer);
}
