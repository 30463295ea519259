/*
 * The parts of a pull by content, each in a file of its own:
 *
 *   content_pull.c     the pull and its runs: folder, steps, progress, end
 *   content_blocks.c   which block is next, and what is done with one that has arrived
 *   content_file.c     one file: its threads' work
 *
 * Each file calls only those below it in this list. Reports of a lower one are noted, and handled
 * in the run's turn.
 *
 * A run either lists or fetches. Both walk from the root; blocks that an earlier run has read come
 * from memory.
 */
#ifndef WI_MODELS_ARRIVE_HUB_CONTENT_PRIVATE_H
#define WI_MODELS_ARRIVE_HUB_CONTENT_PRIVATE_H

#include "base/loop.h"
#include "base/table.h"
#include "base/work_queue.h"
#include "models/arrive/hub/brought.h"
#include "models/arrive/hub/content_pull.h"
#include "models/arrive/hub/filled_file.h"
#include "models/arrive/hub/kept_blocks.h"
#include "models/catalog/library/folder_lock.h"

#define CONTENT_FILES 8          /* of a run, processed at the same time */
#define CONTENT_PUTS (32u << 20) /* bytes waiting to be written: beyond, nothing more is read */

/* --- a file ----------------------------------------------------------------------------------- */

enum content_state {
    CONTENT_WAITING,  /* for its turn */
    CONTENT_WALKING,  /* the nodes below it are read, and the file's bytes in them written */
    CONTENT_LOOKING,  /* leaves that are there already are read back */
    CONTENT_FETCHING, /* its leaves arrive */
    CONTENT_ENDING,   /* it is hashed to its end, and gets its name */
    CONTENT_DONE
};

/* Bytes to be written at a place of the file: a leaf, or bytes outside of all leaves. */
struct content_put {
    uint64_t at;       /* of the file */
    size_t size, leaf; /* SIZE_MAX: outside of all leaves */
    int there;         /* they were read from that place, and are not written */
    struct content_put *next;
    unsigned char bytes[];
};

/* A block that keeps part of its bytes in the file. */
struct content_hole {
    const struct wi_kept_block *kept;
    unsigned char *block; /* NULL: it cannot be read */
    struct content_hole *next;
};

/* What a thread does for a file, and what came of it. */
struct content_work {
    struct content_put *puts;
    struct content_hole *holes;
    int look, end, close;
    int leave;    /* with `close`: leave a part that can be continued in order */
    int more;     /* there is more to look at, or to hash */
    uint64_t got; /* bytes that are there */
    enum wi_code code;
    struct wi_error error;
};

/* A leaf that a file of the store contains. */
struct content_known {
    uint64_t at;
    uint32_t file; /* its number in `known_files`, from 1 on; 0: no file contains it */
};

struct content_file {
    struct content_run *run;
    struct wi_hub_file row; /* with a path of its own */
    size_t item;            /* of the walk */
    struct wi_cid cid;
    enum content_state state;
    struct wi_filled *file;   /* used by a thread while `busy`; NULL: not opened yet */
    struct content_put *puts; /* the last first */
    struct content_hole *holes;
    struct content_work work;
    int busy, broken, closed;
    int looked;   /* the file knows its leaves; used by a thread */
    uint64_t got; /* bytes that were there after the last work */
    /* Under the run's lock: whether leaves may be written into it, and by how many threads they
     * are. */
    int takes;
    unsigned users;
    const struct wi_leaf *leaves; /* the walk's, once it has read what is below the file */
    size_t leaf_count;
    /* After it was looked at: its leaves sorted by hash, and those still to be fetched, in file
     * order and each block once. */
    uint32_t *by_hash, *wanted;
    size_t wanted_count, next;
    struct content_known *known;   /* by leaf; NULL: there are none */
    struct wi_strings known_files; /* by their SHA-256 */
};

/* Ends the run with `error`, from its next turn on. */
void wi_content_run_fail(struct content_run *run, const struct wi_error *error);
int wi_content_run_is_over(const struct content_run *run); /* or will be over after its next turn */

