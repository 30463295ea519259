/*
 * Answers: the functions that handlers call, the headers of every answer, and the one answer that
 * is written without libmicrohttpd because it has no call for it (a refusal in mid-body).
 */
#include "api/http/http_answer.h"
#include "api/http/refusal.h"
#include "api/http/request.h"
#include "api/http/waiting.h"

#include "base/clock.h"
#include "base/json_read.h"
#include "base/memory.h"
#include "base/net/http.h"
#include "wire/describe/schemas.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void wi_request_add_header(struct wi_request *request, const char *name, const char *value)
{
    if (request->response)
        MHD_add_response_header(request->response, name, value);
}

void wi_request_add_location(struct wi_request *request, const char *folder, const char *id)
{
    const char *prefix = request->forwarded.prefix;
    char *where = wi_sprintf("%s%s%s", prefix ? prefix : "", folder, id);
    wi_request_add_header(request, MHD_HTTP_HEADER_LOCATION, where);
    free(where);
}

int wi_request_knows(const struct wi_request *request, const char *etag)
{
    const char *known =
        MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
    return known && wi_http_etag_matches(known, etag);
}

void wi_request_note_ignored(struct wi_request *request, const struct wi_strings *names)
{
    struct wi_buffer text = {0};
    for (size_t i = 0; i < names->count; i++)
        wi_buffer_strings(&text, i ? ", " : "", names->items[i], NULL);
    free(request->ignored);
    request->ignored = names->count > 0 ? wi_buffer_take(&text) : NULL;
    wi_buffer_clear(&text);
}

static void add_own_headers(struct wi_request *request, const char *media_type)
{
    const struct wi_dialect *dialect = request->dialect;
    wi_request_add_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, media_type);
    wi_request_add_header(request, "X-Request-Id", request->id);
    if (dialect->id_header)
        wi_request_add_header(request, dialect->id_header, request->id);
    if (!MHD_get_response_header(request->response, MHD_HTTP_HEADER_CACHE_CONTROL))
        wi_request_add_header(request, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    wi_request_add_header(request, "X-Content-Type-Options", "nosniff");
    if (request->ignored)
        wi_request_add_header(request, "X-Webinfer-Ignored", request->ignored);
    if (request->api->closing)
        wi_request_add_header(request, MHD_HTTP_HEADER_CONNECTION, "close");
    if (request->cross_origin) {
        wi_request_add_header(request, "Access-Control-Allow-Origin", request->headers.origin);
        wi_request_add_header(request, "Access-Control-Expose-Headers",
            "X-Request-Id, Request-Id, Inference-Header-Content-Length, Retry-After, Location, "
            "Idempotency-Replayed, X-Webinfer-Ignored");
        wi_request_add_header(request, MHD_HTTP_HEADER_VARY, "Origin");
    }
}

static void set_response(struct wi_request *request, int status, const char *media_type,
    struct MHD_Response *response, uint64_t bytes)
{
    if (!response)
        abort(); /* out of memory for a small object */
    request->response = response;
    request->status = status;
    request->sent = bytes;
    add_own_headers(request, media_type);
}

/* A text response that takes the buffer over. */
static struct MHD_Response *text_response(struct wi_buffer *text, size_t *size)
{
    *size = text->size;
    char *bytes = wi_buffer_take(text);
    return MHD_create_response_from_buffer(*size, bytes, MHD_RESPMEM_MUST_FREE);
}

void wi_request_answer_response(struct wi_request *request, int status, const char *media_type,
    struct MHD_Response *response, uint64_t bytes)
{
    request->cancel = NULL;
    request->work = NULL;
    set_response(request, status, media_type, response, bytes);
    wi_request_set_state(request, WI_REQUEST_ANSWERED);
    wi_request_resume(request);
}

void wi_request_answer_slices(struct wi_request *request, int status, const char *media_type,
    const struct MHD_IoVec *slices, size_t count, void (*on_sent)(void *context), void *context)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += slices[i].iov_len;
    wi_request_answer_response(request, status, media_type,
        MHD_create_response_from_iovec(slices, (unsigned)count, on_sent, context), bytes);
}

void wi_request_answer_text(
    struct wi_request *request, int status, const char *media_type, struct wi_buffer *text)
{
    size_t size;
    struct MHD_Response *response = text_response(text, &size);
    wi_request_answer_response(request, status, media_type, response, size);
}

int wi_request_answer_head(struct wi_request *request, const struct wi_dialect *dialect)
{
    struct wi_buffer empty = {0};
    if (strcmp(request->method, MHD_HTTP_METHOD_HEAD) != 0)
        return 0;
    wi_request_answer_text(request, 200, wi_dialect_stream_type(dialect), &empty);
    return 1;
}

void wi_request_answer_json(struct wi_request *request, int status, json_t *value)
{
    struct wi_buffer text = {0};
    if (!value) { /* jansson makes nothing of text that is not UTF-8 */
        wi_request_answer_refusal(
            request, WI_INTERNAL, NULL, "the answer cannot be written as JSON");
        return;
    }
    wi_buffer_json(&text, value);
    wi_buffer_puts(&text, "\n");
    json_decref(value);
    wi_request_answer_text(request, status, "application/json", &text);
}

void wi_request_answer_verb(
    struct wi_request *request, int status, const char *id, const char *state)
{
    wi_request_answer_json(request, status, wi_form_json("Verb", id, state));
}

