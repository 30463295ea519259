/* Connections as they come, and as they must give way; see socket.h. */
#include "bridge/socket.h"
#include "base/descriptors.h"
#include "base/memory.h"
#include <stdlib.h>
#include <unistd.h>

void wi_socket_vacate(struct wi_bridge *bridge, struct wi_place *place)
{
    if (!place)
        return;
    struct wi_socket *socket =
        (struct wi_socket *)((char *)place - offsetof(struct wi_socket, place));
    bridge->counters.refused++;
    lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

/* Nodes and pages try again by themselves: closing is an answer that they understand. */
static int is_short_of_files(struct wi_bridge *bridge, int fd)
{
    if (fd <= bridge->highest_fd)
        return 0;
    wi_log_limited(&bridge->no_room, WI_LOG_WARN, "bridge", NULL,
        "a connection of a node or page was closed: of %d files that may be open the last are kept "
        "for the service itself; raise the limit (LimitNOFILE=, ulimit -n)",
        wi_descriptors_limit());
    bridge->counters.refused++;
    close(fd);
    return 1;
}

void wi_socket_accept(struct wi_bridge *bridge, int fd, const struct sockaddr *peer)
{
    if (is_short_of_files(bridge, fd))
        return;
    struct wi_peer from = wi_peer_of(peer);
    struct wi_socket *socket = wi_alloc(sizeof *socket);
    struct wi_place *out;
    if (wi_places_enter(&bridge->places, &socket->place, &from,
            (size_t)bridge->settings.max_per_address, &out)) {
        bridge->counters.refused++;
        free(socket);
        close(fd);
        return;
    }
    wi_socket_vacate(bridge, out);
    struct lws *wsi = lws_adopt_socket_vhost(bridge->vhost, fd);
    if (!wsi) { /* lws has closed it */
        wi_places_leave(&bridge->places, &socket->place);
        free(socket);
        return;
    }
    socket->bridge = bridge;
    socket->wsi = wsi;
    lws_set_opaque_user_data(wsi, socket);
    bridge->counters.connections++;
}
