/*
 * The parts of a fetch, each in a file of its own:
 *
 *   fetch.c           the folder, which files are under way, progress, the end
 *   fetch_file.c      one file: its threads' work, its connections, tries
 *   fetch_transfer.c  one range of a file over one connection
 *   fetch_shared.c    what all of them may do
 *
 * Callbacks of curl only note what came and wish a turn; all that follows is decided in the turn.
 * Blocks alone pass between the loop and the threads while both are at work: `blocks_lock` guards
 * the lists of them, those that are free and those that each file has to write.
 */
#ifndef WI_HUB_FETCH_PRIVATE_H
#define WI_HUB_FETCH_PRIVATE_H

#include "base/loop.h"
#include "base/work_queue.h"
#include "hub/fetch.h"
#include "hub/part.h"
#include "hub/ranges.h"

#define BLOCK_BYTES (512u << 10)
/* Of a fetch: more than all connections fill at a time, and so few that memory that is new to the
 * process does not cost more than the bytes. */
#define BLOCKS_MAX 32

/* Bytes on their way to the disk. */
struct block {
    struct block *next;
    uint64_t at;
    size_t size;
    char bytes[BLOCK_BYTES];
};

struct transfer;
/* What a file hears of its transfers. */
struct transfer_events {
    void (*found)(struct transfer *transfer); /* a server begins to send; from inside curl */
    /* It has ended, with all that it was to bring or not. */
    void (*done)(struct transfer *transfer);
    void (*size)(struct transfer *transfer, uint64_t bytes); /* the file has so many */
    /* It has to be tried again: `error` is for the last time, `after_s` what the server asks for.
     */
    void (*failed)(struct transfer *transfer, const struct wi_error *error, unsigned after_s);
};

/* A range that is asked for, and the answers on the way to it. */
struct transfer {
    struct file *file;
    const struct transfer_events *events;
    int used, paused;
    struct wi_http_call *call;
    char *url;
    unsigned hops;
    uint64_t at, end; /* of the file: what comes next, and what was claimed */
    uint64_t skip;    /* bytes of the answer that are not wanted */
    int accepted;     /* its body is the file's */
    struct block *block;
    struct wi_error error; /* for good, noted inside curl */
};

enum file_state { FILE_WAITING, FILE_MEASURING, FILE_OPENING, FILE_FETCHING, FILE_DONE };

/* What a thread does for a file, and what came of it. */
struct file_work {
    int open, save, close;
    uint64_t done;          /* bytes that are there now */
    int behind;             /* there is more to hash */
    int whole;              /* the file has its name */
    struct wi_ranges there; /* after `open` */
    enum wi_code code;
    struct wi_error error;
};

struct file {
    struct wi_fetch *fetch;
    struct wi_hub_file file;
    enum file_state state;
    struct wi_part *part;        /* a thread's, while `busy` */
    struct wi_ranges claimed;    /* bytes that are there, or on their way */
    struct block *first, **last; /* what is to be written; guarded by blocks_lock */
    struct file_work work;
    int busy, behind, closed;
    uint64_t done;
    double saved_at;
    struct transfer transfers[WI_FETCH_CONNECTIONS];
    char *direct;           /* where the bytes were found; NULL: ask the hub */
    int no_ranges;          /* the server gives the whole only */
    struct wi_timer *timer; /* before the next try */
    unsigned tries, spoiled;
    uint64_t gained; /* since the last failure */
    /* Whether several connections are worth it. */
    int several;
    uint64_t came, paced; /* bytes that have come, and had when the pace was taken last */
    double paced_at;
    struct wi_timer *pace; /* NULL: nothing has come yet */
};

struct wi_fetch {
    uv_loop_t *loop;
    struct wi_http *http;
    struct wi_hub hub;
    char *repository, *commit, *folder;
    unsigned pause_ms, stall_ms;
    int folder_fd;
    double began;
    struct wi_work_queue *queue;
    struct wi_timer *timer; /* progress; before that, tries to lock the folder */
    struct wi_turn *turn;
    struct file *files;
    size_t count;
    uv_mutex_t blocks_lock;
    struct block *free_blocks; /* guarded by blocks_lock */
    size_t blocks;             /* all there are; of the loop */
    uint64_t fetched;
    int hub_private; /* the hub was found at a private address */
    int changed, closing, cancelled, failed;
    unsigned works;
    struct wi_error error;
    wi_fetch_progress_fn *on_progress;
    wi_fetch_fn *on_end;
    void *context;
};

/* fetch_file.c */
void file_init(struct file *file, struct wi_fetch *fetch, const struct wi_hub_file *wanted);
void file_go_on(struct file *file); /* whatever is next; also towards the end */
void file_clear(struct file *file);

/* fetch_transfer.c */
void transfer_start(struct transfer *transfer, uint64_t first, uint64_t end);
void transfer_resume(struct transfer *transfer);
/* Ends it; what has come so far is handed to the file. */
void transfer_release(struct transfer *transfer);

/* fetch_shared.c */
void fetch_close(struct wi_fetch *fetch); /* begins the end; its next turn goes on with it */
void fetch_fail(struct wi_fetch *fetch, const struct wi_error *error);
struct block *fetch_take_block(struct wi_fetch *fetch);             /* NULL: there are too many */
void fetch_give_block(struct wi_fetch *fetch, struct block *block); /* on any thread */
void file_add_block(struct file *file, struct block *block);        /* for a thread to write */
struct block *file_next_block(struct file *file);                   /* on any thread; NULL: none */

#endif
