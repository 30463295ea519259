/*
 * The dialect of POST /v1/compute: a kernel of the table (terms/kernel/kernel.h), or a client's own
 * (terms/kernel/kernel_program.h), over tensors, in the same form as in our own format.
 */
#ifndef WI_WIRE_COMPUTE_H
#define WI_WIRE_COMPUTE_H

#include "wire/dialect.h"

extern const struct wi_dialect wi_dialect_compute;
/* The members of a request. */
extern const struct wi_param wi_compute_params[];
/* Notes the requested kernel: WI_OK, or WI_KERNEL_NOT_FOUND with a list of the kernels. */
enum wi_code wi_compute_find_kernel(
    struct wi_infer *infer, const char *name, struct wi_error *error);

#endif
