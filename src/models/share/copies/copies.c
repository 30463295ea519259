/* See copies.h. */
#include "models/share/copies/copies.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "models/arrive/hub/pulls.h"
#include "models/arrive/source/neighbours.h"
#include "models/share/blockstore/blockstore.h"
#include "models/share/copies/decide.h"
#include "settings/config/alias.h"
#include <stdio.h>
#include <stdlib.h>

/* After a copy that could not be made others make them, for so long. */
#define REFUSE_MS 600000.0

/* A model that is becoming a copy. */
struct hold {
    struct wi_copies *copies;
    char *name, *origin; /* NULL: none is */
    struct wi_cid cid;
    struct wi_repository_lookup *lookup;
    struct wi_publishing *publishing;
};

struct wi_copies {
    const struct wi_models *models;
    const char *id; /* this daemon's */
    void (*on_takes)(void *context, uint64_t bytes);
    void *context;
    const struct wi_config *config;
    struct wi_timer *timer;
    struct wi_neighbours_wait *wait;
    double began_ms, refused_until_ms;
    struct wi_copies_memory memory;
    struct hold made, adopted;        /* adopted: a copy that has since been wanted here, too */
    struct wi_pull_watch *watch;      /* of the one that is made */
    struct wi_versions_task *removal; /* of one that goes */
};

/* --- what neighbours have --------------------------------------------------------------------- */

/* Of the daemon itself and its neighbours. */
struct view {
    struct wi_copies_daemon *daemons;
    struct wi_copies_row *rows;
    size_t daemon_count, count;
    uint64_t copied; /* bytes of our own copies */
};

static int is_copy(const struct wi_pin *pin)
{
    return pin->kind == WI_PIN_COPY || pin->kind == WI_PIN_ADOPTED;
}

static void add_pin(struct view *view, const struct wi_blockstore *blocks, const struct wi_pin *pin)
{
    if (pin->kind == WI_PIN_COPY)
        view->copied += pin->bytes;
    if (pin->stale)
        return;
    *WI_APPEND(view->rows, view->count) = (struct wi_copies_row){.cid = pin->cid,
        .bytes = pin->bytes,
        .runs = wi_blockstore_runs(blocks, pin),
        .published = pin->kind == WI_PIN_PUBLISHED,
        .origin = pin->origin,
        .model = is_copy(pin) ? pin->model : NULL};
}

static void add_neighbour(void *context, const struct wi_neighbour_info *info)
{
    struct view *view = context;
    for (size_t i = 0; i < info->offer->count; i++) {
        const struct wi_offer_row *row = &info->offer->rows[i];
        if (!wi_pin_origin_ok(row->origin)) /* it could not be decided when to drop it */
            continue;
        *WI_APPEND(view->rows, view->count) = (struct wi_copies_row){.cid = row->cid,
            .daemon = view->daemon_count,
            .bytes = row->bytes,
            .runs = row->runs_24h,
            .published = row->published,
            .origin = row->origin};
    }
    *WI_APPEND(view->daemons, view->daemon_count) =
        (struct wi_copies_daemon){info->offer->id, info->offer->takes};
}

/* So many bytes one more copy may have; that which is being made is not counted. */
static uint64_t copies_room(const struct wi_copies *copies, uint64_t copied)
{
    const struct wi_config_content *content = &copies->config->content;
    if (content->replicas == 0 || content->serve == WI_SERVE_NO ||
        wi_now_ms() < copies->refused_until_ms)
        return 0;
    if (content->replica_quota == 0) /* whether there is room is seen by the pull */
        return WI_OFFER_BYTES_MAX;
    if (content->replica_quota <= copied)
        return 0;
    uint64_t left = content->replica_quota - copied;
    return left < WI_OFFER_BYTES_MAX ? left : WI_OFFER_BYTES_MAX;
}

/* --- making one ------------------------------------------------------------------------------- */

static void hold_end(struct hold *hold)
{
    wi_repository_cancel(hold->lookup);
    wi_blockstore_cancel(hold->publishing);
    free(hold->name);
    free(hold->origin);
    *hold = (struct hold){.copies = hold->copies};
}

static void end_copy(struct wi_copies *copies)
{
    wi_pull_unwatch(WI_TAKE(copies->watch));
    hold_end(&copies->made);
}

static void on_removed(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_copies *copies = context;
    copies->removal = NULL;
    if (error)
        wi_warn("content", NULL, "a copy could not be removed: %s", error->detail);
}

