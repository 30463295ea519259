/*
 * A small HTTP file server on libwebsockets: the page, and the files of models for nodes that hold
 * a credential. libwebsockets' own cannot do ranges, quoted entity tags or our headers.
 */
#include "base/http.h"
#include "base/memory.h"
#include "bridge/http_answer.h"
#include "bridge/node.h"
#include "bridge/outgoing.h"
#include "bridge/transfer.h"
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* The header lines that say what was found, of which `size` bytes from `first` on follow. */
static void describe(
    struct wi_buffer *out, int status, const struct wi_found *found, uint64_t first, uint64_t size)
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

static int send_found(struct lws *wsi, struct wi_socket *socket, struct wi_found *found)
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
    return wi_transfer_begin(wsi, socket, found, first, size, close_after);
}

static int serve_page(struct lws *wsi, struct wi_socket *socket, const char *path)
{
    char accepted[WI_HTTP_HEADER_MAX] = "";
    struct wi_site_file file;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_RANGE) <= 0) /* else of the file's own bytes */
        wi_http_header(wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, accepted);
    if (wi_site_find(socket->bridge->page, path, accepted, &file) != 0)
        return wi_http_refuse(wsi, socket->bridge, 404, "there is no such file", NULL);
    struct wi_found found = {.fd = file.fd,
        .size = file.size,
        .coding = file.coding,
        .varies = file.varies,
        .type = file.type,
        .cache = file.cache};
    snprintf(found.etag, sizeof found.etag, "%s", file.etag);
    return send_found(wsi, socket, &found);
}

/* --- Models ---------------------------------------------------------------------------------- */

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
static int find_file(struct wi_model *model, const char *path, struct wi_found *found)
{
    unsigned char digest[WI_HASH_SIZE];
    char hex[2 * WI_HASH_SIZE + 1];
    found->model = model;
    found->type = wi_http_media_type(path);
    if (strcmp(path, WI_SPEC_FILE) == 0 && model->spec_text) {
        found->text = model->spec_text;
        found->size = strlen(model->spec_text);
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
    struct wi_place *out;
    wi_places_know(&bridge->places, &socket->place, &out);
    wi_socket_vacate(bridge, out);
    struct wi_found found = {.fd = -1};
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

/* --- Requests -------------------------------------------------------------------------------- */

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
    return serve_page(wsi, socket, path);
}

static int write_on(struct lws *wsi, struct wi_socket *socket)
{
    if (socket->ending)
        return wi_http_finish(wsi, socket->ending == WI_ENDING_AND_CLOSING);
    return wi_transfer_writeable(wsi, socket);
}

/* --- The way in from lws --------------------------------------------------------------------- */

static void socket_gone(struct lws *wsi, struct wi_socket *socket)
{
    lws_set_opaque_user_data(wsi, NULL);
    wi_transfer_abandon(socket->transfer);
    wi_socket_unwatch(socket);
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
        if (socket->transfer || socket->ending || socket->bridge->closed)
            return -1;
        return serve(wsi, socket, in);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return write_on(wsi, socket);
    case LWS_CALLBACK_CLOSED_HTTP:
        wi_transfer_abandon(socket->transfer);
        socket->transfer = NULL;
        wi_socket_unwatch(socket);
        return 0;
    default:
        socket_gone(wsi, socket);
        return 0;
    }
}
