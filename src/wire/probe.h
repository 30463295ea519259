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
 * whole numbers and booleans (terms/tensor/input_set.h). 0, or -1 with the `name` (borrowed of the
 * model, or of `like`) of one that none can be made for, or only of more than `most` bytes. */
int wi_probe_draw(const struct wi_model *model, const struct wi_tensors *like, uint32_t seed,
    size_t most, struct wi_tensors *inputs, const char **name);

/* Which real numbers an input of ours has. A sum of many numbers of both signs is small beside
 * them, so that honest platforms differ in it and nothing can be told; a sum of positive numbers
 * tells. */
enum wi_probe_signs {
    WI_PROBE_BOTH_SIGNS,
    /* Above 0, but for FP16 tensors of more than WI_PROBE_HALVES_MAX elements. */
    WI_PROBE_POSITIVE
};
/* Where each of n positive numbers is added in 16 bits, the sum may be off by n times 2^-11 of it,
 * and by the square root of n times that as a rule (Higham and Mary, "A new approach to
 * probabilistic rounding error analysis", 2019). The tolerance of 16 bits is 23 times 2^-11: sums
 * of more than this many numbers leave it on honest platforms. */
#define WI_PROBE_HALVES_MAX 256

/* A client's request for tensors with an input of ours, drawn like its own; for a picture that of
 * its graph. So what its engine chooses by shapes, and its graph by small numbers, is the same.
 * NULL: none can be made, or only of more than WI_PROBE_BYTES_MAX. */
struct wi_inference *wi_probe_like(
    const struct wi_inference *client, uint32_t seed, enum wi_probe_signs signs);

/* The same request with each real number of its tensors moved by a share of at most 2^-15 of it
 * (FP16: by its last bit): what that makes of the answer, rounding may, too. Seven of eight numbers
 * go up and the eighth goes down, as the seed says. NULL: it has no such numbers, or only of BF16,
 * whose last bit is too much. */
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
