/* Answers and events for KServe's clients. */
#include "wire/describe/schemas.h"

/* clang-format off */
const struct wi_schema wi_kserve_schemas[] = {
    WI_OBJECT_OF("KserveError", (.help = "An error in the form that KServe's clients read."),
        {"error", "string", "One sentence: what was wrong, what is allowed, what to do."},
        {"code", "Code", "The stable code, as in a problem document."},
        {"field?", "string", "The field of the request that is at fault."},
        {"expected?", "string", "What is expected in the field."},
        {"allowed?", "string", "What is allowed in the field."},
        {"request_id?", "string", "The X-Request-Id of the answer."}),

    /* --- the server and models ---------------------------------------------------------------- */

    WI_OBJECT("KserveServer",
        {"name", "'webinfer'", NULL},
        {"version", "string", NULL},
        {"extensions", "[string]", "The extensions of Triton's server that are supported."}),
    WI_OBJECT("KserveLive", {"live", "boolean", "True."}),
    WI_OBJECT("KserveReady",
        {"ready", "boolean", "True; otherwise the answer is an error that says why."}),
    WI_OBJECT("KserveModel",
        {"name", "string", NULL},
        {"versions", "[string]", "The version that is served."},
        {"platform", "'onnxruntime_onnx'|'transformersjs_onnx'|'llamacpp_gguf'|'webinfer_builtin'",
            NULL},
        {"inputs", "[KserveValue]", NULL},
        {"outputs", "[KserveValue]", NULL}),
    WI_OBJECT("KserveValue",
        {"name", "string", "A name that ends with _ means several tensors, numbered from 0."},
        {"datatype", "Datatype", NULL},
        {"shape", "[integer]", "-1 for a free dimension."}),
    WI_OBJECT("KserveConfig",
        {"name", "string", NULL},
        {"platform", "string", "As in the metadata."},
        {"backend", "'webinfer'", NULL},
        {"max_batch_size", "integer", "Always 0: the dimensions are those of the model."},
        {"input", "[KserveTyped]", NULL},
        {"output", "[KserveTyped]", NULL}),
    WI_OBJECT("KserveTyped",
        {"name", "string", NULL},
        {"data_type", "string", "A type such as TYPE_FP32; TYPE_STRING means BYTES."},
        {"dims", "[integer]", NULL}),

    /* --- statistics --------------------------------------------------------------------------- */

    WI_OBJECT("KserveStats", {"model_stats", "[KserveModelStats]", NULL}),
    WI_OBJECT("KserveModelStats",
        {"name", "string", NULL},
        {"version", "string", NULL},
        {"last_inference", "integer",
            "When a request was last answered, in milliseconds since 1970."},
        {"inference_count", "integer", "The number of requests that were answered."},
        {"execution_count", "integer", "The same as inference_count."},
        {"inference_stats",
            "(success KserveStat, fail KserveStat, queue KserveStat, compute_input KserveStat, "
            "compute_infer KserveStat, compute_output KserveStat, cache_hit KserveStat, cache_miss "
            "KserveStat)",
            "Counted since the daemon started. Times that are not measured separately are 0."},
        {"batch_stats", "[object]", "Empty."}),
    WI_OBJECT("KserveStat",
        {"count", "integer", NULL},
        {"ns", "integer", "The total time."}),

    /* --- inference ---------------------------------------------------------------------------- */

    WI_OBJECT("KserveAnswer",
        {"model_name", "string", NULL},
        {"model_version", "string", NULL},
        {"id?", "string", "The request's id."},
        {"outputs", "[Output]", NULL},
        {"parameters", "(executed_on string, performance string)",
            "The objects of these names in webinfer-api(7), as JSON in a string."}),
    WI_OBJECT("KserveText",
        {"model_name", "string", NULL},
        {"model_version", "string", NULL},
        {"id?", "string", "The request's id."},
        {"text_output", "string", NULL}),
    WI_OBJECT_OF("KserveEvent", (.also = "KserveText"),
        {"done", "boolean", "True for the last event, whose text is empty."}),
    {.name = "KserveIndex", .is = "[KserveIndexRow]"},

    /* --- the repository ----------------------------------------------------------------------- */

    WI_OBJECT("KserveIndexRow",
        {"name", "string", NULL},
        {"version", "string", NULL},
        {"state", "'READY'|'LOADING'|'UNAVAILABLE'",
            "READY: the model is in the store. LOADING: the model is being pulled."},
        {"reason", "string", "Why the model is not READY."}),
    WI_OBJECT("KserveOrder",
        {"name", "string", NULL},
        {"state", "'READY'|'UNAVAILABLE'", NULL},
        {"nodes", "[string]", "The nodes that received the order."}),
    {0},
};
