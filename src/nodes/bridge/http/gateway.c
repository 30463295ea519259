/* Which content is served, and to which clients; see gateway.h. */
#include "nodes/bridge/http/gateway.h"
#include "base/net/http.h"
#include "cluster/content_row.h"
#include "nodes/bridge/http/content_list.h"
#include "nodes/bridge/http/file_answer.h"
#include "nodes/bridge/http/gateway_request.h"
#include "nodes/bridge/http/transfer.h"
#include <string.h>

#define ANSWERS_MAX 64
#define ANY_ORIGIN "Access-Control-Allow-Origin: *\r\n"

static int gateway_refuse(
    struct lws *wsi, struct wi_bridge *bridge, int status, const char *text, const char *more)
{
    char extra[128];
    snprintf(extra, sizeof extra, "%s%s", bridge->settings.content.anyone ? ANY_ORIGIN : "",
        more ? more : "");
    return wi_http_refuse(wsi, bridge, status, text, extra);
}

/* --- who may ask ------------------------------------------------------------------------------ */

/* Whether a proxy says that it has passed the request on: then it may come from anywhere. */
static int is_passed_on(struct lws *wsi)
{
    static const char *const names[] = {
        "forwarded:", "x-forwarded-proto:", "x-forwarded-host:", "x-forwarded-prefix:"};
    int found = lws_hdr_total_length(wsi, WSI_TOKEN_X_FORWARDED_FOR) > 0 ||
                lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_X_REAL_IP) > 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        found |= lws_hdr_custom_length(wsi, names[i], (int)strlen(names[i])) >= 0;
    return found;
}

/* NULL, or why this one may not ask, which is told with `status`. */
static const char *keep_out(struct lws *wsi, struct wi_socket *socket, int *status)
{
    struct wi_bridge *bridge = socket->bridge;
    char host[WI_HTTP_HEADER_MAX];
    struct wi_limited_socket *out;
    if (bridge->settings.content.anyone)
        return NULL;
    if (bridge->settings.has_tokens) {
        char header[WI_HTTP_HEADER_MAX];
        const char *token = wi_http_bearer(wsi, header);
        *status = 401;
        if (!token || !wi_joins_is_node_token(&bridge->joins, token))
            return "models are served by content to clients with a token of rank node";
        wi_socket_limits_know(&bridge->limits, &socket->limited, &out);
        wi_socket_vacate(bridge, out);
        return NULL;
    }
    *status = 403;
    if (!socket->limited.peer.exempt || is_passed_on(wsi))
        return "models are served by content to this machine only: there is no [api] tokens_file, "
               "and [content] anyone is no";
    if (!wi_host_allowed(wi_http_header(wsi, WSI_TOKEN_HOST, host), bridge->url))
        return "this service is not known under that name: use its address, or localhost";
    return NULL;
}

/* Whether it proves that it is a member of our cluster. A proof is good for one block alone: a
 * program that overhears the request gets nothing more by it. */
static int is_member(
    struct lws *wsi, struct wi_socket *socket, const struct wi_gateway_request *request)
{
    struct wi_bridge *bridge = socket->bridge;
    char header[WI_HTTP_HEADER_MAX];
    unsigned char shown[WI_HASH_SIZE], right[WI_HASH_SIZE];
    struct wi_limited_socket *out;
    const char *text = bridge->has_members && !request->is_car ? wi_http_bearer(wsi, header) : NULL;
    if (!text || wi_hash_from_hex(text, shown) != 0)
        return 0;
    wi_content_proof(bridge->members_key, &request->cid, right);
    if (!wi_hash_equal(shown, right))
        return 0;
    wi_socket_limits_know(&bridge->limits, &socket->limited, &out);
    wi_socket_vacate(bridge, out);
    return 1;
}

static int refuse_stranger(struct lws *wsi, struct wi_bridge *bridge, int status, const char *why)
{
    bridge->counters.content_unauthorized++;
    return gateway_refuse(
        wsi, bridge, status, why, status == 401 ? "WWW-Authenticate: Bearer\r\n" : NULL);
}

/* --- answers ---------------------------------------------------------------------------------- */

struct answer {
    char etag[96], name[80]; /* the name: of a file that a browser makes of it, or "" */
    const char *type, *cache;
    struct wi_body body; /* of size 0: the answer has none */
};

static void answer_describe(
    struct wi_buffer *out, const struct wi_bridge *bridge, int status, const struct answer *answer)
{
    wi_buffer_strings(
        out, "ETag: ", answer->etag, "\r\nCache-Control: ", answer->cache, "\r\n", NULL);
    if (bridge->settings.content.anyone)
        wi_buffer_puts(out, ANY_ORIGIN);
    if (status == 304)
        return;
    wi_buffer_printf(out, "Content-Type: %s\r\nContent-Length: %llu\r\n", answer->type,
        (unsigned long long)answer->body.size);
    if (*answer->name)
        wi_buffer_printf(out, "Content-Disposition: attachment; filename=\"%s\"\r\n", answer->name);
}

/* Takes the body. 1 where it goes out, else 0, in `sent`; the value is for the lws callback. */
static int send_answer(struct lws *wsi, struct wi_socket *socket, struct answer *answer, int *sent)
{
    char known[WI_HTTP_HEADER_MAX];
    struct wi_buffer out = {0};
    int close_after = wi_http_wants_close(wsi);
    wi_http_header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, known);
    int status = wi_http_etag_matches(known, answer->etag) ? 304 : 200;
    wi_http_begin(&out, wsi, socket->bridge, status, close_after);
    answer_describe(&out, socket->bridge, status, answer);
    wi_buffer_puts(&out, "\r\n");
    *sent = status == 200 && lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) <= 0;
    int result = wi_http_write_headers(wsi, &out);
    if (result == 0 && *sent && answer->body.size > 0)
        return wi_transfer_begin(wsi, socket, &answer->body, close_after);
    wi_body_clear(&answer->body);
    return result != 0 ? -1 : wi_http_finish(wsi, close_after);
}

