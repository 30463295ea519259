/*
 * curl's multi socket interface on libuv: curl tells which sockets and which timer it wants, the
 * loop tells what happened. Finished calls are collected in one place, after curl has returned.
 */
#include "base/http_client.h"

#include "base/buffer.h"
#include "base/loop.h"
#include "base/memory.h"
#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

struct wi_http {
    uv_loop_t *loop;
    CURLM *multi;
    struct wi_timer *timer;
    struct wi_http_call *calls; /* under way */
};

struct wi_http_call {
    struct wi_http *http;
    struct wi_http_call *next, **link;
    CURL *easy;
    struct curl_slist *headers;
    struct wi_buffer body;
    size_t max_answer;
    int too_large;
    wi_http_fn *on_answer;
    void *context;
};

struct socket_watch {
    struct wi_http *http;
    curl_socket_t socket;
    struct wi_watch *watch;
};

static void collect(struct wi_http *http);

static void on_socket_event(void *context, int status, int events)
{
    struct socket_watch *watched = context;
    struct wi_http *http = watched->http;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    int running;
    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    curl_multi_socket_action(http->multi, watched->socket, flags, &running);
    collect(http);
}

static int on_socket_wish(CURL *easy, curl_socket_t fd, int what, void *context, void *watched)
{
    struct wi_http *http = context;
    struct socket_watch *entry = watched;
    if (what == CURL_POLL_REMOVE) {
        curl_multi_assign(http->multi, fd, NULL);
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
    entry->http = http;
    entry->socket = fd;
    entry->watch = wi_watch_new(http->loop, fd, events, on_socket_event, entry);
    if (entry->watch == NULL) {
        free(entry);
        return -1;
    }
    curl_multi_assign(http->multi, fd, entry);
    return 0;
}

static void on_timer(void *context)
{
    struct wi_http *http = context;
    int running;
    curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(http);
}

/* curl must not be called back from inside this wish, so even "now" is a turn of the loop. */
static int on_timer_wish(CURLM *multi, long ms, void *context)
{
    struct wi_http *http = context;
    if (ms < 0)
        wi_timer_stop(http->timer);
    else
        wi_timer_start(http->timer, (uint64_t)ms, 0);
    return 0;
}

struct wi_http *wi_http_new(uv_loop_t *loop)
{
    struct wi_http *http = wi_alloc(sizeof *http);
    http->loop = loop;
    http->timer = wi_timer_new(loop, on_timer, http);
    http->multi = curl_multi_init();
    assert(http->multi); /* fails only without memory */
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wish);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer_wish);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    return http;
}

static void unlink_call(struct wi_http_call *call)
{
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
}

static void free_call(struct wi_http_call *call)
{
    curl_multi_remove_handle(call->http->multi, call->easy);
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    wi_buffer_clear(&call->body);
    free(call);
}

void wi_http_free(struct wi_http *http)
{
    if (http == NULL)
        return;
    while (http->calls)
        wi_http_cancel(http->calls);
    curl_multi_cleanup(http->multi);
    wi_timer_free(http->timer);
    free(http);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct wi_http_call *call = context;
    size_t length = size * count;
    if (length > call->max_answer - call->body.size) {
        call->too_large = 1;
        return 0;
    }
    wi_buffer_add(&call->body, bytes, length);
    return length;
}

static void set_options(struct wi_http_call *call, const struct wi_http_request *request)
{
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->timeout_ms);
    /* curl waits a second for "100 Continue" that drivers never send. */
    call->headers = curl_slist_append(NULL, "Expect:");
    if (request->body) {
        char *type = wi_sprintf("Content-Type: %s", request->content_type);
        call->headers = curl_slist_append(call->headers, type);
        free(type);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body);
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
}

struct wi_http_call *wi_http_start(struct wi_http *http, const struct wi_http_request *request,
    wi_http_fn *on_answer, void *context)
{
    struct wi_http_call *call = wi_alloc(sizeof *call);
    call->http = http;
    call->max_answer = request->max_answer;
    call->on_answer = on_answer;
    call->context = context;
    call->easy = curl_easy_init();
    assert(call->easy); /* fails only without memory */
    set_options(call, request);
    call->next = http->calls;
    call->link = &http->calls;
    if (call->next)
        call->next->link = &call->next;
    http->calls = call;
    curl_multi_add_handle(http->multi, call->easy);
    return call;
}

void wi_http_cancel(struct wi_http_call *call)
{
    if (call == NULL)
        return;
    unlink_call(call);
    free_call(call);
}

static void finish(struct wi_http_call *call, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    wi_buffer_add(&call->body, "", 0);
    struct wi_http_answer answer = {.body = call->body.text, .body_size = call->body.size};
    if (code == CURLE_OK)
        answer.status = (int)status;
    else
        answer.failure = call->too_large ? "the answer is too large" : curl_easy_strerror(code);
    /* Out of the list first: the callback may free everything that it knows of. */
    unlink_call(call);
    call->on_answer(call->context, &answer);
    free_call(call);
}

/* A callback may cancel others, so the messages are read one at a time. It must not free `http`:
 * that is done from the loop, as every tear-down. */
static void collect(struct wi_http *http)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
        struct wi_http_call *call;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        finish(call, code);
    }
}
