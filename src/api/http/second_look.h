/*
 * libmicrohttpd uses edge-triggered events: it reads a socket until it gets less than there was
 * room for, and not again until more comes. So it never sees the end of a connection that came
 * together with the last bytes.
 */
#ifndef WI_API_HTTP_SECOND_LOOK_H
#define WI_API_HTTP_SECOND_LOOK_H

#include "api/http/clients/connections.h"

/* Has libmicrohttpd look again at each connection that it should read and that has had unread
 * input, or an end, for two of these calls. Returns how many there are; if any, libmicrohttpd has
 * to run. Not from inside its callbacks. */
size_t wi_second_look(const struct wi_connections *connections);

#endif
