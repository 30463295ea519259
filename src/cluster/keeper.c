/* See keeper.h: the loop's side. keeper_thread.c has that of the threads. */
#include "cluster/keeper_private.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* So much is called back in one turn of the loop: what comes of very many records at once must not
 * hold up the rest. */
#define ITEMS_PER_TURN 64

/* --- the loop --------------------------------------------------------------------------------- */

static void free_async(uv_handle_t *handle)
{
    free(handle);
}

/* The handle keeps the loop turning only while operations are under way. */
static void hold_loop(struct wi_keeper *keeper)
{
    uv_handle_t *handle = (uv_handle_t *)keeper->async;
    if (keeper->pending > 0)
        uv_ref(handle);
    else
        uv_unref(handle);
    if (keeper->pending > 0 || !keeper->closing)
        return;
    uv_mutex_lock(&keeper->mutex);
    keeper->async = NULL;
    uv_cond_signal(&keeper->taken);
    uv_mutex_unlock(&keeper->mutex);
    uv_close(handle, free_async);
}

static void item_call_back(struct wi_keeper *keeper, struct wi_keeper_item *item)
{
    int has_entry = item->row_news == WI_ROWS_ENTRY;
    if (item->done)
        item->done(item->data, item->failed ? &item->error : NULL);
    else if (item->verb == WI_KEEPER_NEWS && keeper->tell)
        keeper->tell(keeper->listener, item->news, item->id);
    else if (item->verb == WI_KEEPER_ROW_NEWS && keeper->tell_row)
        keeper->tell_row(keeper->row_listener, item->row_news, has_entry ? &item->entry : NULL);
    wi_broker_entry_clear(&item->entry);
    free(item->view);
    free(item);
}

/* Said once: a problem that stays, and one that comes back before jobs could be used again, are not
 * said again. Nor is anything said while this daemon is no member: the cluster says why. With the
 * mutex. */
static void problem_tell(struct wi_keeper *keeper)
{
    const char *detail = keeper->away ? keeper->problem.detail : "";
    if (strcmp(keeper->told, detail) == 0 ||
        (*detail && keeper->terms.refuse(keeper->terms.context)))
        return;
    if (*detail)
        wi_warn("cluster", NULL, "stored jobs cannot be used now: %s", detail);
    wi_text_copy(keeper->told, sizeof keeper->told, detail);
}

/* Once for each sweep that has removed some. With the mutex. */
static void orphans_tell(struct wi_keeper *keeper)
{
    uint64_t fresh = keeper->counters.orphans - keeper->orphans_told;
    if (fresh > 0)
        wi_info("cluster", NULL,
            "removed %llu bodies, answers and Idempotency-Keys that belong to no stored job",
            (unsigned long long)fresh);
    keeper->orphans_told = keeper->counters.orphans;
}

/* What is called back in this turn; the next one has the rest. With the mutex. */
static struct wi_keeper_item *items_take(struct wi_keeper *keeper)
{
    struct wi_keeper_item *taken = NULL, *item;
    for (size_t i = 0; i < ITEMS_PER_TURN && (item = keeper->out); i++) {
        DL_DELETE(keeper->out, item);
        DL_APPEND(taken, item);
        keeper->row_count -= item->verb == WI_KEEPER_ROW_NEWS;
    }
    uv_cond_signal(&keeper->taken);
    if (keeper->out)
        uv_async_send(keeper->async);
    return taken;
}

static void on_async(uv_async_t *async)
{
    struct wi_keeper *keeper = async->data;
    struct wi_keeper_item *item, *next;
    uv_mutex_lock(&keeper->mutex);
    struct wi_keeper_item *out = items_take(keeper);
    problem_tell(keeper);
    orphans_tell(keeper);
    uv_mutex_unlock(&keeper->mutex);
    for (item = out; item; item = item->next)
        keeper->pending -= item->done != NULL;
    DL_FOREACH_SAFE(out, item, next)
    {
        item_call_back(keeper, item);
    }
    if (keeper->async) /* it may have been closed by what was called */
        hold_loop(keeper);
}

