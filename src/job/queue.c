/*
 * The waiting jobs, in lanes of equal demand, see queue.h: for each lane and priority a heap of
 * entries, and for each gate and priority a heap of those by their heads, so that what goes next is
 * found without a walk through the lanes.
 */
#include "job/queue.h"

#include "base/memory.h"
#include "base/table.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* The turn of what was dispatched before, among which the oldest goes first. */
#define AT_FRONT (-1)
/* Clients without entries that are remembered before a tidying. */
#define IDLE_SHARES 256

/* The entries of one lane and priority; in its gate's heap while the lane is not blocked. */
struct row {
    struct wi_heap_place place; /* first: a place is cast back to its row */
    struct wi_heap entries;     /* by goes_before */
    int is_in;                  /* the gate's heap */
};

struct wi_lane {
    char *key;
    struct wi_gate *gate;
    struct row rows[WI_QUEUE_PRIORITIES];
    size_t size;
    int blocked;
    struct wi_lane *prev, *next;                 /* of its gate */
    struct wi_lane *blocked_prev, *blocked_next; /* of the queue's blocked ones */
    UT_hash_handle hh;
};

/* Lanes that the same nodes may serve. */
struct wi_gate {
    char *key;
    struct wi_lane *lanes;
    struct wi_heap rows[WI_QUEUE_PRIORITIES]; /* of its lanes, by their heads */
    int shut;
    UT_hash_handle hh;
};

/* A client: its last turn of each priority is kept for as long as it lies ahead. */
struct wi_queue_client {
    char *client;
    size_t size;
    int64_t last[WI_QUEUE_PRIORITIES];
    UT_hash_handle hh;
};

struct wi_queue {
    struct wi_lane
        *lanes; /* by key, the one looked at longest ago first; lives while it has entries */
    struct wi_gate *gates; /* by key; a gate lives while it has lanes */
    struct wi_lane *blocked;
    struct wi_queue_client *shares;
    size_t size, tidy_at;
    int64_t order;                      /* of the entries that came, and that came back */
    int64_t turns[WI_QUEUE_PRIORITIES]; /* the turn that was had last */
};

struct wi_queue *wi_queue_new(void)
{
    struct wi_queue *queue = wi_alloc(sizeof *queue);
    queue->tidy_at = IDLE_SHARES;
    return queue;
}

/* ---------------------------------------------------------------- rows */

static int goes_before(const struct wi_queue_entry *a, const struct wi_queue_entry *b)
{
    if (a->turn != b->turn)
        return a->turn < b->turn;
    if (a->turn == AT_FRONT && a->since != b->since)
        return a->since < b->since;
    return a->order < b->order;
}

static struct wi_queue_entry *entry_at(struct wi_heap_place *place)
{
    return (struct wi_queue_entry *)((char *)place - offsetof(struct wi_queue_entry, place));
}

static int entry_before(const struct wi_heap_place *a, const struct wi_heap_place *b)
{
    return goes_before(entry_at((struct wi_heap_place *)a), entry_at((struct wi_heap_place *)b));
}

static struct wi_queue_entry *head_of(const struct row *row)
{
    return row->entries.count > 0 ? entry_at(row->entries.items[0]) : NULL;
}

static int row_before(const struct wi_heap_place *a, const struct wi_heap_place *b)
{
    return goes_before(head_of((const struct row *)a), head_of((const struct row *)b));
}

/* Puts the row where it belongs among its gate's, after it or its lane has changed. */
static void refresh(struct wi_lane *lane, int priority)
{
    struct wi_heap *rows = &lane->gate->rows[priority];
    struct row *row = &lane->rows[priority];
    int may_go = !lane->blocked && row->entries.count > 0;
    if (row->is_in && may_go)
        wi_heap_changed(rows, &row->place);
    else if (may_go)
        wi_heap_add(rows, &row->place);
    else if (row->is_in)
        wi_heap_remove(rows, &row->place);
    row->is_in = may_go;
}

/* ---------------------------------------------------------------- lanes and clients */

static struct wi_gate *find_or_make_gate(struct wi_queue *queue, const char *key)
{
    struct wi_gate *gate = WI_TABLE_FIND(queue->gates, key, strlen(key));
    if (gate)
        return gate;
    gate = wi_alloc(sizeof *gate);
    gate->key = wi_strdup(key);
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        gate->rows[p].before = row_before;
    HASH_ADD_KEYPTR(hh, queue->gates, gate->key, strlen(gate->key), gate);
    return gate;
}

static void drop_gate(struct wi_queue *queue, struct wi_gate *gate)
{
    HASH_DEL(queue->gates, gate);
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        wi_heap_clear(&gate->rows[p]);
    free(gate->key);
    free(gate);
}

