/*
 * Tensors in transit: a name, an element type, a shape, and a slice of a counted blob with the
 * elements in C order, little-endian. Element data is copied only if it must be.
 */
#ifndef WI_TERMS_TENSOR_TENSOR_H
#define WI_TERMS_TENSOR_TENSOR_H

#include "base/blob.h"
#include "base/buffer.h"
#include "base/error.h"
#include "terms/tensor/datatype.h"
#include <jansson.h>
#include <stdint.h>

/* The largest dimension: the largest integer that every peer represents exactly as a JSON
 * number. */
#define WI_TENSOR_DIM_MAX ((INT64_C(1) << 53) - 1)
#define WI_TENSOR_MAX_RANK 16
#define WI_TENSORS_MAX 1024     /* in one message */
#define WI_TENSOR_NAME_MAX 1024 /* bytes */

struct wi_tensor {
    char *name; /* owned */
    enum wi_datatype datatype;
    unsigned rank;
    int64_t dims[WI_TENSOR_MAX_RANK];
    struct wi_blob *blob; /* one reference */
    size_t offset;        /* of the elements in the blob */
    size_t size;          /* bytes */
};

/* Zero-initialise; free with wi_tensors_clear. */
struct wi_tensors {
    struct wi_tensor *items;
    size_t count;
};

const unsigned char *wi_tensor_bytes(const struct wi_tensor *tensor);
/* The number of elements, or -1 for a negative dimension or an overflow. */
int64_t wi_shape_elements(const int64_t *dims, unsigned rank);
/* "[1, 3, 224, 224]" into `out`. */
void wi_shape_format(const int64_t *dims, unsigned rank, char *out, size_t size);
/* Appends an empty tensor and returns it, to be filled. */
struct wi_tensor *wi_tensors_add(struct wi_tensors *list);
/* Appends `size` bytes of `blob` from `at` on as a tensor, UINT8 [size]. Takes over a reference. */
void wi_tensors_add_bytes(
    struct wi_tensors *list, const char *name, struct wi_blob *blob, size_t at, size_t size);
void wi_tensors_clear(struct wi_tensors *list);
void wi_tensors_move(struct wi_tensors *to, struct wi_tensors *from); /* `from` becomes empty */
/* Appends to `to` the tensors of `from`, sharing their bytes. */
void wi_tensors_share(struct wi_tensors *to, const struct wi_tensors *from);
/* Bytes of all tensors. */
size_t wi_tensors_bytes(const struct wi_tensors *list);
/* The first tensor of that name, or NULL; borrowed. */
const struct wi_tensor *wi_tensors_find(const struct wi_tensors *list, const char *name);

/* --- JSON ------------------------------------------------------------------------------------ */

/* Reads KServe's list [{"name","datatype","shape","data"|"parameters":{"binary_data_size"}}] into
 * `list`. JSON data (flat or nested) is converted into a blob of its own; tensors with a
 * binary_data_size take consecutive slices of `body` from `binary_offset` on, which must be used up
 * exactly. `body` may be NULL if no tensor comes in binary. Numbers must be finite and fit the
 * datatype; FP16 and BF16 come only in binary. `where` prefixes error fields, e.g. "inputs".
 * Errors: WI_INVALID_FIELD, WI_MISSING_FIELD, WI_UNKNOWN_FIELD, WI_NON_FINITE, WI_BAD_FRAMING,
 * WI_INPUT_SIZE (count and shape disagree), WI_INPUT_DATATYPE, WI_MEMORY_BUDGET. */
enum wi_code wi_tensors_from_json(struct wi_tensors *list, const json_t *array,
    struct wi_blob *body, size_t binary_offset, struct wi_budget *budget, const char *where,
    struct wi_error *error);

/* Reads a list [{"name","datatype","shape"}] of tensors that are still to be computed: their sizes
 * follow from their shapes, and they have no bytes. Errors: WI_INVALID_FIELD, WI_MISSING_FIELD,
 * WI_UNKNOWN_FIELD. */
enum wi_code wi_tensors_heads_from_json(
    struct wi_tensors *list, const json_t *array, const char *where, struct wi_error *error);

/* Begins a tensor as a JSON object with its name, datatype and shape. The object is left open. */
void wi_tensor_begin_json(struct wi_buffer *out, const struct wi_tensor *tensor);
/* Writes a tensor as KServe JSON; FP32 in the shortest form that reads back the same, non-finite
 * values as "NaN", "Infinity", "-Infinity". With `binary`, only name, datatype, shape and
 * parameters.binary_data_size are written, and the bytes are sent elsewhere. FP16 and BF16 cannot
 * be JSON: the caller must ask for binary (see wi_datatype_needs_binary). */
void wi_tensor_to_json(struct wi_buffer *out, const struct wi_tensor *tensor, int binary);
/* Likewise without `binary`, unless `out` comes to more than `most` bytes: then it stops soon after
 * that, and what it has written is no JSON. */
void wi_tensor_to_json_within(struct wi_buffer *out, const struct wi_tensor *tensor, size_t most);
int wi_datatype_needs_binary(enum wi_datatype type);

#endif
