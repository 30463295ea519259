/*
 * Pictures in requests: base64, and the size in the first bytes of a PNG, JPEG or WebP file.
 * Nothing is decoded here; the browser does that, and only within the pixel limit.
 */
#ifndef WI_WIRE_PICTURE_H
#define WI_WIRE_PICTURE_H

#include "base/blob.h"
#include "base/error.h"
#include <stdint.h>

struct wi_picture {
    const char *media_type; /* "image/png", "image/jpeg", "image/webp" */
    uint32_t width, height; /* at least 1 */
};

/* WI_OK, or WI_PICTURE_INVALID with the fault. */
enum wi_code wi_picture_sniff(
    const unsigned char *bytes, size_t size, struct wi_picture *picture, struct wi_error *error);
/* WI_OK, or WI_PICTURE_TOO_LARGE for more pixels. */
enum wi_code wi_picture_check_size(
    const struct wi_picture *picture, int64_t max_pixels, struct wi_error *error);
/* The text of an "image" field, as wi_base64_decode takes it. `*blob` is a new blob with the bytes.
 * WI_OK, WI_PICTURE_INVALID or WI_MEMORY_BUDGET; The error names `field`. */
enum wi_code wi_picture_decode(const char *text, size_t length, const char *field,
    struct wi_budget *budget, struct wi_blob **blob, struct wi_error *error);

#endif
