/*
 * The parts of a fetch of blocks, each in a file of its own:
 *
 *   block_fetch.c   the turn: blocks that came are verified and kept, failed ones go back; the end
 *   block_share.c   which source takes what next, how many requests each has, and when none is left
 *   block_ask.c     one request of one block at one source
 *
 * Callbacks of curl only note what came and schedule a turn; all else is decided in the turn. A
 * block is in the fetch's list from the moment it is taken from the owner until it is given back;
 * it has two requests at most.
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
    ASK_NO_GATEWAY, /* it is no block at all */
    ASK_LACKS,
    ASK_BUSY,     /* not before `after_s`, if that is set */
    ASK_STUMBLED, /* 5xx, 408, or too slow */
    ASK_BROKEN,   /* no whole answer */
    ASK_REFUSED   /* asking again would not help */
};

struct ask {
    struct wi_block_fetch *fetch;
    struct slot *slot;
    struct block *block;
    enum ask_state state;
    struct wi_http_call *call;
    char *url;
    unsigned hops;
    int accepted, paused;
    int status;      /* of the answer; 0: its head has not arrived yet */
    size_t unwanted; /* bytes of an answer that is no block */
    unsigned char *bytes;
    size_t size, capacity;
    int sized;                /* the capacity is the block's length */
    double began_ms, last_ms; /* last: when a byte arrived */
    double stretch_ms;        /* since when `stretch_bytes` came, for the stall */
    size_t stretch_bytes;
    unsigned after_s;
    char reason[REASON_BYTES];
};

/* A block that was taken from the owner. */
struct block {
    struct block *prev, *next;
    struct wi_block_want want;
    uint32_t avoid;   /* a bit for each slot that failed to bring it: others are asked first */
    unsigned asks;    /* under way */
    int verifying;    /* it has arrived completely */
    uint64_t charged; /* its bytes that may be transferred twice, as counted in `again` */
    uint64_t wasted;  /* bytes that were of no use */
};

/* Why a source brings nothing. */
enum blame { BLAME_NONE, BLAME_LACKS, BLAME_WRONG, BLAME_BUSY, BLAME_SILENT, BLAME_OTHER };

/* A source in this fetch. */
struct slot {
    struct wi_block_source *source;
    char *file_url; /* where it has the file itself; NULL: it has blocks */
    char *led_url;  /* where that redirected to; NULL: nowhere yet */
    uint32_t bit;
    unsigned in_flight, window,
        before;            /* before: the window that it was grown from; 0: it was not */
    unsigned patience;     /* epochs before it is grown again */
    unsigned epoch_blocks; /* since `epoch_ms` */
    uint64_t epoch_bytes;
    double epoch_ms, rate;
    double block_ms;          /* per block, recently; 0: none came yet */
    unsigned verifying;       /* blocks */
    unsigned lacking, failed; /* in a row */
    double failed_ms;         /* when the last of them was noted */
    double again_ms;          /* it is not asked before */
    int answered;             /* at all */
    int gone;
    enum blame blame; /* of the last failure */
    char reason[REASON_BYTES];
    uint64_t bytes, blocks;
};

struct wi_block_fetch {
    struct wi_http *http;
    struct wi_block_order order; /* without the sources; `what` is owned */
    struct slot slots[WI_BLOCK_SOURCES_MAX];
    size_t slot_count;
    struct ask *asks[WI_BLOCK_REQUESTS_MAX];
    size_t ask_count;
    struct block *blocks; /* in the order in which they were wanted */
    size_t idle;          /* blocks that are neither requested nor being verified */
    int at_end;           /* the owner's last answer was WI_BLOCK_NONE */
    uint64_t keeping;     /* bytes that are being verified and kept */
    size_t works;
    struct wi_work_queue *queue;
    struct wi_turn *turn;
    struct wi_timer *timer;
    uint64_t fetched, twice, right; /* bytes */
    uint64_t again;                 /* bytes requested twice: that came twice, or may */
    int failed, closing;
    wi_block_closed_fn *on_closed;
    void *closed_context;
    char waiting[REASON_BYTES + 200];
};

/* --- block_share.c ---------------------------------------------------------------------------- */

void wi_slot_init(
    struct slot *slot, struct wi_block_source *source, size_t index); /* holds the source */

/* Lets the sources take as many blocks as they can. */
void wi_share_out(struct wi_block_fetch *fetch);
/* Whether there is a block that no source is left for: `error` says why. */
int wi_share_is_lost(struct wi_block_fetch *fetch, struct wi_error *error);
/* Notes the result of a request for its slot. */
void wi_slot_brought(struct slot *slot, size_t bytes, double took_ms);
void wi_slot_failed(struct slot *slot, const struct ask *ask, const struct wi_block_order *order);
/* This fetch does not ask it any more. */
void wi_slot_leave(struct slot *slot, enum blame blame, const char *reason);
/* Until when it is not asked, at most WI_NEVER; 0: it may be asked. */
double wi_slot_waits(const struct slot *slot, double now);

/* --- block_ask.c ------------------------------------------------------------------------------ */

/* Asks the slot for the block. The result is handled in a turn. */
void wi_ask_start(struct wi_block_fetch *fetch, struct slot *slot, struct block *block);
/* Stops it in any state, and frees it. Its block is then idle if no other request is for it. */
void wi_ask_drop(struct ask *ask);
/* The bytes that it has, or will have at most. */
size_t wi_ask_room(const struct ask *ask);
/* It becomes ASK_STUMBLED if too few bytes came recently. */
void wi_ask_look_for_stall(struct ask *ask, double now);
void wi_ask_resume(struct ask *ask, double now);

#endif
