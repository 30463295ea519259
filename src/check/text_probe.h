/* What stands for a client's text in a run that measures a place: never the client's own words. */
#ifndef WI_CHECK_TEXT_PROBE_H
#define WI_CHECK_TEXT_PROBE_H

#include "job/job.h"

/* Fills the task, its input, its options and what is foreseen of its tokens into `spec`: a short
 * prompt that no cache has the beginning of, for the kind of task that `client` asks for. 0, or -1
 * for one that says nothing of a place's speed. */
int wi_text_probe(struct wi_job_spec *spec, const struct wi_job_spec *client);

#endif
