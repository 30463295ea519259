/* The life of a node; see node.h. */
#include "nodes/bridge/node.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "nodes/bridge/devices/devices.h"
#include "nodes/bridge/outgoing.h"
#include <stdlib.h>
#include <string.h>

/* A node takes more work again at most so often. Each change is told to everybody who routes or
 * watches; a person makes few. */
static const struct wi_rate_rule resumes_rule = {.most = 3, .window_ms = 1000};

/* --- What it is told ------------------------------------------------------------------------- */

static int threads_of(const struct wi_node *node)
{
    const struct wi_bridge_events *events = &node->bridge->events;
    return events->threads ? events->threads(events->context, &node->info, node->threads) : 1;
}

void wi_node_tell_settings(struct wi_node *node)
{
    struct wi_bridge *bridge = node->bridge;
    wi_node_send(
        node, wi_make_settings(++bridge->sequence, node->threads, &bridge->settings.models));
}

void wi_node_share_threads(struct wi_node *node)
{
    int threads = threads_of(node);
    if (threads == node->threads)
        return;
    node->threads = threads;
    wi_node_tell_settings(node);
}

/* Whether the welcome says something of devices: to pages that have announced a key, or could. */
static int has_device_news(const struct wi_node *node)
{
    return *node->info.device || node->device_problem ||
           (node->bridge->settings.devices && *node->join && !*node->info.relay &&
               !*wi_joins_name(&node->bridge->joins, node->join));
}

char *wi_node_ticket(struct wi_node *node, const char *id)
{
    int64_t now = wi_steady_ms();
    if (!wi_given_add_id(&node->given, id, now, now + WI_PEERS_MS))
        return NULL;
    return wi_peers_ticket(&node->bridge->peers, id, NULL, wi_wall_ms());
}

void wi_node_welcome(struct wi_node *node, const struct wi_resumed *resumed)
{
    struct wi_bridge *bridge = node->bridge;
    char resume[WI_TOKEN_SIZE], credential[WI_TOKEN_SIZE];
    wi_renewed_new(&node->resume, resume);
    wi_renewed_new(&node->credential, credential);
    node->threads = threads_of(node);
    node->tunings = 0;
    json_t *tuning =
        bridge->events.tuning ? bridge->events.tuning(bridge->events.context, &node->info) : NULL;
    const char *peer = node->peer.name;
    char *ticket = *peer ? wi_node_ticket(node, peer) : NULL;
    const struct wi_welcome welcome = {.node = node->info.id,
        .resume_token = resume,
        .credential = credential,
        .settings = &bridge->settings,
        .joined = !*node->info.session,
        .relay = *node->info.relay != '\0',
        .shareable = wi_joins_is_shareable(&bridge->joins, node->join),
        .device = has_device_news(node),
        .is_remembered = *node->info.device != '\0',
        .device_problem = node->device_problem,
        .siblings = *node->join && !*node->info.relay ? &bridge->siblings : NULL,
        .ticket = ticket,
        .max_frame = node->max_frame,
        .threads = node->threads,
        .resumed = resumed,
        .tuning = tuning};
    wi_node_send(node, wi_make_welcome(++bridge->sequence, &welcome));
    json_decref(tuning);
    free(ticket);
    explicit_bzero(resume, sizeof resume);
    explicit_bzero(credential, sizeof credential);
}

/* --- Heartbeats ------------------------------------------------------------------------------ */

/* No reply to the last one counts from now on. */
static void heartbeat_close(struct wi_node *node)
{
    node->tally.lost += node->heartbeat_open != 0;
    node->heartbeat_open = 0;
}

static void heartbeat_send(struct wi_node *node)
{
    const struct wi_tally *tally = &node->tally;
    heartbeat_close(node);
    node->heartbeat_id = ++node->bridge->sequence;
    node->heartbeat_sent = wi_awake_ms();
    node->heartbeat_open = 1;
    wi_node_send(node, wi_make_heartbeat(node->heartbeat_id,
                           &(struct wi_heartbeat){.seq = ++node->heartbeat_sequence,
                               .rtt_ms = node->rtt,
                               .answered = tally->answered,
                               .failed = tally->failed,
                               .task_ms_p50 = wi_tally_median(tally),
                               .heartbeats_lost = tally->lost}));
}

