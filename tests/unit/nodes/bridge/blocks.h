/*
 * A blockstore of a few answers, in place of the real one: what is told of a CID is a list of
 * segments, and may break off before any of them.
 */
#ifndef WI_TESTS_BRIDGE_BLOCKS_H
#define WI_TESTS_BRIDGE_BLOCKS_H

#include "models/models.h"
#include <sys/mman.h>
#include <unistd.h>

#define SEGMENTS_MAX 8

struct given {
    const struct wi_cid *cid;
    int is_car;
    enum wi_dag_scope scope;
    struct wi_segment segments[SEGMENTS_MAX];
    size_t count;
    size_t
        good; /* so many segments are given before it breaks off; more than `count`: it does not */
};

struct wi_block_reading {
    const struct given *given;
    size_t at;
};

struct wi_blockstore {
    const struct given *given;
    size_t given_count;
    const struct wi_pin *pins;
    size_t pin_count;
    uint64_t runs;      /* of each of them */
    int checks;         /* how often its files were to be checked */
    const char *leaves; /* what is stored of each file; NULL: nothing */
    int soon;           /* it will be */
    int asks;           /* how often that was looked for */
};

static int open_readings;

static inline uint64_t bytes_of(const struct given *given)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < given->count; i++)
        bytes += given->segments[i].size;
    return bytes;
}

struct wi_block_reading *wi_blockstore_read(struct wi_blockstore *blocks, const struct wi_cid *cid,
    int is_car, enum wi_dag_scope scope, uint64_t *bytes)
{
    for (size_t i = 0; i < blocks->given_count; i++) {
        const struct given *given = &blocks->given[i];
        if (!wi_cid_equal(given->cid, cid) || given->is_car != is_car ||
            (is_car && given->scope != scope))
            continue;
        struct wi_block_reading *reading = wi_alloc(sizeof *reading);
        reading->given = given;
        *bytes = bytes_of(given);
        open_readings++;
        return reading;
    }
    return NULL;
}

int wi_block_reading_next(struct wi_block_reading *reading, struct wi_segment *segment)
{
    if (reading->at == reading->given->good)
        return -1;
    if (reading->at == reading->given->count)
        return 0;
    *segment = reading->given->segments[reading->at++];
    return 1;
}

void wi_block_reading_free(struct wi_block_reading *reading)
{
    if (reading)
        open_readings--;
    free(reading);
}

const struct wi_pin *wi_blockstore_at(const struct wi_blockstore *blocks, size_t index)
{
    return blocks && index < blocks->pin_count ? &blocks->pins[index] : NULL;
}

uint64_t wi_blockstore_runs(const struct wi_blockstore *blocks, const struct wi_pin *pin)
{
    (void)pin;
    return blocks->runs;
}

int wi_blockstore_open_leaves(struct wi_blockstore *blocks, int fd,
    const struct wi_model_file *file, uint64_t *size, int *soon)
{
    blocks->asks++;
    *soon = blocks->soon;
    *size = blocks->leaves ? strlen(blocks->leaves) : 0;
    int found = blocks->leaves ? memfd_create("leaves", MFD_CLOEXEC) : -1;
    if (found >= 0)
        assert_int_equal(write(found, blocks->leaves, *size), *size);
    return found;
}

void wi_blockstore_check(struct wi_blockstore *blocks)
{
    blocks->checks++;
}

#endif
