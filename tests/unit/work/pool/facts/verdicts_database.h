/* The database that tests of verdicts play, and their clock, which they set. */
#ifndef WI_TESTS_VERDICTS_DATABASE_H
#define WI_TESTS_VERDICTS_DATABASE_H

#include "../../../test.h"

#include "../../../set_clock.h"
#include "work/pool/facts/verdicts.h"
#include <stdio.h>
#include <string.h>

static struct row {
    char key[WI_VERDICT_KEY_SIZE], value[1024];
    int rules;
} rows[16];
static size_t row_count;

static struct row *row_of(const char *key)
{
    for (size_t i = 0; i < row_count; i++)
        if (strcmp(rows[i].key, key) == 0)
            return &rows[i];
    return NULL;
}

void wi_db_put(
    struct wi_db *db, enum wi_db_space space, int rules, const char *key, const char *value)
{
    struct row *row = row_of(key);
    assert_int_equal(space, WI_DB_VERDICTS);
    if (!row && row_count == sizeof rows / sizeof *rows)
        return;
    if (!row)
        row = &rows[row_count++];
    snprintf(row->key, sizeof row->key, "%s", key);
    snprintf(row->value, sizeof row->value, "%s", value);
    row->rules = rules;
}

void wi_db_forget(struct wi_db *db, enum wi_db_space space, const char *key)
{
    struct row *row = row_of(key);
    if (row)
        *row = rows[--row_count];
}

void wi_db_each(
    struct wi_db *db, enum wi_db_space space, int rules, wi_db_each_fn *each, void *context)
{
    for (size_t i = 0; i < row_count; i++)
        if (rows[i].rules == rules)
            each(context, rows[i].key, rows[i].value);
}

#endif
