/* Binding, accepting and pausing; see listener.h. */
#include "bridge/listener.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 512
/* Accepted per turn of the loop, so that a connection storm does not starve running work. */
#define ACCEPTS_PER_TURN 64
#define PAUSE_MS 200
/* Descriptors left for the rest of the program (clients, model files, drivers): so many, but no
 * more than a quarter. */
#define RESERVED_DESCRIPTORS 64

struct wi_listener {
    int fd;
    struct wi_watch *watch;
    struct wi_timer *resume;
    wi_accept_fn *on_accept;
    void *context;
    int highest_fd;
    int port;
    int ipv6;
    char host[64];
};

int wi_endpoint_parse(const char *text, struct wi_endpoint *endpoint)
{
    const char *host = text, *end;
    if (*text == '[') {
        host = text + 1;
        end = strchr(host, ']');
        if (!end || end[1] != ':')
            return -1;
    } else {
        end = strchr(text, ':');
        if (!end)
            return -1;
    }
    const char *port = strrchr(text, ':') + 1;
    size_t length = (size_t)(end - host);
    if ((*text != '[' && port != end + 1) || length == 0 || length >= sizeof endpoint->host ||
        !*port || strlen(port) > 5 || strspn(port, "0123456789") != strlen(port) ||
        atoi(port) > 65535)
        return -1;
    memcpy(endpoint->host, host, length);
    endpoint->host[length] = '\0';
    snprintf(endpoint->port, sizeof endpoint->port, "%s", port);
    return 0;
}

static int bind_socket(const struct addrinfo *address)
{
    int one = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, address->ai_addr, address->ai_addrlen) || listen(fd, BACKLOG)) {
        int failure = errno;
        close(fd);
        errno = failure;
        return -1;
    }
    return fd;
}

static enum wi_code open_socket(
    struct wi_listener *listener, const char *text, struct wi_error *error)
{
    struct wi_endpoint endpoint;
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    if (wi_endpoint_parse(text, &endpoint)) {
        wi_error_set(error, WI_INVALID_FIELD, "bridge.listen", "cannot listen on \"%s\"", text);
        wi_error_expect(error, "ADDRESS:PORT or [ADDRESS]:PORT");
        return WI_INVALID_FIELD;
    }
    int problem = getaddrinfo(endpoint.host, endpoint.port, &hints, &addresses);
    if (problem)
        return wi_error_set(error, WI_INVALID_FIELD, "bridge.listen",
            "the address \"%s\" is not known: %s", endpoint.host, gai_strerror(problem));

    for (struct addrinfo *next = addresses; next && listener->fd < 0; next = next->ai_next)
        listener->fd = bind_socket(next);
    problem = errno;
    freeaddrinfo(addresses);
    if (listener->fd < 0)
        return wi_error_set(error, WI_CONFLICT, "bridge.listen", "cannot listen on %s: %s%s", text,
            strerror(problem),
            problem == EADDRINUSE ? "; stop the other program or choose another port" : "");
    return WI_OK;
}

static void remember_address(struct wi_listener *listener)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    getsockname(listener->fd, (struct sockaddr *)&address, &size);
    if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
        listener->ipv6 = 1;
        listener->port = ntohs(in6->sin6_port);
        if (IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
            snprintf(listener->host, sizeof listener->host, "::1");
        else
            inet_ntop(AF_INET6, &in6->sin6_addr, listener->host, sizeof listener->host);
        return;
    }
    const struct sockaddr_in *in = (const struct sockaddr_in *)&address;
    listener->port = ntohs(in->sin_port);
    if (in->sin_addr.s_addr == htonl(INADDR_ANY))
        snprintf(listener->host, sizeof listener->host, "127.0.0.1");
    else
        inet_ntop(AF_INET, &in->sin_addr, listener->host, sizeof listener->host);
}

/* The connection stays in the kernel's queue meanwhile; without the pause a level-triggered poll
 * would report it again and again. */
static void pause_accepting(struct wi_listener *listener)
{
    wi_warn("bridge", NULL, "out of descriptors: accepting pauses for %d ms", PAUSE_MS);
    wi_watch_set(listener->watch, 0);
    wi_timer_start(listener->resume, PAUSE_MS, 0);
}

static void on_resume(void *context)
{
    struct wi_listener *listener = context;
    wi_watch_set(listener->watch, UV_READABLE);
}

static void on_readable(void *context, int status, int events)
{
    struct wi_listener *listener = context;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int one = 1;
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
                pause_accepting(listener);
            return; /* drained, or this one is gone already */
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (fd > listener->highest_fd || listener->on_accept(listener->context, fd))
            close(fd);
    }
}

struct wi_listener *wi_listener_new(uv_loop_t *loop, const char *address, wi_accept_fn *on_accept,
    void *context, struct wi_error *error)
{
    struct wi_listener *listener = wi_alloc(sizeof *listener);
    struct rlimit limit;
    listener->fd = -1;
    listener->on_accept = on_accept;
    listener->context = context;
    listener->highest_fd = INT32_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < INT32_MAX)
        listener->highest_fd = (int)(limit.rlim_cur - (limit.rlim_cur / 4 < RESERVED_DESCRIPTORS
                                                              ? limit.rlim_cur / 4
                                                              : RESERVED_DESCRIPTORS));

    if (open_socket(listener, address, error) != WI_OK) {
        wi_listener_free(listener);
        return NULL;
    }
    remember_address(listener);
    listener->resume = wi_timer_new(loop, on_resume, listener);
    listener->watch = wi_watch_new(loop, listener->fd, UV_READABLE, on_readable, listener);
    if (!listener->watch) {
        wi_error_set(error, WI_UNAVAILABLE, "bridge.listen", "the socket cannot be watched");
        wi_listener_free(listener);
        return NULL;
    }
    return listener;
}

void wi_listener_free(struct wi_listener *listener)
{
    if (!listener)
        return;
    wi_watch_free(listener->watch);
    wi_timer_free(listener->resume);
    if (listener->fd >= 0)
        close(listener->fd);
    free(listener);
}

char *wi_listener_url(const struct wi_listener *listener, const char *scheme)
{
    return wi_sprintf(
        listener->ipv6 ? "%s://[%s]:%d" : "%s://%s:%d", scheme, listener->host, listener->port);
}

int wi_listener_port(const struct wi_listener *listener)
{
    return listener->port;
}
