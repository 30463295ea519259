/*
 * The parts of a fetch of blocks, each in a file of its own:
 *
 *   block_fetch.c   the turn: what has come is verified and kept, what failed goes back, the end
 *   block_share.c   which source takes what next, how many requests each has, and when none is left
 *   block_ask.c     one request of one block at one source
 *
 * Callbacks of curl only note what came and schedule a turn; all that follows is decided in the
 * turn. A block is in the fetch's list from when it was taken from the owner until it was given to
 * the owner; it has two requests at most.
 */
#ifndef WI_MODELS_ARRIVE_SOURCE_BLOCK_PRIVATE_H
#define WI_MODELS_ARRIVE_SOURCE_BLOCK_PRIVATE_H

#include "base/loop.h"
#include "base/work_queue.h"
#include "models/arrive/source/block_fetch.h"

#define REASON_BYTES 160

enum ask_state {
    ASK_UNDER_WAY,
    ASK_WHOLE,      /* to be verified */
    ASK_WRONG,      /* it cannot be the block */
    ASK_NO_GATEWAY, /* nor any block */
    ASK_LACKS,
    ASK_BUSY,     /* no sooner than in `after_s`, if that is set */
    ASK_STUMBLED, /* 5xx, 408, or too slow */
    ASK_BROKEN,   /* no whole answer */
    ASK_REFUSED   /* there is no use in asking again */
};

struct block;
struct slot;

struct ask {
    struct wi_block_fetch *fetch;
    struct slot *slot;
    struct block *block;
    enum ask_state state;
    struct wi_http_call *call;
    char *url;
    unsigned hops;
    int accepted, paused;
    int status;      /* of the answer; 0: its head is not there yet */
    size_t unwanted; /* bytes of an answer that is no block */
    unsigned char *bytes;
    size_t size, capacity;
    int sized;                /* the capacity is the block's length */
    double began_ms, last_ms; /* last: when a byte came */
    double stretch_ms;        /* since when `stretch_bytes` came, for the stall */
    size_t stretch_bytes;
    unsigned after_s;
    char reason[REASON_BYTES];
};

/* A block that was taken from the owner. */
struct block {
    struct block *next;
    struct wi_block_want want;
    uint32_t avoid;   /* a bit for each slot that failed to bring it: others go first */
    unsigned asks;    /* under way */
    int verifying;    /* it came whole */
    uint64_t charged; /* bytes that it may come twice, as `again` has them */
    uint64_t wasted;  /* that came for nothing */
};

/* Why nothing comes from a source. */
enum blame { BLAME_NONE, BLAME_LACKS, BLAME_WRONG, BLAME_BUSY, BLAME_SILENT, BLAME_OTHER };

/* A source in this fetch. */
struct slot {
    struct wi_block_source *source;
    char *file_url; /* it has the file itself, there; NULL: it has blocks */
    char *led_url;  /* where that has led to; NULL: nowhere yet */
    uint32_t bit;
    unsigned in_flight, window,
        before;            /* before: the window that it was grown from; 0: it was not */
    unsigned patience;     /* epochs before it is grown again */
    unsigned epoch_blocks; /* since `epoch_ms` */
    uint64_t epoch_bytes;
    double epoch_ms, rate;
    double block_ms;          /* of a block, lately; 0: none came yet */
    unsigned verifying;       /* blocks */
    unsigned lacking, failed; /* in a row */
    double failed_ms;         /* when the last of them was noted */
    double again_ms;          /* no sooner */
    int answered;             /* at all */
    int gone;
    enum blame blame; /* of the last failure */
    char reason[REASON_BYTES];
    uint64_t bytes, blocks;
};

struct wi_block_fetch {
    struct wi_http *http;
    struct wi_block_order order; /* without the sources */
    char *what;
    struct slot slots[WI_BLOCK_SOURCES_MAX];
    size_t slot_count;
    struct ask *asks[WI_BLOCK_REQUESTS_MAX];
    size_t ask_count;
    struct block *blocks, **last; /* in the order in which they were wanted */
    size_t idle;                  /* of them, with nobody asked and nothing to verify */
    int at_end;                   /* the owner has said WI_BLOCK_NONE last */
    uint64_t keeping;             /* bytes that are verified and kept */
    size_t works;
    struct wi_work_queue *queue;
    struct wi_turn *turn;
    struct wi_timer *timer;
    uint64_t fetched, twice, right; /* bytes */
    uint64_t again;                 /* of what was asked for once more: that came twice, or may */
    int failed, closing;
    wi_block_closed_fn *on_closed;
    void *closed_context;
    char waiting[REASON_BYTES + 200];
};

/* --- block_share.c ---------------------------------------------------------------------------- */

void slot_init(
    struct slot *slot, struct wi_block_source *source, size_t index); /* holds the source */
void slot_clear(struct slot *slot);

/* Has the sources take what they can. */
void share_out(struct wi_block_fetch *fetch);
/* Whether there is a block that no source is left for: `error` says why. */
int share_is_lost(struct wi_block_fetch *fetch, struct wi_error *error);
/* What came of a request, for its slot. */
void slot_brought(struct slot *slot, size_t bytes, double took_ms);
void slot_failed(struct slot *slot, const struct ask *ask, const struct wi_block_order *order);
/* It is asked no more by this fetch. */
void slot_leave(struct slot *slot, enum blame blame, const char *reason);
/* Until when it waits, at most WI_NEVER; 0: it may be asked. */
double slot_waits(const struct slot *slot, double now);

/* --- block_ask.c ------------------------------------------------------------------------------ */

/* Asks the slot for the block. How it ends is looked at in a turn. */
void ask_start(struct wi_block_fetch *fetch, struct slot *slot, struct block *block);
/* Stops it, whatever it is at, and frees it. Its block is idle then, if nobody else is at it. */
void ask_drop(struct ask *ask);
/* Bytes that it has, or will have at most. */
size_t ask_room(const struct ask *ask);
/* If too little came lately it has stumbled. */
void ask_look_for_stall(struct ask *ask, double now);
void ask_resume(struct ask *ask, double now);

#endif
