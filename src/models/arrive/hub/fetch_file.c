/* One file of a fetch. A thread of the pool works for it now and then, one at a time; the rest is
 * on the loop. */
#include "models/arrive/hub/fetch_private.h"
#include "models/share/blockstore/leaves.h"

#include "base/clock.h"
#include "base/memory.h"
#include "models/arrive/source/retry.h"
#include <stdlib.h>

#define HASH_AT_ONCE (UINT64_C(16) << 20) /* bytes read back before others may work */
#define GAIN (64u << 10) /* so much since the last failure makes it the first again */

void wi_fetch_close(struct wi_fetch *fetch)
{
    fetch->closing = 1;
    wi_turn_schedule(fetch->turn);
}

void wi_fetch_fail(struct wi_fetch *fetch, const struct wi_error *error)
{
    if (fetch->closing)
        return;
    fetch->failed = 1;
    fetch->error = *error;
    wi_fetch_close(fetch);
}

/* --- on a thread ------------------------------------------------------------------------------ */

static enum wi_code file_add_bytes(struct file *file)
{
    struct file_work *work = &file->work;
    enum wi_code code = WI_OK;
    if (work->buffer.size == 0 || file->broken)
        return WI_OK;
    if (work->buffer.anew)
        code = wi_filled_begin_anew(file->part, &work->error);
    if (code == WI_OK)
        code = wi_filled_append(file->part, work->buffer.bytes, work->buffer.size, &work->error);
    return code;
}

static enum wi_code work_on_part(struct file *file)
{
    struct file_work *work = &file->work;
    enum wi_code code = file_add_bytes(file);
    if (code != WI_OK || work->close)
        return code;
    work->more = wi_filled_read_back(file->part, HASH_AT_ONCE, &work->error);
    if (work->more < 0)
        return work->error.code;
    work->done = wi_filled_bytes(file->part);
    if (!work->more && !wi_filled_is_done(file->part) && work->done == file->file.bytes)
        code = wi_filled_finish(file->part, &work->error);
    work->whole = wi_filled_is_done(file->part);
    return code;
}

static int keeps_leaves(const struct file *file)
{
    return file->fetch->store && file->file.digest == WI_HUB_SHA256;
}

static struct wi_filled *open_part(struct file *file)
{
    struct wi_filled *part =
        wi_filled_open_row(file->fetch->folder_fd, &file->file, &file->work.error);
    if (part && keeps_leaves(file))
        wi_filled_compute_leaves(part);
    return part;
}

/* What cannot be kept is computed again by who needs it. */
static void keep_leaves(struct file *file)
{
    struct wi_leaves leaves = {0};
    if (!keeps_leaves(file))
        return;
    wi_filled_take_leaves(file->part, &leaves);
    wi_leaves_keep(file->fetch->store, file->file.hash, &leaves, 0);
    wi_leaves_clear(&leaves);
}

static void file_work_run(void *data)
{
    struct file *file = data;
    struct file_work *work = &file->work;
    if (!file->part && !work->close)
        file->part = open_part(file);
    work->code = file->part ? work_on_part(file) : work->error.code;
    file->broken |= work->code != WI_OK && work->code != WI_DOWNLOAD_CORRUPT;
    if (work->whole)
        keep_leaves(file);
    if (work->close || work->whole) {
        wi_filled_close(WI_TAKE(file->part));
    }
}

/* --- what came of it -------------------------------------------------------------------------- */

static void drop_buffer(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}

/* Bytes may have been spoiled on the way, or by what was there from before: once more, all of it.
 */
static void fetch_anew(struct file *file)
{
    struct wi_fetch *fetch = file->fetch;
    wi_transfer_release(&file->transfer);
    file->filling.size = 0;
    file->done = 0;
    file->state = FILE_FETCHING;
    if (fetch->on_wrong && fetch->on_wrong(fetch->context, (size_t)(file - fetch->files)))
        return;
    if (++file->spoiled > 1)
        wi_fetch_fail(file->fetch, &file->work.error);
}

static void work_take_result(struct file *file)
{
    struct file_work *work = &file->work;
    if (work->code == WI_DOWNLOAD_CORRUPT) {
        fetch_anew(file);
        return;
    }
    if (work->code != WI_OK) {
        wi_fetch_fail(file->fetch, &work->error);
        return;
    }
    file->done = work->done;
    if (!work->more)
        file->state = FILE_FETCHING;
    if (work->whole) {
        file->done = file->file.bytes;
        file->state = FILE_DONE;
        wi_transfer_release(&file->transfer);
        drop_buffer(&file->filling);
        drop_buffer(&work->buffer);
    }
}

static void on_worked(void *data, int cancelled)
{
    struct file *file = data;
    struct wi_fetch *fetch = file->fetch;
    (void)cancelled; /* the queue is freed with the fetch, which waits for its works */
    file->busy = 0;
    file->work.buffer.size = 0;
    fetch->works--;
    fetch->changed = 1;
    if (file->work.close)
        file->closed = 1;
    else if (!fetch->closing)
        work_take_result(file);
    wi_turn_schedule(fetch->turn);
}

/* The thread gets what was filled, and the loop what the thread has emptied. */
static void start_work(struct file *file, struct file_work work)
{
    struct wi_fetch *fetch = file->fetch;
    struct buffer emptied = file->work.buffer;
    work.buffer = file->filling;
    file->filling = (struct buffer){.bytes = emptied.bytes};
    file->work = work;
    file->busy = 1;
    file->due = 0;
    fetch->works++;
    wi_work_queue_start(fetch->queue, 0, file_work_run, on_worked, file);
}

