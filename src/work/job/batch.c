/* Joining and splitting by rows; see batch.h. */
#include "work/job/batch.h"

#include "base/memory.h"
#include "base/text.h"
#include <string.h>

static int all_free(const struct wi_onnx_value *values, size_t count, int named)
{
    for (size_t i = 0; i < count; i++) {
        const struct wi_onnx_value *value = &values[i];
        if (!value->tensor || !value->has_datatype || wi_datatype_size(value->datatype) == 0 ||
            (value->has_shape && (value->rank == 0 || value->dims[0] >= 0)) ||
            (named && !(value->has_shape && value->is_batch)))
            return 0;
    }
    return count > 0;
}

int wi_batch_model(const struct wi_model *model)
{
    const json_t *says = json_object_get(model->facts.spec.json, "batch");
    if (model->builtin || json_is_false(says) || json_object_get(model->facts.spec.json, "result"))
        return 0; /* a result is made in the page, of the first row */
    return all_free(model->facts.signature.inputs, model->facts.signature.input_count,
               !json_is_true(says)) &&
           all_free(model->facts.signature.outputs, model->facts.signature.output_count,
               !json_is_true(says));
}

int64_t wi_batch_most(const struct wi_model *model)
{
    return model->kernels ? model->kernels->sizes->most : INT64_MAX;
}

int64_t wi_batch_rows(const struct wi_inference *asked)
{
    if (asked->input || wi_inference_computes(asked) || asked->benchmark.runs ||
        asked->tensors.count == 0 || !wi_batch_model(asked->model))
        return 0;
    for (size_t i = 0; i < asked->tensors.count; i++) {
        const struct wi_tensor *tensor = &asked->tensors.items[i];
        if (tensor->rank == 0 || tensor->dims[0] != asked->tensors.items[0].dims[0])
            return 0;
    }
    return asked->tensors.items[0].dims[0];
}

static int same_rows(const struct wi_tensor *a, const struct wi_tensor *b)
{
    return strcmp(a->name, b->name) == 0 && a->datatype == b->datatype && a->rank == b->rank &&
           memcmp(a->dims + 1, b->dims + 1, (a->rank - 1) * sizeof *a->dims) == 0;
}

int wi_batch_fits(const struct wi_inference *a, const struct wi_inference *b)
{
    if (a->model != b->model || a->type != b->type || a->fallback != b->fallback ||
        a->has_platform != b->has_platform || a->platform != b->platform ||
        !wi_text_equal(a->browser, b->browser) || !wi_text_equal(a->node, b->node) ||
        !wi_text_equal(a->precision, b->precision) || !wi_strings_equal(&a->outputs, &b->outputs) ||
        a->tensors.count != b->tensors.count ||
        (a->options != b->options && !json_equal(a->options, b->options)))
        return 0;
    for (size_t i = 0; i < a->tensors.count; i++)
        if (!same_rows(&a->tensors.items[i], &b->tensors.items[i]))
            return 0;
    return 1;
}

static int join_one(
    const struct wi_inference *const *asked, size_t count, size_t index, struct wi_tensors *joined)
{
    const struct wi_tensor *first = &asked[0]->tensors.items[index];
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += asked[i]->tensors.items[index].size;
    struct wi_blob *blob = wi_blob_new_beside(first->blob, size);
    if (!blob)
        return -1;
    struct wi_tensor *tensor = wi_tensors_add(joined);
    tensor->name = wi_strdup(first->name);
    tensor->datatype = first->datatype;
    tensor->rank = first->rank;
    memcpy(tensor->dims, first->dims, sizeof tensor->dims);
    tensor->dims[0] = 0;
    tensor->blob = blob;
    tensor->size = size;
    for (size_t i = 0; i < count; i++) {
        const struct wi_tensor *part = &asked[i]->tensors.items[index];
        wi_blob_append(blob, wi_tensor_bytes(part), part->size);
        tensor->dims[0] += part->dims[0];
    }
    return 0;
}

int wi_batch_join(const struct wi_inference *const *asked, size_t count, struct wi_tensors *joined)
{
    for (size_t i = 0; i < asked[0]->tensors.count; i++) {
        if (join_one(asked, count, i, joined)) {
            wi_tensors_clear(joined);
            return -1;
        }
    }
    return 0;
}

int wi_batch_split(const struct wi_tensors *outputs, int64_t total, int64_t first, int64_t rows,
    struct wi_tensors *part)
{
    for (size_t i = 0; i < outputs->count; i++) {
        const struct wi_tensor *whole = &outputs->items[i];
        if (whole->rank == 0 || whole->dims[0] != total || wi_datatype_size(whole->datatype) == 0) {
            wi_tensors_clear(part);
            return -1;
        }
        size_t row = whole->size / (size_t)total;
        struct wi_tensor *tensor = wi_tensors_add(part);
        *tensor = *whole;
        tensor->name = wi_strdup(whole->name);
        tensor->blob = wi_blob_ref(whole->blob);
        tensor->dims[0] = rows;
        tensor->offset = whole->offset + (size_t)first * row;
        tensor->size = (size_t)rows * row;
    }
    return 0;
}
