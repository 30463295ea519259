/* See kept_blocks.h. */
#include "models/arrive/hub/kept_blocks.h"

#include "base/buffer.h"
#include "base/descriptors.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/table.h"
#include "models/catalog/library/store_path.h"
#include "models/catalog/library/versions.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Precedes the path and the bytes of a block in the file. Byte order is this machine's, which alone
 * reads it. */
struct head {
    uint64_t at;
    uint32_t codec, size, hole_at, hole_size, path_size;
    unsigned char hash[WI_HASH_SIZE];
};

struct kept {
    struct wi_kept_block block; /* `bytes` and `path` are behind it */
    int forgotten;
    UT_hash_handle hh;
    char own[];
};

struct wi_kept_blocks {
    unsigned holders;
    int loaded;
    struct kept *blocks; /* by CID */
    size_t bytes;
    struct wi_buffer fresh; /* is not written yet */
};

struct wi_kept_blocks *wi_kept_blocks_new(void)
{
    return wi_kept_blocks_hold(wi_alloc(sizeof(struct wi_kept_blocks)));
}

struct wi_kept_blocks *wi_kept_blocks_hold(struct wi_kept_blocks *kept)
{
    kept->holders++;
    return kept;
}

void wi_kept_blocks_release(struct wi_kept_blocks *kept)
{
    struct kept *one;
    if (!kept || --kept->holders > 0)
        return;
    while ((one = WI_TABLE_TAKE(kept->blocks)))
        free(one);
    wi_buffer_clear(&kept->fresh);
    free(kept);
}

static struct kept *kept_find(const struct wi_kept_blocks *kept, const struct wi_cid *cid)
{
    return WI_TABLE_FIND(kept->blocks, cid, sizeof *cid);
}

const struct wi_kept_block *wi_kept_blocks_find(
    const struct wi_kept_blocks *kept, const struct wi_cid *cid)
{
    const struct kept *one = kept_find(kept, cid);
    return one && !one->forgotten ? &one->block : NULL;
}

void wi_kept_blocks_forget(struct wi_kept_blocks *kept, const struct wi_cid *cid)
{
    struct kept *one = kept_find(kept, cid);
    if (one)
        one->forgotten = 1;
}

/* 1, or 0 where there is no room for it. */
static int kept_remember(struct wi_kept_blocks *kept, const struct wi_kept_block *block)
{
    size_t path = block->path ? strlen(block->path) + 1 : 0;
    size_t bytes = sizeof(struct kept) + block->size + path;
    if (kept_find(kept, &block->cid) || bytes > WI_KEPT_BYTES_MAX - kept->bytes)
        return 0;
    struct kept *one = wi_alloc(bytes);
    one->block = *block;
    one->block.path = path ? memcpy(one->own, block->path, path) : NULL;
    one->block.bytes = memcpy(one->own + path, block->bytes, block->size);
    HASH_ADD(hh, kept->blocks, block.cid, sizeof block->cid, one);
    kept->bytes += bytes;
    return 1;
}

void wi_kept_blocks_add(struct wi_kept_blocks *kept, const struct wi_kept_block *block)
{
    struct head head;
    if (!kept_remember(kept, block))
        return;
    memset(&head, 0, sizeof head);
    head.at = block->at;
    head.codec = block->cid.codec;
    head.size = (uint32_t)block->size;
    head.hole_at = block->hole_at;
    head.hole_size = block->hole_size;
    head.path_size = block->path ? (uint32_t)strlen(block->path) : 0;
    memcpy(head.hash, block->cid.hash, sizeof head.hash);
    wi_buffer_add(&kept->fresh, &head, sizeof head);
    wi_buffer_add(&kept->fresh, block->path ? block->path : "", head.path_size);
    wi_buffer_add(&kept->fresh, block->bytes, block->size);
}

/* Takes the block at the beginning of `bytes`: how many it has there, or 0 if it is none. */
static size_t read_block(struct wi_kept_blocks *kept, const unsigned char *bytes, size_t size)
{
    struct head head;
    char path[WI_FILE_PATH_MAX + 1];
    if (size < sizeof head)
        return 0;
    memcpy(&head, bytes, sizeof head);
    size_t whole = sizeof head + head.path_size + (size_t)head.size;
    if ((head.codec != WI_CODEC_RAW && head.codec != WI_CODEC_DAG_PB) || whole > size ||
        head.path_size >= sizeof path || head.size > WI_BLOCK_MAX || head.hole_at > head.size ||
        head.hole_size > WI_BLOCK_MAX - head.size)
        return 0;
    memcpy(path, bytes + sizeof head, head.path_size);
    path[head.path_size] = '\0';
    struct wi_kept_block block = {.size = head.size,
        .bytes = bytes + sizeof head + head.path_size,
        .path = head.path_size > 0 ? path : NULL,
        .at = head.at,
        .hole_at = head.hole_at,
        .hole_size = head.hole_size};
    memset(&block.cid, 0, sizeof block.cid);
    block.cid.codec = (enum wi_codec)head.codec;
    memcpy(block.cid.hash, head.hash, sizeof head.hash);
    kept_remember(kept, &block);
    return whole;
}

void wi_kept_blocks_load(struct wi_kept_blocks *kept, int folder)
{
    if (kept->loaded)
        return;
    kept->loaded = 1;
    errno = 0;
    int fd = openat(folder, WI_STAGING_BLOCKS, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    size_t size = 0, at = 0, one = 1;
    char *bytes = wi_path_text(fd, WI_KEPT_BYTES_MAX, &size);
    while (bytes && one > 0 && at < size)
        at += one = read_block(kept, (const unsigned char *)bytes + at, size - at);
    /* What comes next is to stand behind what can be read. */
    int known = fd >= 0 && (bytes || !wi_is_shortage(errno));
    if (known && ftruncate(fd, (off_t)at) != 0)
        unlinkat(folder, WI_STAGING_BLOCKS, 0);
    wi_close(fd);
    free(bytes);
}

unsigned char *wi_kept_blocks_take(struct wi_kept_blocks *kept, size_t *size)
{
    *size = kept->fresh.size;
    return kept->fresh.size > 0 ? (unsigned char *)wi_buffer_take(&kept->fresh) : NULL;
}

int wi_kept_blocks_write(int folder, const unsigned char *bytes, size_t size)
{
    struct stat status;
    int fd = openat(
        folder, WI_STAGING_BLOCKS, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    int known = fd >= 0 && fstat(fd, &status) == 0;
    int result = known && wi_write_all(fd, bytes, size) == 0 ? 0 : -1, why = errno;
    if (known && result != 0 && ftruncate(fd, status.st_size) != 0)
        unlinkat(folder, WI_STAGING_BLOCKS, 0);
    wi_close(fd);
    errno = why;
    return result;
}
