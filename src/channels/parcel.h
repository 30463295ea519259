/*
 * Bytes that several readers send, and that are encoded once for all of them: texts of our own and
 * slices of blobs, one after another. A parcel is reference-counted, and does not change once it
 * has a second holder. Its texts are charged to a budget while it lives; a blob charges itself.
 */
#ifndef WI_CHANNELS_PARCEL_H
#define WI_CHANNELS_PARCEL_H

#include "base/blob.h"
#include "base/buffer.h"

struct wi_parcel;
/* A new parcel without bytes, with one reference. `budget` (may be NULL) must outlive it. */
struct wi_parcel *wi_parcel_new(struct wi_budget *budget);
struct wi_parcel *wi_parcel_ref(struct wi_parcel *parcel); /* returns `parcel` */
void wi_parcel_unref(struct wi_parcel *parcel);            /* NULL is fine */

/* Appends the text, which is taken over, and charged whether it fits the budget or not. */
void wi_parcel_add_text(struct wi_parcel *parcel, struct wi_buffer *text);
/* Appends `size` bytes of `blob` from `at` on, without a copy. Takes a reference of its own. */
void wi_parcel_add_slice(struct wi_parcel *parcel, struct wi_blob *blob, size_t at, size_t size);
/* Appends zeros until the size is a multiple of `multiple`, which is at most 16. */
void wi_parcel_pad(struct wi_parcel *parcel, size_t multiple);

size_t wi_parcel_size(const struct wi_parcel *parcel);
/* The bytes of its texts, which it is charged for. */
uint64_t wi_parcel_charged(const struct wi_parcel *parcel);
/* The bytes of what was added first. */
size_t wi_parcel_first(const struct wi_parcel *parcel);
/* The zeros at its end that wi_parcel_pad added. */
size_t wi_parcel_padding(const struct wi_parcel *parcel);
/* Copies bytes from `at` on, at most `max`. Returns their number: 0 at the end. */
size_t wi_parcel_read(const struct wi_parcel *parcel, size_t at, void *out, size_t max);

#endif
