/* Who takes what: the requests of each source, the block that it asks for next, and what is said
 * when none is left that could bring one. */
#include "models/arrive/source/block_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "models/arrive/source/retry.h"
#include <stdio.h>
#include <utlist.h>

#define WINDOW_FIRST 2u
#define WORTH_IT 1.1      /* so much faster with more requests, and they stay */
#define PATIENCE 8u       /* epochs until more requests are tried again */
#define LACKS_MANY 4u     /* in a row: it gets only blocks that all others lack */
#define IDLE_MOST 64u     /* blocks that wait for another source; beyond, nothing new is begun */
#define FIRST_TRIES 3u    /* of a source that has brought nothing yet */
#define WAIT_MAX_MS 3e5   /* a source that rests longer is not waited for */
#define WAIT_SHORT_MS 5e3 /* the same where there is another way */
#define PAUSE_MS 500u     /* before the second try */
#define USUAL_MS 500.0    /* of a block, while nothing is known of its source */
#define TWICE_SHARE 50    /* of the bytes, one in so many may come twice, */
#define TWICE_BYTES (8u << 20) /* and these */
#define SOURCES_TOLD 8u

/* --- a source --------------------------------------------------------------------------------- */

void wi_slot_init(struct slot *slot, struct wi_block_source *source, size_t index)
{
    *slot = (struct slot){.source = wi_block_source_hold(source),
        .bit = UINT32_C(1) << index,
        .window = WINDOW_FIRST,
        .patience = PATIENCE};
}

double wi_slot_waits(const struct slot *slot, double now)
{
    double rests = wi_block_source_look(slot->source).until_ms;
    double until = rests > slot->again_ms ? rests : slot->again_ms;
    return until > now ? until : 0;
}

void wi_slot_leave(struct slot *slot, enum blame blame, const char *reason)
{
    slot->gone = 1;
    slot->blame = blame;
    wi_text_copy(slot->reason, sizeof slot->reason, reason);
}

/* More requests as long as they bring more; what did not help is taken back. */
static void end_epoch(struct slot *slot, double now)
{
    double took = now - slot->epoch_ms;
    double rate = took > 0 ? (double)slot->epoch_bytes / took : 0;
    if (rate > slot->rate * WORTH_IT) {
        slot->before = slot->window;
        slot->window *= 2;
        slot->rate = rate;
        slot->patience = PATIENCE;
    } else if (slot->before > 0) {
        slot->window = slot->before;
        slot->before = 0;
    } else if (--slot->patience == 0) {
        slot->rate = 0;
    }
    if (slot->window > WI_BLOCK_SOURCE_REQUESTS_MAX)
        slot->window = WI_BLOCK_SOURCE_REQUESTS_MAX;
    slot->epoch_ms = now;
    slot->epoch_blocks = 0;
    slot->epoch_bytes = 0;
}

void wi_slot_brought(struct slot *slot, size_t bytes, double took_ms)
{
    slot->bytes += bytes;
    slot->blocks++;
    wi_block_source_brought(slot->source, bytes);
    slot->failed = slot->lacking = 0;
    slot->blame = BLAME_NONE;
    slot->reason[0] = '\0';
    slot->block_ms = slot->block_ms > 0 ? (3 * slot->block_ms + took_ms) / 4 : took_ms;
    slot->epoch_bytes += bytes;
    if (++slot->epoch_blocks >= 2 * slot->window)
        end_epoch(slot, wi_awake_ms());
}

/* Of one who says that he is busy it is known that he is there. */
static unsigned tries_of(
    const struct slot *slot, const struct ask *ask, const struct wi_block_order *order)
{
    unsigned most = slot->blocks > 0 ? WI_RETRIES_MAX : FIRST_TRIES;
    if (ask->state == ASK_BUSY)
        return WI_RETRIES_MAX;
    return order->tries && order->tries < most ? order->tries : most;
}

