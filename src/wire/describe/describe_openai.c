/* Answers and chunks of streams for OpenAI's clients. */
#include "wire/describe/schemas.h"

static const struct wi_member head[] = {
    {"id", "string", NULL},
    {"created", "integer", "In seconds since 1970."},
    {"model", "string", NULL},
};

static const struct wi_member usage[] = {
    {"prompt_tokens", "integer", NULL},
    {"completion_tokens", "integer", NULL},
    {"total_tokens", "integer", NULL},
    {"prompt_tokens_details", "(cached_tokens integer)", NULL},
};
static const struct wi_member read_usage[] = {
    {"prompt_tokens", "integer", NULL},
    {"total_tokens", "integer", NULL},
};
static const struct wi_member heard_usage[] = {
    {"type", "'duration'", NULL},
    {"seconds", "integer", NULL},
};

static const struct wi_member chat[] = {
    {"object", "'chat.completion'", NULL},
    {"choices", "[ChatChoice]", NULL},
    {"usage", "OpenaiUsage", NULL},
    {"timings?", "Timings", NULL},
};
static const struct wi_member chat_choice[] = {
    {"index", "integer", NULL},
    {"message",
        "(role 'assistant', content string|null, refusal null, "
        "reasoning_content? string, tool_calls? [OpenaiToolCall])",
        NULL},
    {"logprobs", "(content [Logprob], refusal null)|null", NULL},
    {"finish_reason", "'stop'|'length'|'tool_calls'", NULL},
};
static const struct wi_member tool_call[] = {
    {"index?", "integer", "In streams."},
    {"id?", "string", NULL},
    {"type?", "'function'", NULL},
    {"function", "(name? string, arguments? string)", NULL},
};
static const struct wi_member chat_chunk[] = {
    {"object", "'chat.completion.chunk'", NULL},
    {"choices", "[ChatDelta]", NULL},
    {"usage?", "OpenaiUsage|null", NULL},
    {"timings?", "Timings", NULL},
};
static const struct wi_member chat_delta[] = {
    {"index", "integer", NULL},
    {"delta",
        "(role? 'assistant', content? string, reasoning_content? string, "
        "tool_calls? [OpenaiToolCall])",
        NULL},
    {"logprobs", "(content [Logprob], refusal null)|null", NULL},
    {"finish_reason", "'stop'|'length'|'tool_calls'|null", NULL},
};

static const struct wi_member message[] = {
    {"role", "'system'|'developer'|'user'|'assistant'|'tool'", NULL},
    {"content?", "string|[OpenaiPart]|null", "Null or none with tool_calls."},
    {"name?", "string", NULL},
    {"tool_calls?", "[OpenaiToolCall]", "For an assistant."},
    {"tool_call_id?", "string", "For a tool."},
    {"reasoning_content?", "string", "For an assistant."},
};

static const struct wi_member completion[] = {
    {"object", "'text_completion'", NULL},
    {"choices", "[CompletionChoice]", NULL},
    {"usage?", "OpenaiUsage|null", "In the chunks of a stream only if it was asked for."},
    {"timings?", "Timings", NULL},
};
static const struct wi_member completion_choice[] = {
    {"index", "integer", NULL},
    {"text", "string", NULL},
    {"logprobs",
        "(tokens [string], token_logprobs [number], top_logprobs [{number}], "
        "text_offset [integer])|null",
        NULL},
    {"finish_reason", "'stop'|'length'|'tool_calls'|null", NULL},
};

static const struct wi_member embeddings[] = {
    {"object", "'list'", NULL},
    {"data", "[(object 'embedding', index integer, embedding [number|null]|string)]",
        "In base64 little-endian floats."},
    {"model", "string", NULL},
    {"usage", "OpenaiReadUsage", NULL},
};
static const struct wi_member ranking[] = {
    {"object", "'list'", NULL},
    {"results", "[(index integer, relevance_score number, document? (text string))]",
        "The best first."},
    {"usage", "OpenaiReadUsage", NULL},
};
static const struct wi_member tokenized[] = {
    {"model", "string", NULL},
    {"tokens", "[integer]", NULL},
    {"count", "integer", NULL},
};

static const struct wi_member heard[] = {
    {"text", "string", NULL},
    {"usage", "OpenaiHeardUsage", NULL},
};
static const struct wi_member heard_verbose[] = {
    {"task", "'transcribe'|'translate'", NULL},
    {"text", "string", NULL},
    {"language", "string", "For a translation: english. If it is not known: und."},
    {"duration", "number", "In seconds, like all times but seek."},
    {"segments?",
        "[(id integer, seek number, start number, end number, text string, tokens [integer], "
        "temperature number, avg_logprob number, compression_ratio number, no_speech_prob "
        "number)]",
        "seek is in hundredths of a second."},
    {"words?", "[(word string, start number, end number)]", NULL},
    {"usage", "OpenaiHeardUsage", NULL},
};
static const struct wi_member heard_delta[] = {
    {"type", "'transcript.text.delta'", NULL},
    {"delta", "string", NULL},
};
static const struct wi_member heard_done[] = {
    {"type", "'transcript.text.done'", NULL},
    {"text", "string", NULL},
    {"usage", "OpenaiHeardUsage", NULL},
};

const struct wi_schema wi_openai_schemas[] = {
    WI_SCHEMA("OpenaiHead", head),
    WI_SCHEMA("OpenaiUsage", usage),
    WI_SCHEMA("OpenaiReadUsage", read_usage),
    WI_SCHEMA("OpenaiHeardUsage", heard_usage),
    WI_SCHEMA("OpenaiToolCall", tool_call),
    WI_SCHEMA("OpenaiMessage", message),
    {.name = "OpenaiPart",
        .is = "(type 'text', text string)|(type 'image_url', image_url string|(url string, detail? "
              "string))"},
    WI_SCHEMA("Chat", chat, .also = "OpenaiHead"),
    WI_SCHEMA("ChatChoice", chat_choice),
    WI_SCHEMA("ChatChunk", chat_chunk, .also = "OpenaiHead"),
    WI_SCHEMA("ChatDelta", chat_delta),
    WI_SCHEMA("Completion", completion, .also = "OpenaiHead"),
    WI_SCHEMA("CompletionChoice", completion_choice),
    WI_SCHEMA("Embeddings", embeddings),
    WI_SCHEMA("Ranking", ranking, .also = "OpenaiHead"),
    WI_SCHEMA("Tokenized", tokenized),
    {.name = "Heard", .is = "HeardText|HeardVerbose"},
    WI_SCHEMA("HeardText", heard),
    WI_SCHEMA("HeardVerbose", heard_verbose),
    {.name = "HeardEvent", .is = "HeardDelta|HeardDone"},
    WI_SCHEMA("HeardDelta", heard_delta),
    WI_SCHEMA("HeardDone", heard_done),
    {0},
};
