/*
 * The inputs for comparing a model with a variant made from it. Each number from 0 on has its own
 * input, which is the same for both models and for every measurement. First come the model's own
 * samples, then inputs of ours for its task (wire/probe.h). For a model that takes tensors, they
 * are instead drawn from a seed, as its graph requires.
 *
 * Samples are the pictures and the WAV files in the folder `samples` among a model's files, in the
 * order of their names. Each is submitted as a client would submit it, and left out if a client
 * would be refused.
 */
#ifndef WI_OWNERS_QUANTIZER_QUANTIZER_INPUTS_H
#define WI_OWNERS_QUANTIZER_QUANTIZER_INPUTS_H

#include "work/run/run.h"

#define WI_INPUTS_SAMPLES_MAX 32
#define WI_INPUTS_SAMPLE_BYTES ((size_t)256 * 1024) /* larger ones are left out */

struct wi_inputs;
/* Reads the samples of `model` on a thread; `on_ready` comes once, not from inside. `runs` and
 * `model` are borrowed for as long as the inputs live. */
struct wi_inputs *wi_inputs_new(const struct wi_run_deps *runs, struct wi_model *model,
    void (*on_ready)(void *context), void *context);
void wi_inputs_free(struct wi_inputs *inputs);            /* no callback comes; NULL is fine */
size_t wi_inputs_samples(const struct wi_inputs *inputs); /* how many there are */

/* Makes the request with that input for `model`, which is the one above or made from it. NULL with
 * WI_NOTHING_TO_QUANTIZE. It has no place and times, which the caller sets. */
struct wi_inference *wi_inputs_make(const struct wi_inputs *inputs, struct wi_model *model,
    unsigned number, struct wi_error *error);

#endif
