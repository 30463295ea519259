/*
 * libmicrohttpd waits for edges: a socket is read until less comes than there was room for, and not
 * again until more comes. The end of a connection that came with its last bytes is never seen so.
 */
#ifndef WI_API_HTTP_SECOND_LOOK_H
#define WI_API_HTTP_SECOND_LOOK_H

#include "api/http/clients/connections.h"

/* Has libmicrohttpd look again at each connection that it should read and where something has been
 * there for two of these calls, an end included. How many; then it has to run. Not from inside its
 * callbacks. */
size_t wi_second_look(const struct wi_connections *connections);

#endif
