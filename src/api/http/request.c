/*
 * The life of one request, see request.h. Everything that can be refused is refused before the
 * body is read; the body goes into one blob charged to the budget; a handler answers at once or
 * waits.
 */
#include "api/http/request.h"

#include "api/http/http_answer.h"
#include "api/http/route.h"
#include "api/http/screen.h"
#include "api/http/waiting.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* A refused body up to this size is read and dropped, so that the connection can live on. */
#define DISCARD_MAX (256 * 1024)
/* The memory of a body doubles as the body comes; this is its first size, or the announced size if
 * that is less. */
#define FIRST_ROOM (256 * 1024)
/* The slowest that a body may come, and an answer go once its grace is over, bytes per
 * millisecond. */
#define SLOWEST_BODY 16.384
#define SLOWEST_ANSWER 32.768
/* Bytes of a path in a line of text of the log. */
#define PATH_SHOWN_MAX 200
/* The size of the pieces of a body that is handed over in pieces, except for the first and the
 * last. */
#define PIECE_BYTES (1024 * 1024)
/* How long a line of the access log is kept at most, to be written together with others. */
#define LOG_KEPT_MS 5

static void request_touch(struct wi_request *request)
{
    const struct wi_pace_rule rule = {request->api->deps.times.stall, SLOWEST_BODY};
    request->connection->deadline =
        wi_pace_deadline(&request->pace, &rule, wi_awake_ms(), request->received);
}

/* --- beginning ------------------------------------------------------------------------------- */

static void set_id(struct wi_request *request)
{
    const char *given = request->headers.request_id;
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._-";
    size_t length = given ? strnlen(given, WI_REQUEST_ID_MAX + 1) : 0;
    if (length > 0 && length <= WI_REQUEST_ID_MAX && strspn(given, allowed) == length)
        snprintf(request->id, sizeof request->id, "%s", given);
    else
        wi_id_new(request->id, "req");
}

/* --- refusing -------------------------------------------------------------------------------- */

static enum MHD_Result response_queue(struct wi_request *request)
{
    wi_request_set_state(request, WI_REQUEST_SENDING);
    request->connection->deadline =
        wi_awake_ms() + request->api->deps.times.grace + (double)request->sent / SLOWEST_ANSWER;
    enum MHD_Result result =
        MHD_queue_response(request->mhd, (unsigned)request->status, request->response);
    MHD_destroy_response(request->response);
    request->response = NULL;
    return result;
}

/* In the first call for a request. libmicrohttpd lets us queue there, and closes the connection
 * behind that: so it is only done where it has to be closed, or the body would be asked for. */
static enum MHD_Result request_refuse(struct wi_request *request, const struct wi_error *error)
{
    uint64_t length = 0;
    const struct wi_headers *headers = &request->headers;
    int chunked = headers->transfer_encoding != NULL;
    if (headers->content_length)
        (void)wi_parse_length(headers->content_length, &length);
    int waits = headers->expect && strcasecmp(headers->expect, "100-continue") == 0;
    int ends = request->distrusted || request->api->closing;
    int small = !chunked && length <= DISCARD_MAX && !ends;
    if (!waits && !small && !request->api->tls) {
        wi_request_linger(request, error);
        return MHD_YES;
    }
    wi_request_make_problem(request, error);
    if (waits || !small)
        return response_queue(request);
    wi_request_set_state(request, WI_REQUEST_DISCARDING);
    return MHD_YES;
}

static enum MHD_Result answer_options(struct wi_request *request, const struct wi_error *error)
{
    struct wi_buffer empty = {0};
    request->route = NULL;
    wi_request_answer_text(request, 204, NULL, &empty);
    wi_request_add_header(request, MHD_HTTP_HEADER_ALLOW, error->allowed);
    if (request->cross_origin) {
        struct wi_buffer names = {0};
        wi_headers_add_names(&names, request->headers.wanted_headers);
        wi_request_add_header(request, "Access-Control-Allow-Methods", error->allowed);
        if (names.size > 0)
            wi_request_add_header(request, "Access-Control-Allow-Headers", names.text);
        wi_buffer_clear(&names);
        wi_request_add_header(request, "Access-Control-Max-Age", "600");
    }
    return wi_request_has_body(request) ? response_queue(request) : MHD_YES;
}

