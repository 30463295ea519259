/*
 * Checks of published models. At the start, leaves and temporary files that are no longer needed
 * are removed, and publishing waits for that. After that, and on request, the files of all pins are
 * checked. A check works on copies of the pins; its findings apply to pins that are still the same
 * when it is done.
 */
#include "models/share/blockstore/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "models/share/blockstore/gather.h"
#include "models/share/blockstore/leaves.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_MS 1000.0
#define SHARE 10 /* a check may take this part of the time */

/* A pin as it is checked. */
struct checked {
    struct wi_pin pin; /* a copy */
    int is_known;      /* it has its outline */
    /* Found out. */
    int is_gone; /* the model has been taken away */
    enum wi_code code;
    struct wi_error error;
    struct wi_outline *outline; /* where it had none */
    char temporary[WI_ID_SIZE]; /* the pin, where its files are otherwise than it says; or "" */
};

/* One check, or the removal before the first: the thread's alone until it is done. */
struct check {
    struct wi_pin_checks *checks; /* NULL once it is no longer wanted */
    char *directory;
    int is_sweep, tidies; /* at the start; a model was removed since */
    atomic_int stop;
    struct checked *items;
    size_t count;
    double took_ms;
};

struct wi_pin_checks {
    struct wi_blockstore *blocks;
    struct wi_work_queue *queue;
    struct check *under_way; /* or NULL */
    int is_littered;         /* a model was removed, whose leaves may be there still */
    struct wi_timer *later;  /* runs while a check is wanted before its time */
    double began_at, took_ms;
};

/* --- on the thread ---------------------------------------------------------------------------- */

static int leaves_are_wanted(const void *context, const char *sha256)
{
    const struct check *check = context;
    for (size_t i = 0; i < check->count; i++) {
        const struct wi_pin *pin = &check->items[i].pin;
        for (size_t k = 0; k < pin->count; k++) {
            if (strcmp(pin->files[k].sha256, sha256) == 0)
                return 1;
        }
    }
    return 0;
}

/* Of a model that was pulled: its name leads to no version any more, as after a kill between its
 * removal and that of its pin. */
static int is_gone(const struct check *check, const struct wi_pin *pin)
{
    unsigned number;
    char *name = wi_model_name_without(pin->model);
    int gone =
        pin->version > 0 && wi_versions_find(check->directory, name, &number) == 0 && number == 0;
    free(name);
    return gone;
}

/* Stages the metadata of the files, so that the next start need not read them. If that fails, the
 * next start reads them. */
static void note_seen(
    const struct check *check, struct checked *checked, const struct wi_pin *before)
{
    struct wi_error error;
    int same = 1;
    for (size_t i = 0; i < checked->pin.count; i++) {
        struct wi_file_identity seen = before->files[i].seen;
        seen.device = checked->pin.files[i].seen.device; /* which is not written down */
        same = same && wi_file_identity_same(&seen, &checked->pin.files[i].seen);
    }
    if (!same && wi_pin_stage(check->directory, &checked->pin, checked->temporary, &error) != WI_OK)
        checked->temporary[0] = '\0';
}

/* The CIDs from the leaves must be those of the pin. */
static int same_cids(const struct wi_pin *one, const struct wi_pin *other)
{
    int same = wi_cid_equal(&one->cid, &other->cid);
    for (size_t i = 0; i < one->count; i++)
        same = same && wi_cid_equal(&one->files[i].cid, &other->files[i].cid);
    return same;
}

static void check_one(struct check *check, struct checked *checked)
{
    const struct wi_gather gather = {.directory = check->directory, .stop = &check->stop};
    struct wi_pin before;
    checked->is_gone = is_gone(check, &checked->pin);
    if (checked->is_gone)
        return;
    wi_pin_copy(&before, &checked->pin);
    checked->code = wi_gather_run(
        &gather, &checked->pin, checked->is_known ? NULL : &checked->outline, &checked->error);
    if (checked->code == WI_OK && !same_cids(&before, &checked->pin))
        checked->code = wi_error_set(&checked->error, WI_INTERNAL, "",
            "its files have another CID, %s", checked->pin.cid_text);
    if (checked->code == WI_OK)
        note_seen(check, checked, &before);
    wi_pin_clear(&before);
}

static void check_run(void *data)
{
    struct check *check = data;
    double began = wi_now_ms();
    if (check->is_sweep || check->tidies)
        wi_leaves_sweep(check->directory, check->is_sweep, leaves_are_wanted, check);
    if (check->is_sweep)
        wi_pins_sweep(check->directory);
    for (size_t i = 0; !check->is_sweep && i < check->count && !atomic_load(&check->stop); i++)
        check_one(check, &check->items[i]);
    check->took_ms = wi_now_ms() - began;
}

/* --- results ---------------------------------------------------------------------------------- */

static void free_check(struct check *check)
{
    for (size_t i = 0; i < check->count; i++) {
        if (check->items[i].temporary[0])
            wi_pin_drop(check->directory, check->items[i].temporary);
        wi_outline_unref(check->items[i].outline);
        wi_pin_clear(&check->items[i].pin);
    }
    free(check->items);
    free(check->directory);
    free(check);
}

static void entry_drop(struct wi_pin_entry *entry, const char *why)
{
    struct wi_error error;
    const struct wi_pin *pin = &entry->pin;
    if (pin->kind == WI_PIN_PULLED) /* it may go at any time */
        wi_info("content", pin->model, "is no longer served as %s: %s", pin->cid_text, why);
    else
        wi_warn("content", pin->model, "is no longer published as %s: %s", pin->cid_text, why);
    if (wi_pin_commit(entry->blocks->directory, pin->model, NULL, &error) != WI_OK)
        wi_warn("content", pin->model, "%s", error.detail);
    wi_pin_table_remove(entry);
}

