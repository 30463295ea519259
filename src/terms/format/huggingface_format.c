/* The format `huggingface`: folders for transformers.js, by tasks. */
#include "terms/format/format.h"

#include "base/memory.h"
#include "base/text.h"
#include <string.h>
#include <unistd.h>

static int in_onnx(const char *path)
{
    return strncmp(path, "onnx/", 5) == 0;
}

static int path_is_graph(const char *path)
{
    return wi_text_ends(path, ".onnx");
}

/* Of what is not in onnx/. */
static const char *const common[] = {".json", ".txt", ".jinja", ".model", NULL};

static int huggingface_wants(const char *path)
{
    if (in_onnx(path))
        return path_is_graph(path) || wi_onnx_is_data(path);
    for (const char *const *end = common; *end; end++)
        if (wi_text_ends(path, *end))
            return 1;
    return 0;
}

static int huggingface_detect(const struct wi_view *view)
{
    return view->has(view, "config.json") ? view->any(view, "onnx", path_is_graph) : 0;
}

/* --- variants --------------------------------------------------------------------------------- */

static void huggingface_find_variants(
    const struct wi_view_file *files, size_t count, struct wi_variants *variants)
{
    const char *dtype;
    for (size_t d = 0; (dtype = wi_variant_dtype(d)); d++)
        for (size_t i = 0; i < count; i++)
            if (in_onnx(files[i].path) && wi_variant_is_dtype(files[i].path, dtype))
                wi_variant_add(wi_variants_make(variants, dtype), &files[i]);
    for (size_t v = 0; v < variants->count; v++)
        for (size_t i = 0; i < count; i++)
            if (!in_onnx(files[i].path))
                wi_variant_add(&variants->items[v], &files[i]);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* What the operators of a graph say of comparing its answers. A graph that cannot be read is the
 * page's to refuse. */
static enum wi_code huggingface_read_graph(struct wi_format_reading *reading, const char *path)
{
    struct wi_onnx_signature graph = {0}, *all = &reading->facts.signature;
    struct wi_error ignored;
    uint64_t bytes;
    int fd = reading->view->open(reading->view, path, WI_VIEW_MODEL, &bytes, &reading->error);
    if (fd < 0)
        return reading->error.code;
    wi_onnx_read_file(fd, bytes, reading->stop, &graph, &ignored);
    close(fd);
    if (!*all->random)
        memcpy(all->random, graph.random, sizeof all->random);
    all->quantised |= graph.quantised;
    wi_onnx_clear(&graph);
    return WI_OK;
}

static enum wi_code huggingface_read_model(struct wi_format_reading *reading)
{
    const struct wi_strings *files = &reading->variant->files;
    struct wi_huggingface *info = &reading->facts.huggingface;
    enum wi_code code = wi_huggingface_read(reading);
    for (size_t i = 0; i < files->count && code == WI_OK; i++) {
        const char *path = files->items[i];
        uint64_t bytes;
        code = reading->take(reading, path, WI_VIEW_MODEL, 0, &bytes);
        if (path_is_graph(path))
            info->graph_bytes += bytes;
        else if (in_onnx(path))
            info->weight_bytes += bytes;
    }
    for (size_t i = 0; i < files->count && code == WI_OK; i++)
        if (path_is_graph(files->items[i]))
            code = huggingface_read_graph(reading, files->items[i]);
    return code;
}

/* --- what is told ----------------------------------------------------------------------------- */

/* A WebAssembly heap; and how many times the bytes of an ONNX file one holds once it is loaded: the
 * file, its initializers and what kernels make of them (measured: 102 to 117 MB of 33.5). Weights
 * in files of their own go to the device or stay as they are. */
#define HEAP_MAX (UINT64_C(4) << 30)
#define GRAPH_FACTOR 3.2

static enum wi_code check_memory(
    const struct wi_facts *facts, const char *name, struct wi_error *error)
{
    const struct wi_huggingface *info = &facts->huggingface;
    double graphs = (double)info->graph_bytes, weights = (double)info->weight_bytes;
    double total = graphs * GRAPH_FACTOR + weights;
    if (total <= HEAP_MAX)
        return WI_OK;
    wi_error_set(error, WI_MODEL_TOO_LARGE, "model_name",
        "%s takes about %.0f MiB in a page: %.1f times the %.0f MiB of its ONNX files, and %.0f "
        "MiB of weights in files of their own; a page has %.0f MiB; take a smaller variant, or "
        "keep the weights in external data",
        name, total / 1048576, GRAPH_FACTOR, graphs / 1048576, weights / 1048576,
        HEAP_MAX / 1048576.0);
    return wi_error_expect(error, "at most %.0f MiB", HEAP_MAX / 1048576.0);
}

static const char *huggingface_precision(const struct wi_facts *facts, const char *variant)
{
    return variant;
}

static void member_add_name(json_t *out, const char *member, const char *name)
{
    if (*name)
        json_object_set_new(out, member, json_string(name));
}

static void add_count(json_t *out, const char *member, uint64_t number)
{
    if (number > 0)
        json_object_set_new(out, member, json_integer((json_int_t)number));
}

static void huggingface_show(const struct wi_facts *facts, const char *variant, json_t *out)
{
    const struct wi_huggingface *info = &facts->huggingface;
    json_t *tasks = json_array();
    for (size_t i = 0; i < facts->tasks.count; i++)
        json_array_append_new(tasks, json_string(wi_task_name(facts->tasks.items[i])));
    json_object_set_new(out, "tasks", tasks);
    member_add_name(out, "architecture", info->architecture);
    member_add_name(out, "dtype", variant);
    member_add_name(out, "pooling", info->pooling);
    add_count(out, "context_length", facts->context);
    add_count(out, "vocabulary", facts->vocabulary);
    add_count(out, "labels", info->labels);
    if (wi_task_list_has(&facts->tasks, WI_TASK_COMPLETE))
        json_object_set_new(out, "chat", json_boolean(info->has_template));
    if (info->ignored)
        json_object_set_new(out, "ignored_settings", json_deep_copy(info->ignored));
}

/* --- from a hub ------------------------------------------------------------------------------- */

/* Half of a decoder that is there as a whole: onnx/decoder_model_q4.onnx and
 * onnx/decoder_with_past_model_q4.onnx where onnx/decoder_model_merged_q4.onnx is there. */
static int huggingface_yields(const char *path, const char *other)
{
    static const char *const halves[] = {"onnx/decoder_model", "onnx/decoder_with_past_model"};
    static const char merged[] = "onnx/decoder_model_merged";
    size_t whole = sizeof merged - 1;
    if (strncmp(other, merged, whole) != 0 || strncmp(path, merged, whole) == 0)
        return 0;
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        size_t length = strlen(halves[i]);
        if (strncmp(path, halves[i], length) != 0)
            continue;
        size_t dtype = wi_graph_stem(path) - length;
        return strncmp(other + whole, path + length, dtype) == 0 &&
               strcmp(other + whole + dtype, ".onnx") == 0;
    }
    return 0;
}

const struct wi_format wi_format_huggingface = {
    .name = "huggingface",
    .platform = "transformersjs_onnx",
    .engine = WI_ENGINE_PIPELINE,
    .does_tasks = 1,
    .fixed_context = 1,
    .tokenizer = "tokenizer.json",
    .depth = 3,
    .detect = huggingface_detect,
    .wants = huggingface_wants,
    .told_by = "onnx/….onnx with config.json",
    .ends = common,
    .find_variants = huggingface_find_variants,
    .read = huggingface_read_model,
    .check_memory = check_memory,
    .precision = huggingface_precision,
    .needs_f16 = wi_variant_needs_f16,
    .family = offsetof(struct wi_facts, huggingface.model_type),
    .show = huggingface_show,
    .yields = huggingface_yields,
};
