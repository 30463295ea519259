/*
 * The members of a cluster that a daemon lends to, from its answer to GET /v1/cluster. They come
 * from records that other machines write, so each is checked, and there is an end to them. Pure.
 */
#ifndef WI_UPLINK_ROSTER_H
#define WI_UPLINK_ROSTER_H

#include "base/secret.h"
#include "cluster/members.h"
#include "nodes/node/relay.h"
#include <jansson.h>

/* Bytes of what a person should know of it. */
#define WI_UPLINK_WHY_SIZE 600

/* Another member. */
struct wi_uplink_peer {
    char name[WI_MEMBER_NAME_MAX + 1];
    char instance[WI_ID_SIZE]; /* of its process */
    char bridge[WI_MEMBER_URL_SIZE];
};

enum wi_uplink_roster_state {
    WI_ROSTER_UNKNOWN, /* who is a member is not known now */
    WI_ROSTER_ALONE,   /* the own daemon takes part in no cluster */
    WI_ROSTER_MEMBERS
};

struct wi_uplink_roster {
    enum wi_uplink_roster_state state;
    char own[WI_RELAY_SIZE];                     /* the own member's name, mended */
    struct wi_uplink_peer peers[WI_MEMBERS_MAX]; /* no two have the same name, or bridge */
    size_t count;
    char why[WI_UPLINK_WHY_SIZE]; /* what a person should know of it; "": nothing */
};

/* Reads the answer; NULL: there was none. */
void wi_uplink_roster_read(struct wi_uplink_roster *roster, const json_t *answer);
/* Replaces the characters that the name of a lending daemon cannot have. */
void wi_uplink_name_mend(char *name);

#endif
