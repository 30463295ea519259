/* What POST /v1/compute asks for, held against the table of kernels; see compute.h. Answers are
 * printed as those of the native dialect. */
#include "wire/compute/compute.h"

#include "base/memory.h"
#include "base/secret.h"
#include "wire/native/native.h"
#include "wire/problem.h"
#include <stdlib.h>

/* What the table writes; all is borrowed from the document. */
struct fields {
    struct wi_native_terms terms;
    const char *kernel;
    json_t *inputs, *options, *parameters;
};

#define ROW_AT(title, member, type, required_, least, most, text)                                  \
    {                                                                                              \
        .name = (title), .kind = WI_PARAM_##type, .offset = offsetof(struct fields, member),       \
        .required = (required_), .min = (least), .max = (most), .help = (text)                     \
    }
#define ROW(member, ...) ROW_AT(#member, member, __VA_ARGS__)
#define TERM(member, type, ...) ROW_AT(#member, terms.member, type, 0, __VA_ARGS__)
const struct wi_param wi_compute_params[] = {
    ROW(kernel, STRING, 1, 1, 64, "Its name; GET /v1/kernels lists all."),
    {.name = "inputs",
        .kind = WI_PARAM_ARRAY,
        .offset = offsetof(struct fields, inputs),
        .required = 1,
        .max = WI_KERNEL_INPUTS,
        .form = "[Tensor]",
        .help = "Its tensors, FP32 or FP16, as of POST /v1/infer."},
    ROW(options, OBJECT, 0, 0, 0, "The kernel's own; an unknown one is 400 and named."),
    {.name = "platform",
        .kind = WI_PARAM_STRING,
        .offset = offsetof(struct fields, terms.platform),
        .min = 1,
        .max = 32,
        .form = "'auto'|Platform",
        .help = "auto, the default, webgpu, webgl or wasm."},
    TERM(browser, STRING, 1, 31, "Only a browser of this kind."),
    TERM(node, STRING, 1, WI_ID_SIZE - 1, "Only this node."),
    TERM(fallback, BOOL, 0, 0, "Whether another platform may follow; true by default."),
    TERM(priority, INTEGER, 0, 9, "9 is the most urgent; 5 by default."),
    TERM(timeout_ms, INTEGER, 1, WI_NATIVE_TIMEOUT_MAX_MS, "For all of it; 60000 by default."),
    TERM(id, STRING, 1, 128, "Comes back in the answer."),
    {.name = "parameters",
        .kind = WI_PARAM_OBJECT,
        .offset = offsetof(struct fields, parameters),
        .form = "(binary_data_output? boolean)",
        .help = "{binary_data_output: true} asks for a binary output."},
    WI_PARAM_END,
};

/* --- the request ------------------------------------------------------------------------------ */

enum wi_code wi_compute_find_kernel(
    struct wi_infer *infer, const char *name, struct wi_error *error)
{
    char names[sizeof error->allowed];
    infer->asked->kernel = wi_kernel_find(name);
    if (infer->asked->kernel)
        return WI_OK;
    wi_kernel_names(names, sizeof names);
    wi_error_set(error, WI_KERNEL_NOT_FOUND, "kernel", "there is no kernel \"%.64s\"", name);
    wi_error_allow(error, "%s", names);
    return WI_KERNEL_NOT_FOUND;
}

static enum wi_code read_fields(struct wi_infer *infer, const json_t *root, struct wi_blob *body,
    size_t json_size, struct wi_budget *budget, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    struct fields fields = {.terms = WI_NATIVE_TERMS};
    enum wi_code code =
        wi_params_read(wi_compute_params, root, WI_PARAMS_STRICT, "", &fields, error);
    if (code == WI_OK)
        code = wi_native_read_parameters(infer, fields.parameters, error);
    if (code == WI_OK)
        code = wi_compute_find_kernel(infer, fields.kernel, error);
    if (code == WI_OK)
        code = wi_infer_read_platform(
            fields.terms.platform, &asked->has_platform, &asked->platform, error);
    if (code != WI_OK)
        return code;
    infer->model_name = wi_strdup(fields.kernel);
    wi_native_take_terms(infer, &fields.terms);
    asked->options = json_incref(fields.options);
    code = wi_kernel_check_options(asked->kernel, asked->options, error);
    return code == WI_OK ? wi_tensors_from_json(&asked->tensors, fields.inputs, body, json_size,
                               budget, "inputs", error)
                         : code;
}

static enum wi_code parse(struct wi_infer *infer, struct wi_blob *body, size_t json_size,
    struct wi_budget *budget, struct wi_error *error)
{
    infer->asked = wi_inference_new();
    infer->extras = wi_alloc(sizeof(struct wi_native_extras));
    infer->free_extras = free;
    json_t *root = wi_native_load_json((const char *)body->bytes, json_size, error);
    if (!root)
        return error ? error->code : WI_BAD_JSON;
    enum wi_code code = read_fields(infer, root, body, json_size, budget, error);
    json_decref(root);
    return code;
}

static enum wi_code check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error)
{
    (void)model;
    (void)limits;
    return wi_kernel_check_inputs(
        infer->asked->kernel, &infer->asked->tensors, infer->asked->options, error);
}

const struct wi_dialect wi_dialect_compute = {
    .name = "compute",
    .error_type = WI_PROBLEM_MEDIA_TYPE,
    .error_form = "Problem",
    .error_code = "code",
    .frame = wi_native_frame,
    .parse = parse,
    .check = check,
    .check_stream = wi_native_check_stream,
    .print = wi_native_print,
    .print_error = wi_problem_write,
};