/* Those that were under way when it failed before count with that failure. */
void wi_slot_failed(struct slot *slot, const struct ask *ask, const struct wi_block_order *order)
{
    double now = wi_awake_ms();
    int is_busy = ask->state == ASK_BUSY || ask->state == ASK_STUMBLED;
    slot->blame = is_busy ? BLAME_BUSY : slot->answered ? BLAME_OTHER : BLAME_SILENT;
    wi_text_copy(slot->reason, sizeof slot->reason, ask->reason);
    wi_block_source_rest(slot->source, 1000.0 * ask->after_s, ask->reason);
    if (ask->began_ms < slot->failed_ms)
        return;
    slot->failed_ms = now;
    slot->window = WINDOW_FIRST;
    slot->before = 0;
    slot->rate = 0;
    if (++slot->failed > tries_of(slot, ask, order) || ask->state == ASK_REFUSED)
        slot->gone = 1;
    slot->again_ms =
        now + (double)wi_retry_pause(order->pause_ms ? order->pause_ms : PAUSE_MS, slot->failed);
}

static int is_poor(const struct slot *slot)
{
    return slot->lacking >= LACKS_MANY;
}

/* --- what it takes next ----------------------------------------------------------------------- */

/* Whether one of those that are at work is likelier to bring the block. */
static int others_are_better(
    const struct wi_block_fetch *fetch, const struct slot *slot, const struct block *block)
{
    double now = wi_awake_ms();
    int avoided = is_poor(slot) || (block->avoid & slot->bit);
    for (size_t i = 0; i < fetch->slot_count && avoided; i++) {
        const struct slot *other = &fetch->slots[i];
        if (other != slot && !other->gone && wi_slot_waits(other, now) == 0 && !is_poor(other) &&
            !((block->want.lacks | block->avoid) & other->bit))
            return 1;
    }
    return 0;
}

static struct block *find_idle(struct wi_block_fetch *fetch, const struct slot *slot)
{
    for (struct block *block = fetch->blocks; block && fetch->idle > 0; block = block->next)
        if (block->asks == 0 && !block->verifying && !(block->want.lacks & slot->bit) &&
            !others_are_better(fetch, slot, block))
            return block;
    return NULL;
}

/* Of those that are at work. */
static int all_are_poor(const struct wi_block_fetch *fetch)
{
    double now = wi_awake_ms();
    for (size_t i = 0; i < fetch->slot_count; i++) {
        const struct slot *slot = &fetch->slots[i];
        if (!slot->gone && !is_poor(slot) && wi_slot_waits(slot, now) == 0)
            return 0;
    }
    return 1;
}

/* The next block of the owner, which may be one that this source lacks. */
static struct block *take_next(struct wi_block_fetch *fetch)
{
    struct wi_block_want want = {0};
    enum wi_block_next next = fetch->order.next(fetch->order.context, &want);
    fetch->at_end = next == WI_BLOCK_NONE;
    if (next != WI_BLOCK_NEXT || fetch->closing)
        return NULL;
    struct block *block = wi_alloc(sizeof *block);
    block->want = want;
    DL_APPEND(fetch->blocks, block);
    fetch->idle++;
    return block;
}

/* How long the one that is asked is likely to need yet: at least as long again as nothing came. */
static double remaining_ms(const struct ask *ask, double now)
{
    double took = now - ask->began_ms, quiet = now - ask->last_ms;
    double remaining = ask->slot->block_ms - took;
    if (ask->size > 0 && ask->sized)
        remaining = took * (double)(ask->capacity - ask->size) / (double)ask->size;
    return remaining > quiet ? remaining : quiet;
}

static int may_come_twice(const struct wi_block_fetch *fetch, const struct ask *ask)
{
    return fetch->again + wi_ask_room(ask) <= fetch->right / TWICE_SHARE + TWICE_BYTES;
}

/* It has brought nothing yet, and is late with what it was asked for: it would not be faster with
 * what others are late with. */
static int is_late(const struct wi_block_fetch *fetch, const struct slot *slot, double now)
{
    for (size_t i = 0; i < fetch->ask_count && slot->block_ms == 0; i++)
        if (fetch->asks[i]->slot == slot && now - fetch->asks[i]->last_ms > USUAL_MS)
            return 1;
    return 0;
}

