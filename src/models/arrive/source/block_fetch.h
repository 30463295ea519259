/*
 * Fetches blocks from several sources at once, each verified by its hash before anybody sees it.
 *
 * Nobody is told how much to bring: a source has some requests in flight, from two up while that
 * brings more, and takes the next missing block when one has ended. What a source fails to bring
 * goes back to the others. At the end those that have nothing to do ask once more for what the
 * slowest have, and the first that is right is taken; so at most 2 % of the bytes and 8 MiB come
 * twice.
 *
 *   a wrong block, or more than WI_BLOCK_MAX              that block, and the source for 10 minutes
 *   an answer that is no block (HTML, gzip)               the same: it is no gateway
 *   404, 410                                              it lacks this block
 *   429, 503                                              it rests as long as it says
 *   less than 64 kB in `stall_ms`                         the block goes back to the others
 *   cut, refused, 5xx                                     tried again with growing pauses
 *
 * The fetch fails when there is a block that no source is left for.
 *
 * One of the sources may be the server of the file itself, whose leaves the blocks are: it is asked
 * for ranges, over two connections at most. It is right about its own file: where what it sends is
 * not the leaf, the leaves are wrong, and the fetch fails.
 *
 * Blocks are hashed on threads of the pool, and kept there by the owner while they are near. Memory
 * is bounded by what is in flight: nothing more is asked for while blocks wait for the disk.
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
    uint32_t bytes; /* as the tree has it, which may lie; 0: not known. At most WI_BLOCK_MAX */
    uint64_t tag;   /* the owner's own */
    uint64_t at;    /* of the file, for who has that; its `bytes` are known then */
    uint32_t lacks; /* a bit for each source of the order that is known not to have it */
};

/* What is to be fetched next. So the owner says what goes first, and need not list it all. */
enum wi_block_next {
    WI_BLOCK_NEXT,  /* `want` is set; each block is wanted once */
    WI_BLOCK_LATER, /* there will be more: wi_block_fetch_wake says when */
    WI_BLOCK_NONE   /* nothing is missing but what is under way: as LATER, and it is the end */
};
typedef enum wi_block_next wi_block_next_fn(void *context, struct wi_block_want *want);

/* A block that is right. Borrowed but for `bytes`. */
struct wi_block {
    struct wi_block_want want;
    unsigned char *bytes; /* whoever takes them sets NULL here, and frees them */
    size_t size;
};
/* Called on a thread of the pool, perhaps of two blocks at the same time: writes the block, or does
 * nothing. Any error but WI_OK ends the fetch. */
typedef enum wi_code wi_block_keep_fn(
    void *context, struct wi_block *block, struct wi_error *error);
/* On the loop, once for each block, in any order; then it counts no more in the memory. May want
 * more, wake and close the fetch. */
typedef void wi_block_fn(void *context, struct wi_block *block);
/* On the loop, at most once; nothing is asked for any more, and the fetch is for closing, also from
 * inside. WI_HUB_NOT_FOUND: all that answered lack a block. WI_DOWNLOAD_CORRUPT: every source sent
 * wrong blocks, or the file is not of these. WI_HUB_BUSY: some may have it later. WI_HUB_FAILED
 * else; or what `keep` said. The detail names each source with its reason, at most 8. */
typedef void wi_block_failed_fn(void *context, const struct wi_error *error);
typedef void wi_block_closed_fn(void *context);

/* The source that has the file: its index in the order, and where the file is. */
struct wi_block_file {
    size_t source;
    const char *url;
};

/* Borrowed until wi_block_fetch_new returns. */
struct wi_block_order {
    struct wi_block_source *const *sources; /* at most WI_BLOCK_SOURCES_MAX are taken, and held */
    size_t source_count;
    const struct wi_block_file *file; /* NULL: nobody has it */
    const char *what;                 /* for errors: "ipfs://CID" */
    uint64_t stall_ms;                /* [content] stall */
    struct wi_limit *limit;           /* [content] download_limit; outlives the fetch. NULL: none */
    /* Never called from inside another call; may close the fetch. */
    wi_block_next_fn *next;
    wi_block_keep_fn *keep; /* may be NULL */
    wi_block_fn *on_block;
    wi_block_failed_fn *on_failed;
    void *context;
    /* For who has another way to get what is missing: after so many failures in a row a source is
     * given up, and one that rests is not waited for long. 0: WI_RETRIES_MAX. */
    unsigned tries;
    unsigned pause_ms; /* set by tests alone: before the second try, instead of 500 */
};

struct wi_block_fetch;
/* Begins in the next turn of the loop. */
struct wi_block_fetch *wi_block_fetch_new(
    uv_loop_t *loop, struct wi_http *http, const struct wi_block_order *order);
/* There may be a next block again. */
void wi_block_fetch_wake(struct wi_block_fetch *fetch);
/* Ends it, at any time; the HTTP client may go then. No callback comes but `on_closed` (may be
 * NULL), later, once no thread keeps a block any more. What was kept meanwhile counts as brought:
 * `on_closed` may ask for the progress and the shares, and afterwards the fetch is gone. */
void wi_block_fetch_close(
    struct wi_block_fetch *fetch, wi_block_closed_fn *on_closed, void *context);

struct wi_block_progress {
    uint64_t fetched; /* bytes over the network, for nothing or not */
    uint64_t twice; /* of them, for nothing: another source was first, or they were wrong or cut */
    size_t in_flight;    /* requests */
    const char *waiting; /* why nothing comes at the moment, and what is done; NULL: it does */
};
void wi_block_fetch_progress(struct wi_block_fetch *fetch, struct wi_block_progress *progress);
/* What each source of the order did for this fetch, by its index there. 0, or -1 behind the
 * last. `name` and `reason` are borrowed until the next turn. */
struct wi_block_share {
    const char *name;
    uint64_t bytes, blocks; /* that were right and not there already */
    const char *reason;     /* why it is not asked now, or what went wrong last; "" */
    int gone;               /* it is not asked any more by this fetch */
};
int wi_block_fetch_share(
    const struct wi_block_fetch *fetch, size_t index, struct wi_block_share *source);

#endif
