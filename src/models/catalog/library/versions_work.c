/*
 * One queue for all changes of the store. The kind of a task is its steps on the worker's thread.
 * Before each of them the loop lists again what is in use.
 */
#include "models/catalog/library/versions_work.h"

#include "base/descriptors.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/work_queue.h"
#include "models/catalog/library/made.h"
#include "models/catalog/library/model_load.h"
#include "models/catalog/library/quota.h"
#include "models/catalog/library/store_path.h"
#include "models/catalog/library/uploads.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Only what is its own: the worker has it alone while it runs. */
struct wi_versions_task {
    struct wi_versions_work *work; /* NULL once that is gone */
    const struct kind *kind;
    size_t step;
    wi_versions_fn *on_done;
    void *context;
    /* What is wanted. */
    char *directory, *id, *request, *name;
    char *variant, *folder; /* of what is made here */
    struct wi_strings common;
    struct wi_source source;
    uint64_t quota, needed;
    unsigned keep;
    int stagings, if_empty, evicts_none;
    struct wi_versions_use use;
    /* Its results. */
    struct wi_versions_result result;
    struct wi_manifest known;
    size_t held; /* versions that go once they are no longer used */
    int failed;
    struct wi_error error;
    struct wi_versions_task *prev, *next;
};

#define STEPS 3

struct kind {
    void (*steps[STEPS])(struct wi_versions_task *task); /* NULL: none; not after a failure */
    int changes;                                         /* the list of models */
};

/* What was in use is looked at again so much later. */
#define AGAIN_MS 60000

struct user {
    wi_versions_use_fn *list;
    void *context;
};

struct wi_versions_work {
    struct wi_repository *repository;
    struct wi_work_queue *queue;
    struct wi_versions_task *tasks;
    struct wi_timer *again;
    struct user users[WI_VERSIONS_USERS];
    size_t user_count;
    struct user around;           /* or none: who says what neighbours have */
    wi_versions_gone_fn *on_gone; /* or NULL */
    void *gone_context;
    uint64_t quota;
    unsigned keep;
};

/* --- what they do ----------------------------------------------------------------------------- */

static void list_staged(struct wi_versions_task *task)
{
    struct wi_versions_result *result = &task->result;
    struct wi_strings found = {0};
    if (wi_staging_list(task->directory, &found) != 0) {
        task->failed = 1;
        wi_path_failed(task->directory, "not all pulls can be listed", &task->error);
    }
    for (size_t i = 0; i < found.count; i++) {
        struct wi_staging staging = {0};
        struct wi_error error;
        enum wi_code code =
            wi_staging_open(task->directory, found.items[i], NULL, &staging, &error);
        if (code == WI_OK) {
            wi_strings_add(&result->ids, staging.id);
            wi_strings_add(&result->requests, staging.request);
        } else if (code != WI_NOT_FOUND) {
            task->failed = 1;
            task->error = error;
        }
        wi_staging_clear(&staging);
    }
    wi_strings_clear(&found);
}

static void task_evict(struct wi_versions_task *task)
{
    struct wi_quota quota = {0};
    if (task->quota == 0)
        return;
    const struct wi_quota_row pending = {.name = (char *)"",
        .current = 1,
        .in_use = 1,
        .bytes = task->use.pending + wi_uploads_coming(task->directory, task->id)};
    wi_quota_scan(task->directory, task->id, &task->use, &quota);
    wi_quota_add(&quota, &pending);
    for (size_t i = 0; task->evicts_none && i < quota.count; i++)
        quota.rows[i].in_use = 1;
    task->failed = wi_quota_plan(&quota, task->quota, task->needed, &task->error) != WI_OK;
    if (!task->failed)
        task->result.bytes = wi_quota_evict(task->directory, &quota, &task->result.names);
    wi_quota_clear(&quota);
}

static void free_evicted(struct wi_versions_task *task)
{
    const struct wi_strings *names = &task->result.names;
    for (size_t i = 0; i < names->count; i++)
        task->result.bytes +=
            wi_versions_prune(task->directory, names->items[i], 0, &task->use, &task->held);
    task->failed =
        wi_quota_check_disk(task->directory, task->id, task->needed, &task->error) != WI_OK;
}

static void task_stage(struct wi_versions_task *task)
{
    struct wi_versions_result *result = &task->result;
    task->failed = wi_versions_check_name(task->directory, task->name, &task->error) != WI_OK ||
                   wi_staging_open(task->directory, task->id, task->request, &result->staging,
                       &task->error) != WI_OK;
    if (task->failed)
        return;
    result->files = WI_TAKE(task->source);
    result->bytes = wi_staging_reuse(
        task->directory, &result->staging, task->name, result->files.files, result->files.count);
}

