/* One file of a run. A thread of the pool works for it now and then, one at a time. Once its
 * existing content has been checked, the threads that verify blocks also write leaves into it. */
#include "models/arrive/hub/content_private.h"
#include "models/share/blockstore/leaves.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define AT_ONCE (UINT64_C(16) << 20) /* bytes read back, or hashed, before others may work */

int wi_content_run_is_over(const struct content_run *run)
{
    return run->failed || run->phase == CONTENT_CLOSING;
}

void wi_content_run_fail(struct content_run *run, const struct wi_error *error)
{
    if (wi_content_run_is_over(run))
        return;
    run->failed = 1;
    run->error = *error;
    wi_turn_schedule(run->turn);
}

/* --- on a thread ------------------------------------------------------------------------------ */

static enum wi_code file_open(struct content_file *file)
{
    struct content_work *work = &file->work;
    const struct wi_filled_plan plan = {.path = file->row.path,
        .cid = file->cid,
        .bytes = file->row.bytes,
        .leaves = file->leaves,
        .count = file->leaf_count,
        .unknown = !work->look,
        .hash = file->row.digest == WI_HUB_SHA256 ? file->row.hash : NULL};
    file->file = wi_filled_open(file->run->folder, &plan, &work->error);
    file->looked = work->look;
    return file->file ? WI_OK : work->error.code;
}

static enum wi_code write_puts(struct content_file *file)
{
    struct content_work *work = &file->work;
    enum wi_code code = WI_OK;
    for (const struct content_put *put = work->puts; put && code == WI_OK; put = put->next)
        code = put->leaf != SIZE_MAX
                   ? wi_filled_add(file->file, put->leaf, put->bytes, &work->error)
                   : wi_filled_put(file->file, put->at, put->there ? NULL : put->bytes, put->size,
                         &work->error);
    return code;
}

/* Puts a block together from what is kept of it and what the file has. */
static void read_hole(struct content_file *file, struct content_hole *hole)
{
    const struct wi_kept_block *kept = hole->kept;
    unsigned char *block = wi_alloc(kept->size + kept->hole_size);
    if (wi_filled_read(file->file, kept->at, block + kept->hole_at, kept->hole_size) != 0) {
        free(block);
        return;
    }
    memcpy(block, kept->bytes, kept->hole_at);
    memcpy(block + kept->hole_at + kept->hole_size, kept->bytes + kept->hole_at,
        kept->size - kept->hole_at);
    hole->block = block;
}

static int by_hash(const void *a, const void *b, void *context)
{
    const struct wi_leaf *leaves = context;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    int order = memcmp(leaves[left].cid.hash, leaves[right].cid.hash, WI_HASH_SIZE);
    return order ? order : (left > right) - (left < right);
}

