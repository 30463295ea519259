/*
 * Bytes of a size that somebody outside chose: request bodies, frames, tensors. A blob is counted
 * (a job keeps it for retries while a socket still writes it), charged to a budget while it lives,
 * and leaves headroom in front so that a transport can put its header there without a copy.
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
/* The same in the budget of another blob. */
struct wi_blob *wi_blob_new_beside(const struct wi_blob *blob, size_t capacity);
/* Appends; grows the allocation geometrically as needed. 0 on success, -1 if refused (the blob is
 * unchanged). Only while one reference exists. */
int wi_blob_append(struct wi_blob *blob, const void *bytes, size_t size);
/* Makes its capacity `capacity`, if it is less: 0, or -1 if that is refused (the blob is
 * unchanged). Only while one reference exists. */
int wi_blob_make_room(struct wi_blob *blob, size_t capacity);
/* The same, and charged whether it fits or not: for what has come already. -1 if the system
 * refuses. */
int wi_blob_force_room(struct wi_blob *blob, size_t capacity);
/* Charges a blob that was made without a budget: 0, or -1 if that refuses. */
int wi_blob_charge(struct wi_blob *blob, struct wi_budget *budget);
/* Its charge is given back, and it is in no budget: so that a thread, which may touch none, can let
 * it grow. */
void wi_blob_uncharge(struct wi_blob *blob);
/* Makes it `head`, which is none of its bytes, and behind that `size` of its own from `at` on. It
 * grows by no more than the head. 0, or -1 if that is refused (the blob is unchanged). Only while
 * one reference exists. */
int wi_blob_reframe(
    struct wi_blob *blob, const void *head, size_t head_size, size_t at, size_t size);
struct wi_blob *wi_blob_ref(struct wi_blob *blob); /* returns `blob` */
void wi_blob_unref(struct wi_blob *blob);          /* NULL is fine */

/* Frees what malloc gave, `size` bytes of it; nothing may use them any more. What is large is freed
 * by a thread, the one that there is for all of it, some time later. NULL is fine. Public for
 * tests. */
void wi_release(void *memory, size_t size);

#endif
