/* See gathering.h. Each channel has one open batch; a row that does not belong in it seals it, so
 * that no row overtakes another. */
#include "channels/gathering.h"

#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Vectors are copied if the blob that has them has so many times the memory that they need. */
#define WASTE_MAX 2
/* The bytes that any blob may have in addition to its vectors: the JSON of a node's answer. */
#define BESIDE_MAX 2048
/* They are also copied, piece by piece, from a larger blob: a queue that keeps some of its batches
 * and loses the others would hold all of it. */
#define SHARED_MAX ((size_t)1 << 20)

/* The batches of a channel in their order, of which the last one is open. */
struct waiting {
    struct wi_batch **batches;
    size_t count;
};

struct wi_gathering {
    struct wi_budget *budget;
    wi_gathering_fn *on_batch;
    void *context;
    struct waiting waiting[WI_CHANNEL_COUNT];
    struct wi_timer *timer; /* runs while there are rows */
    struct wi_turn *turn;   /* scheduled once there are enough */
    size_t rows;
};

/* --- handing on ------------------------------------------------------------------------------- */

static void waiting_hand_on(struct wi_gathering *gather, struct waiting *waiting)
{
    struct waiting taken = WI_TAKE(*waiting);
    for (size_t i = 0; i < taken.count; i++) {
        if (taken.batches[i]->count > 0)
            wi_batch_seal(taken.batches[i], 0);
        gather->on_batch(gather->context, taken.batches[i]);
        wi_batch_unref(taken.batches[i]);
    }
    free(taken.batches);
}

void wi_gathering_hand_on(struct wi_gathering *gather)
{
    wi_timer_stop(gather->timer);
    gather->rows = 0;
    for (int i = 0; i < WI_CHANNEL_COUNT; i++)
        waiting_hand_on(gather, &gather->waiting[i]);
}

static void on_time(void *context)
{
    wi_gathering_hand_on(context);
}

struct wi_gathering *wi_gathering_new(
    uv_loop_t *loop, struct wi_budget *budget, wi_gathering_fn *on_batch, void *context)
{
    struct wi_gathering *gather = wi_alloc(sizeof *gather);
    gather->budget = budget;
    gather->on_batch = on_batch;
    gather->context = context;
    gather->timer = wi_timer_new(loop, on_time, gather);
    gather->turn = wi_turn_new(loop, on_time, gather);
    return gather;
}

void wi_gathering_drop(struct wi_gathering *gather)
{
    wi_timer_stop(gather->timer);
    gather->rows = 0;
    for (int i = 0; i < WI_CHANNEL_COUNT; i++) {
        struct waiting taken = WI_TAKE(gather->waiting[i]);
        for (size_t k = 0; k < taken.count; k++)
            wi_batch_unref(taken.batches[k]);
        free(taken.batches);
    }
}

void wi_gathering_free(struct wi_gathering *gather)
{
    if (!gather)
        return;
    wi_gathering_drop(gather);
    wi_timer_free(gather->timer);
    wi_turn_free(gather->turn);
    free(gather);
}

/* --- adding rows ------------------------------------------------------------------------------ */

static struct wi_batch *batch_begin(struct wi_gathering *gather, enum wi_channel channel,
    const char *client, const char *model, size_t dimensions)
{
    struct waiting *waiting = &gather->waiting[channel];
    struct wi_batch *batch = wi_batch_new(gather->budget, channel, client, model, dimensions);
    *WI_APPEND(waiting->batches, waiting->count) = batch;
    return batch;
}

/* The open batch that takes such a row. */
static struct wi_batch *batch_for(struct wi_gathering *gather, enum wi_channel channel,
    const char *client, const char *model, size_t dimensions)
{
    const struct waiting *waiting = &gather->waiting[channel];
    struct wi_batch *last = waiting->count > 0 ? waiting->batches[waiting->count - 1] : NULL;
    return last && !last->lost && wi_batch_takes(last, client, model, dimensions)
               ? last
               : batch_begin(gather, channel, client, model, dimensions);
}