/* RFC 9112, 3.2.2: a server takes "http://HOST:PORT/PATH", too. */
static void split_target(struct wi_request *request)
{
    static const char *const schemes[] = {"http://", "https://"};
    request->path = request->target;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t length = strlen(schemes[i]);
        if (strncasecmp(request->target, schemes[i], length) != 0)
            continue;
        const char *host = request->target + length, *path = host + strcspn(host, "/");
        request->authority = wi_strndup(host, (size_t)(path - host));
        request->path = *path ? path : "/";
    }
}

static struct wi_request *request_begin(struct wi_connection *connection,
    struct MHD_Connection *mhd, const char *target, const char *method, const char *version)
{
    struct wi_request *request = wi_alloc(sizeof *request);
    struct wi_api *api = connection->api;
    request->api = api;
    request->dialect = api->dialect;
    request->connection = connection;
    request->mhd = mhd;
    request->target = target;
    split_target(request);
    request->method = method;
    request->version = version;
    request->token[0] = '-';
    request->started = wi_now_ms();
    wi_pace_begin(&request->pace, request->started, 0);
    request->next = api->requests;
    if (api->requests)
        api->requests->previous = request;
    api->requests = request;
    api->request_count++;
    connection->request = request;
    wi_connections_ask(&api->connections, connection, wi_awake_ms());
    wi_headers_collect(&request->headers, mhd);
    set_id(request);
    request_touch(request);
    return request;
}

/* --- the body -------------------------------------------------------------------------------- */

/* The bytes that jansson allocates for a value, by the character that announces it: measured at 86
 * bytes for each number of a list, and reckoned from its structs for containers. */
static uint64_t json_cost(const char *bytes, size_t size)
{
    static const uint16_t costs[256] = {[','] = 88, [':'] = 88, ['['] = 160, ['{'] = 272};
    uint64_t cost = 0;
    for (size_t i = 0; i < size; i++)
        cost += costs[(unsigned char)bytes[i]];
    return cost;
}

/* Only the head of a binary body is parsed, whose size is known, and nothing of a file. */
static int is_json(const struct wi_request *request)
{
    return !request->headers.inference_length &&
           wi_media_type_is(request->headers.content_type, "application/json");
}

/* The capacity that a body of `size` bytes is given, by what it has and what is announced. */
static size_t room_for(const struct wi_request *request, size_t size)
{
    uint64_t length = 0;
    size_t capacity = request->body ? request->body->capacity : 0;
    if (request->headers.content_length)
        (void)wi_parse_length(request->headers.content_length, &length);
    size_t next = capacity ? 2 * capacity : length ? FIRST_ROOM : 0;
    if (size <= capacity)
        return capacity;
    if (length >= size && next > length)
        return (size_t)length;
    return next > size ? next : size;
}

static int store_body(struct wi_request *request, const char *bytes, size_t size)
{
    size_t room = room_for(request, (request->body ? request->body->size : 0) + size);
    if (room - request->body_held > wi_share_room(wi_request_share(request)))
        return -1;
    if (!request->body)
        request->body = wi_blob_new(request->api->deps.budget, 0);
    if (!request->body || wi_blob_make_room(request->body, room) != 0)
        return -1;
    wi_request_hold_body(request, room);
    return wi_blob_append(request->body, bytes, size);
}

/* Whether the bytes of the body so far make a piece, after which more follows. The first piece is
 * whatever came first, so that a refusal can be sent before the rest comes. */
