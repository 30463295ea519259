/*
 * NumPy's .npy files (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html) for
 * the datatypes that tensors have: reading format 1.0 and 2.0, C order, little-endian; writing 1.0.
 */
#ifndef WI_CLI_NPY_H
#define WI_CLI_NPY_H

#include "base/buffer.h"
#include "base/error.h"
#include "terms/tensor/tensor.h"
#include <stddef.h>
#include <stdint.h>

/* What a file holds; the elements are `size` bytes from `offset` on, up to the end of the file. */
struct wi_npy {
    enum wi_datatype datatype;
    unsigned rank;
    int64_t dims[WI_TENSOR_MAX_RANK];
    size_t offset;
    size_t size;
};

/* WI_OK, or WI_INPUT_INVALID saying what is wrong with the file and what to do about it. */
enum wi_code wi_npy_read(
    const unsigned char *bytes, size_t size, struct wi_npy *array, struct wi_error *error);
/* Appends the header of a file; the elements follow. BF16, which NumPy lacks, is written as
 * uint16. WI_INPUT_INVALID for WI_BYTES. */
enum wi_code wi_npy_write_header(struct wi_buffer *out, enum wi_datatype datatype,
    const int64_t *dims, unsigned rank, struct wi_error *error);

#endif
