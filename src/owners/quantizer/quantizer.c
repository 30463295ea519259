/* The registry of makings; the steps of one are in making.c. */
#include "owners/quantizer/making.h"

#include "base/clock.h"
#include "base/event_watch.h"
#include "base/loop.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* How long one that is done is remembered; of those that have failed so many are. */
#define DONE_MS 60000.0
#define ENDED_MAX 100

const char *const wi_making_state_names[WI_MAKING_STATE_COUNT] = {
    "quantizing", "measuring", "publishing", "done", "failed"};

struct wi_making_watch {
    struct wi_event_watch watch;
    wi_making_event_fn *on_event;
    void *context;
};

/* A making, under way or remembered; at most one for each name. */
struct entry {
    struct wi_quantizer *quantizer;
    struct wi_making *making;
    struct wi_event_watch *watches;
    int ended;
    struct entry *prev, *next;
};

struct wi_quantizer {
    struct wi_quantizer_deps deps;
    struct entry *entries; /* the oldest first */
    struct wi_timer *tidy; /* runs while one that is done is remembered */
    int stopped;
    struct wi_quantizer_counters counters;
};

/* --- those that are known --------------------------------------------------------------------- */

/* By what is made; of those under way also by the model. */
static struct entry *entry_find(const struct wi_quantizer *quantizer, const char *name)
{
    for (struct entry *entry = quantizer->entries; entry; entry = entry->next) {
        struct wi_making_info info = wi_making_info(entry->making);
        if (strcmp(info.name, name) == 0 || (!entry->ended && strcmp(info.model, name) == 0))
            return entry;
    }
    return NULL;
}

static struct entry *find_under_way(const struct wi_quantizer *quantizer, const char *name)
{
    struct entry *entry = entry_find(quantizer, name);
    return entry && !entry->ended ? entry : NULL;
}

static size_t entries_count(const struct wi_quantizer *quantizer, int ended)
{
    size_t found = 0;
    for (const struct entry *entry = quantizer->entries; entry; entry = entry->next)
        found += entry->ended == ended;
    return found;
}

static void free_entry(struct entry *entry)
{
    while (entry->watches)
        wi_making_unwatch((struct wi_making_watch *)entry->watches);
    wi_making_free(entry->making);
    free(entry);
}

static void tell_change(const struct entry *entry)
{
    wi_change_tell(
        entry->quantizer->deps.listener, WI_CHANGE_PULL, wi_making_info(entry->making).name, NULL);
}

static void entry_forget(struct entry *entry)
{
    struct wi_quantizer *quantizer = entry->quantizer;
    char *name = wi_strdup(wi_making_info(entry->making).name);
    DL_DELETE(quantizer->entries, entry);
    free_entry(entry);
    wi_change_tell(quantizer->deps.listener, WI_CHANGE_PULL, name, NULL);
    free(name);
}

/* Forgets variants that ended long enough ago, now and again when the next one is due. */
static void on_tidy(void *context)
{
    struct wi_quantizer *quantizer = context;
    double now = wi_now_ms(), due = WI_NEVER;
    if (quantizer->stopped)
        return;
    size_t ended = entries_count(quantizer, 1);
    struct entry *entry, *next;
    DL_FOREACH_SAFE(quantizer->entries, entry, next)
    {
        struct wi_making_info info = wi_making_info(entry->making);
        double until = info.ended_ms + DONE_MS;
        if (!entry->ended)
            continue;
        if (ended > ENDED_MAX || (info.state == WI_MAKING_DONE && until <= now)) {
            entry_forget(entry);
            ended--;
        } else if (info.state == WI_MAKING_DONE && until < due) {
            due = until;
        }
    }
    if (due < WI_NEVER)
        wi_timer_start(quantizer->tidy, due > now ? (uint64_t)(due - now) + 1 : 1, 0);
}

/* --- telling ---------------------------------------------------------------------------------- */

static void entry_tell(struct entry *entry, int ended)
{
    struct wi_event_watch *next;
    wi_event_watches_renew(entry->watches);
    while ((next = wi_event_watches_next(entry->watches))) {
        struct wi_making_watch *watch = (struct wi_making_watch *)next;
        wi_making_event_fn *on_event = watch->on_event;
        void *context = watch->context;
        struct wi_making_info info = wi_making_info(entry->making);
        if (ended)
            wi_making_unwatch(watch);
        on_event(context, &info);
    }
}

