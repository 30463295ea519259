/*
 * Rows that the members of a cluster share: small texts of a few kinds, each under a name, which
 * all members follow. A row is changed by its revision only, so that of several members that change
 * one, one does. This is a daemon's copy of them, and the way to change them; what a row says is
 * its follower's business. Rows are written by other machines, so all of one is hostile; here its
 * name and its size are checked, and the number of rows is bounded. Everything is called on the
 * loop.
 *
 * While the servers cannot be used the copy stays as it was, and changes fail.
 */
#ifndef WI_CLUSTER_ROWS_H
#define WI_CLUSTER_ROWS_H

#include "base/error.h"
#include "cluster/members.h"
#include "cluster/row_store.h"
#include "cluster/versioned.h"

#define WI_ROW_NAME_MAX 128 /* letters, digits, "-" and "_" */
#define WI_ROW_MAX 8192     /* bytes of a text */

enum wi_row_kind { WI_ROWS_JOINS, WI_ROWS_VERDICTS, WI_ROWS_CONTENT, WI_ROW_KINDS };

struct wi_row {
    const char *name, *text; /* NULL: there is no such row any more */
    size_t size;
};

enum wi_row_result {
    WI_ROW_DONE,
    WI_ROW_CHANGED, /* nothing was done: the row has changed meanwhile, which was told */
    WI_ROW_FAILED   /* with an error; if that is WI_CLUSTER_UNAVAILABLE, it may have been done */
};

/* What a follower of a kind is told. All but the first may be NULL. */
struct wi_row_follower {
    /* A row has changed, also by an own change, or has come again with a new connection. One that
     * is not good is as good as none. */
    enum wi_read_fault (*on_row)(void *context, const struct wi_row *row);
    /* All that there is has come after a connection: changes can be tried again. */
    void (*on_ready)(void *context);
    /* Every WI_MEMBER_BEAT_MS, with those that live. */
    void (*on_sweep)(void *context, const struct wi_members_view *view);
    /* The end of a change that the follower has asked for; never from inside. */
    void (*on_changed)(
        void *context, const char *name, enum wi_row_result result, const struct wi_error *error);
    /* The claim of a member has lapsed: it holds nothing any more. */
    void (*on_lapsed)(void *context, const char *instance);
    void *context;
    size_t most; /* rows; others are left out */
};

struct wi_rows;
/* For a daemon with that instance (members.h). */
struct wi_rows *wi_rows_new(const struct wi_row_store *store, const char *instance);
/* Once the store has called back for everything. NULL is fine. */
void wi_rows_free(struct wi_rows *rows);
const char *wi_rows_instance(const struct wi_rows *rows);

/* One for each kind, copied; from before the loop turns. */
void wi_rows_follow(
    struct wi_rows *rows, enum wi_row_kind kind, const struct wi_row_follower *follower);
/* Nothing of that kind is called any more. */
void wi_rows_unfollow(struct wi_rows *rows, enum wi_row_kind kind);
/* Whether the copy is up to date and rows can be changed, as far as is known. */
int wi_rows_is_ready(const struct wi_rows *rows);

/* Makes the row, or replaces what the follower was last told of it. At most one change of a row may
 * be under way. */
void wi_rows_write(
    struct wi_rows *rows, enum wi_row_kind kind, const char *name, const char *text, size_t size);
/* Whatever it has. */
void wi_rows_remove(struct wi_rows *rows, enum wi_row_kind kind, const char *name);
/* How many more changes of rows of that kind a follower with many rows may ask for now: at most
 * WI_ROWS_CHANGING_MAX are under way at a time. */
#define WI_ROWS_CHANGING_MAX 16
size_t wi_rows_room(const struct wi_rows *rows, enum wi_row_kind kind);
/* Calls on_lapsed if it has lapsed. A daemon in `seen` is not asked about; any other one is in it
 * from now on, so that a sweep asks about it once. */
void wi_rows_ask_lapsed(struct wi_rows *rows, enum wi_row_kind kind, const char *instance,
    struct wi_members_view *seen);
void wi_rows_sweep(struct wi_rows *rows, const struct wi_members_view *view);

struct wi_row_counters {
    uint64_t garbage, other_version, left_out; /* rows that were not read */
};
const struct wi_row_counters *wi_rows_counters(const struct wi_rows *rows);

#endif