/* Whether the model is here for others' sake alone: looks at the store. */
static int is_for_others(const struct wi_copies *copies, const char *model)
{
    char *name = wi_model_name_without(model);
    int is = wi_versions_is_copy(wi_repository_directory(copies->models->repository), name);
    free(name);
    return is;
}

static void remove_model(struct wi_copies *copies, const char *model)
{
    char *name = wi_model_name_without(model);
    copies->removal = wi_versions_take_away(copies->models->versions, name, on_removed, copies);
    free(name);
}

/* Others make it, and this one later, if it is still wanted. */
static void copies_refuse(struct wi_copies *copies, const struct wi_error *error)
{
    wi_warn("content", copies->made.name, "no copy of it is made here for 10 minutes: %s",
        error->detail);
    copies->refused_until_ms = wi_now_ms() + REFUSE_MS;
    end_copy(copies);
}

/* An adoption that failed is tried again at the next interval. */
static void hold_fail(struct hold *hold, const struct wi_error *error)
{
    if (hold == &hold->copies->made)
        copies_refuse(hold->copies, error);
    else
        hold_end(hold);
}

static void on_held(void *context, const struct wi_pin *pin, const struct wi_error *error)
{
    struct hold *hold = context;
    struct wi_copies *copies = hold->copies;
    hold->publishing = NULL;
    if (!error) {
        hold_end(hold);
        return;
    }
    if (hold == &copies->made && !copies->removal && is_for_others(copies, hold->name))
        remove_model(copies, hold->name);
    hold_fail(hold, error);
}

static void on_model(void *context, struct wi_model *model, const struct wi_error *error)
{
    struct hold *hold = context;
    struct wi_copies *copies = hold->copies;
    int copy = hold == &copies->made && !error && is_for_others(copies, model->name);
    hold->lookup = NULL;
    if (error)
        hold_fail(hold, error);
    else
        hold->publishing = wi_blockstore_hold(copies->models->blocks, model,
            copy ? WI_PIN_COPY : WI_PIN_ADOPTED, &hold->cid, hold->origin, on_held, hold);
}

static void hold_find_model(struct hold *hold)
{
    struct wi_repository_lookup *lookup =
        wi_repository_find(hold->copies->models->repository, hold->name, on_model, hold);
    if (lookup) /* else it has called back already */
        hold->lookup = lookup;
}

static void on_pull(void *context, const struct wi_pull_info *info)
{
    struct wi_copies *copies = context;
    if (info->state != WI_PULL_DONE && info->state != WI_PULL_FAILED)
        return;
    copies->watch = NULL;
    if (info->state == WI_PULL_DONE)
        hold_find_model(&copies->made);
    else
        copies_refuse(copies, info->error);
}

static void begin_copy(struct wi_copies *copies, const struct wi_copies_row *row)
{
    char cid[WI_CID_TEXT], reference[WI_CID_TEXT + 8];
    struct wi_pull_info info;
    struct wi_error error;
    wi_cid_print(&row->cid, cid);
    snprintf(reference, sizeof reference, "ipfs://%s", cid);
    const struct wi_pull_want want = {.reference = reference, .copy = 1};
    enum wi_code code = wi_pulls_start(copies->models->pulls, &want, &info, &error);
    if (code == WI_QUEUE_FULL)
        return; /* the next time */
    copies->made.cid = row->cid;
    copies->made.origin = wi_strdup(row->origin);
    copies->made.name = wi_sprintf(WI_NAME_CONTENT "%s", cid);
    if (code != WI_OK) {
        copies_refuse(copies, &error);
        return;
    }
    wi_info("content", copies->made.name, "a copy of it is made, since there are too few");
    copies->watch = wi_pull_watch(copies->models->pulls, copies->made.name, on_pull, copies);
    if (!copies->watch)
        hold_find_model(&copies->made);
}

/* --- each interval ---------------------------------------------------------------------------- */

