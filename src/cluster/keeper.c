/*
 * See keeper.h. Operations and entries of the watch wait in boxes under a mutex; the thread works
 * on them in the order in which they came. While there is no connection operations fail at once.
 */
#include "cluster/keeper.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include <assert.h>
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
/* When to ask again, in seconds, while there is no connection. */
#define RETRY_S 2

enum verb { NEWS, ACCEPT, TAKE, GIVE_BACK, FINISH, CANCEL, READ, LIST, SWEEP };

/* An operation on its way to the thread and back, or news. */
struct item {
    enum verb verb;
    void *op;
    wi_job_store_done_fn *done;
    void *data;
    int failed;
    struct wi_error error;
    struct wi_shared_view *view; /* of a sweep; owned */
    enum wi_job_news news;
    char id[WI_ID_SIZE];
    struct item *prev, *next;
};

struct came {
    struct wi_broker_entry entry;
    struct came *prev, *next;
};

struct wi_keeper {
    struct wi_keeper_terms terms; /* of owned strings */
    struct wi_strings servers;
    uv_thread_t thread, watcher;
    struct wi_kv kv;
    struct wi_shared_jobs *jobs; /* the thread's */
    struct wi_broker *broker;    /* likewise; the watcher waits at it */
    struct item *late;           /* the loop's: what came after its end */
    size_t pending;              /* the loop's */
    int closing;
    char told[sizeof(struct wi_broker_problem)]; /* the loop's: the last problem in the log */
    wi_job_news_fn *tell;                        /* the loop's */
    void *listener;
    /* The rest is shared; access requires the mutex. */
    uv_mutex_t mutex;
    uv_cond_t wake, room;
    uv_async_t *async; /* NULL: the loop needs it no more */
    struct item *in, *out;
    struct came *entries;
    size_t entry_count;
    int away; /* there is no connection: `problem` */
    struct wi_broker_problem problem;
    int watching; /* the watcher is to go on */
    int watch_failed;
    struct wi_shared_counters counters;
    int stop;
};

/* --- boxes ------------------------------------------------------------------------------------ */

/* With the mutex. */
static void item_give(struct wi_keeper *keeper, struct item *item)
{
    DL_APPEND(keeper->out, item);
    if (keeper->async)
        uv_async_send(keeper->async);
}

static void item_fail(struct item *item, const struct wi_broker_problem *problem)
{
    item->failed = 1;
    wi_error_set(&item->error, WI_CLUSTER_UNAVAILABLE, NULL,
        "stored jobs are kept by the cluster, whose servers cannot be used now: %s",
        problem->detail[0] ? problem->detail : "they are being connected to");
    wi_error_retry_after(&item->error, RETRY_S);
}

/* With the mutex: whatever waits fails, in its order. */
static void items_fail(struct wi_keeper *keeper, struct item **items)
{
    struct item *item;
    while ((item = *items)) {
        DL_DELETE(*items, item);
        item_fail(item, &keeper->problem);
        item_give(keeper, item);
    }
}

static void keeper_set_away(
    struct wi_keeper *keeper, struct item **rest, const struct wi_broker_problem *problem)
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

static int is_stopped(struct wi_keeper *keeper)
{
    uv_mutex_lock(&keeper->mutex);
    int stop = keeper->stop;
    uv_mutex_unlock(&keeper->mutex);
    return stop;
}

/* --- the watcher ------------------------------------------------------------------------------ */

