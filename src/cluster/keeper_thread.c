/*
 * The threads of the keeper: operations and entries of the watch wait in boxes under a mutex; one
 * thread works on them in the order in which they came, and the other one waits for entries. While
 * there is no connection operations fail at once.
 */
#include "cluster/keeper_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <utlist.h>

#define RETRY_NS (UINT64_C(1000) * 1000 * 1000)
/* The thread looks at its claim so often at the least. */
#define TICK_NS (UINT64_C(250) * 1000 * 1000)
/* The watch has to bring all that there was in so many ms: then the server is taken for lost. */
#define REPLAY_MS 60000.0
/* Entries that wait; then the watch does, too. */
#define ENTRIES_MAX 4096
#define WATCH_MS 200
/* When to ask again, in seconds, while there is no connection. */
#define RETRY_S 2

/* --- boxes ------------------------------------------------------------------------------------ */

void wi_keeper_item_give(struct wi_keeper *keeper, struct wi_keeper_item *item)
{
    DL_APPEND(keeper->out, item);
    if (keeper->async)
        uv_async_send(keeper->async);
}

void wi_keeper_item_fail(struct wi_keeper_item *item, const struct wi_broker_problem *problem)
{
    item->failed = 1;
    wi_error_set(&item->error, WI_CLUSTER_UNAVAILABLE, NULL,
        "stored jobs are kept by the cluster, whose servers cannot be used now: %s",
        problem->detail[0] ? problem->detail : "they are being connected to");
    wi_error_retry_after(&item->error, RETRY_S);
}

/* With the mutex: whatever waits fails, in its order. */
static void items_fail(struct wi_keeper *keeper, struct wi_keeper_item **items)
{
    struct wi_keeper_item *item;
    while ((item = *items)) {
        DL_DELETE(*items, item);
        wi_keeper_item_fail(item, &keeper->problem);
        wi_keeper_item_give(keeper, item);
    }
}

static void keeper_set_away(
    struct wi_keeper *keeper, struct wi_keeper_item **rest, const struct wi_broker_problem *problem)
{
    uv_mutex_lock(&keeper->mutex);
    keeper->away = 1;
    keeper->problem = *problem;
    items_fail(keeper, rest);
    items_fail(keeper, &keeper->in);
    if (keeper->async)
        uv_async_send(keeper->async);
    uv_mutex_unlock(&keeper->mutex);
}

static int is_stopped(void *context)
{
    struct wi_keeper *keeper = context;
    uv_mutex_lock(&keeper->mutex);
    int stop = keeper->stop;
    uv_mutex_unlock(&keeper->mutex);
    return stop;
}

/* --- the watcher ------------------------------------------------------------------------------ */

/* Takes the entry over; whether to go on. */
static int entry_give(struct wi_keeper *keeper, const struct wi_broker_entry *entry)
{
    struct wi_keeper_came *came = wi_alloc(sizeof *came);
    came->entry = *entry;
    uv_mutex_lock(&keeper->mutex);
    while (keeper->entry_count >= ENTRIES_MAX && keeper->watching)
        uv_cond_wait(&keeper->room, &keeper->mutex);
    DL_APPEND(keeper->entries, came);
    keeper->entry_count++;
    uv_cond_signal(&keeper->wake);
    int go_on = keeper->watching;
    uv_mutex_unlock(&keeper->mutex);
    return go_on;
}

static int is_watching(struct wi_keeper *keeper)
{
    uv_mutex_lock(&keeper->mutex);
    int watching = keeper->watching;
    uv_mutex_unlock(&keeper->mutex);
    return watching;
}

static void watcher_run(void *data)
{
    struct wi_keeper *keeper = data;
    struct wi_broker_problem problem;
    int got = 0, go_on = 1;
    while (go_on && got >= 0) {
        struct wi_broker_entry entry;
        got = wi_broker_next(keeper->broker, WATCH_MS, WI_KV_VALUE_MAX, &entry, &problem);
        go_on = got > 0 ? entry_give(keeper, &entry) : is_watching(keeper);
    }
    if (got >= 0)
        return;
    uv_mutex_lock(&keeper->mutex);
    keeper->watch_failed = 1;
    keeper->problem = problem;
    uv_cond_signal(&keeper->wake);
    uv_mutex_unlock(&keeper->mutex);
}

static void watcher_end(struct wi_keeper *keeper)
{
    struct wi_keeper_came *came, *next;
    uv_mutex_lock(&keeper->mutex);
    keeper->watching = 0;
    uv_cond_signal(&keeper->room);
    uv_mutex_unlock(&keeper->mutex);
    uv_thread_join(&keeper->watcher);
    DL_FOREACH_SAFE(keeper->entries, came, next)
    {
        wi_broker_entry_clear(&came->entry);
        free(came);
    }
    keeper->entries = NULL;
    keeper->entry_count = 0;
}

/* --- the thread ------------------------------------------------------------------------------- */

static enum wi_code item_work(struct wi_keeper *keeper, struct wi_keeper_item *item)
{
    struct wi_shared_jobs *jobs = keeper->jobs;
    struct wi_error *error = &item->error;
    switch (item->verb) {
    case WI_KEEPER_ACCEPT:
        return wi_shared_accept(jobs, item->op, error);
    case WI_KEEPER_TAKE:
        return wi_shared_take(jobs, item->op, error);
    case WI_KEEPER_GIVE_BACK:
        return wi_shared_return(jobs, item->op, error);
    case WI_KEEPER_FINISH:
        return wi_shared_finish(jobs, item->op, error);
    case WI_KEEPER_CANCEL:
        return wi_shared_cancel(jobs, item->op, error);
    case WI_KEEPER_READ:
        return wi_shared_read(jobs, item->op, error);
    case WI_KEEPER_LIST:
        return wi_shared_list(jobs, item->op, error);
    default:
        return wi_shared_sweep(jobs, item->op, item->view, wi_now_ms(), error);
    }
}

