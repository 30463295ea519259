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
    unsigned char *memory;
    size_t size;
};

/* free() would hold the lock on the process's mappings until all pages are given back, and the loop
 * needs that lock for memory of its own: so the pages go first, some at a time. */
static void *release_in_steps(void *context)
{
    struct release *release = context;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t at = (page - (uintptr_t)release->memory % page) % page;
    for (; release->size - at >= STEP; at += STEP)
        (void)madvise(release->memory + at, STEP, MADV_DONTNEED);
    free(release->memory);
    free(release);
    return NULL;
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
    if (pthread_create(&thread, NULL, release_in_steps, release) == 0)
        pthread_detach(thread);
    else
        release_in_steps(release);
}
