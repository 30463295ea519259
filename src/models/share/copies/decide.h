/*
 * Which copies this daemon makes, keeps and lets go, by what it and its neighbours have. Each
 * daemon decides for itself, and those that see the same come to the same: of a model that is
 * published and of which there are too few whole copies, the one that is to pull is the one without
 * it whose SHA-256 of the CID's text followed by its id is least. Daemons that see different
 * neighbours make more copies, never fewer. Pure.
 */
#ifndef WI_MODELS_SHARE_COPIES_DECIDE_H
#define WI_MODELS_SHARE_COPIES_DECIDE_H

#include "models/share/content/cid.h"
#include <stddef.h>
#include <stdint.h>

/* What holds for so many intervals counts. */
#define WI_COPIES_INTERVALS 2

/* One that is there now. */
struct wi_copies_daemon {
    const char *id;
    uint64_t takes; /* bytes of one more copy for which it has room; 0: it makes none */
};

/* A whole model that a daemon has. */
struct wi_copies_row {
    struct wi_cid cid;
    size_t daemon; /* its index */
    uint64_t bytes;
    uint64_t runs;      /* there, in the last day */
    int published;      /* else it is a copy */
    const char *origin; /* the id of who published it first; "": nobody knows */
    const char *model;  /* of our own copies: its name; else NULL */
};

/* Borrowed. */
struct wi_copies_situation {
    double now_ms, interval_ms;
    unsigned replicas;                      /* so many whole copies there should be; 0: no more */
    const struct wi_copies_daemon *daemons; /* the first is this one */
    size_t daemon_count;
    const struct wi_copies_row *rows;
    size_t count;
};

/* Since when something holds, by CIDs. Zero-initialise; free with wi_copies_memory_clear. */
struct wi_copies_memory {
    struct wi_copies_since *_items; /* sorted */
    size_t _count;
};
void wi_copies_memory_clear(struct wi_copies_memory *memory);

enum wi_copies_fate {
    WI_COPY_KEEP,  /* it is pinned */
    WI_COPY_SPARE, /* there are more than enough: it may go when room is needed */
    WI_COPY_DROP   /* its origin has it published no longer */
};

struct wi_copies_decision {
    const struct wi_copies_row *pull; /* this CID is to be pulled; NULL: none is */
    enum wi_copies_fate *fates;       /* of each row; only those of our own copies count */
};
/* `memory` is that of the time before, and is brought up to date. Free the decision with
 * wi_copies_decision_clear. */
void wi_copies_decide(const struct wi_copies_situation *situation, struct wi_copies_memory *memory,
    struct wi_copies_decision *decision);
void wi_copies_decision_clear(struct wi_copies_decision *decision);

#endif
