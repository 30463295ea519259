/*
 * The parts of a fetch, each in a file of its own:
 *
 *   fetch.c           the folder, which files are under way, progress, the end
 *   fetch_file.c      one file: its threads' work, its retries
 *   fetch_transfer.c  the missing bytes of a file, requested over one connection
 *
 * Callbacks of curl only note what came and schedule a turn; all else is decided in the turn. A
 * file has two buffers: the loop fills one while a thread may have the other, and they are
 * exchanged between two works.
 */
#ifndef WI_MODELS_ARRIVE_HUB_FETCH_PRIVATE_H
#define WI_MODELS_ARRIVE_HUB_FETCH_PRIVATE_H

#include "base/loop.h"
#include "base/work_queue.h"
#include "models/arrive/hub/fetch.h"
#include "models/arrive/hub/filled_file.h"
#include "models/catalog/library/folder_lock.h"

#define BUFFER_BYTES (1u << 20)
#define WORTH_A_WORK (BUFFER_BYTES / 4) /* bytes that are written even if no write is due */

struct buffer {
    char *bytes; /* NULL: none is needed yet */
    size_t size;
    int anew; /* they are the file's first bytes: earlier ones are void */
};

enum transfer_state {
    TRANSFER_UNUSED,
    TRANSFER_UNDER_WAY,
    TRANSFER_WHOLE,  /* everything has arrived, or the length is known */
    TRANSFER_BROKEN, /* to be retried, not before `after_s` if that is set */
    TRANSFER_FAILED  /* for good */
};

/* A transfer of the file from some byte on, through redirects. */
struct transfer {
    struct file *file;
    enum transfer_state state;
    int paused;
    struct wi_http_call *call;
    char *url;
    unsigned hops;
    uint64_t at;           /* offset in the file of the next byte */
    uint64_t told;         /* the file's length as the answer gives it */
    uint64_t unwanted;     /* bytes of an answer that are not the file's */
    int status;            /* of the answer; 0: its head has not arrived yet */
    int accepted;          /* its body is the file's */
    struct wi_error error; /* why it is TRANSFER_BROKEN or _FAILED */
    unsigned after_s;
};

enum file_state { FILE_WAITING, FILE_MEASURING, FILE_OPENING, FILE_FETCHING, FILE_DONE };

/* What a thread does for a file, and what came of it. */
struct file_work {
    int close;
    struct buffer buffer; /* to be added */
    uint64_t done;        /* bytes that are there now */
    int more;             /* there is more to read back */
    int whole;            /* the file has its name */
    enum wi_code code;
    struct wi_error error;
};

struct file {
    struct wi_fetch *fetch;
    struct wi_hub_file file;
    enum file_state state;
    struct wi_filled *part; /* used by a thread while `busy`, as is `broken` */
    int broken;             /* the part is for closing only */
    struct file_work work;
    struct buffer filling; /* the loop's */
    int busy, closed;
    int due; /* what is in `filling` is to be written */
    uint64_t done;
    struct transfer transfer;
    struct wi_timer *timer; /* before the next try */
    unsigned retries, begun_anew, spoiled;
    uint64_t gained;         /* since the last failure */
    struct wi_error trouble; /* why it is retried; code WI_OK: it is not */
    double again_at;
};

struct wi_fetch {
    uv_loop_t *loop;
    struct wi_http *http;
    const struct wi_hub *hub;
    const char *repository, *commit;
    unsigned pause_ms, stall_ms;
    struct wi_limit *limit;
    struct wi_hub_tree *measured; /* NULL: it fetches */
    struct wi_folder_lock *locking;
    int folder_fd; /* -1 until it is locked */
    char *store;   /* NULL: no leaves are kept */
    struct wi_work_queue *queue;
    struct wi_timer *timer; /* progress; NULL: until then */
    struct wi_turn *turn;
    struct file *files;
    size_t count;
    uint64_t fetched;
    char retrying[512];
    int changed, closing, cancelled, failed;
    unsigned works;
    struct wi_error error;
    wi_fetch_progress_fn *on_progress;
    int (*on_wrong)(void *context, size_t file); /* may be NULL */
    wi_fetch_fn *on_end;
    void *context;
};

/* fetch_file.c */
void wi_fetch_close(struct wi_fetch *fetch); /* begins the end, which continues in its next turn */
void wi_fetch_fail(struct wi_fetch *fetch, const struct wi_error *error);
void wi_fetch_file_init(
    struct file *file, struct wi_fetch *fetch, const struct wi_hub_file *wanted);
void wi_fetch_file_go_on(struct file *file); /* whatever is next; also towards the end */
void wi_fetch_file_clear(struct file *file);

/* fetch_transfer.c */
/* Asks for the file from the byte `at` on or, if its length is unknown, for its length. The result
 * is handled in a turn. */
void wi_transfer_start(struct transfer *transfer, uint64_t at);
void wi_transfer_resume(struct transfer *transfer);
void wi_transfer_release(struct transfer *transfer); /* stops it; it is TRANSFER_UNUSED again */

#endif
