/*
 * Models that clients send: POST /v1/models/NAME/files announces the files, PUT /v1/uploads/ID
 * brings the bytes of one, POST /v1/uploads/ID/publish makes them a model, and DELETE gives all of
 * it up. The state of an upload is on disk (models/catalog/library/uploads.h). One thread reads and
 * writes it for all uploads, so that other work finds a free thread however much is uploaded.
 */
#include "api/endpoints/models/uploads_endpoint.h"
#include "api/endpoints/endpoints.h"
#include "api/endpoints/models/models.h"
#include "api/endpoints/openapi.h"
#include "api/http/query.h"
#include "api/http/step.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/secret.h"
#include "models/models.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many bytes are hashed before other work gets the thread. */
#define HASHED_AT_ONCE (32 * 1024 * 1024)
/* How often abandoned uploads are collected. */
#define COLLECT_MS (3600 * 1000)

struct wi_api_uploads {
    struct wi_versions_work *versions; /* NULL once the server has ended */
    struct wi_work_queue *queue;
    struct wi_timer *collect;
    int64_t latest_ms;   /* when the latest was made */
    unsigned references; /* that of the endpoints, and of each beginning */
};

static void uploads_unref(struct wi_api_uploads *uploads)
{
    if (--uploads->references == 0)
        free(uploads);
}

static void on_collect(void *context)
{
    wi_versions_collect(context, 0, NULL, NULL);
}

struct wi_api_uploads *wi_api_uploads_new(const struct wi_server_deps *deps)
{
    struct wi_api_uploads *uploads = wi_alloc(sizeof *uploads);
    uploads->versions = deps->versions;
    uploads->queue = wi_work_queue_new(deps->loop, 1);
    uploads->references = 1;
    if (deps->versions) {
        uploads->collect = wi_timer_new(deps->loop, on_collect, deps->versions);
        wi_timer_start(uploads->collect, COLLECT_MS, COLLECT_MS);
    }
    return uploads;
}

void wi_api_uploads_free(struct wi_api_uploads *uploads)
{
    if (!uploads)
        return;
    wi_timer_free(uploads->collect);
    wi_work_queue_free(uploads->queue);
    uploads->versions = NULL;
    uploads_unref(uploads);
}

static struct wi_api_uploads *uploads_of(const struct wi_request *request)
{
    return request->api->endpoints->uploads;
}

static char *directory_of(const struct wi_request *request)
{
    return wi_strdup(wi_repository_directory(request->api->deps.repository));
}

/* --- announcing the files --------------------------------------------------------------------- */

struct requested {
    json_t *files;
    int replace;
};

const struct wi_param wi_upload_order_params[] = {
    WI_PARAM(requested, files, ARRAY, .required = 1, .min = 1, .max = WI_MODEL_FILES_MAX,
        .help = "All files of the model.", .form = "[UploadFile]"),
    WI_PARAM(requested, replace, BOOL,
        .help = "Whether it becomes a new version where there is a model of that name."),
    WI_PARAM_END,
};

struct file_wish {
    const char *path, *sha256;
    int64_t bytes;
};

const struct wi_param wi_upload_file_params[] = {
    WI_PARAM(file_wish, path, STRING, .required = 1, .min = 1, .max = WI_FILE_PATH_MAX,
        .help = "In the model's folder, such as onnx/model.onnx."),
    WI_PARAM(file_wish, bytes, INTEGER, .required = 1, .min = 0, .max = 9007199254740991.0),
    WI_PARAM(file_wish, sha256, STRING, .required = 1, .min = 64, .max = 64,
        .help = "In hexadecimal digits, of which letters are small."),
    WI_PARAM_END,
};

/* The beginning of an upload, from the request until the answer; if it fails, what there is of the
 * upload is dropped. */
struct beginning {
    struct wi_api_uploads *uploads;
    struct wi_request *request; /* while it waits for a task */
    struct wi_versions_task *task;
    struct wi_blob *body;
    struct wi_upload_order order;
    char *text;             /* of the order, as it is written down */
    struct wi_source files; /* of which some are here */
    uint64_t saved;
    char id[WI_ID_SIZE];
    char *directory;
    int staged;
    struct wi_buffer answer;
    struct wi_error error;
};

static void free_beginning(struct beginning *beginning)
{
    wi_upload_order_clear(&beginning->order);
    wi_source_clear(&beginning->files);
    wi_blob_unref(beginning->body);
    wi_buffer_clear(&beginning->answer);
    free(beginning->text);
    free(beginning->directory);
    uploads_unref(beginning->uploads);
    free(beginning);
}

static void give_up_beginning(void *work)
{
    struct beginning *beginning = work;
    wi_versions_cancel(beginning->task);
    if (beginning->staged && beginning->uploads->versions)
        wi_versions_drop_staging(beginning->uploads->versions, beginning->id, 0, NULL, NULL);
    free_beginning(beginning);
}

