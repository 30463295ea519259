/* See rows.h. */
#include "cluster/rows.h"

#include "base/memory.h"
#include "base/table.h"
#include "base/text.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* In the keys of rows, by kind. */
static const char *const kind_names[WI_ROW_KINDS] = {
    [WI_ROWS_JOINS] = "join", [WI_ROWS_VERDICTS] = "verdict", [WI_ROWS_CONTENT] = "content"};

struct known_row {
    char key[WI_KV_KEY_SIZE];
    uint64_t revision;
    unsigned round; /* the connection that has brought it; see entry_is_old */
    UT_hash_handle hh;
};

/* A change under way. */
struct asked_change {
    struct wi_rows *rows;
    enum wi_row_kind kind;
    struct wi_row_change change;
    char *text; /* that it writes */
};

struct wi_rows {
    struct wi_row_store store;
    char instance[WI_ID_SIZE];
    struct wi_row_follower followers[WI_ROW_KINDS]; /* without on_row: there is none */
    struct known_row *known[WI_ROW_KINDS];
    size_t changing[WI_ROW_KINDS]; /* changes under way */
    unsigned round;
    int ready;
    struct wi_row_counters counters;
};

/* --- names ------------------------------------------------------------------------------------ */

static int is_name(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > WI_ROW_NAME_MAX)
        return 0;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '-' && *name != '_')
            return 0;
    return 1;
}

static void key_make(char key[WI_KV_KEY_SIZE], enum wi_row_kind kind, const char *name)
{
    wi_join(key, WI_KV_KEY_SIZE, WI_ROW_PREFIX, kind_names[kind], ".", name, NULL);
}

/* The name in the key, and its kind; NULL: it is none of ours. */
static const char *key_read(const char *key, enum wi_row_kind *kind)
{
    const char *rest = key + strlen(WI_ROW_PREFIX);
    if (strncmp(key, WI_ROW_PREFIX, strlen(WI_ROW_PREFIX)) != 0)
        return NULL;
    for (size_t i = 0; i < WI_ROW_KINDS; i++) {
        size_t length = strlen(kind_names[i]);
        if (strncmp(rest, kind_names[i], length) != 0 || rest[length] != '.')
            continue;
        *kind = (enum wi_row_kind)i;
        return is_name(rest + length + 1) ? rest + length + 1 : NULL;
    }
    return NULL;
}

/* --- what comes ------------------------------------------------------------------------------- */

static void fault_count(struct wi_rows *rows, enum wi_read_fault fault)
{
    rows->counters.garbage += fault == WI_READ_GARBAGE;
    rows->counters.other_version += fault == WI_READ_OTHER_VERSION;
}

static void row_tell(struct wi_rows *rows, enum wi_row_kind kind, const struct wi_row *row)
{
    const struct wi_row_follower *follower = &rows->followers[kind];
    if (follower->on_row)
        fault_count(rows, follower->on_row(follower->context, row));
}

static struct known_row *row_find(
    const struct wi_rows *rows, enum wi_row_kind kind, const char *key)
{
    return WI_TABLE_FIND(rows->known[kind], key, strlen(key));
}

static void row_drop(
    struct wi_rows *rows, enum wi_row_kind kind, struct known_row *known, const char *name)
{
    HASH_DEL(rows->known[kind], known);
    row_tell(rows, kind, &(struct wi_row){.name = name});
    free(known);
}

/* The row of the key, made if there is room; NULL: there is none. */
static struct known_row *known_of(struct wi_rows *rows, enum wi_row_kind kind, const char *key)
{
    struct known_row *known = row_find(rows, kind, key);
    if (known)
        return known;
    if (HASH_COUNT(rows->known[kind]) >= rows->followers[kind].most)
        return NULL;
    known = wi_alloc(sizeof *known);
    wi_text_copy(known->key, sizeof known->key, key);
    HASH_ADD_STR(rows->known[kind], key, known);
    return known;
}

