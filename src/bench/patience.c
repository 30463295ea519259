/* Daemons that went away; see patience.h. */
#include "bench/patience.h"

#include "base/clock.h"
#include "cli/events.h"
#include "cli/own/own_program.h"
#include <poll.h>

#define LOOK_MS 60000 /* of a daemon that is there but busy */
#define PAUSE_MS 500

/* Waits a moment, and returns whether the daemon may still come back in time. */
static int may_come(const struct wi_cli *cli, double until_ms)
{
    if (wi_now_ms() > until_ms || wi_cli_is_interrupted() ||
        (cli->own && wi_own_program_has_ended(cli->own)))
        return 0;
    poll(NULL, 0, PAUSE_MS);
    return 1;
}

int wi_bench_is_lost(const struct wi_rest_answer *answer)
{
    return answer->status == 0 && !answer->late;
}

enum wi_bench_end wi_bench_end_of(const struct wi_rest_answer *answer)
{
    if (answer->status)
        return WI_BENCH_DONE;
    if (wi_cli_is_interrupted())
        return WI_BENCH_STOPPED;
    return answer->late ? WI_BENCH_DONE : WI_BENCH_LOST;
}

void wi_bench_exchange(
    const struct wi_cli *cli, const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    double until_ms = 0; /* since it was lost first */
    for (;;) {
        json_incref(request->json);
        wi_cli_send(cli, request, answer);
        if (!wi_bench_is_lost(answer))
            break;
        until_ms = until_ms > 0 ? until_ms : wi_now_ms() + WI_BENCH_PATIENCE_MS;
        if (!may_come(cli, until_ms))
            break;
        wi_rest_answer_clear(answer);
    }
    json_decref(request->json);
}

void wi_bench_exchange_all(const struct wi_cli *cli, struct wi_bench_call *rows, size_t count)
{
    struct wi_rest_calls *calls = wi_rest_calls_new(&cli->rest);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].request.json)
            wi_buffer_json(&rows[i].body, rows[i].request.json);
        json_decref(rows[i].request.json);
        rows[i].request.body = rows[i].body.text;
        rows[i].request.body_size = rows[i].body.size;
        rows[i].request.is_cancelled = wi_cli_is_interrupted;
        wi_rest_calls_begin(calls, &rows[i].request, &rows[i].answer);
    }
    for (size_t i = 0; i < count;)
        if (rows[i].answer.over)
            i++;
        else
            wi_rest_calls_wait(calls, -1, 1000);
    wi_rest_calls_free(calls);
}

int wi_bench_await(const struct wi_cli *cli)
{
    double until_ms = wi_now_ms() + WI_BENCH_PATIENCE_MS;
    for (;;) {
        int is_there = wi_cli_tell(cli, &(struct wi_rest_request){
                                            .path = "/healthz", .timeout_ms = LOOK_MS}) == 200;
        if (is_there || !may_come(cli, until_ms))
            return is_there;
    }
}
