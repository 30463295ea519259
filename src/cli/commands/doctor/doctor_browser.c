/*
 * Tries one browser, as the daemon would run it: a bridge on a private port serves the page, a
 * session opens it, and the page's announcement is the answer. Only this gives a true result,
 * because WebGPU and threads exist only in a secure, isolated page.
 */
#include "cli/commands/doctor/doctor.h"
#include "cli/text_table.h"

#include "base/memory.h"
#include "base/net/http_client.h"
#include "base/net/lws.h"
#include "base/text.h"
#include "browser/browser_network.h"
#include "browser/children.h"
#include "browser/headroom.h"
#include "browser/kinds.h"
#include "browser/program.h"
#include "browser/session.h"
#include "browser/webdriver/webdriver.h"
#include "nodes/bridge/bridge.h"
#include "nodes/bridge/features.h"
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ASK_TIMEOUT_MS 5000

struct probe {
    struct wi_config *config;
    const struct wi_config_browser *browser;
    const struct wi_network *network;
    const char *gpu; /* with gpu_device = all: its path */
    uv_loop_t loop;
    struct wi_budget budget;
    struct wi_bridge_events bridge_events;
    struct wi_session_events session_events;
    struct lws_context *lws;
    struct wi_instance *instance;
    struct wi_children *children;
    struct wi_http *http;
    struct wi_repository *repository;
    struct wi_bridge *bridge;
    struct wi_session *session;
    struct wi_driver *driver; /* a service on another machine */
    struct wi_timer *step;    /* the next step after a callback, from the loop itself */
    uv_signal_t signals[2];
    struct wi_error error; /* WI_OK unless something failed */
    json_t *capabilities;
    int look;              /* its page also finds out what the browser can do */
    char node[WI_ID_SIZE]; /* its page */
    char version[64];
    json_t *features; /* that were found; or NULL, and why */
    char reason[128];
    int answered; /* the service is ready */
    double ready_ms;
};

/* Begins to free the parts that were made. */
static void free_parts(struct probe *p)
{
    if (p->bridge)
        wi_bridge_close(p->bridge);
    wi_lws_begin_free(p->lws);
    wi_repository_free(p->repository);
    wi_http_free(p->http);
    if (p->children)
        wi_children_free(p->children);
}

static void close_rest(void *context)
{
    struct probe *p = context;

    wi_driver_free(p->driver);
    free_parts(p);
    wi_timer_free(p->step);
    for (size_t i = 0; i < sizeof p->signals / sizeof *p->signals; i++)
        uv_close((uv_handle_t *)&p->signals[i], NULL);
}

static void probe_then(struct probe *p, wi_timer_fn *step)
{
    wi_timer_free(p->step);
    p->step = wi_timer_new(&p->loop, step, p);
    wi_timer_start(p->step, 0, 0);
}

static void close_session(void *context)
{
    struct probe *p = context;

    if (p->session)
        wi_session_close(p->session);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct probe *p = handle->data;

    wi_error_set(&p->error, WI_CANCELLED, "", "it was interrupted");
    if (p->session)
        wi_session_kill(p->session, &p->error);
    else if (p->driver)
        probe_then(p, close_rest);
}

static void on_page_url(void *context, const char *session_id, char *url, size_t size)
{
    struct probe *p = context;
    struct wi_session_info info;
    char token[WI_TOKEN_SIZE];

    wi_session_info(p->session, &info);
    wi_bridge_expect(p->bridge, session_id, p->browser->kind, "", info.gpu,
        p->config->pool.connection_timeout, token);
    snprintf(url, size, "%s/#token=%s&start", wi_bridge_address(p->bridge, info.apart).url, token);
}

static void on_state(void *context, const char *session_id, enum wi_session_state from,
    enum wi_session_state to, const struct wi_error *error)
{
    struct probe *p = context;

    if (error && p->error.code == WI_OK)
        p->error = *error;
    if (to != WI_SESSION_CLOSED)
        return;
    wi_session_free(p->session);
    p->session = NULL;
    probe_then(p, close_rest);
}

static void probe_look(void *context)
{
    struct probe *p = context;

    if (wi_bridge_look(p->bridge, p->node) != WI_OK)
        close_session(p);
}

static void on_node_up(void *context, const struct wi_node_info *node, int resumed)
{
    struct probe *p = context;
    struct wi_session_info info;

    if (!p->session || p->capabilities)
        return;
    wi_session_welcomed(p->session);
    wi_session_info(p->session, &info);
    p->ready_ms = info.ready_ms;
    p->capabilities = json_deep_copy(node->capabilities);
    wi_text_copy(p->node, sizeof p->node, node->id);
    wi_text_copy(p->version, sizeof p->version, node->browser_version);
    wi_text_copy(p->reason, sizeof p->reason, "its page closed before the check had finished");
    probe_then(p, p->look ? probe_look : close_session);
}

static void on_node_looked(void *context, const char *node_id)
{
    struct probe *p = context;
    const struct wi_look *looked = wi_bridge_looked(p->bridge, node_id);

    p->features = json_incref(looked->found);
    wi_text_copy(p->reason, sizeof p->reason, looked->reason);
    probe_then(p, close_session);
}

static void on_node_away(void *context, const char *node_id)
{
}

static void on_node_down(void *context, const char *node_id, const char *why)
{
    struct probe *p = context;

    if (p->session && p->capabilities)
        probe_then(p, close_session);
}

static void on_asked(void *context, const struct wi_error *error)
{
    struct probe *p = context;

    if (error && p->error.code == WI_OK)
        p->error = *error;
    p->answered = error == NULL;
    probe_then(p, close_rest);
}

