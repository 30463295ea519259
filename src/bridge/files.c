/*
 * A small HTTP file server on libwebsockets: the page, and the files of models for nodes that hold
 * a credential. libwebsockets' own cannot do ranges, quoted entity tags or our headers.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "bridge/http_answer.h"
#include "bridge/node.h"
#include "bridge/outgoing.h"
#include "bridge/socket.h"
#include "net/http.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* --- the body of an answer -------------------------------------------------------------------- */

/* What a request found: a page file, a file of a model, or a text. */
struct found {
    int fd, owned;                    /* `owned`: it is to be closed in the end */
    struct wi_model *model;           /* borrowed; NULL: no model's */
    const struct wi_model_file *file; /* of the model; NULL: not of its manifest */
    const char *text;                 /* borrowed; NULL: the file behind `fd` */
    uint64_t size;
    char etag[80];
    const char *type, *cache;
    const char *coding; /* what its bytes are coded in; NULL: they are the file's own */
    int varies;         /* another Accept-Encoding would have found another coding */
};

/* The body of an answer on its way: one chunk is read on libuv's thread pool, written when the
 * socket takes it, and then the next is read. So memory is bounded, and the loop never waits for a
 * disk. */
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

static void free_transfer(struct wi_transfer *transfer)
{
    wi_model_unref(transfer->model);
    free(transfer->text);
    if (transfer->owned)
        close(transfer->fd);
    free(transfer);
}

/* Lets go of a transfer whose socket is gone; a read under way frees it later. NULL is fine. */
static void abandon(struct wi_transfer *transfer)
{
    if (!transfer)
        return;
    transfer->wsi = NULL;
    if (!transfer->reading)
        free_transfer(transfer);
}

static void on_read(uv_fs_t *request)
{
    struct wi_transfer *transfer = request->data;
    transfer->reading = 0;
    transfer->ready = request->result > 0 ? request->result : -1; /* 0: the file was cut */
    uv_fs_req_cleanup(request);
    if (!transfer->wsi)
        free_transfer(transfer);
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

/* The socket takes bytes. */
static int go_on(struct lws *wsi, struct wi_socket *socket)
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
    socket->limited.busy = 0;
    abandon(transfer);
    return wi_http_finish(wsi, close_after);
}

/* Begins to send `size` bytes of it from `first` on; the headers are out. Takes an owned descriptor
 * over. A file of a model is cut before its last bytes if it is not what was hashed any more. The
 * value is for the lws callback to return. */
static int begin_transfer(struct lws *wsi, struct wi_socket *socket, struct found *found,
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
    socket->limited.busy = 1;
    return read_next(transfer);
}

/* The header lines that say what was found, of which `size` bytes from `first` on follow. */
static void describe(
    struct wi_buffer *out, int status, const struct found *found, uint64_t first, uint64_t size)
{
    wi_buffer_printf(out, "ETag: %s\r\nCache-Control: %s\r\n", found->etag, found->cache);
    if (found->varies)
        wi_buffer_puts(out, "Vary: Accept-Encoding\r\n");
    if (status == 206)
        wi_buffer_printf(out, "Content-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)first,
            (unsigned long long)(first + size - 1), (unsigned long long)found->size);
    if (status == 304)
        return;
    /* Of what is coded there are no ranges: one that is asked for is of the file's own bytes. */
    wi_buffer_printf(out, "Content-Type: %s\r\nAccept-Ranges: %s\r\nContent-Length: %llu\r\n",
        found->type, found->coding ? "none" : "bytes", (unsigned long long)size);
    if (found->coding)
        wi_buffer_printf(out, "Content-Encoding: %s\r\n", found->coding);
}

