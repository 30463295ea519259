/* The service's answers about its models: lists, pulls, uploads and variants that it builds. */
#include "wire/describe/schemas.h"

static const struct wi_member model[] = {
    {"name", "string", NULL},
    {"type?", "string|null", NULL},
    {"format?", "'onnx'|'gguf'|'huggingface'", NULL},
    {"hash?", "string",
        "Of its content. This and other members that depend on its files are there once the files "
        "have been read; a request for this one model reads them."},
    {"bytes?", "integer", "Of all its files."},
    {"files?", "[(path string, bytes integer, hash string)]", NULL},
    {"variant?", "string", "Which of its variants this is."},
    {"variants?",
        "[(name string, bytes integer, file_count integer, made? Made, "
        "webgpu? (bytes integer, file_count integer))]",
        "The preferred one first. NAME:VARIANT selects another one, wherever a model is named. "
        "webgpu: graphs that are for WebGPU only."},
    {"opset?", "integer", "For ONNX files."},
    {"inputs?", "[Value]", NULL},
    {"outputs?", "[Value]", NULL},
    {"takes_picture?", "boolean", NULL},
    {"title?", "string", "For GGUF files, like the members below."},
    {"architecture?", "string", NULL},
    {"quantization?", "string", NULL},
    {"parameters?", "integer", NULL},
    {"context_length?", "integer", NULL},
    {"embedding_length?", "integer", NULL},
    {"vocabulary?", "integer", "The number of tokens."},
    {"chat?", "boolean", "Whether it has a template for conversations."},
    {"pooling?", "string", "For an embedder."},
    {"memory?", "Memory", "The memory that it needs in a page."},
    {"tasks?", "[Task]", "For a folder: what it can do, the default first."},
    {"dtype?", "string", NULL},
    {"labels?", "integer", "The number of labels."},
    {"ignored_settings?", "[(file string, member string, value? any, reason string)]",
        "Settings in a folder's files that are not applied: at most 64, without long values. See "
        "webinfer-inputs(7), Settings of folders."},
    {"numerics?", "(exempt string|null, verdicts [Verdict])",
        "How accurately platforms compute it."},
    {"warnings?", "[string]",
        "For the operator, for example that its weights are slow in WebAssembly."},
    {"builtin?", "boolean", NULL},
    {"loaded?", "[Loaded]",
        "The nodes that have it, and what they report about it; in long lists only 10 nodes."},
    {"loaded_more?", "integer", "In a list: how many other nodes have it."},
    {"problem?", "string", "Why it cannot be read."},
    {"last_used_at?", "integer|null",
        "When a request last used it, in seconds since 1970, as far as known; null: never."},
    {"source?", "Source", "Where it was pulled from."},
    {"versions?", "[Version]", "For a pulled or uploaded model, the latest first."},
    {"published?", "[Pin]", "The CIDs under which it, or a variant of it, is published."},
    {"pulling?", "Pull", "While a pull of this name is under way."},
    {"id?", "string", "For OpenAI's clients, like the members below."},
    {"object?", "'model'", NULL},
    {"created?", "integer", NULL},
    {"owned_by?", "string", NULL},
};
static const struct wi_member loaded[] = {
    {"node", "string", NULL},
    {"hash", "string", NULL},
    {"platform", "string", NULL},
    {"state", "string", "loading, loaded, failed or evicted."},
    {"bytes?", "integer", "Including what is kept of earlier computations."},
    {"error?", "string", NULL},
    {"slots?", "(count integer, busy integer, context integer, cached_tokens integer)",
        "For a language model: how many requests it can run at a time, how many it runs now, the "
        "tokens that each has room for, and the tokens that are kept."},
    {"speed?", "(prompt_ms number, token_ms number)",
        "Measured with a few tokens outside any request."},
};
static const struct wi_member value[] = {
    {"name", "string", NULL},
    {"datatype", "string|null", "Null where the graph does not say."},
    {"shape", "[integer]|null", "-1 for a free dimension."},
};
static const struct wi_member memory[] = {
    {"weights", "integer", "In bytes, like all but the last three."},
    {"kv_per_slot", "integer", "The cache of each conversation."},
    {"compute", "integer", NULL},
    {"total", "integer", "With this many slots of this many tokens of context."},
    {"limit", "integer", NULL},
    {"context", "integer", NULL},
    {"slots", "integer", NULL},
    {"fits", "boolean", "If false, a request for it gets model_too_large."},
};
static const struct wi_member verdict_input[] = {
    {"hash", "string", "Of its shapes, and of the values of small whole numbers and booleans."},
    {"shapes", "string", NULL},
};
static const struct wi_member verdict[] = {
    {"browser", "string|null", NULL},
    {"browser_version", "string|null", NULL},
    {"joined", "boolean", "It is about joined nodes."},
    {"token", "string|null",
        "A label, valid until the service ends, of the token whose nodes it is about. Null for "
        "browsers of the service, and for what nodes of two tokens have shown, which counts for "
        "all that join."},
    {"platform", "Platform", NULL},
    {"engine", "string", NULL},
    {"engine_version", "string|null", NULL},
    {"adapter", "string|null", NULL},
    {"precision", "string|null", NULL},
    {"kernel", "string|null", "For builtin/kernels; null: all kernels."},
    {"verdict", "'unknown'|'trusted'|'wrong'|'unable'|'exempt'", NULL},
    {"error_ratio", "number", "The error as a fraction of the tolerance."},
    {"detail", "string|null", NULL},
    {"checked_at", "integer", "In milliseconds since 1970."},
    {"scope", "'model'|'input'", "Whether it is about the model, or only about such inputs."},
    {"input", "VerdictInput|null", "The input that decided it; null: an input of the service."},
    {"sets", "integer", "How many different inputs were compared."},
};
static const struct wi_member source[] = {
    {"hub", "string|null", NULL},
    {"repository", "string|null", NULL},
    {"revision", "string|null", NULL},
    {"commit", "string|null", NULL},
    {"pulled_at", "integer", "In seconds since 1970."},
    {"variant?", "string", NULL},
};
static const struct wi_member version[] = {
    {"version", "integer", NULL},
    {"current", "boolean", NULL},
    {"revision", "string|null", NULL},
    {"commit", "string|null", NULL},
    {"bytes", "integer", NULL},
    {"pulled_at", "integer", "In seconds since 1970."},
};
static const struct wi_member models[] = {
    {"object", "'list'", NULL},
    {"data", "[OpenaiModel]",
        "The models for OpenAI's clients, including aliases: all of them, or those of the page if "
        "limit or after is given."},
    {"models", "[Model]", "The models of this page, sorted by name."},
    {"next", "string|null", "The value of after for the next page; null on the last page."},
    {"pulls", "[Pull]", "Those under way, and those that have failed."},
    {"ignored", "[(name string, reason string)]", "Files and folders there that are no models."},
    {"ignored_more", "integer", NULL},
    {"aliases", "{string}",
        "The other names that the configuration gives to models, each with its model."},
    {"published", "[Pin]",
        "The published models whose names are on the page or would be, including those that are no "
        "longer here."},
    {"room", "integer|null",
        "The most bytes that a model can have: [models] quota, or the whole disk."},
};
static const struct wi_member openai_model[] = {
    {"id", "string", NULL},
    {"object", "'model'", NULL},
    {"created", "integer", NULL},
    {"owned_by", "string", NULL},
};
static const struct wi_member order[] = {
    {"model_name", "string", NULL},
    {"state", "'loading'|'unloading'", NULL},
    {"nodes", "[string]", "The nodes that were told."},
};
static const struct wi_member removed[] = {
    {"name", "string", NULL},
    {"state", "'removed'|'cancelled'|'unpublished'", NULL},
    {"freed_bytes?", "integer", NULL},
    {"unpublished?", "[string]",
        "The CIDs under which it, or a variant of it, was published until now."},
};
static const struct wi_member collected[] = {
    {"freed_bytes", "integer", NULL},
};

