/* A fetch: its folder, which of its files are under way, progress, and the end. */
#include "hub/fetch.h"

#include "base/clock.h"
#include "base/memory.h"
#include "hub/fetch_private.h"
#include "model/manifest.h"
#include "model/open.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PROGRESS_MS 200
#define LOCK_MS 20
#define LOCK_MAX_MS 30000
#define THREADS 2 /* of the pool's four, so that others find one */

/* --- the end ---------------------------------------------------------------------------------- */

void wi_fetch_cancel(struct wi_fetch *fetch)
{
    if (fetch == NULL)
        return;
    fetch->cancelled = 1;
    fetch->on_progress = NULL;
    fetch_close(fetch);
    /* The caller may free its HTTP client now. */
    for (size_t i = 0; i < fetch->count; i++)
        for (size_t k = 0; k < WI_FETCH_CONNECTIONS; k++)
            transfer_release(&fetch->files[i].transfers[k]);
}

static void free_fetch(struct wi_fetch *fetch)
{
    struct block *block;
    for (size_t i = 0; i < fetch->count; i++)
        file_clear(&fetch->files[i]);
    while ((block = fetch->free_blocks) != NULL) {
        fetch->free_blocks = block->next;
        free(block);
    }
    if (fetch->folder_fd >= 0)
        close(fetch->folder_fd);
    uv_mutex_destroy(&fetch->blocks_lock);
    wi_work_queue_free(fetch->queue);
    wi_timer_free(fetch->timer);
    wi_turn_free(fetch->turn);
    wi_hub_clear(&fetch->hub);
    free(fetch->files);
    free(fetch->repository);
    free(fetch->commit);
    free(fetch->folder);
    free(fetch);
}

static struct wi_fetch_progress progress_of(const struct wi_fetch *fetch)
{
    struct wi_fetch_progress progress = {.fetched = fetch->fetched, .files = fetch->count};
    for (size_t i = 0; i < fetch->count; i++) {
        const struct file *file = &fetch->files[i];
        progress.done += file->done;
        progress.files_done += file->state == FILE_DONE;
        if (file->file.bytes == WI_HUB_BYTES_UNKNOWN)
            progress.lengths_unknown++;
        else
            progress.total += file->file.bytes;
    }
    return progress;
}

static void end_if_closed(struct wi_fetch *fetch)
{
    struct wi_fetch_progress progress;
    for (size_t i = 0; i < fetch->count && fetch->folder_fd >= 0; i++)
        if (!fetch->files[i].closed)
            return;
    if (fetch->works > 0)
        return;
    if (fetch->folder_fd >= 0)
        close(fetch->folder_fd); /* before the callback: with it the lock */
    fetch->folder_fd = -1;
    progress = progress_of(fetch);
    if (!fetch->cancelled)
        fetch->on_end(fetch->context, &progress, fetch->failed ? &fetch->error : NULL);
    free_fetch(fetch);
}

/* --- under way -------------------------------------------------------------------------------- */

static int is_under_way(const struct file *file)
{
    return file->state != FILE_WAITING && file->state != FILE_DONE;
}

/* Lets as many begin as there is room for; all of them that are there already need no room. */
static void start_files(struct wi_fetch *fetch)
{
    size_t busy = 0, done = 0;
    for (size_t i = 0; i < fetch->count; i++) {
        struct file *file = &fetch->files[i];
        if (file->state == FILE_WAITING && busy < WI_FETCH_FILES)
            file->state = file->file.bytes == WI_HUB_BYTES_UNKNOWN ? FILE_MEASURING : FILE_OPENING;
        busy += (size_t)is_under_way(file);
        done += file->state == FILE_DONE;
    }
    if (done == fetch->count)
        fetch_close(fetch);
}

static void on_turn(void *context)
{
    struct wi_fetch *fetch = context;
    if (fetch->folder_fd < 0) {
        if (fetch->closing)
            end_if_closed(fetch);
        return;
    }
    if (!fetch->closing)
        start_files(fetch);
    for (size_t i = 0; i < fetch->count; i++)
        if (fetch->closing || is_under_way(&fetch->files[i]))
            file_go_on(&fetch->files[i]);
    if (fetch->closing)
        end_if_closed(fetch);
}

