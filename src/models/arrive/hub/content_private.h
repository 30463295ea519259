/*
 * The parts of a pull by content, each in a file of its own:
 *
 *   content_pull.c      the pull and its runs: folder, steps, progress, end
 *   content_blocks.c   which block is next, and what becomes of one that has come
 *   content_file.c     one file: its threads' work
 *
 * Each calls what is below it in this list; what goes up is noted, and decided in the run's turn.
 *
 * A run lists or fetches. It walks from the root in either case: what an earlier run has read is
 * kept, and comes from memory.
 */
#ifndef WI_MODELS_ARRIVE_HUB_CONTENT_PRIVATE_H
#define WI_MODELS_ARRIVE_HUB_CONTENT_PRIVATE_H

#include "base/loop.h"
#include "base/table.h"
#include "base/work_queue.h"
#include "models/arrive/hub/brought.h"
#include "models/arrive/hub/content_pull.h"
#include "models/arrive/hub/kept_blocks.h"
#include "models/arrive/hub/leaf_file.h"
#include "models/catalog/library/folder_lock.h"

#define CONTENT_FILES 8 /* of a run, under way at the same time */
#define CONTENT_PUTS                                                                               \
    (32u << 20) /* bytes that wait to be written: until then nothing more is read */

struct content_run;

/* --- a file ----------------------------------------------------------------------------------- */

enum content_state {
    CONTENT_WAITING,  /* for its turn */
    CONTENT_WALKING,  /* what is below it is read; bytes that lie in that are written */
    CONTENT_LOOKING,  /* what is there of its leaves is read back */
    CONTENT_FETCHING, /* its leaves come */
    CONTENT_ENDING,   /* it is hashed to its end, and named */
    CONTENT_DONE
};

/* Bytes for a place of the file: of no leaf, or a leaf that is at hand. */
struct content_put {
    uint64_t at;       /* of the file */
    size_t size, leaf; /* SIZE_MAX: of none */
    int there;         /* they were read from that place */
    struct content_put *next;
    unsigned char bytes[];
};

/* A block whose bytes are partly in the file. */
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
    int leave;    /* with `close`: for who brings the file in order */
    int more;     /* to be looked at, or hashed */
    uint64_t got; /* bytes that are there */
    enum wi_code code;
    struct wi_error error;
};

/* A leaf that a file of the store has. */
struct content_known {
    uint64_t at;
    uint32_t file; /* its number in `known_files`, from 1 on; 0: none has it */
};

struct content_file {
    struct content_run *run;
    struct wi_hub_file row; /* with a path of its own */
    size_t item;            /* of the walk */
    struct wi_cid cid;
    enum content_state state;
    struct wi_leaf_file *file; /* a thread's while `busy`; NULL: it was not opened yet */
    struct content_put *puts;  /* the last first */
    struct content_hole *holes;
    struct content_work work;
    int busy, broken, closed;
    int looked;   /* the file knows its leaves; a thread's */
    uint64_t got; /* bytes that were there after the last work */
    /* Under the run's lock: whether leaves may be written into it, and how many threads do. */
    int takes;
    unsigned users;
    const struct wi_leaf *leaves; /* the walk's, once it has read what is below the file */
    size_t leaf_count;
    /* Once it was looked at: its leaves by their hash, and those that are to come in their order,
     * each block once. */
    uint32_t *by_hash, *wanted;
    size_t wanted_count, next;
    struct content_known *known;   /* by leaf; NULL: there are none */
    struct wi_strings known_files; /* by their SHA-256 */
};

/* The run's next turn begins its end. */
void content_run_fail(struct content_run *run, const struct wi_error *error);
int content_run_is_over(const struct content_run *run); /* or will be in its next turn */

void content_file_init(
    struct content_file *file, struct content_run *run, const struct wi_hub_file *row, size_t item);
void content_file_go_on(struct content_file *file); /* whatever is next; also towards the end */
void content_file_clear(struct content_file *file);
/* `bytes` NULL: they are there. */
void content_file_put(
    struct content_file *file, uint64_t at, const unsigned char *bytes, size_t size);
void content_file_put_leaf(struct content_file *file, size_t leaf, const unsigned char *bytes);
/* Has a block put together, which comes to the run. */
void content_file_read(struct content_file *file, const struct wi_kept_block *kept);
void content_holes_free(struct content_hole *holes);
uint64_t content_file_bytes(const struct content_file *file); /* that are there */
/* The places of a block in a file that was looked at: in by_hash, from the first one on. */
size_t content_file_find(const struct content_file *file, const struct wi_cid *cid, size_t *count);

/* --- a run ------------------------------------------------------------------------------------ */

enum content_phase {
    CONTENT_OPENING, /* its folder, and what is kept there */
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

/* What of the block that is given to the walk at the moment belongs into a file: the largest part.
 */
struct content_giving {
    const unsigned char *block; /* NULL: none is given */
    size_t size;
    const struct wi_kept_block *kept; /* as which it is kept; NULL: it is not */
    const char *path;
    uint64_t at;
    size_t hole_at, hole_size;
};

struct content_run {
    struct wi_content_pull *pull; /* NULL: nobody waits for it any more */
    struct wi_kept_blocks *kept;  /* the pull's */
    enum content_phase phase;
    char *store;   /* NULL: no leaves are kept */
    char *library; /* NULL: no files of it are looked at */
    struct wi_folder_lock *locking;
    int folder;  /* -1 until it is locked */
    int keeping; /* a thread reads or writes what is kept */
    struct wi_work_queue *queue;
    unsigned works;
    struct wi_timer *timer; /* progress */
    struct wi_turn *turn;
    struct wi_walk *walk;
    struct wi_block_fetch *blocks; /* NULL: not begun, or closed */
    struct content_flight *flights;
    struct content_giving giving;
    uint64_t fetched; /* bytes */
    unsigned copies;  /* of blocks that are here, under way */
    int no_copies;    /* one of them was wrong */
    /* Of a list: */
    const char *name; /* of a single file; NULL: not known yet */
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
    struct content_hole *put_together; /* holes that were filled, or could not be */
    int changed, failed;
    struct wi_error error;
};

/* content_blocks.c */
enum wi_code content_blocks_start(struct content_run *run, struct wi_error *error);
void content_blocks_clear(struct content_run *run);
/* Takes the blocks that files have put together. */
void content_blocks_take(struct content_run *run);

/* --- the pull --------------------------------------------------------------------------------- */

struct wi_content_pull {
    struct wi_content_order order; /* with texts and sources of its own */
    struct wi_hub_reference reference;
    struct wi_kept_blocks *kept;
    struct content_run *run;   /* NULL: none is under way */
    struct wi_brought brought; /* of its runs */
    uint64_t carried;          /* bytes fetched that no fetch has told of yet */
};

#endif