void wi_content_file_init(
    struct content_file *file, struct content_run *run, const struct wi_hub_file *row, size_t item);
void wi_content_file_go_on(
    struct content_file *file); /* does whatever is next, also during the end */
void wi_content_file_clear(struct content_file *file);
/* `bytes` NULL: they are in the file already. */
void wi_content_file_put(
    struct content_file *file, uint64_t at, const unsigned char *bytes, size_t size);
void wi_content_file_put_leaf(struct content_file *file, size_t leaf, const unsigned char *bytes);
/* Has a block reassembled from its kept bytes and the file, and given to the run. */
void wi_content_file_read(struct content_file *file, const struct wi_kept_block *kept);
void wi_content_holes_free(struct content_hole *holes);
uint64_t wi_content_file_bytes(const struct content_file *file); /* that are there */
/* The places of a block in a file that was looked at: `count` of them in by_hash, from the returned
 * index on. */
size_t wi_content_file_find(
    const struct content_file *file, const struct wi_cid *cid, size_t *count);

/* --- a run ------------------------------------------------------------------------------------ */

enum content_phase {
    CONTENT_OPENING, /* opens its folder, and reads what is kept there */
    CONTENT_TREE,    /* which files there are */
    CONTENT_NAME,    /* how a single one begins */
    CONTENT_FETCH,   /* the files that are wanted */
    CONTENT_CLOSING
};

/* What a block is for. */
enum content_tag { CONTENT_NODE, CONTENT_LEAF };

/* A block that was asked for. */
struct content_flight {
    struct wi_cid cid;
    UT_hash_handle hh;
};

/* The largest part of the block being given to the walk that belongs into a file. */
struct content_giving {
    const unsigned char *block; /* NULL: none is given */
    size_t size;
    const struct wi_kept_block *kept; /* how it is kept; NULL: it is not */
    const char *path;
    uint64_t at;
    size_t hole_at, hole_size;
};

struct content_run {
    struct wi_content_pull *pull; /* NULL: the pull is gone */
    struct wi_kept_blocks *kept;  /* the pull's */
    enum content_phase phase;
    char *store;   /* NULL: no leaves are kept */
    char *library; /* NULL: no files of it are looked at */
    struct wi_folder_lock *locking;
    int folder;  /* descriptor, -1 until it is locked */
    int keeping; /* a thread reads what is kept or, if there is any, writes what is fresh of it */
    unsigned char *fresh;
    size_t fresh_size;
    struct wi_work_queue *queue;
    unsigned works;
    struct wi_timer *timer; /* progress */
    struct wi_turn *turn;
    struct wi_walk *walk;
    struct wi_block_fetch *blocks; /* NULL: not begun, or closed */
    struct content_flight *flights;
    struct content_giving giving;
    uint64_t fetched; /* bytes */
    unsigned copies;  /* being copied from blocks that are here */
    int no_copies;    /* a copy had a wrong hash; no more are made */
    /* Of a list: */
    const char *name; /* name of a single file; NULL: not known yet */
    wi_hub_list_fn *on_tree;
    /* Of a fetch: */
    struct wi_hub_tree *wanted; /* NULL: it is a list */
    struct content_file *files;
    size_t count;
    size_t waiting_bytes; /* of all puts */
    uv_mutex_t lock;
    wi_fetch_progress_fn *on_progress;
    wi_fetch_fn *on_end;
    void *context;
    struct content_hole *put_together; /* holes that were filled or could not be */
    int changed, failed;
    struct wi_error error;
};

/* content_blocks.c */
enum wi_code wi_content_blocks_start(struct content_run *run, struct wi_error *error);
void wi_content_blocks_clear(struct content_run *run);
/* Takes the blocks that files have reassembled. */
void wi_content_blocks_take(struct content_run *run);

/* --- the pull --------------------------------------------------------------------------------- */

struct wi_content_pull {
    struct wi_content_order order;
    struct wi_kept_blocks *kept;
    struct content_run *run;   /* NULL: none is running */
    struct wi_brought brought; /* of its runs */
    uint64_t carried;          /* bytes fetched that no fetch has reported yet */
};

#endif
