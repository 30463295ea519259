/*
 * Everything that can be refused before a request's body is read: its framing, its address, its
 * client, and the promises of its headers.
 */
#include "api/http/screen.h"
#include "api/http/head.h"
#include "api/http/request.h"
#include "api/http/route.h"
#include "base/text.h"
#include "wire/upload.h"

#include <string.h>
#include <strings.h>

/* The largest body that a request may send to a route that reads none. */
#define IGNORED_MAX (64 * 1024)

int wi_request_has_body(const struct wi_request *request)
{
    const struct wi_headers *headers = &request->headers;
    return headers->transfer_encoding ||
           (headers->content_length && strcmp(headers->content_length, "0") != 0);
}

static enum wi_code check_coding(const struct wi_headers *headers, struct wi_error *error)
{
    const char *coding = headers->content_encoding;
    if (coding && *coding && strcasecmp(coding, "identity") != 0) {
        wi_error_set(error, WI_UNSUPPORTED_MEDIA_TYPE, "Content-Encoding",
            "this content coding is not understood: %.80s; send the body as it is", coding);
        return wi_error_allow(error, "identity");
    }
    if (wi_charset_is_utf8(headers->content_type))
        return WI_OK;
    wi_error_set(error, WI_UNSUPPORTED_MEDIA_TYPE, "Content-Type",
        "this charset is not understood: %.80s; send the body in UTF-8", headers->content_type);
    return wi_error_allow(error, "charset=utf-8, or none");
}

/* Whether the program does not declare the type of its body, as curl with -d. Pages of other sites
 * cannot do so without an Origin. */
static int is_untyped(const struct wi_request *request)
{
    const struct wi_headers *headers = &request->headers;
    const char *type = headers->content_type;
    return !headers->origin && !headers->inference_length &&
           (request->route->flags & WI_ROUTE_BODY) &&
           !(request->route->flags & (WI_ROUTE_FORM | WI_ROUTE_PIECES | WI_ROUTE_BYTES)) &&
           (!type || !*type || wi_media_type_is(type, "application/x-www-form-urlencoded"));
}

enum wi_code wi_request_check_body(const struct wi_request *request, struct wi_error *error)
{
    const struct wi_blob *body = request->body;
    size_t at = 0;
    while (body && at < body->size && strchr(" \t\r\n", body->bytes[at]) && body->bytes[at])
        at++;
    if (!request->untyped || !body || at == body->size || body->bytes[at] == '{')
        return WI_OK;
    wi_error_set(error, WI_UNSUPPORTED_MEDIA_TYPE, "Content-Type",
        "there is no Content-Type, and the body does not begin like a JSON object");
    return wi_error_allow(error, "application/json");
}

static enum wi_code check_media_type(
    const struct wi_route *route, const char *type, struct wi_error *error)
{
    int binary = (route->flags & WI_ROUTE_BINARY) != 0;
    int files = (route->flags & WI_ROUTE_FILES) != 0;
    int form = (route->flags & WI_ROUTE_FORM) != 0;
    int bytes = (route->flags & (WI_ROUTE_PIECES | WI_ROUTE_BYTES)) != 0;
    const char *usual = form    ? "multipart/form-data"
                        : bytes ? "application/octet-stream"
                                : "application/json";
    if (wi_media_type_is(type, usual) ||
        (binary && wi_media_type_is(type, "application/octet-stream")) ||
        (files && (wi_media_type_is(type, "multipart/form-data") || wi_upload_file_name(type))))
        return WI_OK;
    wi_error_set(error, WI_UNSUPPORTED_MEDIA_TYPE, "Content-Type", "%s%.80s; say what the body is",
        type ? "this media type is not understood: " : "there is no Content-Type",
        type ? type : "");
    return wi_error_allow(error, "%s%s%s%s", usual, binary ? ", application/octet-stream" : "",
        files ? ", " : "", files ? wi_upload_media_types : "");
}

static enum wi_code check_body_headers(struct wi_request *request, struct wi_error *error)
{
    const struct wi_route *route = request->route;
    const struct wi_headers *headers = &request->headers;
    int reads = (route->flags & (WI_ROUTE_BODY | WI_ROUTE_MAYBE)) != 0;
    uint64_t length = 0;
    enum wi_code code;
    if ((route->flags & WI_ROUTE_BODY) && !headers->content_length && !headers->transfer_encoding)
        return wi_error_set(error, WI_LENGTH_REQUIRED, "Content-Length",
            "this request needs a body; send it with a Content-Length or chunked");
    if (headers->content_length && wi_parse_length(headers->content_length, &length) != 0)
        return wi_error_set(
            error, WI_BAD_REQUEST, "Content-Length", "Content-Length is not a number");
    if (length > request->max_body) {
        wi_error_set(error, WI_BODY_TOO_LARGE, "Content-Length",
            "the body is too large: %llu bytes", (unsigned long long)length);
        return wi_error_expect(error, "at most %zu bytes", request->max_body);
    }
    if (reads && wi_request_has_body(request) && (code = check_coding(headers, error)))
        return code;
    if (!reads || (!wi_request_has_body(request) && !(route->flags & WI_ROUTE_BODY)))
        return WI_OK;
    if (route->flags & WI_ROUTE_UNTYPED) {
        request->headers.content_type =
            headers->inference_length ? "application/octet-stream" : "application/json";
        return WI_OK;
    }
    request->untyped = is_untyped(request);
    if (request->untyped)
        request->headers.content_type = "application/json";
    return check_media_type(route, headers->content_type, error);
}

