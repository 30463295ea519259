/* The files of models, for nodes that hold a credential. */
#include "bridge/http/answer.h"
#include "bridge/http/found.h"
#include "bridge/http/serve.h"
#include "bridge/node.h"
#include "net/http.h"
#include <string.h>
#include <strings.h>

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

int wi_serve_model(struct lws *wsi, struct wi_socket *socket, const char *path)
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
    struct wi_found found = {.fd = -1};
    struct wi_model *model = find_model(bridge, path + strlen("/models/"), &path);
    /* A node learns nothing of models that are not its business. */
    if (!model || !wi_node_may_fetch(node, model) || find_file(model, path, &found) != 0)
        return wi_http_refuse(wsi, bridge, 404,
            "there is no such model file, or no longer, or this node has no work for it", NULL);
    return wi_found_send(wsi, socket, &found);
}
