/*
 * node_announcement. Everything is checked before the one-time token is spent, so that a page with
 * a fault in its report does not lose its only way in. A remembered device has to prove first that
 * it is the one that it names.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "nodes/bridge/devices/challenge.h"
#include "nodes/bridge/joins/announcement.h"
#include "nodes/bridge/node.h"
#include "nodes/bridge/outgoing.h"
#include "nodes/bridge/pieces.h"
#include "nodes/bridge/private.h"
#include "nodes/bridge/report.h"
#include "nodes/bridge/socket.h"
#include "nodes/bridge/task/task_parts.h"
#include "nodes/node/relay.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* --- A new node ------------------------------------------------------------------------------- */

/* A session has one page: a node that it had before was reloaded away. */
static void session_supersede(struct wi_bridge *bridge, const char *session)
{
    struct wi_node *node, *next;
    if (!*session)
        return;
    HASH_ITER(hh, bridge->nodes, node, next)
    {
        if (strcmp(node->info.session, session) != 0)
            continue;
        wi_node_down(node, "superseded", "its session loaded the page again");
        return;
    }
}

/* Whether a node that is not ours finds a place: some are kept for those of our sessions. */
static int has_room_for_others(const struct wi_bridge *bridge)
{
    uint64_t own = bridge->settings.own_nodes, there = bridge->own_count;
    return bridge->node_count + (own > there ? own - there : 0) < bridge->settings.max_nodes;
}

/* Closes the link, and counts that in `counter`, one of the bridge's. */
static void socket_fail(
    struct wi_socket *socket, uint64_t *counter, enum wi_close code, const char *reason)
{
    ++*counter;
    wi_link_fail(socket->link, NULL, code, reason);
}

static void turn_away(struct wi_socket *socket)
{
    socket_fail(socket, &socket->bridge->counters.refused, WI_CLOSE_TRY_LATER,
        "[bridge] max_nodes is reached");
}

/* Whether somebody was found wrong who came with that token, and from there. */
static int is_refused(const struct wi_socket *socket, const char *id)
{
    const struct wi_bridge *bridge = socket->bridge;
    struct wi_visitor visitor = {0};
    wi_text_copy(visitor.join, sizeof visitor.join, id);
    wi_text_copy(visitor.name, sizeof visitor.name, wi_joins_name(&bridge->joins, id));
    wi_peer_text(&socket->limited.peer, visitor.address);
    return wi_quarantine_refuses(bridge->quarantine, &visitor, wi_wall_ms());
}

/* The token has no place for its node: closes the link. */
static void socket_refuse(struct wi_socket *socket, enum wi_join_verdict verdict)
{
    struct wi_bridge_counters *counters = &socket->bridge->counters;
    if (verdict == WI_JOIN_FULL)
        socket_fail(socket, &counters->refused, WI_CLOSE_TRY_LATER,
            "the join token is already used by as many nodes as it allows");
    else if (verdict == WI_JOIN_AWAY)
        socket_fail(socket, &counters->refused, WI_CLOSE_TRY_LATER,
            "the cluster's servers, which count the places of join tokens, cannot be used now");
    else
        socket_fail(socket, &counters->unauthorized, WI_CLOSE_POLICY,
            "the token is unknown, spent or expired");
}

/* The token has a place for its node. 0, or -1 after having given it back and closed the link. */
static int socket_may_join(
    struct wi_socket *socket, const char *id, const struct wi_device_claim *claim)
{
    struct wi_bridge *bridge = socket->bridge;
    int has_room = has_room_for_others(bridge), is_known = wi_device_is_known(bridge, claim);
    if (has_room && is_known && !is_refused(socket, id))
        return 0;
    wi_joins_release(&bridge->joins, id);
    if (has_room)
        socket_fail(socket, &bridge->counters.unauthorized, WI_CLOSE_POLICY,
            is_known ? WI_QUARANTINED : WI_DEVICE_NOT_REMEMBERED);
    else
        turn_away(socket);
    return -1;
}

/* Its socket is one of those that are counted apart from strangers'. */
static void socket_attach(struct wi_socket *socket, struct wi_node *node)
{
    wi_socket_limits_settle(&socket->bridge->limits, &socket->limited);
    node->peer = socket->limited.peer;
    wi_node_attach(node, socket->link, &wi_messages_events);
}

/* Only a token of rank relay makes a relay: with another one it is a joined node as any other. */
static void check_relay(const struct wi_bridge *bridge, const char *join, struct wi_node_info *info)
{
    if (!*info->relay || wi_joins_is_relay(&bridge->joins, join))
        return;
    wi_warn("bridge", info->id,
        "it says that it is a relay of %s, which takes a token of rank relay: it is treated as any "
        "other node",
        info->relay);
    info->relay[0] = '\0';
}

