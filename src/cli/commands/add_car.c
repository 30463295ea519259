/*
 * See add_car.h. The CAR gives the positions of blocks, and the walk finds which blocks make a
 * file. Each file has a list of stretches, most of which are a leaf. The bytes of nodes with data
 * and links, and of identity CIDs, are kept in memory, equal ones once.
 */
#include "cli/commands/add_car.h"

#include "base/descriptors.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/table.h"
#include "base/text.h"
#include "cli/progress.h"
#include "models/catalog/format/gguf.h"
#include "models/share/content/car.h"
#include "models/share/content/walk.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_BYTES ((uint64_t)16 << 20) /* between two updates of the progress */

/* Bytes of the file that no block has in the same form. */
struct copy {
    unsigned char hash[WI_HASH_SIZE];
    unsigned char *bytes;
    UT_hash_handle hh;
};

struct stretch {
    uint64_t at, from;         /* of the file, and of the CAR */
    const unsigned char *copy; /* instead; NULL: none */
    uint32_t size;
};

struct file {
    int found; /* its stretches are there */
    struct stretch *stretches;
    size_t count;
};

struct wi_add_car {
    struct wi_view view; /* first: a view is cast back to its CAR */
    char *path;
    struct wi_file_identity identity;
    int fd;
    struct wi_car_file *blocks;
    struct wi_walk *walk;
    struct wi_view_file *names; /* as the walk has them */
    struct file *files;         /* likewise */
    size_t count;
    struct copy *copies;
    /* While a block is given to the walk: */
    unsigned char *block;
    struct wi_car_place place; /* of no size: none is */
    struct wi_cli_progress progress;
    uint64_t shown; /* byte */
};

/* Says in which CAR it is. */
static enum wi_code car_fail(
    const struct wi_add_car *car, const struct wi_error *why, struct wi_error *error)
{
    return wi_error_set(error, why->code, "", "%.150s: %s", car->path, why->detail);
}

/* --- the view --------------------------------------------------------------------------------- */

/* The index of a file, or -1. */
static ssize_t index_of(const struct wi_add_car *car, const char *path)
{
    return wi_names_find(car->names, car->count, sizeof *car->names, path);
}

static int car_has(const struct wi_view *view, const char *path)
{
    return index_of((const struct wi_add_car *)view, path) >= 0;
}

static int car_any(const struct wi_view *view, const char *folder, int (*is)(const char *path))
{
    const struct wi_add_car *car = (const struct wi_add_car *)view;
    for (size_t i = 0; i < car->count; i++)
        if (wi_view_is_in(car->names[i].path, folder) && is(car->names[i].path))
            return 1;
    return 0;
}

const struct wi_view *wi_add_car_view(const struct wi_add_car *car)
{
    return &car->view;
}

const struct wi_view_file *wi_add_car_files(const struct wi_add_car *car, size_t *count)
{
    *count = car->count;
    return car->names;
}

struct wi_file_identity wi_add_car_identity(const struct wi_add_car *car)
{
    return car->identity;
}

/* --- stretches -------------------------------------------------------------------------------- */

static const unsigned char *car_copy(
    struct wi_add_car *car, const unsigned char *bytes, size_t size)
{
    unsigned char hash[WI_HASH_SIZE];
    struct copy *copy;
    wi_hash(bytes, size, hash);
    HASH_FIND(hh, car->copies, hash, sizeof hash, copy);
    if (copy)
        return copy->bytes;
    copy = wi_alloc(sizeof *copy);
    memcpy(copy->hash, hash, sizeof hash);
    copy->bytes = wi_alloc(size);
    memcpy(copy->bytes, bytes, size);
    HASH_ADD(hh, car->copies, hash, sizeof copy->hash, copy);
    return copy->bytes;
}

static void file_append(struct file *file, struct stretch stretch)
{
    size_t count = file->count++;
    file->stretches = wi_grow_array(file->stretches, count, sizeof *file->stretches);
    file->stretches[count] = stretch;
}

static void take_bytes(
    void *context, size_t file, uint64_t at, const unsigned char *bytes, size_t size)
{
    struct wi_add_car *car = context;
    struct stretch stretch = {.at = at, .size = (uint32_t)size};
    if (bytes >= car->block && bytes + size <= car->block + car->place.size)
        stretch.from = car->place.at + (uint64_t)(bytes - car->block);
    else
        stretch.copy = car_copy(car, bytes, size);
    file_append(&car->files[file], stretch);
}

