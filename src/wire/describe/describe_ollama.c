/* Answers and lines of streams for Ollama's clients. */
#include "wire/describe/schemas.h"

static const struct wi_member error[] = {
    {"error", "string", "What was wrong, what is expected, and what is allowed."},
};

static const struct wi_member end[] = {
    {"model", "string", "The name under which the model was found."},
    {"created_at", "string", "When this line was written."},
    {"done", "boolean", "Whether this is the whole answer, or its last line."},
    {"done_reason?", "'stop'|'length'|'load'",
        "This and the members below are there if done is true."},
    {"total_duration?", "integer", "In nanoseconds, like all durations."},
    {"load_duration?", "integer", NULL},
    {"prompt_eval_count?", "integer", "This and eval_count: tokens that were read, and generated."},
    {"prompt_eval_duration?", "integer", NULL},
    {"eval_count?", "integer", NULL},
    {"eval_duration?", "integer", NULL},
    {"logprobs?", "[Logprob]", NULL},
};
static const struct wi_member chat[] = {
    {"message",
        "(role 'assistant', content string, thinking? string, tool_calls? [OllamaToolCall])", NULL},
};
static const struct wi_member tool_call[] = {
    {"id?", "string", NULL},
    {"function", "(index integer, name string, arguments object)", NULL},
};
static const struct wi_member generated[] = {
    {"response", "string", NULL},
    {"thinking?", "string", NULL},
};

static const struct wi_member embeddings[] = {
    {"model", "string", NULL},
    {"embeddings", "[[number|null]]", NULL},
    {"total_duration", "integer", "In nanoseconds."},
    {"load_duration", "integer", NULL},
    {"prompt_eval_count", "integer", NULL},
};
static const struct wi_member embedding[] = {
    {"embedding", "[number|null]", NULL},
};

static const struct wi_member version[] = {
    {"version", "string", "The version of Ollama whose API this is."},
    {"webinfer", "string", "The version of this service."},
};
static const struct wi_member details[] = {
    {"parent_model", "''", NULL},
    {"format", "string", NULL},
    {"family", "string", "The architecture, once the model has been read."},
    {"families", "[string]", NULL},
    {"parameter_size", "string", NULL},
    {"quantization_level", "string", NULL},
};
static const struct wi_member entry[] = {
    {"name", "string", "With a variant, or latest, which is the preferred one."},
    {"model", "string", "The same."},
    {"modified_at", "string", NULL},
    {"size", "integer", NULL},
    {"digest", "string", "The digest of the model's files, once it has been read; empty before."},
    {"details", "OllamaDetails", NULL},
};
static const struct wi_member list[] = {
    {"models", "[OllamaModel]", NULL},
};
static const struct wi_member loaded[] = {
    {"name", "string", NULL},
    {"model", "string", NULL},
    {"size", "integer", "Bytes, on all nodes that have it."},
    {"size_vram", "integer", "The bytes of them with WebGPU, WebNN or WebGL."},
    {"digest", "string", NULL},
    {"details", "OllamaDetails", NULL},
    {"expires_at", "string", "When it is unloaded if no request uses it."},
    {"context_length", "integer", "Tokens that a request has room for; 0: not known."},
};
static const struct wi_member running[] = {
    {"models", "[OllamaLoaded]", NULL},
};
static const struct wi_member shown[] = {
    {"license", "''", "Always empty, like other values that are not known."},
    {"modelfile", "string", NULL},
    {"parameters", "''", NULL},
    {"template", "''", NULL},
    {"system", "''", NULL},
    {"messages", "[object]", NULL},
    {"details", "OllamaDetails", NULL},
    {"model_info", "{string|integer}", "Under the names that GGUF files use."},
    {"capabilities", "['completion'|'tools'|'vision'|'embedding']", NULL},
    {"modified_at", "string", NULL},
};
static const struct wi_member pulling[] = {
    {"status", "string", "What it is doing; success at its end."},
    {"digest?", "string", "The commit of the hub, while files arrive."},
    {"total?", "integer", "Bytes of all files."},
    {"completed?", "integer", "The bytes that are here."},
};

const struct wi_schema wi_ollama_schemas[] = {
    WI_SCHEMA("OllamaError", error),
    WI_SCHEMA("OllamaAnswer", end),
    WI_SCHEMA("OllamaChat", chat, .also = "OllamaAnswer"),
    WI_SCHEMA("OllamaToolCall", tool_call),
    WI_SCHEMA("OllamaGenerated", generated, .also = "OllamaAnswer"),
    WI_SCHEMA("OllamaEmbeddings", embeddings),
    WI_SCHEMA("OllamaEmbedding", embedding),
    WI_SCHEMA("OllamaVersion", version),
    WI_SCHEMA("OllamaDetails", details),
    WI_SCHEMA("OllamaModel", entry),
    WI_SCHEMA("OllamaModels", list),
    WI_SCHEMA("OllamaLoaded", loaded),
    WI_SCHEMA("OllamaRunning", running),
    WI_SCHEMA("OllamaShown", shown),
    WI_SCHEMA("OllamaPulling", pulling),
    {0},
};
