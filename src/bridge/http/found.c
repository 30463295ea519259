/* Answers with files and texts; see found.h. */
#include "bridge/http/found.h"
#include "bridge/http/answer.h"
#include "bridge/http/transfer.h"
#include "net/http.h"
#include <string.h>
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

/* Begins to send `size` bytes of it from `first` on. Takes an owned descriptor over. */
static int begin(struct lws *wsi, struct wi_socket *socket, struct wi_found *found, uint64_t first,
    uint64_t size, int close_after)
{
    struct wi_body body = {.fd = found->fd,
        .owned = found->owned,
        .model = found->model ? wi_model_ref(found->model) : NULL,
        .file = found->file,
        .at = first,
        .size = size};
    found->owned = 0;
    if (found->text && !(body.text = wi_body_text(found->text + first, (size_t)size))) {
        wi_body_clear(&body);
        return -1;
    }
    return wi_transfer_begin(wsi, socket, &body, close_after);
}

static int answer(struct lws *wsi, struct wi_socket *socket, struct wi_found *found)
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
    return begin(wsi, socket, found, first, size, close_after);
}

int wi_found_send(struct lws *wsi, struct wi_socket *socket, struct wi_found *found)
{
    int result = answer(wsi, socket, found);
    if (found->owned)
        close(found->fd);
    found->owned = 0;
    return result;
}
