/* The life of the listener for channels; see channel_listener.h. libwebsockets keeps a connection
 * until its peer has agreed to its end, so that the last ones may go after the server. */
#include "api/sockets/channel_listener.h"

#include "api/sockets/channel_socket.h"
#include "api/sockets/channel_upgrade.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/net/certificate.h"
#include "base/net/listener.h"
#include "nodes/bridge/bridge.h"
#include <assert.h>
#include <stdlib.h>

struct wi_channel_listener {
    struct lws_context *lws;
    struct wi_channel_sockets sockets;
    struct wi_access_rules *rules;
    struct wi_listener *listener; /* NULL: it accepts no more connections */
    union wi_address address;     /* with the real port */
    int tls;
    struct wi_certificate *certificate; /* NULL: without TLS */
    struct wi_timer *beat;
    double beat_ms;
    int64_t send_timeout;
};

/* libwebsockets makes the size also that of the socket's send buffer: the system's default would
 * let the kernel hold megabytes for each client that does not read. */
static const struct lws_protocols protocols[] = {
    {.name = WI_CHANNELS_PROTOCOL,
        .callback = wi_channel_socket_event,
        .rx_buffer_size = WI_CHANNEL_MESSAGE_MAX},
    {0},
};

static void on_accept(void *context, int fd, const struct sockaddr *peer, socklen_t length)
{
    struct wi_channel_listener *listener = context;
    wi_channel_socket_accept(&listener->sockets, fd, peer);
}

/* What a client does not take for [api] send_timeout, and its answers to pings, show that it is
 * gone. */
static void on_beat(void *context)
{
    struct wi_channel_listener *listener = context;
    wi_channel_sockets_beat(&listener->sockets, (double)listener->send_timeout + listener->beat_ms);
}

static int uses_tls(const struct wi_config_channels *config)
{
    return config->tls_certificate && *config->tls_certificate;
}

static enum wi_code check_tls_files(const struct wi_config_channels *config, struct wi_error *error)
{
    return wi_certificate_check_files("channels", config->tls_certificate, config->tls_key, error);
}

static enum wi_code make_vhost(struct wi_channel_listener *listener,
    const struct wi_config_channels *config, struct wi_error *error)
{
    const struct wi_lws_host host = {.section = "channels",
        .protocols = protocols,
        .tls_certificate = config->tls_certificate,
        .tls_key = config->tls_key};
    listener->sockets.vhost = wi_lws_serve(listener->lws, &host, error);
    if (!listener->sockets.vhost || !listener->tls)
        return listener->sockets.vhost ? WI_OK : error->code;
    listener->certificate = wi_certificate_read(config->tls_certificate, config->listen, error);
    return listener->certificate ? WI_OK : error->code;
}

static void take_settings(struct wi_channel_listener *listener, const struct wi_config *config)
{
    listener->send_timeout = config->api.send_timeout;
    listener->sockets.max_per_address = config->api.max_connections_per_address;
}

static void listener_free(void *context)
{
    struct wi_channel_listener *listener = context;
    wi_channel_sockets_clear(&listener->sockets);
    wi_certificate_free(listener->certificate);
    free(listener);
}

static enum wi_code listener_start(struct wi_channel_listener *listener,
    const struct wi_channel_listener_deps *deps, struct wi_error *error)
{
    const struct wi_config_channels *config = &deps->config->channels;
    const struct wi_listener_options where = {config->listen, "channels.listen", "channels"};
    unsigned reserve = (unsigned)deps->config->bridge.max_nodes + WI_BRIDGE_RESERVED_DESCRIPTORS;
    listener->sockets.highest_fd = wi_descriptors_highest(reserve);
    listener->listener = wi_listener_new(deps->loop, &where, on_accept, listener, error);
    if (!listener->listener)
        return error->code;
    listener->address = *wi_listener_address(listener->listener);
    listener->rules =
        wi_access_beside(deps->rules, &listener->address, listener->tls, "channels.listen", error);
    if (!listener->rules)
        return error->code;
    listener->sockets.rules = listener->rules;
    return make_vhost(listener, config, error);
}

