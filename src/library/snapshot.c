/*
 * Models as they are given out: each as its files were when it was read, kept by whoever holds it;
 * and when each was used last, which is written down too of those that were pulled.
 */
#include "base/table.h"
#include "library/repository_private.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct wi_model *wi_model_ref(struct wi_model *model)
{
    assert(model->_references > 0);
    model->_references++;
    return model;
}

void wi_model_unref(struct wi_model *model)
{
    struct snapshot *snapshot = (struct snapshot *)model;

    if (!model)
        return;
    assert(model->_references > 0);
    if (--model->_references > 0)
        return;
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

struct wi_model *wi_model_ref_idle(struct wi_model *model)
{
    model->_idle++;
    return wi_model_ref(model);
}

void wi_model_unref_idle(struct wi_model *model)
{
    if (!model)
        return;
    assert(model->_idle > 0);
    model->_idle--;
    wi_model_unref(model);
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
    snapshot->model._repository = repository;
    DL_PREPEND(repository->snapshots, snapshot); /* the newest first: see wi_repository_by_hash */
    return &snapshot->model;
}

/* A variant is one model, by the name that the folder gives it. The caller frees. */
static char *name_of(const struct wi_load *load)
{
    size_t base = strcspn(load->name, ":");

    if (!load->name[base] || !load->variant)
        return wi_strdup(load->name);
    return wi_sprintf("%.*s:%s", (int)base, load->name, load->variant);
}

static size_t count_open(const struct wi_repository *repository)
{
    const struct snapshot *snapshot;
    size_t open = 0;

    DL_FOREACH(repository->snapshots, snapshot)
    open += snapshot->model.manifest.open;
    return open;
}

/* Makes room for files that are to stay open: those of the oldest models that nobody uses are
 * closed first, and where that is not enough, the new ones. */
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
    char *name = name_of(load);
    struct wi_model *model = wi_snapshot_new(repository, name);

    free(name);
    memcpy(model->hash, load->hash, sizeof model->hash);
    model->format = load->format;
    model->engine = wi_formats[load->format]->engine;
    model->folder = wi_strdup(load->folder);
    model->version = load->version;
    wi_source_move(&model->source, &load->source);
    model->variant = load->variant;
    load->variant = NULL;
    wi_variants_move(&model->variants, &load->variants);
    limit_open(repository, &load->manifest);
    wi_manifest_move(&model->manifest, &load->manifest);
    wi_facts_move(&model->facts, &load->facts);
    if (wi_formats[model->format]->plan)
        wi_formats[model->format]->plan(&model->facts, &repository->limits);
    model->type = model->facts.type;
    if (model->type == WI_TYPE_UNKNOWN)
        model->type = wi_model_type_of_name(model->name);
    return model;
}

struct wi_model *wi_repository_by_hash(
    struct wi_repository *repository, const char *name, const char *hash)
{
    struct snapshot *snapshot;

    DL_FOREACH(repository->snapshots, snapshot)
    if (!snapshot->model.builtin && strcmp(snapshot->model.hash, hash) == 0 &&
        strcmp(snapshot->model.name, name) == 0)
        return &snapshot->model;
    return NULL;
}

/* --- when each was used ----------------------------------------------------------------------- */

#define NOTE_AFTER_S 60

/* When a model was used last; both in Unix seconds. */
struct use {
    char *name; /* without variant */
    int64_t at, noted_at;
    UT_hash_handle hh;
};

static void note_use(void *data)
{
    wi_versions_touch(data);
}

static void free_note(void *data, int cancelled)
{
    (void)cancelled;
    free(data);
}

static struct use *find_use(const struct wi_repository *repository, const char *name)
{
    struct use *use;
    size_t length = strcspn(name, ":");

    HASH_FIND(hh, repository->uses, name, length, use);
    return use;
}

void wi_model_use(struct wi_model *model)
{
    struct wi_repository *repository = model->_repository;
    struct use *use = repository ? find_use(repository, model->name) : NULL;

    if (!repository || !model->folder)
        return;
    if (!use) {
        use = wi_alloc(sizeof *use);
        use->name = wi_strndup(model->name, strcspn(model->name, ":"));
        HASH_ADD_KEYPTR(hh, repository->uses, use->name, strlen(use->name), use);
    }
    use->at = wi_wall_ms() / 1000;
    if (model->version == 0 || use->at < use->noted_at + NOTE_AFTER_S)
        return;
    use->noted_at = use->at;
    wi_work_start(repository->loop, note_use, free_note, wi_strdup(model->folder));
}

int64_t wi_repository_used_at(const struct wi_repository *repository, const char *name)
{
    const struct use *use = find_use(repository, name);

    return use ? use->at : 0;
}

void wi_repository_forget_uses(struct wi_repository *repository)
{
    struct use *use, *next;

    HASH_ITER(hh, repository->uses, use, next)
    {
        HASH_DEL(repository->uses, use);
        free(use->name);
        free(use);
    }
}
