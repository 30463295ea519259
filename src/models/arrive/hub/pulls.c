/* The registry of pulls; the steps of one are in pull.c. */
#include "models/arrive/hub/pull_private.h"

#include "base/clock.h"
#include "base/event_watch.h"
#include "base/log.h"
#include "base/loop.h"
#include "models/arrive/source/retry.h"
#include "models/catalog/library/made.h"
#include "models/catalog/library/uploads.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* How long one that is done is remembered. */
#define DONE_MS 60000.0
#define RESUME_PAUSE_MS 500 /* before the second try to list what an earlier daemon was at */
/* Of those that have ended so many are remembered. */
#define ENDED_MAX 100

const char *const wi_pull_state_names[WI_PULL_STATE_COUNT] = {
    "resolving", "downloading", "verifying", "publishing", "done", "failed"};

struct wi_pull_watch {
    struct wi_event_watch watch;
    wi_pull_fn *on_event;
    void *context;
};

/* A pull that is under way, or that has ended and is remembered; at most one for each name. */
struct entry {
    struct wi_pulls *pulls;
    struct wi_pull *pull;
    struct wi_event_watch *watches;
    uint64_t counted; /* bytes fetched */
    /* Likewise: now, and whether there were any. */
    uint64_t level_counted[WI_PULL_LEVELS];
    int level_brought[WI_PULL_LEVELS];
    int is_telling, is_dropped; /* its end is told just now; it goes after that */
    struct entry *prev, *next;
};

struct wi_pulls {
    const struct wi_models_deps *deps;
    const struct wi_models *models;
    struct wi_config *config; /* borrowed */
    struct wi_limit limit;    /* on all that is fetched */
    struct entry *entries;    /* the oldest first */
    struct entry *ended;      /* likewise; none of a name that is under way */
    struct wi_versions_task *resuming;
    struct wi_timer *resume_again;
    struct wi_turn *turn;   /* in which pulls begin */
    struct wi_timer *tidy;  /* runs while one that is done is remembered */
    unsigned resume_failed; /* times in a row */
    struct wi_pulls_counters counters;
    wi_pull_fn *on_done; /* may be NULL */
    void *done_context;
};

/* --- those under way -------------------------------------------------------------------------- */

static void free_entry(struct entry *entry)
{
    entry->is_dropped = 1;
    if (entry->is_telling)
        return;
    while (entry->watches)
        wi_pull_unwatch((struct wi_pull_watch *)entry->watches);
    wi_pull_free(entry->pull);
    free(entry);
}

/* Whether `name` is `own`, perhaps with a variant. */
static int is_named(const char *own, const char *name)
{
    size_t length = wi_hub_reference_base(name);
    return strlen(own) == length && memcmp(own, name, length) == 0;
}

static struct entry *entry_find(struct entry *list, const char *name)
{
    for (struct entry *entry = list; entry; entry = entry->next)
        if (is_named(entry->pull->order->name, name) || is_named(entry->pull->order->asked, name))
            return entry;
    return NULL;
}

static size_t count_under_way(const struct wi_pulls *pulls)
{
    const struct entry *entry;
    size_t count;
    DL_COUNT(pulls->entries, entry, count);
    return count;
}

/* --- those that have ended -------------------------------------------------------------------- */

static void entry_forget(struct wi_pulls *pulls, struct entry *entry)
{
    if (!entry)
        return;
    wi_change_tell(pulls->deps->listener, WI_CHANGE_PULL, entry->pull->order->name, NULL);
    DL_DELETE(pulls->ended, entry);
    free_entry(entry);
}

static int is_forgotten(const struct wi_pull_info *info)
{
    return info->state == WI_PULL_DONE && wi_now_ms() - info->ended_ms >= DONE_MS;
}