static void on_progress_time(void *context)
{
    struct wi_fetch *fetch = context;
    struct wi_fetch_progress progress;
    if (!fetch->changed || fetch->closing || fetch->on_progress == NULL)
        return;
    fetch->changed = 0;
    progress = progress_of(fetch);
    fetch->on_progress(fetch->context, &progress);
}

/* --- the start -------------------------------------------------------------------------------- */

/* On a thread. Whoever wrote here last may still be at its last block: the lock says when it has
 * let go. */
static void open_folder(void *data)
{
    struct wi_fetch *fetch = data;
    int number;
    fetch->error = (struct wi_error){0};
    fetch->folder_fd = open(fetch->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fetch->folder_fd >= 0 && flock(fetch->folder_fd, LOCK_EX | LOCK_NB) == 0)
        return;
    number = errno;
    if (fetch->folder_fd >= 0)
        close(fetch->folder_fd);
    fetch->folder_fd = -1;
    enum wi_code code = wi_is_shortage(number) ? WI_UNAVAILABLE : WI_STORAGE_FAILED;
    wi_error_set(&fetch->error, number == EWOULDBLOCK ? WI_HUB_BUSY : code, "", "%.300s: %s",
        fetch->folder, number == EWOULDBLOCK ? "another fetch is at work there" : strerror(number));
}

static void on_lock_time(void *context);

static void on_opened(void *data, int cancelled)
{
    struct wi_fetch *fetch = data;
    fetch->works--;
    wi_turn_wish(fetch->turn);
    if (fetch->closing)
        return;
    if (fetch->folder_fd >= 0) {
        wi_timer_free(fetch->timer);
        fetch->timer = wi_timer_new(fetch->loop, on_progress_time, fetch);
        wi_timer_start(fetch->timer, PROGRESS_MS, PROGRESS_MS);
    } else if (fetch->error.code == WI_HUB_BUSY && wi_now_ms() - fetch->began < LOCK_MAX_MS)
        wi_timer_start(fetch->timer, LOCK_MS, 0);
    else
        fetch_fail(fetch, &fetch->error);
}

static void on_lock_time(void *context)
{
    struct wi_fetch *fetch = context;
    if (fetch->closing)
        return;
    fetch->works++;
    wi_work_queue_start(fetch->queue, 0, open_folder, on_opened, fetch);
}

struct wi_fetch *wi_fetch_start(uv_loop_t *loop, struct wi_http *http,
    const struct wi_fetch_order *order, wi_fetch_progress_fn *on_progress, wi_fetch_fn *on_end,
    void *context)
{
    struct wi_fetch *fetch = wi_alloc(sizeof *fetch);
    *fetch = (struct wi_fetch){.loop = loop,
        .http = http,
        .repository = wi_strdup(order->repository),
        .commit = wi_strdup(order->files->commit),
        .folder = wi_strdup(order->folder),
        .pause_ms = order->pause_ms ? order->pause_ms : 500,
        .stall_ms = order->stall_ms ? order->stall_ms : 30000,
        .folder_fd = -1,
        .began = wi_now_ms(),
        .count = order->files->count,
        .on_progress = on_progress,
        .on_end = on_end,
        .context = context};
    if (uv_mutex_init(&fetch->blocks_lock) != 0)
        abort(); /* fails only without memory */
    wi_hub_copy(&fetch->hub, order->hub);
    fetch->files = wi_alloc((fetch->count + 1) * sizeof *fetch->files);
    for (size_t i = 0; i < fetch->count; i++) {
        file_init(&fetch->files[i], fetch, &order->files->files[i]);
        if (!wi_manifest_path_ok(order->files->files[i].path))
            abort(); /* the tree lets no such path in */
    }
    fetch->queue = wi_work_queue_new(loop, THREADS);
    fetch->timer = wi_timer_new(loop, on_lock_time, fetch);
    fetch->turn = wi_turn_new(loop, on_turn, fetch);
    on_lock_time(fetch);
    return fetch;
}
