/*
 * TensorProto: dims, data_type, name, and the elements in one of two ways. raw_data has them as
 * they lie in memory; the lists of numbers or texts are for certain datatypes each, packed or not.
 */
#include "terms/format/onnx.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/protobuf.h"
#include "terms/format/onnx_fields.h"
#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A tensor while it is read. */
struct reading {
    struct wi_protobuf *input;
    struct wi_tensor *tensor;
    int has_datatype, has_list, has_raw;
    struct wi_protobuf_range raw;
    struct wi_buffer elements; /* of a list */
};

static int reading_fail(struct reading *reading, uint64_t at, const char *problem)
{
    return wi_protobuf_fail(reading->input, at, problem);
}

/* --- lists of elements ------------------------------------------------------------------------ */

#define ONE_OF(type) (1u << (type))

/* Which list has the elements of which datatypes, and on how many bytes each; 0: in a varint. */
static const struct list {
    uint32_t number;
    unsigned datatypes;
    size_t width;
} lists[] = {
    {WI_TENSOR_FLOAT_DATA, ONE_OF(WI_FP32), 4},
    {WI_TENSOR_INT32_DATA,
        ONE_OF(WI_BOOL) | ONE_OF(WI_UINT8) | ONE_OF(WI_UINT16) | ONE_OF(WI_INT8) |
            ONE_OF(WI_INT16) | ONE_OF(WI_INT32) | ONE_OF(WI_FP16) | ONE_OF(WI_BF16),
        0},
    {WI_TENSOR_INT64_DATA, ONE_OF(WI_INT64), 0},
    {WI_TENSOR_DOUBLE_DATA, ONE_OF(WI_FP64), 8},
    {WI_TENSOR_UINT64_DATA, ONE_OF(WI_UINT32) | ONE_OF(WI_UINT64), 0},
};

static const struct list *find_list(uint32_t number)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (lists[i].number == number)
            return &lists[i];
    return NULL;
}

/* Whether a varint is a number of the datatype; negative ones have 64 bits. */
static int datatype_fits(enum wi_datatype type, uint64_t value)
{
    int64_t number = (int64_t)value;
    switch (type) {
    case WI_BOOL:
        return value <= 1;
    case WI_INT8:
        return number >= INT8_MIN && number <= INT8_MAX;
    case WI_INT16:
        return number >= INT16_MIN && number <= INT16_MAX;
    case WI_INT32:
        return number >= INT32_MIN && number <= INT32_MAX;
    case WI_UINT8:
        return value <= UINT8_MAX;
    case WI_UINT16:
    case WI_FP16:
    case WI_BF16:
        return value <= UINT16_MAX;
    case WI_UINT32:
        return value <= UINT32_MAX;
    default:
        return 1;
    }
}

static int add_varint(struct reading *reading, uint64_t at, uint64_t value)
{
    uint64_t bytes = htole64(value);
    if (!datatype_fits(reading->tensor->datatype, value))
        return reading_fail(reading, at, "a number does not fit the tensor's datatype");
    wi_buffer_add(&reading->elements, &bytes, wi_datatype_size(reading->tensor->datatype));
    return 0;
}

/* Elements that lie as in memory. */
static int reading_add_bytes(struct reading *reading, const struct wi_protobuf_range *bytes)
{
    wi_buffer_add(
        &reading->elements, reading->input->bytes + bytes->at, (size_t)(bytes->end - bytes->at));
    return 0;
}

static int add_packed(
    struct reading *reading, const struct list *list, struct wi_protobuf_range packed)
{
    uint64_t value;
    if (list->width > 0 && (packed.end - packed.at) % list->width != 0)
        return reading_fail(reading, packed.at, "a list of numbers ends within one");
    if (list->width > 0)
        return reading_add_bytes(reading, &packed);
    while (packed.at < packed.end)
        if (wi_protobuf_varint(reading->input, &packed, &value) < 0 ||
            add_varint(reading, packed.at, value) < 0)
            return -1;
    return 0;
}

static int reading_add_text(struct reading *reading, const struct wi_protobuf_range *text)
{
    uint64_t size = text->end - text->at;
    uint32_t head = htole32((uint32_t)size);
    if (size > UINT32_MAX)
        return reading_fail(reading, text->at, "a text is too long");
    wi_buffer_add(&reading->elements, &head, sizeof head);
    return reading_add_bytes(reading, text);
}