/* The hashes of what was verified. */
static void note_hashes(struct wi_versions_task *task, const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    for (size_t i = 0; folder >= 0 && i < task->source.count; i++) {
        const struct wi_source_file *from = &task->source.files[i];
        struct stat status;
        if (fstatat(folder, from->path, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !wi_source_file_is(from, &status))
            continue;
        struct wi_model_file *file = wi_manifest_add(&task->known, from->path);
        file->identity = wi_file_identity_of(&status);
        memcpy(file->hash, from->sha256, sizeof file->hash);
    }
    wi_close(folder);
}

/* What no format has by its name, the model itself has to name. */
static enum wi_code check_named(
    const struct wi_source *source, const struct wi_load *load, struct wi_error *error)
{
    for (size_t i = 0; i < source->count; i++) {
        const char *path = source->files[i].path;
        if (!wi_format_may_have(path) && !wi_manifest_find(&load->manifest, path))
            return wi_error_set(error, WI_MODEL_INVALID, path,
                "%.200s is not a file that the model names; leave it out", path);
    }
    return WI_OK;
}

static enum wi_code try_reading(struct wi_versions_task *task, const char *name, const char *folder,
    struct wi_hash_cache *known, struct wi_error *error)
{
    struct wi_load *load = wi_load_new(task->directory, name, known);
    load->staged = wi_strdup(folder);
    wi_load_run(load);
    enum wi_code code = load->code;
    if (code == WI_OK)
        code = check_named(&task->source, load, error);
    else
        *error = load->error;
    wi_load_free(load);
    return code;
}

/* Does not hash again what was verified. Reads the default variant, and the one that was
 * requested. */
static enum wi_code check_staged(void *context, const char *folder, struct wi_error *error)
{
    struct wi_versions_task *task = context;
    struct wi_hash_cache *known = wi_hash_cache_new(NULL);
    wi_manifest_clear(&task->known); /* of an earlier try */
    note_hashes(task, folder);
    for (size_t i = 0; i < task->known.count; i++)
        wi_hash_cache_know(known, &task->known.files[i].identity, task->known.files[i].hash);
    enum wi_code code = try_reading(task, task->name, folder, known, error);
    if (code == WI_OK && task->source.variant) {
        char *name = wi_model_name_with(task->name, task->source.variant);
        code = try_reading(task, name, folder, known, error);
        code = code == WI_MODEL_NOT_FOUND ? WI_OK : code; /* it is a variant of the hub alone */
        free(name);
    }
    wi_hash_cache_free(known);
    return code;
}

static void task_publish(struct wi_versions_task *task)
{
    struct wi_staging staging = {0};
    task->failed =
        (task->source.first &&
            wi_upload_taken(task->directory, task->name, &task->error) != WI_OK) ||
        wi_staging_open(task->directory, task->id, NULL, &staging, &task->error) != WI_OK ||
        wi_versions_publish(task->directory, task->name, &staging, &task->source, check_staged,
            task, &task->result.number, &task->error) != WI_OK;
    wi_staging_clear(&staging);
}

static void task_prune(struct wi_versions_task *task)
{
    task->result.bytes +=
        wi_versions_prune(task->directory, task->name, task->keep, &task->use, &task->held);
}

static void drop_staging(struct wi_versions_task *task)
{
    if (!task->if_empty || wi_staging_is_empty(task->directory, task->id))
        wi_staging_drop(task->directory, task->id);
}

static void take_away(struct wi_versions_task *task)
{
    int pulled;
    task->failed = wi_versions_remove(task->directory, task->name, &pulled, &task->result.bytes,
                       &task->error) != WI_OK;
    task->keep = 0;
}

static void task_collect(struct wi_versions_task *task)
{
    task->result.bytes =
        wi_versions_gc(task->directory, task->keep, task->stagings, &task->use, &task->held);
}

static void task_adopt(struct wi_versions_task *task)
{
    task->failed = wi_versions_adopt(task->directory, task->name, &task->error) != WI_OK;
}

static void stage_made(struct wi_versions_task *task)
{
    task->failed = wi_made_stage(task->directory, task->id, task->folder, &task->common,
                       &task->result.staging, &task->error) != WI_OK;
}

static void publish_made(struct wi_versions_task *task)
{
    task->failed = wi_made_publish(task->directory, task->id, task->name, task->variant,
                       task->request, &task->error) != WI_OK;
}

static const struct kind staged_kind = {{list_staged}, 1};
static const struct kind evict_kind = {{task_evict, free_evicted}, 1};
static const struct kind stage_kind = {{task_stage}, 0};
static const struct kind publish_kind = {{task_publish, task_prune}, 1};
static const struct kind drop_kind = {{drop_staging}, 0};
static const struct kind take_away_kind = {{take_away, task_prune}, 1};
static const struct kind adopt_kind = {{task_adopt}, 0};
static const struct kind collect_kind = {{task_collect}, 1};
static const struct kind stage_made_kind = {{task_evict, free_evicted, stage_made}, 1};
static const struct kind publish_made_kind = {{publish_made}, 1};

/* --- the queue -------------------------------------------------------------------------------- */

static void free_task(struct wi_versions_task *task)
{
    struct wi_versions_result *result = &task->result;
    wi_strings_clear(&result->names);
    wi_strings_clear(&result->ids);
    wi_strings_clear(&result->requests);
    wi_staging_clear(&result->staging);
    wi_source_clear(&result->files);
    wi_source_clear(&task->source);
    wi_versions_use_clear(&task->use);
    wi_manifest_clear(&task->known);
    free(task->directory);
    free(task->id);
    free(task->request);
    free(task->name);
    free(task->variant);
    free(task->folder);
    wi_strings_clear(&task->common);
    free(task);
}

static void task_run(void *data)
{
    struct wi_versions_task *task = data;
    task->kind->steps[task->step](task);
}

static void on_run(void *data, int cancelled);

static struct wi_versions_task *task_queue(struct wi_versions_task *task)
{
    struct wi_versions_work *work = task->work;
    wi_versions_use_clear(&task->use);
    wi_repository_list_used(work->repository, &task->use);
    for (size_t i = 0; i < work->user_count; i++)
        work->users[i].list(work->users[i].context, &task->use);
    if (task->kind->steps[task->step] == task_evict && !task->evicts_none && work->around.list)
        work->around.list(work->around.context, &task->use);
    wi_work_queue_start(work->queue, 0, task_run, on_run, task);
    return task;
}

/* What is made is not staged for a caller that has gone: its folder may have been dropped. */
static int has_next(const struct wi_versions_task *task)
{
    return !task->failed && task->step + 1 < STEPS && task->kind->steps[task->step + 1] &&
           (task->on_done || task->kind != &stage_made_kind);
}

static void on_run(void *data, int cancelled)
{
    struct wi_versions_task *task = data;
    struct wi_versions_work *work = task->work;
    if (!work || cancelled) {
        if (work)
            DL_DELETE(work->tasks, task);
        free_task(task);
        return;
    }
    if (task->step == 0 && task->kind == &take_away_kind && !task->failed && work->on_gone)
        work->on_gone(work->gone_context, task->name);
    if (has_next(task)) {
        task->step++;
        task_queue(task);
        return;
    }
    if (task->kind == &stage_made_kind && task->step + 1 < STEPS &&
        task->error.code == WI_STORAGE_FAILED)
        task->error.code = WI_NO_ROOM;
    DL_DELETE(work->tasks, task);
    task->work = NULL;
    if (task->held > 0)
        wi_timer_start(work->again, AGAIN_MS, 0);
    if (task->kind->changes)
        wi_repository_changed(work->repository, &task->known);
    if (task->on_done)
        task->on_done(task->context, &task->result, task->failed ? &task->error : NULL);
    free_task(task);
}

/* `id` and `name` may be NULL. */
static struct wi_versions_task *new_task(struct wi_versions_work *work, const struct kind *kind,
    const char *id, const char *name, wi_versions_fn *on_done, void *context)
{
    struct wi_versions_task *task = wi_alloc(sizeof *task);
    task->work = work;
    task->kind = kind;
    task->on_done = on_done;
    task->context = context;
    task->id = wi_strdup(id);
    task->name = wi_strdup(name);
    task->directory = wi_strdup(wi_repository_directory(work->repository));
    task->quota = work->quota;
    task->keep = work->keep;
    DL_APPEND(work->tasks, task);
    return task;
}

void wi_versions_cancel(struct wi_versions_task *task)
{
    if (task)
        task->on_done = NULL;
}

static void on_again(void *context)
{
    wi_versions_collect(context, 0, NULL, NULL);
}

struct wi_versions_work *wi_versions_work_new(uv_loop_t *loop, struct wi_repository *repository)
{
    struct wi_versions_work *work = wi_alloc(sizeof *work);
    work->repository = repository;
    work->queue = wi_work_queue_new(loop, 1);
    work->again = wi_timer_new(loop, on_again, work);
    work->keep = 2;
    return work;
}

void wi_versions_work_free(struct wi_versions_work *work)
{
    struct wi_versions_task *task, *next;
    if (!work)
        return;
    DL_FOREACH_SAFE(work->tasks, task, next)
    task->work = NULL; /* it frees itself */
    wi_work_queue_free(work->queue);
    wi_timer_free(work->again);
    free(work);
}

void wi_versions_work_set(struct wi_versions_work *work, uint64_t quota, unsigned keep)
{
    work->quota = quota;
    work->keep = keep;
}

void wi_versions_work_add_user(
    struct wi_versions_work *work, wi_versions_use_fn *list, void *context)
{
    if (work->user_count < WI_VERSIONS_USERS)
        work->users[work->user_count++] = (struct user){list, context};
}

void wi_versions_work_ask(
    struct wi_versions_work *work, wi_versions_use_fn *list_elsewhere, void *context)
{
    work->around = (struct user){list_elsewhere, context};
}

void wi_versions_work_tell(
    struct wi_versions_work *work, wi_versions_gone_fn *on_gone, void *context)
{
    work->on_gone = on_gone;
    work->gone_context = context;
}

/* --- the tasks -------------------------------------------------------------------------------- */

struct wi_versions_task *wi_versions_staged(
    struct wi_versions_work *work, wi_versions_fn *on_done, void *context)
{
    return task_queue(new_task(work, &staged_kind, NULL, NULL, on_done, context));
}

struct wi_versions_task *wi_versions_make_room(struct wi_versions_work *work, const char *id,
    uint64_t needed, wi_versions_fn *on_done, void *context)
{
    struct wi_versions_task *task = new_task(work, &evict_kind, id, NULL, on_done, context);
    task->needed = needed;
    return task_queue(task);
}

struct wi_versions_task *wi_versions_find_room(struct wi_versions_work *work, const char *id,
    uint64_t needed, int apart, wi_versions_fn *on_done, void *context)
{
    struct wi_versions_task *task = new_task(work, &evict_kind, id, NULL, on_done, context);
    task->needed = needed;
    task->evicts_none = 1;
    task->quota = apart ? 0 : task->quota;
    return task_queue(task);
}

struct wi_versions_task *wi_versions_stage(struct wi_versions_work *work, const char *id,
    const char *request, const char *name, const struct wi_source *files, wi_versions_fn *on_done,
    void *context)
{
    struct wi_versions_task *task = new_task(work, &stage_kind, id, name, on_done, context);
    task->request = wi_strdup(request);
    if (files)
        wi_source_copy(&task->source, files);
    return task_queue(task);
}

struct wi_versions_task *wi_versions_make_current(struct wi_versions_work *work, const char *id,
    const char *name, const struct wi_source *source, wi_versions_fn *on_done, void *context)
{
    struct wi_versions_task *task = new_task(work, &publish_kind, id, name, on_done, context);
    wi_source_copy(&task->source, source);
    return task_queue(task);
}

struct wi_versions_task *wi_versions_stage_made(struct wi_versions_work *work, const char *id,
    uint64_t needed, const char *folder, const struct wi_strings *common, wi_versions_fn *on_done,
    void *context)
{
    struct wi_versions_task *task = new_task(work, &stage_made_kind, id, NULL, on_done, context);
    task->needed = needed;
    task->folder = wi_strdup(folder);
    wi_strings_copy(&task->common, common);
    return task_queue(task);
}

struct wi_versions_task *wi_versions_publish_made(struct wi_versions_work *work, const char *id,
    const char *name, const char *variant, const char *notes, wi_versions_fn *on_done,
    void *context)
{
    struct wi_versions_task *task = new_task(work, &publish_made_kind, id, name, on_done, context);
    task->variant = wi_strdup(variant);
    task->request = wi_strdup(notes);
    return task_queue(task);
}

struct wi_versions_task *wi_versions_drop_staging(struct wi_versions_work *work, const char *id,
    int if_empty, wi_versions_fn *on_done, void *context)
{
    struct wi_versions_task *task = new_task(work, &drop_kind, id, NULL, on_done, context);
    task->if_empty = if_empty;
    return task_queue(task);
}

struct wi_versions_task *wi_versions_take_away(
    struct wi_versions_work *work, const char *name, wi_versions_fn *on_done, void *context)
{
    return task_queue(new_task(work, &take_away_kind, NULL, name, on_done, context));
}

struct wi_versions_task *wi_versions_want(
    struct wi_versions_work *work, const char *name, wi_versions_fn *on_done, void *context)
{
    return task_queue(new_task(work, &adopt_kind, NULL, name, on_done, context));
}

struct wi_versions_task *wi_versions_collect(
    struct wi_versions_work *work, int stagings, wi_versions_fn *on_done, void *context)
{
    struct wi_versions_task *task = new_task(work, &collect_kind, NULL, NULL, on_done, context);
    task->stagings = stagings;
    return task_queue(task);
}