/* Takes the entry over; whether to go on. */
static int entry_give(struct wi_keeper *keeper, const struct wi_broker_entry *entry)
{
    struct came *came = wi_alloc(sizeof *came);
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
    struct came *came, *next;
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

static enum wi_code item_work(struct wi_keeper *keeper, struct item *item)
{
    struct wi_shared_jobs *jobs = keeper->jobs;
    struct wi_error *error = &item->error;
    switch (item->verb) {
    case ACCEPT:
        return wi_shared_accept(jobs, item->op, error);
    case TAKE:
        return wi_shared_take(jobs, item->op, error);
    case GIVE_BACK:
        return wi_shared_return(jobs, item->op, error);
    case FINISH:
        return wi_shared_finish(jobs, item->op, error);
    case CANCEL:
        return wi_shared_cancel(jobs, item->op, error);
    case READ:
        return wi_shared_read(jobs, item->op, error);
    case LIST:
        return wi_shared_list(jobs, item->op, error);
    default:
        return wi_shared_sweep(jobs, item->op, item->view, wi_now_ms(), error);
    }
}

/* Until the connection is lost; what is left over stays in the list. */
static void items_work(struct wi_keeper *keeper, struct item **items)
{
    struct item *item;
    while ((item = *items) && wi_shared_is_ready(keeper->jobs)) {
        DL_DELETE(*items, item);
        item->failed = item_work(keeper, item) != WI_OK;
        uv_mutex_lock(&keeper->mutex);
        wi_shared_counters(keeper->jobs, &keeper->counters);
        item_give(keeper, item);
        uv_mutex_unlock(&keeper->mutex);
    }
}

/* Waits for entries, for operations once these can be worked on, or for the next tick. */
static void boxes_take(struct wi_keeper *keeper, struct came **entries, struct item **items)
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

static void entries_apply(struct wi_keeper *keeper, struct came *entries)
{
    struct came *came, *next;
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
    struct item *items = NULL;
    double since_ms = wi_now_ms();
    int lost = 0;
    while (!lost && !is_stopped(keeper)) {
        struct came *entries;
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

/* Tries each server once. */
static struct wi_broker *keeper_connect(struct wi_keeper *keeper, struct wi_broker_problem *problem)
{
    struct wi_broker *broker = NULL;
    *problem = (struct wi_broker_problem){0};
    for (size_t i = 0; i < keeper->servers.count && !broker && !is_stopped(keeper); i++) {
        struct wi_broker_problem one;
        broker = wi_broker_open(keeper->servers.items[i], &keeper->terms.broker, &one);
        if (!broker && problem->fault <= WI_BROKER_UNREACHABLE)
            *problem = one;
    }
    return broker;
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

static void keeper_run(void *data)
{
    struct wi_keeper *keeper = data;
    while (!is_stopped(keeper)) {
        struct wi_broker_problem problem;
        struct item *none = NULL;
        keeper->broker = keeper_connect(keeper, &problem);
        if (keeper->broker)
            keeper_use(keeper);
        else
            keeper_set_away(keeper, &none, &problem);
        wi_broker_close(keeper->broker);
        keeper->broker = NULL;
        keeper_rest(keeper);
    }
}

/* On the thread. */
static void on_news(void *listener, enum wi_job_news news, const char *id)
{
    struct wi_keeper *keeper = listener;
    struct item *item = wi_alloc(sizeof *item);
    item->verb = NEWS;
    item->news = news;
    wi_text_copy(item->id, sizeof item->id, id);
    uv_mutex_lock(&keeper->mutex);
    item_give(keeper, item);
    uv_mutex_unlock(&keeper->mutex);
}

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
    uv_mutex_unlock(&keeper->mutex);
    uv_close(handle, free_async);
}

static void item_call_back(struct wi_keeper *keeper, struct item *item)
{
    if (item->verb != NEWS)
        item->done(item->data, item->failed ? &item->error : NULL);
    else if (keeper->tell)
        keeper->tell(keeper->listener, item->news, item->id);
    free(item->view);
    free(item);
}

/* Said once: a problem that stays, and one that comes back before jobs could be used again, are not
 * said again. With the mutex. */
static void problem_tell(struct wi_keeper *keeper)
{
    const char *detail = keeper->away ? keeper->problem.detail : "";
    if (strcmp(keeper->told, detail) == 0)
        return;
    if (*detail)
        wi_warn("cluster", NULL, "stored jobs cannot be used now: %s", detail);
    wi_text_copy(keeper->told, sizeof keeper->told, detail);
}

static void on_async(uv_async_t *async)
{
    struct wi_keeper *keeper = async->data;
    struct item *item, *next;
    uv_mutex_lock(&keeper->mutex);
    struct item *out = keeper->out;
    keeper->out = NULL;
    problem_tell(keeper);
    uv_mutex_unlock(&keeper->mutex);
    for (item = out; item; item = item->next)
        keeper->pending -= item->verb != NEWS;
    DL_FOREACH_SAFE(out, item, next)
    {
        item_call_back(keeper, item);
    }
    if (keeper->async) /* it may have been closed by what was called */
        hold_loop(keeper);
}

static void item_submit(
    struct wi_keeper *keeper, enum verb verb, void *op, wi_job_store_done_fn *done, void *data)
{
    struct item *item = wi_alloc(sizeof *item);
    *item = (struct item){.verb = verb, .op = op, .done = done, .data = data};
    if (keeper->async == NULL) {
        DL_APPEND(keeper->late, item);
        return;
    }
    if (verb == SWEEP) {
        item->view = wi_alloc(sizeof *item->view);
        keeper->terms.look(keeper->terms.context, item->view);
    }
    item->failed = keeper->terms.admit(keeper->terms.context, &item->error) != WI_OK;
    keeper->pending++;
    hold_loop(keeper);
    uv_mutex_lock(&keeper->mutex);
    if (!item->failed && keeper->away)
        item_fail(item, &keeper->problem);
    if (item->failed) {
        item_give(keeper, item);
    } else {
        DL_APPEND(keeper->in, item);
        uv_cond_signal(&keeper->wake);
    }
    uv_mutex_unlock(&keeper->mutex);
}

static void keeper_accept(
    void *keeper, struct wi_record_accept *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, ACCEPT, op, done, data);
}

static void keeper_take(
    void *keeper, struct wi_record_take *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, TAKE, op, done, data);
}

static void keeper_give_back(
    void *keeper, struct wi_record_return *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, GIVE_BACK, op, done, data);
}