static int has_piece(const struct wi_request *request)
{
    uint64_t length = 0;
    size_t least = request->pieces > 0 ? PIECE_BYTES : 1;
    if (!(request->route->flags & WI_ROUTE_PIECES) || request->body->size < least)
        return 0;
    return request->headers.transfer_encoding ||
           (wi_parse_length(request->headers.content_length, &length) == 0 &&
               request->received < length);
}

static void hand_over_piece(struct wi_request *request)
{
    request->pieces++;
    request->is_midway = 1;
    request->read = wi_now_ms();
    request->connection->deadline = 0;
    wi_request_set_state(request, WI_REQUEST_HANDLING);
    request->route->handle(request);
    if (request->state == WI_REQUEST_WAITING)
        wi_request_suspend(request);
}

void wi_request_read_on(struct wi_request *request, void (*cancel)(void *work), void *work)
{
    struct wi_error error;
    if (wi_request_is_too_late(request)) {
        cancel(work);
        wi_request_shutting_down(&error);
        wi_request_answer_error(request, &error);
        return;
    }
    request->cancel = cancel;
    request->work = work;
    request->is_midway = 0;
    request->body->size = 0;
    wi_request_set_state(request, WI_REQUEST_READING);
    wi_pace_begin(&request->pace, wi_awake_ms(), request->received);
    request_touch(request);
    wi_request_resume(request);
}

static void take_body(struct wi_request *request, const char *bytes, size_t size)
{
    struct wi_error error;
    request->received += size;
    if (request->state == WI_REQUEST_LINGERING)
        return;
    if (request->state == WI_REQUEST_DISCARDING) {
        if (!request->api->tls)
            request_touch(request);
        return;
    }
    request_touch(request);
    if (request->received > request->max_body) {
        wi_error_set(&error, WI_BODY_TOO_LARGE, NULL, "the body is too large");
        wi_error_expect(&error, "at most %zu bytes", request->max_body);
        wi_request_refuse_midway(request, &error);
        return;
    }
    if (!(request->route->flags & (WI_ROUTE_BODY | WI_ROUTE_MAYBE)))
        return;
    if (is_json(request))
        request->json_cost += json_cost(bytes, size);
    if (store_body(request, bytes, size) != 0) {
        wi_error_set(&error, WI_MEMORY_BUDGET, NULL,
            "there is no memory for this body now; try again later, or with fewer requests at a "
            "time");
        wi_request_refuse_midway(request, &error);
    } else if (has_piece(request)) {
        hand_over_piece(request);
    }
}

/* --- handling -------------------------------------------------------------------------------- */

static enum MHD_Result after_handling(struct wi_request *request)
{
    if (request->state == WI_REQUEST_ANSWERED)
        return response_queue(request);
    assert(request->state == WI_REQUEST_WAITING);
    wi_request_suspend(request);
    return MHD_YES;
}

static enum MHD_Result request_handle(struct wi_request *request)
{
    struct wi_error error;
    request->read = wi_now_ms();
    request->connection->deadline = 0;
    if (wi_request_is_too_late(request)) {
        wi_request_shutting_down(&error);
        wi_request_make_problem(request, &error);
        return response_queue(request);
    }
    if (wi_request_check_body(request, &error) != WI_OK) {
        wi_request_make_problem(request, &error);
        return response_queue(request);
    }
    wi_request_set_state(request, WI_REQUEST_HANDLING);
    request->route->handle(request);
    return after_handling(request);
}

static enum MHD_Result handle_ready(struct wi_request *request)
{
    wi_request_set_state(request, WI_REQUEST_HANDLING);
    request->go_on(request, request->work);
    return after_handling(request);
}

/* --- libmicrohttpd's calls ------------------------------------------------------------------- */

