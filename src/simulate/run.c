/* All simulated nodes on one loop: their start, their figures, the end. */
#include "config.h"

#include "simulate/simulate.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/net/lws.h"
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#define RAMP_MS 5
#define RAMP_NODES 64 /* started in one step */
#define LEAVE_MS 2000 /* how long the nodes wait for the service to close */

static void show_up(const struct sim *sim)
{
    if (sim->options->json)
        printf("{\"event\":\"up\",\"nodes\":%zu,\"ms\":%.0f}\n", sim->service.counters.up,
            sim->all_up_ms);
    else
        printf("%zu simulated nodes have joined after %.1f s; requests with \"platform\": "
               "\"simulated\" reach them.\n",
            sim->service.counters.up, sim->all_up_ms / 1000);
    fflush(stdout);
}

/* For good, or for want of room. */
static size_t turned_away(const struct sim *sim)
{
    return sim->service.counters.refused + sim->service.counters.full;
}

static json_t *figures_of(const struct sim *sim)
{
    const struct sim_counters *own = &sim->counters;
    const struct wi_worker_counters *counters = &sim->service.counters;
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"up", counters->up}, {"welcomed", counters->welcomed},
        {"resumed", counters->resumed}, {"turned_away", turned_away(sim)},
        {"attempts", counters->tasks}, {"answered", own->answered}, {"failed", own->failed},
        {"dropped", own->dropped}, {"late", own->late}, {"duplicated", own->duplicated},
        {"cut", own->cut}, {"returned", counters->returned}, {"cancelled", counters->cancelled},
        {"streams", own->streams}, {"continued", own->continued}, {"parts", counters->parts},
        {"unexpected", counters->unexpected}, {"heartbeats", counters->heartbeats},
        {"late_heartbeats", counters->late_heartbeats}};
    json_t *figures = json_pack("{s:s}", "event", "end");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        json_object_set_new(figures, rows[i].name, json_integer((json_int_t)rows[i].value));
    json_object_set_new(figures, "worst_heartbeat_gap_ms", json_real(counters->worst_gap_ms));
    return figures;
}

