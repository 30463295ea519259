/*
 * Models that clients send: POST /v1/models/NAME/files announces the files, PUT /v1/uploads/ID
 * brings the bytes of one, POST /v1/uploads/ID/publish makes them a model, and DELETE gives all of
 * it up. The steps of each are the store's (models/models.h).
 */
#include "api/endpoints/endpoints.h"
#include "api/endpoints/models/models.h"
#include "api/endpoints/openapi.h"
#include "api/http/query.h"
#include "api/http/step.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/params.h"
#include "models/models.h"
#include "wire/describe/schemas.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_gone(void *upload)
{
    wi_upload_cancel(upload);
}

static void upload_wait(struct wi_request *request, struct wi_upload_request *upload)
{
    wi_request_wait(request, on_gone, upload);
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
        .help =
            "Whether the upload becomes a new version if there is already a model of that name."),
    WI_PARAM_END,
};

struct file_wish {
    const char *path, *sha256;
    int64_t bytes;
};

const struct wi_param wi_upload_file_params[] = {
    WI_PARAM(file_wish, path, STRING, .required = 1, .min = 1, .max = WI_FILE_PATH_MAX,
        .help = "The path in the model's folder, such as onnx/model.onnx."),
    WI_PARAM(file_wish, bytes, INTEGER, .required = 1, .min = 0, .max = 9007199254740991.0),
    WI_PARAM(file_wish, sha256, STRING, .required = 1, .min = 64, .max = 64,
        .help = "64 lowercase hexadecimal digits."),
    WI_PARAM_END,
};

static enum wi_code read_files(const json_t *list, struct wi_source *files, struct wi_error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        struct file_wish file = {0};
        char where[32];
        snprintf(where, sizeof where, "files[%zu].", i);
        if (!json_is_object(item))
            return wi_error_set(error, WI_INVALID_FIELD, "files",
                "files[%zu] is %s; it must be an object with path, bytes and sha256", i,
                wi_json_type_name(item));
        enum wi_code code =
            wi_params_read(wi_upload_file_params, item, WI_PARAMS_STRICT, where, &file, error);
        if (code != WI_OK)
            return code;
        if (strspn(file.sha256, "0123456789abcdef") != 64) {
            wi_error_set(error, WI_INVALID_FIELD, "files", "files[%zu].sha256 is no SHA-256", i);
            return wi_error_expect(error, "64 lowercase hexadecimal digits");
        }
        wi_source_add(files, file.path, (uint64_t)file.bytes, file.sha256);
    }
    return WI_OK;
}

static enum wi_code read_order(
    const struct wi_blob *text, struct wi_source *files, struct wi_error *error)
{
    struct requested requested = {0};
    json_t *body = wi_body_object(text, error);
    enum wi_code code =
        body ? wi_params_read(wi_upload_order_params, body, WI_PARAMS_STRICT, "", &requested, error)
             : error->code;
    files->first = !requested.replace;
    if (code == WI_OK)
        code = read_files(requested.files, files, error);
    json_decref(body);
    return code;
}

static void print_begun(const char *id, const struct wi_source *files, struct wi_buffer *text)
{
    json_t *wanted = json_array();
    for (size_t i = 0; i < files->count; i++) {
        const struct wi_source_file *file = &files->files[i];
        if (!file->here && file->bytes > 0)
            json_array_append_new(wanted, wi_form_json("UploadPosition", file->path, 0));
    }
    json_t *answer = wi_form_json("Upload", id, wanted);
    wi_buffer_json(text, answer);
    wi_buffer_puts(text, "\n");
    json_decref(answer);
}

static void on_begun(void *context, struct wi_upload_result *result, const struct wi_error *error)
{
    struct wi_request *request = context;
    wi_request_begin_spending(request);
    if (error) {
        wi_request_answer_error(request, error);
    } else {
        wi_request_answer_text(request, 201, "application/json", &result->text);
        wi_request_add_location(request, "/v1/uploads/", result->id);
    }
    wi_request_end_spending(request);
}

