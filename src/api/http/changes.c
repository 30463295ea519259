/* The latest changes: entries by kind and id, in the order of their last changes. */
#include "api/http/changes.h"

#include "base/memory.h"
#include "base/table.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

const char *const wi_change_kind_names[] = {[WI_CHANGE_STATUS] = "status",
    [WI_CHANGE_QUEUE] = "queue",
    [WI_CHANGE_SESSION] = "session",
    [WI_CHANGE_NODE] = "node",
    [WI_CHANGE_MODEL] = "model",
    [WI_CHANGE_JOB] = "job",
    [WI_CHANGE_PULL] = "pull",
    [WI_CHANGE_KINDS] = NULL};

struct entry {
    struct wi_change change; /* first: a change is cast back to its entry */
    struct entry *prev, *next;
    UT_hash_handle hh;
    char text[]; /* what `change` borrows: its id and, behind that, its owner */
};

struct wi_changes {
    size_t most, count;
    struct entry *by_id[WI_CHANGE_KINDS];
    struct entry *first;    /* in the order of their numbers */
    uint64_t latest, floor; /* the number of the latest change, and of the latest forgotten one */
};

struct wi_changes *wi_changes_new(size_t most)
{
    struct wi_changes *changes = wi_alloc(sizeof *changes);
    changes->most = most;
    return changes;
}

static void change_forget(struct wi_changes *changes, struct entry *entry)
{
    changes->floor = entry->change.number;
    changes->count--;
    HASH_DEL(changes->by_id[entry->change.kind], entry);
    DL_DELETE(changes->first, entry);
    free(entry);
}

void wi_changes_forget(struct wi_changes *changes)
{
    while (changes->first)
        change_forget(changes, changes->first);
    changes->floor =
        ++changes->latest; /* a client that knows the last one has missed what follows */
}

void wi_changes_free(struct wi_changes *changes)
{
    if (!changes)
        return;
    while (changes->first)
        change_forget(changes, changes->first);
    free(changes);
}

/* --- noting ---------------------------------------------------------------------------------- */

static struct entry *change_add(
    struct wi_changes *changes, enum wi_change_kind kind, const char *id, const char *owner)
{
    size_t length = strlen(id), behind = owner ? strlen(owner) + 1 : 0;
    struct entry *entry = wi_alloc(sizeof *entry + length + 1 + behind);
    if (changes->count >= changes->most)
        change_forget(changes, changes->first);
    memcpy(entry->text, id, length + 1);
    if (owner)
        memcpy(entry->text + length + 1, owner, behind);
    entry->change.kind = kind;
    entry->change.id = entry->text;
    entry->change.owner = owner ? entry->text + length + 1 : NULL;
    HASH_ADD_KEYPTR(hh, changes->by_id[kind], entry->change.id, length, entry);
    changes->count++;
    return entry;
}

/* While clients watch, each request causes several calls. */
void wi_changes_note(
    struct wi_changes *changes, enum wi_change_kind kind, const char *id, const char *owner)
{
    struct entry *entry = WI_TABLE_FIND(changes->by_id[kind], id, strlen(id));
    if (entry)
        DL_DELETE(changes->first, entry);
    else
        entry = change_add(changes, kind, id, owner);
    entry->change.number = ++changes->latest;
    DL_APPEND(changes->first, entry);
}

/* --- reading --------------------------------------------------------------------------------- */

uint64_t wi_changes_latest(const struct wi_changes *changes)
{
    return changes->latest;
}

int wi_changes_reach(const struct wi_changes *changes, uint64_t number)
{
    return number >= changes->floor && number <= changes->latest;
}

/* From the end, since watchers know most of the changes. */
const struct wi_change *wi_changes_after(const struct wi_changes *changes, uint64_t number)
{
    const struct entry *found = NULL;
    if (!changes->first)
        return NULL;
    const struct entry *entry = changes->first->prev; /* the last one */
    while (entry->change.number > number) {
        found = entry;
        if (entry == changes->first)
            break;
        entry = entry->prev;
    }
    return found ? &found->change : NULL;
}

const struct wi_change *wi_changes_next(const struct wi_change *change)
{
    const struct entry *next = ((const struct entry *)change)->next;
    return next ? &next->change : NULL;
}
