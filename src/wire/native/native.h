/* Shared by the files of the native dialect; see struct wi_dialect for each. */
#ifndef WI_WIRE_NATIVE_H
#define WI_WIRE_NATIVE_H

#include "base/params.h"
#include "base/secret.h"
#include "wire/dialect.h"
#include "wire/problem.h"

#define WI_NATIVE_TIMEOUT_MAX_MS 3600000

/* Members that POST /v1/infer and POST /v1/compute share, as their tables write them; strings are
 * borrowed from the document. */
struct wi_native_terms {
    const char *id, *platform, *browser, *node;
    int fallback;
    int64_t priority, timeout_ms;
};
#define WI_NATIVE_TERMS                                                                            \
    {                                                                                              \
        .platform = "auto", .fallback = 1, .priority = WI_PRIORITY_DEFAULT                         \
    }

/* Rows of such tables, for a member of `struct fields`, and for one of its `terms`. */
#define WI_NATIVE_ROW(member, kind, least, most, text, ...)                                        \
    WI_PARAM(fields, member, kind, .min = (least), .max = (most), .help = (text), ##__VA_ARGS__)
#define WI_NATIVE_TERM(member, kind, least, most, text, ...)                                       \
    WI_PARAM_AS(#member, fields, terms.member, kind, .min = (least), .max = (most),                \
        .help = (text), ##__VA_ARGS__)
#define WI_NATIVE_PLATFORM(text)                                                                   \
    WI_NATIVE_TERM(platform, STRING, 1, 32, text, .form = "'auto'|Platform")
#define WI_NATIVE_BROWSER WI_NATIVE_TERM(browser, STRING, 1, 31, "Use only a browser of this kind.")
#define WI_NATIVE_NODE WI_NATIVE_TERM(node, STRING, 1, WI_ID_SIZE - 1, "Use only this node.")
#define WI_NATIVE_PRIORITY                                                                         \
    WI_NATIVE_TERM(priority, INTEGER, 0, 9, "9 is the most urgent; 5 by default.")
#define WI_NATIVE_TIMEOUT(text)                                                                    \
    WI_NATIVE_TERM(timeout_ms, INTEGER, 1, WI_NATIVE_TIMEOUT_MAX_MS, text)
#define WI_NATIVE_ID WI_NATIVE_TERM(id, STRING, 1, 128, "An id, returned in the answer.")
#define WI_NATIVE_PARAMETERS(text)                                                                 \
    WI_PARAM(fields, parameters, OBJECT, .form = "(binary_data_output? boolean)", .help = (text))

/* The members of a request's body. */
extern const struct wi_param wi_native_params[];
/* … of its member `relay`, and of `continue` in that. */
extern const struct wi_param wi_native_relay_params[], wi_native_continue_params[];

wi_frame_fn wi_native_frame;
wi_read_fn wi_native_read;
/* The part of wi_dialect_parse that reads the JSON by the dialect's `read`: WI_OK, WI_BAD_JSON,
 * WI_NON_FINITE or WI_INVALID_FIELD for anything but an object, the error of `read`, or as
 * wi_infer_check_options. */
enum wi_code wi_native_read_body(struct wi_infer *infer, struct wi_error *error);
/* The bytes after the JSON, which may have the file of a picture or a sound. Borrowed. */
struct wi_native_file {
    struct wi_blob *blob;
    size_t at, size;
};
/* native_inputs.c: the member `inputs`. WI_OK, WI_BAD_FRAMING, or as what reads tensors, pictures
 * and text. */
enum wi_code wi_native_read_inputs(struct wi_infer *infer, json_t *inputs, struct wi_error *error);
/* The same for an object, as tasks take it. */
enum wi_code wi_native_read_object(struct wi_infer *infer, const json_t *inputs,
    const struct wi_native_file *file, struct wi_error *error);
/* WI_OK, or as wi_infer_read_platform. */
enum wi_code wi_native_read_terms(
    struct wi_infer *infer, const struct wi_native_terms *terms, struct wi_error *error);
/* Reads the member `parameters`, NULL if absent, into the extras. WI_OK, or as wi_params_read. */
enum wi_code wi_native_read_parameters(
    struct wi_infer *infer, const json_t *given, struct wi_error *error);
/* Reads the member `task`, NULL if absent; `conversation` as for wi_task_of_name. WI_OK, or
 * WI_INVALID_FIELD with the names. */
enum wi_code wi_native_read_task(
    struct wi_infer *infer, const char *name, int conversation, struct wi_error *error);

/* native_relay.c: reads the member `relay`, NULL if absent, when the members beside it have been
 * read. WI_OK, or as wi_params_read. Whether its client may send it is for others to say. */
enum wi_code wi_native_read_relay(
    struct wi_infer *infer, const json_t *given, struct wi_error *error);

/* The outputs that a client wants in binary, in KServe's terms. The extras of another dialect that
 * uses these functions for reading and printing begin with this struct. */
enum wi_binary_choice { WI_BINARY_DEFAULT, WI_BINARY_NO, WI_BINARY_YES };
struct wi_native_extras {
    enum wi_binary_choice *outputs; /* one for each output that is requested by name */
    int binary_output;              /* for the others */
};
void wi_native_free_extras(void *extras);
/* Reads the member `outputs`, a list or NULL, into infer->asked and the extras. WI_OK, or as
 * wi_params_read. */
enum wi_code wi_native_read_outputs(
    struct wi_infer *infer, const json_t *list, struct wi_error *error);
/* Whether the output `name` is binary. */
int wi_native_wants_binary(const struct wi_infer *infer, const char *name);
wi_check_stream_fn wi_native_check_stream;

wi_check_fn wi_native_check;
wi_print_error_fn wi_native_print_error;
wi_print_fn wi_native_print;
/* Takes the outputs, and chooses which of them are binary and how large the JSON of the others may
 * be. NULL with WI_NOT_ACCEPTABLE for an output that JSON cannot carry. */
struct wi_printing *wi_native_take_outputs(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
/* The objects of the answer's members of these names: what really ran it, and how long that took,
 * for a kernel also by the GPU's clock. `stream`: with the further members of streams. */
void wi_native_add_executed_on(struct wi_buffer *out, const struct wi_outcome *outcome);
void wi_native_add_performance(struct wi_buffer *out, const struct wi_inference *asked,
    const struct wi_outcome *outcome, int stream);
wi_stream_error_fn wi_native_stream_error;

/* The members that dialects of this form share. */
#define WI_NATIVE_SHARED                                                                           \
    .error_type = WI_PROBLEM_MEDIA_TYPE, .error_form = "Problem", .error_code = "code",            \
    .frame = wi_native_frame, .free_extras = wi_native_free_extras,                                \
    .check_stream = wi_native_check_stream, .print = wi_native_print,                              \
    .print_error = wi_native_print_error

/* An output that JSON cannot carry, although it was requested in JSON: WI_NOT_ACCEPTABLE. */
enum wi_code wi_native_needs_binary(
    const char *name, enum wi_datatype type, struct wi_error *error);

#endif
