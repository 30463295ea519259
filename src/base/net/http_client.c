/*
 * A call is one curl handle. Calls that must not reach private addresses have a multi handle of
 * their own: a connection that another call opened would be used again without a look at where it
 * goes.
 */
#include "base/net/http_client.h"

#include "config.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/net/address.h"
#include "base/net/url.h"
#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

#define CONNECT_MS 30000
#define MAX_HEAD (64 * 1024)
#define RECEIVE_BUFFER (256L * 1024) /* of a call that hands its body on in pieces */
#define SEND_BUFFER (256L * 1024)    /* of a call whose body comes in pieces */

/* --- curl on the loop ------------------------------------------------------------------------- */

/* curl's multi socket interface: curl tells which sockets and which timer it wants, the loop tells
 * what happened. Each has a pool of connections, which are kept and used again. */
struct multi {
    uv_loop_t *loop;
    CURLM *curl;
    struct wi_timer *timer;
};

struct socket_watch {
    struct multi *multi;
    curl_socket_t socket;
    struct wi_watch *watch;
};

static void on_done(CURL *easy, CURLcode code);
static void multi_collect(struct multi *multi);

static void on_socket_event(void *context, int status, int events)
{
    struct socket_watch *watched = context;
    struct multi *multi = watched->multi;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    int running;
    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    curl_multi_socket_action(multi->curl, watched->socket, flags, &running);
    multi_collect(multi);
}

static int on_socket_request(CURL *easy, curl_socket_t fd, int what, void *context, void *watched)
{
    struct multi *multi = context;
    struct socket_watch *entry = watched;
    if (what == CURL_POLL_REMOVE) {
        curl_multi_assign(multi->curl, fd, NULL);
        if (entry)
            wi_watch_free(entry->watch);
        free(entry);
        return 0;
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    if (entry) {
        wi_watch_set(entry->watch, events);
        return 0;
    }
    entry = wi_alloc(sizeof *entry);
    entry->multi = multi;
    entry->socket = fd;
    entry->watch = wi_watch_new(multi->loop, fd, events, on_socket_event, entry);
    if (entry->watch == NULL) {
        free(entry);
        return -1;
    }
    curl_multi_assign(multi->curl, fd, entry);
    return 0;
}

static void on_timer(void *context)
{
    struct multi *multi = context;
    int running;
    curl_multi_socket_action(multi->curl, CURL_SOCKET_TIMEOUT, 0, &running);
    multi_collect(multi);
}

/* curl must not be called back from inside this request, so even "now" is a turn of the loop. */
static int on_timer_request(CURLM *curl, long ms, void *context)
{
    struct multi *multi = context;
    if (ms < 0)
        wi_timer_stop(multi->timer);
    else
        wi_timer_start(multi->timer, (uint64_t)ms, 0);
    return 0;
}

static struct multi *new_multi(uv_loop_t *loop)
{
    struct multi *multi = wi_alloc(sizeof *multi);
    multi->loop = loop;
    multi->timer = wi_timer_new(loop, on_timer, multi);
    multi->curl = curl_multi_init();
    assert(multi->curl); /* fails only without memory */
    curl_multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, on_socket_request);
    curl_multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi);
    curl_multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, on_timer_request);
    curl_multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi);
    return multi;
}

/* After the last transfer was removed. The loop must turn once more for the sockets' handles. NULL
 * is fine. */
static void free_multi(struct multi *multi)
{
    if (multi == NULL)
        return;
    curl_multi_cleanup(multi->curl);
    wi_timer_free(multi->timer);
    free(multi);
}

/* One message at a time: the callback may remove other transfers. */
static void multi_collect(struct multi *multi)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi->curl, &left)) != NULL)
        if (message->msg == CURLMSG_DONE)
            on_done(message->easy_handle, message->data.result);
}

struct wi_http {
    uv_loop_t *loop;
    struct multi *open;         /* to any address that the configuration names */
    struct multi *public;       /* never to a private one */
    struct wi_turn *turn;       /* ends the calls that are `doomed` */
    struct wi_http_call *calls; /* under way */
};

struct wi_http_call {
    struct wi_http *http;
    struct multi *multi;
    struct wi_http_call *prev, *next;
    CURL *easy;
    struct curl_slist *headers;
    struct wi_buffer body;
    size_t max_answer, head_size;
    int outside, allow_private, only_here; /* only_here: it may not leave this machine */
    int head_done, too_large, stopped, private_refused, doomed, paused;
    struct wi_timer *limit, *stall; /* NULL: no limit */
    uint64_t stall_ms;
    double last_byte;
    const struct wi_outlet *outlet;
    wi_http_head_fn *on_head;
    wi_http_data_fn *on_data;
    wi_http_send_fn *on_send;
    uint64_t sent; /* of what on_send gives */
    wi_http_fn *on_answer;
    void *context;
};

static void on_turn(void *context);

struct wi_http *wi_http_new(uv_loop_t *loop)
{
    struct wi_http *http = wi_alloc(sizeof *http);
    http->loop = loop;
    http->open = new_multi(loop);
    http->public = new_multi(loop);
    http->turn = wi_turn_new(loop, on_turn, http);
    return http;
}

