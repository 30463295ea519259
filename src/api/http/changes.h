/*
 * The latest changes, kept once for all watchers: each object once, in the order of the last
 * changes, each of which has the next number. A watcher holds the number of the last change that it
 * knows, and is told the present state of everything that has changed since. So a slow reader
 * misses intermediate states, but never the latest. Pure.
 */
#ifndef WI_API_HTTP_CHANGES_H
#define WI_API_HTTP_CHANGES_H

#include "base/change.h"
#include <stdint.h>

extern const char *const wi_change_kind_names[]; /* "status" …, ended by NULL */

struct wi_change {
    enum wi_change_kind kind;
    const char *id;
    const char *owner; /* as of wi_change_listener */
    uint64_t number;   /* from 1 on */
};

struct wi_changes;
/* Keeps at most so many objects; when one more comes, the one that has not changed for longest is
 * forgotten. */
struct wi_changes *wi_changes_new(size_t most);
void wi_changes_free(struct wi_changes *changes); /* NULL is fine */
/* Copies its arguments. */
void wi_changes_note(
    struct wi_changes *changes, enum wi_change_kind kind, const char *id, const char *owner);
/* Forgets all; the numbers go on. */
void wi_changes_forget(struct wi_changes *changes);

/* The number of the latest change; 0: there was no change. */
uint64_t wi_changes_latest(const struct wi_changes *changes);
/* Whether all changes since the one with this number are known. */
int wi_changes_reach(const struct wi_changes *changes, uint64_t number);
/* The first known change after that number, and the one after a change; NULL: there is none.
 * Borrowed until the next change is noted. */
const struct wi_change *wi_changes_after(const struct wi_changes *changes, uint64_t number);
const struct wi_change *wi_changes_next(const struct wi_change *change);

#endif
