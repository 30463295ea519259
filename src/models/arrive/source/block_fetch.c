/* A fetch of blocks: its turn, verifying and keeping what came, the end. */
#include "models/arrive/source/block_fetch.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "models/arrive/source/block_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#define THREADS 2     /* of the pool's four, so that others find one */
#define TICK_MS 100.0 /* for what no event tells: stalls, who is slow at the end, pauses */
#define STALL_MS 10000u

/* --- verified and kept ------------------------------------------------------------------------ */

/* A block on its way through a thread. */
struct keeping {
    struct wi_block_fetch *fetch;
    struct block *block;
    struct slot *slot;
    struct wi_block given;
    double took_ms; /* from when it was asked for */
    int right;
    enum wi_code code;
    struct wi_error error;
};

static void verify_and_keep(void *data)
{
    struct keeping *keeping = data;
    const struct wi_block_order *order = &keeping->fetch->order;
    struct wi_block *given = &keeping->given;
    struct wi_cid cid;
    wi_cid_of(given->want.cid.codec, given->bytes, given->size, &cid);
    keeping->right = wi_cid_equal(&cid, &given->want.cid);
    if (keeping->right && order->keep)
        keeping->code = order->keep(order->context, given, &keeping->error);
}

static void drop_block(struct wi_block_fetch *fetch, struct block *block)
{
    DL_DELETE(fetch->blocks, block);
    free(block);
}

/* All that are still asked for the block, or at all if it is NULL, by the slot, or by any. */
static void drop_asks(
    struct wi_block_fetch *fetch, const struct block *block, const struct slot *slot)
{
    for (size_t i = fetch->ask_count; i > 0; i--) {
        struct ask *ask = fetch->asks[i - 1];
        if ((!block || ask->block == block) && (!slot || ask->slot == slot))
            wi_ask_drop(ask);
    }
}

static void slot_lied(
    struct wi_block_fetch *fetch, struct slot *slot, int wrong, const char *reason)
{
    wi_block_source_lied(slot->source, wrong, reason);
    wi_slot_leave(slot, wrong ? BLAME_WRONG : BLAME_OTHER, reason);
    drop_asks(fetch, NULL, slot);
}

static void block_fetch_fail(struct wi_block_fetch *fetch, const struct wi_error *error)
{
    fetch->failed = 1;
    drop_asks(fetch, NULL, NULL);
    wi_timer_stop(fetch->timer);
    fetch->order.on_failed(fetch->order.context, error);
}

/* The owner may close the fetch, which stays until its works are done. */
static void keeping_give(struct wi_block_fetch *fetch, struct keeping *keeping)
{
    struct block *block = keeping->block;
    drop_asks(fetch, block, NULL);
    fetch->again += block->charged ? block->wasted : 0;
    fetch->again -= block->charged;
    fetch->right += keeping->given.size;
    drop_block(fetch, block);
    fetch->order.on_block(fetch->order.context, &keeping->given);
}

static void take_wrong(struct wi_block_fetch *fetch, const struct keeping *keeping)
{
    struct block *block = keeping->block;
    char cid[WI_CID_TEXT], reason[REASON_BYTES];
    struct wi_error error;
    if (keeping->slot->file_url) {
        wi_error_set(&error, WI_DOWNLOAD_CORRUPT, "",
            "%.90s: the bytes of %.60s are not those of its leaves", fetch->order.what,
            wi_block_source_look(keeping->slot->source).name);
        block_fetch_fail(fetch, &error);
        return;
    }
    block->verifying = 0;
    block->want.lacks |= keeping->slot->bit;
    block->wasted += keeping->given.size;
    fetch->twice += keeping->given.size;
    fetch->idle += block->asks == 0;
    wi_cid_print(&block->want.cid, cid);
    snprintf(reason, sizeof reason, "it sent a wrong block for %s", cid);
    slot_lied(fetch, keeping->slot, 1, reason);
}

static void on_kept(void *data, int cancelled)
{
    struct keeping *keeping = data;
    struct wi_block_fetch *fetch = keeping->fetch;
    fetch->works--;
    keeping->slot->verifying--;
    fetch->keeping -= keeping->given.size;
    if (keeping->right && keeping->code == WI_OK) /* also if the fetch is over */
        wi_slot_brought(keeping->slot, keeping->given.size, keeping->took_ms);
    if (cancelled || fetch->closing || fetch->failed)
        ; /* the result is not needed */
    else if (!keeping->right)
        take_wrong(fetch, keeping);
    else if (keeping->code != WI_OK)
        block_fetch_fail(fetch, &keeping->error);
    else
        keeping_give(fetch, keeping);
    wi_turn_schedule(fetch->turn);
    free(keeping->given.bytes);
    free(keeping);
}

