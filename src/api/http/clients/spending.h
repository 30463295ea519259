/*
 * What requests cost the loop, measured as CPU time of its thread, and whose turn it is: see
 * api/http/clients/turns.h. A party is a client (its token, or without one its address); what needs
 * no token has one of its own for each address, so that who asks whether the service lives does not
 * wait behind what else comes from there. Reading a head and sending what libmicrohttpd has been
 * given are seen only where they belong to what is measured before or after them.
 */
#ifndef WI_API_HTTP_SPENDING_H
#define WI_API_HTTP_SPENDING_H

#include "api/http/clients/turns.h"

struct wi_api;
struct wi_connection;
struct wi_request;

/* Of one request; nanoseconds. */
struct wi_request_time {
    uint64_t all;
    uint64_t most; /* in one turn of the loop */
    uint64_t _turn, _in_turn;
};

/* Zero-initialise. */
struct wi_spending {
    struct wi_turns turns;
    struct wi_connection *_open; /* whose time runs, or ran until `_until` */
    uint64_t _since, _until;
    unsigned _depth;
};

/* From here to the end what the loop does is for that connection, and its request. They nest, and
 * then all of it is the outermost one's. */
void wi_spending_begin(struct wi_spending *spending, struct wi_connection *connection);
void wi_spending_end(struct wi_spending *spending);
/* In place of the end, where libmicrohttpd goes on with the same connection: its time runs on if
 * that connection is the next to begin. */
void wi_spending_pause(struct wi_spending *spending);
/* Counts what has run so far: libmicrohttpd has returned, or a request is completed. */
void wi_spending_settle(struct wi_spending *spending);
/* The same for a request that is not completed, from what is no call of libmicrohttpd's. */
void wi_request_begin_spending(struct wi_request *request);
void wi_request_end_spending(struct wi_request *request);

/* Whose the connection is from now on, once its request was looked at. */
void wi_connection_join(struct wi_connection *connection);
/* Whether something is done for it now; else it is suspended until its party's turn. From inside
 * libmicrohttpd's callbacks that may suspend. */
int wi_connection_may_go_on(struct wi_connection *connection);
/* The next turn begins: who waits and may go on is taken up again. */
void wi_spending_next_turn(struct wi_api *api);
/* Nobody waits any more, for good. */
void wi_spending_end_turns(struct wi_api *api);

#endif
