/*
 * The waiting jobs, in lanes of equal demand, see queue.h: for each client, lane and priority a
 * heap of entries, for each lane and priority a heap of those by their heads, and for each gate and
 * priority one of these, so that what goes next is found without a walk through lanes or clients.
 */
#include "work/job/queue.h"

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

/* A client's entries of one lane and priority; in the row's heap while they are not held. */
struct wi_queue_strand {
    struct wi_heap_place place; /* first: a place is cast back to its strand */
    struct wi_heap entries;     /* by goes_before; never empty */
    struct wi_lane *lane;
    int priority, is_in, held;
    struct strand_key {
        const struct row *row;
        struct wi_queue_client *share;
    } key;
    struct wi_queue_strand *prev, *next;           /* of the lane */
    struct wi_queue_strand *held_prev, *held_next; /* of the queue's held ones */
    UT_hash_handle hh;
};

/* The strands of one lane and priority; in its gate's heap while the lane is not blocked. */
struct row {
    struct wi_heap_place place; /* first: a place is cast back to its row */
    struct wi_heap strands;     /* by their heads */
    int is_in;                  /* the gate's heap */
};

struct wi_lane {
    char *key;
    struct wi_gate *gate;
    struct row rows[WI_QUEUE_PRIORITIES];
    struct wi_queue_strand *strands; /* held ones, too */
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

/* A client: its last turn of each priority is kept for as long as it is in the future. */
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
    struct wi_queue_strand *strands, *held; /* by row and client; those that are held */
    struct wi_queue_client *shares;
    size_t size, tidy_at;
    size_t waiting;                             /* clients that have entries */
    int64_t order;                              /* of the entries that came, and that came back */
    int64_t turns[WI_QUEUE_PRIORITIES];         /* the turn that was had last */
    struct wi_ranks ranks[WI_QUEUE_PRIORITIES]; /* the entries, by goes_before */
};

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

static struct wi_queue_entry *entry_ranked(const struct wi_rank_place *place)
{
    return (struct wi_queue_entry *)((char *)place - offsetof(struct wi_queue_entry, rank));
}

static int rank_before(const struct wi_rank_place *a, const struct wi_rank_place *b)
{
    return goes_before(entry_ranked(a), entry_ranked(b));
}

static struct wi_queue_entry *head_of_strand(const struct wi_heap_place *place)
{
    return entry_at(((const struct wi_queue_strand *)place)->entries.items[0]);
}

static int strand_before(const struct wi_heap_place *a, const struct wi_heap_place *b)
{
    return goes_before(head_of_strand(a), head_of_strand(b));
}

/* NULL where all of it is held. */
static struct wi_queue_entry *head_of(const struct row *row)
{
    return row->strands.count > 0 ? head_of_strand(row->strands.items[0]) : NULL;
}

static int row_before(const struct wi_heap_place *a, const struct wi_heap_place *b)
{
    return goes_before(head_of((const struct row *)a), head_of((const struct row *)b));
}

/* Puts `place` where it belongs in the heap, or nowhere, after what it goes by has changed. */
static void keep_in(struct wi_heap *heap, struct wi_heap_place *place, int *is_in, int may_be)
{
    if (*is_in && may_be)
        wi_heap_changed(heap, place);
    else if (may_be)
        wi_heap_add(heap, place);
    else if (*is_in)
        wi_heap_remove(heap, place);
    *is_in = may_be;
}

/* The row, after it or its lane has changed. */
static void lane_refresh(struct wi_lane *lane, int priority)
{
    struct row *row = &lane->rows[priority];
    keep_in(&lane->gate->rows[priority], &row->place, &row->is_in,
        !lane->blocked && row->strands.count > 0);
}

/* The same of a strand, and of the row that it is in. */
static void strand_refresh(struct wi_queue_strand *strand)
{
    struct wi_lane *lane = strand->lane;
    keep_in(&lane->rows[strand->priority].strands, &strand->place, &strand->is_in,
        !strand->held && strand->entries.count > 0);
    lane_refresh(lane, strand->priority);
}

