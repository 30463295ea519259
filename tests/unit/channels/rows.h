/* Vectors, messages and what they say, for the tests of channels. */
#ifndef WI_TESTS_UNIT_CHANNELS_ROWS_H
#define WI_TESTS_UNIT_CHANNELS_ROWS_H

#include "base/memory.h"
#include "channels/channel_batch.h"
#include "terms/tensor/tensor.h"
#include <stdlib.h>
#include <string.h>

/* FP32 [rows, width] of `first`, `first` + 1 …, in a blob that has `beside` more bytes before it.
 */
static inline struct wi_tensor make_vectors(
    struct wi_budget *budget, size_t rows, size_t width, float first, size_t beside)
{
    size_t size = rows * width * sizeof(float);
    struct wi_blob *blob = wi_blob_new(budget, beside + size);
    assert_non_null(blob);
    memset(blob->bytes, 0, beside);
    for (size_t i = 0; i < rows * width; i++) {
        float value = first + (float)i;
        memcpy(blob->bytes + beside + i * sizeof value, &value, sizeof value);
    }
    blob->size = beside + size;
    return (struct wi_tensor){.name = wi_strdup("embeddings"),
        .datatype = WI_FP32,
        .rank = 2,
        .dims = {(int64_t)rows, (int64_t)width},
        .blob = blob,
        .offset = beside,
        .size = size};
}

static inline void free_vectors(struct wi_tensor *tensor)
{
    wi_blob_unref(tensor->blob);
    free(tensor->name);
}

static inline char *read_parcel(const struct wi_parcel *parcel)
{
    size_t size = wi_parcel_size(parcel);
    char *bytes = wi_alloc(size + 1);
    assert_int_equal(wi_parcel_read(parcel, 0, bytes, size), size);
    return bytes;
}

/* The data of an event, to be released; checks its name. */
static inline json_t *read_event(const char *text, const char *name)
{
    struct wi_buffer head = {0};
    wi_buffer_strings(&head, "event: ", name, "\ndata: ", NULL);
    assert_int_equal(strncmp(text, head.text, head.size), 0);
    const char *end = strstr(text, "\n\n");
    assert_non_null(end);
    assert_string_equal(end, "\n\n");
    json_t *data = json_loadb(text + head.size, (size_t)(end - text) - head.size, 0, NULL);
    assert_non_null(data);
    assert_string_equal(json_string_value(json_object_get(data, "type")), name);
    wi_buffer_clear(&head);
    return data;
}

static inline const char *member_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static inline json_int_t member_integer(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static inline const char *item_text(const json_t *object, const char *name, size_t index)
{
    return json_string_value(json_array_get(json_object_get(object, name), index));
}

#endif
