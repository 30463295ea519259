/*
 * The body of POST /v1/infer: from bytes to a checked value. Parsing knows nothing of models,
 * nodes or connections and may run on a worker thread; what depends on the model is checked
 * afterwards on the loop.
 */
#ifndef WI_API_INFER_PARSE_H
#define WI_API_INFER_PARSE_H

#include "api/picture.h"
#include "base/blob.h"
#include "base/error.h"
#include "base/memory.h"
#include "bridge/bridge.h"
#include "model/store.h"
#include "model/tensor.h"
#include "model/type.h"

extern const char *const wi_infer_precision_names[]; /* "fp32" …, ended by NULL */

enum wi_binary_choice { WI_BINARY_DEFAULT, WI_BINARY_NO, WI_BINARY_YES };

/* Everything is owned; free with wi_infer_clear. */
struct wi_infer {
    char *model_name, *client_id, *browser, *node, *precision, *task;
    int has_type;
    enum wi_model_type type;
    int has_platform; /* 0: auto */
    enum wi_platform platform;
    int fallback, priority;
    int has_timeout; /* else timeout_ms is the default */
    double timeout_ms;
    struct wi_tensors tensors;
    int has_picture; /* tensors is one UINT8 tensor "image": the file's bytes */
    struct wi_picture picture;
    struct wi_strings outputs;            /* wanted; empty: all */
    enum wi_binary_choice *output_binary; /* one for each of outputs */
    int binary_output;                    /* parameters.binary_data_output */
};
void wi_infer_clear(struct wi_infer *infer);

/* How much of a body is JSON: `content_type` has been checked to be one of ours;
 * `inference_length` is the header Inference-Header-Content-Length or NULL. WI_OK or
 * WI_BAD_FRAMING. */
enum wi_code wi_infer_framing(const char *content_type, const char *inference_length,
    size_t body_size, size_t *json_size, struct wi_error *error);

/* Reads the body's first `json_size` bytes as JSON, the rest as binary tensors, which become
 * slices of `body` (borrowed; references are taken). `infer` is zero-initialised; on failure it
 * still has to be cleared. `budget` is charged for what is converted (NULL: nothing). */
enum wi_code wi_infer_parse(struct wi_infer *infer, struct wi_blob *body, size_t json_size,
    struct wi_budget *budget, struct wi_error *error);

/* Checks what depends on the model: task, precision, inputs, picture size, outputs, and that no
 * output has to be binary where JSON was asked for. */
enum wi_code wi_infer_check(const struct wi_infer *infer, const struct wi_model *model,
    int64_t max_pixels, struct wi_error *error);
/* "auto" or a platform's name. WI_OK or WI_INVALID_FIELD with the list. */
enum wi_code wi_infer_read_platform(
    const char *name, int *has_platform, enum wi_platform *platform, struct wi_error *error);
/* Whether the output `name` goes out in binary. */
int wi_infer_wants_binary(const struct wi_infer *infer, const char *name);

#endif
