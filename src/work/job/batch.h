/*
 * Joining requests for one model into one run, and taking its outputs apart again: the rows of the
 * first dimension, where that is the batch. Pure.
 *
 * A model may be run so if its owner says so ("batch": true in model.json), or if the first
 * dimension of every input and output is free and has a name that says that it is the batch ("N",
 * or one with "batch" in it). A free dimension alone says nothing: it may be a sequence, whose
 * elements do see each other.
 */
#ifndef WI_WORK_JOB_BATCH_H
#define WI_WORK_JOB_BATCH_H

#include "wire/inference.h"

/* Public for tests. */
int wi_batch_model(const struct wi_model *model);
/* How many rows requests for it may have in one run. */
int64_t wi_batch_most(const struct wi_model *model);
/* How many rows the request has; 0 if it cannot be joined with others. */
int64_t wi_batch_rows(const struct wi_inference *asked);
/* Whether both, which ask the same of a node and have rows, can be one run. */
int wi_batch_fits(const struct wi_inference *a, const struct wi_inference *b);
/* The inputs of all, row under row: one copy. 0, or -1 if memory is refused. */
int wi_batch_join(const struct wi_inference *const *asked, size_t count, struct wi_tensors *joined);
/* `rows` rows from `first` on of outputs that have `total`, without a copy. 0, or -1 if they have
 * not. */
int wi_batch_split(const struct wi_tensors *outputs, int64_t total, int64_t first, int64_t rows,
    struct wi_tensors *part);

#endif