void wi_request_make_problem(struct wi_request *request, const struct wi_error *error)
{
    struct wi_buffer text = {0};
    size_t size;
    const struct wi_dialect *dialect = request->dialect;
    dialect->print_error(dialect, &text, error, request->id);
    struct MHD_Response *response = text_response(&text, &size);
    set_response(
        request, wi_dialect_status(dialect, error->code), dialect->error_type, response, size);
    char number[16];
    if (error->retry_after_s > 0) {
        snprintf(number, sizeof number, "%u", error->retry_after_s);
        wi_request_add_header(request, MHD_HTTP_HEADER_RETRY_AFTER, number);
    }
    /* The client's time is up; OpenAI's clients would retry by themselves. */
    if (request->status == 504)
        wi_request_add_header(request, "x-should-retry", "false");
    if (error->code == WI_UNAUTHORIZED)
        wi_request_add_header(
            request, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"webinfer\"");
    if (error->code == WI_METHOD_NOT_ALLOWED)
        wi_request_add_header(request, MHD_HTTP_HEADER_ALLOW, error->allowed);
}

void wi_request_answer_error(struct wi_request *request, const struct wi_error *error)
{
    request->cancel = NULL;
    request->work = NULL;
    if (request->is_midway) {
        wi_request_refuse_midway(request, error);
        return;
    }
    wi_request_make_problem(request, error);
    wi_request_set_state(request, WI_REQUEST_ANSWERED);
    wi_request_resume(request);
}

void wi_request_answer_refusal(
    struct wi_request *request, enum wi_code code, const char *field, const char *format, ...)
{
    struct wi_error error;
    char detail[sizeof error.detail];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    wi_error_set(&error, code, field, "%s", detail);
    wi_request_answer_error(request, &error);
}

void wi_request_drop_body(struct wi_request *request)
{
    wi_blob_unref(request->body);
    request->body = NULL;
    wi_request_hold_body(request, 0);
}

static void answer_by_hand(struct wi_request *request, const struct wi_error *error)
{
    struct wi_buffer text = {0};
    size_t size = wi_refusal_write(&text, request->dialect, error, request->id);
    /* About a kilobyte into an empty socket buffer: it fits, or the client is beyond help. */
    ssize_t sent = send(request->connection->fd, text.text, text.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(request->connection->fd, SHUT_WR);
    request->status = wi_dialect_status(request->dialect, error->code);
    request->sent = sent < 0 ? 0 : size;
    wi_buffer_clear(&text);
}

void wi_request_linger(struct wi_request *request, const struct wi_error *error)
{
    wi_request_cancel_work(request);
    answer_by_hand(request, error);
    wi_request_set_state(request, WI_REQUEST_LINGERING);
    wi_request_drop_body(request);
    request->connection->deadline = wi_awake_ms() + request->api->deps.times.linger;
    wi_request_resume(request);
}

void wi_request_refuse_midway(struct wi_request *request, const struct wi_error *error)
{
    if (!request->api->tls) {
        wi_request_linger(request, error);
        return;
    }
    wi_request_cancel_work(request);
    wi_request_make_problem(request, error);
    wi_request_set_state(request, WI_REQUEST_DISCARDING);
    request->connection->deadline = wi_awake_ms() + request->api->deps.times.linger;
    wi_request_resume(request);
}

struct wi_share *wi_request_share(struct wi_request *request)
{
    if (!request->share)
        request->share = wi_shares_ref(&request->api->clients, wi_request_client(request));
    return request->share;
}

void wi_request_hold_body(struct wi_request *request, size_t bytes)
{
    if (request->body_held == bytes)
        return;
    wi_share_note(wi_request_share(request), bytes);
    wi_share_forget(request->share, request->body_held);
    request->body_held = bytes;
}

/* While no other client asks for any, one client may take all that is left for a moment. */
static int may_take(const struct wi_request *request, const struct wi_share *share, size_t bytes)
{
    const struct wi_budget *budget = request->api->deps.budget;
    uint64_t used = wi_budget_in_use(budget);
    return bytes <= wi_share_room(share) ||
           (wi_shares_alone(&request->api->clients, share) && used <= budget->limit &&
               bytes <= budget->limit - used);
}

int wi_request_reserve(struct wi_request *request, size_t bytes)
{
    if (request->reserved > 0)
        wi_share_give(request->share, request->reserved);
    request->reserved = 0;
    if (bytes == 0)
        return 0;
    struct wi_share *share = wi_request_share(request);
    if (!may_take(request, share, bytes))
        return -1;
    wi_share_force(share, bytes);
    request->reserved = bytes;
    return 0;
}

json_t *wi_body_object(const struct wi_blob *body, struct wi_error *error)
{
    if (!body || body->size == 0)
        return json_object();
    json_error_t place;
    json_t *object = wi_json_read((const char *)body->bytes, body->size, 0, &place);
    if (json_is_object(object)) {
        wi_json_settle_integers(object);
        return object;
    }
    wi_error_set(error, WI_BAD_JSON, NULL, "the body is not a JSON object%s%s", object ? "" : ": ",
        object ? "" : place.text);
    json_decref(object);
    return NULL;
}

json_t *wi_request_read_body(struct wi_request *request, const struct wi_param *table, void *target)
{
    struct wi_error error;
    json_t *body = wi_body_object(request->body, &error);
    if (body && wi_params_read(table, body, WI_PARAMS_STRICT, "", target, &error) == WI_OK)
        return body;
    json_decref(body);
    wi_request_answer_error(request, &error);
    return NULL;
}
