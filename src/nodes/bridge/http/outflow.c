/* Turns of the answers by content; see outflow.h. */
#include "nodes/bridge/http/outflow.h"
#include "base/clock.h"
#include <math.h>
#include <utlist.h>

/* Each of those that wait has so many turns a second at least, if it is alone. */
#define TURNS_PER_S 8
#define CHUNK_LEAST 1024

static void on_time(void *context);

static void wake_later(struct wi_outflow *outflow, double now_ms)
{
    if (outflow->_closed)
        return;
    if (!outflow->_timer)
        outflow->_timer = wi_timer_new(outflow->loop, on_time, outflow);
    wi_timer_start(outflow->_timer, (uint64_t)ceil(wi_limit_wait(&outflow->_limit, now_ms)), 0);
}

static void on_time(void *context)
{
    struct wi_outflow *outflow = context;
    double now = wi_now_ms();
    struct wi_outflow_turn *turn;
    while ((turn = outflow->_waiting) && wi_limit_wait(&outflow->_limit, now) == 0) {
        wi_outflow_leave(outflow, turn);
        wi_limit_spend(&outflow->_limit, turn->_bytes);
        turn->on_turn(turn->context, now - turn->_since_ms);
    }
    if (outflow->_waiting)
        wake_later(outflow, now);
}

void wi_outflow_set_limit(struct wi_outflow *outflow, uint64_t limit)
{
    wi_limit_set(&outflow->_limit, limit);
    if (outflow->_waiting)
        wake_later(outflow, wi_now_ms());
}

size_t wi_outflow_chunk(const struct wi_outflow *outflow, size_t most)
{
    uint64_t chunk = outflow->_limit.rate / TURNS_PER_S;
    if (!outflow->_limit.rate || chunk > most)
        return most;
    return chunk < CHUNK_LEAST ? CHUNK_LEAST : (size_t)chunk;
}

int wi_outflow_ask(struct wi_outflow *outflow, struct wi_outflow_turn *turn, size_t bytes)
{
    double now = wi_now_ms();
    if (!outflow->_waiting && wi_limit_wait(&outflow->_limit, now) == 0) {
        wi_limit_spend(&outflow->_limit, bytes);
        return 1;
    }
    turn->waits = 1;
    turn->_bytes = bytes;
    turn->_since_ms = now;
    DL_APPEND(outflow->_waiting, turn);
    if (outflow->_waiting == turn)
        wake_later(outflow, now);
    return 0;
}

void wi_outflow_leave(struct wi_outflow *outflow, struct wi_outflow_turn *turn)
{
    if (!turn->waits)
        return;
    turn->waits = 0;
    DL_DELETE(outflow->_waiting, turn);
}

void wi_outflow_close(struct wi_outflow *outflow)
{
    wi_timer_free(outflow->_timer);
    outflow->_timer = NULL;
    outflow->_closed = 1;
}
