/* See transfer.h. */
#include "bridge/transfer.h"

#include "base/clock.h"
#include "base/http.h"
#include "base/log.h"
#include "base/memory.h"
#include "bridge/http_answer.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct wi_transfer {
    struct lws *wsi; /* NULL once abandoned */
    struct wi_bridge *bridge;
    struct wi_model *model;           /* referenced, or NULL for a page file */
    const struct wi_model_file *file; /* of the model, or NULL */
    char *text;                       /* owned copy of a text, instead of a file */
    int fd;                           /* borrowed from the page or the model, unless `owned` */
    int owned;
    uint64_t at, left, sent;
    double began;
    int close_after;
    uv_fs_t read;
    int reading;
    ssize_t ready; /* bytes waiting in the chunk; < 0: the read failed */
    unsigned char chunk[LWS_PRE + WI_LWS_CHUNK];
};

static void transfer_free(struct wi_transfer *transfer)
{
    wi_model_unref(transfer->model);
    free(transfer->text);
    if (transfer->owned)
        close(transfer->fd);
    free(transfer);
}

void wi_transfer_abandon(struct wi_transfer *transfer)
{
    if (!transfer)
        return;
    transfer->wsi = NULL;
    if (!transfer->reading)
        transfer_free(transfer);
}

static void on_read(uv_fs_t *request)
{
    struct wi_transfer *transfer = request->data;
    transfer->reading = 0;
    transfer->ready = request->result > 0 ? request->result : -1; /* 0: the file was cut */
    uv_fs_req_cleanup(request);
    if (!transfer->wsi)
        transfer_free(transfer);
    else if (wi_http_await_room(transfer->wsi) != 0)
        wi_socket_cut(lws_get_opaque_user_data(transfer->wsi));
}

static int read_next(struct wi_transfer *transfer)
{
    size_t size = transfer->left < WI_LWS_CHUNK ? (size_t)transfer->left : WI_LWS_CHUNK;
    lws_set_timeout(transfer->wsi, PENDING_TIMEOUT_HTTP_CONTENT, WI_HTTP_STALL_S);
    if (transfer->text) {
        memcpy(transfer->chunk + LWS_PRE, transfer->text + transfer->at, size);
        transfer->ready = (ssize_t)size;
        return wi_http_await_room(transfer->wsi);
    }
    uv_buf_t buffer = uv_buf_init((char *)transfer->chunk + LWS_PRE, (unsigned)size);
    transfer->read.data = transfer;
    if (uv_fs_read(transfer->bridge->loop, &transfer->read, transfer->fd, &buffer, 1,
            (int64_t)transfer->at, on_read))
        return -1;
    transfer->reading = 1;
    return 0;
}

/* Whether a file was written to in place, so that its bytes may not be those that were hashed. */
static int has_changed(const struct wi_transfer *transfer)
{
    struct stat status;
    if (!transfer->file)
        return 0;
    if (fstat(transfer->fd, &status) != 0)
        return 1;
    struct wi_file_identity now = wi_file_identity_of(&status);
    return !wi_file_identity_same(&now, &transfer->file->identity);
}

int wi_transfer_writeable(struct lws *wsi, struct wi_socket *socket)
{
    struct wi_transfer *transfer = socket->transfer;
    if (!transfer || transfer->reading || !transfer->ready)
        return 0; /* not asked for */
    if (transfer->ready < 0) {
        wi_warn("bridge", NULL, "a file that is being served cannot be read to its end");
        return -1;
    }
    size_t size = (size_t)transfer->ready;
    if (size == transfer->left && has_changed(transfer)) {
        wi_warn("bridge", transfer->model->name,
            "%s was written to while it was being served; write to another name and rename",
            transfer->file->path);
        return -1;
    }
    transfer->ready = 0;
    transfer->at += size;
    transfer->left -= size;
    transfer->sent += size;
    socket->bridge->counters.file_bytes += size;
    socket->bridge->counters.model_bytes += transfer->model ? size : 0;
    if (lws_write(wsi, transfer->chunk + LWS_PRE, size, LWS_WRITE_HTTP) < 0)
        return -1;
    if (transfer->left && wi_http_is_slow(wi_now_ms() - transfer->began, transfer->sent))
        return -1;
    if (transfer->left)
        return read_next(transfer);

    int close_after = transfer->close_after;
    socket->transfer = NULL;
    socket->place.busy = 0;
    wi_transfer_abandon(transfer);
    return wi_http_finish(wsi, close_after);
}

int wi_transfer_begin(struct lws *wsi, struct wi_socket *socket, struct wi_found *found,
    uint64_t first, uint64_t size, int close_after)
{
    struct wi_transfer *transfer = malloc(sizeof *transfer); /* 128 KiB: not worth zeroing */
    if (!transfer)
        return -1;
    memset(transfer, 0, offsetof(struct wi_transfer, chunk));
    transfer->wsi = wsi;
    transfer->bridge = socket->bridge;
    transfer->model = found->model ? wi_model_ref(found->model) : NULL;
    transfer->text = wi_strdup(found->text);
    transfer->file = found->file;
    transfer->fd = found->fd;
    transfer->owned = found->owned;
    found->owned = 0;
    transfer->at = first;
    transfer->left = size;
    transfer->began = wi_now_ms();
    transfer->close_after = close_after;
    socket->transfer = transfer;
    socket->place.busy = 1;
    return read_next(transfer);
}
