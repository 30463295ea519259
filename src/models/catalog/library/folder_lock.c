/* See folder_lock.h. */
#include "models/catalog/library/folder_lock.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#define LOCK_MS 20
#define LOCK_MAX_MS 30000

struct wi_folder_lock {
    uv_loop_t *loop;
    char *path;
    double began;
    struct wi_timer *timer; /* before the next try */
    struct wi_work *work;   /* NULL: no thread is at it */
    int fd;                 /* -1, and why; a thread's until on_tried */
    struct wi_error error;
    wi_folder_lock_fn *on_locked; /* NULL once it was cancelled */
    void *context;
};

static void free_lock(struct wi_folder_lock *lock)
{
    wi_timer_free(lock->timer);
    free(lock->path);
    free(lock);
}

/* On a thread. */
static void try_lock(void *data)
{
    struct wi_folder_lock *lock = data;
    lock->fd = open(lock->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock->fd >= 0 && flock(lock->fd, LOCK_EX | LOCK_NB) == 0)
        return;
    int number = errno;
    wi_close(lock->fd);
    lock->fd = -1;
    enum wi_code code = wi_is_shortage(number) ? WI_UNAVAILABLE : WI_STORAGE_FAILED;
    wi_error_set(&lock->error, number == EWOULDBLOCK ? WI_HUB_BUSY : code, "", "%.300s: %s",
        lock->path,
        number == EWOULDBLOCK ? "another fetch is using this folder" : strerror(number));
}

static void on_tried(void *data, int cancelled)
{
    struct wi_folder_lock *lock = data;
    (void)cancelled; /* the lock itself says whether it was */
    lock->work = NULL;
    if (!lock->on_locked) {
        wi_close(lock->fd);
        free_lock(lock);
    } else if (lock->fd < 0 && lock->error.code == WI_HUB_BUSY &&
               wi_now_ms() - lock->began < LOCK_MAX_MS) {
        wi_timer_start(lock->timer, LOCK_MS, 0);
    } else {
        lock->on_locked(lock->context, lock->fd, lock->fd < 0 ? &lock->error : NULL);
        free_lock(lock);
    }
}

static void on_time(void *context)
{
    struct wi_folder_lock *lock = context;
    lock->work = wi_work_start(lock->loop, try_lock, on_tried, lock);
}

struct wi_folder_lock *wi_folder_lock(
    uv_loop_t *loop, const char *path, wi_folder_lock_fn *on_locked, void *context)
{
    struct wi_folder_lock *lock = wi_alloc(sizeof *lock);
    *lock = (struct wi_folder_lock){.loop = loop,
        .path = wi_strdup(path),
        .began = wi_now_ms(),
        .fd = -1,
        .on_locked = on_locked,
        .context = context};
    lock->timer = wi_timer_new(loop, on_time, lock);
    on_time(lock);
    return lock;
}

void wi_folder_lock_cancel(struct wi_folder_lock *lock)
{
    if (!lock)
        return;
    lock->on_locked = NULL;
    wi_timer_stop(lock->timer);
    if (lock->work)
        wi_work_abandon(lock->work); /* on_tried frees it */
    else
        free_lock(lock);
}
