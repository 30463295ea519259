/* One file of a fetch. A thread of the pool works for it now and then, one at a time; the rest is
 * on the loop. */
#include "hub/fetch_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include <inttypes.h>
#include <stdlib.h>

#define HASH_AT_ONCE (UINT64_C(16) << 20) /* bytes read back and hashed before others may work */
#define BLOCKS_AT_ONCE (BLOCKS_MAX / 2)   /* then the loop may fill others again */
#define SAVE_MS 250
#define FIRST_PACE_MS 5 /* others wait so long for what the first connection brings */
#define PACE_MS 200
#define GAIN (64u << 10) /* so much since the last failure makes it the first again */

static void give_blocks_back(struct file *file)
{
    struct block *block;
    while ((block = file_next_block(file)) != NULL)
        fetch_give_block(file->fetch, block);
}

/* --- on a thread ------------------------------------------------------------------------------ */

/* Those too that come meanwhile, up to `most`. */
static enum wi_code write_blocks(struct file *file, size_t most)
{
    enum wi_code code = WI_OK;
    struct block *block;
    while (code == WI_OK && most-- > 0 && (block = file_next_block(file)) != NULL) {
        code = wi_part_write(file->part, block->at, block->bytes, block->size, &file->work.error);
        fetch_give_block(file->fetch, block);
    }
    return code;
}

/* What is there is whole: it gets its name, or was wrong and begins anew. */
static enum wi_code finish_part(struct file *file)
{
    struct file_work *work = &file->work;
    enum wi_code code = wi_part_finish(file->part, &work->error);
    work->whole = code == WI_OK;
    return code;
}

static enum wi_code work_on_part(struct file *file)
{
    struct file_work *work = &file->work;
    enum wi_code code = write_blocks(file, BLOCKS_AT_ONCE);
    if (code != WI_OK)
        return code;
    work->behind = wi_part_catch_up(file->part, HASH_AT_ONCE, &work->error);
    if (work->behind < 0)
        return work->error.code;
    work->done = wi_ranges_bytes(wi_part_ranges(file->part));
    if (work->done == file->file.bytes && !work->behind)
        return finish_part(file);
    if (work->save)
        wi_part_save(file->part);
    return WI_OK;
}

static void close_part(struct file *file)
{
    wi_part_close(file->part);
    file->part = NULL;
}

static void run(void *data)
{
    struct file *file = data;
    struct file_work *work = &file->work;
    if (work->open)
        file->part = wi_part_open(file->fetch->folder_fd, &file->file, &work->error);
    if (file->part == NULL)
        work->code = work->error.code;
    else if (wi_part_is_done(file->part))
        work->whole = 1;
    else if (work->close)
        work->code = write_blocks(file, BLOCKS_MAX);
    else
        work->code = work_on_part(file);
    if (file->part && work->open)
        wi_ranges_copy(&work->there, wi_part_ranges(file->part));
    if (file->part && (work->close || work->whole))
        close_part(file);
}

/* --- what came of it -------------------------------------------------------------------------- */

static void release_transfers(struct file *file)
{
    for (size_t i = 0; i < WI_FETCH_CONNECTIONS; i++)
        transfer_release(&file->transfers[i]);
}

/* What they bring is not wanted any more, also where it waits to be written: a server that sends
 * more than it was asked for may bring bytes twice. */
static void drop_transfers(struct file *file)
{
    release_transfers(file);
    give_blocks_back(file);
}

/* Bytes may have been spoiled on the way, or by what was there from before: once more, all of it.
 */
static void begin_anew(struct file *file)
{
    drop_transfers(file);
    file->done = 0;
    file->behind = 0;
    wi_ranges_clear(&file->claimed);
    free(file->direct);
    file->direct = NULL;
    if (++file->spoiled > 1)
        fetch_fail(file->fetch, &file->work.error);
}

