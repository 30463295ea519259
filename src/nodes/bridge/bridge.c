/*
 * The bridge as others see it: creation and end, the verbs of bridge.h, and the lws vhost that its
 * connections live on.
 */
#include "nodes/bridge/bridge.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/text.h"
#include "nodes/bridge/devices/devices.h"
#include "nodes/bridge/http/file_answer.h"
#include "nodes/bridge/http/serve.h"
#include "nodes/bridge/invitations.h"
#include "nodes/bridge/joins/shared_joins.h"
#include "nodes/bridge/node.h"
#include "nodes/bridge/outgoing.h"
#include "nodes/bridge/pieces.h"
#include "nodes/bridge/private.h"
#include "nodes/bridge/socket.h"
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define KEEPALIVE_S 60
/* Of max_nodes, at most so large a part is kept for our own browsers. */
#define OWN_PART 4

/* The lws callback of the subprotocol. */
static int on_websocket(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct wi_socket *socket = lws_get_opaque_user_data(wsi);
    struct wi_link *link = socket ? socket->link : NULL;
    if (reason == LWS_CALLBACK_CLOSED && socket)
        socket->link = NULL; /* which ends now */
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        if (!socket || socket->bridge->closed)
            return -1;
        socket->link = wi_link_new(&socket->bridge->links, wsi, &wi_announce_events, socket);
        return 0;
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    case LWS_CALLBACK_CLOSED:
        return link ? wi_link_event(link, reason, in, length) : 0;
    case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
        return link && !socket->is_cut ? wi_link_event(link, reason, in, length) : 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "http", .callback = wi_http_serve, .rx_buffer_size = WI_LWS_CHUNK},
    {.name = WI_PROTOCOL_NAME, .callback = on_websocket, .rx_buffer_size = WI_LWS_CHUNK},
    {0},
};

/* --- Creation --------------------------------------------------------------------------------- */

static void take_settings(struct wi_bridge *bridge, const struct wi_config *config)
{
    struct wi_bridge_settings *settings = &bridge->settings;
    settings->heartbeat_interval = config->bridge.heartbeat_interval;
    settings->heartbeat_misses = config->bridge.heartbeat_misses;
    settings->resume_grace = config->bridge.resume_grace;
    settings->max_nodes = config->bridge.max_nodes;
    bridge->links.message_ms = settings->heartbeat_interval * settings->heartbeat_misses;
    settings->model_budget = config->pool.model_budget;
    uint64_t half = bridge->links.budget->limit / 2;
    settings->max_answer = config->api.max_answer < half ? config->api.max_answer : half;
    settings->max_per_address = config->bridge.max_connections_per_address;
    uint64_t own = (uint64_t)config->pool.max_connections, most = settings->max_nodes / OWN_PART;
    settings->own_nodes = own < most ? own : most;
    settings->models = (struct wi_model_terms){.context = config->models.context,
        .slots = config->models.slots,
        .idle_unload = config->models.idle_unload,
        .warmup = config->models.warmup,
        .flash_attention = config->models.flash_attention,
        .threads = config->models.threads};
    settings->strangers = config->pool.strangers;
    settings->content = config->content;
    settings->has_tokens = config->api.tokens_file && *config->api.tokens_file;
    settings->devices = config->bridge.devices;
    wi_outflow_set_limit(&bridge->outflow, config->content.upload_limit);
}

static void on_accept(void *context, int fd, const struct sockaddr *peer, socklen_t length)
{
    wi_socket_accept(context, fd, peer);
}

static enum wi_code make_vhost(
    struct wi_bridge *bridge, const struct wi_config_bridge *config, struct wi_error *error)
{
    const struct wi_lws_host host = {.section = "bridge",
        .protocols = protocols,
        .tls_certificate = config->tls_certificate,
        .tls_key = config->tls_key,
        .keepalive_s = KEEPALIVE_S};
    bridge->vhost = wi_lws_serve(bridge->lws, &host, error);
    return bridge->vhost ? WI_OK : error->code;
}

static void on_sweep(void *context)
{
    struct wi_bridge *bridge = context;
    struct wi_node *node, *next;
    HASH_ITER(hh, bridge->nodes, node, next)
    {
        if (node->dropped && !bridge->closed)
            wi_node_down(node, node->quarantined ? WI_QUARANTINED : "drain", node->drop_reason);
    }
}

