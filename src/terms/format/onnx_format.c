/* The format `onnx`: a graph, asked with tensors, or with a picture as described by model.json.
 * There may be graphs of the same model in other dtypes. */
#include "terms/format/format.h"

#include "base/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The limit of protobuf, and with it of an ONNX graph. Weights in files of their own have none. */
static const uint64_t max_graph = INT32_MAX;

static int onnx_detect(const struct wi_view *view)
{
    return view->has(view, "model.onnx");
}

/* model_q4.onnx and the like. */
static int is_other(const char *path)
{
    return strncmp(path, "model_", 6) == 0 && !strchr(path, '/') && wi_text_ends(path, ".onnx") &&
           !wi_variant_is_dtype(path, "fp32");
}

static int path_is_graph(const char *path)
{
    return strcmp(path, "model.onnx") == 0 || is_other(path);
}

static int onnx_wants(const char *path)
{
    return path_is_graph(path) || strcmp(path, "model.json") == 0 || wi_onnx_is_weights(path);
}

/* --- variants --------------------------------------------------------------------------------- */

static void add_dtype(
    const struct wi_view_file *files, size_t count, const char *dtype, struct wi_variants *variants)
{
    for (size_t i = 0; i < count; i++)
        if (path_is_graph(files[i].path) && wi_variant_is_dtype(files[i].path, dtype))
            wi_variant_add(wi_variants_make(variants, dtype), &files[i]);
    for (size_t i = 0; i < count; i++)
        if (wi_onnx_is_weights(files[i].path) && wi_variant_is_dtype(files[i].path, dtype) &&
            wi_variants_get(variants, dtype))
            wi_variant_add(wi_variants_make(variants, dtype), &files[i]);
}

/* What has no dtype in its name is the model, and what people mean by its name alone. */
static void onnx_find_variants(
    const struct wi_view_file *files, size_t count, struct wi_variants *variants)
{
    const char *dtype;
    add_dtype(files, count, "fp32", variants);
    for (size_t d = 0; (dtype = wi_variant_dtype(d)); d++)
        if (strcmp(dtype, "fp32") != 0)
            add_dtype(files, count, dtype, variants);
    for (size_t v = 0; v < variants->count; v++)
        for (size_t i = 0; i < count; i++)
            if (strcmp(files[i].path, "model.json") == 0)
                wi_variant_add(&variants->items[v], &files[i]);
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
static enum wi_code read_externals(struct wi_format_reading *reading, const char *graph)
{
    enum wi_code code = WI_OK;
    uint64_t bytes;
    for (const struct wi_onnx_external *external = reading->facts.signature.externals;
         external && code == WI_OK; external = external->hh.next) {
        code = reading->take(reading, external->path, WI_VIEW_MODEL, 1, &bytes);
        if (code == WI_MODEL_NOT_FOUND)
            code = wi_error_set(&reading->error, WI_MODEL_INVALID, external->path,
                "%.200s keeps tensors in %.200s, which is not in the model's folder", graph,
                external->path);
        if (code == WI_OK && bytes < external->least)
            code = wi_error_set(&reading->error, WI_MODEL_INVALID, external->path,
                "%.200s has %" PRIu64 " bytes, but %.200s has tensors there up to byte %" PRIu64,
                external->path, bytes, graph, external->least);
    }
    return code;
}

/* The graph of the variant. Without a variant there is only model.onnx. */
static const char *graph_of(const struct wi_format_reading *reading)
{
    const struct wi_variant *variant = reading->variant;
    for (size_t i = 0; variant && i < variant->files.count; i++)
        if (path_is_graph(variant->files.items[i]))
            return variant->files.items[i];
    return "model.onnx";
}

static ssize_t graph_read_at(void *source, void *bytes, size_t size, uint64_t at)
{
    const int *fd = source;
    return pread(*fd, bytes, size, (off_t)at);
}

static enum wi_code onnx_read_model(struct wi_format_reading *reading)
{
    const char *graph = graph_of(reading);
    uint64_t bytes;
    int fd = reading->view->open(reading->view, graph, WI_VIEW_STORE, &bytes, &reading->error);
    if (fd < 0)
        return reading->error.code;
    enum wi_code code = WI_OK;
    if (bytes > max_graph)
        code = wi_error_set(&reading->error, WI_MODEL_INVALID, graph,
            "%s has %" PRIu64 " bytes; an ONNX file has at most 2 GiB: save its weights "
            "as external data, in files of their own",
            graph, bytes);
    if (code == WI_OK)
        code =
            wi_onnx_read_file(fd, bytes, reading->stop, &reading->facts.signature, &reading->error);
    if (code == WI_OK)
        wi_onnx_capture_read(graph_read_at, &fd, bytes, reading->stop, &reading->facts.signature,
            &reading->facts.capture);
    close(fd);
    if (code == WI_OK)
        code = reading->take(reading, graph, WI_VIEW_STORE, 1, &bytes);
    if (code == WI_OK)
        code = read_externals(reading, graph);
    return code == WI_OK ? read_spec(reading) : code;
}

/* --- what is told ----------------------------------------------------------------------------- */

/* A graph in few bits gives and takes what the model does in 32. */
static const char *onnx_precision(const struct wi_facts *facts, const char *variant)
{
    return variant && strcmp(variant, "fp32") != 0 ? variant : wi_onnx_precision(&facts->signature);
}

static void onnx_show(const struct wi_facts *facts, const char *variant, json_t *out)
{
    const struct wi_onnx_signature *signature = &facts->signature;
    json_object_set_new(out, "opset", json_integer(signature->opset));
    json_object_set_new(
        out, "inputs", wi_onnx_values_json(signature->inputs, signature->input_count));
    json_object_set_new(
        out, "outputs", wi_onnx_values_json(signature->outputs, signature->output_count));
    json_object_set_new(out, "takes_picture", json_boolean(facts->spec.takes_picture));
}

static const char *const ends[] = {".onnx", ".onnx_data", ".onnx.data", NULL};

const struct wi_format wi_format_onnx = {
    .name = "onnx",
    .platform = "onnxruntime_onnx",
    .engine = WI_ENGINE_ORT,
    .detect = onnx_detect,
    .names = "model.onnx",
    .wants = onnx_wants,
    .find_variants = onnx_find_variants,
    .told_by = "model.onnx",
    .ends = ends,
    .read = onnx_read_model,
    .precision = onnx_precision,
    .needs_f16 = wi_variant_needs_f16,
    .show = onnx_show,
};