static int send_found(struct lws *wsi, struct wi_socket *socket, struct found *found)
{
    char header[WI_HTTP_HEADER_MAX], if_range[WI_HTTP_HEADER_MAX];
    uint64_t first = 0, last = 0, size = found->size;
    int status = 200, close_after = wi_http_wants_close(wsi);
    int head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
    struct wi_buffer out = {0};

    if (wi_http_etag_matches(
            wi_http_header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, header), found->etag))
        status = 304;
    wi_http_header(wsi, WSI_TOKEN_HTTP_RANGE, header);
    wi_http_header(wsi, WSI_TOKEN_HTTP_IF_RANGE, if_range);
    if (status == 200 && !head && (!*if_range || strcmp(if_range, found->etag) == 0)) {
        switch (wi_http_range(header, found->size, &first, &last)) {
        case WI_RANGE_PART:
            status = 206;
            size = last - first + 1;
            break;
        case WI_RANGE_UNSATISFIABLE:
            snprintf(header, sizeof header, "Content-Range: bytes */%llu\r\n",
                (unsigned long long)found->size);
            return wi_http_refuse(
                wsi, socket->bridge, 416, "the range lies outside of the file", header);
        case WI_RANGE_NONE:
            break;
        }
    }
    wi_http_begin(&out, socket->bridge, status, close_after);
    describe(&out, status, found, first, size);
    wi_buffer_puts(&out, "\r\n");
    if (wi_http_write_headers(wsi, &out))
        return -1;
    if (status == 304 || head || size == 0)
        return wi_http_finish(wsi, close_after);
    return begin_transfer(wsi, socket, found, first, size, close_after);
}

static int serve_page(struct lws *wsi, struct wi_socket *socket, const char *path)
{
    char accepted[WI_HTTP_HEADER_MAX] = "";
    struct wi_site_file file;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_RANGE) <= 0) /* else of the file's own bytes */
        wi_http_header(wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, accepted);
    if (wi_site_find(socket->bridge->page, path, accepted, &file) != 0)
        return wi_http_refuse(wsi, socket->bridge, 404, "there is no such file", NULL);
    struct found found = {.fd = file.fd,
        .size = file.size,
        .coding = file.coding,
        .varies = file.varies,
        .type = file.type,
        .cache = file.cache};
    snprintf(found.etag, sizeof found.etag, "%s", file.etag);
    return send_found(wsi, socket, &found);
}

/* What browsers of others are sent ([pool] strangers), in a word: a page asks before its person has
 * said that it may connect. */
static int serve_work(struct lws *wsi, struct wi_socket *socket)
{
    struct found found = {.fd = -1,
        .text = wi_strangers_names[socket->bridge->settings.strangers],
        .type = "text/plain",
        .cache = "no-cache"};
    found.size = strlen(found.text);
    snprintf(found.etag, sizeof found.etag, "\"%s\"", found.text);
    return send_found(wsi, socket, &found);
}

/* --- Models ----------------------------------------------------------------------------------- */

/* What "NAME/HASH/PATH" asks for, where NAME may have a slash, and PATH some. The model (borrowed)
 * with the path in it, or NULL. */
static struct wi_model *find_model(struct wi_bridge *bridge, const char *start, const char **path)
{
    char name[WI_MODEL_NAME_MAX + 1], hash[WI_MANIFEST_HEX];
    const char *slash = start;
    for (int slashes = 0; slashes < 2 && (slash = strchr(slash, '/')); slashes++) {
        size_t length = (size_t)(slash - start);
        slash++;
        if (length == 0 || length > WI_MODEL_NAME_MAX || strcspn(slash, "/") != 64)
            continue;
        memcpy(name, start, length);
        name[length] = '\0';
        memcpy(hash, slash, 64);
        hash[64] = '\0';
        struct wi_model *model = wi_repository_by_hash(bridge->repository, name, hash);
        if (model && slash[64] == '/') {
            *path = slash + 65;
            return model;
        }
    }
    return NULL;
}

/* Fills in what `path` is of the model: one of its files, or what its model.json says with all
 * defaults. 0, or -1 if it is neither, or is not any more what it was. */
static int find_file(struct wi_model *model, const char *path, struct found *found)
{
    unsigned char digest[WI_HASH_SIZE];
    char hex[2 * WI_HASH_SIZE + 1];
    found->model = model;
    found->type = wi_http_media_type(path);
    if (strcmp(path, WI_SPEC_FILE) == 0 && model->facts.spec.text) {
        found->text = model->facts.spec.text;
        found->size = strlen(model->facts.spec.text);
        found->cache = "private, no-cache"; /* labels may change while the model does not */
        wi_hash(found->text, found->size, digest);
        wi_hash_hex(digest, hex);
        snprintf(found->etag, sizeof found->etag, "\"%s\"", hex);
        return 0;
    }
    found->file = wi_manifest_find(&model->manifest, path);
    if (!found->file)
        return -1;
    found->fd = wi_model_open_file(model, found->file, &found->owned);
    found->size = found->file->bytes;
    found->cache = "private, max-age=31536000, immutable";
    snprintf(found->etag, sizeof found->etag, "\"%s\"", found->file->hash);
    return found->fd < 0 ? -1 : 0;
}

