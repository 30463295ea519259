/* A short list, which is searched whole: peers lie rarely, and their accusers may send few. See
 * accused.h. */
#include "nodes/bridge/peers/accused.h"

#include <stdio.h>
#include <string.h>

static int accusation_is_fresh(const struct wi_accusation *accusation, int64_t now)
{
    return *accusation->peer && now - accusation->at < WI_ACCUSED_MS;
}

/* Where the next one of that token goes: to a free place, or to that of the oldest. NULL: all that
 * it would have to go to are judged. */
static struct wi_accusation *accusation_place(
    struct wi_accused *accused, const char *token, int64_t now)
{
    struct wi_accusation *place = NULL, *own = NULL;
    size_t count = 0;

    for (struct wi_accusation *one = accused->_all; one < accused->_all + WI_ACCUSED_MAX; one++) {
        int is_fresh = accusation_is_fresh(one, now);
        if (!is_fresh)
            *one = (struct wi_accusation){.at = INT64_MIN};
        int is_own = is_fresh && strcmp(one->token, token) == 0;
        count += is_own != 0;
        if (one->is_judged)
            continue;
        if (!place || one->at < place->at)
            place = one;
        if (is_own && (!own || one->at < own->at))
            own = one;
    }
    return count >= WI_ACCUSED_TOKEN_MAX ? own : place;
}

int wi_accused_add(struct wi_accused *accused, const char *peer, const char *token, int64_t now)
{
    struct wi_accusation *before = NULL;

    for (struct wi_accusation *one = accused->_all; one < accused->_all + WI_ACCUSED_MAX; one++)
        if (accusation_is_fresh(one, now) && strcmp(one->peer, peer) == 0)
            before = one;
    if (before && before->is_judged)
        return 0;
    if (before && strcmp(before->token, token) != 0) {
        before->is_judged = 1;
        before->at = now;
        return 1;
    }
    struct wi_accusation *place = before ? before : accusation_place(accused, token, now);
    if (!place)
        return 0;
    place->at = now;
    snprintf(place->peer, sizeof place->peer, "%s", peer);
    snprintf(place->token, sizeof place->token, "%s", token);
    return 0;
}