static const struct wi_member pin[] = {
    {"name", "string", "The name under which it was published, with or without a variant."},
    {"cid", "string", "ipfs://CID is exactly the model as it was published."},
    {"bytes", "integer", "Of all its files."},
    {"stale", "boolean",
        "Its files have changed since it was published, and are not served under this CID."},
    {"version", "integer|null",
        "The version that is kept for it; null for a folder that was put there."},
    {"published_at", "integer", "In seconds since 1970."},
};
static const struct wi_member published[] = {
    {"cid", "string", "The CID of the folder of its files, by the profile unixfs-v1-2025."},
    {"name", "string", "The model's name, with or without a variant."},
    {"bytes", "integer", "Of all its files."},
    {"files", "[(path string, bytes integer, sha256 string, cid string)]", "Sorted by path."},
    {"served", "boolean", "Whether others can get it, as [content] serve says."},
};
static const struct wi_member publish_progress[] = {
    {"name", "string", NULL},
    {"phase", "'hashing'", NULL},
    {"state", "'hashing'", "The same."},
    {"loaded_bytes", "integer", "The part of its files that has been hashed."},
    {"total_bytes", "integer", NULL},
};

static const struct wi_member content[] = {
    {"served", "boolean", "Whether others can get published models, as [content] serve says."},
    {"sources", "[BlockSource]",
        "The hubs of the layouts ipfs and webinfer, and strangers while a pull asks them."},
    {"models", "[ContentModel]",
        "Published models: those here, then those of the neighbours that answer within a second; "
        "at most 1000."},
    {"models_more", "integer", "How many others there are."},
};
static const struct wi_member block_source[] = {
    {"name", "string", "The hub's name in the configuration; for a stranger its URL."},
    {"url", "string", NULL},
    {"stranger", "boolean",
        "The router of [content] routing has named it. A stranger that sent a wrong block stays in "
        "the list for its 10 minutes."},
    {"state", "'ready'|'resting'|'out'",
        "resting: it asked for a pause, or a request to it failed. out: it sent a wrong block, is "
        "no gateway or cannot be asked."},
    {"until", "integer|null",
        "When it is asked again, in milliseconds since 1970; null if it is ready, or is not asked "
        "until the configuration changes."},
    {"reason", "string|null", "The last error."},
    {"bytes", "integer", "Of the right blocks that it has sent since the start."},
    {"blocks", "integer", "The number of these blocks."},
    {"wrong", "integer", "The number of wrong blocks."},
    {"bytes_per_second", "number", "In the last seconds."},
    {"seen_at", "integer|null", "When it last answered, in milliseconds since 1970."},
};
static const struct wi_member content_model[] = {
    {"cid", "string", NULL},
    {"name", "string", "Its name here, or where it is published, with or without a variant."},
    {"bytes", "integer", "Of all its files."},
    {"here", "boolean", "Whether it is published here, or kept as a copy."},
    {"copy", "boolean", "It is here as a copy of what another daemon has published."},
    {"stale", "boolean", "Its files here have changed since it was published, and are not served."},
    {"copies", "integer", "The number of complete copies that are known, including the one here."},
    {"where", "[string]", "The neighbours that have a copy, by the names of their hubs."},
};

