/*
 * Looking at what is published: at first what nobody needs is removed, and publishings wait for
 * that; then, and whenever somebody asks, the files of all pins are looked at. A look has copies of
 * the pins, and what it found counts for those that are still the same when it is done.
 */
#include "blockstore/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "blockstore/gather.h"
#include "blockstore/leaves.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_MS 1000.0
#define SHARE 10 /* a look may take this part of the time */

/* A pin as it is looked at. */
struct looked {
    struct wi_pin_record record; /* a copy */
    int is_known;                /* it has its outline */
    /* Found out. */
    int is_gone; /* the model has been taken away */
    enum wi_code code;
    struct wi_error error;
    struct wi_outline *outline; /* where it had none */
    char temporary[WI_ID_SIZE]; /* the pin, where its files look otherwise than it says; or "" */
};

/* One look, or the removal before the first: the thread's alone until it is done. */
struct look {
    struct wi_looks *looks; /* NULL once nobody wants it any more */
    char *directory;
    int is_sweep;
    atomic_int stop;
    struct looked *items;
    size_t count;
    double took_ms;
};

struct wi_looks {
    struct wi_blockstore *blocks;
    struct wi_work_queue *queue;
    struct look *under_way; /* or NULL */
    struct wi_timer *later; /* runs while a look is wanted before its time */
    double began_at, took_ms;
};

/* --- on the thread ---------------------------------------------------------------------------- */

static int is_wanted(const void *context, const char *sha256)
{
    const struct look *look = context;
    for (size_t i = 0; i < look->count; i++) {
        const struct wi_pin *pin = &look->items[i].record.pin;
        for (size_t k = 0; k < pin->count; k++) {
            if (strcmp(pin->files[k].sha256, sha256) == 0)
                return 1;
        }
    }
    return 0;
}

static void sweep(const struct look *look)
{
    wi_leaves_sweep(look->directory, is_wanted, look);
    wi_pins_sweep(look->directory);
}

/* Of a model that was pulled: its name leads to no version any more, as after a kill between its
 * removal and that of its pin. */
static int is_gone(const struct look *look, const struct wi_pin *pin)
{
    unsigned number;
    char *name = wi_model_name_without(pin->model);
    int gone =
        pin->version > 0 && wi_versions_find(look->directory, name, &number) == 0 && number == 0;
    free(name);
    return gone;
}

static int same_seen(const struct wi_file_identity *one, const struct wi_file_identity *other)
{
    struct wi_file_identity same = *one;
    same.device = other->device; /* which is not written down */
    return wi_file_identity_same(&same, other);
}

/* Writes down how the files look, so that the next start need not read them. Where that cannot be
 * done it will read them. */
static void note_seen(
    const struct look *look, struct looked *looked, const struct wi_file_identity *before)
{
    struct wi_error error;
    int same = 1;
    for (size_t i = 0; i < looked->record.pin.count; i++)
        same = same && same_seen(&before[i], &looked->record.seen[i]);
    if (!same && wi_pin_stage(look->directory, &looked->record, looked->temporary, &error) != WI_OK)
        looked->temporary[0] = '\0';
}

/* What the leaves give has to be what the pin says. */
static int same_cids(const struct wi_pin *one, const struct wi_pin *other)
{
    int same = wi_cid_equal(&one->cid, &other->cid);
    for (size_t i = 0; i < one->count; i++)
        same = same && wi_cid_equal(&one->files[i].cid, &other->files[i].cid);
    return same;
}

static void look_at(struct look *look, struct looked *looked)
{
    const struct wi_gather gather = {.directory = look->directory, .stop = &look->stop};
    struct wi_pin_record before;
    looked->is_gone = is_gone(look, &looked->record.pin);
    if (looked->is_gone)
        return;
    wi_pin_record_copy(&before, &looked->record);
    looked->code = wi_gather_run(
        &gather, &looked->record, looked->is_known ? NULL : &looked->outline, &looked->error);
    if (looked->code == WI_OK && !same_cids(&before.pin, &looked->record.pin))
        looked->code = wi_error_set(&looked->error, WI_INTERNAL, "",
            "its files have another CID, %s", looked->record.pin.cid_text);
    if (looked->code == WI_OK)
        note_seen(look, looked, before.seen);
    wi_pin_record_clear(&before);
}

static void run(void *data)
{
    struct look *look = data;
    double began = wi_now_ms();
    if (look->is_sweep)
        sweep(look);
    for (size_t i = 0; !look->is_sweep && i < look->count && !atomic_load(&look->stop); i++)
        look_at(look, &look->items[i]);
    look->took_ms = wi_now_ms() - began;
}

/* --- what came of it -------------------------------------------------------------------------- */

static void free_look(struct look *look)
{
    for (size_t i = 0; i < look->count; i++) {
        if (look->items[i].temporary[0])
            wi_pin_drop(look->directory, look->items[i].temporary);
        wi_outline_unref(look->items[i].outline);
        wi_pin_record_clear(&look->items[i].record);
    }
    free(look->items);
    free(look->directory);
    free(look);
}

