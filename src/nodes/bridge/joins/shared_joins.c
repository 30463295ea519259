/* See shared_joins.h. */
#include "nodes/bridge/joins/shared_joins.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* Rows beyond those that wi_joins_add allows: members may make some at the same time. */
#define ROWS_MAX ((size_t)4 * WI_JOINS_MAX)

/* --- places ----------------------------------------------------------------------------------- */

static size_t join_held(const struct wi_joins *joins, const struct wi_join *join)
{
    return wi_join_row_held(&join->row, wi_rows_instance(joins->rows));
}

/* How many nodes may be here without asking: what is given back may be another member's already. */
static size_t join_limit(const struct wi_joins *joins, const struct wi_join *join)
{
    size_t held = join_held(joins, join);
    return join->least < held ? join->least : held;
}

/* How many places this daemon may hold, and wants. */
static size_t join_target(const struct wi_joins *joins, const struct wi_join *join)
{
    size_t others = wi_join_row_taken(&join->row) - join_held(joins, join);
    size_t room = others < join->nodes ? join->nodes - others : 0;
    size_t wanted = join->joined + join->waiting;
    return wanted < room ? wanted : room;
}

size_t wi_joins_everywhere(const struct wi_join *join)
{
    return wi_join_row_taken(&join->row);
}

/* What failed may be tried again. */
static void join_forget_failure(struct wi_join *join)
{
    if (join->change == WI_JOIN_FAILED)
        join->change = WI_JOIN_IDLE;
}

/* Asks for the row with so many places of that daemon. -1: too many daemons have some. */
static int row_write(
    struct wi_joins *joins, struct wi_join *join, const char *instance, size_t places)
{
    struct wi_join_row row = join->row;
    struct wi_buffer text = {0};
    size_t bytes = row.holder_count * sizeof *row.holders;
    row.holders = row.holder_count ? memcpy(wi_alloc(bytes), row.holders, bytes) : NULL;
    int result = wi_join_row_hold(&row, instance, places);
    if (result == 0) {
        wi_join_row_print(&row, &text);
        join->change = WI_JOIN_CHANGING;
        if (strcmp(instance, wi_rows_instance(joins->rows)) == 0)
            join->least = places;
        wi_rows_write(joins->rows, WI_ROWS_JOINS, join->id, text.text, text.size);
    }
    wi_buffer_clear(&text);
    wi_join_row_clear(&row);
    return result;
}

/* The same for this daemon. */
static int places_write(struct wi_joins *joins, struct wi_join *join, size_t places)
{
    return row_write(joins, join, wi_rows_instance(joins->rows), places);
}

/* Those that wait hear that they have no place. */
static void waiting_refuse(
    struct wi_joins *joins, const char *id, size_t count, enum wi_join_verdict verdict)
{
    struct wi_join *join;
    for (; count > 0 && (join = wi_joins_find(joins, id)) && join->waiting > 0; count--) {
        join->waiting--;
        joins->events.on_place(joins->events.context, id, verdict);
    }
}

static int waiting_grant(struct wi_joins *joins, struct wi_join *join, const char *id)
{
    if (join->waiting == 0 || join->joined >= join_limit(joins, join))
        return 0;
    join->waiting--;
    join->joined++;
    joins->events.on_place(joins->events.context, id, WI_JOIN_OK);
    return 1;
}

/* One step towards what the row should be; whether there may be another. */
static int join_step(struct wi_joins *joins, struct wi_join *join, const char *id)
{
    if (waiting_grant(joins, join, id))
        return 1;
    if (join->change == WI_JOIN_CHANGING || join->state == WI_JOIN_IS_NEW)
        return 0;
    size_t held = join_held(joins, join), target = join_target(joins, join);
    int is_away = join->change == WI_JOIN_FAILED || !wi_rows_is_ready(joins->rows);
    if (target != held && !is_away && places_write(joins, join, target) == 0)
        return 0;
    if (join->waiting > 0) {
        waiting_refuse(joins, id, join->waiting, is_away ? WI_JOIN_AWAY : WI_JOIN_FULL);
        return 1;
    }
    if (join->joined > held && target == held) /* its places were given to others */
        joins->events.on_fewer(joins->events.context, id, held);
    return 0;
}

/* While the servers are away it fails, which is told. */
static void withdrawn_step(struct wi_joins *joins, struct wi_join *join, const char *id)
{
    if (join->change == WI_JOIN_IDLE) {
        join->change = WI_JOIN_CHANGING;
        wi_rows_remove(joins->rows, WI_ROWS_JOINS, id);
    }
    waiting_refuse(joins, id, join->waiting, WI_JOIN_UNKNOWN);
}

