/*
 * Publishing a model takes three steps. A thread hashes its files and writes the pin to disk under
 * a temporary name. The loop renames the pin and puts it into the table, so that there is never one
 * without the other. A thread syncs the rename to disk.
 */
#include "models/share/blockstore/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "models/share/blockstore/gather.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define TELL_MS 200

struct wi_publishing {
    struct wi_blockstore *blocks; /* NULL once that is gone */
    struct wi_model *model;       /* a reference, while its files are read */
    wi_publish_progress_fn *on_progress;
    wi_publish_fn *on_done; /* NULL: no longer wanted */
    void *context;
    struct wi_timer *tick;
    struct wi_publish_progress told;
    int has_begun, is_syncing;
    /* The thread's while it works. */
    atomic_int stop;
    atomic_ullong done; /* bytes */
    char *name, *directory;
    struct wi_pin pin;
    struct wi_cid before; /* the model published under that name when it began */
    char *before_origin;  /* NULL: nothing was */
    int64_t before_at;
    int has_cid;
    struct wi_cid cid; /* that it is to have */
    struct wi_outline *outline;
    char temporary[WI_ID_SIZE];
    int failed;
    struct wi_error error;
    struct wi_publishing *prev, *next;
};

/* --- on the thread ---------------------------------------------------------------------------- */

static enum wi_code publishing_hash(struct wi_publishing *publishing, struct wi_error *error)
{
    const struct wi_gather gather = {.directory = publishing->directory,
        .stop = &publishing->stop,
        .done = &publishing->done,
        .must_keep = 1};
    if (atomic_load(&publishing->stop))
        return wi_error_set(error, WI_UNAVAILABLE, "", "the store is closing");
    enum wi_code code = wi_gather_run(&gather, &publishing->pin, &publishing->outline, error);
    if (code == WI_OK && publishing->has_cid &&
        !wi_cid_equal(&publishing->cid, &publishing->pin.cid))
        code = wi_error_set(
            error, WI_CONFLICT, "", "its files have another CID, %s", publishing->pin.cid_text);
    if (code != WI_OK)
        return code;
    struct wi_pin *pin = &publishing->pin;
    /* An unchanged model keeps its first origin and time. */
    if (publishing->before_origin && wi_cid_equal(&publishing->before, &pin->cid)) {
        free(pin->origin);
        pin->origin = wi_strdup(publishing->before_origin);
        pin->published_at = publishing->before_at;
    }
    return wi_pin_stage(publishing->directory, pin, publishing->temporary, error);
}