/* Forgets those that have expired, now and when the next one expires. */
static void on_tidy(void *context)
{
    struct wi_pulls *pulls = context;
    struct entry *entry, *next;
    struct wi_pull_info info;
    double now = wi_now_ms(), due = WI_NEVER;
    size_t count;
    DL_COUNT(pulls->ended, entry, count);
    DL_FOREACH_SAFE(pulls->ended, entry, next)
    {
        wi_pull_look(entry->pull, &info);
        if (count > ENDED_MAX || is_forgotten(&info)) {
            entry_forget(pulls, entry);
            count--;
        } else if (info.state == WI_PULL_DONE && info.ended_ms + DONE_MS < due) {
            due = info.ended_ms + DONE_MS;
        }
    }
    if (due < WI_NEVER)
        wi_timer_start(pulls->tidy, due > now ? (uint64_t)(due - now) + 1 : 1, 0);
}

/* --- counting --------------------------------------------------------------------------------- */

static enum wi_pull_level level_of(const struct wi_pull_order *order, const char *source)
{
    const struct wi_config_hub *hub = wi_config_find_hub(order->config, source);
    if (strncmp(source, WI_SOURCE_MEMBER, strlen(WI_SOURCE_MEMBER)) == 0)
        return WI_PULL_NEIGHBOURS;
    if (hub && wi_hub_facts[hub->layout].has_blocks && wi_hub_facts[hub->layout].has_models)
        return WI_PULL_NEIGHBOURS;
    return wi_pull_order_by_content(order) ? WI_PULL_IPFS : WI_PULL_HUB;
}

/* Whether the pull has anybody there. */
static int has_level(const struct wi_pull_order *order, enum wi_pull_level level)
{
    int by_content = wi_pull_order_by_content(order);
    if (level == WI_PULL_HUB)
        return !by_content;
    return (by_content || level == WI_PULL_NEIGHBOURS) &&
           wi_gateways_has(order->config, level == WI_PULL_NEIGHBOURS);
}

/* Without a list of who has brought how much, one hub has brought all. */
static void count_fetched(struct entry *entry, const struct wi_pull_info *info)
{
    uint64_t levels[WI_PULL_LEVELS] = {0};
    entry->pulls->counters.fetched_bytes += info->fetched - entry->counted;
    entry->counted = info->fetched;
    for (size_t i = 0; i < info->source_count; i++)
        levels[level_of(entry->pull->order, info->sources[i].name)] += info->sources[i].bytes;
    if (info->source_count == 0 && !wi_pull_order_by_content(entry->pull->order))
        levels[WI_PULL_HUB] = info->fetched;
    /* The count of a source starts again from zero when a step is retried. */
    for (int level = 0; level < WI_PULL_LEVELS; level++) {
        uint64_t before = entry->level_counted[level], now = levels[level];
        entry->pulls->counters.levels[level].bytes += now >= before ? now - before : now;
        entry->level_counted[level] = now;
        entry->level_brought[level] |= now > 0;
    }
}

/* One that brought nothing has missed where one behind it had to. */
static void count_levels(struct entry *entry, int failed)
{
    struct wi_pull_level_counters *levels = entry->pulls->counters.levels;
    int had_to = failed;
    for (int level = WI_PULL_LEVELS - 1; level >= 0; level--) {
        int hit = !failed && entry->level_brought[level];
        levels[level].hits += (unsigned)hit;
        levels[level].misses += (unsigned)(!hit && had_to && has_level(entry->pull->order, level));
        had_to |= hit;
    }
}

static void count_ended(struct entry *entry, const struct wi_pull_info *info)
{
    struct wi_pulls_counters *counters = &entry->pulls->counters;
    counters->evicted_bytes += entry->pull->evicted;
    if (info->state == WI_PULL_DONE) {
        counters->done++;
        count_levels(entry, 0);
        counters->reused_bytes += info->reused;
    } else if (info->error->code == WI_CANCELLED) {
        counters->cancelled++;
    } else {
        counters->failed++;
        count_levels(entry, 1);
    }
}

/* --- telling ---------------------------------------------------------------------------------- */

static void entry_tell(struct entry *entry, const struct wi_pull_info *info, int ended)
{
    struct wi_event_watch *next;
    wi_event_watches_renew(entry->watches);
    while ((next = wi_event_watches_next(entry->watches))) {
        struct wi_pull_watch *watch = (struct wi_pull_watch *)next;
        wi_pull_fn *on_event = watch->on_event;
        void *context = watch->context;
        if (ended)
            wi_pull_unwatch(watch);
        on_event(context, info);
    }
}

