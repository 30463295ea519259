/* The blocks of a run: which is next, and what becomes of one that has come. */
#include "models/arrive/hub/content_private.h"

#include "base/descriptors.h"
#include "base/memory.h"
#include "models/arrive/hub/content_tree.h"
#include "models/share/blockstore/blockstore.h"
#include "models/share/blockstore/leaves.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COPIES 4           /* under way at the same time */
#define HOLE_MIN 64        /* bytes: a smaller one is not worth it */
#define TRIES 2            /* of who stumbles, where the hub brings the rest */
#define AT_ONCE (4u << 20) /* bytes of kept blocks that are read before others may work */

/* --- blocks that were asked for --------------------------------------------------------------- */

static struct content_flight *find_flight(struct content_run *run, const struct wi_cid *cid)
{
    return WI_TABLE_FIND(run->flights, cid, sizeof *cid);
}

static void take_off(struct content_run *run, const struct wi_cid *cid)
{
    struct content_flight *flight = wi_alloc(sizeof *flight);
    flight->cid = *cid;
    HASH_ADD(hh, run->flights, cid, sizeof flight->cid, flight);
}

static void flight_land(struct content_run *run, const struct wi_cid *cid)
{
    struct content_flight *flight = find_flight(run, cid);
    HASH_DEL(run->flights, flight);
    free(flight);
}

void wi_content_blocks_clear(struct content_run *run)
{
    struct content_flight *flight;
    while ((flight = WI_TABLE_TAKE(run->flights)))
        free(flight);
    wi_content_holes_free(run->put_together);
}

/* --- what is read ----------------------------------------------------------------------------- */

static void note_hole(struct content_run *run, const struct content_file *file, uint64_t at,
    const unsigned char *bytes, size_t size)
{
    struct content_giving *giving = &run->giving;
    if (!giving->block || bytes < giving->block || bytes + size > giving->block + giving->size ||
        size <= giving->hole_size || size < HOLE_MIN)
        return;
    giving->path = file->row.path;
    giving->at = at;
    giving->hole_at = (size_t)(bytes - giving->block);
    giving->hole_size = size;
}

/* Whether they come from that very place of the file. */
static int bytes_are_there(
    const struct content_run *run, const struct content_file *file, uint64_t at, size_t size)
{
    const struct wi_kept_block *kept = run->giving.kept;
    return kept && kept->path && kept->at == at && kept->hole_size == size &&
           strcmp(kept->path, file->row.path) == 0;
}

static void on_bytes(
    void *context, size_t item, uint64_t at, const unsigned char *bytes, size_t size)
{
    struct content_run *run = context;
    if (!run->wanted && at == 0)
        run->name = wi_content_file_name(bytes, size);
    for (size_t i = 0; i < run->count; i++) {
        struct content_file *file = &run->files[i];
        if (file->item != item || file->state != CONTENT_WALKING)
            continue;
        wi_content_file_put(file, at, bytes_are_there(run, file, at, size) ? NULL : bytes, size);
        note_hole(run, file, at, bytes, size);
    }
}

static enum wi_code block_give(struct content_run *run, const struct wi_cid *cid,
    const unsigned char *block, size_t size, const struct wi_kept_block *kept,
    struct wi_error *error)
{
    run->giving = (struct content_giving){.block = block, .size = size, .kept = kept};
    enum wi_code code = wi_walk_give(run->walk, cid, block, size, error);
    run->giving.block = NULL;
    wi_turn_schedule(run->turn);
    return code;
}

/* What is kept is not believed: one that is wrong is asked for. */
static void give_kept(
    struct content_run *run, const struct wi_kept_block *kept, const unsigned char *block)
{
    struct wi_error error = {0};
    enum wi_code code = WI_DOWNLOAD_CORRUPT;
    if (block)
        code = block_give(run, &kept->cid, block, kept->size + kept->hole_size, kept, &error);
    if (code == WI_DOWNLOAD_CORRUPT) {
        wi_kept_blocks_forget(run->kept, &kept->cid);
        wi_walk_return(run->walk, &kept->cid);
    } else if (code != WI_OK) {
        wi_content_run_fail(run, &error);
    }
}

void wi_content_blocks_take(struct content_run *run)
{
    struct content_hole *holes = WI_TAKE(run->put_together);
    for (struct content_hole *hole = holes; hole && !wi_content_run_is_over(run);
         hole = hole->next) {
        flight_land(run, &hole->kept->cid);
        give_kept(run, hole->kept, hole->block);
    }
    wi_content_holes_free(holes);
}

