/* Counted, budgeted bytes; see blob.h. Large blobs are not zeroed: every byte is written first. */
#include "base/blob.h"

#include "base/memory.h"
#include "base/release.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

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
static int reallocate(struct wi_blob *blob, size_t capacity)
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
static int enlarge(struct wi_blob *blob, size_t capacity)
{
    if (capacity > SIZE_MAX - WI_BLOB_HEADROOM ||
        wi_budget_take(blob->_budget, capacity - blob->capacity) != 0)
        return -1;
    return reallocate(blob, capacity);
}

static int grow(struct wi_blob *blob, size_t needed)
{
    size_t capacity = blob->capacity < 4096 ? 4096 : blob->capacity;
    while (capacity < needed) {
        if (capacity > SIZE_MAX / 4)
            return -1;
        capacity += capacity / 2;
    }
    return enlarge(blob, capacity);
}

int wi_blob_make_room(struct wi_blob *blob, size_t capacity)
{
    assert(blob->_references == 1);
    return capacity > blob->capacity ? enlarge(blob, capacity) : 0;
}

int wi_blob_force_room(struct wi_blob *blob, size_t capacity)
{
    assert(blob->_references == 1 && capacity <= SIZE_MAX - WI_BLOB_HEADROOM);
    if (capacity <= blob->capacity)
        return 0;
    wi_budget_force(blob->_budget, capacity - blob->capacity);
    return reallocate(blob, capacity);
}

int wi_blob_append(struct wi_blob *blob, const void *bytes, size_t size)
{
    assert(blob->_references == 1);
    if (size > SIZE_MAX - blob->size)
        return -1;
    if (blob->size + size > blob->capacity && grow(blob, blob->size + size) != 0)
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
    if (head_size + size > blob->capacity && enlarge(blob, head_size + size) != 0)
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
