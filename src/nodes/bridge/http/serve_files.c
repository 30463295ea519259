/* Answers with files, and with texts that are like files; see serve.h. */
#include "base/clock.h"
#include "base/net/http.h"
#include "nodes/bridge/http/file_answer.h"
#include "nodes/bridge/http/serve.h"
#include "nodes/bridge/http/siblings.h"
#include "nodes/bridge/http/transfer.h"
#include "nodes/bridge/node.h"
#include <stdlib.h>
#include <string.h>

/* Browsers ask before each request for a file of a model that is not remembered for so many
 * seconds. */
#define PREFLIGHT_S 600
/* The query that asks for the list of a file's blocks; "=" and the id of a peer may follow. */
#define BLOCKS "blocks"
/* A node gets so many tickets: signing takes the loop's time. */
static const struct wi_rate_rule tickets_rule = {.most = 32, .window_ms = 1000};

/* --- what was found --------------------------------------------------------------------------- */

/* A page file, a file of a model, or a text. */
struct found {
    struct wi_body body; /* the whole of it */
    char etag[80];
    const char *type, *cache;
    const char *peer, *hash; /* NULL, or a ticket for this peer and this file goes with it … */
    struct wi_node *node;    /* … to this node */
    const char *coding;      /* what its bytes are coded in; NULL: they are the file's own */
    int varies;              /* another Accept-Encoding would have found another coding */
};

/* The header lines that say what was found, of which `size` bytes from `first` on follow. */
static void found_describe(
    struct wi_buffer *out, int status, const struct found *found, uint64_t first, uint64_t size)
{
    wi_buffer_printf(out, "ETag: %s\r\nCache-Control: %s\r\n", found->etag, found->cache);
    if (found->varies)
        wi_buffer_puts(out, "Vary: Accept-Encoding\r\n");
    if (status == 206)
        wi_buffer_printf(out, "Content-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)first,
            (unsigned long long)(first + size - 1), (unsigned long long)found->body.size);
    if (status == 304)
        return;
    /* Of what is coded there are no ranges: one that is asked for is of the file's own bytes. */
    wi_buffer_printf(out, "Content-Type: %s\r\nAccept-Ranges: %s\r\nContent-Length: %llu\r\n",
        found->type, found->coding ? "none" : "bytes", (unsigned long long)size);
    if (found->coding)
        wi_buffer_printf(out, "Content-Encoding: %s\r\n", found->coding);
}

/* The header line that says that the peer may have the file. */
static void found_add_ticket(struct wi_buffer *out, const struct found *found)
{
    const struct wi_peers *peers = &found->node->bridge->peers;
    char *ticket = wi_peers_ticket(peers, found->peer, found->hash, wi_wall_ms());
    wi_given_add_file(&found->node->given, found->hash, wi_steady_ms() + WI_PEERS_MS);
    wi_buffer_strings(out, "X-Webinfer-Ticket: ", ticket, "\r\n", NULL);
    free(ticket);
}

static int found_answer(struct lws *wsi, struct wi_socket *socket, struct found *found)
{
    char header[WI_HTTP_HEADER_MAX], if_range[WI_HTTP_HEADER_MAX];
    uint64_t first = 0, last = 0, size = found->body.size;
    int status = 200, close_after = wi_http_wants_close(wsi);
    int head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
    struct wi_buffer out = {0};

    if (wi_http_etag_matches(
            wi_http_header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, header), found->etag))
        status = 304;
    wi_http_header(wsi, WSI_TOKEN_HTTP_RANGE, header);
    wi_http_header(wsi, WSI_TOKEN_HTTP_IF_RANGE, if_range);
    if (status == 200 && !head && (!*if_range || strcmp(if_range, found->etag) == 0)) {
        switch (wi_http_range(header, found->body.size, &first, &last)) {
        case WI_RANGE_PART:
            status = 206;
            size = last - first + 1;
            break;
        case WI_RANGE_UNSATISFIABLE:
            snprintf(header, sizeof header, "Content-Range: bytes */%llu\r\n",
                (unsigned long long)found->body.size);
            return wi_http_refuse(
                wsi, socket->bridge, 416, "the range is outside the file", header);
        case WI_RANGE_NONE:
            break;
        }
    }
    wi_http_begin(&out, wsi, socket->bridge, status, close_after);
    found_describe(&out, status, found, first, size);
    if (found->peer && status != 304 && !head)
        found_add_ticket(&out, found);
    wi_buffer_puts(&out, "\r\n");
    if (wi_http_write_headers(wsi, &out))
        return -1;
    if (status == 304 || head || size == 0)
        return wi_http_finish(wsi, close_after);
    if (!found->body.text && found->body.fd < 0)
        return -1; /* there was no memory for the text */
    found->body.at += first;
    found->body.size = size;
    return wi_transfer_begin(wsi, socket, &found->body, close_after);
}

