/* OpenAI's dialects, one for each endpoint. */
#include "wire/openai/openai.h"

#include "wire/problem.h"

#define ENDPOINT(endpoint, kind, input_, print_)                                                   \
    const struct wi_dialect wi_dialect_openai_##endpoint = {WI_OPENAI_READS,                       \
        .name = "openai." #endpoint, .task = WI_TASK_##kind, .input = (input_),                    \
        .frame = wi_parameters_frame, .print = (print_), .stream_begin = wi_openai_stream_begin,   \
        .stream_part = wi_openai_stream_part, .stream_done = wi_openai_stream_done,                \
        .stream_error = wi_openai_stream_error}

ENDPOINT(chat, CHAT, "messages", wi_openai_print_text);
ENDPOINT(completions, COMPLETE, "prompt", wi_openai_print_text);
ENDPOINT(embeddings, EMBED, "input", wi_openai_print_embeddings);
ENDPOINT(rerank, RERANK, "documents", wi_openai_print_ranking);
ENDPOINT(tokenize, TOKENIZE, "prompt", wi_openai_print_tokens);
ENDPOINT(speech, TEXT_TO_SPEECH, "input", wi_openai_print_speech);

static void error_both(const struct wi_dialect *dialect, struct wi_buffer *out,
    const struct wi_error *error, const char *request_id)
{
    wi_problem_write(out, error, request_id);
    out->size -= 2; /* "}\n" */
    wi_buffer_puts(out, ",\"error\":");
    wi_openai_error(out, error, "");
    wi_buffer_puts(out, "}\n");
}

const struct wi_dialect wi_dialect_openai_both = {
    .name = "openai.both",
    .error_type = WI_PROBLEM_MEDIA_TYPE,
    .error_form = "BothErrors",
    .error_code = "code",
    .print_error = error_both,
};
