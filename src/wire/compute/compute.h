/*
 * The dialect of POST /v1/compute: a kernel of the table (kernel/kernel.h), or a client's own
 * (kernel/program.h), over tensors, which come and go as in our own format.
 */
#ifndef WI_WIRE_COMPUTE_H
#define WI_WIRE_COMPUTE_H

#include "wire/dialect.h"

extern const struct wi_dialect wi_dialect_compute;
/* The members of a request. */
extern const struct wi_param wi_compute_params[];

#endif
