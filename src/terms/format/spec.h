/*
 * model.json: what a model's owner tells about it. It is checked against the graph, and rewritten
 * with every default spelled out, so that a node needs no defaults of its own:
 *
 *   { "type": "vision", "labels": ["0", …] | "labels_file": "labels.txt",
 *     "picture": { "input", "width", "height", "channels": 3, "layout": "NCHW", "datatype": "FP32",
 *       "order": "RGB", "scale": 1, "mean": [0…], "std": [1…], "invert": false, "fit": "stretch",
 *       "background": [0, 0, 0] },
 *     "batch": true | false, whether rows of the first dimension are independent of each other,
 *     "result": { "output", "activation": "none", "top": 5 } }
 *
 * A picture's value is ((pixel * scale) - mean) / std. "input" may be left out if the graph has
 * only one input, "output" if it has only one output.
 */
#ifndef WI_TERMS_FORMAT_SPEC_H
#define WI_TERMS_FORMAT_SPEC_H

#include "base/error.h"
#include "terms/format/onnx.h"
#include "terms/task/type.h"
#include <jansson.h>

#define WI_SPEC_MAX (1024 * 1024) /* bytes of model.json, and of the labels file */
#define WI_SPEC_LABELS_MAX 100000
#define WI_SPEC_PICTURE_SIDE_MAX 16384

/* Free with wi_spec_clear. */
struct wi_spec {
    json_t *json; /* with "labels" in place of "labels_file" */
    char *text;   /* `json` as text */
    enum wi_model_type type;
    int takes_picture;
};

/* Reads a file of at most WI_SPEC_MAX bytes in the folder of model.json; NULL with `error` filled.
 * wi_spec_read frees the text. */
typedef char *wi_spec_file_fn(void *context, const char *name, struct wi_error *error);

/* WI_OK, or WI_MODEL_INVALID naming the field; `spec` is empty then. */
enum wi_code wi_spec_read(const char *text, size_t size, const struct wi_onnx_signature *signature,
    wi_spec_file_fn *read_file, void *context, struct wi_spec *spec, struct wi_error *error);
void wi_spec_clear(struct wi_spec *spec);

#endif