static void ask_keep(struct wi_block_fetch *fetch, struct ask *ask)
{
    struct keeping *keeping = wi_alloc(sizeof *keeping);
    *keeping = (struct keeping){.fetch = fetch,
        .block = ask->block,
        .slot = ask->slot,
        .took_ms = wi_awake_ms() - ask->began_ms,
        .given = {ask->block->want, WI_TAKE(ask->bytes), WI_TAKE(ask->size)}};
    ask->slot->verifying++;
    ask->block->verifying = 1;
    fetch->keeping += keeping->given.size;
    wi_ask_drop(ask);
    fetch->works++;
    wi_work_queue_start(fetch->queue, 0, verify_and_keep, on_kept, keeping);
}

/* --- what came of requests -------------------------------------------------------------------- */

static void on_lacking(struct slot *slot, struct ask *ask)
{
    slot->lacking++;
    slot->failed = 0;
    slot->blame = BLAME_LACKS;
    wi_text_copy(slot->reason, sizeof slot->reason, ask->reason);
    wi_block_source_rest(slot->source, 0, ask->reason);
    ask->block->want.lacks |= slot->bit;
}

/* The block, if it was not brought, is to be asked for again. */
static void take_failure(struct wi_block_fetch *fetch, struct ask *ask)
{
    struct slot *slot = ask->slot;
    struct block *block = ask->block;
    const struct ask ended = *ask;
    if (ended.state == ASK_LACKS)
        on_lacking(slot, ask);
    else
        block->avoid |= slot->bit;
    if (ended.state == ASK_WRONG || ended.state == ASK_NO_GATEWAY)
        block->want.lacks |= slot->bit;
    else if (ended.state != ASK_LACKS)
        wi_slot_failed(slot, ask, &fetch->order);
    wi_ask_drop(ask);
    if (ended.state == ASK_WRONG || ended.state == ASK_NO_GATEWAY)
        slot_lied(fetch, slot, ended.state == ASK_WRONG, ended.reason);
    else if (slot->gone)
        drop_asks(fetch, NULL, slot);
}

/* Each may drop others. */
static struct ask *find_ended(struct wi_block_fetch *fetch)
{
    for (size_t i = 0; i < fetch->ask_count; i++)
        if (fetch->asks[i]->state != ASK_UNDER_WAY &&
            (fetch->asks[i]->state != ASK_WHOLE || !fetch->asks[i]->block->verifying))
            return fetch->asks[i];
    return NULL;
}

static void take_ends(struct wi_block_fetch *fetch)
{
    struct ask *ask;
    double now = wi_awake_ms();
    for (size_t i = 0; i < fetch->ask_count; i++)
        wi_ask_look_for_stall(fetch->asks[i], now);
    while ((ask = find_ended(fetch)) != NULL)
        if (ask->state == ASK_WHOLE)
            ask_keep(fetch, ask);
        else
            take_failure(fetch, ask);
}

/* What another pull has found out. */
static void look_at_sources(struct wi_block_fetch *fetch)
{
    for (size_t i = 0; i < fetch->slot_count; i++) {
        struct slot *slot = &fetch->slots[i];
        struct wi_block_source_info info = wi_block_source_look(slot->source);
        if (slot->gone || info.state != WI_SOURCE_OUT)
            continue;
        wi_slot_leave(slot, info.lied ? BLAME_WRONG : BLAME_OTHER, info.reason);
        drop_asks(fetch, NULL, slot);
    }
}

/* --- the turn --------------------------------------------------------------------------------- */

static void end_closed(struct wi_block_fetch *fetch)
{
    if (fetch->on_closed)
        fetch->on_closed(fetch->closed_context);
    while (fetch->blocks)
        drop_block(fetch, fetch->blocks);
    for (size_t i = 0; i < fetch->slot_count; i++) {
        wi_block_source_release(fetch->slots[i].source);
        free(fetch->slots[i].file_url);
        free(fetch->slots[i].led_url);
    }
    wi_work_queue_free(fetch->queue);
    wi_turn_free(fetch->turn);
    wi_timer_free(fetch->timer);
    free((char *)fetch->order.what);
    free(fetch);
}

/* The next time to look, if nothing happens before. */
static void set_timer(struct wi_block_fetch *fetch)
{
    double now = wi_awake_ms(), wait = TICK_MS;
    double limited = wi_limit_wait(fetch->order.limit, now);
    if (limited > 0 && limited < wait)
        wait = limited;
    wi_timer_start(fetch->timer, (uint64_t)wait + 1, 0);
}

