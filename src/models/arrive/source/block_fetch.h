/*
 * Fetches blocks from several sources at once, each verified by its hash before it is handed out.
 *
 * No source is assigned a share: each has some requests in flight, at first two and more while that
 * raises its rate, and takes the next missing block when one has ended. A block that a source fails
 * to bring goes back to the others. At the end, idle sources ask a second time for the blocks of
 * the slowest ones, and the first correct copy is taken; at most 2 % of the bytes and 8 MiB are
 * transferred twice that way.
 *
 *   a wrong block, or more than WI_BLOCK_MAX   the block is dropped, the source out for 10 minutes
 *   an answer that is no block (HTML, gzip)    the same: it is no gateway
 *   404, 410                                   it lacks this block
 *   429, 503                                   it rests as long as it says
 *   less than 64 kB in `stall_ms`              the block goes back to the others
 *   cut, refused, 5xx                          tried again with growing pauses
 *
 * The fetch fails when there is a block that no source is left for.
 *
 * One of the sources may be the server of the file itself, whose leaves the blocks are: it is asked
 * for ranges, over two connections at most. It is right about its own file: if its bytes are not
 * the leaf, the leaves are wrong, and the fetch fails.
 *
 * Blocks are hashed on threads of the pool, where the owner also keeps them while they are in the
 * cache. Memory is bounded by what is in flight: nothing more is requested while blocks wait for
 * the disk.
 */
#ifndef WI_MODELS_ARRIVE_SOURCE_BLOCK_FETCH_H
#define WI_MODELS_ARRIVE_SOURCE_BLOCK_FETCH_H

#include "base/error.h"
#include "base/net/http_client.h"
#include "models/arrive/source/sources.h"
#include "models/share/content/dag.h"

#define WI_BLOCK_SOURCES_MAX 32
#define WI_BLOCK_REQUESTS_MAX 32        /* of a fetch, in flight */
#define WI_BLOCK_SOURCE_REQUESTS_MAX 16 /* of one source */
#define WI_BLOCK_MEMORY (64u << 20)     /* bytes of blocks on their way, to the disk too */

struct wi_block_want {
    struct wi_cid cid;
    /* according to the tree, which may be wrong; 0: not known. At most WI_BLOCK_MAX */
    uint32_t bytes;
    uint64_t tag;   /* the owner's own */
    uint64_t at;    /* offset in the file, for a source that has it; `bytes` is known then */
    uint32_t lacks; /* a bit for each source of the order that is known not to have it */
};

/* The next block to fetch. The owner so decides the order, and need not list all blocks in
 * advance. */
enum wi_block_next {
    WI_BLOCK_NEXT,  /* `want` is set; each block is wanted once */
    WI_BLOCK_LATER, /* there will be more: wi_block_fetch_wake tells when */
    WI_BLOCK_NONE   /* all missing blocks are in flight: as LATER, and this is the end */
};
typedef enum wi_block_next wi_block_next_fn(void *context, struct wi_block_want *want);

/* A verified block. All but `bytes` is borrowed. */
struct wi_block {
    struct wi_block_want want;
    unsigned char *bytes; /* a callback that takes them sets NULL here, and frees them */
    size_t size;
};
/* Called on a thread of the pool, possibly for two blocks at the same time: writes the block, or
 * does nothing. Any error but WI_OK ends the fetch. */
typedef enum wi_code wi_block_keep_fn(
    void *context, struct wi_block *block, struct wi_error *error);
/* Called on the loop, once for each block, in any order; the block no longer counts as memory then.
 * May want more, wake and close the fetch. */
typedef void wi_block_fn(void *context, struct wi_block *block);
/* Called on the loop, at most once; nothing is requested any more, and the fetch is for closing,
 * also from inside. WI_HUB_NOT_FOUND: all sources that answered lack a block. WI_DOWNLOAD_CORRUPT:
 * every source sent wrong blocks, or the file does not have these leaves. WI_HUB_BUSY: some source
 * may have it later. Otherwise WI_HUB_FAILED, or the error of `keep`. The detail names each source
 * with its reason, at most 8. */
typedef void wi_block_failed_fn(void *context, const struct wi_error *error);
typedef void wi_block_closed_fn(void *context);

/* Borrowed until wi_block_fetch_new returns. */
struct wi_block_order {
    struct wi_block_source *const *sources; /* at most WI_BLOCK_SOURCES_MAX are taken, and held */
    size_t source_count;
    const char *file_url;   /* where the last source has the file itself; NULL: no source has it */
    const char *what;       /* for errors: "ipfs://CID" */
    uint64_t stall_ms;      /* [content] stall */
    struct wi_limit *limit; /* [content] download_limit; outlives the fetch. NULL: none */
    /* Never called from inside another call; may close the fetch. */
    wi_block_next_fn *next;
    wi_block_keep_fn *keep; /* may be NULL */
    wi_block_fn *on_block;
    wi_block_failed_fn *on_failed;
    void *context;
    /* For an owner that has another way to get what is missing: after so many failures in a row a
     * source is given up, and a resting source is not waited for long. 0: WI_RETRIES_MAX. */
    unsigned tries;
    unsigned pause_ms; /* set by tests alone: pause before the second try, instead of 500 */
};

struct wi_block_fetch;
/* Begins in the next turn of the loop. */
struct wi_block_fetch *wi_block_fetch_new(
    uv_loop_t *loop, struct wi_http *http, const struct wi_block_order *order);
/* There may be a next block again. */
void wi_block_fetch_wake(struct wi_block_fetch *fetch);
/* Ends it, at any time; the HTTP client may be freed then. No callback is called but `on_closed`
 * (may be NULL), later, when no thread keeps a block any more. Blocks kept in the meantime count as
 * brought: `on_closed` may ask for the progress and the shares. Afterwards the fetch is gone. */
void wi_block_fetch_close(
    struct wi_block_fetch *fetch, wi_block_closed_fn *on_closed, void *context);

struct wi_block_progress {
    uint64_t fetched; /* bytes over the network, including bytes that were of no use */
    uint64_t twice;   /* bytes of no use: another source was first, or they were wrong or cut */
    size_t in_flight; /* requests */
    /* why nothing arrives now, and what is done about it; NULL: something does */
    const char *waiting;
};
void wi_block_fetch_progress(struct wi_block_fetch *fetch, struct wi_block_progress *progress);
/* What a source of the order, given by its index there, did for this fetch. 0, or -1 for an index
 * after the last. `name` and `reason` are borrowed until the next turn. */
struct wi_block_share {
    const char *name;
    uint64_t bytes, blocks; /* that were correct and not there already */
    const char *reason;     /* why it is not asked now, or the last failure; "" for neither */
    int gone;               /* this fetch does not ask it any more */
};
int wi_block_fetch_share(
    const struct wi_block_fetch *fetch, size_t index, struct wi_block_share *source);

#endif
