/* What the service answers of models here: those there are, how they come, what they are made into.
 */
#include "wire/describe/schemas.h"

#include <stddef.h>

static const struct wi_member model[] = {
    {"name", "string", NULL},
    {"type?", "string|null", NULL},
    {"format?", "'onnx'|'gguf'|'huggingface'", NULL},
    {"hash?", "string",
        "Of its content. This and what follows from its files is there once they "
        "have been read, as asking for the model alone makes them be."},
    {"bytes?", "integer", "Of all its files."},
    {"files?", "[(path string, bytes integer, hash string)]", NULL},
    {"variant?", "string", "Which of its variants this is."},
    {"variants?",
        "[(name string, bytes integer, file_count integer, made? Made, "
        "webgpu? (bytes integer, file_count integer))]",
        "The preferred one first. NAME:VARIANT names another one, wherever a model is named. "
        "webgpu: the graphs that it has for WebGPU alone."},
    {"opset?", "integer", "Of ONNX files."},
    {"inputs?", "[Value]", NULL},
    {"outputs?", "[Value]", NULL},
    {"takes_picture?", "boolean", NULL},
    {"title?", "string", "Of GGUF files, as what follows."},
    {"architecture?", "string", NULL},
    {"quantization?", "string", NULL},
    {"parameters?", "integer", NULL},
    {"context_length?", "integer", NULL},
    {"embedding_length?", "integer", NULL},
    {"vocabulary?", "integer", "How many tokens."},
    {"chat?", "boolean", "Whether it has a template for conversations."},
    {"pooling?", "string", "Of an embedder."},
    {"memory?", "Memory", "What it takes in a page."},
    {"tasks?", "[Task]", "Of a folder: what it can do, the usual one first."},
    {"dtype?", "string", NULL},
    {"labels?", "integer", "How many it tells apart."},
    {"ignored_settings?", "[(file string, member string, value? any, reason string)]",
        "What a folder's files ask for, and its model is answered without: at most 64, a long "
        "value left out. See webinfer-inputs(7), Settings of folders."},
    {"numerics?", "(exempt string|null, verdicts [Verdict])", "How right platforms compute it."},
    {"warnings?", "[string]",
        "For the operator, such as that its weights are slow in WebAssembly."},
    {"builtin?", "boolean", NULL},
    {"loaded?", "[Loaded]",
        "Which nodes have it, and what they tell of it: of a list where there are many, 10 of "
        "them."},
    {"loaded_more?", "integer", "Of a list: how many others have it."},
    {"problem?", "string", "Why it cannot be read."},
    {"last_used_at?", "integer|null",
        "When a request last used it, in seconds since 1970, as far as is known; null for never."},
    {"source?", "Source", "Where it was pulled from."},
    {"versions?", "[Version]", "Of one that was pulled or uploaded, the latest first."},
    {"published?", "[Pin]", "Under which CIDs it, or a variant of it, is published."},
    {"pulling?", "Pull", "While one of this name is under way."},
    {"id?", "string", "For OpenAI's clients, as what follows."},
    {"object?", "'model'", NULL},
    {"created?", "integer", NULL},
    {"owned_by?", "string", NULL},
    {0},
};
static const struct wi_member loaded[] = {
    {"node", "string", NULL},
    {"hash", "string", NULL},
    {"platform", "string", NULL},
    {"state", "string", "loading, loaded, failed or evicted."},
    {"bytes?", "integer", "With what is kept of what was computed with it."},
    {"error?", "string", NULL},
    {"slots?", "(count integer, busy integer, context integer, cached_tokens integer)",
        "Of a language model: how many requests it runs at a time, and at work, the tokens that "
        "each has room for, and those that are kept."},
    {"speed?", "(prompt_ms number, token_ms number)",
        "Of a few tokens that were computed for nobody."},
    {0},
};
static const struct wi_member value[] = {
    {"name", "string", NULL},
    {"datatype", "string|null", "Null where the graph does not say."},
    {"shape", "[integer]|null", "-1 for a free dimension."},
    {0},
};
static const struct wi_member memory[] = {
    {"weights", "integer", "Bytes, as of all but the last three."},
    {"kv_per_slot", "integer", "Of its cache for each conversation."},
    {"compute", "integer", NULL},
    {"total", "integer", "With so many slots of so many tokens of context."},
    {"limit", "integer", NULL},
    {"context", "integer", NULL},
    {"slots", "integer", NULL},
    {"fits", "boolean", "If not, a request for it gets model_too_large."},
    {0},
};
static const struct wi_member verdict_input[] = {
    {"hash", "string", "Of its shapes, and of the values of small whole numbers and booleans."},
    {"shapes", "string", NULL},
    {0},
};
static const struct wi_member verdict[] = {
    {"browser", "string|null", NULL},
    {"browser_version", "string|null", NULL},
    {"joined", "boolean", "About nodes that joined."},
    {"token", "string|null",
        "A label of the token whose nodes it is about, until the service ends; null of browsers of "
        "the service, and of what nodes of two tokens have shown, which counts for all that "
        "join."},
    {"platform", "Platform", NULL},
    {"engine", "string", NULL},
    {"engine_version", "string|null", NULL},
    {"adapter", "string|null", NULL},
    {"precision", "string|null", NULL},
    {"kernel", "string|null", "Of builtin/kernels; null: of all kernels."},
    {"verdict", "'unknown'|'trusted'|'wrong'|'unable'|'exempt'", NULL},
    {"error_ratio", "number", "Of what is tolerated."},
    {"detail", "string|null", NULL},
    {"checked_at", "integer", "In milliseconds since 1970."},
    {"scope", "'model'|'input'", "Whether it is about the model, or about such inputs alone."},
    {"input", "VerdictInput|null", "That decided it; null: one of the service's own."},
    {"sets", "integer", "How many different inputs were looked at."},
    {0},
};
static const struct wi_member source[] = {
    {"hub", "string|null", NULL},
    {"repository", "string|null", NULL},
    {"revision", "string|null", NULL},
    {"commit", "string|null", NULL},
    {"pulled_at", "integer", "In seconds since 1970."},
    {"variant?", "string", NULL},
    {0},
};
static const struct wi_member version[] = {
    {"version", "integer", NULL},
    {"current", "boolean", NULL},
    {"revision", "string|null", NULL},
    {"commit", "string|null", NULL},
    {"bytes", "integer", NULL},
    {"pulled_at", "integer", "In seconds since 1970."},
    {0},
};
static const struct wi_member models[] = {
    {"object", "'list'", NULL},
    {"data", "[OpenaiModel]",
        "The models for OpenAI's clients, aliases among them: all of them, or with limit or after "
        "those of the page."},
    {"models", "[Model]", "Of the page, in the order of their names."},
    {"next", "string|null", "What is after on the next page; null: it is the last."},
    {"pulls", "[Pull]", "Those under way, and those that have failed."},
    {"ignored", "[(name string, reason string)]", "What lies there and is no model."},
    {"ignored_more", "integer", NULL},
    {"aliases", "{string}",
        "The other names that the configuration gives to models, each with its model."},
    {"published", "[Pin]",
        "What is published of models whose names are on the page or would be, also of those that "
        "are not here any more."},
    {"room", "integer|null",
        "How many bytes a model can have at most: [models] quota, or all of the disk."},
    {0},
};
static const struct wi_member openai_model[] = {
    {"id", "string", NULL},
    {"object", "'model'", NULL},
    {"created", "integer", NULL},
    {"owned_by", "string", NULL},
    {0},
};
static const struct wi_member order[] = {
    {"model_name", "string", NULL},
    {"state", "'loading'|'unloading'", NULL},
    {"nodes", "[string]", "Those that were told."},
    {0},
};
static const struct wi_member removed[] = {
    {"name", "string", NULL},
    {"state", "'removed'|'cancelled'|'unpublished'", NULL},
    {"freed_bytes?", "integer", NULL},
    {"unpublished?", "[string]",
        "The CIDs under which it, or a variant of it, was published until now."},
    {0},
};
static const struct wi_member collected[] = {
    {"freed_bytes", "integer", NULL},
    {0},
};

