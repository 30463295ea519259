/*
 * The sockets of clients, and which of them goes where there are too many. One that never showed a
 * good token is a stranger's, whatever it does. A stranger goes first: the one that has waited, or
 * been answered, for the longest time, once that is a second or it has asked before; where all are
 * younger, one that is drawn, so that nobody pushes out a client that is about to show its token
 * just by coming after it. What a stranger has sent is read before it is judged by that. Of the
 * others one goes only if it has asked nothing for a second.
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
    struct wi_peer admitted;         /* the same, as it is counted */
    double deadline;                 /* wi_now_ms() at which it is cut; 0: none */
    int is_known;                    /* it showed a good token once: wi_connections_know */
    int is_spare; /* it has one of the places for those who must always get in: see admission.h */
    /* Of the request under way: the length of its target before it was decoded, whether that has a
     * "%00", where the decoded path ends too early, and how many parameters its query has. */
    size_t target_length;
    int nul_in_path;
    size_t parameters;
    struct wi_request *request; /* the one under way, or NULL */
    struct wi_connection *next, *previous;
    struct wi_turns_place place; /* of whom it is, and whether it waits for its turn: spending.h */
    double waits_since, held;    /* while it does: and its deadline, which waits, too */
    int is_unread; /* second_look.c's: at the last look something had come that nobody has read */
    /* connections.c's own: it was closed for another; and its places among those that may go. */
    int is_leaving;
    double _since;
    struct wi_connection **_row, *_after, *_before;
    size_t _index;
};

enum wi_connection_row {
    WI_CONNECTION_STRANGER, /* it asked, never showed a good token, and waits */
    WI_CONNECTION_NEW,
    WI_CONNECTION_SERVED, /* a request of a stranger's is under way */
    WI_CONNECTION_KNOWN,  /* it showed one, and waits */
    WI_CONNECTION_ROWS
};

/* Zero-initialise; what is drawn at random begins with `dice`. */
struct wi_connections {
    struct wi_connection *all;
    size_t count;       /* of them, without those that were closed for others */
    size_t here;        /* of these, from this machine */
    size_t replaceable; /* of these, that may have to go */
    unsigned short dice[3];
    struct wi_connection *_rows[WI_CONNECTION_ROWS]; /* those that may go, the longest first */
    struct wi_connection **_strangers;               /* those without a good token, in any order */
    size_t _stranger_count, _stranger_room;
};

/* `connection` belongs to the caller, and begins to wait. */
void wi_connections_add(
    struct wi_connections *connections, struct wi_connection *connection, double now);
void wi_connections_remove(struct wi_connections *connections, struct wi_connection *connection);
/* A request of it begins, has shown a good token, and is over. */
void wi_connections_ask(
    struct wi_connections *connections, struct wi_connection *connection, double now);
void wi_connections_know(struct wi_connections *connections, struct wi_connection *connection);
void wi_connections_wait(
    struct wi_connections *connections, struct wi_connection *connection, double now);
/* Closes the one that goes first: of all, or of those that `among` is counted with. NULL if none
 * may go. It is removed soon after. */
const struct wi_connection *wi_connections_make_room(
    struct wi_connections *connections, const struct wi_peer *among, double now);

#endif