static enum wi_code check_accept(const struct wi_request *request, struct wi_error *error)
{
    const char *accept = request->headers.accept;
    const struct wi_route *route = request->route;
    struct wi_buffer types = {0};
    int accepted = strcmp(route->produces, "*/*") == 0 || /* each file has a type of its own */
                   wi_media_type_accepted(accept, route->produces);
    const char *type;
    wi_buffer_puts(&types, route->produces);
    for (size_t i = 0; (type = wi_route_gives(route, i)) != NULL; i++) {
        accepted |= wi_media_type_accepted(accept, type);
        wi_buffer_strings(&types, ", ", type, NULL);
    }
    if (!accepted) {
        wi_error_set(error, WI_NOT_ACCEPTABLE, "Accept", "none of the accepted types can be given");
        wi_error_allow(error, "%s", types.text);
    }
    wi_buffer_clear(&types);
    return accepted ? WI_OK : WI_NOT_ACCEPTABLE;
}

const char *wi_request_address(const struct wi_request *request)
{
    const char *forwarded = request->forwarded.client;
    return *forwarded ? forwarded : request->connection->peer;
}

const char *wi_request_client(const struct wi_request *request)
{
    return strcmp(request->token, "-") != 0 ? request->token : wi_request_address(request);
}

const char *wi_request_scope(const struct wi_request *request)
{
    return request->rank >= WI_RANK_ADMIN ? NULL : wi_request_client(request);
}

static enum wi_code check_token(
    struct wi_request *request, enum wi_rank needed, struct wi_error *error)
{
    const struct wi_headers *headers = &request->headers;
    int takes_key = request->route && request->route->flags & WI_ROUTE_KEY;
    const struct wi_access_rules *rules = request->api->access;
    const char *name;
    enum wi_code code = wi_access_check_way(rules, request->forwarded.sign, error);
    if (code != WI_OK)
        return code;
    code = wi_access_check_token(rules, headers->authorization, takes_key ? headers->api_key : NULL,
        &name, &request->rank, error);
    if (code != WI_OK)
        return code;
    wi_join(request->token, sizeof request->token, name, NULL);
    wi_connections_know(&request->api->connections, request->connection);
    return wi_access_check_rank(request->rank, needed, name, error);
}

enum wi_code wi_request_shutting_down(struct wi_error *error)
{
    return wi_error_set(
        error, WI_SHUTTING_DOWN, NULL, "the service is shutting down; try again later");
}

/* Once the server closes nothing may wait any more: libmicrohttpd ends the program if it is stopped
 * while a connection is suspended, and a kept-alive connection can bring a request at any moment.
 * So it is refused here, before it begins, and not where the server stops. */
int wi_request_is_too_late(const struct wi_request *request)
{
    return request->api->closing && !(request->route && (request->route->flags & WI_ROUTE_ALWAYS));
}

/* A fault here means that the daemon and a proxy before it may disagree about where the request
 * ends. So nothing after it on this connection can be trusted. */
static enum wi_code check_framing(struct wi_request *request, struct wi_error *error)
{
    const struct wi_connection *connection = request->connection;
    enum wi_code code = WI_OK;
    if (!wi_head_is_whole(request->mhd, request->method, request->target, connection->target_length,
            request->version)) {
        code = wi_error_set(error, WI_BAD_REQUEST, NULL,
            "the request's head is malformed: it has a NUL character or a folded line");
        wi_error_expect(error, "lines of \"Name: value\", each on one line");
    } else {
        code = wi_headers_check_framing(
            &request->headers, strcmp(request->version, MHD_HTTP_VERSION_1_0) == 0, error);
    }
    request->distrusted = code != WI_OK;
    return code;
}

/* The host of a target in absolute form, and the host that a proxy was asked for, are checked in
 * addition to the Host header, not instead of it: a proxy may have looked at any of them. */
