/*
 * Parsing and printing of protocol messages. Parsing is strict, because the bytes come from a
 * browser that we may not own: every length is checked before it is used, and a frame that says
 * two different things about itself is refused rather than guessed at.
 */
#include "nodes/node/frame.h"
#include "base/clock.h"
#include "base/json_read.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of the largest whole number that is read, and one more. */
#define WHOLE_DIGITS 20

size_t wi_frame_align(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

static uint32_t read_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static int all_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return 0;
    return 1;
}

/* --- Envelope -------------------------------------------------------------------------------- */

static const struct wi_param envelope_table[] = {
    WI_PARAM(wi_frame, id, STRING, .required = 1, .min = 1, .max = WI_FRAME_ID_MAX),
    WI_PARAM(wi_frame, type, STRING, .required = 1, .min = 1, .max = WI_FRAME_ID_MAX),
    WI_PARAM(wi_frame, from, STRING, .required = 1, .max = WI_FRAME_ID_MAX),
    WI_PARAM(wi_frame, timestamp, NUMBER, .required = 1),
    WI_PARAM(wi_frame, data, OBJECT, .required = 1),
    WI_PARAM_END,
};

/* --- Content that no reader of JSON here takes ------------------------------------------------ */

static int is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static int unit_at(const unsigned char *text, const unsigned char *end)
{
    return wi_text_unit((const char *)text, (const char *)end);
}

/* An escape: behind it. NUL, and half of a pair of surrogates, become U+FFFD. */
static unsigned char *mend_escape(unsigned char *text, const unsigned char *end, int *mended)
{
    int unit = unit_at(text, end);
    if (unit < 0)
        return text + (end - text < 2 ? 1 : 2);
    int next = unit_at(text + WI_TEXT_UNIT_SIZE, end);
    if (unit >= 0xd800 && unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff)
        return text + 2 * WI_TEXT_UNIT_SIZE;
    if (unit == 0 || (unit >= 0xd800 && unit <= 0xdfff)) {
        memcpy(text + 2, "fffd", 4);
        *mended = 1;
    }
    return text + WI_TEXT_UNIT_SIZE;
}

/* A number: behind it. A whole one beyond 64 bits becomes a real one, in its length: the last two
 * of its digits, which no double has, become an exponent. */
static unsigned char *mend_number(unsigned char *text, const unsigned char *end, int *mended)
{
    char digits[WHOLE_DIGITS + 2] = "";
    unsigned char *behind = text;
    size_t count = 0;
    int whole = 1;
    for (; behind < end && (is_digit(*behind) || memchr("+-.eE", *behind, 5)); behind++) {
        whole &= is_digit(*behind) || behind == text;
        if (count < sizeof digits - 1)
            digits[count++] = (char)*behind;
    }
    errno = 0;
    (void)strtoll(digits, NULL, 10);
    if (whole && errno == ERANGE) {
        memcpy(behind - 2, "e2", 2);
        *mended = 1;
    }
    return behind;
}

/* A program that prints JSON prints what a model made: NUL, halves of characters, and numbers
 * beyond 64 bits. jansson refuses these, though the message is a whole one: they are changed where
 * they lie, in their length. Whether there were any. */
static int text_mend(unsigned char *text, size_t size)
{
    const unsigned char *end = text + size;
    int mended = 0, in_string = 0;
    while (text < end) {
        if (*text == '"')
            in_string = !in_string;
        if (in_string && *text == '\\')
            text = mend_escape(text, end, &mended);
        else if (!in_string && (*text == '-' || is_digit(*text)))
            text = mend_number(text, end, &mended);
        else
            text++;
    }
    return mended;
}

/* The params reader's own codes are about REST fields; here everything is one kind of failure. */
static enum wi_code malformed_field(struct wi_error *error)
{
    if (error)
        error->code = WI_BAD_FRAMING;
    return WI_BAD_FRAMING;
}

