/* The models, limits and reader of requests that the tests of text share. */
#ifndef WI_TESTS_WIRE_TEXT_MODELS_H
#define WI_TESTS_WIRE_TEXT_MODELS_H

#include "../test.h"

#include "wire/dialect.h"
#include <string.h>

static const struct wi_config_models limits = {.max_picture_pixels = 1000, .slots = 4};
static struct wi_model chat = {.name = (char *)"chat",
    .type = WI_TYPE_TEXT_GENERATION,
    .engine = WI_ENGINE_LLAMA,
    .format = WI_FORMAT_GGUF};
static struct wi_model embedder = {.name = (char *)"embedder",
    .type = WI_TYPE_TEXT_EMBEDDING,
    .engine = WI_ENGINE_LLAMA,
    .format = WI_FORMAT_GGUF};

/* Has `dialect` read `body`; the caller clears `infer`, also after an error. */
static enum wi_code parse(const struct wi_dialect *dialect, struct wi_infer *infer,
    const char *body, struct wi_error *error)
{
    struct wi_blob *blob = wi_blob_new(NULL, strlen(body) + 1);
    memset(infer, 0, sizeof *infer);
    *error = (struct wi_error){0};
    assert_int_equal(wi_blob_append(blob, body, strlen(body)), 0);
    enum wi_code code = dialect->parse(infer, blob, strlen(body), NULL, error);
    wi_blob_unref(blob);
    return code;
}

#endif
