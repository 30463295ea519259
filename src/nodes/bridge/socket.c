/* Connections as they come, and as they must give way; see socket.h. */
#include "nodes/bridge/socket.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void wi_socket_cut(struct wi_socket *socket)
{
    socket->is_cut = 1;
    lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
    /* lws looks at its timers only after something has happened to it. */
    lws_cancel_service(socket->bridge->lws);
}

static void on_meanwhile(void *context, int status, int events)
{
    struct wi_socket *socket = context;
    wi_debug("bridge", NULL, "a client that sends and does not read its answer is disconnected");
    wi_socket_unwatch(socket);
    wi_socket_cut(socket);
}

int wi_socket_watch(struct wi_socket *socket)
{
    if (socket->meanwhile)
        return 0;
    int fd = fcntl(lws_get_socket_fd(socket->wsi), F_DUPFD_CLOEXEC, 0); /* lws watches its own */
    if (fd < 0)
        return -1;
    socket->meanwhile_fd = fd;
    socket->meanwhile = wi_watch_new(socket->bridge->loop, fd, UV_READABLE, on_meanwhile, socket);
    if (!socket->meanwhile)
        close(fd);
    return socket->meanwhile ? 0 : -1;
}

void wi_socket_unwatch(struct wi_socket *socket)
{
    if (!socket->meanwhile)
        return;
    wi_watch_free(socket->meanwhile);
    socket->meanwhile = NULL;
    close(socket->meanwhile_fd);
}

void wi_socket_vacate(struct wi_bridge *bridge, struct wi_limited_socket *limited)
{
    if (!limited)
        return;
    struct wi_socket *socket =
        (struct wi_socket *)((char *)limited - offsetof(struct wi_socket, limited));
    bridge->counters.refused++;
    wi_socket_cut(socket);
}

/* Nodes and pages try again by themselves: closing is an answer that they understand. */
static int is_short_of_files(struct wi_bridge *bridge, int fd)
{
    char advice[WI_DESCRIPTORS_ADVICE_SIZE];
    if (fd <= bridge->highest_fd)
        return 0;
    wi_log_limited(&bridge->no_room, WI_LOG_WARN, "bridge", NULL,
        "a connection of a node or page was closed, because the last file descriptors are reserved "
        "for the service itself: %s",
        wi_descriptors_advice(advice));
    bridge->counters.refused++;
    close(fd);
    return 1;
}

static int is_proxy(const struct wi_bridge *bridge, const struct sockaddr *from)
{
    union wi_address address = {0};
    if (from->sa_family == AF_INET)
        memcpy(&address.v4, from, sizeof address.v4);
    else if (from->sa_family == AF_INET6)
        memcpy(&address.v6, from, sizeof address.v6);
    else
        return 0;
    return wi_networks_have(&bridge->proxies, &address);
}

void wi_socket_accept(struct wi_bridge *bridge, int fd, const struct sockaddr *peer)
{
    if (is_short_of_files(bridge, fd))
        return;
    struct wi_peer from = wi_peer_of(peer);
    struct wi_socket *socket = wi_alloc(sizeof *socket);
    struct wi_limited_socket *out;
    if (wi_socket_limits_enter(&bridge->limits, &socket->limited, &from,
            (size_t)bridge->settings.max_per_address, &out)) {
        bridge->counters.refused++;
        free(socket);
        close(fd);
        return;
    }
    wi_socket_vacate(bridge, out);
    struct lws *wsi = lws_adopt_socket_vhost(bridge->vhost, fd);
    if (!wsi) { /* lws has closed it */
        wi_socket_limits_leave(&bridge->limits, &socket->limited);
        free(socket);
        return;
    }
    socket->bridge = bridge;
    socket->is_proxy = is_proxy(bridge, peer);
    socket->wsi = wsi;
    lws_set_opaque_user_data(wsi, socket);
    bridge->counters.connections++;
}