static void on_turn(void *context)
{
    struct wi_block_fetch *fetch = context;
    struct wi_error error;
    if (fetch->closing) {
        if (fetch->works == 0)
            end_closed(fetch);
        return;
    }
    if (fetch->failed)
        return;
    take_ends(fetch);
    look_at_sources(fetch);
    double now = wi_awake_ms();
    int is_limited = wi_limit_wait(fetch->order.limit, now) > 0;
    /* Those that wait for the limit go on together: it is theirs together. */
    for (size_t i = 0; i < fetch->ask_count && !is_limited; i++)
        wi_ask_resume(fetch->asks[i], now);
    wi_share_out(fetch);
    if (fetch->closing)
        return;
    if (wi_share_is_lost(fetch, &error))
        block_fetch_fail(fetch, &error);
    else
        set_timer(fetch);
}

static void on_time(void *context)
{
    struct wi_block_fetch *fetch = context;
    wi_turn_schedule(fetch->turn);
}

/* --- start and end ---------------------------------------------------------------------------- */

struct wi_block_fetch *wi_block_fetch_new(
    uv_loop_t *loop, struct wi_http *http, const struct wi_block_order *order)
{
    struct wi_block_fetch *fetch = wi_alloc(sizeof *fetch);
    fetch->http = http;
    fetch->order = *order;
    fetch->order.sources = NULL;
    fetch->order.what = wi_strdup(order->what);
    if (fetch->order.stall_ms == 0)
        fetch->order.stall_ms = STALL_MS;
    for (size_t i = 0; i < order->source_count && i < WI_BLOCK_SOURCES_MAX; i++)
        wi_slot_init(&fetch->slots[fetch->slot_count++], order->sources[i], i);
    if (order->file_url && fetch->slot_count > 0 && fetch->slot_count == order->source_count)
        fetch->slots[fetch->slot_count - 1].file_url = wi_strdup(order->file_url);
    fetch->order.file_url = NULL;
    fetch->queue = wi_work_queue_new(loop, THREADS);
    fetch->turn = wi_turn_new(loop, on_turn, fetch);
    fetch->timer = wi_timer_new(loop, on_time, fetch);
    wi_turn_schedule(fetch->turn);
    return fetch;
}

void wi_block_fetch_wake(struct wi_block_fetch *fetch)
{
    wi_turn_schedule(fetch->turn);
}

/* What waits for a thread is dropped, what has one goes on. */
void wi_block_fetch_close(
    struct wi_block_fetch *fetch, wi_block_closed_fn *on_closed, void *context)
{
    fetch->closing = 1;
    fetch->on_closed = on_closed;
    fetch->closed_context = context;
    drop_asks(fetch, NULL, NULL);
    wi_timer_stop(fetch->timer);
    wi_work_queue_free(WI_TAKE(fetch->queue));
    wi_turn_schedule(fetch->turn);
}

/* --- what is known ---------------------------------------------------------------------------- */

/* The first source that waits, if nothing is under way. */
static const char *describe_wait(struct wi_block_fetch *fetch)
{
    double now = wi_awake_ms();
    for (size_t i = 0; i < fetch->slot_count && fetch->ask_count == 0 && fetch->idle > 0; i++) {
        const struct slot *slot = &fetch->slots[i];
        double until = wi_slot_waits(slot, now);
        if (slot->gone || until == 0)
            continue;
        snprintf(fetch->waiting, sizeof fetch->waiting, "%.60s: %s; again in %.0f s",
            wi_block_source_look(slot->source).name, slot->reason, (until - now) / 1000);
        return wi_text_mend(fetch->waiting);
    }
    return NULL;
}

void wi_block_fetch_progress(struct wi_block_fetch *fetch, struct wi_block_progress *progress)
{
    *progress = (struct wi_block_progress){.fetched = fetch->fetched,
        .twice = fetch->twice,
        .in_flight = fetch->ask_count,
        .waiting = describe_wait(fetch)};
}

int wi_block_fetch_share(
    const struct wi_block_fetch *fetch, size_t index, struct wi_block_share *source)
{
    if (index >= fetch->slot_count)
        return -1;
    const struct slot *slot = &fetch->slots[index];
    *source = (struct wi_block_share){.name = wi_block_source_look(slot->source).name,
        .bytes = slot->bytes,
        .blocks = slot->blocks,
        .reason = slot->reason,
        .gone = slot->gone};
    return 0;
}