static void drop(struct wi_pin_entry *entry, const char *why)
{
    struct wi_error error;
    const struct wi_pin *pin = &entry->record.pin;
    if (pin->kind == WI_PIN_PULLED) /* it may go at any time */
        wi_info("content", pin->model, "is served as %s no more: %s", pin->cid_text, why);
    else
        wi_warn("content", pin->model, "is published as %s no more: %s", pin->cid_text, why);
    if (wi_pin_remove(entry->blocks->directory, pin->model, &error) != WI_OK)
        wi_warn("content", pin->model, "%s", error.detail);
    wi_pin_table_remove(entry);
}

static void take_whole(struct wi_pin_entry *entry, struct looked *looked)
{
    struct wi_blockstore *blocks = entry->blocks;
    struct wi_error error;
    if (looked->temporary[0])
        wi_pin_commit(blocks->directory, entry->record.pin.model, looked->temporary, &error);
    looked->temporary[0] = '\0';
    wi_pin_table_whole(entry, looked->outline);
    looked->outline = NULL;
}

/* The entry, if it is still the pin that was looked at. */
static struct wi_pin_entry *find_entry(struct wi_blockstore *blocks, const struct wi_pin *pin)
{
    struct wi_pin_entry *entry = wi_pin_table_find(blocks, pin->model);
    const struct wi_pin *now = entry ? &entry->record.pin : NULL;
    return now && strcmp(now->hash, pin->hash) == 0 && now->version == pin->version &&
                   now->published_at == pin->published_at && now->count == pin->count
               ? entry
               : NULL;
}

static void take(struct wi_blockstore *blocks, struct looked *looked)
{
    struct wi_pin_entry *entry = find_entry(blocks, &looked->record.pin);
    struct wi_pin_record *record = entry ? &entry->record : NULL;
    if (!entry || (looked->is_known != (entry->outline != NULL)))
        return; /* another look will come to it */
    if (looked->is_gone) {
        drop(entry, "the model was removed");
        return;
    }
    size_t size = record->pin.count * sizeof *record->seen;
    memcpy(record->refused, looked->record.refused, size);
    if (looked->code == WI_OK) {
        memcpy(record->seen, looked->record.seen, size);
        take_whole(entry, looked);
    } else if (looked->code == WI_INTERNAL) {
        drop(entry, looked->error.detail);
    } else if (looked->code == WI_CONFLICT || looked->code == WI_MODEL_INVALID) {
        wi_pin_table_stale(entry, looked->error.detail);
    }
}

static void start(struct wi_looks *looks, int is_sweep);

static void on_run(void *data, int cancelled)
{
    struct look *look = data;
    struct wi_looks *looks = look->looks;
    if (cancelled || !looks) {
        free_look(look);
        return;
    }
    looks->under_way = NULL;
    looks->took_ms = look->took_ms;
    for (size_t i = 0; !look->is_sweep && i < look->count; i++)
        take(looks->blocks, &look->items[i]);
    if (look->is_sweep) {
        looks->blocks->is_swept = 1;
        wi_publishings_start(looks->blocks);
        start(looks, 0);
    }
    free_look(look);
}

/* --- when ------------------------------------------------------------------------------------- */

static void start(struct wi_looks *looks, int is_sweep)
{
    const struct wi_blockstore *blocks = looks->blocks;
    struct look *look = wi_alloc(sizeof *look);
    wi_timer_stop(looks->later);
    look->looks = looks;
    look->directory = wi_strdup(blocks->directory);
    look->is_sweep = is_sweep;
    look->items = wi_alloc((blocks->count + 1) * sizeof *look->items);
    for (; look->count < blocks->count; look->count++) {
        const struct wi_pin_entry *entry = blocks->entries[look->count];
        wi_pin_record_copy(&look->items[look->count].record, &entry->record);
        look->items[look->count].is_known = entry->outline != NULL;
    }
    looks->under_way = look;
    looks->began_at = wi_now_ms();
    wi_work_queue_start(looks->queue, 0, run, on_run, look);
}

static void on_later(void *context)
{
    struct wi_looks *looks = context;
    if (!looks->under_way)
        start(looks, 0);
}

struct wi_looks *wi_looks_new(struct wi_blockstore *blocks)
{
    struct wi_looks *looks = wi_alloc(sizeof *looks);
    looks->blocks = blocks;
    looks->queue = wi_work_queue_new(blocks->loop, 1);
    looks->later = wi_timer_new(blocks->loop, on_later, looks);
    start(looks, 1);
    return looks;
}

void wi_looks_free(struct wi_looks *looks)
{
    if (!looks)
        return;
    if (looks->under_way) {
        atomic_store(&looks->under_way->stop, 1);
        looks->under_way->looks = NULL; /* it frees itself */
    }
    wi_work_queue_free(looks->queue);
    wi_timer_free(looks->later);
    free(looks);
}

void wi_looks_want(struct wi_looks *looks)
{
    double pause = looks->took_ms * SHARE > PAUSE_MS ? looks->took_ms * SHARE : PAUSE_MS;
    double left = looks->began_at + pause - wi_now_ms();
    if (looks->under_way || wi_timer_running(looks->later))
        return;
    if (left <= 0)
        start(looks, 0);
    else
        wi_timer_start(looks->later, (uint64_t)left + 1, 0);
}
