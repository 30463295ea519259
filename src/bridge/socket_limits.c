/* Who may have how many sockets; see socket_limits.h. */
#include "bridge/socket_limits.h"

#include <assert.h>
#include <utlist.h>

static void join_crowd(
    struct wi_socket_limits *limits, struct wi_limited_socket *limited, enum wi_crowd crowd)
{
    limited->_crowd = crowd;
    DL_APPEND(limits->_crowds[crowd], limited);
    limits->_counts[crowd]++;
}

static void leave_crowd(struct wi_socket_limits *limits, struct wi_limited_socket *limited)
{
    enum wi_crowd crowd = limited->_crowd;
    if (crowd == WI_CROWD_COUNT)
        return;
    DL_DELETE(limits->_crowds[crowd], limited);
    limits->_counts[crowd]--;
    limited->_crowd = WI_CROWD_COUNT;
    if (crowd != WI_CROWD_FILES)
        wi_addresses_give(&limits->_strangers, &limited->peer);
}

/* The oldest of the newcomer's crowd that is not being served, else the oldest; `same` asks for one
 * of its address. Taken out of the crowd; NULL if there is nobody else. */
static struct wi_limited_socket *crowd_out(
    struct wi_socket_limits *limits, const struct wi_limited_socket *newcomer, int same)
{
    struct wi_limited_socket *limited, *oldest = NULL;
    DL_FOREACH(limits->_crowds[newcomer->_crowd], limited)
    {
        if (limited == newcomer || (same && !wi_peer_same(&limited->peer, &newcomer->peer)))
            continue;
        if (!oldest || (oldest->busy && !limited->busy))
            oldest = limited;
        if (!oldest->busy)
            break;
    }
    if (oldest)
        leave_crowd(limits, oldest);
    return oldest;
}

static struct wi_limited_socket *make_room(
    struct wi_socket_limits *limits, const struct wi_limited_socket *newcomer)
{
    int is_stranger = newcomer->_crowd != WI_CROWD_FILES;
    if (is_stranger &&
        wi_addresses_count(&limits->_strangers, &newcomer->peer) > WI_STRANGER_SOCKETS_MAX)
        return crowd_out(limits, newcomer, 1);
    if (limits->_counts[newcomer->_crowd] > WI_CROWD_SOCKETS_MAX)
        return crowd_out(limits, newcomer, 0);
    return NULL;
}

int wi_socket_limits_enter(struct wi_socket_limits *limits, struct wi_limited_socket *limited,
    const struct wi_peer *peer, size_t max_per_address, struct wi_limited_socket **out)
{
    *out = NULL;
    *limited = (struct wi_limited_socket){.peer = *peer, ._crowd = WI_CROWD_COUNT};
    if (wi_addresses_take(&limits->_all, peer, max_per_address))
        return -1;
    limited->_counted = 1;
    int counted = wi_addresses_take(&limits->_strangers, peer, WI_STRANGER_SOCKETS_MAX + 1);
    assert(counted == 0); /* one of them has always given way */
    (void)counted;
    join_crowd(limits, limited, peer->exempt ? WI_CROWD_HERE : WI_CROWD_ELSEWHERE);
    *out = make_room(limits, limited);
    return 0;
}

void wi_socket_limits_know(struct wi_socket_limits *limits, struct wi_limited_socket *limited,
    struct wi_limited_socket **out)
{
    *out = NULL;
    if (limited->_crowd == WI_CROWD_FILES || limited->_crowd == WI_CROWD_COUNT)
        return;
    leave_crowd(limits, limited);
    join_crowd(limits, limited, WI_CROWD_FILES);
    *out = make_room(limits, limited);
}

void wi_socket_limits_settle(struct wi_socket_limits *limits, struct wi_limited_socket *limited)
{
    leave_crowd(limits, limited);
}

void wi_socket_limits_leave(struct wi_socket_limits *limits, struct wi_limited_socket *limited)
{
    leave_crowd(limits, limited);
    if (limited->_counted)
        wi_addresses_give(&limits->_all, &limited->peer);
    limited->_counted = 0;
}

void wi_socket_limits_clear(struct wi_socket_limits *limits)
{
    wi_addresses_clear(&limits->_all);
    wi_addresses_clear(&limits->_strangers);
}