struct wi_queue *wi_queue_new(void)
{
    struct wi_queue *queue = wi_alloc(sizeof *queue);
    queue->tidy_at = IDLE_SHARES;
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        queue->ranks[p].before = rank_before;
    return queue;
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
        lane->rows[p].strands.before = strand_before;
    DL_APPEND(lane->gate->lanes, lane);
    HASH_ADD_KEYPTR(hh, queue->lanes, lane->key, strlen(lane->key), lane);
    return lane;
}

static void lane_unblock(struct wi_queue *queue, struct wi_lane *lane)
{
    DL_DELETE2(queue->blocked, lane, blocked_prev, blocked_next);
    lane->blocked = 0;
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        lane_refresh(lane, p);
}

/* It is empty. */
static void drop_lane(struct wi_queue *queue, struct wi_lane *lane)
{
    if (lane->blocked)
        lane_unblock(queue, lane);
    HASH_DEL(queue->lanes, lane);
    DL_DELETE(lane->gate->lanes, lane);
    if (!lane->gate->lanes)
        drop_gate(queue, lane->gate);
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        wi_heap_clear(&lane->rows[p].strands);
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

/* There are many peer addresses, so clients without any information are removed, in steps that
 * spread the cost. A new round of turns begins; otherwise a client that had a turn in a round that
 * never ends, because no client wants a second turn, would be remembered for ever. Waiting entries
 * go before the new round as they would have. */
static void queue_tidy(struct wi_queue *queue)
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
    queue_tidy(queue);
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

size_t wi_queue_others(const struct wi_queue *queue, const char *client)
{
    return queue->waiting - (wi_queue_size_of(queue, client) > 0);
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

/* ---------------------------------------------------------------- strands */

static struct wi_queue_strand *strand_find(const struct wi_queue *queue, const struct wi_lane *lane,
    struct wi_queue_client *share, int priority)
{
    const struct strand_key key = {&lane->rows[priority], share};
    return WI_TABLE_FIND(queue->strands, &key, sizeof key);
}

static struct wi_queue_strand *strand_find_or_make(
    struct wi_queue *queue, struct wi_lane *lane, struct wi_queue_client *share, int priority)
{
    struct wi_queue_strand *strand = strand_find(queue, lane, share, priority);
    if (strand)
        return strand;
    strand = wi_alloc(sizeof *strand);
    strand->lane = lane;
    strand->priority = priority;
    strand->key = (struct strand_key){&lane->rows[priority], share};
    strand->entries.before = entry_before;
    DL_APPEND(lane->strands, strand);
    HASH_ADD(hh, queue->strands, key, sizeof strand->key, strand);
    return strand;
}

static void strand_let_go(struct wi_queue *queue, struct wi_queue_strand *strand)
{
    DL_DELETE2(queue->held, strand, held_prev, held_next);
    strand->held = 0;
    strand_refresh(strand);
}

/* It is empty, and so its lane may be. */
static void strand_drop(struct wi_queue *queue, struct wi_queue_strand *strand)
{
    struct wi_lane *lane = strand->lane;
    if (strand->held)
        strand_let_go(queue, strand);
    HASH_DEL(queue->strands, strand);
    DL_DELETE(lane->strands, strand);
    wi_heap_clear(&strand->entries);
    free(strand);
    if (!lane->strands)
        drop_lane(queue, lane);
}

/* ---------------------------------------------------------------- in and out */

static void give_turn(struct wi_queue *queue, struct wi_queue_entry *entry,
    struct wi_queue_client *share, int at_front)
{
    int p = entry->priority;
    entry->order = queue->order++;
    entry->turn = AT_FRONT;
    if (at_front)
        return;
    entry->turn = share->last[p] + 1;
    if (entry->turn < queue->turns[p])
        entry->turn = queue->turns[p];
    share->last[p] = entry->turn;
}

void wi_queue_push(
    struct wi_queue *queue, struct wi_queue_entry *entry, const char *key, int at_front)
{
    int p = entry->priority;
    assert(entry->lane == NULL && p >= 0 && p < WI_QUEUE_PRIORITIES);
    struct wi_queue_client *share = find_or_make_share(queue, entry->client ? entry->client : "");
    entry->lane = find_or_make_lane(queue, key, entry->gate ? entry->gate : "");
    entry->strand = strand_find_or_make(queue, entry->lane, share, p);
    give_turn(queue, entry, share, at_front);
    wi_heap_add(&entry->strand->entries, &entry->place);
    strand_refresh(entry->strand);
    wi_ranks_add(&queue->ranks[p], &entry->rank);
    queue->waiting += share->size++ == 0;
    queue->size++;
}

void wi_queue_remove(struct wi_queue *queue, struct wi_queue_entry *entry)
{
    struct wi_queue_strand *strand = entry->strand;
    struct wi_queue_client *share = strand->key.share;
    wi_heap_remove(&strand->entries, &entry->place);
    strand_refresh(strand);
    wi_ranks_remove(&queue->ranks[entry->priority], &entry->rank);
    entry->lane = NULL;
    entry->strand = NULL;
    queue->waiting -= --share->size == 0;
    queue->size--;
    if (strand->entries.count == 0)
        strand_drop(queue, strand);
}

void wi_queue_take(struct wi_queue *queue, struct wi_queue_entry *entry)
{
    if (entry->turn > queue->turns[entry->priority])
        queue->turns[entry->priority] = entry->turn;
    wi_queue_remove(queue, entry);
}

/* ---------------------------------------------------------------- whose turn it is */

static double entry_urgency(const struct wi_queue_entry *entry, double now)
{
    return entry->priority + (now - entry->since) / WI_QUEUE_AGEING_MS;
}

/* Of the heads of each priority the one whose time has come; NULL if there is none. */
static struct wi_queue_entry *most_urgent(
    struct wi_queue_entry *const heads[WI_QUEUE_PRIORITIES], double now)
{
    struct wi_queue_entry *best = NULL;
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        if (heads[p] && (best == NULL || entry_urgency(heads[p], now) > entry_urgency(best, now)))
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

/* The entry, as those of another priority see it. */
static int is_more_urgent(const void *context, const struct wi_rank_place *other)
{
    return entry_urgency(entry_ranked(other), 0) >
           entry_urgency(context, 0); /* whatever the time is */
}

size_t wi_queue_ahead(const struct wi_queue *queue, const struct wi_queue_entry *entry)
{
    size_t ahead = 0;
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        ahead += p == entry->priority ? wi_ranks_before(&queue->ranks[p], &entry->rank)
                                      : wi_ranks_while(&queue->ranks[p], is_more_urgent, entry);
    return ahead;
}

size_t wi_queue_company(
    const struct wi_queue_entry *entry, struct wi_queue_entry **others, size_t max)
{
    const struct wi_heap *strands = &entry->lane->rows[entry->priority].strands;
    size_t count = 0, before = max;
    for (size_t depth = 0; count < max && count != before; depth++) {
        before = depth == 0 ? max : count; /* the entry alone may be the first of all */
        for (size_t i = 0; i < strands->count && count < max; i++) {
            const struct wi_heap *its = &((struct wi_queue_strand *)strands->items[i])->entries;
            if (depth < its->count && its->items[depth] != &entry->place)
                others[count++] = entry_at(its->items[depth]);
        }
    }
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
        lane_refresh(lane, p);
}

void wi_queue_unblock(struct wi_queue *queue)
{
    while (queue->blocked)
        lane_unblock(queue, queue->blocked);
}

void wi_queue_hold(struct wi_queue *queue, struct wi_queue_entry *entry)
{
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++) {
        struct wi_queue_strand *strand =
            strand_find(queue, entry->lane, entry->strand->key.share, p);
        if (!strand || strand->held)
            continue;
        DL_APPEND2(queue->held, strand, held_prev, held_next);
        strand->held = 1;
        strand_refresh(strand);
    }
}

int wi_queue_release(struct wi_queue *queue)
{
    int any = queue->held != NULL;
    while (queue->held)
        strand_let_go(queue, queue->held);
    return any;
}

static struct wi_queue_entry *head_of_lane(const struct wi_lane *lane, double now)
{
    struct wi_queue_entry *heads[WI_QUEUE_PRIORITIES];
    for (int p = 0; p < WI_QUEUE_PRIORITIES; p++)
        heads[p] = head_of(&lane->rows[p]);
    struct wi_queue_entry *head = most_urgent(heads, now);
    return head ? head : head_of_strand(&lane->strands->place); /* all of it is held */
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
