/*
 * The model repository on the loop: a cache of snapshots by name, each look-up answered at once
 * where the files are as they were (their identities are compared), else after a worker has read
 * them again (model_load.c). Look-ups of the same model share one worker.
 */
#include "base/table.h"
#include "models/catalog/library/repository_private.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/work_queue.h"
#include "models/catalog/library/listing.h"
#include "models/catalog/library/model_load.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Models' files that stay open: of what may be open such a part, and no more than are of use. */
#define OPEN_PART 8
#define OPEN_MOST 256

struct wi_repository_lookup {
    struct job *job;
    wi_repository_fn *on_model;
    void *context;
    struct wi_repository_lookup *prev, *next;
};

/* One reading under way, and who waits for it. */
struct job {
    struct wi_repository *repository; /* NULL once the repository is gone */
    struct wi_load *load;
    struct wi_queued_work *work; /* NULL once it is done */
    struct wi_repository_lookup *waiters;
    int detached; /* the repository was reset: answer the waiters, remember nothing */
    struct job *prev, *next;
};

/* What is known of a name: a snapshot, or why there is none. */
struct entry {
    char *name;                   /* its variant in lower case, however requests write that */
    struct wi_model *model;       /* one idle reference, or NULL */
    struct wi_error *error;       /* or NULL */
    struct wi_file_stamps stamps; /* of its files as they were then */
    struct job *job;              /* reading it now, or NULL */
    UT_hash_handle hh;
};

/* --- entries ---------------------------------------------------------------------------------- */

