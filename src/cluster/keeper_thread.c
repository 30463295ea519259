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
#include <string.h>
#include <utlist.h>

#define RETRY_NS (UINT64_C(1000) * 1000 * 1000)
/* The thread looks at its claim so often at the least. */
#define TICK_NS (UINT64_C(250) * 1000 * 1000)
/* The watch has to bring all that there was in so many ms: then the server is taken for lost. */
#define REPLAY_MS 60000.0
/* Entries that wait; then the watch does, too. */
#define ENTRIES_MAX 4096
#define WATCH_MS 200
/* Rows that the loop has not taken yet; then the thread waits. */
#define ROWS_MAX 1024

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
        "%s kept by the cluster, whose servers cannot be used now: %s",
        item->verb == WI_KEEPER_ROW ? "what members share is" : "stored jobs are",
        problem->detail[0] ? problem->detail : "they are being connected to");
    wi_error_retry_after(&item->error, WI_SHARED_RETRY_S);
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Takes the entry over. With the mutex. */
static void news_give(
    struct wi_keeper *keeper, enum wi_row_news news, const struct wi_broker_entry *entry)
{
    struct wi_keeper_item *item = wi_alloc(sizeof *item);
    item->verb = WI_KEEPER_ROW_NEWS;
    item->row_news = news;
    if (entry)
        item->entry = *entry;
    keeper->row_count++;
    wi_keeper_item_give(keeper, item);
}

static void row_give(struct wi_keeper *keeper, const struct wi_broker_entry *entry)
{
    uv_mutex_lock(&keeper->mutex);
    while (keeper->row_count >= ROWS_MAX && keeper->async && !keeper->stop)
        uv_cond_wait(&keeper->taken, &keeper->mutex);
    news_give(keeper, WI_ROWS_ENTRY, entry);
    uv_mutex_unlock(&keeper->mutex);
}

/* Takes the entry over if it is of a row: then 1. */
static int row_came(struct wi_keeper *keeper, struct wi_broker_entry *entry, double now_ms)
{
    if (!entry->key || strncmp(entry->key, WI_ROW_PREFIX, strlen(WI_ROW_PREFIX)) != 0)
        return 0;
    if (entry->removed && strlen(entry->key) < WI_KV_KEY_SIZE)
        wi_shared_mark(keeper->jobs, entry, now_ms);
    row_give(keeper, entry);
    *entry = (struct wi_broker_entry){0};
    return 1;
}

static enum wi_code row_fail(struct wi_keeper *keeper, enum wi_kv_result result,
    const struct wi_broker_problem *problem, struct wi_error *error)
{
    if (result == WI_KV_FULL)
        return wi_error_set(error, WI_STORAGE_FAILED, NULL, "%s", problem->detail);
    wi_shared_lose(keeper->jobs, problem);
    wi_error_set(error, WI_CLUSTER_UNAVAILABLE, NULL,
        "the cluster's servers did not acknowledge it, so it may be done or not (%s)",
        problem->detail);
    wi_error_retry_after(error, WI_SHARED_RETRY_S);
    return WI_CLUSTER_UNAVAILABLE;
}

/* What another member has made of it comes before the answer. */
static enum wi_code row_refresh(
    struct wi_keeper *keeper, const struct wi_row_change *op, struct wi_error *error)
{
    struct wi_broker_problem problem;
    struct wi_broker_entry entry;
    const struct wi_kv *kv = &keeper->kv;
    enum wi_kv_result result = kv->read(kv->context, op->key, WI_KV_VALUE_MAX, &entry, &problem);
    if (result == WI_KV_LOST || result == WI_KV_FULL)
        return row_fail(keeper, result, &problem, error);
    if (result == WI_KV_OTHER)
        entry = (struct wi_broker_entry){.key = wi_strdup(op->key), .removed = 1};
    row_give(keeper, &entry);
    return WI_OK;
}

static enum wi_code row_write(
    struct wi_keeper *keeper, struct wi_row_change *op, struct wi_error *error)
{
    struct wi_broker_problem problem;
    const struct wi_kv *kv = &keeper->kv;
    enum wi_kv_result result =
        kv->write(kv->context, op->key, op->text, op->size, &op->revision, &problem);
    if (result == WI_KV_LOST || result == WI_KV_FULL)
        return row_fail(keeper, result, &problem, error);
    op->done = result == WI_KV_DONE;
    return op->done ? WI_OK : row_refresh(keeper, op, error);
}

