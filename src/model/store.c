/*
 * The model store on the loop: a cache of snapshots by name, each look-up answered at once where
 * the files are as they were (their identities are compared), else after a worker has read them
 * again (load.c). Look-ups of the same model share one worker.
 */
#include "model/store.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/work_queue.h"
#include "model/listing.h"
#include "model/load.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

/* A model and its place in the store's list of all that anybody still holds. */
struct snapshot {
    struct wi_model model;  /* first: a model is cast back to its snapshot */
    struct wi_store *store; /* NULL once the store is gone */
    struct snapshot *prev, *next;
};

struct job;

struct wi_store_lookup {
    struct job *job;
    wi_store_fn *on_model;
    void *context;
    struct wi_store_lookup *prev, *next;
};

/* One reading under way, and who waits for it. */
struct job {
    struct wi_store *store; /* NULL once the store is gone */
    struct wi_load *load;
    struct wi_queued_work *work; /* NULL once it is done */
    struct wi_store_lookup *waiters;
    int detached; /* the store was reset: answer the waiters, remember nothing */
    struct job *prev, *next;
};

/* What is known of a name: a snapshot, or why there is none. */
struct entry {
    char *name;
    struct wi_model *model;     /* one reference, or NULL */
    struct wi_error *error;     /* or NULL */
    struct wi_load_files files; /* as they were then */
    char *labels_file;          /* whose identity is among them, or NULL */
    struct job *job;            /* reading it now, or NULL */
    UT_hash_handle hh;
};

struct wi_store {
    uv_loop_t *loop;
    char *directory;
    struct entry *entries;
    struct snapshot *snapshots; /* not owned: each removes itself */
    struct job *jobs;
    struct wi_work_queue *readings;
    struct wi_model *echo;
    struct wi_listing *listing;
};

static const char echo_name[] = "builtin/echo";

/* --- snapshots -------------------------------------------------------------------------------- */

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
    if (snapshot->store)
        DL_DELETE(snapshot->store->snapshots, snapshot);
    if (model->fd >= 0)
        close(model->fd);
    json_decref(model->spec);
    free(model->spec_text);
    wi_onnx_clear(&model->signature);
    free(model->name);
    free(snapshot);
}

static struct wi_model *new_model(struct wi_store *store, const char *name)
{
    struct snapshot *snapshot = wi_alloc(sizeof(*snapshot));

    snapshot->model.name = wi_strdup(name);
    snapshot->model.fd = -1;
    snapshot->model._references = 1;
    snapshot->store = store;
    DL_PREPEND(store->snapshots, snapshot); /* the newest first: see wi_store_by_hash */
    return &snapshot->model;
}

/* Takes the load's results over. */
static struct wi_model *model_of(struct wi_store *store, struct wi_load *load)
{
    struct wi_model *model = new_model(store, load->name);

    memcpy(model->hash, load->hash, sizeof(model->hash));
    model->fd = load->fd;
    load->fd = -1;
    model->size = load->size;
    model->signature = load->signature;
    load->signature = (struct wi_onnx_signature){0};
    model->spec = load->spec.json;
    load->spec.json = NULL;
    model->spec_text = load->spec.text;
    load->spec.text = NULL;
    model->takes_picture = load->spec.takes_picture;
    model->type = load->spec.has_type ? load->spec.type : wi_model_type_of_name(model->name);
    return model;
}

struct wi_model *wi_store_by_hash(struct wi_store *store, const char *name, const char *hash)
{
    struct snapshot *snapshot;

    DL_FOREACH(store->snapshots, snapshot)
    if (!snapshot->model.builtin && strcmp(snapshot->model.hash, hash) == 0 &&
        strcmp(snapshot->model.name, name) == 0)
        return &snapshot->model;
    return NULL;
}

/* --- entries ---------------------------------------------------------------------------------- */

static struct entry *find_entry(struct wi_store *store, const char *name)
{
    struct entry *entry;

    HASH_FIND_STR(store->entries, name, entry);
    return entry;
}

static struct entry *add_entry(struct wi_store *store, const char *name)
{
    struct entry *entry = find_entry(store, name);

    if (entry)
        return entry;
    entry = wi_alloc(sizeof(*entry));
    entry->name = wi_strdup(name);
    HASH_ADD_KEYPTR(hh, store->entries, entry->name, strlen(entry->name), entry);
    return entry;
}