void wi_http_free(struct wi_http *http)
{
    if (http == NULL)
        return;
    while (http->calls)
        wi_http_cancel(http->calls);
    free_multi(http->open);
    free_multi(http->public);
    wi_turn_free(http->turn);
    free(http);
}

/* --- what curl says of a call ----------------------------------------------------------------- */

/* The socket for a connection, or none for an address where the call must not go. */
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct wi_http_call *call = context;
    union wi_address address = {0};
    int internet = to->family == AF_INET || to->family == AF_INET6;
    if (call->outside && (!internet || to->addrlen > sizeof address))
        return CURL_SOCKET_BAD;
    if (call->outside) {
        memcpy(&address, &to->addr, to->addrlen);
        if ((call->only_here && !wi_address_is_loopback(&address)) ||
            (!call->allow_private && wi_address_is_private(&address))) {
            call->private_refused = 1;
            return CURL_SOCKET_BAD;
        }
    }
    if (call->outlet)
        return to->family == AF_INET ? call->outlet->take(call->outlet->context) : CURL_SOCKET_BAD;
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* A line of the head, including the empty one at its end. A 1xx answer has a head of its own, and
 * trailers after the body look like one. */
static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct wi_http_call *call = context;
    size_t length = size * count;
    long status = 0;
    call->last_byte = wi_awake_ms();
    call->head_size += length;
    if (call->head_size > MAX_HEAD) {
        call->too_large = 1;
        return 0;
    }
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    if (call->head_done || status < 200 || length > 2)
        return length;
    call->head_done = 1;
    if (call->on_head && call->on_head(call->context, call, (int)status) != 0) {
        call->stopped = 1;
        return 0;
    }
    return length;
}

static size_t hand_on(struct wi_http_call *call, const char *bytes, size_t length)
{
    enum wi_http_verdict verdict = call->on_data(call->context, bytes, length);
    if (verdict == WI_HTTP_TAKEN)
        return length;
    if (verdict == WI_HTTP_PAUSE) {
        call->paused = 1;
        return CURL_WRITEFUNC_PAUSE;
    }
    call->stopped = 1;
    return 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct wi_http_call *call = context;
    size_t length = size * count;
    call->last_byte = wi_awake_ms();
    if (call->stopped) /* curl asks again after a pause, although it was told to end */
        return 0;
    if (call->on_data)
        return hand_on(call, bytes, length);
    if (length > call->max_answer - call->body.size) {
        call->too_large = 1;
        return 0;
    }
    wi_buffer_add(&call->body, bytes, length);
    return length;
}

/* --- start and end ---------------------------------------------------------------------------- */

static void free_call(struct wi_http_call *call)
{
    curl_multi_remove_handle(call->multi->curl, call->easy);
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    wi_buffer_clear(&call->body);
    wi_timer_free(call->limit);
    wi_timer_free(call->stall);
    free(call);
}

void wi_http_cancel(struct wi_http_call *call)
{
    if (call == NULL)
        return;
    DL_DELETE(call->http->calls, call);
    free_call(call);
}

static enum wi_http_end end_of(const struct wi_http_call *call, CURLcode code)
{
    if (code == CURLE_OK)
        return WI_HTTP_ANSWERED;
    if (call->stopped || call->too_large)
        return WI_HTTP_STOPPED;
    if (call->private_refused || code == CURLE_PEER_FAILED_VERIFICATION ||
        code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT)
        return WI_HTTP_REFUSED;
    return WI_HTTP_BROKEN;
}

static const char *call_describe(const struct wi_http_call *call, CURLcode code)
{
    if (call->too_large)
        return "the answer is too large";
    if (call->stopped)
        return "stopped";
    if (call->private_refused)
        return "its address belongs to a private network";
    return curl_easy_strerror(code);
}

static void call_finish(struct wi_http_call *call, CURLcode code, const char *failure)
{
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    wi_buffer_add(&call->body, "", 0);
    struct wi_http_answer answer = {.body = call->body.text,
        .body_size = call->body.size,
        .end = end_of(call, code),
        .call = call};
    if (code == CURLE_OK)
        answer.status = (int)status;
    else
        answer.failure = failure ? failure : call_describe(call, code);
    /* Out of the list first: the callback may free everything that it knows of. */
    DL_DELETE(call->http->calls, call);
    call->on_answer(call->context, &answer);
    free_call(call);
}

/* The callback may cancel others; it must not free `http`: that is done from the loop, as every
 * tear-down. */
static void on_done(CURL *easy, CURLcode code)
{
    struct wi_http_call *call;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
    call_finish(call, code, NULL);
}

static void on_turn(void *context)
{
    struct wi_http *http = context;
    struct wi_http_call *call;
    do { /* from the beginning: the callback may cancel any of them */
        LL_SEARCH_SCALAR(http->calls, call, doomed, 1);
        if (call)
            call_finish(call, CURLE_WRITE_ERROR, NULL);
    } while (call);
}

static void on_limit(void *context)
{
    call_finish(context, CURLE_OPERATION_TIMEDOUT, NULL);
}

