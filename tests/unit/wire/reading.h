/* The limits and the reader of requests that the tests of dialects share. */
#ifndef WI_TESTS_WIRE_READING_H
#define WI_TESTS_WIRE_READING_H

#include "../test.h"

#include "wire/dialect.h"
#include <string.h>

static const struct wi_config_models limits = {.max_picture_pixels = 1000, .slots = 4};

/* Has `dialect` read `body`; the caller clears `infer`, also after an error. */
static enum wi_code parse(const struct wi_dialect *dialect, struct wi_infer *infer,
    const char *body, struct wi_error *error)
{
    struct wi_blob *blob = wi_blob_new(NULL, strlen(body) + 1);
    memset(infer, 0, sizeof *infer);
    *error = (struct wi_error){0};
    assert_int_equal(wi_blob_append(blob, body, strlen(body)), 0);
    enum wi_code code = wi_dialect_parse(dialect, infer, blob, strlen(body), NULL, error);
    wi_blob_unref(blob);
    return code;
}

#endif