/* Siblings and peers, also where they were taken before. The URLs are known. */
static void take_ways(struct wi_bridge *bridge, const struct wi_config_bridge *config)
{
    const char *const urls[] = {bridge->url, bridge->local_url, bridge->inside_url, NULL};
    wi_strings_clear(&bridge->siblings);
    wi_strings_copy(&bridge->siblings, &config->endpoints);
    wi_peers_take(&bridge->peers, &config->peers, &config->stun);
    wi_networks_clear(&bridge->proxies);
    wi_networks_add(&bridge->proxies, &config->trusted_proxies);
    free(bridge->security_headers);
    bridge->security_headers =
        wi_http_security_headers(urls, &bridge->siblings, &bridge->peers.origins);
}

static void make_urls(struct wi_bridge *bridge, const struct wi_config_bridge *config)
{
    int tls = config->tls_certificate && *config->tls_certificate;
    bridge->local_url = wi_listener_url(bridge->listener, tls ? "https" : "http");
    if (config->public_url && strstr(config->public_url, "://")) {
        size_t length = strlen(config->public_url);
        while (length > 0 && config->public_url[length - 1] == '/')
            length--;
        bridge->url = wi_strndup(config->public_url, length);
    } else {
        bridge->url = wi_strdup(bridge->local_url);
    }
    bridge->port = wi_address_port(wi_listener_address(bridge->listener));
    bridge->inside_url = wi_sprintf("%s://127.0.0.1:%u", tls ? "https" : "http", bridge->port);
    take_ways(bridge, config);
}

/* What the vhost has read, for browsers that have to be told of it. */
static enum wi_code read_certificate(
    struct wi_bridge *bridge, const struct wi_config_bridge *config, struct wi_error *error)
{
    if (!config->tls_certificate || !*config->tls_certificate)
        return WI_OK;
    bridge->certificate = wi_certificate_read(config->tls_certificate, bridge->url, error);
    if (!bridge->certificate)
        return WI_INVALID_FIELD;
    bridge->inside_certificate =
        wi_certificate_read(config->tls_certificate, bridge->inside_url, error);
    return bridge->inside_certificate ? WI_OK : WI_INVALID_FIELD;
}

static void prepare_links(struct wi_bridge *bridge, struct wi_budget *budget)
{
    struct wi_links *links = &bridge->links;
    struct wi_bridge_counters *counters = &bridge->counters;
    links->loop = bridge->loop;
    links->budget = budget;
    bridge->join_shares.budget = bridge->join_traffic.budget = budget;
    bridge->joined_reading.part = WI_READING_JOINED;
    links->hello_ms = WI_HELLO_MS;
    links->faults.about = "nodes' sockets that were closed";
    links->counters.frames_in = &counters->frames_in;
    links->counters.frames_out = &counters->frames_out;
    links->counters.bytes_in = &counters->bytes_in;
    links->counters.bytes_out = &counters->bytes_out;
}

static void say_content(const struct wi_bridge *bridge)
{
    const struct wi_bridge_settings *settings = &bridge->settings;
    if (settings->content.serve == WI_SERVE_NO)
        wi_info("bridge", NULL, "models are no longer served by content");
    else
        wi_info("bridge", NULL, "published models are served by content at %s/ipfs to %s",
            bridge->url,
            settings->content.anyone ? "any client"
            : settings->has_tokens   ? "clients with a token of rank node"
                                     : "this machine");
}

static struct wi_site *open_page(const struct wi_config *config, struct wi_error *error)
{
    return wi_site_new(config->bridge.page ? config->bridge.page : "", "bridge.page", error);
}

