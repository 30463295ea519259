/* A join link, "http://HOST:PORT/#token=TOKEN", taken apart: where a node comes in, and with what.
 */
#ifndef WI_NODE_JOIN_LINK_H
#define WI_NODE_JOIN_LINK_H

#include "base/error.h"
#include "base/secret.h"

struct wi_join_link {
    char host[300];   /* as in the URL, with the port */
    char address[64]; /* of the host, as numbers */
    int port, tls;
    char token[WI_TOKEN_SIZE]; /* a secret: wipe it in the end */
};

/* Looks the host's address up as well, which may block for seconds. WI_OK or, with `error` filled,
 * WI_BAD_REQUEST. */
enum wi_code wi_join_link_read(const char *text, struct wi_join_link *link, struct wi_error *error);

#endif
