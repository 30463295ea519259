/*
 * One request to a model, whatever its format and the node that computes it. A dialect makes it
 * from bytes, and wi_infer_settle (wire/infer.h) completes it once it has been checked against its
 * model. After that it is immutable: jobs, demands, tasks and runs of the guard hold it.
 */
#ifndef WI_WIRE_INFERENCE_H
#define WI_WIRE_INFERENCE_H

#include "terms/format/model.h"
#include "terms/kernel/kernel.h"
#include "terms/kernel/kernel_program.h"
#include "terms/model/engine.h"
#include "terms/task/task.h"
#include "terms/task/type.h"
#include "terms/tensor/input_set.h"
#include "terms/tensor/tensor.h"
#include <jansson.h>

/* The assumed number of tokens of a text if nothing better is known. */
#define WI_USUAL_PROMPT_TOKENS 256.0
#define WI_USUAL_ANSWER_TOKENS 256.0

#define WI_PRIORITY_DEFAULT 5 /* of 0–9, if the client gives none */

/* How often a model or a kernel runs and is measured, one run after another in one page. `runs` 0:
 * it runs once, and is answered. Routing learns nothing from it. */
enum wi_threads { WI_THREADS_USUAL, WI_THREADS_ONE, WI_THREADS_ALL };
struct wi_benchmark {
    unsigned runs, warmup; /* `warmup` counts the runs before */
    enum wi_threads threads;
    int as_it_is; /* onnxruntime changes nothing in its graph */
    int profile;  /* the times of its operators are wanted, too */
};

/* What another daemon says of a request that it hands on for a client of its own. Strings and JSON
 * are owned. */
struct wi_relayed {
    int is; /* 0: the request is no such one. Else it goes to no node that is a relay */
    enum wi_platform platforms[WI_PLATFORM_COUNT]; /* that may be tried; none: all */
    size_t platform_count;
    char *owner;  /* that daemon's word for its client, whose computed state is not shared with its
                     other clients; NULL: they share it */
    json_t *from; /* where its stream goes on: a `continue` that was checked; NULL: it begins */
};

/* Strings, tensors and JSON are owned; of the model it has a reference. */
struct wi_inference {
    struct wi_model *model; /* NULL before it is settled */
    /* The same of the model's variant for WebGPU, if it has separate graphs there; or NULL. */
    const struct wi_inference *on_webgpu;
    enum wi_model_type type; /* the request's, else the model's; for the preferences */
    int has_type;            /* it is the request's */
    char *client_id;         /* the request's own `id`, echoed; may be NULL */
    char *browser, *node;    /* that may compute it; NULL: any */
    int has_platform;        /* 0: auto */
    enum wi_platform platform;
    int fallback;    /* 0: an error instead of another platform */
    char *precision; /* NULL: as the model is */
    int lessens;     /* if memory for the model is short, its next smaller variant is used */
    int priority;    /* 0–9, 9 most urgent */
    double timeout_ms;
    int publish;             /* channels tell what comes of it, and not only that it has ended */
    int stream;              /* the answer may come in parts */
    double stall_timeout_ms; /* of a stream: the longest silence after its first part while a
                                node computes it; 0: 30 s, or three times the duration of a batch
                                of its prompt, if that is longer */
    struct wi_tensors tensors;
    enum wi_empty empty;            /* how an ONNX graph uses its inputs without elements */
    char set[WI_INPUT_SET_SIZE];    /* of the inputs, if the guard distinguishes them; else "" */
    const struct wi_kernel *kernel; /* of the engine `kernels`: the one to run; else NULL */
    struct wi_program *program;     /* likewise, instead: a client's own kernel; a reference */
    struct wi_benchmark benchmark;
    enum wi_task_kind task; /* the task for `input`; WI_TASK_NONE: tensors in and out */
    json_t *input;          /* what is not a tensor; may be NULL */
    json_t *options;        /* the model's, an object; may be NULL */
    int raw; /* of a task: the raw outputs of its graphs are wanted, if the node can deliver them */
    struct wi_strings outputs; /* wanted; empty: all */
    size_t text_bytes;         /* of its text; 0: none */
    struct wi_relayed relayed;
    int is_private; /* it has a person's words: [pool] strangers says which nodes may get them */
    /* For text, as an estimate: tokens to read, at least 1, and to generate; 0: no text. */
    double prompt_tokens, answer_tokens;
    unsigned _references;
};

/* An empty one with one reference. Its creator may change it until it is shared. */
struct wi_inference *wi_inference_new(void);
/* References are counted on one thread at a time. Gives `asked`. */
const struct wi_inference *wi_inference_retain(const struct wi_inference *asked);
void wi_inference_release(const struct wi_inference *asked); /* NULL is fine */
/* The same work for another run, with shared tensors and JSON, but without the client's id, place,
 * times and stream, which the caller sets. */
struct wi_inference *wi_inference_again(const struct wi_inference *asked);
/* The same request with another variant of its model; its tensors and JSON are shared. */
struct wi_inference *wi_inference_of(const struct wi_inference *asked, struct wi_model *variant);
/* Determines the set of its inputs, and the use of inputs without elements, once the model and the
 * inputs are known. Inputs of tasks are in no set: the guard compares tasks by its own inputs.
 * Inputs of built-in models are in none: nothing is computed from them. All pictures are in one
 * set. */
void wi_inference_find_set(struct wi_inference *asked);
/* Whether it asks for a kernel, by name or with its source, instead of a model. */
int wi_inference_computes(const struct wi_inference *asked);
/* The requested variant of the model: a precision, or a kernel of `kernels`. NULL: as it is.
 * Borrowed. */
const char *wi_inference_variant(const struct wi_inference *asked);
/* Whether it may run on that platform, as far as a relay has limited it. */
int wi_inference_lists(const struct wi_inference *asked, enum wi_platform platform);
/* The request for that platform, with the graphs that the model has there. Borrowed. */
const struct wi_inference *wi_inference_on(
    const struct wi_inference *asked, enum wi_platform platform);

#endif
