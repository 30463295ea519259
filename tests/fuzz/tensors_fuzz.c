/*
 * Any bytes as a list of tensors: up to the first NUL the JSON, behind it the binary section. What
 * is accepted has the bytes that its shape says and, where it can be JSON, prints and reads back to
 * the same bytes (NaN and infinities apart, which JSON input refuses).
 */
#include "plant.h"
#include "terms/tensor/tensor.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_back(const struct wi_tensor *tensor)
{
    struct wi_buffer text = {0};
    struct wi_tensors list = {0};
    struct wi_error error = {0};
    wi_buffer_puts(&text, "[");
    wi_tensor_to_json(&text, tensor, 0);
    wi_buffer_puts(&text, "]");
    json_t *json = json_loads(text.text, JSON_ALLOW_NUL, NULL);
    /* UINT64 above 2^63-1 is printed, but cannot be read here. */
    assert(json || tensor->datatype == WI_UINT64);
    if (json) {
        enum wi_code code = wi_tensors_from_json(&list, json, NULL, 0, NULL, "inputs", &error);
        assert(code == WI_OK || code == WI_NON_FINITE);
        if (code == WI_OK && tensor->datatype != WI_BYTES) { /* strings may get U+FFFD */
            assert(list.items[0].size == tensor->size);
            assert(tensor->size == 0 || memcmp(wi_tensor_bytes(&list.items[0]),
                                            wi_tensor_bytes(tensor), tensor->size) == 0);
        }
    }
    json_decref(json);
    wi_tensors_clear(&list);
    wi_buffer_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, 0, size);
    size_t length = end ? (size_t)(end - data) : size;
    struct wi_budget budget = {.limit = 1 << 20};
    struct wi_tensors list = {0};
    struct wi_error error = {0};
    struct wi_blob *body = NULL;
    json_t *json = json_loadb((const char *)data, length, JSON_ALLOW_NUL, NULL);
    if (!json)
        return 0;
    if (end) {
        body = wi_blob_new(NULL, size);
        if (!body || wi_blob_append(body, data, size) != 0)
            return 0;
    }
    enum wi_code code =
        wi_tensors_from_json(&list, json, body, end ? length + 1 : 0, &budget, "inputs", &error);
    assert(code == WI_OK || (error.code == code && error.detail[0] && list.count == 0));
    for (size_t i = 0; i < list.count; i++) {
        struct wi_tensor *tensor = &list.items[i];
        int64_t elements = wi_shape_elements(tensor->dims, tensor->rank);
        assert(elements >= 0);
        assert(tensor->datatype == WI_BYTES ||
               tensor->size == (size_t)elements * wi_datatype_size(tensor->datatype));
        WI_PLANT(strlen(tensor->name) > 1); /* in no seed */
        if (!wi_datatype_needs_binary(tensor->datatype))
            read_back(tensor);
        (void)elements;
    }
    (void)code;
    wi_tensors_clear(&list);
    wi_blob_unref(body);
    json_decref(json);
    assert(budget.used == 0);
    return 0;
}
