/* The model that writes, of the tests of text. */
#ifndef WI_TESTS_WIRE_CHAT_MODEL_H
#define WI_TESTS_WIRE_CHAT_MODEL_H

#include "reading.h"

static struct wi_model chat = {.name = (char *)"chat",
    .type = WI_TYPE_TEXT_GENERATION,
    .engine = WI_ENGINE_LLAMA,
    .format = WI_FORMAT_GGUF};

#endif