static void note_rows(struct wi_gathering *gather, size_t count)
{
    if (gather->rows == 0)
        wi_timer_start(gather->timer, WI_GATHER_MS, 0);
    gather->rows += count;
    if (gather->rows >= WI_BATCH_ROWS)
        wi_turn_schedule(gather->turn);
}

void wi_gathering_result(struct wi_gathering *gather, const char *client, const char *model,
    const struct wi_buffer *json)
{
    wi_batch_add_result(
        batch_for(gather, WI_CHANNEL_RESULTS, client, model, 0), json->text, json->size);
    note_rows(gather, 1);
}

/* Whether its blob may be kept for so many bytes of rows. */
static int may_share(const struct wi_tensor *tensor, size_t size)
{
    size_t capacity = tensor->blob->capacity;
    return capacity <= SHARED_MAX && capacity <= size * WASTE_MAX + BESIDE_MAX;
}

static void rows_lose(
    struct wi_gathering *gather, const struct wi_gathering_vectors *vectors, uint64_t count)
{
    struct wi_batch *batch = batch_begin(gather, WI_CHANNEL_VECTORS, vectors->client,
        vectors->model, (size_t)vectors->tensor->dims[1]);
    wi_batch_seal(batch, count);
}

/* Rows of the answer, of which the first is at `at` in the blob. */
struct rows {
    size_t first, count;
    struct wi_blob *blob;
    size_t at;
};

static void rows_add(struct wi_gathering *gather, const struct wi_gathering_vectors *vectors,
    const struct rows *rows)
{
    size_t width = (size_t)vectors->tensor->dims[1];
    for (size_t i = 0; i < rows->count; i++) {
        char label[WI_LABEL_MAX + 1];
        struct wi_batch *batch =
            batch_for(gather, WI_CHANNEL_VECTORS, vectors->client, vectors->model, width);
        wi_batch_add_vector(batch, vectors->job,
            vectors->label(vectors->context, rows->first + i, label), rows->blob,
            rows->at + i * width * sizeof(float), rows->blob->capacity / rows->count);
    }
}

/* In pieces of about a batch. */
static void rows_copy(
    struct wi_gathering *gather, const struct wi_gathering_vectors *vectors, size_t count)
{
    size_t row = (size_t)vectors->tensor->dims[1] * sizeof(float);
    size_t most = WI_BATCH_BYTES / row < WI_BATCH_ROWS ? WI_BATCH_BYTES / row : WI_BATCH_ROWS;
    const unsigned char *bytes = wi_tensor_bytes(vectors->tensor);
    for (size_t first = 0; first < count; first += most) {
        struct rows rows = {.first = first, .count = count - first < most ? count - first : most};
        rows.blob = wi_blob_new(gather->budget, rows.count * row);
        if (rows.blob) {
            wi_blob_append(rows.blob, bytes + first * row, rows.count * row);
            rows_add(gather, vectors, &rows);
        } else {
            rows_lose(gather, vectors, rows.count);
        }
        wi_blob_unref(rows.blob);
    }
}

void wi_gathering_vectors(struct wi_gathering *gather, const struct wi_gathering_vectors *vectors)
{
    const struct wi_tensor *tensor = vectors->tensor;
    size_t all = (size_t)tensor->dims[0], width = (size_t)tensor->dims[1];
    size_t count = all < WI_GATHER_ROWS ? all : WI_GATHER_ROWS;
    const struct rows rows = {.count = count, .blob = tensor->blob, .at = tensor->offset};
    assert(tensor->datatype == WI_FP32 && tensor->rank == 2 && width > 0 && width <= WI_VECTOR_MAX);
    if (count == 0)
        return;
    if (may_share(tensor, count * width * sizeof(float)))
        rows_add(gather, vectors, &rows);
    else
        rows_copy(gather, vectors, count);
    if (count < all)
        rows_lose(gather, vectors, all - count);
    note_rows(gather, count);
}
