/*
 * Who uses browsers: the last clients of one, and for whom others were closed. A client is a number
 * here, and 0 is nobody in particular: the service itself. Pure: times are those of wi_now_ms.
 */
#ifndef WI_WORK_POOL_FACTS_USE_H
#define WI_WORK_POOL_FACTS_USE_H

#include <stddef.h>

/* The client of that name (NULL: 0), the same until the process ends. Its number cannot be chosen
 * by a choice of the name. */
unsigned wi_use_client(const char *name);

/* Zero-initialise. */
struct wi_use {
    unsigned client;  /* the last one; 0: none yet */
    double at;        /* when it used it last */
    double others_at; /* when another one did; 0: none */
};

/* `client` has given it work, or had an answer of it; nothing for 0. */
void wi_use_note(struct wi_use *use, unsigned client, double now);
/* When clients other than `client` used it last; 0: never. */
double wi_use_by_others(const struct wi_use *use, unsigned client);

/* A client has so many browsers closed in so long, so that a kind which it needs gets their room;
 * of these, so many that others have used lately. Of all clients the last WI_EVICTIONS_KEPT are
 * known, and so many are the most for all of them. */
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
    size_t next; /* the oldest, whose place is the next one's */
};

/* When the client may have the next one closed, `now` at the earliest. */
double wi_evictions_next(
    const struct wi_evictions *evictions, unsigned client, int of_others, double now);
void wi_evictions_note(struct wi_evictions *evictions, unsigned client, int of_others, double now);

#endif