/* Whether the entry says what the row had before. The first one of a connection never does: the
 * servers may have lost their rows meanwhile, and count revisions from 1 again. */
static int entry_is_old(
    const struct wi_rows *rows, const struct known_row *known, const struct wi_broker_entry *entry)
{
    return known->round == rows->round && entry->revision <= known->revision;
}

static void row_take(struct wi_rows *rows, enum wi_row_kind kind, const char *name,
    const struct wi_broker_entry *entry)
{
    struct known_row *known = known_of(rows, kind, entry->key);
    struct wi_row row = {.name = name, .text = entry->text, .size = entry->size};
    if (known == NULL) {
        rows->counters.left_out++;
        return;
    }
    if (entry_is_old(rows, known, entry))
        return;
    known->round = rows->round;
    known->revision = entry->revision;
    if (entry->size > WI_ROW_MAX) {
        fault_count(rows, WI_READ_GARBAGE);
        row.text = NULL;
    }
    row_tell(rows, kind, &row);
}

static void entry_take(struct wi_rows *rows, const struct wi_broker_entry *entry)
{
    enum wi_row_kind kind;
    const char *name = key_read(entry->key, &kind);
    if (name == NULL) {
        fault_count(rows, WI_READ_GARBAGE);
        return;
    }
    if (!rows->followers[kind].on_row)
        return;
    if (!entry->removed) {
        row_take(rows, kind, name, entry);
        return;
    }
    struct known_row *known = row_find(rows, kind, entry->key);
    if (known && (entry->revision == 0 || !entry_is_old(rows, known, entry)))
        row_drop(rows, kind, known, name);
}

/* What has not come again was removed meanwhile. */
static void rows_renewed(struct wi_rows *rows)
{
    struct known_row *known, *next;
    enum wi_row_kind kind;
    for (size_t i = 0; i < WI_ROW_KINDS; i++)
        HASH_ITER(hh, rows->known[i], known, next)
        {
            if (known->round != rows->round)
                row_drop(rows, (enum wi_row_kind)i, known, key_read(known->key, &kind));
        }
    rows->ready = 1;
    for (size_t i = 0; i < WI_ROW_KINDS; i++)
        if (rows->followers[i].on_ready)
            rows->followers[i].on_ready(rows->followers[i].context);
}

static void on_news(void *listener, enum wi_row_news news, const struct wi_broker_entry *entry)
{
    struct wi_rows *rows = listener;
    if (news == WI_ROWS_ENTRY) {
        entry_take(rows, entry);
    } else if (news == WI_ROWS_READY) {
        rows_renewed(rows);
    } else {
        rows->ready = 0;
        rows->round += news == WI_ROWS_BEGIN;
    }
}

/* --- changes ---------------------------------------------------------------------------------- */

/* What was written is told like what another member writes. */
static void change_take(struct asked_change *asked)
{
    const struct wi_row_change *change = &asked->change;
    const struct wi_broker_entry entry = {.key = (char *)change->key,
        .text = asked->text,
        .size = change->size,
        .revision = change->verb == WI_ROW_REMOVE ? 0 : change->revision,
        .removed = change->verb == WI_ROW_REMOVE};
    entry_take(asked->rows, &entry);
}

/* Or only asks. */
static int does_change(const struct asked_change *asked)
{
    return asked->change.verb != WI_ROW_LAPSED;
}

static void on_changed(void *data, const struct wi_error *failure)
{
    struct asked_change *asked = data;
    const struct wi_row_change *change = &asked->change;
    enum wi_row_kind kind;
    asked->rows->changing[asked->kind] -= (size_t)does_change(asked);
    if (!failure && change->done && does_change(asked))
        change_take(asked);
    const struct wi_row_follower *follower = &asked->rows->followers[asked->kind];
    enum wi_row_result result = failure        ? WI_ROW_FAILED
                                : change->done ? WI_ROW_DONE
                                               : WI_ROW_CHANGED;
    if (does_change(asked) && follower->on_changed)
        follower->on_changed(follower->context, key_read(change->key, &kind), result, failure);
    else if (!does_change(asked) && result == WI_ROW_DONE && follower->on_lapsed)
        follower->on_lapsed(follower->context, change->holder);
    free(asked->text);
    free(asked);
}

