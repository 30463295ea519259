/*
 * The use of browsers by clients: the last clients of a browser, and the clients for which others
 * were closed. A client is a number here; 0 is no particular client, but the service itself. Pure:
 * times are those of wi_awake_ms.
 */
#ifndef WI_WORK_POOL_FACTS_USE_H
#define WI_WORK_POOL_FACTS_USE_H

#include <stddef.h>

/* The number of the client with that name (NULL: 0), the same until the process ends. A client
 * cannot choose its number by choosing its name. */
unsigned wi_use_client(const char *name);

/* Zero-initialise. */
struct wi_use {
    unsigned client;  /* the last one; 0: none yet */
    double at;        /* time of its last use */
    double others_at; /* time of the last use by another client; 0: none */
};

/* `client` has given it work, or got an answer from it; does nothing for 0. */
void wi_use_note(struct wi_use *use, unsigned client, double now);
/* The time of the last use by clients other than `client`; 0: never. */
double wi_use_by_others(const struct wi_use *use, unsigned client);

/* A client may have at most WI_EVICTIONS_MOST browsers closed within WI_EVICTIONS_MS, so that a
 * kind which it needs gets their room; at most WI_EVICTIONS_OF_OTHERS of them may be ones that
 * others have used lately. The last WI_EVICTIONS_KEPT of all clients are remembered, which is also
 * the limit for all clients together. */
#define WI_EVICTIONS_MS 60000.0
#define WI_EVICTIONS_MOST 12
#define WI_EVICTIONS_OF_OTHERS 1
#define WI_EVICTIONS_KEPT 256

struct wi_eviction {
    unsigned client;
    int of_others;
    double at; /* 0: none */
};

/* Zero-initialise. */
struct wi_evictions {
    struct wi_eviction all[WI_EVICTIONS_KEPT];
    size_t next; /* index of the oldest, which is replaced next */
};

/* The time at which the client may have the next one closed, not before `now`. */
double wi_evictions_next(
    const struct wi_evictions *evictions, unsigned client, int of_others, double now);
void wi_evictions_note(struct wi_evictions *evictions, unsigned client, int of_others, double now);

#endif