/* Who cancelled one knows, and it never was. */
static void entry_remember(struct entry *entry, struct wi_pull_info *info)
{
    if (info->error && info->error->code == WI_CANCELLED) {
        entry->is_dropped = 1;
        return;
    }
    wi_pull_settle(entry->pull);
    wi_pull_look(entry->pull, info);
    DL_APPEND(entry->pulls->ended, entry);
}

static void on_change(void *context, int ended)
{
    struct entry *entry = context;
    struct wi_pull_info info;
    wi_pull_look(entry->pull, &info);
    count_fetched(entry, &info);
    wi_change_tell(entry->pulls->deps->listener, WI_CHANGE_PULL, info.name, NULL);
    if (!ended) {
        entry_tell(entry, &info, 0);
        return;
    }
    count_ended(entry, &info);
    entry->is_telling = 1; /* who is told may begin another of that name */
    DL_DELETE(entry->pulls->entries, entry);
    entry_remember(entry, &info);
    if (info.state == WI_PULL_DONE && entry->pulls->on_done)
        entry->pulls->on_done(entry->pulls->done_context, &info);
    on_tidy(entry->pulls);
    entry_tell(entry, &info, 1);
    entry->is_telling = 0;
    if (entry->is_dropped)
        free_entry(entry);
}

struct wi_pull_watch *wi_pull_watch(
    struct wi_pulls *pulls, const char *name, wi_pull_fn *on_event, void *context)
{
    struct entry *entry = entry_find(pulls->entries, name);
    if (!entry)
        return NULL;
    struct wi_pull_watch *watch = wi_alloc(sizeof *watch);
    watch->on_event = on_event;
    watch->context = context;
    wi_event_watch_begin(&watch->watch, &entry->watches);
    return watch;
}

void wi_pull_unwatch(struct wi_pull_watch *watch)
{
    if (!watch)
        return;
    wi_event_watch_end(&watch->watch);
    free(watch);
}

/* --- beginning -------------------------------------------------------------------------------- */

static enum wi_code refuse_another(
    const struct entry *entry, const char *name, struct wi_error *error)
{
    return wi_error_set(error, WI_CONFLICT, "model",
        "%.160s is already being pulled, as %.160s: wait, cancel that pull, or choose another name "
        "with \"as\"",
        name, entry->pull->order->reference);
}

static enum wi_code on_name(void *context, const char *name, struct wi_error *error)
{
    const struct entry *entry = context, *other = entry_find(entry->pulls->entries, name);
    if (other && other != entry)
        return refuse_another(other, name, error);
    entry_forget(entry->pulls, entry_find(entry->pulls->ended, name));
    wi_change_tell(entry->pulls->deps->listener, WI_CHANGE_PULL, entry->pull->order->name, NULL);
    return WI_OK;
}

static void on_turn(void *context)
{
    const struct wi_pulls *pulls = context;
    for (const struct entry *entry = pulls->entries; entry; entry = entry->next)
        wi_pull_turn(entry->pull);
}

static const struct entry *entry_add(struct wi_pulls *pulls, struct wi_pull_order *order)
{
    struct entry *entry = wi_alloc(sizeof *entry);
    entry_forget(pulls, entry_find(pulls->ended, order->name));
    wi_change_tell(pulls->deps->listener, WI_CHANGE_PULL, order->name, NULL);
    entry->pulls = pulls;
    entry->pull =
        wi_pull_new(pulls->deps, pulls->models, &pulls->limit, order, on_change, on_name, entry);
    DL_APPEND(pulls->entries, entry);
    return entry;
}

/* Takes ownership of the order if that is WI_OK and no pull of the same is running. */
static enum wi_code pull_start(struct wi_pulls *pulls, struct wi_pull_order *order,
    struct wi_pull_info *info, struct wi_error *error)
{
    const struct entry *entry = entry_find(pulls->entries, order->name);
    if (entry && strcmp(entry->pull->order->id, order->id) != 0)
        return refuse_another(entry, order->name, error);
    if (!entry && count_under_way(pulls) >= WI_PULLS_MAX)
        return wi_error_set(error, WI_QUEUE_FULL, NULL,
            "%d models are already being pulled; try again when one of the pulls has ended",
            WI_PULLS_MAX);
    if (!entry)
        entry = entry_add(pulls, order);
    else if (entry->pull->order->copy && !order->copy)
        wi_pull_want_here(entry->pull);
    wi_pull_look(entry->pull, info);
    wi_turn_schedule(pulls->turn);
    return WI_OK;
}

