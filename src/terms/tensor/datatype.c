/* The element types: KServe's name, ONNX's number and the width of each, in one table. */
#include "terms/tensor/datatype.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
    int onnx; /* onnx.TensorProto.DataType */
} datatypes[WI_DATATYPE_COUNT] = {
    [WI_BOOL] = {"BOOL", 1, 9},
    [WI_UINT8] = {"UINT8", 1, 2},
    [WI_UINT16] = {"UINT16", 2, 4},
    [WI_UINT32] = {"UINT32", 4, 12},
    [WI_UINT64] = {"UINT64", 8, 13},
    [WI_INT8] = {"INT8", 1, 3},
    [WI_INT16] = {"INT16", 2, 5},
    [WI_INT32] = {"INT32", 4, 6},
    [WI_INT64] = {"INT64", 8, 7},
    [WI_FP16] = {"FP16", 2, 10},
    [WI_BF16] = {"BF16", 2, 16},
    [WI_FP32] = {"FP32", 4, 1},
    [WI_FP64] = {"FP64", 8, 11},
    [WI_BYTES] = {"BYTES", 0, 8},
};

const char *wi_datatype_name(enum wi_datatype type)
{
    assert((unsigned)type < WI_DATATYPE_COUNT);
    return datatypes[type].name;
}

size_t wi_datatype_size(enum wi_datatype type)
{
    assert((unsigned)type < WI_DATATYPE_COUNT);
    return datatypes[type].size;
}

int wi_datatype_is_real(enum wi_datatype type)
{
    return type == WI_FP16 || type == WI_BF16 || type == WI_FP32 || type == WI_FP64;
}

int64_t wi_datatype_integer(enum wi_datatype type, const unsigned char *at)
{
    size_t size = wi_datatype_size(type);
    unsigned above = 64 - 8 * (unsigned)size; /* bits that it has not */
    uint64_t bits = 0;
    memcpy(&bits, at, size); /* little-endian */
    return type >= WI_INT8 && type <= WI_INT64 ? (int64_t)(bits << above) >> above : (int64_t)bits;
}

int wi_datatype_parse(const char *name, size_t length, enum wi_datatype *type)
{
    for (int i = 0; i < WI_DATATYPE_COUNT; i++) {
        if (strlen(datatypes[i].name) == length && memcmp(datatypes[i].name, name, length) == 0) {
            *type = (enum wi_datatype)i;
            return 0;
        }
    }
    return -1;
}

int wi_datatype_from_onnx(int onnx_type, enum wi_datatype *type)
{
    for (int i = 0; i < WI_DATATYPE_COUNT; i++) {
        if (datatypes[i].onnx == onnx_type) {
            *type = (enum wi_datatype)i;
            return 0;
        }
    }
    return -1;
}
