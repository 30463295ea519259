/* Counted, budgeted bytes; see blob.h. Large blobs are not zeroed: every byte is written first. */
#include "base/blob.h"

#include "base/memory.h"
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct wi_blob *wi_blob_new(struct wi_budget *budget, size_t capacity)
{
    if (capacity > SIZE_MAX - WI_BLOB_HEADROOM || wi_budget_take(budget, capacity) != 0)
        return NULL;
    unsigned char *memory = malloc(WI_BLOB_HEADROOM + capacity);
    if (memory == NULL) {
        wi_budget_give(budget, capacity);
        return NULL;
    }
    struct wi_blob *blob = wi_alloc(sizeof *blob);
    blob->bytes = memory + WI_BLOB_HEADROOM;
    blob->capacity = capacity;
    blob->_references = 1;
    blob->_budget = budget;
    return blob;
}

struct wi_blob *wi_blob_new_beside(const struct wi_blob *blob, size_t capacity)
{
    return wi_blob_new(blob->_budget, capacity);
}

/* `capacity` is more than there is, and charged already. */
static int blob_reallocate(struct wi_blob *blob, size_t capacity)
{
    unsigned char *memory = realloc(blob->bytes - WI_BLOB_HEADROOM, WI_BLOB_HEADROOM + capacity);
    if (memory == NULL) {
        wi_budget_give(blob->_budget, capacity - blob->capacity);
        return -1;
    }
    blob->bytes = memory + WI_BLOB_HEADROOM;
    blob->capacity = capacity;
    return 0;
}

/* `capacity` is more than there is. */
static int blob_enlarge(struct wi_blob *blob, size_t capacity)
{
    if (capacity > SIZE_MAX - WI_BLOB_HEADROOM ||
        wi_budget_take(blob->_budget, capacity - blob->capacity) != 0)
        return -1;
    return blob_reallocate(blob, capacity);
}

static int blob_grow(struct wi_blob *blob, size_t needed)
{
    size_t capacity = blob->capacity < 4096 ? 4096 : blob->capacity;
    while (capacity < needed) {
        if (capacity > SIZE_MAX / 4)
            return -1;
        capacity += capacity / 2;
    }
    return blob_enlarge(blob, capacity);
}

int wi_blob_make_room(struct wi_blob *blob, size_t capacity)
{
    assert(blob->_references == 1);
    return capacity > blob->capacity ? blob_enlarge(blob, capacity) : 0;
}

int wi_blob_force_room(struct wi_blob *blob, size_t capacity)
{
    assert(blob->_references == 1 && capacity <= SIZE_MAX - WI_BLOB_HEADROOM);
    if (capacity <= blob->capacity)
        return 0;
    wi_budget_force(blob->_budget, capacity - blob->capacity);
    return blob_reallocate(blob, capacity);
}

int wi_blob_append(struct wi_blob *blob, const void *bytes, size_t size)
{
    assert(blob->_references == 1);
    if (size > SIZE_MAX - blob->size)
        return -1;
    if (blob->size + size > blob->capacity && blob_grow(blob, blob->size + size) != 0)
        return -1;
    if (size != 0)
        memcpy(blob->bytes + blob->size, bytes, size);
    blob->size += size;
    return 0;
}

int wi_blob_charge(struct wi_blob *blob, struct wi_budget *budget)
{
    assert(blob->_budget == NULL);
    if (wi_budget_take(budget, blob->capacity) != 0)
        return -1;
    blob->_budget = budget;
    return 0;
}

void wi_blob_uncharge(struct wi_blob *blob)
{
    wi_budget_give(blob->_budget, blob->capacity);
    blob->_budget = NULL;
}

int wi_blob_reframe(
    struct wi_blob *blob, const void *head, size_t head_size, size_t at, size_t size)
{
    assert(blob->_references == 1 && at <= blob->size && size <= blob->size - at);
    if (head_size > SIZE_MAX - size)
        return -1;
    if (head_size + size > blob->capacity && blob_enlarge(blob, head_size + size) != 0)
        return -1;
    memmove(blob->bytes + head_size, blob->bytes + at, size);
    if (head_size > 0)
        memcpy(blob->bytes, head, head_size);
    blob->size = head_size + size;
    return 0;
}

struct wi_blob *wi_blob_ref(struct wi_blob *blob)
{
    blob->_references++;
    return blob;
}

void wi_blob_unref(struct wi_blob *blob)
{
    if (blob == NULL || --blob->_references != 0)
        return;
    wi_budget_give(blob->_budget, blob->capacity);
    wi_release(blob->bytes - WI_BLOB_HEADROOM, WI_BLOB_HEADROOM + blob->capacity);
    free(blob);
}

/* --- memory of outside size goes back on a thread ------------------------------------------- */

/* glibc always maps larger blocks separately. Smaller ones may be in the heap, where free() returns
 * nothing to the system. */
#define LARGE ((size_t)32 * 1024 * 1024)
/* About half a millisecond: in between, others may change the process's mappings. */
#define STEP ((size_t)4 * 1024 * 1024)

struct release {
    struct release *next;
    unsigned char *memory;
    size_t size;
};

/* Blocks that wait to be freed. The thread runs only while there are any. */
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

/* The next block that waits. NULL: there is none, and the thread counts as ended. */
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

/* Whether the caller has to start a thread because none is running. */
static int release_enqueue(struct release *release)
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
    if (!release_enqueue(release))
        return;
    if (pthread_create(&thread, NULL, release_all, NULL) == 0)
        pthread_detach(thread);
    else
        release_all(NULL);
}
