/*
 * What is asked in a run that measures a place, or compares it, in the place of a client's request:
 * a text, a picture or a sound of ours, or random tensors; of a language model on a GPU also the
 * client's own prompt, where it answered that before.
 */
#ifndef WI_WIRE_PROBE_H
#define WI_WIRE_PROBE_H

#include "wire/inference.h"

/* More is not drawn, on the loop. */
#define WI_PROBE_BYTES_MAX ((size_t)4 << 20)

/* What stands for a request like the client's: of the same model, task and precision a short text
 * that no cache has the beginning of, a small picture, two seconds of sound, the last two others
 * for each `seed`. With one that is not 0 the words of the text come in an order of their own, so
 * that a node does not know it. NULL for a task that says nothing of a place's speed, and whose
 * answer is none to compare. Without a place and times, which the caller sets; so both. */
struct wi_inference *wi_probe_ask(const struct wi_inference *client, uint32_t seed);

/* An input of ours for the first of the model's own tasks that something stands for, another for
 * each `seed`, of which 0 is that of wi_probe_ask; NULL: there is none. */
struct wi_inference *wi_probe_first(struct wi_model *model, uint32_t seed);

/* Adds a tensor for each that the model's graph takes, others for each `seed`: a dimension that is
 * free is 1. Of `like` (NULL: none), a request's tensors, come the shapes, and the values of small
 * whole numbers and booleans (tensor/input_set.h). 0, or -1 with the `name` (borrowed of the model,
 * or of `like`) of one that none can be made for, or only of more than `most` bytes. */
int wi_probe_draw(const struct wi_model *model, const struct wi_tensors *like, uint32_t seed,
    size_t most, struct wi_tensors *inputs, const char **name);

/* A client's request for tensors with an input of ours, drawn like its own; for a picture that of
 * its graph. So what its engine chooses by shapes, and its graph by small numbers, is the same.
 * NULL: none can be made, or only of more than WI_PROBE_BYTES_MAX. */
struct wi_inference *wi_probe_like(const struct wi_inference *client, uint32_t seed);

/* The same request with each real number of its tensors moved by a share of about 2^-15 of it
 * (FP16: of its last bit), up or down by the seed: what that makes of the answer, rounding may,
 * too. NULL: it has no such numbers, or only of BF16, whose last bit is too much. */
struct wi_inference *wi_probe_nudge(const struct wi_inference *asked, uint32_t seed);

/* One of wi_probe_first and a drawn one, as the model is asked: for `task`, or with WI_TASK_NONE
 * the first of its own that there is an input for. NULL: none can be made, or only of more than
 * WI_PROBE_BYTES_MAX.
 */
struct wi_inference *wi_probe_usual(struct wi_model *model, enum wi_task_kind task, uint32_t seed);

/* The same for the prompt that `client` itself has, whose input and tensors are shared, of a GGUF
 * model: the kernels of its engine for GPUs are chosen by the shapes of a prompt too, so that a
 * short one of ours does not tell of all. NULL for other models, for tasks that go on with no
 * text, and for more than WI_PROBE_PROMPT_TOKENS, which take WASM too long to read. */
#define WI_PROBE_PROMPT_TOKENS 2048.0
struct wi_inference *wi_probe_ask_client(const struct wi_inference *client);

/* As wi_probe_ask, with a text of ours of about as many tokens, at most WI_PROBE_PROMPT_TOKENS; of
 * a task that goes on with a text. NULL for others. */
struct wi_inference *wi_probe_ask_long(const struct wi_inference *client, double tokens);

#endif