/* Whether this daemon may take part; else the item has failed. */
static int item_admit(struct wi_keeper *keeper, struct wi_keeper_item *item)
{
    const char *why = keeper->terms.refuse(keeper->terms.context);
    if (why)
        wi_error_set(&item->error, WI_CLUSTER_UNAVAILABLE, NULL,
            "%s kept by the cluster, which cannot be used now: %s",
            item->verb == WI_KEEPER_ROW ? "what members share is" : "stored jobs are", why);
    item->failed = why != NULL;
    return !item->failed;
}

static void item_submit(struct wi_keeper *keeper, enum wi_keeper_verb verb, void *op,
    wi_job_store_done_fn *done, void *data)
{
    struct wi_keeper_item *item = wi_alloc(sizeof *item);
    *item = (struct wi_keeper_item){.verb = verb, .op = op, .done = done, .data = data};
    if (keeper->async == NULL) {
        DL_APPEND(keeper->late, item);
        return;
    }
    if (verb == WI_KEEPER_SWEEP) {
        item->view = wi_alloc(sizeof *item->view);
        keeper->terms.look(keeper->terms.context, item->view);
    }
    item_admit(keeper, item);
    keeper->pending++;
    hold_loop(keeper);
    uv_mutex_lock(&keeper->mutex);
    if (!item->failed && keeper->away)
        wi_keeper_item_fail(item, &keeper->problem);
    if (item->failed) {
        wi_keeper_item_give(keeper, item);
    } else {
        DL_APPEND(keeper->in, item);
        uv_cond_signal(&keeper->wake);
    }
    uv_mutex_unlock(&keeper->mutex);
}

static void keeper_accept(
    void *keeper, struct wi_record_accept *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, WI_KEEPER_ACCEPT, op, done, data);
}

static void keeper_take(
    void *keeper, struct wi_record_take *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, WI_KEEPER_TAKE, op, done, data);
}

static void keeper_give_back(
    void *keeper, struct wi_record_return *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, WI_KEEPER_GIVE_BACK, op, done, data);
}

static void keeper_finish(
    void *keeper, struct wi_record_finish *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, WI_KEEPER_FINISH, op, done, data);
}

static void keeper_cancel(
    void *keeper, struct wi_record_cancel *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, WI_KEEPER_CANCEL, op, done, data);
}

static void keeper_read(
    void *keeper, struct wi_record_read *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, WI_KEEPER_READ, op, done, data);
}

static void keeper_list(
    void *keeper, struct wi_record_list *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, WI_KEEPER_LIST, op, done, data);
}

static void keeper_sweep(
    void *keeper, struct wi_record_sweep *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, WI_KEEPER_SWEEP, op, done, data);
}

static enum wi_code keeper_health(const void *context, struct wi_error *error)
{
    struct wi_keeper *keeper = (struct wi_keeper *)context;
    struct wi_keeper_item item = {0};
    if (item_admit(keeper, &item)) {
        uv_mutex_lock(&keeper->mutex);
        if (keeper->away)
            wi_keeper_item_fail(&item, &keeper->problem);
        uv_mutex_unlock(&keeper->mutex);
    }
    if (item.failed)
        *error = item.error;
    return item.failed ? item.error.code : WI_OK;
}

static void keeper_listen(void *context, wi_job_news_fn *tell, void *listener)
{
    struct wi_keeper *keeper = context;
    keeper->tell = tell;
    keeper->listener = listener;
}

void wi_keeper_open(struct wi_keeper *keeper, struct wi_job_store *store)
{
    *store = (struct wi_job_store){.context = keeper,
        .name = "the cluster",
        .accept = keeper_accept,
        .take = keeper_take,
        .give_back = keeper_give_back,
        .finish = keeper_finish,
        .cancel = keeper_cancel,
        .read = keeper_read,
        .list = keeper_list,
        .sweep = keeper_sweep,
        .health = keeper_health,
        .listen = keeper_listen};
}

static void keeper_change(
    void *keeper, struct wi_row_change *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, WI_KEEPER_ROW, op, done, data);
}

static void keeper_listen_rows(void *context, wi_row_news_fn *tell, void *listener)
{
    struct wi_keeper *keeper = context;
    keeper->tell_row = tell;
    keeper->row_listener = listener;
}

