/* Uploads as clients' requests drive them: the steps of each. */
#include "models/catalog/library/uploads.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/loop.h"
#include "base/secret.h"
#include "base/work_queue.h"
#include "models/catalog/library/versions_work.h"
#include <stdlib.h>
#include <utlist.h>

/* How many bytes are hashed before other work gets the thread. */
#define HASHED_AT_ONCE (32 * 1024 * 1024)
/* How often abandoned uploads are collected. */
#define COLLECT_MS (3600 * 1000)

struct wi_uploads {
    struct wi_repository *repository;
    struct wi_versions_work *versions;
    struct wi_work_queue *queue;
    struct wi_timer *collect;
    struct wi_upload_request *first;
    int64_t latest_ms; /* when the latest was made */
};

/* A request for an upload. */
struct wi_upload_request {
    struct wi_uploads *uploads; /* NULL once they are gone */
    wi_upload_fn *on_done;      /* NULL: it was cancelled */
    void *context;
    char *directory, *id; /* `id` is NULL until one that begins is staged */
    /* What is under way, of these one at most: something on the thread, and the step after it. */
    void (*run)(struct wi_upload_request *upload);
    void (*then)(struct wi_upload_request *upload);
    struct wi_queued_work *work;
    struct wi_versions_task *task;
    /* One that begins; if that fails, what there is of it is dropped. */
    const struct wi_upload_form *form;
    struct wi_blob *body;
    struct wi_upload_order order;
    char *text;             /* of the order, as it is written down */
    struct wi_source files; /* of which some are here */
    uint64_t saved;
    int staged;
    /* One that brings a file. */
    char *path;
    struct wi_upload_part part;
    struct wi_blob *piece; /* NULL: it has no bytes */
    /* One that publishes, and one that removes. */
    struct wi_upload_check *check;
    int more;
    int held; /* -1: it is not */
    struct wi_upload_result result;
    struct wi_error error;
    struct wi_upload_request *prev, *next;
};

/* --- its life --------------------------------------------------------------------------------- */

static struct wi_upload_request *upload_new(
    struct wi_uploads *uploads, const char *id, wi_upload_fn *on_done, void *context)
{
    struct wi_upload_request *upload = wi_alloc(sizeof *upload);
    upload->uploads = uploads;
    upload->on_done = on_done;
    upload->context = context;
    upload->directory = wi_strdup(wi_repository_directory(uploads->repository));
    upload->id = wi_strdup(id);
    upload->held = -1;
    DL_APPEND(uploads->first, upload);
    return upload;
}

/* Lets go of its locks and bytes, and drops what was staged. */
static void upload_leave(struct wi_upload_request *upload)
{
    wi_versions_cancel(WI_TAKE(upload->task));
    if (upload->staged && upload->uploads)
        wi_versions_drop_staging(upload->uploads->versions, upload->id, 0, NULL, NULL);
    upload->staged = 0;
    wi_upload_part_close(&upload->part);
    wi_upload_check_close(WI_TAKE(upload->check));
    wi_close(upload->held);
    upload->held = -1;
    wi_blob_unref(WI_TAKE(upload->body));
    wi_blob_unref(WI_TAKE(upload->piece));
}

static void upload_free(struct wi_upload_request *upload)
{
    upload_leave(upload);
    if (upload->uploads)
        DL_DELETE(upload->uploads->first, upload);
    wi_upload_order_clear(&upload->order);
    wi_source_clear(&upload->files);
    wi_buffer_clear(&upload->result.text);
    free(upload->directory);
    free(upload->id);
    free(upload->text);
    free(upload->path);
    free(upload);
}

/* A client that asks again at once finds the upload free. */
static void upload_end(struct wi_upload_request *upload, const struct wi_error *error)
{
    upload->result.id = upload->id;
    upload->result.name = upload->order.name;
    upload_leave(upload);
    upload->on_done(upload->context, &upload->result, error);
    upload_free(upload);
}

/* The same for a task of the store, whose error `from` is called `to` here. */
static void end_task(struct wi_upload_request *upload, const struct wi_error *error,
    enum wi_code from, enum wi_code to, const char *field)
{
    upload->task = NULL;
    if (error)
        upload->error = *error;
    if (error && error->code == from)
        wi_error_set(&upload->error, to, field, "%s", error->detail);
    upload_end(upload, error ? &upload->error : NULL);
}

