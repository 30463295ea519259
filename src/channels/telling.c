/* See telling.h. */
#include "channels/telling.h"

#include "base/json_read.h"
#include "cluster/talk.h"
#include "settings/config/api_tokens.h"
#include "terms/model_name.h"
#include <stdint.h>
#include <string.h>

#define TELLING_VERSION 1
#define COUNT_MAX 9007199254740992 /* 2^53: a double has each integer up to it */

/* --- writing ---------------------------------------------------------------------------------- */

static json_t *text_json(const struct wi_batch *batch, size_t at)
{
    const char *text = wi_batch_text(batch, at);
    return text ? json_string(text) : json_null();
}

static void describe_batch(const struct wi_batch *batch, json_t *out)
{
    json_t *texts = json_array(), *labels = json_array();
    for (size_t i = 0; i < batch->count; i++) {
        json_array_append_new(texts, text_json(batch, batch->rows[i].text));
        json_array_append_new(labels, text_json(batch, batch->rows[i].label));
    }
    json_object_set_new(out, "channel", json_string(wi_channel_names[batch->channel]));
    json_object_set_new(out, "client", json_string(batch->client));
    json_object_set_new(out, "model", batch->model ? json_string(batch->model) : json_null());
    json_object_set_new(out, "dimensions", json_integer((json_int_t)batch->dimensions));
    json_object_set_new(out, "at", json_integer(batch->timestamp));
    json_object_set_new(out, "texts", texts);
    json_object_set_new(out, "labels", labels);
}

void wi_telling_print(const struct wi_telling *telling, struct wi_buffer *out)
{
    const struct wi_batch *batch = telling->batch;
    json_t *object = json_pack("{s:i, s:I, s:I, s:I}", "telling", TELLING_VERSION, "epoch",
        (json_int_t)telling->epoch, "born", (json_int_t)telling->born, "before",
        (json_int_t)telling->before);
    if (batch)
        describe_batch(batch, object);
    wi_buffer_json(out, object);
    json_decref(object);
    if (!batch || wi_batch_numbers(batch) == 0)
        return;
    wi_buffer_add(out, "", 1);
    for (size_t i = 0; i < batch->count; i++)
        wi_buffer_add(
            out, batch->rows[i].blob->bytes + batch->rows[i].at, batch->dimensions * sizeof(float));
}

/* --- reading ---------------------------------------------------------------------------------- */

struct telling_params {
    int64_t epoch, born, before, dimensions, at;
    int channel; /* -1: none */
    const char *client, *model;
    json_t *texts, *labels;
    const char *vectors; /* what follows the JSON, … */
    size_t size;         /* … of so many bytes */
};

#define COUNT .required = 1, .max = COUNT_MAX
static const struct wi_param telling_table[] = {WI_PARAM(telling_params, epoch, INTEGER, COUNT),
    WI_PARAM(telling_params, born, INTEGER, COUNT),
    WI_PARAM(telling_params, before, INTEGER, COUNT),
    WI_PARAM(telling_params, channel, ENUM, .names = wi_channel_names),
    WI_PARAM(telling_params, client, STRING, .max = WI_TOKEN_NAME_MAX),
    WI_PARAM(telling_params, model, STRING, .min = 1, .max = WI_MODEL_NAME_MAX),
    WI_PARAM(telling_params, dimensions, INTEGER, .max = WI_VECTOR_MAX),
    WI_PARAM(telling_params, at, INTEGER, .max = WI_VERSIONED_TIME_MAX),
    WI_PARAM(telling_params, texts, ARRAY, .max = WI_BATCH_ROWS),
    WI_PARAM(telling_params, labels, ARRAY, .max = WI_BATCH_ROWS), WI_PARAM_END};

static const struct wi_versioned telling_form = {
    "telling", TELLING_VERSION, WI_TALK_MESSAGE_MAX, telling_table};

static int is_object(const char *text)
{
    json_error_t place;
    json_t *object = wi_json_read(text, strlen(text), JSON_ALLOW_NUL, &place);
    int is = json_is_object(object);
    json_decref(object);
    return is;
}