/* Forgets what was known, so that the next look-up reads the files. */
static void forget(struct entry *entry)
{
    wi_model_unref(entry->model);
    free(entry->error);
    free(entry->labels_file);
    entry->model = NULL;
    entry->error = NULL;
    entry->labels_file = NULL;
    memset(&entry->files, 0, sizeof(entry->files));
}

static void remove_entry(struct wi_store *store, struct entry *entry)
{
    if (entry->job)
        entry->job->detached = 1;
    forget(entry);
    HASH_DEL(store->entries, entry);
    free(entry->name);
    free(entry);
}

static void remove_entries(struct wi_store *store)
{
    struct entry *entry, *next;

    HASH_ITER(hh, store->entries, entry, next)
    remove_entry(store, entry);
}

/* --- the store -------------------------------------------------------------------------------- */

struct wi_store *wi_store_new(uv_loop_t *loop, const char *directory)
{
    struct wi_store *store = wi_alloc(sizeof(*store));

    store->loop = loop;
    store->directory = wi_strdup(directory);
    store->readings = wi_work_queue_new(loop, 1);
    store->echo = new_model(store, echo_name);
    store->echo->builtin = 1;
    store->listing = wi_listing_new(loop, directory);
    return store;
}

void wi_store_reset(struct wi_store *store, const char *directory)
{
    char *copy = wi_strdup(directory);

    free(store->directory);
    store->directory = copy;
    remove_entries(store);
    wi_listing_reset(store->listing, directory);
}

void wi_store_cancel(struct wi_store_lookup *lookup)
{
    if (!lookup)
        return;
    DL_DELETE(lookup->job->waiters, lookup);
    free(lookup);
}

void wi_store_free(struct wi_store *store)
{
    struct snapshot *snapshot, *later;
    struct job *job, *next;

    if (!store)
        return;
    remove_entries(store);
    wi_model_unref(store->echo);
    wi_listing_free(store->listing);
    DL_FOREACH_SAFE(store->jobs, job, next)
    {
        while (job->waiters)
            wi_store_cancel(job->waiters);
        job->store = NULL;
        atomic_store(&job->load->stop, 1);
        if (job->work)
            wi_queued_work_abandon(job->work);
    }
    DL_FOREACH_SAFE(store->snapshots, snapshot, later)
    snapshot->store = NULL; /* somebody still holds it; it outlives us */
    wi_work_queue_free(store->readings);
    free(store->directory);
    free(store);
}

/* --- look-ups --------------------------------------------------------------------------------- */

/* Calls back with what is known; everything is copied or held, since the callback may do anything,
 * free the store included. */
static void answer(
    wi_store_fn *on_model, void *context, struct wi_model *model, const struct wi_error *error)
{
    struct wi_error copy;

    if (model) {
        wi_model_ref(model);
        on_model(context, model, NULL);
        wi_model_unref(model);
    } else {
        copy = *error;
        on_model(context, NULL, &copy);
    }
}

static void free_job(struct job *job)
{
    assert(!job->waiters);
    wi_load_free(job->load);
    free(job);
}

/* Remembers what the job found under its name. */
static void settle(struct entry *entry, struct job *job, struct wi_model *model)
{
    struct wi_load *load = job->load;

    forget(entry);
    entry->job = NULL;
    if (load->code != WI_OK && load->code != WI_MODEL_INVALID)
        return; /* out of descriptors, or gone: the next look-up tries again */
    entry->files = load->files;
    entry->labels_file = load->spec.labels_file;
    load->spec.labels_file = NULL;
    if (model) {
        entry->model = wi_model_ref(model);
    } else {
        entry->error = wi_alloc(sizeof(*entry->error));
        *entry->error = load->error;
    }
}

static void run_job(void *data)
{
    struct job *job = data;

    wi_load_run(job->load);
}