static void upload_run(void *data)
{
    struct wi_upload_request *upload = data;
    upload->run(upload);
}

static void on_run(void *data, int cancelled)
{
    struct wi_upload_request *upload = data;
    upload->work = NULL;
    if (cancelled || !upload->on_done)
        upload_free(upload);
    else if (upload->error.code != WI_OK)
        upload_end(upload, &upload->error);
    else
        upload->then(upload);
}

static void upload_start(struct wi_upload_request *upload,
    void (*run)(struct wi_upload_request *upload), void (*then)(struct wi_upload_request *upload))
{
    upload->run = run;
    upload->then = then;
    upload->work = wi_work_queue_start(upload->uploads->queue, 0, upload_run, on_run, upload);
}

void wi_upload_cancel(struct wi_upload_request *upload)
{
    if (!upload)
        return;
    upload->on_done = NULL;
    if (upload->work)
        wi_queued_work_abandon(upload->work); /* on_run follows */
    else
        upload_free(upload);
}

/* --- announcing the files --------------------------------------------------------------------- */

/* That there is no room is what the store fails with, by the quota or by the disk. */
static void on_room(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_upload_request *upload = context;
    upload->staged = error != NULL;
    end_task(upload, error, WI_STORAGE_FAILED, WI_NO_ROOM, NULL);
}

static void begin_room(struct wi_upload_request *upload)
{
    upload->task = wi_versions_make_room(upload->uploads->versions, upload->id,
        wi_source_bytes(&upload->order.files) - upload->saved, on_room, upload);
}

static void run_admit(struct wi_upload_request *upload)
{
    if (wi_upload_admit(upload->directory, upload->id, &upload->error) == WI_OK)
        upload->form->print(upload->id, &upload->files, &upload->result.text);
}

static void on_staged(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_upload_request *upload = context;
    upload->task = NULL;
    if (error) {
        upload_end(upload, error);
        return;
    }
    wi_source_copy(&upload->files, &result->files);
    for (size_t i = 0; i < result->files.count; i++)
        upload->files.files[i].here = result->files.files[i].here;
    upload->saved = result->bytes;
    upload_start(upload, run_admit, begin_room);
}

static void begin_stage(struct wi_upload_request *upload)
{
    char id[WI_ID_SIZE];
    wi_id_new(id, WI_UPLOAD_PREFIX);
    upload->id = wi_strdup(id);
    upload->staged = 1;
    upload->task = wi_versions_stage(upload->uploads->versions, id, upload->text,
        upload->order.name, &upload->order.files, on_staged, upload);
}

/* A megabyte of paths and hashes takes 70 ms to read, check and print. */
static void run_read(struct wi_upload_request *upload)
{
    struct wi_upload_order *order = &upload->order;
    if (upload->form->read(upload->body, &order->files, &upload->error) == WI_OK &&
        wi_upload_order_check(order, &upload->error) == WI_OK)
        upload->text = wi_upload_order_print(order);
}

/* No two uploads have the same time, so that it shows which one was staged first. */
static int64_t next_moment(struct wi_uploads *uploads)
{
    int64_t now = wi_wall_ms();
    uploads->latest_ms = now > uploads->latest_ms ? now : uploads->latest_ms + 1;
    return uploads->latest_ms;
}

struct wi_upload_request *wi_upload_begin(struct wi_uploads *uploads, const char *name,
    struct wi_blob *body, const struct wi_upload_form *form, wi_upload_fn *on_done, void *context)
{
    struct wi_upload_request *upload = upload_new(uploads, NULL, on_done, context);
    upload->form = form;
    upload->body = body ? wi_blob_ref(body) : NULL;
    upload->order.name = wi_strdup(name);
    upload->order.made_ms = next_moment(uploads);
    upload_start(upload, run_read, begin_stage);
    return upload;
}

/* --- bringing a file -------------------------------------------------------------------------- */

