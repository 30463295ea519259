/*
 * Joins requests for one model into one run, and splits its outputs again by the rows of the first
 * dimension, if that is the batch. Pure.
 *
 * This is allowed if the model's owner says so ("batch": true in model.json), or if the first
 * dimension of every input and output is free and its name says that it is the batch ("N", or a
 * name that contains "batch"). A free dimension alone is not enough: it may be a sequence, whose
 * elements affect each other. Nor is a name, if the graph scales whole tensors by their values or
 * draws random numbers. A name is no proof either: for that, the meaning of every operator and the
 * shape of every tensor between them would have to be known. So the first batch of such a model is
 * compared with its requests alone (batch_trial.h).
 */
#ifndef WI_WORK_JOB_BATCH_H
#define WI_WORK_JOB_BATCH_H

#include "wire/inference.h"

/* Why requests for the model are never joined, as the end of a sentence; NULL: they may be. The
 * caller frees it. */
char *wi_batch_obstacle(const struct wi_model *model);
/* Whether nothing but the names of dimensions says that its rows are independent of each other. */
int wi_batch_is_named(const struct wi_model *model);
/* Whether any two of the requests have different rows. */
int wi_batch_differs(const struct wi_inference *const *asked, size_t count);
int wi_batch_model(const struct wi_model *model);
/* The most rows that its requests may have in one run. */
int64_t wi_batch_most(const struct wi_model *model);
/* The number of rows of the request; 0 if it cannot be joined with others. */
int64_t wi_batch_rows(const struct wi_inference *asked);
/* The bytes of the outputs that the request wants, as far as the graph gives their sizes, directly
 * or by the name of a size of an input; the others count as 0. */
uint64_t wi_batch_output_bytes(const struct wi_inference *asked);
/* Whether both can be one run. Both must need the same of a node and have rows. */
int wi_batch_fits(const struct wi_inference *a, const struct wi_inference *b);
/* The most bytes that are joined, or compared with each other, at a time: the loop does it. In new
 * memory, a copy takes up to a millisecond for each MiB. */
#define WI_BATCH_BYTES_MAX (8 * 1024 * 1024)
/* Concatenates the rows of all inputs: one copy. Returns 0, or -1 if memory is refused. */
int wi_batch_join(const struct wi_inference *const *asked, size_t count, struct wi_tensors *joined);
/* Takes `rows` rows, from `first` on, of outputs that must have `total` rows, without a copy.
 * Returns 0, or -1 if they do not have that many. */
int wi_batch_split(const struct wi_tensors *outputs, int64_t total, int64_t first, int64_t rows,
    struct wi_tensors *part);

#endif
