/*
 * Tensors as KServe has them in JSON. Lists of them are read into blobs: names, datatypes and
 * shapes are checked here, binary tensors become slices of the body without a copy, and elements in
 * JSON are read by tensor_data.c.
 *
 * Floating-point numbers are written with the fewest digits that read back to the same value; see
 * number.h.
 */
#include "terms/tensor/tensor_data.h"

#include "base/memory.h"
#include "base/params.h"
#include "base/text.h"
#include "terms/tensor/number.h"
#include "terms/tensor/tensor.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fields {
    const char *name;
    const char *datatype;
    json_t *shape;
    json_t *data;
    json_t *parameters;
    int64_t binary_data_size; /* of the parameters */
};

#define HEAD_ROWS                                                                                  \
    WI_PARAM(fields, name, STRING, .required = 1, .min = 1, .max = WI_TENSOR_NAME_MAX),            \
        WI_PARAM(fields, datatype, STRING, .required = 1),                                         \
        WI_PARAM(fields, shape, ARRAY, .required = 1)
static const struct wi_param head_table[] = {HEAD_ROWS, WI_PARAM_END};
static const struct wi_param tensor_table[] = {
    HEAD_ROWS, WI_PARAM(fields, data, ANY), WI_PARAM(fields, parameters, OBJECT), WI_PARAM_END};

static const struct wi_param parameters_table[] = {
    WI_PARAM(fields, binary_data_size, INTEGER), {0}};

static enum wi_code read_datatype(struct wi_tensor_reader *reader, const char *name)
{
    char allowed[160];
    size_t used = 0;

    if (wi_datatype_parse(name, strlen(name), &reader->tensor->datatype) == 0)
        return WI_OK;
    for (int i = 0; i < WI_DATATYPE_COUNT; i++)
        used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s", i ? ", " : "",
            wi_datatype_name((enum wi_datatype)i));
    fail(reader, WI_INVALID_FIELD, "datatype", "\"%.32s\" is not a datatype; allowed are %s", name,
        allowed);
    return wi_error_allow(reader->error, "%s", allowed);
}

/* The shape, checked so that elements and bytes fit size_t. */
static enum wi_code read_shape(
    struct wi_tensor_reader *reader, const json_t *shape, size_t *elements)
{
    struct wi_tensor *tensor = reader->tensor;
    size_t rank = json_array_size(shape), bytes;

    if (rank > WI_TENSOR_MAX_RANK) {
        fail(reader, WI_INVALID_FIELD, "shape", "%zu dimensions; at most %d are allowed", rank,
            WI_TENSOR_MAX_RANK);
        return wi_error_expect(reader->error, "at most %d dimensions", WI_TENSOR_MAX_RANK);
    }
    for (size_t i = 0; i < rank; i++) {
        const json_t *dim = json_array_get(shape, i);

        if (!json_is_integer(dim) || json_integer_value(dim) < 0 ||
            json_integer_value(dim) > WI_TENSOR_DIM_MAX) {
            wi_tensor_fail(reader, WI_INVALID_FIELD, "shape", (int64_t)i,
                "a dimension must be an integer from 0 to %" PRId64, WI_TENSOR_DIM_MAX);
            return wi_error_allow(reader->error, "0 to %" PRId64, WI_TENSOR_DIM_MAX);
        }
        tensor->dims[i] = json_integer_value(dim);
    }
    tensor->rank = (unsigned)rank;
    int64_t count = wi_shape_elements(tensor->dims, tensor->rank);
    if (count < 0 || __builtin_mul_overflow((size_t)count, 8u, &bytes))
        return fail(reader, WI_INVALID_FIELD, "shape", "so many elements cannot be counted");
    *elements = (size_t)count;
    return WI_OK;
}

/* --- data in binary --------------------------------------------------------------------------- */

/* Strings are length and bytes each, as many as the shape says, with nothing left over. */
static enum wi_code check_binary_strings(struct wi_tensor_reader *reader, size_t elements)
{
    const unsigned char *bytes = wi_tensor_bytes(reader->tensor);
    size_t left = reader->tensor->size, found = 0;
    uint32_t length;

    for (; left > 0; found++, bytes += length, left -= length) {
        if (left < sizeof length)
            return fail(reader, WI_INPUT_SIZE, "data", "a string's length is cut off");
        memcpy(&length, bytes, sizeof length);
        bytes += sizeof length;
        left -= sizeof length;
        if (length > left)
            return fail(reader, WI_INPUT_SIZE, "data",
                "string %zu claims %" PRIu32 " bytes where %zu are left", found, length, left);
    }
    return wi_tensor_check_count(reader, found, elements);
}

static enum wi_code check_binary_bools(struct wi_tensor_reader *reader)
{
    const unsigned char *bytes = wi_tensor_bytes(reader->tensor);

    for (size_t i = 0; i < reader->tensor->size; i++) {
        if (bytes[i] > 1) {
            wi_tensor_fail(reader, WI_INPUT_DATATYPE, "data", (int64_t)i,
                "byte %u in a BOOL tensor", bytes[i]);
            return wi_error_expect(reader->error, "BOOL: bytes of 0 or 1");
        }
    }
    return WI_OK;
}

