/* The tensors of a request, and of its answer, held against a graph's signature. */
#include "terms/model/signature.h"

#include "base/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "a, b, c" of the values' names, cut with "…" where it gets long. */
static void list_names(const struct wi_onnx_value *values, size_t count, char *out, size_t size)
{
    wi_text_copy(out, size, count > 0 ? "" : "none");
    for (size_t i = 0; i < count; i++)
        wi_text_list_add(out, size, values[i].name);
}

/* "[N, 3, 224, 224]" with "?" for a free dimension. */
static void format_shape(const struct wi_onnx_value *value, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "[");

    for (unsigned i = 0; i < value->rank && used < size; i++) {
        const char *comma = i ? ", " : "";

        if (value->dims[i] < 0)
            used += (size_t)snprintf(out + used, size - used, "%s?", comma);
        else
            used += (size_t)snprintf(out + used, size - used, "%s%" PRId64, comma, value->dims[i]);
    }
    if (used < size)
        snprintf(out + used, size - used, "]");
}

const struct wi_onnx_value *wi_onnx_value_find(
    const struct wi_onnx_value *values, size_t count, const char *name, size_t near)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(values[(near + i) % count].name, name) == 0)
            return &values[(near + i) % count];
    return NULL;
}

static int shape_fits(const struct wi_onnx_value *value, const struct wi_tensor *tensor)
{
    if (!value->has_shape)
        return 1;
    if (value->rank != tensor->rank)
        return 0;
    for (unsigned i = 0; i < value->rank; i++)
        if (value->dims[i] >= 0 && value->dims[i] != tensor->dims[i])
            return 0;
    return 1;
}

static enum wi_code check_input(const struct wi_onnx_value *value, const struct wi_tensor *tensor,
    size_t index, struct wi_error *error)
{
    char field[48], expected[240], found[240];

    if (!value->tensor)
        return wi_error_set(error, WI_INPUT_DATATYPE, value->name,
            "the model's input %.128s is a sequence, map or optional, which cannot be sent",
            value->name);
    if (value->has_datatype && value->datatype != tensor->datatype) {
        snprintf(field, sizeof field, "inputs[%zu].datatype", index);
        wi_error_set(error, WI_INPUT_DATATYPE, field, "input %.128s is %s; the model takes %s",
            value->name, wi_datatype_name(tensor->datatype), wi_datatype_name(value->datatype));
        return wi_error_expect(error, "%s", wi_datatype_name(value->datatype));
    }
    if (!shape_fits(value, tensor)) {
        snprintf(field, sizeof field, "inputs[%zu].shape", index);
        format_shape(value, expected, sizeof expected);
        wi_shape_format(tensor->dims, tensor->rank, found, sizeof found);
        wi_error_set(error, WI_INPUT_SHAPE, field,
            "input %.96s has shape %.150s; the model takes %.150s", value->name, found, expected);
        return wi_error_expect(error, "%s", expected);
    }
    return WI_OK;
}

/* The size that each name has, and the tensor that it is of. */
struct sizes {
    struct {
        const struct wi_tensor *of; /* NULL: it has none yet */
        int64_t size;
    } symbols[WI_ONNX_SYMBOLS_MAX];
};

/* Sizes of one name must be equal. */
static enum wi_code check_symbols(const struct wi_onnx_signature *signature, struct sizes *sizes,
    const struct wi_onnx_value *value, const struct wi_tensor *tensor, size_t index,
    struct wi_error *error)
{
    char field[48], found[240];

    for (unsigned i = 0; i < value->rank && i < tensor->rank; i++) {
        size_t symbol = value->symbols[i];
        if (symbol == 0)
            continue;
        if (!sizes->symbols[symbol - 1].of) {
            sizes->symbols[symbol - 1].of = tensor;
            sizes->symbols[symbol - 1].size = tensor->dims[i];
        }
        const struct wi_tensor *first = sizes->symbols[symbol - 1].of;
        int64_t size = sizes->symbols[symbol - 1].size;
        if (size == tensor->dims[i])
            continue;
        const char *name = signature->symbols.items[symbol - 1];
        snprintf(field, sizeof field, "inputs[%zu].shape", index);
        wi_shape_format(tensor->dims, tensor->rank, found, sizeof found);
        wi_error_set(error, WI_INPUT_SHAPE, field,
            "input %.96s has shape %.150s: its size %u, %.64s, is %" PRId64 " in input %.96s",
            value->name, found, i, name, size, first->name);
        return wi_error_expect(error, "%" PRId64 " as size %u, as %.64s is", size, i, name);
    }
    return WI_OK;
}