enum wi_code wi_pulls_start(struct wi_pulls *pulls, const struct wi_pull_want *want,
    struct wi_pull_info *info, struct wi_error *error)
{
    struct wi_pull_order order = {0};
    enum wi_code code = wi_pull_order_fill(&order, want, pulls->config, error);
    if (code == WI_OK)
        code = pull_start(pulls, &order, info, error);
    wi_pull_order_clear(&order);
    return code;
}

enum wi_code wi_pulls_cancel(struct wi_pulls *pulls, const char *name, struct wi_error *error)
{
    const struct entry *entry = entry_find(pulls->entries, name);
    if (!entry)
        return wi_error_set(error, WI_NOT_FOUND, NULL, "%.160s is not being pulled", name);
    wi_pull_cancel(entry->pull);
    return WI_OK;
}

/* --- what an earlier daemon was at ------------------------------------------------------------ */

static int has_id(const struct entry *list, const char *id)
{
    for (const struct entry *entry = list; entry; entry = entry->next)
        if (strcmp(entry->pull->order->id, id) == 0)
            return 1;
    return 0;
}

static void pull_resume(struct wi_pulls *pulls, const char *id, const char *request)
{
    if (wi_upload_is_id(id) || wi_made_is_id(id) || has_id(pulls->entries, id) ||
        has_id(pulls->ended, id)) /* that is, since they were listed before */
        return;
    struct wi_pull_order order = {0};
    struct wi_pull_info info;
    struct wi_error error;
    enum wi_code code = wi_pull_order_read(&order, request, pulls->config, &error);
    if (code == WI_OK)
        code = pull_start(pulls, &order, &info, &error);
    if (code != WI_OK)
        wi_warn("pull", id, "an earlier pull cannot continue: %s", error.detail);
    wi_pull_order_clear(&order);
}

/* Of those that could not be read, what is short may be there again later. */
static void on_staged(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_pulls *pulls = context;
    pulls->resuming = NULL;
    for (size_t i = 0; i < result->requests.count; i++)
        pull_resume(pulls, result->ids.items[i], result->requests.items[i]);
    if (!error)
        return;
    if (error->code != WI_UNAVAILABLE || pulls->resume_failed == WI_RETRIES_MAX) {
        wi_warn("pull", NULL, "earlier pulls cannot continue: %s", error->detail);
        return;
    }
    uint64_t pause_ms = wi_retry_pause(RESUME_PAUSE_MS, ++pulls->resume_failed);
    wi_warn("pull", NULL, "earlier pulls cannot continue yet: %s (again in %.1f s)", error->detail,
        (double)pause_ms / 1000);
    wi_timer_start(pulls->resume_again, pause_ms, 0);
}

void wi_pulls_resume(struct wi_pulls *pulls)
{
    if (!pulls->resuming)
        pulls->resuming = wi_versions_staged(pulls->models->versions, on_staged, pulls);
}

static void on_resume_again(void *context)
{
    wi_pulls_resume(context);
}

/* --- all of them ------------------------------------------------------------------------------ */

/* What is under way is not tidied up by others. */
static void list_use(void *context, struct wi_versions_use *use)
{
    const struct wi_pulls *pulls = context;
    for (const struct entry *entry = pulls->entries; entry; entry = entry->next) {
        wi_strings_add(&use->stagings, entry->pull->order->id);
        use->pending += wi_pull_pending(entry->pull);
    }
}

static void add_offer(void *context, const struct wi_neighbour_info *info)
{
    const struct wi_offer *offer = info->offer;
    struct wi_versions_use *use = context;
    for (size_t i = 0; i < offer->count; i++)
        for (size_t k = 0; k < offer->rows[i].count; k++)
            memcpy(*WI_APPEND(use->elsewhere, use->elsewhere_count), offer->rows[i].files[k].sha256,
                WI_HASH_SIZE);
}