/* Without the part of it that is in a file, if that is large. */
static void keep_block(struct content_run *run, const struct wi_block *block)
{
    const struct content_giving *giving = &run->giving;
    struct wi_kept_block kept = {
        .cid = block->want.cid, .size = block->size, .bytes = block->bytes};
    if (giving->hole_size > 0) {
        kept.path = giving->path;
        kept.at = giving->at;
        kept.hole_at = (uint32_t)giving->hole_at;
        kept.hole_size = (uint32_t)giving->hole_size;
        kept.size -= giving->hole_size;
        memmove(block->bytes + giving->hole_at, block->bytes + giving->hole_at + giving->hole_size,
            kept.size - giving->hole_at);
    }
    wi_kept_blocks_add(run->kept, &kept);
}

static void take_node(struct content_run *run, struct wi_block *block)
{
    struct wi_error error;
    if (block_give(run, &block->want.cid, block->bytes, block->size, NULL, &error) != WI_OK)
        wi_content_run_fail(run, &error);
    else
        keep_block(run, block);
}

/* --- leaves ----------------------------------------------------------------------------------- */

static enum wi_code add_leaves(
    const struct content_file *file, const struct wi_block *block, struct wi_error *error)
{
    size_t count, first = wi_content_file_find(file, &block->want.cid, &count);
    enum wi_code code = WI_OK;
    for (size_t i = first; i < first + count && code == WI_OK; i++) {
        const struct wi_leaf *leaf = &file->leaves[file->by_hash[i]];
        code = leaf->bytes == block->size
                   ? wi_filled_add(file->file, file->by_hash[i], block->bytes, error)
                   : wi_error_set(error, WI_HUB_FAILED, "",
                         "%.255s: a leaf has %zu bytes, and %u by what links to it", file->row.path,
                         block->size, leaf->bytes);
    }
    return code;
}

/* Whether leaves may be written into it, and read from it, until it is left. On any thread. */
static int file_enter(struct content_file *file)
{
    uv_mutex_lock(&file->run->lock);
    int takes = file->takes;
    file->users += (unsigned)takes;
    uv_mutex_unlock(&file->run->lock);
    return takes;
}

static void file_leave(struct content_file *file)
{
    uv_mutex_lock(&file->run->lock);
    file->users--;
    uv_mutex_unlock(&file->run->lock);
}

/* On a thread of those that verify: into all files that are under way. Their number and their
 * places stay as long as any block is under way. */
static enum wi_code keep_leaf(void *context, struct wi_block *block, struct wi_error *error)
{
    struct content_run *run = context;
    enum wi_code code = WI_OK;
    if (block->want.tag != CONTENT_LEAF || !run->wanted)
        return WI_OK;
    for (size_t i = 0; i < run->count && code == WI_OK; i++) {
        struct content_file *file = &run->files[i];
        if (!file_enter(file))
            continue;
        code = add_leaves(file, block, error);
        file_leave(file);
    }
    return code;
}

static void on_block(void *context, struct wi_block *block)
{
    struct content_run *run = context;
    run->changed = 1;
    flight_land(run, &block->want.cid);
    run->giving = (struct content_giving){0};
    if (wi_content_run_is_over(run))
        return;
    if (block->want.tag == CONTENT_NODE) {
        take_node(run, block);
    } else if (run->phase == CONTENT_NAME) { /* the first leaf is kept until it is fetched */
        run->name = wi_content_file_name(block->bytes, block->size);
        keep_block(run, block);
    }
    wi_turn_schedule(run->turn);
}

/* --- leaves that this pull or a file of this store has: copied instead of fetched ------------- */

/* Where a leaf is, in one of three places: what is read is looked at as if it came from anywhere,
 * since the store may change meanwhile. */
struct copy {
    struct content_file *file;
    size_t leaf;
    int fd;                     /* our own; or -1: */
    const char *sha256;         /* of a file of the store, borrowed from `file`; or NULL: */
    struct content_file *other; /* of this pull */
    int holds;                  /* we are one of its users; else it is done */
    uint64_t at;
    unsigned char *bytes;
    int right;
};

