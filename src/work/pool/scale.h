/*
 * How many sessions of each kind there should be, and the next step towards that. Pure: all of its
 * input, the time included, is given.
 */
#ifndef WI_WORK_POOL_SCALE_H
#define WI_WORK_POOL_SCALE_H

#include "base/clock.h"
#include <stddef.h>

/* Work that has waited so long, although no session is on its way, opens another one. */
#define WI_SCALE_UP_MS 1000.0
/* So long where it is expected to wait longer than a session takes to start. */
#define WI_SCALE_UP_SOON_MS 100.0
/* So long where it will soon be done: see WI_SCALE_SHORT_MS. */
#define WI_SCALE_UP_LATE_MS 5000.0
#define WI_SCALE_SHORT_MS 50.0
/* As many may be on their way at a time because of waiting work. */
#define WI_SCALE_PENDING 2
/* A session of another kind makes room for one that was requested when it was idle for so long;
 * when none is, one is taken out of work after the request has waited so long. */
#define WI_MAKE_ROOM_MS 2000.0
#define WI_MAKE_ROOM_BUSY_MS 10000.0
/* One that others than the waiting client have used is left to them for so long, unless the request
 * has waited for WI_MAKE_ROOM_BUSY_MS and its client may close one of others (facts/use.h). */
#define WI_MAKE_ROOM_USED_MS 10000.0
/* A kind that may start again within this time is waited for rather than replaced by another. */
#define WI_SCALE_PATIENCE_MS 1000.0

/* One kind. Sessions are counted once in live or leaving; the rest says more about live ones. */
struct wi_scale_kind {
    size_t min, max;        /* where it is not installed, max is what there is */
    int missing;            /* not installed, maybe for a moment only: an update replaces it */
    double may_start_at;    /* WI_NEVER: not until something else happens */
    int broken;             /* its breaker is open */
    size_t live;            /* starting, ready or busy */
    size_t leaving;         /* draining or broken: their processes may still be there */
    size_t pending;         /* have no node yet */
    size_t worn;            /* to be replaced, and no successor was started */
    size_t relieved;        /* have a successor, and go when it serves */
    size_t idle;            /* serve and have no work; neither worn nor relieved */
    double idle_since;      /* of the one that has been idle for longest */
    double requested_since; /* a session of it would be used; 0: not */
    /* When the client that waits for it may have a session closed, and one that others use;
     * WI_NEVER: what nobody in particular waits for closes none of others. */
    double evicts_at, evicts_others_at;
};

struct wi_scale {
    const struct wi_scale_kind *kinds; /* the preferred first */
    size_t count;
    /* When others than the client that waits for the kind W have used the session that K would
     * lose: at W * count + K, WI_NEVER while they do. NULL: nobody did. */
    const double *others_at;
    size_t min, max;     /* in all */
    int adaptive;        /* else max is kept running */
    double idle_timeout; /* 0: none */
    size_t backlog;      /* how much waits */
    double backlog_since;
    int crowded;          /* memory has no room for one more beside those that are there */
    double scaled_at;     /* when a session was last started for it, or came */
    double expected_wait; /* until the last of what waits is begun; < 0: unknown */
    double start_ms;      /* how long a start takes */
};

enum wi_scale_action {
    WI_SCALE_NOTHING,
    WI_SCALE_START,
    WI_SCALE_REPLACE, /* start a successor of a worn one */
    WI_SCALE_RECYCLE, /* retire a worn one; there can be no room for a successor, or no need */
    WI_SCALE_CLOSE,   /* retire the one that has been idle for longest */
    WI_SCALE_REMOVE,  /* retire the one whose end costs least */
};

struct wi_scale_step {
    enum wi_scale_action action;
    size_t kind;
    int for_backlog; /* START: the caller sets scaled_at */
    /* CLOSE and REMOVE: it makes room for what a client waits for, which counts (facts/use.h); for
     * which kind, and whether others use it. */
    int evicts, of_others;
    size_t wanted;
    const char *why; /* for the log */
    double wake;     /* NOTHING: when to look again; else WI_NEVER */
};

/* The next step; after it was taken, ask again with the new numbers, until NOTHING. */
void wi_scale_next(const struct wi_scale *scale, double now, struct wi_scale_step *step);

/* Whether no session of the kind can come, as it is configured: none is there, and what the other
 * kinds must keep is all that there may be. */
int wi_scale_shut_out(const struct wi_scale *scale, size_t kind);

/* When the last of `waiting` is begun, where every `interval` ms one was lately, the last of them
 * `silence` ms ago; interval 0: none was yet. < 0: unknown. */
double wi_scale_expected_wait(size_t waiting, double interval, double silence);

#endif
