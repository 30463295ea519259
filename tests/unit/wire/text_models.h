/* The models that the tests of text share. */
#ifndef WI_TESTS_WIRE_TEXT_MODELS_H
#define WI_TESTS_WIRE_TEXT_MODELS_H

#include "reading.h"

static struct wi_model chat = {.name = (char *)"chat",
    .type = WI_TYPE_TEXT_GENERATION,
    .engine = WI_ENGINE_LLAMA,
    .format = WI_FORMAT_GGUF};
static struct wi_model embedder = {.name = (char *)"embedder",
    .type = WI_TYPE_TEXT_EMBEDDING,
    .engine = WI_ENGINE_LLAMA,
    .format = WI_FORMAT_GGUF};

#endif