static void count_ended(struct wi_quantizer_counters *counters, const struct wi_making_info *info)
{
    if (info->state == WI_MAKING_DONE) {
        counters->done++;
        counters->webgpu += wi_quantisation_made(info->want.bits)->made.forms > 1;
    } else if (info->error->code == WI_CANCELLED) {
        counters->cancelled++;
    } else {
        counters->failed++;
    }
}

static void on_change(void *context, int ended)
{
    struct entry *entry = context;
    struct wi_quantizer *quantizer = entry->quantizer;
    struct wi_making_info info = wi_making_info(entry->making);
    entry->ended = ended;
    if (ended)
        count_ended(&quantizer->counters, &info);
    tell_change(entry);
    entry_tell(entry, ended);
    if (!ended)
        return;
    if (info.error && info.error->code == WI_CANCELLED)
        entry_forget(entry); /* who cancelled it knows, and it never was */
    on_tidy(quantizer);
}

struct wi_making_watch *wi_making_watch(
    struct wi_quantizer *quantizer, const char *name, wi_making_event_fn *on_event, void *context)
{
    struct entry *entry = find_under_way(quantizer, name);
    if (!entry)
        return NULL;
    struct wi_making_watch *watch = wi_alloc(sizeof *watch);
    watch->on_event = on_event;
    watch->context = context;
    wi_event_watch_begin(&watch->watch, &entry->watches);
    return watch;
}

void wi_making_unwatch(struct wi_making_watch *watch)
{
    if (!watch)
        return;
    wi_event_watch_end(&watch->watch);
    free(watch);
}

/* --- beginning -------------------------------------------------------------------------------- */

static enum wi_code model_check(
    const struct wi_model *model, const struct wi_quantisation *kind, struct wi_error *error)
{
    const struct wi_variants *variants = &model->variants;
    if (!model->folder || model->format == WI_FORMAT_GGUF)
        return wi_error_set(error, WI_NOTHING_TO_QUANTIZE, "model_name",
            "%.160s has no ONNX graphs, and only these are quantised here; hubs have quantised "
            "GGUF files",
            model->name);
    if (model->variant && !wi_variants_get(variants, WI_MADE_SOURCE))
        return wi_error_set(error, WI_NOTHING_TO_QUANTIZE, "model_name",
            "%.160s has no variant in fp32, which quantisation starts from", model->name);
    if (wi_variants_get(variants, kind->name))
        return wi_error_set(error, WI_CONFLICT, "bits", "%.*s:%s already exists",
            (int)wi_model_name_base(model->name), model->name, kind->name);
    return WI_OK;
}

static enum wi_code entry_join(
    const struct entry *entry, const struct wi_quantizer_want *want, struct wi_error *error)
{
    const struct wi_making_info info = wi_making_info(entry->making);
    if (info.want.bits == want->bits && info.want.mixed == want->mixed &&
        info.want.force == want->force)
        return WI_OK;
    return wi_error_set(error, WI_CONFLICT, "model_name",
        "%.160s is being built, and only one variant of a model is built at a time: wait, or "
        "cancel it",
        info.name);
}

static void entry_add(
    struct wi_quantizer *quantizer, struct wi_model *model, const struct wi_quantizer_want *want)
{
    struct entry *entry = wi_alloc(sizeof *entry);
    entry->quantizer = quantizer;
    entry->making = wi_making_new(&quantizer->deps, model, want, on_change, entry);
    struct entry *old = entry_find(quantizer, wi_making_info(entry->making).name);
    if (old)
        entry_forget(old);
    DL_APPEND(quantizer->entries, entry);
    tell_change(entry);
}

