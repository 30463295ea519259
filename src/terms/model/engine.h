/*
 * The engines: what runs models inside a node. This table is the only place that knows engines by
 * name; a node tells which of them it has, in which version, and how many tasks each runs at a
 * time.
 */
#ifndef WI_TERMS_MODEL_ENGINE_H
#define WI_TERMS_MODEL_ENGINE_H

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

/* A node that claims more slots than this is not believed. */
#define WI_ENGINE_SLOTS_MAX 4096
/* What is known of an engine before a node tells more. */
struct wi_engine_row {
    unsigned slots; /* tasks that it runs at a time, unless the node tells */
    /* tasks that only wait (see wi_builtin_waits), in addition to those in slots */
    unsigned waiting;
    /* Bits 1 << wi_platform of the platforms on which the service's page has it; 0: the page does
     * not have it. A program other than a browser tells its own. */
    unsigned platforms;
    int takes_turns; /* tasks in its slots take as long together as one after the other */
    int is_apart;    /* each model has its own worker; losing it loses only that model */
    /* It runs only on some GPUs: the adapter must compute in 16-bit floats, the node must tell that
     * its engine can use one, and a software adapter is not worth a try. */
    int is_choosy;
    /* It is measured by tokens: a few when a model is loaded, and those of a prompt that are not
     * cached from before. */
    int by_tokens;
    int is_everywhere; /* every node has it, even one that names only others */
};
extern const struct wi_engine_row wi_engines[]; /* by enum wi_engine */
/* The platforms on which a node, page or program, may have it, as the same bits. */
unsigned wi_engine_platforms(enum wi_engine engine);

/* WI_NATIVE is the platform of a program other than a browser. WI_SIMULATED computes nothing: only
 * nodes that tell so have it, they have nothing else, and only requests that ask for it by name get
 * it. */
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
