/* Who may have how many sockets; see socket_limits.h. */
#include "nodes/bridge/socket_limits.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

static void join_crowd(
    struct wi_socket_limits *limits, struct wi_limited_socket *limited, enum wi_crowd crowd)
{
    limited->_crowd = crowd;
    DL_APPEND(limits->_crowds[crowd], limited);
    limits->_counts[crowd]++;
}

void wi_socket_limits_settle(struct wi_socket_limits *limits, struct wi_limited_socket *limited)
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

/* Whether it may give way to the newcomer; `same` asks for one of its address. */
static int may_go(
    const struct wi_limited_socket *limited, const struct wi_limited_socket *newcomer, int same)
{
    return limited != newcomer && (!same || wi_peer_same(&limited->peer, &newcomer->peer));
}

/* One of the newcomer's crowd at random: one of those that are being served where these are more
 * than half, else one of the others. Taken out of the crowd; NULL if there is no other. */
static struct wi_limited_socket *crowd_out(
    struct wi_socket_limits *limits, const struct wi_limited_socket *newcomer, int same)
{
    struct wi_limited_socket *limited, *crowd = limits->_crowds[newcomer->_crowd];
    size_t counts[2] = {0, 0};
    DL_FOREACH(crowd, limited)
    {
        if (may_go(limited, newcomer, same))
            counts[limited->busy != 0]++;
    }
    int busy = counts[1] > counts[0];
    if (counts[busy] == 0)
        return NULL;
    size_t before = (size_t)nrand48(limits->dice) % counts[busy];
    DL_FOREACH(crowd, limited)
    {
        if (may_go(limited, newcomer, same) && (limited->busy != 0) == busy && before-- == 0)
            break;
    }
    wi_socket_limits_settle(limits, limited);
    return limited;
}

static struct wi_limited_socket *limits_make_room(
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
    *out = limits_make_room(limits, limited);
    return 0;
}

void wi_socket_limits_know(struct wi_socket_limits *limits, struct wi_limited_socket *limited,
    struct wi_limited_socket **out)
{
    *out = NULL;
    if (limited->_crowd == WI_CROWD_FILES || limited->_crowd == WI_CROWD_COUNT)
        return;
    wi_socket_limits_settle(limits, limited);
    join_crowd(limits, limited, WI_CROWD_FILES);
    *out = limits_make_room(limits, limited);
}

void wi_socket_limits_leave(struct wi_socket_limits *limits, struct wi_limited_socket *limited)
{
    wi_socket_limits_settle(limits, limited);
    if (limited->_counted)
        wi_addresses_give(&limits->_all, &limited->peer);
    limited->_counted = 0;
}

void wi_socket_limits_clear(struct wi_socket_limits *limits)
{
    wi_addresses_clear(&limits->_all);
    wi_addresses_clear(&limits->_strangers);
}
