/*
 * The runs of stored jobs: records are taken from the queue while there is room. Few run at a time,
 * so that direct requests do not wait behind a backlog, and so that few jobs are suspected if the
 * daemon dies. A job that waits for a busy node only takes room of its own client, so that one
 * client's backlog does not keep another's jobs from an idle node. durable_end.c handles the ends
 * of runs.
 */
#include "owners/durable/private.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* Of each client there run or wait for a node: so many, and so many more for each node. */
#define RUNS_BASE 4
#define RUNS_PER_NODE 4
/* The part of the memory budget that those may take which are taken together: there is as much left
 * when half of it is used. */
#define BUDGET_SHARE 8
/* So many that nothing can run are tried in a tick, so that a backlog of them costs little; and as
 * they go behind the others, what can be run is found among them. */
#define EMPTY_RUNS_PER_TICK 100

/* --- one run, whose part of the memory budget is its entry's ---------------------------------- */

static int entry_charge(void *context, uint64_t bytes)
{
    struct wi_durable_entry *entry = context;
    return wi_budget_exchange(entry->durable->deps.runs.budget, &entry->charged, bytes);
}

/* What the record says of its request: its deadline, and what it is called. */
static enum wi_code on_begin(void *context, struct wi_infer *infer, struct wi_error *error)
{
    const struct wi_durable_entry *entry = context;
    const struct wi_record *record = &entry->record;
    infer->has_timeout = 1;
    infer->asked->timeout_ms = (double)(record->deadline_at - record->accepted_at);
    if (!infer->asked->client_id)
        infer->asked->client_id = wi_strdup(record->id);
    return WI_OK;
}

/* Runs the entry's record, which has its bytes and a dialect that is known. -1, and nothing
 * happens, if there is no memory for them. */
static int start_run(struct wi_durable_entry *entry)
{
    struct wi_durable *durable = entry->durable;
    struct wi_record *record = &entry->record;
    const struct wi_run_owner owner = {.context = entry,
        .charge = entry_charge,
        .on_begin = on_begin,
        .runs_again = wi_durable_runs_again,
        .on_done = wi_durable_on_run_done};
    const struct wi_run_request request = {.kind = WI_RUN_STORED,
        .dialect = wi_dialect_find(record->dialect),
        .body = record->bytes,
        .json_size = record->json_size,
        .parse_cost = record->cost,
        .lenient = 1, /* it was held against the settings of its time when it came */
        .client = record->client,
        .called = record->id,
        .accepted_at = wi_now_ms() - wi_durable_age(record),
        .earlier = record->attempts};
    if (wi_blob_charge(record->bytes, durable->deps.runs.budget) != 0)
        return -1;
    record->bytes = NULL;
    entry->run = wi_run_new(&durable->deps.runs, &request, &owner);
    wi_run_begin(entry->run);
    return 0;
}

/* --- from the queue --------------------------------------------------------------------------- */

struct taking {
    struct wi_record_take op;
    struct wi_durable *durable;
    uint64_t reserved; /* of the budget, for the bodies that are read and what parsing them takes */
};

/* A body that can never be read again is reported as such; one for which there is no memory now
 * waits. */
static void entry_begin(struct wi_durable_entry *entry)
{
    struct wi_durable *durable = entry->durable;
    struct wi_error error;
    uint64_t needs = entry->record.body_size + entry->record.cost; /* to read it, and to parse it */
    if (needs <= durable->deps.runs.budget->limit && start_run(entry) == 0)
        return;
    wi_error_set(&error, WI_MEMORY_BUDGET, NULL,
        "reading the stored request takes %llu bytes, and [pool] memory_budget is %llu",
        (unsigned long long)needs, (unsigned long long)durable->deps.runs.budget->limit);
    if (needs > durable->deps.runs.budget->limit)
        wi_durable_finish(entry, WI_RECORD_FAILED, &error);
    else
        wi_durable_put_back(entry, &error, WI_DURABLE_BUSY_MS);
}

static void record_run(struct wi_durable *durable, struct wi_record *record)
{
    struct wi_error error;
    struct wi_durable_entry *entry =
        WI_TABLE_FIND(durable->entries, record->id, strlen(record->id));
    if (entry)
        return; /* its deadline has passed meanwhile: see end_late */
    entry = wi_durable_entry_new(durable, record);
    if (entry->record.bytes == NULL) {
        wi_error_set(&error, WI_STORAGE_FAILED, NULL, "the stored request cannot be read back");
        wi_durable_finish(entry, WI_RECORD_FAILED, &error);
    } else if (!wi_dialect_find(entry->record.dialect)) {
        wi_error_set(&error, WI_STORAGE_FAILED, NULL,
            "the stored request is in the format \"%s\", which this version does not know",
            entry->record.dialect);
        wi_durable_finish(entry, WI_RECORD_FAILED, &error);
    } else if (durable->closing) {
        wi_durable_shutting_down(&error);
        wi_durable_put_back(entry, &error, 0);
    } else {
        entry_begin(entry);
    }
}