static void refuse_beginning(
    struct wi_request *request, struct beginning *beginning, const struct wi_error *error)
{
    const struct wi_error copy = *error;
    give_up_beginning(beginning);
    wi_request_answer_error(request, &copy);
}

static void print_begun(struct beginning *beginning)
{
    json_t *wanted = json_array();
    for (size_t i = 0; i < beginning->files.count; i++) {
        const struct wi_source_file *file = &beginning->files.files[i];
        if (!file->here && file->bytes > 0)
            json_array_append_new(
                wanted, json_pack("{s:s, s:i}", "path", file->path, "position", 0));
    }
    json_t *answer = json_pack("{s:s, s:o}", "id", beginning->id, "wanted", wanted);
    wi_buffer_json(&beginning->answer, answer);
    wi_buffer_puts(&beginning->answer, "\n");
    json_decref(answer);
}

static void answer_begun(struct wi_request *request, struct beginning *beginning)
{
    char where[sizeof "/v1/uploads/" + WI_ID_SIZE];
    snprintf(where, sizeof where, "/v1/uploads/%s", beginning->id);
    wi_request_answer_text(request, 201, "application/json", &beginning->answer);
    wi_request_add_location(request, where);
    free_beginning(beginning);
}

/* That there is no room is what the store fails with, by the quota or by the disk. */
static void on_room(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct beginning *beginning = context;
    struct wi_request *request = beginning->request;
    struct wi_error full;
    beginning->task = NULL;
    if (!error) {
        answer_begun(request, beginning);
        return;
    }
    if (error->code == WI_STORAGE_FAILED)
        wi_error_set(&full, WI_NO_ROOM, NULL, "%s", error->detail);
    else
        full = *error;
    refuse_beginning(request, beginning, &full);
}

static void beginning_run(void *work)
{
    struct beginning *beginning = work;
    wi_upload_begin(beginning->directory, beginning->id, &beginning->error);
    print_begun(beginning);
}

static void on_begun(struct wi_request *request, void *work)
{
    struct beginning *beginning = work;
    if (beginning->error.code != WI_OK) {
        refuse_beginning(request, beginning, &beginning->error);
        return;
    }
    beginning->task = wi_versions_make_room(request->api->deps.versions, beginning->id,
        wi_source_bytes(&beginning->order.files) - beginning->saved, on_room, beginning);
    wi_request_wait(request, give_up_beginning, beginning);
}

static void on_staged(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct beginning *beginning = context;
    struct wi_request *request = beginning->request;
    beginning->task = NULL;
    if (error) {
        refuse_beginning(request, beginning, error);
        return;
    }
    wi_source_copy(&beginning->files, &result->files);
    for (size_t i = 0; i < result->files.count; i++)
        beginning->files.files[i].here = result->files.files[i].here;
    beginning->saved = result->bytes;
    wi_request_compute_in(
        request, uploads_of(request)->queue, beginning_run, on_begun, beginning, give_up_beginning);
}

/* No two uploads have the same time, so that it shows which one was staged first. */
static int64_t next_moment(struct wi_api_uploads *uploads)
{
    int64_t now = wi_wall_ms();
    uploads->latest_ms = now > uploads->latest_ms ? now : uploads->latest_ms + 1;
    return uploads->latest_ms;
}

static void beginning_stage(struct wi_request *request, struct beginning *beginning)
{
    wi_id_new(beginning->id, WI_UPLOAD_PREFIX);
    beginning->request = request;
    beginning->staged = 1;
    beginning->task = wi_versions_stage(request->api->deps.versions, beginning->id, beginning->text,
        beginning->order.name, &beginning->order.files, on_staged, beginning);
    wi_request_wait(request, give_up_beginning, beginning);
}

static enum wi_code read_files(
    const json_t *list, struct wi_upload_order *order, struct wi_error *error)
{
    const json_t *item;
    size_t i;
    json_array_foreach(list, i, item)
    {
        struct file_wish file = {0};
        char where[32];
        snprintf(where, sizeof where, "files[%zu].", i);
        if (!json_is_object(item))
            return wi_error_set(error, WI_INVALID_FIELD, "files",
                "files[%zu] is %s; it has to be an object of path, bytes and sha256", i,
                wi_json_type_name(item));
        enum wi_code code =
            wi_params_read(wi_upload_file_params, item, WI_PARAMS_STRICT, where, &file, error);
        if (code != WI_OK)
            return code;
        if (strspn(file.sha256, "0123456789abcdef") != 64) {
            wi_error_set(error, WI_INVALID_FIELD, "files", "files[%zu].sha256 is no SHA-256", i);
            return wi_error_expect(error, "64 hexadecimal digits, of which letters are small");
        }
        wi_source_add(&order->files, file.path, (uint64_t)file.bytes, file.sha256);
    }
    return wi_upload_order_check(order, error);
}

