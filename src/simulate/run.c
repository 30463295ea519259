/* All simulated nodes on one loop: how they come, what they did, the end. */
#include "simulate/simulate.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAMP_MS 5
#define RAMP_NODES 64 /* started in one step */
/* On their way at a time: the service bears 256 that have not announced themselves. */
#define CONNECTING_MAX 128
#define BEAT_MS 100
#define LEAVE_MS 2000 /* how long the nodes wait for the service to close */

static void show_up(const struct sim *sim)
{
    if (sim->options->json)
        printf("{\"event\":\"up\",\"nodes\":%zu,\"ms\":%.0f}\n", sim->counters.up, sim->all_up_ms);
    else
        printf("%zu simulated nodes are there after %.1f s; requests with \"platform\": "
               "\"simulated\" reach them.\n",
            sim->counters.up, sim->all_up_ms / 1000);
    fflush(stdout);
}

static void show_figures(const struct sim *sim)
{
    const struct sim_counters *counters = &sim->counters;
    json_t *figures = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
        "s:I, s:I, s:I, s:I, s:I, s:f}",
        "event", "end", "up", (json_int_t)counters->up, "welcomed", (json_int_t)counters->welcomed,
        "resumed", (json_int_t)counters->resumed, "turned_away", (json_int_t)counters->gone,
        "attempts", (json_int_t)counters->attempts, "answered", (json_int_t)counters->answered,
        "failed", (json_int_t)counters->failed, "dropped", (json_int_t)counters->dropped, "late",
        (json_int_t)counters->late, "duplicated", (json_int_t)counters->duplicated, "cut",
        (json_int_t)counters->cut, "cancelled", (json_int_t)counters->cancelled, "streams",
        (json_int_t)counters->streams, "continued", (json_int_t)counters->continued, "parts",
        (json_int_t)counters->parts, "unexpected", (json_int_t)counters->unexpected, "heartbeats",
        (json_int_t)counters->heartbeats, "late_heartbeats", (json_int_t)counters->late_heartbeats,
        "worst_heartbeat_gap_ms", counters->worst_gap_ms);
    const char *key;
    json_t *value;

    if (sim->options->json) {
        json_dumpf(figures, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        json_object_del(figures, "event");
        json_object_foreach(figures, key, value)
            printf("%-24s %.0f\n", key, json_number_value(value));
    }
    json_decref(figures);
}

/* Begins the end: the nodes say bye, and the service closes their sockets. */
static void stop(struct sim *sim)
{
    if (sim->ending) {
        wi_timer_start(sim->over, 0, 0); /* told twice: at once */
        return;
    }
    sim->ending = 1;
    show_figures(sim);
    wi_timer_stop(sim->ramp);
    wi_timer_stop(sim->beat);
    for (size_t i = 0; i < sim->options->nodes; i++)
        sim->leaving += (size_t)sim_node_leave(&sim->nodes[i]);
    wi_timer_start(sim->over, sim->leaving ? LEAVE_MS : 0, 0);
}

static void on_left(struct sim *sim)
{
    if (--sim->leaving == 0 && sim->over)
        wi_timer_start(sim->over, 0, 0);
}

static void finish(struct sim *sim)
{
    for (size_t i = 0; i < sim->options->nodes; i++)
        sim_node_free(&sim->nodes[i]);
    wi_timer_free(sim->ramp);
    wi_timer_free(sim->beat);
    wi_timer_free(sim->over);
    sim->over = NULL;
    uv_close((uv_handle_t *)&sim->interrupt, NULL);
    uv_close((uv_handle_t *)&sim->terminate, NULL);
    wi_lws_begin_free(sim->lws);
}

static void on_over(void *context)
{
    struct sim *sim = context;

    if (sim->ending)
        finish(sim);
    else
        stop(sim);
}

static void on_signal(uv_signal_t *handle, int number)
{
    stop(handle->data);
}

static void on_ramp(void *context)
{
    struct sim *sim = context;

    for (int i = 0;
         i < RAMP_NODES && sim->started < sim->options->nodes && sim->connecting < CONNECTING_MAX;
         i++)
        sim_link_connect(&sim->nodes[sim->started++]);
    if (sim->started == sim->options->nodes)
        wi_timer_stop(sim->ramp);
}

static void on_beat(void *context)
{
    struct sim *sim = context;
    double now = wi_now_ms();

    for (size_t i = 0; i < sim->started; i++)
        if (sim->nodes[i].state == SIM_UP || sim->connecting < CONNECTING_MAX)
            sim_node_beat(&sim->nodes[i], now);
    if (!sim->announced && sim->counters.up == sim->options->nodes) {
        sim->announced = 1;
        sim->all_up_ms = now - sim->began;
        show_up(sim);
    }
    if (sim->counters.gone == sim->options->nodes)
        stop(sim);
}

static int make_vhost(struct sim *sim)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .vhost_name = "simulate",
        .protocols = sim_protocols,
    };

    if (sim->options->tls) {
        info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.client_ssl_ca_filepath = sim->options->authority;
    }
    sim->vhost = lws_create_vhost(sim->lws, &info);
    return sim->vhost ? 0 : -1;
}

static void start(struct sim *sim)
{
    sim->link = &sim_node_events;
    sim->on_left = on_left;
    sim->nodes = wi_alloc(sim->options->nodes * sizeof *sim->nodes);
    for (size_t i = 0; i < sim->options->nodes; i++) {
        sim->nodes[i].sim = sim;
        sim->nodes[i].retry_ms = 250;
    }
    sim->scratch = wi_alloc(LWS_PRE + WI_LWS_CHUNK);
    sim->ramp = wi_timer_new(sim->loop, on_ramp, sim);
    sim->beat = wi_timer_new(sim->loop, on_beat, sim);
    sim->over = wi_timer_new(sim->loop, on_over, sim);
    wi_timer_start(sim->ramp, 0, RAMP_MS);
    wi_timer_start(sim->beat, BEAT_MS, BEAT_MS);
    if (sim->options->run_ms)
        wi_timer_start(sim->over, (uint64_t)sim->options->run_ms, 0);
    uv_signal_init(sim->loop, &sim->interrupt);
    uv_signal_init(sim->loop, &sim->terminate);
    sim->interrupt.data = sim->terminate.data = sim;
    uv_signal_start(&sim->interrupt, on_signal, SIGINT);
    uv_signal_start(&sim->terminate, on_signal, SIGTERM);
}

int sim_run(const struct sim_options *options)
{
    uv_loop_t loop;
    struct wi_error error = {0};
    struct sim sim = {.options = options, .loop = &loop, .random = options->seed * 2 + 1};

    uv_loop_init(&loop);
    sim.began = wi_now_ms();
    sim.lws = wi_lws_new(&loop, &error);
    if (!sim.lws || make_vhost(&sim)) {
        fprintf(stderr, "webinfer-simulate: %s\n",
            sim.lws ? "libwebsockets could not be set up for the bridge's URL" : error.detail);
        wi_lws_begin_free(sim.lws);
        uv_run(&loop, UV_RUN_DEFAULT);
        wi_lws_end_free(sim.lws);
        uv_loop_close(&loop);
        return -1;
    }
    start(&sim);
    uv_run(&loop, UV_RUN_DEFAULT);
    wi_lws_end_free(sim.lws);
    uv_loop_close(&loop);
    if (*sim.counters.why)
        fprintf(stderr, "webinfer-simulate: a node was turned away: %s\n", sim.counters.why);
    sim_models_free(&sim);
    free(sim.nodes);
    free(sim.scratch);
    return sim.counters.up_peak ? 0 : -1;
}
