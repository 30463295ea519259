/*
 * The dialects of KServe's clients (webinfer-kserve(7)): the Open Inference Protocol, version 2,
 * over HTTP, with the extensions of Triton's server. Tensors are read, checked and printed by the
 * native dialect, whose terms are the same. The address, not the body, names the model.
 */
#ifndef WI_WIRE_KSERVE_H
#define WI_WIRE_KSERVE_H

#include "wire/native/native.h"

extern const struct wi_dialect wi_dialect_kserve; /* of tensors, and of errors everywhere */
extern const struct wi_dialect wi_dialect_kserve_generate;
extern const struct wi_dialect wi_dialect_kserve_stream; /* the same as a stream */

/* The members of bodies, and of their `parameters`, where any other member is an option of the
 * model. */
extern const struct wi_param wi_kserve_infer_params[];
extern const struct wi_param wi_kserve_generate_params[];
extern const struct wi_param wi_kserve_parameters[];

/* Inputs as tasks take them, read before it is known whether the model has tasks. */
struct wi_kserve_task {
    struct wi_infer infer;
    struct wi_error why; /* unless its code is WI_OK, why they are none */
};

/* Requests that only these clients make: struct wi_infer's `extras`. Owned. */
struct wi_kserve_extras {
    struct wi_native_extras tensors; /* first: see native.h */
    struct wi_kserve_task *task;     /* until the model is known; NULL if an input fits no task */
    int has_result;                  /* the model's result is an output, … */
    int wants_result;                /* … and wanted */
    int wants_tensors;               /* 0: only the result is */
    enum wi_binary_choice result;
};

/* --- kserve_model.c: what a model is called, takes and gives ---------------------------------- */

/* The number of the version that is served: 1 for a model that was not pulled, whose own number is
 * 0. */
unsigned wi_kserve_version(unsigned version);
/* WI_OK where `version` is that of `model`, or NULL; else WI_MODEL_NOT_FOUND naming that one. */
enum wi_code wi_kserve_check_version(
    const struct wi_model *model, const char *version, struct wi_error *error);
/* "onnxruntime_onnx" … */
const char *wi_kserve_platform(const struct wi_model *model);
/* [{"name", "datatype", "shape"}], new references. Inputs and outputs without a supported datatype
 * are left out. */
json_t *wi_kserve_inputs(const struct wi_model *model);
json_t *wi_kserve_outputs(const struct wi_model *model);

/* --- kserve_parameters.c ---------------------------------------------------------------------- */

/* The members of a body by its table. A lenient reader skips members that the table does not have.
 * WI_OK, or as wi_params_read. */
enum wi_code wi_kserve_read_members(struct wi_infer *infer, const json_t *root,
    const struct wi_param *table, void *fields, struct wi_error *error);
/* The member `parameters`; NULL is none. WI_OK, WI_INVALID_FIELD, or as wi_params_read. */
enum wi_code wi_kserve_read_parameters(
    struct wi_infer *infer, const json_t *parameters, struct wi_error *error);

/* --- kserve_task.c: BYTES as tasks take them -------------------------------------------------- */

/* The tensors that were read, as the inputs of a task; NULL if one of them cannot be an input of a
 * task. */
struct wi_kserve_task *wi_kserve_task_read(
    const struct wi_tensors *tensors, struct wi_budget *budget);
void wi_kserve_task_free(struct wi_kserve_task *task); /* NULL is fine */
wi_fit_fn wi_kserve_fit;

/* --- generate.c ------------------------------------------------------------------------------- */

wi_read_fn wi_kserve_read_generate;
wi_fit_fn wi_kserve_fit_generate;
wi_print_fn wi_kserve_print_generate, wi_kserve_stream_done;
wi_stream_part_fn wi_kserve_stream_part;

#endif
