/* Files named by their hashes, counted by their links. */
#include "models/catalog/library/blobs.h"

#include "base/descriptors.h"
#include "models/catalog/library/store_path.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "sha256-"

enum { NAME_SIZE = sizeof PREFIX + WI_MANIFEST_HEX };

/* What says that no link can be made, here or to this file. */
static int has_no_links(int why)
{
    return why == EPERM || why == EOPNOTSUPP || why == ENOSYS || why == EMLINK || why == EXDEV;
}

static int is_same(int blobs, const char *name, const struct stat *file)
{
    struct stat blob;
    return fstatat(blobs, name, &blob, AT_SYMLINK_NOFOLLOW) == 0 && blob.st_ino == file->st_ino &&
           blob.st_dev == file->st_dev;
}

static int blob_keep(int blobs, int folder, const struct wi_source_file *file)
{
    char name[NAME_SIZE];
    struct stat status;
    snprintf(name, sizeof name, PREFIX "%s", file->sha256);
    if (fstatat(folder, file->path, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return -1;
    if (is_same(blobs, name, &status))
        return 0;
    if (fchmodat(folder, file->path, 0444, 0) != 0)
        return -1;
    return wi_path_link(folder, file->path, blobs, name) == 0 || has_no_links(errno) ? 0 : -1;
}

int wi_blobs_keep(int store, int folder, const struct wi_source *source)
{
    int blobs = wi_path_make(store, WI_STORE_BLOBS), kept = blobs < 0 ? -1 : 0;
    for (size_t i = 0; kept == 0 && i < source->count; i++)
        kept = blob_keep(blobs, folder, &source->files[i]);
    if (kept == 0)
        kept = fsync(blobs);
    wi_close(blobs);
    return kept;
}

static int blob_sweep(void *context, int blobs, const char *name, const struct stat *status)
{
    int named =
        S_ISREG(status->st_mode) && status->st_nlink > 1 && strcmp(name, WI_PATH_FRESH) != 0;
    if (!named)
        wi_path_remove(blobs, name, context);
    return 0;
}

void wi_blobs_sweep(int store, uint64_t *freed)
{
    wi_path_each_in(store, WI_STORE_BLOBS, blob_sweep, freed);
}