/* `join_id`: of the token of which it has a place; "" for a node of a session. */
static void node_begin(struct wi_socket *socket, const char join_id[WI_ID_SIZE],
    const struct wi_spent *spent, const struct wi_device_claim *claim, struct wi_node_info *info)
{
    struct wi_bridge *bridge = socket->bridge;
    session_supersede(bridge, spent->session);
    if (bridge->closed)
        return;
    wi_id_new(info->id, "node");
    check_relay(bridge, join_id, info);
    snprintf(info->session, sizeof info->session, "%s", spent->session);
    if (*spent->kind)
        snprintf(info->kind, sizeof info->kind, "%s", spent->kind);
    if (*spent->version)
        snprintf(info->browser_version, sizeof info->browser_version, "%s", spent->version);
    snprintf(info->gpu, sizeof info->gpu, "%s", spent->gpu);
    wi_text_copy(info->label, sizeof info->label, wi_joins_label(&bridge->joins, join_id));
    struct wi_node *node = wi_node_new(bridge, info, join_id);
    socket_attach(socket, node);
    wi_node_name_party(node);
    wi_device_admit(node, claim);
    wi_node_welcome(node, NULL);
    wi_info("bridge", node->info.id, "node up: %s %s, session %s%s%s", node->info.kind,
        node->info.browser_version, *node->info.session ? node->info.session : "none",
        *node->info.relay ? ", a relay of " : "", node->info.relay);
    bridge->events.on_node_up(bridge->events.context, &node->info, 0);
}

/* --- A node whose join token has to be asked for a place -------------------------------------- */

struct wi_joining {
    struct wi_socket *socket; /* NULL: it has gone */
    char join[WI_ID_SIZE];
    struct wi_device_claim claim;
    struct wi_node_info info; /* with a reference to the report */
    struct wi_joining *prev, *next;
};

static void joining_new(struct wi_socket *socket, const char *join_id,
    const struct wi_device_claim *claim, const struct wi_node_info *info)
{
    struct wi_joining *joining = wi_alloc(sizeof *joining);
    joining->socket = socket;
    joining->claim = *claim;
    joining->info = *info;
    json_incref(joining->info.capabilities);
    wi_text_copy(joining->join, sizeof joining->join, join_id);
    socket->joining = joining;
    DL_APPEND(socket->bridge->joining, joining);
}

static void joining_free(struct wi_bridge *bridge, struct wi_joining *joining)
{
    DL_DELETE(bridge->joining, joining);
    if (joining->socket)
        joining->socket->joining = NULL;
    json_decref(joining->info.capabilities);
    free(joining);
}

void wi_announce_forget(struct wi_socket *socket)
{
    if (socket->joining)
        socket->joining->socket = NULL;
    socket->joining = NULL;
    wi_device_challenge_free(socket->challenge);
    socket->challenge = NULL;
}

void wi_announce_close(struct wi_bridge *bridge)
{
    while (bridge->joining)
        joining_free(bridge, bridge->joining);
}

void wi_announce_place(void *context, const char *join_id, enum wi_join_verdict verdict)
{
    static const struct wi_spent none;
    struct wi_bridge *bridge = context;
    struct wi_joining *joining = bridge->joining;
    while (joining && strcmp(joining->join, join_id) != 0)
        joining = joining->next;
    if (!joining)
        return;
    struct wi_socket *socket = joining->socket;
    const struct wi_device_claim claim = joining->claim;
    struct wi_node_info info = joining->info;
    json_incref(info.capabilities);
    joining_free(bridge, joining);
    if (!socket || !socket->link || wi_link_is_closing(socket->link)) {
        if (verdict == WI_JOIN_OK)
            wi_joins_release(&bridge->joins, join_id);
    } else if (verdict != WI_JOIN_OK) {
        socket_refuse(socket, verdict);
    } else if (socket_may_join(socket, join_id, &claim) == 0) {
        wi_device_supersede(bridge, &claim); /* it may be a node by now */
        node_begin(socket, join_id, &none, &claim, &info);
    }
    json_decref(info.capabilities);
}

/* Takes a place of its token, or, for a device that has proved itself, of the device's token. */
static enum wi_join_verdict take_place(
    struct wi_bridge *bridge, const struct wi_announcement *said, char join_id[WI_ID_SIZE])
{
    return said->token ? wi_joins_take(&bridge->joins, said->token, wi_now_ms(), join_id)
                       : wi_device_take_place(bridge, &said->claim, join_id);
}