static enum wi_code parse_envelope(
    unsigned char *text, size_t size, struct wi_frame *frame, struct wi_error *error)
{
    if (size > WI_FRAME_HEAD_MAX)
        return wi_error_set(error, WI_BAD_FRAMING, "",
            "the JSON has %zu bytes; at most %d are allowed", size, WI_FRAME_HEAD_MAX);

    json_error_t problem;
    frame->root = wi_json_read((const char *)text, size, 0, &problem);
    if (!frame->root && text_mend(text, size))
        frame->root = wi_json_read((const char *)text, size, 0, &problem);
    if (!frame->root)
        return wi_error_set(
            error, WI_BAD_FRAMING, "", "not JSON at byte %d: %s", problem.position, problem.text);
    if (!json_is_object(frame->root))
        return wi_error_set(error, WI_BAD_FRAMING, "", "the message is not a JSON object");

    frame->json = (const char *)text;
    frame->json_size = size;
    if (wi_params_read(envelope_table, frame->root, WI_PARAMS_OPEN, "", frame, error) != WI_OK)
        return malformed_field(error);
    return WI_OK;
}

/* --- Tensors --------------------------------------------------------------------------------- */

struct entry {
    const char *name, *datatype;
    json_t *shape;
    int64_t offset, byte_length;
};

static const struct wi_param entry_table[] = {
    WI_PARAM(entry, name, STRING, .required = 1, .max = WI_TENSOR_NAME_MAX),
    WI_PARAM(entry, datatype, STRING, .required = 1, .min = 1, .max = 16),
    WI_PARAM(entry, shape, ARRAY, .required = 1, .max = WI_TENSOR_MAX_RANK),
    WI_PARAM(entry, offset, INTEGER, .required = 1),
    WI_PARAM(entry, byte_length, INTEGER, .required = 1),
    WI_PARAM_END,
};

static const struct wi_param outline_table[] = {
    WI_PARAM(entry, name, STRING, .required = 1, .max = WI_TENSOR_NAME_MAX),
    WI_PARAM(entry, datatype, STRING, .required = 1, .min = 1, .max = 16),
    WI_PARAM(entry, shape, ARRAY, .required = 1, .max = WI_TENSOR_MAX_RANK),
    WI_PARAM(entry, byte_length, INTEGER, .required = 1, .max = WI_TENSOR_DIM_MAX),
    WI_PARAM_END,
};

/* Whether `bytes` is exactly `count` strings of u32 length and content. */
static int strings_fit(const unsigned char *bytes, size_t size, int64_t count)
{
    size_t at = 0;
    for (int64_t i = 0; i < count; i++) {
        if (size - at < 4)
            return 0;
        size_t length = read_u32(bytes + at);
        at += 4;
        if (size - at < length)
            return 0;
        at += length;
    }
    return at == size;
}

enum wi_code wi_frame_check_bytes(
    const struct wi_tensor *tensor, const char *where, struct wi_error *error)
{
    int64_t elements = wi_shape_elements(tensor->dims, tensor->rank);
    size_t width = wi_datatype_size(tensor->datatype);
    if (elements < 0)
        return wi_error_set(error, WI_BAD_FRAMING, where, "%sshape has too many elements", where);
    if (tensor->datatype == WI_BYTES) {
        if (tensor->blob && !strings_fit(wi_tensor_bytes(tensor), tensor->size, elements))
            return wi_error_set(error, WI_BAD_FRAMING, where,
                "%sbyte_length does not hold exactly %lld strings", where, (long long)elements);
        return WI_OK;
    }
    if (tensor->size % width || (uint64_t)elements != tensor->size / width)
        return wi_error_set(error, WI_BAD_FRAMING, where,
            "%sbyte_length is %zu, but its shape and datatype make %lld elements of %zu bytes",
            where, tensor->size, (long long)elements, width);
    return WI_OK;
}

