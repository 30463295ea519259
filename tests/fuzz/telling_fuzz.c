/*
 * Any bytes as what another member tells of its channels. What is read is bounded, becomes one line
 * of JSON for subscribers, and is told as a telling that is read as the same one.
 */
#include "channels/telling.h"
#include "must.h"
#include "plant.h"
#include <jansson.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of an event, the name and the data are a line each. */
static void check_event(const struct wi_batch *batch)
{
    struct wi_buffer text = {0};
    wi_batch_print_event(batch, &text);
    const char *data = strchr(text.text, '\n') + 1, *end = strchr(data, '\n');
    must(end && strcmp(end, "\n\n") == 0 && strncmp(data, "data: ", 6) == 0);
    json_t *told = json_loadb(data + 6, (size_t)(end - data) - 6, JSON_ALLOW_NUL, NULL);
    must(json_is_object(told));
    json_decref(told);
    wi_buffer_clear(&text);
}

static void check_batch(const struct wi_batch *batch)
{
    int is_vectors = batch->channel == WI_CHANNEL_VECTORS;
    must(batch->count <= WI_BATCH_ROWS && batch->dimensions <= WI_VECTOR_MAX);
    must((batch->dimensions > 0) == is_vectors && (batch->model || !is_vectors));
    for (size_t i = 0; is_vectors && i < batch->count; i++) {
        const struct wi_batch_row *row = &batch->rows[i];
        must(row->at + batch->dimensions * sizeof(float) <= row->blob->size);
    }
    if (batch->count > 0)
        check_event(batch);
}

static void check_again(const struct wi_telling *telling)
{
    struct wi_telling again = {0};
    struct wi_buffer text = {0}, other = {0};
    wi_telling_print(telling, &text);
    must(wi_telling_read(&again, NULL, text.text, text.size) == WI_READ_GOOD);
    wi_telling_print(&again, &other);
    must(text.size == other.size && memcmp(text.text, other.text, text.size) == 0);
    wi_batch_unref(again.batch);
    wi_buffer_clear(&other);
    wi_buffer_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_telling telling = {0};
    if (wi_telling_read(&telling, NULL, (const char *)data, size) != WI_READ_GOOD) {
        must(!telling.batch && telling.epoch == 0);
        return 0;
    }
    if (telling.batch) {
        must(telling.born <= telling.epoch);
        check_batch(telling.batch);
    }
    check_again(&telling);
    /* No seed has it. */
    WI_PLANT(telling.before == 7);
    wi_batch_unref(telling.batch);
    return 0;
}
