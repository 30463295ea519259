/*
 * Fuzzes the body of POST /v1/infer. Everything before the first 0 byte is the JSON, everything
 * behind it the binary section; without a 0 byte there is none. What is accepted is checked
 * against models of every kind and settled for one; the raw input is sniffed as a picture, too, and
 * read as a header.
 */
#include "plant.h"
#include "text.h"
#include "work/job/parts.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tensors(const struct wi_infer *infer)
{
    for (size_t i = 0; i < infer->asked->tensors.count; i++) {
        const struct wi_tensor *tensor = &infer->asked->tensors.items[i];
        size_t width = wi_datatype_size(tensor->datatype);
        int64_t elements = wi_shape_elements(tensor->dims, tensor->rank);
        if (!tensor->name || elements < 0 || !tensor->blob || tensor->offset > tensor->blob->size ||
            tensor->size > tensor->blob->size - tensor->offset ||
            (width && (uint64_t)elements * width != tensor->size))
            abort();
    }
}

/* Where a stream goes on, as its account takes it and tells the next node. */
static void check_continuation(const struct wi_infer *infer, struct wi_budget *budget)
{
    const json_t *from = infer->asked->relayed.from;
    struct wi_parts parts = {.budget = budget};
    struct wi_parts_end end;
    if (!from)
        return;
    if (wi_parts_begin_at(&parts, from) == 0 && wi_parts_continue(&parts, &end) == 0) {
        if (end.from.text_length != json_string_length(json_object_get(from, "text")) ||
            json_array_size(end.tokens) != json_array_size(json_object_get(from, "tokens")))
            abort();
        wi_parts_end_clear(&end);
    }
    wi_parts_clear(&parts);
}

/* The input as the header that says how much of a body is JSON. */
static void check_frame(const uint8_t *data, size_t size)
{
    char header[32];
    size_t json_size, length = size < sizeof header ? size : sizeof header - 1;
    struct wi_error error;
    memcpy(header, data, length);
    header[length] = '\0';
    if (wi_dialect_native.frame("application/octet-stream", header, size, &json_size, &error) ==
            WI_OK &&
        json_size > size)
        abort();
    if (wi_dialect_native.frame("application/octet-stream", NULL, size, &json_size, &error) ==
            WI_OK ||
        wi_dialect_native.frame("application/json", NULL, size, &json_size, &error) != WI_OK ||
        json_size != size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_infer infer = {0};
    struct wi_budget budget = {.limit = 1 << 22};
    struct wi_error error;
    struct wi_picture picture;
    size_t json;
    struct wi_blob *blob = body_of(data, size, &budget, &json);
    if (!blob)
        return 0;
    if (read_body(&wi_dialect_native, &infer, blob, json, &budget) == WI_OK) {
        check_tensors(&infer);
        check_continuation(&infer, &budget);
        check_models(&wi_dialect_native, &infer);
        /* In no seed, nor by default. */
        WI_PLANT(infer.asked->priority < 9 && infer.asked->priority / 2 != 2);
    }
    if (wi_picture_sniff(data, size, &picture, &error) == WI_OK &&
        (!picture.media_type || picture.width == 0 || picture.height == 0))
        abort();
    check_frame(data, size);
    wi_infer_clear(&infer);
    wi_blob_unref(blob);
    if (budget.used != 0)
        abort();
    return 0;
}