/* The entry, if it is still the pin that was checked. */
static struct wi_pin_entry *find_entry(struct wi_blockstore *blocks, const struct wi_pin *pin)
{
    struct wi_pin_entry *entry = wi_pin_table_find(blocks, pin->model);
    const struct wi_pin *now = entry ? &entry->pin : NULL;
    return now && strcmp(now->hash, pin->hash) == 0 && now->version == pin->version &&
                   now->published_at == pin->published_at && now->count == pin->count
               ? entry
               : NULL;
}

static void checked_take(struct wi_blockstore *blocks, struct checked *checked)
{
    struct wi_pin_entry *entry = find_entry(blocks, &checked->pin);
    struct wi_pin *pin = entry ? &entry->pin : NULL;
    struct wi_error error;
    if (!entry || (checked->is_known != (entry->outline != NULL)))
        return; /* another check will come to it */
    if (checked->is_gone) {
        entry_drop(entry, "the model was removed");
        return;
    }
    for (size_t i = 0; i < pin->count; i++) {
        pin->files[i].refused = checked->pin.files[i].refused;
        if (checked->code == WI_OK)
            pin->files[i].seen = checked->pin.files[i].seen;
    }
    if (checked->code == WI_OK) {
        if (checked->temporary[0])
            wi_pin_commit(blocks->directory, pin->model, checked->temporary, &error);
        checked->temporary[0] = '\0';
        wi_pin_table_whole(entry, WI_TAKE(checked->outline));
    } else if (checked->code == WI_INTERNAL) {
        entry_drop(entry, checked->error.detail);
    } else if (checked->code == WI_CONFLICT || checked->code == WI_MODEL_INVALID) {
        wi_pin_table_stale(entry, checked->error.detail);
    }
}

static void check_start(struct wi_pin_checks *checks, int is_sweep);

static void on_run(void *data, int cancelled)
{
    struct check *check = data;
    struct wi_pin_checks *checks = check->checks;
    if (cancelled || !checks) {
        free_check(check);
        return;
    }
    checks->under_way = NULL;
    checks->took_ms = check->took_ms;
    for (size_t i = 0; !check->is_sweep && i < check->count; i++)
        checked_take(checks->blocks, &check->items[i]);
    if (check->is_sweep) {
        checks->blocks->is_swept = 1;
        wi_publishings_start(checks->blocks);
        check_start(checks, 0);
    } else if (checks->is_littered && !checks->blocks->publishings) {
        wi_pin_checks_want(checks);
    }
    free_check(check);
}

/* --- when ------------------------------------------------------------------------------------- */

static void check_start(struct wi_pin_checks *checks, int is_sweep)
{
    const struct wi_blockstore *blocks = checks->blocks;
    struct check *check = wi_alloc(sizeof *check);
    wi_timer_stop(checks->later);
    check->checks = checks;
    check->directory = wi_strdup(blocks->directory);
    check->is_sweep = is_sweep;
    /* A model that is being published has no pin yet that would keep its leaves. */
    check->tidies = checks->is_littered && !is_sweep && !blocks->publishings;
    checks->is_littered &= !check->tidies && !is_sweep;
    check->items = wi_alloc((blocks->count + 1) * sizeof *check->items);
    for (; check->count < blocks->count; check->count++) {
        const struct wi_pin_entry *entry = blocks->entries[check->count];
        wi_pin_copy(&check->items[check->count].pin, &entry->pin);
        check->items[check->count].is_known = entry->outline != NULL;
    }
    checks->under_way = check;
    checks->began_at = wi_now_ms();
    wi_work_queue_start(checks->queue, 0, check_run, on_run, check);
}

static void on_later(void *context)
{
    struct wi_pin_checks *checks = context;
    if (!checks->under_way)
        check_start(checks, 0);
}

struct wi_pin_checks *wi_pin_checks_new(struct wi_blockstore *blocks)
{
    struct wi_pin_checks *checks = wi_alloc(sizeof *checks);
    checks->blocks = blocks;
    checks->queue = wi_work_queue_new(blocks->deps->loop, 1);
    checks->later = wi_timer_new(blocks->deps->loop, on_later, checks);
    check_start(checks, 1);
    return checks;
}

void wi_pin_checks_free(struct wi_pin_checks *checks)
{
    if (!checks)
        return;
    if (checks->under_way) {
        atomic_store(&checks->under_way->stop, 1);
        checks->under_way->checks = NULL; /* it frees itself */
    }
    wi_work_queue_free(checks->queue);
    wi_timer_free(checks->later);
    free(checks);
}

void wi_pin_checks_want(struct wi_pin_checks *checks)
{
    double pause = checks->took_ms * SHARE > PAUSE_MS ? checks->took_ms * SHARE : PAUSE_MS;
    double left = checks->began_at + pause - wi_now_ms();
    if (checks->under_way || wi_timer_running(checks->later))
        return;
    if (left <= 0)
        check_start(checks, 0);
    else
        wi_timer_start(checks->later, (uint64_t)left + 1, 0);
}

void wi_pin_checks_tidy(struct wi_pin_checks *checks)
{
    checks->is_littered = 1;
    wi_pin_checks_want(checks);
}