static enum wi_code read_order(
    const json_t *body, struct wi_upload_order *order, struct wi_error *error)
{
    struct requested requested = {0};
    enum wi_code code =
        wi_params_read(wi_upload_order_params, body, WI_PARAMS_STRICT, "", &requested, error);
    if (code != WI_OK)
        return code;
    order->files.first = !requested.replace;
    return read_files(requested.files, order, error);
}

/* On a thread: a megabyte of paths and hashes takes 70 ms to read, check and print. */
static void read_body(void *work)
{
    struct beginning *beginning = work;
    json_t *body = wi_body_object(beginning->body, &beginning->error);
    if (body && read_order(body, &beginning->order, &beginning->error) == WI_OK)
        beginning->text = wi_upload_order_print(&beginning->order);
    json_decref(body);
}

static void on_order(struct wi_request *request, void *work)
{
    struct beginning *beginning = work;
    if (beginning->error.code == WI_OK)
        beginning_stage(request, beginning);
    else
        refuse_beginning(request, beginning, &beginning->error);
}

void wi_handle_upload_new(struct wi_request *request)
{
    struct beginning *beginning = wi_alloc(sizeof *beginning);
    beginning->uploads = uploads_of(request);
    beginning->uploads->references++;
    beginning->directory = directory_of(request);
    if (wi_aliases_allow(wi_repository_aliases(request->api->deps.repository), request->argument,
            "model_name", &beginning->error) != WI_OK) {
        refuse_beginning(request, beginning, &beginning->error);
        return;
    }
    beginning->body = request->body ? wi_blob_ref(request->body) : NULL;
    beginning->order.name = wi_strdup(request->argument);
    beginning->order.made_ms = next_moment(beginning->uploads);
    wi_request_compute_in(
        request, uploads_of(request)->queue, read_body, on_order, beginning, give_up_beginning);
}

/* --- bringing a file -------------------------------------------------------------------------- */

struct query {
    const char *path, *position;
};

const struct wi_param wi_upload_query_params[] = {
    WI_PARAM(query, path, STRING, .required = 1, .min = 1, .max = WI_FILE_PATH_MAX,
        .help = "Of the file, as it was announced."),
    WI_PARAM(query, position, STRING, .required = 1, .min = 1, .max = 16,
        .help = "How many bytes of it are here, behind which those of the body come.",
        .form = "integer"),
    WI_PARAM_END,
};

/* From the first piece of the body to the last. */
struct sending {
    char *directory, *id, *path;
    struct wi_upload_part part; /* of them */
    struct wi_blob *piece;      /* NULL: it has no bytes */
    struct wi_error error;
};

static void free_sending(void *work)
{
    struct sending *sending = work;
    wi_upload_part_close(&sending->part);
    wi_blob_unref(sending->piece);
    free(sending->directory);
    free(sending->id);
    free(sending->path);
    free(sending);
}

static void write_piece(void *work)
{
    struct sending *sending = work;
    const struct wi_blob *piece = sending->piece;
    wi_upload_part_add(&sending->part, piece ? piece->bytes : (const unsigned char *)"",
        piece ? piece->size : 0, &sending->error);
}

static void on_written(struct wi_request *request, void *work)
{
    struct sending *sending = work;
    if (sending->error.code != WI_OK) {
        const struct wi_error error = sending->error;
        free_sending(sending); /* a client that asks again at once finds the file free */
        wi_request_answer_error(request, &error);
        return;
    }
    wi_blob_unref(sending->piece);
    sending->piece = NULL;
    if (request->is_midway) {
        wi_request_read_on(request, free_sending, sending);
        return;
    }
    json_t *answer = json_pack(
        "{s:s, s:I}", "path", sending->path, "position", (json_int_t)sending->part.position);
    free_sending(sending);
    wi_request_answer_json(request, 200, answer);
}

static enum wi_code read_position(const char *text, uint64_t *position, struct wi_error *error)
{
    if (strspn(text, "0123456789") != strlen(text)) {
        wi_error_set(error, WI_INVALID_FIELD, "position", "\"%.20s\" is no position", text);
        return wi_error_expect(error, "how many bytes of the file are here, such as 0");
    }
    *position = strtoull(text, NULL, 10);
    return WI_OK;
}