static int send_found(struct lws *wsi, struct wi_socket *socket, struct found *found)
{
    int result = found_answer(wsi, socket, found);
    wi_body_clear(&found->body);
    return result;
}

static void found_set_text(struct found *found, const char *text)
{
    size_t size = strlen(text);
    found->body = (struct wi_body){.text = wi_body_text(text, size), .fd = -1, .size = size};
}

/* The hash of the text. */
static void found_set_etag(struct found *found, const char *text)
{
    unsigned char digest[WI_HASH_SIZE];
    char hex[2 * WI_HASH_SIZE + 1];
    wi_hash(text, strlen(text), digest);
    wi_hash_hex(digest, hex);
    snprintf(found->etag, sizeof found->etag, "\"%s\"", hex);
}

/* --- the page --------------------------------------------------------------------------------- */

int wi_serve_page(struct lws *wsi, struct wi_socket *socket, const char *path)
{
    char accepted[WI_HTTP_HEADER_MAX] = "";
    struct wi_site_file file;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_RANGE) <= 0) /* else of the file's own bytes */
        wi_http_header(wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, accepted);
    if (wi_site_find(socket->bridge->page, path, accepted, &file) != 0)
        return wi_http_refuse(wsi, socket->bridge, 404, "there is no such file", NULL);
    struct found found = {.body = {.fd = file.fd, .at = file.at, .size = file.size},
        .coding = file.coding,
        .varies = file.varies,
        .type = file.type,
        .cache = file.cache};
    snprintf(found.etag, sizeof found.etag, "%s", file.etag);
    return send_found(wsi, socket, &found);
}

/* A setting. */
static int send_word(struct lws *wsi, struct wi_socket *socket, const char *text)
{
    struct found found = {.type = "text/plain", .cache = "no-cache"};
    found_set_text(&found, text);
    snprintf(found.etag, sizeof found.etag, "\"%s\"", text);
    return send_found(wsi, socket, &found);
}

int wi_serve_work(struct lws *wsi, struct wi_socket *socket)
{
    return send_word(wsi, socket, wi_strangers_names[socket->bridge->settings.strangers]);
}

int wi_serve_devices(struct lws *wsi, struct wi_socket *socket)
{
    return send_word(wsi, socket, socket->bridge->settings.devices ? "yes" : "no");
}

int wi_serve_endpoints(struct lws *wsi, struct wi_socket *socket)
{
    const struct wi_strings *siblings = &socket->bridge->siblings;
    struct found found = {.type = "text/plain", .cache = "no-cache"};
    struct wi_buffer text = {0};
    for (size_t i = 0; i < siblings->count; i++)
        wi_buffer_strings(&text, siblings->items[i], "\n", NULL);
    found_set_text(&found, text.text ? text.text : "");
    found_set_etag(&found, text.text ? text.text : "");
    wi_buffer_clear(&text);
    return send_found(wsi, socket, &found);
}

int wi_serve_peers(struct lws *wsi, struct wi_socket *socket)
{
    struct found found = {.type = "application/json", .cache = "no-cache"};
    const char *text = wi_peers_text(&socket->bridge->peers, wi_wall_ms());
    found_set_text(&found, text);
    found_set_etag(&found, text);
    return send_found(wsi, socket, &found);
}

/* --- models ----------------------------------------------------------------------------------- */

/* What "NAME/HASH/PATH" asks for, where NAME may have a slash, and PATH some. The model (borrowed)
 * with the path in it, or NULL. */
static struct wi_model *path_find_model(
    struct wi_bridge *bridge, const char *start, const char **path)
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
    found->type = wi_http_media_type(path);
    if (strcmp(path, WI_SPEC_FILE) == 0 && model->facts.spec.text) {
        found_set_text(found, model->facts.spec.text);
        found->cache = "private, no-cache"; /* labels may change while the model does not */
        found_set_etag(found, model->facts.spec.text);
        return 0;
    }
    const struct wi_model_file *file = wi_manifest_find(&model->manifest, path);
    if (!file)
        return -1;
    found->body = (struct wi_body){.file = file, .size = file->bytes};
    found->body.fd = wi_model_open_file(model, file, &found->body.owned);
    found->cache = "private, max-age=31536000, immutable";
    snprintf(found->etag, sizeof found->etag, "\"%s\"", file->hash);
    return found->body.fd < 0 ? -1 : 0;
}

