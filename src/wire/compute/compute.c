/* Requests of POST /v1/compute: for a kernel of the table, or a client's own. Answers are printed
 * as in the native dialect. See compute.h. */
#include "wire/compute/compute.h"

#include "base/memory.h"
#include "wire/native/native.h"

/* The table's target; all is borrowed from the document. */
struct fields {
    struct wi_native_terms terms;
    const char *kernel, *source, *entry;
    json_t *inputs, *options, *outputs, *constants, *workgroups, *parameters;
};

const struct wi_param wi_compute_params[] = {
    WI_NATIVE_ROW(kernel, STRING, 1, 64, "The kernel's name; GET /v1/kernels lists all kernels."),
    WI_NATIVE_ROW(source, STRING, 1, WI_PROGRAM_SOURCE_MAX,
        "The client's own kernel, given instead of a name: at most 64 KiB of WGSL."),
    WI_PARAM(fields, inputs, ARRAY, .required = 1, .max = WI_PROGRAM_TENSORS, .form = "[Tensor]",
        .help = "The kernel's tensors, FP32 or FP16, as for POST /v1/infer. The tensors for a "
                "source may also be INT32 or UINT32, and are bound in the given order."),
    WI_NATIVE_ROW(options, OBJECT, 0, 0,
        "The kernel's options. An unknown option is refused with 400, and the error names it.",
        .form = "KernelOptions"),
    WI_NATIVE_ROW(outputs, ARRAY, 1, WI_PROGRAM_TENSORS,
        "For a source: the outputs, bound after the inputs.",
        .form = "[(name string, datatype string, shape [integer])]"),
    WI_NATIVE_ROW(entry, STRING, 1, WI_PROGRAM_NAME_MAX,
        "For a source: the function to run; main by default."),
    WI_NATIVE_ROW(constants, OBJECT, 0, 0,
        "For a source: the values of override constants, by name.", .form = "{number}"),
    WI_NATIVE_ROW(workgroups, ARRAY, 0, 0, "For a source: the number of workgroups in x, y and z.",
        .form = "[integer]"),
    WI_NATIVE_PLATFORM("auto (the default), webgpu, webgl, wasm, or native for joined programs. A "
                       "source runs only on webgpu."),
    WI_NATIVE_BROWSER,
    WI_NATIVE_NODE,
    WI_NATIVE_TERM(fallback, BOOL, 0, 0, "Whether another platform may be tried; true by default."),
    WI_NATIVE_PRIORITY,
    WI_NATIVE_TIMEOUT("The time limit for the whole request; 60000 by default."),
    WI_NATIVE_ID,
    WI_NATIVE_PARAMETERS("{binary_data_output: true} asks for a binary output."),
    WI_PARAM_END,
};

enum wi_code wi_compute_find_kernel(
    struct wi_infer *infer, const char *name, struct wi_error *error)
{
    char names[sizeof error->allowed];
    infer->asked->kernel = wi_kernel_find(name);
    if (infer->asked->kernel && !wi_kernel_is_ours(infer->asked->kernel))
        return WI_OK;
    wi_kernel_names(names, sizeof names);
    wi_error_set(error, WI_KERNEL_NOT_FOUND, "kernel", "there is no kernel \"%.64s\"", name);
    return wi_error_allow(error, "%s", names);
}

/* Members that do not go with the given one of `kernel` and `source`; `row` has their values. */
struct other {
    const char *name;
    const void *value;
};

static enum wi_code refuse_others(
    const struct other *row, const char *where, struct wi_error *error)
{
    for (; row->name; row++) {
        if (!row->value)
            continue;
        wi_error_set(
            error, WI_INVALID_FIELD, row->name, "%s cannot be combined with %s", row->name, where);
        return wi_error_expect(error, "no such member, or no %s", where);
    }
    return WI_OK;
}

