/*
 * A tensor's elements from JSON: numbers are converted and range-checked one by one, nested lists
 * must have exactly the tensor's shape. Nothing is allocated for elements before their number has
 * been verified.
 */
#include "terms/tensor/tensor_data.h"
#include "base/params.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum wi_code wi_tensor_fail(struct wi_tensor_reader *reader, enum wi_code code, const char *leaf,
    int64_t index, const char *format, ...)
{
    char field[160], detail[384];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    if (index >= 0)
        snprintf(field, sizeof field, "%s.%s[%" PRId64 "]", reader->where, leaf, index);
    else
        snprintf(field, sizeof field, "%s.%s", reader->where, leaf);
    return wi_error_set(reader->error, code, field, "%s: %s", field, detail);
}

enum wi_code wi_tensor_check_count(struct wi_tensor_reader *reader, size_t found, size_t elements)
{
    const struct wi_tensor *tensor = reader->tensor;
    char shape[384];

    if (found == elements)
        return WI_OK;
    wi_shape_format(tensor->dims, tensor->rank, shape, sizeof shape);
    wi_tensor_fail(reader, WI_INPUT_SIZE, "data", -1, "%zu elements, but the shape %.200s has %zu",
        found, shape, elements);
    return wi_error_expect(reader->error, "%zu elements", elements);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are written as they lie");

/* True for the strings that other libraries write for values that JSON does not have. */
static int names_non_finite(const json_t *value)
{
    static const char *const names[] = {"nan", "inf", "infinity"};
    const char *text = json_string_value(value);

    if (!text)
        return 0;
    if (*text == '-' || *text == '+')
        text++;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(text, names[i]) == 0)
            return 1;
    return 0;
}

static enum wi_code wrong_element(
    struct wi_tensor_reader *reader, const json_t *value, const char *expected)
{
    const char *type = wi_datatype_name(reader->tensor->datatype);
    char found[48];

    if (names_non_finite(value)) {
        wi_tensor_fail(reader, WI_NON_FINITE, "data", (int64_t)reader->next,
            "\"%s\" is no JSON number; send the tensor in binary, where NaN and infinities are "
            "data",
            json_string_value(value));
        return wi_error_expect(reader->error, "a finite number, or the tensor in binary");
    }
    if (json_is_number(value)) {
        if (json_is_integer(value))
            snprintf(found, sizeof found, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        else
            snprintf(found, sizeof found, "%.17g", json_real_value(value));
        wi_tensor_fail(reader, WI_INPUT_DATATYPE, "data", (int64_t)reader->next,
            "%s does not fit %s, which takes %s", found, type, expected);
        return wi_error_expect(reader->error, "%s: %s", type, expected);
    }
    wi_tensor_fail(reader, WI_INVALID_FIELD, "data", (int64_t)reader->next, "%s where %s takes %s",
        wi_json_type_name(value), type, expected);
    return wi_error_expect(reader->error, "%s: %s", type, expected);
}

/* The element's type and its limits as text and as numbers. An INTEGER of jansson is 64-bit
 * signed, so that UINT64 above 2^63-1 is refused by the JSON parser already. */
static const struct {
    int64_t min, max;
    const char *text;
} integers[WI_DATATYPE_COUNT] = {
    [WI_BOOL] = {0, 1, "true, false, 0 or 1"},
    [WI_UINT8] = {0, UINT8_MAX, "integers from 0 to 255"},
    [WI_UINT16] = {0, UINT16_MAX, "integers from 0 to 65535"},
    [WI_UINT32] = {0, UINT32_MAX, "integers from 0 to 4294967295"},
    [WI_UINT64] = {0, INT64_MAX, "integers from 0 to 9223372036854775807 (above only in binary)"},
    [WI_INT8] = {INT8_MIN, INT8_MAX, "integers from -128 to 127"},
    [WI_INT16] = {INT16_MIN, INT16_MAX, "integers from -32768 to 32767"},
    [WI_INT32] = {INT32_MIN, INT32_MAX, "integers from -2147483648 to 2147483647"},
    [WI_INT64] = {INT64_MIN, INT64_MAX,
        "integers from -9223372036854775808 to 9223372036854775807"},
};

/* An integer, also where it was written as 3.0 (some clients have but one kind of number); a real
 * beyond 2^53 is not exact any more and is refused. Booleans count for BOOL only. */
static int integer_of(const json_t *value, enum wi_datatype type, int64_t *number)
{
    double real;

    switch (json_typeof(value)) {
    case JSON_INTEGER:
        *number = json_integer_value(value);
        return 0;
    case JSON_REAL:
        real = json_real_value(value);
        if (!(fabs(real) <= 9007199254740992.0) || real != (double)(int64_t)real)
            return -1;
        *number = (int64_t)real;
        return 0;
    case JSON_TRUE:
    case JSON_FALSE:
        *number = json_is_true(value);
        return type == WI_BOOL ? 0 : -1;
    default:
        return -1;
    }
}

/* Writes the list's elements to `out`; the list has been counted. */
static enum wi_code fill_integers(struct wi_tensor_reader *reader, const json_t *list)
{
    enum wi_datatype type = reader->tensor->datatype;
    size_t width = wi_datatype_size(type), count = json_array_size(list);
    int64_t min = integers[type].min, max = integers[type].max, number;