static void welcome_new(
    struct wi_socket *socket, const struct wi_announcement *said, struct wi_node_info *info)
{
    struct wi_bridge *bridge = socket->bridge;
    struct wi_spent spent = {0};
    char join_id[WI_ID_SIZE] = "";
    wi_device_supersede(bridge, &said->claim);
    if (bridge->closed)
        return;
    if (bridge->node_count >= bridge->settings.max_nodes) {
        turn_away(socket);
        return;
    }
    if (said->token && wi_tokens_spend(&bridge->tokens, said->token, wi_awake_ms(), &spent) == 0) {
        node_begin(socket, join_id, &spent, &said->claim, info);
        return;
    }
    if (!has_room_for_others(bridge)) {
        turn_away(socket);
        return;
    }
    enum wi_join_verdict verdict = take_place(bridge, said, join_id);
    spent = (struct wi_spent){0};
    if (verdict == WI_JOIN_ASKED)
        joining_new(socket, join_id, &said->claim, info);
    else if (verdict == WI_JOIN_UNKNOWN && !said->token)
        socket_fail(
            socket, &bridge->counters.unauthorized, WI_CLOSE_POLICY, WI_DEVICE_NOT_REMEMBERED);
    else if (verdict != WI_JOIN_OK)
        socket_refuse(socket, verdict);
    else if (socket_may_join(socket, join_id, &said->claim) == 0)
        node_begin(socket, join_id, &spent, &said->claim, info);
}

/* --- A node that comes back ------------------------------------------------------------------- */

static void add_unwanted(const struct wi_node *node, const json_t *list, json_t *cancel)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *id = json_array_get(list, i);
        if (!wi_node_find_attempt(node, json_string_value(id)))
            json_array_append(cancel, id);
    }
}

static struct wi_node *find_resumable(struct wi_bridge *bridge, const struct wi_resume *resume)
{
    unsigned char hash[WI_HASH_SIZE];
    struct wi_node *node = wi_node_find(bridge, resume->node);
    wi_hash(resume->token, strlen(resume->token), hash);
    if (node && !node->dropped && wi_renewed_matches(&node->resume, hash))
        return node;
    bridge->counters.unauthorized += node != NULL;
    return NULL;
}

static void welcome_back(struct wi_node *node, const struct wi_resume *resume)
{
    const struct wi_resumed resumed = {
        json_array(), json_object(), json_object(), wi_pieces_wanted(node)};
    add_unwanted(node, resume->running, resumed.cancel);
    add_unwanted(node, resume->unacknowledged, resumed.cancel);
    wi_parts_resume(node, resume->running, resume->next, &resumed);
    wi_parts_resume(node, resume->unacknowledged, resume->next, &resumed);
    wi_node_welcome(node, &resumed);
    json_decref(resumed.cancel);
    json_decref(resumed.next);
    json_decref(resumed.credit);
    json_decref(resumed.data);
}

static void take_back(
    struct wi_socket *socket, const struct wi_resume *resume, const struct wi_node_info *info)
{
    struct wi_bridge *bridge = socket->bridge;
    struct wi_error error;
    struct wi_node *node = find_resumable(bridge, resume);
    if (!node) {
        const char *why = "there is no such node to resume: announce it as a new one";
        wi_link_close(socket->link, WI_CLOSE_RESUME_UNKNOWN, why,
            wi_make_bye(++bridge->sequence, "resume_unknown", why));
        return;
    }
    /* If it has a socket, that is dead and has not noticed. */
    wi_node_detach(node, "the node came back on another socket");
    json_decref(node->info.capabilities);
    struct wi_node_info *known = &node->info;
    struct wi_node_info next = *info;
    memcpy(next.id, known->id, sizeof next.id);
    memcpy(next.session, known->session, sizeof next.session);
    memcpy(next.party, known->party, sizeof next.party);
    memcpy(next.label, known->label, sizeof next.label);
    memcpy(next.device, known->device, sizeof next.device);
    memcpy(next.kind, known->kind, sizeof next.kind);
    memcpy(next.relay, known->relay, sizeof next.relay);
    next.relay_models = known->relay_models;
    if (!*known->relay)
        memcpy(next.browser_version, known->browser_version, sizeof next.browser_version);
    memcpy(next.gpu, known->gpu, sizeof next.gpu);
    next.connected_at = known->connected_at;
    *known = next;
    json_incref(known->capabilities);

    socket_attach(socket, node);
    welcome_back(node, resume);
    bridge->counters.resumed++;
    wi_info("bridge", known->id, "node is back");
    if (wi_pieces_resume(node, resume->data, &error)) {
        bridge->counters.protocol_errors++;
        wi_node_give_up(node, WI_CLOSE_POLICY, error.detail);
        return;
    }
    /* First what it lacks: it could not list yet what is sent to it as soon as it is up. */
    wi_node_reconcile(node, resume->running, resume->unacknowledged);
    wi_look_resume(node);
    if (!bridge->closed)
        bridge->events.on_node_up(bridge->events.context, known, 1);
}

