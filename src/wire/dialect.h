/*
 * A dialect is one format of requests and answers: it turns bytes into a request, and a result into
 * bytes. It uses no socket, no loop and no job, so all of it except `print` may run on any thread.
 */
#ifndef WI_WIRE_DIALECT_H
#define WI_WIRE_DIALECT_H

#include "base/blob.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "settings/config/config.h"
#include "terms/format/model.h"
#include "terms/part.h"
#include "wire/infer.h"
#include "wire/parameters.h"
#include "wire/printing.h"

/* The data of a run that succeeded. All is borrowed, except that the tensors are taken. */
struct wi_outcome {
    const char *id;         /* the job's; the request's own id if it has one */
    const char *model_name; /* as it was found */
    enum wi_model_type type;
    const char *node;                      /* who answered */
    const char *browser, *browser_version; /* its own; `browser` NULL: as the page reported */
    int joined;                            /* it is not ours, and has named itself */
    const char *refused_platform;          /* the requested one that was not used, or NULL */
    const char *refused_reason;
    const json_t *lessened;         /* the variants that did not fit memory, with the platform, code
                                       and reason of each, or NULL */
    const char *numerics;           /* "ok", "wrong" or "unchecked" */
    const json_t *executed_on;      /* as the page reported it; may be NULL */
    const json_t *result;           /* the result other than tensors; may be NULL */
    struct wi_text_account account; /* its figures about tokens */
    struct wi_tensors *outputs;
    double queue_ms, load_ms, inference_ms, total_ms;
    double first_part_ms, waited_for_client_ms; /* of a stream */
    uint64_t parts;                             /* likewise: how many there were */
    double gpu_ms; /* of a kernel, by the clock of its GPU; negative: it has none */
    unsigned attempts;
    unsigned batch; /* rows that ran together; 0: it ran alone */
    int warm;
    uint64_t model_bytes;   /* of its files; 0: built in */
    unsigned model_version; /* of one that was pulled; else 0 */
};

/* The stream whose events are written. Borrowed. */
struct wi_stream_face {
    const struct wi_infer *infer;
    const char *id;         /* the job's */
    const char *model_name; /* as it was found */
};

/* --- the types of a dialect's functions ------------------------------------------------------- */

/* The HTTP status of an error. */
typedef int wi_status_fn(enum wi_code code);
/* The length of the JSON in a body. `content_type` has been checked to be one of ours;
 * `head_length` is the header Inference-Header-Content-Length or NULL. WI_OK or WI_BAD_FRAMING. */
typedef enum wi_code wi_frame_fn(const char *content_type, const char *head_length,
    size_t body_size, size_t *json_size, struct wi_error *error);
/* Reads the JSON of a body, borrowed. `infer` is empty except for `lenient`, what the address says,
 * and what wi_dialect_parse has set. WI_OK, or the error. */
typedef enum wi_code wi_read_fn(struct wi_infer *infer, const json_t *root, struct wi_error *error);
/* Converts the request, once, to the form that the model takes. WI_OK, or the error for an input
 * that the model does not take. */
typedef enum wi_code wi_fit_fn(
    struct wi_infer *infer, const struct wi_model *model, struct wi_error *error);
/* Checks everything that depends on the model and on `limits`: task, precision, inputs, options,
 * picture size, outputs, and that no output needs binary form if JSON was asked for. */
typedef enum wi_code wi_check_fn(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error);
/* Whether the requested answer may be streamed: WI_OK, or WI_INVALID_FIELD. */
typedef enum wi_code wi_check_stream_fn(const struct wi_infer *infer, struct wi_error *error);
/* Prints the short parts, and leaves the tensors to wi_printing_run. NULL with `error` if the
 * answer cannot be written in the requested form. */
typedef struct wi_printing *wi_print_fn(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
/* Appends the body of an error's answer. `request_id` may be NULL. */
typedef void wi_print_error_fn(const struct wi_dialect *dialect, struct wi_buffer *out,
    const struct wi_error *error, const char *request_id);
/* The events of a stream: each appends one, or none if the dialect has no such event. */
typedef void wi_stream_begin_fn(struct wi_buffer *out, const struct wi_stream_face *face);
typedef void wi_stream_part_fn(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part);
/* `position` in the queue, counted from 1; 0: it does not wait there. */
typedef void wi_stream_progress_fn(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_progress *progress, unsigned position);
typedef void wi_stream_error_fn(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id);

struct wi_dialect {
    const char *name;
    const char *error_type; /* the media type of its errors */
    const char *error_form; /* their name in the API's description */
    /* The member of an error that has its code ("error.code" is a member of an object in it); NULL:
     * none does. */
    const char *error_code;
    const char
        *id_header; /* the name of X-Request-Id for its clients, which is sent too; or NULL */
    enum wi_task_kind task; /* its only task; WI_TASK_NONE: the request names the task */
    wi_status_fn *status;   /* NULL: as in our own format */
    const char *input;      /* its name of the input in errors; NULL: it has several */
    /* The parameters that a request may have; NULL: the route says it. */
    const struct wi_parameters *parameters;
    /* Its names of fields in the errors of wi_parameters_check; NULL: the same as ours. */
    const struct wi_parameter_name *names;
    /* The size of struct wi_infer's `extras`, and the function that frees them. */
    size_t extras_size;
    void (*free_extras)(void *extras);

    wi_frame_fn *frame;
    wi_read_fn *read;
    /* Reads a body in another way than wi_native_read_body; NULL: in that way. */
    enum wi_code (*parse)(struct wi_infer *infer, struct wi_error *error);
    /* Hashes the meaning of a body of `size` bytes, for formats in which equal bodies may differ in
     * bytes; NULL: the bytes are hashed. */
    wi_body_hash_fn *identify;
    wi_fit_fn *fit; /* NULL: a request has the form that the model takes */
    wi_check_fn *check;
    wi_check_stream_fn *check_stream; /* NULL: each may be */
    wi_print_fn *print;
    wi_print_error_fn *print_error;

    const char *stream_type; /* the media type of its streams; NULL: they are server-sent events */
    wi_stream_begin_fn *stream_begin; /* NULL: it has no such event */
    wi_stream_part_fn *stream_part;
    wi_stream_progress_fn *stream_progress; /* likewise */
    wi_print_fn *stream_done; /* like `print`, but wi_printing_run makes the last event */
    wi_stream_error_fn *stream_error;
};

/* Our own format: webinfer-api(7). */
extern const struct wi_dialect wi_dialect_native;

/* The dialect of that name, or NULL if this version does not know it. */
const struct wi_dialect *wi_dialect_find(const char *name);
/* The same, for errors: those of an unknown format have our own form. */
const struct wi_dialect *wi_dialect_of_errors(const char *name);
/* Reads a body with the dialect: its first `json_size` bytes are JSON, the rest binary tensors,
 * which become slices of `body` (borrowed; references are taken). `infer` is zero-initialised
 * except for `lenient` and, if the address has them, `model_name` and `version`; it must be cleared
 * even after a failure. `budget` is charged for conversions (NULL: nothing). */
enum wi_code wi_dialect_parse(const struct wi_dialect *dialect, struct wi_infer *infer,
    struct wi_blob *body, size_t json_size, struct wi_budget *budget, struct wi_error *error);
/* The media type of its streams, and the text between two of their events that keeps the connection
 * alive: "" if there is none. */
const char *wi_dialect_stream_type(const struct wi_dialect *dialect);
const char *wi_dialect_stream_alive(const struct wi_dialect *dialect);
/* The HTTP status of an error in that dialect. */
int wi_dialect_status(const struct wi_dialect *dialect, enum wi_code code);

#endif
