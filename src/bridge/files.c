/*
 * A small HTTP file server on libwebsockets: the page, and the model files for nodes that hold a
 * credential. libwebsockets' own cannot do ranges, quoted entity tags or our headers.
 *
 * A transfer reads one chunk on libuv's thread pool, writes it when the socket takes it, and reads
 * the next: bounded memory, and the loop never waits for a disk.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "bridge/http.h"
#include "bridge/node.h"
#include "bridge/socket.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A client that takes no byte for so long is cut, and so is one that is too slow on average. */
#define STALL_S 30
#define MAX_HEADER 512
/* A request body that we read to its end, to answer on a connection that stays usable. */
#define MAX_IGNORED_BODY 65536

struct wi_transfer {
    struct lws *wsi; /* NULL once abandoned */
    struct wi_bridge *bridge;
    struct wi_model *model; /* referenced, or NULL for a page file */
    char *text;             /* owned copy of a model.json, instead of a file */
    int fd;                 /* borrowed from the page or the model */
    uint64_t at, left, sent;
    double began;
    int close_after;
    uv_fs_t read;
    int reading;
    ssize_t ready; /* bytes waiting in the chunk; < 0: the read failed */
    unsigned char chunk[LWS_PRE + WI_LWS_CHUNK];
};

/* --- Headers --------------------------------------------------------------------------------- */

char *wi_files_security_headers(const char *url, const char *local_url)
{
    const char *host = strstr(url, "://"), *local = strstr(local_url, "://");
    const char *scheme = strncmp(url, "https", 5) == 0 ? "wss" : "ws";
    const char *local_scheme = strncmp(local_url, "https", 5) == 0 ? "wss" : "ws";
    int length = (int)strcspn(host + 3, "/?#") + 3, same = strcmp(url, local_url) == 0;
    /* COOP and COEP make the page cross-origin isolated, which WASM threads need; each worker
     * script needs COEP for itself. */
    return wi_sprintf("Cross-Origin-Opener-Policy: same-origin\r\n"
                      "Cross-Origin-Embedder-Policy: require-corp\r\n"
                      "Cross-Origin-Resource-Policy: same-origin\r\n"
                      "Content-Security-Policy: default-src 'none'; "
                      "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
                      "connect-src 'self' %s%.*s%s%s%s; style-src 'self'; img-src 'self' data: "
                      "blob:; font-src 'self'; base-uri 'none'; form-action 'none'; "
                      "frame-ancestors 'none'\r\n"
                      "X-Content-Type-Options: nosniff\r\n"
                      "Referrer-Policy: no-referrer\r\n",
        scheme, length, host, same ? "" : " ", same ? "" : local_scheme, same ? "" : local);
}

static int write_headers(struct lws *wsi, struct wi_buffer *text)
{
    struct wi_buffer out = {0};
    unsigned char room[LWS_PRE] = {0};
    wi_buffer_add(&out, room, sizeof room);
    wi_buffer_add(&out, text->text, text->size);
    wi_buffer_clear(text);
    int written = lws_write(
        wsi, (unsigned char *)out.text + LWS_PRE, out.size - LWS_PRE, LWS_WRITE_HTTP_HEADERS);
    wi_buffer_clear(&out);
    return written < 0 ? -1 : 0;
}

/* "" if the header is missing or too long to be one that we care for. */
static const char *get_header(struct lws *wsi, enum lws_token_indexes token, char *out)
{
    if (lws_hdr_total_length(wsi, token) <= 0 || lws_hdr_copy(wsi, out, MAX_HEADER, token) < 0)
        out[0] = '\0';
    return out;
}

static int wants_close(struct lws *wsi)
{
    char value[MAX_HEADER];
    if (strcasecmp(get_header(wsi, WSI_TOKEN_CONNECTION, value), "close") == 0)
        return 1;
    return strcmp(get_header(wsi, WSI_TOKEN_HTTP, value), "HTTP/1.1") != 0;
}

static void begin_answer(
    struct wi_buffer *out, const struct wi_bridge *bridge, int status, int close_after)
{
    wi_buffer_printf(out, "HTTP/1.1 %d %s\r\n", status, wi_http_reason(status));
    wi_buffer_puts(out, bridge->security_headers);
    if (close_after)
        wi_buffer_puts(out, "Connection: close\r\n");
}

/* What the lws callback returns once an answer is out. */
static int finish(struct lws *wsi, int close_after)
{
    return close_after || lws_http_transaction_completed(wsi) ? -1 : 0;
}