/* The shape, which has to fit the bytes of the tensor. */
static enum wi_code parse_shape(
    const json_t *shape, struct wi_tensor *tensor, const char *where, struct wi_error *error)
{
    tensor->rank = (unsigned)json_array_size(shape);
    for (unsigned i = 0; i < tensor->rank; i++) {
        const json_t *dim = json_array_get(shape, i);
        if (!json_is_integer(dim) || json_integer_value(dim) < 0 ||
            json_integer_value(dim) > WI_TENSOR_DIM_MAX)
            return wi_error_set(error, WI_BAD_FRAMING, where,
                "%sshape[%u] must be an integer from 0 to %lld", where, i,
                (long long)WI_TENSOR_DIM_MAX);
        tensor->dims[i] = json_integer_value(dim);
    }
    return wi_frame_check_bytes(tensor, where, error);
}

static enum wi_code parse_entry(const struct wi_param *table, const json_t *object,
    const char *where, struct entry *entry, enum wi_datatype *datatype, struct wi_error *error)
{
    *entry = (struct entry){0};
    if (!json_is_object(object))
        return wi_error_set(
            error, WI_BAD_FRAMING, where, "%.*s is not an object", (int)strlen(where) - 1, where);
    if (wi_params_read(table, object, WI_PARAMS_OPEN, where, entry, error) != WI_OK)
        return malformed_field(error);
    if (wi_datatype_parse(entry->datatype, strlen(entry->datatype), datatype))
        return wi_error_set(error, WI_BAD_FRAMING, where, "%sdatatype is not a known one", where);
    return WI_OK;
}

static struct wi_tensor *add_tensor(
    struct wi_tensors *list, const struct entry *entry, enum wi_datatype datatype)
{
    struct wi_tensor *tensor = wi_tensors_add(list);
    tensor->name = wi_strdup(entry->name);
    tensor->datatype = datatype;
    tensor->size = (size_t)entry->byte_length;
    return tensor;
}

/* One entry of data.tensors; `*used` is how much of the section earlier tensors took. */
static enum wi_code parse_tensor(struct wi_frame *frame, struct wi_blob *blob, size_t start,
    const json_t *object, size_t index, size_t *used, struct wi_error *error)
{
    char where[48], digits[WI_DIGITS_SIZE];
    struct entry entry;
    enum wi_datatype datatype;
    wi_join(where, sizeof where, "data.tensors[", wi_digits(digits, index), "].", NULL);
    if (parse_entry(entry_table, object, where, &entry, &datatype, error) != WI_OK)
        return WI_BAD_FRAMING;

    size_t section = blob->size - start, due = wi_frame_align(*used);
    if (entry.offset < 0 || (uint64_t)entry.offset != due)
        return wi_error_set(error, WI_BAD_FRAMING, where,
            "%soffset is %lld and must be %zu: tensors follow each other at multiples of 8, from 0 "
            "on",
            where, (long long)entry.offset, due);
    if (due > section || entry.byte_length < 0 || (uint64_t)entry.byte_length > section - due)
        return wi_error_set(error, WI_BAD_FRAMING, where,
            "%sbyte_length is %lld from %zu on, which is not inside the tensor section of %zu "
            "bytes",
            where, (long long)entry.byte_length, due, section);
    if (!all_zero(blob->bytes + start + *used, due - *used))
        return wi_error_set(
            error, WI_BAD_FRAMING, where, "the padding before tensor %zu is not zero", index);

    struct wi_tensor *tensor = add_tensor(&frame->tensors, &entry, datatype);
    tensor->blob = wi_blob_ref(blob);
    tensor->offset = start + due;
    *used = due + (size_t)entry.byte_length;
    return parse_shape(entry.shape, tensor, where, error);
}

static enum wi_code entries_check_count(size_t count, const char *name, struct wi_error *error)
{
    if (count <= WI_TENSORS_MAX)
        return WI_OK;
    return wi_error_set(error, WI_BAD_FRAMING, name, "%s has %zu entries; at most %d are allowed",
        name, count, WI_TENSORS_MAX);
}

