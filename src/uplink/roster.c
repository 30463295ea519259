/* See roster.h. */
#include "uplink/roster.h"

#include "base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void wi_uplink_name_mend(char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    for (char *at = name; *at; at++)
        if (!strchr(allowed, *at))
            *at = '-';
    if (strcmp(name, "-") == 0) /* which is none */
        *name = '_';
}

/* Only the first reason is told. */
__attribute__((format(printf, 2, 3))) static void roster_note(
    struct wi_uplink_roster *roster, const char *format, ...)
{
    va_list arguments;
    if (*roster->why)
        return;
    va_start(arguments, format);
    vsnprintf(roster->why, sizeof roster->why, format, arguments);
    va_end(arguments);
    wi_text_mend(roster->why);
}

/* --- a member --------------------------------------------------------------------------------- */

static int row_is_own(const json_t *row)
{
    return json_is_true(json_object_get(row, "self"));
}

/* An address of this machine only is the same on each, and leads back to the own daemon. */
static const char *own_bridge(const json_t *rows)
{
    const json_t *row;
    const char *bridge = NULL;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        if (row_is_own(row))
            bridge = json_string_value(json_object_get(row, "bridge"));
    }
    return bridge ? bridge : "";
}

static int peer_is_new(struct wi_uplink_roster *roster, const char *name, const char *bridge)
{
    for (size_t i = 0; i < roster->count; i++) {
        const struct wi_uplink_peer *other = &roster->peers[i];
        if (strcmp(other->name, name) == 0)
            return 0;
        if (strcmp(other->bridge, bridge) != 0)
            continue;
        roster_note(roster,
            "the members %s and %s both say that their nodes connect to %s, so only the first one "
            "borrows; set [bridge] listen or public_url there",
            other->name, name, bridge);
        return 0;
    }
    return 1;
}

static void peer_fill(
    struct wi_uplink_peer *peer, const char *name, const char *instance, const char *bridge)
{
    wi_text_copy(peer->name, sizeof peer->name, name);
    wi_text_copy(peer->instance, sizeof peer->instance, instance);
    wi_text_copy(peer->bridge, sizeof peer->bridge, bridge);
}

static void roster_add(struct wi_uplink_roster *roster, const json_t *row, const char *own)
{
    const char *name = wi_member_name(row), *instance = wi_member_instance(row);
    const char *bridge = wi_member_url(row, "bridge");
    if (row_is_own(row))
        return;
    if (!name || !instance)
        roster_note(roster, "it lists a member that has no name, which does not borrow");
    else if (!bridge || !*bridge)
        roster_note(roster, "the member %s has no address for nodes, so it does not borrow", name);
    else if (strcmp(bridge, own) == 0)
        roster_note(roster,
            "the member %s says that its nodes connect to %s, which is the own daemon's bridge, "
            "so it does not borrow; set [bridge] listen or public_url there to an address that "
            "other machines reach",
            name, bridge);
    else if (!peer_is_new(roster, name, bridge))
        return;
    else if (roster->count == WI_MEMBERS_MAX)
        roster_note(roster, "only %d members borrow", WI_MEMBERS_MAX);
    else
        peer_fill(&roster->peers[roster->count++], name, instance, bridge);
}

/* --- the whole -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum wi_uplink_roster_state state;
    const char *why;
} states[] = {
    {"member", WI_ROSTER_MEMBERS, ""},
    {"off", WI_ROSTER_ALONE,
        "it is in no cluster, so nothing is lent; set servers in the section [cluster] of its "
        "configuration"},
    {"name_taken", WI_ROSTER_ALONE,
        "it does not take part in the cluster, because another member has its name, so nothing is "
        "lent; give it another [cluster] name"},
    {"connecting", WI_ROSTER_UNKNOWN,
        "it has no connection to the cluster now; the members known so far go on borrowing"},
    {"joining", WI_ROSTER_UNKNOWN, ""}, /* for seconds */
};

static void roster_enter(struct wi_uplink_roster *roster, const char *name)
{
    for (size_t i = 0; name && i < sizeof states / sizeof *states; i++)
        if (strcmp(states[i].name, name) == 0) {
            roster->state = states[i].state;
            strcpy(roster->why, states[i].why);
            return;
        }
    roster_note(
        roster, "its answer to GET /v1/cluster is none; the members known so far go on borrowing");
}

void wi_uplink_roster_read(struct wi_uplink_roster *roster, const json_t *answer)
{
    const json_t *rows = json_object_get(answer, "members"), *row;
    size_t i;
    *roster = (struct wi_uplink_roster){0};
    roster_enter(roster, json_string_value(json_object_get(answer, "state")));
    if (roster->state != WI_ROSTER_MEMBERS)
        return;
    const char *name = wi_member_name(answer);
    wi_text_copy(roster->own, sizeof roster->own, name ? name : "member");
    wi_uplink_name_mend(roster->own);
    const char *own = own_bridge(rows);
    json_array_foreach(rows, i, row) roster_add(roster, row, own);
}