static void publishing_run(void *data)
{
    struct wi_publishing *publishing = data;
    if (publishing->is_syncing)
        wi_pins_sync(publishing->directory);
    else if (!publishing->failed)
        publishing->failed = publishing_hash(publishing, &publishing->error) != WI_OK;
    if (!publishing->failed || publishing->error.code != WI_CONFLICT)
        return;
    struct wi_error found = publishing->error;
    wi_error_set(&publishing->error, WI_CONFLICT, "model_name",
        "the model changed while it was being published: %.300s; publish it again", found.detail);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void free_publishing(struct wi_publishing *publishing)
{
    if (publishing->temporary[0])
        wi_pin_drop(publishing->directory, publishing->temporary);
    wi_timer_free(publishing->tick);
    wi_model_unref(publishing->model);
    wi_outline_unref(publishing->outline);
    wi_pin_clear(&publishing->pin);
    free(publishing->before_origin);
    free(publishing->name);
    free(publishing->directory);
    free(publishing);
}

/* Calls back with the pin, unless that was taken away while it was brought to disk. */
static void publishing_finish(struct wi_publishing *publishing)
{
    struct wi_blockstore *blocks = publishing->blocks;
    const struct wi_pin_entry *entry =
        publishing->failed ? NULL : wi_pin_table_find(blocks, publishing->name);
    DL_DELETE(blocks->publishings, publishing);
    if (!publishing->failed && !entry)
        wi_error_set(&publishing->error, WI_CONFLICT, "model_name",
            "the model was unpublished while it was being published");
    if (publishing->on_done && entry)
        publishing->on_done(publishing->context, &entry->pin, NULL);
    else if (publishing->on_done)
        publishing->on_done(publishing->context, NULL, &publishing->error);
    free_publishing(publishing);
}

static enum wi_code check_directory(const struct wi_publishing *publishing, struct wi_error *error)
{
    if (strcmp(publishing->directory, publishing->blocks->directory) == 0)
        return WI_OK;
    return wi_error_set(error, WI_CONFLICT, "model_name",
        "the model directory was changed while the model was being published");
}

static const char *const becomes[] = {[WI_PIN_PUBLISHED] = "published as",
    [WI_PIN_COPY] = "held as a copy of",
    [WI_PIN_ADOPTED] = "held as a copy of",
    [WI_PIN_PULLED] = "served as"};

/* A published model does not become a copy, and a copy does not become merely served, even if both
 * are wanted at once. */
static int gives_way(const struct wi_pin *pin, const struct wi_pin *before)
{
    int weaker = before->kind == WI_PIN_PUBLISHED
                     ? pin->kind != WI_PIN_PUBLISHED
                     : before->kind != WI_PIN_PULLED && pin->kind == WI_PIN_PULLED;
    return weaker && wi_cid_equal(&pin->cid, &before->cid) && pin->version == before->version;
}

/* The version of the pin before this one is in use no more. */
static void publishing_commit(struct wi_publishing *publishing)
{
    struct wi_blockstore *blocks = publishing->blocks;
    const struct wi_pin_entry *before = wi_pin_table_find(blocks, publishing->name);
    if (before && gives_way(&publishing->pin, &before->pin))
        return;
    unsigned version = before ? before->pin.version : 0;
    int frees = version > 0 && version != publishing->pin.version;
    publishing->failed = check_directory(publishing, &publishing->error) != WI_OK ||
                         wi_pin_commit(publishing->directory, publishing->name,
                             publishing->temporary, &publishing->error) != WI_OK;
    if (publishing->failed)
        return;
    publishing->temporary[0] = '\0';
    wi_info("content", publishing->name, "%s %s", becomes[publishing->pin.kind],
        publishing->pin.cid_text);
    wi_pin_table_put(blocks, &publishing->pin, WI_TAKE(publishing->outline));
    if (frees)
        wi_versions_collect(blocks->models->versions, 0, NULL, NULL);
}

static void on_run(void *data, int cancelled)
{
    struct wi_publishing *publishing = data;
    struct wi_blockstore *blocks = publishing->blocks;
    if (cancelled || !blocks) {
        free_publishing(publishing);
        return;
    }
    int was_syncing = publishing->is_syncing;
    if (atomic_load(&publishing->stop))
        publishing->failed = 1; /* it was cancelled */
    if (!publishing->failed && !was_syncing)
        publishing_commit(publishing);
    wi_model_unref(WI_TAKE(publishing->model));
    if (was_syncing || publishing->failed) {
        publishing_finish(publishing);
        return;
    }
    publishing->is_syncing = 1;
    wi_work_queue_start(blocks->hashing, 0, publishing_run, on_run, publishing);
}

/* --- the beginning ---------------------------------------------------------------------------- */

static void publishing_tell(void *context)
{
    struct wi_publishing *publishing = context;
    uint64_t done = atomic_load(&publishing->done);
    if (!publishing->on_done || done == publishing->told.done)
        return;
    publishing->told.done = done;
    publishing->on_progress(publishing->context, &publishing->told);
}

void wi_publishings_start(struct wi_blockstore *blocks)
{
    for (struct wi_publishing *publishing = blocks->publishings; publishing;
         publishing = publishing->next) {
        if (publishing->has_begun)
            continue;
        publishing->has_begun = 1;
        const struct wi_pin_entry *entry = wi_pin_table_find(blocks, publishing->name);
        if (entry) {
            publishing->before = entry->pin.cid;
            publishing->before_at = entry->pin.published_at;
            publishing->before_origin = wi_strdup(entry->pin.origin);
        }
        wi_work_queue_start(
            blocks->hashing, publishing->pin.bytes, publishing_run, on_run, publishing);
    }
}

static struct wi_publishing *new_publishing(struct wi_blockstore *blocks, struct wi_model *model,
    const char *origin, wi_publish_fn *on_done, void *context)
{
    struct wi_publishing *publishing = wi_alloc(sizeof *publishing);
    struct wi_pin *pin = &publishing->pin;
    publishing->blocks = blocks;
    publishing->model = wi_model_ref(model);
    publishing->on_done = on_done;
    publishing->context = context;
    publishing->name = wi_strdup(model->name);
    publishing->directory = wi_strdup(blocks->directory);
    wi_pin_of(&publishing->pin, model);
    pin->origin = wi_strdup(origin);
    pin->published_at = wi_wall_ms() / 1000;
    publishing->told.total = pin->bytes;
    publishing->failed = wi_model_is_built_in(model);
    if (publishing->failed)
        wi_error_set(&publishing->error, WI_MODEL_INVALID, "model_name",
            "%.160s is part of the daemon, and has no files that could be published", model->name);
    publishing->tick = wi_timer_new(blocks->deps->loop, publishing_tell, publishing);
    return publishing;
}

static struct wi_publishing *publishing_add(struct wi_publishing *publishing)
{
    struct wi_blockstore *blocks = publishing->blocks;
    DL_APPEND(blocks->publishings, publishing);
    if (blocks->is_swept)
        wi_publishings_start(blocks);
    return publishing;
}

struct wi_publishing *wi_blockstore_publish(struct wi_blockstore *blocks, struct wi_model *model,
    wi_publish_progress_fn *on_progress, wi_publish_fn *on_done, void *context)
{
    struct wi_publishing *publishing =
        new_publishing(blocks, model, blocks->deps->id, on_done, context);
    publishing->on_progress = on_progress;
    if (on_progress)
        wi_timer_start(publishing->tick, TELL_MS, TELL_MS);
    return publishing_add(publishing);
}

struct wi_publishing *wi_blockstore_hold(struct wi_blockstore *blocks, struct wi_model *model,
    enum wi_pin_kind kind, const struct wi_cid *cid, const char *origin, wi_publish_fn *on_done,
    void *context)
{
    struct wi_publishing *publishing = new_publishing(blocks, model, origin, on_done, context);
    publishing->pin.kind = kind;
    publishing->has_cid = cid != NULL;
    if (cid)
        publishing->cid = *cid;
    return publishing_add(publishing);
}

void wi_blockstore_cancel(struct wi_publishing *publishing)
{
    if (!publishing)
        return;
    publishing->on_done = NULL;
    atomic_store(&publishing->stop, 1);
}

void wi_publishings_free(struct wi_blockstore *blocks)
{
    struct wi_publishing *publishing, *next;
    DL_FOREACH_SAFE(blocks->publishings, publishing, next)
    {
        wi_blockstore_cancel(publishing);
        wi_timer_free(WI_TAKE(publishing->tick));
        wi_model_unref(WI_TAKE(publishing->model));
        publishing->blocks = NULL; /* it frees itself, unless it has not begun */
        if (!publishing->has_begun)
            free_publishing(publishing);
    }
    blocks->publishings = NULL;
}
