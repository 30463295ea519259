/* GET /v1/kernels: the kernels that POST /v1/compute can run. */
#include "api/endpoints/kernels.h"

#include "api/http/request.h"
#include "api/http/routes.h"
#include "terms/kernel/kernel_model.h"
#include "terms/model/engine.h"
#include "wire/describe/schemas.h"

static json_t *shape_json(const char *shape)
{
    json_t *out = json_array();
    const char *name;
    size_t length;
    while ((name = wi_kernel_shape_next(&shape, &length)))
        json_array_append_new(out, json_stringn(name, length));
    return out;
}

static json_t *tensor_json(const struct wi_kernel *kernel, const struct wi_kernel_tensor *tensor)
{
    json_t *datatypes = json_pack("[s]", wi_datatype_name(WI_FP32));
    if (kernel->halves)
        json_array_append_new(datatypes, json_string(wi_datatype_name(WI_FP16)));
    return wi_form_json("KernelTensor", tensor->name, datatypes, shape_json(tensor->shape));
}

static json_t *default_json(const struct wi_param *option)
{
    const char *at = (const char *)&wi_kernel_defaults + option->offset;
    switch (option->kind) {
    case WI_PARAM_NUMBER:
        return json_real(*(const double *)(const void *)at);
    case WI_PARAM_INTEGER:
        return json_integer(*(const int64_t *)(const void *)at);
    case WI_PARAM_ENUM:
        return json_string(option->names[*(const int *)(const void *)at]);
    default:
        return json_boolean(*(const int *)(const void *)at);
    }
}

static json_t *options_json(const struct wi_kernel *kernel)
{
    json_t *out = wi_params_json(kernel->options), *rows = json_object_get(out, "properties");
    for (const struct wi_param *option = kernel->options; option->name; option++)
        if (!option->required)
            json_object_set_new(
                json_object_get(rows, option->name), "default", default_json(option));
    return out;
}

static json_t *platforms_json(void)
{
    json_t *out = json_array();
    for (int i = 0; i < WI_PLATFORM_COUNT; i++)
        if (wi_engines[WI_ENGINE_KERNELS].platforms & 1u << i)
            json_array_append_new(out, json_string(wi_platform_names[i]));
    return out;
}

json_t *wi_kernels_json(int ours)
{
    json_t *out = json_array();
    for (const struct wi_kernel *kernel = wi_kernels; kernel->name; kernel++) {
        if (wi_kernel_is_ours(kernel) && !ours)
            continue;
        json_t *inputs = json_array();
        for (const struct wi_kernel_tensor *input = kernel->inputs; input->name; input++)
            json_array_append_new(inputs, tensor_json(kernel, input));
        json_array_append_new(out,
            json_pack("{s:s, s:s?, s:o, s:[o], s:o, s:o}", "name", kernel->name, "help",
                kernel->help, "inputs", inputs, "outputs", tensor_json(kernel, &kernel->output),
                "options", options_json(kernel), "platforms", platforms_json()));
    }
    return out;
}

/* --- models over kernels ---------------------------------------------------------------------- */

static json_t *value_json(const struct wi_kernel_tensor *tensor)
{
    return json_pack("{s:s, s:o}", "name", tensor->name, "shape", shape_json(tensor->shape));
}

static json_t *weights_json(const struct wi_kernel_weight *weight)
{
    json_t *out = json_array();
    for (; weight->name; weight++)
        json_array_append_new(out, json_pack("{s:s, s:o, s:f, s:f, s:I}", "name", weight->name,
                                       "shape", shape_json(weight->shape), "middle", weight->middle,
                                       "spread", weight->spread, "seed", (json_int_t)weight->seed));
    return out;
}

static json_t *steps_json(const struct wi_kernel_step *step)
{
    json_t *out = json_array();
    for (; step->kernel; step++) {
        const struct wi_kernel_tensor *rule = wi_kernel_find(step->kernel)->inputs;
        json_t *inputs = json_array();
        for (size_t i = 0; rule[i].name; i++)
            json_array_append_new(inputs, value_json(&step->inputs[i]));
        json_array_append_new(out, json_pack("{s:s, s:o, s:s, s:o}", "kernel", step->kernel,
                                       "inputs", inputs, "output", step->output, "options",
                                       json_loads(step->options ? step->options : "{}", 0, NULL)));
    }
    return out;
}

json_t *wi_kernel_models_json(void)
{
    json_t *out = json_array();
    for (const struct wi_kernel_model *model = wi_kernel_models; model->name; model++)
        json_array_append_new(
            out, json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", model->name, "input",
                     value_json(&model->input), "output", value_json(&model->output), "weights",
                     weights_json(model->weights), "steps", steps_json(model->steps)));
    return out;
}

void wi_handle_kernels(struct wi_request *request)
{
    wi_request_answer_json(request, 200, wi_form_json("Kernels", wi_kernels_json(0)));
}