struct wi_bridge *wi_bridge_new(struct lws_context *lws, uv_loop_t *loop,
    struct wi_repository *repository, const struct wi_config *config, struct wi_budget *budget,
    const struct wi_bridge_events *events, struct wi_error *error)
{
    const struct wi_listener_options where = {config->bridge.listen, "bridge.listen", "bridge"};
    struct wi_bridge *bridge = wi_alloc(sizeof *bridge);
    bridge->loop = bridge->outflow.loop = loop;
    bridge->id = wi_strdup("");
    bridge->quarantine = wi_quarantine_new();
    wi_bridge_prepare_devices(bridge);
    bridge->lws = lws;
    bridge->repository = repository;
    bridge->events = *events;
    bridge->bad_answers.about = "answers that are not used";
    bridge->no_room.about = "connections of nodes and pages that were closed";
    bridge->broken_off.about = "answers that were broken off";
    if (getrandom(bridge->limits.dice, sizeof bridge->limits.dice, GRND_NONBLOCK) < 0)
        wi_debug("bridge", NULL, "which sockets go for others can be foreseen");
    bridge->highest_fd = wi_descriptors_highest(WI_BRIDGE_RESERVED_DESCRIPTORS);
    prepare_links(bridge, budget);
    take_settings(bridge, config);

    bridge->page = open_page(config, error);
    if (!bridge->page)
        goto fail;
    if (wi_peers_begin(&bridge->peers) != 0) {
        wi_error_set(error, WI_INTERNAL, NULL, "OpenSSL makes no Ed25519 key");
        goto fail;
    }
    bridge->listener = wi_listener_new(loop, &where, on_accept, bridge, error);
    if (!bridge->listener)
        goto fail;
    if (make_vhost(bridge, &config->bridge, error) != WI_OK)
        goto fail;
    make_urls(bridge, &config->bridge);
    if (read_certificate(bridge, &config->bridge, error) != WI_OK)
        goto fail;
    bridge->sweep = wi_timer_new(loop, on_sweep, bridge);
    wi_info("bridge", NULL, "listening on %s, browsers use %s", bridge->local_url, bridge->url);
    return bridge;
fail:
    wi_listener_free(bridge->listener);
    bridge->listener = NULL;
    wi_bridge_free(bridge);
    return NULL;
}

void wi_bridge_serve_content(struct wi_bridge *bridge, struct wi_blockstore *blocks, const char *id,
    const unsigned char *members_key)
{
    bridge->blocks = blocks;
    bridge->has_members = members_key != NULL;
    if (members_key)
        memcpy(bridge->members_key, members_key, sizeof bridge->members_key);
    free(bridge->id);
    bridge->id = wi_strdup(id);
}

void wi_bridge_take_copies(void *context, uint64_t bytes)
{
    struct wi_bridge *bridge = context;
    bridge->content_takes = bytes;
}

enum wi_code wi_bridge_check_reload(const struct wi_config *config, struct wi_error *error)
{
    const struct wi_config_bridge *bridge = &config->bridge;
    return wi_certificate_check_files("bridge", bridge->tls_certificate, bridge->tls_key, error);
}

void wi_bridge_check(const struct wi_config *config, struct wi_problems *problems)
{
    struct wi_error error;
    struct wi_site *page = open_page(config, &error);
    if (!page)
        wi_problems_add_error(problems, &error);
    wi_site_free(page);
    if (wi_bridge_check_reload(config, &error) != WI_OK)
        wi_problems_add_error(problems, &error);
}

/* Sessions hold the certificate: what is known of it changes in its place. */
static void reload_certificate(struct wi_bridge *bridge, const struct wi_config_bridge *config)
{
    struct wi_certificate *known = bridge->certificate, *fresh, *inside;
    struct wi_error error;
    if (!known)
        return;
    fresh = wi_certificate_read(config->tls_certificate, bridge->url, &error);
    inside = wi_certificate_read(config->tls_certificate, bridge->inside_url, &error);
    if (!fresh || !inside ||
        lws_tls_cert_updated(
            bridge->lws, config->tls_certificate, config->tls_key, NULL, 0, NULL, 0) != 0) {
        wi_error_log("bridge", NULL, "the certificate is not read again: %s",
            fresh && inside ? "libwebsockets refuses it" : error.detail);
        wi_certificate_free(fresh);
        wi_certificate_free(inside);
        return;
    }
    wi_certificate_take(known, fresh, "bridge");
    wi_certificate_take(bridge->inside_certificate, inside, NULL);
}

