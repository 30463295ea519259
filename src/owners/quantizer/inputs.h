/*
 * The inputs with which a model and what is made of it are compared, another for each number from 0
 * on, and the same for both and at each measuring: first the model's own samples, then a task's
 * inputs of ours (wire/probe.h), or, of a model that is asked with tensors, what is drawn by a
 * seed as its graph says.
 *
 * Samples are the pictures and the WAV files in the folder `samples` beside a model's files, in the
 * order of their names. Each is asked as a client would ask it, and left out where a client would
 * be refused.
 */
#ifndef WI_OWNERS_QUANTIZER_INPUTS_H
#define WI_OWNERS_QUANTIZER_INPUTS_H

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

/* What is asked of `model`, which is the one above or made of it; NULL with
 * WI_NOTHING_TO_QUANTIZE. Without a place and times, which the caller sets. */
struct wi_inference *wi_inputs_make(const struct wi_inputs *inputs, struct wi_model *model,
    unsigned number, struct wi_error *error);

#endif