static const struct wi_member upload[] = {
    {"id", "string", NULL},
    {"wanted", "[UploadPosition]", "The files to send; the others are here already."},
};
static const struct wi_member upload_position[] = {
    {"path", "string", NULL},
    {"position", "integer", "How many bytes of it are here."},
};

/* --- on their way here ----------------------------------------------------------------------- */

static const struct wi_member pull[] = {
    {"name", "string", "The model's name here."},
    {"state",
        "'resolving'|'downloading'|'verifying'|'quantizing'|'measuring'|'publishing'|'done'|"
        "'failed'",
        "resolving: the commit and the files are determined, and room is made. downloading: each "
        "file is hashed as it arrives. For a variant built locally, the states are quantizing and "
        "measuring."},
    {"model", "string", "The model that was asked for."},
    {"hub", "string", "For a pull by CID: ipfs; for a variant built locally: empty."},
    {"variant", "string|null", "Null until it is known."},
    {"commit", "string|null", "Likewise."},
    {"loaded_bytes", "integer", "Including what was here already."},
    {"total_bytes", "integer", NULL},
    {"fetched_bytes", "integer", "Over the network since the daemon was started."},
    {"reused_bytes", "integer", "Taken from an older version."},
    {"sources", "[(name string, bytes integer)]",
        "The bytes from each source: the hub, or all sources of a pull by CID."},
    {"files_done", "integer", NULL},
    {"files", "integer", NULL},
    {"seconds?", "number", "Since the pull began."},
    {"bytes_per_second?", "integer", "The recent speed."},
    {"seconds_left?", "number", "At that speed."},
    {"retrying?", "string", "The hub's failure, and when the pull is tried again."},
    {"problem?", "(code Code, detail string)", "Why it has failed."},
    {"bits?", "integer", "For a variant built locally, like the members below."},
    {"mixed?", "boolean", NULL},
    {"inputs_done?", "integer", "How many inputs it was measured with."},
    {"inputs?", "integer", "How many inputs it will be measured with."},
    {"made?", "Made", "Once it has been measured."},
};
static const struct wi_member made[] = {
    {"of", "string", "The hash of the fp32 variant that it was built from."},
    {"bits", "integer", NULL},
    {"mixed", "boolean", NULL},
    {"forced", "boolean", "It was to be published whatever the measurement said."},
    {"made_at", "integer", "In seconds since 1970."},
    {"counts",
        "(weights integer, quantizable integer, quantized integer, nodes integer, kept integer)",
        "The bytes of all weights, of those that can have fewer bits, and of those that have them; "
        "and the number of graph nodes that read these, and of those that keep more bits."},
    {"measured", "MadeMeasured", "The outputs of its graphs compared with those of fp32."},
    {"measured_webgpu?", "MadeMeasured",
        "The same for the graphs that are for WebGPU only, if it has any; these too are measured "
        "on WASM."},
};
static const struct wi_member made_measured[] = {
    {"inputs", "integer",
        "The number at the first place; the cosines and the error here are from there, too."},
    {"samples", "integer", "How many of them were the model's own samples."},
    {"cosine", "(median number, p5 number, least number)",
        "Between the outputs of both for an input."},
    {"largest_error", "number|null", "Of one number, as a fraction of the largest."},
    {"source_files", "'one'|'external'",
        "Where fp32 has its weights: in the graph's file (one) or in separate files (external), "
        "which take less memory in a page."},
    {"places", "[MadePlace]", "Where it was measured: first on WASM, then wherever it was idle."},
};
static const struct wi_member made_place[] = {
    {"browser", "string", NULL},
    {"browser_version", "string", NULL},
    {"platform", "string", NULL},
    {"inputs", "integer", "The number of inputs that it was measured with there."},
    {"cosine", "(median number, p5 number, least number)", NULL},
    {"largest_error", "number|null", NULL},
    {"run_ms", "number", "The median time of its runs."},
    {"source_run_ms", "number", "The same for fp32."},
    {"memory_bytes?", "integer",
        "How much the page's memory grew when it was loaded, at least the size of its files; less "
        "than it needs if other models had left room."},
    {"source_memory_bytes?", "integer", "The same for fp32, which was loaded after it."},
};
static const struct wi_member pull_event[] = {
    {"phase", "string", "The state."},
};

