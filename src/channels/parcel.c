/* A list of pieces, each with its place; see parcel.h. Readers look a place up by halving, since a
 * parcel may have some hundred pieces and is read in small amounts. */
#include "channels/parcel.h"

#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PAD_MAX 16

struct piece {
    size_t at; /* in the parcel */
    size_t size;
    const void *bytes;
    struct wi_blob *blob; /* that has the bytes; NULL: `text` has, or they are zeros */
    char *text;           /* owned; else NULL */
};

struct wi_parcel {
    struct wi_budget *budget;
    unsigned references;
    size_t size;
    uint64_t charged;
    struct piece *pieces;
    size_t count;
    size_t padding; /* zeros at the end */
};

struct wi_parcel *wi_parcel_new(struct wi_budget *budget)
{
    struct wi_parcel *parcel = wi_alloc(sizeof *parcel);
    parcel->budget = budget;
    parcel->references = 1;
    return parcel;
}

struct wi_parcel *wi_parcel_ref(struct wi_parcel *parcel)
{
    parcel->references++;
    return parcel;
}

void wi_parcel_unref(struct wi_parcel *parcel)
{
    if (!parcel || --parcel->references > 0)
        return;
    for (size_t i = 0; i < parcel->count; i++) {
        wi_blob_unref(parcel->pieces[i].blob);
        free(parcel->pieces[i].text);
    }
    wi_budget_give(parcel->budget, parcel->charged);
    free(parcel->pieces);
    free(parcel);
}

/* --- adding ---------------------------------------------------------------------------------- */

static struct piece *piece_add(struct wi_parcel *parcel, const void *bytes, size_t size)
{
    assert(parcel->references == 1);
    struct piece *piece = WI_APPEND(parcel->pieces, parcel->count);
    *piece = (struct piece){.at = parcel->size, .size = size, .bytes = bytes};
    parcel->size += size;
    parcel->padding = 0;
    return piece;
}

void wi_parcel_add_text(struct wi_parcel *parcel, struct wi_buffer *text)
{
    size_t size = text->size;
    char *taken = wi_buffer_take(text);
    piece_add(parcel, taken, size)->text = taken;
    parcel->charged += size;
    wi_budget_force(parcel->budget, size);
}

void wi_parcel_add_slice(struct wi_parcel *parcel, struct wi_blob *blob, size_t at, size_t size)
{
    struct piece *last = parcel->count > 0 ? &parcel->pieces[parcel->count - 1] : NULL;
    assert(at <= blob->size && size <= blob->size - at);
    if (last && last->blob == blob &&
        (const unsigned char *)last->bytes + last->size == blob->bytes + at) {
        last->size += size;
        parcel->size += size;
        return;
    }
    piece_add(parcel, blob->bytes + at, size)->blob = wi_blob_ref(blob);
}

void wi_parcel_pad(struct wi_parcel *parcel, size_t multiple)
{
    static const char zeros[PAD_MAX];
    size_t over = parcel->size % multiple;
    assert(multiple <= PAD_MAX);
    if (over == 0)
        return;
    size_t padding = parcel->padding + multiple - over;
    piece_add(parcel, zeros, multiple - over);
    parcel->padding = padding;
}

/* --- reading --------------------------------------------------------------------------------- */

size_t wi_parcel_size(const struct wi_parcel *parcel)
{
    return parcel->size;
}

uint64_t wi_parcel_charged(const struct wi_parcel *parcel)
{
    return parcel->charged;
}

size_t wi_parcel_first(const struct wi_parcel *parcel)
{
    return parcel->count > 0 ? parcel->pieces[0].size : 0;
}

size_t wi_parcel_padding(const struct wi_parcel *parcel)
{
    return parcel->padding;
}

/* The piece with the byte `at`, which is within the parcel. */
static size_t piece_at(const struct wi_parcel *parcel, size_t at)
{
    size_t low = 0, high = parcel->count - 1;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (parcel->pieces[middle].at <= at)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

size_t wi_parcel_read(const struct wi_parcel *parcel, size_t at, void *out, size_t max)
{
    size_t copied = 0;
    if (at >= parcel->size)
        return 0;
    for (size_t i = piece_at(parcel, at); i < parcel->count && copied < max; i++) {
        const struct piece *piece = &parcel->pieces[i];
        size_t from = at + copied - piece->at, left = piece->size - from;
        size_t size = left < max - copied ? left : max - copied;
        if (size > 0)
            memcpy((char *)out + copied, (const char *)piece->bytes + from, size);
        copied += size;
    }
    return copied;
}