static void keeper_finish(
    void *keeper, struct wi_record_finish *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, FINISH, op, done, data);
}

static void keeper_cancel(
    void *keeper, struct wi_record_cancel *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, CANCEL, op, done, data);
}

static void keeper_read(
    void *keeper, struct wi_record_read *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, READ, op, done, data);
}

static void keeper_list(
    void *keeper, struct wi_record_list *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, LIST, op, done, data);
}

static void keeper_sweep(
    void *keeper, struct wi_record_sweep *op, wi_job_store_done_fn *done, void *data)
{
    item_submit(keeper, SWEEP, op, done, data);
}

static enum wi_code keeper_health(const void *context, struct wi_error *error)
{
    struct wi_keeper *keeper = (struct wi_keeper *)context;
    struct item item = {0};
    enum wi_code code = keeper->terms.admit(keeper->terms.context, error);
    if (code != WI_OK)
        return code;
    uv_mutex_lock(&keeper->mutex);
    if (keeper->away)
        item_fail(&item, &keeper->problem);
    uv_mutex_unlock(&keeper->mutex);
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

void wi_keeper_counters(struct wi_keeper *keeper, struct wi_shared_counters *counters)
{
    uv_mutex_lock(&keeper->mutex);
    *counters = keeper->counters;
    uv_mutex_unlock(&keeper->mutex);
}

/* --- the beginning and the end ---------------------------------------------------------------- */

static void terms_copy(struct wi_keeper *keeper, const struct wi_keeper_terms *terms)
{
    const struct wi_broker_terms *broker = &terms->broker;
    keeper->terms = *terms;
    wi_strings_copy(&keeper->servers, terms->servers);
    keeper->terms.broker =
        (struct wi_broker_terms){.credentials_file = wi_strdup(broker->credentials_file),
            .tls_ca = wi_strdup(broker->tls_ca),
            .bucket = wi_strdup(broker->bucket),
            .kind = broker->kind,
            .replicas = broker->replicas,
            .name = wi_strdup(broker->name)};
}

static void keeper_release(struct wi_keeper *keeper)
{
    wi_shared_jobs_free(keeper->jobs);
    wi_strings_clear(&keeper->servers);
    free((char *)keeper->terms.broker.credentials_file);
    free((char *)keeper->terms.broker.tls_ca);
    free((char *)keeper->terms.broker.bucket);
    free((char *)keeper->terms.broker.name);
    uv_cond_destroy(&keeper->wake);
    uv_cond_destroy(&keeper->room);
    uv_mutex_destroy(&keeper->mutex);
    free(keeper);
}

static enum wi_code jobs_make(struct wi_keeper *keeper, struct wi_error *error)
{
    struct wi_shared_terms terms = {.kv = &keeper->kv,
        .ack_wait_ms = (double)keeper->terms.ack_wait_ms,
        .tell = on_news,
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
    terms_copy(keeper, terms);
    uv_mutex_init(&keeper->mutex);
    uv_cond_init(&keeper->wake);
    uv_cond_init(&keeper->room);
    if (jobs_make(keeper, error) != WI_OK) {
        keeper_release(keeper);
        return NULL;
    }
    keeper->async = wi_alloc(sizeof *keeper->async);
    int status = uv_async_init(loop, keeper->async, on_async);
    assert(status == 0);
    keeper->async->data = keeper;
    status = uv_thread_create(&keeper->thread, keeper_run, keeper);
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
    struct item *item;
    while ((item = keeper->late)) {
        DL_DELETE(keeper->late, item);
        item_fail(item, &ended);
        item_call_back(keeper, item);
    }
}

void wi_keeper_free(struct wi_keeper *keeper)
{
    struct item *item, *next;
    if (!keeper)
        return;
    uv_mutex_lock(&keeper->mutex);
    keeper->stop = 1;
    uv_cond_signal(&keeper->wake);
    uv_mutex_unlock(&keeper->mutex);
    uv_thread_join(&keeper->thread);
    keeper->tell = NULL;
    DL_FOREACH_SAFE(keeper->out, item, next)
    {
        item_call_back(keeper, item); /* news that nobody needs */
    }
    late_fail(keeper);
    keeper_release(keeper);
}