static struct wi_lane *find_or_make_lane(struct wi_queue *queue, const char *key, const char *gate)
{
    struct wi_lane *lane = WI_TABLE_FIND(queue->lanes, key, strlen(key));
    if (lane)
        return lane;
    lane = wi_alloc(sizeof *lane);
    lane->key = wi_strdup(key);
    lane->gate = find_or_make_gate(queue, gate);
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        lane->rows[p].entries.before = entry_before;
    DL_APPEND(lane->gate->lanes, lane);
    HASH_ADD_KEYPTR(hh, queue->lanes, lane->key, strlen(lane->key), lane);
    return lane;
}

static void unblock(struct wi_queue *queue, struct wi_lane *lane)
{
    DL_DELETE2(queue->blocked, lane, blocked_prev, blocked_next);
    lane->blocked = 0;
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        refresh(lane, p);
}

/* It is empty. */
static void drop_lane(struct wi_queue *queue, struct wi_lane *lane)
{
    if (lane->blocked)
        unblock(queue, lane);
    HASH_DEL(queue->lanes, lane);
    DL_DELETE(lane->gate->lanes, lane);
    if (!lane->gate->lanes)
        drop_gate(queue, lane->gate);
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        wi_heap_clear(&lane->rows[p].entries);
    free(lane->key);
    free(lane);
}

static void drop_share(struct wi_queue *queue, struct wi_queue_client *share)
{
    HASH_DEL(queue->shares, share);
    free(share->client);
    free(share);
}

/* Whether the client would get the same turns if it were new. */
static int is_forgettable(const struct wi_queue *queue, const struct wi_queue_client *share)
{
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        if (share->last[p] >= queue->turns[p])
            return 0;
    return share->size == 0;
}

/* Peer addresses are many; what says nothing any more goes, in steps whose cost is spread. A new
 * round of turns begins: else a client that had a turn in one which does not end, because nobody
 * wants a second turn, would be remembered for ever. What waits goes before it as it would have. */
static void tidy(struct wi_queue *queue)
{
    struct wi_queue_client *share, *next;
    if (HASH_COUNT(queue->shares) < queue->tidy_at)
        return;
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        queue->turns[p]++;
    HASH_ITER(hh, queue->shares, share, next)
    {
        if (is_forgettable(queue, share))
            drop_share(queue, share);
    }
    queue->tidy_at = 2 * (size_t)HASH_COUNT(queue->shares) + IDLE_SHARES;
}

static struct wi_queue_client *find_share(const struct wi_queue *queue, const char *client)
{
    return WI_TABLE_FIND(queue->shares, client, strlen(client));
}

static struct wi_queue_client *find_or_make_share(struct wi_queue *queue, const char *client)
{
    struct wi_queue_client *share = find_share(queue, client);
    if (share)
        return share;
    tidy(queue);
    share = wi_alloc(sizeof *share);
    share->client = wi_strdup(client);
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        share->last[p] = -1;
    HASH_ADD_KEYPTR(hh, queue->shares, share->client, strlen(share->client), share);
    return share;
}

size_t wi_queue_size_of(const struct wi_queue *queue, const char *client)
{
    const struct wi_queue_client *share = find_share(queue, client ? client : "");
    return share ? share->size : 0;
}

void wi_queue_free(struct wi_queue *queue)
{
    if (queue == NULL)
        return;
    assert(queue->size == 0);
    while (queue->shares)
        drop_share(queue, queue->shares);
    free(queue);
}

/* ---------------------------------------------------------------- in and out */

static void give_turn(struct wi_queue *queue, struct wi_queue_entry *entry, int at_front)
{
    int p = entry->priority;
    if (at_front) {
        entry->turn = AT_FRONT;
        entry->order = queue->order++;
        return;
    }
    entry->turn = entry->share->last[p] + 1;
    if (entry->turn < queue->turns[p])
        entry->turn = queue->turns[p];
    entry->share->last[p] = entry->turn;
    entry->order = queue->order++;
}

void wi_queue_push(
    struct wi_queue *queue, struct wi_queue_entry *entry, const char *key, int at_front)
{
    assert(entry->lane == NULL && entry->priority >= 0 && entry->priority < WI_QUEUE_PRIORITIES);
    entry->lane = find_or_make_lane(queue, key, entry->gate ? entry->gate : "");
    entry->share = find_or_make_share(queue, entry->client ? entry->client : "");
    give_turn(queue, entry, at_front);
    wi_heap_add(&entry->lane->rows[entry->priority].entries, &entry->place);
    refresh(entry->lane, entry->priority);
    entry->lane->size++;
    entry->share->size++;
    queue->size++;
}

void wi_queue_remove(struct wi_queue *queue, struct wi_queue_entry *entry)
{
    struct wi_lane *lane = entry->lane;
    wi_heap_remove(&lane->rows[entry->priority].entries, &entry->place);
    refresh(lane, entry->priority);
    entry->lane = NULL;
    entry->share->size--;
    entry->share = NULL;
    queue->size--;
    if (--lane->size == 0)
        drop_lane(queue, lane);
}

