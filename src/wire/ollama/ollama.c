/* Ollama's dialects, one for each endpoint. */
#include "wire/ollama/ollama.h"

#define ERRORS                                                                                     \
    .error_type = "application/json", .error_form = "OllamaError",                                 \
    .print_error = wi_ollama_print_error, .stream_type = WI_OLLAMA_STREAM_TYPE,                    \
    .stream_error = wi_ollama_stream_error
#define SHARED                                                                                     \
    ERRORS, .frame = wi_parameters_frame, .check = wi_ollama_check,                                \
            .check_stream = wi_ollama_check_stream, .stream_begin = wi_ollama_stream_begin,        \
            .stream_part = wi_ollama_stream_part, .stream_progress = wi_ollama_stream_progress,    \
            .stream_done = wi_ollama_stream_done

const struct wi_dialect wi_dialect_ollama_chat = {.name = "ollama.chat",
    .task = WI_TASK_CHAT,
    .params = wi_ollama_params,
    .parse = wi_ollama_parse_chat,
    .print = wi_ollama_print_text,
    SHARED};
const struct wi_dialect wi_dialect_ollama_generate = {.name = "ollama.generate",
    .task = WI_TASK_COMPLETE,
    .params = wi_ollama_params,
    .parse = wi_ollama_parse_generate,
    .print = wi_ollama_print_text,
    SHARED};
const struct wi_dialect wi_dialect_ollama_embed = {.name = "ollama.embed",
    .task = WI_TASK_EMBED,
    .params = wi_ollama_params,
    .parse = wi_ollama_parse_embed,
    .print = wi_ollama_print_embed,
    SHARED};
const struct wi_dialect wi_dialect_ollama_embeddings = {.name = "ollama.embeddings",
    .task = WI_TASK_EMBED,
    .params = wi_ollama_params_embeddings,
    .parse = wi_ollama_parse_embeddings,
    .print = wi_ollama_print_embeddings,
    SHARED};

const struct wi_dialect wi_dialect_ollama = {.name = "ollama", ERRORS};