void wi_bridge_reload(struct wi_bridge *bridge, const struct wi_config *config)
{
    const struct wi_bridge_settings settings = bridge->settings;
    struct wi_node *node, *next;
    take_settings(bridge, config);
    int served = config->content.serve != WI_SERVE_NO;
    if (settings.content.serve != config->content.serve ||
        (served && (settings.content.anyone != config->content.anyone ||
                       settings.has_tokens != bridge->settings.has_tokens)))
        say_content(bridge);
    reload_certificate(bridge, &config->bridge);
    take_ways(bridge, &config->bridge);
    if (memcmp(&bridge->settings.models, &settings.models, sizeof settings.models) == 0)
        return;
    HASH_ITER(hh, bridge->nodes, node, next)
    wi_node_tell_settings(node);
}

/* --- End -------------------------------------------------------------------------------------- */

static void shut_down(void *context, struct wi_link *link)
{
    static const char why[] = "the service is going away";
    struct wi_bridge *bridge = context;
    wi_link_close(link, WI_CLOSE_GOING_AWAY, why, wi_make_bye(++bridge->sequence, "shutdown", why));
}

void wi_bridge_close(struct wi_bridge *bridge)
{
    if (bridge->closed)
        return;
    bridge->closed = 1; /* no event from here on */
    bridge->blocks = NULL;
    wi_joins_unshare(&bridge->joins);
    wi_announce_close(bridge);
    wi_listener_free(bridge->listener);
    bridge->listener = NULL;
    wi_timer_free(bridge->sweep);
    wi_timer_free(bridge->device_timer);
    bridge->sweep = bridge->device_timer = NULL;
    wi_outflow_close(&bridge->outflow);
    wi_pieces_quiesce(bridge);
    wi_links_each(&bridge->links, shut_down, bridge);
    for (struct wi_node *node = bridge->nodes; node; node = node->hh.next)
        wi_node_quiesce(node);
}

size_t wi_bridge_links(const struct wi_bridge *bridge)
{
    return wi_links_count(&bridge->links);
}

void wi_bridge_free(struct wi_bridge *bridge)
{
    if (!bridge)
        return;
    while (bridge->nodes)
        wi_node_free(bridge->nodes);
    wi_site_free(bridge->page);
    wi_content_list_clear(&bridge->content);
    wi_tokens_clear(&bridge->tokens);
    wi_joins_clear(&bridge->joins);
    wi_devices_free(bridge->devices);
    wi_quarantine_free(bridge->quarantine);
    wi_certificate_free(bridge->certificate);
    wi_certificate_free(bridge->inside_certificate);
    wi_strings_clear(&bridge->odd_models);
    wi_strings_clear(&bridge->siblings);
    wi_peers_clear(&bridge->peers);
    wi_networks_clear(&bridge->proxies);
    wi_socket_limits_clear(&bridge->limits);
    wi_links_clear(&bridge->links);
    free(bridge->id);
    free(bridge->url);
    free(bridge->local_url);
    free(bridge->inside_url);
    free(bridge->security_headers);
    free(bridge);
}

/* --- Sessions --------------------------------------------------------------------------------- */

const char *wi_bridge_url(const struct wi_bridge *bridge)
{
    return bridge->url;
}

const struct wi_strings *wi_bridge_peers(const struct wi_bridge *bridge)
{
    return &bridge->peers.addresses;
}

struct wi_bridge_address wi_bridge_address(const struct wi_bridge *bridge, int apart)
{
    if (apart)
        return (struct wi_bridge_address){
            bridge->inside_url, bridge->inside_certificate, bridge->port};
    return (struct wi_bridge_address){bridge->url, bridge->certificate, 0};
}

struct wi_listener *wi_bridge_listen(struct wi_bridge *bridge, int fd)
{
    if (!bridge->closed)
        return wi_listener_take(bridge->loop, fd, "bridge", on_accept, bridge);
    close(fd);
    return NULL;
}

void wi_bridge_expect(struct wi_bridge *bridge, const char *session_id, const char *kind,
    const char *version, const char *gpu, int64_t ttl_ms, char token[WI_TOKEN_SIZE])
{
    wi_tokens_expect(&bridge->tokens, session_id, kind, version, gpu, wi_awake_ms(), ttl_ms, token);
}

void wi_bridge_revoke(struct wi_bridge *bridge, const char *session_id)
{
    wi_tokens_revoke(&bridge->tokens, session_id);
}

/* --- Quarantine ------------------------------------------------------------------------------- */

void wi_bridge_remember(struct wi_bridge *bridge, struct wi_db *db)
{
    bridge->db = db;
    wi_quarantine_keep(bridge->quarantine, db, wi_wall_ms());
    wi_bridge_keep_devices(bridge, db);
}