/* Servers that are full may refuse the mark, too. */
static enum wi_code row_remove(
    struct wi_keeper *keeper, struct wi_row_change *op, struct wi_error *error)
{
    struct wi_broker_problem problem;
    struct wi_broker_entry entry = {0};
    const struct wi_kv *kv = &keeper->kv;
    enum wi_kv_result result = kv->remove(kv->context, op->key, &problem), found = WI_KV_OTHER;
    if (result == WI_KV_OTHER)
        found = kv->read(kv->context, op->key, 0, &entry, &problem);
    wi_broker_entry_clear(&entry);
    if (result == WI_KV_LOST || found == WI_KV_LOST)
        return row_fail(keeper, WI_KV_LOST, &problem, error);
    op->done = found == WI_KV_OTHER;
    return op->done ? WI_OK
                    : wi_error_set(error, WI_STORAGE_FAILED, NULL,
                          "the cluster's servers do not remove it; give JetStream there more room");
}

static enum wi_code row_work(
    struct wi_keeper *keeper, struct wi_row_change *op, struct wi_error *error)
{
    switch (op->verb) {
    case WI_ROW_WRITE:
        return row_write(keeper, op, error);
    case WI_ROW_REMOVE:
        return row_remove(keeper, op, error);
    default:
        op->done = wi_shared_has_lapsed(keeper->jobs, op->holder, wi_now_ms());
        return WI_OK;
    }
}

static void rows_begin(struct wi_keeper *keeper)
{
    uv_mutex_lock(&keeper->mutex);
    news_give(keeper, WI_ROWS_BEGIN, NULL);
    uv_mutex_unlock(&keeper->mutex);
}

/* --- what fails ------------------------------------------------------------------------------- */

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
    news_give(keeper, WI_ROWS_AWAY, NULL);
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
    case WI_KEEPER_ROW:
        return row_work(keeper, item->op, error);
    default:
        return wi_shared_sweep(jobs, item->op, item->view, wi_now_ms(), error);
    }
}

/* The first of the list has ended. */
static void item_end(struct wi_keeper *keeper, struct wi_keeper_item **items, enum wi_code code)
{
    struct wi_keeper_item *item = *items;
    DL_DELETE(*items, item);
    item->failed = code != WI_OK;
    uv_mutex_lock(&keeper->mutex);
    wi_shared_counters(keeper->jobs, &keeper->counters);
    wi_keeper_item_give(keeper, item);
    uv_mutex_unlock(&keeper->mutex);
}

/* Those at the head of the list that accept, together. */
static void accepts_work(struct wi_keeper *keeper, struct wi_keeper_item **items)
{
    struct wi_shared_accept all[WI_SHARED_ACCEPTS_MAX];
    struct wi_keeper_item *item = *items;
    size_t count = 0;
    for (; item && item->verb == WI_KEEPER_ACCEPT && count < WI_SHARED_ACCEPTS_MAX;
         item = item->next)
        all[count++] = (struct wi_shared_accept){.op = item->op, .error = &item->error};
    size_t ended = wi_shared_accept(keeper->jobs, all, count);
    for (size_t i = 0; i < ended; i++)
        item_end(keeper, items, all[i].code);
}

/* Until the connection is lost; what is left over stays in the list. */
static void items_work(struct wi_keeper *keeper, struct wi_keeper_item **items)
{
    while (*items && wi_shared_is_ready(keeper->jobs)) {
        if ((*items)->verb == WI_KEEPER_ACCEPT)
            accepts_work(keeper, items);
        else
            item_end(keeper, items, item_work(keeper, *items));
        if (wi_shared_is_ready(keeper->jobs))
            wi_shared_renew(keeper->jobs, wi_now_ms());
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
    if (keeper->away && ready)
        news_give(keeper, WI_ROWS_READY, NULL);
    keeper->away &= !ready;
    uv_mutex_unlock(&keeper->mutex);
}

static void entries_apply(struct wi_keeper *keeper, struct wi_keeper_came *entries)
{
    struct wi_keeper_came *came, *next;
    DL_FOREACH_SAFE(entries, came, next)
    {
        if (!row_came(keeper, &came->entry, wi_now_ms()))
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
    rows_begin(keeper);
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