/* What a field has of the elements; the datatype is known. */
static int read_elements(struct reading *reading, const struct wi_protobuf_field *field)
{
    const struct list *list = find_list(field->number);
    enum wi_datatype type = reading->tensor->datatype;
    if (field->number == WI_TENSOR_RAW_DATA && field->wire == WI_WIRE_BYTES) {
        reading->raw = field->bytes;
        reading->has_raw = 1;
        return 0;
    }
    if (!list && field->number != WI_TENSOR_STRING_DATA)
        return 0;
    reading->has_list = 1;
    if (list ? !(list->datatypes & ONE_OF(type)) : type != WI_BYTES)
        return reading_fail(
            reading, field->whole.at, "its elements are in the list of another datatype");
    if (!list)
        return field->wire == WI_WIRE_BYTES
                   ? reading_add_text(reading, &field->bytes)
                   : reading_fail(reading, field->whole.at, "a text is a number");
    if (field->wire == WI_WIRE_BYTES)
        return add_packed(reading, list, field->bytes);
    if (list->width == 0 && field->wire == WI_WIRE_VARINT)
        return add_varint(reading, field->whole.at, field->value);
    if (list->width > 0 && field->bytes.end - field->bytes.at == list->width)
        return reading_add_bytes(reading, &field->bytes);
    return reading_fail(reading, field->whole.at, "a number has another form than its list has");
}

/* --- the head --------------------------------------------------------------------------------- */

static int add_dim(struct reading *reading, uint64_t at, uint64_t dim)
{
    struct wi_tensor *tensor = reading->tensor;
    if (tensor->rank == WI_TENSOR_MAX_RANK)
        return reading_fail(reading, at, "it has more than 16 dimensions");
    if (dim > (uint64_t)WI_TENSOR_DIM_MAX)
        return reading_fail(reading, at, "a dimension is negative or too large");
    tensor->dims[tensor->rank++] = (int64_t)dim;
    return 0;
}

static int read_dims(struct reading *reading, const struct wi_protobuf_field *field)
{
    struct wi_protobuf_range packed = field->bytes;
    uint64_t dim;
    if (field->wire == WI_WIRE_VARINT)
        return add_dim(reading, field->whole.at, field->value);
    if (field->wire != WI_WIRE_BYTES)
        return reading_fail(reading, field->whole.at, "a dimension is no number");
    while (packed.at < packed.end)
        if (wi_protobuf_varint(reading->input, &packed, &dim) < 0 ||
            add_dim(reading, packed.at, dim) < 0)
            return -1;
    return 0;
}

static int read_datatype(struct reading *reading, const struct wi_protobuf_field *field)
{
    reading->has_datatype =
        field->wire == WI_WIRE_VARINT && field->value <= INT32_MAX &&
        wi_datatype_from_onnx((int)field->value, &reading->tensor->datatype) == 0;
    return reading->has_datatype
               ? 0
               : reading_fail(reading, field->whole.at, "its datatype is not served");
}

static int tensor_read_name(struct reading *reading, const struct wi_protobuf_field *field)
{
    if (field->wire != WI_WIRE_BYTES)
        return reading_fail(reading, field->whole.at, "its name is no text");
    free(reading->tensor->name);
    reading->tensor->name = wi_protobuf_text(reading->input, &field->bytes, WI_TENSOR_NAME_MAX);
    return reading->tensor->name ? 0 : -1;
}

