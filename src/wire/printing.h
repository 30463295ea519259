/*
 * An answer that is being printed: JSON in three parts, of which the tensors in the middle may be
 * large, and binary tensors, which are not copied. A dialect makes it.
 */
#ifndef WI_WIRE_PRINTING_H
#define WI_WIRE_PRINTING_H

#include "base/buffer.h"
#include "base/error.h"
#include "terms/tensor/tensor.h"
#include <jansson.h>

/* Bytes in someone else's memory, for as long as the owner keeps them. */
struct wi_slice {
    const void *bytes;
    size_t size;
};

/* Adds a row of an output to a text; it is aligned, and borrowed during the call. */
typedef void wi_row_fn(struct wi_buffer *out, int64_t index, const float *row, size_t width);

struct wi_printing {
    struct wi_buffer text; /* the JSON before the outputs; once printed, all of it */
    struct wi_buffer tail; /* the JSON after them */
    struct wi_tensors outputs;
    unsigned char *binary;  /* one flag for each output; NULL: none is binary */
    size_t json_bytes;      /* of the tensors that become JSON */
    size_t needs;           /* bytes that printing may take, in addition to the tensors */
    const char *media_type; /* of the whole; NULL: JSON, or JSON and binary tensors after it */
    void (*write)(struct wi_printing *printing); /* adds the outputs to `text`; NULL: tensors */
    wi_row_fn *add_row;                          /* of wi_vectors_print */
    /* Once printed: the answer in pieces, first its JSON, then the binary tensors; valid until the
     * text is taken or changed. */
    struct wi_slice *slices;
    size_t slice_count;
};

/* An answer of this JSON and the end of a line. Takes it. */
struct wi_printing *wi_printing_json(json_t *answer);
/* A server-sent event with this JSON; `type` NULL: it has none. Takes the JSON. */
void wi_printing_event(struct wi_buffer *out, const char *type, json_t *data);

/* Prints the rest. May run on any thread, once. */
void wi_printing_run(struct wi_printing *printing);
/* Whether an output is binary, even if it is an empty one. */
int wi_printing_has_binary(const struct wi_printing *printing);
void wi_printing_free(struct wi_printing *printing); /* NULL is fine */

/* --- embeddings: an answer whose only tensor is FP32 [rows, width] ---------------------------- */

/* A printing of these outputs, which are taken, by `add` for each row; the texts around them are
 * the caller's. `around`: additional bytes for each row. NULL with WI_INFERENCE_FAILED for outputs
 * without this form. */
struct wi_printing *wi_vectors_print(
    struct wi_tensors *outputs, size_t around, wi_row_fn *add, struct wi_error *error);
/* Appends a list of numbers; numbers that are not finite become null. */
void wi_vectors_numbers(struct wi_buffer *out, const float *row, size_t width);

#endif
