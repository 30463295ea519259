/* A fetch: its folder, which of its files are under way, progress, and the end. */
#include "models/arrive/hub/fetch.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "models/arrive/hub/fetch_private.h"
#include "models/arrive/source/retry.h"
#include <stdio.h>
#include <stdlib.h>

#define PROGRESS_MS 200
#define THREADS 2 /* of the pool's four, so that others find one */

void wi_fetch_cancel(struct wi_fetch *fetch)
{
    if (fetch == NULL)
        return;
    fetch->cancelled = 1;
    fetch->on_progress = NULL;
    fetch->on_wrong = NULL;
    wi_fetch_close(fetch);
    /* The caller may free its HTTP client now, and what is measured. */
    for (size_t i = 0; i < fetch->count; i++)
        wi_transfer_release(&fetch->files[i].transfer);
}

static void free_fetch(struct wi_fetch *fetch)
{
    for (size_t i = 0; i < fetch->count; i++)
        wi_fetch_file_clear(&fetch->files[i]);
    wi_close(fetch->folder_fd);
    wi_folder_lock_cancel(fetch->locking);
    free(fetch->store);
    wi_work_queue_free(fetch->queue);
    wi_timer_free(fetch->timer);
    wi_turn_free(fetch->turn);
    free(fetch->files);
    free(fetch);
}

/* What somebody who waits is told of a file that is tried again. */
static const char *describe_trouble(struct wi_fetch *fetch, const struct file *file)
{
    double wait_ms = file->again_at - wi_now_ms();
    snprintf(fetch->retrying, sizeof fetch->retrying, "%.400s; try %u of %d in %.0f s",
        file->trouble.detail, file->retries + 1, WI_RETRIES_MAX + 1,
        wait_ms > 0 ? wait_ms / 1000 : 0);
    return wi_text_mend(fetch->retrying);
}

static struct wi_fetch_progress progress_of(struct wi_fetch *fetch)
{
    struct wi_fetch_progress progress = {.fetched = fetch->fetched, .files = fetch->count};
    for (size_t i = 0; i < fetch->count; i++) {
        const struct file *file = &fetch->files[i];
        progress.done += file->done;
        progress.files_done += file->state == FILE_DONE;
        progress.total += file->file.bytes == WI_HUB_BYTES_UNKNOWN ? 0 : file->file.bytes;
        if (file->trouble.code != WI_OK && !progress.retrying)
            progress.retrying = describe_trouble(fetch, file);
    }
    return progress;
}

/* Who only asks for lengths needs no folder. */
static int fetch_is_open(const struct wi_fetch *fetch)
{
    return fetch->folder_fd >= 0 || fetch->measured;
}

static void end_if_closed(struct wi_fetch *fetch)
{
    for (size_t i = 0; i < fetch->count && fetch_is_open(fetch); i++)
        if (!fetch->files[i].closed)
            return;
    if (fetch->works > 0)
        return;
    wi_close(fetch->folder_fd); /* before the callback: with it the lock */
    fetch->folder_fd = -1;
    struct wi_fetch_progress progress = progress_of(fetch);
    if (!fetch->cancelled)
        fetch->on_end(fetch->context, &progress, fetch->failed ? &fetch->error : NULL);
    free_fetch(fetch);
}

static int file_is_under_way(const struct file *file)
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
            file->state = fetch->measured ? FILE_MEASURING : FILE_OPENING;
        busy += (size_t)file_is_under_way(file);
        done += file->state == FILE_DONE;
    }
    if (done == fetch->count)
        wi_fetch_close(fetch);
}

static void on_turn(void *context)
{
    struct wi_fetch *fetch = context;
    if (!fetch_is_open(fetch)) {
        if (fetch->closing)
            end_if_closed(fetch);
        return;
    }
    if (!fetch->closing)
        start_files(fetch);
    for (size_t i = 0; i < fetch->count; i++)
        if (fetch->closing || file_is_under_way(&fetch->files[i]))
            wi_fetch_file_go_on(&fetch->files[i]);
    if (fetch->closing)
        end_if_closed(fetch);
}

static void on_progress_time(void *context)
{
    struct wi_fetch *fetch = context;
    for (size_t i = 0; i < fetch->count; i++)
        fetch->files[i].due = 1;
    wi_turn_schedule(fetch->turn);
    if (!fetch->changed || fetch->closing || fetch->on_progress == NULL)
        return;
    fetch->changed = 0;
    struct wi_fetch_progress progress = progress_of(fetch);
    fetch->on_progress(fetch->context, &progress);
}

static void progress_start(struct wi_fetch *fetch)
{
    fetch->timer = wi_timer_new(fetch->loop, on_progress_time, fetch);
    wi_timer_start(fetch->timer, PROGRESS_MS, PROGRESS_MS);
}

static void on_locked(void *context, int folder, const struct wi_error *error)
{
    struct wi_fetch *fetch = context;
    fetch->locking = NULL;
    fetch->folder_fd = folder;
    wi_turn_schedule(fetch->turn);
    if (error)
        wi_fetch_fail(fetch, error);
    else if (!fetch->closing)
        progress_start(fetch);
}

struct wi_fetch *wi_fetch_start(uv_loop_t *loop, struct wi_http *http,
    const struct wi_fetch_order *order, wi_fetch_progress_fn *on_progress, wi_fetch_fn *on_end,
    void *context)
{
    struct wi_fetch *fetch = wi_alloc(sizeof *fetch);
    *fetch = (struct wi_fetch){.loop = loop,
        .http = http,
        .hub = order->hub,
        .repository = order->repository,
        .commit = order->files->commit,
        .limit = order->limit,
        .pause_ms = order->pause_ms ? order->pause_ms : 500,
        .stall_ms = order->stall_ms ? order->stall_ms : 30000,
        .measured = order->measured,
        .folder_fd = -1,
        .store = wi_strdup(order->store),
        .count = order->files->count,
        .on_progress = on_progress,
        .on_wrong = order->on_wrong,
        .on_end = on_end,
        .context = context};
    fetch->files = wi_alloc((fetch->count + 1) * sizeof *fetch->files);
    for (size_t i = 0; i < fetch->count; i++) {
        wi_fetch_file_init(&fetch->files[i], fetch, &order->files->files[i]);
        if (!wi_file_path_ok(order->files->files[i].path))
            abort(); /* the tree lets no such path in */
    }
    fetch->queue = wi_work_queue_new(loop, THREADS);
    fetch->turn = wi_turn_new(loop, on_turn, fetch);
    wi_turn_schedule(fetch->turn);
    if (fetch->measured)
        progress_start(fetch);
    else
        fetch->locking = wi_folder_lock(loop, order->folder, on_locked, fetch);
    return fetch;
}