static enum wi_code check_host(const struct wi_request *request, struct wi_error *error)
{
    const struct wi_access_rules *rules = request->api->access;
    const struct wi_headers *headers = &request->headers;
    const struct wi_forwarded *forwarded = &request->forwarded;
    enum wi_code code = wi_access_check_host(rules, headers->host, headers->host_count, error);
    if (code == WI_OK && request->authority)
        code = wi_access_check_name(rules, request->authority, "Host", error);
    if (code == WI_OK && forwarded->host)
        code = wi_access_check_name(rules, forwarded->host, forwarded->host_field, error);
    return code;
}

/* A spare place is only for health checks, and for admins that show their token. */
static enum wi_code check_place(struct wi_request *request, struct wi_error *error)
{
    const struct wi_api *api = request->api;
    struct wi_connection *connection = request->connection;
    int is_open = request->route && request->route->rank == WI_RANK_NONE;
    int is_admin = request->rank == WI_RANK_ADMIN && wi_access_tokens(api->access)->count > 0;
    enum wi_code code = connection->is_spare ? wi_admission_check_place(&api->connections,
                                                   &api->deps.config->api, connection, error)
                                             : WI_OK;
    connection->is_spare = code != WI_OK;
    if (code == WI_OK || is_open || is_admin)
        return WI_OK;
    request->distrusted = 1; /* it is closed after the answer */
    return code;
}

/* A browser that opens the address gets the console, which is public, since it holds no data. */
static const char *path_of(const struct wi_request *request)
{
    const struct wi_api *api = request->api;
    int opens = strcmp(request->path, "/") == 0 && api->console && api->deps.config->api.console &&
                wi_media_type_named(request->headers.accept, "text/html");
    return opens ? "/console/index.html" : request->path;
}

/* Public endpoints also answer users that follow a link from another site. */
static enum wi_code check_origin(const struct wi_request *request, struct wi_error *error)
{
    const struct wi_headers *headers = &request->headers;
    const struct wi_forwarded *forwarded = &request->forwarded;
    int is_public = request->route && request->route->rank == WI_RANK_NONE;
    return wi_access_check_origin(request->api->access, headers->origin,
        is_public ? NULL : headers->fetch_site, forwarded->scheme,
        forwarded->host ? forwarded->host : headers->host, error);
}

enum wi_code wi_request_check(struct wi_request *request, struct wi_error *error)
{
    struct wi_api *api = request->api;
    const struct wi_headers *headers = &request->headers;
    char *const arguments[] = {request->argument, request->second};
    struct wi_error lost;
    enum wi_code code;
    if ((code = check_framing(request, error)) || (code = wi_headers_check_values(headers, error)))
        return code;
    if (request->connection->nul_in_path)
        return wi_error_set(error, WI_BAD_REQUEST, NULL, "the address has a NUL character");
    if (request->connection->parameters > WI_REQUEST_PARAMETERS_MAX) {
        wi_error_set(error, WI_BAD_REQUEST, NULL, "the address has %zu parameters after the \"?\"",
            request->connection->parameters);
        return wi_error_expect(error, "at most %d parameters", WI_REQUEST_PARAMETERS_MAX);
    }
    request->route =
        wi_route_find(request->api->routes, request->method, path_of(request), arguments, &lost);
    if (request->route)
        request->dialect = request->route->dialect;
    if (wi_request_is_too_late(request))
        return wi_request_shutting_down(error);
    if ((code = wi_forwarded_read(&request->forwarded, headers, wi_access_proxies(api->access),
             request->connection->peer, error)) ||
        (code = check_host(request, error)) || (code = check_origin(request, error)))
        return code;
    request->cross_origin = headers->origin != NULL;
    /* A preflight carries no token; it learns only what the table says (Fetch, 4.8). */
    int preflight = !request->route && strcmp(request->method, "OPTIONS") == 0;
    enum wi_rank needed = preflight        ? WI_RANK_NONE
                          : request->route ? request->route->rank
                                           : WI_RANK_USER;
    if (needed > WI_RANK_NONE && (code = check_token(request, needed, error)))
        return code;
    if ((code = check_place(request, error)))
        return code;
    if (!request->route) {
        if (lost.code == WI_NOT_FOUND)
            wi_route_lost(api->routes, request->method, request->path, &lost);
        *error = lost;
        return lost.code;
    }
    int reads = (request->route->flags & (WI_ROUTE_BODY | WI_ROUTE_MAYBE)) != 0;
    request->max_body = !reads                     ? IGNORED_MAX
                        : request->route->max_body ? request->route->max_body
                                                   : (size_t)api->deps.config->api.max_body;
    if ((code = check_accept(request, error)) || (code = check_body_headers(request, error)))
        return code;
    return request->route->flags & WI_ROUTE_ADMIT
               ? wi_jobs_admit(api->deps.jobs, wi_request_client(request), error)
               : WI_OK;
}