/* NULL with the error. */
static struct sending *new_sending(struct wi_request *request, struct wi_error *error)
{
    struct query query = {0};
    uint64_t position = 0;
    json_t *arguments;
    enum wi_code code =
        wi_query_read(request, wi_upload_query_params, WI_PARAMS_STRICT, &query, &arguments, error);
    if (code == WI_OK)
        code = read_position(query.position, &position, error);
    struct sending *sending = code == WI_OK ? wi_alloc(sizeof *sending) : NULL;
    if (sending) {
        sending->directory = directory_of(request);
        sending->id = wi_strdup(request->argument);
        sending->path = wi_strdup(query.path);
        sending->part = (struct wi_upload_part){.directory = sending->directory,
            .id = sending->id,
            .path = sending->path,
            .position = position};
    }
    json_decref(arguments);
    return sending;
}

void wi_handle_upload_part(struct wi_request *request)
{
    struct wi_error error;
    struct sending *sending = request->work; /* of the pieces before */
    if (!sending && !(sending = new_sending(request, &error))) {
        wi_request_answer_error(request, &error);
        return;
    }
    sending->piece = request->body ? wi_blob_ref(request->body) : NULL;
    wi_request_compute_in(
        request, uploads_of(request)->queue, write_piece, on_written, sending, free_sending);
}

/* --- publishing ------------------------------------------------------------------------------- */

/* The end of an upload: it is published, or given up. */
struct ending {
    struct wi_request *request; /* while it waits for the task */
    struct wi_versions_task *task;
    char *directory, *id;
    struct wi_upload_check *check; /* of one that is published */
    int more;
    int held; /* one that is given up; -1: it is not */
    struct wi_error error;
};

static struct ending *new_ending(const struct wi_request *request)
{
    struct ending *ending = wi_alloc(sizeof *ending);
    ending->directory = directory_of(request);
    ending->id = wi_strdup(request->argument);
    ending->held = -1;
    return ending;
}

static void free_ending(void *work)
{
    struct ending *ending = work;
    wi_versions_cancel(ending->task);
    wi_upload_check_close(ending->check);
    wi_close(ending->held);
    free(ending->directory);
    free(ending->id);
    free(ending);
}

/* A folder that the readers do not know as a model's is no model, rather than not found. */
static void on_published(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct ending *ending = context;
    struct wi_request *request = ending->request;
    struct wi_error why;
    char *name = wi_strdup(wi_upload_check_order(ending->check)->name);
    ending->task = NULL;
    if (error)
        why = *error;
    if (error && error->code == WI_MODEL_NOT_FOUND)
        wi_error_set(&why, WI_MODEL_INVALID, "files", "%s", error->detail);
    free_ending(ending);
    if (error)
        wi_request_answer_error(request, &why);
    else
        wi_api_answer_with_model(request, name);
    free(name);
}

static void ending_publish(struct wi_request *request, struct ending *ending)
{
    const struct wi_upload_order *order = wi_upload_check_order(ending->check);
    ending->request = request;
    ending->task = wi_versions_make_current(
        request->api->deps.versions, ending->id, order->name, &order->files, on_published, ending);
    wi_request_wait(request, free_ending, ending);
}

static void check_files(void *work)
{
    struct ending *ending = work;
    ending->more = wi_upload_check(
        ending->directory, ending->id, HASHED_AT_ONCE, &ending->check, &ending->error);
}

static void on_checked(struct wi_request *request, void *work)
{
    struct ending *ending = work;
    if (ending->more < 0) {
        const struct wi_error error = ending->error;
        free_ending(ending);
        wi_request_answer_error(request, &error);
    } else if (ending->more) {
        wi_request_compute_in(
            request, uploads_of(request)->queue, check_files, on_checked, ending, free_ending);
    } else {
        ending_publish(request, ending);
    }
}

void wi_handle_upload_publish(struct wi_request *request)
{
    wi_request_compute_in(request, uploads_of(request)->queue, check_files, on_checked,
        new_ending(request), free_ending);
}

/* --- giving up -------------------------------------------------------------------------------- */

static void on_removed(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct ending *ending = context;
    struct wi_request *request = ending->request;
    (void)error; /* there is none */
    ending->task = NULL;
    free_ending(ending);
    wi_request_answer_json(
        request, 200, json_pack("{s:s, s:s}", "id", request->argument, "state", "removed"));
}

static void ending_hold(void *work)
{
    struct ending *ending = work;
    ending->held = wi_upload_hold(ending->directory, ending->id, &ending->error);
}

static void on_held(struct wi_request *request, void *work)
{
    struct ending *ending = work;
    if (ending->held < 0) {
        wi_request_answer_error(request, &ending->error);
        free_ending(ending);
        return;
    }
    ending->request = request;
    ending->task =
        wi_versions_drop_staging(request->api->deps.versions, ending->id, 0, on_removed, ending);
    wi_request_wait(request, free_ending, ending);
}

void wi_handle_upload_remove(struct wi_request *request)
{
    wi_request_compute_in(request, uploads_of(request)->queue, ending_hold, on_held,
        new_ending(request), free_ending);
}