/* `is_proved`: the device that it names, if it names one, is the one that it says. */
static void socket_announce(struct wi_socket *socket, const struct wi_frame *frame,
    const struct wi_message_bytes *bytes, int is_proved)
{
    struct wi_bridge_counters *counters = &socket->bridge->counters;
    struct wi_announcement announcement = {0};
    struct wi_resume resume = {0};
    struct wi_node_info info = {0};
    struct wi_error error;
    if (wi_announcement_read(frame->data, &announcement, &resume, &error) != WI_OK ||
        wi_relay_read(announcement.capabilities, info.relay, &error) != WI_OK ||
        wi_report_read(announcement.capabilities, &info, &error) != WI_OK) {
        socket_fail(socket, &counters->protocol_errors, WI_CLOSE_POLICY, error.detail);
        return;
    }
    if (announcement.resume)
        take_back(socket, &resume, &info);
    else if (!announcement.device || is_proved)
        welcome_new(socket, &announcement, &info);
    else if (wi_device_challenge_begin(socket, &announcement.claim, bytes, &error) != WI_OK)
        socket_fail(socket, &counters->unauthorized, WI_CLOSE_POLICY, error.detail);
    json_decref(info.capabilities);
}

/* The announcement of a device that has proved itself goes on. */
static void socket_go_on(struct wi_socket *socket)
{
    struct wi_device_challenge *challenge = socket->challenge;
    struct wi_frame frame;
    struct wi_error error = {0};
    socket->challenge = NULL;
    if (wi_frame_parse(challenge->bytes.blob, challenge->bytes.binary, &frame, &error) == WI_OK)
        socket_announce(socket, &frame, &challenge->bytes, 1);
    else
        socket_fail(socket, &socket->bridge->counters.malformed, WI_CLOSE_MALFORMED, error.detail);
    wi_frame_clear(&frame);
    wi_device_challenge_free(challenge);
}

static void socket_prove(struct wi_socket *socket, const struct wi_frame *frame)
{
    struct wi_error error = {0};
    if (wi_device_challenge_check(socket, frame, &error) == WI_OK)
        socket_go_on(socket);
    else
        socket_fail(socket, &socket->bridge->counters.unauthorized, WI_CLOSE_POLICY, error.detail);
}

/* --- What a stranger's link tells ------------------------------------------------------------- */

static void on_message(void *context, struct wi_link *link, struct wi_blob *blob, int binary)
{
    struct wi_socket *socket = context;
    struct wi_bridge_counters *counters = &socket->bridge->counters;
    const struct wi_message_bytes bytes = {blob, binary};
    struct wi_frame frame;
    struct wi_error error = {0};
    if (socket->joining) {
        socket_fail(socket, &counters->protocol_errors, WI_CLOSE_POLICY,
            "after its announcement a node has to wait for the welcome");
        return;
    }
    if (wi_frame_parse(blob, binary, &frame, &error) != WI_OK) {
        socket_fail(socket, &counters->malformed, WI_CLOSE_MALFORMED, error.detail);
        return;
    }
    if (socket->challenge)
        socket_prove(socket, &frame);
    else if (strcmp(frame.type, "node_announcement") == 0)
        socket_announce(socket, &frame, &bytes, 0);
    else
        socket_fail(socket, &counters->protocol_errors, WI_CLOSE_POLICY,
            "the first message must be a node_announcement");
    wi_frame_clear(&frame);
}

static void on_refused(void *context, struct wi_link *link, const struct wi_link_refused *refused)
{
    struct wi_socket *socket = context;
    uint64_t *malformed = &socket->bridge->counters.malformed;
    char reason[WI_LINK_REASON_SIZE];
    if (refused->fault) {
        socket_fail(socket, malformed, WI_CLOSE_PROTOCOL, refused->fault);
        return;
    }
    if (!refused->limit) {
        wi_link_fail(link, NULL, WI_CLOSE_TRY_LATER, "the service's memory budget is used up");
        return;
    }
    snprintf(reason, sizeof reason, "an announcement may have at most %zu bytes", refused->limit);
    socket_fail(socket, malformed, WI_CLOSE_TOO_BIG, reason);
}

static void on_late(void *context, struct wi_link *link)
{
    struct wi_socket *socket = context;
    if (socket->joining)
        socket_refuse(socket, WI_JOIN_AWAY);
    else
        socket_fail(socket, &socket->bridge->counters.protocol_errors, WI_CLOSE_POLICY,
            socket->challenge ? "no device_proof within 5 s" : "no node_announcement within 5 s");
}

const struct wi_link_events wi_announce_events = {
    .on_message = on_message,
    .on_refused = on_refused,
    .on_late = on_late,
};
