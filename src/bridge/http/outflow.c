/* Turns of the answers by content; see outflow.h. */
#include "bridge/http/outflow.h"
#include "base/clock.h"
#include <math.h>
#include <utlist.h>

/* Each of those that wait has so many turns a second at least, if it is alone. */
#define TURNS_PER_S 8
#define CHUNK_LEAST 1024

/* Books bytes that leave from now on. */
static void book(struct wi_outflow *outflow, double now_ms, size_t bytes)
{
    if (!outflow->_limit)
        return;
    double from = outflow->_free_ms > now_ms ? outflow->_free_ms : now_ms;
    outflow->_free_ms = from + (double)bytes * 1000 / (double)outflow->_limit;
}

static int is_free(const struct wi_outflow *outflow, double now_ms)
{
    return !outflow->_limit || outflow->_free_ms <= now_ms;
}

static void on_time(void *context);

static void wake_later(struct wi_outflow *outflow, double now_ms)
{
    if (outflow->_closed)
        return;
    if (!outflow->_timer)
        outflow->_timer = wi_timer_new(outflow->loop, on_time, outflow);
    double delay = is_free(outflow, now_ms) ? 0 : outflow->_free_ms - now_ms;
    wi_timer_start(outflow->_timer, (uint64_t)ceil(delay), 0);
}

static void on_time(void *context)
{
    struct wi_outflow *outflow = context;
    double now = wi_now_ms();
    struct wi_outflow_turn *turn;
    while ((turn = outflow->_waiting) && is_free(outflow, now)) {
        wi_outflow_leave(outflow, turn);
        book(outflow, now, turn->_bytes);
        turn->on_turn(turn->context, now - turn->_since_ms);
    }
    if (outflow->_waiting)
        wake_later(outflow, now);
}

void wi_outflow_set_limit(struct wi_outflow *outflow, uint64_t limit)
{
    double now = wi_now_ms();
    if (outflow->_limit == limit)
        return;
    outflow->_limit = limit;
    outflow->_free_ms = now; /* what left at the old rate is not held against the new one */
    if (outflow->_waiting)
        wake_later(outflow, now);
}

size_t wi_outflow_chunk(const struct wi_outflow *outflow, size_t most)
{
    uint64_t chunk = outflow->_limit / TURNS_PER_S;
    if (!outflow->_limit || chunk > most)
        return most;
    return chunk < CHUNK_LEAST ? CHUNK_LEAST : (size_t)chunk;
}

int wi_outflow_ask(struct wi_outflow *outflow, struct wi_outflow_turn *turn, size_t bytes)
{
    double now = wi_now_ms();
    if (!outflow->_waiting && is_free(outflow, now)) {
        book(outflow, now, bytes);
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
