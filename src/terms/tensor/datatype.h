/* Tensor element types under KServe's names, with ONNX's numbers and their widths. */
#ifndef WI_TERMS_TENSOR_DATATYPE_H
#define WI_TERMS_TENSOR_DATATYPE_H

#include <stddef.h>
#include <stdint.h>

enum wi_datatype {
    WI_BOOL,
    WI_UINT8,
    WI_UINT16,
    WI_UINT32,
    WI_UINT64,
    WI_INT8,
    WI_INT16,
    WI_INT32,
    WI_INT64,
    WI_FP16,
    WI_BF16,
    WI_FP32,
    WI_FP64,
    WI_BYTES, /* strings: each a u32 little-endian length and that many bytes */
    WI_DATATYPE_COUNT
};

const char *wi_datatype_name(enum wi_datatype type); /* "FP32" */
size_t wi_datatype_size(enum wi_datatype type);      /* bytes per element; 0 for WI_BYTES */
int wi_datatype_is_real(enum wi_datatype type);      /* a floating-point number */
/* The element at `at`, of any alignment, of an integer type or WI_BOOL; a WI_UINT64 beyond
 * INT64_MAX becomes negative. */
int64_t wi_datatype_integer(enum wi_datatype type, const unsigned char *at);
/* 0 and the type, or -1 for an unknown name (of `length` bytes). */
int wi_datatype_parse(const char *name, size_t length, enum wi_datatype *type);
/* From onnx.TensorProto.DataType (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). -1 for a
 * type that is not served (complex, float8, int4 …). */
int wi_datatype_from_onnx(int onnx_type, enum wi_datatype *type);

#endif
