/*
 * Where connections to a driver begin, if that is not in this process's own network: whoever opens
 * one takes its socket from here.
 */
#ifndef WI_BASE_NET_OUTLET_H
#define WI_BASE_NET_OUTLET_H

struct wi_outlet {
    void *context;
    /* A TCP socket for IPv4, not connected, non-blocking and close-on-exec: the caller's. -1 where
     * there is none now; a connection that is tried again later may get one. */
    int (*take)(void *context);
};

#endif