static enum wi_code parse_tensors(
    struct wi_frame *frame, struct wi_blob *blob, size_t start, struct wi_error *error)
{
    const json_t *list = json_object_get(frame->data, "tensors");
    if (list && !json_is_null(list) && !json_is_array(list))
        return wi_error_set(error, WI_BAD_FRAMING, "data.tensors", "data.tensors is not a list");
    size_t count = json_array_size(list);
    if (entries_check_count(count, "data.tensors", error) != WI_OK)
        return WI_BAD_FRAMING;

    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (parse_tensor(frame, blob, start, json_array_get(list, i), i, &used, error) != WI_OK)
            return WI_BAD_FRAMING;
    }
    if (used != blob->size - start)
        return wi_error_set(error, WI_BAD_FRAMING, "",
            "the tensor section has %zu bytes, but data.tensors describes %zu", blob->size - start,
            used);
    return WI_OK;
}

enum wi_code wi_frame_parse_outline(
    const json_t *list, struct wi_tensors *tensors, struct wi_error *error)
{
    size_t count = json_array_size(list);
    if (entries_check_count(count, "data.outline", error) != WI_OK)
        return WI_BAD_FRAMING;
    for (size_t i = 0; i < count; i++) {
        char where[48];
        struct entry entry;
        enum wi_datatype datatype;
        snprintf(where, sizeof where, "data.outline[%zu].", i);
        if (parse_entry(outline_table, json_array_get(list, i), where, &entry, &datatype, error) !=
            WI_OK)
            return WI_BAD_FRAMING;
        struct wi_tensor *tensor = add_tensor(tensors, &entry, datatype);
        if (parse_shape(entry.shape, tensor, where, error) != WI_OK)
            return WI_BAD_FRAMING;
    }
    return WI_OK;
}

/* --- Whole messages -------------------------------------------------------------------------- */

static enum wi_code parse_text(struct wi_blob *blob, struct wi_frame *frame, struct wi_error *error)
{
    enum wi_code code = parse_envelope(blob->bytes, blob->size, frame, error);
    if (code != WI_OK)
        return code;
    const json_t *list = json_object_get(frame->data, "tensors");
    if (list && !json_is_null(list) && !(json_is_array(list) && json_array_size(list) == 0))
        return wi_error_set(
            error, WI_BAD_FRAMING, "data.tensors", "a message with tensors must be a binary frame");
    return WI_OK;
}

static enum wi_code parse_binary(
    struct wi_blob *blob, struct wi_frame *frame, struct wi_error *error)
{
    if (blob->size < 4)
        return wi_error_set(
            error, WI_BAD_FRAMING, "", "a binary frame of %zu bytes has no length", blob->size);
    size_t length = read_u32(blob->bytes);
    if (length > blob->size - 4)
        return wi_error_set(error, WI_BAD_FRAMING, "",
            "the JSON length %zu is beyond the frame's %zu bytes", length, blob->size);

    enum wi_code code = parse_envelope(blob->bytes + 4, length, frame, error);
    if (code != WI_OK)
        return code;
    size_t start = wi_frame_align(4 + length);
    if (start > blob->size || !all_zero(blob->bytes + 4 + length, start - 4 - length))
        return wi_error_set(
            error, WI_BAD_FRAMING, "", "the JSON is not followed by zeros to a multiple of 8");
    return parse_tensors(frame, blob, start, error);
}

enum wi_code wi_frame_parse(
    struct wi_blob *blob, int binary, struct wi_frame *frame, struct wi_error *error)
{
    memset(frame, 0, sizeof *frame);
    enum wi_code code = binary ? parse_binary(blob, frame, error) : parse_text(blob, frame, error);
    if (code != WI_OK)
        wi_frame_clear(frame);
    return code;
}

void wi_frame_clear(struct wi_frame *frame)
{
    wi_tensors_clear(&frame->tensors);
    json_decref(frame->root);
    memset(frame, 0, sizeof *frame);
}