/* Everything but the elements, which may come before what says how to read them. */
static int tensor_read_head(struct reading *reading, struct wi_protobuf_range proto)
{
    struct wi_protobuf_field field;
    int more, code = 0;
    while (code == 0 && (more = wi_protobuf_next(reading->input, &proto, &field)) != 0) {
        if (more < 0)
            return -1;
        /* The values of SequenceProto and OptionalProto; no TensorProto uses it any longer. */
        if (field.number == WI_TENSOR_SEGMENT)
            code = reading_fail(reading, field.whole.at,
                "it has a sequence or an optional value, and only tensors can be sent");
        else if (field.number == WI_TENSOR_DIMS)
            code = read_dims(reading, &field);
        else if (field.number == WI_TENSOR_DATA_TYPE)
            code = read_datatype(reading, &field);
        else if (field.number == WI_TENSOR_NAME)
            code = tensor_read_name(reading, &field);
        else if (field.number == WI_TENSOR_DATA_LOCATION && field.value == WI_LOCATION_EXTERNAL)
            code = reading_fail(reading, field.whole.at, "its elements are in another file");
    }
    return code == 0 && !reading->has_datatype
               ? reading_fail(reading, proto.at, "it has no datatype")
               : code;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* How many texts there are in elements of BYTES, which are whole. */
static uint64_t count_texts(const struct wi_buffer *elements)
{
    uint64_t count = 0;
    for (size_t at = 0; at < elements->size; count++) {
        uint32_t head;
        memcpy(&head, elements->text + at, sizeof head);
        at += sizeof head + le32toh(head);
    }
    return count;
}

/* Holds the elements against the shape. */
static int reading_check_count(struct reading *reading)
{
    const struct wi_tensor *tensor = reading->tensor;
    int64_t elements = wi_shape_elements(tensor->dims, tensor->rank);
    uint64_t size = reading->has_raw ? reading->raw.end - reading->raw.at : reading->elements.size,
             expected;
    if (reading->has_raw && reading->has_list)
        return reading_fail(reading, reading->raw.at, "its elements are there twice");
    if (reading->has_raw && tensor->datatype == WI_BYTES)
        return reading_fail(reading, reading->raw.at, "its texts are not in their list");
    if (elements < 0)
        return reading_fail(reading, 0, "its shape is too large");
    if (tensor->datatype == WI_BYTES ? count_texts(&reading->elements) != (uint64_t)elements
                                     : __builtin_mul_overflow((uint64_t)elements,
                                           wi_datatype_size(tensor->datatype), &expected) ||
                                           expected != size)
        return reading_fail(reading, 0, "it does not have as many elements as its shape says");
    return 0;
}

static int take_elements(struct reading *reading)
{
    const char *bytes = reading->has_raw ? (const char *)reading->input->bytes + reading->raw.at
                                         : reading->elements.text;
    size_t size =
        reading->has_raw ? (size_t)(reading->raw.end - reading->raw.at) : reading->elements.size;
    struct wi_blob *blob = wi_blob_new(NULL, size);
    if (!blob)
        return reading_fail(reading, 0, "there is no memory for it");
    if (size > 0)
        wi_blob_append(blob, bytes, size);
    reading->tensor->blob = blob;
    reading->tensor->size = size;
    return 0;
}

static int tensor_read(struct reading *reading)
{
    struct wi_protobuf_range proto = {0, reading->input->size};
    struct wi_protobuf_field field;
    int code = tensor_read_head(reading, proto), more;
    while (code == 0 && (more = wi_protobuf_next(reading->input, &proto, &field)) != 0)
        code = more < 0 ? -1 : read_elements(reading, &field);
    if (code == 0)
        code = reading_check_count(reading);
    return code == 0 ? take_elements(reading) : code;
}

enum wi_code wi_onnx_read_tensor(
    struct wi_tensors *list, const unsigned char *bytes, size_t size, struct wi_error *error)
{
    static const unsigned char nothing[1];
    struct wi_tensor tensor = {0};
    struct wi_protobuf *input = wi_alloc(sizeof *input);
    struct reading reading = {.input = input, .tensor = &tensor};
    enum wi_code code = WI_OK;
    input->bytes = bytes ? bytes : nothing;
    input->size = size;
    if (tensor_read(&reading) < 0)
        code = wi_error_set(error, WI_INPUT_INVALID, "",
            "the file has no tensor of ONNX that can be sent: %s (byte %" PRIu64 " of %" PRIu64 ")",
            input->problem, input->problem_at, input->size);
    if (code == WI_OK && !tensor.name)
        tensor.name = wi_strdup("");
    if (code == WI_OK)
        *wi_tensors_add(list) = tensor;
    else
        free(tensor.name);
    wi_buffer_clear(&reading.elements);
    free(input);
    return code;
}