struct wi_upload_request *wi_upload_open(struct wi_uploads *uploads, const char *id,
    const char *path, uint64_t position, wi_upload_fn *on_done, void *context)
{
    struct wi_upload_request *upload = upload_new(uploads, id, on_done, context);
    upload->path = wi_strdup(path);
    upload->part = (struct wi_upload_part){.directory = upload->directory,
        .id = upload->id,
        .path = upload->path,
        .position = position};
    return upload;
}

static void run_add(struct wi_upload_request *upload)
{
    const struct wi_blob *piece = upload->piece;
    wi_upload_part_add(&upload->part, piece ? piece->bytes : (const unsigned char *)"",
        piece ? piece->size : 0, &upload->error);
}

static void end_add(struct wi_upload_request *upload)
{
    wi_blob_unref(WI_TAKE(upload->piece));
    upload->result.path = upload->path;
    upload->result.position = upload->part.position;
    upload->on_done(upload->context, &upload->result, NULL);
}

void wi_upload_bring(struct wi_upload_request *upload, struct wi_blob *piece)
{
    upload->piece = piece ? wi_blob_ref(piece) : NULL;
    upload_start(upload, run_add, end_add);
}

/* --- publishing ------------------------------------------------------------------------------- */

/* A folder that the readers do not know as a model's is no model, rather than not found. */
static void on_published(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    end_task(context, error, WI_MODEL_NOT_FOUND, WI_MODEL_INVALID, "files");
}

static void run_check(struct wi_upload_request *upload)
{
    upload->more = wi_upload_check(
        upload->directory, upload->id, HASHED_AT_ONCE, &upload->check, &upload->error);
}

static void publish_next(struct wi_upload_request *upload)
{
    if (upload->more) {
        upload_start(upload, run_check, publish_next);
        return;
    }
    const struct wi_upload_order *order = wi_upload_check_order(upload->check);
    upload->order.name = wi_strdup(order->name);
    upload->task = wi_versions_make_current(
        upload->uploads->versions, upload->id, order->name, &order->files, on_published, upload);
}

struct wi_upload_request *wi_upload_publish(
    struct wi_uploads *uploads, const char *id, wi_upload_fn *on_done, void *context)
{
    struct wi_upload_request *upload = upload_new(uploads, id, on_done, context);
    upload_start(upload, run_check, publish_next);
    return upload;
}

/* --- giving up -------------------------------------------------------------------------------- */

static void on_removed(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    end_task(context, error, WI_OK, WI_OK, NULL);
}

static void run_hold(struct wi_upload_request *upload)
{
    upload->held = wi_upload_hold(upload->directory, upload->id, &upload->error);
}

static void remove_held(struct wi_upload_request *upload)
{
    upload->task =
        wi_versions_drop_staging(upload->uploads->versions, upload->id, 0, on_removed, upload);
}

struct wi_upload_request *wi_upload_remove(
    struct wi_uploads *uploads, const char *id, wi_upload_fn *on_done, void *context)
{
    struct wi_upload_request *upload = upload_new(uploads, id, on_done, context);
    upload_start(upload, run_hold, remove_held);
    return upload;
}

/* --- all of them ------------------------------------------------------------------------------ */

static void on_collect(void *context)
{
    wi_versions_collect(context, 0, NULL, NULL);
}

struct wi_uploads *wi_uploads_new(
    uv_loop_t *loop, struct wi_repository *repository, struct wi_versions_work *versions)
{
    struct wi_uploads *uploads = wi_alloc(sizeof *uploads);
    uploads->repository = repository;
    uploads->versions = versions;
    uploads->queue = wi_work_queue_new(loop, 1);
    uploads->collect = wi_timer_new(loop, on_collect, versions);
    wi_timer_start(uploads->collect, COLLECT_MS, COLLECT_MS);
    return uploads;
}

void wi_uploads_free(struct wi_uploads *uploads)
{
    struct wi_upload_request *upload, *after;
    if (!uploads)
        return;
    wi_timer_free(uploads->collect);
    DL_FOREACH_SAFE(uploads->first, upload, after)
    {
        upload->on_done = NULL;
        upload->staged = 0;
        if (!upload->work)
            upload_free(upload);
    }
    wi_work_queue_free(uploads->queue);
    DL_FOREACH(uploads->first, upload)
    upload->uploads = NULL; /* it frees itself */
    free(uploads);
}