static enum wi_code read_binary_data(struct wi_tensor_reader *reader, int64_t size, size_t elements)
{
    static const char leaf[] = "parameters.binary_data_size";
    struct wi_tensor *tensor = reader->tensor;
    size_t left = reader->body ? reader->body->size - *reader->binary_offset : 0;
    size_t needed = elements * wi_datatype_size(tensor->datatype);

    if (!reader->body || (size > 0 && reader->section == 0))
        return fail(reader, WI_BAD_FRAMING, leaf,
            "there is no binary section: send the header Inference-Header-Content-Length");
    if (size < 0 || (uint64_t)size > left)
        return fail(reader, WI_BAD_FRAMING, leaf,
            "%" PRId64 " bytes where the binary section has %zu left", size, left);
    if (tensor->datatype != WI_BYTES && needed != (size_t)size) {
        fail(reader, WI_INPUT_SIZE, leaf, "%" PRId64 " bytes, but shape and datatype need %zu",
            size, needed);
        return wi_error_expect(reader->error, "%zu bytes", needed);
    }
    tensor->blob = wi_blob_ref(reader->body);
    tensor->offset = *reader->binary_offset;
    tensor->size = (size_t)size;
    *reader->binary_offset += (size_t)size;
    if (tensor->datatype == WI_BYTES)
        return check_binary_strings(reader, elements);
    return tensor->datatype == WI_BOOL ? check_binary_bools(reader) : WI_OK;
}

/* --- the list --------------------------------------------------------------------------------- */

/* Reads the tensor's name, datatype and shape; `elements` receives the number of its elements. */
static enum wi_code tensor_read_head(struct wi_tensor_reader *reader, const struct wi_param *table,
    const json_t *object, struct fields *fields, size_t *elements)
{
    char prefix[160];

    wi_join(prefix, sizeof prefix, reader->where, ".", NULL);
    enum wi_code code =
        wi_params_read(table, object, WI_PARAMS_STRICT, prefix, fields, reader->error);
    if (code != WI_OK)
        return code;
    reader->tensor->name = wi_strdup(fields->name);
    code = read_datatype(reader, fields->datatype);
    return code == WI_OK ? read_shape(reader, fields->shape, elements) : code;
}

static enum wi_code tensor_read(struct wi_tensor_reader *reader, const json_t *object)
{
    struct fields fields = {.binary_data_size = -1};
    char prefix[160];
    size_t elements = 0;
    enum wi_code code = tensor_read_head(reader, tensor_table, object, &fields, &elements);

    if (code == WI_OK && fields.parameters) {
        wi_join(prefix, sizeof prefix, reader->where, ".parameters.", NULL);
        code = wi_params_read(
            parameters_table, fields.parameters, WI_PARAMS_STRICT, prefix, &fields, reader->error);
    }
    if (code != WI_OK)
        return code;
    const json_t *size = json_object_get(fields.parameters, "binary_data_size");
    int binary = size && !json_is_null(size); /* null is as good as absent, as everywhere */
    if (binary && fields.data)
        return fail(reader, WI_INVALID_FIELD, "data",
            "either data or parameters.binary_data_size may be given, not both");
    if (binary)
        return read_binary_data(reader, fields.binary_data_size, elements);
    if (!fields.data) {
        fail(reader, WI_MISSING_FIELD, "data", "missing; a tensor needs its elements");
        return wi_error_expect(reader->error, "a list, or parameters.binary_data_size");
    }
    return wi_tensor_read_data(reader, fields.data, elements);
}

enum wi_code wi_tensors_from_json(struct wi_tensors *list, const json_t *array,
    struct wi_blob *body, size_t binary_offset, struct wi_budget *budget, const char *where,
    struct wi_error *error)
{
    enum wi_code code = WI_OK;
    char path[96], digits[WI_DIGITS_SIZE];
    size_t count = json_array_size(array), section;

    if (!json_is_array(array) || count > WI_TENSORS_MAX) {
        wi_error_set(error, WI_INVALID_FIELD, where, "%s must be a list of at most %d tensors",
            where, WI_TENSORS_MAX);
        return wi_error_expect(error, "a list of at most %d tensors", WI_TENSORS_MAX);
    }
    if (body && binary_offset > body->size)
        return wi_error_set(error, WI_BAD_FRAMING, where, "the body ends before its JSON does");
    section = body ? body->size - binary_offset : 0;
    for (size_t i = 0; i < count && code == WI_OK; i++) {
        struct wi_tensor_reader reader = {.tensor = wi_tensors_add(list),
            .body = body,
            .section = section,
            .binary_offset = &binary_offset,
            .budget = budget,
            .error = error,
            .where = path};

        wi_join(path, sizeof path, where, "[", wi_digits(digits, i), "]", NULL);
        code = tensor_read(&reader, json_array_get(array, i));
    }
    if (code == WI_OK && body && binary_offset != body->size)
        code = wi_error_set(error, WI_BAD_FRAMING, where,
            "the body has %zu bytes more than the tensors' binary_data_size add up to",
            body->size - binary_offset);
    if (code != WI_OK)
        wi_tensors_clear(list);
    return code;
}

