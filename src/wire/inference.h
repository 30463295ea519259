/*
 * One request: what a model is asked to do, whatever format it came in and whoever computes it. A
 * dialect makes it of bytes, wi_infer_settle (wire/infer.h) completes it once it was checked
 * against its model, and from then on nobody changes it: jobs, demands, tasks and runs of the guard
 * hold it.
 */
#ifndef WI_WIRE_INFERENCE_H
#define WI_WIRE_INFERENCE_H

#include "models/catalog/format/engine.h"
#include "models/catalog/library/model.h"
#include "terms/kernel/kernel.h"
#include "terms/kernel/program.h"
#include "terms/task/task.h"
#include "terms/task/type.h"
#include "terms/tensor/input_set.h"
#include "terms/tensor/tensor.h"
#include <jansson.h>

/* What stands for the tokens of a text where nothing says more. */
#define WI_USUAL_PROMPT_TOKENS 256.0
#define WI_USUAL_ANSWER_TOKENS 256.0

#define WI_PRIORITY_DEFAULT 5 /* of 0–9, where the client says nothing */

/* How often a model or a kernel is run, one run after another in one page, and measured. `runs` 0:
 * it is run once, and answered. Nobody learns of it where to send other requests. */
enum wi_threads { WI_THREADS_USUAL, WI_THREADS_ONE, WI_THREADS_ALL };
struct wi_benchmark {
    unsigned runs, warmup; /* `warmup` are those before */
    enum wi_threads threads;
    int as_it_is; /* onnxruntime changes nothing in its graph */
};

/* Strings, tensors and JSON are owned, of the model a reference. */
struct wi_inference {
    struct wi_model *model; /* NULL before it is settled */
    /* The same of the model that it is for WebGPU, which has graphs of its own there; or NULL. */
    const struct wi_inference *on_webgpu;
    enum wi_model_type type; /* the request's, else the model's; for the preferences */
    char *client_id;         /* the request's own `id`, echoed; may be NULL */
    char *browser, *node;    /* that are to do it; NULL: any */
    int has_platform;        /* 0: auto */
    enum wi_platform platform;
    int fallback;    /* 0: an error instead of another platform */
    char *precision; /* NULL: as the model is */
    int lessens;     /* where the memory for the model is short, its next smaller variant follows */
    int priority;    /* 0–9, 9 most urgent */
    double timeout_ms;
    int stream;              /* the answer may come in parts */
    double stall_timeout_ms; /* of a stream: without a sign of life after its first part, while a
                                node computes it; 0: 30 s, or three times what a batch of its prompt
                                takes, if that is longer */
    struct wi_tensors tensors;
    enum wi_empty empty;            /* what an ONNX graph is to compute without elements */
    char set[WI_INPUT_SET_SIZE];    /* of the inputs, where the guard tells them apart; else "" */
    const struct wi_kernel *kernel; /* of the engine `kernels`: the one that is run; else NULL */
    struct wi_program *program;     /* likewise, in its place: a client's own; a reference */
    struct wi_benchmark benchmark;
    enum wi_task_kind task; /* what is to be done with `input`; WI_TASK_NONE: tensors in and out */
    json_t *input;          /* what is not a tensor; may be NULL */
    json_t *options;        /* the model's, an object; may be NULL */
    int raw; /* of a task: what its graphs put out is to be the answer, if the node can */
    struct wi_strings outputs; /* wanted; empty: all */
    size_t text_bytes;         /* of the text that it is about; 0: none */
    int is_private; /* a person's words are in it: [pool] strangers says who may have them */
    /* Of text, as far as can be foreseen: tokens to read, at least 1, and to make; 0: no text. */
    double prompt_tokens, answer_tokens;
    unsigned _references;
};

/* An empty one with one reference. Whoever makes it may change it until somebody else has it. */
struct wi_inference *wi_inference_new(void);
/* References are counted on one thread at a time. Gives `asked`. */
const struct wi_inference *wi_inference_retain(const struct wi_inference *asked);
void wi_inference_release(const struct wi_inference *asked); /* NULL is fine */
/* The same work for somebody else, its tensors and JSON shared: without the client's id, its place,
 * its times and its stream, which the caller sets. */
struct wi_inference *wi_inference_again(const struct wi_inference *asked);
/* The same request with another variant of its model; its tensors and JSON are shared. */
struct wi_inference *wi_inference_of(const struct wi_inference *asked, struct wi_model *variant);
/* Names the set of its inputs, and what of these has no elements, once its model and they are
 * known. The inputs of tasks are in none: the guard compares tasks by inputs of its own. Pictures
 * are all in one. */
void wi_inference_find_set(struct wi_inference *asked);
/* Whether a kernel is asked for, by its name or with its source, and no model. */
int wi_inference_computes(const struct wi_inference *asked);
/* In which of its variants the model is asked for: a precision, or a kernel of `kernels`. NULL: as
 * it is. Borrowed. */
const char *wi_inference_variant(const struct wi_inference *asked);
/* What is asked of that platform: of the graphs that the model has there. Borrowed. */
const struct wi_inference *wi_inference_on(
    const struct wi_inference *asked, enum wi_platform platform);

#endif