/* Answers with the list of blocks of the file that was found. A node that may get the blocks from
 * others as well names its id among them, `peer` (NULL: it does not), and gets a ticket for it. */
static int send_blocks(struct lws *wsi, struct wi_socket *socket, struct found *found,
    struct wi_node *node, const char *peer)
{
    struct wi_bridge *bridge = socket->bridge;
    const struct wi_model_file *file = found->body.file;
    struct found list = {.type = "application/octet-stream", .cache = "no-store", .peer = peer};
    int soon = 0, is_wrong = peer && !wi_peer_id_ok(peer);
    int is_often = peer && !is_wrong &&
                   !wi_rate_limit_take(&node->file_tickets, &tickets_rule, wi_awake_ms(), NULL);
    list.body.fd = -1;
    if (!is_wrong && !is_often && bridge->blocks && file && file->bytes >= WI_BLOCKS_MIN)
        list.body.fd =
            wi_blockstore_open_leaves(bridge->blocks, found->body.fd, file, &list.body.size, &soon);
    list.body.owned = list.body.fd >= 0;
    wi_body_clear(&found->body);
    if (is_wrong)
        return wi_http_refuse(wsi, bridge, 400, "this is no id of a peer", NULL);
    if (soon || is_often)
        return wi_http_refuse(wsi, bridge, 503,
            soon ? "the list of this file's blocks is being made"
                 : "this node has asked for many tickets in this second",
            "Retry-After: 1\r\n");
    if (!list.body.owned)
        return wi_http_refuse(wsi, bridge, 404, "there is no list of this file's blocks", NULL);
    snprintf(list.etag, sizeof list.etag, "\"%s.blocks\"", file->hash);
    list.hash = file->hash;
    list.node = node;
    return send_found(wsi, socket, &list);
}

int wi_serve_model(struct lws *wsi, struct wi_socket *socket, const char *path)
{
    struct wi_bridge *bridge = socket->bridge;
    char header[WI_HTTP_HEADER_MAX];
    const char *credential = wi_http_bearer(wsi, header);
    struct wi_node *node = credential ? wi_node_by_credential(bridge, credential) : NULL;
    if (!node) {
        bridge->counters.unauthorized++;
        return wi_http_refuse(wsi, bridge, 401, "model files need a node's model_credential",
            "WWW-Authenticate: Bearer\r\n");
    }
    struct wi_limited_socket *out;
    wi_socket_limits_know(&bridge->limits, &socket->limited, &out);
    wi_socket_vacate(bridge, out);
    struct found found = {0};
    struct wi_model *model = path_find_model(bridge, path + strlen("/models/"), &path);
    /* A node learns nothing of models that are not its business. */
    if (!model || !wi_node_may_fetch(node, model) || find_file(model, path, &found) != 0)
        return wi_http_refuse(wsi, bridge, 404,
            "there is no such model file (any more), or this node has no work for it", NULL);
    const char *query = wi_http_header(wsi, WSI_TOKEN_HTTP_URI_ARGS, header);
    size_t word = strcspn(query, "=");
    if (word == strlen(BLOCKS) && strncmp(query, BLOCKS, word) == 0)
        return send_blocks(wsi, socket, &found, node, query[word] ? query + word + 1 : NULL);
    found.body.model = wi_model_ref(model);
    return send_found(wsi, socket, &found);
}

int wi_serve_preflight(struct lws *wsi, struct wi_socket *socket)
{
    struct wi_buffer out = {0};
    char origin[WI_HTTP_HEADER_MAX];
    int close_after = wi_http_wants_close(wsi);
    if (!wi_is_sibling(&socket->bridge->siblings, wi_http_header(wsi, WSI_TOKEN_ORIGIN, origin)))
        return wi_http_refuse(
            wsi, socket->bridge, 403, "a page of this origin may not read files of models", NULL);
    wi_http_begin(&out, wsi, socket->bridge, 204, close_after);
    wi_buffer_printf(&out,
        "Access-Control-Allow-Methods: GET, HEAD\r\n"
        "Access-Control-Allow-Headers: authorization, range, if-range\r\n"
        "Access-Control-Max-Age: %d\r\n\r\n",
        PREFLIGHT_S);
    return wi_http_write_headers(wsi, &out) ? -1 : wi_http_finish(wsi, close_after);
}