const struct wi_schema wi_models_schemas[] = {
    WI_SCHEMA("Model", model),
    WI_SCHEMA("Loaded", loaded),
    WI_SCHEMA("Value", value),
    WI_SCHEMA("Memory", memory),
    WI_SCHEMA("VerdictInput", verdict_input),
    WI_SCHEMA("Verdict", verdict),
    WI_SCHEMA("Source", source),
    WI_SCHEMA("Version", version),
    WI_SCHEMA("Models", models),
    WI_SCHEMA("OpenaiModel", openai_model),
    WI_SCHEMA("Order", order),
    WI_SCHEMA("Removed", removed),
    WI_SCHEMA("Collected", collected),
    WI_SCHEMA("Pin", pin),
    WI_SCHEMA("Published", published),
    WI_SCHEMA("PublishProgress", publish_progress),
    WI_SCHEMA("Content", content),
    WI_SCHEMA("BlockSource", block_source),
    WI_SCHEMA("ContentModel", content_model),
    WI_SCHEMA("Upload", upload),
    WI_SCHEMA("UploadPosition", upload_position),
    WI_SCHEMA("Pull", pull),
    WI_SCHEMA("Made", made),
    WI_SCHEMA("MadeMeasured", made_measured),
    WI_SCHEMA("MadePlace", made_place),
    WI_SCHEMA("PullEvent", pull_event, .also = "Pull"),
    {0},
};
