/* Leaves that a published model of this store has: copied, and hashed again, instead of fetched. */
#include "hub/content_private.h"

#include "base/descriptors.h"
#include "base/memory.h"
#include "blockstore/blockstore.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COPIES 4 /* under way at the same time */

/* The file's descriptor is our own, so that the store may change meanwhile: what is read is looked
 * at as if it came from anywhere. */
struct copy {
    struct content_file *file;
    size_t leaf;
    int fd;
    uint64_t at;
    unsigned char *bytes;
    int right;
};

/* --- on a thread ------------------------------------------------------------------------------ */

static int read_all(const struct copy *copy, size_t size)
{
    size_t got = 0;
    while (got < size) {
        ssize_t n = pread(copy->fd, copy->bytes + got, size - got, (off_t)(copy->at + got));
        if (n == 0 || (n < 0 && errno != EINTR))
            return -1;
        got += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static void run_copy(void *data)
{
    struct copy *copy = data;
    const struct wi_leaf *leaf = &copy->file->leaves[copy->leaf];
    struct wi_cid cid;
    copy->bytes = wi_alloc(leaf->bytes);
    if (read_all(copy, leaf->bytes) != 0)
        return;
    wi_cid_of(leaf->cid.codec, copy->bytes, leaf->bytes, &cid);
    copy->right = wi_cid_equal(&cid, &leaf->cid);
}

/* --- what came of it -------------------------------------------------------------------------- */

/* Into all places of the file that have this block. */
static void put_everywhere(struct content_file *file, const struct copy *copy)
{
    size_t count, first = content_file_find(file, &file->leaves[copy->leaf].cid, &count);
    for (size_t i = first; i < first + count; i++)
        if (file->leaves[file->by_hash[i]].bytes == file->leaves[copy->leaf].bytes)
            content_file_put_leaf(file, file->by_hash[i], copy->bytes);
}

/* Nothing more is copied, and what is not there is asked for. */
static void give_up(struct content_run *run)
{
    run->no_copies = 1;
    for (size_t i = 0; i < run->count; i++)
        run->files[i].next = 0;
}

static void on_copied(void *data, int cancelled)
{
    struct copy *copy = data;
    struct content_run *run = copy->file->run;
    (void)cancelled; /* the queue is freed with the run, which waits for its works */
    run->works--;
    run->copies--;
    if (copy->right && !content_run_is_over(run))
        put_everywhere(copy->file, copy);
    else if (!copy->right)
        give_up(run);
    wi_turn_schedule(run->turn);
    wi_close(copy->fd);
    free(copy->bytes);
    free(copy);
}

/* --- the start -------------------------------------------------------------------------------- */

/* The one stretch of a file that the block is; -1 where it is not here, or no such one. */
static int find(struct wi_blockstore *blocks, const struct wi_leaf *leaf, uint64_t *at)
{
    struct wi_block_reading *reading = wi_blockstore_block(blocks, &leaf->cid);
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

int content_local_copy(struct content_run *run, struct content_file *file, size_t leaf)
{
    struct wi_blockstore *blocks = run->pull->order.blocks;
    uint64_t at;
    if (!blocks || run->no_copies)
        return 0;
    if (run->copies >= COPIES || run->waiting_bytes >= CONTENT_PUTS)
        return -1;
    int fd = find(blocks, &file->leaves[leaf], &at);
    if (fd < 0)
        return 0;
    struct copy *copy = wi_alloc(sizeof *copy);
    *copy = (struct copy){.file = file, .leaf = leaf, .fd = fd, .at = at};
    run->copies++;
    run->works++;
    wi_work_queue_start(run->queue, 0, run_copy, on_copied, copy);
    return 1;
}
