/* OpenAI's dialects, one for each endpoint. */
#include "wire/openai/openai.h"

#include "wire/problem.h"

/* One for each endpoint, its name of the input, and its task. */
#define ENDPOINT(name, task, input)                                                                \
    static enum wi_code parse_##name(struct wi_infer *infer, struct wi_blob *body,                 \
        size_t json_size, struct wi_budget *budget, struct wi_error *error)                        \
    {                                                                                              \
        return wi_openai_parse(task, infer, body, json_size, budget, error);                       \
    }                                                                                              \
    static void error_##name(                                                                      \
        struct wi_buffer *out, const struct wi_error *error, const char *request_id)               \
    {                                                                                              \
        (void)request_id;                                                                          \
        openai_print_error(out, error, input);                                                     \
    }

static void openai_print_error(
    struct wi_buffer *out, const struct wi_error *error, const char *input)
{
    wi_buffer_puts(out, "{\"error\":");
    wi_openai_error(out, error, input);
    wi_buffer_puts(out, "}\n");
}

ENDPOINT(chat, WI_TASK_CHAT, "messages")
ENDPOINT(completions, WI_TASK_COMPLETE, "prompt")
ENDPOINT(embeddings, WI_TASK_EMBED, "input")
ENDPOINT(rerank, WI_TASK_RERANK, "documents")
ENDPOINT(tokenize, WI_TASK_TOKENIZE, "prompt")
ENDPOINT(speech, WI_TASK_TEXT_TO_SPEECH, "input")

#define SHARED                                                                                     \
    .error_type = "application/json", .error_form = "OpenaiError", .error_code = "error.code",     \
    .status = wi_openai_status, .params = wi_openai_params, .frame = wi_parameters_frame,          \
    .check = wi_parameters_check, .check_stream = wi_openai_check_stream,                          \
    .stream_begin = wi_openai_stream_begin, .stream_part = wi_openai_stream_part,                  \
    .stream_progress = wi_openai_stream_progress, .stream_done = wi_openai_stream_done,            \
    .stream_error = wi_openai_stream_error

const struct wi_dialect wi_dialect_openai_chat = {.name = "openai.chat",
    .task = WI_TASK_CHAT,
    .parse = parse_chat,
    .print = wi_openai_print_chat,
    .print_error = error_chat,
    SHARED};
const struct wi_dialect wi_dialect_openai_completions = {.name = "openai.completions",
    .task = WI_TASK_COMPLETE,
    .parse = parse_completions,
    .print = wi_openai_print_completion,
    .print_error = error_completions,
    SHARED};
const struct wi_dialect wi_dialect_openai_embeddings = {.name = "openai.embeddings",
    .task = WI_TASK_EMBED,
    .parse = parse_embeddings,
    .print = wi_openai_print_embeddings,
    .print_error = error_embeddings,
    SHARED};
const struct wi_dialect wi_dialect_openai_rerank = {.name = "openai.rerank",
    .task = WI_TASK_RERANK,
    .parse = parse_rerank,
    .print = wi_openai_print_ranking,
    .print_error = error_rerank,
    SHARED};
const struct wi_dialect wi_dialect_openai_tokenize = {.name = "openai.tokenize",
    .task = WI_TASK_TOKENIZE,
    .parse = parse_tokenize,
    .print = wi_openai_print_tokens,
    .print_error = error_tokenize,
    SHARED};

const struct wi_dialect wi_dialect_openai_speech = {.name = "openai.speech",
    .task = WI_TASK_TEXT_TO_SPEECH,
    .parse = parse_speech,
    .print = wi_openai_print_speech,
    .print_error = error_speech,
    SHARED};

/* --- both forms ------------------------------------------------------------------------------ */

static void error_both(struct wi_buffer *out, const struct wi_error *error, const char *request_id)
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
