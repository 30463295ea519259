/* Joining and splitting by rows; see batch.h. */
#include "work/job/batch.h"

#include "base/memory.h"
#include "base/text.h"
#include <string.h>

/* What keeps a model's requests apart. */
struct obstacle {
    const char *what;                  /* NULL: nothing does */
    const struct wi_onnx_value *value; /* of which that is said; NULL: of the model */
    const char *role;                  /* of the value */
};

/* `named`: only its name can tell that a dimension is the batch. */
static const char *value_obstacle(const struct wi_onnx_value *value, int named)
{
    if (!value->tensor)
        return "is not a tensor";
    if (!value->has_datatype || wi_datatype_size(value->datatype) == 0)
        return "has elements without a fixed size";
    if (value->has_shape && value->rank == 0)
        return "has no dimensions";
    if (value->has_shape && value->dims[0] >= 0)
        return "has the fixed first dimension";
    if (named && !(value->has_shape && value->is_batch))
        return "has a first dimension whose name is neither \"N\" nor contains \"batch\"; "
               "\"batch\": true in model.json would allow it";
    return NULL;
}

static void find_among(const struct wi_onnx_value *values, size_t count, int named,
    const char *role, struct obstacle *found)
{
    for (size_t i = 0; i < count && !found->what; i++)
        *found = (struct obstacle){value_obstacle(&values[i], named), &values[i], role};
}

static struct obstacle find_obstacle(const struct wi_model *model)
{
    const struct wi_onnx_signature *signature = &model->facts.signature;
    const json_t *says = json_object_get(model->facts.spec.json, "batch");
    struct obstacle found = {0};
    if (model->builtin)
        found.what = "it computes nothing";
    else if (json_is_false(says))
        found.what = "\"batch\" is false in its model.json";
    else if (json_object_get(model->facts.spec.json, "result")) /* made in the page */
        found.what = "its model.json has \"result\", which is made from the first row";
    else if (signature->input_count == 0 || signature->output_count == 0)
        found.what = "only tensors are combined, and it takes or makes none";
    else if (*signature->scaling && !json_is_true(says))
        found.what =
            "its graph scales whole tensors by their values, so that rows affect each other";
    else if (*signature->random && !json_is_true(says))
        found.what = "its graph draws random numbers, so that its answers cannot be compared";
    if (found.what)
        return found;
    int named = !json_is_true(says);
    find_among(signature->inputs, signature->input_count, named, "input", &found);
    find_among(signature->outputs, signature->output_count, named, "output", &found);
    return found;
}

char *wi_batch_obstacle(const struct wi_model *model)
{
    struct obstacle found = find_obstacle(model);
    const struct wi_onnx_value *value = found.value;
    if (!found.what)
        return NULL;
    if (!value)
        return wi_strdup(found.what);
    if (value->has_shape && value->rank > 0 && value->dims[0] >= 0)
        return wi_sprintf("the %s \"%s\" %s %lld", found.role, value->name, found.what,
            (long long)value->dims[0]);
    return wi_sprintf("the %s \"%s\" %s", found.role, value->name, found.what);
}

int wi_batch_model(const struct wi_model *model)
{
    return !find_obstacle(model).what;
}

int wi_batch_is_named(const struct wi_model *model)
{
    return !model->kernels && !json_is_true(json_object_get(model->facts.spec.json, "batch"));
}

static int same_tensor(const struct wi_tensor *a, const struct wi_tensor *b)
{
    return a->size == b->size && memcmp(wi_tensor_bytes(a), wi_tensor_bytes(b), a->size) == 0;
}

int wi_batch_differs(const struct wi_inference *const *asked, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t at = 0; at < asked[0]->tensors.count; at++)
            if (!same_tensor(&asked[0]->tensors.items[at], &asked[i]->tensors.items[at]))
                return 1;
    return 0;
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

static int is_wanted(const struct wi_inference *asked, const char *output)
{
    for (size_t i = 0; i < asked->outputs.count; i++)
        if (strcmp(asked->outputs.items[i], output) == 0)
            return 1;
    return asked->outputs.count == 0;
}

/* The size that the request's inputs give to a free one of that name; 0: none does. */
static int64_t size_of_symbol(const struct wi_inference *asked, uint16_t symbol)
{
    const struct wi_onnx_signature *signature = &asked->model->facts.signature;
    for (size_t i = 0; i < asked->tensors.count && symbol > 0; i++) {
        const struct wi_tensor *tensor = &asked->tensors.items[i];
        const struct wi_onnx_value *value =
            wi_onnx_value_find(signature->inputs, signature->input_count, tensor->name, i);
        for (unsigned at = 0; value && at < value->rank && at < tensor->rank; at++)
            if (value->dims[at] < 0 && value->symbols[at] == symbol)
                return tensor->dims[at];
    }
    return 0;
}

uint64_t wi_batch_output_bytes(const struct wi_inference *asked)
{
    const struct wi_onnx_signature *signature = &asked->model->facts.signature;
    uint64_t all = 0;
    for (size_t i = 0; i < signature->output_count; i++) {
        const struct wi_onnx_value *value = &signature->outputs[i];
        int is_known = value->has_shape && value->has_datatype && is_wanted(asked, value->name);
        uint64_t bytes = is_known ? wi_datatype_size(value->datatype) : 0;
        for (unsigned at = 0; at < value->rank && bytes > 0; at++) {
            int64_t size = value->dims[at] >= 0 ? value->dims[at]
                           : at == 0            ? asked->tensors.items[0].dims[0]
                                                : size_of_symbol(asked, value->symbols[at]);
            if (__builtin_mul_overflow(bytes, (uint64_t)size, &bytes))
                return UINT64_MAX;
        }
        if (__builtin_add_overflow(all, bytes, &all))
            return UINT64_MAX;
    }
    return all;
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