enum wi_code wi_onnx_check_inputs(const struct wi_onnx_signature *signature,
    const struct wi_tensors *tensors, struct wi_error *error)
{
    unsigned char seen[WI_TENSORS_MAX] = {0};
    struct sizes sizes = {0};
    char names[240], field[48], digits[WI_DIGITS_SIZE];

    for (size_t i = 0; i < tensors->count; i++) {
        const struct wi_tensor *tensor = &tensors->items[i];
        const struct wi_onnx_value *value =
            wi_onnx_value_find(signature->inputs, signature->input_count, tensor->name, 0);

        wi_join(field, sizeof field, "inputs[", wi_digits(digits, i), "].name", NULL);
        if (!value) {
            list_names(signature->inputs, signature->input_count, names, sizeof names);
            wi_error_set(error, WI_INPUT_UNKNOWN, field, "the model has no input %.128s; it has %s",
                tensor->name, names);
            wi_error_expect(error, "%s", names);
            return wi_error_allow(error, "%s", names);
        }
        if (seen[value - signature->inputs]++) {
            wi_error_set(
                error, WI_INPUT_UNKNOWN, field, "input %.128s is given twice", tensor->name);
            return wi_error_expect(error, "every input once");
        }
        enum wi_code code = check_input(value, tensor, i, error);
        if (code == WI_OK)
            code = check_symbols(signature, &sizes, value, tensor, i, error);
        if (code != WI_OK)
            return code;
    }
    for (size_t i = 0; i < signature->input_count; i++) {
        if (!seen[i]) {
            list_names(signature->inputs, signature->input_count, names, sizeof names);
            wi_error_set(error, WI_INPUT_MISSING, "inputs",
                "input %.128s is missing; the model takes %s", signature->inputs[i].name, names);
            return wi_error_expect(error, "%s", names);
        }
    }
    return WI_OK;
}

enum wi_empty wi_onnx_empty_among(
    const struct wi_onnx_signature *signature, const struct wi_tensors *tensors)
{
    enum wi_empty most = WI_EMPTY_NONE;

    for (size_t i = 0; i < tensors->count; i++) {
        const struct wi_tensor *tensor = &tensors->items[i];
        if (wi_shape_elements(tensor->dims, tensor->rank) != 0)
            continue;
        const struct wi_onnx_value *value =
            wi_onnx_value_find(signature->inputs, signature->input_count, tensor->name, 0);
        if (!value || !value->may_be_empty)
            return WI_EMPTY_USED;
        most = WI_EMPTY_PAST;
    }
    return most;
}

/* --- indices --------------------------------------------------------------------------------- */

/* As an index: what is no number, or beyond 64 bits, is in no range. */
static int64_t index_of(double value)
{
    return value > -0x1p63 && value < 0x1p63 ? (int64_t)value : INT64_MIN;
}

static int64_t index_at(const unsigned char *at, enum wi_datatype type)
{
    float single;
    double number;
    int64_t index;

    switch (type) {
    case WI_FP32:
        memcpy(&single, at, sizeof single);
        return index_of((double)single);
    case WI_FP64:
        memcpy(&number, at, sizeof number);
        return index_of(number);
    default:
        index = wi_datatype_integer(type, at);
        return type == WI_UINT64 && index < 0 ? INT64_MAX : index;
    }
}

/* Fills in what is free of the sizes. How many of them count for the tensor; 0: that cannot be
 * told. */
static unsigned sizes_for(const struct wi_onnx_range *range, const struct wi_tensor *tensor,
    const struct wi_tensor *table, int64_t sizes[WI_TENSOR_MAX_RANK])
{
    unsigned count = range->count;

    if (range->by_position && (tensor->rank == 0 || tensor->dims[tensor->rank - 1] < 1 ||
                                  tensor->dims[tensor->rank - 1] > (int64_t)count))
        return 0;
    if (range->by_position)
        count = (unsigned)tensor->dims[tensor->rank - 1];
    for (unsigned i = 0; i < count; i++) {
        sizes[i] = range->sizes[i];
        if (sizes[i] < 0 && table && range->axis + i < table->rank)
            sizes[i] = table->dims[range->axis + i];
        if (sizes[i] < 0)
            return 0;
    }
    return count;
}

