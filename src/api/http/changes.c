/* What has changed lately: entries by key, in a list by the numbers of their last changes. */
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
    char *key, *owner;       /* "KIND/ID"; what `change` borrows */
    struct entry *prev, *next;
    UT_hash_handle hh;
};

struct wi_changes {
    size_t most;
    struct entry *by_key;
    struct entry *first;    /* in the order of their numbers */
    uint64_t latest, floor; /* the number of the latest change, and of the latest forgotten one */
};

struct wi_changes *wi_changes_new(size_t most)
{
    struct wi_changes *changes = wi_alloc(sizeof *changes);
    changes->most = most;
    return changes;
}

static void forget(struct wi_changes *changes, struct entry *entry)
{
    changes->floor = entry->change.number;
    HASH_DEL(changes->by_key, entry);
    DL_DELETE(changes->first, entry);
    free(entry->key);
    free(entry->owner);
    free(entry);
}

void wi_changes_forget(struct wi_changes *changes)
{
    while (changes->first)
        forget(changes, changes->first);
    changes->floor = ++changes->latest; /* whoever knows the last one has missed what follows */
}

void wi_changes_free(struct wi_changes *changes)
{
    if (!changes)
        return;
    while (changes->first)
        forget(changes, changes->first);
    free(changes);
}

/* --- noting ---------------------------------------------------------------------------------- */

static struct entry *find(
    const struct wi_changes *changes, enum wi_change_kind kind, const char *id, char **key)
{
    struct entry *entry;
    *key = wi_sprintf("%s/%s", wi_change_kind_names[kind], id);
    HASH_FIND_STR(changes->by_key, *key, entry);
    return entry;
}

/* Takes the key over. */
static struct entry *add(struct wi_changes *changes, enum wi_change_kind kind, char *key)
{
    struct entry *entry = wi_alloc(sizeof *entry);
    if (HASH_COUNT(changes->by_key) >= changes->most)
        forget(changes, changes->first);
    entry->key = key;
    entry->change.kind = kind;
    entry->change.id = key + strlen(wi_change_kind_names[kind]) + 1;
    HASH_ADD_KEYPTR(hh, changes->by_key, entry->key, strlen(entry->key), entry);
    return entry;
}

void wi_changes_note(
    struct wi_changes *changes, enum wi_change_kind kind, const char *id, const char *owner)
{
    char *key;
    struct entry *entry = find(changes, kind, id, &key);
    if (entry) {
        free(key);
        DL_DELETE(changes->first, entry);
    } else {
        entry = add(changes, kind, key);
        entry->owner = wi_strdup(owner);
        entry->change.owner = entry->owner;
    }
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

/* From the end, since those who watch know most of them. */
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