/* --- the transfer ----------------------------------------------------------------------------- */

static void on_time(void *context)
{
    struct file *file = context;
    wi_turn_schedule(file->fetch->turn);
}

static void wait_before_next_try(struct file *file, const struct wi_error *why, unsigned after_s)
{
    struct wi_fetch *fetch = file->fetch;
    uint64_t pause = wi_retry_pause(fetch->pause_ms, file->retries);
    if (file->timer == NULL)
        file->timer = wi_timer_new(fetch->loop, on_time, file);
    if (pause < UINT64_C(1000) * after_s)
        pause = UINT64_C(1000) * after_s;
    wi_timer_start(file->timer, pause, 0);
    file->trouble = *why;
    file->again_at = wi_now_ms() + (double)pause;
    fetch->changed = 1;
    wi_turn_schedule(fetch->turn); /* what has come is to be written */
}

static void on_broken(struct file *file, struct wi_error *error, unsigned after_s)
{
    file->due = 1;
    if (file->gained >= GAIN)
        file->retries = 0;
    file->gained = 0;
    file->retries++;
    if (file->retries > WI_RETRIES_MAX || after_s > WI_FETCH_MAX_WAIT_MS / 1000) {
        wi_error_retry_after(error, after_s);
        wi_fetch_fail(file->fetch, error);
    } else {
        wait_before_next_try(file, error, after_s);
    }
}

/* If the transfer has ended, what follows; it is free for another then. */
static void take_end(struct file *file)
{
    struct wi_fetch *fetch = file->fetch;
    if (file->transfer.state <= TRANSFER_UNDER_WAY)
        return;
    struct transfer ended = file->transfer;
    wi_transfer_release(&file->transfer);
    if (ended.state == TRANSFER_FAILED) {
        wi_fetch_fail(fetch, &ended.error);
    } else if (ended.state == TRANSFER_BROKEN) {
        on_broken(file, &ended.error, ended.after_s);
    } else {
        file->retries = 0;
        file->gained = 0;
        file->trouble.code = WI_OK;
        if (file->state != FILE_MEASURING)
            return;
        file->file.bytes = ended.told;
        wi_hub_tree_set_bytes(fetch->measured, (size_t)(file - fetch->files), ended.told);
        file->state = FILE_DONE;
        fetch->changed = 1;
        wi_turn_schedule(fetch->turn); /* there is room for another */
    }
}

/* --- step by step ----------------------------------------------------------------------------- */

static int is_waiting(const struct file *file)
{
    return file->timer && wi_timer_running(file->timer);
}

static void need_buffer(struct buffer *buffer)
{
    if (!buffer->bytes)
        buffer->bytes = wi_realloc_array(NULL, BUFFER_BYTES, 1);
}

/* Once nothing is left to be written: only then it is known what is missing. */
static void ask_for_the_rest(struct file *file)
{
    if (file->transfer.state != TRANSFER_UNUSED || file->filling.size > 0 || is_waiting(file))
        return;
    file->filling.anew = 0;
    need_buffer(&file->filling);
    need_buffer(&file->work.buffer);
    wi_transfer_start(&file->transfer, file->done);
}

static void go_on_fetching(struct file *file)
{
    size_t filled = file->filling.size;
    int due = file->due || file->transfer.state == TRANSFER_UNUSED || file->transfer.paused;
    if (!file->busy &&
        ((filled > 0 && (due || filled >= WORTH_A_WORK)) || file->done == file->file.bytes))
        start_work(file, (struct file_work){0});
    else if (!file->busy)
        ask_for_the_rest(file);
    if (file->filling.size == 0)
        wi_transfer_resume(&file->transfer);
}

static void close_file(struct file *file)
{
    wi_transfer_release(&file->transfer);
    if (file->busy || file->closed)
        return;
    if (file->part)
        start_work(file, (struct file_work){.close = 1});
    else
        file->closed = 1;
}

void wi_fetch_file_go_on(struct file *file)
{
    if (!file->fetch->closing)
        take_end(file);
    if (file->fetch->closing)
        close_file(file);
    else if (file->state == FILE_MEASURING && file->transfer.state == TRANSFER_UNUSED &&
             !is_waiting(file))
        wi_transfer_start(&file->transfer, 0);
    else if (file->state == FILE_OPENING && !file->busy)
        start_work(file, (struct file_work){0});
    else if (file->state == FILE_FETCHING)
        go_on_fetching(file);
}

/* --- life ------------------------------------------------------------------------------------- */

void wi_fetch_file_init(struct file *file, struct wi_fetch *fetch, const struct wi_hub_file *wanted)
{
    file->fetch = fetch;
    file->file = *wanted;
    file->file.path = wi_strdup(wanted->path);
    file->file.remote = wi_strdup(wanted->remote ? wanted->remote : wanted->path);
    file->transfer.file = file;
    if (wanted->here || (fetch->measured && wanted->bytes != WI_HUB_BYTES_UNKNOWN)) {
        file->state = FILE_DONE;
        file->done = wanted->here ? wanted->bytes : 0;
    }
}

void wi_fetch_file_clear(struct file *file)
{
    drop_buffer(&file->filling);
    drop_buffer(&file->work.buffer);
    wi_timer_free(file->timer);
    free(file->file.path);
    free(file->file.remote);
}