static void settle_copy(
    struct wi_copies *copies, const struct wi_copies_row *row, enum wi_copies_fate fate)
{
    const struct wi_pin *pin = wi_blockstore_pin(copies->models->blocks, row->model);
    struct wi_error error;
    if (!pin || !is_copy(pin))
        return;
    wi_blockstore_spare(copies->models->blocks, pin->model, fate != WI_COPY_KEEP);
    int is_ours = pin->kind == WI_PIN_ADOPTED || !is_for_others(copies, pin->model);
    if (fate == WI_COPY_DROP && is_ours) {
        wi_blockstore_let_go(copies->models->blocks, row->model, &error);
    } else if (fate == WI_COPY_DROP && !copies->removal) {
        remove_model(copies, row->model);
    } else if (is_ours && pin->kind != WI_PIN_ADOPTED && !copies->adopted.name) {
        /* A copy that is wanted here, too. One at a time. */
        copies->adopted.cid = pin->cid;
        copies->adopted.origin = wi_strdup(pin->origin);
        copies->adopted.name = wi_strdup(pin->model);
        hold_find_model(&copies->adopted);
    }
}

/* What is removed was listed by the view, whose texts are gone then. */
static void copies_settle(struct wi_copies *copies, const struct wi_copies_situation *situation,
    const struct wi_copies_decision *decision)
{
    for (size_t i = 0; i < situation->count; i++) {
        const struct wi_copies_row *row = &situation->rows[i];
        if (row->daemon == 0 && row->model)
            settle_copy(copies, row, decision->fates[i]);
    }
}

static void on_known(void *context)
{
    struct wi_copies *copies = context;
    const struct wi_config_content *content = &copies->config->content;
    struct wi_copies_decision decision;
    struct view view = {0};
    const struct wi_pin *pin;
    copies->wait = NULL;
    *WI_APPEND(view.daemons, view.daemon_count) = (struct wi_copies_daemon){copies->id, 0};
    for (size_t i = 0; (pin = wi_blockstore_at(copies->models->blocks, i)); i++)
        add_pin(&view, copies->models->blocks, pin);
    view.daemons[0].takes = copies_room(copies, view.copied);
    wi_neighbours_each(copies->models->neighbours, add_neighbour, &view);
    copies->on_takes(copies->context, view.daemons[0].takes);
    const struct wi_copies_situation situation = {.now_ms = wi_now_ms(),
        .interval_ms = (double)content->interval,
        .replicas = (unsigned)content->replicas,
        .daemons = view.daemons,
        .daemon_count = view.daemon_count,
        .rows = view.rows,
        .count = view.count};
    wi_copies_decide(&situation, &copies->memory, &decision);
    if (decision.pull && !copies->made.name)
        begin_copy(copies, decision.pull);
    copies_settle(copies, &situation, &decision);
    wi_copies_decision_clear(&decision);
    free(view.daemons);
    free(view.rows);
    double left = copies->began_ms + (double)content->interval - wi_now_ms();
    wi_timer_start(copies->timer, left > 0 ? (uint64_t)left : 0, 0);
}

static void on_interval(void *context)
{
    struct wi_copies *copies = context;
    const struct wi_config_content *content = &copies->config->content;
    const struct wi_pin *pin;
    int wanted = content->replicas > 0;
    for (size_t i = 0; !wanted && (pin = wi_blockstore_at(copies->models->blocks, i)); i++)
        wanted = is_copy(pin);
    copies->began_ms = wi_now_ms();
    if (!wanted) {
        copies->on_takes(copies->context, 0);
        return;
    }
    wi_blockstore_check(copies->models->blocks);
    copies->wait =
        wi_neighbours_ask(copies->models->neighbours, 0, WI_NEIGHBOURS_WAIT_MS, on_known, copies);
}

/* --- the whole -------------------------------------------------------------------------------- */

struct wi_copies *wi_copies_new(const struct wi_models_deps *deps, const struct wi_models *models,
    void (*on_takes)(void *context, uint64_t bytes), void *context, const struct wi_config *config)
{
    struct wi_copies *copies = wi_alloc(sizeof *copies);
    copies->models = models;
    copies->id = deps->id;
    copies->on_takes = on_takes;
    copies->context = context;
    copies->made.copies = copies->adopted.copies = copies;
    copies->timer = wi_timer_new(deps->loop, on_interval, copies);
    wi_copies_reload(copies, config);
    return copies;
}

void wi_copies_reload(struct wi_copies *copies, const struct wi_config *config)
{
    copies->config = config;
    wi_neighbours_cancel(WI_TAKE(copies->wait));
    wi_timer_start(copies->timer, 0, 0);
}

void wi_copies_free(struct wi_copies *copies)
{
    if (!copies)
        return;
    end_copy(copies);
    hold_end(&copies->adopted);
    wi_versions_cancel(copies->removal);
    wi_neighbours_cancel(copies->wait);
    wi_timer_free(copies->timer);
    wi_copies_memory_clear(&copies->memory);
    free(copies);
}