/* What neighbours have goes before what they lack. */
static void list_elsewhere(void *context, struct wi_versions_use *use)
{
    const struct wi_pulls *pulls = context;
    wi_neighbours_each(pulls->models->neighbours, add_offer, use);
}

/* The sources can so be shown before a pull needs them; a pull reads their tokens again on a
 * thread. The configuration is set at the start and by a reload, when small files are read here. */
void wi_pulls_reload(struct wi_pulls *pulls, struct wi_config *config)
{
    struct wi_gateways gateways = {0};
    pulls->config = config;
    wi_limit_set(&pulls->limit, config->content.download_limit);
    if (!pulls->models->sources)
        return;
    wi_gateways_open(&gateways, config);
    wi_gateways_set(&gateways, pulls->models->sources, pulls->models->neighbours);
    wi_gateways_clear(&gateways);
}

struct wi_pulls *wi_pulls_new(
    const struct wi_models_deps *deps, const struct wi_models *models, struct wi_config *config)
{
    struct wi_pulls *pulls = wi_alloc(sizeof *pulls);
    pulls->deps = deps;
    pulls->models = models;
    pulls->resume_again = wi_timer_new(deps->loop, on_resume_again, pulls);
    pulls->turn = wi_turn_new(deps->loop, on_turn, pulls);
    pulls->tidy = wi_timer_new(deps->loop, on_tidy, pulls);
    wi_versions_work_add_user(models->versions, list_use, pulls);
    if (models->neighbours)
        wi_versions_work_ask(models->versions, list_elsewhere, pulls);
    wi_pulls_reload(pulls, config);
    return pulls;
}

void wi_pulls_on_done(struct wi_pulls *pulls, wi_pull_fn *on_done, void *context)
{
    pulls->on_done = on_done;
    pulls->done_context = context;
}

void wi_pulls_free(struct wi_pulls *pulls)
{
    if (!pulls)
        return;
    wi_versions_cancel(pulls->resuming);
    wi_timer_free(pulls->resume_again);
    wi_turn_free(pulls->turn);
    wi_timer_free(pulls->tidy);
    struct entry *entry, *next;
    DL_FOREACH_SAFE(pulls->entries, entry, next)
    free_entry(entry);
    while (pulls->ended)
        entry_forget(pulls, pulls->ended);
    free(pulls);
}

int wi_pulls_find(const struct wi_pulls *pulls, const char *name, struct wi_pull_info *info)
{
    const struct entry *entry = entry_find(pulls->entries, name);
    if (!entry)
        entry = entry_find(pulls->ended, name);
    if (!entry)
        return -1;
    wi_pull_look(entry->pull, info);
    return is_forgotten(info) ? -1 : 0;
}

static void list_each(const struct entry *list, wi_pull_fn *each, void *context)
{
    struct wi_pull_info info;
    for (const struct entry *entry = list; entry; entry = entry->next) {
        wi_pull_look(entry->pull, &info);
        each(context, &info);
    }
}

void wi_pulls_each(const struct wi_pulls *pulls, wi_pull_fn *each, void *context)
{
    list_each(pulls->ended, each, context);
    list_each(pulls->entries, each, context);
}

/* Whether a model of that name can come from somewhere at all. */
static int is_pullable(const char *name)
{
    char *content = wi_name_is_content(name) ? wi_hub_reference_of_name(name) : NULL;
    int is = content || !wi_name_is_content(name);
    free(content);
    return is;
}

int wi_pulls_on_demand(const struct wi_pulls *pulls, const char *name)
{
    char repository[WI_MODEL_NAME_MAX + 1];
    size_t length = wi_hub_reference_base(name);
    if (length >= sizeof repository)
        return 0;
    memcpy(repository, name, length);
    repository[length] = '\0';
    return wi_hub_reference_on_demand(&pulls->config->models.pull_on_demand, repository) &&
           is_pullable(name);
}

void wi_pulls_counters(const struct wi_pulls *pulls, struct wi_pulls_counters *counters)
{
    *counters = pulls->counters;
    counters->under_way = count_under_way(pulls);
}