static int serve_model(struct lws *wsi, struct wi_socket *socket, const char *path)
{
    struct wi_bridge *bridge = socket->bridge;
    char header[WI_HTTP_HEADER_MAX];
    wi_http_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, header);
    const struct wi_node *node =
        strncasecmp(header, "Bearer ", 7) == 0 ? wi_node_by_credential(bridge, header + 7) : NULL;
    if (!node) {
        bridge->counters.unauthorized++;
        return wi_http_refuse(wsi, bridge, 401, "model files need a node's model_credential",
            "WWW-Authenticate: Bearer\r\n");
    }
    struct wi_limited_socket *out;
    wi_socket_limits_know(&bridge->limits, &socket->limited, &out);
    wi_socket_vacate(bridge, out);
    struct found found = {.fd = -1};
    struct wi_model *model = find_model(bridge, path + strlen("/models/"), &path);
    /* A node learns nothing of models that are not its business. */
    if (!model || !wi_node_may_fetch(node, model) || find_file(model, path, &found) != 0)
        return wi_http_refuse(wsi, bridge, 404,
            "there is no such model file, or no longer, or this node has no work for it", NULL);
    int result = send_found(wsi, socket, &found);
    if (found.owned)
        close(found.fd);
    return result;
}

/* --- Requests --------------------------------------------------------------------------------- */

static int serve(struct lws *wsi, struct wi_socket *socket, const char *path)
{
    struct wi_bridge *bridge = socket->bridge;
    char length[WI_HTTP_HEADER_MAX];
    bridge->counters.file_requests++;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0 &&
        lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) <= 0)
        return wi_http_refuse(
            wsi, bridge, 405, "only GET and HEAD are served", "Allow: GET, HEAD\r\n");
    if (strtol(wi_http_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, length), NULL, 10) != 0)
        return wi_http_refuse(wsi, bridge, 400, "a request for a file has no body", NULL);
    if (strcmp(path, "/node") == 0)
        return wi_http_refuse(wsi, bridge, 426, "this is the place of the WebSocket",
            "Upgrade: websocket\r\nConnection: upgrade\r\n");
    if (strncmp(path, "/models/", 8) == 0)
        return serve_model(wsi, socket, path);
    if (strcmp(path, "/work") == 0)
        return serve_work(wsi, socket);
    return serve_page(wsi, socket, path);
}

static int write_on(struct lws *wsi, struct wi_socket *socket)
{
    if (socket->ending)
        return wi_http_finish(wsi, socket->ending == WI_ENDING_AND_CLOSING);
    return go_on(wsi, socket);
}

/* --- The way in from lws ---------------------------------------------------------------------- */

static void socket_gone(struct lws *wsi, struct wi_socket *socket)
{
    lws_set_opaque_user_data(wsi, NULL);
    abandon(socket->transfer);
    wi_socket_unwatch(socket);
    wi_socket_limits_leave(&socket->bridge->limits, &socket->limited);
    free(socket);
}

int wi_files_callback(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct wi_socket *socket = NULL;
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
    case LWS_CALLBACK_HTTP:
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_WSI_DESTROY:
        socket = lws_get_opaque_user_data(wsi);
        break;
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return 0; /* was answered when its headers came */
    case LWS_CALLBACK_RAW_ADOPT:
    case LWS_CALLBACK_RAW_RX:
        return -1; /* CONNECT: we are no proxy */
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
    if (!socket)
        return reason == LWS_CALLBACK_WSI_DESTROY || reason == LWS_CALLBACK_CLOSED_HTTP ? 0 : -1;

    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return wi_upgrade_check(wsi, socket->bridge, in);
    case LWS_CALLBACK_HTTP:
        if (socket->transfer || socket->ending || socket->bridge->closed)
            return -1;
        return serve(wsi, socket, in);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return write_on(wsi, socket);
    case LWS_CALLBACK_CLOSED_HTTP:
        abandon(socket->transfer);
        socket->transfer = NULL;
        wi_socket_unwatch(socket);
        return 0;
    default:
        socket_gone(wsi, socket);
        return 0;
    }
}