    for (size_t i = 0; i < count; i++, reader->next++) {
        const json_t *value = json_array_get(list, i);

        if (integer_of(value, type, &number) < 0 || number < min || number > max)
            return wrong_element(reader, value, integers[type].text);
        memcpy(reader->out, &number, width); /* little-endian: the low bytes come first */
        reader->out += width;
    }
    return WI_OK;
}

/* Rounding to FP32 may overflow where the double is finite. */
static enum wi_code fill_floats(struct wi_tensor_reader *reader, const json_t *list)
{
    const int single = reader->tensor->datatype == WI_FP32;
    size_t count = json_array_size(list);

    for (size_t i = 0; i < count; i++, reader->next++) {
        const json_t *value = json_array_get(list, i);
        const double number = json_number_value(value);
        const float rounded = (float)number;

        if (!json_is_number(value) || !isfinite(single ? (double)rounded : number))
            return wrong_element(
                reader, value, single ? "finite numbers up to 3.4028235e38" : "finite numbers");
        if (single)
            memcpy(reader->out, &rounded, sizeof rounded);
        else
            memcpy(reader->out, &number, sizeof number);
        reader->out += single ? sizeof rounded : sizeof number;
    }
    return WI_OK;
}

static enum wi_code fill_strings(struct wi_tensor_reader *reader, const json_t *list)
{
    size_t count = json_array_size(list);

    for (size_t i = 0; i < count; i++, reader->next++) {
        const json_t *value = json_array_get(list, i);
        uint32_t length = (uint32_t)json_string_length(value);

        memcpy(reader->out, &length, sizeof length);
        memcpy(reader->out + sizeof length, json_string_value(value), length);
        reader->out += sizeof length + length;
    }
    return WI_OK;
}

/* The bytes that a list of strings takes, checking that it is one. */
static enum wi_code measure_strings(
    struct wi_tensor_reader *reader, const json_t *list, size_t *bytes)
{
    size_t count = json_array_size(list);

