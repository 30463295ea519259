/*
 * Rows in memory, and members that follow them: what one writes comes to the others in their next
 * turn. The servers can be away or full. For use in one test file each: everything is static.
 */
#ifndef WI_TESTS_CLUSTER_FAKE_ROWS_H
#define WI_TESTS_CLUSTER_FAKE_ROWS_H

#include "base/memory.h"
#include "base/text.h"
#include "cluster/rows.h"
#include <stdlib.h>
#include <string.h>

struct fake_row {
    char key[WI_KV_KEY_SIZE];
    char *text; /* NULL: removed */
    size_t size;
    uint64_t revision;
};

struct fake_table {
    struct fake_row *changes; /* as they came */
    size_t count;
    int full;
};

struct fake_asked {
    struct wi_row_change *op;
    wi_job_store_done_fn *done;
    void *data;
};

struct fake_follower {
    struct fake_table *table;
    struct wi_rows *rows;
    wi_row_news_fn *tell;
    void *listener;
    struct fake_asked asked[256];
    size_t asked_count;
    size_t seen; /* of the changes */
    int away;
    int loses_answers;  /* what it writes is written, and not acknowledged */
    const char *lapsed; /* the claim of that instance has */
};

/* What the key has now; NULL: nothing. */
static inline const struct fake_row *fake_row_find(const struct fake_table *table, const char *key)
{
    const struct fake_row *found = NULL;
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->changes[i].key, key) == 0)
            found = &table->changes[i];
    return found && found->text ? found : NULL;
}

/* `text` NULL removes it. */
static inline uint64_t fake_row_set(
    struct fake_table *table, const char *key, const char *text, size_t size)
{
    struct fake_row *row = WI_APPEND(table->changes, table->count);
    *row = (struct fake_row){.revision = table->count, .size = size};
    row->text = text ? wi_strndup(text, size) : NULL;
    wi_text_copy(row->key, sizeof row->key, key);
    return row->revision;
}

/* The rows that there are of keys that begin so. */
static inline size_t fake_rows_count(const struct fake_table *table, const char *prefix)
{
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct fake_row *row = &table->changes[i];
        count += strncmp(row->key, prefix, strlen(prefix)) == 0 && row->text &&
                 fake_row_find(table, row->key) == row;
    }
    return count;
}

static inline void fake_table_clear(struct fake_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->changes[i].text);
    free(table->changes);
    *table = (struct fake_table){0};
}

/* --- followers -------------------------------------------------------------------------------- */

static inline void fake_change_ask(
    void *context, struct wi_row_change *op, wi_job_store_done_fn *done, void *data)
{
    struct fake_follower *follower = context;
    follower->asked[follower->asked_count++] = (struct fake_asked){op, done, data};
}

static inline void fake_rows_listen(void *context, wi_row_news_fn *tell, void *listener)
{
    struct fake_follower *follower = context;
    follower->tell = tell;
    follower->listener = listener;
}

static inline void fake_entry_tell(struct fake_follower *follower, const struct fake_row *row)
{
    struct wi_broker_entry entry = {.key = (char *)row->key,
        .text = row->text,
        .size = row->size,
        .revision = row->revision,
        .removed = row->text == NULL};
    follower->tell(follower->listener, WI_ROWS_ENTRY, &entry);
}

static inline void fake_change_fail(const struct fake_asked *asked, enum wi_code code)
{
    struct wi_error error;
    wi_error_set(&error, code, NULL, "a fault");
    asked->done(asked->data, &error);
}

static inline void fake_change_do(struct fake_follower *follower, const struct fake_asked *asked)
{
    struct fake_table *table = follower->table;
    struct wi_row_change *op = asked->op;
    const struct fake_row *row = fake_row_find(table, op->key);
    if (follower->away || (table->full && op->verb == WI_ROW_WRITE)) {
        fake_change_fail(asked, follower->away ? WI_CLUSTER_UNAVAILABLE : WI_STORAGE_FAILED);
        return;
    }
    op->done = 1;
    if (op->verb == WI_ROW_LAPSED) {
        op->done = follower->lapsed && strcmp(op->holder, follower->lapsed) == 0;
    } else if (op->verb == WI_ROW_REMOVE) {
        fake_row_set(table, op->key, NULL, 0);
    } else if ((row ? row->revision : 0) == op->revision) {
        op->revision = fake_row_set(table, op->key, op->text, op->size);
    } else {
        struct fake_row gone = {0};
        wi_text_copy(gone.key, sizeof gone.key, op->key);
        op->done = 0;
        fake_entry_tell(follower, row ? row : &gone);
    }
    if (follower->loses_answers)
        fake_change_fail(asked, WI_CLUSTER_UNAVAILABLE);
    else
        asked->done(asked->data, NULL);
}

/* One operation, or else what is new of the table. Whether there was anything. */
static inline int fake_turn(struct fake_follower *follower)
{
    if (follower->asked_count > 0) {
        struct fake_asked asked = follower->asked[0];
        memmove(follower->asked, follower->asked + 1, --follower->asked_count * sizeof asked);
        fake_change_do(follower, &asked);
        return 1;
    }
    if (follower->away || follower->seen == follower->table->count)
        return 0;
    while (follower->seen < follower->table->count) {
        struct fake_row row = follower->table->changes[follower->seen++];
        fake_entry_tell(follower, &row);
    }
    return 1;
}

static inline void fake_turn_all(struct fake_follower *followers, size_t count)
{
    for (int more = 1; more;) {
        more = 0;
        for (size_t i = 0; i < count; i++)
            more |= fake_turn(&followers[i]);
    }
}

static inline void fake_rows_away(struct fake_follower *follower)
{
    follower->away = 1;
    follower->tell(follower->listener, WI_ROWS_AWAY, NULL);
}

/* Connects anew: everything that there is comes again. */
static inline void fake_rows_connect(struct fake_follower *follower)
{
    const struct fake_table *table = follower->table;
    follower->away = 0;
    follower->tell(follower->listener, WI_ROWS_BEGIN, NULL);
    for (size_t i = 0; i < table->count; i++)
        if (fake_row_find(table, table->changes[i].key) == &table->changes[i])
            fake_entry_tell(follower, &table->changes[i]);
    follower->seen = table->count;
    follower->tell(follower->listener, WI_ROWS_READY, NULL);
}

/* `follower` is empty. Connect it once its rows are followed. */
static inline void fake_rows_join(
    struct fake_follower *follower, struct fake_table *table, const char *instance)
{
    const struct wi_row_store store = {
        .context = follower, .change = fake_change_ask, .listen = fake_rows_listen};
    follower->table = table;
    follower->rows = wi_rows_new(&store, instance);
}

static inline void fake_rows_leave(struct fake_follower *follower)
{
    fake_rows_away(follower);
    while (follower->asked_count > 0)
        fake_turn(follower);
    wi_rows_free(follower->rows);
}

#endif
