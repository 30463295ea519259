/* The models that the tests of text share. */
#ifndef WI_TESTS_WIRE_TEXT_MODELS_H
#define WI_TESTS_WIRE_TEXT_MODELS_H

#include "chat_model.h"

static struct wi_model embedder = {.name = (char *)"embedder",
    .type = WI_TYPE_TEXT_EMBEDDING,
    .engine = WI_ENGINE_LLAMA,
    .format = WI_FORMAT_GGUF};

#endif
