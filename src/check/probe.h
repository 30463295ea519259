/*
 * What stands for a client's input in a run that measures a place for a task, or compares it: a
 * text, a picture or a sound of ours, never the client's own.
 */
#ifndef WI_CHECK_PROBE_H
#define WI_CHECK_PROBE_H

#include "job/job.h"

/* Fills the task, its input, its options and what is foreseen of its tokens into `spec`, for the
 * kind of task that `client` asks for: a short text that no cache has the beginning of, a small
 * picture, two seconds of sound. `compares`: so that the answer has what can be compared. 0, or -1
 * for a task that says nothing of a place's speed, and whose answer is none to compare. */
int wi_probe_fill(struct wi_job_spec *spec, const struct wi_job_spec *client, int compares);

#endif
