/* Shared by the two halves of wi_tensors_from_json: tensor_json.c reads the list, and calls
 * tensor_data.c for a tensor's elements. */
#ifndef WI_TERMS_TENSOR_TENSOR_DATA_H
#define WI_TERMS_TENSOR_TENSOR_DATA_H

#include "terms/tensor/tensor.h"

/* The state of reading one tensor. */
struct wi_tensor_reader {
    struct wi_tensor *tensor;
    struct wi_blob *body;  /* the request's, with its binary section at the end, or NULL */
    size_t section;        /* bytes of that section */
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
#define fail(reader, code, leaf, ...) wi_tensor_fail(reader, code, leaf, -1, __VA_ARGS__)
/* WI_OK, or WI_INPUT_SIZE if `found` is not the number of elements of the shape. */
enum wi_code wi_tensor_check_count(struct wi_tensor_reader *reader, size_t found, size_t elements);
/* Reads the field "data" into a blob of the tensor's own. Its datatype and shape must be set. */
enum wi_code wi_tensor_read_data(struct wi_tensor_reader *reader, json_t *data, size_t elements);

#endif
