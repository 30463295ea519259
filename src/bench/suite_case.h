/*
 * ONNX's tests of its operators (https://github.com/onnx/onnx/blob/main/docs/OnnxBackendTest.md): a
 * folder each, with model.onnx and test_data_set_0, …, in which input_0.pb, … and output_0.pb, …
 * are tensors.
 */
#ifndef WI_BENCH_SUITE_CASE_H
#define WI_BENCH_SUITE_CASE_H

#include "base/error.h"
#include "base/memory.h"
#include "terms/model/signature.h"
#include "terms/tensor/tensor.h"

/* Zero-initialise; free with wi_suite_case_clear, also after an error. */
struct wi_suite_case {
    char *name; /* of its folder, and of the model in the daemon that serves the folder */
    char *op;   /* of the graph's nodes if all have one type, else "several" */
    struct wi_onnx_signature signature;
    struct wi_tensors inputs, outputs; /* of a set: named as in the graph */
};
/* The names of the tests in `folder`, in order. WI_OK, or WI_INPUT_INVALID if there are none. */
enum wi_code wi_suite_list(const char *folder, struct wi_strings *names, struct wi_error *error);
/* Reads the test of that name without its sets. WI_OK, WI_INPUT_INVALID or WI_MODEL_INVALID. */
enum wi_code wi_suite_case_open(
    struct wi_suite_case *test, const char *folder, const char *name, struct wi_error *error);
/* Reads the set of that number and replaces the one before. WI_OK; WI_INPUT_INVALID, naming the
 * file that is wrong or not a tensor; WI_NOT_FOUND if there is no set of that number. */
enum wi_code wi_suite_case_read(
    struct wi_suite_case *test, const char *folder, unsigned number, struct wi_error *error);
void wi_suite_case_clear(struct wi_suite_case *test);

#endif
