/*
 * Fuzzes CARs and the DAGs in them. With an odd first byte the rest is a CAR. Else it is a list of
 * blocks, each a byte of flags, two of its length, and its bytes; where these have a CID of
 * sha2-256, the first byte of the hash chooses an earlier block, whose CID it becomes. So what is
 * walked has right hashes, as that of somebody who means harm has. The last block is the root. Of
 * either the next two bits of the first byte choose which path is followed.
 */
#include "base/memory.h"
#include "models/share/content/car.h"
#include "models/share/content/walk.h"
#include "must.h"
#include "plant.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BLOCKS_MAX = 64, IS_RAW = 1 };

/* --- the walk --------------------------------------------------------------------------------- */

struct reading {
    struct wi_car_file *car;
    struct wi_walk *walk;
    uint64_t *told; /* bytes of each file */
};

static void take_bytes(
    void *context, size_t file, uint64_t at, const unsigned char *bytes, size_t size)
{
    struct reading *reading = context;
    size_t count;
    const struct wi_walk_file *files = wi_walk_files(reading->walk, &count);
    must(file < count && size > 0 && bytes);
    must(at <= files[file].bytes && size <= files[file].bytes - at);
    reading->told[file] += size;
}

static enum wi_code feed(struct reading *reading, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    struct wi_car_place place;
    struct wi_cid cid;
    for (unsigned i = 0; code == WI_OK && wi_walk_wanted(reading->walk, &cid); i++) {
        if (i % 2 == 0) {
            wi_walk_return(reading->walk, &cid);
            must(wi_walk_wanted(reading->walk, &cid));
        }
        code = wi_car_find(reading->car, &cid, &place, error);
        unsigned char *block = wi_alloc(code == WI_OK ? place.size + 1 : 1);
        if (code == WI_OK)
            code = wi_car_block(reading->car, &place, block, error);
        if (code == WI_OK)
            code = wi_walk_give(reading->walk, &cid, block, place.size, error);
        free(block);
    }
    must(code != WI_OK || wi_walk_is_done(reading->walk));
    return code;
}

/* Leaves and what was told are all of the file, and the leaves do not overlap. */
static void check_file(const struct wi_walk_file *file, uint64_t told)
{
    uint64_t bytes = told, end = 0;
    for (size_t i = 0; i < file->leaf_count; i++) {
        const struct wi_leaf *leaf = &file->leaves[i];
        must(leaf->at >= end && leaf->bytes > 0 && leaf->bytes <= WI_BLOCK_MAX);
        end = leaf->at + leaf->bytes;
        bytes += leaf->bytes;
    }
    must(bytes == file->bytes && end <= file->bytes);
}

static enum wi_code walk(struct reading *reading, struct wi_error *error)
{
    size_t count;
    enum wi_code code = feed(reading, error);
    if (code != WI_OK)
        return code;
    const struct wi_walk_file *files = wi_walk_files(reading->walk, &count);
    must(count <= WI_WALK_FILES_MAX);
    reading->told = wi_alloc((count + 1) * sizeof *reading->told);
    for (size_t i = 0; i < count && code == WI_OK; i++) {
        must(i == 0 || strcmp(files[i - 1].path, files[i].path) < 0);
        /* No seed has it. */
        WI_PLANT(files[i].bytes > 50 && files[i].bytes < 100);
        code = wi_walk_descend(reading->walk, i, error);
    }
    if (code == WI_OK)
        code = feed(reading, error);
    for (size_t i = 0; i < count && code == WI_OK; i++)
        check_file(&files[i], reading->told[i]);
    return code;
}

/* --- the CAR ---------------------------------------------------------------------------------- */

/* `path`: which of those that seeds have. */
static void fuzz_car(const void *bytes, size_t size, unsigned path, int is_whole)
{
    static const char *const paths[] = {NULL, "d", "/c/b/", "b"};
    struct reading reading = {0};
    struct wi_error error = {0};
    int fd = memfd_create("car", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    enum wi_code code = wi_car_open(fd, size, NULL, NULL, &reading.car, &error);
    must((code == WI_OK) == (reading.car != NULL));
    must(!is_whole || code == WI_OK);
    if (code == WI_OK) {
        reading.walk = wi_walk_new(wi_car_root(reading.car), paths[path & 3], UINT64_C(1) << 40);
        wi_walk_on_bytes(reading.walk, take_bytes, &reading);
        code = walk(&reading, &error);
    }
    must(code == WI_OK || code == WI_HUB_FAILED || code == WI_NO_ROOM || code == WI_HUB_NOT_FOUND ||
         (code == WI_DOWNLOAD_CORRUPT && !reading.car));
    must(code == WI_OK || (error.code == code && error.detail[0]));
    wi_walk_free(reading.walk);
    wi_car_free(reading.car);
    free(reading.told);
    close(fd);
}

/* --- blocks of right hashes ------------------------------------------------------------------- */

static void repair_links(unsigned char *block, size_t size, const struct wi_cid *cids, size_t count)
{
    for (size_t i = 0; count > 0 && i + WI_CID_BYTES <= size; i++) {
        if (block[i] != 1 || (block[i + 1] != WI_CODEC_RAW && block[i + 1] != WI_CODEC_DAG_PB) ||
            block[i + 2] != 0x12 || block[i + 3] != WI_HASH_SIZE)
            continue;
        wi_cid_write(&cids[block[i + 4] % count], block + i);
        i += WI_CID_BYTES - 1;
    }
}

static void add_section(
    struct wi_buffer *car, const struct wi_cid *cid, const void *block, size_t size)
{
    unsigned char head[WI_CAR_HEAD_MAX];
    wi_buffer_add(car, head, wi_car_section(cid, size, head));
    if (size > 0)
        wi_buffer_add(car, block, size);
}

static void fuzz_blocks(const uint8_t *data, size_t size, unsigned path)
{
    struct wi_buffer sections = {0}, car = {0};
    struct wi_cid cids[BLOCKS_MAX];
    size_t count = 0;
    while (size >= 3 && count < BLOCKS_MAX) {
        size_t length = data[1] | (size_t)data[2] << 8;
        enum wi_codec codec = data[0] & IS_RAW ? WI_CODEC_RAW : WI_CODEC_DAG_PB;
        data += 3;
        size -= 3;
        length = length < size ? length : size;
        unsigned char *block = wi_alloc(length + 1);
        memcpy(block, data, length);
        if (codec == WI_CODEC_DAG_PB)
            repair_links(block, length, cids, count);
        wi_cid_of(codec, block, length, &cids[count]);
        add_section(&sections, &cids[count++], block, length);
        free(block);
        data += length;
        size -= length;
    }
    if (count > 0) {
        wi_car_begin(&car, &cids[count - 1]);
        wi_buffer_add(&car, sections.text, sections.size);
        fuzz_car(car.text, car.size, path, 1);
    }
    wi_buffer_clear(&sections);
    wi_buffer_clear(&car);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] & 1)
        fuzz_car(data + 1, size - 1, data[0] >> 1, 0);
    else
        fuzz_blocks(data + 1, size - 1, data[0] >> 1);
    return 0;
}
