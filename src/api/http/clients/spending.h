/*
 * The cost of requests for the loop, measured as CPU time of its thread, and the turns of clients:
 * see api/http/clients/turns.h. A party is a client (its token, or without one its address).
 * Requests that need no token have a party of their own for each address, so that a health check
 * does not wait for other requests from the same address. The time for reading a head, and for
 * sending what libmicrohttpd has been given, is counted only where it adjoins a measured time.
 */
#ifndef WI_API_HTTP_SPENDING_H
#define WI_API_HTTP_SPENDING_H

#include "api/http/clients/turns.h"

struct wi_api;
struct wi_connection;
struct wi_request;

/* The time of one request, in nanoseconds. */
struct wi_request_time {
    uint64_t all;
    uint64_t most; /* in one turn of the loop */
    uint64_t _turn, _in_turn;
};

/* Zero-initialise. */
struct wi_spending {
    struct wi_turns turns;
    struct wi_connection *_open; /* the connection whose time runs, or ran until `_until` */
    uint64_t _since, _until;
    unsigned _depth;
};

/* From begin to end, the loop's time counts for that connection and its request. The calls nest,
 * and then all time counts for the outermost one. */
void wi_spending_begin(struct wi_spending *spending, struct wi_connection *connection);
void wi_spending_end(struct wi_spending *spending);
/* Called instead of wi_spending_end if libmicrohttpd goes on with the same connection: the time
 * runs on if that connection is the next to begin. */
void wi_spending_pause(struct wi_spending *spending);
/* Counts the time that has run so far; called when libmicrohttpd has returned, or a request is
 * completed. */
void wi_spending_settle(struct wi_spending *spending);
/* Begin and end the time of a request that is not completed, from outside of libmicrohttpd's calls.
 */
void wi_request_begin_spending(struct wi_request *request);
void wi_request_end_spending(struct wi_request *request);

/* Assigns the connection to its party, once its request was checked. */
void wi_connection_join(struct wi_connection *connection);
/* Whether the connection may be served now; if not, it is suspended until its party's turn. Only
 * from inside those callbacks of libmicrohttpd that may suspend. */
int wi_connection_may_go_on(struct wi_connection *connection);
/* Begins the next turn: resumes the waiting connections that may go on. */
void wi_spending_next_turn(struct wi_api *api);
/* Ends all waits, permanently. */
void wi_spending_end_turns(struct wi_api *api);

#endif
