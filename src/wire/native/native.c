/* The native dialect: the JSON of webinfer-api(7), with binary tensors after it, and problem
 * documents for errors. */
#include "wire/native/native.h"

#include "wire/problem.h"

const struct wi_dialect wi_dialect_native = {
    .name = "native",
    .error_type = WI_PROBLEM_MEDIA_TYPE,
    .error_form = "Problem",
    .error_code = "code",
    .frame = wi_native_frame,
    .parse = wi_native_parse,
    .check = wi_native_check,
    .check_stream = wi_native_check_stream,
    .print = wi_native_print,
    .print_error = wi_problem_write,
    .stream_begin = wi_native_stream_begin,
    .stream_part = wi_native_stream_part,
    .stream_progress = wi_native_stream_progress,
    .stream_done = wi_native_print_done,
    .stream_error = wi_native_stream_error,
};
