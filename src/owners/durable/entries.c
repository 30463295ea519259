/*
 * What the other files stand on: the records that were taken, the work that the store has, and
 * those who wait for an end. Nothing here calls any of them: that there may be room for another
 * record is noted, and looked at when the loop has turned.
 */
#include "owners/durable/private.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct wi_durable_entry *wi_durable_entry_new(struct wi_durable *durable, struct wi_record *record)
{
    struct wi_durable_entry *entry = wi_alloc(sizeof *entry);
    entry->durable = durable;
    entry->record = *record;
    *record = (struct wi_record){0};
    HASH_ADD(hh, durable->entries, record.id, strlen(entry->record.id), entry);
    return entry;
}

struct wi_durable_entry *wi_durable_entry_of(
    struct wi_durable *durable, const struct wi_record_name *name)
{
    struct wi_record record = {0};
    memcpy(record.id, name->id, sizeof record.id);
    memcpy(record.dialect, name->dialect, sizeof record.dialect);
    memcpy(record.client, name->client, sizeof record.client);
    return wi_durable_entry_new(durable, &record);
}

void wi_durable_entry_drop(struct wi_durable_entry *entry)
{
    wi_blob_unref(entry->record.bytes);
    entry->record.bytes = NULL;
    wi_budget_give(entry->durable->deps.runs.budget, entry->charged);
    entry->charged = 0;
    wi_printing_free(entry->printing);
    entry->printing = NULL;
    wi_run_success_free(entry->success);
    entry->success = NULL;
    free(entry->parts);
    entry->parts = NULL;
    wi_buffer_clear(&entry->problem);
}

void wi_durable_entry_free(struct wi_durable_entry *entry)
{
    HASH_DEL(entry->durable->entries, entry);
    wi_durable_entry_drop(entry);
    free(entry->stuck);
    wi_record_clear(&entry->record);
    free(entry);
}

double wi_durable_age(const struct wi_record *record)
{
    double age = (double)(wi_steady_ms() - record->accepted_at);
    return record->accepted_at > 0 && age > 0 ? age : 0;
}

void wi_durable_release(struct wi_durable *durable)
{
    wi_durable_forget_counts(durable);
    free(durable);
}

int wi_durable_written(struct wi_durable *durable)
{
    durable->writing--;
    if (!durable->freed || durable->writing > 0 || durable->entries)
        return 1;
    wi_durable_release(durable);
    return 0;
}

void wi_durable_watch(struct wi_durable *durable, struct wi_durable_watcher *watcher)
{
    watcher->watching = 1;
    DL_APPEND(durable->watchers, watcher);
}

void wi_durable_unwatch(struct wi_durable *durable, struct wi_durable_watcher *watcher)
{
    if (!watcher->watching)
        return;
    watcher->watching = 0;
    DL_DELETE(durable->watchers, watcher);
}

void wi_durable_tell(struct wi_durable *durable, const char *id)
{
    struct wi_durable_watcher *watcher, *next;
    DL_FOREACH_SAFE(durable->watchers, watcher, next)
    {
        if (strcmp(watcher->id, id) != 0)
            continue;
        wi_durable_unwatch(durable, watcher);
        watcher->on_finished(watcher);
    }
}

enum wi_code wi_durable_shutting_down(struct wi_error *error)
{
    return wi_error_set(error, WI_SHUTTING_DOWN, NULL, "the service is shutting down");
}

enum wi_code wi_durable_cancelled(const char *id, struct wi_error *error)
{
    return wi_error_set(
        error, WI_CANCELLED, NULL, "the job was cancelled by DELETE /v1/jobs/%s", id);
}