/* --- blocks ----------------------------------------------------------------------------------- */

static void name_answer(const struct wi_gateway_request *request, struct answer *answer)
{
    char cid[WI_CID_TEXT] = WI_CID_PROBE;
    if (!request->is_probe)
        wi_cid_print(&request->cid, cid);
    if (request->is_car)
        snprintf(answer->etag, sizeof answer->etag, "\"%s.car.%s\"", cid,
            wi_gateway_scope_name(request->scope));
    else
        snprintf(answer->etag, sizeof answer->etag, "\"%s.raw\"", cid);
    snprintf(answer->name, sizeof answer->name, "%s.%s", cid, request->is_car ? "car" : "bin");
    answer->type = request->is_car ? WI_CAR_TYPE_WRITTEN : WI_BLOCK_TYPE;
}

static int answer_request(
    struct lws *wsi, struct wi_socket *socket, const struct wi_gateway_request *request)
{
    struct wi_bridge *bridge = socket->bridge;
    struct wi_bridge_counters *counters = &bridge->counters;
    /* Where a token or a proof was needed, no cache in between may give it to others. */
    int needed =
        (bridge->settings.has_tokens || bridge->has_members) && !bridge->settings.content.anyone;
    struct answer answer = {.cache = needed ? "private, max-age=29030400, immutable"
                                            : "public, max-age=29030400, immutable"};
    int sent;
    name_answer(request, &answer);
    if (request->is_probe)
        return send_answer(wsi, socket, &answer, &sent);
    if (bridge->content_answers >= ANSWERS_MAX) {
        counters->content_busy++;
        return gateway_refuse(wsi, bridge, 503, "too many requests are being served at the moment",
            "Retry-After: 1\r\n");
    }
    if (bridge->blocks)
        answer.body.reading = wi_blockstore_read(
            bridge->blocks, &request->cid, request->is_car, request->scope, &answer.body.size);
    if (!answer.body.reading) {
        counters->content_missing++;
        return gateway_refuse(wsi, bridge, 404, "this block is not here", NULL);
    }
    int result = send_answer(wsi, socket, &answer, &sent);
    counters->content_cars += sent && request->is_car;
    counters->content_blocks += sent && !request->is_car;
    return result;
}

/* Copies the decoded query string, with "&" between its parameters, into WI_HTTP_HEADER_MAX bytes:
 * lws keeps each parameter separately. Returns 0, or -1 if it is too long. */
static int read_parameters(struct lws *wsi, char *out)
{
    size_t used = 0;
    *out = '\0';
    for (int i = 0; used + 1 < WI_HTTP_HEADER_MAX; i++) {
        int length = lws_hdr_copy_fragment(
            wsi, out + used, (int)(WI_HTTP_HEADER_MAX - 1 - used), WSI_TOKEN_HTTP_URI_ARGS, i);
        if (length < 0)
            break;
        used += (size_t)length;
        out[used++] = '&';
        out[used] = '\0';
    }
    return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS) > (int)used ? -1 : 0;
}

int wi_serve_block(struct lws *wsi, struct wi_socket *socket, const char *cid)
{
    struct wi_bridge *bridge = socket->bridge;
    char accept[WI_HTTP_HEADER_MAX], parameters[WI_HTTP_HEADER_MAX];
    struct wi_gateway_request request;
    struct wi_error error;
    int status;
    if (read_parameters(wsi, parameters) != 0)
        return gateway_refuse(wsi, bridge, 400, "the parameters are too long", NULL);
    wi_http_header(wsi, WSI_TOKEN_HTTP_ACCEPT, accept);
    enum wi_code code = wi_gateway_request_read(cid, parameters, accept, &request, &error);
    /* Any client may know that this is a gateway. */
    int is_free = code == WI_OK && (request.is_probe || is_member(wsi, socket, &request));
    const char *why = is_free ? NULL : keep_out(wsi, socket, &status);
    if (why)
        return refuse_stranger(wsi, bridge, status, why);
    if (code != WI_OK)
        return gateway_refuse(wsi, bridge, 400, error.detail, NULL);
    return answer_request(wsi, socket, &request);
}

/* --- the list --------------------------------------------------------------------------------- */

int wi_serve_content(struct lws *wsi, struct wi_socket *socket)
{
    struct wi_bridge *bridge = socket->bridge;
    struct wi_content_list *list = &bridge->content;
    struct answer answer = {.type = "application/json", .cache = "no-cache"};
    int status, sent;
    const char *why = keep_out(wsi, socket, &status);
    if (why)
        return refuse_stranger(wsi, bridge, status, why);
    if (bridge->blocks)
        wi_blockstore_check(bridge->blocks); /* for who asks the next time */
    wi_content_list_update(list, bridge->blocks, bridge->id, bridge->content_takes);
    if (!list->text)
        return -1; /* no memory */
    snprintf(answer.etag, sizeof answer.etag, "%s", list->etag);
    answer.body = (struct wi_body){.text = wi_blob_ref(list->text), .size = list->text->size};
    return send_answer(wsi, socket, &answer, &sent);
}