static int read_copy(struct copy *copy, size_t size)
{
    if (copy->holds)
        return wi_filled_read(copy->other->file, copy->at, copy->bytes, size);
    if (copy->other)
        copy->fd = openat(
            copy->file->run->folder, copy->other->row.path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (copy->sha256)
        copy->fd = wi_leaves_open_file(copy->file->run->library, copy->sha256);
    return copy->fd >= 0 && wi_read_all(copy->fd, copy->bytes, size, copy->at) == (ssize_t)size
               ? 0
               : -1;
}

static void run_copy(void *data)
{
    struct copy *copy = data;
    const struct wi_leaf *leaf = &copy->file->leaves[copy->leaf];
    struct wi_cid cid;
    copy->bytes = wi_alloc(leaf->bytes);
    if (read_copy(copy, leaf->bytes) != 0)
        return;
    wi_cid_of(leaf->cid.codec, copy->bytes, leaf->bytes, &cid);
    copy->right = wi_cid_equal(&cid, &leaf->cid);
}

/* Into all places of the file that have this block. */
static void put_everywhere(struct content_file *file, const struct copy *copy)
{
    size_t count, first = wi_content_file_find(file, &file->leaves[copy->leaf].cid, &count);
    for (size_t i = first; i < first + count; i++)
        if (file->leaves[file->by_hash[i]].bytes == file->leaves[copy->leaf].bytes)
            wi_content_file_put_leaf(file, file->by_hash[i], copy->bytes);
}

static void on_copied(void *data, int cancelled)
{
    struct copy *copy = data;
    struct content_run *run = copy->file->run;
    (void)cancelled; /* the queue is freed with the run, which waits for its works */
    run->works--;
    run->copies--;
    if (copy->holds)
        file_leave(copy->other);
    if (copy->right && !wi_content_run_is_over(run))
        put_everywhere(copy->file, copy);
    /* If it is wrong nothing more is copied, and what is not there is asked for. */
    run->no_copies |= !copy->right;
    for (size_t i = 0; i < run->count && !copy->right; i++)
        run->files[i].next = 0;
    wi_turn_schedule(run->turn);
    wi_close(copy->fd);
    free(copy->bytes);
    free(copy);
}

/* The one stretch of a file that the block is; -1 where it is not here, or no such one. */
static int find_published(struct wi_blockstore *blocks, const struct wi_leaf *leaf, uint64_t *at)
{
    struct wi_block_reading *reading =
        wi_blockstore_read(blocks, &leaf->cid, 0, WI_SCOPE_BLOCK, NULL);
    struct wi_segment segment;
    int fd = -1;
    if (reading && wi_block_reading_next(reading, &segment) == 1 && !segment.memory &&
        segment.size == leaf->bytes) {
        fd = fcntl(segment.fd, F_DUPFD_CLOEXEC, 0);
        *at = segment.at;
    }
    wi_block_reading_free(reading);
    return fd;
}

/* The place in another file of the pull where the leaf is, SIZE_MAX if it is not there. */
static size_t find_in(const struct content_file *other, const struct wi_leaf *leaf)
{
    size_t count, first = wi_content_file_find(other, &leaf->cid, &count);
    for (size_t i = first; i < first + count; i++) {
        size_t place = other->by_hash[i];
        if (other->leaves[place].bytes == leaf->bytes &&
            (other->state != CONTENT_FETCHING || wi_filled_has(other->file, place)))
            return place;
    }
    return SIZE_MAX;
}

/* 1 if that file has it, 0 if not, -1 if it has it and cannot be read at this moment. */
static int find_in_other(struct content_file *other, struct copy *copy)
{
    int holds = other->state == CONTENT_FETCHING;
    if (other->state < CONTENT_FETCHING || (holds && !file_enter(other)))
        return 0;
    size_t place = find_in(other, &copy->file->leaves[copy->leaf]);
    if (place == SIZE_MAX && holds)
        file_leave(other);
    if (place == SIZE_MAX)
        return 0;
    copy->other = other;
    copy->holds = holds;
    copy->at = other->leaves[place].at;
    return other->state == CONTENT_ENDING ? -1 : 1;
}

/* As copy_leaf. */
static int find_copy(struct content_run *run, struct copy *copy)
{
    const struct content_known *known = copy->file->known ? &copy->file->known[copy->leaf] : NULL;
    struct wi_blockstore *blocks = run->pull->order.blocks;
    int own = 0;
    for (size_t i = 0; i < run->count && own == 0; i++)
        if (&run->files[i] != copy->file)
            own = find_in_other(&run->files[i], copy);
    if (own != 0)
        return own;
    if (blocks)
        copy->fd = find_published(blocks, &copy->file->leaves[copy->leaf], &copy->at);
    if (copy->fd >= 0 || !known || known->file == 0)
        return copy->fd >= 0;
    copy->sha256 = copy->file->known_files.items[known->file - 1];
    copy->at = known->at;
    return 1;
}

/* 1 if the leaf is on its way, 0 if it has to come from elsewhere, -1 if it is to be tried again
 * later. */
static int copy_leaf(struct content_run *run, struct content_file *file, size_t leaf)
{
    struct copy found = {.file = file, .leaf = leaf, .fd = -1};
    if (run->no_copies)
        return 0;
    if (run->copies >= COPIES || run->waiting_bytes >= CONTENT_PUTS)
        return -1;
    int there = find_copy(run, &found);
    if (there != 1)
        return there;
    struct copy *copy = wi_alloc(sizeof *copy);
    *copy = found;
    run->copies++;
    run->works++;
    wi_work_queue_start(run->queue, 0, run_copy, on_copied, copy);
    return 1;
}

/* --- what is next ----------------------------------------------------------------------------- */

/* The bit of who has the file itself, but no nodes; 0: there is none. */
static uint32_t lacks_nodes(const struct content_run *run)
{
    const struct wi_content_order *order = &run->pull->order;
    return order->file_url ? UINT32_C(1) << (order->only_count - 1) : 0;
}

static int ask_leaf(struct content_run *run, struct wi_block_want *want, const struct wi_leaf *leaf)
{
    *want = (struct wi_block_want){
        .cid = leaf->cid, .bytes = leaf->bytes, .tag = CONTENT_LEAF, .at = leaf->at};
    if (leaf->bytes == 0)
        want->lacks = lacks_nodes(run);
    take_off(run, &leaf->cid);
    return 1;
}

/* Has the file put together what it has most of. 0 where it cannot. */
static int read_from_file(struct content_run *run, const struct wi_kept_block *kept)
{
    for (size_t i = 0; i < run->count; i++) {
        struct content_file *file = &run->files[i];
        if (file->state != CONTENT_WALKING || strcmp(file->row.path, kept->path) != 0 ||
            kept->at > file->row.bytes || kept->hole_size > file->row.bytes - kept->at)
            continue;
        take_off(run, &kept->cid);
        wi_content_file_read(file, kept);
        return 1;
    }
    return 0;
}

/* Not while what was read waits to be written; and one by one until a file's name is known, since
 * what comes behind its first bytes would be for nothing. */
static int reads_nodes(const struct content_run *run)
{
    return !wi_content_run_is_over(run) && run->waiting_bytes < CONTENT_PUTS &&
           (run->phase != CONTENT_NAME || (!run->name && !run->flights));
}

static int next_node(struct content_run *run, struct wi_block_want *want)
{
    struct wi_cid cid;
    size_t given = 0;
    while (given < AT_ONCE && reads_nodes(run) && wi_walk_wanted(run->walk, &cid)) {
        const struct wi_kept_block *kept = wi_kept_blocks_find(run->kept, &cid);
        if (kept && !kept->path) {
            give_kept(run, kept, kept->bytes);
        } else if (!kept || !read_from_file(run, kept)) {
            *want =
                (struct wi_block_want){.cid = cid, .tag = CONTENT_NODE, .lacks = lacks_nodes(run)};
            take_off(run, &cid);
            return 1;
        }
        given += kept->size;
    }
    if (given >= AT_ONCE)
        wi_turn_schedule(run->turn);
    return 0;
}

static int next_first_leaf(struct content_run *run, struct wi_block_want *want)
{
    const struct wi_walk_file *file = wi_walk_files(run->walk, NULL);
    if (run->name || !wi_walk_is_whole(run->walk, 0) || file->leaf_count == 0 ||
        find_flight(run, &file->leaves[0].cid))
        return 0;
    const struct wi_leaf *leaf = &file->leaves[0];
    const struct wi_kept_block *kept = wi_kept_blocks_find(run->kept, &leaf->cid);
    if (!kept)
        return ask_leaf(run, want, leaf);
    run->name = wi_content_file_name(kept->bytes, kept->size);
    wi_turn_schedule(run->turn);
    return 0;
}

/* 1 and what is to be asked for, or 0: there is none, or it is here and will be put in its place.
 */
static int next_leaf_of(
    struct content_run *run, struct content_file *file, struct wi_block_want *want)
{
    for (; file->next < file->wanted_count; file->next++) {
        size_t index = file->wanted[file->next];
        const struct wi_leaf *leaf = &file->leaves[index];
        const struct wi_kept_block *kept = wi_kept_blocks_find(run->kept, &leaf->cid);
        if (wi_filled_has(file->file, index))
            continue;
        if (find_flight(run, &leaf->cid))
            return 0; /* another file has asked for it */
        if (kept && kept->size == leaf->bytes) {
            wi_content_file_put_leaf(file, index, kept->bytes);
            continue;
        }
        int copied = copy_leaf(run, file, index);
        if (copied < 0)
            return 0;
        if (copied > 0)
            continue;
        file->next++;
        return ask_leaf(run, want, leaf);
    }
    return 0;
}

static int next_leaf(struct content_run *run, struct wi_block_want *want)
{
    for (size_t i = 0; i < run->count; i++)
        if (run->files[i].state == CONTENT_FETCHING && next_leaf_of(run, &run->files[i], want))
            return 1;
    return 0;
}

/* Whether nothing will be asked for but what is under way. */
static int is_last(const struct content_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        const struct content_file *file = &run->files[i];
        if (file->state < CONTENT_FETCHING ||
            (file->state == CONTENT_FETCHING && file->next < file->wanted_count))
            return 0;
    }
    return 1;
}