struct wi_channel_listener *wi_channel_listener_new(
    const struct wi_channel_listener_deps *deps, struct wi_error *error)
{
    struct wi_channel_listener *listener = wi_alloc(sizeof *listener);
    struct wi_channel_sockets *sockets = &listener->sockets;
    listener->lws = sockets->lws = deps->lws;
    listener->tls = uses_tls(&deps->config->channels);
    listener->beat_ms = deps->beat_ms;
    sockets->channels = deps->channels;
    sockets->on_empty = listener_free;
    sockets->context = listener;
    wi_channel_sockets_begin(sockets, deps->loop, deps->budget);
    take_settings(listener, deps->config);
    listener->beat = wi_timer_new(deps->loop, on_beat, listener);
    if (listener_start(listener, deps, error) != WI_OK) {
        wi_channel_listener_free(listener);
        return NULL;
    }
    wi_timer_start(listener->beat, (uint64_t)deps->beat_ms, (uint64_t)deps->beat_ms);
    char *url = wi_listener_url(listener->listener, listener->tls ? "wss" : "ws");
    wi_info("channels", NULL, "listening on %s", url);
    free(url);
    return listener;
}

/* --- reload ---------------------------------------------------------------------------------- */

enum wi_code wi_channel_listener_check_reload(const struct wi_channel_listener *listener,
    const struct wi_config *config, const struct wi_access_rules *rules, struct wi_error *error)
{
    if (!listener)
        return WI_OK;
    struct wi_access_rules *beside =
        wi_access_beside(rules, &listener->address, listener->tls, "channels.listen", error);
    enum wi_code code = beside ? check_tls_files(&config->channels, error) : error->code;
    wi_access_free(beside);
    return code;
}

static void reload_certificate(
    struct wi_channel_listener *listener, const struct wi_config_channels *config)
{
    struct wi_error error;
    if (!listener->certificate)
        return;
    struct wi_certificate *fresh =
        wi_certificate_read(config->tls_certificate, config->listen, &error);
    if (fresh && lws_tls_cert_updated(listener->lws, config->tls_certificate, config->tls_key, NULL,
                     0, NULL, 0) == 0) {
        wi_certificate_take(listener->certificate, fresh, "channels");
        return;
    }
    wi_error_log("channels", NULL, "the certificate is not read again: %s",
        fresh ? "libwebsockets refuses it" : error.detail);
    wi_certificate_free(fresh);
}

void wi_channel_listener_reload(struct wi_channel_listener *listener,
    const struct wi_config *config, const struct wi_access_rules *rules)
{
    struct wi_error error;
    if (!listener)
        return;
    struct wi_access_rules *beside =
        wi_access_beside(rules, &listener->address, listener->tls, "channels.listen", &error);
    assert(beside); /* it was checked */
    wi_access_free(listener->rules);
    listener->sockets.rules = listener->rules = beside;
    take_settings(listener, config);
    reload_certificate(listener, &config->channels);
    wi_channel_sockets_close(
        &listener->sockets, "the configuration has been reloaded; connect again");
}

void wi_channel_listener_check(const struct wi_config *config, struct wi_problems *problems)
{
    struct wi_error error;
    if (config->channels.listen && check_tls_files(&config->channels, &error) != WI_OK)
        wi_problems_add_error(problems, &error);
}

/* --- the end --------------------------------------------------------------------------------- */

void wi_channel_listener_quiesce(struct wi_channel_listener *listener)
{
    if (!listener)
        return;
    wi_listener_free(listener->listener);
    listener->listener = NULL;
}

void wi_channel_listener_finish(struct wi_channel_listener *listener)
{
    if (!listener)
        return;
    wi_channel_listener_quiesce(listener);
    wi_channel_sockets_close(&listener->sockets, "the service is going away");
}

int wi_channel_listener_is_busy(const struct wi_channel_listener *listener)
{
    return listener && !wi_channel_sockets_are_empty(&listener->sockets);
}

void wi_channel_listener_free(struct wi_channel_listener *listener)
{
    if (!listener)
        return;
    wi_channel_listener_finish(listener);
    wi_timer_free(listener->beat);
    wi_access_free(listener->rules);
    listener->sockets.rules = NULL;
    listener->sockets.channels = NULL;
    listener->sockets.closed = 1;
    if (wi_channel_sockets_are_empty(&listener->sockets))
        listener_free(listener);
}
