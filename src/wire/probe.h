/*
 * Requests for runs that measure or compare a place, instead of a client's request: a text, a
 * picture or a sound of ours, or random tensors; for a language model on a GPU also the client's
 * own prompt, if it was answered there before.
 */
#ifndef WI_WIRE_PROBE_H
#define WI_WIRE_PROBE_H

#include "wire/inference.h"

/* The most bytes that are drawn on the loop. */
#define WI_PROBE_BYTES_MAX ((size_t)4 << 20)

/* A substitute for the client's request, for the same model, task and precision: a short text whose
 * beginning is in no cache, a small picture, or two seconds of sound; the last two differ for each
 * `seed`. If that is not 0, the words of the text have their own order, so that a node does not
 * know it. NULL for a task that shows nothing of a place's speed and whose answer cannot be
 * compared. Without a place and times, which the caller sets; this holds for both functions. */
struct wi_inference *wi_probe_ask(const struct wi_inference *client, uint32_t seed);

/* An input of ours for the first of the model's own tasks that has one, different for each `seed`;
 * 0 gives that of wi_probe_ask. NULL: there is none. */
struct wi_inference *wi_probe_first(struct wi_model *model, uint32_t seed);

/* Adds a tensor for each input of the model's graph, different for each `seed`; a free dimension is
 * 1. `like` (NULL: none), a request's tensors, gives the shapes, and the values of small whole
 * numbers and booleans (terms/tensor/input_set.h). 0, or -1 with the `name` (borrowed from the
 * model or from `like`) of an input for which no tensor can be made, or only one of more than
 * `most` bytes. */
int wi_probe_draw(const struct wi_model *model, const struct wi_tensors *like, uint32_t seed,
    size_t most, struct wi_tensors *inputs, const char **name);

/* The real numbers of an input of ours. A sum of many numbers of both signs is small compared with
 * them, so honest platforms differ and nothing can be concluded; a sum of positive numbers is
 * conclusive. */
enum wi_probe_signs {
    WI_PROBE_BOTH_SIGNS,
    /* Above 0, except for FP16 tensors of more than WI_PROBE_HALVES_MAX elements. */
    WI_PROBE_POSITIVE
};
/* If n positive numbers are added in 16 bits, the relative error of the sum may be n times 2^-11,
 * and usually the square root of n times that (Higham and Mary, "A new approach to probabilistic
 * rounding error analysis", 2019). The tolerance of 16 bits is 23 times 2^-11: sums of more numbers
 * than this exceed it on honest platforms. */
#define WI_PROBE_HALVES_MAX 256

/* A client's request for tensors with an input of ours, drawn like its own; for a picture, that of
 * its graph. The engine's choices by shape, and the graph's by small numbers, are then the same.
 * NULL: none can be made, or only one of more than WI_PROBE_BYTES_MAX. */
struct wi_inference *wi_probe_like(
    const struct wi_inference *client, uint32_t seed, enum wi_probe_signs signs);

/* The same request with each real number of its tensors moved by a share of at most 2^-15 of it
 * (FP16: by its last bit): rounding may change the answer as much as this does. Seven of eight
 * numbers go up and the eighth goes down, according to the seed. NULL: it has no such numbers, or
 * only BF16, whose last bit is too large a step. */
struct wi_inference *wi_probe_nudge(const struct wi_inference *asked, uint32_t seed);

/* The input of wi_probe_first or a drawn one, depending on the request: for `task`, or with
 * WI_TASK_NONE for the first task of the model that has an input. NULL: none can be made, or only
 * one of more than WI_PROBE_BYTES_MAX. */
struct wi_inference *wi_probe_usual(struct wi_model *model, enum wi_task_kind task, uint32_t seed);

/* The same for the prompt of `client` itself, with shared input and tensors, for a GGUF model: its
 * engine chooses GPU kernels also by the shapes of a prompt, so a short prompt of ours does not
 * test all of them. NULL for other models, for tasks that do not continue a text, and for more than
 * WI_PROBE_PROMPT_TOKENS, which WASM takes too long to read. */
#define WI_PROBE_PROMPT_TOKENS 2048.0
struct wi_inference *wi_probe_ask_client(const struct wi_inference *client);

/* Like wi_probe_ask, with a text of ours of about as many tokens, at most WI_PROBE_PROMPT_TOKENS,
 * for a task that continues a text. NULL for others. */
struct wi_inference *wi_probe_ask_long(const struct wi_inference *client, double tokens);

#endif