static void entry_make_key(char key[WI_MODEL_NAME_MAX + 1], const char *name)
{
    strcpy(key, name); /* a checked name: it fits */
    for (char *c = key + wi_model_name_base(key); *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

static struct entry *find_entry(struct wi_repository *repository, const char *name)
{
    char key[WI_MODEL_NAME_MAX + 1];
    struct entry *entry;

    entry_make_key(key, name);
    HASH_FIND_STR(repository->entries, key, entry);
    return entry;
}

static struct entry *repository_add_entry(struct wi_repository *repository, const char *name)
{
    struct entry *entry = find_entry(repository, name);
    char key[WI_MODEL_NAME_MAX + 1];

    if (entry)
        return entry;
    entry_make_key(key, name);
    entry = wi_alloc(sizeof *entry);
    entry->name = wi_strdup(key);
    HASH_ADD_KEYPTR(hh, repository->entries, entry->name, strlen(entry->name), entry);
    return entry;
}

/* Forgets what was known, so that the next look-up reads the files. */
static void entry_forget(struct entry *entry)
{
    wi_model_unref_idle(WI_TAKE(entry->model));
    free(WI_TAKE(entry->error));
    wi_file_stamps_clear(&entry->stamps);
}

static void entry_tell(const struct wi_repository *repository, const struct entry *entry)
{
    wi_change_tell(repository->listener, WI_CHANGE_MODEL, entry->name, NULL);
}

static void remove_entry(struct wi_repository *repository, struct entry *entry)
{
    entry_tell(repository, entry);
    if (entry->job)
        entry->job->detached = 1;
    entry_forget(entry);
    HASH_DEL(repository->entries, entry);
    free(entry->name);
    free(entry);
}

static void remove_entries(struct wi_repository *repository)
{
    while (repository->entries)
        remove_entry(repository, repository->entries);
}

/* --- the repository --------------------------------------------------------------------------- */

/* Those that compute nothing come before the others by their names, too. */
static void add_builtins(struct wi_repository *repository)
{
    struct wi_model **next = repository->builtins;
    for (int i = WI_BUILTIN_NONE + 1; i < WI_BUILTIN_END; i++) {
        struct wi_model *model = wi_snapshot_new(repository, wi_builtin_name((enum wi_builtin)i));
        model->builtin = (enum wi_builtin)i;
        model->engine = WI_ENGINE_BUILTIN;
        *next++ = model;
    }
    for (const struct wi_kernel_model *one = wi_kernel_models; one->name; one++)
        *next++ = wi_snapshot_of_kernels(repository, one);
    assert(next < repository->builtins + WI_REPOSITORY_BUILTINS);
    repository->kernels = wi_snapshot_of_kernels(repository, NULL);
}

static struct wi_model *find_builtin(const struct wi_repository *repository, const char *name)
{
    struct wi_model *const *model = repository->builtins;
    while (*model && strcmp((*model)->name, name) != 0)
        model++;
    return *model;
}

struct wi_repository *wi_repository_new(
    uv_loop_t *loop, const char *directory, struct wi_hash_cache *cache)
{
    struct wi_repository *repository = wi_alloc(sizeof *repository);

    repository->loop = loop;
    repository->cache = cache;
    repository->limits = (struct wi_gguf_limits){.memory = WI_GGUF_HEAP_MAX, .slots = 4};
    repository->directory = wi_strdup(directory);
    repository->most_open = (size_t)wi_descriptors_limit() / OPEN_PART;
    if (repository->most_open > OPEN_MOST)
        repository->most_open = OPEN_MOST;
    repository->readings = wi_work_queue_new(loop, 1);
    add_builtins(repository);
    repository->listing = wi_listing_new(loop, directory);
    return repository;
}

struct wi_model *wi_repository_kernels(const struct wi_repository *repository)
{
    return repository->kernels;
}

void wi_repository_tell(struct wi_repository *repository, const struct wi_change_listener *listener)
{
    repository->listener = listener;
    wi_listing_tell(repository->listing, listener);
}

void wi_repository_set_limits(struct wi_repository *repository, const struct wi_gguf_limits *limits)
{
    repository->limits = *limits;
}

void wi_repository_set_aliases(struct wi_repository *repository, const struct wi_aliases *aliases)
{
    wi_aliases_clear(&repository->aliases);
    wi_aliases_copy(&repository->aliases, aliases);
}

const struct wi_aliases *wi_repository_aliases(const struct wi_repository *repository)
{
    return &repository->aliases;
}

const char *wi_repository_directory(const struct wi_repository *repository)
{
    return repository->directory;
}

void wi_repository_changed(struct wi_repository *repository, const struct wi_manifest *known)
{
    for (size_t i = 0; known && i < known->count; i++)
        wi_hash_cache_know(repository->cache, &known->files[i].identity, known->files[i].hash);
    wi_listing_reset(repository->listing, repository->directory);
}

void wi_repository_reset(struct wi_repository *repository, const char *directory)
{
    char *copy = wi_strdup(directory);

    if (strcmp(directory, repository->directory) != 0)
        wi_repository_forget_uses(repository);
    free(repository->directory);
    repository->directory = copy;
    remove_entries(repository);
    wi_listing_reset(repository->listing, directory);
}

void wi_repository_cancel(struct wi_repository_lookup *lookup)
{
    if (!lookup)
        return;
    DL_DELETE(lookup->job->waiters, lookup);
    free(lookup);
}

void wi_repository_free(struct wi_repository *repository)
{
    struct snapshot *snapshot, *later;
    struct job *job, *next;

    if (!repository)
        return;
    remove_entries(repository);
    wi_repository_forget_uses(repository);
    wi_repository_end_runs(repository);
    for (struct wi_model **model = repository->builtins; *model; model++)
        wi_model_unref(*model);
    wi_model_unref(repository->kernels);
    wi_listing_free(repository->listing);
    DL_FOREACH_SAFE(repository->jobs, job, next)
    {
        while (job->waiters)
            wi_repository_cancel(job->waiters);
        job->repository = NULL;
        atomic_store(&job->load->stop, 1);
        if (job->work)
            wi_queued_work_abandon(job->work);
    }
    DL_FOREACH_SAFE(repository->snapshots, snapshot, later)
    snapshot->model._repository = NULL; /* somebody still holds it; it outlives us */
    wi_work_queue_free(repository->readings);
    wi_aliases_clear(&repository->aliases);
    free(repository->directory);
    free(repository);
}

/* --- look-ups --------------------------------------------------------------------------------- */

/* Calls back with what is known; everything is copied or held, since the callback may do anything,
 * free the repository included. */
static void lookup_answer(
    wi_repository_fn *on_model, void *context, struct wi_model *model, const struct wi_error *error)
{
    if (model) {
        wi_model_ref(model);
        on_model(context, model, NULL);
        wi_model_unref(model);
    } else {
        struct wi_error copy = *error;
        on_model(context, NULL, &copy);
    }
}

static void free_job(struct job *job)
{
    assert(!job->waiters);
    wi_load_free(job->load);
    free(job);
}

static void note_look_up(struct wi_repository *repository, int found)
{
    if (found)
        repository->counters.found++;
    else
        repository->counters.missing++;
}

/* Whether what came of it is told again without a look: not what may pass (out of descriptors), nor
 * what is wrong with the folder where the variant is none of it: clients may name any number. */
static int is_kept(const struct wi_load *load)
{
    if (load->code == WI_MODEL_INVALID)
        return load->variant || !load->wanted;
    return load->code == WI_OK;
}

/* Remembers what the job found under its name. */
static void job_settle(
    struct wi_repository *repository, struct entry *entry, struct job *job, struct wi_model *model)
{
    struct wi_load *load = job->load;

    entry_forget(entry);
    entry_tell(repository, entry);
    entry->job = NULL;
    if (!is_kept(load)) {
        remove_entry(repository, entry); /* the next one tries again */
        return;
    }
    entry->stamps = WI_TAKE(load->stamps);
    if (model) {
        entry->model = wi_model_ref_idle(model);
    } else {
        entry->error = wi_alloc(sizeof *entry->error);
        *entry->error = load->error;
    }
}

static void run_job(void *data)
{
    struct job *job = data;

    wi_load_run(job->load);
}

/* Remembers the hashes that were new, and counts. */
static void note_hashes(struct wi_repository *repository, const struct wi_load *load)
{
    for (size_t i = 0; i < load->hashed.count; i++)
        wi_hash_cache_put(repository->cache, &load->hashed.files[i].identity,
            load->hashed.files[i].hash, load->began_at);
    repository->counters.hashed_bytes += load->hashed_bytes;
    repository->counters.known_bytes += load->known_bytes;
}

static void tell_warnings(const struct wi_model *model)
{
    struct wi_strings warnings = {0};

    wi_model_warnings(model, &warnings);
    for (size_t i = 0; i < warnings.count; i++)
        wi_warn("model", model->name, "%s", warnings.items[i]);
    wi_strings_clear(&warnings);
}

/* What a worker cannot say: which other name may have been meant. */
static void explain_missing(struct wi_repository *repository, struct wi_load *load)
{
    if (load->format == WI_FORMAT_COUNT)
        wi_list_explain(wi_listing_now(repository->listing), load->name, load->why, &load->error);
    wi_listing_missed(repository->listing);
}

static void end_job(void *data, int cancelled)
{
    struct job *job = data;
    struct wi_load *load = job->load;
    struct wi_model *model = NULL;

    job->work = NULL;
    if (cancelled || !job->repository) {
        free_job(job);
        return;
    }
    note_hashes(job->repository, load);
    if (load->code == WI_OK)
        model = wi_snapshot_of_load(job->repository, load);
    else if (load->code == WI_MODEL_NOT_FOUND)
        explain_missing(job->repository, load);
    else
        wi_warn("model", load->name, "%s", load->error.detail);
    if (model)
        tell_warnings(model);
    struct entry *entry = job->detached ? NULL : find_entry(job->repository, load->name);
    if (entry)
        job_settle(job->repository, entry, job, model);
    if (model && !model->variant &&
        !wi_list_model(wi_listing_now(job->repository->listing), load->name))
        wi_listing_missed(job->repository->listing); /* it came since the folder was read */
    job->detached = 1;                               /* no look-up can join any more */
    while (job->waiters) {
        struct wi_repository_lookup lookup = *job->waiters;

        wi_repository_cancel(job->waiters);
        if (job->repository)
            note_look_up(job->repository, model != NULL);
        lookup_answer(lookup.on_model, lookup.context, model, &load->error);
    }
    if (job->repository)
        DL_DELETE(job->repository->jobs, job);
    wi_model_unref(model);
    free_job(job);
}

/* One is read at a time, since hashing wants the whole disk: the smallest first, so that a small
 * model does not wait for all the large ones. */
static struct job *start_job(struct wi_repository *repository, struct wi_load *load, uint64_t size)
{
    struct job *job = wi_alloc(sizeof *job);

    job->repository = repository;
    job->load = load;
    DL_APPEND(repository->jobs, job);
    job->work = wi_work_queue_start(repository->readings, size, run_job, end_job, job);
    return job;
}

static struct wi_repository_lookup *wait_for(
    struct job *job, wi_repository_fn *on_model, void *context)
{
    struct wi_repository_lookup *lookup = wi_alloc(sizeof *lookup);

    *lookup = (struct wi_repository_lookup){.job = job, .on_model = on_model, .context = context};
    DL_APPEND(job->waiters, lookup);
    return lookup;
}

struct wi_repository_lookup *wi_repository_read_made(struct wi_repository *repository,
    const char *name, enum wi_model_format format, const char *folder, wi_repository_fn *on_model,
    void *context)
{
    struct wi_load *load = wi_load_new(repository->directory, name, repository->cache);

    load->staged = wi_strdup(folder);
    load->as = format;
    struct job *job = start_job(repository, load, 0);
    job->detached = 1;
    return wait_for(job, on_model, context);
}

static void answer_not_found(
    struct wi_repository *repository, const char *name, wi_repository_fn *on_model, void *context)
{
    struct wi_error error;

    repository->counters.missing++;
    wi_list_explain(wi_listing_now(repository->listing), name, NULL, &error);
    wi_listing_missed(repository->listing);
    on_model(context, NULL, &error);
}

/* Whether the entry still tells the truth about the files. */
static int is_current(const struct entry *entry)
{
    return (entry->model || entry->error) && wi_file_stamps_hold(&entry->stamps);
}

/* Whether there is a folder for that name; `*size` is how long reading takes, as far as a look
 * tells: a folder of other formats has large files. */
static int folder_is_there(const struct wi_repository *repository, const char *name, uint64_t *size)
{
    char *path = wi_sprintf(
        "%s/%.*s/model.onnx", repository->directory, (int)wi_model_name_base(name), name);
    struct stat status;
    int there = stat(path, &status) == 0;

    *size = there ? (uint64_t)status.st_size : UINT64_MAX;
    if (!there) {
        *strrchr(path, '/') = '\0';
        there = stat(path, &status) == 0 || !wi_is_missing(errno);
    }
    free(path);
    return there;
}

static struct wi_repository_lookup *repository_read_model(struct wi_repository *repository,
    const char *name, uint64_t size, wi_repository_fn *on_model, void *context)
{
    struct entry *entry = repository_add_entry(repository, name);

    if (!entry->job)
        entry->job = start_job(
            repository, wi_load_new(repository->directory, name, repository->cache), size);
    return wait_for(entry->job, on_model, context);
}

struct wi_repository_lookup *wi_repository_find(
    struct wi_repository *repository, const char *name, wi_repository_fn *on_model, void *context)
{
    char meant[WI_MODEL_NAME_MAX + 1];
    struct wi_error error;
    uint64_t size;

    if (wi_model_check_name(name, &error) != WI_OK) {
        on_model(context, NULL, &error);
        return NULL;
    }
    name = wi_aliases_resolve(&repository->aliases, name, meant);
    if (strncmp(name, "builtin/", 8) == 0) {
        struct wi_model *builtin = find_builtin(repository, name);
        if (builtin)
            lookup_answer(on_model, context, builtin, NULL);
        else
            answer_not_found(repository, name, on_model, context);
        return NULL;
    }
    struct entry *entry = find_entry(repository, name);
    if (entry && !entry->job && is_current(entry)) {
        note_look_up(repository, entry->model != NULL);
        lookup_answer(on_model, context, entry->model, entry->error);
        return NULL;
    }
    if (!folder_is_there(repository, name, &size)) {
        if (entry)
            remove_entry(repository, entry);
        answer_not_found(repository, name, on_model, context);
        return NULL;
    }
    return repository_read_model(repository, name, size, on_model, context);
}

/* More often than not it is the one that requests get by that name. */
struct wi_model *wi_repository_by_hash(
    struct wi_repository *repository, const char *name, const char *hash)
{
    const struct entry *entry =
        strlen(name) <= WI_MODEL_NAME_MAX ? find_entry(repository, name) : NULL;
    struct wi_model *model = entry ? entry->model : NULL;

    if (model && strcmp(model->hash, hash) == 0 && strcmp(model->name, name) == 0)
        return model;
    return wi_snapshot_by_hash(repository, name, hash);
}

void wi_repository_counters(
    const struct wi_repository *repository, struct wi_repository_counters *counters)
{
    *counters = repository->counters;
}

/* --- listing ---------------------------------------------------------------------------------- */

void wi_repository_list_used(struct wi_repository *repository, struct wi_versions_use *use)
{
    for (const struct snapshot *snapshot = repository->snapshots; snapshot;
         snapshot = snapshot->next) {
        const struct wi_model *model = &snapshot->model;
        if (!model->folder || !wi_model_is_used(model))
            continue;
        char *name = wi_model_name_without(model->name);
        wi_strings_add(&use->names, name);
        wi_strings_add(&use->folders, model->folder);
        free(name);
    }
}

int wi_repository_uses(struct wi_repository *repository, const char *name)
{
    struct wi_versions_use use = {0};

    wi_repository_list_used(repository, &use);
    int is_used = wi_strings_contain(&use.names, name);
    wi_versions_use_clear(&use);
    return is_used;
}

struct walk {
    struct wi_repository *repository;
    const char *after;
    size_t left; /* that may still be told of */
    int more;    /* there was one when none might be */
    wi_repository_each_fn *each;
    void *context;
};

/* Whether the model with that name is one of those that are asked for. */
static int is_next(struct walk *walk, const char *name)
{
    if (strcmp(name, walk->after) <= 0)
        return 0;
    if (walk->left == 0) {
        walk->more = 1;
        return 0;
    }
    walk->left--;
    return 1;
}

static void tell_row(struct wi_repository *repository, const struct wi_list_row *row,
    wi_repository_each_fn *each, void *context)
{
    struct entry *entry = find_entry(repository, row->name);
    const char *problem = entry && entry->error ? entry->error->detail : row->problem;

    each(context, row, entry ? entry->model : NULL, entry && entry->model ? NULL : problem);
}

static void tell_model(struct walk *walk, const struct wi_list_row *row)
{
    if (is_next(walk, row->name))
        tell_row(walk->repository, row, walk->each, walk->context);
}

int wi_repository_each_after(struct wi_repository *repository, const char *after, size_t limit,
    wi_repository_each_fn *each, void *context)
{
    const struct wi_list *list = wi_listing_now(repository->listing);
    struct walk walk = {repository, after, limit, 0, each, context};
    size_t i = wi_list_place(list, after);

    for (struct wi_model *const *builtin = repository->builtins; *builtin; builtin++) {
        const struct wi_model *model = *builtin;
        for (; i < list->model_count && strcmp(list->models[i].name, model->name) < 0 && !walk.more;
             i++)
            tell_model(&walk, &list->models[i]);
        if (is_next(&walk, model->name))
            each(context, NULL, model, NULL);
    }
    for (; i < list->model_count && !walk.more; i++)
        tell_model(&walk, &list->models[i]);
    return walk.more;
}

size_t wi_repository_count(struct wi_repository *repository)
{
    size_t count = wi_listing_now(repository->listing)->model_count;

    for (struct wi_model *const *builtin = repository->builtins; *builtin; builtin++)
        count++;
    return count;
}

void wi_repository_one(
    struct wi_repository *repository, const char *name, wi_repository_each_fn *each, void *context)
{
    const struct wi_list_row *row = wi_list_model(wi_listing_now(repository->listing), name);
    const struct wi_model *builtin = find_builtin(repository, name);

    if (builtin)
        each(context, NULL, builtin, NULL);
    else if (row)
        tell_row(repository, row, each, context);
}

const struct wi_list *wi_repository_list(struct wi_repository *repository)
{
    return wi_listing_now(repository->listing);
}

struct wi_listing_wait *wi_repository_fresh(
    struct wi_repository *repository, wi_listing_fn *on_list, void *context)
{
    return wi_listing_fresh(repository->listing, on_list, context);
}
