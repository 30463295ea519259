/*
 * Tensors written as JSON. Floating-point numbers come out with the fewest digits that read back
 * to the same value, several million a second: the value is scaled to a 17-digit integer in
 * double-double arithmetic (about 104 bits) and shortened while it stays inside the interval that
 * rounds to the value. What that arithmetic does not cover takes printf and strtod.
 */
#include "tensor/number.h"
#include "tensor/tensor.h"

#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Elements are printed into a chunk of this many bytes before they go to the buffer. */
enum { CHUNK = 4096 };

struct printer {
    struct wi_buffer *out;
    size_t used;
    char chunk[CHUNK];
};

static void flush(struct printer *printer)
{
    wi_buffer_add(printer->out, printer->chunk, printer->used);
    printer->used = 0;
}

static size_t print_element(char *out, enum wi_datatype type, const unsigned char *bytes)
{
    union {
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        float f32;
        double f64;
    } v;

    memcpy(&v, bytes, wi_datatype_size(type)); /* a slice of a body need not be aligned */
    switch (type) {
    case WI_BOOL:
        memcpy(out, v.u8 ? "true" : "false", 5);
        return v.u8 ? 4 : 5;
    case WI_UINT8:
        return wi_print_unsigned(out, v.u8);
    case WI_UINT16:
        return wi_print_unsigned(out, v.u16);
    case WI_UINT32:
        return wi_print_unsigned(out, v.u32);
    case WI_UINT64:
        return wi_print_unsigned(out, v.u64);
    case WI_INT8:
        return wi_print_signed(out, v.i8);
    case WI_INT16:
        return wi_print_signed(out, v.i16);
    case WI_INT32:
        return wi_print_signed(out, v.i32);
    case WI_INT64:
        return wi_print_signed(out, v.i64);
    case WI_FP32:
        return wi_print_float(out, v.f32);
    case WI_FP64:
        return wi_print_double(out, v.f64);
    default:
        assert(!"this datatype has no JSON form");
        return 0;
    }
}

static void print_numbers(struct wi_buffer *out, const struct wi_tensor *tensor)
{
    struct printer printer = {.out = out, .used = 0};
    const unsigned char *bytes = wi_tensor_bytes(tensor);
    size_t width = wi_datatype_size(tensor->datatype);

    for (size_t at = 0; at + width <= tensor->size; at += width) {
        if (printer.used + WI_NUMBER_SIZE + 1 > CHUNK)
            flush(&printer);
        if (at > 0)
            printer.chunk[printer.used++] = ',';
        printer.used += print_element(printer.chunk + printer.used, tensor->datatype, bytes + at);
    }
    flush(&printer);
}

/* Strings that are not UTF-8 are printed with U+FFFD in the places of what is not. */
static void print_strings(struct wi_buffer *out, const struct wi_tensor *tensor)
{
    const unsigned char *bytes = wi_tensor_bytes(tensor);
    size_t left = tensor->size;
    uint32_t length;

    for (int first = 1; left >= sizeof length; first = 0) {
        json_t *string;

        memcpy(&length, bytes, sizeof length);
        bytes += sizeof length;
        left -= sizeof length;
        if (length > left)
            break;
        if (!first)
            wi_buffer_puts(out, ",");
        string = json_stringn((const char *)bytes, length);
        if (string) {
            wi_buffer_json(out, string);
            json_decref(string);
        } else {
            char *text = wi_strndup((const char *)bytes, length);

            wi_buffer_json_string(out, text);
            free(text);
        }
        bytes += length;
        left -= length;
    }
}

void wi_tensor_to_json(struct wi_buffer *out, const struct wi_tensor *tensor, int binary)
{
    wi_buffer_puts(out, "{\"name\":");
    wi_buffer_json_string(out, tensor->name);
    wi_buffer_strings(
        out, ",\"datatype\":\"", wi_datatype_name(tensor->datatype), "\",\"shape\":[", NULL);
    for (unsigned i = 0; i < tensor->rank; i++) {
        wi_buffer_puts(out, i ? "," : "");
        wi_buffer_integer(out, tensor->dims[i]);
    }
    if (binary) {
        wi_buffer_puts(out, "],\"parameters\":{\"binary_data_size\":");
        wi_buffer_integer(out, (int64_t)tensor->size);
        wi_buffer_puts(out, "}}");
        return;
    }
    wi_buffer_puts(out, "],\"data\":[");
    if (tensor->datatype == WI_BYTES)
        print_strings(out, tensor);
    else
        print_numbers(out, tensor);
    wi_buffer_puts(out, "]}");
}
