/* Sockets and the timer of curl on the loop; see http_multi.h. Transfers that have ended are
 * collected in one place, after curl has returned. */
#include "base/http_multi.h"

#include "base/loop.h"
#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>

struct wi_http_multi {
    uv_loop_t *loop;
    CURLM *curl;
    struct wi_timer *timer;
    wi_http_multi_fn *on_done;
    void *context;
};

struct socket_watch {
    struct wi_http_multi *multi;
    curl_socket_t socket;
    struct wi_watch *watch;
};

static void collect(struct wi_http_multi *multi);

static void on_socket_event(void *context, int status, int events)
{
    struct socket_watch *watched = context;
    struct wi_http_multi *multi = watched->multi;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    int running;
    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    curl_multi_socket_action(multi->curl, watched->socket, flags, &running);
    collect(multi);
}

static int on_socket_wish(CURL *easy, curl_socket_t fd, int what, void *context, void *watched)
{
    struct wi_http_multi *multi = context;
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
    struct wi_http_multi *multi = context;
    int running;
    curl_multi_socket_action(multi->curl, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(multi);
}

/* curl must not be called back from inside this wish, so even "now" is a turn of the loop. */
static int on_timer_wish(CURLM *curl, long ms, void *context)
{
    struct wi_http_multi *multi = context;
    if (ms < 0)
        wi_timer_stop(multi->timer);
    else
        wi_timer_start(multi->timer, (uint64_t)ms, 0);
    return 0;
}

struct wi_http_multi *wi_http_multi_new(uv_loop_t *loop, wi_http_multi_fn *on_done, void *context)
{
    struct wi_http_multi *multi = wi_alloc(sizeof *multi);
    multi->loop = loop;
    multi->on_done = on_done;
    multi->context = context;
    multi->timer = wi_timer_new(loop, on_timer, multi);
    multi->curl = curl_multi_init();
    assert(multi->curl); /* fails only without memory */
    curl_multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, on_socket_wish);
    curl_multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi);
    curl_multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, on_timer_wish);
    curl_multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi);
    return multi;
}

void wi_http_multi_free(struct wi_http_multi *multi)
{
    if (multi == NULL)
        return;
    curl_multi_cleanup(multi->curl);
    wi_timer_free(multi->timer);
    free(multi);
}

void wi_http_multi_add(struct wi_http_multi *multi, CURL *easy)
{
    curl_multi_add_handle(multi->curl, easy);
}

void wi_http_multi_remove(struct wi_http_multi *multi, CURL *easy)
{
    curl_multi_remove_handle(multi->curl, easy);
}

/* One message at a time: the callback may remove other transfers. */
static void collect(struct wi_http_multi *multi)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi->curl, &left)) != NULL)
        if (message->msg == CURLMSG_DONE)
            multi->on_done(multi->context, message->easy_handle, message->data.result);
}