static enum MHD_Result first_call(struct wi_request *request)
{
    struct wi_error error;
    enum wi_code code = wi_request_check(request, &error);
    wi_connection_join(request->connection);
    if (code == WI_OK)
        return MHD_YES;
    const struct wi_dialect *near =
        request->route ? NULL : wi_route_dialect_near(request->api->routes, request->path);
    if (near)
        request->dialect = near;
    if (error.code == WI_METHOD_NOT_ALLOWED && strcmp(request->method, "OPTIONS") == 0)
        return answer_options(request, &error);
    return request_refuse(request, &error);
}

enum MHD_Result wi_request_access(struct wi_connection *connection, struct MHD_Connection *mhd,
    const char *target, const char *method, const char *version, const char *upload,
    size_t *upload_size, void **context)
{
    struct wi_request *request = *context;
    if (!request) {
        *context = request = request_begin(connection, mhd, target, method, version);
        return first_call(request);
    }
    if (request->state == WI_REQUEST_WAITING)
        return MHD_YES; /* suspended with a piece of its body: the rest is brought again */
    if (*upload_size > 0 && request->state != WI_REQUEST_GONE) {
        take_body(request, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    switch (request->state) {
    case WI_REQUEST_READING:
        return request_handle(request);
    case WI_REQUEST_READY:
        return handle_ready(request);
    case WI_REQUEST_DISCARDING:
    case WI_REQUEST_ANSWERED:
        return response_queue(request);
    case WI_REQUEST_LINGERING:
    case WI_REQUEST_GONE:
        return MHD_NO; /* closes the connection */
    default:
        return MHD_YES;
    }
}

/* Whether the answer comes bit by bit. */
static int is_stream(const struct wi_request *request)
{
    return request->is_moving != NULL;
}

/* For people; by hand, for there is one for every request. */
static void print_access(
    struct wi_buffer *out, const struct wi_request *request, double ms, int left)
{
    wi_buffer_strings(out, request->method, " ", NULL);
    wi_buffer_add(out, request->path, strnlen(request->path, PATH_SHOWN_MAX));
    wi_buffer_puts(out, " ");
    wi_buffer_integer(out, request->status);
    wi_buffer_puts(out, " in=");
    wi_buffer_integer(out, (int64_t)request->received);
    wi_buffer_puts(out, " out=");
    wi_buffer_integer(out, (int64_t)request->sent);
    wi_buffer_puts(out, " ");
    wi_buffer_decimal(out, ms, 2);
    wi_buffer_strings(
        out, " ms token=", request->token, " from=", wi_request_address(request), NULL);
    if (is_stream(request)) {
        wi_buffer_puts(out, " parts=");
        wi_buffer_integer(out, (int64_t)request->parts);
    }
    wi_buffer_puts(out, left ? " (the client left)" : "");
}

/* Requests that need no token come often, from machines, and anyone may send any number of them. */
static enum wi_level access_level(const struct wi_request *request)
{
    int is_open = request->route && request->route->rank == WI_RANK_NONE;
    return is_open && request->status < 400 ? WI_LOG_DEBUG : WI_LOG_INFO;
}

static void log_access(const struct wi_request *request, double ms, int left)
{
    struct wi_buffer message = {0};
    const struct wi_log_field fields[] = {
        {.name = "method", .text = request->method},
        {.name = "path", .text = request->path},
        {.name = "status", .kind = WI_FIELD_INTEGER, .integer = request->status},
        {.name = "bytes_in", .kind = WI_FIELD_INTEGER, .integer = (int64_t)request->received},
        {.name = "bytes_out", .kind = WI_FIELD_INTEGER, .integer = (int64_t)request->sent},
        {.name = "duration_ms", .kind = WI_FIELD_MS, .ms = ms},
        {.name = "token", .text = strcmp(request->token, "-") == 0 ? NULL : request->token},
        {.name = "address", .text = wi_request_address(request)},
        {.name = "request_id", .text = request->id},
        {.name = "client_left", .kind = WI_FIELD_BOOLEAN, .integer = left},
        {.name = "parts", .kind = WI_FIELD_INTEGER, .integer = (int64_t)request->parts},
    };
    size_t count = sizeof fields / sizeof *fields - !is_stream(request);
    enum wi_level level = access_level(request);
    if (!wi_log_enabled(level) || (level == WI_LOG_INFO && request->rank == WI_RANK_NONE &&
                                      !wi_log_limit_allows(&request->api->strangers, level, "api")))
        return;
    print_access(&message, request, ms, left);
    int is_first = wi_log_keep(level, "api", request->id, fields, count, message.text);
    if (is_first && request->api->flush)
        wi_timer_start(request->api->flush, LOG_KEPT_MS, 0);
    wi_buffer_clear(&message);
}

void wi_request_completed(struct wi_request *request, enum MHD_RequestTerminationCode why)
{
    struct wi_api *api = request->api;
    double ms = wi_now_ms() - request->started;
    int left = request->state == WI_REQUEST_GONE ||
               (is_stream(request) && why != MHD_REQUEST_TERMINATED_COMPLETED_OK);
    wi_request_cancel_work(request);
    wi_watch_free(request->watch);
    int route = request->route ? (int)(request->route - api->routes) : -1;
    wi_metrics_request(
        api->metrics, route, request->status, ms / 1000, request->received, request->sent);
    wi_metrics_spent(api->metrics, route, request->spent.all, request->spent.most);
    if (request->counted_as)
        wi_history_add_bytes(
            api->history, wi_now_ms(), request->counted_as, request->received, request->sent);
    log_access(request, ms, left);
    if (request->response)
        MHD_destroy_response(request->response);
    (void)wi_request_reserve(request, 0);
    wi_request_drop_body(request);
    wi_shares_unref(&api->clients, request->share);
    if (request->previous)
        request->previous->next = request->next;
    else
        api->requests = request->next;
    if (request->next)
        request->next->previous = request->previous;
    api->request_count--;
    request->connection->request = NULL;
    request->connection->deadline = wi_awake_ms() + (double)api->deps.config->api.idle_timeout;
    wi_connections_wait(&api->connections, request->connection, wi_awake_ms());
    wi_headers_clear(&request->headers);
    wi_forwarded_clear(&request->forwarded);
    free(request->authority);
    free(request->ignored);
    free(request);
}

void wi_request_expired(struct wi_request *request)
{
    struct wi_error error;
    int fd = request->connection->fd;
    int reading = request->state == WI_REQUEST_READING || request->state == WI_REQUEST_DISCARDING;
    request->connection->deadline = 0;
    if (request->is_moving && request->is_moving(request->work))
        return;
    if (!reading || request->api->tls) {
        shutdown(fd, SHUT_RDWR);
        return;
    }
    wi_error_set(&error, WI_REQUEST_TIMEOUT, NULL,
        "the body stopped arriving or arrived too slowly; send it again without pauses");
    wi_request_linger(request, &error);
}

int wi_request_may_clog(const struct wi_request *request)
{
    enum wi_request_state state = request->state;
    int reads = state == WI_REQUEST_READING || state == WI_REQUEST_DISCARDING ||
                state == WI_REQUEST_LINGERING;
    return reads && request->headers.transfer_encoding;
}

void wi_request_shorten_deadline(struct wi_request *request)
{
    double limit = wi_awake_ms() + request->api->deps.times.linger;
    if (request->connection->deadline > limit)
        request->connection->deadline = limit;
}

void wi_request_hurry(struct wi_request *request)
{
    struct wi_error error;
    if (request->state != WI_REQUEST_READING)
        return;
    wi_request_shutting_down(&error);
    wi_request_refuse_midway(request, &error);
}

void wi_request_abort(struct wi_request *request, const struct wi_error *error)
{
    if (request->state != WI_REQUEST_WAITING && request->state != WI_REQUEST_READY)
        return;
    wi_request_cancel_work(request);
    wi_request_answer_error(request, error);
}