static void show_figures(const struct sim *sim)
{
    json_t *figures = figures_of(sim);
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
static void sim_stop(struct sim *sim)
{
    if (sim->ending) {
        wi_timer_start(sim->over, 0, 0); /* told twice: at once */
        return;
    }
    sim->ending = 1;
    sim->turned_away = turned_away(sim);
    show_figures(sim);
    wi_timer_stop(sim->ramp);
    wi_timer_stop(sim->beat);
    for (size_t i = 0; i < sim->options->nodes; i++)
        sim->leaving += (size_t)wi_worker_leave(sim->workers[i], "the simulation is over");
    wi_timer_start(sim->over, sim->leaving ? LEAVE_MS : 0, 0);
}

static void on_left(struct wi_worker *worker)
{
    struct sim *sim = wi_worker_service(worker)->context;

    if (--sim->leaving == 0 && sim->over)
        wi_timer_start(sim->over, 0, 0);
}

static void sim_finish(struct sim *sim)
{
    for (size_t i = 0; i < sim->options->nodes; i++)
        wi_worker_stop(sim->workers[i]);
    wi_timer_free(sim->ramp);
    wi_timer_free(sim->beat);
    wi_timer_free(sim->over);
    sim->over = NULL;
    for (size_t i = 0; i < SIM_SIGNALS; i++)
        uv_close((uv_handle_t *)&sim->signals[i], NULL);
    wi_lws_begin_free(sim->service.lws);
}

static void on_over(void *context)
{
    struct sim *sim = context;

    if (sim->ending)
        sim_finish(sim);
    else
        sim_stop(sim);
}

/* SIGUSR1 pauses the nodes, as users do with a button of the page. */
static void on_signal(uv_signal_t *handle, int number)
{
    struct sim *sim = handle->data;

    if (number == SIGINT || number == SIGTERM) {
        sim_stop(sim);
        return;
    }
    for (size_t i = 0; i < sim->options->nodes; i++)
        wi_worker_pause(sim->workers[i], number == SIGUSR1);
}

static void on_ramp(void *context)
{
    struct sim *sim = context;

    for (int i = 0; i < RAMP_NODES && sim->started < sim->options->nodes &&
                    sim->service.counters.connecting < WI_WORKERS_CONNECTING_MAX;
         i++)
        wi_worker_connect(sim->workers[sim->started++]);
    if (sim->started == sim->options->nodes)
        wi_timer_stop(sim->ramp);
}

static void on_beat(void *context)
{
    struct sim *sim = context;
    double now = wi_awake_ms();

    for (size_t i = 0; i < sim->started; i++)
        wi_worker_beat(sim->workers[i], now);
    if (!sim->announced && sim->service.counters.up == sim->options->nodes) {
        sim->announced = 1;
        sim->all_up_ms = wi_now_ms() - sim->began;
        show_up(sim);
    }
    if (!sim->complained && sim->service.counters.full > 0) {
        sim->complained = 1;
        fprintf(stderr,
            "webinfer-simulate: some of the %llu nodes cannot join yet and try again: %s\n",
            (unsigned long long)sim->options->nodes, sim->service.counters.why);
    }
    if (sim->service.counters.refused == sim->options->nodes)
        sim_stop(sim);
}

/* --- what the nodes say and hear ------------------------------------------------------------- */

static char *make_capabilities(const struct sim_options *options)
{
    struct wi_buffer out = {0};
    int few = options->serial ? 1 : 4, many = options->serial ? 1 : 16;

    wi_buffer_puts(&out, "{\"browser\":{\"name\":");
    wi_buffer_json_string(&out, options->browser);
    wi_buffer_puts(&out,
        ",\"version\":\"" PACKAGE_VERSION "\",\"user_agent\":\"webinfer-simulate\"},\"cores\":2,"
        "\"memory_gib\":4,\"cross_origin_isolated\":true,\"platforms\":{\"simulated\":{"
        "\"available\":true}},\"engines\":{\"simulator\":\"" PACKAGE_VERSION "\"},"
        "\"engine_info\":{");
    wi_buffer_printf(&out,
        "\"builtin\":{\"slots\":%d,\"queue\":1,\"can\":[\"continue\"]},"
        "\"ort\":{\"slots\":1,\"queue\":1},\"llama\":{\"slots\":%d,\"queue\":1,"
        "\"can\":[\"continue\",\"continue_several\",\"embeddings\"]},\"pipeline\":{\"slots\":%d,"
        "\"short_slots\":%d,\"queue\":1,\"can\":[\"continue\"]}},",
        many, few, few, options->serial ? 0 : 4);
    wi_buffer_puts(&out, "\"task_types\":[\"inference\",\"benchmark\"]}");
    return wi_buffer_take(&out);
}

static const struct wi_worker_events events = {
    .task = wi_sim_take_task,
    .go_on = wi_sim_go_on,
    .cancel = wi_sim_cancel_task,
    .end = wi_sim_end_task,
    .load = wi_sim_note_model,
    .unload = wi_sim_drop_model,
    .left = on_left,
};

/* --- all together ---------------------------------------------------------------------------- */

static void sim_start(struct sim *sim)
{
    static const int numbers[SIM_SIGNALS] = {SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
    uv_loop_t *loop = sim->service.loop;

    sim->workers = wi_alloc(sim->options->nodes * sizeof *sim->workers);
    for (size_t i = 0; i < sim->options->nodes; i++)
        sim->workers[i] = wi_worker_new(&sim->service);
    sim->ramp = wi_timer_new(loop, on_ramp, sim);
    wi_awake_begin(); /* each beat looks */
    sim->beat = wi_timer_new(loop, on_beat, sim);
    sim->over = wi_timer_new(loop, on_over, sim);
    wi_timer_start(sim->ramp, 0, RAMP_MS);
    wi_timer_start(sim->beat, WI_WORKER_BEAT_MS, WI_WORKER_BEAT_MS);
    if (sim->options->run_ms)
        wi_timer_start(sim->over, (uint64_t)sim->options->run_ms, 0);
    for (size_t i = 0; i < SIM_SIGNALS; i++) {
        uv_signal_init(loop, &sim->signals[i]);
        sim->signals[i].data = sim;
        uv_signal_start(&sim->signals[i], on_signal, numbers[i]);
    }
}

int wi_sim_run(const struct sim_options *options)
{
    uv_loop_t loop;
    struct wi_error error = {0};
    char *capabilities = make_capabilities(options);
    struct sim sim = {.options = options,
        .began = wi_now_ms(),
        .service = {.loop = &loop,
            .link = options->link,
            .capabilities = capabilities,
            .events = &events,
            .context = &sim}};

    wi_pcg32_seed(&sim.service.random, options->seed, 0);
    uv_loop_init(&loop);
    sim.service.lws = wi_lws_new(&loop, &error);
    if (sim.service.lws)
        sim.service.vhost =
            wi_worker_vhost_new(sim.service.lws, options->link.tls, options->authority);
    wi_worker_service_open(&sim.service);
    if (!sim.service.lws) {
        fprintf(stderr, "webinfer-simulate: %s\n", error.detail);
    } else if (!sim.service.vhost) {
        fputs(
            "webinfer-simulate: libwebsockets could not be set up for the bridge's URL\n", stderr);
        wi_lws_begin_free(sim.service.lws);
    } else {
        sim_start(&sim);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    wi_lws_end_free(sim.service.lws);
    uv_loop_close(&loop);
    if (sim.turned_away > 0)
        fprintf(stderr, "webinfer-simulate: %zu of %llu nodes were turned away: %s\n",
            sim.turned_away, (unsigned long long)options->nodes, sim.service.counters.why);
    for (size_t i = 0; sim.workers && i < options->nodes; i++)
        wi_worker_free(sim.workers[i]);
    free(sim.workers);
    wi_worker_service_close(&sim.service);
    wi_sim_models_free(&sim);
    OPENSSL_cleanse(&sim.service.link, sizeof sim.service.link);
    free(capabilities);
    return sim.service.counters.up_peak ? 0 : -1;
}
