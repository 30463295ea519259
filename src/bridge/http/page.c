/* The page and its scripts, and what it asks before its person has said that it may connect: what
 * browsers of others are sent. */
#include "bridge/http/answer.h"
#include "bridge/http/found.h"
#include "bridge/http/serve.h"
#include <string.h>

int wi_serve_page(struct lws *wsi, struct wi_socket *socket, const char *path)
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
    return wi_found_send(wsi, socket, &found);
}

int wi_serve_work(struct lws *wsi, struct wi_socket *socket)
{
    static const char *const words[] = {[WI_STRANGERS_NONE] = "none",
        [WI_STRANGERS_TENSORS] = "tensors",
        [WI_STRANGERS_TEXT] = "text"};
    struct wi_found found = {.fd = -1,
        .text = words[socket->bridge->settings.strangers],
        .type = "text/plain",
        .cache = "no-cache"};
    found.size = strlen(found.text);
    snprintf(found.etag, sizeof found.etag, "\"%s\"", found.text);
    return wi_found_send(wsi, socket, &found);
}