static enum wi_code take_leaves(struct wi_add_car *car, size_t index, struct wi_error *error)
{
    size_t count;
    const struct wi_walk_file *file = &wi_walk_files(car->walk, &count)[index];
    struct wi_car_place place;
    char text[WI_CID_TEXT];
    for (size_t i = 0; i < file->leaf_count; i++) {
        const struct wi_leaf *leaf = &file->leaves[i];
        if (wi_car_find(car->blocks, &leaf->cid, &place, error) != WI_OK)
            return error->code;
        wi_cid_print(&leaf->cid, text);
        if (place.size != leaf->bytes)
            return wi_error_set(error, WI_HUB_FAILED, "",
                "at byte %" PRIu64 ": the block %s has %u bytes, and what links to it says %u",
                place.at, text, place.size, leaf->bytes);
        file_append(&car->files[index],
            (struct stretch){.at = leaf->at, .from = place.at, .size = place.size});
    }
    return WI_OK;
}

static int compare_stretches(const void *a, const void *b)
{
    const struct stretch *left = a, *right = b;
    return (left->at > right->at) - (left->at < right->at);
}

/* --- the walk --------------------------------------------------------------------------------- */

/* Gives the walk the blocks that it needs. */
static enum wi_code car_feed(struct wi_add_car *car, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    struct wi_error why = {0};
    struct wi_cid cid;
    while (code == WI_OK && wi_walk_wanted(car->walk, &cid)) {
        code = wi_car_find(car->blocks, &cid, &car->place, &why);
        if (code == WI_OK)
            code = wi_car_block(car->blocks, &car->place, car->block, &why);
        if (code == WI_OK)
            code = wi_walk_give(car->walk, &cid, car->block, car->place.size, &why);
    }
    car->place.size = 0;
    return code == WI_OK ? WI_OK : car_fail(car, &why, error);
}

static enum wi_code car_find(struct wi_add_car *car, size_t index, struct wi_error *error)
{
    struct file *file = &car->files[index];
    struct wi_error why = {0};
    if (wi_walk_descend(car->walk, index, &why) != WI_OK)
        return car_fail(car, &why, error);
    enum wi_code code = car_feed(car, error);
    if (code != WI_OK)
        return code;
    if (take_leaves(car, index, &why) != WI_OK)
        return car_fail(car, &why, error);
    if (file->count > 0)
        qsort(file->stretches, file->count, sizeof *file->stretches, compare_stretches);
    file->found = 1;
    return WI_OK;
}

enum wi_code wi_add_car_find(
    struct wi_add_car *car, const char *path, uint64_t *bytes, struct wi_error *error)
{
    ssize_t index = index_of(car, path);
    if (index < 0)
        return wi_error_set(
            error, WI_MODEL_NOT_FOUND, "", "there is no %.200s in %.150s", path, car->path);
    *bytes = car->names[index].bytes;
    return car->files[index].found ? WI_OK : car_find(car, (size_t)index, error);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* The stretch with the byte at `at`, which must be in the file. */
static const struct stretch *stretch_at(const struct file *file, uint64_t at)
{
    size_t low = 0, high = file->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (file->stretches[middle].at <= at)
            low = middle;
        else
            high = middle;
    }
    return &file->stretches[low];
}

/* Like pread(2), of one stretch. */
static ssize_t read_some(
    const struct stretch *stretch, int fd, unsigned char *bytes, size_t size, uint64_t at)
{
    uint64_t skip = at - stretch->at;
    if (size > stretch->size - skip)
        size = (size_t)(stretch->size - skip);
    if (!stretch->copy)
        return pread(fd, bytes, size, (off_t)(stretch->from + skip));
    memcpy(bytes, stretch->copy + skip, size);
    return (ssize_t)size;
}

