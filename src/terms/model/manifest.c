/* Lists of files and their hash. */
#include "terms/model/manifest.h"

#include "base/buffer.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct wi_model_file *wi_manifest_add(struct wi_manifest *manifest, const char *path)
{
    size_t count = manifest->count++;
    manifest->files = wi_grow_array(manifest->files, count, sizeof *manifest->files);
    manifest->files[count] = (struct wi_model_file){.path = wi_strdup(path), .fd = -1};
    return &manifest->files[count];
}

void wi_manifest_sort(struct wi_manifest *manifest)
{
    wi_names_sort(manifest->files, manifest->count, sizeof *manifest->files);
}

const struct wi_model_file *wi_manifest_find(const struct wi_manifest *manifest, const char *path)
{
    ssize_t index = wi_names_find(manifest->files, manifest->count, sizeof *manifest->files, path);
    return index < 0 ? NULL : &manifest->files[index];
}

void wi_manifest_keep_open(struct wi_manifest *manifest, int fd)
{
    manifest->files[manifest->count - 1].fd = fd;
    manifest->open++;
}

void wi_manifest_close(struct wi_manifest *manifest)
{
    for (size_t i = 0; i < manifest->count; i++) {
        if (manifest->files[i].fd >= 0)
            close(manifest->files[i].fd);
        manifest->files[i].fd = -1;
    }
    manifest->open = 0;
}

uint64_t wi_manifest_bytes(const struct wi_manifest *manifest)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < manifest->count; i++)
        bytes += manifest->files[i].bytes;
    return bytes;
}

void wi_manifest_hash(const struct wi_manifest *manifest, char hash[WI_MANIFEST_HEX])
{
    struct wi_buffer lines = {0};
    unsigned char digest[WI_HASH_SIZE];
    for (size_t i = 0; i < manifest->count; i++) {
        const struct wi_model_file *file = &manifest->files[i];
        wi_buffer_add(&lines, file->path, strlen(file->path) + 1);
        wi_buffer_printf(&lines, "%" PRIu64, file->bytes);
        wi_buffer_add(&lines, "", 1);
        wi_buffer_printf(&lines, "%s\n", file->hash);
    }
    wi_hash(lines.text ? lines.text : "", lines.size, digest);
    wi_hash_hex(digest, hash);
    wi_buffer_clear(&lines);
}

void wi_manifest_clear(struct wi_manifest *manifest)
{
    wi_manifest_close(manifest);
    for (size_t i = 0; i < manifest->count; i++)
        free(manifest->files[i].path);
    free(manifest->files);
    *manifest = (struct wi_manifest){0};
}

struct wi_file_identity wi_file_identity_of(const struct stat *status)
{
    return (struct wi_file_identity){.device = status->st_dev,
        .inode = status->st_ino,
        .size = status->st_size,
        .links = status->st_nlink,
        .modified = status->st_mtim,
        .changed = status->st_ctim};
}

static int is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

int wi_file_identity_same(const struct wi_file_identity *a, const struct wi_file_identity *b)
{
    int is_single = a->links == 1 && b->links == 1;
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           is_same_time(&a->modified, &b->modified) &&
           (!is_single || is_same_time(&a->changed, &b->changed));
}
