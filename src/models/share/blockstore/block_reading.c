/*
 * A block or a CAR in segments. One file is open at a time: a CAR has the blocks of a file one
 * after another, except blocks that several files have.
 */
#include "models/share/blockstore/outline.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/memory.h"
#include "models/share/content/car.h"
#include <stdlib.h>

struct wi_block_reading {
    struct wi_outline *outline; /* a reference */
    uint32_t *order;            /* the blocks */
    size_t count, at;
    int is_car, has_head;   /* `has_head`: the block's section has begun */
    struct wi_buffer begin; /* of a CAR */
    int has_begun;          /* that was given */
    unsigned char head[WI_CAR_HEAD_MAX];
    int fd; /* of the file with the number `file`; -1: none is open */
    uint32_t file;
    int failed;
};

/* --- files ------------------------------------------------------------------------------------ */

static int is_file(const struct wi_block_reading *reading, const struct stat *status)
{
    struct wi_file_identity now = wi_file_identity_of(status);
    return wi_file_identity_same(&now, &reading->outline->files[reading->file].seen);
}

/* Reports a file that is no longer the published one. Returns -1. */
static int reading_fail(struct wi_block_reading *reading)
{
    const struct wi_outline *outline = reading->outline;
    reading->failed = 1;
    if (outline->on_changed)
        outline->on_changed(outline->context, outline->files[reading->file].path);
    return -1;
}

/* Whether the open file, if there is one, was not written to since it was hashed. */
static int reading_check_file(struct wi_block_reading *reading)
{
    struct stat status;
    if (reading->fd < 0 || (fstat(reading->fd, &status) == 0 && is_file(reading, &status)))
        return 0;
    return reading_fail(reading);
}

static int reading_open_file(struct wi_block_reading *reading, uint32_t file)
{
    const struct wi_outline *outline = reading->outline;
    struct wi_error error;
    struct stat status;
    if (reading_check_file(reading) != 0)
        return -1;
    if (reading->fd >= 0 && reading->file == file)
        return 0;
    wi_close(reading->fd);
    reading->file = file;
    reading->fd = wi_open_inside(
        outline->directory, outline->folder, outline->files[file].path, &status, &error);
    if (reading->fd < 0 && error.code == WI_UNAVAILABLE) {
        reading->failed = 1;
        return -1; /* which says nothing of the file */
    }
    return reading->fd >= 0 && is_file(reading, &status) ? 0 : reading_fail(reading);
}

/* The first file that is needed, so that nothing begins that cannot be. */
static int open_first(struct wi_block_reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        const struct wi_outline_block *block = &reading->outline->blocks[reading->order[i]];
        if (block->file != WI_OUTLINE_INNER)
            return reading_open_file(reading, block->file);
    }
    return 0;
}

/* --- beginning -------------------------------------------------------------------------------- */

static uint64_t reading_measure(struct wi_block_reading *reading)
{
    uint64_t bytes = reading->begin.size;
    for (size_t i = 0; i < reading->count; i++) {
        size_t size = wi_outline_size(reading->outline, reading->order[i]);
        struct wi_cid cid = wi_outline_cid(reading->outline, reading->order[i]);
        bytes += size + (reading->is_car ? wi_car_section(&cid, size, reading->head) : 0);
    }
    return bytes;
}

struct wi_block_reading *wi_block_reading_new(
    struct wi_outline *outline, size_t block, int is_car, enum wi_dag_scope scope, uint64_t *bytes)
{
    struct wi_block_reading *reading = wi_alloc(sizeof *reading);
    struct wi_cid root = wi_outline_cid(outline, block);
    reading->outline = wi_outline_ref(outline);
    reading->order =
        wi_outline_walk(outline, block, is_car ? scope : WI_SCOPE_BLOCK, &reading->count);
    reading->fd = -1;
    reading->is_car = is_car;
    if (is_car)
        wi_car_begin(&reading->begin, &root);
    if (bytes)
        *bytes = reading_measure(reading);
    if (open_first(reading) == 0)
        return reading;
    wi_block_reading_free(reading);
    return NULL;
}

void wi_block_reading_free(struct wi_block_reading *reading)
{
    if (!reading)
        return;
    wi_close(reading->fd);
    wi_buffer_clear(&reading->begin);
    wi_outline_unref(reading->outline);
    free(reading->order);
    free(reading);
}

/* --- going on --------------------------------------------------------------------------------- */

static int give_memory(struct wi_segment *segment, const void *bytes, size_t size)
{
    *segment = (struct wi_segment){.memory = bytes, .fd = -1, .size = size};
    return 1;
}

static int give_head(struct wi_block_reading *reading, struct wi_segment *segment)
{
    uint32_t number = reading->order[reading->at];
    struct wi_cid cid = wi_outline_cid(reading->outline, number);
    reading->has_head = 1;
    return give_memory(segment, reading->head,
        wi_car_section(&cid, wi_outline_size(reading->outline, number), reading->head));
}

/* 1; 0 where the block is empty; -1. */
static int give_block(struct wi_block_reading *reading, struct wi_segment *segment)
{
    uint32_t number = reading->order[reading->at++];
    const struct wi_outline_block *block = &reading->outline->blocks[number];
    size_t size = wi_outline_size(reading->outline, number);
    reading->has_head = 0;
    if (block->file == WI_OUTLINE_INNER)
        return give_memory(segment, reading->outline->nodes[block->number].block, size);
    if (reading_open_file(reading, block->file) != 0)
        return -1;
    *segment = (struct wi_segment){
        .fd = reading->fd, .at = (uint64_t)block->number * WI_LEAF_BYTES, .size = size};
    return size > 0;
}

int wi_block_reading_next(struct wi_block_reading *reading, struct wi_segment *segment)
{
    int given = 0;
    if (reading->failed)
        return -1;
    if (reading->is_car && !reading->has_begun) {
        reading->has_begun = 1;
        return give_memory(segment, reading->begin.text, reading->begin.size);
    }
    while (given == 0 && reading->at < reading->count)
        given = reading->is_car && !reading->has_head ? give_head(reading, segment)
                                                      : give_block(reading, segment);
    return given ? given : reading_check_file(reading);
}
