/* Memory that goes back on a thread; see release.h. */
#include "base/release.h"

#include "base/memory.h"
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* glibc maps what is larger by itself. What is smaller may lie in the heap, where free() gives
 * nothing back. */
#define LARGE ((size_t)32 * 1024 * 1024)
/* About half a millisecond: in between, others may change the process's mappings. */
#define STEP ((size_t)4 * 1024 * 1024)

struct release {
    struct release *next;
    unsigned char *memory;
    size_t size;
};

/* What waits for the thread that there is while something does. */
static struct {
    pthread_mutex_t lock;
    struct release *first;
    int running;
} waiting = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* free() would hold the lock on the process's mappings until all pages are given back, and the loop
 * needs that lock for memory of its own: so the pages go first, some at a time. */
static void release_in_steps(struct release *release)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t at = (page - (uintptr_t)release->memory % page) % page;
    for (; release->size - at >= STEP; at += STEP)
        (void)madvise(release->memory + at, STEP, MADV_DONTNEED);
    free(release->memory);
    free(release);
}

/* The next that waits; NULL, and the thread is none any more. */
static struct release *take_next(void)
{
    pthread_mutex_lock(&waiting.lock);
    struct release *release = waiting.first;
    if (release)
        waiting.first = release->next;
    else
        waiting.running = 0;
    pthread_mutex_unlock(&waiting.lock);
    return release;
}

static void *release_all(void *unused)
{
    struct release *release;
    while ((release = take_next()) != NULL)
        release_in_steps(release);
    return NULL;
}

/* Whether nobody sees to it yet. */
static int enqueue(struct release *release)
{
    pthread_mutex_lock(&waiting.lock);
    int first = !waiting.running;
    release->next = waiting.first;
    waiting.first = release;
    waiting.running = 1;
    pthread_mutex_unlock(&waiting.lock);
    return first;
}

void wi_release(void *memory, size_t size)
{
    pthread_t thread;
    if (memory == NULL || size <= LARGE) {
        free(memory);
        return;
    }
    struct release *release = wi_alloc(sizeof *release);
    release->memory = memory;
    release->size = size;
    if (!enqueue(release))
        return;
    if (pthread_create(&thread, NULL, release_all, NULL) == 0)
        pthread_detach(thread);
    else
        release_all(NULL);
}