/* What is called may come back here, and may end the token. */
void wi_joins_settle(struct wi_joins *joins, const char *token_id)
{
    struct wi_join *join = joins->rows ? wi_joins_find(joins, token_id) : NULL;
    char id[WI_ID_SIZE];
    int more = join != NULL && !join->settling;
    if (!more)
        return;
    memcpy(id, join->id, sizeof id);
    join->settling = 1;
    while (more && (join = wi_joins_find(joins, id))) {
        more = join->state != WI_JOIN_IS_WITHDRAWN;
        if (more)
            more = join_step(joins, join, id);
        else
            withdrawn_step(joins, join, id);
    }
    if ((join = wi_joins_find(joins, id)))
        join->settling = 0;
}

enum wi_join_verdict wi_joins_ask(struct wi_joins *joins, struct wi_join *join)
{
    if (!joins->rows)
        return WI_JOIN_AWAY; /* the service ends */
    if (join->joined + join->waiting < join_limit(joins, join)) {
        join->joined++;
        return WI_JOIN_OK;
    }
    if (!wi_rows_is_ready(joins->rows))
        return WI_JOIN_AWAY;
    join->waiting++;
    join_forget_failure(join);
    size_t target = join_target(joins, join);
    if (join->change == WI_JOIN_CHANGING ||
        (target > join_held(joins, join) && places_write(joins, join, target) == 0))
        return WI_JOIN_ASKED;
    join->waiting--;
    return WI_JOIN_FULL;
}

/* --- the beginning and the end of a token ----------------------------------------------------- */

void wi_joins_publish(struct wi_joins *joins, struct wi_join *join, int64_t expires_at)
{
    struct wi_join_row *row = &join->row;
    join->is_shared = 1;
    join->state = WI_JOIN_IS_NEW;
    memcpy(row->id, join->id, sizeof row->id);
    memcpy(row->hash, join->hash, sizeof row->hash);
    memcpy(row->label, join->label, sizeof row->label);
    row->shareable = join->shareable;
    row->nodes = join->nodes;
    row->expires_at = expires_at;
    places_write(joins, join, 0);
}

void wi_joins_withdraw(struct wi_joins *joins, struct wi_join *join)
{
    join->state = WI_JOIN_IS_WITHDRAWN;
    join_forget_failure(join);
    wi_joins_settle(joins, join->id);
}

void wi_joins_await(struct wi_joins *joins, const char *id, wi_job_store_done_fn *done, void *data)
{
    struct wi_join *join = wi_joins_find(joins, id);
    join->done = done;
    join->done_data = data;
}

static void join_tell_done(struct wi_join *join, const struct wi_error *failure)
{
    wi_job_store_done_fn *done = join->done;
    join->done = NULL;
    if (done)
        done(join->done_data, failure);
}

/* A new token whose row has not come is forgotten. Without `failure` there are more rows than are
 * read. */
static void join_fail(struct wi_joins *joins, struct wi_join *join, const struct wi_error *failure)
{
    struct wi_error error;
    wi_error_set(&error, WI_CONFLICT, NULL,
        "the members have more than %zu join tokens; revoke some, or wait until some expire",
        ROWS_MAX);
    join_tell_done(join, failure ? failure : &error);
    wi_joins_drop(joins, join);
}

/* The token is no more: its nodes go. */
static void join_end(struct wi_joins *joins, struct wi_join *join)
{
    char id[WI_ID_SIZE];
    memcpy(id, join->id, sizeof id);
    join->state = WI_JOIN_IS_WITHDRAWN;
    waiting_refuse(joins, id, join->waiting, WI_JOIN_UNKNOWN);
    if (!(join = wi_joins_find(joins, id)))
        return;
    join_tell_done(join, NULL);
    wi_joins_drop(joins, join);
    joins->events.on_revoked(joins->events.context, id);
}

/* --- what comes of rows ----------------------------------------------------------------------- */

static struct wi_join *join_of_row(struct wi_joins *joins, const struct wi_join_row *row)
{
    struct wi_join *join = wi_joins_find(joins, row->id);
    if (join)
        return join;
    join = wi_joins_make(joins, 0);
    memcpy(join->id, row->id, sizeof join->id);
    join->is_shared = 1;
    return join;
}

/* Takes the row over. */
static void row_apply(struct wi_joins *joins, struct wi_join_row *row)
{
    struct wi_join *join = join_of_row(joins, row);
    wi_join_row_clear(&join->row);
    join->row = WI_TAKE(*row);
    memcpy(join->hash, join->row.hash, sizeof join->hash);
    memcpy(join->label, join->row.label, sizeof join->label);
    join->shareable = join->row.shareable;
    join->nodes = join->row.nodes;
    join->expires_ms = wi_now_ms() + (double)(join->row.expires_at - wi_wall_ms());
    if (join->state == WI_JOIN_IS_NEW)
        join->state = WI_JOIN_IS_KNOWN;
    join_forget_failure(join);
    if (join->change != WI_JOIN_CHANGING)
        join->least = SIZE_MAX;
    wi_joins_settle(joins, join->id);
}