static void on_heartbeat_time(void *context)
{
    struct wi_node *node = context;
    const struct wi_bridge_settings *settings = &node->bridge->settings;
    if (!node->link)
        return;
    if (wi_link_silent_ms(node->link) >
        (double)(settings->heartbeat_interval * settings->heartbeat_misses)) {
        node->bridge->counters.heartbeat_timeouts++;
        wi_node_fail(node, WI_CLOSE_SILENT, "no message within the heartbeat limit");
        return;
    }
    heartbeat_send(node);
}

static void on_ack_time(void *context)
{
    wi_node_send_acks(context);
}

static void on_grace_over(void *context)
{
    wi_node_down(context, "resume_unknown", "it did not come back in time");
}

/* --- Life ------------------------------------------------------------------------------------ */

struct wi_node *wi_node_new(
    struct wi_bridge *bridge, const struct wi_node_info *info, const char join[WI_ID_SIZE])
{
    struct wi_node *node = wi_alloc(sizeof *node);
    node->bridge = bridge;
    node->info = *info;
    json_incref(node->info.capabilities);
    node->info.connected_at = wi_wall_ms();
    node->heartbeat_timer = wi_timer_new(bridge->loop, on_heartbeat_time, node);
    node->ack_timer = wi_timer_new(bridge->loop, on_ack_time, node);
    node->grace_timer = wi_timer_new(bridge->loop, on_grace_over, node);
    node->share.budget = node->traffic.budget = bridge->links.budget;
    if (*join) {
        memcpy(node->join, join, sizeof node->join);
        wi_reading_begin(&node->reading,
            wi_reading_token_ref(wi_joins_reading(&bridge->joins, join)),
            *info->relay ? NULL : &bridge->joined_reading);
        node->share.parent = wi_shares_ref(&bridge->join_shares, join);
        node->traffic.parent = wi_shares_ref(&bridge->join_traffic, join);
    } else {
        wi_reading_begin(&node->reading, NULL, NULL);
    }
    if (*info->relay)
        node->info.relay_models = node->relay_models = wi_relay_models_new();
    HASH_ADD_STR(bridge->nodes, info.id, node);
    bridge->node_count++;
    bridge->own_count += *info->session != '\0';
    return node;
}

struct wi_visitor wi_node_visitor(const struct wi_node *node)
{
    struct wi_visitor visitor = {0};
    memcpy(visitor.node, node->info.id, sizeof visitor.node);
    memcpy(visitor.join, node->join, sizeof visitor.join);
    wi_text_copy(
        visitor.name, sizeof visitor.name, wi_joins_name(&node->bridge->joins, node->join));
    wi_peer_text(&node->peer, visitor.address);
    return visitor;
}

void wi_node_name_party(struct wi_node *node)
{
    const char *name = wi_joins_name(&node->bridge->joins, node->join);
    char address[WI_PEER_TEXT_SIZE];
    if (*node->info.session)
        return;
    wi_peer_text(&node->peer, address);
    if (*name)
        wi_join(node->info.party, sizeof node->info.party, name,
            *node->info.relay ? WI_PARTY_VIA : "", node->info.relay, NULL);
    else
        wi_join(node->info.party, sizeof node->info.party, node->join, " ", address, NULL);
}

struct wi_node *wi_node_find(const struct wi_bridge *bridge, const char *id)
{
    struct wi_node *node = NULL;
    HASH_FIND_STR(bridge->nodes, id, node);
    return node;
}

/* --- Its link -------------------------------------------------------------------------------- */

void wi_node_attach(struct wi_node *node, struct wi_link *link, const struct wi_link_events *events)
{
    uint64_t interval = (uint64_t)node->bridge->settings.heartbeat_interval;
    node->link = link;
    node->max_frame =
        *node->info.session || *node->info.relay ? WI_FRAME_MAX_OWN : WI_FRAME_MAX_JOINED;
    wi_link_settle(link, events, node);
    wi_link_limit(link, node->max_frame, &node->traffic);
    node->left_code = 0;
    node->loose = (struct wi_rate_limit){0};
    node->busy_since_ms = 0;
    wi_timer_stop(node->grace_timer);
    wi_timer_start(node->heartbeat_timer, interval, interval);
}

struct wi_link_heard wi_node_heard(const struct wi_node *node)
{
    struct wi_link_heard heard = node->heard;
    if (node->link) {
        const struct wi_link_heard *more = wi_link_heard(node->link);
        heard.bytes_in += more->bytes_in;
        heard.bytes_out += more->bytes_out;
        heard.last_seen = more->last_seen;
    }
    return heard;
}