/* What another will need longest for, and longer than this one. */
static struct block *find_slowest(const struct wi_block_fetch *fetch, const struct slot *slot)
{
    double now = wi_awake_ms(), worst = slot->block_ms > 0 ? slot->block_ms : USUAL_MS;
    struct block *found = NULL;
    for (size_t i = 0; i < fetch->ask_count && !is_late(fetch, slot, now); i++) {
        const struct ask *ask = fetch->asks[i];
        const struct block *block = ask->block;
        double remaining = remaining_ms(ask, now);
        if (ask->slot != slot && ask->state == ASK_UNDER_WAY && block->asks == 1 &&
            !block->verifying && !((block->want.lacks | block->avoid) & slot->bit) &&
            remaining > worst && may_come_twice(fetch, ask)) {
            worst = remaining;
            found = ask->block;
        }
    }
    return found;
}

static struct block *block_choose(struct wi_block_fetch *fetch, const struct slot *slot)
{
    struct block *block = find_idle(fetch, slot);
    int poor = is_poor(slot) && !all_are_poor(fetch);
    while (!block && !poor && fetch->idle < IDLE_MOST) {
        struct block *next = take_next(fetch);
        if (!next)
            break;
        if (!(next->want.lacks & slot->bit))
            block = next;
    }
    if (!block && fetch->at_end && fetch->idle == 0)
        block = find_slowest(fetch, slot);
    return block;
}

/* --- all of them ------------------------------------------------------------------------------ */

static uint64_t memory_of(const struct wi_block_fetch *fetch)
{
    uint64_t memory = fetch->keeping;
    for (size_t i = 0; i < fetch->ask_count; i++)
        memory += wi_ask_room(fetch->asks[i]);
    return memory;
}

/* Of who has brought nothing yet, blocks are looked at before more are asked for. */
static int slot_has_room(const struct slot *slot)
{
    unsigned window = slot->file_url ? WINDOW_FIRST : slot->window;
    return slot->in_flight + (slot->blocks > 0 ? 0 : slot->verifying) < window;
}

/* Of those that may ask for more, the one with the least under way that has not `passed`. */
static struct slot *next_slot(struct wi_block_fetch *fetch, uint32_t passed)
{
    double now = wi_awake_ms();
    struct slot *least = NULL;
    for (size_t i = 0; i < fetch->slot_count; i++) {
        struct slot *slot = &fetch->slots[i];
        if (!(passed & slot->bit) && !slot->gone && slot_has_room(slot) &&
            (!least || slot->in_flight < least->in_flight) && wi_slot_waits(slot, now) == 0)
            least = slot;
    }
    return least;
}

static void ask_for(struct wi_block_fetch *fetch, struct slot *slot, struct block *block)
{
    if (block->asks == 0) {
        fetch->idle--;
    } else {
        uint64_t bytes = block->want.bytes ? block->want.bytes : WI_BLOCK_MAX;
        block->charged += bytes;
        fetch->again += bytes;
    }
    if (slot->in_flight == 0 && slot->epoch_blocks == 0)
        slot->epoch_ms = wi_awake_ms();
    wi_ask_start(fetch, slot, block);
}

void wi_share_out(struct wi_block_fetch *fetch)
{
    uint32_t passed = 0;
    while (!fetch->closing && fetch->ask_count < WI_BLOCK_REQUESTS_MAX &&
           memory_of(fetch) < WI_BLOCK_MEMORY) {
        struct slot *slot = next_slot(fetch, passed);
        if (!slot)
            return;
        struct block *block = block_choose(fetch, slot);
        if (block)
            ask_for(fetch, slot, block);
        else
            passed |= slot->bit;
    }
}

/* --- when none is left ------------------------------------------------------------------------ */

static int slot_lacks(const struct slot *slot, const struct block *block)
{
    return !slot->gone && (block->want.lacks & slot->bit);
}

