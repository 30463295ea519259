/* The format `onnx`: a graph, asked with tensors, or with a picture as model.json says. */
#include "format/format.h"

#include "base/memory.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The limit of protobuf, and with it of an ONNX graph. Weights in files of their own have none. */
static const uint64_t max_graph = INT32_MAX;

static int detect(const struct wi_view *view)
{
    return view->has(view, "model.onnx");
}

static int wants(const char *path)
{
    return strcmp(path, "model.onnx") == 0 || strcmp(path, "model.json") == 0 ||
           wi_onnx_is_data(path) || wi_text_ends(path, ".onnx.data");
}

/* --- reading ---------------------------------------------------------------------------------- */

static char *read_labels(void *context, const char *name, struct wi_error *error)
{
    struct wi_format_reading *reading = context;
    size_t size;
    char *text = wi_view_read(reading->view, name, WI_VIEW_STORE, WI_SPEC_MAX, &size, error);
    if (!text && error->code == WI_MODEL_NOT_FOUND)
        wi_error_set(error, WI_MODEL_INVALID, "labels_file",
            "model.json: labels_file: there is no %s in the model's folder", name);
    uint64_t bytes;
    int good = text && reading->take(reading, name, WI_VIEW_STORE, 0, &bytes) == WI_OK;
    if (text && !good)
        *error = reading->error;
    else if (good && strlen(text) != size)
        good = wi_error_set(error, WI_MODEL_INVALID, "labels_file", "%s has a NUL byte", name) ==
               WI_OK;
    if (good)
        return text;
    free(text);
    return NULL;
}

/* model.json and the labels are files like the others, of which the contents count too; no page
 * asks for them. */
static enum wi_code read_spec(struct wi_format_reading *reading)
{
    struct wi_facts *facts = &reading->facts;
    uint64_t bytes;
    size_t size;
    if (!reading->view->has(reading->view, "model.json"))
        return WI_OK;
    char *text = wi_view_read(
        reading->view, "model.json", WI_VIEW_STORE, WI_SPEC_MAX, &size, &reading->error);
    if (!text)
        return reading->error.code;
    enum wi_code code = reading->take(reading, "model.json", WI_VIEW_STORE, 0, &bytes);
    if (code == WI_OK)
        code = wi_spec_read(
            text, size, &facts->signature, read_labels, reading, &facts->spec, &reading->error);
    facts->type = facts->spec.type;
    free(text);
    return code;
}

/* The files that tensors are kept in, each as long as its tensors say. */
static enum wi_code read_externals(struct wi_format_reading *reading)
{
    enum wi_code code = WI_OK;
    uint64_t bytes;
    for (const struct wi_onnx_external *external = reading->facts.signature.externals;
         external && code == WI_OK; external = external->hh.next) {
        code = reading->take(reading, external->path, WI_VIEW_MODEL, 1, &bytes);
        if (code == WI_MODEL_NOT_FOUND)
            code = wi_error_set(&reading->error, WI_MODEL_INVALID, external->path,
                "model.onnx keeps tensors in %.200s, which is not in the model's folder",
                external->path);
        if (code == WI_OK && bytes < external->least)
            code = wi_error_set(&reading->error, WI_MODEL_INVALID, external->path,
                "%.200s has %" PRIu64
                " bytes, but model.onnx has tensors there up to byte %" PRIu64,
                external->path, bytes, external->least);
    }
    return code;
}

static enum wi_code read_model(struct wi_format_reading *reading)
{
    uint64_t bytes;
    int fd =
        reading->view->open(reading->view, "model.onnx", WI_VIEW_STORE, &bytes, &reading->error);
    if (fd < 0)
        return reading->error.code;
    enum wi_code code = WI_OK;
    if (bytes > max_graph)
        code = wi_error_set(&reading->error, WI_MODEL_INVALID, "model.onnx",
            "model.onnx has %" PRIu64 " bytes; an ONNX file has at most 2 GiB: save its weights "
            "as external data, in files of their own",
            bytes);
    if (code == WI_OK)
        code =
            wi_onnx_read_file(fd, bytes, reading->stop, &reading->facts.signature, &reading->error);
    close(fd);
    if (code == WI_OK)
        code = reading->take(reading, "model.onnx", WI_VIEW_STORE, 1, &bytes);
    if (code == WI_OK)
        code = read_externals(reading);
    return code == WI_OK ? read_spec(reading) : code;
}

/* --- what is told ----------------------------------------------------------------------------- */

static const char *precision(const struct wi_facts *facts, const char *variant)
{
    (void)variant;
    return wi_onnx_precision(&facts->signature);
}

static json_t *values_json(const struct wi_onnx_value *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct wi_onnx_value *value = &values[i];
        json_t *shape = NULL;
        if (value->has_shape) {
            shape = json_array();
            for (unsigned d = 0; d < value->rank; d++)
                json_array_append_new(shape, json_integer(value->dims[d]));
        }
        json_array_append_new(list,
            json_pack("{s:s, s:s?, s:o?}", "name", value->name, "datatype",
                value->has_datatype ? wi_datatype_name(value->datatype) : NULL, "shape", shape));
    }
    return list;
}

static void show(const struct wi_facts *facts, const char *variant, json_t *out)
{
    const struct wi_onnx_signature *signature = &facts->signature;
    (void)variant;
    json_object_set_new(out, "opset", json_integer(signature->opset));
    json_object_set_new(out, "inputs", values_json(signature->inputs, signature->input_count));
    json_object_set_new(out, "outputs", values_json(signature->outputs, signature->output_count));
    json_object_set_new(out, "takes_picture", json_boolean(facts->spec.takes_picture));
}

static const char *const ends[] = {".onnx", ".onnx_data", ".onnx.data", NULL};

const struct wi_format wi_format_onnx = {
    .name = "onnx",
    .platform = "onnxruntime_onnx",
    .engine = WI_ENGINE_ORT,
    .detect = detect,
    .names = "model.onnx",
    .wants = wants,
    .told_by = "model.onnx",
    .ends = ends,
    .read = read_model,
    .precision = precision,
    .show = show,
};