enum wi_code wi_tensors_heads_from_json(
    struct wi_tensors *list, const json_t *array, const char *where, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    char path[96], digits[WI_DIGITS_SIZE];

    for (size_t i = 0; i < json_array_size(array) && code == WI_OK; i++) {
        struct wi_tensor *tensor = wi_tensors_add(list);
        struct wi_tensor_reader reader = {.tensor = tensor, .error = error, .where = path};
        struct fields fields = {0};
        size_t elements = 0;

        wi_join(path, sizeof path, where, "[", wi_digits(digits, i), "]", NULL);
        code = tensor_read_head(&reader, head_table, json_array_get(array, i), &fields, &elements);
        tensor->size = elements * wi_datatype_size(tensor->datatype);
    }
    if (code != WI_OK)
        wi_tensors_clear(list);
    return code;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Elements are printed into a chunk of this many bytes before they go to the buffer. */
enum { CHUNK = 4096 };

struct printer {
    struct wi_buffer *out;
    size_t used;
    char chunk[CHUNK];
};

static void printer_flush(struct printer *printer)
{
    wi_buffer_add(printer->out, printer->chunk, printer->used);
    printer->used = 0;
}

static size_t print_element(char *out, enum wi_datatype type, const unsigned char *bytes)
{
    float single;
    double number;

    switch (type) {
    case WI_FP32:
        memcpy(&single, bytes, sizeof single); /* a slice of a body need not be aligned */
        return wi_print_float(out, single);
    case WI_FP64:
        memcpy(&number, bytes, sizeof number);
        return wi_print_double(out, number);
    case WI_BOOL:
        memcpy(out, *bytes ? "true" : "false", 5);
        return *bytes ? 4 : 5;
    case WI_UINT64:
        return wi_print_unsigned(out, (uint64_t)wi_datatype_integer(type, bytes));
    default:
        return wi_print_signed(out, wi_datatype_integer(type, bytes));
    }
}

static void print_numbers(struct wi_buffer *out, const struct wi_tensor *tensor, size_t most)
{
    struct printer printer = {.out = out, .used = 0};
    const unsigned char *bytes = wi_tensor_bytes(tensor);
    size_t width = wi_datatype_size(tensor->datatype);

    assert(!wi_datatype_needs_binary(tensor->datatype)); /* which have no JSON form */
    for (size_t at = 0; at + width <= tensor->size && out->size <= most; at += width) {
        if (printer.used + WI_NUMBER_SIZE + 1 > CHUNK)
            printer_flush(&printer);
        if (at > 0)
            printer.chunk[printer.used++] = ',';
        printer.used += print_element(printer.chunk + printer.used, tensor->datatype, bytes + at);
    }
    printer_flush(&printer);
}

/* In strings that are not UTF-8, invalid bytes are printed as U+FFFD. */
static void print_strings(struct wi_buffer *out, const struct wi_tensor *tensor, size_t most)
{
    const unsigned char *bytes = wi_tensor_bytes(tensor);
    size_t left = tensor->size;
    uint32_t length;

    for (int first = 1; left >= sizeof length && out->size <= most; first = 0) {
        memcpy(&length, bytes, sizeof length);
        bytes += sizeof length;
        left -= sizeof length;
        if (length > left)
            break;
        if (length > most)
            length = (uint32_t)most + 1; /* which is too much already */
        if (!first)
            wi_buffer_puts(out, ",");
        wi_buffer_json_text(out, (const char *)bytes, length);
        bytes += length;
        left -= length;
    }
}

void wi_tensor_begin_json(struct wi_buffer *out, const struct wi_tensor *tensor)
{
    const char *datatype = wi_datatype_name(tensor->datatype);

    wi_buffer_puts(out, "{\"name\":");
    wi_buffer_json_string(out, tensor->name);
    wi_buffer_strings(out, ",\"datatype\":\"", datatype, "\",\"shape\":[", NULL);
    for (unsigned i = 0; i < tensor->rank; i++) {
        wi_buffer_puts(out, i ? "," : "");
        wi_buffer_integer(out, tensor->dims[i]);
    }
    wi_buffer_puts(out, "]");
}

void wi_tensor_to_json_within(struct wi_buffer *out, const struct wi_tensor *tensor, size_t most)
{
    wi_tensor_begin_json(out, tensor);
    wi_buffer_puts(out, ",\"data\":[");
    if (tensor->datatype == WI_BYTES)
        print_strings(out, tensor, most);
    else
        print_numbers(out, tensor, most);
    wi_buffer_puts(out, "]}");
}

void wi_tensor_to_json(struct wi_buffer *out, const struct wi_tensor *tensor, int binary)
{
    if (!binary) {
        wi_tensor_to_json_within(out, tensor, SIZE_MAX);
        return;
    }
    wi_tensor_begin_json(out, tensor);
    wi_buffer_puts(out, ",\"parameters\":{\"binary_data_size\":");
    wi_buffer_integer(out, (int64_t)tensor->size);
    wi_buffer_puts(out, "}}");
}