int wi_files_refuse(
    struct lws *wsi, struct wi_bridge *bridge, int status, const char *text, const char *extra)
{
    struct wi_buffer out = {0};
    char length[MAX_HEADER];
    int upgrade = lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) > 0;
    long body = strtol(get_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, length), NULL, 10);
    int has_body = lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0 &&
                   lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) <= 0;
    int close_after = upgrade || wants_close(wsi) || body < 0 || body > MAX_IGNORED_BODY ||
                      (has_body && !*length);
    begin_answer(&out, bridge, status, close_after);
    wi_buffer_printf(&out,
        "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
        "Content-Length: %zu\r\n%s\r\n",
        strlen(text) + 1, extra ? extra : "");
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) <= 0)
        wi_buffer_printf(&out, "%s\n", text);
    if (write_headers(wsi, &out))
        return -1;
    /* During an upgrade lws completes the transaction itself when told that we answered. */
    return upgrade ? 1 : finish(wsi, close_after);
}

/* --- Transfers ------------------------------------------------------------------------------- */

static void transfer_free(struct wi_transfer *transfer)
{
    wi_model_unref(transfer->model);
    free(transfer->text);
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
    else
        lws_callback_on_writable(transfer->wsi);
}

static int read_next(struct wi_transfer *transfer)
{
    size_t size = transfer->left < WI_LWS_CHUNK ? (size_t)transfer->left : WI_LWS_CHUNK;
    lws_set_timeout(transfer->wsi, PENDING_TIMEOUT_HTTP_CONTENT, STALL_S);
    if (transfer->text) {
        memcpy(transfer->chunk + LWS_PRE, transfer->text + transfer->at, size);
        transfer->ready = (ssize_t)size;
        lws_callback_on_writable(transfer->wsi);
        return 0;
    }
    uv_buf_t buffer = uv_buf_init((char *)transfer->chunk + LWS_PRE, (unsigned)size);
    transfer->read.data = transfer;
    if (uv_fs_read(transfer->bridge->loop, &transfer->read, transfer->fd, &buffer, 1,
            (int64_t)transfer->at, on_read))
        return -1;
    transfer->reading = 1;
    return 0;
}

static int transfer_writeable(struct lws *wsi, struct wi_socket *socket)
{
    struct wi_transfer *transfer = socket->transfer;
    if (!transfer || transfer->reading || !transfer->ready)
        return 0; /* not asked for */
    if (transfer->ready < 0) {
        wi_warn("bridge", NULL, "a file that is being served cannot be read to its end");
        return -1;
    }
    size_t size = (size_t)transfer->ready;
    transfer->ready = 0;
    transfer->at += size;
    transfer->left -= size;
    transfer->sent += size;
    socket->bridge->counters.file_bytes += size;
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
    return finish(wsi, close_after);
}

/* --- Answers --------------------------------------------------------------------------------- */

/* What a request found: a page file, a model file, or the text of a model.json. */
struct found {
    int fd;
    struct wi_model *model; /* borrowed */
    const char *text;       /* borrowed; NULL: fd */
    uint64_t size;
    char etag[80];
    const char *type, *cache;
};

static int begin_transfer(struct lws *wsi, struct wi_socket *socket, const struct found *found,
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
    transfer->fd = found->fd;
    transfer->at = first;
    transfer->left = size;
    transfer->began = wi_now_ms();
    transfer->close_after = close_after;
    socket->transfer = transfer;
    socket->place.busy = 1;
    return read_next(transfer);
}

static int send_found(struct lws *wsi, struct wi_socket *socket, const struct found *found)
{
    char header[MAX_HEADER], if_range[MAX_HEADER];
    uint64_t first = 0, last = 0, size = found->size;
    int status = 200, close_after = wants_close(wsi);
    int head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
    struct wi_buffer out = {0};

    if (wi_http_etag_matches(get_header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, header), found->etag))
        status = 304;
    get_header(wsi, WSI_TOKEN_HTTP_RANGE, header);
    get_header(wsi, WSI_TOKEN_HTTP_IF_RANGE, if_range);
    if (status == 200 && !head && (!*if_range || strcmp(if_range, found->etag) == 0)) {
        switch (wi_http_range(header, found->size, &first, &last)) {
        case WI_RANGE_PART:
            status = 206;
            size = last - first + 1;
            break;
        case WI_RANGE_UNSATISFIABLE:
            snprintf(header, sizeof header, "Content-Range: bytes */%llu\r\n",
                (unsigned long long)found->size);
            return wi_files_refuse(
                wsi, socket->bridge, 416, "the range lies outside of the file", header);
        case WI_RANGE_NONE:
            break;
        }
    }
    begin_answer(&out, socket->bridge, status, close_after);
    wi_buffer_printf(&out, "ETag: %s\r\nCache-Control: %s\r\n", found->etag, found->cache);
    if (status == 206)
        wi_buffer_printf(&out, "Content-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)first,
            (unsigned long long)last, (unsigned long long)found->size);
    if (status != 304)
        wi_buffer_printf(&out,
            "Content-Type: %s\r\nAccept-Ranges: bytes\r\nContent-Length: %llu\r\n", found->type,
            (unsigned long long)size);
    wi_buffer_puts(&out, "\r\n");
    if (write_headers(wsi, &out))
        return -1;
    if (status == 304 || head || size == 0)
        return finish(wsi, close_after);
    return begin_transfer(wsi, socket, found, first, size, close_after);
}