void wi_keeper_open_rows(struct wi_keeper *keeper, struct wi_row_store *store)
{
    *store = (struct wi_row_store){
        .context = keeper, .change = keeper_change, .listen = keeper_listen_rows};
}

void wi_keeper_counters(struct wi_keeper *keeper, struct wi_shared_counters *counters)
{
    uv_mutex_lock(&keeper->mutex);
    *counters = keeper->counters;
    uv_mutex_unlock(&keeper->mutex);
}

/* --- the beginning and the end ---------------------------------------------------------------- */

static void keeper_release(struct wi_keeper *keeper)
{
    wi_shared_jobs_free(keeper->jobs);
    wi_strings_clear(&keeper->servers);
    wi_broker_terms_clear(&keeper->terms.broker);
    uv_cond_destroy(&keeper->wake);
    uv_cond_destroy(&keeper->room);
    uv_cond_destroy(&keeper->taken);
    uv_mutex_destroy(&keeper->mutex);
    free(keeper);
}

static enum wi_code jobs_make(struct wi_keeper *keeper, struct wi_error *error)
{
    struct wi_shared_terms terms = {.kv = &keeper->kv,
        .ack_wait_ms = (double)keeper->terms.ack_wait_ms,
        .tell = wi_keeper_on_news,
        .listener = keeper};
    wi_text_copy(terms.instance, sizeof terms.instance, keeper->terms.instance);
    keeper->jobs = wi_shared_jobs_new(&terms, error);
    return keeper->jobs ? WI_OK : error->code;
}

struct wi_keeper *wi_keeper_start(
    uv_loop_t *loop, const struct wi_keeper_terms *terms, struct wi_error *error)
{
    struct wi_keeper *keeper = wi_alloc(sizeof *keeper);
    keeper->away = 1;
    keeper->terms = *terms;
    keeper->terms.broker = wi_broker_terms_copy(&terms->broker);
    wi_strings_copy(&keeper->servers, terms->servers);
    uv_mutex_init(&keeper->mutex);
    uv_cond_init(&keeper->wake);
    uv_cond_init(&keeper->room);
    uv_cond_init(&keeper->taken);
    if (jobs_make(keeper, error) != WI_OK) {
        keeper_release(keeper);
        return NULL;
    }
    keeper->async = wi_alloc(sizeof *keeper->async);
    int status = uv_async_init(loop, keeper->async, on_async);
    assert(status == 0);
    keeper->async->data = keeper;
    status = uv_thread_create(&keeper->thread, wi_keeper_run, keeper);
    if (status == 0) {
        hold_loop(keeper);
        return keeper;
    }
    wi_error_set(error, WI_UNAVAILABLE, NULL, "cannot start the thread that keeps jobs: %s",
        uv_strerror(status));
    uv_close((uv_handle_t *)keeper->async, free_async);
    keeper_release(keeper);
    return NULL;
}

void wi_keeper_close(struct wi_keeper *keeper)
{
    if (!keeper || !keeper->async)
        return;
    keeper->closing = 1;
    hold_loop(keeper);
}

/* What came too late fails, and what is asked because of that. */
static void late_fail(struct wi_keeper *keeper)
{
    static const struct wi_broker_problem ended = {WI_BROKER_OTHER, "this daemon ends"};
    struct wi_keeper_item *item;
    while ((item = keeper->late)) {
        DL_DELETE(keeper->late, item);
        wi_keeper_item_fail(item, &ended);
        item_call_back(keeper, item);
    }
}

void wi_keeper_free(struct wi_keeper *keeper)
{
    struct wi_keeper_item *item, *next;
    if (!keeper)
        return;
    uv_mutex_lock(&keeper->mutex);
    keeper->stop = 1;
    uv_cond_signal(&keeper->wake);
    uv_cond_signal(&keeper->taken);
    uv_mutex_unlock(&keeper->mutex);
    uv_thread_join(&keeper->thread);
    keeper->tell = NULL;
    keeper->tell_row = NULL;
    DL_FOREACH_SAFE(keeper->out, item, next)
    {
        item_call_back(keeper, item); /* news that nothing waits for */
    }
    late_fail(keeper);
    keeper_release(keeper);
}
