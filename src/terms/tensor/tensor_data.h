/* Shared by the two halves of wi_tensors_from_json: the list (tensor_json.c), which reads a
 * tensor's elements by the other (tensor_data.c). */
#ifndef WI_TERMS_TENSOR_TENSOR_DATA_H
#define WI_TERMS_TENSOR_TENSOR_DATA_H

#include "terms/tensor/tensor.h"

/* What the reading of one tensor carries along. */
struct wi_tensor_reader {
    struct wi_tensor *tensor;
    struct wi_blob *body;  /* the request's, with its binary section at the end, or NULL */
    size_t section;        /* how many bytes that section has */
    size_t *binary_offset; /* where the next slice begins */
    struct wi_budget *budget;
    struct wi_error *error;
    const char *where;  /* "inputs[2]" */
    size_t next;        /* index of the next element */
    unsigned char *out; /* where it goes */
};

/* Fails on the tensor's field `leaf`, and on its entry `index` unless that is -1. */
__attribute__((format(printf, 5, 6))) enum wi_code wi_tensor_fail(struct wi_tensor_reader *reader,
    enum wi_code code, const char *leaf, int64_t index, const char *format, ...);
/* WI_OK, or WI_INPUT_SIZE if `found` elements are not what the shape has. */
enum wi_code wi_tensor_check_count(struct wi_tensor_reader *reader, size_t found, size_t elements);
/* Reads the field "data" into a blob of the tensor's own; its datatype and shape are set. */
enum wi_code wi_tensor_read_data(struct wi_tensor_reader *reader, json_t *data, size_t elements);

#endif
