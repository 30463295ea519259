/*
 * The header of a .npy file is a Python dict literal such as
 *   {'descr': '<f4', 'fortran_order': False, 'shape': (1, 28, 28), }
 * It is read by a scanner for exactly those three keys; anything else is refused. No number in
 * the file sizes an allocation.
 */
#include "cli/npy.h"

#include <string.h>

static const unsigned char npy_magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

/* The longest header that format 1.0 can have; ours and NumPy's own are about 120 bytes. */
#define HEADER_MAX 65535

static const struct {
    const char *descr;
    enum wi_datatype datatype;
} npy_types[] = {
    {"|b1", WI_BOOL},
    {"|u1", WI_UINT8},
    {"<u2", WI_UINT16},
    {"<u4", WI_UINT32},
    {"<u8", WI_UINT64},
    {"|i1", WI_INT8},
    {"<i2", WI_INT16},
    {"<i4", WI_INT32},
    {"<i8", WI_INT64},
    {"<f2", WI_FP16},
    {"<f4", WI_FP32},
    {"<f8", WI_FP64},
};

struct scanner {
    const char *at;
    const char *end;
};

static void skip_spaces(struct scanner *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t'))
        s->at++;
}

static int take_text(struct scanner *s, const char *text)
{
    size_t length = strlen(text);

    skip_spaces(s);
    if ((size_t)(s->end - s->at) < length || memcmp(s->at, text, length) != 0)
        return 0;
    s->at += length;
    return 1;
}

/* A quoted string without escapes into `out`; 0 if there is none or it is too long. */
static int take_string(struct scanner *s, char *out, size_t size)
{
    size_t length = 0;

    skip_spaces(s);
    if (s->at == s->end || (*s->at != '\'' && *s->at != '"'))
        return 0;
    char quote = *s->at++;
    while (s->at < s->end && *s->at != quote) {
        if (*s->at == '\\' || length + 1 >= size)
            return 0;
        out[length++] = *s->at++;
    }
    if (s->at == s->end)
        return 0;
    s->at++;
    out[length] = '\0';
    return 1;
}

static int take_dimension(struct scanner *s, int64_t *dim)
{
    skip_spaces(s);
    const char *start = s->at;
    *dim = 0;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
        if (__builtin_mul_overflow(*dim, 10, dim) ||
            __builtin_add_overflow(*dim, *s->at - '0', dim))
            return 0;
        s->at++;
    }
    return s->at > start;
}

static int take_shape(struct scanner *s, struct wi_npy *array)
{
    if (!take_text(s, "("))
        return 0;
    array->rank = 0;
    while (!take_text(s, ")")) {
        if (array->rank == WI_TENSOR_MAX_RANK || !take_dimension(s, &array->dims[array->rank]))
            return 0;
        array->rank++;
        if (!take_text(s, ",")) /* only the last dimension may lack it */
            return take_text(s, ")");
    }
    return 1;
}

static enum wi_code npy_refuse(struct wi_error *error, const char *what)
{
    return wi_error_set(error, WI_INPUT_INVALID, "", "%s; save the array with numpy.save()", what);
}

static enum wi_code find_type(const char *descr, struct wi_npy *array, struct wi_error *error)
{
    for (size_t i = 0; i < sizeof npy_types / sizeof *npy_types; i++) {
        /* A type of one byte has no byte order, but some writers give one. */
        int ordered = npy_types[i].descr[0] == '<' || descr[0] == '<';
        if (strcmp(descr + ordered, npy_types[i].descr + ordered) == 0 &&
            (descr[0] == '<' || descr[0] == '|')) {
            array->datatype = npy_types[i].datatype;
            return WI_OK;
        }
    }
    wi_error_set(error, WI_INPUT_INVALID, "",
        "the element type \"%.20s\" cannot be sent; convert the array, e.g. array.astype('<f4')",
        descr);
    return wi_error_allow(error, "|b1, |u1, <u2, <u4, <u8, |i1, <i2, <i4, <i8, <f2, <f4, <f8");
}

/* The three keys in any order, each once, and nothing else. */
static enum wi_code read_header(struct scanner *s, struct wi_npy *array, struct wi_error *error)
{
    char key[20], descr[24] = "";
    int fortran = -1, shape = 0;

