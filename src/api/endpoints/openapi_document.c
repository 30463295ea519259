/* The description's bytes, the requests that wait for them, and their answers; see
 * openapi_document.h. */
#include "api/endpoints/openapi_document.h"

#include "api/endpoints/endpoints.h"
#include "api/endpoints/openapi.h"
#include "base/hash.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

/* A request that came before it was printed. */
struct waiter {
    struct waiter *next, *prev;
    struct wi_openapi_document *document;
    struct wi_request *request;
};

struct wi_openapi_document {
    const struct wi_api *api;
    struct wi_work *work; /* prints it; NULL before and after */
    struct wi_buffer text;
    char etag[WI_HASH_HEX_SIZE + 2]; /* with its quotes; "" until it is printed */
    struct waiter *waiters;
};

static void destroy_document(struct wi_openapi_document *document)
{
    wi_buffer_clear(&document->text);
    free(document);
}

static void answer_document(struct wi_openapi_document *document, struct wi_request *request)
{
    int is_known = wi_request_knows(request, document->etag);
    size_t size = is_known ? 0 : document->text.size;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, document->text.text, MHD_RESPMEM_PERSISTENT);

    if (!response)
        abort(); /* out of memory for a small object */
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    wi_request_answer_response(request, is_known ? 304 : 200, "application/json", response, size);
    wi_request_add_header(request, MHD_HTTP_HEADER_ETAG, document->etag);
}

static void print_document(void *data)
{
    struct wi_openapi_document *document = data;
    json_t *value = wi_openapi(document->api->routes, document->api->deps.version);

    wi_buffer_json(&document->text, value);
    wi_buffer_puts(&document->text, "\n");
    json_decref(value);
}

static void name_document(struct wi_openapi_document *document)
{
    unsigned char hash[WI_HASH_SIZE];
    char hex[WI_HASH_HEX_SIZE];

    wi_hash(document->text.text, document->text.size, hash);
    wi_hash_hex(hash, hex);
    snprintf(document->etag, sizeof document->etag, "\"%s\"", hex);
}

static void on_printed(void *data, int cancelled)
{
    struct wi_openapi_document *document = data;

    document->work = NULL;
    if (cancelled) {
        destroy_document(document);
        return;
    }
    name_document(document);
    while (document->waiters) {
        struct waiter *waiter = document->waiters;
        DL_DELETE(document->waiters, waiter);
        answer_document(document, waiter->request);
        free(waiter);
    }
}

static void on_gone(void *work)
{
    struct waiter *waiter = work;

    DL_DELETE(waiter->document->waiters, waiter);
    free(waiter);
}

static void wait_for_document(struct wi_openapi_document *document, struct wi_request *request)
{
    struct waiter *waiter = wi_alloc(sizeof *waiter);

    waiter->document = document;
    waiter->request = request;
    DL_APPEND(document->waiters, waiter);
    wi_request_wait(request, on_gone, waiter);
    if (!document->work)
        document->work =
            wi_work_start(document->api->deps.loop, print_document, on_printed, document);
}

struct wi_openapi_document *wi_openapi_document_new(const struct wi_api *api)
{
    struct wi_openapi_document *document = wi_alloc(sizeof *document);

    document->api = api;
    return document;
}

void wi_openapi_document_free(struct wi_openapi_document *document)
{
    if (!document)
        return;
    if (document->work)
        wi_work_abandon(document->work); /* its end follows */
    else
        destroy_document(document);
}

void wi_handle_openapi(struct wi_request *request)
{
    struct wi_openapi_document *document = request->api->endpoints->openapi;

    if (*document->etag)
        answer_document(document, request);
    else
        wait_for_document(document, request);
}