static enum wi_block_next block_next(void *context, struct wi_block_want *want)
{
    struct content_run *run = context;
    if (wi_content_run_is_over(run))
        return WI_BLOCK_LATER;
    if (next_node(run, want) || (run->phase == CONTENT_NAME && next_first_leaf(run, want)) ||
        (run->phase == CONTENT_FETCH && next_leaf(run, want)))
        return WI_BLOCK_NEXT;
    return run->phase == CONTENT_FETCH && is_last(run) ? WI_BLOCK_NONE : WI_BLOCK_LATER;
}

/* --- the start -------------------------------------------------------------------------------- */

static void on_failed(void *context, const struct wi_error *error)
{
    wi_content_run_fail(context, error);
}

/* Those that are asked; their number. */
static size_t gather_sources(
    const struct wi_content_order *order, struct wi_block_source *sources[WI_BLOCK_SOURCES_MAX])
{
    size_t own = order->only ? order->only_count : wi_sources_count(order->sources);
    size_t more = order->router ? wi_router_count(order->router) : 0, count = 0;
    for (size_t i = 0; i < own && count < WI_BLOCK_SOURCES_MAX; i++)
        sources[count++] = order->only ? order->only[i] : wi_sources_at(order->sources, i);
    for (size_t i = 0; i < order->member_count && count < WI_BLOCK_SOURCES_MAX; i++)
        sources[count++] = order->members[i];
    for (size_t i = 0; i < more && count < WI_BLOCK_SOURCES_MAX; i++)
        sources[count++] = wi_router_at(order->router, i);
    return count;
}

enum wi_code wi_content_blocks_start(struct content_run *run, struct wi_error *error)
{
    const struct wi_content_order *order = &run->pull->order;
    struct wi_block_source *sources[WI_BLOCK_SOURCES_MAX];
    size_t count = gather_sources(order, sources);
    if (count == 0)
        return wi_error_set(error, WI_HUB_FAILED, "hub",
            "there is no source for %.200s: the configuration has no [hub.NAME] of layout ipfs%s",
            order->reference->repository,
            order->members ? ", and no other member of the cluster serves it" : "");
    const struct wi_block_order blocks = {.sources = sources,
        .source_count = count,
        .file_url = order->file_url,
        .what = order->reference->repository,
        .stall_ms = order->stall_ms,
        .limit = order->limit,
        .next = block_next,
        .keep = keep_leaf,
        .on_block = on_block,
        .on_failed = on_failed,
        .context = run,
        .tries = order->hub_follows ? TRIES : 0,
        .pause_ms = order->pause_ms};
    wi_walk_on_bytes(run->walk, on_bytes, run);
    run->blocks = wi_block_fetch_new(order->loop, order->http, &blocks);
    return WI_OK;
}
