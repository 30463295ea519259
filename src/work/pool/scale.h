/*
 * How many sessions of each kind there should be, and the next step towards that. Pure: all of its
 * input, including the time, is passed in.
 */
#ifndef WI_WORK_POOL_SCALE_H
#define WI_WORK_POOL_SCALE_H

#include "base/clock.h"
#include <stddef.h>

/* Work that has waited this long, while no session is starting, opens another one. */
#define WI_SCALE_UP_MS 1000.0
/* The same if the work is expected to wait longer than a session takes to start. */
#define WI_SCALE_UP_SOON_MS 100.0
/* The same if the work will soon be done: see WI_SCALE_SHORT_MS. */
#define WI_SCALE_UP_LATE_MS 5000.0
#define WI_SCALE_SHORT_MS 50.0
/* The most sessions that may be starting at a time because of waiting work. */
#define WI_SCALE_PENDING 2
/* A session of another kind makes room for a requested one after it was idle for WI_MAKE_ROOM_MS.
 * If none is idle, one is taken out of work after the request has waited for
 * WI_MAKE_ROOM_BUSY_MS. */
#define WI_MAKE_ROOM_MS 2000.0
#define WI_MAKE_ROOM_BUSY_MS 10000.0
/* A session used by clients other than the waiting one is left to them for this long, unless the
 * request has waited for WI_MAKE_ROOM_BUSY_MS and its client may close a session of others
 * (facts/use.h). */
#define WI_MAKE_ROOM_USED_MS 10000.0
/* If a kind may start again within this time, it is waited for instead of using another. */
#define WI_SCALE_PATIENCE_MS 1000.0

/* One kind. Each session is counted once in live or leaving; the other numbers describe live
 * ones. */
struct wi_scale_kind {
    size_t min, max;  /* if it is not installed, or its Grid is full, max is the present number */
    int is_elsewhere; /* its browsers run on other machines, and take no memory here */
    int missing;      /* not installed, perhaps only briefly, while it is updated */
    double may_start_at;    /* WI_NEVER: not before some other event */
    int broken;             /* its breaker is open */
    size_t live;            /* starting, ready or busy */
    size_t leaving;         /* draining or broken: their processes may still be there */
    size_t pending;         /* have no node yet */
    size_t worn;            /* to be replaced, and no successor is started yet */
    size_t relieved;        /* have a successor, and end when it serves */
    size_t idle;            /* serve and have no work; not worn or relieved */
    double idle_since;      /* of the one idle for longest */
    double requested_since; /* when a session of it was requested; 0: it was not */
    /* When the waiting client may have a session closed, and one that others use; WI_NEVER: if no
     * particular client waits, no session of others is closed. */
    double evicts_at, evicts_others_at;
};

struct wi_scale {
    const struct wi_scale_kind *kinds; /* the preferred first */
    size_t count;
    /* When clients other than the one that waits for kind W last used the session that K would
     * lose: at W * count + K, WI_NEVER while they use it. NULL: none did. */
    const double *others_at;
    size_t min, max;     /* in all */
    int adaptive;        /* else max is kept running */
    double idle_timeout; /* 0: none */
    size_t backlog;      /* how much work waits */
    double backlog_since;
    int crowded;          /* memory has no room for one more session that runs here */
    double scaled_at;     /* when a session was last started for it, or arrived */
    double expected_wait; /* until the last waiting job begins; < 0: unknown */
    double start_ms;      /* how long a start takes */
};

enum wi_scale_action {
    WI_SCALE_NOTHING,
    WI_SCALE_START,
    WI_SCALE_REPLACE, /* start a successor of a worn one */
    WI_SCALE_RECYCLE, /* retire a worn one, without room or need for a successor */
    WI_SCALE_CLOSE,   /* retire the one that has been idle for longest */
    WI_SCALE_REMOVE,  /* retire the one whose end costs least */
};

struct wi_scale_step {
    enum wi_scale_action action;
    size_t kind;
    int for_backlog; /* START: the caller sets scaled_at */
    /* CLOSE and REMOVE: whether it makes room for a waiting client, which counts (facts/use.h), and
     * whether others use it; `wanted` is the kind that it makes room for. */
    int evicts, of_others;
    size_t wanted;
    const char *why; /* for the log */
    double wake;     /* NOTHING: when to call again; else WI_NEVER */
};

/* Decides the next step. After taking it, call again with the new numbers, until NOTHING. */
void wi_scale_next(const struct wi_scale *scale, double now, struct wi_scale_step *step);

/* Whether, by the configuration, no session of the kind can ever come: it has none, and the minima
 * of the other kinds use up the maximum. */
int wi_scale_shut_out(const struct wi_scale *scale, size_t kind);

/* When the last of `waiting` jobs begins, if one began every `interval` ms lately, the last of them
 * `silence` ms ago; interval 0: none yet. < 0: unknown. Public for tests. */
double wi_scale_expected_wait(size_t waiting, double interval, double silence);

/* --- the backlog ------------------------------------------------------------------------------ */

/* How much work waits, since when, and how fast it is answered, so that scaling can estimate how
 * long the last of it will wait. Pure: times are passed in, in milliseconds. */

/* Zero-initialise; written by the calls below only. */
struct wi_backlog {
    size_t waiting;
    double since;        /* when it last began to wait */
    double scaled_at;    /* when a session was last added for it, or arrived */
    double _interval;    /* between answers while work waits, moving average; 0: unknown */
    double _answered_at; /* the last answer while work waited */
};

/* Sets how much waits now. Returns 1 if none waited before. */
int wi_backlog_set(struct wi_backlog *backlog, size_t waiting, double now);
/* An answer came. */
void wi_backlog_answered(struct wi_backlog *backlog, double now);
/* A session was added for the waiting work, or arrived. */
void wi_backlog_scaled(struct wi_backlog *backlog, double now);
/* How long until all of it is answered, see wi_scale_expected_wait. */
double wi_backlog_expected_wait(const struct wi_backlog *backlog, double now);

#endif