void wi_queue_take(struct wi_queue *queue, struct wi_queue_entry *entry)
{
    if (entry->turn > queue->turns[entry->priority])
        queue->turns[entry->priority] = entry->turn;
    wi_queue_remove(queue, entry);
}

/* ---------------------------------------------------------------- whose turn it is */

static double urgency(const struct wi_queue_entry *entry, double now)
{
    return entry->priority + (now - entry->since) / WI_QUEUE_AGEING_MS;
}

/* Of the heads of each priority the one whose time has come; NULL if there is none. */
static struct wi_queue_entry *most_urgent(
    struct wi_queue_entry *const heads[WI_QUEUE_PRIORITIES], double now)
{
    struct wi_queue_entry *best = NULL;
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        if (heads[p] && (best == NULL || urgency(heads[p], now) > urgency(best, now)))
            best = heads[p];
    return best;
}

struct wi_queue_entry *wi_queue_best(const struct wi_queue *queue, double now)
{
    struct wi_queue_entry *heads[WI_QUEUE_PRIORITIES] = {NULL};
    for (const struct wi_gate *gate = queue->gates; gate; gate = gate->hh.next) {
        for (int p = 0; p < WI_QUEUE_PRIORITIES && !gate->shut; p++) {
            const struct row *row = (const struct row *)wi_heap_first(&gate->rows[p]);
            if (row && (heads[p] == NULL || goes_before(head_of(row), heads[p])))
                heads[p] = head_of(row);
        }
    }
    return most_urgent(heads, now);
}

static size_t ahead_in_row(
    const struct row *row, int priority, const struct wi_queue_entry *entry, double now)
{
    size_t ahead = 0;
    for (size_t i = 0; i < row->entries.count; i++) {
        const struct wi_queue_entry *other = entry_at(row->entries.items[i]);
        ahead += priority == entry->priority ? goes_before(other, entry)
                                             : urgency(other, now) > urgency(entry, now);
    }
    return ahead;
}

size_t wi_queue_ahead(const struct wi_queue *queue, const struct wi_queue_entry *entry, double now)
{
    size_t ahead = 0;
    for (const struct wi_lane *lane = queue->lanes; lane; lane = lane->hh.next)
        for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
            ahead += ahead_in_row(&lane->rows[p], p, entry, now);
    return ahead;
}

size_t wi_queue_company(
    const struct wi_queue_entry *entry, struct wi_queue_entry **others, size_t max)
{
    const struct wi_heap *entries = &entry->lane->rows[entry->priority].entries;
    size_t count = 0;
    for (size_t i = 0; i < entries->count && count < max; i++)
        if (entries->items[i] != &entry->place)
            others[count++] = entry_at(entries->items[i]);
    return count;
}

/* ---------------------------------------------------------------- what must wait */

void wi_queue_block(struct wi_queue *queue, struct wi_queue_entry *entry)
{
    struct wi_lane *lane = entry->lane;
    if (lane->blocked)
        return;
    DL_APPEND2(queue->blocked, lane, blocked_prev, blocked_next);
    lane->blocked = 1;
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        refresh(lane, p);
}

void wi_queue_unblock(struct wi_queue *queue)
{
    while (queue->blocked)
        unblock(queue, queue->blocked);
}

static struct wi_queue_entry *head_of_lane(const struct wi_lane *lane, double now)
{
    struct wi_queue_entry *heads[WI_QUEUE_PRIORITIES];
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        heads[p] = head_of(&lane->rows[p]);
    return most_urgent(heads, now);
}

void wi_queue_gates(struct wi_queue *queue, wi_queue_open_fn *is_open, double now)
{
    for (struct wi_gate *gate = queue->gates; gate; gate = gate->hh.next)
        gate->shut = !is_open(head_of_lane(gate->lanes, now)->owner);
}

int wi_queue_is_shut(const struct wi_queue_entry *entry)
{
    return entry->lane->gate->shut;
}

size_t wi_queue_lanes(const struct wi_queue *queue)
{
    return HASH_COUNT(queue->lanes);
}

struct wi_queue_entry *wi_queue_oldest(const struct wi_queue *queue, double now)
{
    return queue->lanes ? head_of_lane(queue->lanes, now) : NULL;
}

void wi_queue_looked(struct wi_queue *queue, const struct wi_queue_entry *entry)
{
    struct wi_lane *lane = entry->lane;
    /* uthash keeps the order of insertion. */
    HASH_DEL(queue->lanes, lane);
    HASH_ADD_KEYPTR(hh, queue->lanes, lane->key, strlen(lane->key), lane);
}

size_t wi_queue_clients(const struct wi_queue *queue)
{
    return HASH_COUNT(queue->shares);
}

struct wi_queue_entry *wi_queue_any(const struct wi_queue *queue)
{
    return wi_queue_oldest(queue, 0);
}