static enum wi_read_fault on_row(void *context, const struct wi_row *row)
{
    struct wi_joins *joins = context;
    struct wi_join_row read = {0};
    enum wi_read_fault fault =
        row->text ? wi_join_row_read(&read, row->name, row->text, row->size) : WI_READ_GOOD;
    struct wi_join *join = wi_joins_find(joins, row->name);
    if (join && !join->is_shared)
        fault = WI_READ_GARBAGE; /* the id of a node token */
    else if (row->text && fault == WI_READ_GOOD)
        row_apply(joins, &read);
    else if (join)
        join_end(joins, join);
    wi_join_row_clear(&read);
    return fault;
}

static void on_changed(
    void *context, const char *name, enum wi_row_result result, const struct wi_error *error)
{
    struct wi_joins *joins = context;
    struct wi_join *join = wi_joins_find(joins, name);
    if (!join || !join->is_shared)
        return;
    join->change = result == WI_ROW_FAILED ? WI_JOIN_FAILED : WI_JOIN_IDLE;
    if (!error || error->code != WI_CLUSTER_UNAVAILABLE)
        join->least = SIZE_MAX;
    if (join->state == WI_JOIN_IS_NEW) {
        join_fail(joins, join, error);
        return;
    }
    if (join->state != WI_JOIN_IS_WITHDRAWN || join->change == WI_JOIN_FAILED)
        join_tell_done(join, error);
    wi_joins_settle(joins, name);
}

static void all_settle(struct wi_joins *joins)
{
    for (size_t i = joins->count; i-- > 0;) {
        if (i >= joins->count || !joins->items[i]->is_shared)
            continue;
        join_forget_failure(joins->items[i]);
        wi_joins_settle(joins, joins->items[i]->id);
    }
}

static void on_ready(void *context)
{
    struct wi_joins *joins = context;
    joins->events.on_known(joins->events.context);
    all_settle(joins);
}

/* --- sweeps ----------------------------------------------------------------------------------- */

/* Expired tokens go once all their places are free, and all clocks say that they have expired. */
static void join_sweep(struct wi_joins *joins, struct wi_join *join, struct wi_members_view *seen)
{
    int is_over = join->expires_ms + WI_MEMBER_SKEW_MS < wi_now_ms() && join->row.holder_count == 0;
    for (size_t i = 0; i < join->row.holder_count; i++)
        wi_rows_ask_lapsed(joins->rows, WI_ROWS_JOINS, join->row.holders[i].instance, seen);
    if (!is_over || join->state == WI_JOIN_IS_NEW || join->change == WI_JOIN_CHANGING ||
        join->joined + join->waiting > 0)
        return;
    join->change = WI_JOIN_CHANGING;
    wi_rows_remove(joins->rows, WI_ROWS_JOINS, join->id);
}

static void on_sweep(void *context, const struct wi_members_view *view)
{
    struct wi_joins *joins = context;
    struct wi_members_view seen = *view; /* and those that were asked about */
    all_settle(joins);
    for (size_t i = 0; i < joins->count && view->is_first; i++)
        if (joins->items[i]->is_shared && joins->items[i]->state != WI_JOIN_IS_WITHDRAWN)
            join_sweep(joins, joins->items[i], &seen);
}

static void on_lapsed(void *context, const char *instance)
{
    struct wi_joins *joins = context;
    for (size_t i = 0; i < joins->count; i++) {
        struct wi_join *join = joins->items[i];
        if (join->is_shared && join->state != WI_JOIN_IS_WITHDRAWN &&
            join->change != WI_JOIN_CHANGING && wi_join_row_held(&join->row, instance) > 0)
            row_write(joins, join, instance, 0);
    }
}

/* --- the beginning and the end ---------------------------------------------------------------- */

void wi_joins_share(
    struct wi_joins *joins, struct wi_rows *rows, const struct wi_joins_events *events)
{
    const struct wi_row_follower follower = {.on_row = on_row,
        .on_ready = on_ready,
        .on_sweep = on_sweep,
        .on_changed = on_changed,
        .on_lapsed = on_lapsed,
        .context = joins,
        .most = ROWS_MAX};
    joins->rows = rows;
    joins->events = *events;
    wi_rows_follow(rows, WI_ROWS_JOINS, &follower);
}

void wi_joins_unshare(struct wi_joins *joins)
{
    struct wi_error error;
    if (!joins->rows)
        return;
    wi_rows_unfollow(joins->rows, WI_ROWS_JOINS);
    joins->rows = NULL;
    wi_error_set(&error, WI_SHUTTING_DOWN, NULL, "the service is shutting down");
    for (size_t i = 0; i < joins->count; i++)
        join_tell_done(joins->items[i], &error);
}