static void on_taken(void *data, const struct wi_error *failure)
{
    struct taking *taking = data;
    struct wi_durable *durable = taking->durable;
    durable->taking = 0;
    durable->untaken = failure != NULL;
    wi_budget_give(durable->deps.runs.budget, taking->reserved);
    if (!failure) {
        size_t taken = taking->op.taken;
        durable->taken += taken;
        durable->counters.queued -=
            taken < durable->counters.queued ? taken : durable->counters.queued;
        for (size_t i = 0; i < taken; i++)
            record_run(durable, &taking->op.records[i]);
    }
    for (size_t i = 0; i < taking->op.taken; i++)
        wi_record_clear(&taking->op.records[i]);
    int more = !failure && taking->op.taken > 0;
    free(taking->op.records);
    free(taking->op.rooms);
    free(taking);
    if (wi_durable_written(durable) && more && !durable->freed)
        wi_durable_feed(durable);
}

/* --- room ------------------------------------------------------------------------------------- */

/* How many entries a client has. */
struct tenant {
    char client[WI_RECORD_CLIENT_MAX + 1];
    size_t count;
    UT_hash_handle hh;
};

/* What there is of it: `most` for each client, `bound` for all of them. */
struct room {
    size_t most, bound, used;
    int is_scarce; /* so much memory is used that only who has nothing yet gets any */
    struct tenant *tenants;
};

static void count_entry(struct room *room, const char *client)
{
    struct tenant *tenant = WI_TABLE_FIND(room->tenants, client, strlen(client));
    if (!tenant) {
        tenant = wi_alloc(sizeof *tenant);
        snprintf(tenant->client, sizeof tenant->client, "%s", client);
        HASH_ADD_STR(room->tenants, client, tenant);
    }
    tenant->count++;
    room->used++;
}

static struct room look_at_room(const struct wi_durable *durable)
{
    const struct wi_budget *budget = durable->deps.runs.budget;
    struct wi_pool_counters pool;
    struct room room = {.bound = (size_t)durable->deps.runs.config->pool.max_queue / 2 + 1,
        .is_scarce = wi_budget_in_use(budget) > budget->limit / 2};
    wi_pool_counters(durable->deps.runs.pool, &pool);
    room.most = RUNS_BASE + RUNS_PER_NODE * pool.nodes;
    for (const struct wi_durable_entry *entry = durable->entries; entry; entry = entry->hh.next)
        count_entry(&room, entry->record.client);
    return room;
}

/* How many more records a client may have that has so many: no more in all than half of what would
 * be left, so that there is always some for others (Choudhury, Hahne: dynamic queue length
 * thresholds, 1998), and one at the least. */
static size_t room_of(const struct room *room, size_t count)
{
    size_t half = (room->bound - room->used) / 2 + 1;
    size_t most = half < room->most ? half : room->most;
    return count < most && (count == 0 || !room->is_scarce) ? most - count : 0;
}

/* How many records may be taken, and of each client. */
static void fill_op(struct wi_record_take *op, const struct room *room)
{
    op->count = room->bound - room->used < room->most ? room->bound - room->used : room->most;
    op->each = room_of(room, 0);
    op->rooms = wi_realloc_array(NULL, HASH_COUNT(room->tenants) + 1, sizeof *op->rooms);
    for (const struct tenant *tenant = room->tenants; tenant; tenant = tenant->hh.next) {
        struct wi_record_room *its = &op->rooms[op->room_count++];
        *its = (struct wi_record_room){.most = room_of(room, tenant->count)};
        memcpy(its->client, tenant->client, sizeof its->client);
    }
}

/* --- taking ----------------------------------------------------------------------------------- */

static int runs_a_suspect(const struct wi_durable *durable)
{
    for (const struct wi_durable_entry *entry = durable->entries; entry; entry = entry->hh.next)
        if (entry->record.crashes > 0)
            return 1;
    return 0;
}

static int must_wait(const struct wi_durable *durable)
{
    /* While the disk is full, trying is for every fifth second. */
    int is_early = durable->untaken && durable->ticks % WI_DURABLE_REWRITE_TICKS != 0;
    return is_early || durable->taking || durable->counters.queued == 0 ||
           durable->empty_runs >= EMPTY_RUNS_PER_TICK || durable->closing;
}

static void records_take(struct wi_durable *durable, const struct room *room, uint64_t bytes)
{
    struct taking *taking = wi_alloc(sizeof *taking);
    taking->durable = durable;
    taking->reserved = bytes;
    fill_op(&taking->op, room);
    taking->op.bytes = bytes;
    taking->op.suspect = runs_a_suspect(durable);
    taking->op.now = wi_steady_ms();
    taking->op.before = durable->taken;
    durable->taking = 1;
    WI_DURABLE_ASK(durable, take, &taking->op, on_taken, taking);
}

void wi_durable_feed(void *context)
{
    struct wi_durable *durable = context;
    struct tenant *tenant;
    uint64_t bytes = durable->deps.runs.budget->limit / BUDGET_SHARE;
    if (must_wait(durable))
        return;
    struct room room = look_at_room(durable);
    if (room.used < room.bound && wi_budget_take(durable->deps.runs.budget, bytes) == 0)
        records_take(durable, &room, bytes);
    while ((tenant = WI_TABLE_TAKE(room.tenants)))
        free(tenant);
}