static void end_job(void *data, int cancelled)
{
    struct job *job = data;
    struct wi_load *load = job->load;
    struct wi_model *model = NULL;
    struct entry *entry;

    job->work = NULL;
    if (cancelled || !job->store) {
        free_job(job);
        return;
    }
    if (load->code == WI_OK)
        model = model_of(job->store, load);
    else
        wi_warn("model", load->name, "%s", load->error.detail);
    entry = job->detached ? NULL : find_entry(job->store, load->name);
    if (entry)
        settle(entry, job, model);
    if (model && !wi_list_model(wi_listing_now(job->store->listing), load->name))
        wi_listing_missed(job->store->listing); /* it came since the folder was read */
    job->detached = 1;                          /* no look-up can join any more */
    while (job->waiters) {
        struct wi_store_lookup lookup = *job->waiters;

        wi_store_cancel(job->waiters);
        answer(lookup.on_model, lookup.context, model, &load->error);
    }
    if (job->store)
        DL_DELETE(job->store->jobs, job);
    wi_model_unref(model);
    free_job(job);
}

/* One is read at a time, since hashing wants the whole disk: the smallest first, so that a small
 * model does not wait for all the large ones. */
static struct job *start_job(struct wi_store *store, const char *name, uint64_t size)
{
    struct job *job = wi_alloc(sizeof(*job));

    job->store = store;
    job->load = wi_load_new(store->directory, name);
    DL_APPEND(store->jobs, job);
    job->work = wi_work_queue_start(store->readings, size, run_job, end_job, job);
    return job;
}

static void answer_not_found(
    struct wi_store *store, const char *name, wi_store_fn *on_model, void *context)
{
    struct wi_error error;

    wi_list_explain(wi_listing_now(store->listing), name, &error);
    wi_listing_missed(store->listing);
    on_model(context, NULL, &error);
}

/* Whether the entry still tells the truth about the files. */
static int is_current(const struct entry *entry, const struct wi_load_files *files)
{
    return (entry->model || entry->error) && files->model.inode != 0 &&
           memcmp(&entry->files, files, sizeof(*files)) == 0;
}

struct wi_store_lookup *wi_store_find(
    struct wi_store *store, const char *name, wi_store_fn *on_model, void *context)
{
    struct wi_store_lookup *lookup;
    struct wi_load_files files;
    struct wi_error error;
    struct entry *entry;

    if (wi_model_check_name(name, &error) != WI_OK) {
        on_model(context, NULL, &error);
        return NULL;
    }
    if (strncmp(name, "builtin/", 8) == 0) {
        if (strcmp(name, echo_name) == 0)
            answer(on_model, context, store->echo, NULL);
        else
            answer_not_found(store, name, on_model, context);
        return NULL;
    }
    entry = find_entry(store, name);
    if (wi_load_look(store->directory, name, entry ? entry->labels_file : NULL, &files) < 0 &&
        (errno == ENOENT || errno == ENOTDIR)) {
        if (entry)
            remove_entry(store, entry);
        answer_not_found(store, name, on_model, context);
        return NULL;
    }
    if (entry && !entry->job && is_current(entry, &files)) {
        answer(on_model, context, entry->model, entry->error);
        return NULL;
    }
    entry = add_entry(store, name);
    if (!entry->job)
        entry->job = start_job(store, name, (uint64_t)files.model.size);
    lookup = wi_alloc(sizeof(*lookup));
    *lookup = (struct wi_store_lookup){.job = entry->job, .on_model = on_model, .context = context};
    DL_APPEND(entry->job->waiters, lookup);
    return lookup;
}

/* --- listing ---------------------------------------------------------------------------------- */

static void tell_model(
    struct wi_store *store, const struct wi_list_row *row, wi_store_each_fn *each, void *context)
{
    struct entry *entry = find_entry(store, row->name);
    const char *problem = entry && entry->error ? entry->error->detail : row->problem;

    each(context, row->name, entry ? entry->model : NULL, entry && entry->model ? NULL : problem);
}

void wi_store_each(struct wi_store *store, wi_store_each_fn *each, void *context)
{
    const struct wi_list *list = wi_listing_now(store->listing);
    size_t i = 0;

    for (; i < list->model_count && strcmp(list->models[i].name, echo_name) < 0; i++)
        tell_model(store, &list->models[i], each, context);
    each(context, echo_name, store->echo, NULL);
    for (; i < list->model_count; i++)
        tell_model(store, &list->models[i], each, context);
}

struct wi_listing *wi_store_listing(struct wi_store *store)
{
    return store->listing;
}
