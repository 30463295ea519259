/*
 * Bodies that are no JSON: a picture or a sound alone, with query parameters, and forms. They
 * become what the native dialect reads, so that jobs and idempotency keys know one format only.
 */
#include "wire/upload.h"

#include "api/infer.h"
#include <stdio.h>
#include <string.h>

struct unpacking {
    struct wi_upload upload;
    enum wi_code code;
    struct wi_error *error;
};

static enum MHD_Result add_argument(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct unpacking *work = context;
    const char *text = value ? value : "";
    (void)kind;
    work->code = wi_upload_add(&work->upload, name, text, strlen(text), work->error);
    return work->code == WI_OK ? MHD_YES : MHD_NO;
}

static void add_body(struct unpacking *work, const struct wi_request *request)
{
    const char *type = request->headers.content_type;
    const char *name = wi_upload_file_name(type);
    const void *bytes = request->body ? request->body->bytes : (const unsigned char *)"";
    size_t size = request->body ? request->body->size : 0;
    work->code = name ? wi_upload_add_file(&work->upload, name, bytes, size, work->error)
                      : wi_upload_add_parts(&work->upload, type, bytes, size, work->error);
}

static enum wi_code replace_body(
    struct wi_request *request, struct wi_upload *upload, struct wi_error *error)
{
    size_t json_size;
    struct wi_blob *blob = wi_upload_finish(upload, request->api->deps.budget, &json_size, error);
    if (!blob)
        return error->code;
    wi_blob_unref(request->body);
    request->body = blob;
    snprintf(request->head_length, sizeof request->head_length, "%zu", json_size);
    request->headers.inference_length = request->head_length;
    request->headers.content_type = "application/octet-stream";
    return WI_OK;
}

enum wi_code wi_infer_unpack(struct wi_request *request, struct wi_error *error)
{
    struct unpacking work = {.error = error};
    const char *type = request->headers.content_type;
    int is_native = (request->route->flags & WI_ROUTE_FILES) != 0;
    if (!is_native ||
        (!wi_media_type_is(type, "multipart/form-data") && !wi_upload_file_name(type)))
        return WI_OK;
    MHD_get_connection_values(request->mhd, MHD_GET_ARGUMENT_KIND, add_argument, &work);
    if (work.code == WI_OK)
        add_body(&work, request);
    if (work.code == WI_OK)
        work.code = replace_body(request, &work.upload, error);
    wi_upload_clear(&work.upload);
    return work.code;
}
