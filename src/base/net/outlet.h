/*
 * The source of sockets for connections to a driver in another network namespace than this
 * process's.
 */
#ifndef WI_BASE_NET_OUTLET_H
#define WI_BASE_NET_OUTLET_H

struct wi_outlet {
    void *context;
    /* A TCP socket for IPv4, not connected, non-blocking and close-on-exec, which the caller owns.
     * -1: there is none now; a later attempt may get one. */
    int (*take)(void *context);
};

#endif
