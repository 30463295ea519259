/* Between the files of the native dialect; see struct wi_dialect for each. */
#ifndef WI_WIRE_NATIVE_H
#define WI_WIRE_NATIVE_H

#include "base/params.h"
#include "wire/dialect.h"

#define WI_NATIVE_TIMEOUT_MAX_MS 3600000

/* Members that POST /v1/infer and POST /v1/compute have alike, as their tables write them; strings
 * are borrowed from the document. */
struct wi_native_terms {
    const char *id, *platform, *browser, *node;
    int fallback;
    int64_t priority, timeout_ms;
};
#define WI_NATIVE_TERMS                                                                            \
    {                                                                                              \
        .platform = "auto", .fallback = 1, .priority = WI_PRIORITY_DEFAULT                         \
    }

/* What a request may say: the members of its body. */
extern const struct wi_param wi_native_params[];

enum wi_code wi_native_frame(const char *content_type, const char *head_length, size_t body_size,
    size_t *json_size, struct wi_error *error);
enum wi_code wi_native_parse(struct wi_infer *infer, struct wi_blob *body, size_t json_size,
    struct wi_budget *budget, struct wi_error *error);
/* Of a dialect whose bodies are JSON alone: has the object that the body is read by `read`, which
 * borrows it, and its options bounded. `infer` has all that `read` needs. WI_OK, WI_BAD_JSON,
 * WI_NON_FINITE or WI_INVALID_FIELD for what is no such object, what `read` gives, or as
 * wi_infer_check_options. */
typedef enum wi_code wi_native_read_fn(
    struct wi_infer *infer, const json_t *root, struct wi_budget *budget, struct wi_error *error);
enum wi_code wi_native_read_body(struct wi_infer *infer, const struct wi_blob *body,
    size_t json_size, struct wi_budget *budget, wi_native_read_fn *read, struct wi_error *error);
/* Of a dialect whose bodies may have bytes behind their JSON: has the object read by `read`, which
 * borrows it. `infer` has all that `read` needs. WI_OK, what `read` gives, or as the one above
 * without options. */
typedef enum wi_code wi_native_parse_fn(struct wi_infer *infer, const json_t *root,
    struct wi_blob *body, size_t json_size, struct wi_budget *budget, struct wi_error *error);
enum wi_code wi_native_read_framed(struct wi_infer *infer, struct wi_blob *body, size_t json_size,
    struct wi_budget *budget, wi_native_parse_fn *read, struct wi_error *error);
/* The same, which begins `infer` with extras of that size: they are or begin with those of the
 * native dialect. */
enum wi_code wi_native_parse_as(struct wi_infer *infer, size_t extras_size, struct wi_blob *body,
    size_t json_size, struct wi_budget *budget, wi_native_parse_fn *read, struct wi_error *error);
/* The bytes beside JSON in which the file of a picture or a sound may be. Borrowed. */
struct wi_native_file {
    struct wi_blob *blob;
    size_t at, size;
};
/* inputs.c: the member `inputs`, of a body whose first `json_size` bytes are JSON. WI_OK,
 * WI_BAD_FRAMING, or as what reads tensors, pictures and text. */
enum wi_code wi_native_read_inputs(struct wi_infer *infer, json_t *inputs, struct wi_blob *body,
    size_t json_size, struct wi_budget *budget, struct wi_error *error);
/* The same of an object, as tasks take it. */
enum wi_code wi_native_read_object(struct wi_infer *infer, const json_t *inputs,
    const struct wi_native_file *file, struct wi_budget *budget, struct wi_error *error);
/* WI_OK, or as wi_infer_read_platform. */
enum wi_code wi_native_read_terms(
    struct wi_infer *infer, const struct wi_native_terms *terms, struct wi_error *error);
/* The member `parameters`, NULL if it is not there, into the extras. WI_OK, or as
 * wi_params_read. */
enum wi_code wi_native_read_parameters(
    struct wi_infer *infer, const json_t *given, struct wi_error *error);
/* The member `task`; NULL is none, and `conversation` as for wi_task_of_name. WI_OK, or
 * WI_INVALID_FIELD with the names. */
enum wi_code wi_native_read_task(
    struct wi_infer *infer, const char *name, int conversation, struct wi_error *error);

/* What those ask for who speak of tensors in KServe's terms: which outputs go out in binary.
 * Another dialect's extras that are read and printed by what is here begin with these. */
enum wi_binary_choice { WI_BINARY_DEFAULT, WI_BINARY_NO, WI_BINARY_YES };
struct wi_native_extras {
    enum wi_binary_choice *outputs; /* one for each that is wanted by its name */
    int binary_output;              /* for the others */
};
/* The member `outputs`, a list or NULL, into infer->asked and the extras. WI_OK, or as
 * wi_params_read. */
enum wi_code wi_native_read_outputs(
    struct wi_infer *infer, const json_t *list, struct wi_error *error);
/* Whether the output `name` does. */
int wi_native_wants_binary(const struct wi_infer *infer, const char *name);
enum wi_code wi_native_check_stream(const struct wi_infer *infer, struct wi_error *error);

enum wi_code wi_native_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error);
struct wi_printing *wi_native_print(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
/* Takes the outputs, and chooses which of them go out in binary and how large the JSON of the
 * others may get. NULL with WI_NOT_ACCEPTABLE for one that JSON cannot carry. */
struct wi_printing *wi_native_take_outputs(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
/* The objects that the answer's members of these names are: what really ran it, and how long that
 * took, of a kernel by the GPU's clock too. `stream`: with what streams have beside it. */
void wi_native_add_executed_on(struct wi_buffer *out, const struct wi_outcome *outcome);
void wi_native_add_performance(struct wi_buffer *out, const struct wi_inference *asked,
    const struct wi_outcome *outcome, int stream);
struct wi_printing *wi_native_print_done(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
void wi_native_stream_begin(struct wi_buffer *out, const struct wi_stream_face *face);
void wi_native_stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part);
void wi_native_stream_progress(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_progress *progress, unsigned position);
void wi_native_stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id);

/* An output that JSON cannot carry, though it was asked for in JSON: WI_NOT_ACCEPTABLE. */
enum wi_code wi_native_needs_binary(
    const char *name, enum wi_datatype type, struct wi_error *error);

#endif
