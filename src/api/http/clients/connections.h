/*
 * The sockets of clients, and which of them is closed when there are too many. A connection that
 * never showed a good token is a stranger's, whatever it does. A stranger is closed first: the one
 * that has waited, or been answered, for the longest time, once that is a second or it has asked
 * before. If all are younger, one is drawn at random, so that a client that is about to show its
 * token is not pushed out just by one that connects after it. The input of a stranger is read
 * before it is judged. Any other connection is closed only if it has asked nothing for a second.
 */
#ifndef WI_API_HTTP_CONNECTIONS_H
#define WI_API_HTTP_CONNECTIONS_H

#include "api/http/clients/turns.h"
#include "base/net/address.h"
#include "base/net/addresses.h"
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
    struct wi_peer admitted;         /* the same, as it is counted by admission.h */
    double deadline;                 /* wi_awake_ms() at which the connection is cut; 0: none */
    int is_known;                    /* it has shown a good token: wi_connections_know */
    int is_spare; /* it has a spare place, for clients that must always get in: see admission.h */
    /* For the request under way: the length of its target before it was decoded, whether the target
     * has a "%00", at which the decoded path ends too early, and how many parameters its query has.
     */
    size_t target_length;
    int nul_in_path;
    size_t parameters;
    struct wi_request *request; /* the one under way, or NULL */
    struct wi_connection *next, *previous;
    struct wi_turns_place place; /* its party, and whether it waits for its turn: spending.h */
    double waits_since, held;    /* while it waits: since when, and its deadline, which waits too */
    int is_unread; /* second_look.c's: at the last look, input had come that was not read */
    /* connections.c's own: it was closed for another; and its places among those that may be
     * closed. */
    int is_leaving;
    double _since;
    struct wi_connection **_row, *_after, *_before;
    size_t _index;
};

enum wi_connection_row {
    WI_CONNECTION_STRANGER, /* it asked, never showed a good token, and is idle */
    WI_CONNECTION_NEW,
    WI_CONNECTION_SERVED, /* a stranger's, with a request under way */
    WI_CONNECTION_KNOWN,  /* it showed a good token, and is idle */
    WI_CONNECTION_ROWS
};

/* Zero-initialise; `dice` is the seed of the random draws. */
struct wi_connections {
    struct wi_connection *all;
    size_t count;       /* of all, without those that were closed for others */
    size_t here;        /* of those counted, from this machine */
    size_t replaceable; /* of those counted, those that may be closed */
    unsigned short dice[3];
    struct wi_connection *_rows[WI_CONNECTION_ROWS]; /* closable ones, the longest idle first */
    struct wi_connection **_strangers;               /* those without a good token, in any order */
    size_t _stranger_count, _stranger_room;
};

/* `connection` belongs to the caller, and is idle at first. */
void wi_connections_add(
    struct wi_connections *connections, struct wi_connection *connection, double now);
void wi_connections_remove(struct wi_connections *connections, struct wi_connection *connection);
/* A request of the connection begins, has shown a good token, and is over. */
void wi_connections_ask(
    struct wi_connections *connections, struct wi_connection *connection, double now);
void wi_connections_know(struct wi_connections *connections, struct wi_connection *connection);
void wi_connections_wait(
    struct wi_connections *connections, struct wi_connection *connection, double now);
/* Closes the connection that is first in line: of all, or of those that are counted with `among`.
 * NULL if none may be closed. It is removed soon after. */
const struct wi_connection *wi_connections_make_room(
    struct wi_connections *connections, const struct wi_peer *among, double now);

#endif