static enum wi_code refuse_index(const struct wi_tensor *tensor, size_t input, size_t at,
    int64_t index, int64_t least, int64_t size, struct wi_error *error)
{
    char field[64];

    snprintf(field, sizeof field, "inputs[%zu].data[%zu]", input, at);
    wi_error_set(error, WI_INPUT_INVALID, field,
        "input %.96s has the index %" PRId64 ", for which there are %" PRId64 " entries",
        tensor->name, index, size);
    if (size == 0)
        return wi_error_expect(error, "no index");
    return wi_error_expect(error, "from %" PRId64 " to %" PRId64, least, size - 1);
}

static enum wi_code check_range(const struct wi_onnx_range *range, const struct wi_tensor *tensor,
    size_t input, const struct wi_tensor *table, struct wi_error *error)
{
    int64_t sizes[WI_TENSOR_MAX_RANK];
    unsigned count = sizes_for(range, tensor, table, sizes);
    size_t size = wi_datatype_size(tensor->datatype);
    const unsigned char *at = wi_tensor_bytes(tensor);

    if (tensor->datatype == WI_FP16 || tensor->datatype == WI_BF16 || size == 0 || count == 0)
        return WI_OK;
    for (size_t i = 0; i < tensor->size / size; i++) {
        int64_t index = index_at(at + i * size, tensor->datatype), most = sizes[i % count];
        int64_t least = range->from_end ? -most : 0;
        if (index < least || index >= most)
            return refuse_index(tensor, input, i, index, least, most, error);
    }
    return WI_OK;
}

enum wi_code wi_onnx_check_indices(const struct wi_onnx_signature *signature,
    const struct wi_tensors *tensors, struct wi_error *error)
{
    for (size_t i = 0; i < signature->range_count; i++) {
        const struct wi_onnx_range *range = &signature->ranges[i];
        const struct wi_tensor *tensor =
            wi_tensors_find(tensors, signature->inputs[range->input].name);
        const struct wi_tensor *table =
            range->table < 0 ? NULL
                             : wi_tensors_find(tensors, signature->inputs[range->table].name);
        enum wi_code code =
            tensor ? check_range(range, tensor, (size_t)(tensor - tensors->items), table, error)
                   : WI_OK;
        if (code != WI_OK)
            return code;
    }
    return WI_OK;
}

enum wi_code wi_onnx_check_output(
    const struct wi_onnx_signature *signature, const char *name, struct wi_error *error)
{
    char names[240];

    if (wi_onnx_value_find(signature->outputs, signature->output_count, name, 0))
        return WI_OK;
    list_names(signature->outputs, signature->output_count, names, sizeof names);
    wi_error_set(error, WI_OUTPUT_UNKNOWN, "outputs", "the model has no output %.128s; it has %s",
        name, names);
    wi_error_expect(error, "%s", names);
    return wi_error_allow(error, "%s", names);
}

static int name_is_wanted(const struct wi_strings *wanted, const char *name)
{
    return wanted->count == 0 || wi_strings_contain(wanted, name);
}

/* ["a", "b"] of those that are tensors, as a request names them. */
static void list_tensors(const struct wi_onnx_signature *signature, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "[");

    for (size_t i = 0; i < signature->output_count && used + 8 < size; i++)
        if (signature->outputs[i].tensor)
            used += (size_t)snprintf(out + used, size - used, "%s\"%.64s\"", used > 1 ? ", " : "",
                signature->outputs[i].name);
    if (used + 1 < size)
        snprintf(out + used, size - used, "]");
}

enum wi_code wi_onnx_check_wanted(const struct wi_onnx_signature *signature,
    const struct wi_strings *wanted, struct wi_error *error)
{
    char names[240];

    for (size_t i = 0; i < signature->output_count; i++) {
        const struct wi_onnx_value *output = &signature->outputs[i];
        if (output->tensor || !name_is_wanted(wanted, output->name))
            continue;
        list_tensors(signature, names, sizeof names);
        wi_error_set(error, WI_OUTPUT_UNKNOWN, "outputs",
            "the model's output %.96s is a sequence, map or optional, which cannot be sent; name "
            "the outputs that are wanted",
            output->name);
        return wi_error_expect(error, "outputs: %s", names);
    }
    return WI_OK;
}