static void take_result(struct file *file)
{
    struct file_work *work = &file->work;
    if (work->code == WI_DOWNLOAD_CORRUPT) {
        begin_anew(file);
        return;
    }
    if (work->code != WI_OK) {
        fetch_fail(file->fetch, &work->error);
        return;
    }
    file->done = work->done;
    file->behind = work->behind;
    if (work->open) {
        wi_ranges_copy(&file->claimed, &work->there);
        file->state = FILE_FETCHING;
    }
    if (work->whole) {
        file->done = file->file.bytes;
        file->state = FILE_DONE;
        drop_transfers(file);
    }
}

static void on_worked(void *data, int cancelled)
{
    struct file *file = data;
    struct wi_fetch *fetch = file->fetch;
    file->busy = 0;
    fetch->works--;
    fetch->changed = 1;
    if (file->work.close) {
        give_blocks_back(file); /* what could not be written */
        file->closed = 1;
    } else if (!fetch->closing)
        take_result(file);
    wi_turn_wish(fetch->turn);
}

static void start_work(struct file *file, struct file_work work)
{
    struct wi_fetch *fetch = file->fetch;
    double now = wi_now_ms();
    work.save = !work.open && now - file->saved_at >= SAVE_MS;
    if (work.save || work.open)
        file->saved_at = now;
    wi_ranges_clear(&file->work.there);
    file->work = work;
    file->busy = 1;
    fetch->works++;
    wi_work_queue_start(fetch->queue, 0, run, on_worked, file);
}

/* --- how many connections --------------------------------------------------------------------- */

/* Several for good once one was too slow: what they bring together says nothing of one alone. */
static void on_pace(void *context)
{
    struct file *file = context;
    double now = wi_now_ms();
    if (!wi_line_is_fast(file->came - file->paced, now - file->paced_at))
        file->several = 1;
    file->paced = file->came;
    file->paced_at = now;
    if (file->several || file->state != FILE_FETCHING)
        wi_timer_stop(file->pace);
    if (file->several)
        wi_turn_wish(file->fetch->turn);
}

static void on_found(struct transfer *transfer)
{
    struct file *file = transfer->file;
    wi_turn_wish(file->fetch->turn); /* the other connections have waited for the place */
    if (file->pace)
        return;
    file->paced_at = wi_now_ms();
    file->pace = wi_timer_new(file->fetch->loop, on_pace, file);
    wi_timer_start(file->pace, FIRST_PACE_MS, PACE_MS);
}

/* --- transfers -------------------------------------------------------------------------------- */

/* One connection finds the place before the others begin, and is the only one where there are no
 * ranges, or where it is that fast: others would bring no more then, but bytes that have to be read
 * back for the hash. */
static struct transfer *free_transfer(struct file *file)
{
    size_t used = 0, searching = 0;
    struct transfer *found = NULL;
    for (size_t i = 0; i < WI_FETCH_CONNECTIONS; i++) {
        struct transfer *transfer = &file->transfers[i];
        used += (size_t)transfer->used;
        searching += transfer->used && !transfer->accepted;
        if (!transfer->used)
            found = transfer;
    }
    if ((!file->direct && searching > 0) || ((file->no_ranges || !file->several) && used > 0))
        return NULL;
    return found;
}

static void start_transfers(struct file *file)
{
    uint64_t size = file->file.bytes;
    int alone = file->pace && !file->several; /* and it may stay so */
    uint64_t segment = wi_segment_bytes(size, alone ? 1 : WI_FETCH_CONNECTIONS);
    struct wi_range range;
    struct transfer *transfer;
    while ((transfer = free_transfer(file)) != NULL &&
           wi_ranges_missing(&file->claimed, size, segment, &range)) {
        wi_ranges_add(&file->claimed, range.first, range.end);
        transfer_start(transfer, range.first, range.end);
    }
}

static void on_done(struct transfer *transfer)
{
    struct file *file = transfer->file;
    file->tries = 0;
    file->gained = 0;
    transfer_release(transfer);
    wi_turn_wish(file->fetch->turn);
}

