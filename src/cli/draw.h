/* Shows on a picture what a model found in it. */
#ifndef WI_CLI_DRAW_H
#define WI_CLI_DRAW_H

#include "base/error.h"
#include "model/tensor.h"
#include <jansson.h>

/* Whether the file at `path`, whose bytes these are, begins as one that wi_cli_draw can read: WI_OK
 * or the error that says what to change. */
enum wi_code wi_cli_draw_check(
    const char *path, const void *bytes, size_t size, struct wi_error *error);
/* Reads the PNG file at `path`, marks on it the boxes or the segments of `result`, numbered from 1
 * in their order, and writes it as `to`. The masks of segments are PNG files among `outputs`.
 * WI_OK, or the error that says what to change. */
enum wi_code wi_cli_draw(const char *path, const json_t *result, const struct wi_tensors *outputs,
    const char *to, struct wi_error *error);

#endif
