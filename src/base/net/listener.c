/* Binding and accepting; see listener.h. */
#include "base/net/listener.h"

#include "base/descriptors.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024
/* Accepted per turn of the loop, so that a storm of connections does not starve running work. */
#define ACCEPTS_PER_TURN 64
/* A level-triggered poll would report what cannot be accepted again and again: wait so long. */
#define SHORTAGE_PAUSE_MS 200

struct wi_listener {
    int fd;
    const char *part;
    union wi_address address;
    struct wi_watch *watch;
    struct wi_timer *shortage;
    int short_of; /* what accept said last, errno; 0: it gave a connection */
    struct wi_log_limit log;
    wi_accept_fn *on_accept;
    void *context;
};

static void on_shortage_over(void *context)
{
    struct wi_listener *listener = context;
    wi_watch_set(listener->watch, UV_READABLE);
}

static void pause_accepting(struct wi_listener *listener, int why)
{
    char advice[WI_DESCRIPTORS_ADVICE_SIZE];
    if (why != listener->short_of)
        wi_log_limited(&listener->log, WI_LOG_WARN, listener->part, NULL,
            "cannot accept connections: %s; trying again until it can: %s", strerror(why),
            wi_descriptors_advice(advice));
    listener->short_of = why;
    wi_watch_set(listener->watch, 0);
    wi_timer_start(listener->shortage, SHORTAGE_PAUSE_MS, 0);
}

static void listener_hand_over(
    struct wi_listener *listener, int fd, const struct sockaddr *peer, socklen_t length)
{
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    listener->short_of = 0;
    listener->on_accept(listener->context, fd, peer, length);
}

static void on_readable(void *context, int status, int events)
{
    struct wi_listener *listener = context;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int fd =
            accept4(listener->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            listener_hand_over(listener, fd, (struct sockaddr *)&peer, length);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            pause_accepting(listener, errno);
            return;
        }
    }
}

/* The listening descriptor; -1 and errno on failure. */
static int open_socket(const union wi_address *address)
{
    int one = 1;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, &address->any, wi_address_size(address)) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    wi_close(fd);
    return -1;
}

static int open_or_explain(const struct wi_listener_options *options, struct wi_error *error)
{
    union wi_address address;
    if (wi_address_parse(options->address, &address) != 0) {
        wi_error_set(error, WI_INVALID_FIELD, options->key,
            "\"%.80s\" is not an address to listen on; give a numeric address and a port",
            options->address);
        wi_error_expect(error, "ADDRESS:PORT, e.g. 127.0.0.1:8470 or [::1]:8470");
        return -1;
    }
    int fd = open_socket(&address);
    if (fd >= 0)
        return fd;
    if (errno == EADDRINUSE)
        wi_error_set(error, WI_CONFLICT, options->key,
            "%s is in use by another program; stop it or choose another port for %s",
            options->address, options->key);
    else
        wi_error_set(error, WI_UNAVAILABLE, options->key, "cannot listen on %s (%s): %s",
            options->address, options->key, strerror(errno));
    return -1;
}

struct wi_listener *wi_listener_take(
    uv_loop_t *loop, int fd, const char *part, wi_accept_fn *on_accept, void *context)
{
    struct wi_listener *listener = wi_alloc(sizeof *listener);
    socklen_t length = sizeof listener->address;
    listener->fd = fd;
    listener->part = part;
    listener->log.about = "connections that cannot be accepted";
    listener->on_accept = on_accept;
    listener->context = context;
    listener->shortage = wi_timer_new(loop, on_shortage_over, listener);
    listener->watch = wi_watch_new(loop, fd, UV_READABLE, on_readable, listener);
    if (listener->watch && getsockname(fd, &listener->address.any, &length) == 0)
        return listener;
    wi_listener_free(listener);
    return NULL;
}

struct wi_listener *wi_listener_new(uv_loop_t *loop, const struct wi_listener_options *options,
    wi_accept_fn *on_accept, void *context, struct wi_error *error)
{
    int fd = open_or_explain(options, error);
    if (fd < 0)
        return NULL;
    struct wi_listener *listener = wi_listener_take(loop, fd, options->part, on_accept, context);
    if (listener == NULL)
        wi_error_set(error, WI_UNAVAILABLE, options->key, "the socket cannot be watched");
    return listener;
}

void wi_listener_free(struct wi_listener *listener)
{
    if (listener == NULL)
        return;
    wi_watch_free(listener->watch);
    wi_timer_free(listener->shortage);
    close(listener->fd);
    free(listener);
}

const union wi_address *wi_listener_address(const struct wi_listener *listener)
{
    return &listener->address;
}

char *wi_listener_url(const struct wi_listener *listener, const char *scheme)
{
    char host[WI_ADDRESS_HOST_SIZE];
    const union wi_address *address = &listener->address;
    if (wi_address_is_any(address))
        snprintf(
            host, sizeof host, "%s", address->any.sa_family == AF_INET6 ? "[::1]" : "127.0.0.1");
    else
        wi_address_host(address, host, sizeof host);
    return wi_sprintf("%s://%s:%u", scheme, host, wi_address_port(address));
}