enum wi_code wi_quantizer_start(struct wi_quantizer *quantizer, struct wi_model *model,
    const struct wi_quantizer_want *want, char name[WI_MODEL_NAME_MAX + 1], struct wi_error *error)
{
    const struct wi_quantisation *kind = wi_quantisation_made(want->bits);
    int length = (int)wi_model_name_base(model->name);
    enum wi_code code = model_check(model, kind, error);
    if (code != WI_OK)
        return code;
    snprintf(name, WI_MODEL_NAME_MAX + 1, "%.*s", length, model->name);
    const struct entry *entry = find_under_way(quantizer, name);
    snprintf(name, WI_MODEL_NAME_MAX + 1, "%.*s:%s", length, model->name, kind->name);
    if (entry)
        return entry_join(entry, want, error);
    if (quantizer->stopped)
        return wi_error_set(error, WI_SHUTTING_DOWN, NULL, "the service is ending");
    if (entries_count(quantizer, 0) >= WI_QUANTIZER_MAX)
        return wi_error_set(error, WI_QUEUE_FULL, NULL,
            "%d variants are already being built; try again when one of them is done",
            WI_QUANTIZER_MAX);
    entry_add(quantizer, model, want);
    return WI_OK;
}

enum wi_code wi_quantizer_cancel(
    struct wi_quantizer *quantizer, const char *name, struct wi_error *error)
{
    const struct entry *entry = find_under_way(quantizer, name);
    struct wi_error why;
    if (!entry)
        return wi_error_set(error, WI_NOT_FOUND, NULL, "%.160s is not being built", name);
    wi_error_set(
        &why, WI_CANCELLED, NULL, "%.160s was cancelled, and is no longer being built", name);
    wi_making_cancel(entry->making, &why);
    return WI_OK;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* What is under way is not tidied up by others. */
static void list_use(void *context, struct wi_versions_use *use)
{
    const struct wi_quantizer *quantizer = context;
    for (const struct entry *entry = quantizer->entries; entry; entry = entry->next) {
        const struct wi_making_info info = wi_making_info(entry->making);
        if (entry->ended)
            continue;
        wi_strings_add(&use->stagings, info.staging);
        use->pending += info.pending;
    }
}

struct wi_quantizer *wi_quantizer_new(const struct wi_quantizer_deps *deps)
{
    struct wi_quantizer *quantizer = wi_alloc(sizeof *quantizer);
    quantizer->deps = *deps;
    quantizer->tidy = wi_timer_new(deps->runs.loop, on_tidy, quantizer);
    wi_versions_work_add_user(deps->versions, list_use, quantizer);
    return quantizer;
}

void wi_quantizer_reload(struct wi_quantizer *quantizer, const struct wi_config *config)
{
    quantizer->deps.runs.config = config;
}

void wi_quantizer_stop(struct wi_quantizer *quantizer)
{
    struct wi_error why;
    struct entry *entry, *next;
    quantizer->stopped = 1;
    wi_error_set(&why, WI_SHUTTING_DOWN, NULL, "the service is ending, and gives it up");
    DL_FOREACH_SAFE(quantizer->entries, entry, next)
    if (!entry->ended)
        wi_making_cancel(entry->making, &why);
}

int wi_quantizer_is_busy(const struct wi_quantizer *quantizer)
{
    for (const struct entry *entry = quantizer->entries; entry; entry = entry->next)
        if (wi_making_info(entry->making).is_running)
            return 1;
    return 0;
}

void wi_quantizer_free(struct wi_quantizer *quantizer)
{
    struct entry *entry, *next;
    if (!quantizer)
        return;
    wi_timer_free(quantizer->tidy);
    DL_FOREACH_SAFE(quantizer->entries, entry, next)
    free_entry(entry);
    free(quantizer);
}

int wi_quantizer_find(
    const struct wi_quantizer *quantizer, const char *name, struct wi_making_info *info)
{
    const struct entry *entry = entry_find(quantizer, name);
    if (!entry)
        return -1;
    *info = wi_making_info(entry->making);
    return 0;
}

void wi_quantizer_each(
    const struct wi_quantizer *quantizer, wi_making_event_fn *each, void *context)
{
    for (const struct entry *entry = quantizer->entries; entry; entry = entry->next) {
        struct wi_making_info info = wi_making_info(entry->making);
        each(context, &info);
    }
}

int wi_quantizer_on_demand(const struct wi_quantizer *quantizer)
{
    return !quantizer->stopped && quantizer->deps.runs.config->models.quantize_on_demand;
}

uv_loop_t *wi_quantizer_loop(const struct wi_quantizer *quantizer)
{
    return quantizer->deps.runs.loop;
}

void wi_quantizer_counters(
    const struct wi_quantizer *quantizer, struct wi_quantizer_counters *counters)
{
    *counters = quantizer->counters;
    counters->under_way = entries_count(quantizer, 0);
}
