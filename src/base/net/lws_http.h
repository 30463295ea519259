/* The headers of a request to a libwebsockets server, and those of its answer. */
#ifndef WI_BASE_NET_LWS_HTTP_H
#define WI_BASE_NET_LWS_HTTP_H

#include "base/buffer.h"
#include <libwebsockets.h>

#define WI_HTTP_HEADER_MAX 512

/* The value of a request's header, copied to `out` of WI_HTTP_HEADER_MAX bytes; "" if it is missing
 * or longer than any value that matters here. */
const char *wi_http_header(struct lws *wsi, enum lws_token_indexes token, char *out);
/* Sends the headers, with what follows them, and clears the buffer. Returns 0, or -1 if the
 * connection is to be closed. */
int wi_http_write_headers(struct lws *wsi, struct wi_buffer *text);

#endif
