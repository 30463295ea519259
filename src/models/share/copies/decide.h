/*
 * Decides which copies this daemon makes, keeps and drops, from the models that it and its
 * neighbours have. Each daemon decides for itself, and daemons that see the same reach the same
 * decision: if a published model has too few whole copies, it is pulled by the daemon, among those
 * without it, that has the least SHA-256 of the CID's text followed by the daemon's id. Daemons
 * that see different neighbours make more copies, never fewer. Pure.
 */
#ifndef WI_MODELS_SHARE_COPIES_DECIDE_H
#define WI_MODELS_SHARE_COPIES_DECIDE_H

#include "terms/model/cid.h"
#include <stddef.h>
#include <stdint.h>

/* A condition counts after it has held for so many intervals. */
#define WI_COPIES_INTERVALS 2

/* A daemon that can be reached now. */
struct wi_copies_daemon {
    const char *id;
    uint64_t takes; /* the most bytes of another copy for which it has room; 0: it makes none */
};

/* A whole model that a daemon has. */
struct wi_copies_row {
    struct wi_cid cid;
    size_t daemon; /* the daemon's index */
    uint64_t bytes;
    uint64_t runs;      /* on that daemon, in the last day */
    int published;      /* 0: it is a copy */
    const char *origin; /* the id of the daemon that published it first; "": unknown */
    const char *model;  /* for this daemon's copies: the name; else NULL */
};

/* Borrowed. */
struct wi_copies_situation {
    double now_ms, interval_ms;
    unsigned replicas; /* the wanted number of whole copies; 0: none are made */
    const struct wi_copies_daemon *daemons; /* the first is this daemon */
    size_t daemon_count;
    const struct wi_copies_row *rows;
    size_t count;
};

/* The time since which conditions have held, by CID. Zero-initialise; free with
 * wi_copies_memory_clear. */
struct wi_copies_memory {
    struct wi_copies_since *_items; /* sorted */
    size_t _count;
};
void wi_copies_memory_clear(struct wi_copies_memory *memory);

enum wi_copies_fate {
    WI_COPY_KEEP,  /* it is pinned */
    WI_COPY_SPARE, /* there are more than enough copies: it may go when room is needed */
    WI_COPY_DROP   /* its origin no longer publishes it */
};

struct wi_copies_decision {
    const struct wi_copies_row *pull; /* the CID to pull; NULL: none */
    enum wi_copies_fate *fates;       /* one for each row; valid only for this daemon's copies */
};
/* `memory` is from the previous decision, and is updated. Free the decision with
 * wi_copies_decision_clear. */
void wi_copies_decide(const struct wi_copies_situation *situation, struct wi_copies_memory *memory,
    struct wi_copies_decision *decision);
void wi_copies_decision_clear(struct wi_copies_decision *decision);

#endif
