/* What a model may be called, what can run it, and its files. */
#include "library/model.h"

#include "base/file.h"
#include "base/memory.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The length of a segment at `name`, 0 if there is none: [A-Za-z0-9][A-Za-z0-9._-]{0,127}. */
static size_t segment_length(const char *name)
{
    size_t length = 0;
    if (!isalnum((unsigned char)name[0]))
        return 0;
    while (isalnum((unsigned char)name[length]) || (name[length] && strchr("._-", name[length])))
        length++;
    return length <= 128 ? length : 0;
}

enum wi_code wi_model_check_name(const char *name, struct wi_error *error)
{
    const char *rest = name + segment_length(name);
    int good = rest > name;
    for (const char *mark = "/:"; good && *rest && *mark; mark++) {
        if (*rest != *mark)
            continue;
        size_t length = segment_length(rest + 1);
        good = length > 0;
        rest += 1 + length;
    }
    if (good && *rest == '\0')
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, "model_name", "\"%.160s\" is no model name", name);
    wi_error_allow(error, "NAME or OWNER/NAME, each of at most 128 letters, digits, \".\", \"_\" "
                          "and \"-\", beginning with a letter or digit; behind it perhaps "
                          "\":VARIANT\"");
    return WI_INVALID_FIELD;
}

/* What a model of tasks takes in a page, by the bytes of its graphs and weights. */
static enum wi_code check_pipeline_memory(const struct wi_model *model, struct wi_error *error)
{
    double graphs = 0, weights = 0;
    for (size_t i = 0; i < model->manifest.count; i++) {
        const struct wi_model_file *file = &model->manifest.files[i];
        size_t length = strlen(file->path);
        if (length > 5 && strcmp(file->path + length - 5, ".onnx") == 0)
            graphs += (double)file->bytes;
        else if (strncmp(file->path, "onnx/", 5) == 0)
            weights += (double)file->bytes;
    }
    double total = graphs * WI_HUGGINGFACE_GRAPH_FACTOR + weights;
    if (total <= WI_HUGGINGFACE_HEAP_MAX)
        return WI_OK;
    wi_error_set(error, WI_MODEL_TOO_LARGE, "model_name",
        "%s takes about %.0f MiB in a page: %.1f times the %.0f MiB of its ONNX files, and %.0f "
        "MiB of weights in files of their own; a page has %.0f MiB; take a smaller variant, or "
        "keep the weights in external data",
        model->name, total / 1048576, WI_HUGGINGFACE_GRAPH_FACTOR, graphs / 1048576,
        weights / 1048576, WI_HUGGINGFACE_HEAP_MAX / 1048576.0);
    wi_error_expect(error, "at most %.0f MiB", WI_HUGGINGFACE_HEAP_MAX / 1048576.0);
    return WI_MODEL_TOO_LARGE;
}

enum wi_code wi_model_check_engine(const struct wi_model *model, struct wi_error *error)
{
    if (model->format == WI_FORMAT_GGUF &&
        wi_gguf_check_memory(&model->memory, model->name, error) != WI_OK)
        return WI_MODEL_TOO_LARGE;
    if (model->format == WI_FORMAT_HUGGINGFACE && check_pipeline_memory(model, error) != WI_OK)
        return WI_MODEL_TOO_LARGE;
    if (wi_engines[model->engine].platforms)
        return WI_OK;
    wi_error_set(error, WI_PLATFORM_UNSUPPORTED, "model_name",
        "%s is of the format %s, which no engine runs yet; it is listed only", model->name,
        wi_model_format_names[model->format]);
    wi_error_expect(error, "a model of the format onnx");
    return WI_PLATFORM_UNSUPPORTED;
}

const char *wi_model_precision(const struct wi_model *model)
{
    switch (model->format) {
    case WI_FORMAT_GGUF:
        return wi_gguf_quantization(&model->gguf);
    case WI_FORMAT_HUGGINGFACE:
        return model->variant;
    default:
        return wi_onnx_precision(&model->signature);
    }
}

void wi_model_warnings(const struct wi_model *model, struct wi_strings *warnings)
{
    const struct wi_gguf_memory *memory = &model->memory;
    struct wi_error error;
    if (model->format != WI_FORMAT_GGUF)
        return;
    const char *slow = wi_gguf_slow(&model->gguf);
    if (slow)
        wi_strings_add(warnings, slow);
    if (wi_gguf_check_memory(memory, model->name, &error) != WI_OK) {
        wi_strings_add(warnings, error.detail);
    } else if (memory->scarce) {
        char *text = wi_sprintf("memory is short: at most %" PRIu64 " conversations of %" PRIu64
                                " tokens at a time; a larger [pool] model_budget allows more",
            memory->slots, memory->context);
        wi_strings_add(warnings, text);
        free(text);
    }
}

int wi_model_open_file(const struct wi_model *model, const struct wi_model_file *file, int *owned)
{
    struct wi_error error;
    struct stat status;
    *owned = file->fd < 0;
    int fd = *owned ? wi_open_inside(model->folder, model->folder, file->path, &status, &error)
                    : file->fd;
    if (fd < 0)
        return -1;
    if (*owned || fstat(fd, &status) == 0) {
        struct wi_file_identity now = wi_file_identity_of(&status);
        if (wi_file_identity_same(&now, &file->identity))
            return fd;
    }
    if (*owned)
        close(fd);
    return -1;
}
