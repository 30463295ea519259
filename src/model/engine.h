/*
 * What runs models inside a node. This table is the only place that knows engines by name; a node
 * says which of them it has, in which version, and how much each takes at a time.
 */
#ifndef WI_MODEL_ENGINE_H
#define WI_MODEL_ENGINE_H

#include "model/platform.h"

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
/* What an engine runs at a time where the node does not say it. */
unsigned wi_engine_slots(enum wi_engine engine);
/* How many tasks it takes beside those in its slots that compute nothing and wait (see
 * wi_builtin_waits); 0: it has none such. */
unsigned wi_engine_waiting(enum wi_engine engine);
/* Whether what runs in its slots computes by turns: several take as long as one after the other. */
int wi_engine_takes_turns(enum wi_engine engine);
/* Whether each of its models has a worker of its own, which is lost with that model alone. */
int wi_engine_is_apart(enum wi_engine engine);
/* Whether it takes only some GPUs: the adapter must compute in 16-bit floats, the node must say
 * that its engine can use one, and a software adapter is not worth a try. */
int wi_engine_is_choosy(enum wi_engine engine);
/* Whether it measures itself by tokens: with a few when a model is loaded, and with those of a
 * prompt that it has not kept from before. */
int wi_engine_by_tokens(enum wi_engine engine);
/* Whether each node has it, also one that names only others. */
int wi_engine_is_everywhere(enum wi_engine engine);
/* Whether browsers that open the service's page have it, and on that platform of theirs. What a
 * program has that is no browser, it says itself. */
int wi_engine_in_page(enum wi_engine engine);
int wi_engine_in_page_on(enum wi_engine engine, enum wi_platform platform);

#endif
