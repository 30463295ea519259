/*
 * The API's listening socket. A descriptor shortage (EMFILE, ENFILE, no buffers) pauses accepting
 * for a moment: the level-triggered socket would otherwise wake the loop without end.
 */
#include "api/acceptor.h"

#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHORTAGE_PAUSE_MS 200
#define ACCEPTS_PER_TURN 64
#define BACKLOG 1024

struct wi_acceptor {
    int fd;
    int paused;  /* by the owner */
    int starved; /* out of descriptors, until the timer */
    struct wi_watch *watch;
    struct wi_timer *timer;
    wi_acceptor_fn *on_connection;
    void *context;
};

enum wi_code wi_place_parse(const char *text, struct wi_place *place, struct wi_error *error)
{
    char host[INET6_ADDRSTRLEN];
    memset(place, 0, sizeof *place);
    if (wi_address_parse(text, &place->address) != 0) {
        wi_error_set(error, WI_INVALID_FIELD, "api.listen",
            "\"%.80s\" is not an address to listen on; give a numeric address and a port.", text);
        wi_error_expect(error, "ADDRESS:PORT, e.g. 127.0.0.1:8470 or [::1]:8470");
        return WI_INVALID_FIELD;
    }
    int v6 = place->address.any.sa_family == AF_INET6;
    const void *bytes =
        v6 ? (void *)&place->address.v6.sin6_addr : (void *)&place->address.v4.sin_addr;
    inet_ntop(place->address.any.sa_family, bytes, host, sizeof host);
    snprintf(place->host, sizeof place->host, v6 ? "[%s]" : "%s", host);
    place->port = wi_address_port(&place->address);
    return WI_OK;
}

/* Accepting goes on when neither the owner nor a shortage forbids it. */
static void update(struct wi_acceptor *acceptor)
{
    wi_watch_set(acceptor->watch, acceptor->paused || acceptor->starved ? 0 : UV_READABLE);
}

static void on_shortage_over(void *context)
{
    struct wi_acceptor *acceptor = context;
    acceptor->starved = 0;
    update(acceptor);
}

static void on_readable(void *context, int status, int events)
{
    struct wi_acceptor *acceptor = context;
    for (int i = 0; i < ACCEPTS_PER_TURN && !acceptor->paused; i++) {
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int fd =
            accept4(acceptor->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            acceptor->on_connection(acceptor->context, fd, (struct sockaddr *)&peer, length);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        wi_warn("api", NULL, "cannot accept a connection: %s; trying again in %d ms",
            strerror(errno), SHORTAGE_PAUSE_MS);
        acceptor->starved = 1;
        update(acceptor);
        wi_timer_start(acceptor->timer, SHORTAGE_PAUSE_MS, 0);
        return;
    }
}

static int open_socket(struct wi_place *place, struct wi_error *error)
{
    const char *step = "open a socket";
    int one = 1;
    int fd = socket(place->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        goto failed;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    step = "listen";
    if (bind(fd, &place->address.any, wi_address_size(&place->address)) != 0 ||
        listen(fd, BACKLOG) != 0)
        goto failed;
    socklen_t length = sizeof place->address;
    if (getsockname(fd, &place->address.any, &length) != 0)
        goto failed;
    place->port = wi_address_port(&place->address);
    return fd;
failed:
    if (errno == EADDRINUSE)
        wi_error_set(error, WI_CONFLICT, "api.listen",
            "%s:%u is in use by another program; stop it or choose another port in [api] listen.",
            place->host, place->port);
    else
        wi_error_set(error, WI_UNAVAILABLE, "api.listen", "Cannot %s on %s:%u: %s.", step,
            place->host, place->port, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

struct wi_acceptor *wi_acceptor_new(uv_loop_t *loop, struct wi_place *place,
    wi_acceptor_fn *on_connection, void *context, struct wi_error *error)
{
    int fd = open_socket(place, error);
    if (fd < 0)
        return NULL;
    struct wi_acceptor *acceptor = wi_alloc(sizeof *acceptor);
    acceptor->fd = fd;
    acceptor->on_connection = on_connection;
    acceptor->context = context;
    acceptor->timer = wi_timer_new(loop, on_shortage_over, acceptor);
    acceptor->watch = wi_watch_new(loop, fd, UV_READABLE, on_readable, acceptor);
    if (!acceptor->watch) {
        wi_error_set(
            error, WI_UNAVAILABLE, "api.listen", "The listening socket cannot be watched.");
        wi_acceptor_free(acceptor);
        return NULL;
    }
    return acceptor;
}

void wi_acceptor_pause(struct wi_acceptor *acceptor, int paused)
{
    if (acceptor->paused == paused)
        return;
    acceptor->paused = paused;
    update(acceptor);
}

void wi_acceptor_free(struct wi_acceptor *acceptor)
{
    if (!acceptor)
        return;
    wi_watch_free(acceptor->watch);
    wi_timer_free(acceptor->timer);
    if (acceptor->fd >= 0)
        close(acceptor->fd);
    free(acceptor);
}