static void on_size(struct transfer *transfer, uint64_t bytes)
{
    struct file *file = transfer->file;
    file->file.bytes = bytes;
    file->tries = 0;
    file->state = FILE_OPENING;
    file->fetch->changed = 1;
    transfer_release(transfer);
    wi_turn_wish(file->fetch->turn);
}

static void on_time(void *context)
{
    struct file *file = context;
    wi_turn_wish(file->fetch->turn);
}

/* Several connections that break at once count as one failure. */
static void wait_before_next_try(struct file *file, unsigned after_s)
{
    struct wi_fetch *fetch = file->fetch;
    uint64_t pause = wi_tries_pause(fetch->pause_ms, file->tries);
    if (file->timer == NULL)
        file->timer = wi_timer_new(fetch->loop, on_time, file);
    if (pause < UINT64_C(1000) * after_s)
        pause = UINT64_C(1000) * after_s;
    wi_timer_start(file->timer, pause, 0);
}

static void on_failure(struct transfer *transfer, const struct wi_error *error, unsigned after_s)
{
    struct file *file = transfer->file;
    struct wi_error last = *error;
    int waits = file->timer && wi_timer_running(file->timer);
    wi_ranges_remove(&file->claimed, transfer->at, transfer->end);
    transfer_release(transfer);
    free(file->direct);
    file->direct = NULL;
    if (file->gained >= GAIN)
        file->tries = 0;
    file->gained = 0;
    if (!waits)
        file->tries++;
    if (file->tries > WI_TRIES_MOST || after_s > WI_FETCH_MAX_WAIT_MS / 1000) {
        wi_error_retry_after(&last, after_s);
        fetch_fail(file->fetch, &last);
    } else if (!waits || after_s > 0)
        wait_before_next_try(file, after_s);
}

/* --- step by step ----------------------------------------------------------------------------- */

static void go_on_fetching(struct file *file)
{
    for (size_t i = 0; i < WI_FETCH_CONNECTIONS; i++)
        transfer_resume(&file->transfers[i]);
    if (!file->timer || !wi_timer_running(file->timer))
        start_transfers(file);
    if (!file->busy && (file->first || file->behind || file->done == file->file.bytes))
        start_work(file, (struct file_work){0});
}

static void measure(struct file *file)
{
    struct transfer *transfer = &file->transfers[0];
    if (!transfer->used && (!file->timer || !wi_timer_running(file->timer)))
        transfer_start(transfer, 0, WI_HUB_BYTES_UNKNOWN);
}

static void close_file(struct file *file)
{
    release_transfers(file);
    if (file->busy || file->closed)
        return;
    if (file->part) {
        start_work(file, (struct file_work){.close = 1});
        return;
    }
    give_blocks_back(file);
    file->closed = 1;
}

void file_go_on(struct file *file)
{
    if (file->fetch->closing)
        close_file(file);
    else if (file->state == FILE_MEASURING)
        measure(file);
    else if (file->state == FILE_OPENING && !file->busy)
        start_work(file, (struct file_work){.open = 1});
    else if (file->state == FILE_FETCHING)
        go_on_fetching(file);
}

/* --- life ------------------------------------------------------------------------------------- */

static const struct transfer_events events = {on_found, on_done, on_size, on_failure};

void file_init(struct file *file, struct wi_fetch *fetch, const struct wi_hub_file *wanted)
{
    file->fetch = fetch;
    file->file = *wanted;
    file->file.path = wi_strdup(wanted->path);
    file->file.remote = wi_strdup(wanted->remote ? wanted->remote : wanted->path);
    file->last = &file->first;
    if (wanted->here) {
        file->state = FILE_DONE;
        file->done = wanted->bytes;
    }
    for (size_t i = 0; i < WI_FETCH_CONNECTIONS; i++) {
        file->transfers[i].file = file;
        file->transfers[i].events = &events;
    }
}

void file_clear(struct file *file)
{
    wi_ranges_clear(&file->claimed);
    wi_ranges_clear(&file->work.there);
    wi_timer_free(file->timer);
    wi_timer_free(file->pace);
    free(file->direct);
    free(file->file.path);
    free(file->file.remote);
}