/* By how many sources have each blame. Those that did not answer at all say nothing. */
static enum wi_code blames_code(const unsigned blamed[BLAME_OTHER + 1])
{
    unsigned lacking = blamed[BLAME_LACKS], wrong = blamed[BLAME_WRONG];
    if (blamed[BLAME_BUSY])
        return WI_HUB_BUSY;
    if (blamed[BLAME_OTHER] || (wrong && lacking) || (!wrong && !lacking))
        return WI_HUB_FAILED;
    return wrong ? WI_DOWNLOAD_CORRUPT : WI_HUB_NOT_FOUND;
}

/* The sources with their reasons, each in as much room as there is for it. */
static void tell_sources(
    const struct wi_block_fetch *fetch, const struct block *block, char *text, size_t size)
{
    size_t count = fetch->slot_count < SOURCES_TOLD ? fetch->slot_count : SOURCES_TOLD, used = 0;
    for (size_t i = 0; i < count; i++) {
        const struct slot *slot = &fetch->slots[i];
        struct wi_block_source_info info = wi_block_source_look(slot->source);
        char line[REASON_BYTES + 64];
        const char *reason = slot_lacks(slot, block) ? "it lacks the block"
                             : *slot->reason         ? slot->reason
                                                     : info.reason;
        snprintf(line, sizeof line, "%.40s: %s", info.name, reason);
        used += (size_t)snprintf(
            text + used, size - used, "%s%.*s", i ? "; " : "", (int)(size / count) - 3, line);
    }
    if (count == 0)
        snprintf(text, size, "the configuration has no [hub.NAME] with layout = ipfs");
}

/* Why the slot does not bring the block; what another fetch has seen of it counts, too. */
static enum blame blame_for(const struct slot *slot, const struct block *block)
{
    if (slot_lacks(slot, block))
        return BLAME_LACKS;
    int rests = wi_block_source_look(slot->source).state == WI_SOURCE_RESTING;
    return slot->blame == BLAME_NONE && rests ? BLAME_BUSY : slot->blame;
}

static void block_explain(
    const struct wi_block_fetch *fetch, const struct block *block, struct wi_error *error)
{
    unsigned blamed[BLAME_OTHER + 1] = {0};
    char told[400];
    double now = wi_awake_ms(), until_ms = 0; /* when the first of the busy ones is less so */
    for (size_t i = 0; i < fetch->slot_count; i++) {
        enum blame blame = blame_for(&fetch->slots[i], block);
        double until = wi_slot_waits(&fetch->slots[i], now);
        if (blame == BLAME_BUSY && (blamed[blame] == 0 || until < until_ms))
            until_ms = until;
        blamed[blame == BLAME_NONE ? BLAME_OTHER : blame]++;
    }
    tell_sources(fetch, block, told, sizeof told);
    wi_error_set(
        error, blames_code(blamed), "", "no source has %.90s: %s", fetch->order.what, told);
    if (until_ms > now)
        wi_error_retry_after(error, (unsigned)((until_ms - now) / 1000) + 1);
}

/* Whether none may bring something yet that is waited for, but for those with a bit in `lacking`,
 * of which it does not matter. */
static int none_is_left(const struct wi_block_fetch *fetch, uint32_t lacking)
{
    double now = wi_awake_ms(), most = fetch->order.tries ? WAIT_SHORT_MS : WAIT_MAX_MS;
    for (size_t i = 0; i < fetch->slot_count; i++) {
        const struct slot *slot = &fetch->slots[i];
        if (!(lacking & slot->bit) && !slot->gone && wi_slot_waits(slot, now) <= now + most)
            return 0;
    }
    return 1;
}

int wi_share_is_lost(struct wi_block_fetch *fetch, struct wi_error *error)
{
    if (fetch->idle == 0 && none_is_left(fetch, 0))
        take_next(fetch); /* it says what is missing */
    for (const struct block *block = fetch->blocks; block && fetch->idle > 0; block = block->next)
        if (block->asks == 0 && !block->verifying && none_is_left(fetch, block->want.lacks)) {
            block_explain(fetch, block, error);
            return 1;
        }
    return 0;
}
