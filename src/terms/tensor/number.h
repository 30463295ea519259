/* Numbers as JSON text, fast: the shortest form that reads back to the same value. */
#ifndef WI_TERMS_TENSOR_NUMBER_H
#define WI_TERMS_TENSOR_NUMBER_H

#include "base/buffer.h"
#include <stddef.h>
#include <stdint.h>

/* The room that every function here needs in `out`. None adds a NUL; each returns the number of
 * bytes written. */
#define WI_NUMBER_SIZE 32

size_t wi_print_unsigned(char *out, uint64_t value);
size_t wi_print_signed(char *out, int64_t value);
/* NaN and infinities become the JSON strings "NaN", "Infinity" and "-Infinity", quotes included. */
size_t wi_print_float(char *out, float value);
size_t wi_print_double(char *out, double value);
/* Appends the same. */
void wi_number_add(struct wi_buffer *out, double value);

#endif
