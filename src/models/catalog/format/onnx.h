/*
 * What a graph takes and gives, read from an ONNX file by walking its protobuf wire format
 * (https://protobuf.dev/programming-guides/encoding, onnx.proto): bounded, without recursion into
 * tensors, over hostile bytes. Nothing is executed or allocated by sizes in the file.
 */
#ifndef WI_MODELS_CATALOG_FORMAT_ONNX_H
#define WI_MODELS_CATALOG_FORMAT_ONNX_H

#include "base/error.h"
#include "base/memory.h"
#include "base/protobuf.h"
#include "base/table.h"
#include "terms/tensor/datatype.h"
#include "terms/tensor/tensor.h"
#include <jansson.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Names of sizes that are told apart; what is named beyond these has no name. */
#define WI_ONNX_SYMBOLS_MAX 256

/* A graph input or output. */
struct wi_onnx_value {
    char *name;
    int tensor;       /* 0: a sequence, map or optional, which we cannot check or serve */
    int has_datatype; /* 0: a type that we do not serve, or none given */
    enum wi_datatype datatype;
    int has_shape; /* 0: any rank */
    unsigned rank;
    int64_t dims[WI_TENSOR_MAX_RANK];     /* -1: free */
    uint16_t symbols[WI_TENSOR_MAX_RANK]; /* of free ones: 1 + the place of its name; 0: none */
    int is_batch;     /* the first is free, and its name says that it is the batch */
    int may_be_empty; /* of an input: onnx_empty.h */
};

/* A file beside the model's own that tensors are kept in. */
struct wi_onnx_external {
    char *path;     /* as wi_file_path_ok allows */
    uint64_t least; /* bytes that it must have: the end of its last tensor */
    UT_hash_handle hh;
};

/* An input whose elements are indices. */
struct wi_onnx_range {
    size_t input;
    int table;       /* the input that it indexes, which tells the sizes that are free; -1: none */
    unsigned axis;   /* of the table: the first that is indexed */
    int by_position; /* an element is of the axis that its place in the last dimension says */
    int from_end;    /* negative ones count from the end */
    unsigned count;
    int64_t sizes[WI_TENSOR_MAX_RANK]; /* of so many axes from the first on; -1: free */
};

struct wi_onnx_signature {
    struct wi_onnx_value *inputs; /* without initializers */
    size_t input_count;
    struct wi_onnx_value *outputs;
    size_t output_count;
    struct wi_strings symbols; /* names of free sizes: those of one name are equal (dim_param) */
    int64_t ir_version;
    int64_t opset;   /* of the default domain, 0 if not given */
    char random[32]; /* an operator that draws random numbers, "" if there is none */
    struct wi_onnx_external *externals; /* by path, in the order in which they are named */
    struct wi_onnx_range *ranges;       /* onnx_ranges.h */
    size_t range_count;
    int quantised; /* it computes in few bits, so that platforms may differ by more */
};

/* WI_OK, or WI_MODEL_INVALID with what is wrong and at which byte. Free with ..._clear. */
enum wi_code wi_onnx_read(const unsigned char *bytes, size_t size,
    struct wi_onnx_signature *signature, struct wi_error *error);
/* The same of `size` bytes that `read` gives in windows, wherever they lie. Once `stop` is set
 * (NULL: it never is) it fails. */
enum wi_code wi_onnx_read_from(wi_protobuf_read_fn *read, void *source, uint64_t size,
    const atomic_int *stop, struct wi_onnx_signature *signature, struct wi_error *error);
/* The same of a file: unlike a mapping, one that is cut short meanwhile is an error and no SIGBUS.
 */
enum wi_code wi_onnx_read_file(int fd, uint64_t size, const atomic_int *stop,
    struct wi_onnx_signature *signature, struct wi_error *error);
void wi_onnx_clear(struct wi_onnx_signature *signature);
/* Whether a file is named as one of tensors is: ….onnx_data, ….onnx_data_1. */
int wi_onnx_is_data(const char *path);
/* The same, or ….onnx.data. */
int wi_onnx_is_weights(const char *path);

/* As answers have them: [{"name", "datatype", "shape"}]. */
json_t *wi_onnx_values_json(const struct wi_onnx_value *values, size_t count);

/* What the graph computes in: "fp32", "fp16", "bf16" or "fp64", by the first of its outputs, then
 * of its inputs, that has such a datatype, as the page tells it; NULL: by none. */
const char *wi_onnx_precision(const struct wi_onnx_signature *signature);

/* Checks a request's tensors against the signature: every input there once, of the right datatype
 * and shape, with sizes of one name equal. Errors name the input and what was expected:
 * WI_INPUT_UNKNOWN, WI_INPUT_MISSING, WI_INPUT_DATATYPE, WI_INPUT_SHAPE. */
enum wi_code wi_onnx_check_inputs(const struct wi_onnx_signature *signature,
    const struct wi_tensors *tensors, struct wi_error *error);
/* Whether the indices among the tensors, which were checked as above, are in range: WI_OK or
 * WI_INPUT_INVALID with the first that is not. */
enum wi_code wi_onnx_check_indices(const struct wi_onnx_signature *signature,
    const struct wi_tensors *tensors, struct wi_error *error);
/* What a request has of tensors without elements. */
enum wi_empty {
    WI_EMPTY_NONE,
    WI_EMPTY_PAST, /* only where the graph puts something behind them: onnx_empty.h */
    WI_EMPTY_USED  /* where the graph computes with them, which WASM alone survives */
};
enum wi_empty wi_onnx_empty_among(
    const struct wi_onnx_signature *signature, const struct wi_tensors *tensors);
/* Whether `name` is an output: WI_OK or WI_OUTPUT_UNKNOWN with the names allowed. */
enum wi_code wi_onnx_check_output(
    const struct wi_onnx_signature *signature, const char *name, struct wi_error *error);

/* Whether the outputs that are wanted (none: all) can be sent: WI_OK, or WI_OUTPUT_UNKNOWN with the
 * names of those that can, where one of them is a sequence, map or optional. */
enum wi_code wi_onnx_check_wanted(const struct wi_onnx_signature *signature,
    const struct wi_strings *wanted, struct wi_error *error);

/* Holds the tensors of an answer against the signature: each output that was wanted (`wanted`;
 * none: all) there once, nothing else, of the right datatype. An output that is a sequence, map or
 * optional may be left out. WI_OK, or WI_INFERENCE_FAILED with what is wrong. `odd` receives the
 * name of the first output whose shape the signature does not allow, borrowed, else NULL. */
enum wi_code wi_onnx_check_answer(const struct wi_onnx_signature *signature,
    const struct wi_strings *wanted, const struct wi_tensors *outputs, const char **odd,
    struct wi_error *error);

#endif
