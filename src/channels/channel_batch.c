/* See channel_batch.h. The texts of all rows lie in one buffer, so that a row costs no allocation.
 */
#include "channels/channel_batch.h"

#include "base/clock.h"
#include "base/memory.h"
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const char *const wi_channel_names[] = {
    [WI_CHANNEL_RESULTS] = "job_results",
    [WI_CHANNEL_VECTORS] = "vector_updates",
    [WI_CHANNEL_COUNT] = NULL,
};

struct wi_batch *wi_batch_new(struct wi_budget *budget, enum wi_channel channel, const char *client,
    const char *model, size_t dimensions)
{
    struct wi_batch *batch = wi_alloc(sizeof *batch);
    batch->channel = channel;
    batch->client = wi_strdup(client);
    batch->model = wi_strdup(model);
    batch->dimensions = dimensions;
    batch->_budget = budget;
    batch->_references = 1;
    return batch;
}

struct wi_batch *wi_batch_ref(struct wi_batch *batch)
{
    batch->_references++;
    return batch;
}

void wi_batch_unref(struct wi_batch *batch)
{
    if (!batch || --batch->_references > 0)
        return;
    for (size_t i = 0; i < batch->count; i++)
        wi_blob_unref(batch->rows[i].blob);
    for (int form = 0; form < WI_CHANNEL_FORMS; form++)
        wi_parcel_unref(batch->parcels[form]);
    wi_budget_give(batch->_budget, batch->_charged);
    wi_buffer_clear(&batch->_texts);
    free(batch->rows);
    free(batch->client);
    free(batch->model);
    free(batch);
}

/* --- rows ------------------------------------------------------------------------------------ */

static int names_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

int wi_batch_takes(
    const struct wi_batch *batch, const char *client, const char *model, size_t dimensions)
{
    return batch->count < WI_BATCH_ROWS && batch->bytes < WI_BATCH_BYTES &&
           batch->dimensions == dimensions && strcmp(batch->client, client) == 0 &&
           names_equal(batch->model, model);
}

/* The place of a text, which ends with a NUL. */
static size_t text_keep(struct wi_batch *batch, const char *text, size_t size)
{
    size_t at = batch->_texts.size;
    wi_buffer_add(&batch->_texts, text, size);
    wi_buffer_add(&batch->_texts, "", 1);
    return at;
}

static struct wi_batch_row *row_add(struct wi_batch *batch)
{
    struct wi_batch_row *row = WI_APPEND(batch->rows, batch->count);
    *row = (struct wi_batch_row){.label = SIZE_MAX};
    return row;
}

void wi_batch_add_result(struct wi_batch *batch, const char *json, size_t size)
{
    row_add(batch)->text = text_keep(batch, json, size);
    batch->bytes += size + 1 + sizeof *batch->rows;
}

void wi_batch_add_vector(struct wi_batch *batch, const char *job, const char *label,
    struct wi_blob *blob, size_t at, size_t weight)
{
    size_t before = batch->_texts.size;
    struct wi_batch_row *row = row_add(batch);
    row->text = text_keep(batch, job, strlen(job));
    if (label)
        row->label = text_keep(batch, label, strlen(label));
    row->blob = wi_blob_ref(blob);
    row->at = at;
    row->weight = weight;
    batch->bytes += batch->_texts.size - before + sizeof *row + weight;
}

const char *wi_batch_text(const struct wi_batch *batch, size_t at)
{
    return at == SIZE_MAX ? NULL : batch->_texts.text + at;
}

/* From now on its texts are charged; its blobs are charged by themselves. */
void wi_batch_seal(struct wi_batch *batch, uint64_t lost)
{
    assert(!lost || batch->count == 0);
    batch->lost = lost;
    batch->timestamp = wi_wall_ms();
    batch->bytes += sizeof *batch;
    batch->_charged = sizeof *batch + batch->_texts.capacity + batch->count * sizeof *batch->rows;
    wi_budget_force(batch->_budget, batch->_charged);
}

struct wi_batch *wi_batch_tail(const struct wi_batch *batch, size_t from)
{
    struct wi_batch *tail = wi_batch_new(
        batch->_budget, batch->channel, batch->client, batch->model, batch->dimensions);
    for (size_t i = from; i < batch->count; i++) {
        const struct wi_batch_row *row = &batch->rows[i];
        const char *text = wi_batch_text(batch, row->text);
        if (batch->channel == WI_CHANNEL_RESULTS)
            wi_batch_add_result(tail, text, strlen(text));
        else
            wi_batch_add_vector(
                tail, text, wi_batch_text(batch, row->label), row->blob, row->at, row->weight);
    }
    wi_batch_seal(tail, 0);
    tail->timestamp = batch->timestamp;
    return tail;
}