/* Keeps what its link has counted. The link, which is not its own any more, or NULL. */
static struct wi_link *node_let_go(struct wi_node *node)
{
    struct wi_link *link = node->link;
    node->heard = wi_node_heard(node);
    node->link = NULL;
    heartbeat_close(node);
    wi_pieces_turns_clear(&node->turns); /* it names what it wants when it comes back */
    return link;
}

void wi_node_detach(struct wi_node *node, const char *reason)
{
    struct wi_link *link = node_let_go(node);
    if (link)
        wi_link_close(link, WI_CLOSE_NORMAL, reason, NULL);
}

static void go_away(struct wi_node *node)
{
    struct wi_bridge *bridge = node->bridge;
    if (bridge->closed)
        return;
    wi_timer_stop(node->heartbeat_timer);
    wi_node_forget_acks(node); /* the page names what it still holds when it comes back */
    wi_timer_wait(node->grace_timer, (uint64_t)bridge->settings.resume_grace);
    bridge->events.on_node_away(bridge->events.context, node->info.id);
}

void wi_node_fail(struct wi_node *node, enum wi_close code, const char *reason)
{
    wi_link_fail(node_let_go(node), node->info.id, code, reason);
    go_away(node);
}

void wi_node_give_up(struct wi_node *node, enum wi_close code, const char *reason)
{
    struct wi_bridge *bridge = node->bridge;
    char id[WI_ID_SIZE];
    memcpy(id, node->info.id, sizeof id);
    /* First: what the loss leads to must not be sent over this link. */
    wi_node_fail(node, code, reason);
    node = bridge->closed ? NULL : wi_node_find(bridge, id);
    if (node)
        wi_node_lose(node, reason);
}

/* 1000: its purpose is fulfilled; 1001: it is going away, as a closed page says. A node that means
 * to come back sends neither. */
static int is_done(int code)
{
    return code == WI_CLOSE_NORMAL || code == WI_CLOSE_GOING_AWAY;
}

/* The node regards a message that it was sent as a fault, and would do so again the next time. */
static int is_fault(int code)
{
    return code == WI_CLOSE_PROTOCOL || code == WI_CLOSE_MALFORMED || code == WI_CLOSE_POLICY ||
           code == WI_CLOSE_TOO_BIG;
}

void wi_node_on_left(void *context, struct wi_link *link, int code, const void *text, size_t size)
{
    struct wi_node *node = context;
    char reason[WI_LINK_REASON_SIZE] = "", said[sizeof node->left_why];
    node->left_code = code;
    node->left_why[0] = '\0';
    if (code <= WI_CLOSE_GOING_AWAY)
        return; /* it gives no fault for its reason */
    if (size)
        memcpy(reason, text, size < sizeof reason ? size : sizeof reason - 1);
    wi_text_printable(said, sizeof said, reason);
    snprintf(node->left_why, sizeof node->left_why, "%d %.80s", code, said);
    wi_text_mend(node->left_why);
}

void wi_node_on_gone(void *context, struct wi_link *link)
{
    struct wi_node *node = context;
    struct wi_bridge *bridge = node->bridge;
    int left_code = node->left_code;
    char id[WI_ID_SIZE], why[sizeof node->left_why + 32];
    memcpy(id, node->info.id, sizeof id);
    snprintf(why, sizeof why, "it closed its connection: %s", node->left_why);
    node_let_go(node);
    /* Who looks after a browser of ours sees what it did. */
    if (is_done(left_code) && !*node->info.session) {
        wi_node_leave(node, 1, "it closed its connection");
        return;
    }
    go_away(node);
    node = is_fault(left_code) && !bridge->closed ? wi_node_find(bridge, id) : NULL;
    if (node)
        wi_node_lose(node, why);
}

static int node_may_resume(struct wi_node *node)
{
    return wi_rate_limit_take(&node->resumes, &resumes_rule, wi_awake_ms(), NULL);
}

void wi_node_throttle(struct wi_node *node, int throttled)
{
    const struct wi_bridge_events *events = &node->bridge->events;
    if (node->throttled == throttled || (!throttled && !node_may_resume(node)))
        return;
    node->throttled = throttled;
    if (events->on_node_throttled)
        events->on_node_throttled(events->context, node->info.id, throttled);
}

