/*
 * The signature of a graph: what it takes and gives. Requests and answers are checked against it.
 * The reader of a format fills it in.
 */
#ifndef WI_TERMS_MODEL_SIGNATURE_H
#define WI_TERMS_MODEL_SIGNATURE_H

#include "base/error.h"
#include "base/memory.h"
#include "base/table.h"
#include "terms/tensor/datatype.h"
#include "terms/tensor/tensor.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Names of sizes that are told apart; sizes with further names count as unnamed. */
#define WI_ONNX_SYMBOLS_MAX 256

/* A graph input or output. */
struct wi_onnx_value {
    char *name;
    int tensor;       /* 0: a sequence, map or optional, which cannot be checked or served */
    int has_datatype; /* 0: a type that is not served, or none given */
    enum wi_datatype datatype;
    int has_shape; /* 0: any rank */
    unsigned rank;
    int64_t dims[WI_TENSOR_MAX_RANK];     /* -1: free */
    uint16_t symbols[WI_TENSOR_MAX_RANK]; /* of free ones: 1 + the index of the name; 0: none */
    int is_batch;     /* the first size is free, and its name marks it as the batch */
    int may_be_empty; /* of an input: onnx_private.h */
};

/* A further file of the model that has bytes of tensors. */
struct wi_onnx_external {
    char *path;     /* accepted by wi_file_path_ok */
    uint64_t least; /* bytes that it must have at least: the end of its last tensor */
    UT_hash_handle hh;
};

/* An input whose elements are indices. */
struct wi_onnx_range {
    size_t input;
    int table;       /* the input that it indexes, which gives the free sizes; -1: none */
    unsigned axis;   /* of the table: the first indexed one */
    int by_position; /* an element's place in the last dimension selects its axis */
    int from_end;    /* negative ones count from the end */
    unsigned count;
    int64_t sizes[WI_TENSOR_MAX_RANK]; /* of `count` axes from `axis` on; -1: free */
};

struct wi_onnx_signature {
    struct wi_onnx_value *inputs; /* without initializers */
    size_t input_count;
    struct wi_onnx_value *outputs;
    size_t output_count;
    /* names of free sizes: sizes of the same name are equal (dim_param) */
    struct wi_strings symbols;
    int64_t ir_version;
    int64_t opset;   /* of the default domain, 0 if not given */
    char random[32]; /* an operator that draws random numbers, "" if there is none */
    struct wi_onnx_external *externals; /* by path, in the order of the file */
    struct wi_onnx_range *ranges;       /* onnx_private.h */
    size_t range_count;
    int quantised; /* it computes in few bits, so platforms may differ by more */
    char
        scaling[32]; /* an operator that scales a whole tensor by its values, "" if there is none */
};

void wi_onnx_clear(struct wi_onnx_signature *signature);
/* The value of that name, or NULL; the search begins at the index `near`. */
const struct wi_onnx_value *wi_onnx_value_find(
    const struct wi_onnx_value *values, size_t count, const char *name, size_t near);

/* As in answers: [{"name", "datatype", "shape"}]. */
json_t *wi_onnx_values_json(const struct wi_onnx_value *values, size_t count);

/* The precision that the graph computes in: "fp32", "fp16", "bf16" or "fp64", by the first of its
 * outputs, then of its inputs, that has such a datatype, as the page also decides; NULL: none
 * has. */
const char *wi_onnx_precision(const struct wi_onnx_signature *signature);

/* Checks a request's tensors against the signature: every input must be there once, with the right
 * datatype and shape, and sizes of the same name must be equal. Errors name the input and what was
 * expected: WI_INPUT_UNKNOWN, WI_INPUT_MISSING, WI_INPUT_DATATYPE, WI_INPUT_SHAPE. */
enum wi_code wi_onnx_check_inputs(const struct wi_onnx_signature *signature,
    const struct wi_tensors *tensors, struct wi_error *error);

/* Whether the indices among the tensors, which were checked as above, are in range: WI_OK, or
 * WI_INPUT_INVALID with the first that is not. */
enum wi_code wi_onnx_check_indices(const struct wi_onnx_signature *signature,
    const struct wi_tensors *tensors, struct wi_error *error);

/* The tensors without elements in a request. */
enum wi_empty {
    WI_EMPTY_NONE,
    WI_EMPTY_PAST, /* only where the graph appends to them: onnx_private.h */
    WI_EMPTY_USED  /* where the graph computes with them, which only WASM survives */
};

enum wi_empty wi_onnx_empty_among(
    const struct wi_onnx_signature *signature, const struct wi_tensors *tensors);

/* Whether `name` is an output: WI_OK, or WI_OUTPUT_UNKNOWN with the allowed names. */
enum wi_code wi_onnx_check_output(
    const struct wi_onnx_signature *signature, const char *name, struct wi_error *error);

/* Whether the wanted outputs (none: all) can be sent: WI_OK, or WI_OUTPUT_UNKNOWN with the names of
 * those that can if one of them is a sequence, map or optional. */
enum wi_code wi_onnx_check_wanted(const struct wi_onnx_signature *signature,
    const struct wi_strings *wanted, struct wi_error *error);

/* Checks the tensors of an answer against the signature: each wanted output (`wanted`; none: all)
 * must be there once, nothing else, with the right datatype. An output that is a sequence, map or
 * optional may be left out. WI_OK, or WI_INFERENCE_FAILED with what is wrong. `odd` receives the
 * name of the first output whose shape the signature does not allow, borrowed, else NULL. */
enum wi_code wi_onnx_check_answer(const struct wi_onnx_signature *signature,
    const struct wi_strings *wanted, const struct wi_tensors *outputs, const char **odd,
    struct wi_error *error);

#endif