static int serve_page(struct lws *wsi, struct wi_socket *socket, const char *path)
{
    const struct wi_page_file *file = wi_page_find(socket->bridge->page, path);
    if (!file)
        return wi_files_refuse(wsi, socket->bridge, 404, "there is no such file", NULL);
    struct found found = {.fd = file->fd,
        .size = file->size,
        .type = wi_http_media_type(file->name),
        .cache = wi_http_name_is_hashed(file->name) ? "public, max-age=31536000, immutable"
                                                    : "no-cache"};
    snprintf(found.etag, sizeof found.etag, "%s", file->etag);
    return send_found(wsi, socket, &found);
}

/* "/models/NAME/HASH/FILE" where NAME may have a slash. The file's name, or NULL. */
static const char *split_model_path(const char *path, char name[280], char hash[65])
{
    const char *start = path + strlen("/models/"), *file = strrchr(start, '/');
    if (!file || file - start < 66 || file[-65] != '/')
        return NULL;
    size_t length = (size_t)(file - 65 - start);
    if (length == 0 || length >= 280)
        return NULL;
    memcpy(name, start, length);
    name[length] = '\0';
    memcpy(hash, file - 64, 64);
    hash[64] = '\0';
    return file + 1;
}

static int serve_model(struct lws *wsi, struct wi_socket *socket, const char *path)
{
    struct wi_bridge *bridge = socket->bridge;
    char header[MAX_HEADER], name[280], hash[65], hex[2 * WI_HASH_SIZE + 1];
    unsigned char digest[WI_HASH_SIZE];
    get_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, header);
    const struct wi_node *node =
        strncasecmp(header, "Bearer ", 7) == 0 ? wi_node_by_credential(bridge, header + 7) : NULL;
    if (!node) {
        bridge->counters.unauthorized++;
        return wi_files_refuse(wsi, bridge, 401, "model files need a node's model_credential",
            "WWW-Authenticate: Bearer\r\n");
    }
    struct wi_place *out;
    wi_places_know(&bridge->places, &socket->place, &out);
    wi_socket_vacate(bridge, out);
    const char *file = split_model_path(path, name, hash);
    struct wi_model *model = file ? wi_repository_by_hash(bridge->repository, name, hash) : NULL;
    if (model && !wi_node_may_fetch(node, model))
        model = NULL; /* a node learns nothing of models that are not its business */
    struct found found = {.model = model, .fd = -1};
    if (model && strcmp(file, "model.onnx") == 0 && model->fd >= 0) {
        found.fd = model->fd;
        found.size = (uint64_t)model->size;
        found.cache = "private, max-age=31536000, immutable";
        snprintf(found.etag, sizeof found.etag, "\"%s\"", model->hash);
    } else if (model && strcmp(file, "model.json") == 0 && model->spec_text) {
        found.text = model->spec_text;
        found.size = strlen(model->spec_text);
        found.cache = "private, no-cache"; /* it may change while the model does not */
        wi_hash(found.text, found.size, digest);
        wi_hash_hex(digest, hex);
        snprintf(found.etag, sizeof found.etag, "\"%s\"", hex);
    } else {
        return wi_files_refuse(wsi, bridge, 404,
            "there is no such model file, or no longer, or this node has no work for it", NULL);
    }
    found.type = wi_http_media_type(file);
    return send_found(wsi, socket, &found);
}

static int serve(struct lws *wsi, struct wi_socket *socket, const char *path)
{
    struct wi_bridge *bridge = socket->bridge;
    char length[MAX_HEADER];
    bridge->counters.file_requests++;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0 &&
        lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) <= 0)
        return wi_files_refuse(
            wsi, bridge, 405, "only GET and HEAD are served", "Allow: GET, HEAD\r\n");
    if (strtol(get_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, length), NULL, 10) != 0)
        return wi_files_refuse(wsi, bridge, 400, "a request for a file has no body", NULL);
    if (strcmp(path, "/node") == 0)
        return wi_files_refuse(wsi, bridge, 426, "this is the place of the WebSocket",
            "Upgrade: websocket\r\nConnection: upgrade\r\n");
    if (strncmp(path, "/models/", 8) == 0)
        return serve_model(wsi, socket, path);
    return serve_page(wsi, socket, path);
}

/* --- The way in from lws --------------------------------------------------------------------- */

static void socket_gone(struct lws *wsi, struct wi_socket *socket)
{
    lws_set_opaque_user_data(wsi, NULL);
    wi_transfer_abandon(socket->transfer);
    wi_places_leave(&socket->bridge->places, &socket->place);
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
        if (socket->transfer || socket->bridge->closed)
            return -1;
        return serve(wsi, socket, in);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return transfer_writeable(wsi, socket);
    case LWS_CALLBACK_CLOSED_HTTP:
        wi_transfer_abandon(socket->transfer);
        socket->transfer = NULL;
        return 0;
    default:
        socket_gone(wsi, socket);
        return 0;
    }
}
