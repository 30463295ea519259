/*
 * Bytes whose size is chosen outside the program: request bodies, frames, tensors. A blob is
 * reference-counted (a job keeps it for retries while a socket still writes it), is charged to a
 * budget while it lives, and leaves headroom in front so that a transport can put its header there
 * without a copy.
 */
#ifndef WI_BASE_BLOB_H
#define WI_BASE_BLOB_H

#include "base/budget.h"
#include <stddef.h>
#include <stdint.h>

/* Bytes before `bytes` that a writer may overwrite and must restore. */
#define WI_BLOB_HEADROOM 64

struct wi_blob {
    unsigned char *bytes; /* 16-byte aligned */
    size_t size;          /* bytes in use */
    size_t capacity;      /* bytes allocated and charged */
    unsigned _references;
    struct wi_budget *_budget;
};

/* A new blob of size 0 with one reference, or NULL if the budget or the system refuses.
 * `budget` (may be NULL) must outlive the blob. */
struct wi_blob *wi_blob_new(struct wi_budget *budget, size_t capacity);
/* The same, in the budget of `blob`. */
struct wi_blob *wi_blob_new_beside(const struct wi_blob *blob, size_t capacity);
/* Appends; grows the allocation geometrically as needed. 0 on success, -1 if refused (the blob is
 * unchanged). Only while one reference exists. */
int wi_blob_append(struct wi_blob *blob, const void *bytes, size_t size);
/* Raises the capacity to at least `capacity`. 0, or -1 if refused (the blob is unchanged). Only
 * while one reference exists. */
int wi_blob_make_room(struct wi_blob *blob, size_t capacity);
/* The same, charged whether it fits the budget or not: for bytes that have already arrived. -1 if
 * the system refuses. */
int wi_blob_force_room(struct wi_blob *blob, size_t capacity);
/* Charges `budget` for a blob that was made without one. 0, or -1 if the budget refuses. */
int wi_blob_charge(struct wi_blob *blob, struct wi_budget *budget);
/* Gives the charge back and takes the blob out of its budget, so that a thread, which may touch no
 * budget, can let it grow. */
void wi_blob_uncharge(struct wi_blob *blob);
/* Replaces the content by `head`, which must not overlap the blob, followed by the blob's own
 * `size` bytes from `at` on. The blob grows by at most `head_size`. 0, or -1 if refused (the blob
 * is unchanged). Only while one reference exists. */
int wi_blob_reframe(
    struct wi_blob *blob, const void *head, size_t head_size, size_t at, size_t size);
struct wi_blob *wi_blob_ref(struct wi_blob *blob); /* returns `blob` */
void wi_blob_unref(struct wi_blob *blob);          /* NULL is fine */

/* Frees `memory`, `size` bytes from malloc, which must not be in use any more. One thread frees
 * large blocks some time later. NULL is fine. Public for tests. */
void wi_release(void *memory, size_t size);

#endif