ssize_t wi_add_car_read(
    const struct wi_add_car *car, const char *path, int fd, void *bytes, size_t size, uint64_t at)
{
    size_t index = (size_t)index_of(car, path), got = 0;
    uint64_t left = at < car->names[index].bytes ? car->names[index].bytes - at : 0;
    if (size > left)
        size = (size_t)left;
    while (got < size) {
        ssize_t n = read_some(stretch_at(&car->files[index], at + got), fd,
            (unsigned char *)bytes + got, size - got, at + got);
        if (n <= 0)
            return got > 0 ? (ssize_t)got : n;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int car_show(void *context, uint64_t at)
{
    struct wi_add_car *car = context;
    if (!car->progress.terminal || at - car->shown < STEP_BYTES)
        return 0;
    car->shown = at;
    json_t *row = json_pack("{s:o, s:I, s:I}", "state",
        json_sprintf("checking %s", wi_text_basename(car->path)), "loaded_bytes", (json_int_t)at,
        "total_bytes", (json_int_t)car->identity.size);
    wi_cli_progress_show(&car->progress, row);
    json_decref(row);
    return 0;
}

static enum wi_code open_file(struct wi_add_car *car, struct wi_error *error)
{
    struct wi_error why = {.code = WI_BAD_REQUEST};
    struct stat status;
    car->fd = open(car->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (car->fd < 0 || fstat(car->fd, &status) != 0)
        snprintf(why.detail, sizeof why.detail, "it cannot be read: %s", strerror(errno));
    else if (!S_ISREG(status.st_mode))
        snprintf(why.detail, sizeof why.detail, "it is no regular file");
    if (*why.detail)
        return car_fail(car, &why, error);
    car->identity = wi_file_identity_of(&status);
    car->progress = wi_cli_progress_begin();
    enum wi_code code =
        wi_car_open(car->fd, (uint64_t)status.st_size, car_show, car, &car->blocks, &why);
    wi_cli_progress_end(&car->progress);
    return code == WI_OK ? WI_OK : car_fail(car, &why, error);
}

/* A single file gets a name by its format. */
static enum wi_code name_single(struct wi_add_car *car, struct wi_error *error)
{
    unsigned char head[WI_GGUF_MAGIC_BYTES];
    enum wi_code code = car_find(car, 0, error);
    if (code != WI_OK)
        return code;
    ssize_t n = wi_add_car_read(car, "", car->fd, head, sizeof head, 0);
    free(car->names[0].path);
    car->names[0].path =
        wi_strdup(n > 0 && wi_gguf_is(head, (size_t)n) ? "model.gguf" : "model.onnx");
    return WI_OK;
}

static enum wi_code list_files(struct wi_add_car *car, struct wi_error *error)
{
    car->walk = wi_walk_new(wi_car_root(car->blocks), NULL, INT64_MAX);
    wi_walk_on_bytes(car->walk, take_bytes, car);
    enum wi_code code = car_feed(car, error);
    if (code != WI_OK)
        return code;
    const struct wi_walk_file *files = wi_walk_files(car->walk, &car->count);
    car->names = wi_alloc((car->count + 1) * sizeof *car->names);
    car->files = wi_alloc((car->count + 1) * sizeof *car->files);
    for (size_t i = 0; i < car->count; i++)
        car->names[i] = (struct wi_view_file){wi_strdup(files[i].path), files[i].bytes};
    return car->count == 1 && !*car->names[0].path ? name_single(car, error) : WI_OK;
}

struct wi_add_car *wi_add_car_open(const char *path, struct wi_error *error)
{
    struct wi_add_car *car = wi_alloc(sizeof *car);
    car->view = (struct wi_view){.has = car_has, .any = car_any};
    car->path = wi_strdup(path);
    car->fd = -1;
    car->block = wi_alloc(WI_BLOCK_MAX);
    if (open_file(car, error) == WI_OK && list_files(car, error) == WI_OK)
        return car;
    wi_add_car_free(car);
    return NULL;
}

void wi_add_car_free(struct wi_add_car *car)
{
    struct copy *copy;
    if (!car)
        return;
    for (size_t i = 0; car->files && i < car->count; i++) {
        free(car->names[i].path);
        free(car->files[i].stretches);
    }
    while ((copy = WI_TABLE_TAKE(car->copies))) {
        free(copy->bytes);
        free(copy);
    }
    wi_walk_free(car->walk);
    wi_car_free(car->blocks);
    wi_close(car->fd);
    free(car->names);
    free(car->files);
    free(car->block);
    free(car->path);
    free(car);
}