static void tell_status(const struct wi_bridge *bridge)
{
    wi_change_tell(bridge->events.listener, WI_CHANGE_STATUS, "", NULL);
}

int wi_bridge_quarantine(
    struct wi_bridge *bridge, const char *node_id, const struct wi_quarantine_cause *cause)
{
    struct wi_node *node = wi_node_find(bridge, node_id);
    const struct wi_visitor *gone = wi_quarantine_find_gone(bridge->quarantine, node_id);
    if (node ? !*node->join || *node->info.relay : !gone)
        return -1;
    const struct wi_visitor visitor = node ? wi_node_visitor(node) : *gone;
    if (wi_quarantine_add(bridge->quarantine, &visitor, cause, wi_wall_ms()) != 0)
        return -1;
    bridge->counters.quarantined++;
    wi_warn("bridge", node_id, "is under quarantine: %s", cause->reason);
    if (node) {
        node->quarantined = 1;
        wi_bridge_drop(bridge, node_id, cause->reason);
    }
    if (!*visitor.name && cause->for_ms == 0 &&
        wi_quarantine_wrongs(bridge->quarantine, visitor.join) == WI_QUARANTINE_REVOKES) {
        wi_warn("bridge", visitor.join,
            "the join token is revoked: %d of its nodes were found wrong", WI_QUARANTINE_REVOKES);
        wi_bridge_uninvite(bridge, visitor.join); /* all that came with it go, too */
    }
    tell_status(bridge);
    return 0;
}

int wi_bridge_lift(struct wi_bridge *bridge, const char *id)
{
    if (wi_quarantine_lift(bridge->quarantine, id))
        return -1;
    tell_status(bridge);
    return 0;
}

json_t *wi_bridge_quarantined(const struct wi_bridge *bridge, size_t most, int everything)
{
    return wi_quarantine_json(bridge->quarantine, most, everything, wi_wall_ms());
}

size_t wi_bridge_quarantined_count(const struct wi_bridge *bridge)
{
    return wi_quarantine_count(bridge->quarantine, wi_wall_ms());
}

/* --- Work ------------------------------------------------------------------------------------- */

/* A node that can be sent to now; NULL if it is away, dropped or unknown. */
static struct wi_node *find_connected(const struct wi_bridge *bridge, const char *node_id)
{
    struct wi_node *node = bridge->closed ? NULL : wi_node_find(bridge, node_id);
    return node && node->link && !node->dropped ? node : NULL;
}

enum wi_code wi_bridge_send_task(struct wi_bridge *bridge, const char *node_id,
    const struct wi_task *task, struct wi_error *error)
{
    struct wi_node *node = find_connected(bridge, node_id);
    return node ? wi_node_send_task(node, task, error) : WI_NODE_NOT_FOUND;
}

void wi_bridge_credit(struct wi_bridge *bridge, const char *node_id, const char *attempt_id,
    const struct wi_credit *credit)
{
    struct wi_node *node = wi_node_find(bridge, node_id);
    struct wi_attempt *attempt = node ? wi_node_find_attempt(node, attempt_id) : NULL;
    if (attempt)
        wi_node_grant(node, attempt, credit);
}

void wi_bridge_cancel(
    struct wi_bridge *bridge, const char *node_id, const char *attempt_id, const char *reason)
{
    struct wi_node *node = wi_node_find(bridge, node_id);
    struct wi_attempt *attempt = node ? wi_node_find_attempt(node, attempt_id) : NULL;
    if (!attempt)
        return;
    /* The id may be the attempt's own text, so the message goes first. An away node is told in its
     * next welcome. */
    if (node->link)
        wi_node_send(node, wi_make_cancel(++bridge->sequence, attempt_id, reason));
    wi_node_remove_attempt(node, attempt);
}

enum wi_code wi_bridge_load(struct wi_bridge *bridge, const char *node_id, struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count, double prompt_ms)
{
    struct wi_node *node = find_connected(bridge, node_id);
    if (!node)
        return WI_NODE_NOT_FOUND;
    wi_node_offer(node, model);
    wi_node_send(
        node, wi_make_model_load(++bridge->sequence, model, platforms, platform_count, prompt_ms));
    return WI_OK;
}