static struct asked_change *change_new(
    struct wi_rows *rows, enum wi_row_kind kind, enum wi_row_verb verb, const char *name)
{
    struct asked_change *asked = wi_alloc(sizeof *asked);
    asked->rows = rows;
    asked->kind = kind;
    asked->change.verb = verb;
    key_make(asked->change.key, kind, name);
    return asked;
}

static void change_ask(struct asked_change *asked)
{
    const struct wi_row_store *store = &asked->rows->store;
    asked->rows->changing[asked->kind] += (size_t)does_change(asked);
    store->change(store->context, &asked->change, on_changed, asked);
}

void wi_rows_write(
    struct wi_rows *rows, enum wi_row_kind kind, const char *name, const char *text, size_t size)
{
    struct asked_change *asked = change_new(rows, kind, WI_ROW_WRITE, name);
    const struct known_row *known = row_find(rows, kind, asked->change.key);
    asked->text = wi_strndup(text, size);
    asked->change.text = asked->text;
    asked->change.size = size;
    asked->change.revision = known ? known->revision : 0;
    change_ask(asked);
}

void wi_rows_remove(struct wi_rows *rows, enum wi_row_kind kind, const char *name)
{
    change_ask(change_new(rows, kind, WI_ROW_REMOVE, name));
}

size_t wi_rows_room(const struct wi_rows *rows, enum wi_row_kind kind)
{
    size_t changing = rows->changing[kind];
    return changing < WI_ROWS_CHANGING_MAX ? WI_ROWS_CHANGING_MAX - changing : 0;
}

void wi_rows_ask_lapsed(
    struct wi_rows *rows, enum wi_row_kind kind, const char *instance, struct wi_members_view *seen)
{
    if (seen->count == WI_MEMBERS_MAX || wi_members_view_has(seen, instance))
        return;
    wi_text_copy(seen->living[seen->count++], WI_ID_SIZE, instance);
    struct asked_change *asked = change_new(rows, kind, WI_ROW_LAPSED, "");
    wi_text_copy(asked->change.holder, sizeof asked->change.holder, instance);
    change_ask(asked);
}

void wi_rows_sweep(struct wi_rows *rows, const struct wi_members_view *view)
{
    for (size_t i = 0; i < WI_ROW_KINDS && rows->ready; i++)
        if (rows->followers[i].on_sweep)
            rows->followers[i].on_sweep(rows->followers[i].context, view);
}

/* --- the beginning and the end ---------------------------------------------------------------- */

struct wi_rows *wi_rows_new(const struct wi_row_store *store, const char *instance)
{
    struct wi_rows *rows = wi_alloc(sizeof *rows);
    rows->store = *store;
    wi_text_copy(rows->instance, sizeof rows->instance, instance);
    store->listen(store->context, on_news, rows);
    return rows;
}

void wi_rows_free(struct wi_rows *rows)
{
    struct known_row *known;
    if (rows == NULL)
        return;
    for (size_t i = 0; i < WI_ROW_KINDS; i++)
        while ((known = WI_TABLE_TAKE(rows->known[i])))
            free(known);
    free(rows);
}

const char *wi_rows_instance(const struct wi_rows *rows)
{
    return rows->instance;
}

void wi_rows_follow(
    struct wi_rows *rows, enum wi_row_kind kind, const struct wi_row_follower *follower)
{
    rows->followers[kind] = *follower;
}

void wi_rows_unfollow(struct wi_rows *rows, enum wi_row_kind kind)
{
    rows->followers[kind] = (struct wi_row_follower){0};
}

int wi_rows_is_ready(const struct wi_rows *rows)
{
    return rows->ready;
}

const struct wi_row_counters *wi_rows_counters(const struct wi_rows *rows)
{
    return &rows->counters;
}