static const struct wi_member pin[] = {
    {"name", "string", "The model as it was published, with or without a variant."},
    {"cid", "string", "ipfs://CID is the model as it was published, to the bit."},
    {"bytes", "integer", "Of all its files."},
    {"stale", "boolean",
        "Its files are not any more what was published, and are not served under this CID."},
    {"version", "integer|null",
        "The version that is kept for it; null of a folder that was put there."},
    {"published_at", "integer", "In seconds since 1970."},
    {0},
};
static const struct wi_member published[] = {
    {"cid", "string", "Of the folder of its files, by the profile unixfs-v1-2025."},
    {"name", "string", "The model's, with or without a variant."},
    {"bytes", "integer", "Of all its files."},
    {"files", "[(path string, bytes integer, sha256 string, cid string)]",
        "In the order of their paths."},
    {"served", "boolean", "Whether others get it: [content] serve says so."},
    {0},
};
static const struct wi_member publish_progress[] = {
    {"name", "string", NULL},
    {"phase", "'hashing'", NULL},
    {"state", "'hashing'", "The same."},
    {"loaded_bytes", "integer", "Of its files, those whose hashes are known."},
    {"total_bytes", "integer", NULL},
    {0},
};

static const struct wi_member content[] = {
    {"served", "boolean", "Whether others get what is published: [content] serve says so."},
    {"sources", "[BlockSource]",
        "The hubs of the layouts ipfs and webinfer, and strangers while a pull asks them."},
    {"models", "[ContentModel]",
        "Those that are published: here, and then those of neighbours, as far as these say within "
        "a second what they have; at most 1000."},
    {"models_more", "integer", "How many others there are."},
    {0},
};
static const struct wi_member block_source[] = {
    {"name", "string", "Of the hub in the configuration; of a stranger its URL."},
    {"url", "string", NULL},
    {"stranger", "boolean",
        "The router of [content] routing has named it. One that sent a wrong block stays in the "
        "list for its 10 minutes."},
    {"state", "'ready'|'resting'|'out'",
        "It rests where it said so, or stumbled; it is out where it sent a wrong block, is no "
        "gateway or cannot be asked."},
    {"until", "integer|null",
        "When it is asked again, in milliseconds since 1970; null if it is ready, or not before "
        "the configuration is another."},
    {"reason", "string|null", "What was wrong last."},
    {"bytes", "integer", "Of blocks that it brought and that were right, since the start."},
    {"blocks", "integer", "Those."},
    {"wrong", "integer", "Those that were wrong."},
    {"bytes_per_second", "number", "In the last seconds."},
    {"seen_at", "integer|null", "When it answered last, in milliseconds since 1970."},
    {0},
};
static const struct wi_member content_model[] = {
    {"cid", "string", NULL},
    {"name", "string",
        "What it is called here, or where it is published, with or without a variant."},
    {"bytes", "integer", "Of all its files."},
    {"here", "boolean", "Whether it is published here, or kept as a copy."},
    {"copy", "boolean", "It is here as a copy of what another daemon has published."},
    {"stale", "boolean", "Its files here are not any more what was published, and are not served."},
    {"copies", "integer", "Whole ones that are known, with the one here."},
    {"where", "[string]", "The neighbours that have one, by the names of their hubs."},
    {0},
};