/* --- What it is about ------------------------------------------------------------------------ */

struct about {
    const char *attempt_id;
};

static const struct wi_param about_table[] = {
    WI_PARAM(about, attempt_id, STRING, .required = 1, .min = 1, .max = WI_FRAME_ID_MAX),
    WI_PARAM_END,
};

enum wi_code wi_frame_attempt(
    const struct wi_frame *frame, const char **attempt_id, struct wi_error *error)
{
    struct about about = {0};
    enum wi_code code =
        wi_params_read(about_table, frame->data, WI_PARAMS_OPEN, "data.", &about, error);
    *attempt_id = about.attempt_id;
    return code;
}

/* --- Writing --------------------------------------------------------------------------------- */

/* Of the length before a binary message's JSON. */
#define LENGTH_SIZE 4

static void frame_begin(struct wi_buffer *out, int binary, const char *id, uint64_t sequence,
    const char *type, const char *from)
{
    if (binary)
        wi_buffer_add(out, "\0\0\0\0", LENGTH_SIZE); /* known at the end */
    wi_buffer_strings(out, "{\"id\":\"", id, NULL);
    wi_buffer_integer(out, (int64_t)sequence);
    wi_buffer_strings(
        out, "\",\"type\":\"", type, "\",\"from\":\"", from, "\",\"timestamp\":", NULL);
    wi_buffer_integer(out, wi_wall_ms());
}

void wi_frame_begin(struct wi_buffer *out, int binary, const char *type, uint64_t sequence)
{
    frame_begin(out, binary, "s-", sequence, type, "service");
}

void wi_frame_begin_from(
    struct wi_buffer *out, int binary, const char *from, const char *type, uint64_t sequence)
{
    frame_begin(out, binary, "", sequence, type, from);
}

static void add_entries(
    struct wi_buffer *out, const char *before, const struct wi_tensors *tensors, int with_offsets)
{
    size_t offset = 0;
    wi_buffer_puts(out, before);
    for (size_t i = 0; i < tensors->count; i++) {
        const struct wi_tensor *tensor = &tensors->items[i];
        offset = wi_frame_align(offset);
        wi_buffer_puts(out, i ? "," : "");
        wi_tensor_begin_json(out, tensor);
        if (with_offsets) {
            wi_buffer_puts(out, ",\"offset\":");
            wi_buffer_integer(out, (int64_t)offset);
        }
        wi_buffer_puts(out, ",\"byte_length\":");
        wi_buffer_integer(out, (int64_t)tensor->size);
        wi_buffer_puts(out, "}");
        offset += tensor->size;
    }
    wi_buffer_puts(out, "]");
}

void wi_frame_tensors(struct wi_buffer *out, const struct wi_tensors *tensors)
{
    add_entries(out, "\"tensors\":[", tensors, 1);
}

void wi_frame_outline(struct wi_buffer *out, const struct wi_tensors *tensors)
{
    add_entries(out, "\"outline\":[", tensors, 0);
}

size_t wi_frame_section(const struct wi_tensors *tensors)
{
    size_t size = 0;
    for (size_t i = 0; i < tensors->count; i++)
        size = wi_frame_align(size) + tensors->items[i].size;
    return size;
}

void wi_frame_make_text(struct wi_buffer *out, size_t size)
{
    out->size = size - LENGTH_SIZE;
    memmove(out->text, out->text + LENGTH_SIZE, out->size);
}

size_t wi_frame_end(struct wi_buffer *out, int binary)
{
    wi_buffer_puts(out, "}");
    if (!binary)
        return out->size;
    size_t length = out->size - LENGTH_SIZE;
    for (int i = 0; i < LENGTH_SIZE; i++)
        out->text[i] = (char)(length >> (8 * i) & 0xff);
    wi_buffer_add(out, "\0\0\0\0\0\0\0", wi_frame_align(out->size) - out->size);
    return length;
}