void wi_node_pause(struct wi_node *node, int paused)
{
    const struct wi_bridge_events *events = &node->bridge->events;
    if (node->paused == paused || (!paused && !node_may_resume(node)))
        return;
    node->paused = paused;
    if (events->on_node_paused)
        events->on_node_paused(events->context, node->info.id, paused);
}

/* --- Its end --------------------------------------------------------------------------------- */

static void node_unlist(struct wi_node *node)
{
    HASH_DEL(node->bridge->nodes, node);
    node->bridge->node_count--;
    node->bridge->own_count -= *node->info.session != '\0';
    if (!*node->join)
        return;
    const struct wi_visitor visitor = wi_node_visitor(node);
    if (!*node->info.relay)
        wi_quarantine_note_gone(node->bridge->quarantine, &visitor);
    wi_devices_leave(node->bridge->devices, node->info.device, node->info.id, wi_wall_ms());
    wi_joins_release(&node->bridge->joins, node->join);
}

void wi_node_expel(struct wi_node *node, const char *why)
{
    if (node->dropped || node->bridge->closed)
        return;
    node->dropped = 1;
    wi_text_copy(node->drop_reason, sizeof node->drop_reason, why);
    wi_timer_start(node->bridge->sweep, 0, 0);
}

void wi_node_quiesce(struct wi_node *node)
{
    node_let_go(node);
    while (node->attempts)
        wi_node_remove_attempt(node, node->attempts);
    for (unsigned i = 0; i < WI_OFFERED_MODELS; i++) {
        wi_model_unref_idle(node->offered[i]);
        node->offered[i] = NULL;
    }
    wi_node_forget_acks(node);
    wi_look_clear(&node->look);
    wi_timer_free(node->heartbeat_timer);
    wi_timer_free(node->ack_timer);
    wi_timer_free(node->grace_timer);
    node->heartbeat_timer = node->ack_timer = node->grace_timer = NULL;
}

static void node_destroy(struct wi_node *node)
{
    wi_node_quiesce(node);
    wi_reading_token_unref(node->reading.token);
    wi_shares_unref(&node->bridge->join_shares, node->share.parent);
    wi_shares_unref(&node->bridge->join_traffic, node->traffic.parent);
    json_decref(node->info.capabilities);
    wi_model_orders_end(&node->orders);
    wi_node_set_models(node, NULL);
    wi_relay_models_free(node->relay_models);
    free(node);
}

/* `blame`: the oldest attempt may have been what ended it. A relay's end tells nothing of the
 * browsers behind it. */
static void node_end(struct wi_node *node, int blame, const char *why)
{
    struct wi_bridge *bridge = node->bridge;
    struct wi_attempt *attempt, *next;
    blame = blame && !node->quarantined && !*node->info.relay;
    HASH_ITER(hh, node->attempts, attempt, next)
    {
        if (!bridge->closed)
            bridge->events.on_lost(bridge->events.context, node->info.id, attempt->id, blame, why);
        blame = 0;
    }
    if (!bridge->closed)
        bridge->events.on_node_down(bridge->events.context, node->info.id, why);
    node_destroy(node);
}

void wi_node_down(struct wi_node *node, const char *code, const char *why)
{
    wi_info("bridge", node->info.id, "node down: %s", why);
    node_unlist(node);
    struct wi_link *link = node_let_go(node);
    enum wi_close close = node->quarantined ? WI_CLOSE_POLICY : WI_CLOSE_NORMAL;
    if (link)
        wi_link_close(link, close, code, wi_make_bye(++node->bridge->sequence, code, why));
    node_end(node, 1, why);
}

void wi_node_leave(struct wi_node *node, int blame, const char *why)
{
    wi_info("bridge", node->info.id, "node left: %s", why);
    node_unlist(node);
    wi_node_detach(node, "the node has left");
    node_end(node, blame, why);
}

void wi_node_free(struct wi_node *node)
{
    node_unlist(node);
    node_destroy(node);
}

struct wi_node *wi_node_by_credential(const struct wi_bridge *bridge, const char *token)
{
    unsigned char hash[WI_HASH_SIZE];
    char id[WI_ID_SIZE];
    const char *dot = strchr(token, '.');
    if (!dot || (size_t)(dot - token) >= sizeof id)
        return NULL;
    memcpy(id, token, (size_t)(dot - token));
    id[dot - token] = '\0';
    wi_hash(dot + 1, strlen(dot + 1), hash);
    struct wi_node *node = wi_node_find(bridge, id);
    return node && wi_renewed_matches(&node->credential, hash) ? node : NULL;
}
