/*
 * The sockets of clients, and which of them goes where there are too many. One waits from its
 * beginning, and from the end of each request, until a request's head is there. Those that have
 * asked something and never showed a good token go first, and those that have asked nothing yet,
 * the longest wait before all others; then those that did show one. Who is new, or showed one, is
 * left alone for a second: so whoever holds places without using them loses them to those who come
 * to ask, and these have the time to.
 */
#ifndef WI_API_HTTP_CONNECTIONS_H
#define WI_API_HTTP_CONNECTIONS_H

#include "net/address.h"
#include "net/addresses.h"
#include <stddef.h>

struct MHD_Connection;
struct wi_api;
struct wi_request;

/* One client's socket. */
struct wi_connection {
    struct wi_api *api;
    struct MHD_Connection *mhd;
    int fd;                          /* libmicrohttpd's */
    char peer[WI_ADDRESS_HOST_SIZE]; /* the client's address */
    struct wi_peer admitted;         /* the same, as it is counted */
    double deadline;                 /* wi_now_ms() at which it is cut; 0: none */
    int is_known;                    /* it showed a good token once */
    int is_spare; /* it has one of the places for those who must always get in: see admission.h */
    /* Of the request under way: the length of its target before it was decoded, and whether that
     * has a "%00", where the decoded path ends too early. */
    size_t target_length;
    int nul_in_path;
    struct wi_request *request; /* the one under way, or NULL */
    struct wi_connection *next, *previous;
    int is_unread; /* second_look.c's: at the last look something had come that nobody has read */
    /* connections.c's own: it was closed for another; and its place among those that wait. */
    int is_leaving;
    double _since;
    struct wi_connection **_row, *_after, *_before;
};

enum wi_connection_row {
    WI_CONNECTION_STRANGER, /* it asked, and never showed a good token */
    WI_CONNECTION_NEW,
    WI_CONNECTION_KNOWN,
    WI_CONNECTION_ROWS
};

/* Zero-initialise. */
struct wi_connections {
    struct wi_connection *all;
    size_t count;   /* of them, without those that were closed for others */
    size_t waiting; /* of these */
    struct wi_connection *_rows[WI_CONNECTION_ROWS]; /* those that wait, the longest first */
};

/* `connection` belongs to the caller, and begins to wait. */
void wi_connections_add(
    struct wi_connections *connections, struct wi_connection *connection, double now);
void wi_connections_remove(struct wi_connections *connections, struct wi_connection *connection);
/* A request of it begins, and is over. */
void wi_connections_ask(struct wi_connections *connections, struct wi_connection *connection);
void wi_connections_wait(
    struct wi_connections *connections, struct wi_connection *connection, double now);
/* Closes the one that goes first: 1, or 0 if none may. It is removed soon after. */
int wi_connections_make_room(struct wi_connections *connections, double now);

#endif
