/* The loop of an uplink: its start, its signals and its end. */
#include "uplink/uplink.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/net/lws.h"
#include <stdlib.h>

static void run_finish(struct wi_uplink_run *run)
{
    wi_uplink_own_free(run->own);
    run->own = NULL;
    for (struct wi_uplink_line *line = run->lines; line; line = line->next)
        wi_worker_stop(line->worker);
    wi_timer_free(run->beat);
    wi_timer_free(run->over);
    run->over = NULL;
    for (size_t i = 0; i < sizeof run->signals / sizeof *run->signals; i++)
        uv_close((uv_handle_t *)&run->signals[i], NULL);
    wi_http_free(run->http);
    run->http = NULL;
    wi_lws_begin_free(run->lws);
}

static void on_over(void *context)
{
    run_finish(context);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct wi_uplink_run *run = handle->data;
    if (run->ending && run->over)
        wi_timer_start(run->over, 0, 0); /* told twice: at once */
    wi_uplink_end(run, WI_EXIT_OK, NULL);
}

static void on_beat(void *context)
{
    struct wi_uplink_run *run = context;
    double now = wi_now_ms();
    for (struct wi_uplink_line *line = run->lines; line && !run->ending; line = line->next)
        wi_worker_beat(line->worker, now);
}

static void run_start(struct wi_uplink_run *run)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    run->http = wi_http_new(run->loop);
    run->beat = wi_timer_new(run->loop, on_beat, run);
    run->over = wi_timer_new(run->loop, on_over, run);
    wi_timer_start(run->beat, WI_WORKER_BEAT_MS, WI_WORKER_BEAT_MS);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uv_signal_init(run->loop, &run->signals[i]);
        run->signals[i].data = run;
        uv_signal_start(&run->signals[i], on_signal, numbers[i]);
    }
    run->own = wi_uplink_own_new(run);
}

enum wi_exit wi_uplink_run(const struct wi_uplink_options *options)
{
    uv_loop_t loop;
    struct wi_error error = {0};
    struct wi_budget budget = {.limit = WI_UPLINK_MEMORY};
    struct wi_uplink_run run = {.options = options, .loop = &loop, .budget = &budget};
    uv_loop_init(&loop);
    run.lws = wi_lws_new(&loop, &error);
    if (!run.lws) {
        uv_loop_close(&loop);
        return wi_cli_fail(WI_EXIT_FAILED, "%s", error.detail);
    }
    run_start(&run);
    uv_run(&loop, UV_RUN_DEFAULT);
    wi_lws_end_free(run.lws);
    uv_loop_close(&loop);
    while (run.lines) {
        struct wi_uplink_line *line = run.lines;
        run.lines = line->next;
        wi_uplink_line_free(line);
    }
    return run.exit;
}
