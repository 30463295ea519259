/*
 * Leaves of files that were not published, which are computed because somebody asks for them, and
 * kept for KEPT_S: nothing else tells for how long their files are there. For the loop's thread
 * only.
 */
#include "models/share/blockstore/private.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/memory.h"
#include "models/share/blockstore/leaves.h"
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Files at a time; others are asked for again. */
#define ASKED_MAX 16
/* A file of which that failed is left alone for so long. */
#define PAUSE_MS 60000.0
#define KEPT_S (30 * 24 * 3600)

struct wi_asked_leaves {
    struct wi_blockstore *blocks; /* NULL once that is gone */
    int fd;                       /* the file, for the thread; -1: it failed */
    char *directory;              /* the store */
    char sha256[WI_HASH_HEX_SIZE];
    uint64_t bytes;
    double failed_at;
    /* The thread's while it works. */
    atomic_int stop;
    int failed;
    struct wi_asked_leaves *prev, *next;
};

static void free_asked(struct wi_asked_leaves *asked)
{
    if (asked->blocks)
        DL_DELETE(asked->blocks->asked, asked);
    wi_close(asked->fd);
    free(asked->directory);
    free(asked);
}

static void asked_run(void *data)
{
    struct wi_asked_leaves *asked = data;
    struct wi_leaves leaves = {0};
    char sha256[WI_HASH_HEX_SIZE];
    asked->failed =
        wi_leaves_compute(asked->fd, asked->bytes, &asked->stop, NULL, &leaves, sha256) != 0 ||
        strcmp(sha256, asked->sha256) != 0 ||
        wi_leaves_keep(asked->directory, sha256, &leaves, time(NULL) + KEPT_S) != 0;
    wi_leaves_clear(&leaves);
}

static void on_run(void *data, int cancelled)
{
    struct wi_asked_leaves *asked = data;
    if (cancelled || !asked->blocks || !asked->failed) {
        free_asked(asked);
        return;
    }
    wi_close(asked->fd);
    asked->fd = -1;
    asked->failed_at = wi_now_ms();
}

/* What is known of that file, and of no file for longer than it is to be; NULL: nothing. `count`
 * receives how many there are. */
static struct wi_asked_leaves *find_asked(
    struct wi_blockstore *blocks, const char *sha256, size_t *count)
{
    struct wi_asked_leaves *asked, *next, *found = NULL;
    *count = 0;
    DL_FOREACH_SAFE(blocks->asked, asked, next)
    {
        if (asked->fd < 0 && wi_now_ms() - asked->failed_at >= PAUSE_MS) {
            free_asked(asked);
            continue;
        }
        ++*count;
        if (strcmp(asked->sha256, sha256) == 0)
            found = asked;
    }
    return found;
}

/* Whether the leaves will be there, or it is to be asked again. */
static int asked_begin(struct wi_blockstore *blocks, int fd, const struct wi_model_file *file)
{
    size_t count;
    struct wi_asked_leaves *asked = find_asked(blocks, file->hash, &count);
    if (asked)
        return asked->fd >= 0;
    if (!blocks->is_swept || count >= ASKED_MAX)
        return 1;
    asked = wi_alloc(sizeof *asked);
    asked->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (asked->fd < 0) {
        free_asked(asked);
        return 0;
    }
    asked->blocks = blocks;
    asked->directory = wi_strdup(blocks->directory);
    memcpy(asked->sha256, file->hash, sizeof asked->sha256);
    asked->bytes = file->bytes;
    DL_APPEND(blocks->asked, asked);
    wi_work_queue_start(blocks->hashing, file->bytes, asked_run, on_run, asked);
    return 1;
}

int wi_blockstore_open_leaves(struct wi_blockstore *blocks, int fd,
    const struct wi_model_file *file, uint64_t *size, int *soon)
{
    int found = wi_leaves_open(blocks->directory, file->hash, file->bytes, size);
    *soon = found < 0 && asked_begin(blocks, fd, file);
    return found;
}

void wi_asked_leaves_free(struct wi_blockstore *blocks)
{
    struct wi_asked_leaves *asked, *next;
    DL_FOREACH_SAFE(blocks->asked, asked, next)
    {
        atomic_store(&asked->stop, 1);
        if (asked->fd < 0) {
            free_asked(asked);
        } else {
            asked->blocks = NULL; /* it frees itself */
        }
    }
    blocks->asked = NULL;
}
