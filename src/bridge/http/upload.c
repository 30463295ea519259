/* Turns of the answers by content; see upload.h. */
#include "bridge/http/upload.h"
#include "base/clock.h"
#include <math.h>
#include <utlist.h>

/* Each of those that wait has so many turns a second at least, if it is alone. */
#define TURNS_PER_S 8
#define CHUNK_LEAST 1024

/* Books bytes that leave from now on. */
static void book(struct wi_upload *upload, double now_ms, size_t bytes)
{
    if (!upload->_limit)
        return;
    double from = upload->_free_ms > now_ms ? upload->_free_ms : now_ms;
    upload->_free_ms = from + (double)bytes * 1000 / (double)upload->_limit;
}

static int is_free(const struct wi_upload *upload, double now_ms)
{
    return !upload->_limit || upload->_free_ms <= now_ms;
}

static void on_time(void *context);

static void wake_later(struct wi_upload *upload, double now_ms)
{
    if (upload->_closed)
        return;
    if (!upload->_timer)
        upload->_timer = wi_timer_new(upload->loop, on_time, upload);
    double delay = is_free(upload, now_ms) ? 0 : upload->_free_ms - now_ms;
    wi_timer_start(upload->_timer, (uint64_t)ceil(delay), 0);
}

static void on_time(void *context)
{
    struct wi_upload *upload = context;
    double now = wi_now_ms();
    struct wi_upload_turn *turn;
    while ((turn = upload->_waiting) && is_free(upload, now)) {
        wi_upload_leave(upload, turn);
        book(upload, now, turn->_bytes);
        turn->on_turn(turn->context, now - turn->_since_ms);
    }
    if (upload->_waiting)
        wake_later(upload, now);
}

void wi_upload_set_limit(struct wi_upload *upload, uint64_t limit)
{
    double now = wi_now_ms();
    if (upload->_limit == limit)
        return;
    upload->_limit = limit;
    upload->_free_ms = now; /* what left at the old rate is not held against the new one */
    if (upload->_waiting)
        wake_later(upload, now);
}

size_t wi_upload_chunk(const struct wi_upload *upload, size_t most)
{
    uint64_t chunk = upload->_limit / TURNS_PER_S;
    if (!upload->_limit || chunk > most)
        return most;
    return chunk < CHUNK_LEAST ? CHUNK_LEAST : (size_t)chunk;
}

int wi_upload_ask(struct wi_upload *upload, struct wi_upload_turn *turn, size_t bytes)
{
    double now = wi_now_ms();
    if (!upload->_waiting && is_free(upload, now)) {
        book(upload, now, bytes);
        return 1;
    }
    turn->waits = 1;
    turn->_bytes = bytes;
    turn->_since_ms = now;
    DL_APPEND(upload->_waiting, turn);
    if (upload->_waiting == turn)
        wake_later(upload, now);
    return 0;
}

void wi_upload_leave(struct wi_upload *upload, struct wi_upload_turn *turn)
{
    if (!turn->waits)
        return;
    turn->waits = 0;
    DL_DELETE(upload->_waiting, turn);
}

void wi_upload_close(struct wi_upload *upload)
{
    wi_timer_free(upload->_timer);
    upload->_timer = NULL;
    upload->_closed = 1;
}