/* Sends the message, which is taken over, to a connected node. */
static enum wi_code bridge_tell(
    const struct wi_bridge *bridge, const char *node_id, struct wi_message *message)
{
    struct wi_node *node = find_connected(bridge, node_id);
    if (node)
        wi_node_send(node, message);
    else
        wi_message_free(message);
    return node ? WI_OK : WI_NODE_NOT_FOUND;
}

enum wi_code wi_bridge_load_kernels(struct wi_bridge *bridge, const char *node_id,
    enum wi_platform platform, const struct wi_strings *kernels)
{
    return bridge_tell(bridge, node_id,
        wi_make_kernels_load(
            ++bridge->sequence, wi_repository_kernels(bridge->repository), platform, kernels));
}

void wi_bridge_revive(struct wi_bridge *bridge, const char *node_id)
{
    (void)bridge_tell(bridge, node_id, wi_make_capability_query(++bridge->sequence, NULL));
}

enum wi_code wi_bridge_tune(struct wi_bridge *bridge, const char *node_id,
    const struct wi_kernel *kernel, const char *size_class)
{
    return bridge_tell(bridge, node_id, wi_make_tune(++bridge->sequence, kernel, size_class));
}

void wi_bridge_tell_tuning(struct wi_bridge *bridge, const char *node_id, const json_t *list)
{
    (void)bridge_tell(bridge, node_id, wi_make_tuning(++bridge->sequence, list));
}

enum wi_code wi_bridge_unload(struct wi_bridge *bridge, const char *node_id, const char *model_name)
{
    return bridge_tell(bridge, node_id, wi_make_model_unload(++bridge->sequence, model_name));
}

void wi_bridge_share_threads(struct wi_bridge *bridge, const char *node_id)
{
    struct wi_node *node = find_connected(bridge, node_id);
    if (node)
        wi_node_share_threads(node);
}

enum wi_code wi_bridge_look(struct wi_bridge *bridge, const char *node_id)
{
    struct wi_node *node = find_connected(bridge, node_id);
    if (!node || *node->info.relay) /* it is no browser itself */
        return WI_NODE_NOT_FOUND;
    wi_look_ask(node);
    return WI_OK;
}

void wi_bridge_drop(struct wi_bridge *bridge, const char *node_id, const char *why)
{
    struct wi_node *node = bridge->closed ? NULL : wi_node_find(bridge, node_id);
    if (node)
        wi_node_expel(node, why);
}

/* --- Looking ---------------------------------------------------------------------------------- */

const struct wi_node_info *wi_bridge_node(const struct wi_bridge *bridge, const char *node_id)
{
    const struct wi_node *node = wi_node_find(bridge, node_id);
    return node ? &node->info : NULL;
}

const struct wi_look *wi_bridge_looked(const struct wi_bridge *bridge, const char *node_id)
{
    const struct wi_node *node = wi_node_find(bridge, node_id);
    return node ? &node->look : NULL;
}

int wi_bridge_node_state(
    const struct wi_bridge *bridge, const char *node_id, struct wi_node_state *state)
{
    struct wi_node *node = wi_node_find(bridge, node_id);
    if (!node)
        return -1;
    struct wi_link_heard heard = wi_node_heard(node);
    *state = (struct wi_node_state){
        .connected = node->link != NULL,
        .attempts = HASH_COUNT(node->attempts),
        .busy_since_ms = node->busy_since_ms,
        .last_seen_ms = wi_awake_ms() - heard.last_seen,
        .rtt_ms = node->rtt,
        .answered = node->tally.answered,
        .failed = node->tally.failed,
        .heartbeats_lost = node->tally.lost,
        .task_ms_p50 = wi_tally_median(&node->tally),
        .models = node->models,
        .orders = &node->orders,
        .bytes_in = heard.bytes_in,
        .bytes_out = heard.bytes_out,
    };
    return 0;
}

void wi_bridge_each(const struct wi_bridge *bridge, wi_bridge_each_fn *each, void *context)
{
    for (const struct wi_node *node = bridge->nodes; node; node = node->hh.next)
        each(context, &node->info);
}

const struct wi_bridge_counters *wi_bridge_counters(const struct wi_bridge *bridge)
{
    return &bridge->counters;
}
