/*
 * Bodies that are no JSON: a picture or a sound alone, with query parameters, and forms. They
 * become what the native dialect reads, so that jobs and idempotency keys know one format only.
 * That takes a look at every byte, and moves the file within the body: a thread does it where there
 * are many.
 */
#include "wire/upload.h"

#include "api/endpoints/infer.h"
#include "api/http/http_answer.h"
#include "api/http/step.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>

/* Bodies above this are unpacked off the loop: 2 MiB take about 2 ms. */
#define INLINE_MAX (2 * 1024 * 1024)

struct unpacking {
    wi_infer_unpacked_fn *next;
    char *content_type;
    struct wi_blob *body; /* NULL for an empty one; charged again when it is the native one */
    struct wi_upload upload;
    size_t json_size;
    struct wi_error error; /* code WI_OK: none so far */
};

static void free_unpacking(void *data)
{
    struct unpacking *work = data;
    free(work->content_type);
    wi_blob_unref(work->body);
    wi_upload_clear(&work->upload);
    free(work);
}

static void unpacking_refuse(struct wi_request *request, struct unpacking *work)
{
    wi_request_answer_error(request, &work->error);
    free_unpacking(work);
}

static void no_memory(struct unpacking *work)
{
    wi_error_set(&work->error, WI_MEMORY_BUDGET, NULL,
        "there is no memory for this file now; try again later");
}

/* --- the work -------------------------------------------------------------------------------- */

static enum MHD_Result add_argument(void *context, enum MHD_ValueKind kind, const char *name,
    size_t name_size, const char *value, size_t size)
{
    struct unpacking *work = context;
    const char *text = value ? value : "";
    enum wi_code code = wi_upload_add(&work->upload, name, text, size, &work->error);
    return code == WI_OK ? MHD_YES : MHD_NO;
}

static enum wi_code add_body(struct unpacking *work)
{
    const char *name = wi_upload_file_name(work->content_type);
    const void *bytes = work->body ? work->body->bytes : (const unsigned char *)"";
    size_t size = work->body ? work->body->size : 0;
    return name ? wi_upload_add_file(&work->upload, name, bytes, size, &work->error)
                : wi_upload_add_parts(&work->upload, work->content_type, bytes, size, &work->error);
}

/* Also on a thread, where no budget may be touched. */
static void unpacking_run(void *data)
{
    struct unpacking *work = data;
    if (add_body(work) == WI_OK)
        (void)wi_upload_finish(&work->upload, work->body, &work->json_size, &work->error);
}

/* --- before and after it --------------------------------------------------------------------- */

static void replace_body(struct wi_request *request, struct unpacking *work)
{
    request->body = work->body;
    work->body = NULL;
    snprintf(request->head_length, sizeof request->head_length, "%zu", work->json_size);
    request->headers.inference_length = request->head_length;
    request->headers.content_type = "application/octet-stream";
}

static void on_unpacked(struct wi_request *request, void *data)
{
    struct unpacking *work = data;
    wi_infer_unpacked_fn *next = work->next;
    (void)wi_request_reserve(request, 0); /* what was held in its stead */
    if (work->error.code == WI_OK && wi_blob_charge(work->body, request->api->deps.budget) != 0)
        no_memory(work);
    if (work->error.code != WI_OK) {
        unpacking_refuse(request, work);
        return;
    }
    wi_request_hold_body(request, work->body->capacity);
    replace_body(request, work);
    free_unpacking(work);
    next(request);
}

/* Takes the body out of the budget, of which the request holds as much meanwhile. */
static void take_body(struct wi_request *request, struct unpacking *work)
{
    work->body = request->body;
    request->body = NULL;
    if (!work->body)
        return;
    wi_blob_uncharge(work->body);
    wi_request_hold_body(request, 0);
    if (wi_request_reserve(request, work->body->capacity) != 0)
        no_memory(work);
}

static void unpacking_begin(struct wi_request *request, struct unpacking *work)
{
    MHD_get_connection_values_n(request->mhd, MHD_GET_ARGUMENT_KIND, add_argument, work);
    if (work->error.code == WI_OK)
        take_body(request, work);
    if (work->error.code != WI_OK) {
        unpacking_refuse(request, work);
        return;
    }
    if (work->body && work->body->size > INLINE_MAX) {
        wi_request_compute(request, unpacking_run, on_unpacked, work, free_unpacking);
        return;
    }
    unpacking_run(work);
    on_unpacked(request, work);
}

void wi_infer_unpack(struct wi_request *request, wi_infer_unpacked_fn *next)
{
    const char *type = request->headers.content_type;
    int is_native = (request->route->flags & WI_ROUTE_FILES) != 0;
    if (!is_native ||
        (!wi_media_type_is(type, "multipart/form-data") && !wi_upload_file_name(type))) {
        next(request);
        return;
    }
    struct unpacking *work = wi_alloc(sizeof *work);
    work->next = next;
    work->content_type = wi_strdup(type);
    unpacking_begin(request, work);
}