static enum wi_code read_kernel(
    struct wi_infer *infer, const struct fields *fields, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    const struct other others[] = {{"outputs", fields->outputs}, {"entry", fields->entry},
        {"constants", fields->constants}, {"workgroups", fields->workgroups}, {0}};
    enum wi_code code = wi_compute_find_kernel(infer, fields->kernel, error);
    if (code == WI_OK)
        code = refuse_others(others, "kernel", error);
    if (code == WI_OK)
        code = wi_kernel_check_options(asked->kernel, fields->options, error);
    infer->model_name = wi_strdup(fields->kernel);
    asked->options = json_incref(fields->options);
    return code;
}

static enum wi_code field_refuse(const char *field, const char *expected, struct wi_error *error)
{
    wi_error_set(error, WI_MISSING_FIELD, field, "%s is missing", field);
    return wi_error_expect(error, "%s", expected);
}

static enum wi_code read_program(
    struct wi_infer *infer, const struct fields *fields, struct wi_error *error)
{
    const struct other others[] = {{"kernel", fields->kernel}, {"options", fields->options}, {0}};
    struct wi_program *program = infer->asked->program = wi_program_new();
    program->source = wi_strdup(fields->source);
    program->entry = wi_strdup(fields->entry ? fields->entry : "main");
    enum wi_code code = refuse_others(others, "source", error);
    if (code == WI_OK && !fields->outputs)
        code =
            field_refuse("outputs", "the list of {name, datatype, shape} that source makes", error);
    if (code == WI_OK && !fields->workgroups)
        code = field_refuse("workgroups", "[x, y, z]: the number of workgroups", error);
    if (code == WI_OK)
        code = wi_program_read_workgroups(program, fields->workgroups, error);
    if (code == WI_OK)
        code = wi_program_read_constants(program, fields->constants, error);
    return code == WI_OK
               ? wi_tensors_heads_from_json(&program->outputs, fields->outputs, "outputs", error)
               : code;
}

/* A source has one platform, and no fallback. */
static enum wi_code settle_platform(struct wi_inference *asked, struct wi_error *error)
{
    if (!asked->program)
        return WI_OK;
    if (asked->has_platform && asked->platform != WI_WEBGPU) {
        wi_error_set(error, WI_INVALID_FIELD, "platform", "source is WGSL, which %s does not run",
            wi_platform_names[asked->platform]);
        return wi_error_allow(error, "auto, webgpu");
    }
    asked->has_platform = 1;
    asked->platform = WI_WEBGPU;
    asked->fallback = 0;
    return WI_OK;
}

static enum wi_code compute_read(struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    struct fields fields = {.terms = WI_NATIVE_TERMS};
    enum wi_code code =
        wi_params_read(wi_compute_params, root, WI_PARAMS_STRICT, "", &fields, error);
    if (code == WI_OK)
        code = wi_native_read_parameters(infer, fields.parameters, error);
    if (code == WI_OK)
        code = wi_native_read_terms(infer, &fields.terms, error);
    if (code == WI_OK)
        code = fields.source ? read_program(infer, &fields, error)
               : fields.kernel
                   ? read_kernel(infer, &fields, error)
                   : field_refuse("kernel", "the name of a kernel, or source instead", error);
    if (code == WI_OK)
        code = settle_platform(asked, error);
    return code == WI_OK ? wi_tensors_from_json(&asked->tensors, fields.inputs, infer->body,
                               infer->json_size, infer->budget, "inputs", error)
                         : code;
}

static enum wi_code compute_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error)
{
    const struct wi_inference *asked = infer->asked;
    return asked->program
               ? wi_program_check(asked->program, &asked->tensors, error)
               : wi_kernel_check_inputs(asked->kernel, &asked->tensors, asked->options, error);
}

const struct wi_dialect wi_dialect_compute = {
    .name = "compute",
    WI_NATIVE_SHARED,
    .extras_size = sizeof(struct wi_native_extras),
    .read = compute_read,
    .check = compute_check,
};