static const struct wi_member upload[] = {
    {"id", "string", NULL},
    {"wanted", "[UploadPosition]", "The files to be sent; the others are here."},
    {0},
};
static const struct wi_member upload_position[] = {
    {"path", "string", NULL},
    {"position", "integer", "How many bytes of it are here."},
    {0},
};

/* --- on their way here ----------------------------------------------------------------------- */

static const struct wi_member pull[] = {
    {"name", "string", "What the model is called here."},
    {"state",
        "'resolving'|'downloading'|'verifying'|'quantizing'|'measuring'|'publishing'|'done'|"
        "'failed'",
        "Resolving: which commit and which files, and room is made. Downloading: each file "
        "is hashed as it comes. Of a variant that is made here it is quantizing and measuring "
        "instead."},
    {"model", "string", "What was asked for."},
    {"hub", "string", "Of what is pulled by its CID: ipfs; of what is made here: empty."},
    {"variant", "string|null", "Null as long as it is not known."},
    {"commit", "string|null", "Likewise."},
    {"loaded_bytes", "integer", "What was here already is counted."},
    {"total_bytes", "integer", NULL},
    {"fetched_bytes", "integer", "Over the network since the daemon was started."},
    {"reused_bytes", "integer", "What an older version had."},
    {"sources", "[(name string, bytes integer)]",
        "Who has brought how much: the hub, or all sources of what is pulled by its CID."},
    {"files_done", "integer", NULL},
    {"files", "integer", NULL},
    {"seconds?", "number", "Since it began."},
    {"bytes_per_second?", "integer", "Lately."},
    {"seconds_left?", "number", "At that speed."},
    {"retrying?", "string", "What the hub has failed at, and when it is tried again."},
    {"problem?", "(code Code, detail string)", "Why it has failed."},
    {"bits?", "integer", "Of a variant that is made here, as what follows."},
    {"mixed?", "boolean", NULL},
    {"inputs_done?", "integer", "How many inputs it was measured with."},
    {"inputs?", "integer", "How many there are to be."},
    {"made?", "Made", "Once it was measured."},
    {0},
};
static const struct wi_member made[] = {
    {"of", "string", "The hash of the fp32 variant that it was made of."},
    {"bits", "integer", NULL},
    {"mixed", "boolean", NULL},
    {"forced", "boolean", "It was to be published however it measured."},
    {"made_at", "integer", "In seconds since 1970."},
    {"counts",
        "(weights integer, quantizable integer, quantized integer, nodes integer, kept integer)",
        "How many weights there are, can have fewer bits, and have them; and of how many nodes, "
        "and how many keep more bits."},
    {"measured", "MadeMeasured", "What its graphs put out against those of fp32."},
    {"measured_webgpu?", "MadeMeasured",
        "The same of the graphs that are for WebGPU alone, where it has such: on WASM too."},
    {0},
};
static const struct wi_member made_measured[] = {
    {"inputs", "integer", "Of the first place, as the cosines and the error that stand here."},
    {"samples", "integer", "How many of them were the model's own."},
    {"cosine", "(median number, p5 number, least number)",
        "Between what both put out for an input."},
    {"largest_error", "number|null", "Of one number, as a share of the largest."},
    {"source_files", "'one'|'external'",
        "Where fp32 has its weights: in the graph's file, or in files beside it, which take less "
        "memory in a page."},
    {"places", "[MadePlace]", "Where it was measured: first on WASM, then wherever it was idle."},
    {0},
};
static const struct wi_member made_place[] = {
    {"browser", "string", NULL},
    {"browser_version", "string", NULL},
    {"platform", "string", NULL},
    {"inputs", "integer", "That it was measured with there."},
    {"cosine", "(median number, p5 number, least number)", NULL},
    {"largest_error", "number|null", NULL},
    {"run_ms", "number", "The median of its runs."},
    {"source_run_ms", "number", "That of fp32."},
    {"memory_bytes?", "integer",
        "What the page's memory grew by to load it, at least its files: less than it needs where "
        "other models had left room."},
    {"source_memory_bytes?", "integer", "The same of fp32, which was loaded after it."},
    {0},
};
static const struct wi_member pull_event[] = {
    {"phase", "string", "The state."},
    {0},
};

#define FORM(form, rows, ...)                                                                      \
    {                                                                                              \
        .name = form, .members = rows, ##__VA_ARGS__                                               \
    }
const struct wi_schema wi_models_schemas[] = {
    FORM("Model", model),
    FORM("Loaded", loaded),
    FORM("Value", value),
    FORM("Memory", memory),
    FORM("VerdictInput", verdict_input),
    FORM("Verdict", verdict),
    FORM("Source", source),
    FORM("Version", version),
    FORM("Models", models),
    FORM("OpenaiModel", openai_model),
    FORM("Order", order),
    FORM("Removed", removed),
    FORM("Collected", collected),
    FORM("Pin", pin),
    FORM("Published", published),
    FORM("PublishProgress", publish_progress),
    FORM("Content", content),
    FORM("BlockSource", block_source),
    FORM("ContentModel", content_model),
    FORM("Upload", upload),
    FORM("UploadPosition", upload_position),
    FORM("Pull", pull),
    FORM("Made", made),
    FORM("MadeMeasured", made_measured),
    FORM("MadePlace", made_place),
    FORM("PullEvent", pull_event, .also = "Pull"),
    {0},
};
