/* The dialects by name. */
#include "base/memory.h"
#include "wire/anthropic/anthropic.h"
#include "wire/benchmark/benchmark.h"
#include "wire/compute/compute.h"
#include "wire/kserve/kserve.h"
#include "wire/ollama/ollama.h"
#include "wire/openai/openai.h"
#include "wire/responses/responses.h"

#include <string.h>

const struct wi_dialect *wi_dialect_find(const char *name)
{
    static const struct wi_dialect *const dialects[] = {&wi_dialect_native, &wi_dialect_compute,
        &wi_dialect_benchmark, &wi_dialect_openai_chat, &wi_dialect_openai_completions,
        &wi_dialect_openai_embeddings, &wi_dialect_openai_rerank, &wi_dialect_openai_tokenize,
        &wi_dialect_openai_speech, &wi_dialect_openai_transcriptions,
        &wi_dialect_openai_translations, &wi_dialect_openai_responses, &wi_dialect_kserve,
        &wi_dialect_kserve_generate, &wi_dialect_kserve_stream, &wi_dialect_ollama_chat,
        &wi_dialect_ollama_generate, &wi_dialect_ollama_embed, &wi_dialect_ollama_embeddings,
        &wi_dialect_anthropic_messages, &wi_dialect_anthropic_count};
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (strcmp(dialects[i]->name, name) == 0)
            return dialects[i];
    return NULL;
}

const struct wi_dialect *wi_dialect_of_errors(const char *name)
{
    const struct wi_dialect *dialect = wi_dialect_find(name);
    return dialect ? dialect : &wi_dialect_native;
}

enum wi_code wi_dialect_parse(const struct wi_dialect *dialect, struct wi_infer *infer,
    struct wi_blob *body, size_t json_size, struct wi_budget *budget, struct wi_error *error)
{
    infer->dialect = dialect;
    infer->body = body;
    infer->json_size = json_size;
    infer->budget = budget;
    infer->asked = wi_inference_new();
    infer->asked->task = dialect->task;
    infer->asked->priority = WI_PRIORITY_DEFAULT;
    infer->extras = wi_alloc(dialect->extras_size);
    infer->free_extras = dialect->free_extras;
    enum wi_code code =
        dialect->parse ? dialect->parse(infer, error) : wi_native_read_body(infer, error);
    infer->body = NULL;
    infer->budget = NULL;
    return code;
}

const char *wi_dialect_stream_type(const struct wi_dialect *dialect)
{
    return dialect->stream_type ? dialect->stream_type : "text/event-stream";
}

/* Server-sent events have comments, lines of JSON have none. */
const char *wi_dialect_stream_alive(const struct wi_dialect *dialect)
{
    return dialect->stream_type ? "" : ": alive\n\n";
}

int wi_dialect_status(const struct wi_dialect *dialect, enum wi_code code)
{
    return dialect->status ? dialect->status(code) : wi_code_status(code);
}
