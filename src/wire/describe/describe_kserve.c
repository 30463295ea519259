/* Answers and events for KServe's clients. */
#include "wire/describe/schemas.h"

static const struct wi_member failure[] = {
    {"error", "string", "One sentence: what was wrong, what is allowed and what to do."},
    {"code", "Code", "One of the stable codes, as of a problem document."},
    {"field?", "string", "The field of the request that is at fault."},
    {"expected?", "string", "What is expected there."},
    {"allowed?", "string", "What may be there."},
    {"request_id?", "string", "The X-Request-Id of the answer."},
};

/* --- the server and models ------------------------------------------------------------------- */

static const struct wi_member server[] = {
    {"name", "'webinfer'", NULL},
    {"version", "string", NULL},
    {"extensions", "[string]", "The extensions of Triton's server that are supported."},
};
static const struct wi_member live[] = {
    {"live", "boolean", "True."},
};
static const struct wi_member ready[] = {
    {"ready", "boolean", "True; else the answer is an error that says why."},
};
static const struct wi_member model[] = {
    {"name", "string", NULL},
    {"versions", "[string]", "The one that is served."},
    {"platform", "'onnxruntime_onnx'|'transformersjs_onnx'|'llamacpp_gguf'|'webinfer_builtin'",
        NULL},
    {"inputs", "[KserveValue]", NULL},
    {"outputs", "[KserveValue]", NULL},
};
static const struct wi_member value[] = {
    {"name", "string", "A name that ends with _ means several tensors, numbered from 0."},
    {"datatype", "Datatype", NULL},
    {"shape", "[integer]", "-1 for a free dimension."},
};
static const struct wi_member config[] = {
    {"name", "string", NULL},
    {"platform", "string", "As in the metadata."},
    {"backend", "'webinfer'", NULL},
    {"max_batch_size", "integer", "0: the dimensions are those of the model."},
    {"input", "[KserveTyped]", NULL},
    {"output", "[KserveTyped]", NULL},
};
static const struct wi_member typed[] = {
    {"name", "string", NULL},
    {"data_type", "string", "Such as TYPE_FP32; TYPE_STRING is BYTES."},
    {"dims", "[integer]", NULL},
};

/* --- statistics ------------------------------------------------------------------------------ */

static const struct wi_member stats[] = {
    {"model_stats", "[KserveModelStats]", NULL},
};
static const struct wi_member model_stats[] = {
    {"name", "string", NULL},
    {"version", "string", NULL},
    {"last_inference", "integer", "When a request was last answered, in milliseconds since 1970."},
    {"inference_count", "integer", "Requests that were answered."},
    {"execution_count", "integer", "The same."},
    {"inference_stats",
        "(success KserveStat, fail KserveStat, queue KserveStat, compute_input KserveStat, "
        "compute_infer KserveStat, compute_output KserveStat, cache_hit KserveStat, "
        "cache_miss KserveStat)",
        "Since the start; times that are not measured separately are 0."},
    {"batch_stats", "[object]", "Empty."},
};
static const struct wi_member stat[] = {
    {"count", "integer", NULL},
    {"ns", "integer", "The time of all of them together."},
};

/* --- inference ------------------------------------------------------------------------------- */

static const struct wi_member answer[] = {
    {"model_name", "string", NULL},
    {"model_version", "string", NULL},
    {"id?", "string", "The request's id."},
    {"outputs", "[Output]", NULL},
    {"parameters", "(executed_on string, performance string)",
        "The objects of these names in webinfer-api(7), as JSON in a string."},
};
static const struct wi_member text[] = {
    {"model_name", "string", NULL},
    {"model_version", "string", NULL},
    {"id?", "string", "The request's id."},
    {"text_output", "string", NULL},
};
static const struct wi_member event[] = {
    {"done", "boolean", "True for the last event, whose text is empty."},
};

/* --- the repository -------------------------------------------------------------------------- */

static const struct wi_member row[] = {
    {"name", "string", NULL},
    {"version", "string", NULL},
    {"state", "'READY'|'LOADING'|'UNAVAILABLE'", "READY: it is here; LOADING: it is being pulled."},
    {"reason", "string", "Why it is not READY."},
};
static const struct wi_member order[] = {
    {"name", "string", NULL},
    {"state", "'READY'|'UNAVAILABLE'", NULL},
    {"nodes", "[string]", "The nodes that were told."},
};

const struct wi_schema wi_kserve_schemas[] = {
    WI_SCHEMA("KserveError", failure, .help = "An error in the form that KServe's clients read."),
    WI_SCHEMA("KserveServer", server),
    WI_SCHEMA("KserveLive", live),
    WI_SCHEMA("KserveReady", ready),
    WI_SCHEMA("KserveModel", model),
    WI_SCHEMA("KserveValue", value),
    WI_SCHEMA("KserveConfig", config),
    WI_SCHEMA("KserveTyped", typed),
    WI_SCHEMA("KserveStats", stats),
    WI_SCHEMA("KserveModelStats", model_stats),
    WI_SCHEMA("KserveStat", stat),
    WI_SCHEMA("KserveAnswer", answer),
    WI_SCHEMA("KserveText", text),
    WI_SCHEMA("KserveEvent", event, .also = "KserveText"),
    {.name = "KserveIndex", .is = "[KserveIndexRow]"},
    WI_SCHEMA("KserveIndexRow", row),
    WI_SCHEMA("KserveOrder", order),
    {0},
};