void wi_handle_upload_new(struct wi_request *request)
{
    static const struct wi_upload_form form = {read_order, print_begun};
    const struct wi_server_deps *deps = &request->api->deps;
    struct wi_error error;
    if (wi_aliases_allow(wi_repository_aliases(deps->repository), request->argument, "model_name",
            &error) != WI_OK)
        wi_request_answer_error(request, &error);
    else
        upload_wait(request, wi_upload_begin(deps->uploads, request->argument, request->body, &form,
                                 on_begun, request));
}

/* --- bringing a file -------------------------------------------------------------------------- */

struct query {
    const char *path, *position;
};

const struct wi_param wi_upload_query_params[] = {
    WI_PARAM(query, path, STRING, .required = 1, .min = 1, .max = WI_FILE_PATH_MAX,
        .help = "The path of the file, as announced."),
    WI_PARAM(query, position, STRING, .required = 1, .min = 1, .max = 16,
        .help = "How many bytes of the file precede those in the body.", .form = "integer"),
    WI_PARAM_END,
};

static enum wi_code read_position(const char *text, uint64_t *position, struct wi_error *error)
{
    if (strspn(text, "0123456789") != strlen(text)) {
        wi_error_set(error, WI_INVALID_FIELD, "position", "\"%.20s\" is no position", text);
        return wi_error_expect(error, "how many bytes of the file have arrived, such as 0");
    }
    *position = strtoull(text, NULL, 10);
    return WI_OK;
}

static void on_written(void *context, struct wi_upload_result *result, const struct wi_error *error)
{
    struct wi_request *request = context;
    struct wi_upload_request *upload = request->work;
    wi_request_begin_spending(request);
    if (error) {
        wi_request_answer_error(request, error);
    } else if (request->is_midway) {
        wi_request_read_on(request, on_gone, upload);
    } else {
        json_t *answer = wi_form_json("UploadPosition", result->path, result->position);
        wi_upload_cancel(upload);
        wi_request_answer_json(request, 200, answer);
    }
    wi_request_end_spending(request);
}

/* NULL with the error. */
static struct wi_upload_request *part_open(struct wi_request *request, struct wi_error *error)
{
    struct query query = {0};
    uint64_t position = 0;
    json_t *arguments;
    enum wi_code code =
        wi_query_read(request, wi_upload_query_params, WI_PARAMS_STRICT, &query, &arguments, error);
    if (code == WI_OK)
        code = read_position(query.position, &position, error);
    struct wi_upload_request *upload =
        code == WI_OK ? wi_upload_open(request->api->deps.uploads, request->argument, query.path,
                            position, on_written, request)
                      : NULL;
    json_decref(arguments);
    return upload;
}

void wi_handle_upload_part(struct wi_request *request)
{
    struct wi_error error;
    struct wi_upload_request *upload = request->work; /* of the pieces before */
    if (!upload && !(upload = part_open(request, &error))) {
        wi_request_answer_error(request, &error);
        return;
    }
    wi_upload_bring(upload, request->body);
    upload_wait(request, upload);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void on_published(
    void *context, struct wi_upload_result *result, const struct wi_error *error)
{
    struct wi_request *request = context;
    wi_request_begin_spending(request);
    if (error)
        wi_request_answer_error(request, error);
    else
        wi_api_answer_with_model(request, result->name);
    wi_request_end_spending(request);
}

void wi_handle_upload_publish(struct wi_request *request)
{
    upload_wait(request,
        wi_upload_publish(request->api->deps.uploads, request->argument, on_published, request));
}

static void on_removed(void *context, struct wi_upload_result *result, const struct wi_error *error)
{
    struct wi_request *request = context;
    wi_request_begin_spending(request);
    if (error)
        wi_request_answer_error(request, error);
    else
        wi_request_answer_verb(request, 200, result->id, "removed");
    wi_request_end_spending(request);
}

void wi_handle_upload_remove(struct wi_request *request)
{
    upload_wait(request,
        wi_upload_remove(request->api->deps.uploads, request->argument, on_removed, request));
}
