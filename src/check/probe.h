/*
 * What is asked in a run that measures a place for a task, or compares it: in the client's place a
 * text, a picture or a sound of ours; of a language model on a GPU also the client's own prompt,
 * where it answered that before.
 */
#ifndef WI_CHECK_PROBE_H
#define WI_CHECK_PROBE_H

#include "job/job.h"

/* Fills the task, its input, its options and what is foreseen of its tokens into `spec`, for the
 * kind of task that `client` asks for: a short text that no cache has the beginning of, a small
 * picture, two seconds of sound. `compares`: so that the answer has what can be compared. 0, or -1
 * for a task that says nothing of a place's speed, and whose answer is none to compare. */
int wi_probe_fill(struct wi_job_spec *spec, const struct wi_job_spec *client, int compares);

/* The same for the prompt that `client` itself has, whose input and tensors are shared, of a GGUF
 * model: the kernels of its engine for GPUs are chosen by the shapes of a prompt too, so that a
 * short one of ours does not tell of all. 0, or -1 for other models, for tasks that go on with no
 * text, and for more than WI_PROBE_PROMPT_TOKENS, which take WASM too long to read. */
#define WI_PROBE_PROMPT_TOKENS 2048.0
int wi_probe_fill_client(struct wi_job_spec *spec, const struct wi_job_spec *client);

#endif
