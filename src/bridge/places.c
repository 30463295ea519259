/* Who may have how many sockets; see places.h. */
#include "bridge/places.h"

#include <assert.h>
#include <utlist.h>

static void join_crowd(struct wi_places *places, struct wi_bridge_place *place, enum wi_crowd crowd)
{
    place->_crowd = crowd;
    DL_APPEND(places->_crowds[crowd], place);
    places->_counts[crowd]++;
}

static void leave_crowd(struct wi_places *places, struct wi_bridge_place *place)
{
    enum wi_crowd crowd = place->_crowd;
    if (crowd == WI_CROWD_COUNT)
        return;
    DL_DELETE(places->_crowds[crowd], place);
    places->_counts[crowd]--;
    place->_crowd = WI_CROWD_COUNT;
    if (crowd != WI_CROWD_FILES)
        wi_addresses_give(&places->_strangers, &place->peer);
}

/* The oldest of the newcomer's crowd that is not being served, else the oldest; `same` asks for one
 * of its address. Taken out of the crowd; NULL if there is nobody else. */
static struct wi_bridge_place *crowd_out(
    struct wi_places *places, const struct wi_bridge_place *newcomer, int same)
{
    struct wi_bridge_place *place, *oldest = NULL;
    DL_FOREACH(places->_crowds[newcomer->_crowd], place)
    {
        if (place == newcomer || (same && !wi_peer_same(&place->peer, &newcomer->peer)))
            continue;
        if (!oldest || (oldest->busy && !place->busy))
            oldest = place;
        if (!oldest->busy)
            break;
    }
    if (oldest)
        leave_crowd(places, oldest);
    return oldest;
}

static struct wi_bridge_place *make_room(
    struct wi_places *places, const struct wi_bridge_place *newcomer)
{
    int is_stranger = newcomer->_crowd != WI_CROWD_FILES;
    if (is_stranger &&
        wi_addresses_count(&places->_strangers, &newcomer->peer) > WI_PLACES_STRANGER)
        return crowd_out(places, newcomer, 1);
    if (places->_counts[newcomer->_crowd] > WI_PLACES_CROWD)
        return crowd_out(places, newcomer, 0);
    return NULL;
}

int wi_places_enter(struct wi_places *places, struct wi_bridge_place *place,
    const struct wi_peer *peer, size_t max_per_address, struct wi_bridge_place **out)
{
    *out = NULL;
    *place = (struct wi_bridge_place){.peer = *peer, ._crowd = WI_CROWD_COUNT};
    if (wi_addresses_take(&places->_all, peer, max_per_address))
        return -1;
    place->_counted = 1;
    int counted = wi_addresses_take(&places->_strangers, peer, WI_PLACES_STRANGER + 1);
    assert(counted == 0); /* one of them has always given way */
    (void)counted;
    join_crowd(places, place, peer->exempt ? WI_CROWD_HERE : WI_CROWD_ELSEWHERE);
    *out = make_room(places, place);
    return 0;
}

void wi_places_know(
    struct wi_places *places, struct wi_bridge_place *place, struct wi_bridge_place **out)
{
    *out = NULL;
    if (place->_crowd == WI_CROWD_FILES || place->_crowd == WI_CROWD_COUNT)
        return;
    leave_crowd(places, place);
    join_crowd(places, place, WI_CROWD_FILES);
    *out = make_room(places, place);
}

void wi_places_settle(struct wi_places *places, struct wi_bridge_place *place)
{
    leave_crowd(places, place);
}

void wi_places_leave(struct wi_places *places, struct wi_bridge_place *place)
{
    leave_crowd(places, place);
    if (place->_counted)
        wi_addresses_give(&places->_all, &place->peer);
    place->_counted = 0;
}

void wi_places_clear(struct wi_places *places)
{
    wi_addresses_clear(&places->_all);
    wi_addresses_clear(&places->_strangers);
}