/* Opens a listener that only this machine reaches, on any free port, with the daemon's certificate
 * if this user may read the key. */
static void make_private(struct wi_config_bridge *bridge)
{
    free(bridge->listen);
    free(bridge->public_url);
    bridge->listen = wi_strdup("127.0.0.1:0");
    bridge->public_url = NULL;
    if (bridge->tls_key &&
        (access(bridge->tls_certificate, R_OK) != 0 || access(bridge->tls_key, R_OK) != 0)) {
        free(bridge->tls_certificate);
        free(bridge->tls_key);
        bridge->tls_certificate = bridge->tls_key = NULL;
    }
}

static enum wi_code make_parts(struct probe *p)
{
    char lifeline[WI_HELPER_PATH_SIZE];

    p->lws = wi_lws_new(&p->loop, &p->error);
    if (!p->lws)
        return p->error.code;
    p->instance = wi_instance_new(&p->error);
    if (!p->instance)
        return p->error.code;
    wi_lifeline_find(lifeline);
    p->children = wi_children_new(&p->loop, lifeline);
    p->http = wi_http_new(&p->loop);
    p->repository = wi_repository_new(&p->loop, p->config->models.directory, NULL);
    p->bridge = wi_bridge_new(
        p->lws, &p->loop, p->repository, p->config, &p->budget, &p->bridge_events, &p->error);
    return p->bridge ? WI_OK : p->error.code;
}

static void probe_start(struct probe *p)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    const struct wi_driver_events events = {.context = p};
    const struct wi_bridge_address address = wi_bridge_address(
        p->bridge, wi_network_apart(p->network, p->config->pool.network, p->browser));
    const struct wi_session_deps deps = {.loop = &p->loop,
        .http = p->http,
        .lws = p->lws,
        .instance = p->instance,
        .children = p->children,
        .page_url = address.url,
        .certificate = address.certificate,
        .apart_port = address.port,
        .listen = wi_bridge_listen,
        .bridge = p->bridge,
        .confined = wi_network_confined(p->network),
        .gpu = p->gpu};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uv_signal_init(&p->loop, &p->signals[i]);
        p->signals[i].data = p;
        uv_signal_start(&p->signals[i], on_signal, numbers[i]);
    }
    /* Browsers of another machine cannot reach a private listener. */
    if (!wi_kind_is_here(p->browser)) {
        p->driver = wi_classic_new(&p->loop, p->http, NULL, NULL, p->browser->driver_url, &events);
        wi_driver_wait_ready(p->driver, ASK_TIMEOUT_MS, on_asked, p);
        return;
    }
    p->session =
        wi_session_new(&deps, p->browser, p->config->pool.connection_timeout, &p->session_events);
}

static json_t *probe_report(struct probe *p)
{
    if (p->capabilities) {
        json_t *report = json_pack("{s:s, s:s*, s:f, s:o}", "kind", p->browser->kind, "gpu", p->gpu,
            "ready_ms", p->ready_ms, "capabilities", p->capabilities);
        if (p->look)
            json_object_update_new(
                report, json_pack("{s:s, s:o?, s:s?}", "browser_version", p->version, "features",
                            p->features, "reason", p->features ? NULL : p->reason));
        return report;
    }
    if (p->answered)
        return json_pack("{s:s, s:b}", "kind", p->browser->kind, "remote", 1);
    return json_pack("{s:s, s:s*, s:s}", "kind", p->browser->kind, "gpu", p->gpu, "problem",
        *p->error.detail ? p->error.detail : "it exited before the page was loaded");
}

/* Like wi_doctor_try, in that network, or with NULL without a network of its own. */
static json_t *probe_run(struct wi_config *config, const struct wi_config_browser *browser,
    const struct wi_network *network, const char *gpu, int look)
{
    struct probe p = {
        .config = config, .browser = browser, .network = network, .gpu = gpu, .look = look};
    struct wi_headroom headroom;

    wi_headroom_read("/", &headroom);
    p.budget.limit = wi_headroom_budget(&headroom, config->pool.memory_budget);
    p.bridge_events = (struct wi_bridge_events){.context = &p,
        .on_node_up = on_node_up,
        .on_node_away = on_node_away,
        .on_node_down = on_node_down,
        .on_node_looked = on_node_looked};
    p.session_events =
        (struct wi_session_events){.context = &p, .on_page_url = on_page_url, .on_state = on_state};
    make_private(&config->bridge);
    uv_loop_init(&p.loop);
    if (make_parts(&p) == WI_OK)
        probe_start(&p);
    else
        free_parts(&p);
    uv_run(&p.loop, UV_RUN_DEFAULT);
    if (p.lws)
        wi_lws_end_free(p.lws);
    int left = uv_loop_close(&p.loop);
    assert(left == 0);
    wi_bridge_free(p.bridge);
    wi_instance_free(p.instance);
    return probe_report(&p);
}

json_t *wi_doctor_try(struct wi_config *config, const struct wi_config_browser *browser,
    const struct wi_network *network, const char *gpu, int look, json_t *checks)
{
    json_t *report = probe_run(config, browser, network, gpu, look), *open;

    if (!json_object_get(report, "problem") || config->pool.network != WI_NETWORK_AUTO ||
        !wi_network_apart(network, WI_NETWORK_AUTO, browser))
        return report;
    open = probe_run(config, browser, NULL, gpu, look);
    if (json_object_get(open, "problem")) {
        json_decref(open);
        return report;
    }
    wi_doctor_add(checks, browser->kind, WI_FINDING_WARNING,
        "it starts only without a network of its own (%.200s): " WI_NETWORK_RISK,
        wi_json_text(report, "problem"));
    json_decref(report);
    return open;
}
