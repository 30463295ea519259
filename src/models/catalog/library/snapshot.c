/* Models as they are handed out: each as its files were when it was read, kept by its
 * references. */
#include "models/catalog/library/repository_private.h"

#include "base/hash.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static void snapshot_free(struct wi_model *model)
{
    struct snapshot *snapshot = (struct snapshot *)model;

    if (model->_repository)
        DL_DELETE(model->_repository->snapshots, snapshot);
    wi_manifest_clear(&model->manifest);
    wi_variants_clear(&model->variants);
    wi_facts_clear(&model->facts);
    wi_source_clear(&model->source);
    free(model->folder);
    free(model->variant);
    free(model->name);
    free(snapshot);
}

int wi_model_is_used(const struct wi_model *model)
{
    return model->_references > model->_idle;
}

struct wi_model *wi_snapshot_new(struct wi_repository *repository, const char *name)
{
    struct snapshot *snapshot = wi_alloc(sizeof *snapshot);

    snapshot->model.name = wi_strdup(name);
    snapshot->model._references = 1;
    snapshot->model._free = snapshot_free;
    snapshot->model._repository = repository;
    DL_PREPEND(repository->snapshots, snapshot); /* the newest first: see wi_snapshot_by_hash */
    return &snapshot->model;
}

/* Its one input or output. */
static struct wi_onnx_value *tensor_value(const struct wi_kernel_tensor *tensor)
{
    struct wi_onnx_value *value = wi_alloc(sizeof *value);
    value->name = wi_strdup(tensor->name);
    value->tensor = value->has_datatype = value->has_shape = 1;
    value->datatype = WI_FP32;
    value->rank = wi_kernel_model_dims(tensor->shape, value->dims);
    value->is_batch = 1; /* the first size: see terms/kernel/kernel_model.h */
    return value;
}

struct wi_model *wi_snapshot_of_kernels(
    struct wi_repository *repository, const struct wi_kernel_model *kernels)
{
    const char *kind = kernels ? kernels->name : "kernels";
    char *name = wi_sprintf("builtin/%s", kind),
         *key = wi_sprintf("%s/%s", name, WI_KERNELS_VERSION);
    struct wi_model *model = wi_snapshot_new(repository, name);
    struct wi_onnx_signature *signature = &model->facts.signature;
    unsigned char hash[WI_HASH_SIZE];
    size_t size = strlen(key);

    for (char *slash = key; (slash = strchr(slash, '/')); slash++)
        *slash = '\0';
    wi_hash(key, size, hash);
    wi_hash_hex(hash, model->hash);
    free(key);
    free(name);
    model->engine = WI_ENGINE_KERNELS;
    model->kernels = kernels;
    if (!kernels)
        return model;
    signature->inputs = tensor_value(&kernels->input);
    signature->outputs = tensor_value(&kernels->output);
    signature->input_count = signature->output_count = 1;
    return model;
}

static size_t count_open(const struct wi_repository *repository)
{
    size_t open = 0;

    for (const struct snapshot *snapshot = repository->snapshots; snapshot;
         snapshot = snapshot->next)
        open += snapshot->model.manifest.open;
    return open;
}

/* Makes room for files that are to stay open: first closes those of the oldest unused models, then,
 * if that is not enough, the new ones. */
static void limit_open(struct wi_repository *repository, struct wi_manifest *manifest)
{
    size_t open = count_open(repository) + manifest->open;
    struct snapshot *first = repository->snapshots, *one = first ? first->prev : NULL;

    for (; one && open > repository->most_open; one = one == first ? NULL : one->prev) {
        if (one->model.manifest.open == 0 || wi_model_is_used(&one->model))
            continue;
        open -= one->model.manifest.open;
        wi_manifest_close(&one->model.manifest);
    }
    if (open > repository->most_open)
        wi_manifest_close(manifest);
}

struct wi_model *wi_snapshot_of_load(struct wi_repository *repository, struct wi_load *load)
{
    /* A variant is one model, by the name that the folder gives it. */
    char *name = load->wanted && load->variant ? wi_model_name_with(load->name, load->variant)
                                               : wi_strdup(load->name);
    struct wi_model *model = wi_snapshot_new(repository, name);

    free(name);
    memcpy(model->hash, load->hash, sizeof model->hash);
    model->format = load->format;
    model->engine = wi_formats[load->format]->engine;
    model->folder = wi_strdup(load->folder);
    model->version = load->version;
    model->source = WI_TAKE(load->source);
    model->variant = WI_TAKE(load->variant);
    model->variants = WI_TAKE(load->variants);
    limit_open(repository, &load->manifest);
    model->manifest = WI_TAKE(load->manifest);
    model->facts = WI_TAKE(load->facts);
    if (wi_formats[model->format]->plan)
        wi_formats[model->format]->plan(&model->facts, &repository->limits);
    model->type = model->facts.type;
    if (model->type == WI_TYPE_UNKNOWN)
        model->type = wi_model_type_of_name(model->name);
    return model;
}

struct wi_model *wi_snapshot_by_hash(
    const struct wi_repository *repository, const char *name, const char *hash)
{
    for (struct snapshot *snapshot = repository->snapshots; snapshot; snapshot = snapshot->next)
        if (snapshot->model.folder && strcmp(snapshot->model.hash, hash) == 0 &&
            strcmp(snapshot->model.name, name) == 0)
            return &snapshot->model;
    return NULL;
}