/* Whether it can be sent as wi_ending_print has written it: on one line, with the result last,
 * which is at the top level exactly if the rest from there is an object by itself. */
static int is_job(const char *text)
{
    const char *result = strstr(text, ",\"result\":");
    struct wi_buffer rest = {0};
    wi_buffer_strings(&rest, "{", result ? result + 1 : "}", NULL);
    int is = !strpbrk(text, "\r\n") && is_object(text) && is_object(rest.text);
    wi_buffer_clear(&rest);
    return is;
}

static int are_texts(const struct telling_params *params)
{
    for (size_t i = 0; i < json_array_size(params->texts); i++) {
        const char *text = json_string_value(json_array_get(params->texts, i));
        const json_t *label = json_array_get(params->labels, i);
        if (!text || (params->channel == WI_CHANNEL_RESULTS && !is_job(text)) ||
            !(json_is_null(label) || json_is_string(label)) ||
            json_string_length(label) > WI_LABEL_MAX)
            return 0;
    }
    return json_array_size(params->texts) == json_array_size(params->labels);
}

static int is_batch(const struct telling_params *params)
{
    size_t count = json_array_size(params->texts);
    int is_vectors = params->channel == WI_CHANNEL_VECTORS;
    return params->client && params->born > 0 && params->born <= params->epoch &&
           (params->model || !is_vectors) && (params->dimensions > 0) == is_vectors &&
           params->size == count * (size_t)params->dimensions * sizeof(float) && are_texts(params);
}

/* 0, or -1: there is no memory. */
static int vectors_add(
    struct wi_batch *batch, struct wi_budget *budget, const struct telling_params *params)
{
    struct wi_blob *blob = wi_blob_new(budget, params->size);
    size_t row = batch->dimensions * sizeof(float);
    if (!blob || wi_blob_append(blob, params->vectors, params->size) != 0) {
        wi_blob_unref(blob);
        return -1;
    }
    for (size_t i = 0; i < json_array_size(params->texts); i++)
        wi_batch_add_vector(batch, json_string_value(json_array_get(params->texts, i)),
            json_string_value(json_array_get(params->labels, i)), blob, i * row, row);
    wi_blob_unref(blob);
    return 0;
}

static struct wi_batch *batch_make(struct wi_budget *budget, const struct telling_params *params)
{
    struct wi_batch *batch = wi_batch_new(budget, (enum wi_channel)params->channel, params->client,
        params->model, (size_t)params->dimensions);
    size_t count = json_array_size(params->texts);
    int failed = 0;
    if (params->channel == WI_CHANNEL_VECTORS)
        failed = vectors_add(batch, budget, params) != 0;
    for (size_t i = 0; params->channel == WI_CHANNEL_RESULTS && i < count; i++) {
        const json_t *text = json_array_get(params->texts, i);
        wi_batch_add_result(batch, json_string_value(text), json_string_length(text));
    }
    if (count > 0)
        wi_batch_seal(batch, failed ? count : 0);
    batch->timestamp = params->at;
    return batch;
}

enum wi_read_fault wi_telling_read(
    struct wi_telling *telling, struct wi_budget *budget, const char *text, size_t size)
{
    const char *end = size > 0 ? memchr(text, '\0', size) : NULL;
    size_t head = end ? (size_t)(end - text) : size;
    struct telling_params params = {
        .channel = -1, .vectors = end ? end + 1 : "", .size = end ? size - head - 1 : 0};
    json_t *object = NULL;
    enum wi_read_fault fault = WI_READ_GARBAGE;
    if (size <= WI_TALK_MESSAGE_MAX)
        fault = wi_versioned_read(&telling_form, text, head, &params, &object);
    if (fault == WI_READ_GOOD && params.channel >= 0 && !is_batch(&params))
        fault = WI_READ_GARBAGE;
    if (fault == WI_READ_GOOD)
        *telling = (struct wi_telling){.epoch = (uint64_t)params.epoch,
            .born = (uint64_t)params.born,
            .before = (uint64_t)params.before,
            .batch = params.channel >= 0 ? batch_make(budget, &params) : NULL};
    json_decref(object);
    return fault;
}
