/*
 * What runs models inside a node. This table is the only place that knows engines by name; a node
 * says which of them it has, in which version, and how much each takes at a time.
 */
#ifndef WI_MODELS_CATALOG_FORMAT_ENGINE_H
#define WI_MODELS_CATALOG_FORMAT_ENGINE_H

enum wi_engine {
    WI_ENGINE_ORT,      /* ONNX graphs, tensors in and out */
    WI_ENGINE_PIPELINE, /* Hugging Face folders, by task */
    WI_ENGINE_LLAMA,    /* GGUF files */
    WI_ENGINE_KERNELS,  /* our own WGSL, GLSL and CPU kernels */
    WI_ENGINE_BUILTIN,  /* builtin/… */
    WI_ENGINE_COUNT
};
extern const char *const wi_engine_names[]; /* "ort" …, ended by NULL */
/* The engine of that name; -1 if there is none. */
int wi_engine_of_name(const char *name);

/* More than so many at a time are not believed. */
#define WI_ENGINE_SLOTS_MAX 4096
/* What is known of an engine before a node says more. */
struct wi_engine_row {
    unsigned slots;     /* what it runs at a time, where the node does not say it */
    unsigned waiting;   /* tasks that only wait (see wi_builtin_waits), beside those in its slots */
    unsigned platforms; /* bits 1 << wi_platform: on which the service's page has it; 0: it has not.
                           What a program has that is no browser, it says itself */
    int takes_turns;    /* several in its slots take as long as one after the other */
    int is_apart;      /* each model has a worker of its own, which is lost with that model alone */
    int is_choosy;     /* takes only some GPUs: the adapter must compute in 16-bit floats, the node
                          must say that its engine can use one, and a software adapter is not worth
                          a try */
    int by_tokens;     /* measures itself by tokens: with a few when a model is loaded, and with
                          those of a prompt that it has not kept from before */
    int is_everywhere; /* each node has it, also one that names only others */
};
extern const struct wi_engine_row wi_engines[]; /* by enum wi_engine */
/* The platforms on which a node may have it, be that a page or a program, as the same bits. */
unsigned wi_engine_platforms(enum wi_engine engine);

/* WI_NATIVE is what a program computes with that is no browser. WI_SIMULATED computes nothing: only
 * nodes that say so have it, they have nothing else, and only what asks for it by name gets it. */
enum wi_platform {
    WI_WEBGPU,
    WI_WEBNN,
    WI_WEBGL,
    WI_WASM,
    WI_NATIVE,
    WI_SIMULATED,
    WI_PLATFORM_COUNT
};
extern const char *const wi_platform_names[]; /* "webgpu" …, ended by NULL */
/* The platform of that name; -1 if there is none, or `name` is NULL. */
int wi_platform_of_name(const char *name);

#endif