static void on_stall(void *context)
{
    struct wi_http_call *call = context;
    double now = wi_awake_ms();
    double quiet = call->paused ? 0 : now - call->last_byte;
    if (quiet + 1 < (double)call->stall_ms)
        wi_timer_start(call->stall, call->stall_ms - (uint64_t)quiet, 0);
    else
        call_finish(call, CURLE_OPERATION_TIMEDOUT, "nothing came for too long");
}

static size_t on_read(char *out, size_t size, size_t count, void *context)
{
    struct wi_http_call *call = context;
    size_t more = call->on_send(call->context, call->sent, out, size * count);
    call->last_byte = wi_awake_ms();
    call->sent += more;
    return more;
}

/* A connection that was kept had ended: the body goes again over a new one. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
    struct wi_http_call *call = context;
    if (origin != SEEK_SET || offset < 0)
        return CURL_SEEKFUNC_CANTSEEK;
    call->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static void set_sending(struct wi_http_call *call, const struct wi_http_request *request)
{
    CURL *easy = call->easy;
    call->on_send = request->on_send;
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, call);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, call);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BUFFER);
}

static void set_headers(struct wi_http_call *call, const struct wi_http_request *request)
{
    /* curl waits a second for "100 Continue" that drivers never send. */
    call->headers = curl_slist_append(NULL, "Expect:");
    for (const char *const *line = request->headers; line && *line; line++)
        call->headers = curl_slist_append(call->headers, *line);
    if (request->on_send)
        set_sending(call, request);
    if (request->body || request->on_send) {
        char *type = wi_sprintf("Content-Type: %s", request->content_type);
        call->headers = curl_slist_append(call->headers, type);
        free(type);
    }
    if (request->body) {
        curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        curl_easy_setopt(call->easy, CURLOPT_COPYPOSTFIELDS, request->body);
    }
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

/* HTTP/1.1, so that each of several files has a connection of its own. */
static void set_outside(struct wi_http_call *call, const struct wi_http_request *request)
{
    CURL *easy = call->easy;
    call->outside = 1;
    call->allow_private = request->allow_private;
    int plain = strncasecmp(request->url, "https:", 6) != 0;
    call->only_here = plain && !request->allow_plain;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
        plain && (request->allow_plain || wi_url_is_loopback(request->url)) ? "http" : "https");
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "identity");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "webinfer/" PACKAGE_VERSION);
}

static void set_options(struct wi_http_call *call, const struct wi_http_request *request)
{
    CURL *easy = call->easy;
    uint64_t connect_ms = request->timeout_ms ? request->timeout_ms : CONNECT_MS;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(easy, CURLOPT_NOBODY, (long)(strcmp(request->method, "HEAD") == 0));
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    if (request->on_data)
        curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
    if (request->authority)
        curl_easy_setopt(easy, CURLOPT_CAINFO, request->authority);
    if (request->outside)
        set_outside(call, request);
    if (request->outlet) {
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    }
    set_headers(call, request);
}

/* Not by curl, whose clock goes on while this process does not. */
static void set_limit(struct wi_http_call *call, uint64_t limit_ms)
{
    if (!limit_ms)
        return;
    call->limit = wi_timer_new(call->http->loop, on_limit, call);
    wi_timer_wait(call->limit, limit_ms);
}

static void watch_for_stall(struct wi_http_call *call, uint64_t stall_ms)
{
    if (!stall_ms)
        return;
    call->stall_ms = stall_ms;
    call->last_byte = wi_awake_ms();
    call->stall = wi_timer_new(call->http->loop, on_stall, call);
    wi_timer_start(call->stall, stall_ms, 0);
}

struct wi_http_call *wi_http_start(struct wi_http *http, const struct wi_http_request *request,
    wi_http_fn *on_answer, void *context)
{
    struct wi_http_call *call = wi_alloc(sizeof *call);
    call->http = http;
    call->max_answer = request->max_answer;
    call->outlet = request->outlet;
    call->on_head = request->on_head;
    call->on_data = request->on_data;
    call->on_answer = on_answer;
    call->context = context;
    call->easy = curl_easy_init();
    assert(call->easy); /* fails only without memory */
    set_options(call, request);
    set_limit(call, request->timeout_ms);
    watch_for_stall(call, request->stall_ms);
    DL_PREPEND(http->calls, call);
    call->multi = call->outside && !call->allow_private ? http->public : http->open;
    curl_multi_add_handle(call->multi->curl, call->easy);
    return call;
}

/* If on_data ends the call from inside, curl says so here and nowhere else. */
void wi_http_resume(struct wi_http_call *call)
{
    call->paused = 0;
    call->last_byte = wi_awake_ms();
    if (curl_easy_pause(call->easy, CURLPAUSE_CONT) == CURLE_OK)
        return;
    call->doomed = 1;
    wi_turn_schedule(call->http->turn);
}

/* --- the answer ------------------------------------------------------------------------------- */

const char *wi_http_call_header(const struct wi_http_call *call, const char *name)
{
    struct curl_header *header;
    if (curl_easy_header(call->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return header->value;
}