static int by_place(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static int is_same_block(const struct content_file *file, size_t a, size_t b)
{
    return memcmp(file->leaves[file->by_hash[a]].cid.hash, file->leaves[file->by_hash[b]].cid.hash,
               WI_HASH_SIZE) == 0;
}

/* Of each block that is missing anywhere, the first place. */
static void find_wanted(struct content_file *file)
{
    int wanted = 0;
    for (size_t i = 0; i < file->leaf_count; i++) {
        if (i > 0 && !is_same_block(file, i - 1, i))
            wanted = 0;
        if (wanted || wi_filled_has(file->file, file->by_hash[i]))
            continue;
        wanted = 1;
        file->wanted[file->wanted_count++] = file->by_hash[i];
    }
    qsort(file->wanted, file->wanted_count, sizeof *file->wanted, by_place);
}

/* Notes which of those a file of the store has. */
static int note_known(void *context, const char *sha256, const struct wi_leaves *leaves)
{
    struct content_file *file = context;
    size_t files = file->known_files.count, count;
    for (size_t i = 0; i < leaves->count; i++) {
        struct wi_cid cid = {.codec = WI_CODEC_RAW};
        memcpy(cid.hash, leaves->hashes[i], sizeof cid.hash);
        size_t first = wi_content_file_find(file, &cid, &count);
        if (count == 0 || file->leaves[file->by_hash[first]].cid.codec != WI_CODEC_RAW)
            continue;
        if (files == file->known_files.count)
            wi_strings_add(&file->known_files, sha256);
        if (!file->known)
            file->known = wi_alloc(file->leaf_count * sizeof *file->known);
        for (size_t k = first; k < first + count; k++)
            file->known[file->by_hash[k]] =
                (struct content_known){i * (uint64_t)WI_LEAF_BYTES, (uint32_t)files + 1};
    }
    return 0;
}

static void index_leaves(struct content_file *file)
{
    file->by_hash = wi_realloc_array(NULL, file->leaf_count + 1, sizeof *file->by_hash);
    file->wanted = wi_realloc_array(NULL, file->leaf_count + 1, sizeof *file->wanted);
    for (size_t i = 0; i < file->leaf_count; i++)
        file->by_hash[i] = (uint32_t)i;
    qsort_r(file->by_hash, file->leaf_count, sizeof *file->by_hash, by_hash, (void *)file->leaves);
    find_wanted(file);
    /* Of a file of one leaf nothing could be left to copy: as a whole it would be here already. */
    if (file->run->library && file->wanted_count > 0 && file->leaf_count > 1)
        wi_leaves_each(file->run->library, note_known, file);
}

static enum wi_code file_look(struct content_file *file)
{
    struct content_work *work = &file->work;
    if (!file->looked)
        wi_filled_know(file->file, file->leaves, file->leaf_count);
    file->looked = 1;
    work->more = wi_filled_read_back(file->file, AT_ONCE, &work->error);
    if (work->more < 0)
        return work->error.code;
    if (!work->more)
        index_leaves(file);
    return WI_OK;
}

/* Whether its leaves are those that the file has by our own profile. */
static int has_own_leaves(const struct content_file *file)
{
    uint64_t at = 0;
    for (size_t i = 0; i < file->leaf_count; i++) {
        const struct wi_leaf *leaf = &file->leaves[i];
        if (leaf->at != at || (leaf->bytes != WI_LEAF_BYTES && i + 1 < file->leaf_count))
            return 0;
        at += leaf->bytes;
    }
    return file->leaf_count > 0 && at == file->row.bytes;
}

/* What cannot be kept is computed again by who needs it. */
static void keep_leaves(const struct content_file *file)
{
    struct wi_leaves leaves = {.count = file->leaf_count, .bytes = file->row.bytes};
    if (!file->run->store || !has_own_leaves(file))
        return;
    leaves.hashes = wi_realloc_array(NULL, leaves.count, sizeof *leaves.hashes);
    for (size_t i = 0; i < leaves.count; i++)
        memcpy(leaves.hashes[i], file->leaves[i].cid.hash, WI_HASH_SIZE);
    wi_leaves_keep(file->run->store, file->row.sha256, &leaves, 0);
    wi_leaves_clear(&leaves);
}

static enum wi_code file_end(struct content_file *file)
{
    struct content_work *work = &file->work;
    if (!wi_filled_is_done(file->file)) {
        work->more = wi_filled_hash(file->file, AT_ONCE, &work->error);
        if (work->more < 0)
            return work->error.code;
        if (work->more)
            return WI_OK;
        if (wi_filled_finish(file->file, &work->error) != WI_OK)
            return work->error.code;
    }
    wi_filled_sha256(file->file, file->row.sha256);
    keep_leaves(file);
    return WI_OK;
}

static enum wi_code work_on(struct content_file *file)
{
    struct content_work *work = &file->work;
    enum wi_code code = file->file ? WI_OK : file_open(file);
    if (code == WI_OK)
        code = write_puts(file);
    for (struct content_hole *hole = work->holes; hole && code == WI_OK; hole = hole->next)
        read_hole(file, hole);
    if (code == WI_OK && work->look)
        code = file_look(file);
    if (code == WI_OK && work->end)
        code = file_end(file);
    return code;
}

static void content_work_run(void *data)
{
    struct content_file *file = data;
    struct content_work *work = &file->work;
    if (!work->close && !file->broken)
        work->code = work_on(file);
    file->broken |= work->code != WI_OK;
    work->got = file->file ? wi_filled_bytes(file->file) : 0;
    if (work->leave && file->file)
        wi_filled_leave(file->file);
    if (work->close || (work->end && work->code == WI_OK && !work->more)) {
        wi_filled_close(WI_TAKE(file->file));
    }
}

/* --- what came of it -------------------------------------------------------------------------- */

static void drop_puts(struct content_file *file, struct content_put *puts)
{
    for (struct content_put *next; puts; puts = next) {
        next = puts->next;
        file->run->waiting_bytes -= puts->size;
        free(puts);
    }
}

void wi_content_holes_free(struct content_hole *holes)
{
    for (struct content_hole *next; holes; holes = next) {
        next = holes->next;
        free(holes->block);
        free(holes);
    }
}

static void work_take_result(struct content_file *file, const struct content_work *work)
{
    if (work->code != WI_OK) {
        wi_content_run_fail(file->run, &work->error);
        return;
    }
    if (work->look && !work->more) { /* other threads may write leaves into it from now on */
        file->state = CONTENT_FETCHING;
        uv_mutex_lock(&file->run->lock);
        file->takes = 1;
        uv_mutex_unlock(&file->run->lock);
    }
    if (work->end && !work->more)
        file->state = CONTENT_DONE;
}

static void on_worked(void *data, int cancelled)
{
    struct content_file *file = data;
    struct content_run *run = file->run;
    struct content_work work = WI_TAKE(file->work);
    int goes_on = !wi_content_run_is_over(run);
    (void)cancelled; /* the queue is freed with the run, which waits for its works */
    file->busy = 0;
    file->closed |= work.close;
    file->got = work.got;
    run->works--;
    run->changed = 1;
    if (goes_on && !work.close)
        work_take_result(file, &work);
    drop_puts(file, work.puts);
    LL_CONCAT(run->put_together, work.holes); /* the run gives them to the walk */
    wi_turn_schedule(run->turn);
}

/* The lists of what is to be done go with it. */
static void start_work(struct content_file *file, struct content_work work)
{
    if (!work.close) {
        work.puts = WI_TAKE(file->puts);
        work.holes = WI_TAKE(file->holes);
    }
    file->work = work;
    file->busy = 1;
    file->run->works++;
    wi_work_queue_start(file->run->queue, 0, content_work_run, on_worked, file);
}

/* --- step by step ----------------------------------------------------------------------------- */

void wi_content_file_put(
    struct content_file *file, uint64_t at, const unsigned char *bytes, size_t size)
{
    size_t own = bytes ? size : 0;
    struct content_put *put = wi_alloc(sizeof *put + own);
    *put = (struct content_put){
        .at = at, .size = size, .leaf = SIZE_MAX, .there = !bytes, .next = file->puts};
    if (own > 0)
        memcpy(put->bytes, bytes, own);
    file->puts = put;
    file->run->waiting_bytes += size;
    wi_turn_schedule(file->run->turn);
}

void wi_content_file_put_leaf(struct content_file *file, size_t leaf, const unsigned char *bytes)
{
    const struct wi_leaf *known = &file->leaves[leaf];
    wi_content_file_put(file, known->at, bytes, known->bytes);
    file->puts->leaf = leaf;
}

void wi_content_file_read(struct content_file *file, const struct wi_kept_block *kept)
{
    struct content_hole *hole = wi_alloc(sizeof *hole);
    *hole = (struct content_hole){.kept = kept, .next = file->holes};
    file->holes = hole;
    wi_turn_schedule(file->run->turn);
}

/* From then on no other thread writes into it. 0 while one does. */
static int leave_leaves(struct content_file *file)
{
    uv_mutex_lock(&file->run->lock);
    int left = file->users == 0;
    file->takes = !left;
    uv_mutex_unlock(&file->run->lock);
    if (left)
        file->state = CONTENT_ENDING;
    return left;
}

static void file_walk(struct content_file *file)
{
    const struct wi_walk *walk = file->run->walk;
    if (!wi_walk_is_whole(walk, file->item)) {
        if (file->puts || file->holes)
            start_work(file, (struct content_work){0});
        return;
    }
    file->state = CONTENT_LOOKING;
    file->leaves = wi_walk_files(walk, NULL)[file->item].leaves;
    file->leaf_count = wi_walk_files(walk, NULL)[file->item].leaf_count;
    wi_content_file_go_on(file);
}

static void file_fetch(struct content_file *file)
{
    if (file->puts)
        start_work(file, (struct content_work){0});
    else if (wi_filled_bytes(file->file) == file->row.bytes && leave_leaves(file))
        start_work(file, (struct content_work){.end = 1});
}

static void close_file(struct content_file *file)
{
    const struct content_run *run = file->run;
    /* Somebody else goes on with what did not come whole. */
    int leaves = run->failed && run->pull && run->pull->order.hub_follows;
    drop_puts(file, WI_TAKE(file->puts));
    wi_content_holes_free(WI_TAKE(file->holes));
    if (file->busy || file->closed)
        return;
    if (file->file)
        start_work(file, (struct content_work){.close = 1, .leave = leaves});
    else
        file->closed = 1;
}

void wi_content_file_go_on(struct content_file *file)
{
    if (file->run->phase == CONTENT_CLOSING)
        close_file(file);
    else if (file->busy)
        return;
    else if (file->state == CONTENT_WALKING)
        file_walk(file);
    else if (file->state == CONTENT_LOOKING)
        start_work(file, (struct content_work){.look = 1});
    else if (file->state == CONTENT_FETCHING)
        file_fetch(file);
    else if (file->state == CONTENT_ENDING)
        start_work(file, (struct content_work){.end = 1});
}

/* --- what others ask -------------------------------------------------------------------------- */

uint64_t wi_content_file_bytes(const struct content_file *file)
{
    if (file->state == CONTENT_FETCHING && file->run->phase != CONTENT_CLOSING)
        return wi_filled_bytes(file->file);
    if (file->state == CONTENT_FETCHING)
        return file->got;
    return file->state >= CONTENT_ENDING ? file->row.bytes : file->got;
}

size_t wi_content_file_find(
    const struct content_file *file, const struct wi_cid *cid, size_t *count)
{
    size_t low = 0, high = file->leaf_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct wi_leaf *leaf = &file->leaves[file->by_hash[middle]];
        if (memcmp(leaf->cid.hash, cid->hash, WI_HASH_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (*count = 0; low + *count < file->leaf_count; ++*count)
        if (memcmp(file->leaves[file->by_hash[low + *count]].cid.hash, cid->hash, WI_HASH_SIZE))
            break;
    return low;
}

/* --- life ------------------------------------------------------------------------------------- */

void wi_content_file_init(
    struct content_file *file, struct content_run *run, const struct wi_hub_file *row, size_t item)
{
    *file = (struct content_file){.run = run, .row = *row, .item = item};
    file->row.path = wi_strdup(row->path);
    file->row.remote = NULL;
    if (row->here)
        file->state = CONTENT_DONE;
    if (item != SIZE_MAX)
        file->cid = wi_walk_files(run->walk, NULL)[item].cid;
}

void wi_content_file_clear(struct content_file *file)
{
    free(file->row.path);
    free(file->by_hash);
    free(file->wanted);
    free(file->known);
    wi_strings_clear(&file->known_files);
}