    if (!take_text(s, "{"))
        return npy_refuse(error, "the header is not a dictionary");
    while (!take_text(s, "}")) {
        if (!take_string(s, key, sizeof key) || !take_text(s, ":"))
            return npy_refuse(error, "the header has a malformed key");
        if (strcmp(key, "descr") == 0 && !*descr) {
            if (!take_string(s, descr, sizeof descr))
                return npy_refuse(
                    error, "the element type is not a plain type (a structured array?)");
        } else if (strcmp(key, "fortran_order") == 0 && fortran < 0) {
            fortran = take_text(s, "True") ? 1 : take_text(s, "False") ? 0 : -1;
            if (fortran < 0)
                return npy_refuse(error, "fortran_order is neither True nor False");
        } else if (strcmp(key, "shape") == 0 && !shape) {
            shape = take_shape(s, array);
            if (!shape)
                return npy_refuse(error, "the shape is not a tuple of at most 16 sizes");
        } else {
            return npy_refuse(error, "the header has an unknown or repeated key");
        }
        if (!take_text(s, ",")) {
            if (!take_text(s, "}"))
                return npy_refuse(error, "the header's dictionary does not end");
            break;
        }
    }
    skip_spaces(s);
    if (s->at != s->end || !*descr || fortran < 0 || !shape)
        return npy_refuse(error, "the header is incomplete");
    if (fortran && array->rank > 1)
        return wi_error_set(error, WI_INPUT_INVALID, "",
            "the array is in Fortran order; save numpy.ascontiguousarray(array) instead");
    return find_type(descr, array, error);
}

enum wi_code wi_npy_read(
    const unsigned char *bytes, size_t size, struct wi_npy *array, struct wi_error *error)
{
    struct wi_npy found = {0};
    struct scanner scanner;
    size_t wanted;

    if (size < 10 || memcmp(bytes, npy_magic, sizeof npy_magic) != 0)
        return npy_refuse(error, "this is not a .npy file");
    if (bytes[6] != 1 && bytes[6] != 2)
        return npy_refuse(error, "only .npy format 1.0 and 2.0 can be read");
    size_t start = bytes[6] == 1 ? 10 : 12;
    if (size < start)
        return npy_refuse(error, "the file ends within its header");
    size_t length = bytes[8] | (size_t)bytes[9] << 8;
    if (bytes[6] == 2)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length > HEADER_MAX || length > size - start)
        return npy_refuse(error, "the header is longer than the file or than 64 KiB");
    scanner.at = (const char *)bytes + start;
    scanner.end = scanner.at + length;
    enum wi_code code = read_header(&scanner, &found, error);
    if (code != WI_OK)
        return code;
    found.offset = start + length;
    found.size = size - found.offset;
    int64_t elements = wi_shape_elements(found.dims, found.rank);
    if (elements < 0 ||
        __builtin_mul_overflow((size_t)elements, wi_datatype_size(found.datatype), &wanted))
        return npy_refuse(error, "the shape is too large");
    if (wanted != found.size)
        return wi_error_set(error, WI_INPUT_INVALID, "",
            "the shape needs %zu bytes of elements, but the file has %zu", wanted, found.size);
    *array = found;
    return WI_OK;
}

enum wi_code wi_npy_write_header(struct wi_buffer *out, enum wi_datatype datatype,
    const int64_t *dims, unsigned rank, struct wi_error *error)
{
    const char *descr = datatype == WI_BF16 ? "<u2" : NULL;
    struct wi_buffer text = {0};
    unsigned char prefix[10];

    for (size_t i = 0; !descr && i < sizeof npy_types / sizeof *npy_types; i++) {
        if (npy_types[i].datatype == datatype)
            descr = npy_types[i].descr;
    }
    if (!descr)
        return wi_error_set(error, WI_INPUT_INVALID, "",
            "a tensor of datatype %s cannot be written as .npy", wi_datatype_name(datatype));
    wi_buffer_printf(&text, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (unsigned i = 0; i < rank; i++)
        wi_buffer_printf(&text, "%lld,%s", (long long)dims[i], i + 1 < rank ? " " : "");
    wi_buffer_puts(&text, "), }");
    /* The elements start at a multiple of 64, with a newline before them. */
    size_t padded = (sizeof prefix + text.size + 1 + 63) / 64 * 64 - sizeof prefix;
    while (text.size + 1 < padded)
        wi_buffer_puts(&text, " ");
    wi_buffer_puts(&text, "\n");
    memcpy(prefix, npy_magic, sizeof npy_magic);
    prefix[6] = 1;
    prefix[7] = 0;
    prefix[8] = (unsigned char)(text.size & 0xff);
    prefix[9] = (unsigned char)(text.size >> 8);
    wi_buffer_add(out, prefix, sizeof prefix);
    wi_buffer_add(out, text.text, text.size);
    wi_buffer_clear(&text);
    return WI_OK;
}
