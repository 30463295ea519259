/*
 * The rows of jobs that have just ended become batches: they are gathered for WI_GATHER_MS, or
 * until there are enough for a batch, and then handed on in the order in which their jobs ended.
 */
#ifndef WI_CHANNELS_GATHERING_H
#define WI_CHANNELS_GATHERING_H

#include "base/loop.h"
#include "channels/channel_batch.h"
#include "terms/tensor/tensor.h"

#define WI_GATHER_MS 50
/* The most rows of one answer; those after them are lost. */
#define WI_GATHER_ROWS 4096

/* A sealed batch, borrowed: called from a timer or at the end of a turn, never from inside of what
 * adds rows. */
typedef void wi_gathering_fn(void *context, struct wi_batch *batch);

struct wi_gathering;
struct wi_gathering *wi_gathering_new(
    uv_loop_t *loop, struct wi_budget *budget, wi_gathering_fn *on_batch, void *context);
void wi_gathering_free(struct wi_gathering *gather); /* with the rows that it has; NULL is fine */
/* Drops the rows that it has. */
void wi_gathering_drop(struct wi_gathering *gather);
/* Hands them on now. */
void wi_gathering_hand_on(struct wi_gathering *gather);

/* Adds a job's JSON object. `model` may be NULL. */
void wi_gathering_result(struct wi_gathering *gather, const char *client, const char *model,
    const struct wi_buffer *json);

/* Vectors of one job. All is borrowed. */
struct wi_gathering_vectors {
    const char *client, *model, *job;
    const struct wi_tensor *tensor; /* FP32 [rows, numbers], of 1 to WI_VECTOR_MAX numbers */
    /* The label of a row, at most WI_LABEL_MAX bytes and a NUL, or NULL. */
    const char *(*label)(const void *context, size_t row, char *out);
    const void *context;
};
void wi_gathering_vectors(struct wi_gathering *gather, const struct wi_gathering_vectors *vectors);

#endif
