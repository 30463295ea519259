/* Graph capture on WebGPU, as the engine's tables foretell it; see onnx_capture.h. */
#include "terms/format/onnx_capture.h"

#include "base/memory.h"
#include "base/text.h"
#include "terms/format/onnx_operators.h"
#include <stdlib.h>
#include <string.h>

/* Operators of ai.onnx that onnxruntime takes out of a graph before it looks for kernels. */
static const char *const removed[] = {"Constant", "Dropout", "Identity"};

static int operator_is_removed(const struct wi_onnx_operator *one)
{
    for (size_t i = 0; i < sizeof removed / sizeof *removed; i++)
        if (!*one->domain && strcmp(one->type, removed[i]) == 0)
            return 1;
    return 0;
}

static void capture_note(struct wi_onnx_capture *capture, enum wi_capture_state state,
    const struct wi_onnx_operator *one)
{
    capture->state = state;
    wi_text_copy(capture->node, sizeof capture->node, one->first);
    wi_text_copy(capture->operator_type, sizeof capture->operator_type, one->type);
}

/* onnxruntime refuses a graph with other graphs inside before it looks for kernels. */
static const struct wi_onnx_operator *operator_with_graph(const struct wi_onnx_operators *operators)
{
    const struct wi_onnx_operator *first = NULL;
    for (size_t i = 0; i < operators->count; i++) {
        const struct wi_onnx_operator *one = &operators->items[i];
        if (one->has_graph && (!first || one->at < first->at))
            first = one;
    }
    return first;
}

/* The first operator of which the table says that about WebGPU. */
static const struct wi_onnx_operator *operator_without_kernel(
    const struct wi_onnx_operators *operators, int is_told)
{
    for (size_t i = 0; i < operators->count; i++) {
        const struct wi_onnx_operator *one = &operators->items[i];
        enum wi_support support =
            wi_operator_support(one->domain, one->type, one->opset, WI_WEBGPU);
        if (support != WI_SUPPORT_YES && (support != WI_SUPPORT_UNKNOWN) == is_told &&
            !operator_is_removed(one))
            return one;
    }
    return NULL;
}

static void capture_settle(
    struct wi_onnx_capture *capture, const struct wi_onnx_operators *operators)
{
    const struct wi_onnx_operator *one;
    if ((one = operator_with_graph(operators)) != NULL)
        capture_note(capture, WI_CAPTURE_GRAPH, one);
    else if ((one = operator_without_kernel(operators, 1)) != NULL)
        capture_note(capture, WI_CAPTURE_KERNEL, one);
    else if ((one = operator_without_kernel(operators, 0)) != NULL)
        capture_note(capture, WI_CAPTURE_UNTOLD, one);
    else
        capture->state = WI_CAPTURE_POSSIBLE;
}

void wi_onnx_capture_read(wi_protobuf_read_fn *read, void *source, uint64_t size,
    const atomic_int *stop, const struct wi_onnx_signature *signature,
    struct wi_onnx_capture *capture)
{
    struct wi_onnx_operators operators;
    struct wi_error ignored;
    *capture = (struct wi_onnx_capture){0};
    if (wi_onnx_operators_read(read, source, size, stop, signature, &operators, &ignored) == WI_OK)
        capture_settle(capture, &operators);
    wi_onnx_operators_clear(&operators);
}

/* What is said of the operator; the caller frees it. */
static char *capture_reason(const struct wi_onnx_capture *capture)
{
    switch (capture->state) {
    case WI_CAPTURE_GRAPH:
        return wi_sprintf("%s has a graph of its own, and onnxruntime records no such model",
            capture->operator_type);
    case WI_CAPTURE_KERNEL:
        return wi_sprintf("by the tables of %s, WebGPU has no kernel of %s of this opset",
            wi_operators_source, capture->operator_type);
    case WI_CAPTURE_UNTOLD:
        return wi_sprintf(
            "the tables of %s do not name %s", wi_operators_source, capture->operator_type);
    default:
        return NULL;
    }
}

static json_t *text_or_null(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

json_t *wi_onnx_capture_json(const struct wi_onnx_capture *capture)
{
    if (capture->state == WI_CAPTURE_UNREAD)
        return NULL;
    json_t *possible = capture->state == WI_CAPTURE_UNTOLD
                           ? json_null()
                           : json_boolean(capture->state == WI_CAPTURE_POSSIBLE);
    char *reason = capture_reason(capture);
    json_t *out =
        json_pack("{s:o, s:o, s:o, s:o}", "possible", possible, "node", text_or_null(capture->node),
            "operator", text_or_null(capture->operator_type), "reason", text_or_null(reason));
    free(reason);
    return out;
}
