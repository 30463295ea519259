/* Shapes of answers: from the model's own graph, where a folder with the model is given. */
#include "simulate/simulate.h"

#include "base/memory.h"
#include "base/params.h"
#include "models/models.h"
#include "terms/format/onnx.h"
#include "terms/model/signature.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_MAX ((size_t)64 * 1024 * 1024)

struct sim_model {
    struct sim_model *next;
    char *name;
    int known;
    struct wi_onnx_signature signature;
};

static void read_graph(struct sim_model *model, const char *folder)
{
    char *path = wi_sprintf("%s/%s/model.onnx", folder, model->name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info;
    struct wi_error error;

    free(path);
    if (fd < 0)
        return;
    model->known =
        fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
        wi_onnx_read_file(fd, (uint64_t)info.st_size, NULL, &model->signature, &error) == WI_OK;
    close(fd);
}

static const struct sim_model *model_find(struct sim *sim, const char *name)
{
    struct sim_model *model = sim->models;

    while (model && strcmp(model->name, name) != 0)
        model = model->next;
    if (model || !sim->options->models || wi_model_check_name(name, NULL) != WI_OK)
        return model;
    model = wi_alloc(sizeof *model);
    model->name = wi_strdup(name);
    model->next = sim->models;
    sim->models = model;
    read_graph(model, sim->options->models);
    return model;
}

int wi_sim_model_wants(const json_t *wanted, const char *name)
{
    return json_array_size(wanted) == 0 || wi_json_has_text(wanted, name);
}

/* The rows of a batch: as in the first tensor; what a node makes tensors of, such as a picture, is
 * one. -1: not known. */
static int64_t rows_of(const struct wi_worker_request *request)
{
    const struct wi_tensors *inputs = request->inputs;
    if (json_object_get(request->data, "input"))
        return 1;
    return inputs->count && inputs->items[0].rank ? inputs->items[0].dims[0] : -1;
}

/* A free first dimension is that of the batch. Other free ones cannot be known. */
static enum wi_code add_output(const struct wi_onnx_value *value, int64_t rows,
    struct wi_tensors *outputs, struct wi_error *error)
{
    struct wi_tensor tensor = {.datatype = value->datatype, .rank = value->rank};
    int known = value->tensor && value->has_datatype && value->has_shape;

    for (unsigned d = 0; known && d < value->rank; d++) {
        tensor.dims[d] = value->dims[d] >= 0 ? value->dims[d] : d == 0 ? rows : -1;
        known = tensor.dims[d] >= 0;
    }
    int64_t elements = known ? wi_shape_elements(tensor.dims, tensor.rank) : -1;
    size_t width = value->datatype == WI_BYTES ? 4 : wi_datatype_size(value->datatype);
    if (elements < 0 || (uint64_t)elements > ANSWER_MAX / (width ? width : 1))
        return wi_error_set(error, WI_INFERENCE_FAILED, NULL,
            "a simulated node cannot know the shape of the output %.100s", value->name);
    tensor.size = (size_t)elements * width; /* of strings: that many of length 0 */
    tensor.blob = wi_blob_new(NULL, tensor.size);
    if (!tensor.blob)
        return wi_error_set(error, WI_INFERENCE_FAILED, NULL, "out of memory");
    memset(tensor.blob->bytes, 0, tensor.size);
    tensor.blob->size = tensor.size;
    tensor.name = wi_strdup(value->name);
    *wi_tensors_add(outputs) = tensor;
    return WI_OK;
}

enum wi_code wi_sim_model_outputs(struct sim *sim, const struct wi_worker_request *request,
    struct wi_tensors *outputs, struct wi_error *error)
{
    const struct sim_model *model = model_find(sim, request->model);
    const json_t *wanted = json_object_get(request->data, "outputs");
    int64_t rows = rows_of(request);
    enum wi_code code = WI_OK;

    if (!model || !model->known)
        return wi_error_set(error, WI_INFERENCE_FAILED, NULL,
            "a simulated node knows the shapes of models only from the folder that "
            "webinfer-simulate --models names, and %.100s is not there",
            request->model);
    for (size_t i = 0; code == WI_OK && i < model->signature.output_count; i++)
        if (wi_sim_model_wants(wanted, model->signature.outputs[i].name))
            code = add_output(&model->signature.outputs[i], rows, outputs, error);
    return code;
}

void wi_sim_models_free(struct sim *sim)
{
    while (sim->models) {
        struct sim_model *model = sim->models;
        sim->models = model->next;
        wi_onnx_clear(&model->signature);
        free(model->name);
        free(model);
    }
}