/* --- answers --------------------------------------------------------------------------------- */

static enum wi_code check_output(const struct wi_onnx_value *value, const struct wi_tensor *tensor,
    const char **odd, struct wi_error *error)
{
    if (value->tensor && value->has_datatype && value->datatype != tensor->datatype)
        return wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
            "output %.128s is %s; the model gives %s", value->name,
            wi_datatype_name(tensor->datatype), wi_datatype_name(value->datatype));
    if (value->tensor && !*odd && !shape_fits(value, tensor))
        *odd = value->name;
    return WI_OK;
}

enum wi_code wi_onnx_check_answer(const struct wi_onnx_signature *signature,
    const struct wi_strings *wanted, const struct wi_tensors *outputs, const char **odd,
    struct wi_error *error)
{
    unsigned char seen[WI_TENSORS_MAX] = {0};
    size_t near = 0; /* outputs mostly come in the graph's order */

    *odd = NULL;
    for (size_t i = 0; i < outputs->count; i++) {
        const struct wi_tensor *tensor = &outputs->items[i];
        const struct wi_onnx_value *value =
            wi_onnx_value_find(signature->outputs, signature->output_count, tensor->name, near);

        if (!value || !name_is_wanted(wanted, tensor->name))
            return wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
                "output %.128s is none that was asked for", tensor->name);
        near = (size_t)(value - signature->outputs);
        if (seen[near]++)
            return wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
                "output %.128s is there twice", tensor->name);
        enum wi_code code = check_output(value, tensor, odd, error);
        if (code != WI_OK)
            return code;
        near++;
    }
    for (size_t i = 0; i < signature->output_count; i++)
        if (!seen[i] && signature->outputs[i].tensor &&
            name_is_wanted(wanted, signature->outputs[i].name))
            return wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
                "output %.128s is missing", signature->outputs[i].name);
    return WI_OK;
}

/* The name of a float datatype's precision; NULL for other datatypes. */
static const char *precision_of(enum wi_datatype type)
{
    switch (type) {
    case WI_FP32:
        return "fp32";
    case WI_FP16:
        return "fp16";
    case WI_BF16:
        return "bf16";
    case WI_FP64:
        return "fp64";
    default:
        return NULL;
    }
}

static const char *precision_among(const struct wi_onnx_value *values, size_t count)
{
    const char *name = NULL;
    for (size_t i = 0; !name && i < count; i++)
        if (values[i].has_datatype)
            name = precision_of(values[i].datatype);
    return name;
}

const char *wi_onnx_precision(const struct wi_onnx_signature *signature)
{
    const char *name = precision_among(signature->outputs, signature->output_count);
    return name ? name : precision_among(signature->inputs, signature->input_count);
}

static void signature_clear_externals(struct wi_onnx_signature *signature)
{
    struct wi_onnx_external *external;
    while ((external = WI_TABLE_TAKE(signature->externals))) {
        free(external->path);
        free(external);
    }
}

void wi_onnx_clear(struct wi_onnx_signature *signature)
{
    for (size_t i = 0; i < signature->input_count; i++)
        free(signature->inputs[i].name);
    for (size_t i = 0; i < signature->output_count; i++)
        free(signature->outputs[i].name);
    free(signature->inputs);
    free(signature->outputs);
    free(signature->ranges);
    wi_strings_clear(&signature->symbols);
    signature_clear_externals(signature);
    *signature = (struct wi_onnx_signature){0};
}

json_t *wi_onnx_values_json(const struct wi_onnx_value *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct wi_onnx_value *value = &values[i];
        json_t *shape = NULL;
        if (value->has_shape) {
            shape = json_array();
            for (unsigned d = 0; d < value->rank; d++)
                json_array_append_new(shape, json_integer(value->dims[d]));
        }
        json_array_append_new(list,
            json_pack("{s:s, s:s?, s:o?}", "name", value->name, "datatype",
                value->has_datatype ? wi_datatype_name(value->datatype) : NULL, "shape", shape));
    }
    return list;
}
