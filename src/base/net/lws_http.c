/* See lws_http.h. Answers are written by hand, since libwebsockets' own functions for headers need
 * their whole size in advance. */
#include "base/net/lws_http.h"

const char *wi_http_header(struct lws *wsi, enum lws_token_indexes token, char *out)
{
    if (lws_hdr_total_length(wsi, token) <= 0 ||
        lws_hdr_copy(wsi, out, WI_HTTP_HEADER_MAX, token) < 0)
        out[0] = '\0';
    return out;
}

int wi_http_write_headers(struct lws *wsi, struct wi_buffer *text)
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
