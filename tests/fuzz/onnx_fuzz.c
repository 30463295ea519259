/* Any bytes as a model file: memory and file must give the same answer, within the limits. */
#include "base/file.h"
#include "plant.h"
#include "terms/format/onnx.h"
#include "terms/format/onnx_operators.h"
#include "terms/model/view.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A request with exactly the tensors that the graph takes passes, where they are tensors. */
static void check_requests(const struct wi_onnx_signature *signature)
{
    struct wi_tensors tensors = {0};
    struct wi_error error = {0};
    int sendable = 1;
    for (size_t i = 0; i < signature->input_count; i++) {
        const struct wi_onnx_value *value = &signature->inputs[i];
        struct wi_tensor *tensor = wi_tensors_add(&tensors);
        tensor->name = strdup(value->name);
        tensor->datatype = value->datatype;
        tensor->rank = value->rank;
        for (unsigned k = 0; k < value->rank; k++)
            tensor->dims[k] = value->dims[k] < 0 ? 1 : value->dims[k];
        sendable = sendable && value->tensor;
    }
    enum wi_code code = wi_onnx_check_inputs(signature, &tensors, &error);
    assert((code == WI_OK) == sendable);
    wi_tensors_clear(&tensors);
    assert(wi_onnx_check_output(signature, signature->outputs[0].name, &error) == WI_OK);
    (void)code;
    (void)sendable;
}

/* Files that a graph names lie in the model's folder, and are the same for both readers. */
static void check_externals(
    const struct wi_onnx_signature *one, const struct wi_onnx_signature *other)
{
    assert(HASH_COUNT(one->externals) == HASH_COUNT(other->externals));
    assert(HASH_COUNT(one->externals) < WI_MODEL_FILES_MAX);
    for (const struct wi_onnx_external *external = one->externals; external;
         external = external->hh.next) {
        const struct wi_onnx_external *twin;
        HASH_FIND_STR(other->externals, external->path, twin);
        assert(twin && twin->least == external->least);
        assert(wi_file_path_ok(external->path));
        assert(external->path[0] != '/');
        (void)twin;
    }
}

struct given {
    const uint8_t *data;
    size_t size;
};

static ssize_t give(void *source, void *bytes, size_t size, uint64_t at)
{
    const struct given *given = source;
    size_t left = at < given->size ? given->size - (size_t)at : 0;
    size_t taken = size < left ? size : left;
    if (taken > 0)
        memcpy(bytes, given->data + at, taken);
    return (ssize_t)taken;
}

/* Each node belongs to an operator, of which there are only so many. */
static void check_operators(
    const uint8_t *data, size_t size, const struct wi_onnx_signature *signature)
{
    struct given given = {data, size};
    struct wi_onnx_operators operators;
    struct wi_error error = {0};
    size_t nodes = 0;
    enum wi_code code =
        wi_onnx_operators_read(give, &given, size, NULL, signature, &operators, &error);
    assert(operators.count <= WI_OPERATORS_MAX && (code == WI_OK || error.detail[0]));
    for (size_t i = 0; i < operators.count; i++) {
        const struct wi_onnx_operator *operator_row = &operators.items[i];
        nodes += operator_row->nodes;
        assert(strcmp(operator_row->domain, "ai.onnx") != 0);
    }
    assert(code != WI_OK || nodes == operators.nodes);
    wi_onnx_operators_clear(&operators);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_onnx_signature one, other;
    struct wi_error error = {0}, problem = {0};
    int fd = memfd_create("model", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    enum wi_code code = wi_onnx_read(data, size, &one, &error);
    enum wi_code same = wi_onnx_read_file(fd, size, NULL, &other, &problem);
    close(fd);
    assert(code == same && one.input_count == other.input_count);
    assert(strcmp(error.detail, problem.detail) == 0);
    assert(code == WI_OK || error.detail[0]);
    (void)same;
    if (code == WI_OK) {
        WI_PLANT(strcmp(one.outputs[0].name, "y") != 0); /* all seeds have it */
        assert(one.output_count > 0 && one.output_count <= WI_TENSORS_MAX);
        assert(one.input_count <= WI_TENSORS_MAX);
        check_requests(&one);
        check_externals(&one, &other);
    }
    check_operators(data, size, NULL);
    if (code == WI_OK)
        check_operators(data, size, &one);
    wi_onnx_clear(&one);
    wi_onnx_clear(&other);
    return 0;
}
