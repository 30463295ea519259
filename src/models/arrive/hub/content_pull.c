/* See content_pull.h: a run, its folder, its steps, how far it is and its end; and a pull, which
 * has several of them, one after another. */
#include "models/arrive/hub/content_private.h"

#include "base/memory.h"
#include "models/arrive/hub/content_tree.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_MS 200
#define THREADS 2 /* of the pool's four, so that others find one */

static struct wi_fetch_progress progress_of(struct content_run *run);

/* --- who brought how much --------------------------------------------------------------------- */

/* With `ends` no more comes. */
static void count_sources(struct content_run *run, int ends)
{
    struct wi_block_progress progress;
    struct wi_block_share source;
    wi_block_fetch_progress(run->blocks, &progress);
    run->fetched = progress.fetched;
    for (size_t i = 0; wi_block_fetch_share(run->blocks, i, &source) == 0; i++)
        wi_brought_take(&run->pull->brought, source.name, source.bytes, ends);
    if (ends && !run->wanted)
        run->pull->carried += run->fetched;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void on_blocks_closed(void *context)
{
    struct content_run *run = context;
    if (run->pull)
        count_sources(run, 1);
    run->blocks = NULL;
    wi_turn_schedule(run->turn);
}

static void begin_end(struct content_run *run)
{
    if (run->phase == CONTENT_CLOSING)
        return;
    run->phase = CONTENT_CLOSING;
    wi_folder_lock_cancel(WI_TAKE(run->locking));
    if (run->blocks)
        wi_block_fetch_close(run->blocks, on_blocks_closed, run);
    wi_turn_schedule(run->turn);
}

static void free_run(struct content_run *run)
{
    for (size_t i = 0; i < run->count; i++)
        wi_content_file_clear(&run->files[i]);
    wi_content_blocks_clear(run);
    wi_kept_blocks_release(run->kept);
    wi_walk_free(run->walk);
    wi_work_queue_free(run->queue);
    wi_timer_free(run->timer);
    wi_turn_free(run->turn);
    uv_mutex_destroy(&run->lock);
    free(run->files);
    free(run->store);
    free(run->library);
    free(run);
}

/* Who is told may begin another run, or free the pull. */
static void tell_end(struct content_run *run)
{
    const struct wi_error *error = run->failed ? &run->error : NULL;
    struct wi_hub_tree tree = {0};
    struct wi_error bad;
    run->pull->run = NULL;
    if (run->wanted) {
        struct wi_fetch_progress progress = progress_of(run);
        for (size_t i = 0; i < run->count; i++)
            memcpy(run->wanted->files[i].sha256, run->files[i].row.sha256,
                sizeof run->files[i].row.sha256);
        run->pull->carried = 0;
        run->on_end(run->context, &progress, error);
        return;
    }
    if (!error && wi_content_tree(run->walk, run->name, &tree, &bad) != WI_OK)
        error = &bad;
    run->on_tree(run->context, error ? NULL : &tree, error);
    wi_hub_tree_clear(&tree);
}

static void end_if_closed(struct content_run *run)
{
    int closed = !run->blocks; /* until then threads may write into files */
    for (size_t i = 0; i < run->count && !run->blocks; i++) {
        wi_content_file_go_on(&run->files[i]);
        closed &= run->files[i].closed;
    }
    if (!closed || run->works > 0)
        return;
    if (run->folder >= 0)
        close(run->folder); /* before the callback: with it the lock */
    if (run->pull)
        tell_end(run);
    free_run(run);
}

/* --- what is kept ----------------------------------------------------------------------------- */

static void keeping_run(void *data)
{
    const struct content_run *run = data;
    if (!run->fresh)
        wi_kept_blocks_load(run->kept, run->folder);
    else /* what cannot be written is asked for again after a kill */
        wi_kept_blocks_write(run->folder, run->fresh, run->fresh_size);
}

static void on_keeping_end(void *data, int cancelled)
{
    struct content_run *run = data;
    struct wi_error error;
    (void)cancelled; /* the queue is freed with the run, which waits for its works */
    run->works--;
    run->keeping = 0;
    if (!run->fresh && !wi_content_run_is_over(run)) {
        const struct wi_content_order *order = &run->pull->order;
        const struct wi_hub_reference *reference = order->reference;
        run->phase = CONTENT_TREE;
        run->walk = wi_walk_new(&reference->root, reference->path, order->bytes_max);
        if (wi_content_blocks_start(run, &error) != WI_OK)
            wi_content_run_fail(run, &error);
    }
    free(WI_TAKE(run->fresh));
    wi_turn_schedule(run->turn);
}

static void keeping_start(struct content_run *run)
{
    run->keeping = 1;
    run->works++;
    wi_work_queue_start(run->queue, 0, keeping_run, on_keeping_end, run);
}

/* --- step by step ----------------------------------------------------------------------------- */

static void run_descend(struct content_run *run, size_t item)
{
    struct wi_error error;
    if (wi_walk_descend(run->walk, item, &error) != WI_OK)
        wi_content_run_fail(run, &error);
}

static enum wi_code row_check(const struct content_run *run, const struct wi_hub_file *row,
    size_t item, struct wi_error *error)
{
    if (item == SIZE_MAX)
        return wi_error_set(error, WI_INTERNAL, "", "%.255s is not below the CID", row->path);
    uint64_t bytes = wi_walk_files(run->walk, NULL)[item].bytes;
    if (bytes == row->bytes)
        return WI_OK;
    return wi_error_set(error, WI_DOWNLOAD_CORRUPT, "",
        "%.255s has %" PRIu64 " bytes by its tree instead of %" PRIu64, row->path, bytes,
        row->bytes);
}

static void find_files(struct content_run *run)
{
    struct wi_error error;
    run->files = wi_alloc((run->wanted->count + 1) * sizeof *run->files);
    for (size_t i = 0; i < run->wanted->count && !run->failed; i++) {
        struct wi_hub_file *row = &run->wanted->files[i];
        size_t item = wi_content_find(run->walk, row->remote);
        wi_content_file_init(&run->files[run->count++], run, row, item);
        if (!row->here && row_check(run, row, item, &error) != WI_OK)
            wi_content_run_fail(run, &error);
    }
}

/* All folders were read. A file that is called by what it is, is looked into. */
static void end_tree(struct content_run *run)
{
    if (run->wanted) {
        run->phase = CONTENT_FETCH;
        find_files(run);
    } else if (wi_content_is_file(run->walk)) {
        run->phase = CONTENT_NAME;
        run_descend(run, 0);
    } else {
        begin_end(run);
    }
}

static void look_for_name(struct content_run *run)
{
    if (wi_walk_files(run->walk, NULL)->bytes == 0)
        run->name = wi_content_file_name(NULL, 0);
    if (run->name)
        begin_end(run);
}

/* Those of the same content come together, so that each of their blocks comes once. */
static void start_alike(struct content_run *run, const struct content_file *first)
{
    for (size_t i = 0; i < run->count && !run->failed; i++) {
        struct content_file *file = &run->files[i];
        if (file->state != CONTENT_WAITING || !wi_cid_equal(&file->cid, &first->cid))
            continue;
        file->state = CONTENT_WALKING;
        run_descend(run, file->item);
    }
}

static void start_files(struct content_run *run)
{
    size_t busy = 0, done = 0;
    for (size_t i = 0; i < run->count; i++) {
        busy += run->files[i].state != CONTENT_WAITING && run->files[i].state != CONTENT_DONE;
        done += run->files[i].state == CONTENT_DONE;
    }
    for (size_t i = 0; i < run->count && busy < CONTENT_FILES && !run->failed; i++)
        if (run->files[i].state == CONTENT_WAITING) {
            start_alike(run, &run->files[i]);
            busy++;
        }
    if (done == run->count)
        begin_end(run);
}

static void on_turn(void *context)
{
    struct content_run *run = context;
    if (run->folder >= 0 && !run->keeping &&
        (run->fresh = wi_kept_blocks_take(run->kept, &run->fresh_size)))
        keeping_start(run);
    wi_content_blocks_take(run);
    if (run->failed)
        begin_end(run);
    if (run->phase == CONTENT_TREE && wi_walk_is_done(run->walk))
        end_tree(run);
    if (run->phase == CONTENT_NAME)
        look_for_name(run);
    if (run->phase == CONTENT_FETCH)
        start_files(run);
    for (size_t i = 0; i < run->count && !wi_content_run_is_over(run); i++)
        wi_content_file_go_on(&run->files[i]);
    if (run->phase == CONTENT_CLOSING)
        end_if_closed(run);
    else if (run->blocks)
        wi_block_fetch_wake(run->blocks);
}

/* --- how far it is ---------------------------------------------------------------------------- */

static struct wi_fetch_progress progress_of(struct content_run *run)
{
    struct wi_fetch_progress progress = {.files = run->count, .retrying = NULL};
    struct wi_block_progress blocks;
    if (run->blocks && run->phase != CONTENT_CLOSING) {
        count_sources(run, 0);
        wi_block_fetch_progress(run->blocks, &blocks);
        progress.retrying = blocks.waiting;
    }
    for (size_t i = 0; i < run->count; i++) {
        progress.done += wi_content_file_bytes(&run->files[i]);
        progress.total += run->files[i].row.bytes;
        progress.files_done += run->files[i].state == CONTENT_DONE;
    }
    progress.fetched = run->pull->carried + run->fetched;
    progress.sources = run->pull->brought.sources;
    progress.source_count = run->pull->brought.count;
    return progress;
}

static void on_progress_time(void *context)
{
    struct content_run *run = context;
    wi_turn_schedule(run->turn);
    int tells = run->wanted ? run->changed && run->phase == CONTENT_FETCH
                            : run->blocks && !wi_content_run_is_over(run);
    if (!tells || !run->on_progress)
        return;
    run->changed = 0;
    struct wi_fetch_progress progress = progress_of(run);
    run->on_progress(run->context, &progress);
}

/* --- the start -------------------------------------------------------------------------------- */

static void on_locked(void *context, int folder, const struct wi_error *error)
{
    struct content_run *run = context;
    run->locking = NULL;
    run->folder = folder;
    if (error) {
        wi_content_run_fail(run, error);
        return;
    }
    wi_timer_start(run->timer, PROGRESS_MS, PROGRESS_MS);
    keeping_start(run);
}

/* `wanted` NULL: it lists. The caller sets the callback of its end. */
static struct content_run *begin_run(struct wi_content_pull *pull, struct wi_hub_tree *wanted,
    wi_fetch_progress_fn *on_progress, void *context)
{
    struct content_run *run = wi_alloc(sizeof *run);
    uv_loop_t *loop = pull->order.loop;
    *run = (struct content_run){.pull = pull,
        .wanted = wanted,
        .folder = -1,
        .on_progress = on_progress,
        .context = context};
    run->kept = wi_kept_blocks_hold(pull->kept);
    run->store = wi_strdup(pull->order.store);
    run->library = wi_strdup(pull->order.library);
    run->queue = wi_work_queue_new(loop, THREADS);
    run->timer = wi_timer_new(loop, on_progress_time, run);
    run->turn = wi_turn_new(loop, on_turn, run);
    uv_mutex_init(&run->lock);
    run->locking = wi_folder_lock(loop, pull->order.folder, on_locked, run);
    return run;
}

/* --- the pull --------------------------------------------------------------------------------- */

struct wi_content_pull *wi_content_pull_new(const struct wi_content_order *order)
{
    struct wi_content_pull *pull = wi_alloc(sizeof *pull);
    pull->order = *order;
    pull->kept = wi_kept_blocks_new();
    return pull;
}

void wi_content_pull_free(struct wi_content_pull *pull)
{
    if (!pull)
        return;
    if (pull->run) {
        begin_end(pull->run);
        pull->run->pull = NULL; /* no callback comes */
    }
    wi_kept_blocks_release(pull->kept);
    wi_brought_clear(&pull->brought);
    free(pull);
}

void wi_content_pull_list(struct wi_content_pull *pull, wi_fetch_progress_fn *on_progress,
    wi_hub_list_fn *on_tree, void *context)
{
    pull->run = begin_run(pull, NULL, on_progress, context);
    pull->run->on_tree = on_tree;
}

void wi_content_pull_fetch(struct wi_content_pull *pull, struct wi_hub_tree *files,
    wi_fetch_progress_fn *on_progress, wi_fetch_fn *on_end, void *context)
{
    pull->run = begin_run(pull, files, on_progress, context);
    pull->run->on_end = on_end;
}