/* Until the connection is lost; what is left over stays in the list. */
static void items_work(struct wi_keeper *keeper, struct wi_keeper_item **items)
{
    struct wi_keeper_item *item;
    while ((item = *items) && wi_shared_is_ready(keeper->jobs)) {
        DL_DELETE(*items, item);
        item->failed = item_work(keeper, item) != WI_OK;
        uv_mutex_lock(&keeper->mutex);
        wi_shared_counters(keeper->jobs, &keeper->counters);
        wi_keeper_item_give(keeper, item);
        uv_mutex_unlock(&keeper->mutex);
    }
}

/* Waits for entries, for operations once these can be worked on, or for the next tick. */
static void boxes_take(
    struct wi_keeper *keeper, struct wi_keeper_came **entries, struct wi_keeper_item **items)
{
    int ready = wi_shared_is_ready(keeper->jobs);
    uv_mutex_lock(&keeper->mutex);
    if (!keeper->entries && !(ready && keeper->in) && !keeper->stop && !keeper->watch_failed)
        uv_cond_timedwait(&keeper->wake, &keeper->mutex, TICK_NS);
    *entries = keeper->entries;
    keeper->entries = NULL;
    keeper->entry_count = 0;
    uv_cond_signal(&keeper->room);
    if (ready) {
        *items = keeper->in;
        keeper->in = NULL;
    }
    keeper->away &= !ready;
    uv_mutex_unlock(&keeper->mutex);
}

static void entries_apply(struct wi_keeper *keeper, struct wi_keeper_came *entries)
{
    struct wi_keeper_came *came, *next;
    DL_FOREACH_SAFE(entries, came, next)
    {
        wi_shared_apply(keeper->jobs, &came->entry, wi_now_ms());
        wi_broker_entry_clear(&came->entry);
        free(came);
    }
}

/* Whether the connection is of no more use, with the problem. */
static int is_lost(struct wi_keeper *keeper, double since_ms, struct wi_broker_problem *problem)
{
    if (wi_shared_is_lost(keeper->jobs, problem))
        return 1;
    uv_mutex_lock(&keeper->mutex);
    int failed = keeper->watch_failed;
    if (failed)
        *problem = keeper->problem;
    uv_mutex_unlock(&keeper->mutex);
    int is_late = !wi_shared_is_ready(keeper->jobs) && wi_now_ms() - since_ms > REPLAY_MS;
    if (is_late)
        *problem = (struct wi_broker_problem){
            WI_BROKER_UNREACHABLE, "the stored jobs could not be read in 60 s"};
    return failed || is_late;
}

/* Until the connection is lost, or the end. */
static void keeper_serve(struct wi_keeper *keeper)
{
    struct wi_broker_problem problem = {0};
    struct wi_keeper_item *items = NULL;
    double since_ms = wi_now_ms();
    int lost = 0;
    while (!lost && !is_stopped(keeper)) {
        struct wi_keeper_came *entries;
        boxes_take(keeper, &entries, &items);
        entries_apply(keeper, entries);
        items_work(keeper, &items);
        if (wi_shared_is_ready(keeper->jobs))
            wi_shared_tick(keeper->jobs, wi_now_ms());
        lost = is_lost(keeper, since_ms, &problem);
    }
    if (!lost)
        wi_shared_leave(keeper->jobs);
    keeper_set_away(keeper, &items, &problem);
}

static void keeper_rest(struct wi_keeper *keeper)
{
    uv_mutex_lock(&keeper->mutex);
    if (!keeper->stop)
        uv_cond_timedwait(&keeper->wake, &keeper->mutex, RETRY_NS);
    uv_mutex_unlock(&keeper->mutex);
}

/* With a connection. */
static void keeper_use(struct wi_keeper *keeper)
{
    wi_broker_kv(keeper->broker, &keeper->kv);
    wi_shared_begin(keeper->jobs, wi_now_ms());
    keeper->watching = 1;
    keeper->watch_failed = 0;
    int status = uv_thread_create(&keeper->watcher, watcher_run, keeper);
    if (status != 0)
        return; /* it is tried again */
    keeper_serve(keeper);
    watcher_end(keeper);
}

void wi_keeper_run(void *data)
{
    struct wi_keeper *keeper = data;
    while (!is_stopped(keeper)) {
        struct wi_broker_problem problem;
        struct wi_keeper_item *none = NULL;
        keeper->broker = wi_broker_search(
            &keeper->servers, &keeper->terms.broker, is_stopped, keeper, NULL, &problem);
        if (keeper->broker)
            keeper_use(keeper);
        else
            keeper_set_away(keeper, &none, &problem);
        wi_broker_close(keeper->broker);
        keeper->broker = NULL;
        keeper_rest(keeper);
    }
}

void wi_keeper_on_news(void *listener, enum wi_job_news news, const char *id)
{
    struct wi_keeper *keeper = listener;
    struct wi_keeper_item *item = wi_alloc(sizeof *item);
    item->verb = WI_KEEPER_NEWS;
    item->news = news;
    wi_text_copy(item->id, sizeof item->id, id);
    uv_mutex_lock(&keeper->mutex);
    wi_keeper_item_give(keeper, item);
    uv_mutex_unlock(&keeper->mutex);
}