    for (size_t i = 0; i < count; i++, reader->next++) {
        const json_t *value = json_array_get(list, i);

        if (!json_is_string(value))
            return wrong_element(reader, value, "strings");
        if (json_string_length(value) > UINT32_MAX)
            return wi_tensor_fail(reader, WI_INVALID_FIELD, "data", (int64_t)reader->next,
                "a string of 4 GiB or more");
        *bytes += sizeof(uint32_t) + json_string_length(value);
    }
    return WI_OK;
}

/* Called for every innermost list, in order. */
typedef enum wi_code leaf_fn(struct wi_tensor_reader *reader, const json_t *list, size_t *bytes);

static enum wi_code fill_leaf(struct wi_tensor_reader *reader, const json_t *list, size_t *unused)
{
    switch (reader->tensor->datatype) {
    case WI_FP32:
    case WI_FP64:
        return fill_floats(reader, list);
    case WI_BYTES:
        return fill_strings(reader, list);
    default:
        return fill_integers(reader, list);
    }
}

/* Walks nested lists: at `depth` each has exactly dims[depth] entries. Depth is at most 16. `leaf`
 * NULL: only the form is checked. */
static enum wi_code walk_nested(struct wi_tensor_reader *reader, const json_t *list, unsigned depth,
    leaf_fn *leaf, size_t *bytes)
{
    const struct wi_tensor *tensor = reader->tensor;
    size_t count = json_array_size(list);
    enum wi_code code = WI_OK;
    char shape[384];

    if (!json_is_array(list) || (uint64_t)tensor->dims[depth] != count) {
        wi_shape_format(tensor->dims, tensor->rank, shape, sizeof shape);
        if (json_is_array(list))
            fail(reader, WI_INPUT_SIZE, "data",
                "a list of %zu at nesting level %u, where the shape %.200s has %" PRId64, count,
                depth + 1, shape, tensor->dims[depth]);
        else
            fail(reader, WI_INPUT_SIZE, "data",
                "no list at nesting level %u; nested data must follow the shape %.200s", depth + 1,
                shape);
        return wi_error_expect(
            reader->error, "lists nested as the shape %.200s, or one flat list", shape);
    }
    if (depth + 1 == tensor->rank)
        return leaf ? leaf(reader, list, bytes) : WI_OK;
    for (size_t i = 0; i < count && code == WI_OK; i++)
        code = walk_nested(reader, json_array_get(list, i), depth + 1, leaf, bytes);
    return code;
}

static enum wi_code data_walk(
    struct wi_tensor_reader *reader, const json_t *data, int nested, leaf_fn *leaf, size_t *bytes)
{
    reader->next = 0;
    return nested ? walk_nested(reader, data, 0, leaf, bytes) : leaf(reader, data, bytes);
}

static enum wi_code new_blob(struct wi_tensor_reader *reader, size_t bytes)
{
    struct wi_tensor *tensor = reader->tensor;

    tensor->blob = wi_blob_new(reader->budget, bytes);
    if (!tensor->blob)
        return fail(reader, WI_MEMORY_BUDGET, "data",
            "no memory for %zu bytes now; try again later, or raise memory_budget", bytes);
    tensor->blob->size = bytes;
    tensor->offset = 0;
    tensor->size = bytes;
    reader->out = tensor->blob->bytes;
    return WI_OK;
}

enum wi_code wi_tensor_read_data(struct wi_tensor_reader *reader, json_t *data, size_t elements)
{
    struct wi_tensor *tensor = reader->tensor;
    size_t bytes = elements * wi_datatype_size(tensor->datatype);
    int nested = tensor->rank > 1 && json_is_array(json_array_get(data, 0));

    if (wi_datatype_needs_binary(tensor->datatype)) {
        fail(reader, WI_INPUT_DATATYPE, "datatype", "%s comes only in binary",
            wi_datatype_name(tensor->datatype));
        return wi_error_expect(
            reader->error, "parameters.binary_data_size and the bytes after the JSON");
    }
    if (!json_is_array(data)) {
        fail(reader, WI_INVALID_FIELD, "data", "must be a list, flat or nested as the shape");
        return wi_error_expect(reader->error, "a list");
    }
    enum wi_code code = nested ? data_walk(reader, data, 1, NULL, NULL)
                               : wi_tensor_check_count(reader, json_array_size(data), elements);
    if (code == WI_OK && tensor->datatype == WI_BYTES)
        code = data_walk(reader, data, nested, measure_strings, &bytes);
    if (code == WI_OK)
        code = new_blob(reader, bytes);
    if (code == WI_OK)
        code = data_walk(reader, data, nested, fill_leaf, NULL);
    return code;
}
